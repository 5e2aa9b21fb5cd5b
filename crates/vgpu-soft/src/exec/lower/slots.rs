//! Places in the warp's register block: allocated registers, then constants, special registers and temporaries.

use std::collections::HashMap;

use super::super::code::{Constant, Special};
use super::super::op::Slot;
use super::refusal::Refusal;
use crate::ir;
use crate::ptx::ast::{Reg, Width};

/// A slot and how wide it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) slot: Slot,
    pub(super) width: Width,
}

/// Gives out slots.
pub(super) struct Slots<'a> {
    widths: &'a [Width],
    slot_of: Vec<Slot>,
    /// Where the next slot behind the allocated registers goes.
    end: u32,
    /// Room for predicates in the last piece that was taken for them.
    predicate_room: std::ops::Range<u32>,
    constants: HashMap<(Width, u64), Slot>,
    specials: HashMap<Special, Slot>,
    /// Temporaries by width, and how many of each the instruction has taken. They may be shared: a lane's values in
    /// them matter only within one instruction.
    temporaries: [Vec<Slot>; 4],
    taken: [usize; 4],
}

impl<'a> Slots<'a> {
    pub(super) fn new(widths: &'a [Width], allocation: ir::Allocation) -> Self {
        Self {
            widths,
            slot_of: allocation.slot_of,
            end: allocation.register_bytes,
            predicate_room: 0..0,
            constants: HashMap::new(),
            specials: HashMap::new(),
            temporaries: Default::default(),
            taken: [0; 4],
        }
    }

    /// How wide a register was declared.
    pub(super) fn width(&self, register: Reg) -> Result<Width, Refusal> {
        self.widths.get(register.0 as usize).copied().ok_or_else(|| "a register that was not declared".to_owned())
    }

    /// A register's place.
    pub(super) fn place(&self, register: Reg) -> Result<Place, Refusal> {
        let width = self.width(register)?;
        match self.slot_of.get(register.0 as usize) {
            Some(&slot) if slot != Slot::MAX => Ok(Place { slot, width }),
            _ => Err("a register without a slot".to_owned()),
        }
    }

    /// The slot of a register that must have this width.
    pub(super) fn register(&self, register: Reg, width: Width) -> Result<Slot, Refusal> {
        let place = self.place(register)?;
        if place.width == width {
            Ok(place.slot)
        } else {
            Err(format!("a register of width {:?} where {width:?} is needed", place.width))
        }
    }

    /// A slot that nothing else uses.
    pub(super) fn fresh(&mut self, width: Width) -> Slot {
        if width == Width::Pred {
            if self.predicate_room.is_empty() {
                let start = self.take(64);
                self.predicate_room = start..start.saturating_add(64);
            }
            let slot = self.predicate_room.start;
            self.predicate_room.start = slot.saturating_add(4);
            return slot;
        }
        self.take(width.warp_bytes())
    }

    /// Takes room at the end. A block that 32 bits cannot count stays at the largest length, which `finish` tells.
    fn take(&mut self, len_bytes: u32) -> Slot {
        let slot = self.end;
        self.end = slot.saturating_add(len_bytes);
        slot
    }

    /// A slot that holds `value` in all lanes.
    pub(super) fn constant(&mut self, width: Width, value: u64) -> Slot {
        let value = match width {
            Width::Pred => u64::from(value != 0),
            Width::B16 => value & 0xffff,
            Width::B32 => value & 0xffff_ffff,
            Width::B64 => value,
        };
        if let Some(&slot) = self.constants.get(&(width, value)) {
            return slot;
        }
        let slot = self.fresh(width);
        self.constants.insert((width, value), slot);
        slot
    }

    /// The 32-bit slot of a special register.
    pub(super) fn special(&mut self, special: Special) -> Slot {
        if let Some(&slot) = self.specials.get(&special) {
            return slot;
        }
        let slot = self.fresh(Width::B32);
        self.specials.insert(special, slot);
        slot
    }

    /// A slot for use within the current instruction.
    pub(super) fn temporary(&mut self, width: Width) -> Slot {
        let kind = match width {
            Width::Pred => 0,
            Width::B16 => 1,
            Width::B32 => 2,
            Width::B64 => 3,
        };
        let number = self.taken[kind];
        self.taken[kind] += 1;
        if let Some(&slot) = self.temporaries[kind].get(number) {
            return slot;
        }
        let slot = self.fresh(width);
        self.temporaries[kind].push(slot);
        slot
    }

    /// All temporaries are free again.
    pub(super) fn next_instruction(&mut self) {
        self.taken = [0; 4];
    }

    /// What to fill before a block runs, and the length of the register block.
    pub(super) fn finish(self, constants: &mut Vec<Constant>, specials: &mut Vec<(Slot, Special)>) -> u32 {
        constants.extend(self.constants.iter().map(|(&(width, value), &slot)| Constant { slot, width, value }));
        constants.sort_by_key(|constant| constant.slot);
        specials.extend(self.specials.iter().map(|(&special, &slot)| (slot, special)));
        specials.sort_by_key(|special| special.0);
        self.end.checked_next_multiple_of(64).unwrap_or(ir::REGISTER_BYTES_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_block_that_32_bits_cannot_count_stays_at_its_largest() {
        let allocation = ir::Allocation { slot_of: Vec::new(), register_bytes: ir::REGISTER_BYTES_MAX - 64 };
        let mut slots = Slots::new(&[], allocation);
        for width in [Width::B64, Width::Pred, Width::B32, Width::Pred] {
            slots.fresh(width);
        }
        assert_eq!(slots.finish(&mut Vec::new(), &mut Vec::new()), ir::REGISTER_BYTES_MAX);
    }
}
