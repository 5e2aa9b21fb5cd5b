//! `cp.async.bulk`, but for tensors, reductions, and copies to several blocks of a cluster.

use super::super::alu::Denormals;
use super::super::memory::atomic::NO_DESTINATION;
use super::super::memory::bulk::COPY;
use super::super::memory::mbarrier::Change;
use super::super::memory::{AccessKind, Space};
use super::super::op::Op;
use super::access::space_of;
use super::{Lowering, Refusal};
use crate::ptx::ast::{Instruction, Width};

/// Copies are watched for races by the first bytes of what they write.
const WATCHED_BYTES: u32 = 16;

impl<'s> Lowering<'_, 's> {
    /// A copy is complete when it is asked for, so groups and waits are nothing, and its barrier hears of all bytes at once.
    pub(super) fn bulk_copy(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let opcode = instruction.opcode;
        for (word, reason) in [
            ("tensor", "tensor maps are not implemented"),
            ("multicast::cluster", "clusters of more than one block are not implemented"),
            ("reduce", "not implemented"),
        ] {
            if opcode.has(word) {
                return Err(reason.to_owned());
            }
        }
        if ["commit_group", "wait_group", "prefetch"].into_iter().any(|word| opcode.has(word)) {
            return Ok(());
        }
        let spaces: Vec<Space> = opcode.modifiers().filter_map(space_of).collect();
        let has_hint = opcode.has("L2::cache_hint");
        let is_counted = opcode.has("mbarrier::complete_tx::bytes");
        let ([to_space, from_space], [to, from, len, rest @ ..]) = (spaces.as_slice(), instruction.operands.as_slice())
        else {
            return Err("not implemented".to_owned());
        };
        if rest.len() != usize::from(is_counted) + usize::from(has_hint) {
            return Err("operands that such a copy does not have".to_owned());
        }
        let (to, from) = (self.address(to, Some(*to_space))?, self.address(from, Some(*from_space))?);
        let len_slot = self.source(len, Width::B32)?;
        self.observe(AccessKind::Write, WATCHED_BYTES, to);
        let imm = from.imm.cast_unsigned();
        #[expect(clippy::cast_possible_truncation, reason = "the two halves are meant")]
        let halves = [imm as u32, (imm >> 32) as u32];
        let ext = self.operand_list(&[from.slot, halves[0], halves[1], from.flags_and_space(), len_slot]);
        let op = Op { ext, c: to.flags_and_space(), ..self.access_op(COPY, to) };
        self.push(op, Denormals::Any);
        if let ([barrier, ..], true) = (rest, is_counted) {
            let bytes = self.source(len, Width::B64)?;
            self.change_mbarrier(opcode, Change::CompleteBytes, (NO_DESTINATION, bytes), barrier)?;
        }
        Ok(())
    }
}
