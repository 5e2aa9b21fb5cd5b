//! What the daemon's listeners share: places for guests, and the executor process of each. Where places or device memory
//! run short, silent guests of VMs give up theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use parking_lot::{Condvar, Mutex};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};
use vgpu_core::transport::handshake;
use vgpu_core::transport::socket::Socket;
use vgpu_core::wire::Span;

use crate::cli::EXECUTOR;
use crate::dormant::{Dormant, Dormants, Holding, Need};
use crate::environment::{self, JitCache};
use crate::jit_folder::JitFolders;
use crate::ledger::Ledger;
use crate::observer::Observer;
use crate::probe;
use crate::settings::{Choice, DeviceSettings};
use crate::systemd;

/// Why a guest is turned away when there is no place.
pub(crate) const NO_PLACE: &str = "all places are taken (see `vgpud --max-guests`)";

/// How long a guest waits for a place that another one gives up.
const PLACE_WAIT_MAX: Duration = Duration::from_secs(3);
/// The same for device memory; executors wait a little longer for the answer.
const MEMORY_WAIT_MAX: Duration = Duration::from_millis(2500);
/// How often it is looked meanwhile.
const LOOK_PERIOD: Duration = Duration::from_millis(20);

/// This program as it runs, whatever has become of its file since: an upgrade may have put another one in its place, and
/// executors must be of the daemon's own version.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// The daemon's places and what is known of their guests.
#[derive(Debug)]
pub(crate) struct Daemon {
    observer: Observer,
    ledger: Arc<Ledger>,
    ledger_object: OwnedFd,
    free_slots: Mutex<BTreeSet<u32>>,
    slot_freed: Condvar,
    dormants: Dormants,
    /// Processes of the executors, by slot.
    executors: Mutex<BTreeMap<u32, u32>>,
    /// How this program is called in lists of processes.
    called: OsString,
    flags: Vec<OsString>,
    settings: DeviceSettings,
    jit_folders: JitFolders,
    /// Memory of each device, for all guests together.
    memory_bytes: Vec<u64>,
}

impl Daemon {
    /// A daemon with `max_guests` places, whose executors get `flags` besides those of the settings, and whose
    /// driver's compiler keeps code in `jit_folders`.
    ///
    /// # Errors
    /// When there can be no such device, or the kernel refuses the ledger.
    pub(crate) fn new(
        settings: DeviceSettings,
        max_guests: u32,
        flags: impl IntoIterator<Item = OsString>,
        jit_folders: JitFolders,
    ) -> Result<Arc<Self>> {
        let (settings, devices) = probe::resolve(settings)?;
        let memory_bytes = devices.iter().map(|device| device.total_mem_bytes).collect();
        let (ledger, ledger_object) = Ledger::create(max_guests, u32::try_from(devices.len())?)?;
        // The only children are executors, and all of them need it.
        rustix::io::fcntl_setfd(&ledger_object, rustix::io::FdFlags::empty()).context("the memory ledger")?;
        let ledger = Arc::new(ledger);
        let daemon = Arc::new(Self {
            observer: Observer::new(&settings, devices, Arc::clone(&ledger)),
            ledger,
            ledger_object,
            free_slots: Mutex::new((0..max_guests).collect()),
            slot_freed: Condvar::new(),
            dormants: Dormants::default(),
            executors: Mutex::default(),
            called: std::env::current_exe().context("this program's path")?.into(),
            flags: settings.to_flags().into_iter().chain(flags).collect(),
            memory_bytes,
            settings,
            jit_folders,
        });
        daemon.lend_memory().context("a thread for device memory")?;
        Ok(daemon)
    }

    /// Answers to monitors.
    pub(crate) fn observer(&self) -> &Observer {
        &self.observer
    }

    /// Where tenants' code is kept.
    pub(crate) fn jit_folders(&self) -> &JitFolders {
        &self.jit_folders
    }

