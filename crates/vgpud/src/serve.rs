//! Serving: opens the doors, lets guests in until told to end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, poll};

use crate::cache_folder::CacheFolder;
use crate::cli::ServeOptions;
use crate::daemon::Daemon;
use crate::doors::Doors;
use crate::jit_folder::JitFolders;
use crate::listener::Listener;
use crate::settings::{Bytes, Choice, ServeSettings};
use crate::signals;
use crate::systemd::{Notifier, Passed, Stored};
use crate::vfio_user::{Functions, KeptVm};

/// How long VMs' messages that are in hand may take at the end.
const LAST_MESSAGE_MAX: Duration = Duration::from_secs(3);

/// Serves until told to end.
///
/// # Errors
/// When the settings make no sense or a socket cannot be had.
pub(crate) fn run(options: &ServeOptions) -> Result<()> {
    // First of all, while the numbers of what was passed mean nothing else.
    let passed = Passed::take()?;
    let notifier = Arc::new(Notifier::from_env());
    let settings = ServeSettings::new(options)?;
    // Before any thread starts, so that all of them leave the signals to this one.
    let signals = signals::ending_signals().context("signals")?;
    let (doors, Bytes(image_bytes)) = (settings.doors(), settings.cache.module_cache);
    // Dropped by this function, and so removed, whatever other threads are doing.
    let images = (image_bytes > 0).then(CacheFolder::create).transpose()?;
    let image_flags = images.iter().flat_map(|folder| folder.flags(image_bytes));
    // The software GPU compiles nothing that is worth keeping.
    let code = (settings.device.device != Choice::Soft).then(CacheFolder::create).transpose();
    let code = code.unwrap_or_else(|error| {
        log::warn!("what the driver compiles is not kept: {error:#}");
        None
    });
    let jit_folders = JitFolders::new(code.as_ref().map(CacheFolder::path));
    let daemon = Daemon::new(settings.device, settings.guests.max_guests, image_flags, jit_folders)?;
    let doors = Doors::open(&doors, passed.sockets)?;
    let mut kept = take_up(passed.stored, &notifier);
    let functions = Functions::new()?;
    for door in &doors.functions {
        let vm = kept.iter().position(|vm| door.is_at(&vm.saved.path)).map(|at| kept.swap_remove(at));
        functions.start(door, vm, &daemon, &notifier, &settings.functions)?;
    }
    for vm in kept {
        log::warn!("the VM on {} is cut off: no function is offered there any more", vm.saved.path.display());
    }
    if !notifier.has_room_for(doors.functions.len()) {
        log::warn!("FileDescriptorStoreMax= is too small: some VMs would be cut off by a restart");
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
    functions.stop(LAST_MESSAGE_MAX);
    drop(doors);
    daemon.end_executors();
    Ok(())
}

/// VMs that an earlier daemon has left to this one. What cannot be used is let go.
fn take_up(stored: Vec<Stored>, notifier: &Arc<Notifier>) -> Vec<KeptVm> {
    let vm = |stored: Stored| {
        let (name, kept) = (stored.name.clone(), notifier.kept(&stored.name));
        KeptVm::new(stored, kept)
            .inspect_err(|error| log::warn!("{name}: a VM of an earlier vgpud is not served any more: {error:#}"))
            .ok()
    };
    stored.into_iter().filter_map(vm).collect()
}
