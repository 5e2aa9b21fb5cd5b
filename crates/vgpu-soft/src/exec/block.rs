//! Blocks that are resident on a worker: their warps take turns until all have exited.

use std::ops::Range;

use super::barrier::Barriers;
use super::code::Code;
use super::fragment::{self, Stop};
use super::warp::{Fragment, State, Warp};

/// Whether a warp can be given a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Activity {
    Running,
    Waiting,
    Done,
}

/// One block: a range of its worker's warps.
pub(crate) struct Block {
    warps: Range<usize>,
    activity: Vec<Activity>,
    running: usize,
    /// All threads have exited.
    is_done: bool,
    barriers: Barriers,
    /// Its number in the grid.
    pub(crate) number: u64,
}

/// What came of a round of turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Round {
    /// More to do.
    Going,
    /// Threads wait for other blocks of their cluster, and nothing else can happen before.
    Waiting,
    /// All threads have exited.
    Done,
    /// A warp (by its index among the worker's) has a fault.
    Fault(usize),
    /// Nothing can ever happen again.
    Stuck,
}

impl Block {
    pub(crate) fn new(warps: Range<usize>) -> Self {
        let activity = vec![Activity::Done; warps.len()];
        Self { warps, activity, running: 0, is_done: false, barriers: Barriers::new(0), number: 0 }
    }

    /// Starts the block anew with so many threads.
    #[inline]
    pub(crate) fn start(&mut self, warps: &mut [Warp], number: u64, threads: u32) {
        self.number = number;
        self.barriers = Barriers::new(threads);
        self.activity.fill(Activity::Running);
        self.running = self.warps.len();
        self.is_done = false;
        let mut left = threads;
        for warp in &mut warps[self.warps.clone()] {
            let lanes = left.min(32);
            left -= lanes;
            warp.live = if lanes == 32 { !0 } else { (1 << lanes) - 1 };
            warp.fragments.clear();
            warp.fragments.push(Fragment { pc: 0, mask: warp.live, state: State::Ready });
            warp.at_cluster = 0;
            warp.fault = None;
            warp.impatience = 0;
            warp.favor_left = 0;
        }
    }

    /// Its warps, by their index among the worker's.
    pub(crate) fn warps(&self) -> Range<usize> {
        self.warps.clone()
    }

    /// Whether all threads have exited.
    pub(crate) fn is_done(&self) -> bool {
        self.is_done
    }

    /// Whether one of its warps, by its index among the worker's, can be given a turn.
    pub(crate) fn can_run(&self, warp: usize) -> bool {
        self.activity[warp - self.warps.start] == Activity::Running
    }

    /// Warps that can be given a turn.
    pub(crate) fn running(&self) -> usize {
        self.running
    }

    /// Gives every warp that can run a turn of so many ops.
    ///
    /// # Safety
    /// As for [`fragment::run`], for all of the block's warps.
    pub(crate) unsafe fn round(&mut self, warps: &mut [Warp], code: &Code, turn_ops: u32) -> Round {
        let warps = &mut warps[self.warps.clone()];
        for index in 0..warps.len() {
            if self.activity[index] != Activity::Running {
                continue;
            }
            // SAFETY: the caller vouches for warps and code.
            match unsafe { fragment::run(&mut warps[index], code, &mut self.barriers, turn_ops) } {
                Stop::Turn => {}
                Stop::Waiting => self.rest(index, Activity::Waiting),
                Stop::Done => self.rest(index, Activity::Done),
                Stop::Fault => return Round::Fault(self.warps.start + index),
            }
            if self.barriers.has_changed() {
                // SAFETY: as above.
                let released = unsafe { self.barriers.release(warps, code) };
                if released != 0 {
                    // SAFETY: null, or the block's own shadow.
                    if let Some(shadow) = unsafe { warps[0].shadow.as_mut() } {
                        shadow.pass_barrier();
                    }
                    self.wake(warps);
                }
            }
        }
        if self.running != 0 {
            return Round::Going;
        }
        if self.activity.iter().all(|activity| *activity == Activity::Done) {
            self.is_done = true;
            return Round::Done;
        }
        if code.has_cluster_barriers && waits_for_cluster(warps) {
            return Round::Waiting;
        }
        // SAFETY: as above.
        if unsafe { self.force(warps, code) } { Round::Going } else { Round::Stuck }
    }

    /// Whether nobody of it has to arrive any more for the barrier of its cluster to be complete.
    pub(crate) fn is_at_cluster(&self) -> bool {
        self.barriers.is_at_cluster()
    }

    /// Where races are looked for, it comes behind all that other blocks have done before they were told the same, and they behind
    /// what it has done.
    ///
    /// # Safety
    /// The warps are the worker's.
    pub(crate) unsafe fn put_in_order(&self, warps: &[Warp]) {
        // SAFETY: null, or the block's own shadow.
        if let Some(shadow) = unsafe { warps[self.warps.start].shadow.as_mut() } {
            shadow.put_in_order();
        }
    }

    /// Passes the barrier of the cluster, which is complete.
    ///
    /// # Safety
    /// The warps are the worker's.
    pub(crate) unsafe fn pass_cluster(&mut self, warps: &mut [Warp]) {
        let warps = &mut warps[self.warps.clone()];
        self.barriers.release_cluster(warps);
        // SAFETY: null, or the block's own shadow.
        if let Some(shadow) = unsafe { warps[0].shadow.as_mut() } {
            shadow.pass_barrier();
        }
        self.wake(warps);
    }

    /// As [`Self::force`], when all blocks of a cluster wait.
    ///
    /// # Safety
    /// As for [`Self::round`].
    #[cold]
    pub(crate) unsafe fn force_on(&mut self, warps: &mut [Warp], code: &Code) -> bool {
        let warps = &mut warps[self.warps.clone()];
        // SAFETY: as the caller.
        unsafe { self.force(warps, code) }
    }

    fn rest(&mut self, index: usize, activity: Activity) {
        self.activity[index] = activity;
        self.running -= 1;
    }

    fn wake(&mut self, warps: &[Warp]) {
        for (activity, warp) in self.activity.iter_mut().zip(warps) {
            let ready = |fragment: &Fragment| matches!(fragment.state, State::Ready | State::Forced);
            if *activity == Activity::Waiting && warp.fragments.as_slice().iter().any(ready) {
                *activity = Activity::Running;
                self.running += 1;
            }
        }
    }

    /// Lets lanes go on whose collectives wait for lanes that can never arrive: what older GPUs did, and better than to
    /// hang. Whether there were any.
    ///
    /// # Safety
    /// As for [`Self::round`].
    #[cold]
    unsafe fn force(&mut self, warps: &mut [Warp], code: &Code) -> bool {
        for warp in &mut *warps {
            let parked = |fragment: &&mut Fragment| fragment.state == State::Parked;
            match warp.fragments.as_mut_slice().iter_mut().filter(parked).min_by_key(|fragment| fragment.pc) {
                Some(lowest) => lowest.state = State::Forced,
                // SAFETY: the caller vouches for warps and code.
                None => unsafe { fragment::release_warp_barrier(warp, code, true) },
            }
        }
        self.wake(warps);
        self.running != 0
    }
}

/// Whether lanes wait at the barrier of their cluster.
#[cold]
fn waits_for_cluster(warps: &[Warp]) -> bool {
    let waits = |fragment: &Fragment| fragment.state == State::AtClusterBarrier;
    warps.iter().any(|warp| warp.fragments.as_slice().iter().any(waits))
}
