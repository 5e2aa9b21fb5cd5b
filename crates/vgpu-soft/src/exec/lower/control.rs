//! Branches, exits, barriers and calls.

use super::super::alu::Denormals;
use super::super::code::{Barrier, BarrierKind, Reduction, Terminator};
use super::super::op::Op;
use super::super::system;
use super::slots::Place;
use super::{Lowering, Refusal};
use crate::ptx::ast::{Instruction, Operand, Width};
use crate::ptx::opcodes::{Flow, Mnemonic};

impl<'s> Lowering<'_, 's> {
    pub(super) fn branch(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let guard = self.guard;
        match (instruction.opcode.mnemonic(), instruction.operands.as_slice()) {
            (Mnemonic::Flow(Flow::Exit | Flow::Ret), []) => self.terminate(Terminator::Exit { guard }),
            (Mnemonic::Flow(Flow::Bra), [Operand::Label(label)]) => {
                let target = self.target(*label)?;
                self.terminate(Terminator::Branch { target, guard });
            }
            (Mnemonic::Flow(Flow::Brx), [index, Operand::Vector(labels)]) => {
                let index = self.source(index, Width::B32)?;
                let mut list = vec![u32::try_from(labels.len()).map_err(|_| "too many targets".to_owned())?];
                for label in labels {
                    let Operand::Label(label) = label else { return Err("a target that is not a label".to_owned()) };
                    list.push(self.target(*label)?);
                }
                let table = self.operand_list(&list);
                self.tables.push(table);
                self.terminate(Terminator::Table { index, table, guard });
            }
            _ => return Err("operands that such a branch does not have".to_owned()),
        }
        Ok(())
    }

    /// A label's instruction position.
    fn target(&self, label: u32) -> Result<u32, Refusal> {
        self.kernel.labels.get(label as usize).copied().ok_or_else(|| "a label that is nowhere".to_owned())
    }

    pub(super) fn barrier(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let opcode = instruction.opcode;
        let guard = self.guard;
        let operands = instruction.operands.as_slice();
        if opcode.has("cluster") {
            return match operands {
                [] => self.cluster_barrier(opcode),
                _ => Err("operands that such a barrier does not have".to_owned()),
            };
        }
        let action: Vec<_> = opcode.modifiers().filter(|modifier| !matches!(*modifier, "cta" | "aligned")).collect();
        let (kind, number, threads) = match (action.as_slice(), operands) {
            (["warp", "sync"], [members]) => {
                let members = self.source(members, Width::B32)?;
                self.terminate(Terminator::WarpBarrier { members, guard });
                return Ok(());
            }
            (["sync"], [number]) => (BarrierKind::Sync, number, None),
            (["sync"], [number, threads]) => (BarrierKind::Sync, number, Some(threads)),
            (["arrive"], [number, threads]) => (BarrierKind::Arrive, number, Some(threads)),
            (["red", operation, ty], [to, number, middle @ .., source]) if middle.len() <= 1 => {
                let (operation, width) = match (*operation, *ty) {
                    ("and", "pred") => (Reduction::And, Width::Pred),
                    ("or", "pred") => (Reduction::Or, Width::Pred),
                    ("popc", "u32") => (Reduction::Count, Width::B32),
                    _ => return Err("not implemented".to_owned()),
                };
                let Operand::Register(to) = to else { return Err("a destination that is not a register".to_owned()) };
                let to = self.slots.register(*to, width)?;
                let (source, negated) = match source {
                    Operand::Negated(register) => (self.slots.register(*register, Width::Pred)?, true),
                    other => (self.source(other, Width::Pred)?, false),
                };
                (BarrierKind::Reduce { operation, to, source, negated }, number, middle.first())
            }
            _ => return Err("not implemented".to_owned()),
        };
        let number = self.source(number, Width::B32)?;
        let threads = threads.map(|threads| self.source(threads, Width::B32)).transpose()?;
        self.code.has_barriers = true;
        self.terminate(Terminator::Barrier { barrier: Barrier { kind, number, threads }, guard });
        Ok(())
    }

    pub(super) fn call(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let (results, callee, arguments) = match instruction.operands.as_slice() {
            [Operand::Vector(results), Operand::Symbol { name, .. }, Operand::Vector(arguments), ..] => {
                (results, name, arguments)
            }
            // What was made of it has found no function there.
            [_, Operand::Register(pointer), ..] => {
                let a = self.slots.register(*pointer, Width::B64)?;
                let op = Op { a, ..self.blank(system::LOST_CALL) };
                self.push(op, Denormals::Any);
                self.end_block(Terminator::Fall);
                return Ok(());
            }
            _ => return Err("operands that a call does not have".to_owned()),
        };
        let mut names = Vec::new();
        for argument in arguments {
            match argument {
                Operand::Symbol { name, .. } => names.push(*name),
                _ => return Err("a call with arguments that are not parameters".to_owned()),
            }
        }
        let mut argument = |number: usize, width: Width| match names.get(number) {
            Some(name) => self.call_argument(name, width),
            None => Err(format!("{callee} has more arguments than {}", names.len())),
        };
        let (fns, list, width) = match *callee {
            "vprintf" => (system::PRINT, vec![argument(0, Width::B64)?, argument(1, Width::B64)?], Width::B32),
            "malloc" => (system::MALLOC, vec![argument(0, Width::B64)?], Width::B64),
            "free" => (system::FREE, vec![argument(0, Width::B64)?], Width::B64),
            "__assertfail" => {
                let text = [argument(0, Width::B64)?, argument(1, Width::B64)?];
                let place = [argument(2, Width::B32)?, argument(3, Width::B64)?];
                (system::ASSERT, [text, place].concat(), Width::B32)
            }
            _ => return Err(format!("the call of {callee}: calls of device functions are not implemented")),
        };
        let ext = self.operand_list(&list);
        let result = Place { slot: self.slots.temporary(width), width };
        let op = Op { d: result.slot, ext, ..self.blank(fns) };
        self.push(op, Denormals::Any);
        if let [Operand::Symbol { name, .. }] = results.as_slice() {
            self.put_call_result(name, result)?;
        }
        self.code.allocates |= matches!(*callee, "malloc" | "free");
        if matches!(*callee, "__assertfail" | "free") {
            // Faults are looked for at the ends of blocks: nothing is to happen after this one.
            self.end_block(Terminator::Fall);
        }
        Ok(())
    }
}
