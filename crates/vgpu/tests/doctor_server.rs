//! `vgpu doctor` and the server that runs: scenes of a day, in folders that stand for machines, with the processes that the
//! kernel would show. The libraries are small ones of the C compiler.

mod machine;
mod tree;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use machine::{FUNCTION, Machine, Report};
use tree::SONAMES;
use vgpu_core::pci::regs::PAGE_OFFSET;

const SERVER: u32 = 4711;
const RUNNER: u32 = 4712;
const CHECK: &str = "server.4711";
const UP_S: u64 = 100_000;
const BEGIN: &str = "level=INFO msg=\"Listening on 127.0.0.1:11434 (version 0.32.15)\"\n";
const ON_CPU: &str = "level=INFO msg=\"inference compute\" id=cpu library=cpu compute=\"\" name=cpu\n";
const ON_GPU: &str = "level=INFO msg=\"inference compute\" id=0 filter_id=0 library=CUDA compute=7.5 name=CUDA0\n";
const RESTART: &str = "systemctl restart ollama.service";
const LIBRARY: &str = "usr/local/lib/ollama";

/// A machine on which everything is as it should be, and a server of the service's.
struct Day {
    machine: Machine,
    /// Its `/proc/stat` is of this time.
    now_s: u64,
    variables: Vec<(&'static str, String)>,
}

impl Day {
    fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let day = Self { machine: Machine::new(), now_s: now.as_secs(), variables: Vec::new() };
        day.machine.write("proc/stat", &format!("cpu 0\nbtime {}\n", day.now_s - UP_S));
        day
    }

    fn add_process(&self, pid: u32, words: &[&str], age_s: i64) {
        let ticks = (UP_S.cast_signed() - age_s) * 100;
        let zeros = "0 ".repeat(18);
        self.machine.write(&format!("proc/{pid}/stat"), &format!("{pid} (o) S {zeros}{ticks} 0\n"));
        self.machine.write(&format!("proc/{pid}/cmdline"), &format!("{}\0", words.join("\0")));
        self.machine.write(&format!("proc/{pid}/maps"), "");
    }

    /// The server, started before all that is on the machine, or in a minute.
    fn serve(&self, is_early: bool, environment: &str) {
        self.add_process(SERVER, &["/usr/local/bin/ollama", "serve"], if is_early { 3600 } else { -60 });
        self.machine.write("proc/4711/cgroup", "0::/system.slice/ollama.service\n");
        self.machine.link("/usr/local/bin/ollama", "proc/4711/exe");
        self.machine.write("proc/4711/environ", &format!("OLLAMA_HOST=127.0.0.1:1\0{environment}\0"));
        self.machine.write(&format!("proc/{SERVER}/task/{SERVER}/children"), &format!("{RUNNER}\n"));
    }

    fn log(&self, lines: &[&str]) {
        self.machine.write("proc/4711/fd/2", &lines.concat());
    }

    /// A process of the server's that has had a model for an hour.
    fn compute(&self, maps: &str) {
        self.add_process(RUNNER, &["/usr/local/lib/ollama/llama-server", "--model", "x"], 3600);
        self.machine.write("proc/4712/maps", maps);
    }

    fn command(&self) -> Command {
        let mut doctor = self.machine.command(&[]);
        doctor.env("VGPU_SYSFS", self.machine.path("sys/bus/pci/devices")).env_remove("VGPU_LOG");
        doctor.envs(self.variables.iter().map(|(name, value)| (name, value)));
        doctor
    }

    fn ask(&self) -> Report {
        self.machine.report(&mut self.command())
    }

    /// The server has no GPU, which is the first cause; restarting it is the fix, and the status says so.
    #[track_caller]
    fn wants_a_restart(&self, words: &[&str]) {
        let report = self.ask();
        assert_eq!(report.0["healthy"], false);
        report.blames(CHECK, words, RESTART);
    }

    #[track_caller]
    fn is_fine(&self) {
        let report = self.ask();
        assert_eq!(report.check(CHECK)["verdict"], "ok", "{:#}", report.0);
        report.is_green();
    }

    #[track_caller]
    fn is_doubtful(&self, words: &[&str], fix: &str) {
        let report = self.ask();
        assert_eq!(report.0["healthy"], true, "{:#}", report.0);
        report.names(CHECK, "warning", words, fix);
    }

    /// Links to our libraries that are newer than all else.
    fn install(&self) {
        for soname in SONAMES {
            let target = format!("../../../../opt/vgpu/current/lib/{soname}");
            self.machine.link(&target, &format!("{LIBRARY}/{soname}"));
        }
    }

