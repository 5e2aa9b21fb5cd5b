//! The host's NVML, asked in a process of its own: like the driver it may hang or crash, and the daemon must do neither.

use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use parking_lot::Mutex;
use vgpu_core::abi::nvml::nvmlReturn_t;
use vgpu_core::reading::{Reading, ReadingReply, uuid_text};
use vgpu_core::transport::ProcessUse;
use vgpu_core::transport::monitor::{self, MonitorLink, Observed};
use vgpu_core::transport::socket::Socket;
use vgpu_core::wire::messages::{DeviceInfoReply, MemInfoReply};
use vgpu_core::{CuError, CuResult};
use vgpu_driver::Nvml;

use crate::cli::SensorsOptions;
use crate::environment::{self, JitCache};
use crate::settings::DeviceSettings;
use crate::watch;

/// Longer than NVML takes to start.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// After a process that did not answer, guests hear that nothing is supported for so long.
const REST: Duration = Duration::from_secs(30);

/// Whom guests' monitors are answered by.
#[derive(Debug)]
pub(crate) struct Sensors {
    settings: DeviceSettings,
    uuids: Vec<String>,
    state: Mutex<State>,
}

enum State {
    /// There is nothing to ask.
    Absent,
    /// Nobody has asked yet, or not for a while after a failure.
    Idle,
    Running(Child, MonitorLink),
    Resting(Instant),
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::Idle => "Idle",
            Self::Running(..) => "Running",
            Self::Resting(_) => "Resting",
        })
    }
}

impl Sensors {
    /// Of software GPUs, which have none.
    pub(crate) fn none(settings: &DeviceSettings) -> Self {
        Self { settings: settings.clone(), uuids: Vec::new(), state: Mutex::new(State::Absent) }
    }

    /// Of the driver's GPUs.
    pub(crate) fn new(settings: &DeviceSettings, devices: &[DeviceInfoReply]) -> Self {
        let uuids = devices.iter().map(|device| uuid_text(device.uuid)).collect();
        Self { settings: settings.clone(), uuids, state: Mutex::new(State::Idle) }
    }

    /// What the host's NVML says of one of the devices.
    pub(crate) fn read(&self, device: u32, reading: Reading, argument: u32) -> ReadingReply {
        let mut state = self.state.lock();
        if let State::Resting(since) = &*state
            && since.elapsed() >= REST
        {
            *state = State::Idle;
        }
        if let State::Idle = &*state {
            *state = self.start().map_or_else(
                |error| {
                    log::warn!("the host's NVML cannot be asked: {error:#}");
                    State::Absent
                },
                |(child, link)| State::Running(child, link),
            );
        }
        let State::Running(child, link) = &mut *state else {
            return ReadingReply::NOT_SUPPORTED;
        };
        if let Ok(reply) = link.reading(device, reading, argument) {
            return reply;
        }
        // One that has ended by itself has said why; one that hangs may do better later.
        let ended = matches!(child.try_wait(), Ok(Some(_)));
        end(child);
        *state = if ended { State::Absent } else { State::Resting(Instant::now()) };
        match ended {
            true => ReadingReply::NOT_SUPPORTED,
            false => ReadingReply::refused(nvmlReturn_t::NVML_ERROR_TIMEOUT.0),
        }
    }

    fn start(&self) -> Result<(Child, MonitorLink)> {
        let (ours, theirs) = Socket::pair().context("a socket")?;
        ours.set_timeout(Some(ANSWER_MAX)).context("a socket")?;
        let mut command = Command::new("/proc/self/exe");
        command.arg0("vgpud");
        environment::make(&mut command, &self.settings, JitCache::None);
        command.arg("sensors").args(self.uuids.iter().map(|uuid| format!("--gpu={uuid}")));
        command.args(self.settings.nvml_library.iter().map(|path| format!("--nvml-library={}", path.display())));
        let child = command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null()).spawn();
        Ok((child.context("a process that asks NVML")?, MonitorLink::over(ours)))
    }
}

impl Drop for Sensors {
    fn drop(&mut self) {
        if let State::Running(child, _) = self.state.get_mut() {
            end(child);
        }
    }
}

fn end(child: &mut Child) {
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

/// The process that asks: answers on its standard input until that is closed.
///
/// # Errors
/// When there is no NVML.
pub(crate) fn run(options: &SensorsOptions) -> Result<()> {
    let socket = Socket::from(rustix::io::dup(std::io::stdin()).context("the daemon's connection")?);
    // Its connection's end is not seen while NVML hangs.
    watch::end_with_process(&socket)?;
    let library: Option<&PathBuf> = options.nvml_library.as_ref();
    let nvml = Nvml::open(library.map(PathBuf::as_path), &options.gpu)
        .map_err(|reason| anyhow!("clocks, temperatures and the like are not known: {reason}"))?;
    monitor::serve(&socket, &Host(nvml)).context("the daemon's connection")
}

/// Only readings are asked for.
struct Host(Nvml);

impl Observed for Host {
    fn device(&self, _: u32) -> CuResult<DeviceInfoReply> {
        Err(CuError::NOT_SUPPORTED)
    }

    fn memory(&self, _: u32) -> CuResult<MemInfoReply> {
        Err(CuError::NOT_SUPPORTED)
    }

    fn processes(&self, _: u32) -> CuResult<Vec<ProcessUse>> {
        Err(CuError::NOT_SUPPORTED)
    }

    fn reading(&self, device: u32, reading: Reading, argument: u32) -> ReadingReply {
        self.0.read(device, reading, argument)
    }
}
