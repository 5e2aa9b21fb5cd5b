//! What stands behind one VM's PCI function: its memory, its channels, and the thread that looks after them.
//!
//! - [`bar`]: the memory, and wiping it.
//! - [`channel`]: one channel's account.
//! - [`pulse`]: which guests are silent, and which VMs.
//!
//! A tenant lives as long as its VM's connection, and its memory is its own: no other VM has ever seen it or will. The
//! thread that speaks with the VM must never wait, so it only leaves wishes here.

mod bar;
mod channel;
mod pulse;

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use parking_lot::{Condvar, Mutex};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use vgpu_device::Effect;

pub(crate) use bar::Bar;

use crate::daemon::Daemon;
use crate::dormant::{Dormant, Holding, Need, sums};
use crate::settings::FunctionSettings;
use crate::vfio_user::record::Record;
use channel::{Channel, House};
use pulse::VmTime;

/// How often the host shows that it lives, and looks at all channels in case a doorbell got lost.
const TICK: Duration = Duration::from_millis(100);
/// Where all channels are taken, so much silence is enough, of a VM's own time: whoever wants one in vain shows that the VM
/// lives, but only now and then.
const SILENCE_MAX_WHEN_FULL: Duration = Duration::from_secs(6);

/// A function's tenant; its executors end when it is dropped.
#[derive(Debug)]
pub(crate) struct Tenant {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    house: House,
    record: Arc<Record>,
    generation: AtomicU32,
    stopping: AtomicBool,
    /// Accesses to registers, each of them a sign of the VM's life.
    accesses: AtomicU64,
    dormant: Arc<Dormant>,
    resets: Mutex<Resets>,
    reset_done: Condvar,
    wake: OwnedFd,
}

/// How many resets have been asked for, and how many of them are done.
#[derive(Clone, Copy, Debug, Default)]
struct Resets {
    wanted: u64,
    done: u64,
}

impl Tenant {
    /// Starts the thread that looks after this memory. It goes on writing the VM's record.
    ///
    /// # Errors
    /// When the system has no room.
    pub(crate) fn start(
        name: &str,
        daemon: &Arc<Daemon>,
        settings: &FunctionSettings,
        bar: Bar,
        record: Arc<Record>,
        generation: u32,
    ) -> Result<Self> {
        let house = House {
            bar,
            daemon: Arc::clone(daemon),
            guest_timeout: settings.guest_timeout.duration(),
            name: name.to_owned(),
            jit_folder: daemon.jit_folders().of_vm(),
        };
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).context("eventfd")?;
        let dormant = Arc::new(Dormant::new(wake.try_clone().context("eventfd")?));
        daemon.dormants().join(&dormant);
        let shared = Arc::new(Shared {
            house,
            record,
            generation: AtomicU32::new(generation),
            stopping: AtomicBool::new(false),
            resets: Mutex::default(),
            reset_done: Condvar::new(),
            accesses: AtomicU64::new(0),
            dormant,
            wake,
        });
        let thread = std::thread::Builder::new().name("vgpud-tenant".to_owned()).stack_size(256 * 1024);
        let theirs = Arc::clone(&shared);
        let thread = thread.spawn(move || Keeper::new(&theirs).run()).context("a thread for a VM")?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// The function's memory.
    pub(crate) fn bar(&self) -> &Bar {
        &self.shared.house.bar
    }

    /// How often the function has been reset.
    pub(crate) fn generation(&self) -> u32 {
        self.shared.generation.load(Ordering::Acquire)
    }

    /// Notes that the VM has used a register.
    pub(crate) fn note_access(&self) {
        self.shared.accesses.fetch_add(1, Ordering::Relaxed);
    }

    /// Does what a register's write asks for. Does not wait.
    pub(crate) fn apply(&self, effect: Effect) {
        match effect {
            Effect::Doorbell(channel) => self.bar().wake_executor(channel),
            Effect::Attention(_) => self.shared.wake(),
            Effect::Reset => {
                self.ask_reset();
            }
        }
    }

    /// Ends all executors, wipes the memory, counts up the generation. False when that is not done within `limit`; it will
    /// be done then as well.
    pub(crate) fn reset(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        let number = self.ask_reset();
        let mut resets = self.shared.resets.lock();
        while resets.done < number {
            if self.shared.reset_done.wait_until(&mut resets, until).timed_out() {
                return resets.done >= number;
            }
        }
        true
    }

    fn ask_reset(&self) -> u64 {
        let number = {
            let mut resets = self.shared.resets.lock();
            // One that has not begun serves this wish as well: a guest may write the register as often as it likes.
            resets.wanted += 1;
            resets.wanted
        };
        self.shared.wake();
        number
    }
}

impl Drop for Tenant {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Release);
        self.shared.wake();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("{}: its thread panicked; this is a bug in vgpu", self.shared.house.name);
        }
    }
}

impl Shared {
    fn wake(&self) {
        // A counter that is full wakes as well.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }
}

/// The thread that looks after the channels.
struct Keeper<'a> {
    shared: &'a Shared,
    channels: Vec<Channel>,
    vm_time: VmTime,
    accesses: u64,
    /// The channel that is giving up what others need.
    yielding: Option<usize>,
    /// The wish that is being fulfilled: channels end, none opens.
    resetting: Option<u64>,
}