    fn connected() -> String {
        "7f0000003000-7f0000004000 rw-s 00000000 00:01 99 /memfd:vgpu-window (deleted)\n".to_owned()
    }
}

/// A server that answers anybody with this, as long as the test runs.
fn answers(text: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(text.as_bytes());
        }
    });
    format!("OLLAMA_HOST={address}")
}

fn models(size_vram: u64) -> String {
    format!("HTTP/1.0 200 OK\r\n\r\n{{\"models\":[{{\"name\":\"tiny\",\"size\":4194304,\"size_vram\":{size_vram}}}]}}")
}

#[test]
fn a_server_that_has_found_the_gpu_is_fine() {
    let day = Day::new();
    day.serve(false, "");
    day.log(&[BEGIN, ON_GPU]);
    day.is_fine();
    let report = day.ask();
    let evidence = report.check(CHECK)["evidence"].to_string();
    for word in ["as user ", "library=CUDA", "did not say which models"] {
        assert!(evidence.contains(word), "no {word:?}: {evidence}");
    }
}

#[test]
fn a_server_from_before_the_daemon_wants_a_restart() {
    let day = Day::new();
    day.serve(true, "");
    day.log(&[BEGIN, ON_CPU]);
    let early = ["found none", "it was started 1 h 0 min before the daemon's socket /run/vgpu/vgpud.sock was there"];
    day.wants_a_restart(&early);
    // Where there is no log, the times must do.
    day.machine.remove("proc/4711/fd/2");
    day.wants_a_restart(&["before the daemon's socket", "only when it starts"]);
    // Restarted.
    day.machine.remove("proc/4711/exe");
    day.serve(false, "");
    day.is_fine();
}

#[test]
fn a_server_from_before_the_installation_wants_a_restart() {
    let day = Day::new();
    day.serve(true, "");
    day.install();
    day.log(&[BEGIN, ON_CPU]);
    day.wants_a_restart(&["before `vgpu install` had led it to vgpu's libraries"]);
    // Of a service, the journal has the log; nothing else is asked of it.
    day.machine.remove("proc/4711/fd/2");
    day.machine.write("bin/journalctl", &format!("#!/bin/sh\nprintf '%s' '{ON_GPU}'\necho \"$@\" >&2\n"));
    day.machine.set_mode("bin/journalctl", 0o755);
    let path = format!("{}:/usr/bin:/bin", day.machine.path("bin").display());
    let report = day.machine.report(day.command().env("PATH", path));
    assert_eq!(report.check(CHECK)["verdict"], "ok", "{:#}", report.0);
}

#[test]
fn a_server_from_before_the_function_wants_a_restart() {
    let day = Day::new();
    day.machine.remove("run/vgpu/vgpud.sock");
    day.serve(true, "");
    day.log(&[BEGIN, ON_CPU]);
    day.machine.plug(0o666);
    day.wants_a_restart(&["before PCI function 0000:00:05.0 was open to others than root"]);
}

#[test]
fn a_server_that_computes_without_its_dead_function_wants_a_restart() {
    let day = Day::new();
    day.machine.plug(0o666);
    day.serve(false, "");
    day.log(&[BEGIN, ON_GPU]);
    day.compute("");
    day.wants_a_restart(&["found a GPU when it started", "process 4712 computes without one"]);
    // Who has only just begun may still come to it.
    day.add_process(RUNNER, &["/usr/local/lib/ollama/llama-server", "--model", "x"], 0);
    day.is_fine();
    // Who was started to look for devices has no model.
    day.add_process(RUNNER, &["/usr/local/lib/ollama/llama-server", "--list-devices"], 3600);
    day.is_fine();
}

#[test]
fn a_server_goes_on_with_a_function_that_was_plugged_again() {
    let day = Day::new();
    day.serve(true, "");
    day.log(&[BEGIN, ON_GPU]);
    day.machine.plug(0o666);
    day.is_fine();
    day.compute(&format!("7f0000003000-7f0000004000 rw-s 00000000 00:01 99 /{FUNCTION}/resource1\n"));
    day.is_fine();
    // Without a log, what it computes on says enough.
    day.machine.remove("proc/4711/fd/2");
    day.is_fine();
}

