//! One channel's block in BAR1: a page of words, then a mailbox of one packet each way.
//!
//! The guest side is one trust domain but is hostile to the host: the host keeps its own account of every channel, believes
//! nothing here, and takes each packet as a copy. Mail is the exchange of [`crate::transport::handshake`] and the questions
//! of [`crate::transport::monitor`], a request and its answer at a time.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::window::Mapping;

/// Length of a block: words, mail to the host, two pages of mail to the guest.
pub(crate) const BLOCK_BYTES: u64 = 4 * 4096;
/// The longest packet to the host.
pub const REQUEST_MAX_BYTES: usize = 4096 - MAIL_HEADER_BYTES as usize;
/// The longest packet to the guest.
pub const ANSWER_MAX_BYTES: usize = 2 * 4096 - MAIL_HEADER_BYTES as usize;

const OWNER: u64 = 0;
const OPENED: u64 = 8;
const CLOSING: u64 = 16;
const ENDED: u64 = 64;
const START_TIME: u64 = 128;
const PID_NAMESPACE: u64 = 136;
const GUEST_HEARTBEAT: u64 = 192;
const REQUEST_NUMBER: u64 = 256;
const ANSWER_NUMBER: u64 = 320;
const REQUEST: u64 = 4096;
const ANSWER: u64 = 2 * 4096;
/// A packet's length stands before it.
const MAIL_HEADER_BYTES: u64 = 8;

/// A view of one channel's block.
#[derive(Clone, Copy, Debug)]
pub struct ChannelBlock<'a> {
    bar: &'a Mapping,
    offset: u64,
}

impl<'a> ChannelBlock<'a> {
    pub(super) fn new(bar: &'a Mapping, offset: u64) -> Self {
        Self { bar, offset }
    }

