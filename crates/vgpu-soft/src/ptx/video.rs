//! The selectors of video instructions: the parts of registers that `r1.b0` or `r2.h32` name become one more operand.
//!
//! They say how the instruction works rather than what it works on, and an instruction's operands are the same whichever
//! it has: `vadd.u32.u32.u32 d, a.b0, b` has the operands `d`, `a`, `b` and a number that [`Parts`] or [`Picks`] packs.

use super::ast::{Immediate, Operand};
use super::cursor::Result;
use super::kernel::Body;
use super::opcodes::Video;

/// The selectors of an instruction of whole words: a code of four bits for each of `d`, `a` and `b`. Then a bit each for the
/// signs that `vmad` gives its product and `c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts(pub(crate) u32);

impl Parts {
    /// Where the part of operand `index` starts, in bits, and how many it has. `d` is operand 0.
    pub(crate) fn part(self, index: u32) -> (u32, u32) {
        match self.0 >> (4 * index) & 15 {
            code @ 1..=4 => (8 * (code - 1), 8),
            code @ 5..=6 => (16 * (code - 5), 16),
            _ => (0, 32),
        }
    }

    const NEGATES_PRODUCT: u32 = 1 << 12;
    const NEGATES_C: u32 = 1 << 13;

    /// Whether the product is taken off instead of added.
    pub(crate) fn negates_product(self) -> bool {
        self.0 & Self::NEGATES_PRODUCT != 0
    }

    /// Whether `c` is.
    pub(crate) fn negates_c(self) -> bool {
        self.0 & Self::NEGATES_C != 0
    }

    /// The bits for signs in front of `a`, `b` and `c`. There are none for both the product and `c`.
    fn signs([a, b, c]: [bool; 3]) -> Option<u32> {
        match (a != b, c) {
            (false, false) => Some(0),
            (true, false) => Some(Self::NEGATES_PRODUCT),
            (false, true) => Some(Self::NEGATES_C),
            (true, true) => None,
        }
    }

    fn code(selector: &str) -> Option<u32> {
        Some(match selector {
            "b0" => 1,
            "b1" => 2,
            "b2" => 3,
            "b3" => 4,
            "h0" => 5,
            "h1" => 6,
            _ => return None,
        })
    }
}

/// The selectors of an instruction of two or four elements: a bit for each that is written, and for `a` and `b` three
/// bits for each that is read, a place in the eight bytes of both. The lowest element comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Picks(pub(crate) u32);

impl Picks {
    /// Whether the result of an element is kept.
    pub(crate) fn keeps(self, element: u32) -> bool {
        self.0 >> element & 1 != 0
    }

    /// Which of the elements of both sources an element of `a` (0) or `b` (1) is.
    pub(crate) fn place(self, source: u32, element: u32) -> u32 {
        self.0 >> (4 + 12 * source + 3 * element) & 7
    }

    /// The digits of `h10` or `b3210`, the last one first.
    fn digits(selector: &str, elements: u32) -> Option<Vec<u32>> {
        let digits = selector.strip_prefix(if elements == 2 { 'h' } else { 'b' })?;
        digits.chars().rev().map(|digit| digit.to_digit(2 * elements)).collect()
    }

    fn mask(selector: Option<&str>, elements: u32) -> Option<u32> {
        let Some(selector) = selector else { return Some((1 << elements) - 1) };
        let digits = Self::digits(selector, elements)?;
        let is_rising = digits.windows(2).all(|pair| pair[0] < pair[1]);
        let is_right = is_rising && !digits.is_empty() && digits.iter().all(|digit| *digit < elements);
        is_right.then(|| digits.iter().fold(0, |mask, digit| mask | 1 << digit))
    }

    /// Without a selector, `a` gives its own elements and `b` those of its.
    fn places(selector: Option<&str>, source: u32, elements: u32) -> Option<u32> {
        let digits = match selector {
            None => (source * elements..(source + 1) * elements).collect(),
            Some(selector) => Self::digits(selector, elements)?,
        };
        let is_right = digits.len() == elements as usize;
        is_right.then(|| digits.iter().rev().fold(0, |places, digit| places << 3 | digit))
    }
}

/// Packs the selectors of `d`, `a` and `b`, of which `None` stands for all of the register.
fn pack([d, a, b]: [Option<&str>; 3], elements: u32) -> Option<u32> {
    if elements == 1 {
        let code = |selector: Option<&str>| selector.map_or(Some(0), Parts::code);
        return Some(code(d)? | code(a)? << 4 | code(b)? << 8);
    }
    let (a, b) = (Picks::places(a, 0, elements)?, Picks::places(b, 1, elements)?);
    Some(Picks::mask(d, elements)? | a << 4 | b << 16)
}

impl<'s> Body<'s> {
    /// The operands of a video instruction, and its selectors.
    pub(super) fn video(&mut self, video: Video) -> Result<Vec<Operand<'s>>> {
        let start = self.cursor.position();
        let mut operands = Vec::new();
        let mut selectors = [None; 3];
        let mut negated = [false; 4];
        loop {
            let index = operands.len();
            let mut ahead = self.cursor.clone();
            let is_negated = video == Video::Vmad && (1..negated.len()).contains(&index) && ahead.eat(b'-');
            let word = ahead.dotted().unwrap_or("");
            let (name, selector) = word.split_once('.').map_or((word, None), |(name, part)| (name, Some(part)));
            let is_special = is_negated || selector.is_some() && index < selectors.len();
            match self.find(name).filter(|_| is_special && (selector.is_none() || index < selectors.len())) {
                Some(register) => {
                    if let Some(place) = selectors.get_mut(index) {
                        *place = selector;
                    }
                    if is_negated {
                        negated[index] = true;
                    }
                    operands.push(Operand::Register(register));
                    self.cursor = ahead;
                }
                None => operands.push(self.operand()?),
            }
            if !self.cursor.eat(b',') {
                break;
            }
        }
        let [_, a, b, c] = negated;
        match pack(selectors, video.elements()).and_then(|packed| Some(packed | Parts::signs([a, b, c])?)) {
            Some(packed) => operands.push(Operand::Immediate(Immediate::Integer(packed.into()))),
            None => return Err(self.cursor.error(start, "expected selectors that the instruction has")),
        }
        Ok(operands)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_bytes_or_halves_of_their_word() {
        let parts = Parts(pack([Some("b3"), None, Some("h1")], 1).expect("there are such parts"));
        assert_eq!([0, 1, 2].map(|operand| parts.part(operand)), [(24, 8), (0, 32), (16, 16)]);
        for selector in ["b4", "h2", "b10", "x", ""] {
            assert_eq!(pack([None, Some(selector), None], 1), None, "{selector}");
        }
    }

    #[test]
    fn elements_come_from_both_words_the_last_digit_lowest() {
        let all = Picks(pack([None; 3], 4).expect("the defaults"));
        for element in 0..4 {
            assert!(all.keeps(element));
            assert_eq!((all.place(0, element), all.place(1, element)), (element, element + 4));
        }
        let some = Picks(pack([Some("h1"), Some("h03"), Some("h22")], 2).expect("there are such elements"));
        assert_eq!([0, 1].map(|element| some.keeps(element)), [false, true]);
        assert_eq!([0, 1].map(|element| some.place(0, element)), [3, 0]);
        assert_eq!([0, 1].map(|element| some.place(1, element)), [2, 2]);
        for selectors in [["h01", "h10", "h10"], ["h10", "h104", "h10"], ["h10", "h4", "h10"], ["b10", "h10", "h10"]] {
            assert_eq!(pack(selectors.map(Some), 2), None, "{selectors:?}");
        }
    }
}
