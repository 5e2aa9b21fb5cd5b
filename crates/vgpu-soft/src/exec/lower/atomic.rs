//! `atom` and `red`: of one value, of short vectors, of 128 bits.

use super::super::alu::Denormals;
use super::super::memory::atomic::NO_DESTINATION;
use super::super::memory::{self, AccessKind, Space};
use super::super::op::Op;
use super::access::{Address, space_of};
use super::emit::Destination;
use super::{Lowering, Refusal};
use crate::ptx::ast::{Instruction, Opcode, Operand, Width};
use crate::ptx::opcodes::{Access, Mnemonic};

/// The modifiers of an atomic, sorted out.
#[derive(Clone, Copy)]
struct Atomic<'s> {
    space: Option<Space>,
    operation: &'s str,
    ty: &'s str,
    /// Of its vectors.
    elements: usize,
    has_cache_hint: bool,
}

impl<'s> Atomic<'s> {
    fn parse(opcode: Opcode<'s>) -> Option<Self> {
        let ty = opcode.last();
        let mut atomic = Self { space: None, operation: "", ty, elements: 1, has_cache_hint: false };
        let count = opcode.modifiers().count();
        for modifier in opcode.modifiers().take(count.saturating_sub(1)) {
            if let Some(named) = space_of(modifier) {
                atomic.space = Some(named);
                continue;
            }
            match modifier {
                "add" | "min" | "max" | "and" | "or" | "xor" | "inc" | "dec" | "exch" | "cas" => {
                    atomic.operation = modifier;
                }
                "v2" => atomic.elements = 2,
                "v4" => atomic.elements = 4,
                "v8" => atomic.elements = 8,
                "L2::cache_hint" => atomic.has_cache_hint = true,
                "relaxed" | "acquire" | "release" | "acq_rel" | "cta" | "cluster" | "gpu" | "sys" | "noftz" => {}
                _ => return None,
            }
        }
        Some(atomic)
    }

    /// What sums need of the CPU's switch, in a kernel whose other instructions may need something else.
    fn denormals(self) -> Denormals {
        match (self.operation, self.ty) {
            // Flushed by the op itself.
            ("add", "f32") if self.space == Some(Space::Linear) || self.elements > 1 => Denormals::Any,
            ("add", "f32" | "f64") => Denormals::Keep,
            _ => Denormals::Any,
        }
    }
}

/// The register of an element of so many bytes.
fn width_of(len_bytes: u32) -> Width {
    match len_bytes {
        2 => Width::B16,
        4 => Width::B32,
        _ => Width::B64,
    }
}

