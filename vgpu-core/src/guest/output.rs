//! What kernels have printed.

use std::sync::atomic::Ordering;

use super::link::Link;
use crate::error::CuResult;
use crate::wire::Answer;
use crate::wire::messages::{OutputTake, OutputTakeReply};

/// So much of what was printed fits an answer's slot.
const SHORT_OUTPUT_BYTES: u64 = 4096;

/// What kernels have printed, or a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// For standard output.
    pub stdout: Vec<u8>,
    /// For standard error.
    pub stderr: Vec<u8>,
    /// Whether there was more.
    pub is_part: bool,
}

impl Link {
    /// Whether kernels have printed something that was not taken. Costs a load.
    #[inline]
    pub fn has_output(&self) -> bool {
        self.channel.window().control().output().load(Ordering::Acquire) != self.output_seen.load(Ordering::Relaxed)
    }

    /// Takes what kernels have printed. A part is to be followed by the next.
    ///
    /// # Errors
    /// Those of the channel.
    pub fn take_output(&self) -> CuResult<Output> {
        let seen = self.channel.window().control().output().load(Ordering::Acquire);
        let answer = self.call(&OutputTake { room_bytes: u64::MAX }, &[])?;
        Ok(self.taken(answer, seen))
    }

    /// The same for a thread that must not wait for other work, for that may wait for it: `None` where it would have to.
    ///
    /// # Errors
    /// Those of the channel.
    pub fn try_take_output(&self) -> CuResult<Option<Output>> {
        let seen = self.channel.window().control().output().load(Ordering::Acquire);
        let answer = self.channel.call_if_idle(&OutputTake { room_bytes: SHORT_OUTPUT_BYTES }, &[])?;
        Ok(answer.map(|answer| self.taken(answer, seen)))
    }

    fn taken(&self, answer: Answer<OutputTakeReply>, seen: u64) -> Output {
        let Answer { reply, mut tail } = answer;
        let is_part = reply.left_bytes != 0;
        if !is_part {
            self.output_seen.store(seen, Ordering::Relaxed);
        }
        let stdout_bytes = usize::try_from(reply.stdout_bytes).map_or(tail.len(), |len| len.min(tail.len()));
        let stderr = tail.split_off(stdout_bytes);
        Output { stdout: tail, stderr, is_part }
    }
}
