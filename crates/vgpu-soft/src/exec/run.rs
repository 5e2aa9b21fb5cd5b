//! Running a launch: blocks are taken in order by any number of workers, each to its end.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::block::Round;
use super::denormals::{self, DenormalMode};
use super::fault::{Fault, FaultKind};
use super::launch::{Launch, Progress, Schedule};
use super::op::Op;
use super::print::Assertion;
use super::shadow::{Access, Race};
use super::warp::Warp;
use super::worker::Worker;

/// Races that one launch reports.
const RACES_MAX: usize = 64;
/// Turns between looks at the clock, in ops.
const WATCH_OPS: u64 = 1 << 16;
/// A turn of a warp that nobody can see taking turns.
const LONG_TURN_OPS: u32 = 1 << 16;

impl Launch {
    /// Takes blocks in order and runs each to its end, until none is left. Called by any number of workers at once.
    pub fn run(&self, worker: &mut Worker) -> Progress {
        let _before = DenormalMode::enter();
        let blocks = self.shape.block_count();
        // A cooperative grid is resident as a whole, on the worker that comes first.
        let resident = if self.options.cooperative { blocks } else { 1 };
        let mut is_prepared = false;
        loop {
            let first = self.next_block.fetch_add(resident, Ordering::Relaxed);
            if first >= blocks {
                return Progress::Drained;
            }
            let mut taken = resident.min(blocks - first);
            if self.stop.load(Ordering::Relaxed) {
                // All that is left is skipped at once: a grid can have more blocks than anybody can count to.
                let next = self.next_block.swap(blocks, Ordering::Relaxed);
                taken += blocks.saturating_sub(next);
            } else {
                if !is_prepared && let Err(fault) = worker.prepare(self, resident) {
                    self.fail(fault);
                } else {
                    is_prepared = true;
                    self.run_blocks(worker, first, taken);
                }
            }
            // Release what the blocks have written to whoever learns that the launch is complete.
            if self.blocks_done.fetch_add(taken, Ordering::AcqRel) + taken == blocks {
                return Progress::Complete;
            }
        }
    }

    /// Runs resident blocks side by side until all are done, or the launch has failed.
    fn run_blocks(&self, worker: &mut Worker, first: u64, count: u64) {
        let code = &self.kernel.code;
        denormals::set_flush(code.flush_denormals);
        worker.start(self, first, count);
        let Worker { warps, blocks, shadows, .. } = worker;
        let can_be_seen = code.has_barriers && warps.len() > 1 || count > 1;
        let turn_ops = match self.options.schedule {
            Schedule::Interleaved { ops } if can_be_seen => ops.max(1),
            _ => LONG_TURN_OPS,
        };
        let mut since_watch = 0;
        let mut going = usize::try_from(count).expect("blocks that fit the worker's memory");
        let mut is_done = vec![false; going];
        while going != 0 {
            let mut has_progress = false;
            for (block, is_done) in blocks.iter_mut().zip(&mut is_done) {
                if *is_done {
                    continue;
                }
                // Nobody sees the turns of a warp whose fellows all wait.
                let turn_ops = if block.running() == 1 && count == 1 { turn_ops.max(4096) } else { turn_ops };
                since_watch += u64::from(turn_ops) * block.running() as u64;
                // SAFETY: the worker was prepared for this launch, so its warps have this kernel's register blocks.
                match unsafe { block.round(warps, code, turn_ops) } {
                    Round::Going => has_progress = true,
                    Round::Done => {
                        *is_done = true;
                        going -= 1;
                        has_progress = true;
                    }
                    Round::Fault(warp) => {
                        self.fail(self.explain(&mut warps[warp], block.number));
                        going = 0;
                        break;
                    }
                    Round::Stuck => {
                        let text = "every thread waits at a barrier that can never be complete";
                        self.fail(self.fault_at(FaultKind::Timeout, block.number, text));
                        going = 0;
                        break;
                    }
                }
            }
            if since_watch >= WATCH_OPS || !has_progress {
                since_watch = 0;
                if self.stop.load(Ordering::Relaxed) || self.is_late(first) {
                    break;
                }
            }
        }
        for (shadow, block) in shadows.iter_mut().zip(&*blocks) {
            self.report_races(&mut shadow.found, block.number);
        }
        let sum = |count: fn(&Warp) -> u64| warps.iter().map(count).sum::<u64>();
        self.warp_instructions.fetch_add(sum(|warp| warp.warp_instructions), Ordering::Relaxed);
        self.thread_instructions.fetch_add(sum(|warp| warp.thread_instructions), Ordering::Relaxed);
        for warp in warps {
            warp.warp_instructions = 0;
            warp.thread_instructions = 0;
        }
    }

