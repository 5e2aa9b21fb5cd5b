//! A place in PTX text: characters to words, without copying.

use super::Error;
use super::ast::Immediate;
use super::number;

/// The result of everything that reads text.
pub(super) type Result<T> = std::result::Result<T, Error>;

/// A place in a text. Reading skips white space and comments first.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'s> {
    source: &'s str,
    bytes: &'s [u8],
    position: usize,
    line: u32,
}

const START: u8 = 1;
const FOLLOW: u8 = 2;

/// Which bytes may start a name, and which may follow.
const NAME: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0u8;
    while byte < 128 {
        class[byte as usize] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' | b'%' => START | FOLLOW,
            b'0'..=b'9' => FOLLOW,
            _ => 0,
        };
        byte += 1;
    }
    class
};

impl<'s> Cursor<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self { source, bytes: source.as_bytes(), position: 0, line: 1 }
    }

    /// A cursor that reads `part` alone; errors count lines and columns in `source` when `part` is a part of it.
    pub(super) fn within(source: &'s str, part: &'s str, line: u32) -> Self {
        let offset = part.as_ptr().addr().wrapping_sub(source.as_ptr().addr());
        if source.get(offset..offset.wrapping_add(part.len())) == Some(part) {
            let end = offset + part.len();
            Self { source, bytes: &source.as_bytes()[..end], position: offset, line }
        } else {
            Self { source: part, bytes: part.as_bytes(), position: 0, line }
        }
    }

    /// Where the next token starts, in bytes.
    pub(super) fn position(&mut self) -> usize {
        self.skip();
        self.position
    }

    /// The line of the next token, from 1.
    pub(super) fn line(&mut self) -> u32 {
        self.skip();
        self.line
    }

    /// The text from `start` to here.
    pub(super) fn since(&self, start: usize) -> &'s str {
        self.source.get(start..self.position).unwrap_or("")
    }

    pub(super) fn error(&self, position: usize, message: impl Into<String>) -> Error {
        Error::at(self.source, position, message.into())
    }

    /// "expected {what}, found ..." at the next token.
    pub(super) fn expected(&mut self, what: &str) -> Error {
        self.skip();
        let rest = self.source.get(self.position..self.bytes.len()).unwrap_or("");
        let found = match rest.chars().next() {
            None => "the end of the text".to_owned(),
            Some(first) => match self.clone().dotted() {
                Some(word) => format!("`{}`", &word[..word.len().min(80)]),
                None => format!("`{}`", first.escape_default()),
            },
        };
        self.error(self.position, format!("expected {what}, found {found}"))
    }

    /// Goes to the next token and says what its first byte is.
    pub(super) fn peek(&mut self) -> Option<u8> {
        self.skip();
        self.bytes.get(self.position).copied()
    }

    /// Whether the next token starts with `text`; reads nothing of it.
    pub(super) fn looks_at(&mut self, text: &str) -> bool {
        self.skip();
        self.bytes[self.position..].starts_with(text.as_bytes())
    }

    /// Reads one punctuation character if it is next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.position += usize::from(found);
        found
    }

    /// Reads one punctuation character.
    pub(super) fn expect(&mut self, byte: u8) -> Result<()> {
        if self.eat(byte) { Ok(()) } else { Err(self.expected(&format!("`{}`", char::from(byte)))) }
    }

    /// Reads a name: `%r1`, `$L__BB0_1`, `vprintf`.
    pub(super) fn word(&mut self) -> Option<&'s str> {
        self.skip();
        let start = self.position;
        if self.class_at(start) & START == 0 {
            return None;
        }
        while self.class_at(self.position) & FOLLOW != 0 {
            self.position += 1;
        }
        Some(self.since(start))
    }

    pub(super) fn expect_word(&mut self, what: &str) -> Result<&'s str> {
        match self.word() {
            Some(word) => Ok(word),
            None => Err(self.expected(what)),
        }
    }

    /// Reads a name with its dots and double colons: `%tid.x`, `ld.shared::cta.u32`.
    pub(super) fn dotted(&mut self) -> Option<&'s str> {
        self.skip();
        let start = self.position;
        self.word()?;
        loop {
            let joint = match self.bytes[self.position..] {
                [b'.', next, ..] if NAME[next as usize] & FOLLOW != 0 => 1,
                [b':', b':', next, ..] if NAME[next as usize] & FOLLOW != 0 => 2,
                _ => break,
            };
            self.position += joint;
            while self.class_at(self.position) & FOLLOW != 0 {
                self.position += 1;
            }
        }
        Some(self.since(start))
    }

    /// Reads `.name` and gives `name`. `None`, and nothing is read, when no dot is next.
    pub(super) fn directive(&mut self) -> Result<Option<&'s str>> {
        if !self.eat(b'.') {
            return Ok(None);
        }
        // `.1d`-like qualifiers start with a digit, so this is not `word`.
        let start = self.position;
        while self.class_at(self.position) & FOLLOW != 0 {
            self.position += 1;
        }
        if self.position == start {
            return Err(self.error(start, "expected a name after `.`"));
        }
        Ok(Some(self.since(start)))
    }

    /// Reads a literal, with its sign.
    pub(super) fn number(&mut self) -> Result<Immediate> {
        let mut negative = false;
        while let Some(sign @ (b'-' | b'+')) = self.peek() {
            negative ^= sign == b'-';
            self.position += 1;
        }
        self.skip();
        let start = self.position;
        let len = number::len(&self.bytes[start..]);
        if len == 0 {
            return Err(self.expected("a number"));
        }
        self.position += len;
        match number::parse(self.since(start), negative) {
            Ok(number) => Ok(number),
            Err(reason) => Err(self.error(start, format!("{reason} `{}`", self.since(start)))),
        }
    }

    /// Reads an integer literal.
    pub(super) fn integer(&mut self, what: &str) -> Result<u64> {
        self.skip();
        let start = self.position;
        match self.number() {
            Ok(Immediate::Integer(value)) => Ok(value),
            Ok(_) => Err(self.error(start, format!("expected {what}, found a floating-point number"))),
            Err(error) => Err(error),
        }
    }

    /// Reads an integer literal of 32 bits.
    pub(super) fn integer_u32(&mut self, what: &str) -> Result<u32> {
        self.skip();
        let start = self.position;
        let value = self.integer(what)?;
        u32::try_from(value)
            .map_err(|_| self.error(start, format!("expected {what} of at most 32 bits, found {value}")))
    }

    /// Skips to the end of the line.
    pub(super) fn skip_line(&mut self) {
        while self.bytes.get(self.position).is_some_and(|byte| *byte != b'\n') {
            self.position += 1;
        }
    }

    /// Skips past the next `;`, and strings on the way.
    pub(super) fn skip_statement(&mut self) -> Result<()> {
        loop {
            match self.peek() {
                None => return Err(self.expected("`;`")),
                Some(b';') => break,
                Some(b'"') => self.skip_string()?,
                Some(_) => self.step(),
            }
        }
        self.expect(b';')
    }

    /// Skips a `{ ... }` with everything in it.
    pub(super) fn skip_braces(&mut self) -> Result<()> {
        self.expect(b'{')?;
        let open = self.position - 1;
        let mut depth = 1usize;
        while depth > 0 {
            match self.bytes.get(self.position).copied() {
                None => return Err(self.error(open, "expected a `}` that closes this `{`")),
                Some(b'{') => depth += 1,
                Some(b'}') => depth -= 1,
                Some(b'\n') => self.line = self.line.saturating_add(1),
                Some(b'/') if matches!(self.bytes.get(self.position + 1), Some(b'/' | b'*')) => {
                    self.skip();
                    continue;
                }
                Some(b'"') => {
                    self.skip_string()?;
                    continue;
                }
                Some(_) => {}
            }
            self.position += 1;
        }
        Ok(())
    }

    /// Skips a string literal; PTX has no escapes in them, and they end on their line.
    pub(super) fn skip_string(&mut self) -> Result<()> {
        self.expect(b'"')?;
        let open = self.position - 1;
        loop {
            match self.bytes.get(self.position) {
                None | Some(b'\n') => {
                    return Err(self.error(open, "expected a `\"` that closes this string"));
                }
                Some(b'"') => break,
                Some(_) => self.position += 1,
            }
        }
        self.position += 1;
        Ok(())
    }

    fn class_at(&self, position: usize) -> u8 {
        self.bytes.get(position).map_or(0, |byte| NAME[*byte as usize])
    }

    /// One byte on. Only used where text is skipped, so that it may stop inside of a character.
    fn step(&mut self) {
        self.position += 1;
    }

    fn skip(&mut self) {
        loop {
            match self.bytes[self.position..] {
                [b'\n', ..] => {
                    self.line = self.line.saturating_add(1);
                    self.position += 1;
                }
                [b' ' | b'\t' | b'\r' | b'\x0b' | b'\x0c', ..] => self.position += 1,
                [b'/', b'/', ..] => self.skip_line(),
                [b'/', b'*', ..] => self.skip_comment(),
                _ => return,
            }
        }
    }

    /// An unclosed comment goes on to the end.
    fn skip_comment(&mut self) {
        self.position += 2;
        loop {
            match self.bytes[self.position..] {
                [] => return,
                [b'*', b'/', ..] => break,
                [b'\n', ..] => self.line = self.line.saturating_add(1),
                _ => {}
            }
            self.position += 1;
        }
        self.position += 2;
    }
}
