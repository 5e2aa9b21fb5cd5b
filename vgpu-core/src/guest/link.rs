//! The link: what every part of libcuda reaches the executor by.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::channel::{Channel, posted};
use super::heap::PinnedHeap;
use super::keeping::Keeping;
use super::staging::{StagedChunk, Staging};
use super::stream_end::{Order, StreamEnd, Unseen};
use crate::error::CuResult;
use crate::pci::place::Place;
use crate::transport::{self, ConnectError, Lifeline, Selection};
use crate::window::Window;
use crate::wire::{Answer, Call, EventSlot, Ordered, Seq, StreamSlot, Unordered};

/// A process's connection to its executor. All methods may be called from any thread.
///
/// In a forked child every method returns `NOT_INITIALIZED`; once the executor is lost, `DEVICE_UNAVAILABLE`.
pub struct Link {
    pub(super) channel: Arc<Channel>,
    staging: Staging,
    pinned: PinnedHeap,
    same_addresses: bool,
    pub(super) keeping: Keeping,
    /// As the window's word was when the output was last taken.
    pub(super) output_seen: AtomicU64,
}

impl Link {
    /// Connects to the GPU that `selection` names.
    ///
    /// # Errors
    /// [`ConnectError`], whose text says where was looked and what to do.
    pub fn connect(selection: &Selection) -> Result<Self, ConnectError> {
        let (window, lifeline) = transport::open_window(selection)?;
        Ok(Self::new(window, lifeline))
    }

    /// The guest's end of a window whose host may be in this very process.
    pub(crate) fn new(window: Window, lifeline: Lifeline) -> Self {
        let same_addresses = window.mapping().address() == window.layout().host_address;
        let staging = Staging::new(window.layout().staging);
        let channel = Arc::new(Channel::new(window, lifeline));
        Self {
            pinned: PinnedHeap::new(Arc::clone(&channel)),
            channel,
            staging,
            same_addresses,
            keeping: Keeping::default(),
            output_seen: AtomicU64::new(0),
        }
    }

    /// Queues a message that no stream orders. The work of a stream goes to the stream's end,
    /// [`post_on`](Self::post_on):
    ///
    /// ```
    /// use vgpu_core::CuResult;
    /// use vgpu_core::guest::{Link, StreamEnd};
    /// use vgpu_core::wire::messages::{GraphDestroy, Launch};
    ///
    /// fn launch_and_drop(link: &Link, end: &StreamEnd, launch: &Launch, graph: &GraphDestroy) -> CuResult {
    ///     link.post_on(end, launch, &[])?;
    ///     link.post(graph, &[])?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// Past it there is no way:
    ///
    /// ```compile_fail,E0277
    /// use vgpu_core::CuResult;
    /// use vgpu_core::guest::{Link, StreamEnd};
    /// use vgpu_core::wire::messages::{GraphDestroy, Launch};
    ///
    /// fn launch_and_drop(link: &Link, end: &StreamEnd, launch: &Launch, graph: &GraphDestroy) -> CuResult {
    ///     link.post(launch, &[])?;
    ///     link.post(graph, &[])?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// `INVALID_VALUE` when the tail is too long for a record, and those of the channel.
    pub fn post<M: Unordered>(&self, message: &M, tail: &[u8]) -> CuResult<Seq> {
        self.channel.push(posted(M::OP as u16, message.as_bytes(), tail), Order::Unordered)
    }

    /// Queues work at the end of a stream, whichever stream the message names. The end moves before any other thread
    /// can queue another record.
    ///
    /// # Errors
    /// As [`post`](Self::post).
    pub fn post_on<M: Ordered>(&self, end: &StreamEnd, message: &M, tail: &[u8]) -> CuResult<Seq> {
        let message = message.on(end.slot());
        self.channel.push(posted(M::OP as u16, message.as_bytes(), tail), Order::On(end))
    }

    /// The same for work that the host cannot see the end of: a part of [`StreamEnd::unseen_run`].
    ///
    /// # Errors
    /// As [`post`](Self::post).
    pub fn post_unseen<M: Ordered>(&self, what: Unseen, end: &StreamEnd, message: &M, tail: &[u8]) -> CuResult<Seq> {
        let message = message.on(end.slot());
        self.channel.push(posted(M::OP as u16, message.as_bytes(), tail), Order::Unseen(end, what))
    }

