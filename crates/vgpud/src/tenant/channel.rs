//! The host's own account of one channel: who has it, which executor serves it, and how it becomes free again.
//!
//! Of what the guest writes, its words are requests and its mail is copied and checked. Nothing here waits.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::net::Shutdown;
use vgpu_core::transport::handshake::{self, ConnectionKind, HandshakeError};
use vgpu_core::transport::monitor;
use vgpu_core::transport::socket::Socket;

use super::bar::Bar;
use super::pulse::{Pulse, Silence, VmTime};
use crate::daemon::{Daemon, Executor, NO_PLACE};
use crate::dormant::{Holding, Need};
use crate::jit_folder::JitFolder;

/// An executor that has not answered its guest's greeting by then never will. Guests wait a little longer.
const START_LIMIT: Duration = Duration::from_secs(8);
/// How long an executor that was told to end may take before it is killed.
const ENDING_LIMIT: Duration = Duration::from_millis(500);

/// A guest process's token.
type Token = u64;

/// One channel's account.
#[derive(Debug)]
pub(super) struct Channel {
    number: u32,
    state: State,
    pulse: Pulse,
    /// As last looked at, of a guest that has the channel.
    silence: Option<Silence>,
}

#[derive(Debug)]
enum State {
    /// Nobody is served here, though a guest may have put its token into the owner's word.
    Idle,
    /// The guest has greeted; a place for it is about to become free.
    Queueing { guest: Token, until: Instant },
    /// An executor has the guest's greeting, which was request `mail`.
    Greeting { guest: Token, mail: u64, line: Line, until: Instant },
    /// An executor serves the guest.
    Serving { guest: Token, line: Line },
    /// The daemon itself answers the guest's requests after `mail`.
    Monitor { guest: Token, mail: u64 },
    /// The executor was told to end; its guest still holds the channel if there is one here.
    Ending { line: Line, kill_at: Option<Instant>, guest: Option<Token> },
    /// The guest holds the channel, but nobody serves it any more.
    Abandoned { guest: Token },
}

/// An executor and what joins the daemon to it.
#[derive(Debug)]
struct Line {
    executor: Executor,
    connection: Socket,
    end_notice: OwnedFd,
}

/// What a channel's account is kept with.
#[derive(Debug)]
pub(super) struct House {
    /// The function's memory.
    pub(super) bar: Bar,
    /// Places and executors.
    pub(super) daemon: Arc<Daemon>,
    /// How long a guest may be silent while its VM runs, or while others need what it holds.
    pub(super) guest_timeout: Duration,
    /// The function's name in the log.
    pub(super) name: String,
    /// Where the driver's compiler keeps the VM's code.
    pub(super) jit_folder: JitFolder,
}

impl Channel {
    /// A channel that nobody has.
    pub(super) fn new(number: u32) -> Self {
        Self { number, state: State::Idle, pulse: Pulse::new(Instant::now()), silence: None }
    }

    /// Whether an executor is still there.
    pub(super) fn has_executor(&self) -> bool {
        self.line().is_some()
    }

    fn line(&self) -> Option<&Line> {
        match &self.state {
            State::Greeting { line, .. } | State::Serving { line, .. } | State::Ending { line, .. } => Some(line),
            State::Idle | State::Queueing { .. } | State::Monitor { .. } | State::Abandoned { .. } => None,
        }
    }

    /// Descriptors that become readable when there is something to do here.
    pub(super) fn watched(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let answer = match &self.state {
            State::Greeting { line, .. } => Some(line.connection.as_fd()),
            _ => None,
        };
        answer.into_iter().chain(self.line().map(|line| line.end_notice.as_fd()))
    }

