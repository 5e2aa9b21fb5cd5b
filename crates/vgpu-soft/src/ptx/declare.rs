//! Declarations: variables and parameters.

use super::ast::{Param, Space, Variable};
use super::cursor::{Cursor, Result};
use super::initial::Initialiser;
use super::types::{Dimensions, Prefix};

/// The longest parameter block that CUDA has.
const MAX_PARAM_BYTES: u32 = 32_764;
/// Reads the variables of one declaration up to its `;`, the space has been read. `budget` bounds the bytes that
/// initial values may take, over all calls.
pub(super) fn variables<'s>(
    cursor: &mut Cursor<'s>,
    space: Space,
    is_extern: bool,
    budget: &mut usize,
    variables: &mut Vec<Variable<'s>>,
) -> Result<()> {
    let prefix = Prefix::read(cursor)?;
    let element_bytes = prefix.scalar.bytes * prefix.vector;
    loop {
        let name = cursor.expect_word("the name of a variable")?;
        let at = cursor.position();
        let dimensions = Dimensions::read(cursor)?;
        let too_long = |cursor: &Cursor<'_>| cursor.error(at, format!("`{name}` is longer than 64 bits can count"));
        let mut len_bytes = dimensions.elements(1).and_then(|elements| elements.checked_mul(u64::from(element_bytes)));
        let mut init = Initialiser::default();
        if cursor.eat(b'=') {
            init.read(cursor, &prefix, &dimensions, budget)?;
            if dimensions.sizes.first() == Some(&0) {
                len_bytes = Some(init.furthest);
            }
            if len_bytes.is_some_and(|len| init.furthest > len) {
                return Err(cursor.error(at, format!("more initial values than `{name}` has elements")));
            }
        }
        // Zeroes need not be kept.
        let used = init.bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let relocated = init.relocations.last().map_or(0, |last| last.offset_bytes as usize + 8);
        init.bytes.truncate(used.max(relocated));
        variables.push(Variable {
            name,
            space,
            align_bytes: prefix.align_bytes.unwrap_or(element_bytes).max(prefix.scalar.bytes),
            len_bytes: len_bytes.ok_or_else(|| too_long(cursor))?,
            init: init.bytes,
            relocations: init.relocations,
            is_extern,
            is_managed: prefix.is_managed,
        });
        if !cursor.eat(b',') {
            break;
        }
    }
    cursor.expect(b';')
}

/// Reads a parenthesised list of parameters. Gives them with their places in the packed block, and its length.
pub(super) fn params<'s>(cursor: &mut Cursor<'s>) -> Result<(Vec<Param<'s>>, u32)> {
    let mut params = Vec::new();
    let mut end = 0u32;
    cursor.expect(b'(')?;
    if cursor.eat(b')') {
        return Ok((params, end));
    }
    loop {
        let start = cursor.position();
        let is_register = match cursor.directive()? {
            Some("param") => false,
            Some("reg") => true,
            _ => return Err(cursor.error(start, "expected `.param`")),
        };
        let prefix = Prefix::read(cursor)?;
        let name = cursor.expect_word("the name of a parameter")?;
        let register = match prefix.scalar.width() {
            Some(width) if is_register && prefix.vector == 1 => Some(width),
            _ if is_register => return Err(cursor.error(start, "registers of that type are not supported")),
            _ => None,
        };
        let dimensions = Dimensions::read(cursor)?;
        let element_bytes = prefix.scalar.bytes * prefix.vector;
        let len = dimensions.elements(1).and_then(|elements| elements.checked_mul(u64::from(element_bytes)));
        let align_bytes = prefix.align_bytes.unwrap_or(element_bytes).max(prefix.scalar.bytes);
        let offset = end.checked_next_multiple_of(align_bytes);
        let place = offset.zip(len.and_then(|len| u32::try_from(len).ok()));
        let place = place.and_then(|(offset, len)| Some((offset, len, offset.checked_add(len)?)));
        let Some((offset_bytes, len_bytes, after)) = place.filter(|place| place.2 <= MAX_PARAM_BYTES) else {
            return Err(cursor.error(start, format!("more than {MAX_PARAM_BYTES} bytes of parameters")));
        };
        params.push(Param { name, offset_bytes, len_bytes, align_bytes, register });
        end = after;
        if !cursor.eat(b',') {
            break;
        }
    }
    cursor.expect(b')')?;
    Ok((params, end))
}
