//! Text as words, for whoever looks for names in it. Nothing here is an error: what is no name is passed over.

/// A piece of text that may matter to names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'s> {
    /// `helper`, `%r1`, `ld` of `ld.global.u32`.
    Word(&'s str),
    /// `shared` of `.shared .b32 x;`, but nothing of `ld.shared.b32`.
    Directive(&'s str),
    /// The end of a statement, or of a label: a statement may begin.
    End,
}

/// The tokens of a text and where they start, without comments, strings and numbers.
pub(super) struct Tokens<'s> {
    text: &'s str,
    position: usize,
}

impl<'s> Tokens<'s> {
    pub(super) fn of(text: &'s str) -> Self {
        Self { text, position: 0 }
    }

    fn bytes(&self) -> &'s [u8] {
        &self.text.as_bytes()[self.position..]
    }

    /// Reads on for as long as bytes are such.
    fn read(&mut self, is_such: impl Fn(u8) -> bool) -> &'s str {
        let start = self.position;
        self.position += self.bytes().iter().take_while(|byte| is_such(**byte)).count();
        &self.text[start..self.position]
    }

    /// Goes behind the next `end`, or to the end of the text.
    fn skip_to(&mut self, end: &str) {
        let rest = &self.text[self.position..];
        self.position += rest.find(end).map_or(rest.len(), |at| at + end.len());
    }

    /// Passes over what belongs to a word or a number: `.global.u32`, `::cta`, `.5`.
    fn skip_suffixes(&mut self) {
        loop {
            match self.bytes() {
                [b'.', next, ..] if is_follow(*next) => self.position += 1,
                [b':', b':', next, ..] if is_follow(*next) => self.position += 2,
                _ => return,
            }
            self.read(is_follow);
        }
    }
}

impl<'s> Iterator for Tokens<'s> {
    type Item = (usize, Token<'s>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let start = self.position;
            match self.bytes() {
                [] => return None,
                [b'/', b'/', ..] => self.skip_to("\n"),
                [b'/', b'*', ..] => {
                    self.position += 2;
                    self.skip_to("*/");
                }
                [b'"', ..] => {
                    self.position += 1;
                    self.skip_to("\"");
                }
                [b';' | b':' | b'{' | b'}', ..] => {
                    self.position += 1;
                    return Some((start, Token::End));
                }
                [b'.', ..] => {
                    self.position += 1;
                    return Some((start, Token::Directive(self.read(is_follow))));
                }
                [b'0'..=b'9', ..] => {
                    self.read(is_follow);
                    self.skip_suffixes();
                }
                [byte, ..] if is_follow(*byte) => {
                    let word = self.read(is_follow);
                    self.skip_suffixes();
                    return Some((start, Token::Word(word)));
                }
                // What is no ASCII is in no token, and neither are the bytes that follow in its character.
                [_, ..] => self.position += 1,
            }
        }
    }
}

/// Whether a byte may stand in a name.
fn is_follow(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'%')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        let word = |(_, token)| match token {
            Token::Word(word) => Some(word),
            _ => None,
        };
        Tokens::of(text).filter_map(word).collect()
    }

    #[test]
    fn modifiers_numbers_strings_and_comments_hold_no_words() {
        let text = "@%p1 ld.shared::cta.x.u32 %r1, [x+0x1F]; // x\n mov.f32 $a, 0f3F800000; /* x */ .pragma \"x\"; $a:";
        assert_eq!(words(text), ["%p1", "ld", "%r1", "x", "mov", "$a", "$a"]);
    }

    #[test]
    fn a_directive_stands_alone() {
        let tokens: Vec<_> = Tokens::of("é.shared .b32 x; ld.shared 1.5e3 é").map(|(_, token)| token).collect();
        let expected = [Token::Directive("shared"), Token::Directive("b32"), Token::Word("x"), Token::End];
        assert_eq!(tokens[..4], expected);
        assert_eq!(tokens[4..], [Token::Word("ld")]);
        let starts: Vec<_> = Tokens::of("{ a: .local").map(|(_, token)| token).collect();
        assert_eq!(starts, [Token::End, Token::Word("a"), Token::End, Token::Directive("local")]);
    }

    #[test]
    fn text_that_breaks_off_ends() {
        for text in ["/*", "\"", ".", "a.", "a::", "1.", "/", "é"] {
            assert!(Tokens::of(text).count() <= 3, "{text}");
        }
    }
}
