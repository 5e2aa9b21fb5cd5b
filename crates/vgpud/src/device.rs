//! Makes software GPUs.

use std::sync::Arc;

use anyhow::{Context, Result};
use vgpu_core::host::{ImageStore, MemoryLedger};
use vgpu_core::wire::Completions;
use vgpu_soft::device::{Config, Identity, SoftDevice};
use vgpu_soft::exec::Schedule as Order;

use crate::settings::{DeviceSettings, Schedule, Seconds};

/// Instructions after which the next warp has its turn.
const INTERLEAVED_OPS: u32 = 4;

/// Sets up the devices, one for each ledger.
///
/// # Errors
/// When the settings name a device that cannot be, or the system has no room.
pub(crate) fn open(
    settings: &DeviceSettings,
    ledgers: Vec<Arc<dyn MemoryLedger>>,
    images: Option<Arc<dyn ImageStore>>,
    completions: Arc<dyn Completions>,
) -> Result<SoftDevice> {
    SoftDevice::new(config(settings, ledgers, images), completions).context("the device cannot be set up")
}

/// How they are set up.
pub(crate) fn config(
    settings: &DeviceSettings,
    ledgers: Vec<Arc<dyn MemoryLedger>>,
    images: Option<Arc<dyn ImageStore>>,
) -> Config {
    let (host, capability) = (host_identity(), settings.compute_capability.to_string());
    let devices = (0..).zip(ledgers).map(|(index, ledger)| Identity {
        uuid: uuid(&host, index, &capability),
        pci: (0, 1 + index, 0),
        ledger,
    });
    Config {
        devices: devices.collect(),
        compute_capability: (settings.compute_capability.0, settings.compute_capability.1),
        memory_bytes: settings.soft_memory_bytes(),
        threads: settings.threads as usize,
        schedule: match settings.schedule {
            Schedule::Interleaved => Order::Interleaved { ops: INTERLEAVED_OPS },
            Schedule::ToBarrier => Order::ToBarrier,
        },
        race_check: settings.racecheck,
        memory_check: settings.memcheck,
        multiprocessors: settings.multiprocessors,
        launch_timeout: settings.launch_timeout.map(Seconds::duration),
        images,
        ..Config::default()
    }
}

/// Text that names this machine and stays.
fn host_identity() -> String {
    ["/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostname"]
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .map(|text| text.trim().to_owned())
        .find(|text| !text.is_empty())
        .unwrap_or_else(|| "vgpu".to_owned())
}

/// A device's UUID: the same for every process on a host, another for another host, device or capability.
/// Version 8 of RFC 9562: bits of our own making.
fn uuid(host: &str, index: u32, profile: &str) -> [u8; 16] {
    let text = format!("vgpu software GPU/{host}/{index}/{profile}");
    let hash = |seed: u64| {
        let mixed = text.bytes().fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        // A final mix, so that every bit depends on every byte.
        let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53)
    };
    let mut uuid = [0; 16];
    uuid[..8].copy_from_slice(&hash(0xcbf2_9ce4_8422_2325).to_be_bytes());
    uuid[8..].copy_from_slice(&hash(0x8422_2325_cbf2_9ce4).to_be_bytes());
    uuid[6] = uuid[6] & 0x0f | 0x80;
    uuid[8] = uuid[8] & 0x3f | 0x80;
    uuid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_stays_and_tells_devices_apart() {
        let one = uuid("host", 0, "7.5");
        assert_eq!(one, uuid("host", 0, "7.5"));
        let others = [uuid("host", 1, "7.5"), uuid("tsoh", 0, "7.5"), uuid("host", 0, "8.0")];
        assert!(others.iter().all(|other| *other != one));
        assert_eq!((one[6] >> 4, one[8] >> 6), (8, 2));
    }
}
