//! Several devices: software ones, those of a driver, and which of them a program sees.

use std::process::Command;

use vgpu_tests::{daemon::Daemon, dist, program};

const DEVICES: &str = env!("CARGO_BIN_EXE_guest-devices");

/// Two devices, executed on by a software GPU.
const SOFT: [(&str, &str); 2] = [("VGPU_DEVICE", "soft"), ("VGPU_DEVICES", "2")];
/// The same, of a driver that is our own.
const NESTED: [(&str, &str); 3] = [("VGPU_DEVICE", "driver"), ("VGPU_NESTED", "1"), ("VGPU_DEVICES", "2")];

#[test]
fn two_software_gpus_are_two_devices_of_a_program() {
    let (printed, expected) = program::run("two_devices", &SOFT);
    assert_eq!(printed, expected);
}

#[test]
fn two_gpus_of_a_driver_are_two_devices_of_a_program() {
    let (printed, expected) = program::run("two_devices", &NESTED);
    assert_eq!(printed, expected);
}

#[test]
fn a_process_with_an_executor_of_its_own_has_one_ledger() {
    for variables in [&SOFT[..], &NESTED] {
        let (printed, expected) = program::run("one_ledger", variables);
        assert_eq!(printed, expected, "{variables:?}");
    }
}

/// The UUIDs that a program sees, by libcuda and by libnvidia-ml.
fn seen(daemon: &Daemon, visible: Option<&str>) -> Vec<String> {
    let mut guest: Command = daemon.guest(DEVICES);
    guest.env_remove("CUDA_VISIBLE_DEVICES").envs(visible.map(|visible| ("CUDA_VISIBLE_DEVICES", visible)));
    let output = guest.output().expect("the guest runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

#[test]
fn a_program_sees_the_devices_that_it_names_in_its_order() {
    for flags in [&["--devices=3", "--threads=1"][..], &["--device=driver", "--nested", "--devices=3", "--threads=1"]] {
        let daemon = Daemon::start(flags);
        let all = seen(&daemon, None);
        assert_eq!(all.len(), 3, "{flags:?}");
        assert_eq!(seen(&daemon, Some("2,0")), [all[2].clone(), all[0].clone()]);
        assert_eq!(seen(&daemon, Some(&format!("{},0", all[1]))), [all[1].clone(), all[0].clone()]);
        assert_eq!(seen(&daemon, Some("1,7,0")), [all[1].clone()]);
    }
}

#[test]
fn a_probe_says_what_would_execute() {
    let output = Command::new(dist().join("bin/vgpud"))
        .args(["probe", "--device=driver", "--nested", "--devices=2", "--device-memory=1GiB"])
        .output()
        .expect("dist/bin/vgpud starts");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(said.starts_with("the driver's GPUs execute: 2\n0: vgpu software GPU"), "{said}");
    assert_eq!(said.matches("capability 7.5, 1GiB").count(), 2, "{said}");
}
