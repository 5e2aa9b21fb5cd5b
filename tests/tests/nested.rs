//! The executor of a driver's GPUs where there is no GPU: our own libcuda, with a software GPU, stands in the driver's place.

use std::{
    fs,
    process::{Command, Output, Stdio},
    time::Duration,
};

use vgpu_tests::{
    daemon::{Daemon, wait_until},
    dist,
};

const SAXPY: &str = env!("CARGO_BIN_EXE_guest-saxpy");
const MEMORY: &str = env!("CARGO_BIN_EXE_guest-memory");

/// What a daemon with these arguments says instead of serving.
fn refusal(args: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let daemon =
        Command::new(dist().join("bin/vgpud")).arg("--socket").arg(folder.path().join("s")).args(args).output();
    let Output { status, stderr, .. } = daemon.expect("dist/bin/vgpud starts");
    assert!(!status.success());
    String::from_utf8(stderr).expect("the daemon says text")
}

#[test]
fn guests_of_the_drivers_executor_compute_right_results() {
    let daemon = Daemon::start(&["--device=driver", "--nested", "--threads=1"]);

    let guests = [0; 3].map(|_| {
        let mut guest = daemon.guest(SAXPY);
        guest.args(["3", "2"]).stdout(Stdio::null()).spawn().expect("the guest starts")
    });

    for mut guest in guests {
        assert!(guest.wait().expect("the guest ends").success());
    }
}

#[test]
fn what_an_executor_has_to_say_goes_to_its_daemons_log_and_not_to_the_guest() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = folder.path().join("log");
    let daemon = Daemon::start_with_log(&["--device=driver", "--nested", "--threads=1"], &log);

    let Output { status, stderr, .. } = daemon.guest(SAXPY).args(["1", "1"]).output().expect("the guest runs");

    assert!(status.success());
    let logged = || fs::read_to_string(&log).expect("the log");
    wait_until(Duration::from_secs(10), "the executor's last words", || logged().contains("executed: 1 kernels"));
    assert!(!String::from_utf8_lossy(&stderr).contains("executed"));
}

#[test]
fn the_quota_counts_on_the_drivers_memory_too() {
    let daemon = Daemon::start(&["--device=driver", "--nested", "--threads=1", "--device-memory=64MiB"]);

    let output = daemon.guest(MEMORY).output().expect("the guest runs");

    let said = String::from_utf8(output.stdout).expect("the guest prints text");
    let numbers: Vec<u64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    assert_eq!(numbers, [64 << 20, 64 << 20]);
}

#[test]
fn a_guests_libcuda_is_no_driver() {
    let own = format!("--driver-library={}", dist().join("lib/libcuda.so.1").display());

    let said = refusal(&["--device=driver", &own]);

    assert!(said.contains("is vgpu's own libcuda for guests, and no driver"), "{said}");
}

#[test]
fn what_is_no_driver_is_said_in_one_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (absent, text) = (folder.path().join("absent"), folder.path().join("text"));
    fs::write(&text, "no library").expect("a file");

    for path in [&absent, &text] {
        let said = refusal(&["--device=driver", &format!("--driver-library={}", path.display())]);

        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(&path.display().to_string()), "{said}");
    }
}

#[test]
fn where_there_is_no_driver_auto_is_the_software_gpu() {
    let daemon = Daemon::start(&["--device=auto", "--driver-library=/nonexistent/libcuda.so.1", "--threads=1"]);

    let status = daemon.guest(SAXPY).args(["1", "1"]).stdout(Stdio::null()).status();

    assert!(status.expect("the guest runs").success());
}

#[test]
fn an_executor_of_a_programs_own_falls_back_with_one_line() {
    let mut guest = Command::new(SAXPY);
    guest.args(["1", "1"]).env("VGPU", "embedded").env("VGPU_DIST", dist()).env("VGPU_DEVICE", "auto");
    guest.env("VGPU_DRIVER_LIBRARY", "/nonexistent/libcuda.so.1").env_remove("VGPU_LOG");

    let Output { status, stderr, .. } = guest.output().expect("the guest runs");

    let said = String::from_utf8(stderr).expect("text");
    assert!(status.success(), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("vgpu: the software GPU executes: the driver /nonexistent/libcuda.so.1"), "{said}");
}
