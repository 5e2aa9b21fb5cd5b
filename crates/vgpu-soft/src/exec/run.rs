//! Running a launch: blocks are taken in order by any number of workers. A block that runs for long is set aside, so that others
//! of its launch, and other work, get a turn; the rest run to their ends.

use std::sync::atomic::Ordering;

use super::block::{Block, Round};
use super::denormals::{self, DenormalMode};
use super::fault::{Fault, FaultKind};
use super::launch::{Launch, LaunchOptions, Progress, Schedule};
use super::race;
use super::warp::Warp;
use super::worker::Worker;

/// Ops between looks at the clock.
const WATCH_OPS: u64 = 1 << 16;
/// A turn of a warp that nobody can see taking turns.
const LONG_TURN_OPS: u32 = 1 << 16;
/// The same where a turn should not take long.
const SHORT_TURN_OPS: u32 = 1 << 12;
/// After so many instructions of warps, blocks are set aside: milliseconds. A turn costs what it takes to have registers and shared
/// memory in the cache again, microseconds.
const SLICE_INSTRUCTIONS: u64 = 1 << 20;
/// Before that, after so many and whenever there are twice as many, they are set aside if they only wait.
const LOOK_INSTRUCTIONS: u64 = 1 << 17;
/// As above, and ops between looks at the clock, of blocks that have only waited before.
const SHORT_LOOK_INSTRUCTIONS: u64 = 1 << 12;

/// How many ops warps get.
#[derive(Clone, Copy)]
pub(super) struct Turns {
    /// One at a time.
    pub(super) ops: u32,
    /// One whose fellows all wait: nobody sees its turns.
    pub(super) alone_ops: u32,
    /// All together, until somebody looks at them.
    pub(super) all_ops: u64,
}

/// What a worker got to do.
enum Taken {
    Nothing,
    Blocks,
    /// So many blocks that there is no memory for.
    Lost(u64),
}

/// Why blocks do not run any more.
enum Stop {
    /// All threads have exited, or the launch has failed.
    Done,
    /// They have had their turn.
    SliceOver,
}

impl Launch {
    /// Takes blocks in order and runs them to their ends, until none is left. Called by any number of workers at once.
    pub fn run(&self, worker: &mut Worker) -> Progress {
        loop {
            if let Some(progress) = self.run_turn(worker) {
                return progress;
            }
        }
    }

    /// The same, but `None` as soon as blocks have been set aside, so that the worker may do something else: it must come back.
    pub(crate) fn run_turn(&self, worker: &mut Worker) -> Option<Progress> {
        let _before = DenormalMode::enter();
        let _inside = self.watchdog.enter();
        let blocks = self.shape.block_count();
        let mut has_ended_some = false;
        loop {
            let done = if self.stop.load(Ordering::Relaxed) {
                // All that is left is skipped at once: a grid can have more blocks than anybody can count to.
                blocks.saturating_sub(self.next_block.swap(blocks, Ordering::Relaxed)) + self.aside.clear()
            } else {
                match self.take_blocks(worker, has_ended_some) {
                    Taken::Blocks => match self.run_blocks(worker) {
                        Stop::Done => worker.blocks.len() as u64,
                        Stop::SliceOver => {
                            self.aside.push(worker, &self.options.aside_memory);
                            return None;
                        }
                    },
                    Taken::Nothing => 0,
                    Taken::Lost(count) => count,
                }
            };
            if done == 0 {
                return Some(Progress::Drained);
            }
            has_ended_some = true;
            // Release what the blocks have written to whoever learns that the launch is complete.
            if self.blocks_done.fetch_add(done, Ordering::AcqRel) + done == blocks {
                return Some(Progress::Complete);
            }
        }
    }

