//! Instructions that touch registers only: whatever `alu` knows.

use super::super::alu::{self, Layout};
use super::super::code::Terminator;
use super::super::op::Op;
use super::{Lowering, Refusal};
use crate::ptx::ast::{Immediate, Instruction, Opcode, Operand, Width};
use crate::ptx::opcodes::{Lanes, Mnemonic, Move};

/// Takes vectors and pairs apart.
fn flatten<'o, 's>(operands: &'o [Operand<'s>], list: &mut Vec<&'o Operand<'s>>) {
    for operand in operands {
        match operand {
            Operand::Vector(members) => list.extend(members),
            Operand::Pair(first, second) => list.extend([&**first, &**second]),
            other => list.push(other),
        }
    }
}

impl<'s> Lowering<'_, 's> {
    pub(super) fn registers_only(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let opcode = instruction.opcode;
        let isa = self.options.isa;
        let is_mov = opcode.mnemonic() == Mnemonic::Move(Move::Mov);
        let facts = opcode.mnemonic().facts();
        if let ([Operand::Vector(to), Operand::Vector(from)], true) = (instruction.operands.as_slice(), is_mov) {
            return self.move_elements(opcode, to, from);
        }
        let (to, from) = instruction.operands.split_at(opcode.destination_count().min(instruction.operands.len()));
        let mut operands = Vec::new();
        flatten(to, &mut operands);
        let set = operands.len();
        flatten(from, &mut operands);
        let form = match instruction.operands.as_slice() {
            [Operand::Vector(to), _] if is_mov => alu::select_vector_mov(opcode, to.len(), 1, isa),
            [_, Operand::Vector(from)] if is_mov => alu::select_vector_mov(opcode, 1, from.len(), isa),
            _ => alu::select(opcode, operands.len(), isa),
        };
        let form = form.ok_or_else(|| "not implemented".to_owned())?;
        if form.operands.len() != operands.len() {
            return Err(format!("{} operands where {} are needed", operands.len(), form.operands.len()));
        }
        // By the table, registers have got their slots: the form must see the same ones set.
        if form.destinations != set {
            return Err(format!("{set} destinations where {} are needed", form.destinations));
        }
        debug_assert!(form.collective.is_none() || facts.lanes == Lanes::Together, "{} is collective", opcode.text());

        let mut slots = Vec::with_capacity(operands.len());
        let mut destinations = Vec::with_capacity(form.destinations);
        for (&operand, &width) in operands.iter().zip(&form.operands).take(form.destinations) {
            let destination = self.destination(operand, width)?;
            slots.push(destination.slot);
            destinations.push(destination);
        }
        for (&operand, &width) in operands.iter().zip(&form.operands).skip(form.destinations) {
            slots.push(self.source(operand, width)?);
        }

        let mut op = Op { imm: form.imm, ..self.blank(form.fns) };
        match form.layout {
            Layout::Slots => {
                let at = |k: usize| slots.get(k).copied().unwrap_or(0);
                op = Op { d: at(0), a: at(1), b: at(2), c: at(3), ..op };
            }
            Layout::Extended => op.ext = self.operand_list(&slots),
        }
        match form.collective {
            None => self.push(op, form.denormals),
            Some(None) => self.push_collective(op, form.denormals),
            Some(Some(members)) => match operands.get(members) {
                Some(Operand::Immediate(Immediate::Integer(value))) if value & 0xffff_ffff == 0xffff_ffff => {
                    self.push_collective(op, form.denormals);
                }
                Some(_) if form.operands[members] == Width::B32 => {
                    // Its members are known only when it runs, so it ends its block.
                    self.end_block_with_collective(op, slots[members]);
                }
                _ => return Err("a collective without a member mask".to_owned()),
            },
        }
        for destination in destinations {
            self.settle(destination, form.is_signed)?;
        }
        Ok(())
    }

    /// A `mov` from a vector to a vector, element by element.
    fn move_elements(&mut self, opcode: Opcode<'_>, to: &[Operand<'s>], from: &[Operand<'s>]) -> Result<(), Refusal> {
        let words: Vec<&str> = opcode.modifiers().collect();
        let (len, (mov, width)) = match words[..] {
            // Its two halves.
            ["b128"] => (2, ("mov.b64", Width::B64)),
            [len @ ("v2" | "v4"), r#type] => {
                let scalar = match r#type {
                    "b16" | "u16" | "s16" => ("mov.b16", Width::B16),
                    "b32" | "u32" | "s32" | "f32" => ("mov.b32", Width::B32),
                    "b64" | "u64" | "s64" | "f64" => ("mov.b64", Width::B64),
                    _ => return Err("not implemented".to_owned()),
                };
                (if len == "v2" { 2 } else { 4 }, scalar)
            }
            _ => return Err("not implemented".to_owned()),
        };
        if [to.len(), from.len()] != [len; 2] {
            return Err(format!("vectors of {} and {} elements where {len} are needed", to.len(), from.len()));
        }
        // All are read before one is written: they may be the same registers in another order.
        let mut held = Vec::with_capacity(len);
        for operand in from {
            let source = self.source(operand, width)?;
            let copy = self.slots.temporary(width);
            self.convert(mov, copy, source)?;
            held.push(copy);
        }
        for (operand, copy) in to.iter().zip(held) {
            let destination = self.destination(operand, width)?;
            self.convert(mov, destination.slot, copy)?;
            self.settle(destination, false)?;
        }
        Ok(())
    }

    fn end_block_with_collective(&mut self, op: Op, members: u32) {
        self.restore_denormals();
        self.end_block(Terminator::Collective { members });
        self.push(op, alu::Denormals::Any);
        self.block_start = self.pc();
    }
}
