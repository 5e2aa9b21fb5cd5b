//! `printf` and `assert` of kernels: formats as C does, from memory that the kernel may read, to a sink.

use std::io::Write;

use super::memory::{AccessKind, View};

/// Takes what threads print.
pub trait Sink: Send + Sync {
    /// The formatted text of one `printf` call of one thread: several lines, or a part of one.
    fn print(&self, text: &[u8]);

    /// The line of a thread whose assertion has failed.
    fn print_assertion(&self, text: &[u8]);
}

/// This process's standard output and error.
pub struct Stdio;

impl Sink for Stdio {
    fn print(&self, text: &[u8]) {
        let mut out = std::io::stdout().lock();
        // A closed standard output is no reason to stop a kernel.
        let _ = out.write_all(text).and_then(|()| out.flush());
    }

    fn print_assertion(&self, text: &[u8]) {
        let _ = std::io::stderr().write_all(text);
    }
}

/// An assertion that threads of one warp have failed.
pub(crate) struct Assertion {
    /// File, line and function, as C writes them.
    pub(crate) place: String,
    pub(crate) condition: String,
    /// The lanes.
    pub(crate) mask: u32,
}

/// The longest string that is read from a kernel's memory.
const STRING_MAX_BYTES: u64 = 64 << 10;
/// The longest text of one call: formats can repeat their arguments.
const TEXT_MAX_BYTES: usize = 1 << 20;
/// The widest field that a format may ask for.
const FIELD_MAX: usize = 4096;

/// Reads a string up to its NUL; `None` when it does not lie in memory that the kernel may read.
pub(crate) fn string(view: &mut View, address: u64) -> Option<Vec<u8>> {
    let len = view.readable_bytes(address).min(STRING_MAX_BYTES);
    if len == 0 {
        return None;
    }
    let bytes = (0..len).map(|at| {
        // SAFETY: so many bytes were admitted.
        unsafe { ((address + at) as *const u8).read_volatile() }
    });
    Some(bytes.take_while(|byte| *byte != 0).collect())
}

/// The arguments of a call, one after the other, each aligned to its size.
struct Arguments<'a> {
    view: &'a mut View,
    address: u64,
}

impl Arguments<'_> {
    fn next(&mut self, len_bytes: u64) -> Option<u64> {
        let address = self.address.checked_next_multiple_of(len_bytes)?;
        if !self.view.admits(address, len_bytes, AccessKind::Read) {
            return None;
        }
        self.address = address + len_bytes;
        // SAFETY: the bytes were admitted, and the address is a multiple of their number.
        Some(unsafe {
            if len_bytes == 8 { (address as *const u64).read() } else { u64::from((address as *const u32).read()) }
        })
    }
}

/// What stands between `%` and the letter.
#[derive(Default)]
struct Conversion {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
    /// `l`, `ll`, `j`, `z`, `t`: the argument has 64 bits.
    is_long: bool,
    /// `hh` or `h`: so many bits of the argument count.
    bits: Option<u32>,
}

/// Formats as C's `printf` does; the result is the text and the number of arguments that were used. `None` when the
/// format or an argument cannot be read.
pub(crate) fn format(view: &mut View, format: u64, arguments: u64) -> Option<(Vec<u8>, u32)> {
    let format = string(view, format)?;
    let mut arguments = Arguments { view, address: arguments };
    let mut out = Vec::new();
    let mut used = 0;
    let mut rest = format.as_slice();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let start = rest;
        let mut conversion = Conversion::default();
        let Some(letter) = conversion.parse(&mut rest, &mut arguments)? else {
            out.push(b'%');
            rest = start;
            continue;
        };
        if letter == b'%' {
            out.push(b'%');
            continue;
        }
        used += 1;
        let text = conversion.text(letter, &mut arguments)?;
        conversion.pad(&text, letter, &mut out);
        if out.len() > TEXT_MAX_BYTES {
            break;
        }
    }
    Some((out, used))
}

