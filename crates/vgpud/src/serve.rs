//! Serving: opens the doors, lets guests in until told to end.

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, poll};

use crate::cache_folder::CacheFolder;
use crate::cli::ServeOptions;
use crate::daemon::Daemon;
use crate::doors::Doors;
use crate::listener::Listener;
use crate::settings::ServeSettings;
use crate::systemd::{Notifier, Passed};
use crate::{signals, vfio_user};

/// Serves until told to end.
///
/// # Errors
/// When the settings make no sense or a socket cannot be had.
pub fn run(options: &ServeOptions) -> Result<()> {
    // First of all, while the numbers of what was passed mean nothing else.
    let passed = Passed::take()?;
    let notifier = Notifier::from_env();
    let settings = ServeSettings::new(options)?;
    // Before any thread starts, so that all of them leave the signals to this one.
    let signals = signals::ending_signals().context("signals")?;
    // Dropped by this function, and so removed, whatever other threads are doing.
    let images = (settings.module_cache_bytes > 0).then(CacheFolder::create).transpose()?;
    let image_flags = images.iter().flat_map(|folder| folder.flags(settings.module_cache_bytes));
    let daemon = Daemon::new(settings.device, settings.max_guests, image_flags)?;
    let doors = Doors::open(&settings.doors, passed.sockets)?;
    for door in &doors.functions {
        vfio_user::start(door, &daemon, &settings.functions)?;
    }
    log::info!("{}", doors.describe());
    notifier.ready(&doors.describe());
    let listener = Listener::new(daemon.clone());
    loop {
        let mut polls = vec![PollFd::new(&signals, PollFlags::IN)];
        polls.extend(doors.guests.iter().map(|door| PollFd::new(door.listener(), PollFlags::IN)));
        match poll(&mut polls, None) {
            Err(rustix::io::Errno::INTR) => continue,
            result => result.context("waiting for guests")?,
        };
        if !polls[0].revents().is_empty() {
            break;
        }
        for (door, poll) in doors.guests.iter().zip(&polls[1..]) {
            if !poll.revents().is_empty() {
                listener.accept(door.listener());
            }
        }
    }
    log::info!("ending");
    notifier.stopping();
    drop(doors);
    daemon.end_executors();
    Ok(())
}