#[test]
fn a_silent_function_is_mended_by_way_of_the_function() {
    let day = Day::new();
    day.machine.plug(0o666);
    day.machine.remove("run/vgpu/vgpud.sock");
    let page = fs::OpenOptions::new().write(true).open(day.machine.path(&format!("{FUNCTION}/resource0")));
    page.and_then(|page| page.write_all_at(&[0xff; 4096], PAGE_OFFSET)).expect("our own file");
    day.machine.set(&format!(
        "Environment=TEST_NO_DEVICE=1 VGPU=pci:00:05.0 VGPU_SYSFS={}",
        day.machine.path("sys/bus/pci/devices").display()
    ));
    day.serve(false, "");
    day.log(&[BEGIN, ON_GPU]);
    let report = day.ask();
    report.blames("device.count", &["00:05.0"], "PCI function 0000:00:05.0");
    let fix = report.check("device.count")["fix"].to_string();
    assert!(fix.contains("paused") && !fix.contains("socket"), "{fix}");
    assert_eq!(report.check(CHECK)["verdict"], "ok", "it will go on with it: {:#}", report.0);
    // A server that has no GPU either is restarted when there is one to be found.
    day.log(&[BEGIN, ON_CPU]);
    let report = day.ask();
    assert_eq!(report.check(CHECK)["verdict"], "warning");
    assert!(report.check(CHECK)["fix"].to_string().contains("mend what is named above, then restart it"));
}

#[test]
fn a_device_that_is_too_small_is_named() {
    let day = Day::new();
    day.machine.write(&format!("{LIBRARY}/llama-server"), "a program");
    day.machine.set("Environment=TEST_MIB=1024");
    let report = day.ask();
    report.blames("device.memory", &["1024 MiB", "leaves 1024 MiB of it free", "on the CPU"], "--device-memory");
    day.machine.set("Environment=TEST_MIB=1200 TEST_NVML_MIB=1200");
    assert_eq!(day.ask().check("device.memory")["verdict"], "ok");
    // Ollama's own runner can do with less.
    day.machine.remove(&format!("{LIBRARY}/llama-server"));
    day.machine.set("Environment=TEST_MIB=512 TEST_NVML_MIB=512");
    day.ask().is_green();
    day.machine.set("Environment=TEST_MIB=400 TEST_NVML_MIB=400");
    day.ask().blames("device.memory", &["400 MiB", "457 MiB"], "--device-memory");
}

#[test]
fn an_embedded_device_is_no_fault_and_its_price_is_named() {
    let day = Day::new();
    day.machine.set("Environment=VGPU=embedded");
    day.serve(false, "VGPU=embedded");
    day.log(&[BEGIN, ON_GPU]);
    let report = day.ask();
    assert_eq!(report.0["healthy"], true, "{:#}", report.0);
    report.names("device.embedded", "warning", &["waits 5 s at each eviction"], "vgpu install --daemon");
    assert_eq!(report.check(CHECK)["verdict"], "ok");
    // Also where it is recorded with the libraries, and no variable says so.
    day.machine.set("");
    day.machine.write("opt/vgpu/device", "embedded\n");
    day.ask().names("device.embedded", "warning", &["embedded"], "vgpud");
}

#[test]
fn a_daemon_whose_files_are_gone_is_no_fault_and_named() {
    let day = Day::new();
    day.add_process(900, &["/opt/vgpu/1/bin/vgpud", "--socket", "/run/vgpu/vgpud.sock"], 3600);
    day.machine.link("/opt/vgpu/1/bin/vgpud (deleted)", "proc/900/exe");
    day.add_process(901, &["vgpud", "executor"], 3600);
    day.machine.link("/opt/vgpu/1/bin/vgpud (deleted)", "proc/901/exe");
    let report = day.ask();
    assert_eq!(report.0["healthy"], true, "{:#}", report.0);
    report.names("daemon.900", "warning", &["replaced or removed", "goes on"], "restart vgpud");
    assert!(!report.checks().iter().any(|check| check["id"] == "daemon.901"));
}

#[test]
fn a_second_copy_of_the_backend_is_a_fault() {
    let day = Day::new();
    day.machine.link("cuda_v12/libggml-cuda.so", &format!("{LIBRARY}/libggml-cuda.so"));
    day.ask().blames("ollama.duplicate", &["wrong tokens", "NaN"], "remove");
}

#[test]
fn what_a_server_has_loaded_counts_where_its_log_is_gone() {
    let day = Day::new();
    day.serve(true, &answers(models(4 << 20)));
    day.is_fine();
    day.serve_again(&answers(models(0)));
    day.wants_a_restart(&["before the daemon's socket"]);
    day.machine.remove("proc/4711/exe");
    day.serve(false, &answers(models(0)));
    day.is_doubtful(&["models are on the CPU", "tiny has 0 of 4 MiB"], "num_gpu");
    // A process that is connected says more than plans.
    day.compute(&Day::connected());
    day.is_fine();
}