    fn word(self, at: u64) -> &'a AtomicU64 {
        self.bar.word64(self.offset + at)
    }

    /// The owner's token; 0 while the channel is free. Guests go from 0 to a token, only the host goes back.
    pub fn owner(self) -> &'a AtomicU64 {
        self.word(OWNER)
    }

    /// Guest: its token, once its greeting is in the mailbox.
    pub fn opened(self) -> &'a AtomicU64 {
        self.word(OPENED)
    }

    /// Guest, or another guest that saw it dead: the token of the owner that is to be taken off.
    pub fn closing(self) -> &'a AtomicU64 {
        self.word(CLOSING)
    }

    /// Host: the token of the owner whose executor has ended, though nobody asked for it.
    pub fn ended(self) -> &'a AtomicU64 {
        self.word(ENDED)
    }

    /// Guest: when its process started, in its kernel's clock ticks. Tells it from a later one of the same number.
    pub(crate) fn start_time(self) -> &'a AtomicU64 {
        self.word(START_TIME)
    }

    /// Guest: the namespace in which its process number means something.
    pub(crate) fn pid_namespace(self) -> &'a AtomicU64 {
        self.word(PID_NAMESPACE)
    }

    /// Guest: counts up about once a second. A channel whose heart has stopped for long is taken back.
    pub fn heartbeat(self) -> &'a AtomicU64 {
        self.word(GUEST_HEARTBEAT)
    }

    /// Guest: puts a packet into the host's mailbox and returns its number. The attention doorbell comes next.
    ///
    /// # Panics
    /// When it is longer than [`REQUEST_MAX_BYTES`]: guests know what they send.
    pub fn post_request(self, packet: &[u8]) -> u64 {
        assert!(packet.len() <= REQUEST_MAX_BYTES, "a request of {} bytes", packet.len());
        self.put(REQUEST, packet);
        let number = self.word(REQUEST_NUMBER).load(Ordering::Relaxed).wrapping_add(1);
        // SeqCst, for memory that gathers writes: only a locked instruction keeps the packet's bytes before the number.
        self.word(REQUEST_NUMBER).store(number, Ordering::SeqCst);
        number
    }

    /// Host: number of the guest's last packet, to be held against the last one that was taken.
    pub fn request_number(self) -> u64 {
        self.word(REQUEST_NUMBER).load(Ordering::Acquire)
    }

    /// Host: a copy of the guest's packet; `None` when its length is impossible.
    pub fn take_request(self) -> Option<Vec<u8>> {
        self.take(REQUEST, REQUEST_MAX_BYTES)
    }

    /// Host: answers request `number`. A packet over [`ANSWER_MAX_BYTES`] is cut.
    pub fn post_answer(self, number: u64, packet: &[u8]) {
        self.put(ANSWER, &packet[..packet.len().min(ANSWER_MAX_BYTES)]);
        self.word(ANSWER_NUMBER).store(number, Ordering::Release);
    }

    /// Guest: the answer to request `number`, if it has come and its length is possible.
    pub fn take_answer(self, number: u64) -> Option<Vec<u8>> {
        (self.word(ANSWER_NUMBER).load(Ordering::Acquire) == number).then(|| self.take(ANSWER, ANSWER_MAX_BYTES))?
    }

    /// Host: forgets all that the owner and its mail have left, but for the owner's word: that goes last, by a store of its own.
    pub fn clear(self) {
        const ZEROES: [u8; BLOCK_BYTES as usize] = [0; BLOCK_BYTES as usize];
        self.bar.write(self.offset + OPENED, &ZEROES[OPENED as usize..]);
    }

    fn put(self, at: u64, packet: &[u8]) {
        self.bar.write(self.offset + at + MAIL_HEADER_BYTES, packet);
        self.word(at).store(packet.len() as u64, Ordering::Relaxed);
    }

    fn take(self, at: u64, max_bytes: usize) -> Option<Vec<u8>> {
        let len_bytes = usize::try_from(self.word(at).load(Ordering::Relaxed)).ok().filter(|len| *len <= max_bytes)?;
        let mut packet = vec![0; len_bytes];
        self.bar.read(self.offset + at + MAIL_HEADER_BYTES, &mut packet);
        Some(packet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::mapping;
    use std::os::fd::AsFd;

    fn with_block(test: impl FnOnce(ChannelBlock<'_>)) {
        let object = mapping::create_object(BLOCK_BYTES).expect("shared memory");
        let bar = Mapping::near(object.as_fd(), BLOCK_BYTES, 0).expect("shared memory");
        test(ChannelBlock::new(&bar, 0));
    }

    #[test]
    fn a_request_and_its_answer_arrive_whole() {
        with_block(|block| {
            let before = block.request_number();
            let number = block.post_request(&[7; REQUEST_MAX_BYTES]);
            assert_ne!(block.request_number(), before);
            assert_eq!(block.take_request().expect("a packet"), [7; REQUEST_MAX_BYTES]);
            assert_eq!(block.take_answer(number), None);
            block.post_answer(number, &[9; ANSWER_MAX_BYTES + 5]);
            assert_eq!(block.take_answer(number).expect("an answer"), [9; ANSWER_MAX_BYTES]);
        });
    }

    #[test]
    fn a_cleared_block_holds_nothing_but_its_owner() {
        with_block(|block| {
            let words = [block.owner(), block.opened(), block.closing(), block.ended(), block.heartbeat()];
            for word in words {
                word.store(5, Ordering::Relaxed);
            }
            let number = block.post_request(&[7; REQUEST_MAX_BYTES]);
            block.post_answer(number, &[9; ANSWER_MAX_BYTES]);
            block.clear();
            assert_eq!(words.map(|word| word.load(Ordering::Relaxed)), [5, 0, 0, 0, 0]);
            let mut rest = vec![1; BLOCK_BYTES as usize - 8];
            block.bar.read(8, &mut rest);
            assert!(rest.iter().all(|byte| *byte == 0));
        });
    }

    #[test]
    fn an_impossible_length_is_no_packet() {
        with_block(|block| {
            for len_bytes in [REQUEST_MAX_BYTES as u64 + 1, u64::MAX] {
                block.word(REQUEST).store(len_bytes, Ordering::Relaxed);
                assert_eq!(block.take_request(), None);
            }
        });
    }
}
