//! Literals: integers of all bases, decimal floats, and floats by their bits.

use super::ast::Immediate;

/// How many bytes from the front are a literal, without a sign; 0 when none is there.
pub(super) fn len(bytes: &[u8]) -> usize {
    if !bytes.first().is_some_and(u8::is_ascii_digit) {
        return 0;
    }
    let is_decimal = !matches!(bytes.get(1), Some(b'x' | b'X' | b'f' | b'F' | b'd' | b'D' | b'b' | b'B'));
    let mut len = 1;
    while let Some(byte) = bytes.get(len) {
        let is_exponent_sign = matches!(byte, b'+' | b'-')
            && is_decimal
            && matches!(bytes[len - 1], b'e' | b'E')
            && bytes.get(len + 1).is_some_and(u8::is_ascii_digit);
        if !(byte.is_ascii_alphanumeric() || *byte == b'.' || is_exponent_sign) {
            break;
        }
        len += 1;
    }
    len
}

/// Reads a literal of that length.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(text: &str, negative: bool) -> Result<Immediate, &'static str> {
    let bits_of =
        |digits: &str, count: usize| (digits.len() == count).then(|| u64::from_str_radix(digits, 16).ok()).flatten();
    if let Some(digits) = text.strip_prefix("0f").or_else(|| text.strip_prefix("0F")) {
        let bits = bits_of(digits, 8).and_then(|bits| u32::try_from(bits).ok());
        let bits = bits.ok_or("expected 8 hexadecimal digits in")?;
        return Ok(Immediate::F32(bits ^ (u32::from(negative) << 31)));
    }
    if let Some(digits) = text.strip_prefix("0d").or_else(|| text.strip_prefix("0D")) {
        let bits = bits_of(digits, 16).ok_or("expected 16 hexadecimal digits in")?;
        return Ok(Immediate::F64(bits ^ (u64::from(negative) << 63)));
    }
    if let Some(value) = integer(text) {
        return Ok(Immediate::Integer(if negative { value.wrapping_neg() } else { value }));
    }
    let is_float = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
        && text.contains(['.', 'e', 'E']);
    match text.parse::<f64>() {
        Ok(value) if is_float => Ok(Immediate::F64(if negative { -value } else { value }.to_bits())),
        _ => Err("expected a number of at most 64 bits, found"),
    }
}

fn integer(text: &str) -> Option<u64> {
    let text = text.strip_suffix(['U', 'u']).unwrap_or(text);
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', b'b' | b'B', ..] => (&text[2..], 2),
        [b'0', _, ..] => (&text[1..], 8),
        _ => (text, 10),
    };
    // `from_str_radix` would take a sign as well.
    let is_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digits.then(|| u64::from_str_radix(digits, radix).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_come_in_four_bases_with_an_unsigned_mark() {
        for (text, value) in [("42", 42), ("0x2A", 42), ("052", 42), ("0b101010", 42), ("42U", 42), ("0", 0)] {
            assert_eq!(parse(text, false), Ok(Immediate::Integer(value)), "{text}");
        }
        assert_eq!(parse("1", true), Ok(Immediate::Integer(u64::MAX)));
        assert_eq!(parse("18446744073709551615", false), Ok(Immediate::Integer(u64::MAX)));
    }

    #[test]
    fn floats_are_kept_as_bits() {
        assert_eq!(parse("0fFF800000", false), Ok(Immediate::F32(0xff80_0000)));
        assert_eq!(parse("0f3F800000", true), Ok(Immediate::F32(0xbf80_0000)));
        assert_eq!(parse("0d3FF0000000000000", false), Ok(Immediate::F64(1f64.to_bits())));
        assert_eq!(parse("2.5e-1", true), Ok(Immediate::F64((-0.25f64).to_bits())));
    }

    #[test]
    fn what_is_no_number_is_an_error() {
        for text in ["0x", "0xg", "0f3F80000", "0d3FF", "09", "18446744073709551616", "1.2.3", "12ab", "1e"] {
            assert!(parse(text, false).is_err(), "{text}");
        }
    }

    #[test]
    fn a_literal_ends_where_an_offset_begins() {
        assert_eq!(len(b"12+4]"), 2);
        assert_eq!(len(b"0x1e+4]"), 4);
        assert_eq!(len(b"1e+4]"), 4);
        assert_eq!(len(b"%r1"), 0);
    }
}