    /// When there will be something to do here, if nothing happens before.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Greeting { until, .. } => Some(*until),
            State::Ending { kill_at, .. } => *kill_at,
            _ => None,
        }
    }

    /// Feels the guest's pulse. Whether it lives.
    pub(super) fn feel(&mut self, house: &House) -> bool {
        let beats = house.bar.channel(self.number).heartbeat().load(Ordering::Relaxed);
        self.pulse.feel(self.guest(house), beats)
    }

    /// Whether a guest has it, though maybe nobody is served here.
    pub(super) fn is_taken(&self, house: &House) -> bool {
        self.guest(house) != 0
    }

    /// Looks at the guest's words and at the executor, and goes one step further. All pulses have been felt.
    pub(super) fn look(&mut self, house: &House, now: Instant, vm_time: &VmTime, silence_max: Duration) {
        let guest = self.guest(house);
        self.silence = (guest != 0).then(|| self.pulse.silence(now, vm_time));
        if guest != 0 {
            self.look_at_guest(house, guest, now, silence_max);
        }
        self.look_at_executor(house, now);
    }

    /// What this channel would give up.
    pub(super) fn holding(&self, house: &House) -> Holding {
        let since = self.silence.filter(|silence| silence.elapsed >= house.guest_timeout).map(|silence| silence.since);
        match (&self.state, since) {
            (State::Greeting { line, .. } | State::Serving { line, .. }, Some(_)) => {
                let memory_bytes = line.executor.memory_bytes();
                let memory_since = since.filter(|_| memory_bytes.iter().any(|bytes| *bytes != 0));
                Holding { place_since: since, memory_since, memory_bytes }
            }
            _ => Holding::default(),
        }
    }

    /// Ends what is served here, for others need what it holds.
    pub(super) fn give_up(&mut self, house: &House, need: Need, now: Instant) {
        let what = match need {
            Need::Place => "its place",
            Need::Memory => "its device memory",
        };
        log::warn!("{}: channel {}: the guest is silent, and another one needs {what}", house.name, self.number);
        self.close(house, now);
    }

    fn look_at_guest(&mut self, house: &House, guest: Token, now: Instant, silence_max: Duration) {
        let block = house.bar.channel(self.number);
        if block.closing().load(Ordering::Acquire) == guest {
            return self.close(house, now);
        }
        let is_dead = |silence: Silence| silence.elapsed >= house.guest_timeout && silence.vm_time >= silence_max;
        if self.silence.is_some_and(is_dead) {
            log::warn!("{}: channel {}: the guest has fallen silent, its VM has not", house.name, self.number);
            return self.close(house, now);
        }
        match &mut self.state {
            State::Queueing { until, .. } => {
                let until = *until;
                self.open(house, guest, now, until);
            }
            State::Idle if block.opened().load(Ordering::Acquire) == guest => {
                self.open(house, guest, now, now + START_LIMIT);
            }
            State::Monitor { mail, .. } => {
                let number = block.request_number();
                if number != std::mem::replace(mail, number) {
                    self.answer_monitor(house, guest, number);
                }
            }
            _ => {}
        }
    }

    /// The token of the guest that has the channel; 0 when nobody has. Once a guest is in our account, the owner's word in
    /// the BAR does not count.
    fn guest(&self, house: &House) -> Token {
        match &self.state {
            State::Idle => house.bar.channel(self.number).owner().load(Ordering::Acquire),
            State::Queueing { guest, .. }
            | State::Greeting { guest, .. }
            | State::Serving { guest, .. }
            | State::Monitor { guest, .. }
            | State::Abandoned { guest } => *guest,
            State::Ending { guest, .. } => guest.unwrap_or(0),
        }
    }

    /// Answers the guest's greeting, by `until` at the latest.
    fn open(&mut self, house: &House, guest: Token, now: Instant, until: Instant) {
        let block = house.bar.channel(self.number);
        let mail = block.request_number();
        let hello = block.take_request().unwrap_or_default();
        let refused = match handshake::read_hello(&hello).map(|introduction| introduction.kind) {
            Ok(ConnectionKind::Monitor) => {
                block.post_answer(mail, &handshake::welcome_packet());
                self.state = State::Monitor { guest, mail };
                return;
            }
            Ok(ConnectionKind::Compute) => match self.start(house, &hello) {
                Ok(None) if now < until && house.daemon.dormants().reclaim(Need::Place) => {
                    self.state = State::Queueing { guest, until };
                    return;
                }
                Ok(None) => NO_PLACE.to_owned(),
                Ok(Some(line)) => {
                    log::info!("{}: channel {} is open", house.name, self.number);
                    self.state = State::Greeting { guest, mail, line, until: now + START_LIMIT };
                    return;
                }
                Err(reason) => reason,
            },
            Err(HandshakeError::Version(mismatch)) => mismatch.to_string(),
            Err(_) => "the greeting is not understood".to_owned(),
        };
        log::warn!("{}: channel {}: a guest was turned away: {refused}", house.name, self.number);
        block.post_answer(mail, &handshake::refusal_packet(&refused));
        self.state = State::Abandoned { guest };
    }

    /// Starts an executor; `None` when there is no place.
    fn start(&self, house: &House, hello: &[u8]) -> Result<Option<Line>, String> {
        // Process numbers in a VM mean nothing here.
        let Some(place) = house.daemon.take_place(0) else {
            return Ok(None);
        };
        // Whatever lies there was put there by a guest, after the last wipe.
        house.bar.wipe_arena(self.number);
        let failed = |error: &dyn std::fmt::Display| format!("no executor could be started: {error:#}");
        let (connection, theirs) = Socket::pair().map_err(|error| failed(&error))?;
        connection.send(hello, None).map_err(|error| failed(&error))?;
        let executor = place
            .start_executor(theirs, Some(house.bar.arena(self.number)), house.jit_folder.cache())
            .map_err(|error| failed(&error))?;
        let end_notice = executor.end_notice().map_err(|error| failed(&error))?;
        Ok(Some(Line { executor, connection, end_notice }))
    }

    fn answer_monitor(&mut self, house: &House, guest: Token, number: u64) {
        let block = house.bar.channel(self.number);
        let request = block.take_request().unwrap_or_default();
        match monitor::answer(&request, house.daemon.observer()) {
            Ok(answer) => block.post_answer(number, &answer),
            Err(error) => {
                block.post_answer(number, &handshake::refusal_packet(&error.to_string()));
                self.state = State::Abandoned { guest };
            }
        }
    }

    fn look_at_executor(&mut self, house: &House, now: Instant) {
        let block = house.bar.channel(self.number);
        let has_ended = match &mut self.state {
            State::Greeting { line, .. } | State::Serving { line, .. } => line.executor.has_ended(),
            State::Ending { line, kill_at, .. } => {
                if kill_at.is_some_and(|at| at <= now) {
                    line.executor.kill();
                    *kill_at = None;
                }
                line.executor.has_ended()
            }
            State::Idle | State::Queueing { .. } | State::Monitor { .. } | State::Abandoned { .. } => return,
        };
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Greeting { guest, mail, line, until } => match line.answer() {
                Answer::Is(packet) => {
                    let is_welcome = packet == handshake::welcome_packet();
                    block.post_answer(mail, &packet);
                    self.state = match is_welcome {
                        true => State::Serving { guest, line },
                        false => line.end(Some(guest), now),
                    };
                }
                Answer::NotYet if !has_ended && now < until => {
                    self.state = State::Greeting { guest, mail, line, until };
                }
                Answer::NotYet | Answer::Never => {
                    log::warn!("{}: channel {}: its executor did not answer the guest", house.name, self.number);
                    block.post_answer(mail, &handshake::refusal_packet("the executor did not start; see vgpud's log"));
                    self.state = line.end(Some(guest), now);
                }
            },
            State::Serving { guest, .. } if has_ended => {
                log::warn!("{}: channel {}: its executor has ended", house.name, self.number);
                block.ended().store(guest, Ordering::Release);
                self.state = State::Abandoned { guest };
            }
            State::Ending { guest: Some(guest), .. } if has_ended => self.state = State::Abandoned { guest },
            State::Ending { guest: None, .. } if has_ended => self.free(house),
            other => self.state = other,
        }
    }

    /// Ends the executor if there is one; the channel becomes free once it has ended.
    fn close(&mut self, house: &House, now: Instant) {
        self.evict(now);
        if !self.has_executor() {
            self.free(house);
        }
    }

    /// Ends the executor if there is one and forgets the guest, for the whole memory is about to be wiped.
    pub(super) fn evict(&mut self, now: Instant) {
        self.state = match std::mem::replace(&mut self.state, State::Idle) {
            State::Greeting { line, .. } | State::Serving { line, .. } => line.end(None, now),
            State::Ending { line, kill_at, .. } => State::Ending { line, kill_at, guest: None },
            State::Idle | State::Queueing { .. } | State::Monitor { .. } | State::Abandoned { .. } => State::Idle,
        };
    }

    /// Sees to an executor that is to end, and to nothing else.
    pub(super) fn wind_up(&mut self, house: &House, now: Instant) {
        self.look_at_executor(house, now);
    }

    fn free(&mut self, house: &House) {
        let block = house.bar.channel(self.number);
        house.bar.wipe_arena(self.number);
        block.clear();
        block.owner().store(0, Ordering::Release);
        self.state = State::Idle;
        log::debug!("{}: channel {} is free", house.name, self.number);
    }
}

/// What an executor has said to its guest's greeting.
enum Answer {
    NotYet,
    Is(Vec<u8>),
    Never,
}

impl Line {
    fn answer(&self) -> Answer {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let mut polls = [PollFd::new(&self.connection, PollFlags::IN)];
        if !matches!(poll(&mut polls, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })), Ok(1..)) {
            return Answer::NotYet;
        }
        let mut packet = vec![0; 8 + handshake::REASON_MAX_BYTES];
        match self.connection.receive(&mut packet) {
            Ok((0, _)) | Err(_) => Answer::Never,
            Ok((len_bytes, _)) => {
                packet.truncate(len_bytes);
                Answer::Is(packet)
            }
        }
    }

    /// Lets the executor end, as when a guest goes: it has a moment to say what it did.
    fn end(self, guest: Option<Token>, now: Instant) -> State {
        if let Err(error) = rustix::net::shutdown(&self.connection, Shutdown::Write) {
            log::debug!("an executor's connection is closed already: {error}");
        }
        State::Ending { line: self, kill_at: Some(now + ENDING_LIMIT), guest }
    }
}
