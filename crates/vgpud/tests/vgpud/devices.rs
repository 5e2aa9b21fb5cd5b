//! Which devices a daemon has, how many, and what is said of each.

use std::path::PathBuf;
use std::process::{Command, Output};

use vgpu_core::CuError;
use vgpu_core::guest::{Link, MonitorLink};
use vgpu_core::reading::{Reading, ReadingReply};
use vgpu_core::wire::messages::{ContextCreate, DeviceInfo, MemAlloc, MemInfo, MemInfoReply};

use crate::harness::{Daemon, PROGRAM, until};

/// Longer than NVML may take is what `vgpud` waits; nothing here does.
const HANGING_SENSOR: u32 = 99;

/// The library that stands for the driver and its NVML, as cargo has built it.
fn fake_driver() -> PathBuf {
    let program = std::env::current_exe().expect("this program");
    program.with_file_name("libvgpu_fake_driver.so")
}

fn driver_flags() -> [String; 3] {
    let path = fake_driver().display().to_string();
    [format!("--driver-library={path}"), format!("--cublas-library={path}"), format!("--nvml-library={path}")]
}

/// A context on each of two devices.
fn two_contexts(daemon: &Daemon) -> Link {
    let link = daemon.connect();
    link.post(&ContextCreate { context: 2, device: 1, legacy_stream: 9, flags: 0 }, &[]).expect("a post");
    link
}

fn take(link: &Link, context: u32, len_bytes: u64) -> Result<u64, CuError> {
    link.call(&MemAlloc { context, reserved: 0, len_bytes }, &[]).map(|answer| answer.reply.address)
}

fn memory(link: &Link, context: u32) -> MemInfoReply {
    link.call(&MemInfo { context, reserved: 0 }, &[]).expect("an answer").reply
}

#[test]
fn each_of_several_software_gpus_has_a_place_a_name_and_memory_of_its_own() {
    let daemon = Daemon::start("several", &["--devices=3"]);
    let link = daemon.connect();
    let infos =
        [0, 1, 2, 3].map(|device| link.call(&DeviceInfo { device, reserved: 0 }, &[]).expect("an answer").reply);
    assert_eq!(infos.map(|info| info.device_count), [3; 4]);
    assert_eq!(infos.map(|info| info.total_mem_bytes), [64 << 20, 64 << 20, 64 << 20, 0]);
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        assert_ne!(infos[one].uuid, infos[other].uuid);
        assert_ne!(infos[one].pci_bus, infos[other].pci_bus);
    }
    let monitor = MonitorLink::connect(&daemon.selection()).expect("a monitor");
    let seen = monitor.devices().expect("devices");
    assert_eq!(
        seen.iter().map(|info| info.uuid).collect::<Vec<_>>(),
        infos[..3].iter().map(|i| i.uuid).collect::<Vec<_>>()
    );
}

#[test]
fn calls_monitors_and_refusals_tell_of_one_ledger_for_each_device() {
    let daemon = Daemon::start("ledgers", &["--devices=2"]);
    let (link, neighbour) = (two_contexts(&daemon), two_contexts(&daemon));
    take(&link, 1, 40 << 20).expect("room");
    take(&link, 2, 64 << 20).expect("room");
    assert_eq!(take(&neighbour, 1, (24 << 20) + 1), Err(CuError::OUT_OF_MEMORY));
    assert_eq!(take(&neighbour, 2, 1), Err(CuError::OUT_OF_MEMORY));
    let monitor = MonitorLink::connect(&daemon.selection()).expect("a monitor");
    for (context, device, free_bytes) in [(1, 0, 24 << 20), (2, 1, 0)] {
        let expected = MemInfoReply { free_bytes, total_bytes: 64 << 20 };
        assert_eq!(memory(&neighbour, context), expected);
        assert_eq!(memory(&link, context), expected);
        assert_eq!(monitor.memory(device), Ok(expected));
    }
    let used = |device| -> Vec<(u32, u64)> {
        let processes = monitor.processes(device).expect("processes");
        processes.iter().map(|process| (process.pid, process.used_bytes)).collect()
    };
    let own = std::process::id();
    assert_eq!((used(0), used(1)), (vec![(own, 40 << 20)], vec![(own, 64 << 20)]));
    take(&neighbour, 1, 24 << 20).expect("what is free can be had");
    drop(link);
    until("the first guest's memory", || memory(&neighbour, 2).free_bytes == 64 << 20);
    assert_eq!(memory(&neighbour, 1).free_bytes, 40 << 20);
}

