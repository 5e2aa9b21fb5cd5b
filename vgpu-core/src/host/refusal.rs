//! Refusals: what an executor says no to, and why.

use crate::error::CuError;
use crate::wire::Answer;
use crate::wire::messages::ErrorTextReply;

/// Why something is refused: the code, and the text that explains it.
pub type Refusal = (CuError, String);

/// As much of a text as an answer is sure to hold.
const TEXT_MAX_BYTES: usize = 4096;

/// The text of the last refusal, for whoever asks by [`ErrorText`](crate::wire::messages::ErrorText).
#[derive(Debug, Default)]
pub struct LastRefusal(String);

impl LastRefusal {
    /// Keeps a refusal's text; what is left is its code.
    pub fn keep(&mut self, (error, text): Refusal) -> CuError {
        log::debug!("refused with {error}: {text}");
        self.0 = text;
        error
    }

    /// Keeps what is to be known about a call that went well.
    pub fn remark(&mut self, text: String) {
        self.0 = text;
    }

    /// The text as an answer, cut where it is too long for one.
    pub fn answer(&self) -> Answer<ErrorTextReply> {
        let tail = self.0.as_bytes()[..self.0.floor_char_boundary(TEXT_MAX_BYTES)].to_vec();
        Answer { reply: ErrorTextReply { len_bytes: tail.len() as u64 }, tail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let mut last = LastRefusal::default();
        assert_eq!(last.keep((CuError::NOT_FOUND, "é".repeat(3000))), CuError::NOT_FOUND);
        let answer = last.answer();
        assert_eq!(answer.reply.len_bytes, 4096);
        assert_eq!(String::from_utf8(answer.tail).expect("whole characters"), "é".repeat(2048));
    }
}
