//! Loads, stores, atomics, copies and matrix fragments in memory.

use super::super::alu::wmma_layout::Fragment;
use super::super::alu::{self, Denormals};
use super::super::memory::{self, AccessKind, NARROW, SPACE_SHIFT, Space};
use super::super::op::{Op, OpFns, Slot};
use super::super::race;
use super::variables::Symbol;
use super::{Lowering, Refusal};
use crate::ptx::ast::{AddressBase, Immediate, Instruction, Opcode, Operand, Width};
use crate::ptx::opcodes::{self, Mnemonic};

/// A type as memory holds it.
#[derive(Clone, Copy)]
pub(super) struct Element {
    pub(super) len_bytes: u32,
    pub(super) is_signed: bool,
}

impl Element {
    pub(super) fn parse(ty: &str) -> Option<Self> {
        let (len_bytes, is_signed) = match ty {
            "b8" | "u8" => (1, false),
            "s8" => (1, true),
            "b16" | "u16" | "f16" | "bf16" => (2, false),
            "s16" => (2, true),
            "b32" | "u32" | "f32" | "f16x2" | "bf16x2" => (4, false),
            "s32" => (4, true),
            "b64" | "u64" | "f64" => (8, false),
            "s64" => (8, true),
            _ => return None,
        };
        Some(Self { len_bytes, is_signed })
    }

    /// The register that holds it without conversion.
    pub(super) fn natural_width(self) -> Width {
        match self.len_bytes {
            1 | 2 => Width::B16,
            4 => Width::B32,
            _ => Width::B64,
        }
    }
}

/// Where an access goes.
#[derive(Clone, Copy)]
pub(super) struct Address {
    pub(super) space: Space,
    pub(super) slot: Slot,
    pub(super) imm: i64,
    pub(super) is_narrow: bool,
}

impl Address {
    pub(super) fn flags(self) -> u32 {
        if self.is_narrow { NARROW } else { 0 }
    }

    pub(super) fn flags_and_space(self) -> u32 {
        self.flags() | (self.space as u32) << SPACE_SHIFT
    }
}

/// The modifiers of a load or store, sorted out.
struct Access {
    space: Option<Space>,
    is_param: bool,
    count: usize,
    element: Element,
    /// A further operand with a cache policy is to be ignored.
    has_cache_hint: bool,
    is_ordered: bool,
}

/// The state space that a modifier names.
pub(super) fn space_of(modifier: &str) -> Option<Space> {
    match modifier.split_once("::").map_or(modifier, |(space, _)| space) {
        "global" | "const" => Some(Space::Linear),
        "shared" => Some(Space::Shared),
        "local" => Some(Space::Local),
        "param" => Some(Space::Param),
        _ => None,
    }
}

impl Access {
    /// Bytes that each lane accesses.
    fn len_bytes(&self) -> u32 {
        self.element.len_bytes * u32::try_from(self.count).expect("4 at most")
    }

    fn parse(opcode: Opcode<'_>) -> Option<Self> {
        // A register of 128 bits is two of 64.
        let (count, element) = match opcode.last() {
            "b128" => (2, "b64"),
            element => (1, element),
        };
        let mut access = Self {
            space: None,
            is_param: false,
            count,
            element: Element::parse(element)?,
            has_cache_hint: false,
            is_ordered: false,
        };
        let modifiers: Vec<_> = opcode.modifiers().collect();
        for &modifier in &modifiers[..modifiers.len() - 1] {
            if let Some(space) = space_of(modifier) {
                access.space = Some(space);
                access.is_param = space == Space::Param;
                continue;
            }
            match modifier {
                "v2" if count == 1 => access.count = 2,
                "v4" if count == 1 => access.count = 4,
                // Order between threads is the host's: stronger than asked for where it has total store order.
                "acquire" | "release" | "volatile" | "relaxed" => access.is_ordered = true,
                "L2::cache_hint" => access.has_cache_hint = true,
                "weak" | "cta" | "cluster" | "gpu" | "sys" | "mmio" => {}
                "ca" | "cg" | "cs" | "lu" | "cv" | "nc" | "wb" | "wt" | "unified" => {}
                // Hints about caches.
                _ if modifier.starts_with("L1::") || modifier.starts_with("L2::") => {}
                _ => return None,
            }
        }
        Some(access)
    }
}

