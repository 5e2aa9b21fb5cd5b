//! What executes in this process: software GPUs, or the GPUs of the host's driver.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use vgpu_core::host::{ImageStore, MemoryLedger, Quota};
use vgpu_core::window::Arena;
use vgpu_core::wire::messages::{DeviceInfo, DeviceInfoReply, StatisticsReply};
use vgpu_core::wire::{Completions, Executor};
use vgpu_driver::{Driver, DriverDevice, OpenError, Setup, Standard, Wanted};

use crate::observer::Nobody;
use crate::settings::{Bytes, Choice, DeviceSettings};
use crate::{device, nested};

/// How an error begins that keeps the driver from executing. A [`probe`](crate::probe) says so in another process, whose
/// words are looked through for it.
pub(crate) const UNUSABLE: &str = "the driver's GPUs cannot be used";

/// What executes, chosen and opened.
pub(crate) enum Gpu {
    /// Software GPUs.
    Soft,
    /// The driver.
    Driver(Arc<Driver>),
}

/// The devices of one guest.
pub(crate) struct Device {
    /// What its records are handed to.
    pub(crate) executor: Box<dyn Executor>,
    /// Reads what it has executed so far.
    pub(crate) counts: Box<dyn Fn() -> StatisticsReply + Send>,
    /// The addresses of its memory, where it does not keep them itself: to be dropped after it.
    pub(crate) arena: Option<Arena>,
}

impl Gpu {
    /// Opens what the settings name; what `auto` means here is found out by a [`probe`](crate::probe) before.
    ///
    /// # Errors
    /// When the driver does not work.
    pub(crate) fn open(settings: &DeviceSettings) -> Result<Self> {
        let gpu = match settings.device {
            Choice::Soft => return Ok(Self::Soft),
            Choice::Driver(gpu) => gpu,
            Choice::Auto => None,
        };
        let driver = open_driver(settings, gpu).context(UNUSABLE)?;
        Ok(Self::Driver(Arc::new(driver)))
    }

    /// All devices, as guests are told of them.
    ///
    /// # Errors
    /// When there can be no such device: better known at start than at the first guest.
    pub(crate) fn describe(&self, settings: &DeviceSettings) -> Result<Vec<DeviceInfoReply>> {
        match self {
            Self::Driver(driver) => {
                let mut gpus = driver.describe_gpus().context("the driver does not describe its GPUs")?;
                let quota_bytes = settings.device_memory.map_or(u64::MAX, |Bytes(bytes)| bytes);
                gpus.iter_mut().for_each(|gpu| gpu.total_mem_bytes = gpu.total_mem_bytes.min(quota_bytes));
                Ok(gpus)
            }
            Self::Soft => {
                let quota = |bytes| Arc::new(Quota::new(bytes)) as Arc<dyn MemoryLedger>;
                let quotas = self.memory_bytes(settings)?.into_iter().map(quota).collect();
                let settings = DeviceSettings { threads: 1, ..settings.clone() };
                let mut device = device::open(&settings, quotas, None, Arc::new(Nobody))?;
                let questions = (0..settings.devices).map(|device| DeviceInfo { device, reserved: 0 });
                let infos = questions.map(|question| device.device_info(0, &question, &[]).map(|info| info.reply));
                infos.collect::<Result<_, _>>().context("the device does not describe itself")
            }
        }
    }

    /// Memory of each device, for all guests together.
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub(crate) fn memory_bytes(&self, settings: &DeviceSettings) -> Result<Vec<u64>> {
        match self {
            Self::Soft => Ok(vec![settings.soft_memory_bytes(); settings.devices as usize]),
            Self::Driver(_) => Ok(self.describe(settings)?.iter().map(|device| device.total_mem_bytes).collect()),
        }
    }

    /// Makes a guest's devices, each with a ledger for its memory. A driver prints to where `standard` leads. `arena` keeps the
    /// addresses where their memory belongs, if there are any.
    ///
    /// # Errors
    /// When the settings name a device that cannot be, or the system has no room.
    pub(crate) fn start(
        &self,
        settings: &DeviceSettings,
        ledgers: Vec<Arc<dyn MemoryLedger>>,
        images: Option<Arc<dyn ImageStore>>,
        completions: Arc<dyn Completions>,
        standard: Option<Standard>,
        arena: Option<Arena>,
    ) -> Result<Device> {
        match self {
            Self::Soft => {
                let device = device::open(settings, ledgers, images, completions)?;
                Ok(Device { counts: Box::new(device.counts()), executor: Box::new(device), arena })
            }
            Self::Driver(driver) => {
                let signals = settings.completions.0;
                let setup = Setup { ledgers, images, completions, standard, arena, signals };
                let device = DriverDevice::new(Arc::clone(driver), setup);
                let device = device.context("threads for the driver's work")?;
                Ok(Device { counts: Box::new(device.counts()), executor: Box::new(device), arena: None })
            }
        }
    }
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