    /// What silent guests hold.
    pub(crate) fn dormants(&self) -> &Dormants {
        &self.dormants
    }

    /// What a VM's silent guests hold now. Their memory counts as free: it is there for whoever asks.
    pub(crate) fn note_dormant(&self, vm: &Dormant, holding: Holding) {
        vm.report(holding);
        self.ledger.set_lendable(&self.dormants.memory_bytes());
    }

    /// A place for the guest of that process number (0 when it is not visible here), if one is free.
    pub(crate) fn take_place(self: &Arc<Self>, pid: u32) -> Option<Place> {
        let slot = self.free_slots.lock().pop_first()?;
        self.observer.enter(slot, pid);
        Some(Place { daemon: Arc::clone(self), slot })
    }

    /// The same; if none is free but a silent guest has one, waits until that has given it up.
    pub(crate) fn wait_for_place(self: &Arc<Self>, pid: u32) -> Option<Place> {
        let until = Instant::now() + PLACE_WAIT_MAX;
        loop {
            if let Some(place) = self.take_place(pid) {
                return Some(place);
            }
            if !self.dormants.reclaim(Need::Place) || Instant::now() >= until {
                return None;
            }
            let mut free = self.free_slots.lock();
            if free.is_empty() {
                self.slot_freed.wait_for(&mut free, LOOK_PERIOD);
            }
        }
    }

    /// Starts the thread that answers executors that are short of device memory.
    fn lend_memory(self: &Arc<Self>) -> io::Result<()> {
        let daemon = Arc::clone(self);
        let thread = std::thread::Builder::new().name("vgpud-memory".to_owned()).stack_size(256 * 1024);
        thread.spawn(move || {
            loop {
                let number = daemon.ledger.wait_for_question();
                daemon.ledger.devices().for_each(|device| daemon.make_room(device));
                daemon.ledger.answer(number);
            }
        })?;
        Ok(())
    }

    /// Ends silent guests until there is room on a device for whoever wants most of it; none if all of them would not be enough.
    fn make_room(&self, device: u32) {
        let of = |bytes: &[u64]| bytes.get(device as usize).copied().unwrap_or(0);
        let total_bytes = of(&self.memory_bytes);
        let needed_bytes = || self.ledger.used_by_all(device).saturating_add(self.ledger.wanted_bytes(device));
        if needed_bytes().saturating_sub(of(&self.dormants.memory_bytes())) > total_bytes {
            return;
        }
        let until = Instant::now() + MEMORY_WAIT_MAX;
        while needed_bytes() > total_bytes && Instant::now() < until && self.dormants.reclaim(Need::Memory) {
            std::thread::sleep(LOOK_PERIOD);
        }
    }

    /// Asks all executors to end.
    pub(crate) fn end_executors(&self) {
        for pid in self.executors.lock().values() {
            if let Some(pid) = process(*pid)
                && let Err(error) = rustix::process::kill_process(pid, Signal::TERM)
            {
                log::debug!("executor {pid:?} is gone already: {error}");
            }
        }
    }
}

fn process(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// One of the places; free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    daemon: Arc<Daemon>,
    slot: u32,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.daemon.observer.leave(self.slot);
        self.daemon.free_slots.lock().insert(self.slot);
        self.daemon.slot_freed.notify_all();
    }
}

/// Memory in which an executor shall lay out its window, instead of making an object of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arena<'a> {
    /// The object.
    pub(crate) object: BorrowedFd<'a>,
    /// The part of it.
    pub(crate) span: Span,
}

