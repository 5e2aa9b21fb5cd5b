//! Register slots by linear scan: registers whose values are never needed at the same time share a slot.
//!
//! Only registers of one width share: lane 5 of a 64-bit register lies where lanes 10 and 11 of a 32-bit one would,
//! and the lanes of a diverged warp are at different places in the program.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::flow::blocks;
use super::liveness::{self, Liveness};
use super::step::{Control, DefUse, Slot};
use crate::ptx::ast::Width;

/// Where registers lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Byte offset of each register in the warp's register block: a multiple of 64, for predicates of 4. Registers
    /// that no step names have the slot `u32::MAX`.
    pub slot_of: Vec<Slot>,
    /// Length of the block in bytes, a multiple of 64; no slot is good when it is [`REGISTER_BYTES_MAX`]. What the lowering pre-fills (constants, special registers) can
    /// go behind it.
    pub register_bytes: u32,
}

/// A register block as long as 32 bits can count, or longer.
pub const REGISTER_BYTES_MAX: u32 = !63;

/// The slot of a register that no step names.
const UNUSED: Slot = Slot::MAX;

/// First and last half-step at which a register's slot is taken. Step i reads at 2i and writes at 2i + 1.
#[derive(Clone, Copy)]
struct Interval {
    first: u32,
    last: u32,
}

impl Interval {
    const NEVER: Self = Self { first: u32::MAX, last: 0 };

    fn cover(&mut self, half_step: u32) {
        self.first = self.first.min(half_step);
        self.last = self.last.max(half_step);
    }
}

/// Gives every register a slot. `widths` says how wide each is; `control` and `def_uses` are the steps.
///
/// A register that is read before it is set keeps its slot from the first step on; its value is whatever the block
/// was filled with.
///
/// # Panics
/// When the two lists differ in length, a register has no width, or there are 2³¹ steps.
pub fn allocate(widths: &[Width], control: &[Control], def_uses: &[DefUse]) -> Allocation {
    assert_eq!(control.len(), def_uses.len(), "every step has a control and a def-use");
    let intervals = intervals(control, def_uses, widths.len());

    let mut order: Vec<u32> = (0u32..).take(widths.len()).collect();
    order.retain(|register| intervals[*register as usize].first != u32::MAX);
    order.sort_by_key(|register| intervals[*register as usize].first);

    let mut pools = [Width::B64, Width::B32, Width::B16, Width::Pred].map(Pool::new);
    let mut index_of = vec![0u32; widths.len()];
    for register in &order {
        let register = *register as usize;
        let pool = pools.iter_mut().find(|pool| pool.width == widths[register]).expect("a pool for each width");
        index_of[register] = pool.take(intervals[register]);
    }

    let mut slot_of = vec![UNUSED; widths.len()];
    let mut register_bytes = 0u32;
    for pool in &pools {
        for register in order.iter().map(|register| *register as usize) {
            if widths[register] == pool.width {
                let within = index_of[register].saturating_mul(pool.width.warp_bytes());
                slot_of[register] = register_bytes.saturating_add(within);
            }
        }
        register_bytes = register_bytes.saturating_add(pool.len.saturating_mul(pool.width.warp_bytes()));
    }
    Allocation { slot_of, register_bytes: register_bytes.checked_next_multiple_of(64).unwrap_or(REGISTER_BYTES_MAX) }
}