impl Day {
    fn serve_again(&self, environment: &str) {
        self.machine.remove("proc/4711/exe");
        self.serve(true, environment);
    }
}

#[test]
fn a_server_that_was_told_to_see_no_gpu_is_left_alone() {
    let day = Day::new();
    day.serve(false, "CUDA_VISIBLE_DEVICES=-1");
    day.log(&[BEGIN, ON_CPU]);
    day.is_doubtful(&["started with CUDA_VISIBLE_DEVICES="], "unset CUDA_VISIBLE_DEVICES");
}

#[test]
fn a_server_that_still_looks_and_one_that_was_upgraded_are_told() {
    let day = Day::new();
    day.serve(true, "");
    day.log(&[ON_CPU, BEGIN]);
    day.is_fine();
    day.log(&[BEGIN, ON_GPU]);
    day.machine.remove("proc/4711/exe");
    day.machine.link("/usr/local/bin/ollama (deleted)", "proc/4711/exe");
    day.is_doubtful(&["has been upgraded or removed under it"], RESTART);
}

#[test]
fn a_server_without_a_service_is_ended_and_started_again() {
    let day = Day::new();
    day.serve(true, "VGPU=unix:/run/vgpu/vgpud.sock");
    day.machine.write("proc/4711/cgroup", "0::/user.slice/user-1000.slice/session-2.scope\n");
    day.log(&[BEGIN, ON_CPU]);
    let words = ["VGPU=unix:/run/vgpu/vgpud.sock", "found none"];
    day.ask().blames(CHECK, &words, "end process 4711 and start `ollama serve` again");
}

#[test]
fn a_server_of_another_ollama_is_no_matter() {
    let day = Day::new();
    day.serve(true, "");
    day.log(&[BEGIN, ON_CPU]);
    let other = day.machine.libraries.path("ollama");
    let mut doctor = day.command();
    let report = day.machine.report(doctor.arg("--ollama").arg(other));
    assert!(!report.checks().iter().any(|check| check["id"] == CHECK), "{:#}", report.0);
}

#[test]
fn asked_about_a_process_doctor_sends_nobody_in_a_circle() {
    let day = Day::new();
    day.serve(true, "");
    day.log(&[BEGIN, ON_CPU]);
    day.compute("");
    let report = day.machine.report(day.command().args(["--pid", "4711"]));
    report.blames(CHECK, &["found none", "before the daemon's socket"], RESTART);
    let fixes = report.checks().iter().filter_map(|check| check["fix"].as_str());
    for fix in fixes.filter(|fix| fix.contains("vgpu doctor")) {
        assert!(fix.contains("restart"), "{fix}");
    }
}

#[test]
fn hostile_servers_hold_nobody_up() {
    let day = Day::new();
    day.log(&["\0\u{1b}[2J", BEGIN, ON_GPU]);
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = format!("OLLAMA_HOST={}", silent.local_addr().expect("an address"));
    let endless = answers(format!("HTTP/1.0 200 OK\r\n\r\n{}", "[".repeat(3 << 20)));
    for environment in [silent, endless, "OLLAMA_HOST=192.0.2.1:80".into(), "OLLAMA_HOST=\u{1b}\0=\0=x\0".into()] {
        day.serve_again_late(&environment);
        let begun = Instant::now();
        let report = day.ask();
        assert_eq!(report.check(CHECK)["verdict"], "ok", "{:#}", report.0);
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
    // A log that is none, and one that would keep its reader waiting.
    let log = day.machine.path("proc/4711/fd/2");
    fs::remove_file(&log).expect("our own file");
    rustix::fs::mkfifoat(rustix::fs::CWD, &log, 0o600.into()).expect("a pipe");
    assert_eq!(day.ask().check(CHECK)["verdict"], "ok");
    fs::remove_file(&log).expect("our own pipe");
    fs::write(&log, "").expect("a file");
    fs::set_permissions(&log, fs::Permissions::from_mode(0o600)).expect("our own file");
    fs::OpenOptions::new().write(true).open(&log).expect("a file").set_len(1 << 40).expect("a file with holes");
    assert_eq!(day.ask().check(CHECK)["verdict"], "ok");
}

impl Day {
    fn serve_again_late(&self, environment: &str) {
        let _ = fs::remove_file(self.machine.path("proc/4711/exe"));
        self.serve(false, environment);
    }
}
