//! The device itself: asked through the libraries that the loader finds, and, when they have none, through the connection
//! that they would use; what libnvidia-ml says about it; how fast it answers.

use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use vgpu_core::transport::{MonitorLink, SELECTION_VARIABLE, Selection};
use vgpu_core::window::layout::ABI_HASH;
use vgpu_core::wire::PROTOCOL_VERSION;

use super::check::Check;
use super::probe::{self, Device, DeviceAnswer, Setting, SpeedAnswer, Task};
use super::surroundings::Surroundings;

const VISIBLE: &str = "CUDA_VISIBLE_DEVICES";
/// What refuses a guest of another version says so; see `vgpu_core::transport::handshake`.
const OTHER_VERSION: [&str; 2] = ["different versions of vgpu", "another version of vgpu"];
/// What stands before any reason that a vgpud gives.
const REFUSED: &str = "refused: ";
/// What stands before libcuda's own words about a GPU that it cannot reach.
const NO_GPU: &str = "no GPU: ";
const MEND_FIRST: &str = "mend what is named above first";
/// A library call that takes longer makes every program crawl.
const ROUND_TRIP_MAX: Duration = Duration::from_millis(1);

/// The process that asks.
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) program: &'a Path,
    pub(super) library_path: &'a OsStr,
    pub(super) limit: Duration,
}

impl<'a> Asker<'a> {
    fn setting(&self) -> Setting<'a> {
        let setting = Setting::new(self.program, self.library_path).within(self.limit);
        // Our libraries are silent unless told otherwise.
        if env::var_os("VGPU_LOG").is_some() { setting } else { setting.with("VGPU_LOG", "warn") }
    }
}

/// All checks of the device; and the devices.
pub(super) fn checks(asker: Asker<'_>, surroundings: &Surroundings) -> (Vec<Check>, Vec<Device>) {
    let (count, answer) = count(asker, surroundings);
    let mut checks = vec![count];
    let Some(answer) = answer else { return (checks, Vec::new()) };
    checks.push(earliest(&answer));
    checks.push(management(asker, &answer));
    checks.push(speed(asker));
    (checks, answer.devices)
}

/// Whether there is a device; and what was said about it, if so.
fn count(asker: Asker<'_>, surroundings: &Surroundings) -> (Check, Option<DeviceAnswer>) {
    let asked = env::var_os(SELECTION_VARIABLE).map(|value| format!("{SELECTION_VARIABLE}={}", value.display()));
    let check = Check::ok("device.count", "a CUDA device")
        .saw(asked.unwrap_or_else(|| format!("{SELECTION_VARIABLE} is not set")));
    let ask = |setting: &Setting<'_>| -> Result<(DeviceAnswer, Vec<String>), String> {
        let answer = probe::ask(setting, &Task::Device)?;
        let error = answer.error;
        let device = answer.device.ok_or_else(|| error.unwrap_or_else(|| "it gave no answer".into()))?;
        Ok((device, answer.said))
    };
    let (answer, said) = match ask(&asker.setting()) {
        Ok(answer) => answer,
        Err(why) => return (check.failed(why, MEND_FIRST), None),
    };
    if answer.count > 0 && answer.init == 0 {
        let version = answer.driver_version;
        let check = check.saw(format!("libcuda speaks CUDA {}.{}", version / 1000, version % 1000 / 10)).saw_all(
            answer.devices.iter().map(|device| {
                let (major, minor) = device.capability;
                format!(
                    "{} ({}), capability {major}.{minor}, {} MiB",
                    device.name,
                    device.uuid,
                    device.memory_bytes >> 20
                )
            }),
        );
        let check = match answer.runtime {
            Some((0, count)) if count == answer.count => check,
            Some((code, count)) => check.failed(
                format!("libcuda has {} devices, but libcudart says {code} and {count}", answer.count),
                "let both be vgpu's",
            ),
            None => check.warning("libcudart.so.12 is not found", MEND_FIRST),
        };
        return (check, Some(answer));
    }
    let check = check.saw(format!("cuInit says {}, and there are {} devices", answer.init, answer.count));
    let check = check.saw_all(said.iter().cloned());
    if let Some(value) = env::var_os(VISIBLE)
        && let Ok((all, _)) = ask(&asker.setting().without(VISIBLE))
        && all.count > 0
    {
        let check = check.saw_all(all.devices.iter().map(|device| format!("{} is {}", device.uuid, device.name)));
        let check = check.failed(
            format!("{VISIBLE}={} names none of the {} devices", value.display(), all.count),
            format!("unset {VISIBLE}"),
        );
        return (check, None);
    }
    (unreachable(check, &said, surroundings), None)
}

