//! What kernels have printed, until the guest takes it.
//!
//! As on a GPU, `printf` writes to a buffer of limited size in which new text displaces the oldest, and a launch that starts
//! empties the buffer of what earlier ones have left. Texts of assertions are few, and displace nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use vgpu_core::host::output::{Displacing, KEPT_MAX_BYTES, Printed};
use vgpu_core::wire::messages::OutputTakeReply;
use vgpu_core::wire::{Answer, Completions};

use crate::exec::print::Sink;

/// The buffer's size until the guest sets another. It is never larger than what is kept.
const DEFAULT_BYTES: usize = 1 << 20;

/// The buffer.
pub(super) struct Output {
    completions: Arc<dyn Completions>,
    texts: Mutex<Texts>,
    /// Something was printed that the guest has not been told of.
    is_news: AtomicBool,
    /// The buffer holds something. A launch that starts looks here first.
    is_used: AtomicBool,
}

struct Texts {
    /// What may still be displaced, one text for each call.
    buffer: Displacing,
    /// What has left the buffer, and assertions.
    printed: Printed,
}

impl Output {
    pub(super) fn new(completions: Arc<dyn Completions>) -> Self {
        let texts = Texts { buffer: Displacing::new(DEFAULT_BYTES), printed: Printed::default() };
        Self { completions, texts: Mutex::new(texts), is_news: AtomicBool::new(false), is_used: AtomicBool::new(false) }
    }

    /// Gives the buffer another size.
    pub(super) fn set_room(&self, room_bytes: u64) {
        let room_bytes = usize::try_from(room_bytes).unwrap_or(usize::MAX).min(KEPT_MAX_BYTES);
        self.texts.lock().buffer.set_room(room_bytes);
    }

    /// The buffer's size.
    pub(super) fn room_bytes(&self) -> u64 {
        self.texts.lock().buffer.room_bytes() as u64
    }

    /// A launch starts: what was printed before is displaced by nothing that it prints.
    pub(super) fn start_launch(&self) {
        if self.is_used.load(Ordering::Relaxed) && self.is_used.swap(false, Ordering::Relaxed) {
            let Texts { buffer, printed } = &mut *self.texts.lock();
            buffer.leave_to(&mut printed.stdout);
        }
    }

    /// A launch has ended: the guest learns of what was printed before it learns of that.
    pub(super) fn end_launch(&self) {
        if self.is_news.load(Ordering::Relaxed) && self.is_news.swap(false, Ordering::Relaxed) {
            self.completions.output_waits();
        }
    }

    /// Some of what has been printed.
    pub(super) fn take(&self, room_bytes: u64) -> Answer<OutputTakeReply> {
        let Texts { buffer, printed } = &mut *self.texts.lock();
        buffer.leave_to(&mut printed.stdout);
        printed.take(room_bytes)
    }
}

impl Sink for Output {
    fn print(&self, text: &[u8]) {
        self.texts.lock().buffer.push(text.into());
        self.is_used.store(true, Ordering::Relaxed);
        self.is_news.store(true, Ordering::Relaxed);
    }

    fn print_assertion(&self, text: &[u8]) {
        self.texts.lock().printed.stderr.push(text.into());
        self.is_news.store(true, Ordering::Relaxed);
    }
}
