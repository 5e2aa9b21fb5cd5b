//! What kernels have printed, until the guest takes it.
//!
//! As on a GPU, `printf` writes to a buffer of limited size in which new text displaces the oldest, and a launch that starts
//! empties the buffer of what earlier ones have left. Texts of assertions are few, and displace nothing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use vgpu_core::wire::Completions;

use crate::exec::print::Sink;

/// The buffer's size until the guest sets another.
const DEFAULT_BYTES: usize = 1 << 20;
/// A guest that never waits for its kernels leaves no more than this, and no buffer is larger.
const KEPT_MAX_BYTES: usize = 64 << 20;
/// As much as is taken at a time: an answer has room for it.
const TAKEN_MAX_BYTES: usize = 8 << 20;

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
    /// What has left the buffer.
    kept: Displacing,
    assertions: Displacing,
}

/// Whole texts, of which the oldest go when there are more bytes than room.
struct Displacing {
    texts: VecDeque<Box<[u8]>>,
    len_bytes: usize,
    room_bytes: usize,
}

impl Displacing {
    fn new(room_bytes: usize) -> Self {
        Self { texts: VecDeque::new(), len_bytes: 0, room_bytes }
    }

    fn push(&mut self, text: Box<[u8]>) {
        self.len_bytes += text.len();
        self.texts.push_back(text);
        self.fit();
    }

    fn fit(&mut self) {
        while self.len_bytes > self.room_bytes
            && let Some(oldest) = self.texts.pop_front()
        {
            self.len_bytes -= oldest.len();
        }
    }

    /// The oldest bytes, so many at most.
    fn take(&mut self, len_bytes: usize) -> Vec<u8> {
        let mut taken = Vec::new();
        while let Some(oldest) = self.texts.front_mut() {
            let room = len_bytes - taken.len();
            if oldest.len() > room {
                let (now, later) = oldest.split_at(room);
                taken.extend_from_slice(now);
                *oldest = later.into();
                break;
            }
            taken.extend_from_slice(oldest);
            self.texts.pop_front();
        }
        self.len_bytes -= taken.len();
        taken
    }

    /// Leaves all texts to `other`.
    fn leave_to(&mut self, other: &mut Self) {
        self.len_bytes = 0;
        self.texts.drain(..).for_each(|text| other.push(text));
    }
}

impl Output {
    pub(super) fn new(completions: Arc<dyn Completions>) -> Self {
        let texts = Texts {
            buffer: Displacing::new(DEFAULT_BYTES),
            kept: Displacing::new(KEPT_MAX_BYTES),
            assertions: Displacing::new(KEPT_MAX_BYTES),
        };
        Self { completions, texts: Mutex::new(texts), is_news: AtomicBool::new(false), is_used: AtomicBool::new(false) }
    }

    /// Gives the buffer another size.
    pub(super) fn set_room(&self, room_bytes: u64) {
        let buffer = &mut self.texts.lock().buffer;
        buffer.room_bytes = usize::try_from(room_bytes).unwrap_or(usize::MAX).min(KEPT_MAX_BYTES);
        buffer.fit();
    }

    /// A launch starts: what was printed before is displaced by nothing that it prints.
    pub(super) fn start_launch(&self) {
        if self.is_used.load(Ordering::Relaxed) && self.is_used.swap(false, Ordering::Relaxed) {
            let Texts { buffer, kept, .. } = &mut *self.texts.lock();
            buffer.leave_to(kept);
        }
    }

    /// A launch has ended: the guest learns of what was printed before it learns of that.
    pub(super) fn end_launch(&self) {
        if self.is_news.load(Ordering::Relaxed) && self.is_news.swap(false, Ordering::Relaxed) {
            self.completions.output_waits();
        }
    }

    /// Some of what `printf` has printed, and of what assertions have, `room_bytes` together, and how many bytes are left.
    pub(super) fn take(&self, room_bytes: u64) -> (Vec<u8>, Vec<u8>, usize) {
        let Texts { buffer, kept, assertions } = &mut *self.texts.lock();
        buffer.leave_to(kept);
        let room_bytes = usize::try_from(room_bytes).unwrap_or(usize::MAX).min(TAKEN_MAX_BYTES);
        let printed = kept.take(room_bytes);
        let failed = assertions.take(room_bytes - printed.len());
        (printed, failed, kept.len_bytes + assertions.len_bytes)
    }
}

impl Sink for Output {
    fn print(&self, text: &[u8]) {
        self.texts.lock().buffer.push(text.into());
        self.is_used.store(true, Ordering::Relaxed);
        self.is_news.store(true, Ordering::Relaxed);
    }

    fn print_assertion(&self, text: &[u8]) {
        self.texts.lock().assertions.push(text.into());
        self.is_news.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(of: &[&str], room_bytes: usize) -> Displacing {
        let mut texts = Displacing::new(room_bytes);
        of.iter().for_each(|text| texts.push(text.as_bytes().into()));
        texts
    }

    #[test]
    fn the_oldest_texts_are_displaced_whole() {
        assert_eq!(texts(&["one", "two", "three"], 11).take(100), b"onetwothree");
        assert_eq!(texts(&["one", "two", "three"], 10).take(100), b"twothree");
        assert_eq!(texts(&["one", "two", "three"], 4).take(100), b"");
    }

    #[test]
    fn texts_are_taken_in_order_and_piece_by_piece() {
        let (mut buffer, mut kept) = (texts(&["c", "d"], 100), texts(&["a", "b"], 100));
        buffer.leave_to(&mut kept);
        assert_eq!((buffer.len_bytes, kept.len_bytes), (0, 4));
        assert_eq!((kept.take(2), kept.len_bytes), (b"ab".to_vec(), 2));
        assert_eq!((kept.take(100), kept.len_bytes), (b"cd".to_vec(), 0));
        let mut long = texts(&["one", "two"], 100);
        assert_eq!((long.take(4), long.take(0), long.take(9)), (b"onet".to_vec(), b"".to_vec(), b"wo".to_vec()));
    }
}
