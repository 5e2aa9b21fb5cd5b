//! Programs that reach a daemon as programs in a VM do, through its PCI function.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use vgpu_tests::daemon::{Daemon, start_and_wait_for_line, wait_until};

const BRIDGE: &str = env!("CARGO_BIN_EXE_pci-bridge");
const SAXPY: &str = env!("CARGO_BIN_EXE_guest-saxpy");
const MEMORY: &str = env!("CARGO_BIN_EXE_guest-memory");
const INIT: &str = env!("CARGO_BIN_EXE_guest-init");

/// A daemon with a PCI function, and the VM that uses it.
struct Vm {
    daemon: Daemon,
    bridge: Child,
    folder: tempfile::TempDir,
    boots: u32,
}

impl Vm {
    fn start(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let socket = folder.path().join("vm.sock");
        let function = format!("--vfio-user={}", socket.display());
        let daemon = Daemon::start(&[&[function.as_str(), "--bar-size=256MiB", "--threads=1"], flags].concat());
        wait_until(Duration::from_secs(10), "the function's socket", || socket.exists());
        let bridge = bridge(&socket, &folder.path().join("boot0"));
        Self { daemon, bridge, folder, boots: 0 }
    }

    /// The folder that stands for `/sys/bus/pci/devices`.
    fn devices(&self) -> PathBuf {
        self.folder.path().join(format!("boot{}", self.boots))
    }

    /// A command that runs a program of this crate in the VM.
    fn guest(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("VGPU_SYSFS", self.devices()).env("VGPU_DIST", vgpu_tests::dist()).env_remove("VGPU");
        command
    }

    /// Pulls the VM's plug.
    fn kill(&mut self) {
        self.bridge.kill().expect("the bridge can be killed");
        self.bridge.wait().expect("the bridge can be reaped");
    }

    /// The same, and starts another one.
    fn replace(&mut self) {
        self.kill();
        self.boots += 1;
        self.bridge = bridge(&self.folder.path().join("vm.sock"), &self.devices());
    }

