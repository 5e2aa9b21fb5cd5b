//! One channel: taking it, talking through its mailbox, mapping its window, giving it back.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::function::Function;
use super::held::Held;
use super::owner::{self, Identity};
use super::pulse::Pulse;
use super::trouble::Trouble;
use super::{exit, heart, reap};
use crate::pci::channel::REQUEST_MAX_BYTES;
use crate::pci::place::Place;
use crate::transport::exchange::Exchange;
use crate::transport::window_error::WindowError;
use crate::window::layout::{Layout, PAGE_BYTES};
use crate::window::{Mapping, Window};
use crate::wire::Pod;

/// How long the host may take to answer; starting an executor is the longest that it has to do.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// How long to wait for a channel that is being given back.
const LEAVING_MAX: Duration = Duration::from_secs(5);
const NAP_MIN: Duration = Duration::from_micros(50);
const NAP_MAX: Duration = Duration::from_millis(2);

/// A channel that this process owns. Dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Claim {
    held: Arc<Held>,
}

impl Claim {
    /// Takes a free channel; of those whose owners are dead if there is no other.
    pub(super) fn take(function: Function) -> Result<Self, Trouble> {
        let identity = Identity::new();
        let channel = take_channel(&function, identity.token)?;
        // From here on the channel is given back whatever happens.
        let held = Arc::new(Held::new(function, channel, identity.token));
        let claim = Self { held: Arc::clone(&held) };
        let site = held.function.site();
        if held.function.was_reset() {
            return Err(Trouble::unusable(site, "it was reset just now; try again"));
        }
        identity.publish(held.block());
        exit::watch(&held);
        heart::start(Arc::clone(&held))
            .map_err(|error| Trouble::unusable(site, format_args!("no thread to keep its channel: {error}")))?;
        Ok(claim)
    }

    pub(super) fn channel(&self) -> u32 {
        self.held.channel
    }

    /// Where the function is on its bus.
    pub(super) fn address(&self) -> &str {
        self.held.function.site().address()
    }

    /// The same, as CUDA knows it.
    pub(crate) fn place(&self) -> Option<Place> {
        Place::parse(self.address())
    }

    /// Reads the header of the window that the executor has laid out, and checks what it says.
    pub(crate) fn layout(&self) -> Result<Layout, WindowError> {
        let mut header = [0; size_of::<Layout>()];
        self.map(PAGE_BYTES, 0)?.read(0, &mut header);
        let layout = Layout::from_bytes(&header).ok_or(WindowError::ShortHeader)?;
        let arena = self.held.function.arena(self.held.channel);
        layout.check(arena.len_bytes)?;
        Ok(layout)
    }

    /// Maps the window whose header that is.
    pub(crate) fn window(&self, layout: Layout) -> Result<Window, WindowError> {
        let held = &*self.held;
        let mapping = Arc::new(self.map(layout.total_bytes, layout.host_address)?);
        held.arena.set(Arc::clone(&mapping)).map_err(|_| WindowError::MappedAlready)?;
        Ok(Window::new(mapping, layout)?)
    }

    fn map(&self, len_bytes: u64, address: u64) -> Result<Mapping, WindowError> {
        let Held { function, channel, .. } = &*self.held;
        let mapping = function.map(function.arena(*channel).offset, len_bytes, address);
        mapping.map_err(|error| WindowError::Function(function.mapping_trouble(&error)))
    }

    /// Wakes the executor, which sleeps.
    pub(crate) fn wake_host(&self) {
        self.held.function.ring_doorbell(self.held.channel);
    }

    /// Whether the channel is still this process's. Costs a load of shared memory.
    pub(crate) fn is_held(&self) -> bool {
        self.held.is_ours()
    }

    /// Why the executor must be taken for lost, if it must.
    pub(crate) fn cut(&self) -> Option<&'static str> {
        self.held.cut()
    }
}

impl Drop for Claim {
    /// Gives the channel back, once, in the process that took it.
    fn drop(&mut self) {
        if self.held.give_back() {
            exit::forget(&self.held);
            self.held.end_beats();
        }
    }
}

impl Exchange for Claim {
    fn exchange(&self, request: &[u8], answer: &mut [u8]) -> io::Result<(usize, Option<OwnedFd>)> {
        let held = &*self.held;
        if !held.home.is_here() {
            return Err(io::Error::other("this connection belongs to the parent process"));
        }
        if request.len() > REQUEST_MAX_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a request longer than the mailbox"));
        }
        if let Some(reason) = held.cut() {
            return Err(io::Error::other(reason));
        }
        let block = held.block();
        let number = block.post_request(request);
        block.opened().store(held.token, Ordering::Release);
        held.function.ring_attention(held.channel);
        let packet = wait_for_answer(held, number)?;
        let place = answer
            .get_mut(..packet.len())
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "an answer longer than any that is expected"))?;
        place.copy_from_slice(&packet);
        Ok((packet.len(), None))
    }
}

fn wait_for_answer(held: &Held, number: u64) -> io::Result<Vec<u8>> {
    let start = Instant::now();
    let mut nap = NAP_MIN;
    loop {
        // The answer is looked for last: a host that refuses may end the channel right after it has said why.
        let lost = held.cut();
        if let Some(packet) = held.block().take_answer(number) {
            return Ok(packet);
        }
        if let Some(reason) = lost {
            return Err(io::Error::other(reason));
        }
        if start.elapsed() > ANSWER_MAX {
            let text = format!("the host's vgpud did not answer within {} seconds", ANSWER_MAX.as_secs());
            return Err(io::Error::new(io::ErrorKind::TimedOut, text));
        }
        std::thread::sleep(nap);
        nap = (nap * 2).min(NAP_MAX);
    }
}

fn take_channel(function: &Function, token: u64) -> Result<u32, Trouble> {
    // Even where channels are free: what the dead hold, device memory above all, is missing to the living.
    reap::reap(function);
    let start = Instant::now();
    let mut pulse = Pulse::new(function.host_heartbeat(), start);
    loop {
        let take = |channel: &u32| {
            let owner = function.block(*channel).owner();
            owner.compare_exchange(0, token, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        };
        if let Some(channel) = (0..function.channels()).find(take) {
            return Ok(channel);
        }
        let may_be_free_soon = |channel| {
            let block = function.block(channel);
            let owner = block.owner().load(Ordering::Acquire);
            // A host that frees a channel clears all other words first: one that is not open is on its way, in or out.
            owner == 0
                || block.opened().load(Ordering::Acquire) != owner
                || block.closing().load(Ordering::Acquire) == owner
        };
        if pulse.is_dead(function.host_heartbeat(), Instant::now()) {
            return Err(Trouble::host_is_silent(function.site()));
        }
        if !(0..function.channels()).any(may_be_free_soon) || start.elapsed() > LEAVING_MAX {
            return Err(all_taken(function));
        }
        std::thread::sleep(NAP_MAX);
    }
}

fn all_taken(function: &Function) -> Trouble {
    let owners: Vec<String> = (0..function.channels())
        .map(|channel| owner::pid_of(function.block(channel).owner().load(Ordering::Relaxed)).to_string())
        .collect();
    Trouble::unusable(
        function.site(),
        format_args!(
            "all {} channels are taken, by processes {}; end one of them, or start the host's vgpud with more --channels",
            owners.len(),
            owners.join(", ")
        ),
    )
}