/// What a daemon that serves nobody says of its devices.
fn probe(args: &[&str]) -> (String, String) {
    let mut command = Command::new(PROGRAM);
    // Whoever runs all tests may have said on which device.
    let Output { status, stdout, stderr } =
        command.arg("probe").args(args).env_remove("VGPU_DEVICE").output().expect("vgpud starts");
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    (String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr).into_owned())
}

#[test]
fn auto_takes_the_drivers_gpus_and_says_so() {
    let flags = driver_flags();
    let (said, complaints) = probe(&[&flags[0], &flags[1]]);
    assert!(said.starts_with("the driver's GPUs execute: 1\n0: "), "{said}");
    assert_eq!(complaints, "");
}

#[test]
fn auto_falls_back_with_one_line_where_the_driver_is_none() {
    let (said, complaints) = probe(&["--driver-library=/nonexistent/libcuda.so.1", "--devices=2"]);
    assert!(
        said.starts_with("the software GPU executes: the driver /nonexistent/libcuda.so.1 cannot be loaded"),
        "{said}"
    );
    assert_eq!(said.lines().filter(|line| line.contains("vgpu software GPU")).count(), 2, "{said}");
    assert_eq!(complaints, "");
    let daemon = Daemon::start("fallback", &["--device=auto", "--driver-library=/nonexistent/libcuda.so.1"]);
    assert_eq!(memory(&daemon.connect(), 1).total_bytes, 64 << 20);
}

#[test]
fn the_software_gpu_is_what_it_says_when_it_is_asked_for() {
    let (said, complaints) = probe(&["--device=soft", "--device-memory=64MiB"]);
    assert!(said.starts_with("the software GPU executes, as was asked\n0: vgpu software GPU, 0000:01:00.0"), "{said}");
    assert!(said.contains("capability 7.5, 64MiB"), "{said}");
    assert_eq!(complaints, "");
}

#[test]
fn what_the_hosts_nvml_says_reaches_guests_and_nothing_is_invented() {
    let flags = driver_flags();
    let all: Vec<&str> = ["--device=driver"].into_iter().chain(flags.iter().map(String::as_str)).collect();
    let daemon = Daemon::start("nvml", &all);
    let monitor = MonitorLink::connect(&daemon.selection()).expect("a monitor");
    let read = |reading, argument| monitor.reading(0, reading, argument).expect("an answer");
    let sum = |name: &str| name.bytes().map(u64::from).sum::<u64>();
    assert_eq!(read(Reading::PowerUsage, 0).values[0], sum("nvmlDeviceGetPowerUsage"));
    assert_eq!(read(Reading::Temperature, 7).values[0], sum("nvmlDeviceGetTemperature") + 7);
    assert_eq!(read(Reading::Serial, 0).text(), "serial");
    assert_eq!(read(Reading::FanSpeed, 0), ReadingReply::NOT_SUPPORTED);
    assert_eq!(monitor.memory(0).map(|memory| memory.total_bytes), Ok(64 << 20), "memory is the ledger's");

    assert_eq!(read(Reading::Temperature, HANGING_SENSOR).code, 10, "NVML's TIMEOUT");
    assert_eq!(read(Reading::PowerUsage, 0), ReadingReply::NOT_SUPPORTED, "nobody asks it again at once");
    assert_eq!(monitor.memory(0).map(|memory| memory.free_bytes), Ok(64 << 20), "the daemon lives");
}

#[test]
fn a_software_gpu_has_no_sensors() {
    let daemon = Daemon::start("senseless", &[]);
    let monitor = MonitorLink::connect(&daemon.selection()).expect("a monitor");
    for reading in Reading::ALL {
        assert_eq!(monitor.reading(0, *reading, 0), Ok(ReadingReply::NOT_SUPPORTED), "{reading:?}");
    }
}

#[test]
fn a_timeout_that_living_guests_would_miss_is_refused_with_the_reason() {
    let output = Command::new(PROGRAM).args(["--socket=/nonexistent/s", "--guest-timeout=2"]).output();
    let said = String::from_utf8(output.expect("vgpud starts").stderr).expect("text");
    assert!(said.contains("guest-timeout: between 3 (guests show once a second that they live)"), "{said}");
}