    fn free_bytes(&self) -> u64 {
        let output = self.guest(MEMORY).output().expect("the guest runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("the guest prints text");
        text.split_whitespace().next().and_then(|word| word.parse().ok()).expect("two numbers")
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        // It may have been killed by the test.
        let _ = self.bridge.kill();
        let _ = self.bridge.wait();
    }
}

fn bridge(socket: &std::path::Path, devices: &std::path::Path) -> Child {
    let mut bridge =
        Command::new(BRIDGE).args([socket, devices]).stdout(Stdio::piped()).spawn().expect("the bridge starts");
    let mut line = String::new();
    let output = bridge.stdout.as_mut().expect("stdout is piped");
    BufReader::new(output).read_line(&mut line).expect("the bridge prints text");
    assert!(line.starts_with("ready"), "the bridge ended");
    bridge
}

fn succeeds(command: &mut Command) {
    let output = command.output().expect("the guest runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn kill(child: &mut Child) {
    child.kill().expect("the guest can be killed");
    child.wait().expect("the guest can be reaped");
}

#[test]
fn a_program_computes_over_the_function() {
    let vm = Vm::start(&[]);
    succeeds(vm.guest(SAXPY).args(["8", "4"]));
    succeeds(vm.guest(SAXPY).args(["1", "1"]).env("VGPU", "pci:0000:00:05.0"));
    wait_until(Duration::from_secs(5), "the executors to end", || vm.daemon.executors() == 0);
}

#[test]
fn the_device_is_where_its_function_is_and_all_libraries_agree() {
    let vm = Vm::start(&[]);
    let output = vm.guest(INIT).output().expect("the guest runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let places: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("attributes")).collect();
    assert_eq!(
        places,
        [
            "attributes\t[0, 0, 5]",
            "cuDeviceGetPCIBusId\t0000:00:05.0 0",
            "cudaDeviceGetPCIBusId\t0000:00:05.0 0",
            "nvmlDeviceGetPciInfo\t00000000:00:05.0 0000:00:05.0 [0, 0, 5] true",
        ],
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn outside_of_a_vm_the_device_is_where_its_executor_says() {
    let daemon = Daemon::start(&["--threads=1"]);
    let output = daemon.guest(INIT).output().expect("the guest runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("attributes\t[0, 1, 0]\ncuDeviceGetPCIBusId\t0000:01:00.0 0\n"), "{text}");
    assert!(text.contains("nvmlDeviceGetPciInfo\t00000000:01:00.0 0000:01:00.0 [0, 1, 0] true\n"), "{text}");
}

#[test]
fn a_program_copies_more_than_the_function_has_memory() {
    let vm = Vm::start(&["--channels=2"]);
    succeeds(vm.guest(SAXPY).args(["1", "300"]));
}

#[test]
fn eight_programs_at_once_all_get_right_results() {
    let vm = Vm::start(&["--channels=8"]);
    let guests: Vec<Child> = (0..8)
        .map(|_| vm.guest(SAXPY).args(["4", "2"]).stdout(Stdio::null()).spawn().expect("the guest starts"))
        .collect();
    for mut guest in guests {
        assert!(guest.wait().expect("the guest ends").success());
    }
}

#[test]
fn programs_of_the_host_and_of_the_vm_share_the_device() {
    let vm = Vm::start(&[]);
    let free_before = vm.free_bytes();
    let mut guest = start_and_wait_for_line(vm.guest(SAXPY).args(["forever", "4"]));
    succeeds(vm.daemon.guest(SAXPY).args(["2", "4"]));
    kill(&mut guest);
    wait_until(Duration::from_secs(5), "the memory to come back", || vm.free_bytes() == free_before);
}

#[test]
fn twenty_killed_programs_leave_no_memory_and_no_executor() {
    let vm = Vm::start(&["--channels=8"]);
    let free_before = vm.free_bytes();
    for wave in 0..5 {
        let mut guests: Vec<Child> = (0..4)
            .map(|_| vm.guest(SAXPY).args(["forever", "2"]).stdout(Stdio::null()).spawn().expect("the guest starts"))
            .collect();
        thread::sleep(Duration::from_millis(20 + 60 * wave));
        guests.iter_mut().for_each(kill);
    }
    // Whoever comes next takes the dead ones' channels off.
    wait_until(Duration::from_secs(10), "the memory to come back", || vm.free_bytes() == free_before);
    wait_until(Duration::from_secs(5), "the executors to end", || vm.daemon.executors() == 0);
}

#[test]
fn a_program_too_many_is_told_so() {
    let vm = Vm::start(&["--channels=1"]);
    let mut first = start_and_wait_for_line(vm.guest(SAXPY).args(["forever", "1"]));
    let output = vm.guest(MEMORY).env("VGPU_LOG", "warn").output().expect("the guest runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("--channels"), "{said}");
    kill(&mut first);
    succeeds(vm.guest(SAXPY).args(["1"]));
}

#[test]
fn a_program_whose_daemon_dies_gets_an_error_and_does_not_hang() {
    let mut vm = Vm::start(&[]);
    let mut guest = start_and_wait_for_line(vm.guest(SAXPY).args(["forever", "1"]).stderr(Stdio::null()));
    vm.daemon.kill();
    let killed = Instant::now();
    while guest.try_wait().expect("the guest can be asked").is_none() {
        assert!(killed.elapsed() < Duration::from_secs(20), "the guest hangs");
        thread::sleep(Duration::from_millis(10));
    }
    assert!(!guest.wait().expect("the guest can be reaped").success());
    let output = vm.guest(MEMORY).env("VGPU_LOG", "warn").output().expect("the guest runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("0000:00:05.0"), "{said}");
}

#[test]
fn a_vm_that_is_killed_leaves_nothing_and_the_next_one_starts_afresh() {
    let mut vm = Vm::start(&[]);
    let free_before = vm.free_bytes();
    let mut guests: Vec<Child> =
        (0..3).map(|_| start_and_wait_for_line(vm.guest(SAXPY).args(["forever", "4"]).stderr(Stdio::null()))).collect();
    vm.replace();
    assert_eq!(vm.daemon.executors(), 0, "they end before the next VM is let in");
    assert_eq!(vm.free_bytes(), free_before);
    // What is left of the first VM's programs lose their device, and do not disturb the second one.
    for guest in &mut guests {
        wait_until(Duration::from_secs(20), "the guest to give up", || guest.try_wait().is_ok_and(|end| end.is_some()));
    }
    succeeds(vm.guest(SAXPY).args(["2", "2"]));
}

#[test]
fn a_program_that_is_stopped_for_long_loses_its_channel_only() {
    let vm = Vm::start(&["--guest-timeout=3"]);
    let mut stopped = start_and_wait_for_line(vm.guest(SAXPY).args(["forever", "1"]).stderr(Stdio::null()));
    let mut lively = start_and_wait_for_line(vm.guest(SAXPY).args(["forever", "1"]));
    // SAFETY: our child, which has not been waited for.
    unsafe { libc::kill(stopped.id().cast_signed(), libc::SIGSTOP) };
    wait_until(Duration::from_secs(20), "the silent one's executor to end", || vm.daemon.executors() == 1);
    assert!(lively.try_wait().expect("the guest can be asked").is_none());
    // SAFETY: as above.
    unsafe { libc::kill(stopped.id().cast_signed(), libc::SIGCONT) };
    wait_until(Duration::from_secs(20), "the guest to give up", || stopped.try_wait().is_ok_and(|end| end.is_some()));
    kill(&mut lively);
    succeeds(vm.guest(SAXPY).args(["1"]));
}

#[test]
fn the_folder_looks_as_the_kernels_does() {
    let vm = Vm::start(&[]);
    let folder = vm.devices().join("0000:00:05.0");
    let text = |name: &str| fs::read_to_string(folder.join(name)).expect("a file");
    assert_eq!([text("vendor"), text("device"), text("class")], ["0x10de\n", "0x2331\n", "0x030200\n"]);
    assert_eq!(text("resource").lines().count(), 13);
    let len_bytes = |name: &str| fs::metadata(folder.join(name)).expect("a file").len();
    assert_eq!(
        [len_bytes("resource0"), len_bytes("resource1"), len_bytes("resource1_wc")],
        [2 << 20, 256 << 20, 256 << 20]
    );
}
