//! Blocks of a cluster: addresses in each other's shared memory, and their barrier.

use super::super::alu::{self, Denormals};
use super::super::code::{Special, Terminator};
use super::super::memory::Space;
use super::super::memory::cluster_address::{MAP, MAP_GENERIC, RANK, RANK_GENERIC, REACH};
use super::super::op::Op;
use super::access::Address;
use super::slots::Place;
use super::{Lowering, Refusal};
use crate::ptx::ast::{Instruction, Opcode, Width};

impl<'s> Lowering<'_, 's> {
    /// The generic address for one in the cluster's window, which is in memory of one of its blocks.
    pub(super) fn reach_cluster(&mut self, address: Address) -> Address {
        let slot = self.slots.temporary(Width::B64);
        let op = Op { d: slot, ..self.access_op(REACH, address) };
        self.push(op, Denormals::Any);
        Address { space: Space::Linear, slot, imm: 0, is_narrow: false }
    }

    /// `mapa`: an address in the shared memory of the block of a rank.
    pub(super) fn mapped_address(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let [to, from, rank] = instruction.operands.as_slice() else {
            return Err("operands that `mapa` does not have".to_owned());
        };
        let b = self.source(rank, Width::B32)?;
        let opcode = instruction.opcode;
        let (fns, width) = match opcode.has("shared::cluster") {
            true => (MAP, Width::B32),
            false => (MAP_GENERIC, Width::B64),
        };
        let a = self.source(from, width)?;
        // An address of 64 bits in the window is one of 32.
        let wanted = if opcode.last() == "u32" { Width::B32 } else { Width::B64 };
        let destination = self.destination(to, wanted)?;
        let d = if wanted == width { destination.slot } else { self.slots.temporary(width) };
        let op = Op { d, a, b, ..self.blank(fns) };
        self.push(op, Denormals::Any);
        if wanted != width {
            self.resize(Place { slot: destination.slot, width: wanted }, Place { slot: d, width }, false)?;
        }
        self.settle(destination, false)
    }

    /// `getctarank`: the rank of the block whose shared memory an address is in.
    pub(super) fn rank_of_address(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let [to, address] = instruction.operands.as_slice() else {
            return Err("operands that `getctarank` does not have".to_owned());
        };
        let (fns, width) = match instruction.opcode.has("shared::cluster") {
            true => (RANK, Width::B32),
            false => (RANK_GENERIC, Width::B64),
        };
        let a = self.source(address, width)?;
        let destination = self.destination(to, Width::B32)?;
        let op = Op { d: destination.slot, a, b: a, ..self.blank(fns) };
        self.push(op, Denormals::Any);
        self.settle(destination, false)
    }

    /// `barrier.cluster`
    pub(super) fn cluster_barrier(&mut self, opcode: Opcode<'s>) -> Result<(), Refusal> {
        let guard = self.guard;
        let words: Vec<_> = opcode.modifiers().filter(|word| !matches!(*word, "cluster" | "aligned")).collect();
        let terminator = match words.as_slice() {
            // Order between threads is the host's.
            ["arrive"] | ["arrive", "release" | "relaxed"] => Terminator::ClusterArrive { guard },
            ["wait"] | ["wait", "acquire"] => Terminator::ClusterWait { guard },
            _ => return Err("not implemented".to_owned()),
        };
        self.code.has_barriers = true;
        self.code.has_cluster_barriers = true;
        self.terminate(terminator);
        Ok(())
    }

    /// `%is_explicit_cluster`
    pub(super) fn explicit_cluster(&mut self) -> Result<Place, Refusal> {
        let form = Opcode::parse("setp.ne.u32").and_then(|opcode| alu::select(opcode, 3, self.options.isa));
        let form = form.ok_or_else(|| "setp.ne.u32 is not implemented".to_owned())?;
        let a = self.slots.special(Special::ExplicitCluster);
        let b = self.slots.constant(Width::B32, 0);
        let slot = self.slots.temporary(Width::Pred);
        let op = Op { d: slot, a, b, imm: form.imm, ..self.blank(form.fns) };
        self.push(op, form.denormals);
        Ok(Place { slot, width: Width::Pred })
    }
}
