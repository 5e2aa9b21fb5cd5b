//! Address conversions, fences, traps, and what needs nothing done.

use super::super::alu::Denormals;
use super::super::code::Terminator;
use super::super::op::Op;
use super::super::system;
use super::slots::Place;
use super::variables::Symbol;
use super::{Lowering, Refusal};
use crate::ptx::ast::{Instruction, Operand, Width};

impl<'s> Lowering<'_, 's> {
    pub(super) fn system(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let fns = match instruction.opcode.base() {
            "trap" => system::TRAP,
            "brkpt" => system::BREAKPOINT,
            "membar" | "fence" => system::FENCE,
            // Hints, and waits for what has happened already.
            _ => return Ok(()),
        };
        let op = self.blank(fns);
        self.push(op, Denormals::Any);
        if instruction.opcode.base() != "membar" && instruction.opcode.base() != "fence" {
            // Faults are looked for at the ends of blocks: nothing is to happen after this one.
            self.end_block(Terminator::Fall);
        }
        Ok(())
    }

    /// `cvta`, `isspacep` and `mapa`.
    pub(super) fn address_conversion(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let opcode = instruction.opcode;
        let [to, from, ..] = instruction.operands.as_slice() else { return Err("too few operands".to_owned()) };
        let named =
            |name: &str| opcode.modifiers().any(|m| m == name || m.split_once("::").is_some_and(|(s, _)| s == name));
        if opcode.base() == "isspacep" {
            let kind = if named("shared") {
                system::IS_SHARED
            } else if named("local") {
                system::IS_LOCAL
            } else if named("param") {
                system::IS_PARAM
            } else if named("global") || named("const") {
                system::IS_GLOBAL
            } else {
                return Err("not implemented".to_owned());
            };
            let a = self.source(from, Width::B64)?;
            let destination = self.destination(to, Width::Pred)?;
            let op = Op { d: destination.slot, a, ..self.blank(kind) };
            self.push(op, Denormals::Any);
            return Ok(());
        }
        if opcode.base() == "mapa" || opcode.last() != "u64" {
            return Err("not implemented".to_owned());
        }
        let is_to = opcode.has("to");
        let fns = match (named("shared"), named("local"), named("param")) {
            (true, ..) if is_to => Some(system::SHARED_FROM_GENERIC),
            (true, ..) => Some(system::GENERIC_FROM_SHARED),
            (_, true, _) if is_to => Some(system::LOCAL_FROM_GENERIC),
            (_, true, _) => Some(system::GENERIC_FROM_LOCAL),
            (.., true) if is_to => Some(system::PARAM_FROM_GENERIC),
            (.., true) => Some(system::GENERIC_FROM_PARAM),
            // Global and constant addresses are generic ones.
            _ if named("global") || named("const") => None,
            _ => return Err("not implemented".to_owned()),
        };
        // A global variable's address is generic in any case.
        let fns = match from {
            Operand::Symbol { name, .. } if matches!(self.variables.find(name)?, Symbol::Linear(_)) => None,
            _ => fns,
        };
        let a = self.source(from, Width::B64)?;
        let destination = self.destination(to, Width::B64)?;
        match fns {
            None => {
                let place = |slot| Place { slot, width: Width::B64 };
                self.resize(place(destination.slot), place(a), false)?;
            }
            Some(fns) => {
                let op = Op { d: destination.slot, a, ..self.blank(fns) };
                self.push(op, Denormals::Any);
            }
        }
        self.settle(destination, false)
    }
}