    /// Gives a worker the next blocks of the grid, or those that have been set aside for longest.
    ///
    /// Blocks begin in order, and every one that has begun gets its turns: a block may wait for those before it, however many
    /// there are, and for all of a grid that is resident as a whole. Behind a block that has just ended those come first that may
    /// have waited for it.
    fn take_blocks(&self, worker: &mut Worker, has_ended_some: bool) -> Taken {
        let blocks = self.shape.block_count();
        let LaunchOptions { cooperative, workers, resident_blocks, aside_memory, .. } = &self.options;
        // The blocks of a cluster are resident together, and one worker runs them. A cooperative grid is resident as a whole, spread
        // over the workers: its blocks wait for each other all the time.
        let each = u64::from(self.clusters.size());
        let count = if *cooperative { (blocks / each).div_ceil(workers.get()) * each } else { each };
        let count_max = if each == 1 { *resident_blocks } else { (resident_blocks / each).max(1) };
        let begins_none = has_ended_some || !cooperative && self.aside.is_full(count_max, aside_memory);
        if begins_none && self.aside.pop(worker) {
            return Taken::Blocks;
        }
        let first = self.next_block.fetch_add(count, Ordering::Relaxed);
        if first >= blocks {
            return if self.aside.pop(worker) { Taken::Blocks } else { Taken::Nothing };
        }
        let count = count.min(blocks - first);
        if let Err(fault) = worker.prepare(self, count) {
            self.fail(fault);
            return Taken::Lost(count);
        }
        worker.start(self, first);
        Taken::Blocks
    }

    /// Runs a worker's blocks side by side until all are done, their turn is over, or the launch has failed.
    fn run_blocks(&self, worker: &mut Worker) -> Stop {
        let code = &self.kernel.code;
        denormals::set_flush(code.flush_denormals);
        let Worker { warps, blocks, shadows, refuges, only_waits, .. } = worker;
        let (watch_ops, mut look) = match *only_waits {
            false => (WATCH_OPS, LOOK_INSTRUCTIONS),
            true => (SHORT_LOOK_INSTRUCTIONS, SHORT_LOOK_INSTRUCTIONS),
        };
        let is_alone = blocks.len() == 1;
        let can_be_seen = code.has_barriers && warps.len() > 1 || !is_alone;
        let ops = match self.options.schedule {
            Schedule::Interleaved { ops } if can_be_seen => ops.max(1),
            _ if *only_waits => SHORT_TURN_OPS,
            _ => LONG_TURN_OPS,
        };
        let alone_ops = if is_alone { ops.max(SHORT_TURN_OPS) } else { ops };
        let turns = Turns { ops, alone_ops, all_ops: watch_ops };
        let stop = loop {
            if !self.take_turns(blocks, warps, turns) || self.stop.load(Ordering::Relaxed) {
                break Stop::Done;
            }
            if self.is_late(blocks[0].number) {
                break Stop::Done;
            }
            let executed = warps.iter().map(|warp| warp.warp_instructions).sum::<u64>();
            if executed >= look {
                look = 2 * executed;
                *only_waits = self.is_at_standstill(blocks, warps);
                if *only_waits || executed >= SLICE_INSTRUCTIONS || self.stop.load(Ordering::Relaxed) {
                    break Stop::SliceOver;
                }
            }
        };
        for (shadow, block) in shadows.iter_mut().zip(&*blocks) {
            self.report_races(&mut shadow.found, block.number);
        }
        if let Some(shadow) = &self.grid_shadow {
            self.report_grid_races(shadow);
        }
        for (refuge, block) in refuges.iter_mut().zip(&*blocks) {
            self.report_strays(refuge, block.number);
        }
        let sum = |count: fn(&Warp) -> u64| warps.iter().map(count).sum::<u64>();
        self.warp_instructions.fetch_add(sum(|warp| warp.warp_instructions), Ordering::Relaxed);
        self.thread_instructions.fetch_add(sum(|warp| warp.thread_instructions), Ordering::Relaxed);
        for warp in warps {
            warp.warp_instructions = 0;
            warp.thread_instructions = 0;
        }
        stop
    }

