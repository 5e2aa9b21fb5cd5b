//! Initial values of variables: numbers, addresses, nested braces.

use super::ast::{Immediate, Relocation};
use super::cursor::{Cursor, Result};
use super::types::{Dimensions, Prefix, Scalar};

/// Initial values as they are read.
#[derive(Default)]
pub(super) struct Initialiser<'s> {
    pub(super) bytes: Vec<u8>,
    pub(super) relocations: Vec<Relocation<'s>>,
    /// The furthest byte that braces or values have reached.
    pub(super) furthest: u64,
    /// An address that is spelled byte by byte: bytes seen, symbol, addend, is generic.
    address_bytes: Option<(u32, Address<'s>)>,
}

#[derive(Clone, Copy, PartialEq)]
struct Address<'s> {
    symbol: &'s str,
    addend: i64,
    is_generic: bool,
}

impl<'s> Initialiser<'s> {
    /// Reads what stands behind the `=`. `budget` is what initial values may still take in memory.
    pub(super) fn read(
        &mut self,
        cursor: &mut Cursor<'s>,
        prefix: &Prefix,
        dimensions: &Dimensions,
        budget: &mut usize,
    ) -> Result<()> {
        let scalar_bytes = u64::from(prefix.scalar.bytes);
        let mut offset = 0u64;
        // Where each open brace began. Its array ends where the next element of the outer one begins.
        let mut open: Vec<u64> = Vec::new();
        loop {
            let start = cursor.position();
            if cursor.eat(b'{') {
                open.push(offset);
                // A vector's elements may have braces of their own.
                if open.len() > dimensions.sizes.len() + usize::from(prefix.vector > 1) {
                    return Err(cursor.error(start, "more braces than the variable has dimensions"));
                }
                if cursor.peek() != Some(b'}') {
                    continue;
                }
            } else {
                self.value(cursor, prefix.scalar, offset, budget)?;
                offset += scalar_bytes;
                self.furthest = self.furthest.max(offset);
            }
            while !open.is_empty() && cursor.eat(b'}') {
                let began = open.pop().expect("not empty");
                let depth = open.len() + 1;
                let len = match dimensions.sizes.get(depth - 1) {
                    // The open dimension is as long as its values.
                    Some(0) if depth == 1 => Some(offset - began),
                    _ if depth > dimensions.sizes.len() => Some(scalar_bytes * u64::from(prefix.vector)),
                    _ => dimensions
                        .elements(depth)
                        .and_then(|elements| elements.checked_mul(scalar_bytes * u64::from(prefix.vector))),
                };
                let end = len.and_then(|len| began.checked_add(len)).filter(|end| offset <= *end);
                offset = end.ok_or_else(|| cursor.error(start, "more initial values than the array has elements"))?;
                self.furthest = self.furthest.max(offset);
            }
            if open.is_empty() {
                break;
            }
            cursor.expect(b',')?;
        }
        match self.address_bytes {
            None => Ok(()),
            Some(_) => Err(cursor.expected("the other bytes of an address")),
        }
    }

    /// One number or address.
    fn value(&mut self, cursor: &mut Cursor<'s>, scalar: Scalar, offset: u64, budget: &mut usize) -> Result<()> {
        let start = cursor.position();
        let is_number = matches!(cursor.peek(), Some(b'0'..=b'9' | b'-' | b'+'));
        let bytes = if is_number {
            let number = cursor.number()?;
            if cursor.eat(b'(') {
                return self.address_byte(cursor, scalar, number, offset, budget);
            }
            let bytes = scalar.bytes_of(number);
            bytes.ok_or_else(|| cursor.error(start, "the value does not fit the variable's type"))?
        } else {
            let address = address(cursor)?;
            if scalar.bytes != 8 {
                return Err(cursor.error(start, "addresses in variables of other than 64-bit type are not supported"));
            }
            self.relocations.push(address.at(offset));
            [0; 8]
        };
        if self.address_bytes.is_some() {
            return Err(cursor.error(start, "expected the other bytes of an address"));
        }
        self.put(cursor, start, offset, &bytes[..(scalar.bytes as usize).min(8)], budget)
    }

    /// `0xFF00(symbol)`: one byte of an address; all eight must follow each other.
    fn address_byte(
        &mut self,
        cursor: &mut Cursor<'s>,
        scalar: Scalar,
        mask: Immediate,
        offset: u64,
        budget: &mut usize,
    ) -> Result<()> {
        let start = cursor.position();
        let address = address(cursor)?;
        cursor.expect(b')')?;
        let seen = match self.address_bytes {
            Some((seen, first)) if first == address => seen,
            Some(_) => {
                return Err(cursor.error(start, "expected the other bytes of the address before this one"));
            }
            None => 0,
        };
        if scalar.bytes != 1 || mask != Immediate::Integer(0xff << (8 * seen)) {
            return Err(cursor.error(start, "expected an address's eight bytes in order, from the lowest"));
        }
        if seen == 0 {
            self.relocations.push(address.at(offset));
        }
        self.address_bytes = (seen < 7).then_some((seen + 1, address));
        self.put(cursor, start, offset, &[0], budget)
    }

    fn put(&mut self, cursor: &Cursor<'_>, at: usize, offset: u64, bytes: &[u8], budget: &mut usize) -> Result<()> {
        let end = usize::try_from(offset).ok().and_then(|offset| offset.checked_add(bytes.len()));
        let grown = end.and_then(|end| budget.checked_sub(end.saturating_sub(self.bytes.len())));
        let (Some(end), Some(rest)) = (end, grown) else {
            return Err(cursor.error(at, "the module's initial values take too much memory"));
        };
        *budget = rest;
        if end > self.bytes.len() {
            self.bytes.resize(end, 0);
        }
        self.bytes[end - bytes.len()..end].copy_from_slice(bytes);
        Ok(())
    }
}

impl<'s> Address<'s> {
    fn at(self, offset_bytes: u64) -> Relocation<'s> {
        Relocation { offset_bytes, symbol: self.symbol, addend: self.addend, is_generic: self.is_generic }
    }
}

/// Reads `symbol`, `symbol+8`, `generic(symbol)+8`.
fn address<'s>(cursor: &mut Cursor<'s>) -> Result<Address<'s>> {
    let mut symbol = cursor.expect_word("a number or the name of a variable")?;
    let is_generic = symbol == "generic" && cursor.eat(b'(');
    if is_generic {
        symbol = cursor.expect_word("the name of a variable")?;
        cursor.expect(b')')?;
    }
    let addend = match cursor.peek() {
        Some(b'+' | b'-') => cursor.integer("a number of bytes")?.cast_signed(),
        _ => 0,
    };
    Ok(Address { symbol, addend, is_generic })
}
