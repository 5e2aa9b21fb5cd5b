//! Basic blocks.

use std::ops::Range;

use super::step::Control;

/// Steps that are always run from the first to the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Positions of its steps, never empty.
    pub steps: Range<u32>,
    /// Blocks that may follow, by index.
    pub successors: Vec<u32>,
}

/// Splits a list of steps into basic blocks, in order. Targets beyond the end lead nowhere.
pub fn blocks(control: &[Control]) -> Vec<Block> {
    let len = control.len();
    let mut starts = vec![false; len + 1];
    starts[0] = true;
    let mut start_at = |target: u32| {
        if let Some(start) = starts.get_mut(target as usize) {
            *start = true;
        }
    };
    for (step, after) in control.iter().zip(1u32..) {
        match step {
            Control::Fallthrough => continue,
            Control::Branch { target, .. } => start_at(*target),
            Control::Table { targets, .. } => targets.iter().for_each(|target| start_at(*target)),
            Control::Exit { .. } => {}
        }
        start_at(after);
    }

    // The block that each step belongs to, and the ranges.
    let mut block_of = Vec::with_capacity(len);
    let mut blocks: Vec<Block> = Vec::new();
    for (position, starts_here) in (0u32..).zip(&starts[..len]) {
        if *starts_here {
            blocks.push(Block { steps: position..position, successors: Vec::new() });
        }
        let block = blocks.last_mut().expect("position 0 starts a block");
        block.steps.end = position + 1;
        block_of.push(u32::try_from(blocks.len() - 1).expect("no more blocks than positions, which are u32"));
    }

    let block_at = |position: u32| block_of.get(position as usize).copied();
    for block in &mut blocks {
        let next = block_at(block.steps.end);
        let mut push = |successor: Option<u32>| {
            if let Some(successor) = successor
                && !block.successors.contains(&successor)
            {
                block.successors.push(successor);
            }
        };
        match &control[block.steps.end as usize - 1] {
            Control::Fallthrough | Control::Exit { conditional: true } => push(next),
            Control::Exit { conditional: false } => {}
            Control::Branch { target, conditional } => {
                push(block_at(*target));
                push(next.filter(|_| *conditional));
            }
            Control::Table { targets, conditional } => {
                let mut sorted = targets.clone();
                sorted.sort_unstable();
                sorted.dedup();
                block.successors.extend(sorted.into_iter().filter_map(block_at));
                if let Some(next) = next.filter(|_| *conditional) {
                    block.successors.push(next);
                }
            }
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_has_an_edge_back_and_an_edge_out() {
        let control = [
            Control::Fallthrough,
            Control::Fallthrough,
            Control::Branch { target: 1, conditional: true },
            Control::Exit { conditional: false },
        ];
        let blocks = blocks(&control);
        let found: Vec<_> = blocks.iter().map(|block| (block.steps.clone(), block.successors.clone())).collect();
        assert_eq!(found, [(0..1, vec![1]), (1..3, vec![1, 2]), (3..4, vec![])]);
    }

    #[test]
    fn a_branch_to_the_end_leads_nowhere() {
        let blocks = blocks(&[Control::Branch { target: 1, conditional: false }]);
        assert_eq!(blocks, [Block { steps: 0..1, successors: vec![] }]);
    }

    #[test]
    fn an_empty_list_has_no_blocks() {
        assert_eq!(blocks(&[]), []);
    }

    #[test]
    fn a_table_has_each_target_once() {
        let control = [
            Control::Table { targets: vec![2, 1, 2], conditional: false },
            Control::Exit { conditional: false },
            Control::Exit { conditional: false },
        ];
        assert_eq!(blocks(&control)[0].successors, [1, 2]);
    }
}