    /// Lets blocks take turns until they have had so many ops. Whether there is more to do: not if all are done, or the launch has
    /// failed.
    pub(super) fn take_turns(&self, blocks: &mut [Block], warps: &mut [Warp], turns: Turns) -> bool {
        let mut going = blocks.iter().filter(|block| !block.is_done()).count();
        let mut had_ops = 0;
        while going != 0 && had_ops < turns.all_ops {
            let before = had_ops;
            for index in 0..blocks.len() {
                let block = &mut blocks[index];
                if block.is_done() {
                    continue;
                }
                let turn_ops = if block.running() == 1 { turns.alone_ops } else { turns.ops };
                had_ops += u64::from(turn_ops) * block.running() as u64;
                // SAFETY: the worker was prepared for this launch, so its warps have this kernel's register blocks.
                match unsafe { block.round(warps, &self.kernel.code, turn_ops) } {
                    Round::Going | Round::Waiting => {}
                    Round::Done => {
                        going -= 1;
                        self.leave_cluster(blocks, warps, index);
                    }
                    Round::Fault(warp) => {
                        self.fail(self.explain(&mut warps[warp], block.number));
                        return false;
                    }
                    Round::Stuck => {
                        self.fail(self.stuck(block.number));
                        return false;
                    }
                }
                if self.kernel.code.has_cluster_barriers {
                    self.meet_cluster(blocks, warps, index);
                }
            }
            if had_ops == before && going != 0 && !self.force_on(blocks, warps) {
                self.fail(self.stuck(blocks[0].number));
                return false;
            }
        }
        going != 0
    }

    /// The blocks, among those of a worker, of the cluster that one of them is in.
    fn cluster_of(&self, index: usize) -> std::ops::Range<usize> {
        let size = self.clusters.size() as usize;
        let first = index - index % size;
        first..first + size
    }

    /// Lets the threads of a block's cluster pass their barrier, if all have arrived.
    fn meet_cluster(&self, blocks: &mut [Block], warps: &mut [Warp], index: usize) {
        let blocks = &mut blocks[self.cluster_of(index)];
        if blocks.iter().all(Block::is_at_cluster) {
            race::order_blocks(blocks.iter().map(Block::warps), warps);
            for block in blocks.iter_mut().filter(|block| !block.is_done()) {
                // SAFETY: the warps are those that the blocks were laid out with.
                unsafe { block.pass_cluster(warps) };
            }
        }
    }

    /// The other blocks of the cluster cannot reach the shared memory of one that has ended.
    fn leave_cluster(&self, blocks: &[Block], warps: &mut [Warp], index: usize) {
        let cluster = self.cluster_of(index);
        if cluster.len() > 1 {
            let rank = u32::try_from(index - cluster.start).expect("16 at most");
            for block in &blocks[cluster] {
                warps[block.warps()].iter_mut().for_each(|warp| warp.view.leave(rank));
            }
        }
    }

    /// Lets threads go on that wait for others of their warps, when nothing else can happen. Whether there are any.
    #[cold]
    fn force_on(&self, blocks: &mut [Block], warps: &mut [Warp]) -> bool {
        blocks.iter_mut().filter(|block| !block.is_done()).any(|block| {
            // SAFETY: the worker was prepared for this launch, so its warps have this kernel's register blocks.
            unsafe { block.force_on(warps, &self.kernel.code) }
        })
    }

    fn stuck(&self, block: u64) -> Fault {
        self.fault_at(FaultKind::Timeout, block, "every thread waits at a barrier that can never be complete")
    }

    /// Looks at the watchdog: ends the launch when its time is over.
    fn is_late(&self, block: u64) -> bool {
        let Some(timeout) = self.watchdog.is_late() else { return false };
        let text = format!("ran for longer than {timeout:?}");
        self.fail(self.fault_at(FaultKind::Timeout, block, &text));
        true
    }

    /// Ends the launch; the first failure stays.
    fn fail(&self, fault: Fault) {
        self.fault.lock().get_or_insert(fault);
        self.stop.store(true, Ordering::Relaxed);
    }
}
