//! The socket: greets guests, starts an executor process for each, and takes back what a guest held when it ends.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::Mode as FileMode;
use rustix::net::SocketFlags;
use vgpu_core::transport::handshake::{self, ConnectionKind};
use vgpu_core::transport::monitor;
use vgpu_core::transport::socket::{self, Socket};

use crate::cli::ServeOptions;
use crate::ledger::Ledger;
use crate::observer::Observer;
use crate::settings::{DeviceSettings, ServeSettings};
use crate::signals;

/// Connections that may be in their handshake, or be monitors, at a time; more are turned away.
const VISITORS_MAX: u32 = 64;
/// Monitors at a time. They stay as long as they like, and guests must still get in.
const MONITORS_MAX: u32 = 48;

/// Serves until told to end.
///
/// # Errors
/// When the settings make no sense or the socket cannot be had.
pub fn run(options: &ServeOptions) -> Result<()> {
    let settings = ServeSettings::new(options)?;
    // Before any thread starts, so that all of them leave the signals to this one.
    let signals = signals::ending_signals().context("signals")?;
    let (ledger, ledger_object) = Ledger::create(settings.max_guests)?;
    // The only children are executors, and all of them need it.
    rustix::io::fcntl_setfd(&ledger_object, rustix::io::FdFlags::empty()).context("the memory ledger")?;
    let observer = Observer::new(&settings.device, Arc::new(ledger))?;
    let door = Door::open(&settings.socket, settings.socket_mode.0)?;
    log::info!("listening on {}", settings.socket.display());
    let daemon = Arc::new(Daemon {
        observer,
        ledger_object,
        free_slots: Mutex::new((0..settings.max_guests).collect()),
        executors: Mutex::default(),
        visitors: AtomicU32::new(0),
        monitors: AtomicU32::new(0),
        program: std::env::current_exe().context("this program's path")?,
        flags: settings.device.to_flags(),
        settings: settings.device,
    });
    loop {
        let mut polls = [PollFd::new(&door.listener, PollFlags::IN), PollFd::new(&signals, PollFlags::IN)];
        match poll(&mut polls, None) {
            Err(rustix::io::Errno::INTR) => continue,
            result => result.context("waiting for guests")?,
        };
        if !polls[1].revents().is_empty() {
            break;
        }
        match rustix::net::accept_with(&door.listener, SocketFlags::CLOEXEC) {
            Ok(connection) => daemon.admit(Socket::from(connection)),
            Err(error) => {
                log::warn!("a guest could not be accepted: {error}");
                // Out of descriptors, most likely: they come back when a guest leaves.
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
        }
    }
    log::info!("ending");
    drop(door);
    daemon.end_executors();
    Ok(())
}

/// The listening socket and its file.
struct Door {
    listener: OwnedFd,
    path: PathBuf,
    /// Device and number of the file.
    identity: Option<(u64, u64)>,
}

impl Door {
    fn open(path: &Path, mode: u32) -> Result<Self> {
        let place = || format!("cannot listen on {}", path.display());
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).with_context(place)?;
        }
        remove_stale(path)?;
        let (address, len) = socket::address_of(path).with_context(place)?;
        let listener = socket::new_socket().with_context(place)?;
        // The file is born with its permissions: nobody gets in before they are set.
        let before = rustix::process::umask(FileMode::from_raw_mode(!mode & 0o777));
        // SAFETY: the address is valid for the call, and its length is given.
        let bound = unsafe { libc::bind(listener.as_raw_fd(), (&raw const address).cast(), len) };
        let error = io::Error::last_os_error();
        rustix::process::umask(before);
        if bound != 0 {
            return Err(error).with_context(place);
        }
        let door = Self { listener, path: path.to_owned(), identity: identity(path) };
        rustix::net::listen(&door.listener, 64).with_context(place)?;
        Ok(door)
    }
}

/// What tells a file from another that takes its name; symbolic links are not followed.
fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

impl Drop for Door {
    fn drop(&mut self) {
        if identity(&self.path) != self.identity {
            log::warn!("{} is not this daemon's any more and stays", self.path.display());
            return;
        }
        if let Err(error) = std::fs::remove_file(&self.path) {
            log::debug!("{} was not removed: {error}", self.path.display());
        }
    }
}

/// Removes a socket that nobody listens on any more, and nothing else.
fn remove_stale(path: &Path) -> Result<()> {
    let Ok(metadata) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !metadata.file_type().is_socket() {
        bail!("{} exists and is no socket", path.display());
    }
    match Socket::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))
        }
        Ok(_) => bail!("another vgpud listens on {}", path.display()),
        Err(error) => bail!("{} is in use: {error}", path.display()),
    }
}