impl<'s> Lowering<'_, 's> {
    pub(super) fn atomic(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let opcode = instruction.opcode;
        let atomic = Atomic::parse(opcode).ok_or_else(|| "not implemented".to_owned())?;
        let (to, operands) = match opcode.mnemonic() {
            Mnemonic::Access(Access::Atom) => {
                let (to, operands) = instruction.operands.split_first().ok_or("too few operands")?;
                (Some(to), operands)
            }
            _ => (None, instruction.operands.as_slice()),
        };
        let values = if atomic.operation == "cas" { 2 } else { 1 };
        let (address, values) = match operands {
            [address, rest @ ..] if rest.len() == values + usize::from(atomic.has_cache_hint) => {
                (address, &rest[..values])
            }
            _ => return Err(format!("{} operands", instruction.operands.len())),
        };
        match (atomic.ty, atomic.elements) {
            ("b128", 1) => self.atomic_wide(atomic, to, address, values),
            (_, 1) => self.atomic_scalar(atomic, to, address, values),
            _ => self.atomic_vector(atomic, to, address, values),
        }
    }

    /// Where an atomic may go.
    fn atomic_address(
        &mut self,
        operand: &Operand<'s>,
        space: Option<Space>,
        len_bytes: u32,
    ) -> Result<Address, Refusal> {
        let address = self.address(operand, space)?;
        if matches!(address.space, Space::Local | Space::Param) {
            return Err("an atomic on local memory or parameters".to_owned());
        }
        self.observe(AccessKind::Atomic, len_bytes, address);
        Ok(address)
    }

    fn atomic_scalar(
        &mut self,
        atomic: Atomic<'_>,
        to: Option<&Operand<'s>>,
        address: &Operand<'s>,
        values: &[Operand<'s>],
    ) -> Result<(), Refusal> {
        let found = memory::atomic::select(atomic.operation, atomic.ty);
        let (fns, len_bytes) = found.ok_or_else(|| "not implemented".to_owned())?;
        let width = width_of(len_bytes);
        let to = to.map(|to| self.destination(to, width)).transpose()?;
        let address = self.atomic_address(address, atomic.space, len_bytes)?;
        let a = self.source(&values[0], width)?;
        let b = values.get(1).map_or(Ok(a), |b| self.source(b, width))?;
        let slot = to.map_or(NO_DESTINATION, |to| to.slot);
        let ext = self.operand_list(&[slot, a, b]);
        let op = Op { ext, c: address.flags_and_space(), ..self.access_op(fns, address) };
        self.push(op, atomic.denormals());
        to.map_or(Ok(()), |to| self.settle(to, false))
    }

    /// In global memory only.
    fn atomic_vector(
        &mut self,
        atomic: Atomic<'_>,
        to: Option<&Operand<'s>>,
        address: &Operand<'s>,
        values: &[Operand<'s>],
    ) -> Result<(), Refusal> {
        let count = atomic.elements;
        let found = memory::atomic_vector::select(atomic.operation, atomic.ty, count);
        let found = found.filter(|_| matches!(atomic.space, None | Some(Space::Linear)));
        let (fns, len_bytes) = found.ok_or_else(|| "not implemented".to_owned())?;
        let width = width_of(len_bytes);
        let members = |operand: &Operand<'s>| match operand {
            Operand::Vector(members) if members.len() == count => Ok(members.clone()),
            _ => Err(format!("an operand that is not a vector of {count}")),
        };
        let to = match to {
            Some(to) => members(to)?.iter().map(|to| self.destination(to, width)).collect::<Result<Vec<_>, _>>()?,
            None => Vec::new(),
        };
        let count = u32::try_from(count).expect("8 at most");
        let address = self.atomic_address(address, atomic.space, count * len_bytes)?;
        let mut list = vec![count];
        list.extend(to.iter().map(|to| to.slot));
        list.resize(1 + atomic.elements, NO_DESTINATION);
        for value in members(&values[0])? {
            list.push(self.source(&value, width)?);
        }
        let ext = self.operand_list(&list);
        let op = Op { ext, c: address.flags_and_space(), ..self.access_op(fns, address) };
        self.push(op, atomic.denormals());
        to.into_iter().try_for_each(|to| self.settle(to, false))
    }

    /// `exch` and `cas` of 128 bits: registers of those are two of 64.
    fn atomic_wide(
        &mut self,
        atomic: Atomic<'_>,
        to: Option<&Operand<'s>>,
        address: &Operand<'s>,
        values: &[Operand<'s>],
    ) -> Result<(), Refusal> {
        let fns = memory::atomic_wide::select(atomic.operation)
            .ok_or_else(|| "this CPU has no atomics of 128 bits, or not this one".to_owned())?;
        let halves = |operand: &Operand<'s>| match operand {
            Operand::Vector(members) if members.len() == 2 => Ok(members.clone()),
            Operand::Sink => Ok(vec![Operand::Sink; 2]),
            _ => Err("an operand that is not of 128 bits".to_owned()),
        };
        let to = halves(to.ok_or("a reduction of 128 bits")?)?;
        let to: Vec<Destination> =
            to.iter().map(|to| self.destination(to, Width::B64)).collect::<Result<_, Refusal>>()?;
        let address = self.atomic_address(address, atomic.space, 16)?;
        let mut list: Vec<u32> = to.iter().map(|to| to.slot).collect();
        // An exchange has one operand, and names it twice.
        for value in [&values[0], &values[values.len() - 1]] {
            for half in halves(value)? {
                list.push(self.source(&half, Width::B64)?);
            }
        }
        let ext = self.operand_list(&list);
        let op = Op { ext, c: address.flags_and_space(), ..self.access_op(fns, address) };
        self.push(op, Denormals::Any);
        to.into_iter().try_for_each(|to| self.settle(to, false))
    }
}