    /// Queues work that is already bytes: `op` and `fixed` must belong together, and name the stream.
    ///
    /// # Errors
    /// As [`post`](Self::post).
    pub fn post_raw(&self, end: &StreamEnd, op: u16, fixed: &[u8], tail: &[u8]) -> CuResult<Seq> {
        self.channel.push(posted(op, fixed, tail), Order::On(end))
    }

    /// Sends a message and waits for its answer.
    ///
    /// # Errors
    /// The answer's status, and those of the channel.
    pub fn call<M: Call>(&self, message: &M, tail: &[u8]) -> CuResult<Answer<M::Reply>> {
        self.channel.call(message, tail)
    }

    /// Number of the last record that `stream` has retired.
    pub fn completed(&self, stream: StreamSlot) -> Seq {
        self.channel.window().completed(stream)
    }

    /// Whether `stream` has retired `seq`.
    pub fn is_done(&self, stream: StreamSlot, seq: Seq) -> bool {
        self.completed(stream) >= seq
    }

    /// Waits until `stream` has retired `seq`; a fault of any work ends the wait.
    ///
    /// # Errors
    /// The sticky error; `INVALID_HANDLE` when there is no such slot; those of the channel.
    pub fn wait(&self, stream: StreamSlot, seq: Seq) -> CuResult {
        self.channel.wait(stream, seq)
    }

    /// The first fault, if there has been one. It stays for the life of the process.
    ///
    /// # Errors
    /// That error, and those of the channel.
    pub fn sticky(&self) -> CuResult {
        self.channel.sticky()
    }

    /// What a call says that may report errors of earlier work: the sticky error, else the first refusal since the last
    /// report, which is forgotten with this one.
    ///
    /// # Errors
    /// That error, and those of the channel.
    pub fn report(&self) -> CuResult {
        self.channel.report()
    }

    /// What the executor said about the sticky error; empty when there is none.
    pub fn sticky_detail(&self) -> String {
        self.channel.sticky_detail()
    }

    /// When the event was last reached, in nanoseconds on the executor's clock; 0 before.
    pub fn event_ns(&self, event: EventSlot) -> u64 {
        self.channel.window().event_word(event).map_or(0, |word| word.load(Ordering::Acquire))
    }

    /// How many stream slots there are; the caller gives them out.
    pub fn stream_slots(&self) -> u32 {
        self.channel.window().layout().stream_slots
    }

    /// How many event slots there are; the caller gives them out.
    pub fn event_slots(&self) -> u32 {
        self.channel.window().layout().event_slots
    }

    /// Whether pinned pointers mean the same here and in the executor.
    pub fn same_addresses(&self) -> bool {
        self.same_addresses
    }

    /// Whether the executor is in this very process.
    pub fn is_in_process(&self) -> bool {
        matches!(self.channel.lifeline(), Lifeline::InProcess)
    }

    /// Where the device sits on this machine's bus: in a VM, where its PCI function is. Elsewhere the executor says it.
    pub fn place(&self) -> Option<Place> {
        self.channel.lifeline().place()
    }

    /// The executor's process, as it numbers itself: for messages.
    pub fn executor_pid(&self) -> u32 {
        self.channel.window().layout().executor_pid
    }

    /// The addresses of device memory: nothing of this process lies there.
    pub fn device_arena(&self) -> std::ops::Range<u64> {
        self.channel.window().layout().device_arena.addresses()
    }

    /// The pinned heap.
    pub fn pinned(&self) -> &PinnedHeap {
        &self.pinned
    }

    /// Takes a piece of the staging area, waiting for room if need be.
    ///
    /// # Errors
    /// `INVALID_VALUE` for no bytes or more than [`stage_limit`](Self::stage_limit); those of the channel.
    pub fn stage(&self, len_bytes: usize) -> CuResult<StagedChunk<'_>> {
        self.staging.take(&self.channel, len_bytes)
    }

    /// The same if there is room now. A thread that already holds a piece must not wait for another.
    ///
    /// # Errors
    /// As [`stage`](Self::stage).
    pub(crate) fn try_stage(&self, len_bytes: usize) -> CuResult<Option<StagedChunk<'_>>> {
        self.staging.try_take(&self.channel, len_bytes)
    }

    /// The longest piece of staging that can be had.
    pub fn stage_limit(&self) -> usize {
        self.staging.piece_max_bytes()
    }

    /// Number of the last record queued by any thread.
    pub fn last_posted(&self) -> CuResult<Seq> {
        self.channel.check()?;
        Ok(self.channel.last_seq())
    }
}
