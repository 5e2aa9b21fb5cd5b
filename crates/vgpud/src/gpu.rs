//! What executes in this process: the software GPU, or the GPUs of the host's driver.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use vgpu_core::host::{ImageStore, MemoryLedger, Quota};
use vgpu_core::window::Arena;
use vgpu_core::wire::messages::{DeviceInfo, DeviceInfoReply, StatisticsReply};
use vgpu_core::wire::{Completions, Executor};
use vgpu_driver::{Driver, DriverDevice, OpenError, Setup, Standard, Wanted};

use crate::observer::Nobody;
use crate::settings::{Choice, DeviceSettings};
use crate::{device, nested};

/// Memory of the software GPU when nobody says.
pub(crate) const SOFT_MEMORY_BYTES: u64 = 8 << 30;

/// What executes, chosen and opened.
pub enum Gpu {
    /// The software GPU.
    Soft,
    /// The driver.
    Driver(Arc<Driver>),
}

/// A device for one guest.
pub struct Device {
    /// What its records are handed to.
    pub executor: Box<dyn Executor>,
    /// Reads what it has executed so far.
    pub counts: Box<dyn Fn() -> StatisticsReply + Send>,
    /// The addresses of its memory, where it does not keep them itself: to be dropped after it.
    pub arena: Option<Arena>,
}

impl Gpu {
    /// Opens what the settings ask for. For `auto` that is the software GPU where the driver has nothing to offer.
    ///
    /// # Errors
    /// When the driver is asked for and does not work.
    pub fn choose(settings: &DeviceSettings) -> Result<Self> {
        let opened = |gpu| open_driver(settings, gpu).map(|driver| Self::Driver(Arc::new(driver)));
        match settings.device {
            Choice::Soft => Ok(Self::Soft),
            Choice::Driver(gpu) => opened(gpu).context("the driver's GPUs cannot be used"),
            Choice::Auto => Ok(opened(None).unwrap_or_else(|reason| {
                log_fallback(&reason);
                Self::Soft
            })),
        }
    }

    /// All devices, as guests are told of them but for their quota.
    ///
    /// # Errors
    /// When there can be no such device: better known at start than at the first guest.
    pub fn describe(&self, settings: &DeviceSettings) -> Result<Vec<DeviceInfoReply>> {
        match self {
            Self::Driver(driver) => driver.describe_gpus().context("the driver does not describe its GPUs"),
            Self::Soft => {
                let settings = DeviceSettings { threads: 1, ..settings.clone() };
                let quota = Arc::new(Quota::new(settings.memory_bytes.unwrap_or(SOFT_MEMORY_BYTES)));
                let mut device = device::open(&settings, SOFT_MEMORY_BYTES, quota, None, Arc::new(Nobody))?;
                let question = DeviceInfo { device: 0, reserved: 0 };
                let info = device.device_info(0, &question, &[]).context("the device does not describe itself")?;
                Ok(vec![info.reply])
            }
        }
    }

    /// Device memory of all guests together.
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub fn memory_bytes(&self, settings: &DeviceSettings) -> Result<u64> {
        match (settings.memory_bytes, self) {
            (Some(bytes), _) => Ok(bytes),
            (None, Self::Soft) => Ok(SOFT_MEMORY_BYTES),
            (None, Self::Driver(_)) => Ok(total_bytes(&self.describe(settings)?)),
        }
    }

    /// Makes a guest's device. A driver's prints to where `standard` leads. `arena` keeps the addresses where its memory belongs,
    /// if there are any.
    ///
    /// # Errors
    /// When the settings name a device that cannot be, or the system has no room.
    pub fn open(
        &self,
        settings: &DeviceSettings,
        ledger: Arc<dyn MemoryLedger>,
        images: Option<Arc<dyn ImageStore>>,
        completions: Arc<dyn Completions>,
        standard: Option<Standard>,
        arena: Option<Arena>,
    ) -> Result<Device> {
        match self {
            Self::Soft => {
                let memory_bytes = self.memory_bytes(settings)?;
                let device = device::open(settings, memory_bytes, ledger, images, completions)?;
                Ok(Device { counts: Box::new(device.counts()), executor: Box::new(device), arena })
            }
            Self::Driver(driver) => {
                let signals = settings.completions.0;
                let setup = Setup { ledger, images, completions, standard, arena, signals };
                let device = DriverDevice::new(Arc::clone(driver), setup);
                let device = device.context("threads for the driver's work")?;
                Ok(Device { counts: Box::new(device.counts()), executor: Box::new(device), arena: None })
            }
        }
    }
}

/// The memory of several devices together.
pub fn total_bytes(devices: &[DeviceInfoReply]) -> u64 {
    devices.iter().map(|device| device.total_mem_bytes).sum()
}

/// Says that the software GPU takes the place of the driver's.
pub fn log_fallback(reason: &dyn std::fmt::Display) {
    log::info!("the software GPU executes: {reason}");
}

fn open_driver(settings: &DeviceSettings, gpu: Option<u32>) -> Result<Driver, OpenError> {
    let own = |name| settings.nested.then(|| own_library(name)).flatten();
    let driver = Driver::open(&Wanted {
        driver: settings.driver_library.clone().or_else(|| own("libcuda.so.1")),
        blas: settings.cublas_library.clone().or_else(|| own("libcublas.so.12")),
        gpu,
        nested: settings.nested.then(|| nested::executor(settings)),
    })?;
    log::info!("the driver executes: {}", driver.describe());
    Ok(driver)
}

/// One of our libraries, in `lib` beside the folder that this program is in.
fn own_library(name: &str) -> Option<PathBuf> {
    Some(std::env::current_exe().ok()?.ancestors().nth(2)?.join("lib").join(name))
}
