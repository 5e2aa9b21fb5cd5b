//! Clusters: each block is one of its own, for launches of larger ones are refused. So its rank is 0, and what another block of
//! its cluster reaches is its own.

use super::slots::Place;
use super::{Lowering, Refusal};
use crate::ptx::ast::{Instruction, Width};

impl<'s> Lowering<'_, 's> {
    /// `mapa`: an address in the shared memory of the block of a rank.
    pub(super) fn mapped_address(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let [to, from, _rank] = instruction.operands.as_slice() else {
            return Err("operands that `mapa` does not have".to_owned());
        };
        let width = if instruction.opcode.last() == "u32" { Width::B32 } else { Width::B64 };
        let from = Place { slot: self.source(from, width)?, width };
        let destination = self.destination(to, width)?;
        self.resize(Place { slot: destination.slot, width }, from, false)?;
        self.settle(destination, false)
    }

    /// `getctarank`: the rank of the block whose shared memory an address is in.
    pub(super) fn rank_of_address(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let [to, _address] = instruction.operands.as_slice() else {
            return Err("operands that `getctarank` does not have".to_owned());
        };
        let width = Width::B32;
        let rank = Place { slot: self.slots.constant(width, 0), width };
        let destination = self.destination(to, width)?;
        self.resize(Place { slot: destination.slot, width }, rank, false)?;
        self.settle(destination, false)
    }
}
