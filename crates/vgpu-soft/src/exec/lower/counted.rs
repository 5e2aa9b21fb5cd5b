//! `st.async` and `red.async`: a store and a reduction in the shared memory of a cluster's block, whose barrier hears of the bytes.
//! They are carried out when they are asked for.

use super::super::alu::Denormals;
use super::super::memory::atomic::NO_DESTINATION;
use super::super::memory::mbarrier::Change;
use super::super::memory::{self, AccessKind};
use super::super::op::Op;
use super::access::{Element, space_of};
use super::{Lowering, Refusal};
use crate::ptx::ast::{Instruction, Opcode, Operand, Width};

/// The modifiers besides an operation, a vector's length and a type. Without a barrier they are stores of later GPUs.
fn is_counted(opcode: Opcode<'_>, own: &[&str]) -> bool {
    let is_known = |word: &str| {
        matches!(word, "async" | "shared::cluster" | "mbarrier::complete_tx::bytes")
            || own.contains(&word)
            || word == opcode.last()
    };
    opcode.has("mbarrier::complete_tx::bytes") && opcode.modifiers().all(is_known)
}

impl<'s> Lowering<'_, 's> {
    pub(super) fn counted_store(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let opcode = instruction.opcode;
        let element = Element::parse(opcode.last())
            .filter(|element| element.len_bytes >= 4 && is_counted(opcode, &["weak", "v2", "v4"]));
        let ([to, from, barrier], Some(element)) = (instruction.operands.as_slice(), element) else {
            return Err("not implemented".to_owned());
        };
        let from = match from {
            Operand::Vector(members) => members.as_slice(),
            _ => std::slice::from_ref(from),
        };
        let count = if opcode.has("v2") {
            2
        } else if opcode.has("v4") {
            4
        } else {
            1
        };
        if from.len() != count {
            return Err(format!("{} sources for {count} elements", from.len()));
        }
        let len_bytes = element.len_bytes * u32::try_from(count).expect("4 at most");
        let address = self.address(to, opcode.modifiers().find_map(space_of))?;
        self.observe(AccessKind::Write, len_bytes, address);
        self.store_elements(element, from, address)?;
        self.complete_bytes(opcode, len_bytes, barrier)
    }

    pub(super) fn counted_reduction(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        const OPERATIONS: [&str; 10] = ["relaxed", "cluster", "add", "min", "max", "and", "or", "xor", "inc", "dec"];
        let opcode = instruction.opcode;
        let ty = opcode.last();
        let operation = opcode.modifiers().find(|word| OPERATIONS[2..].contains(word)).unwrap_or("");
        let is_there = is_counted(opcode, &OPERATIONS) && memory::bulk_reduction::is_of_clusters(operation, ty);
        let found = memory::atomic::select(operation, ty).filter(|_| is_there);
        let ([to, from, barrier], Some((fns, len_bytes))) = (instruction.operands.as_slice(), found) else {
            return Err("not implemented".to_owned());
        };
        let address = self.address(to, opcode.modifiers().find_map(space_of))?;
        self.observe(AccessKind::Atomic, len_bytes, address);
        let value = self.source(from, if len_bytes == 8 { Width::B64 } else { Width::B32 })?;
        let ext = self.operand_list(&[NO_DESTINATION, value, value]);
        let op = Op { ext, c: address.flags_and_space(), ..self.access_op(fns, address) };
        self.push(op, Denormals::Any);
        self.complete_bytes(opcode, len_bytes, barrier)
    }

    fn complete_bytes(&mut self, opcode: Opcode<'s>, len_bytes: u32, barrier: &Operand<'s>) -> Result<(), Refusal> {
        let bytes = self.slots.constant(Width::B64, u64::from(len_bytes));
        self.change_mbarrier(opcode, Change::CompleteBytes, (NO_DESTINATION, bytes), barrier)
    }
}
