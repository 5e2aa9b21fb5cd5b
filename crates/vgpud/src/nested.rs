//! The software GPU under our own libcuda, where that is taken for a driver: in this process, which is its guest.

use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use vgpu_core::host::{self, HostWindow, MemoryLedger, Quota};
use vgpu_core::transport::handshake::{self, ConnectionKind, Introduction};
use vgpu_core::transport::socket::Socket;
use vgpu_core::window::WindowConfig;
use vgpu_core::wire::Completions;
use vgpu_driver::Nested;
use vgpu_soft::device::{Config, SoftDevice};

use crate::device;
use crate::settings::DeviceSettings;

/// Serves our libcuda with a software GPU of these settings.
pub(crate) fn executor(settings: &DeviceSettings) -> Nested {
    let settings = Arc::new(settings.clone());
    Nested::new(move |connection| {
        let settings = Arc::clone(&settings);
        let serve = move || {
            if let Err(error) = serve(&Socket::from(connection), &settings) {
                log::error!("the software GPU in the driver's place: {error:#}");
            }
        };
        if let Err(error) = thread::Builder::new().name("vgpu-nested".to_owned()).spawn(serve) {
            log::error!("the software GPU in the driver's place gets no thread: {error}");
        }
    })
}

fn serve(socket: &Socket, settings: &DeviceSettings) -> Result<()> {
    let introduction = handshake::receive_hello(socket, false).context("the greeting")?;
    let prepared =
        prepare(&introduction, settings).inspect_err(|error| handshake::refuse(socket, &format!("{error:#}")));
    let (window, mut device) = prepared?;
    handshake::welcome(socket, Some(window.object()))?;
    host::serve(&window, &mut device).map_err(|error| anyhow!(error))
}

fn prepare(introduction: &Introduction, settings: &DeviceSettings) -> Result<(Arc<HostWindow>, SoftDevice)> {
    ensure!(introduction.kind == ConnectionKind::Compute, "there is nothing to observe here");
    // The guest's reservation is this process's, and stays.
    let arena = introduction.arenas.into_iter().find(|range| range.is_sound()).context("no addresses")?;
    let config = WindowConfig { pinned_bytes: settings.pinned_bytes(), ..WindowConfig::default() };
    let window = Arc::new(HostWindow::create(&config, arena)?);
    let memory_bytes = settings.soft_memory_bytes();
    let ledgers = (0..settings.devices).map(|_| Arc::new(Quota::new(memory_bytes)) as Arc<dyn MemoryLedger>);
    let config = Config { is_in_guest: true, ..device::config(settings, ledgers.collect(), None) };
    let device = SoftDevice::new(config, Arc::clone(&window) as Arc<dyn Completions>)?;
    Ok((window, device))
}
