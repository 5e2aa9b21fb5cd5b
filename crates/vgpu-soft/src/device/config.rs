//! How a device is set up: what an operator or a program chooses of it.

use std::sync::Arc;
use std::time::Duration;

use vgpu_core::host::{ImageStore, MemoryLedger, Quota};

use crate::exec::Schedule;

/// Memory of a device when nobody says.
const MEMORY_BYTES: u64 = 8 << 30;

/// How a device is set up.
#[derive(Clone)]
pub struct Config {
    /// Major and minor.
    pub compute_capability: (u32, u32),
    /// The devices, at least one. All are alike but for what tells them apart.
    pub devices: Vec<Identity>,
    /// Memory of each device.
    pub memory_bytes: u64,
    /// Worker threads that run kernels.
    pub threads: usize,
    /// The warps' turns.
    pub schedule: Schedule,
    /// Check shared memory accesses for races between warps (slow).
    pub race_check: bool,
    /// Check accesses against the bytes that were asked for, and tell of each one outside of them while the kernel goes on (slow).
    pub memory_check: bool,
    /// The device's name.
    pub name: String,
    /// Reported number; programs size their grids by it.
    pub multiprocessors: u32,
    /// What `cuDriverGetVersion` reports, 1000 × major + 10 × minor.
    pub driver_version: u32,
    /// Who keeps images; nobody does without.
    pub images: Option<Arc<dyn ImageStore>>,
    /// After so long a launch fails; `None` for never.
    pub launch_timeout: Option<Duration>,
    /// The guest is this process itself: what it says of its memory is true of ours.
    pub is_in_guest: bool,
}

/// What tells one of several devices from the others.
#[derive(Clone)]
pub struct Identity {
    /// Stable across processes.
    pub uuid: [u8; 16],
    /// Domain, bus, device.
    pub pci: (u32, u32, u32),
    /// Who grants its memory.
    pub ledger: Arc<dyn MemoryLedger>,
}

impl Default for Identity {
    /// The first slot of the first bus, and 8 GiB that nobody shares.
    fn default() -> Self {
        Self { uuid: *b"vgpu-software-00", pci: (0, 1, 0), ledger: Arc::new(Quota::new(MEMORY_BYTES)) }
    }
}

impl Default for Config {
    /// A capability 7.5 device with 8 GiB and one thread.
    fn default() -> Self {
        Self {
            devices: vec![Identity::default()],
            compute_capability: (7, 5),
            memory_bytes: MEMORY_BYTES,
            threads: 1,
            schedule: Schedule::Interleaved { ops: 4 },
            race_check: false,
            memory_check: false,
            name: "vgpu software GPU".to_owned(),
            multiprocessors: 8,
            driver_version: 12_080,
            images: None,
            launch_timeout: None,
            is_in_guest: false,
        }
    }
}
