//! Which of the devices that a backend has Ollama takes.

use std::collections::BTreeSet;

use super::super::architectures;
use super::super::probe::{BackendAnswer, BackendDevice};
use super::era::Era;
use super::folders::{self, Folder};

/// The folder whose devices are held against the driver's version.
const JUDGED_BY_DRIVER: &str = "cuda_v12";
const RUNTIME_STEM: &str = "libcudart.so.12.";

/// What becomes of a device.
pub(super) enum Verdict {
    Taken,
    /// Taken, with a warning in the log.
    TakenWith(String),
    PassedOver {
        cause: String,
        fix: String,
    },
}

/// Judges a device of the first look.
pub(super) fn judge(era: Era, folder: &Folder, answer: &BackendAnswer, device: &BackendDevice) -> Verdict {
    let (major, minor) = device.driver.capability;
    if era == Era::LlamaServer && device.total_bytes >> 20 == 0 {
        return Verdict::PassedOver {
            cause: "the device has no memory, and Ollama takes none without".into(),
            fix: "give the device memory: VGPU_DEVICE_MEMORY, or the daemon's --device-memory".into(),
        };
    }
    let own = u32::try_from(major.saturating_mul(10).saturating_add(minor)).unwrap_or(0);
    let compiled = answer.architectures.as_deref().map(parse).or_else(|| architectures::compiled(&folder.backend));
    if let Some(compiled) = compiled.filter(|compiled| !compiled.contains(&own)) {
        let consequence = match era {
            Era::Runner => "its backend aborts in the second look",
            Era::LlamaServer => "Ollama skips it: compute capability not in compiled architectures",
        };
        return Verdict::PassedOver {
            cause: format!("capability {major}.{minor} is none of {compiled:?}, so {consequence}"),
            fix: architectures::FIX.into(),
        };
    }
    if era == Era::Runner || folder.name != JUDGED_BY_DRIVER {
        return Verdict::Taken;
    }
    let driver = match &answer.driver {
        Some(Ok(version)) => version,
        Some(Err(why)) => return unverified(why),
        None => return unverified("nobody asked"),
    };
    let Some(driver_major) = number(driver) else { return unverified(&format!("{driver:?} is no version")) };
    let names = folders::names(&folder.path);
    let Some((runtime, least)) = names.iter().find_map(|name| Some((name, least_driver(name, major)?))) else {
        return Verdict::Taken;
    };
    if driver_major < least {
        return Verdict::PassedOver {
            cause: format!(
                "NVIDIA driver too old: libnvidia-ml.so.1 says {driver}, and Ollama wants {least} or later for a device \
                 of capability {major}.{minor} with {runtime}"
            ),
            fix: "let libnvidia-ml.so.1 be vgpu's; its driver version follows from the CUDA version of the daemon"
                .into(),
        };
    }
    Verdict::Taken
}

fn unverified(why: &str) -> Verdict {
    Verdict::TakenWith(format!("could not verify NVIDIA driver compatibility for CUDA ({why})"))
}

/// The least driver that Ollama wants with a runtime, which it knows by the name of the file.
fn least_driver(runtime: &str, capability_major: i32) -> Option<u32> {
    let minor = number(runtime.strip_prefix(RUNTIME_STEM)?)?;
    match minor {
        8.. if capability_major < 7 => Some(570),
        4.. => Some(550),
        _ => None,
    }
}

/// The number with which a text begins.
fn number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

/// A backend's list, from 100 × major + 10 × minor to 10 × major + minor.
fn parse(list: &str) -> BTreeSet<u32> {
    list.split(',').filter_map(|entry| Some(number(entry.trim())? / 10)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_driver_follows_from_the_runtimes_name_and_the_capability() {
        assert_eq!(least_driver("libcudart.so.12.8.90", 7), Some(550));
        assert_eq!(least_driver("libcudart.so.12.8.90", 6), Some(570));
        assert_eq!(least_driver("libcudart.so.12.4.127", 6), Some(550));
        assert_eq!(least_driver("libcudart.so.12.3.1", 6), None);
        for name in ["libcudart.so.12", "libcudart.so.12.", "libcudart.so.12.x", "libcudart.so.13.0.1"] {
            assert_eq!(least_driver(name, 7), None, "{name}");
        }
    }

    #[test]
    fn a_backends_list_is_read_and_nonsense_is_left_out() {
        assert_eq!(parse("500,610,750, 1200"), BTreeSet::from([50, 61, 75, 120]));
        assert_eq!(parse("900a,,x,99999999999999"), BTreeSet::from([90]));
    }
}
