//! What kernels have printed, until the guest takes it: whole texts, of which the oldest go where there is no room.

use std::collections::VecDeque;

use crate::wire::Answer;
use crate::wire::messages::OutputTakeReply;

/// A guest that never waits for its kernels leaves no more than this.
pub const KEPT_MAX_BYTES: usize = 64 << 20;
/// As much as is taken at a time: an answer has room for it.
const TAKEN_MAX_BYTES: usize = 8 << 20;

/// Whole texts, of which the oldest go when there are more bytes than room.
#[derive(Debug)]
pub struct Displacing {
    texts: VecDeque<Box<[u8]>>,
    len_bytes: usize,
    room_bytes: usize,
}

impl Displacing {
    /// No texts, and so much room.
    pub fn new(room_bytes: usize) -> Self {
        Self { texts: VecDeque::new(), len_bytes: 0, room_bytes }
    }

    /// Adds the newest text.
    pub fn push(&mut self, text: Box<[u8]>) {
        self.len_bytes += text.len();
        self.texts.push_back(text);
        self.fit();
    }

    /// Gives it other room.
    pub fn set_room(&mut self, room_bytes: usize) {
        self.room_bytes = room_bytes;
        self.fit();
    }

    /// How much room it has.
    pub fn room_bytes(&self) -> usize {
        self.room_bytes
    }

    fn fit(&mut self) {
        while self.len_bytes > self.room_bytes
            && let Some(oldest) = self.texts.pop_front()
        {
            self.len_bytes -= oldest.len();
        }
    }

    /// Takes the oldest bytes, so many at most.
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
    pub fn leave_to(&mut self, other: &mut Self) {
        self.len_bytes = 0;
        self.texts.drain(..).for_each(|text| other.push(text));
    }
}

/// What the guest can take, by where it goes.
#[derive(Debug)]
pub struct Printed {
    /// What `printf` has printed.
    pub stdout: Displacing,
    /// What assertions have.
    pub stderr: Displacing,
}

impl Default for Printed {
    fn default() -> Self {
        Self { stdout: Displacing::new(KEPT_MAX_BYTES), stderr: Displacing::new(KEPT_MAX_BYTES) }
    }
}

impl Printed {
    /// The answer to [`OutputTake`](crate::wire::messages::OutputTake).
    pub fn take(&mut self, room_bytes: u64) -> Answer<OutputTakeReply> {
        let room_bytes = usize::try_from(room_bytes).unwrap_or(usize::MAX).min(TAKEN_MAX_BYTES);
        let mut tail = self.stdout.take(room_bytes);
        let stdout_bytes = tail.len();
        tail.append(&mut self.stderr.take(room_bytes - stdout_bytes));
        let left_bytes = self.stdout.len_bytes + self.stderr.len_bytes;
        let reply = OutputTakeReply {
            stdout_bytes: stdout_bytes as u64,
            stderr_bytes: (tail.len() - stdout_bytes) as u64,
            left_bytes: left_bytes as u64,
        };
        Answer { reply, tail }
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
        let mut less = texts(&["one", "two", "three"], 11);
        less.set_room(8);
        assert_eq!(less.take(100), b"twothree");
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

    #[test]
    fn what_is_printed_comes_before_what_fails_and_no_more_than_there_is_room_for() {
        let mut printed = Printed::default();
        printed.stderr.push(b"failed".as_slice().into());
        printed.stdout.push(b"printed".as_slice().into());
        let Answer { reply, tail } = printed.take(9);
        assert_eq!((reply.stdout_bytes, reply.stderr_bytes, reply.left_bytes), (7, 2, 4));
        assert_eq!(tail, b"printedfa");
        let Answer { reply, tail } = printed.take(u64::MAX);
        assert_eq!((reply.stdout_bytes, reply.stderr_bytes, reply.left_bytes), (0, 4, 0));
        assert_eq!(tail, b"iled");
    }
}
