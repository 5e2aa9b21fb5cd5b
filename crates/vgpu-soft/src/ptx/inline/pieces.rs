//! In which pieces the `.param` variables of calls are stored and loaded.

use super::super::ast::{AddressBase, Instruction, Operand, Param};
use super::super::opcodes::{Access, Mnemonic};

/// A part of a `.param` variable that one store wrote or one load reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Piece {
    pub(super) offset: i64,
    pub(super) bytes: i64,
}

impl Piece {
    /// All of a variable.
    pub(super) fn whole(param: &Param<'_>) -> Self {
        Self { offset: 0, bytes: i64::from(param.len_bytes) }
    }

    pub(super) fn overlaps(self, other: Self) -> bool {
        self.offset < other.offset.saturating_add(other.bytes) && other.offset < self.offset.saturating_add(self.bytes)
    }
}

/// The variable that an instruction stores to or loads from by its name, and the pieces of it.
pub(super) fn pieces_of<'s>(
    instruction: &Instruction<'s>,
    access: Access,
) -> Option<(&'s str, impl Iterator<Item = Piece> + use<>)> {
    if instruction.opcode.mnemonic() != Mnemonic::Access(access) {
        return None;
    }
    let (address, values) = match (access, instruction.operands.as_slice()) {
        (Access::St, [address, value]) | (Access::Ld, [value, address]) => (address, value),
        _ => return None,
    };
    let Operand::Address { base: AddressBase::Symbol(name), offset } = *address else {
        return None;
    };
    let bytes = match instruction.opcode.last().trim_start_matches(|letter: char| letter.is_ascii_alphabetic()) {
        "8" => 1,
        "16" => 2,
        "32" => 4,
        _ => 8,
    };
    let count = if let Operand::Vector(elements) = values { elements.len() } else { 1 };
    let piece = move |element: i64| Piece { offset: offset.saturating_add(element * bytes), bytes };
    Some((name, (0..).take(count).map(piece)))
}

/// The pieces of a `.param` variable that instructions store or load, each once.
pub(super) fn pieces(instructions: &[Instruction<'_>], access: Access, variable: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let of_variable = instructions.iter().filter_map(|instruction| pieces_of(instruction, access));
    for piece in of_variable.filter(|(name, _)| *name == variable).flat_map(|(_, pieces)| pieces) {
        if !found.contains(&piece) {
            found.push(piece);
        }
    }
    found
}
