//! What monitors (nvidia-smi, nvtop) are told: the device's properties, memory in use, and by whom.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;
use vgpu_core::reading::{Reading, ReadingReply};
use vgpu_core::transport::ProcessUse;
use vgpu_core::transport::monitor::Observed;
use vgpu_core::wire::messages::{DeviceInfoReply, MemInfoReply};
use vgpu_core::wire::{Completions, EventSlot, Seq, Span, StreamSlot};
use vgpu_core::{CuError, CuResult};

use crate::ledger::Ledger;
use crate::sensors::Sensors;
use crate::settings::{Choice, DeviceSettings};

/// The daemon's knowledge of its device and guests.
#[derive(Debug)]
pub(crate) struct Observer {
    devices: Vec<DeviceInfoReply>,
    ledger: Arc<Ledger>,
    sensors: Sensors,
    /// Process of the guest in each line of the ledger.
    guests: Mutex<BTreeMap<u32, u32>>,
}

impl Observer {
    /// An observer of these devices.
    pub(crate) fn new(settings: &DeviceSettings, devices: Vec<DeviceInfoReply>, ledger: Arc<Ledger>) -> Self {
        let sensors = match settings.device {
            Choice::Soft => Sensors::none(settings),
            _ => Sensors::new(settings, &devices),
        };
        Self { devices, ledger, sensors, guests: Mutex::default() }
    }

    /// A guest has come.
    pub(crate) fn enter(&self, slot: u32, pid: u32) {
        self.guests.lock().insert(slot, pid);
    }

    /// A guest has gone.
    pub(crate) fn leave(&self, slot: u32) {
        self.guests.lock().remove(&slot);
        self.ledger.clear(slot);
    }
}

impl Observed for Observer {
    fn device(&self, device: u32) -> CuResult<DeviceInfoReply> {
        self.devices.get(device as usize).copied().ok_or(CuError::INVALID_DEVICE)
    }

    fn memory(&self, device: u32) -> CuResult<MemInfoReply> {
        let total_bytes = self.device(device)?.total_mem_bytes;
        Ok(MemInfoReply { free_bytes: total_bytes.saturating_sub(self.ledger.used_for_good(device)), total_bytes })
    }

    fn processes(&self, device: u32) -> CuResult<Vec<ProcessUse>> {
        self.device(device)?;
        let guests = self.guests.lock();
        let line = |(slot, pid): (&u32, &u32)| ProcessUse {
            pid: *pid,
            reserved: 0,
            used_bytes: self.ledger.used_bytes(*slot, device),
        };
        // Of several devices a guest uses those that it has memory of, as far as anybody knows.
        let uses = |process: &ProcessUse| self.devices.len() == 1 || process.used_bytes > 0;
        Ok(guests.iter().map(line).filter(uses).collect())
    }

    fn reading(&self, device: u32, reading: Reading, argument: u32) -> ReadingReply {
        self.sensors.read(device, reading, argument)
    }
}

/// Completions of a device that gets no work.
pub(crate) struct Nobody;

impl Completions for Nobody {
    fn retire(&self, _: StreamSlot, _: Seq) {}

    fn event_reached(&self, _: EventSlot, _: u64) {}

    fn event_ns(&self, _: EventSlot) -> u64 {
        0
    }

    fn fail(&self, error: CuError, detail: &str) {
        log::error!("a device without work failed: {error:?}: {detail}");
    }

    fn refuse(&self, _: Seq, _: CuError, _: &str) {}

    fn call_host(&self, _: u64) -> u64 {
        0
    }

    fn host_calls_done(&self) -> u64 {
        0
    }

    fn output_waits(&self) {}

    fn span(&self, _: Span) -> CuResult<*mut u8> {
        Err(CuError::INVALID_VALUE)
    }

    fn pinned_heap(&self) -> Range<u64> {
        0..0
    }

    fn device_arena(&self) -> Range<u64> {
        0..0
    }

    fn staging(&self) -> Range<u64> {
        0..0
    }
}
