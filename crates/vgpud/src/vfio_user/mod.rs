//! A vfio-user server: how a VMM such as QEMU reaches a PCI function of ours.
//!
//! - [`message`]: what is said.
//! - [`connection`]: one VMM's conversation.
//! - [`record`], [`kept`]: what outlives the daemon where systemd keeps it, so that VMs need not know of a restart.
//!
//! A thread for each function accepts one VMM at a time. That VMM's memory, channels and executors are its
//! [`crate::tenant`], which ends with the connection.

mod connection;
pub(crate) mod kept;
pub mod message;
pub mod record;

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::net::SocketFlags;
use vgpu_device::{ConfigSpace, Effect, Identity};

use crate::daemon::Daemon;
use crate::door::Door;
use crate::settings::{Bytes, FunctionSettings};
use crate::systemd::{Kept, Notifier};
use crate::tenant::{Bar, Tenant};
use connection::{Connection, Ending};
pub(crate) use kept::KeptVm;
use record::Record;

/// The threads of all functions.
#[derive(Debug)]
pub(crate) struct Functions {
    /// An event counter that is readable once all shall stop.
    stop: Arc<OwnedFd>,
    /// Each thread has one; when all are gone, so are the threads.
    alive: mpsc::Sender<()>,
    ended: mpsc::Receiver<()>,
}

impl Functions {
    /// No function yet.
    ///
    /// # Errors
    /// When there is no descriptor left.
    pub(crate) fn new() -> Result<Self> {
        let (alive, ended) = mpsc::channel();
        let stop = eventfd(0, EventfdFlags::CLOEXEC).context("eventfd")?;
        Ok(Self { stop: Arc::new(stop), alive, ended })
    }

    /// Starts the thread of the function whose VM comes to `door`, or has come to an earlier daemon.
    ///
    /// # Errors
    /// When there is no room for a thread.
    pub(crate) fn start(
        &self,
        door: &Door,
        kept: Option<KeptVm>,
        daemon: &Arc<Daemon>,
        notifier: &Arc<Notifier>,
        settings: &FunctionSettings,
    ) -> Result<()> {
        let path = door.path();
        let function = Function {
            name: path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            path: path.to_owned(),
            listener: door.shared_listener().context("the function's socket")?,
            daemon: Arc::clone(daemon),
            notifier: Arc::clone(notifier),
            settings: settings.clone(),
            stop: Arc::clone(&self.stop),
            generation: 0,
        };
        let alive = self.alive.clone();
        let thread = std::thread::Builder::new().name("vgpud-vfio-user".to_owned()).stack_size(256 * 1024);
        let served = thread.spawn(move || {
            function.serve(kept);
            drop(alive);
        });
        served.context("a thread for a PCI function")?;
        Ok(())
    }

    /// Lets each thread finish what it is doing, so that nobody's message is left half done; at most for `limit`.
    pub(crate) fn stop(self, limit: Duration) {
        drop(self.alive);
        // A counter that is full wakes as well.
        let _ = rustix::io::write(&*self.stop, &1_u64.to_ne_bytes());
        let until = Instant::now() + limit;
        while self.ended.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok() {}
    }
}

/// A function, with or without a VM.
struct Function {
    name: String,
    path: PathBuf,
    listener: OwnedFd,
    daemon: Arc<Daemon>,
    notifier: Arc<Notifier>,
    settings: FunctionSettings,
    stop: Arc<OwnedFd>,
    /// Of the next tenant. It never goes back, so that nobody takes a new tenant's memory for an old one's.
    generation: u32,
}

/// What a function has been waiting for.
#[derive(PartialEq, Eq)]
enum Event {
    /// The VMM has something to say.
    Message,
    /// Somebody comes.
    Visitor,
    /// The daemon ends.
    Stop,
}

/// How a conversation ended.
#[derive(PartialEq, Eq)]
enum End {
    /// The VM is gone.
    Left,
    /// The daemon ends; the VM may be served by the next one.
    Stopped,
}