/// Why the libraries see no device: what libcuda `said` itself, else what a connection of this program's own says.
fn unreachable(check: Check, said: &[String], surroundings: &Surroundings) -> Check {
    let own = said.iter().find_map(|line| Some(line.split_once(NO_GPU)?.1.to_owned()));
    let cause = match (own, MonitorLink::connect(&Selection::from_env())) {
        (Some(cause), _) => cause,
        (None, Err(error)) => error.to_string(),
        (None, Ok(_)) => {
            return check.failed(
                "there is a GPU where the environment says, but the libcuda that is found does not see it",
                "let libcuda.so.1 be vgpu's, of the same build as the daemon",
            );
        }
    };
    if OTHER_VERSION.iter().any(|words| cause.contains(words)) {
        return check
            .saw(format!("this vgpu: version {}, {}", env!("CARGO_PKG_VERSION"), protocol()))
            .failed(cause, surroundings.fix_version());
    }
    if cause.contains(REFUSED) {
        return check.failed(
            cause,
            "vgpud is there: change what it refuses for (its flags, or the VGPU_ variables of an embedded one)",
        );
    }
    check.failed(cause, surroundings.fix())
}

/// What both ends must have alike.
fn protocol() -> String {
    format!("protocol {PROTOCOL_VERSION}, ABI hash {:016x}", ABI_HASH)
}

/// Ollama before 0.12.4 asked libcuda itself, and gave up on one that lacked any of its functions.
fn earliest(answer: &DeviceAnswer) -> Check {
    let check = Check::ok("device.earliest", "the functions by which Ollama before 0.12.4 knows a libcuda");
    match answer.lacks.first() {
        None => check,
        Some(_) => check.warning(
            format!("libcuda.so.1 lacks {}: such an Ollama passes it over", answer.lacks.join(", ")),
            "use a later Ollama, or another libcuda.so.1",
        ),
    }
}

/// Whether libnvidia-ml has the devices that libcuda has. Ollama does without it, but then asks others for the memory.
fn management(asker: Asker<'_>, device: &DeviceAnswer) -> Check {
    let check = Check::ok("device.nvml", "libnvidia-ml.so.1 has the same devices");
    let uuids: Vec<_> = device.devices.iter().map(|device| device.uuid.clone()).collect();
    const FIX: &str = "let libnvidia-ml.so.1 be vgpu's, of the same build as libcuda.so.1";
    let answer = match probe::ask(&asker.setting(), &Task::Management(&uuids)) {
        Ok(answer) => answer,
        Err(why) => return check.warning(why, FIX),
    };
    let Some(answer_of) = answer.management else {
        return check.saw_all(answer.said).warning(answer.error.unwrap_or_else(|| "it gave no answer".into()), FIX);
    };
    let check = check.saw(format!("driver {}", answer_of.driver)).saw_all(
        answer_of.devices.iter().filter(|managed| managed.error.is_none()).map(|managed| {
            format!("{}: {} of {} MiB free", managed.name, managed.free_bytes >> 20, managed.total_bytes >> 20)
        }),
    );
    for (managed, device) in answer_of.devices.iter().zip(&device.devices) {
        if let Some(error) = &managed.error {
            let has = if answer_of.uuids.is_empty() { "none".into() } else { answer_of.uuids.join(", ") };
            let cause =
                format!("libcuda has {}, but for that {error}; the devices of libnvidia-ml.so.1: {has}", device.uuid);
            return check.warning(cause, FIX);
        }
        // A real driver keeps some memory from CUDA's total.
        let (own, other) = (device.memory_bytes, managed.total_bytes);
        if own.abs_diff(other) > own / 8 {
            let cause = format!(
                "for {} libcuda says {} MiB, and libnvidia-ml.so.1 {} MiB",
                device.uuid,
                own >> 20,
                other >> 20
            );
            return check.warning(cause, FIX);
        }
    }
    check
}

/// How fast the device answers.
fn speed(asker: Asker<'_>) -> Check {
    let check = Check::ok("device.speed", "how fast the device answers");
    let (error, said) = match probe::ask(&asker.setting(), &Task::Speed) {
        Ok(answer) => match (answer.speed, answer.error) {
            (Some(speed), _) => return measured(check, &speed),
            (None, Some(error)) if error.ends_with("is missing") => return check.skipped(format!("libcuda: {error}")),
            (None, error) => (error.unwrap_or_else(|| "it gave no answer".into()), answer.said),
        },
        Err(failure) => (failure.to_string(), failure.said),
    };
    check.saw_all(said).failed(
        format!("the device is there, but does no work: {error}"),
        "look at what vgpud says (it logs to stderr), and start it again",
    )
}

fn measured(check: Check, speed: &SpeedAnswer) -> Check {
    let micros = |ns: u64| Duration::from_nanos(ns).as_secs_f64() * 1e6;
    let round_trip = Duration::from_nanos(speed.round_trip_ns);
    let check = check
        .saw(format!("a round trip takes {:.1} µs (median of {})", micros(speed.round_trip_ns), speed.calls))
        .saw_all(speed.copy.map(|(bytes, ns)| {
            let seconds = Duration::from_nanos(ns.max(1)).as_secs_f64();
            let gib = bytes as f64 / f64::from(1 << 30);
            format!("{} MiB to the device in {:.1} ms: {:.2} GiB/s", bytes >> 20, seconds * 1e3, gib / seconds)
        }));
    if round_trip > ROUND_TRIP_MAX {
        return check.warning(
            format!("a call that waits for the device takes {:.1} ms", micros(speed.round_trip_ns) / 1e3),
            "look what else this machine does, and for vgpud whether it has processors of its own",
        );
    }
    check
}
