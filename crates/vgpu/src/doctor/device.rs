//! The device itself: asked through the libraries that the loader finds, and, when they have none, through the connection
//! that they would use.

use std::env;
use std::ffi::OsStr;
use std::path::Path;

use vgpu_core::transport::{MonitorLink, SELECTION_VARIABLE, Selection};

use super::check::Check;
use super::probe::{self, DeviceAnswer, Task};

const VISIBLE: &str = "CUDA_VISIBLE_DEVICES";

/// Asks for devices in a process with `library_path`. The second result are their capabilities.
pub(super) fn check(program: &Path, library_path: &OsStr) -> (Check, Vec<(i32, i32)>) {
    let mut capabilities = Vec::new();
    let check = ask_for_devices(program, library_path, &mut capabilities);
    (check, capabilities)
}

fn ask_for_devices(program: &Path, library_path: &OsStr, capabilities: &mut Vec<(i32, i32)>) -> Check {
    let asked = env::var_os(SELECTION_VARIABLE).map(|value| format!("{SELECTION_VARIABLE}={}", value.display()));
    let check = Check::ok("device.count", "a CUDA device")
        .saw(asked.unwrap_or_else(|| format!("{SELECTION_VARIABLE} is not set")));
    let ask = |without: &[&str]| -> Result<DeviceAnswer, String> {
        let answer = probe::ask(program, &Task::Device, library_path, without)?;
        answer.device.ok_or_else(|| answer.error.unwrap_or_else(|| "it gave no answer".into()))
    };
    const FIRST: &str = "mend what is named above first";
    let answer = match ask(&[]) {
        Ok(answer) => answer,
        Err(why) => return check.failed(why, FIRST),
    };
    if answer.count > 0 && answer.init == 0 {
        capabilities.extend(answer.devices.iter().map(|device| device.capability));
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
        return match answer.runtime {
            Some((0, count)) if count == answer.count => check,
            Some((code, count)) => check.failed(
                format!("libcuda has {} devices, but libcudart says {code} and {count}", answer.count),
                "let both be vgpu's",
            ),
            None => check.warning("libcudart.so.12 is not found", FIRST),
        };
    }
    let check = check.saw(format!("cuInit says {}, and there are {} devices", answer.init, answer.count));
    if let Some(value) = env::var_os(VISIBLE)
        && let Ok(all) = ask(&[VISIBLE])
        && all.count > 0
    {
        let check = check.saw_all(all.devices.iter().map(|device| format!("{} is {}", device.uuid, device.name)));
        return check.failed(
            format!("{VISIBLE}={} names none of the {} devices", value.display(), all.count),
            format!("unset {VISIBLE}"),
        );
    }
    match MonitorLink::connect(&Selection::from_env()) {
        Err(error) => check.failed(
            error.to_string(),
            format!("start vgpud, or set {SELECTION_VARIABLE} to where it listens (`embedded` needs no daemon)"),
        ),
        Ok(_) => check.failed(
            "there is a GPU where the environment says, but the libcuda that is found does not see it",
            "let libcuda.so.1 be vgpu's, of the same build as the daemon",
        ),
    }
}