impl<'a> Keeper<'a> {
    fn new(shared: &'a Shared) -> Self {
        let channels = (0..shared.house.bar.channels()).map(Channel::new).collect();
        let vm_time = VmTime::new(shared.house.guest_timeout, Instant::now());
        Self { shared, channels, vm_time, accesses: 0, yielding: None, resetting: None }
    }

    fn run(mut self) {
        let mut next_beat = Instant::now();
        loop {
            let now = Instant::now();
            if now >= next_beat {
                self.shared.house.bar.beat();
                self.shared.record.note_alive();
                next_beat = now + TICK;
            }
            let is_stopping = self.shared.stopping.load(Ordering::Acquire);
            self.look(now, is_stopping);
            if is_stopping && !self.has_executors() {
                self.shared.house.daemon.note_dormant(&self.shared.dormant, Holding::default());
                return;
            }
            let deadlines = self.channels.iter().filter_map(Channel::deadline);
            let until = deadlines.fold(next_beat, Instant::min);
            self.sleep(until.saturating_duration_since(Instant::now()));
        }
    }

    fn has_executors(&self) -> bool {
        self.channels.iter().any(Channel::has_executor)
    }

    fn look(&mut self, now: Instant, is_stopping: bool) {
        let house = &self.shared.house;
        let resets = *self.shared.resets.lock();
        if is_stopping || (resets.wanted != resets.done && self.resetting.is_none()) {
            if !is_stopping {
                log::info!("{}: reset", house.name);
                self.resetting = Some(resets.wanted);
            }
            self.channels.iter_mut().for_each(|channel| channel.evict(now));
        }
        if is_stopping || self.resetting.is_some() {
            self.channels.iter_mut().for_each(|channel| channel.wind_up(house, now));
        } else {
            self.look_at_all(now);
            self.look_at_wish(now);
        }
        if let Some(number) = self.resetting
            && !self.has_executors()
        {
            self.finish_reset(number);
        }
    }

    fn look_at_all(&mut self, now: Instant) {
        let house = &self.shared.house;
        let accesses = self.shared.accesses.load(Ordering::Relaxed);
        let mut lives = std::mem::replace(&mut self.accesses, accesses) != accesses;
        for channel in &mut self.channels {
            lives |= channel.feel(house);
        }
        if lives {
            self.vm_time.lives(now);
        }
        let is_full = self.channels.iter().all(|channel| channel.is_taken(house));
        let silence_max = if is_full { SILENCE_MAX_WHEN_FULL.min(house.guest_timeout) } else { house.guest_timeout };
        self.channels.iter_mut().for_each(|channel| channel.look(house, now, &self.vm_time, silence_max));
    }

    /// Has a silent guest give up what others need, and says what others could have.
    fn look_at_wish(&mut self, now: Instant) {
        let (house, dormant) = (&self.shared.house, &self.shared.dormant);
        let holdings: Vec<Holding> = self.channels.iter().map(|channel| channel.holding(house)).collect();
        let longest = |since: fn(&Holding) -> Option<Instant>| {
            let silent = holdings.iter().enumerate().filter_map(|(number, holding)| Some((since(holding)?, number)));
            silent.min()
        };
        let (place, memory) = (longest(|holding| holding.place_since), longest(|holding| holding.memory_since));
        house.daemon.note_dormant(
            dormant,
            Holding {
                place_since: place.map(|(since, _)| since),
                memory_since: memory.map(|(since, _)| since),
                memory_bytes: sums(holdings.into_iter().map(|holding| holding.memory_bytes)),
            },
        );
        let Some(need) = dormant.wish() else { return };
        if self.yielding.is_none()
            && let Some((_, number)) = if need == Need::Place { place } else { memory }
        {
            self.channels[number].give_up(house, need, now);
            self.yielding = Some(number);
        }
        if self.yielding.is_none_or(|number| !self.channels[number].has_executor()) {
            self.yielding = None;
            dormant.fulfil();
        }
    }

    fn finish_reset(&mut self, number: u64) {
        let house = &self.shared.house;
        house.bar.wipe_all();
        let generation = self.shared.generation.load(Ordering::Relaxed).wrapping_add(1);
        self.shared.record.set_generation(generation);
        house.bar.publish(generation);
        self.shared.generation.store(generation, Ordering::Release);
        self.resetting = None;
        self.shared.resets.lock().done = number;
        self.shared.reset_done.notify_all();
    }

    fn sleep(&self, limit: Duration) {
        let mut polls = vec![PollFd::new(&self.shared.wake, PollFlags::IN)];
        let watched = self.channels.iter().flat_map(Channel::watched);
        polls.extend(watched.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
        // Rounded up, so that nothing spins through a deadline's last millisecond.
        let limit = limit + Duration::from_micros(100);
        let limit = Timespec { tv_sec: limit.as_secs().cast_signed(), tv_nsec: limit.subsec_nanos().into() };
        match poll(&mut polls, Some(&limit)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => {
                log::error!("{}: waiting for its guests failed: {error}", self.shared.house.name);
                std::thread::sleep(TICK);
            }
        }
        // Emptied or empty, both are fine.
        let _ = rustix::io::read(&self.shared.wake, &mut [0; 8]);
    }
}