impl Place {
    /// Starts an executor that greets the guest at the other end of `connection` and serves it, with its tenant's `cache`.
    ///
    /// # Errors
    /// When no process can be had; the guest has been told.
    pub(crate) fn start_executor(
        self,
        connection: Socket,
        arena: Option<Arena<'_>>,
        cache: JitCache<'_>,
    ) -> Result<Executor> {
        let connection = OwnedFd::from(connection);
        let for_refusal = Socket::from(connection.as_fd().try_clone_to_owned()?);
        let mut command = Command::new(OWN_PROGRAM);
        if let Choice::Driver(_) = self.daemon.settings.device {
            environment::make(&mut command, &self.daemon.settings, cache);
        }
        command
            .arg0(&self.daemon.called)
            .args([EXECUTOR, "--socket-fd=0", "--own-environment"])
            .arg(format!("--ledger-fd={}", self.daemon.ledger_object.as_raw_fd()))
            .arg(format!("--ledger-slot={}", self.slot))
            .args(&self.daemon.flags)
            .env_remove("VGPU_CONFIG")
            .stdin(Stdio::from(connection));
        systemd::VARIABLES.iter().for_each(|name| {
            command.env_remove(name);
        });
        if let Some(Arena { object, span }) = arena {
            command
                .arg(format!("--window-fd={}", object.as_raw_fd()))
                .arg(format!("--window-offset={}", span.offset))
                .arg(format!("--window-bytes={}", span.len_bytes));
            inherit(&mut command, object);
        }
        match command.spawn() {
            Ok(child) => {
                self.daemon.executors.lock().insert(self.slot, child.id());
                log::info!("guest {}: executor {}", self.slot, child.id());
                Ok(Executor { child, ended: None, place: self })
            }
            Err(error) => {
                handshake::refuse(&for_refusal, &format!("no executor could be started: {error}"));
                Err(error).context("starting an executor")
            }
        }
    }
}

/// Lets this child, and no other that starts meanwhile, inherit a descriptor.
fn inherit(command: &mut Command, object: BorrowedFd<'_>) {
    let raw = object.as_raw_fd();
    let share = move || {
        // SAFETY: the child has a copy of every descriptor, and the caller's borrow outlives the spawn that runs this.
        let object = unsafe { BorrowedFd::borrow_raw(raw) };
        Ok(rustix::io::fcntl_setfd(object, rustix::io::FdFlags::empty())?)
    };
    // SAFETY: between fork and exec this makes one system call; it allocates nothing and takes no lock.
    unsafe { command.pre_exec(share) };
}

/// An executor process. It has its place until it has ended; dropping it kills it and waits.
#[derive(Debug)]
pub(crate) struct Executor {
    child: Child,
    ended: Option<ExitStatus>,
    place: Place,
}

impl Executor {
    /// A descriptor that becomes readable when the process ends.
    ///
    /// # Errors
    /// When the kernel gives none.
    pub(crate) fn end_notice(&self) -> io::Result<OwnedFd> {
        let pid = process(self.child.id()).expect("a child that has not been waited for has a number");
        Ok(pidfd_open(pid, PidfdFlags::empty())?)
    }

    /// Memory of each device that it holds.
    pub(crate) fn memory_bytes(&self) -> Vec<u64> {
        self.place.daemon.ledger.used_of_each(self.place.slot)
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) {
        let waited = self.child.wait();
        self.note(waited.map(Some));
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            let asked = self.child.try_wait();
            self.note(asked);
        }
        self.ended.is_some()
    }

    /// Ends it without asking.
    pub(crate) fn kill(&mut self) {
        if let Err(error) = self.child.kill() {
            log::error!("executor {} cannot be killed: {error}", self.child.id());
        }
    }

    fn note(&mut self, asked: io::Result<Option<ExitStatus>>) {
        let slot = self.place.slot;
        match asked {
            Ok(None) => return,
            Ok(Some(status)) => {
                match status.success() {
                    true => log::info!("guest {slot} is gone"),
                    false => log::warn!("the executor of guest {slot} ended with {status}"),
                }
                self.ended = Some(status);
            }
            Err(error) => log::error!("the executor of guest {slot} cannot be waited for: {error}"),
        }
        self.place.daemon.executors.lock().remove(&slot);
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        if !self.has_ended() {
            self.kill();
            let waited = self.child.wait();
            self.note(waited.map(Some));
        }
    }
}
