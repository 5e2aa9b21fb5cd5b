//! A Debian with systemd and an Ollama service boots again and again: the service looks for GPUs once, when it starts.
//!
//! `VGPU_BOOTS` says how many boots with the function there shall be, and with it two processors are kept busy meanwhile, here
//! and in the guest.

use std::{
    env, fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::json;
use vgpu_tests::{
    ollama::{
        Parts,
        tree::{Era, Ollama, Tree},
    },
    vm::{Host, Running},
};

use super::FLAGS;

const OLLAMA: &str = env!("CARGO_BIN_EXE_ollama-shaped");
/// How much later the service may start in a boot without a function than without vgpu.
const HOLD_UP_MAX: Duration = Duration::from_secs(5);
/// How many boots of each of the two kinds are compared: no two take the same time on busy processors.
const SAMPLES: usize = 3;
/// How long a machine whose processors are busy may take to turn itself off.
const BOOT_MAX: Duration = Duration::from_secs(240);

/// Keeps two processors busy until dropped.
struct BusyProcessors {
    end: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl BusyProcessors {
    fn new() -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let spin = || {
            let end = Arc::clone(&end);
            thread::spawn(move || {
                while !end.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        };
        Self { threads: vec![spin(), spin()], end }
    }
}

impl Drop for BusyProcessors {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Units, as `printf` writes them: the one that Ollama's own installer makes, and one that keeps the guest's processors busy.
fn units(ollama: &Ollama) -> [String; 2] {
    let ollama = format!(
        r"[Unit]\nDescription=Ollama Service\nAfter=network-online.target\n\n[Service]\nExecStart={} serve\nUser=ollama\nGroup=ollama\nRestart=always\nRestartSec=3\n\n[Install]\nWantedBy=default.target\n",
        ollama.program().display()
    );
    let spin = r"[Unit]\nDefaultDependencies=no\n\n[Service]\nExecStart=/bin/sh -c 'while :; do :; done'\n\n[Install]\nWantedBy=sysinit.target\n";
    [ollama, spin.to_owned()]
}

/// What a boot's script says.
struct Boot {
    lines: Vec<String>,
}

impl Boot {
    /// Reads until the script says that it is done.
    fn read(vm: &mut Running) -> Self {
        let mut lines = Vec::new();
        loop {
            match vm.line() {
                None => panic!("the machine has ended: {lines:#?}"),
                Some(line) if line == "done" => return Self { lines },
                Some(line) => lines.push(line),
            }
        }
    }

    fn value(&self, key: &str) -> &str {
        let found = self.lines.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("{key} is missing: {:#?}", self.lines))
    }

    /// When the service started, from the kernel's start on; or another time of this kind.
    fn time(&self, key: &str) -> Duration {
        Duration::from_micros(self.value(key).parse().expect("microseconds"))
    }
}

#[test]
#[ignore = "needs a virtual machine and the prebuilt client: cargo xtask test"]
fn the_services_first_look_finds_the_gpu_at_every_boot_and_a_boot_without_one_does_not_wait() {
    let asked = env::var("VGPU_BOOTS").ok().map(|boots| boots.parse::<usize>().expect("a number of boots"));
    let _busy = asked.map(|_| BusyProcessors::new());
    let boots = asked.unwrap_or(1);
    // The older Ollama asks fewer processes, each of which takes an emulated machine seconds.
    let era = if asked.is_some() { Era::LlamaServer } else { Era::Runner };
    let tree = Tree::new(era, &Parts::find(), Path::new(OLLAMA));
    fs::remove_dir_all(tree.lib().join("cuda_v13")).expect("a variant that we have no libraries for");
    let host = Host::start(1, FLAGS);
    let usr = tree.ollama().usr().to_str().expect("UTF-8").to_owned();
    let [unit, spin] = units(tree.ollama());
    // For comparison there are boots before the installation, if it is asked for more than whether all goes well.
    let (busy, begin, boots_before, samples) = match asked {
        Some(_) => ("systemctl enable spin", "next", SAMPLES, SAMPLES),
        None => ("true", "systemctl start ollama", 0, 1),
    };
    let install = 1 + boots_before;
    let unplug = install + boots;
    let last = unplug + samples;
    let script = format!(
        "looks() {{ journalctl -b -u ollama -o cat | grep 'inference compute'; }}
         look() {{ until [ $(looks | wc -l) = $1 ]; do sleep 0.5; done; echo \"look $(looks | tail -n 1)\"
                  echo \"started $(systemctl show -P ExecMainStartTimestampMonotonic ollama)\"; }}
         opened() {{ echo \"opened $(journalctl -b -u vgpu-function -o cat | tr '\\n' ' ')\"
                    of() {{ systemctl show -P $1 vgpu-function; }}
                    echo \"held $(($(of ExecMainExitTimestampMonotonic) - $(of ExecMainStartTimestampMonotonic)))\"; }}
         next() {{ echo done; systemctl reboot; sleep 600; }}
         if [ $VM_BOOT = 1 ]; then
             useradd --system --no-create-home ollama || exit 2
             printf \"{unit}\" > /etc/systemd/system/ollama.service
             printf \"{spin}\" > /etc/systemd/system/spin.service
             systemctl enable ollama && {busy} || exit 3
             {begin}
         fi
         if [ $VM_BOOT -lt {install} ]; then
             look 1; next
         elif [ $VM_BOOT = {install} ]; then
             look 1; echo done
             /opt/dist/bin/vgpu install --vm --restart --ollama {usr} || exit 4
             look 2; next
         elif [ $VM_BOOT -lt {unplug} ]; then
             look 1; opened; next
         elif [ $VM_BOOT = {unplug} ]; then
             look 1; opened; echo done
             while [ -e /sys/bus/pci/devices/0000:00:05.0 ]; do sleep 0.2; done
             next
         elif [ $VM_BOOT -lt {last} ]; then
             look 1; opened; next
         else
             look 1; opened; echo done
         fi"
    );
    let options = ["--system", "debian", "--user", "0", "--smp", "2", "--keep-on-reboot", "--timeout", "3600"];
    let mut vm = host.vm(0).options(options).options(["--file", &usr]).controlled().start(&script);

    if asked.is_some() {
        Boot::read(&mut vm);
    }
    let before: Vec<Boot> = (0..samples).map(|_| Boot::read(&mut vm)).collect();
    for boot in &before {
        assert!(boot.value("look").contains("library=cpu"), "{:#?}", boot.lines);
    }
    let installed = Boot::read(&mut vm);
    assert!(installed.value("look").contains("library=CUDA"), "{:#?}", installed.lines);
    for number in 1..=boots {
        let boot = Boot::read(&mut vm);
        println!("boot {number}: the service started after {:?}", boot.time("started"));
        assert!(boot.value("look").contains("library=CUDA"), "boot {number}: {:#?}", boot.lines);
        assert!(boot.value("opened").contains("0000:00:05.0 answers"), "{:#?}", boot.lines);
    }
    vm.qmp().execute("device_del", &json!({ "id": "vgpu0" }));
    Boot::read(&mut vm);
    let without: Vec<Boot> = (0..samples).map(|_| Boot::read(&mut vm)).collect();
    for boot in &without {
        assert!(boot.value("look").contains("library=cpu"), "{:#?}", boot.lines);
        assert!(boot.value("opened").contains("there is no vgpu function"), "{:#?}", boot.lines);
    }

    if asked.is_some() {
        let [then, now] =
            [("before the installation", &before), ("without a function", &without)].map(|(when, boots)| {
                let mut started: Vec<Duration> = boots.iter().map(|boot| boot.time("started")).collect();
                println!("{when}, the service started after {started:?}");
                started.sort_unstable();
                started[SAMPLES / 2]
            });
        println!(
            "vgpu-function.service itself ran for {:?}",
            without.iter().map(|boot| boot.time("held")).collect::<Vec<_>>()
        );
        assert!(now <= then + HOLD_UP_MAX, "the boots were held up: {now:?}, and {then:?} without vgpu");
    }
    assert_eq!(vm.end(BOOT_MAX).1, Some(0));
}
