//! The sixteen barriers of a block, and its part of its cluster's.

use super::code::Code;
use super::code::{Barrier, BarrierKind, Reduction, Terminator};
use super::warp::{State, Warp};

/// Threads are counted per barrier. With a thread count, a warp whose live lanes all arrive counts as 32, as on a GPU.
#[derive(Clone, Copy, Default)]
struct Count {
    /// Live threads that have arrived.
    arrived: u32,
    /// As above, whole warps counted as 32.
    rounded: u32,
    /// 0: all of the block.
    expected: u32,
    /// Predicates that were true.
    trues: u32,
}

/// A block's barriers and how many threads they wait for.
pub(crate) struct Barriers {
    counts: [Count; 16],
    /// Threads that have not exited.
    live_threads: u32,
    /// Barriers that somebody has arrived at.
    pending: u16,
    /// Something has happened that may complete a barrier.
    changed: bool,
    /// Threads that have neither exited nor arrived at the barrier of the cluster.
    missing_at_cluster: u32,
}

impl Barriers {
    pub(crate) fn new(threads: u32) -> Self {
        Self {
            counts: [Count::default(); 16],
            live_threads: threads,
            pending: 0,
            changed: false,
            missing_at_cluster: threads,
        }
    }

    /// Threads have exited: nobody waits for them any more.
    pub(crate) fn exit(&mut self, warp: &Warp, lanes: u32) {
        self.live_threads -= lanes.count_ones();
        self.missing_at_cluster -= (lanes & !warp.at_cluster).count_ones();
        self.changed = true;
    }

    /// The lanes in `mask` (at least one) arrive. Gives their new state.
    ///
    /// # Safety
    /// The barrier's slots lie in the warp's register block.
    pub(crate) unsafe fn arrive(&mut self, warp: &Warp, barrier: &Barrier, mask: u32) -> State {
        let lane = mask.trailing_zeros() as usize;
        // SAFETY: the caller vouches for the slots.
        let number = unsafe { warp.lanes::<u32>(barrier.number)[lane] } & 15;
        // SAFETY: as above.
        let expected = barrier.threads.map_or(0, |threads| unsafe { warp.lanes::<u32>(threads)[lane] });
        let count = &mut self.counts[number as usize];
        count.arrived += mask.count_ones();
        count.rounded += if mask == warp.live { 32 } else { mask.count_ones() };
        count.expected = expected;
        self.pending |= 1 << number;
        self.changed = true;
        let waiting = State::AtBarrier(number as u8);
        match barrier.kind {
            BarrierKind::Sync => waiting,
            BarrierKind::Arrive => State::Ready,
            BarrierKind::Reduce { source, negated, .. } => {
                // SAFETY: as above.
                let value = unsafe { warp.predicate(source) };
                let value = if negated { !value } else { value };
                count.trues += (value & mask).count_ones();
                waiting
            }
        }
    }

    /// The lanes in `mask` arrive at the barrier of the cluster. Those that have not waited since they did so last are there already.
    pub(crate) fn arrive_at_cluster(&mut self, warp: &mut Warp, mask: u32) {
        self.missing_at_cluster -= (mask & !warp.at_cluster).count_ones();
        warp.at_cluster |= mask;
    }

    /// Whether nobody has to arrive any more for the barrier of the cluster to be complete.
    pub(crate) fn is_at_cluster(&self) -> bool {
        self.missing_at_cluster == 0
    }

    /// The barrier of the cluster is complete: those who wait there go on, and the next time all must arrive again.
    pub(crate) fn release_cluster(&mut self, warps: &mut [Warp]) {
        self.missing_at_cluster = self.live_threads;
        for warp in warps {
            warp.at_cluster = 0;
            for fragment in warp.fragments.as_mut_slice() {
                if fragment.state == State::AtClusterBarrier {
                    fragment.pc += 1;
                    fragment.state = State::Ready;
                }
            }
        }
    }

    /// Whether a barrier may have been completed since the last [`Self::release`].
    #[inline(always)]
    pub(crate) fn has_changed(&self) -> bool {
        self.changed && self.pending != 0
    }

    /// Lets the waiting lanes of complete barriers go on. Returns a mask of barriers that were released.
    ///
    /// # Safety
    /// The warps are those of one block of the kernel that `code` belongs to.
    pub(crate) unsafe fn release(&mut self, warps: &mut [Warp], code: &Code) -> u16 {
        self.changed = false;
        let mut released = 0;
        for number in 0..16u8 {
            let count = self.counts[usize::from(number)];
            let is_complete = match count.expected {
                0 => count.arrived >= self.live_threads,
                expected => count.rounded >= expected,
            };
            if self.pending >> number & 1 == 0 || !is_complete {
                continue;
            }
            self.counts[usize::from(number)] = Count::default();
            self.pending &= !(1 << number);
            released |= 1 << number;
            for warp in &mut *warps {
                // SAFETY: the caller's warps belong to the code.
                unsafe { release_warp(warp, code, number, count) };
            }
        }
        released
    }
}

/// # Safety
/// As for [`Barriers::release`].
unsafe fn release_warp(warp: &mut Warp, code: &Code, number: u8, count: Count) {
    for index in 0..warp.fragments.as_slice().len() {
        let fragment = &mut warp.fragments.as_mut_slice()[index];
        if fragment.state != State::AtBarrier(number) {
            continue;
        }
        let (pc, mask) = (fragment.pc, fragment.mask);
        fragment.pc += 1;
        fragment.state = State::Ready;
        let block = &code.blocks[code.block_of[pc as usize] as usize];
        if let Terminator::Barrier { barrier, .. } = block.terminator
            && let BarrierKind::Reduce { operation, to, .. } = barrier.kind
        {
            // SAFETY: a reduction's destination is a slot of the width that its operation writes.
            unsafe {
                match operation {
                    Reduction::And => warp.set_predicate(to, mask, if count.trues == count.arrived { !0 } else { 0 }),
                    Reduction::Or => warp.set_predicate(to, mask, if count.trues != 0 { !0 } else { 0 }),
                    Reduction::Count => {
                        let to = &mut *warp.place::<[u32; 32]>(to);
                        for (lane, to) in to.iter_mut().enumerate() {
                            if mask >> lane & 1 != 0 {
                                *to = count.trues;
                            }
                        }
                    }
                }
            }
        }
    }
}
