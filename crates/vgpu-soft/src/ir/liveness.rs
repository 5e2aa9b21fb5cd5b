//! Which registers carry values from block to block: backward dataflow over bit sets.
//!
//! Registers are threads' own, and every thread follows the control flow graph, so what holds for one thread's path
//! holds for each lane of a warp, however the warp diverges.

use std::collections::VecDeque;

use super::flow::Block;
use super::step::DefUse;
use crate::ptx::ast::Reg;

/// Bits of all sets together beyond which liveness is not worth its memory; real kernels need some millions.
const MAX_BITS: usize = 1 << 31;

/// For each block, the registers whose values enter and leave it.
pub(crate) struct Liveness {
    /// Registers that enter any block, ascending: bit i of a set stands for `crossing[i]`.
    crossing: Vec<Reg>,
    words: usize,
    live_in: Vec<u64>,
    live_out: Vec<u64>,
}

impl Liveness {
    /// `None` when the kernel is too large for it.
    pub(crate) fn of(blocks: &[Block], def_uses: &[DefUse], registers: usize) -> Option<Self> {
        let crossing = crossing(blocks, def_uses, registers);
        let words = crossing.len().div_ceil(64);
        let total_words = words.checked_mul(blocks.len()).filter(|words| *words <= MAX_BITS / 64)?;

        let mut bit_of = vec![u32::MAX; registers];
        for (bit, register) in (0u32..).zip(&crossing) {
            bit_of[register.0 as usize] = bit;
        }
        // live_in starts as the values that a block needs from outside.
        let mut live_in = vec![0u64; total_words];
        let mut set = vec![0u64; total_words];
        for (index, block) in blocks.iter().enumerate() {
            let needs = &mut live_in[index * words..][..words];
            let sets = &mut set[index * words..][..words];
            for step in &def_uses[block.steps.start as usize..block.steps.end as usize] {
                for register in &step.uses {
                    let bit = bit_of[register.0 as usize];
                    if bit != u32::MAX && !contains(sets, bit) {
                        insert(needs, bit);
                    }
                }
                for register in &step.defs {
                    let bit = bit_of[register.0 as usize];
                    if bit != u32::MAX {
                        insert(sets, bit);
                    }
                }
            }
        }

        let mut predecessors = vec![Vec::new(); blocks.len()];
        for (index, block) in (0u32..).zip(blocks) {
            for successor in &block.successors {
                predecessors[*successor as usize].push(index);
            }
        }

        let mut live_out = vec![0u64; total_words];
        let mut queue: VecDeque<u32> = (0u32..).take(blocks.len()).collect();
        let mut queued = vec![true; blocks.len()];
        while let Some(block) = queue.pop_back() {
            let block = block as usize;
            queued[block] = false;
            let out = &mut live_out[block * words..][..words];
            for successor in &blocks[block].successors {
                let needs = &live_in[*successor as usize * words..][..words];
                for (out, needed) in out.iter_mut().zip(needs) {
                    *out |= needed;
                }
            }
            let mut grown = false;
            for word in block * words..(block + 1) * words {
                let passing = live_out[word] & !set[word];
                grown |= passing & !live_in[word] != 0;
                live_in[word] |= passing;
            }
            if grown {
                for predecessor in &predecessors[block] {
                    if !std::mem::replace(&mut queued[*predecessor as usize], true) {
                        queue.push_front(*predecessor);
                    }
                }
            }
        }
        Some(Self { crossing, words, live_in, live_out })
    }

    /// Registers whose values are needed from before the block.
    pub(super) fn live_in(&self, block: usize) -> impl Iterator<Item = Reg> {
        self.members(&self.live_in[block * self.words..][..self.words])
    }

    /// Registers whose values are needed after the block.
    pub(crate) fn live_out(&self, block: usize) -> impl Iterator<Item = Reg> {
        self.members(&self.live_out[block * self.words..][..self.words])
    }

    fn members(&self, set: &[u64]) -> impl Iterator<Item = Reg> {
        set.iter().enumerate().flat_map(move |(index, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
                rest &= rest - 1;
                Some(self.crossing[index * 64 + bit])
            })
        })
    }
}

/// Registers that some block reads before it sets them. The others live within one block each.
pub(super) fn crossing(blocks: &[Block], def_uses: &[DefUse], registers: usize) -> Vec<Reg> {
    let mut crosses = vec![false; registers];
    // The block that set a register last, + 1.
    let mut set_in = vec![0u32; registers];
    for (block, number) in blocks.iter().zip(1u32..) {
        for step in &def_uses[block.steps.start as usize..block.steps.end as usize] {
            for register in &step.uses {
                crosses[register.0 as usize] |= set_in[register.0 as usize] != number;
            }
            for register in &step.defs {
                set_in[register.0 as usize] = number;
            }
        }
    }
    let registers = (0u32..).zip(&crosses);
    registers.filter(|(_, crosses)| **crosses).map(|(register, _)| Reg(register)).collect()
}

fn contains(set: &[u64], bit: u32) -> bool {
    set[bit as usize / 64] & (1 << (bit % 64)) != 0
}

fn insert(set: &mut [u64], bit: u32) {
    set[bit as usize / 64] |= 1 << (bit % 64);
}