fn intervals(control: &[Control], def_uses: &[DefUse], registers: usize) -> Vec<Interval> {
    let blocks = blocks(control);
    let mut intervals = vec![Interval::NEVER; registers];
    for (step, position) in def_uses.iter().zip(0u32..) {
        for register in &step.uses {
            intervals[register.0 as usize].cover(2 * position);
        }
        for register in &step.defs {
            intervals[register.0 as usize].cover(2 * position + 1);
            if step.early_clobber {
                intervals[register.0 as usize].cover(2 * position);
            }
        }
    }
    match Liveness::of(&blocks, def_uses, registers) {
        Some(liveness) => {
            for (index, block) in blocks.iter().enumerate() {
                for register in liveness.live_in(index) {
                    intervals[register.0 as usize].cover(2 * block.steps.start);
                }
                for register in liveness.live_out(index) {
                    intervals[register.0 as usize].cover(2 * block.steps.end - 1);
                }
            }
        }
        // Too large to look closely: what crosses blocks keeps its slot throughout.
        None => {
            let end = 2 * u32::try_from(def_uses.len()).expect("fewer than 2^31 steps");
            for register in liveness::crossing(&blocks, def_uses, registers) {
                intervals[register.0 as usize].cover(0);
                intervals[register.0 as usize].cover(end);
            }
        }
    }
    intervals
}

/// The slots of one width.
struct Pool {
    width: Width,
    len: u32,
    /// Slots in use: last half-step, index.
    taken: BinaryHeap<Reverse<(u32, u32)>>,
    /// Used last, freed last, taken first: it is still in the cache.
    free: Vec<u32>,
}

impl Pool {
    fn new(width: Width) -> Self {
        Self { width, len: 0, taken: BinaryHeap::new(), free: Vec::new() }
    }