    /// The watchdog: ends the launch when its time is over.
    fn is_late(&self, block: u64) -> bool {
        let Some(timeout) = self.options.timeout else { return false };
        let now = Instant::now();
        if now < *self.deadline.get_or_init(|| now + timeout) {
            return false;
        }
        let text = format!("ran for longer than {timeout:?}");
        self.fail(self.fault_at(FaultKind::Timeout, block, &text));
        true
    }

    /// Ends the launch; the first failure stays.
    fn fail(&self, fault: Fault) {
        self.fault.lock().get_or_insert(fault);
        self.stop.store(true, Ordering::Relaxed);
    }

    fn fault_at(&self, kind: FaultKind, block: u64, text: &str) -> Fault {
        let [x, y, z] = self.block_position(block);
        Fault { kind, detail: format!("kernel {}, block ({x}, {y}, {z}): {text}", self.kernel.name) }
    }

    /// Puts names to what a warp has recorded.
    fn explain(&self, warp: &mut Warp, block: u64) -> Fault {
        let Some(fault) = warp.fault.take() else {
            return self.fault_at(FaultKind::IllegalInstruction, block, "failed without a reason");
        };
        let code = &self.kernel.code;
        let pc = fault.op.saturating_sub(code.ops.as_ptr().addr()) / size_of::<Op>();
        let (line, opcode) = code.source(pc);
        let [x, y, z] = self.block_position(block);
        let thread = |lane: u32| {
            let thread = u64::from(warp.index) * 32 + u64::from(lane);
            let [width, height, _] = self.shape.block.map(u64::from);
            (thread % width, thread / width % height, thread / (width * height))
        };
        if let Some(Assertion { place, condition, mask }) = fault.assertion {
            for (tx, ty, tz) in (0..32).filter(|lane| mask >> lane & 1 != 0).map(thread) {
                let line = format!(
                    "{place}: block: [{x},{y},{z}], thread: [{tx},{ty},{tz}] Assertion `{condition}` failed.\n"
                );
                self.options.output.print_assertion(line.as_bytes());
            }
        }
        let (tx, ty, tz) = thread(fault.lane);
        let detail = format!(
            "kernel {}, line {line}, {opcode}, block ({x}, {y}, {z}), thread ({tx}, {ty}, {tz}): {}",
            self.kernel.name, fault.text
        );
        Fault { kind: fault.kind, detail }
    }

    /// Puts names to races, each pair of instructions once.
    fn report_races(&self, found: &mut Vec<Race>, block: u64) {
        let code = &self.kernel.code;
        let start = code.ops.as_ptr().addr();
        let place = |access: Access| {
            let (line, opcode) = code.source(access.op.saturating_sub(start) / size_of::<Op>());
            (format!("{} in line {line} ({opcode})", access.kind), access.warp)
        };
        for race in found.drain(..) {
            // The same two instructions race in either order.
            let mut pair = [race.earlier, race.later];
            pair.sort_by_key(|access| access.op);
            let [(upper, first), (lower, second)] = pair.map(place);
            let what =
                format!("kernel {}: one warp {upper}, another {lower}, without a barrier between", self.kernel.name);
            let mut races = self.races.lock();
            if races.len() < RACES_MAX && !races.iter().any(|known| known.starts_with(&what)) {
                let [x, y, z] = self.block_position(block);
                let offset = race.offset_bytes;
                let text =
                    format!("{what}: shared offset {offset:#x}, warps {first} and {second}, block ({x}, {y}, {z})");
                log::warn!("race: {text}");
                races.push(text);
            }
        }
    }
}