impl Function {
    fn serve(mut self, kept: Option<KeptVm>) {
        if let Some(kept) = kept
            && self.note_end(|function| function.resume(kept)) == End::Stopped
        {
            return;
        }
        loop {
            match self.wait(None) {
                Ok(Event::Stop) => return,
                Ok(_) => {}
                Err(error) => log::error!("{}: waiting for a VM failed: {error:#}", self.name),
            }
            match rustix::net::accept_with(&self.listener, SocketFlags::CLOEXEC) {
                Ok(socket) => {
                    let stream = UnixStream::from(socket);
                    if self.note_end(|function| function.converse(stream)) == End::Stopped {
                        return;
                    }
                }
                Err(error) => {
                    log::warn!("{}: a VM could not be accepted: {error}", self.name);
                    // Out of descriptors, most likely: they come back when a guest leaves.
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        }
    }

    fn note_end(&mut self, conversation: impl FnOnce(&mut Self) -> Result<End>) -> End {
        conversation(self).unwrap_or_else(|error| {
            log::warn!("{}: the VM's connection was closed: {error:#}", self.name);
            End::Left
        })
    }

    fn converse(&mut self, stream: UnixStream) -> Result<End> {
        let Some(stream) = connection::negotiate(stream).context("negotiation")? else {
            // Somebody who only wanted to know whether we live.
            return Ok(End::Left);
        };
        let (settings, generation) = (self.settings.clone(), self.generation);
        let Bytes(bar_bytes) = settings.bar_size;
        let bar = Bar::create(bar_bytes, settings.channels, generation)?;
        let record = Arc::new(Record::create(&self.path, bar_bytes, settings.channels, generation)?);
        let kept = self.notifier.keep(&[stream.as_fd(), bar.object(), record.object()]);
        log::info!("{}: a VM has come", self.name);
        let config = ConfigSpace::new(Identity::default(), bar_bytes);
        let tenant = Tenant::start(&self.name, &self.daemon, &settings, bar, Arc::clone(&record), generation)?;
        let connection = Connection::new(stream.try_clone()?, &tenant, config, &record, &settings);
        let end = self.talk(&stream, connection);
        self.part(tenant, kept, end)
    }

    /// Goes on with a VM of an earlier daemon, as after a reset: its programs have lost their executors.
    fn resume(&mut self, kept: KeptVm) -> Result<End> {
        let KeptVm { kept, stream, bar, record, saved } = kept;
        let settings =
            FunctionSettings { bar_size: Bytes(saved.bar1_bytes), channels: saved.channels, ..self.settings.clone() };
        let record = Arc::new(record);
        let bar = Bar::adopt(bar, saved.bar1_bytes, saved.channels)?;
        let tenant = Tenant::start(&self.name, &self.daemon, &settings, bar, Arc::clone(&record), saved.generation)?;
        tenant.apply(Effect::Reset);
        log::info!("{}: its VM is served again, after {} ms", self.name, saved.absence.as_millis());
        let mut config = ConfigSpace::new(Identity::default(), saved.bar1_bytes);
        config.write(0, &saved.config).expect("all of config space");
        let mut connection = Connection::new(stream.try_clone()?, &tenant, config, &record, &settings);
        let end = match connection.catch_up(&saved) {
            Ok(()) => self.talk(&stream, connection),
            Err(ending) => finish(ending),
        };
        self.part(tenant, kept, end)
    }

    /// Serves message after message.
    fn talk(&self, stream: &UnixStream, mut connection: Connection<'_>) -> Result<End> {
        loop {
            match self.wait(Some(stream))? {
                Event::Message => {}
                Event::Stop => return Ok(End::Stopped),
                Event::Visitor => {
                    if rustix::net::accept_with(&self.listener, SocketFlags::CLOEXEC).is_ok() {
                        log::warn!("{}: another VM was turned away, for this function has one", self.name);
                    }
                    continue;
                }
            }
            if let Err(ending) = connection.serve_one() {
                return finish(ending);
            }
        }
    }

    fn part(&mut self, tenant: Tenant, kept: Kept, end: Result<End>) -> Result<End> {
        self.generation = tenant.generation().wrapping_add(1);
        // Waits for the executors. Nobody else does meanwhile: the next VM is not accepted before.
        drop(tenant);
        match end {
            Ok(End::Stopped) => kept.leave(),
            _ => log::info!("{}: the VM is gone", self.name),
        }
        end
    }

    /// Waits until there is something to do. The VMM comes first: if it has just left, whoever waits is the next one.
    fn wait(&self, stream: Option<&UnixStream>) -> Result<Event> {
        loop {
            let mut polls = vec![PollFd::new(&self.stop, PollFlags::IN), PollFd::new(&self.listener, PollFlags::IN)];
            polls.extend(stream.map(|stream| PollFd::new(stream, PollFlags::IN)));
            match poll(&mut polls, None) {
                Err(rustix::io::Errno::INTR) => continue,
                result => result.context("waiting for the VM")?,
            };
            let is_ready = |at: usize| polls.get(at).is_some_and(|poll| !poll.revents().is_empty());
            match (is_ready(0), is_ready(2), is_ready(1)) {
                (true, _, _) => return Ok(Event::Stop),
                (_, true, _) => return Ok(Event::Message),
                (_, _, true) => return Ok(Event::Visitor),
                _ => {}
            }
        }
    }
}

fn finish(ending: Ending) -> Result<End> {
    match ending {
        Ending::Left => Ok(End::Left),
        Ending::Failed(error) => Err(error.into()),
        Ending::Malformed(error) => Err(error.into()),
    }
}