impl<'s> Lowering<'_, 's> {
    /// An address operand in the space that the opcode names; without one, a symbol's own space or a generic address.
    pub(super) fn address(&mut self, operand: &Operand<'s>, space: Option<Space>) -> Result<Address, Refusal> {
        let Operand::Address { base, offset } = operand else {
            return Err("an operand that is not an address".to_owned());
        };
        let constant = |this: &mut Self, value: u64, space: Space| Address {
            space,
            slot: this.slots.constant(Width::B64, value.wrapping_add_signed(*offset)),
            imm: 0,
            is_narrow: false,
        };
        match base {
            AddressBase::Register(register) => {
                let place = self.slots.place(*register)?;
                let is_narrow = match place.width {
                    Width::B32 => true,
                    Width::B64 => false,
                    _ => return Err("an address register that is too narrow".to_owned()),
                };
                Ok(Address { space: space.unwrap_or(Space::Linear), slot: place.slot, imm: *offset, is_narrow })
            }
            AddressBase::Absolute => Ok(constant(self, 0, space.unwrap_or(Space::Linear))),
            AddressBase::Symbol(name) => {
                let (value, own) = match self.variables.find(name)? {
                    Symbol::Shared(start) => (u64::from(start), Space::Shared),
                    Symbol::Local(start) => (u64::from(start), Space::Local),
                    Symbol::Param(start) => (u64::from(start), Space::Param),
                    Symbol::Linear(address) => (address, Space::Linear),
                    Symbol::CallMemory(start) if space == Some(Space::Param) => {
                        return Ok(constant(self, u64::from(start), Space::Local));
                    }
                    Symbol::CallParam | Symbol::CallMemory(_) => {
                        return Err(format!("an access to the call parameter {name}"));
                    }
                };
                if space.is_some_and(|space| space != own) {
                    return Err(format!("{name} is not in the space that the instruction names"));
                }
                Ok(constant(self, value, own))
            }
        }
    }

    /// Watches an access that other threads may see, when races are looked for.
    pub(super) fn observe(&mut self, kind: AccessKind, len_bytes: u32, address: Address) {
        if self.options.race_check
            && race::may_be_shared(address.space)
            && let Some(fns) = race::observer(len_bytes)
        {
            let d = kind as u32;
            let op = Op { d, c: address.flags_and_space(), ..self.access_op(fns, address) };
            self.push(op, Denormals::Any);
        }
    }

    /// The same for an access by which programs synchronise.
    fn observe_order(&mut self, address: Address) {
        if self.options.race_check && address.space == Space::Linear {
            let op = self.blank(race::ORDER);
            self.push(op, Denormals::Any);
        }
    }

    /// Waits for earlier accesses to be seen, on hosts that need it for ordered accesses.
    fn order(&mut self, access: &Access) {
        if access.is_ordered && !cfg!(target_arch = "x86_64") {
            let op = self.blank(super::super::system::FENCE);
            self.push(op, Denormals::Any);
        }
    }

    pub(super) fn load(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let access = Access::parse(instruction.opcode).ok_or_else(|| "not implemented".to_owned())?;
        let [to, from, rest @ ..] = instruction.operands.as_slice() else {
            return Err("too few operands".to_owned());
        };
        if rest.len() != usize::from(access.has_cache_hint) {
            return Err("too many operands".to_owned());
        }
        let single = std::slice::from_ref(to);
        let to = match to {
            Operand::Vector(members) => members.as_slice(),
            _ => single,
        };
        if to.len() != access.count {
            return Err(format!("{} destinations for {} elements", to.len(), access.count));
        }
        if access.is_param
            && let Operand::Address { base: AddressBase::Symbol(name), offset } = from
            && !self.is_call_memory(from)?
        {
            return self.load_param(access.element, to, name, *offset);
        }
        let address = self.address(from, access.space)?;
        if !access.is_ordered {
            self.observe(AccessKind::Read, access.len_bytes(), address);
        }
        if access.count == 1 {
            self.load_scalar(access.element, &to[0], address)?;
        } else {
            self.load_vector(access.element, to, address)?;
        }
        if access.is_ordered {
            // What it has read is what puts the order.
            self.observe_order(address);
        }
        self.order(&access);
        Ok(())
    }

    fn load_scalar(&mut self, element: Element, to: &Operand<'s>, address: Address) -> Result<(), Refusal> {
        let natural = element.natural_width();
        let wanted = match to {
            Operand::Register(register) => self.slots.width(*register)?,
            _ => natural,
        };
        let scalar = |width: Width| {
            let register_bytes = width.lane_bytes();
            memory::load::scalar(element.len_bytes, element.is_signed, register_bytes, address.space, self.options.isa)
        };
        let (fns, width) = match scalar(wanted) {
            Some(fns) => (fns, wanted),
            None => (scalar(natural).ok_or_else(|| "not implemented".to_owned())?, natural),
        };
        let destination = self.destination(to, width)?;
        let op = Op { d: destination.slot, ..self.access_op(fns, address) };
        self.push(op, Denormals::Any);
        self.settle(destination, element.is_signed)
    }

    fn load_vector(&mut self, element: Element, to: &[Operand<'s>], address: Address) -> Result<(), Refusal> {
        let isa = self.options.isa;
        let fns = memory::load::vector(element.len_bytes, element.is_signed, to.len(), address.space, isa);
        let fns = fns.ok_or_else(|| "not implemented".to_owned())?;
        let mut destinations = Vec::with_capacity(to.len());
        for operand in to {
            destinations.push(self.destination(operand, element.natural_width())?);
        }
        let list: Vec<_> = destinations.iter().map(|destination| destination.slot).collect();
        let ext = self.operand_list(&list);
        let op = Op { ext, ..self.access_op(fns, address) };
        self.push(op, Denormals::Any);
        for destination in destinations {
            self.settle(destination, element.is_signed)?;
        }
        Ok(())
    }

    pub(super) fn access_op(&self, fns: OpFns, address: Address) -> Op {
        Op { a: address.slot, imm: address.imm, c: address.flags(), ..self.blank(fns) }
    }

    pub(super) fn store(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let access = Access::parse(instruction.opcode).ok_or_else(|| "not implemented".to_owned())?;
        let [to, from, rest @ ..] = instruction.operands.as_slice() else {
            return Err("too few operands".to_owned());
        };
        if rest.len() != usize::from(access.has_cache_hint) {
            return Err("too many operands".to_owned());
        }
        let single = std::slice::from_ref(from);
        let from = match from {
            Operand::Vector(members) => members.as_slice(),
            _ => single,
        };
        if from.len() != access.count {
            return Err(format!("{} sources for {} elements", from.len(), access.count));
        }
        let element = access.element;
        if access.is_param && !self.is_call_memory(to)? {
            return self.store_param(element, to, from);
        }
        self.order(&access);
        let address = self.address(to, access.space)?;
        if address.space == Space::Param {
            return Err("a store to a parameter".to_owned());
        }
        if access.is_ordered {
            self.observe_order(address);
        } else {
            self.observe(AccessKind::Write, access.len_bytes(), address);
        }
        let not_implemented = || "not implemented".to_owned();
        if let [from] = from {
            let scalar = |width: Width| {
                memory::store::scalar(element.len_bytes, width.lane_bytes(), address.space, self.options.isa)
            };
            let given = match from {
                Operand::Register(register) => self.slots.width(*register)?,
                _ => element.natural_width(),
            };
            let (fns, width) = match scalar(given) {
                Some(fns) => (fns, given),
                None => (scalar(element.natural_width()).ok_or_else(not_implemented)?, element.natural_width()),
            };
            let b = self.source(from, width)?;
            let op = Op { b, ..self.access_op(fns, address) };
            self.push(op, Denormals::Any);
        } else {
            let fns =
                memory::store::vector(element.len_bytes, from.len(), address.space).ok_or_else(not_implemented)?;
            let mut list = Vec::with_capacity(from.len());
            for operand in from {
                list.push(self.source(operand, element.natural_width())?);
            }
            let ext = self.operand_list(&list);
            let op = Op { ext, ..self.access_op(fns, address) };
            self.push(op, Denormals::Any);
        }
        self.order(&access);
        Ok(())
    }

    pub(super) fn atomic(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let opcode = instruction.opcode;
        let mut space = None;
        let mut operation = None;
        let mut has_cache_hint = false;
        let modifiers: Vec<_> = opcode.modifiers().collect();
        for &modifier in modifiers.iter().take(modifiers.len().saturating_sub(1)) {
            if let Some(named) = space_of(modifier) {
                space = Some(named);
                continue;
            }
            match modifier {
                "add" | "min" | "max" | "and" | "or" | "xor" | "inc" | "dec" | "exch" | "cas" => {
                    operation = Some(modifier);
                }
                "L2::cache_hint" => has_cache_hint = true,
                "relaxed" | "acquire" | "release" | "acq_rel" | "cta" | "cluster" | "gpu" | "sys" | "noftz" => {}
                _ => return Err("not implemented".to_owned()),
            }
        }
        let not_implemented = || "not implemented".to_owned();
        let (fns, len_bytes) = operation
            .and_then(|operation| memory::atomic::select(operation, opcode.last()))
            .ok_or_else(not_implemented)?;
        let width = match len_bytes {
            2 => Width::B16,
            4 => Width::B32,
            _ => Width::B64,
        };
        let mut operands = instruction.operands.as_slice();
        let mut to = None;
        if opcode.mnemonic() == Mnemonic::Access(opcodes::Access::Atom) {
            let (first, rest) = operands.split_first().ok_or("too few operands")?;
            to = Some(self.destination(first, width)?);
            operands = rest;
        }
        let needed = if operation == Some("cas") { 3 } else { 2 };
        if operands.len() != needed + usize::from(has_cache_hint) {
            return Err(format!("{} operands", instruction.operands.len()));
        }
        let address = self.address(&operands[0], space)?;
        if matches!(address.space, Space::Local | Space::Param) {
            return Err("an atomic on local memory or parameters".to_owned());
        }
        self.observe(AccessKind::Atomic, len_bytes, address);
        let a = self.source(&operands[1], width)?;
        let b = if needed == 3 { self.source(&operands[2], width)? } else { a };
        let slot = to.map_or(memory::atomic::NO_DESTINATION, |to| to.slot);
        let ext = self.operand_list(&[slot, a, b]);
        let op = Op { ext, c: address.flags_and_space(), ..self.access_op(fns, address) };
        let denormals = match (operation, opcode.last()) {
            // Flushed by the op itself.
            (Some("add"), "f32") if space == Some(Space::Linear) => Denormals::Any,
            (Some("add"), "f32" | "f64") => Denormals::Keep,
            _ => Denormals::Any,
        };
        self.push(op, denormals);
        match to {
            Some(to) => self.settle(to, false),
            None => Ok(()),
        }
    }

    /// `ldmatrix` and `stmatrix`.
    pub(super) fn matrix_rows(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let opcode = instruction.opcode;
        let is_load = opcode.mnemonic() == Mnemonic::Access(opcodes::Access::Ldmatrix);
        let (mut space, mut tiles, mut trans) = (None, 1, false);
        let modifiers: Vec<_> = opcode.modifiers().collect();
        for modifier in modifiers {
            match modifier {
                "sync" | "aligned" | "m8n8" | "b16" => {}
                "x1" => tiles = 1,
                "x2" => tiles = 2,
                "x4" => tiles = 4,
                "trans" => trans = true,
                _ => space = Some(space_of(modifier).ok_or_else(|| "not implemented".to_owned())?),
            }
        }
        let [first, second] = instruction.operands.as_slice() else { return Err("not two operands".to_owned()) };
        let (registers, address) = if is_load { (first, second) } else { (second, first) };
        let single = std::slice::from_ref(registers);
        let registers = match registers {
            Operand::Vector(members) => members.as_slice(),
            _ => single,
        };
        let select = if is_load { memory::matrix::select_load } else { memory::matrix::select_store };
        let fns =
            select(tiles, trans).filter(|_| registers.len() == tiles).ok_or_else(|| "not implemented".to_owned())?;
        let address = self.address(address, space)?;
        let mut list = Vec::with_capacity(tiles);
        let mut destinations = Vec::new();
        for operand in registers {
            if is_load {
                let destination = self.destination(operand, Width::B32)?;
                list.push(destination.slot);
                destinations.push(destination);
            } else {
                list.push(self.source(operand, Width::B32)?);
            }
        }
        let ext = self.operand_list(&list);
        let op = Op { ext, c: address.flags_and_space(), ..self.access_op(fns, address) };
        self.push_collective(op, Denormals::Any);
        for destination in destinations {
            self.settle(destination, false)?;
        }
        Ok(())
    }

    /// `cp.async`. Copies are complete when they are issued, so groups and waits are nothing.
    pub(super) fn copy(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let opcode = instruction.opcode;
        let not_implemented = || "not implemented".to_owned();
        if !opcode.has("async") {
            return Err(not_implemented());
        }
        if opcode.has("commit_group") || opcode.has("wait_group") || opcode.has("wait_all") {
            return Ok(());
        }
        let [to, from, Operand::Immediate(Immediate::Integer(len_bytes)), rest @ ..] = instruction.operands.as_slice()
        else {
            return Err("operands that such a copy does not have".to_owned());
        };
        let known = |modifier: &str| {
            matches!(modifier, "async" | "ca" | "cg" | "shared" | "shared::cta" | "global")
                || modifier.starts_with("L2::")
        };
        if !opcode.modifiers().all(known) {
            return Err(not_implemented());
        }
        let rest = &rest[..rest.len() - usize::from(opcode.has("L2::cache_hint") && !rest.is_empty())];
        let fns = memory::copy::select(*len_bytes).ok_or_else(not_implemented)?;
        let to = self.address(to, Some(Space::Shared))?;
        let from = self.address(from, Some(Space::Linear))?;
        let count = match rest {
            [] => memory::copy::ALL_BYTES,
            [Operand::Immediate(Immediate::Integer(count))] if count >= len_bytes => memory::copy::ALL_BYTES,
            [count] => match count {
                Operand::Negated(_) => self.ignored_or_all(count)?,
                Operand::Register(register) if self.slots.width(*register)? == Width::Pred => {
                    self.ignored_or_all(count)?
                }
                _ => self.source(count, Width::B32)?,
            },
            _ => return Err("too many operands".to_owned()),
        };
        let imm = from.imm.cast_unsigned();
        #[expect(clippy::cast_possible_truncation, reason = "the two halves are meant")]
        let halves = [imm as u32, (imm >> 32) as u32];
        let ext = self.operand_list(&[from.slot, halves[0], halves[1], from.flags(), count]);
        let op = Op { ext, ..self.access_op(fns, to) };
        self.push(op, Denormals::Any);
        Ok(())
    }

    /// The number of bytes that a copy reads of a source that a predicate says to ignore: none, else all.
    fn ignored_or_all(&mut self, predicate: &Operand<'s>) -> Result<Slot, Refusal> {
        let form = Opcode::parse("selp.b32").and_then(|opcode| alu::select(opcode, 4, self.options.isa));
        let form = form.ok_or_else(|| "selp.b32 is not implemented".to_owned())?;
        let c = self.source(predicate, Width::Pred)?;
        let (a, b) = (self.slots.constant(Width::B32, 0), self.slots.constant(Width::B32, u64::MAX));
        let d = self.slots.temporary(Width::B32);
        let op = Op { d, a, b, c, ..self.blank(form.fns) };
        self.push(op, form.denormals);
        Ok(d)
    }

    /// `wmma.load` and `wmma.store`.
    pub(super) fn wmma_access(&mut self, instruction: &Instruction<'s>) -> Result<(), Refusal> {
        let opcode = instruction.opcode;
        let (fragment, is_column_major) = Fragment::of_memory_op(opcode).ok_or_else(|| "not implemented".to_owned())?;
        let is_store = opcode.has("store");
        let (registers, address, stride) = match instruction.operands.as_slice() {
            [Operand::Vector(to), from, stride @ ..] if !is_store => (to, from, stride),
            [to, Operand::Vector(from), stride @ ..] if is_store => (from, to, stride),
            _ => return Err("operands that such an access does not have".to_owned()),
        };
        if u32::try_from(registers.len()) != Ok(fragment.registers) {
            return Err(format!("{} registers where {} are needed", registers.len(), fragment.registers));
        }
        let space = opcode.modifiers().find_map(space_of);
        let address = self.address(address, space)?;
        if !matches!(address.space, Space::Linear | Space::Shared) {
            return Err("a matrix in local memory or parameters".to_owned());
        }
        let b = match stride {
            [] => {
                let packed = if is_column_major { fragment.rows } else { fragment.columns };
                self.slots.constant(Width::B32, u64::from(packed))
            }
            [stride] => self.source(stride, Width::B32)?,
            _ => return Err("too many operands".to_owned()),
        };
        let mut list = memory::wmma::describe(&fragment, is_column_major).to_vec();
        let mut destinations = Vec::new();
        for operand in registers {
            if is_store {
                list.push(self.source(operand, fragment.register)?);
            } else {
                let destination = self.destination(operand, fragment.register)?;
                list.push(destination.slot);
                destinations.push(destination);
            }
        }
        let ext = self.operand_list(&list);
        let fns = memory::wmma::select(is_store);
        let op = Op { ext, b, c: address.flags_and_space(), ..self.access_op(fns, address) };
        self.push_collective(op, Denormals::Any);
        for destination in destinations {
            self.settle(destination, false)?;
        }
        Ok(())
    }
}
