//! `cp.async.bulk` and `cp.reduce.async.bulk`, but for tensors.

use super::super::alu::Denormals;
use super::super::memory::atomic::NO_DESTINATION;
use super::super::memory::mbarrier::Change;
use super::super::memory::{self, AccessKind, Space};
use super::super::op::{Op, OpFns};
use super::access::{Address, space_of};
use super::{Lowering, Refusal};
use crate::ptx::ast::{Instruction, Opcode, Operand, Width};

/// Copies are watched for races by the first bytes of what they write.
const WATCHED_BYTES: u32 = 16;

/// What becomes of the bytes, and what it needs of the CPU's switch.
fn choose(opcode: Opcode<'_>, to: Space) -> Option<(OpFns, Denormals)> {
    if !opcode.has("reduce") {
        return Some((memory::bulk::COPY, Denormals::Any));
    }
    let operations = ["add", "min", "max", "and", "or", "xor", "inc", "dec"];
    let operation = opcode.modifiers().find(|word| operations.contains(word))?;
    let fns = memory::bulk_reduction::select(operation, opcode.last(), to == Space::Linear)?;
    // Sums of f32 are flushed by the op itself.
    Some((fns, if opcode.last() == "f64" { Denormals::Keep } else { Denormals::Any }))
}

impl<'s> Lowering<'_, 's> {
    /// A copy is complete when it is asked for, so groups and waits are nothing, and its barrier hears of all bytes at once.
    pub(super) fn bulk_copy(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let opcode = instruction.opcode;
        if opcode.has("tensor") {
            return Err("tensor maps are not implemented".to_owned());
        }
        if ["commit_group", "wait_group", "prefetch"].into_iter().any(|word| opcode.has(word)) {
            return Ok(());
        }
        let spaces: Vec<Space> = opcode.modifiers().filter_map(space_of).collect();
        let has_hint = opcode.has("L2::cache_hint");
        let is_counted = opcode.has("mbarrier::complete_tx::bytes");
        let is_multicast = opcode.has("multicast::cluster");
        let ([to_space, from_space], [to, from, len, rest @ ..]) = (spaces.as_slice(), instruction.operands.as_slice())
        else {
            return Err("not implemented".to_owned());
        };
        if rest.len() != [is_counted, is_multicast, has_hint].map(usize::from).iter().sum::<usize>() {
            return Err("operands that such a copy does not have".to_owned());
        }
        let (fns, denormals) = choose(opcode, *to_space).ok_or_else(|| "not implemented".to_owned())?;
        let (to, from) = (self.address(to, Some(*to_space))?, self.address(from, Some(*from_space))?);
        let source = self.bulk_source(from, len)?;
        if is_multicast {
            return match rest {
                [barrier, blocks, ..] if is_counted && *to_space == Space::Cluster => {
                    self.multicast(to, &source, barrier, blocks)
                }
                _ => Err("not implemented".to_owned()),
            };
        }
        self.observe(AccessKind::Write, WATCHED_BYTES, to);
        let ext = self.operand_list(&source);
        let op = Op { ext, c: to.flags_and_space(), ..self.access_op(fns, to) };
        self.push(op, denormals);
        if let ([barrier, ..], true) = (rest, is_counted) {
            let bytes = self.source(len, Width::B64)?;
            self.change_mbarrier(opcode, Change::CompleteBytes, (NO_DESTINATION, bytes), barrier)?;
        }
        Ok(())
    }

    /// The entries of an operand list that say what is copied.
    fn bulk_source(&mut self, from: Address, len: &Operand<'s>) -> Result<[u32; 5], Refusal> {
        let len = self.source(len, Width::B32)?;
        let imm = from.imm.cast_unsigned();
        #[expect(clippy::cast_possible_truncation, reason = "the two halves are meant")]
        let halves = [imm as u32, (imm >> 32) as u32];
        Ok([from.slot, halves[0], halves[1], from.flags_and_space(), len])
    }

    /// A copy to several blocks, each of which has a barrier that hears of it.
    fn multicast(
        &mut self,
        to: Address,
        source: &[u32; 5],
        barrier: &Operand<'s>,
        blocks: &Operand<'s>,
    ) -> Result<(), Refusal> {
        self.code.has_barriers = true;
        let blocks = self.source(blocks, Width::B16)?;
        let barrier = self.address(barrier, Some(Space::Cluster))?;
        let ext = self.operand_list(&[&source[..], &[blocks, barrier.slot]].concat());
        let op = Op { ext, ..self.access_op(memory::multicast::COPY, to) };
        self.push(op, Denormals::Any);
        Ok(())
    }
}
