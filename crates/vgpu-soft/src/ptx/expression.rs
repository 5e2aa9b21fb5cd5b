//! Constant expressions: `1+2*3`, `(0x10<<2)|1`, `a==b ? 4 : 5`.
//!
//! They are of integers of 64 bits, signed or not; those of floats are not read. Operators, their order and the signs
//! of their results are those of C, on which the reference builds.
//!
//! **Source:** PTX ISA 9.0, "Constant Expressions" and "Summary of Constant Expression Evaluation Rules".

use super::ast::Immediate;
use super::cursor::{Cursor, Result};

/// How deep operators and parentheses may nest.
const MAX_DEPTH: usize = 64;

/// Operators of two operands, the loosest first; those of a line bind alike. Where one begins as another does, the
/// longest is meant.
const LEVELS: [&[&str]; 10] = [
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

#[derive(Clone, Copy)]
struct Value {
    bits: u64,
    is_unsigned: bool,
}

impl Value {
    fn truth(is_true: bool) -> Self {
        Self { bits: is_true.into(), is_unsigned: false }
    }
}

/// Reads a literal or an expression. A literal alone may be a float.
pub(super) fn constant(cursor: &mut Cursor<'_>) -> Result<Immediate> {
    let mut ahead = cursor.clone();
    // Nearly all constants are literals.
    if let Ok(number) = ahead.number()
        && !ahead.peek().is_some_and(|byte| b"|&^=!<>+-*/%?".contains(&byte))
    {
        *cursor = ahead;
        return Ok(number);
    }
    Ok(Immediate::Integer(choice(cursor, MAX_DEPTH)?.bits))
}

fn deeper(cursor: &mut Cursor<'_>, depth: usize) -> Result<usize> {
    depth.checked_sub(1).ok_or_else(|| cursor.expected("a constant expression that nests less"))
}

/// `a ? b : c`, or what binds tighter.
fn choice(cursor: &mut Cursor<'_>, depth: usize) -> Result<Value> {
    let depth = deeper(cursor, depth)?;
    let condition = binary(cursor, 0, depth)?;
    if !cursor.eat(b'?') {
        return Ok(condition);
    }
    let first = choice(cursor, depth)?;
    cursor.expect(b':')?;
    let second = choice(cursor, depth)?;
    let is_unsigned = first.is_unsigned || second.is_unsigned;
    Ok(Value { bits: if condition.bits != 0 { first.bits } else { second.bits }, is_unsigned })
}

fn binary(cursor: &mut Cursor<'_>, level: usize, depth: usize) -> Result<Value> {
    if level == LEVELS.len() {
        return unary(cursor, depth);
    }
    let mut left = binary(cursor, level + 1, depth)?;
    while let Some((found, text)) = operator(cursor)
        && found == level
    {
        let start = cursor.position();
        text.bytes().try_for_each(|byte| cursor.expect(byte))?;
        let right = binary(cursor, level + 1, depth)?;
        let result = apply(text, left, right);
        left = result.ok_or_else(|| cursor.error(start, "expected a divisor that is not zero"))?;
    }
    Ok(left)
}

/// The operator that is next, and its level.
fn operator(cursor: &mut Cursor<'_>) -> Option<(usize, &'static str)> {
    let all = LEVELS.iter().enumerate().flat_map(|(level, texts)| texts.iter().map(move |text| (level, *text)));
    all.filter(|(_, text)| cursor.looks_at(text)).max_by_key(|(_, text)| text.len())
}

fn unary(cursor: &mut Cursor<'_>, depth: usize) -> Result<Value> {
    let depth = deeper(cursor, depth)?;
    match cursor.peek() {
        Some(b'-') => {
            cursor.expect(b'-')?;
            let value = unary(cursor, depth)?;
            Ok(Value { bits: value.bits.wrapping_neg(), ..value })
        }
        Some(b'+') => {
            cursor.expect(b'+')?;
            unary(cursor, depth)
        }
        Some(b'~') => {
            cursor.expect(b'~')?;
            let value = unary(cursor, depth)?;
            Ok(Value { bits: !value.bits, ..value })
        }
        Some(b'!') => {
            cursor.expect(b'!')?;
            Ok(Value::truth(unary(cursor, depth)?.bits == 0))
        }
        Some(b'(') => parenthesis(cursor, depth),
        _ => literal(cursor),
    }
}

/// `(a)`, or a cast: `(.s64) a`.
fn parenthesis(cursor: &mut Cursor<'_>, depth: usize) -> Result<Value> {
    cursor.expect(b'(')?;
    let start = cursor.position();
    let is_unsigned = match cursor.directive()? {
        None => {
            let value = choice(cursor, depth)?;
            cursor.expect(b')')?;
            return Ok(value);
        }
        Some("u64") => true,
        Some("s64") => false,
        Some(_) => return Err(cursor.error(start, "expected `.s64` or `.u64`")),
    };
    cursor.expect(b')')?;
    Ok(Value { bits: unary(cursor, depth)?.bits, is_unsigned })
}

fn literal(cursor: &mut Cursor<'_>) -> Result<Value> {
    let start = cursor.position();
    let bits = cursor.integer("an integer")?;
    // Those that are too large for a sign have none.
    let is_unsigned = cursor.since(start).ends_with(['u', 'U']) || bits.cast_signed() < 0;
    Ok(Value { bits, is_unsigned })
}

/// `None` for a division by zero.
fn apply(operator: &str, left: Value, right: Value) -> Option<Value> {
    let is_unsigned = left.is_unsigned || right.is_unsigned;
    let (a, b) = (left.bits, right.bits);
    let (signed_a, signed_b) = (a.cast_signed(), b.cast_signed());
    let less = if is_unsigned { a < b } else { signed_a < signed_b };
    let value = |bits: u64| Some(Value { bits, is_unsigned });
    let truth = |is_true: bool| Some(Value::truth(is_true));
    // A shift has the sign of what is shifted.
    let shifted = |bits: u64| Some(Value { bits, is_unsigned: left.is_unsigned });
    let distance = u32::try_from(b).unwrap_or(u32::MAX);
    match operator {
        "||" => truth(a != 0 || b != 0),
        "&&" => truth(a != 0 && b != 0),
        "|" => value(a | b),
        "^" => value(a ^ b),
        "&" => value(a & b),
        "==" => truth(a == b),
        "!=" => truth(a != b),
        "<" => truth(less),
        ">=" => truth(!less),
        "<=" => truth(less || a == b),
        ">" => truth(!less && a != b),
        "<<" => shifted(a.checked_shl(distance).unwrap_or(0)),
        ">>" if left.is_unsigned => shifted(a.checked_shr(distance).unwrap_or(0)),
        ">>" => shifted((signed_a >> distance.min(63)).cast_unsigned()),
        "+" => value(a.wrapping_add(b)),
        "-" => value(a.wrapping_sub(b)),
        "*" => value(a.wrapping_mul(b)),
        _ if b == 0 => None,
        "/" if is_unsigned => value(a / b),
        "/" => value(signed_a.wrapping_div(signed_b).cast_unsigned()),
        _ if is_unsigned => value(a % b),
        _ => value(signed_a.wrapping_rem(signed_b).cast_unsigned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value_of(text: &str) -> Option<i64> {
        let mut cursor = Cursor::new(text);
        match constant(&mut cursor) {
            Ok(Immediate::Integer(value)) if cursor.peek().is_none() => Some(value.cast_signed()),
            _ => None,
        }
    }

    #[test]
    fn operators_bind_as_in_c() {
        for (text, value) in [
            ("1+2*3", 7),
            ("(1+2)*3", 9),
            ("(0x10<<2)|1", 65),
            ("~5", -6),
            ("3==3 ? 4 : 5", 4),
            ("0 ? 1 : 0 ? 2 : 3", 3),
            ("10-4-3", 3),
            ("1<<2+1", 8),
            ("1|2^3&2", 1),
            ("1 < 2 == 1", 1),
            ("0 || 2 && 3", 1),
            ("!0 + !7", 1),
            ("-3 - -4", 1),
            ("7 % 4 * 2", 6),
            ("1 <= 1", 1),
            ("2 >= 3", 0),
            ("5 != 5", 0),
        ] {
            assert_eq!(value_of(text), Some(value), "{text}");
        }
    }

    #[test]
    fn signs_come_from_the_operands_and_of_shifts_from_the_first() {
        for (text, value) in [
            ("-7 / 2", -3),
            ("-7 / 2U", ((u64::MAX - 6) / 2).cast_signed()),
            ("-7 % 3", -1),
            ("-1 < 1", 1),
            ("-1 < 1U", 0),
            ("-1 >> 1U", -1),
            ("(.u64)(-1) >> 63", 1),
            ("(.s64) 0xFFFFFFFFFFFFFFFF >> 63", -1),
            ("1 << 64", 0),
            ("-1 >> 100", -1),
            ("(1U ? -1 : 1U) > 0", 1),
            ("(-9223372036854775807 - 1) / -1", i64::MIN),
        ] {
            assert_eq!(value_of(text), Some(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_an_error() {
        for text in ["1+", "(1", "1/0", "1%(2-2)", "(.u32)1", "1 ? 2", "1.5+2", "~", "", "1 2"] {
            assert_eq!(value_of(text), None, "{text}");
        }
        for opening in ["(", "~", "1?", "-"] {
            assert_eq!(value_of(&opening.repeat(100_000)), None, "{opening}");
        }
    }
}
