//! Address conversions, the stack, cache policies, fences, traps, and what needs nothing done.

use super::super::alu::Denormals;
use super::super::code::Terminator;
use super::super::memory::cluster_address::{GENERIC_FROM_SHARED, SHARED_FROM_GENERIC};
use super::super::op::Op;
use super::super::system;
use super::slots::Place;
use super::variables::Symbol;
use super::{Lowering, Refusal};
use crate::ptx::ast::{Immediate, Instruction, Opcode, Operand, Width};
use crate::ptx::opcodes::{Stack, System};

impl<'s> Lowering<'_, 's> {
    pub(super) fn system(&mut self, system: System) {
        let (fns, is_end) = match system {
            System::Trap => (system::TRAP, true),
            System::Brkpt => (system::BREAKPOINT, true),
            System::Membar | System::Fence => (system::FENCE, false),
            // Hints, and waits for what has happened already.
            System::Griddepcontrol
            | System::Prefetch
            | System::Prefetchu
            | System::Applypriority
            | System::Discard
            | System::Nanosleep
            | System::Pmevent
            | System::Setmaxnreg => return,
        };
        let op = self.blank(fns);
        self.push(op, Denormals::Any);
        if is_end {
            // Faults are looked for at the ends of blocks: nothing is to happen after this one.
            self.end_block(Terminator::Fall);
        }
    }

    /// `createpolicy`: a value that only accesses with a hint take, and those do not look at it.
    pub(super) fn cache_policy(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let mut words = instruction.opcode.modifiers();
        let sources = match words.next() {
            Some("fractional") => 0..=1,
            Some("range") => 3..=3,
            Some("cvt") => 1..=1,
            _ => return Err("not implemented".to_owned()),
        };
        let is_known = |word: &str| matches!(word, "global" | "L2" | "b64") || word.starts_with("L2::evict_");
        let [to, from @ ..] = instruction.operands.as_slice() else { return Err("too few operands".to_owned()) };
        if !words.all(is_known) || !sources.contains(&from.len()) {
            return Err("not implemented".to_owned());
        }
        let destination = self.destination(to, Width::B64)?;
        let none = self.slots.constant(Width::B64, 0);
        self.convert("mov.b64", destination.slot, none)?;
        self.settle(destination, false)
    }

    /// `alloca`, with the operands that the stack's ends have become. The others have become copies of those.
    pub(super) fn stack(&mut self, stack: Stack, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let (Stack::Alloca, [to, len, Operand::Immediate(Immediate::Integer(align)), end, frame_end]) =
            (stack, instruction.operands.as_slice())
        else {
            return Err("not implemented".to_owned());
        };
        let [a, b, c] = [end, len, frame_end].map(|operand| self.source(operand, Width::B64));
        let destination = self.destination(to, Width::B64)?;
        let op =
            Op { d: destination.slot, a: a?, b: b?, c: c?, imm: align.cast_signed(), ..self.blank(system::ALLOCA) };
        self.push(op, Denormals::Any);
        // Faults are looked for at the ends of blocks: nothing is to happen after this one.
        self.end_block(Terminator::Fall);
        self.settle(destination, false)
    }

    /// `isspacep`
    pub(super) fn space_test(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let opcode = instruction.opcode;
        let [to, from, ..] = instruction.operands.as_slice() else { return Err("too few operands".to_owned()) };
        let fns = if opcode.has("shared::cluster") {
            system::IS_CLUSTER_SHARED
        } else if names(opcode, "shared") {
            system::IS_SHARED
        } else if names(opcode, "local") {
            system::IS_LOCAL
        } else if names(opcode, "param") {
            system::IS_PARAM
        } else if names(opcode, "global") || names(opcode, "const") {
            system::IS_GLOBAL
        } else {
            return Err("not implemented".to_owned());
        };
        let a = self.source(from, Width::B64)?;
        let destination = self.destination(to, Width::Pred)?;
        let op = Op { d: destination.slot, a, ..self.blank(fns) };
        self.push(op, Denormals::Any);
        Ok(())
    }

    /// `cvta`
    pub(super) fn address_conversion(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let opcode = instruction.opcode;
        let [to, from, ..] = instruction.operands.as_slice() else { return Err("too few operands".to_owned()) };
        if opcode.last() != "u64" {
            return Err("not implemented".to_owned());
        }
        let is_to = opcode.has("to");
        let fns = match (names(opcode, "shared"), names(opcode, "local"), names(opcode, "param")) {
            (true, ..) if is_to => Some(SHARED_FROM_GENERIC),
            (true, ..) => Some(GENERIC_FROM_SHARED),
            (_, true, _) if is_to => Some(system::LOCAL_FROM_GENERIC),
            (_, true, _) => Some(system::GENERIC_FROM_LOCAL),
            (.., true) if is_to => Some(system::PARAM_FROM_GENERIC),
            (.., true) => Some(system::GENERIC_FROM_PARAM),
            // Global and constant addresses are generic ones.
            _ if names(opcode, "global") || names(opcode, "const") => None,
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
                let op = Op { d: destination.slot, a, b: a, ..self.blank(fns) };
                self.push(op, Denormals::Any);
            }
        }
        self.settle(destination, false)
    }
}

/// Whether an opcode names a state space, with or without a qualifier (`shared::cta`).
fn names(opcode: Opcode<'_>, space: &str) -> bool {
    opcode.modifiers().any(|modifier| modifier.split("::").next() == Some(space))
}