struct Daemon {
    observer: Observer,
    ledger_object: OwnedFd,
    free_slots: Mutex<BTreeSet<u32>>,
    /// Processes of the executors, by slot.
    executors: Mutex<std::collections::BTreeMap<u32, u32>>,
    visitors: AtomicU32,
    monitors: AtomicU32,
    program: PathBuf,
    flags: Vec<String>,
    settings: DeviceSettings,
}

impl Daemon {
    /// Leaves a connection to a thread of its own, unless there are too many already.
    fn admit(self: &Arc<Self>, socket: Socket) {
        if self.visitors.fetch_add(1, Ordering::AcqRel) >= VISITORS_MAX {
            self.visitors.fetch_sub(1, Ordering::AcqRel);
            handshake::refuse(&socket, "too many connections are waiting");
            return;
        }
        let daemon = Arc::clone(self);
        let thread = std::thread::Builder::new().name("vgpud-guest".to_owned()).stack_size(256 * 1024);
        let started = thread.spawn(move || {
            let executor = daemon.greet(socket);
            daemon.visitors.fetch_sub(1, Ordering::AcqRel);
            match executor {
                Ok(Some((slot, child))) => daemon.mind(slot, child),
                Ok(None) => {}
                Err(error) => log::warn!("a guest was turned away: {error:#}"),
            }
        });
        if let Err(error) = started {
            self.visitors.fetch_sub(1, Ordering::AcqRel);
            log::error!("no thread for a guest: {error}");
        }
    }

    fn greet(&self, socket: Socket) -> Result<Option<(u32, Child)>> {
        socket.set_timeout(Some(socket::TIMEOUT))?;
        // The greeting stays in the socket: the executor reads it again.
        let introduction = handshake::receive_hello(&socket, true).context("greeting")?;
        let pid = socket.peer()?.pid;
        match introduction.kind {
            ConnectionKind::Monitor => {
                handshake::receive_hello(&socket, false)?;
                let result = match self.monitors.fetch_add(1, Ordering::AcqRel) < MONITORS_MAX {
                    true => handshake::welcome(&socket, None).and_then(|()| monitor::serve(&socket, &self.observer)),
                    false => {
                        handshake::refuse(&socket, "too many monitors are connected");
                        Ok(())
                    }
                };
                self.monitors.fetch_sub(1, Ordering::AcqRel);
                result?;
                Ok(None)
            }
            ConnectionKind::Compute => {
                let Some(slot) = self.free_slots.lock().pop_first() else {
                    handshake::refuse(&socket, "all places are taken (see `vgpud --max-guests`)");
                    bail!("all places are taken");
                };
                self.observer.enter(slot, pid);
                match self.start_executor(slot, socket) {
                    Ok(child) => Ok(Some((slot, child))),
                    Err(error) => {
                        self.take_back(slot);
                        Err(error)
                    }
                }
            }
        }
    }

    fn start_executor(&self, slot: u32, socket: Socket) -> Result<Child> {
        let connection = OwnedFd::from(socket);
        let for_refusal = Socket::from(connection.as_fd().try_clone_to_owned()?);
        let child = Command::new(&self.program)
            .args(["executor", "--socket-fd=0"])
            .arg(format!("--ledger-fd={}", self.ledger_object.as_raw_fd()))
            .arg(format!("--ledger-slot={slot}"))
            .args(&self.flags)
            .env_remove("VGPU_CONFIG")
            .stdin(Stdio::from(connection))
            .spawn();
        match child {
            Ok(child) => {
                self.executors.lock().insert(slot, child.id());
                log::info!("guest {slot}: executor {} of {}", child.id(), self.settings.capability);
                Ok(child)
            }
            Err(error) => {
                handshake::refuse(&for_refusal, &format!("no executor could be started: {error}"));
                Err(error).with_context(|| format!("starting {}", self.program.display()))
            }
        }
    }

    /// Waits for an executor's end.
    fn mind(&self, slot: u32, mut child: Child) {
        match child.wait() {
            Ok(status) if status.success() => log::info!("guest {slot} is gone"),
            Ok(status) => log::warn!("the executor of guest {slot} ended with {status}"),
            Err(error) => log::error!("the executor of guest {slot} cannot be waited for: {error}"),
        }
        self.executors.lock().remove(&slot);
        self.take_back(slot);
    }

    fn take_back(&self, slot: u32) {
        self.observer.leave(slot);
        self.free_slots.lock().insert(slot);
    }

    fn end_executors(&self) {
        for pid in self.executors.lock().values() {
            let pid = i32::try_from(*pid).ok().and_then(rustix::process::Pid::from_raw);
            if let Some(pid) = pid
                && let Err(error) = rustix::process::kill_process(pid, rustix::process::Signal::TERM)
            {
                log::debug!("executor {pid:?} is gone already: {error}");
            }
        }
    }
}
