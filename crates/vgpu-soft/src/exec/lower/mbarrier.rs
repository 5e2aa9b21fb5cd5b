//! `mbarrier`, and the arrival of asynchronous copies at one.

use super::super::alu::Denormals;
use super::super::memory::atomic::NO_DESTINATION;
use super::super::memory::mbarrier::{Change, PENDING_COUNT, TEST, TEST_PARITY};
use super::super::memory::{AccessKind, Space};
use super::super::op::Op;
use super::access::space_of;
use super::{Lowering, Refusal};
use crate::ptx::ast::{Instruction, Opcode, Operand, Width};

/// A barrier's length.
const LEN_BYTES: u32 = 8;

impl<'s> Lowering<'_, 's> {
    pub(super) fn mbarrier(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let opcode = instruction.opcode;
        let not_implemented = || "not implemented".to_owned();
        // Order between threads is the host's.
        let is_ignored =
            |word: &str| matches!(word, "release" | "acquire" | "relaxed" | "cta" | "cluster" | "noComplete");
        let is_plain = |word: &&str| !is_ignored(word) && space_of(word).is_none();
        let words: Vec<&str> = opcode.modifiers().filter(is_plain).collect();
        let change = match words.as_slice() {
            ["init", "b64"] => Change::Init,
            ["inval", "b64"] => Change::Inval,
            ["arrive", "b64"] => Change::Arrive,
            ["arrive_drop", "b64"] => Change::ArriveDrop,
            ["arrive", "expect_tx", "b64"] => Change::ArriveExpect,
            ["arrive_drop", "expect_tx", "b64"] => Change::ArriveDropExpect,
            ["expect_tx", "b64"] => Change::ExpectBytes,
            ["complete_tx", "b64"] => Change::CompleteBytes,
            ["test_wait" | "try_wait", "b64"] => return self.mbarrier_test(instruction, false),
            ["test_wait" | "try_wait", "parity", "b64"] => return self.mbarrier_test(instruction, true),
            ["pending_count", "b64"] => return self.mbarrier_pending(instruction),
            _ => return Err(not_implemented()),
        };
        let (to, operands) = instruction.operands.split_at(opcode.destination_count().min(instruction.operands.len()));
        let [address, rest @ ..] = operands else { return Err("too few operands".to_owned()) };
        let count = match (change, rest) {
            (Change::Inval, []) => self.slots.constant(Width::B64, 0),
            // One thread arrives.
            (Change::Arrive | Change::ArriveDrop, []) => self.slots.constant(Width::B64, 1),
            (Change::Inval, _) => return Err("too many operands".to_owned()),
            (_, [count]) => self.source(count, Width::B64)?,
            _ => return Err("a number of arrivals or bytes is needed".to_owned()),
        };
        let to = match to {
            [] | [Operand::Sink] => None,
            [to, ..] => Some(self.destination(to, Width::B64)?),
        };
        self.change_mbarrier(opcode, change, (to.map_or(NO_DESTINATION, |to| to.slot), count), address)?;
        to.map_or(Ok(()), |to| self.settle(to, false))
    }

    /// `cp.async.mbarrier.arrive`: the copies before it are done, so it arrives at once. Without `.noinc` it expects its own arrival
    /// before, which changes nothing.
    pub(super) fn mbarrier_of_copies(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let opcode = instruction.opcode;
        let is_known =
            |word: &str| matches!(word, "async" | "mbarrier" | "arrive" | "noinc" | "b64") || space_of(word).is_some();
        let ([address], true) = (instruction.operands.as_slice(), opcode.modifiers().all(is_known)) else {
            return Err("not implemented".to_owned());
        };
        if !opcode.has("noinc") {
            return Ok(());
        }
        let one = self.slots.constant(Width::B64, 1);
        self.change_mbarrier(opcode, Change::Arrive, (NO_DESTINATION, one), address)
    }

    pub(super) fn change_mbarrier(
        &mut self,
        opcode: Opcode<'s>,
        change: Change,
        (to, count): (u32, u32),
        address: &Operand<'s>,
    ) -> Result<(), Refusal> {
        let ext = self.operand_list(&[to, count, count]);
        let op = Op { ext, ..self.mbarrier_op(opcode, address)? };
        self.push(Op { fns: change.fns(), ..op }, Denormals::Any);
        Ok(())
    }

    fn mbarrier_test(&mut self, instruction: &Instruction<'s>, is_parity: bool) -> Result<(), Refusal> {
        // How long it may wait is a hint: it does not.
        let ([to, address, token] | [to, address, token, _]) = instruction.operands.as_slice() else {
            return Err("operands that such a test does not have".to_owned());
        };
        let token = self.source(token, if is_parity { Width::B32 } else { Width::B64 })?;
        let to = self.destination(to, Width::Pred)?;
        let ext = self.operand_list(&[to.slot, token]);
        let op = Op { ext, ..self.mbarrier_op(instruction.opcode, address)? };
        self.push(Op { fns: if is_parity { TEST_PARITY } else { TEST }, ..op }, Denormals::Any);
        self.settle(to, false)
    }

    fn mbarrier_pending(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let [to, token] = instruction.operands.as_slice() else {
            return Err("operands that such a count does not have".to_owned());
        };
        let a = self.source(token, Width::B64)?;
        let to = self.destination(to, Width::B32)?;
        let op = Op { d: to.slot, a, ..self.blank(PENDING_COUNT) };
        self.push(op, Denormals::Any);
        self.settle(to, false)
    }

    /// An op at a barrier's address, of which the function and the operands are missing.
    fn mbarrier_op(&mut self, opcode: Opcode<'s>, address: &Operand<'s>) -> Result<Op, Refusal> {
        // Warps of a block wait for each other.
        self.code.has_barriers = true;
        let address = self.address(address, opcode.modifiers().find_map(space_of))?;
        if !matches!(address.space, Space::Shared | Space::Linear) {
            return Err("a barrier that is not in shared memory".to_owned());
        }
        self.observe(AccessKind::Atomic, LEN_BYTES, address);
        Ok(Op { c: address.flags_and_space(), ..self.access_op(TEST, address) })
    }
}