impl Conversion {
    /// Reads up to the letter. `Some(None)` when there is none.
    fn parse(&mut self, rest: &mut &[u8], arguments: &mut Arguments<'_>) -> Option<Option<u8>> {
        let take = |rest: &mut &[u8]| rest.split_off_first().copied();
        loop {
            match rest.first() {
                Some(b'-') => self.left = true,
                Some(b'+') => self.plus = true,
                Some(b' ') => self.space = true,
                Some(b'#') => self.alternate = true,
                Some(b'0') => self.zero = true,
                _ => break,
            }
            take(rest);
        }
        let number = |rest: &mut &[u8], arguments: &mut Arguments<'_>| -> Option<usize> {
            if rest.first() == Some(&b'*') {
                take(rest);
                return usize::try_from(arguments.next(4)?).ok().map(|width| width.min(FIELD_MAX));
            }
            let mut value = 0usize;
            while let Some(digit) = rest.first().filter(|byte| byte.is_ascii_digit()) {
                value = (value * 10 + usize::from(digit - b'0')).min(FIELD_MAX);
                take(rest);
            }
            Some(value)
        };
        self.width = number(rest, arguments)?;
        if rest.first() == Some(&b'.') {
            *rest = &rest[1..];
            self.precision = Some(number(rest, arguments)?);
        }
        loop {
            let letter = rest.split_off_first().copied();
            match letter {
                Some(b'l' | b'j' | b'z' | b't') => self.is_long = true,
                Some(b'h') => self.bits = Some(if self.bits.is_some() { 8 } else { 16 }),
                Some(b'L') => {}
                other => return Some(other),
            }
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a format's letter says how many bits count")]
    fn text(&self, letter: u8, arguments: &mut Arguments<'_>) -> Option<Vec<u8>> {
        let len_bytes = if self.is_long { 8 } else { 4 };
        let signed = |value: u64| match (self.is_long, self.bits) {
            (true, _) => value.cast_signed(),
            (_, Some(8)) => i64::from(value as i8),
            (_, Some(_)) => i64::from(value as i16),
            _ => i64::from(value as i32),
        };
        let unsigned = |value: u64| match (self.is_long, self.bits) {
            (true, _) => value,
            (_, Some(8)) => u64::from(value as u8),
            (_, Some(_)) => u64::from(value as u16),
            _ => u64::from(value as u32),
        };
        let digits = |text: String| match self.precision {
            Some(0) if text == "0" => String::new(),
            Some(precision) => format!("{text:0>precision$}"),
            None => text,
        };
        Some(match letter {
            b'd' | b'i' => {
                let value = signed(arguments.next(len_bytes)?);
                format!("{}{}", self.sign(value < 0), digits(value.unsigned_abs().to_string())).into_bytes()
            }
            b'u' => digits(unsigned(arguments.next(len_bytes)?).to_string()).into_bytes(),
            b'x' | b'X' | b'o' => {
                let value = unsigned(arguments.next(len_bytes)?);
                let (prefix, text) = match letter {
                    b'x' => ("0x", format!("{value:x}")),
                    b'X' => ("0X", format!("{value:X}")),
                    _ => ("0", format!("{value:o}")),
                };
                let prefix = if self.alternate && value != 0 { prefix } else { "" };
                format!("{prefix}{}", digits(text)).into_bytes()
            }
            b'p' => format!("{:#x}", arguments.next(8)?).into_bytes(),
            b'c' => vec![arguments.next(4)? as u8],
            b's' => {
                let address = arguments.next(8)?;
                let mut text = string(arguments.view, address).unwrap_or_else(|| b"(null)".to_vec());
                text.truncate(self.precision.unwrap_or(usize::MAX));
                text
            }
            b'f' | b'F' | b'e' | b'E' | b'g' | b'G' | b'a' | b'A' => {
                let value = f64::from_bits(arguments.next(8)?);
                self.float(letter, value).into_bytes()
            }
            other => vec![b'%', other],
        })
    }

    fn sign(&self, is_negative: bool) -> &'static str {
        match (is_negative, self.plus, self.space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        }
    }

    fn float(&self, letter: u8, value: f64) -> String {
        let magnitude = value.abs();
        let precision = self.precision.unwrap_or(6);
        let text = if value.is_nan() {
            "nan".to_owned()
        } else if value.is_infinite() {
            "inf".to_owned()
        } else {
            match letter.to_ascii_lowercase() {
                b'f' => format!("{magnitude:.precision$}"),
                b'g' => general(magnitude, precision.max(1), self.alternate),
                _ => exponent(magnitude, precision),
            }
        };
        let text = if letter.is_ascii_uppercase() { text.to_ascii_uppercase() } else { text };
        format!("{}{text}", self.sign(value.is_sign_negative() && !value.is_nan()))
    }

    fn pad(&self, text: &[u8], letter: u8, out: &mut Vec<u8>) {
        let missing = self.width.saturating_sub(text.len());
        let is_number = !matches!(letter, b'c' | b's' | b'p');
        let is_finite = !text.ends_with(b"nan") && !text.ends_with(b"inf");
        let integer_with_precision =
            matches!(letter, b'd' | b'i' | b'u' | b'x' | b'X' | b'o') && self.precision.is_some();
        if self.left {
            out.extend_from_slice(text);
            out.extend(std::iter::repeat_n(b' ', missing));
        } else if self.zero && is_number && is_finite && !integer_with_precision {
            // Zeroes go between the sign or prefix and the digits.
            let sign = usize::from(matches!(text.first(), Some(b'+' | b'-' | b' ')));
            let prefix = if matches!(text.get(sign..sign + 2), Some(b"0x" | b"0X")) { sign + 2 } else { sign };
            out.extend_from_slice(&text[..prefix]);
            out.extend(std::iter::repeat_n(b'0', missing));
            out.extend_from_slice(&text[prefix..]);
        } else {
            out.extend(std::iter::repeat_n(b' ', missing));
            out.extend_from_slice(text);
        }
    }
}

/// `%e`: at least two digits of exponent.
fn exponent(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    format!("{digits}e{sign}{exponent:0>2}")
}

/// `%g`: the shorter of the two, without zeroes at the end.
fn general(value: f64, precision: usize, keep_zeroes: bool) -> String {
    let rounded = format!("{value:.*e}", precision - 1);
    let power: i32 = rounded.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    let precision_i32 = i32::try_from(precision).unwrap_or(i32::MAX);
    let trim = |text: &str| match text.contains('.') && !keep_zeroes {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if power < -4 || power >= precision_i32 {
        let text = exponent(value, precision - 1);
        let (digits, power) = text.split_once('e').unwrap_or((&text, "+00"));
        format!("{}e{power}", trim(digits))
    } else {
        trim(&format!("{value:.*}", usize::try_from(precision_i32 - 1 - power).unwrap_or(0)))
    }
}
