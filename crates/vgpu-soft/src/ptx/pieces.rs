//! In which pieces the `.param` variables of calls are stored and loaded.

use super::ast::{AddressBase, Instruction, Operand, Param};
use super::opcodes::{Access, Mnemonic};

/// A part of a `.param` variable that one store wrote or one load reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// The pieces of a `.param` variable that instructions store or load, each once.
pub(super) fn pieces(instructions: &[Instruction<'_>], access: Access, variable: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    for instruction in instructions {
        if instruction.opcode.mnemonic() != Mnemonic::Access(access) {
            continue;
        }
        let (address, values) = match (access, instruction.operands.as_slice()) {
            (Access::St, [address, value]) | (Access::Ld, [value, address]) => (address, value),
            _ => continue,
        };
        let Operand::Address { base: AddressBase::Symbol(name), offset } = address else {
            continue;
        };
        let bytes = match instruction.opcode.last().trim_start_matches(|letter: char| letter.is_ascii_alphabetic()) {
            "8" => 1,
            "16" => 2,
            "32" => 4,
            _ => 8,
        };
        let count = if let Operand::Vector(elements) = values { elements.len() } else { 1 };
        for element in (0..).take(count).filter(|_| *name == variable) {
            let piece = Piece { offset: offset.saturating_add(element * bytes), bytes };
            if !found.contains(&piece) {
                found.push(piece);
            }
        }
    }
    found
}
