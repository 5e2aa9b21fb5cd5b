//! The line between the guest's first process and us: the job's output, and among it, marked, what init has to say.
//!
//! A marked line is `\x1e TOKEN space words newline`. The job cannot read the token, so it cannot forge one.

use std::{fs::File, io::Read};

use anyhow::{Context, Result};

/// Longest line of init's that is waited for.
const MAX_LINE_BYTES: usize = 64;

/// What arrives on the line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Bytes of the job's.
    Output(Vec<u8>),
    /// The guest is up and waits for the number of its boot.
    Up,
    /// The job has ended, and all its output has come before this.
    Exit(u8),
}

/// A new random token.
pub(super) fn token() -> Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).context("/dev/urandom")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Takes the marked lines out of a stream that arrives in pieces.
pub(super) struct Splitter {
    mark: Vec<u8>,
    held: Vec<u8>,
}

impl Splitter {
    pub(super) fn new(token: &str) -> Self {
        Self { mark: format!("\x1e{token} ").into_bytes(), held: Vec::new() }
    }

    /// Takes the next piece. What may yet become a mark is held back.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Vec<Said> {
        self.held.extend_from_slice(piece);
        let mut said = Vec::new();
        loop {
            let start = self.held.windows(self.mark.len()).position(|window| window == self.mark);
            let Some(start) = start else {
                let kept = self.partial_mark();
                self.release(self.held.len() - kept, &mut said);
                return said;
            };
            self.release(start, &mut said);
            let rest = &self.held[self.mark.len()..];
            let end = rest.iter().take(MAX_LINE_BYTES).position(|&byte| byte == b'\n');
            let Some(end) = end else {
                if rest.len() < MAX_LINE_BYTES {
                    return said;
                }
                // Too long for a line of init's.
                self.release(self.mark.len(), &mut said);
                continue;
            };
            let taken = self.mark.len() + end + 1;
            match line(&rest[..end]) {
                Some(line) => {
                    said.push(line);
                    self.held.drain(..taken);
                }
                None => self.release(taken, &mut said),
            }
        }
    }

    /// What is still held back when the stream has ended.
    pub(super) fn rest(self) -> Vec<u8> {
        self.held
    }

    /// How many of the last bytes are the beginning of a mark.
    fn partial_mark(&self) -> usize {
        let longest = self.held.len().min(self.mark.len() - 1);
        (0..=longest).rev().find(|&len| self.held.ends_with(&self.mark[..len])).unwrap_or(0)
    }

    fn release(&mut self, len: usize, said: &mut Vec<Said>) {
        if len > 0 {
            said.push(Said::Output(self.held.drain(..len).collect()));
        }
    }
}

/// Reads a marked line without its mark.
fn line(text: &[u8]) -> Option<Said> {
    let text = std::str::from_utf8(text).ok()?;
    if text == "up" {
        return Some(Said::Up);
    }
    text.strip_prefix("exit ")?.parse().ok().map(Said::Exit)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `text` in pieces of `len` bytes, and joins neighbouring output.
    fn fed(text: &[u8], len: usize) -> Vec<Said> {
        let mut splitter = Splitter::new("abab");
        let mut all: Vec<Said> = Vec::new();
        for said in text.chunks(len).flat_map(|piece| splitter.feed(piece)).collect::<Vec<_>>() {
            match (all.last_mut(), said) {
                (Some(Said::Output(before)), Said::Output(more)) => before.extend(more),
                (_, said) => all.push(said),
            }
        }
        all
    }

    #[test]
    fn marked_lines_are_found_however_the_stream_is_cut() {
        let text = b"\x1eabab up\nhello\n\x1e\x1eabxx\x1eabab exit 42\n";
        let expected = [Said::Up, Said::Output(b"hello\n\x1e\x1eabxx".to_vec()), Said::Exit(42)];
        for len in 1..=text.len() {
            assert_eq!(fed(text, len), expected, "pieces of {len}");
        }
    }

    #[test]
    fn output_without_a_newline_comes_before_the_exit() {
        assert_eq!(fed(b"x\x1eabab exit 0\n", 100), [Said::Output(b"x".to_vec()), Said::Exit(0)]);
    }

    #[test]
    fn another_token_or_a_wrong_line_is_output() {
        for text in [&b"\x1eabac exit 0\n"[..], b"\x1eabab exit 256\n", b"\x1eabab exit \n", b"\x1eabab hello\n"] {
            assert_eq!(fed(text, 3), [Said::Output(text.to_vec())]);
        }
    }

    #[test]
    fn a_mark_that_no_line_follows_is_not_waited_for_without_end() {
        let text = [&b"\x1eabab "[..], &[b'x'; 1000]].concat();
        assert_eq!(fed(&text, 7), [Said::Output(text)]);
    }

    #[test]
    fn what_could_be_a_mark_is_held_until_the_end() {
        let mut splitter = Splitter::new("abab");
        assert_eq!(splitter.feed(b"x\x1eab"), [Said::Output(b"x".to_vec())]);
        assert_eq!(splitter.rest(), b"\x1eab");
    }

    #[test]
    fn tokens_differ() {
        assert_ne!(token().expect("random"), token().expect("random"));
    }
}
