//! NVML, as far as guests are told of it.

use vgpu_core::reading::{Reading, ReadingReply, Shape, uuid_text};
use vgpu_driver::Nvml;

use crate::fake::Fake;

fn sum(reading: Reading) -> u64 {
    reading.function().bytes().map(u64::from).sum()
}

/// NVML of a driver with two GPUs, and of one that it does not know.
fn nvml(fake: &Fake) -> Nvml {
    fake.set_gpus(2, 8);
    let driver = fake.open().expect("a sound driver");
    let uuids = driver.describe_gpus().expect("GPUs").into_iter().map(|gpu| uuid_text(gpu.uuid));
    let uuids: Vec<String> = uuids.chain(["GPU-0".to_owned()]).collect();
    Nvml::open(Some(fake.path()), &uuids).expect("a sound library")
}

#[test]
fn each_row_asks_its_own_function_with_its_own_arguments() {
    let fake = Fake::new();
    let nvml = nvml(&fake);
    let refused = [Reading::FanSpeed, Reading::EccMode, Reading::GpuCores];
    for reading in Reading::ALL.iter().copied().filter(|reading| !refused.contains(reading)) {
        let reply = nvml.read(1, reading, 5);
        assert_eq!(reply.code, 0, "{reading:?}");
        let of_second = 10_000 + sum(reading);
        match reading.shape() {
            Shape::Number => assert_eq!(reply.values[0], of_second, "{reading:?}"),
            Shape::NumberOf => assert_eq!(reply.values[0], of_second + 5, "{reading:?}"),
            Shape::Numbers | Shape::Pair => assert_eq!(reply.values[1], sum(reading), "{reading:?}"),
            Shape::Long => assert_eq!(reply.values[0], sum(reading) << 32, "{reading:?}"),
            Shape::Text | Shape::SystemText => assert!(!reply.text().is_empty(), "{reading:?}"),
        }
    }
    let texts = [Reading::Serial, Reading::VbiosVersion, Reading::BoardPartNumber, Reading::DriverVersion];
    assert_eq!(texts.map(|reading| nvml.read(0, reading, 0).text()), ["serial", "vbios", "part", "550.00"]);
    let firsts = [Reading::Utilization, Reading::EncoderUtilization, Reading::DecoderUtilization];
    assert_eq!(firsts.map(|reading| nvml.read(0, reading, 0).values[0]), [4, 2, 3]);
}

#[test]
fn what_nvml_refuses_or_lacks_is_never_invented() {
    let fake = Fake::new();
    let nvml = nvml(&fake);
    assert_eq!(nvml.read(0, Reading::EccMode, 0), ReadingReply::refused(4), "as NVML refuses it");
    assert_eq!(nvml.read(0, Reading::FanSpeed, 0), ReadingReply::NOT_SUPPORTED);
    assert_eq!(nvml.read(0, Reading::GpuCores, 0), ReadingReply::NOT_SUPPORTED, "the library has no such function");
    for unknown in [2, 3] {
        assert_eq!(nvml.read(unknown, Reading::PowerUsage, 0), ReadingReply::NOT_SUPPORTED);
    }
}

#[test]
fn what_is_no_nvml_is_named() {
    let error = |path: &str| Nvml::open(Some(path.as_ref()), &[]).map(drop).expect_err("it is none").to_string();
    assert!(error("/nonexistent/libnvidia-ml.so.1").contains("/nonexistent"));
    assert!(error(&std::env::current_exe().expect("this program").display().to_string()).contains("driver"));
}
