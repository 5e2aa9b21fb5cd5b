//! A window that this process made: laid out and mapped, and what its guest is told through it.

use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::calls::HostCalls;
use crate::error::{CuError, CuResult};
use crate::wait;
use crate::window::layout::Layout;
use crate::window::mapping::{self, Mapping};
use crate::window::{AddressRange, Window, WindowConfig};
use crate::wire::{Completions, EventSlot, Pod, Seq, Span, StreamSlot, StreamWords};

/// A window that this process made, mapped here.
#[derive(Debug)]
pub struct HostWindow {
    pub(super) window: Window,
    object: OwnedFd,
    /// The guest cannot wake this side by itself.
    pub(super) is_beyond_vm: bool,
    failed: AtomicBool,
    /// The last record that was refused.
    refused: AtomicU64,
    stopping: AtomicBool,
    calls: Mutex<HostCalls>,
}

/// Why a window could not be made.
#[derive(Debug)]
pub struct CreateError(String);

impl std::fmt::Display for CreateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no window could be made: {}", self.0)
    }
}

impl std::error::Error for CreateError {}

impl HostWindow {
    /// Makes a window and maps it. `device_arena` is where device memory will lie, reserved for it here by the caller and by
    /// the guest.
    ///
    /// # Errors
    /// When the configuration breaks a rule, or the kernel refuses.
    pub fn create(config: &WindowConfig, device_arena: AddressRange) -> Result<Self, CreateError> {
        let wrong = |error: &dyn std::fmt::Display| CreateError(error.to_string());
        let layout = Layout { device_arena, ..Layout::new(config).map_err(|error| wrong(&error))? };
        let object = mapping::create_object(layout.total_bytes).map_err(|error| wrong(&error))?;
        Self::lay_out(object, 0, layout, false)
    }

    /// Makes a window in a part of an object that is there already: a channel's arena, whose bytes are all zero.
    ///
    /// # Errors
    /// When the part is too short for a window, or the kernel refuses.
    pub fn create_within(object: OwnedFd, part: Span, device_arena: AddressRange) -> Result<Self, CreateError> {
        let config = WindowConfig::fitting(part.len_bytes);
        let layout = Layout::new(&config).map_err(|error| CreateError(error.to_string()))?;
        if layout.total_bytes != part.len_bytes {
            return Err(CreateError(format!("a window does not fit {} bytes", part.len_bytes)));
        }
        Self::lay_out(object, part.offset, Layout { device_arena, ..layout }, true)
    }

    fn lay_out(object: OwnedFd, offset: u64, mut layout: Layout, is_beyond_vm: bool) -> Result<Self, CreateError> {
        let wrong = |error: &dyn std::fmt::Display| CreateError(error.to_string());
        let mapping =
            Mapping::preferred_part(object.as_fd(), offset, layout.total_bytes).map_err(|error| wrong(&error))?;
        layout.host_address = mapping.address();
        mapping.write(0, layout.as_bytes());
        let window = Window::new(mapping, layout).map_err(|error| wrong(&error))?;
        Ok(Self {
            window,
            object,
            is_beyond_vm,
            failed: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            calls: Mutex::default(),
        })
    }

    /// The shared-memory object, to be sent to the guest.
    pub fn object(&self) -> BorrowedFd<'_> {
        self.object.as_fd()
    }

    /// Ends [`serve()`](super::serve()) soon, from any thread.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        let parked = self.window.control().host_parked();
        parked.store(0, Ordering::SeqCst);
        wait::wake_all(parked);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    fn addresses(&self, area: Span) -> Range<u64> {
        let start = self.window.mapping().address() + area.offset;
        start..start + area.len_bytes
    }

    /// Tells the guest that nobody serves its records any more.
    pub(super) fn publish_lost(&self) {
        let control = self.window.control();
        control.lost().store(1, Ordering::Release);
        control.wake_all();
    }
}

impl Completions for HostWindow {
    fn retire(&self, stream: StreamSlot, seq: Seq) {
        let Some(word) = self.window.stream_word(stream) else {
            return;
        };
        word.store(seq, Ordering::Release);
        self.window.control().wake_completion_waiters();
    }

    fn event_reached(&self, event: EventSlot, ns: u64) {
        if let Some(word) = self.window.event_word(event) {
            word.store(ns, Ordering::Release);
        }
    }

    fn event_ns(&self, event: EventSlot) -> u64 {
        self.window.event_word(event).map_or(0, |word| word.load(Ordering::Acquire))
    }

    fn fail(&self, error: CuError, detail: &str) {
        if !self.failed.swap(true, Ordering::AcqRel) {
            log::warn!("{error:?}: {detail}");
            self.window.control().publish_sticky(error.code(), detail);
            self.window.control().wake_completion_waiters();
        }
    }

    fn refuse(&self, seq: Seq, error: CuError, detail: &str) {
        if self.refused.swap(seq, Ordering::AcqRel) == seq {
            return;
        }
        if error.is_fatal() {
            return self.fail(error, detail);
        }
        log::debug!("{error:?}: {detail}");
        self.window.control().publish_refusal(error.code());
    }

    fn call_host(&self, token: u64) -> u64 {
        self.calls.lock().call(self.window.control(), token)
    }

    fn host_calls_done(&self) -> u64 {
        self.calls.lock().done(self.window.control())
    }

    fn output_waits(&self) {
        self.window.control().output().fetch_add(1, Ordering::Release);
    }

    fn span(&self, span: Span) -> CuResult<*mut u8> {
        let end = span.offset.checked_add(span.len_bytes).ok_or(CuError::INVALID_VALUE)?;
        let layout = self.window.layout();
        let within = |area: Span| span.offset >= area.offset && end <= area.offset + area.len_bytes;
        if !within(layout.staging) && !within(layout.pinned) {
            return Err(CuError::INVALID_VALUE);
        }
        Ok(self.window.mapping().bytes(span.offset, span.len_bytes).as_ptr())
    }

    fn pinned_heap(&self) -> Range<u64> {
        self.addresses(self.window.layout().pinned)
    }

    fn staging(&self) -> Range<u64> {
        self.addresses(self.window.layout().staging)
    }

    fn device_arena(&self) -> Range<u64> {
        self.window.layout().device_arena.addresses()
    }

    fn stream_words(&self) -> Option<&dyn StreamWords> {
        Some(self)
    }
}

impl StreamWords for HostWindow {
    fn range(&self) -> Range<u64> {
        self.addresses(self.window.layout().streams)
    }

    fn word(&self, stream: StreamSlot) -> Option<&AtomicU64> {
        self.window.stream_word(stream)
    }

    fn has_sleepers(&self) -> bool {
        self.window.control().guest_parked().load(Ordering::Relaxed) != 0
    }

    fn wake(&self) {
        self.window.control().wake_completion_waiters();
    }
}