    /// Takes a slot for `interval`; intervals come in order of their first half-step.
    fn take(&mut self, interval: Interval) -> u32 {
        while let Some(Reverse((last, index))) = self.taken.peek().copied()
            && last < interval.first
        {
            self.taken.pop();
            self.free.push(index);
        }
        let index = self.free.pop().unwrap_or_else(|| {
            self.len += 1;
            self.len - 1
        });
        self.taken.push(Reverse((interval.last, index)));
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ptx::ast::Reg;

    fn step(defs: &[u32], uses: &[u32]) -> DefUse {
        let registers = |list: &[u32]| list.iter().map(|register| Reg(*register)).collect();
        DefUse { defs: registers(defs), uses: registers(uses), early_clobber: false }
    }

    fn straight(steps: &[DefUse], widths: &[Width]) -> Allocation {
        allocate(widths, &vec![Control::Fallthrough; steps.len()], steps)
    }

    #[test]
    fn a_destination_may_take_the_slot_of_a_source_that_ends() {
        let steps = [step(&[0], &[]), step(&[1], &[0]), step(&[], &[1])];
        let allocation = straight(&steps, &[Width::B32; 2]);
        assert_eq!(allocation, Allocation { slot_of: vec![0, 0], register_bytes: 128 });
    }

    #[test]
    fn an_early_clobber_keeps_destinations_apart_from_sources() {
        let mut steps = [step(&[0], &[]), step(&[1], &[0]), step(&[], &[1])];
        steps[1].early_clobber = true;
        let allocation = straight(&steps, &[Width::B32; 2]);
        assert_ne!(allocation.slot_of[0], allocation.slot_of[1]);
    }

    #[test]
    fn destinations_of_one_step_never_share_even_when_nobody_reads_them() {
        let allocation = straight(&[step(&[0, 1, 2], &[])], &[Width::B16; 3]);
        assert_eq!(allocation.slot_of, [0, 64, 128]);
    }

    #[test]
    fn registers_of_different_widths_never_share() {
        let steps = [step(&[0], &[]), step(&[], &[0]), step(&[1], &[]), step(&[], &[1])];
        let allocation = straight(&steps, &[Width::B64, Width::B32]);
        assert_eq!(allocation, Allocation { slot_of: vec![0, 256], register_bytes: 384 });
    }

    #[test]
    fn a_value_that_a_loop_needs_again_keeps_its_slot_to_the_loops_end() {
        // 0: set r0; 1: use r0 (loop head); 2: set r1; 3: use r1, back to 1; 4: exit
        let steps = [step(&[0], &[]), step(&[], &[0]), step(&[1], &[]), step(&[], &[1]), step(&[], &[])];
        let mut control = vec![Control::Fallthrough; 5];
        control[3] = Control::Branch { target: 1, conditional: true };
        control[4] = Control::Exit { conditional: false };
        let allocation = allocate(&[Width::B32; 2], &control, &steps);
        assert_ne!(allocation.slot_of[0], allocation.slot_of[1]);
    }

    #[test]
    fn without_the_loop_the_same_values_share() {
        let steps = [step(&[0], &[]), step(&[], &[0]), step(&[1], &[]), step(&[], &[1]), step(&[], &[])];
        let allocation = straight(&steps, &[Width::B32; 2]);
        assert_eq!(allocation.slot_of[0], allocation.slot_of[1]);
    }

    #[test]
    fn a_guarded_set_keeps_the_value_from_before() {
        // r0 set, r1 set and read, r0 set under a guard (so it is read as well), r0 read.
        let steps = [step(&[0], &[]), step(&[1], &[]), step(&[], &[1]), step(&[0], &[0]), step(&[], &[0])];
        let allocation = straight(&steps, &[Width::B32; 2]);
        assert_ne!(allocation.slot_of[0], allocation.slot_of[1]);
    }

    #[test]
    fn unused_registers_take_no_room() {
        let allocation = straight(&[step(&[1], &[])], &[Width::B64, Width::Pred]);
        assert_eq!(allocation, Allocation { slot_of: vec![UNUSED, 0], register_bytes: 64 });
    }

    /// Random programs, run step by step for one thread, with a value in every slot: what a step reads is what the
    /// register's last setter wrote.
    #[test]
    fn slots_behave_like_registers_on_random_paths() {
        let mut state = 1u64;
        let mut random = move |below: u32| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            u32::try_from(state >> 33).expect("31 bits") % below
        };
        for _ in 0..300 {
            let (registers, len) = (1 + random(12), 1 + random(30));
            let widths: Vec<_> =
                (0..registers).map(|_| [Width::Pred, Width::B32, Width::B64][random(3) as usize]).collect();
            let mut steps = Vec::new();
            let mut control = Vec::new();
            for _ in 0..len {
                let defs: Vec<_> = (0..random(3)).map(|_| random(registers)).collect();
                let uses: Vec<_> = (0..random(3)).map(|_| random(registers)).collect();
                steps.push(step(&defs, &uses));
                control.push(match random(6) {
                    0 => Control::Branch { target: random(len + 1), conditional: random(2) == 0 },
                    1 => Control::Table { targets: vec![random(len), random(len)], conditional: random(2) == 0 },
                    2 => Control::Exit { conditional: true },
                    _ => Control::Fallthrough,
                });
            }
            let allocation = allocate(&widths, &control, &steps);

            let mut expected = vec![0u32; registers as usize];
            let mut slots = std::collections::HashMap::new();
            let (mut position, mut value) = (0, 0);
            for _ in 0..400 {
                let Some(step) = steps.get(position as usize) else {
                    break;
                };
                for register in &step.uses {
                    let slot = allocation.slot_of[register.0 as usize];
                    let found = slots.get(&slot).copied().unwrap_or(0);
                    assert_eq!(
                        found, expected[register.0 as usize],
                        "{register:?} at {position}\n{steps:?}\n{control:?}"
                    );
                }
                for register in &step.defs {
                    value += 1;
                    expected[register.0 as usize] = value;
                    slots.insert(allocation.slot_of[register.0 as usize], value);
                }
                let next = position + 1;
                position = match &control[position as usize] {
                    Control::Fallthrough => next,
                    Control::Branch { conditional: true, .. } if random(2) == 0 => next,
                    Control::Table { conditional: true, .. } if random(2) == 0 => next,
                    Control::Exit { conditional: true } if random(2) == 0 => next,
                    Control::Branch { target, .. } => *target,
                    Control::Table { targets, .. } => targets[random(2) as usize],
                    Control::Exit { .. } => break,
                };
            }
        }
    }
}
