//! Serving: opens the doors, lets guests in until told to end.

use std::path::Path;

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::SocketType;

use crate::cache_folder::CacheFolder;
use crate::cli::ServeOptions;
use crate::daemon::Daemon;
use crate::door::Door;
use crate::listener::Listener;
use crate::settings::ServeSettings;
use crate::{signals, vfio_user};

/// Serves until told to end.
///
/// # Errors
/// When the settings make no sense or a socket cannot be had.
pub fn run(options: &ServeOptions) -> Result<()> {
    let settings = ServeSettings::new(options)?;
    // Before any thread starts, so that all of them leave the signals to this one.
    let signals = signals::ending_signals().context("signals")?;
    // Dropped by this function, and so removed, whatever other threads are doing.
    let images = (settings.module_cache_bytes > 0).then(CacheFolder::create).transpose()?;
    let image_flags = images.iter().flat_map(|folder| folder.flags(settings.module_cache_bytes));
    let daemon = Daemon::new(settings.device, settings.max_guests, image_flags)?;
    let open = |path: &Path, kind| Door::open(path, settings.socket_mode.0, kind);
    // Every door is opened before anybody is let in, so that a daemon that cannot serve them all serves nobody.
    let door = settings.socket.as_deref().map(|path| open(path, SocketType::SEQPACKET)).transpose()?;
    let functions = settings.functions.sockets.iter();
    let functions = functions.map(|path| Ok((path, open(path, SocketType::STREAM)?))).collect::<Result<Vec<_>>>()?;
    for (path, door) in &functions {
        vfio_user::start(path, door, &daemon, &settings.functions)?;
        log::info!("a PCI function waits for its VM on {}", path.display());
    }
    if let Some(path) = &settings.socket {
        log::info!("listening on {}", path.display());
    }
    let listener = Listener::new(daemon.clone());
    loop {
        let mut polls = vec![PollFd::new(&signals, PollFlags::IN)];
        polls.extend(door.as_ref().map(|door| PollFd::new(door.listener(), PollFlags::IN)));
        match poll(&mut polls, None) {
            Err(rustix::io::Errno::INTR) => continue,
            result => result.context("waiting for guests")?,
        };
        if !polls[0].revents().is_empty() {
            break;
        }
        if let Some(door) = &door {
            listener.accept(door.listener());
        }
    }
    log::info!("ending");
    drop((door, functions));
    daemon.end_executors();
    Ok(())
}
