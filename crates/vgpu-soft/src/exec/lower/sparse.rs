//! Products of sparse matrices, one operand of which is part of the form.

use super::super::alu;
use super::{Lowering, Refusal};
use crate::ptx::ast::{Immediate, Instruction, Operand};

impl<'s> Lowering<'_, 's> {
    /// `mma.sp`. Its last operand, the sparsity selector, says which lanes hold metadata: a constant, which has as many values as
    /// the shape has such groups of lanes.
    pub(super) fn sparse_product(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let values = alu::sparsity_selectors(instruction.opcode).ok_or_else(|| "not implemented".to_owned())?;
        match instruction.operands.last() {
            Some(Operand::Immediate(Immediate::Integer(selector))) if *selector < values as u64 => {
                self.registers_only(instruction)
            }
            Some(Operand::Immediate(_)) => Err(format!("a sparsity selector that is not below {values}")),
            _ => Err("a sparsity selector that is no constant".to_owned()),
        }
    }
}
