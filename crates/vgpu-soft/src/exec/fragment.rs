//! The inner loop: runs one warp's fragments until its turn is over or it waits.
//!
//! The fragment that stands lowest runs; fragments that meet become one. That reconverges structured code without
//! looking at post-dominators, and gives every lane a program counter of its own. A fragment that is passed over for
//! long gets turns of its own, so that lanes may wait for lanes of their warp.

use super::barrier::Barriers;
use super::code::{Code, Terminator};
use super::denormals;
use super::op::Op;
use super::warp::{Fragment, State, Warp};

/// Why a warp's turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It may go on.
    Turn,
    /// No fragment can run before something else happens.
    Waiting,
    /// All lanes have exited.
    Done,
    /// See [`Warp::fault`].
    Fault,
}

/// After so many backward branches beside fragments that could run, another one gets a turn.
const PATIENCE: u32 = 4096;
/// That turn's length in ops.
const FAVOR_OPS: u32 = 8192;

/// Runs a warp for about `turn_ops` ops.
///
/// # Safety
/// The warp's register block is laid out as `code` says and its view is that of its block; the CPU has the features
/// that the ops were chosen for; the warp has fragments only at positions of `code`.
#[inline]
pub(crate) unsafe fn run(warp: &mut Warp, code: &Code, barriers: &mut Barriers, turn_ops: u32) -> Stop {
    let mut left = i64::from(turn_ops);
    while let Some(chosen) = choose(warp) {
        // SAFETY: the caller vouches for warp and code.
        match unsafe { advance(warp, code, barriers, chosen, &mut left) } {
            Outcome::Again => {}
            Outcome::Fault => return Stop::Fault,
        }
        if left <= 0 {
            return if warp.fragments.as_slice().is_empty() { Stop::Done } else { Stop::Turn };
        }
    }
    if warp.fragments.as_slice().is_empty() { Stop::Done } else { Stop::Waiting }
}

enum Outcome {
    Again,
    Fault,
}

/// The fragment to run, and how far it may run before others that stand in its way could join it.
#[derive(Clone, Copy)]
struct Chosen {
    index: usize,
    limit: u32,
}

#[inline(always)]
fn choose(warp: &mut Warp) -> Option<Chosen> {
    match warp.fragments.as_mut_slice() {
        [] => None,
        [only] => {
            if only.state == State::Parked {
                // Nobody is left to wait for.
                only.state = State::Forced;
            }
            matches!(only.state, State::Ready | State::Forced).then_some(Chosen { index: 0, limit: u32::MAX })
        }
        _ => choose_among(warp),
    }
}

fn choose_among(warp: &mut Warp) -> Option<Chosen> {
    if warp.impatience >= PATIENCE
        && let Some(chosen) = choose_favored(warp)
    {
        return Some(chosen);
    }
    let mut index = None;
    let mut lowest = u32::MAX;
    for (at, fragment) in warp.fragments.as_slice().iter().enumerate() {
        if matches!(fragment.state, State::Ready | State::Forced) && (index.is_none() || fragment.pc < lowest) {
            index = Some(at);
            lowest = fragment.pc;
        }
    }
    index?;
    // Takes in all that stand at the same place, and finds the next place where somebody stands.
    let mut merged = Fragment { pc: lowest, mask: 0, state: State::Ready };
    let mut limit = u32::MAX;
    let mut at = 0;
    while let Some(&fragment) = warp.fragments.as_slice().get(at) {
        match fragment.state {
            State::Ready | State::Forced | State::Parked if fragment.pc == lowest => {
                merged.mask |= fragment.mask;
                if fragment.state == State::Forced {
                    merged.state = State::Forced;
                }
                warp.fragments.swap_remove(at);
                continue;
            }
            State::Ready | State::Forced | State::Parked => {
                if fragment.pc > lowest {
                    limit = limit.min(fragment.pc);
                }
            }
            State::AtWarpBarrier | State::AtBarrier(_) | State::AtClusterBarrier => {}
        }
        at += 1;
    }
    warp.fragments.push(merged);
    Some(Chosen { index: warp.fragments.as_slice().len() - 1, limit })
}

/// Lets the lanes take turns regardless of where they stand.
#[cold]
fn choose_favored(warp: &mut Warp) -> Option<Chosen> {
    if warp.favor_left == 0 {
        // A new favorite: the next live lane that could run, one that stands elsewhere than the last if there is any.
        let last = 1 << warp.favored;
        let next = |others: u32| {
            (1..=32).map(|step| (warp.favored + step) % 32).find(|lane| {
                let runs = |fragment: &Fragment| fragment.mask >> lane & 1 != 0 && fragment.state == State::Ready;
                warp.fragments.as_slice().iter().any(|fragment| runs(fragment) && fragment.mask & others == 0)
            })
        };
        warp.favored = next(last).or_else(|| next(0))?;
        warp.favor_left = FAVOR_OPS;
    }
    let favored = warp.favored;
    let of_favored = |fragment: &Fragment| fragment.mask >> favored & 1 != 0 && fragment.state == State::Ready;
    let index = warp.fragments.as_slice().iter().position(of_favored);
    if index.is_none() {
        warp.favor_left = 0;
        warp.impatience = 0;
    }
    index.map(|index| Chosen { index, limit: u32::MAX })
}

/// Runs ops from `from` up to `to` for the lanes in `mask`; returns where it stopped, which is before `to` only at a
/// collective that not all live lanes have reached.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn run_ops(warp: &mut Warp, code: &Code, from: u32, to: u32, mask: u32, forced: bool) -> u32 {
    let base = code.ops.as_ptr();
    // SAFETY: blocks lie within the ops.
    let (mut op, end): (*const Op, *const Op) = unsafe { (base.add(from as usize), base.add(to as usize)) };
    if mask == !0 {
        while op != end {
            // SAFETY: `op` is between two positions of the ops.
            let now = unsafe { &*op };
            if now.guard < 0 {
                // SAFETY: the caller vouches for warp and ops; all lanes are active.
                unsafe { (now.fns.full)(warp, now, !0) };
            } else {
                // SAFETY: a guard names a predicate's slot.
                let active = unsafe { warp.guarded(now.guard, !0) };
                if active == !0 {
                    // SAFETY: as above.
                    unsafe { (now.fns.full)(warp, now, !0) };
                } else if active != 0 {
                    // SAFETY: as above, but for the lanes.
                    unsafe { (now.fns.masked)(warp, now, active) };
                }
            }
            // SAFETY: at most `end`.
            op = unsafe { op.add(1) };
        }
        return to;
    }
    let is_whole = mask == warp.live;
    let mut pc = from;
    let mut forced = forced;
    while pc != to {
        if !is_whole && !forced && code.is_collective[pc as usize] {
            return pc;
        }
        forced = false;
        // SAFETY: `pc` is a position of the ops.
        let now = unsafe { &*base.add(pc as usize) };
        // SAFETY: a guard names a predicate's slot.
        let active = unsafe { warp.guarded(now.guard, mask) };
        if active != 0 {
            // SAFETY: the caller vouches for warp and ops.
            unsafe { (now.fns.masked)(warp, now, active) };
        }
        pc += 1;
    }
    to
}

/// Runs the chosen fragment until another one should be chosen, and counts what it did.
///
/// # Safety
/// As for [`run`].
#[inline]
unsafe fn advance(warp: &mut Warp, code: &Code, barriers: &mut Barriers, chosen: Chosen, left: &mut i64) -> Outcome {
    let lanes = u64::from(warp.fragments.as_slice()[chosen.index].mask.count_ones());
    let (before, mut instructions) = (*left, 0);
    // SAFETY: the caller vouches for warp and code.
    let outcome = unsafe { go_on(warp, code, barriers, chosen, left, &mut instructions) };
    // Once for many blocks of ops: blocks are short, and a loop may be one.
    warp.warp_instructions += instructions;
    warp.thread_instructions += instructions * lanes;
    warp.favor_left = warp.favor_left.saturating_sub(u32::try_from(before - *left).unwrap_or(u32::MAX));
    outcome
}

/// The same, counting only its instructions.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn go_on(
    warp: &mut Warp,
    code: &Code,
    barriers: &mut Barriers,
    chosen: Chosen,
    left: &mut i64,
    instructions: &mut u64,
) -> Outcome {
    let Chosen { index, limit } = chosen;
    let Fragment { mut pc, mask, state } = warp.fragments.as_slice()[index];
    let mut forced = state == State::Forced;
    let is_alone = limit == u32::MAX && warp.fragments.as_slice().len() == 1;
    if code.has_mixed_denormals {
        denormals::set_flush(code.flushes[pc as usize]);
    }
    let mut block = code.blocks[code.block_of[pc as usize] as usize];
    loop {
        // A turn may end within a block, and so may the way to the next fragment.
        let mut end = block.end;
        if limit > pc {
            end = end.min(limit);
        }
        if i64::from(end - pc) > *left {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and end - pc")]
            let turn = (*left).max(1) as u32;
            end = end.min(pc + turn);
        }
        // SAFETY: the caller vouches for warp and code; the range lies in a block.
        let stopped = unsafe { run_ops(warp, code, pc, end, mask, forced) };
        *instructions += u64::from(stopped - pc);
        *left -= i64::from(stopped - pc) + 1;
        if warp.fault.is_some() {
            return Outcome::Fault;
        }
        if stopped != pc {
            forced = false;
        }
        if stopped != end {
            park(warp, index, stopped);
            return Outcome::Again;
        }
        pc = stopped;
        if end != block.end {
            put(warp, index, pc, mask);
            return Outcome::Again;
        }

        // The block's end.
        if !matches!(block.terminator, Terminator::Fall) {
            *instructions += 1;
        }
        let next = match block.terminator {
            Terminator::Fall => pc,
            Terminator::Branch { target, guard } => {
                // SAFETY: a guard names a predicate's slot.
                let taken = unsafe { warp.guarded(guard, mask) };
                if taken != mask && taken != 0 {
                    put(warp, index, pc + 1, mask & !taken);
                    warp.fragments.push(Fragment { pc: target, mask: taken, state: State::Ready });
                    return Outcome::Again;
                }
                if taken == 0 {
                    pc + 1
                } else {
                    if target <= pc && !is_alone {
                        warp.impatience += 1;
                    }
                    target
                }
            }
            // SAFETY: the caller vouches for warp and code.
            terminator => match unsafe { terminate(warp, code, barriers, index, pc, mask, terminator, forced) } {
                Some(next) => next,
                None => return if warp.fault.is_some() { Outcome::Fault } else { Outcome::Again },
            },
        };
        forced = false;
        if *left <= 0 || next >= limit || (!is_alone && warp.impatience >= PATIENCE) {
            put(warp, index, next, mask);
            return Outcome::Again;
        }
        pc = next;
        block = code.blocks[code.block_of[pc as usize] as usize];
    }
}

/// Puts a fragment back, ready.
#[inline(always)]
fn put(warp: &mut Warp, index: usize, pc: u32, mask: u32) {
    warp.fragments.as_mut_slice()[index] = Fragment { pc, mask, state: State::Ready };
}

/// Leaves a fragment at a collective, or joins it with those that wait there already.
#[cold]
fn park(warp: &mut Warp, index: usize, pc: u32) {
    let waits_here = |other: &Fragment| other.state == State::Parked && other.pc == pc;
    let others = warp.fragments.as_slice().iter().any(waits_here);
    let fragment = &mut warp.fragments.as_mut_slice()[index];
    fragment.pc = pc;
    // Choosing it takes in the others; if that is not enough, it comes back here as one.
    fragment.state = if others { State::Ready } else { State::Parked };
}

/// The rarer ends of a block. Returns where the fragment goes on; `None` when it has been dealt with.
///
/// # Safety
/// As for [`run`].
#[expect(clippy::too_many_arguments, reason = "the state of the loop that calls it")]
#[inline(never)]
unsafe fn terminate(
    warp: &mut Warp,
    code: &Code,
    barriers: &mut Barriers,
    index: usize,
    pc: u32,
    mask: u32,
    terminator: Terminator,
    forced: bool,
) -> Option<u32> {
    match terminator {
        Terminator::Fall => Some(pc),
        Terminator::Branch { target, .. } => Some(target),
        Terminator::Table { index: slot, table, guard } => {
            // SAFETY: the caller vouches for warp and code.
            unsafe { branch_by_table(warp, code, index, pc, mask, slot, table, guard) };
            None
        }
        Terminator::Exit { guard } => {
            // SAFETY: a guard names a predicate's slot.
            let exiting = unsafe { warp.guarded(guard, mask) };
            if exiting == 0 {
                return Some(pc + 1);
            }
            warp.live &= !exiting;
            barriers.exit(warp, exiting);
            if exiting == mask {
                warp.fragments.swap_remove(index);
            } else {
                put(warp, index, pc + 1, mask & !exiting);
            }
            // Those who waited for the lanes that are gone may go on now.
            for fragment in warp.fragments.as_mut_slice() {
                if fragment.state == State::Parked {
                    fragment.state = State::Ready;
                }
            }
            // SAFETY: the caller vouches for warp and code.
            unsafe { release_warp_barrier(warp, code, false) };
            None
        }
        Terminator::Barrier { barrier, guard } => {
            // SAFETY: a guard names a predicate's slot.
            let arriving = unsafe { warp.guarded(guard, mask) };
            if arriving == 0 {
                return Some(pc + 1);
            }
            // SAFETY: the barrier's slots are the kernel's.
            let state = unsafe { barriers.arrive(warp, &barrier, arriving) };
            split(warp, index, pc + 1, mask & !arriving);
            match state {
                State::Ready => warp.fragments.push(Fragment { pc: pc + 1, mask: arriving, state }),
                _ => warp.fragments.push(Fragment { pc, mask: arriving, state }),
            }
            None
        }
        Terminator::ClusterArrive { guard } => {
            // SAFETY: a guard names a predicate's slot.
            let arriving = unsafe { warp.guarded(guard, mask) };
            barriers.arrive_at_cluster(warp, arriving);
            Some(pc + 1)
        }
        Terminator::ClusterWait { guard } => {
            // SAFETY: as above.
            let waiting = unsafe { warp.guarded(guard, mask) } & warp.at_cluster;
            if waiting == 0 {
                return Some(pc + 1);
            }
            split(warp, index, pc + 1, mask & !waiting);
            warp.fragments.push(Fragment { pc, mask: waiting, state: State::AtClusterBarrier });
            None
        }
        Terminator::WarpBarrier { members: _, guard } => {
            // SAFETY: a guard names a predicate's slot.
            let arriving = unsafe { warp.guarded(guard, mask) };
            if arriving == 0 || arriving == warp.live {
                return Some(pc + 1);
            }
            split(warp, index, pc + 1, mask & !arriving);
            warp.fragments.push(Fragment { pc, mask: arriving, state: State::AtWarpBarrier });
            // SAFETY: the caller vouches for warp and code.
            unsafe { release_warp_barrier(warp, code, false) };
            None
        }
        Terminator::Collective { members } => {
            let op = code.ops[pc as usize];
            // SAFETY: a guard names a predicate's slot.
            let active = unsafe { warp.guarded(op.guard, mask) };
            // SAFETY: `members` is a 32-bit register of the kernel.
            let members = unsafe { warp.lanes::<u32>(members) };
            let mut rest = active;
            let mut waiting = 0;
            while rest != 0 {
                let lane = rest.trailing_zeros() as usize;
                // The lanes that name the same members as this one.
                let alike = |group: u32, other: usize| {
                    let same = members[other] == members[lane] && rest >> other & 1 != 0;
                    group | u32::from(same) << other
                };
                let group = (0..32).fold(0, alike);
                rest &= !group;
                if forced || members[lane] & warp.live & !group == 0 {
                    // SAFETY: the caller vouches for warp and ops.
                    unsafe {
                        if group == !0 { (op.fns.full)(warp, &op, group) } else { (op.fns.masked)(warp, &op, group) }
                    };
                } else {
                    waiting |= group;
                }
            }
            if let Some(fault) = &mut warp.fault {
                // The op was run from a copy; the launch wants its place.
                fault.op = std::ptr::from_ref(&code.ops[pc as usize]).addr();
                return None;
            }
            if waiting == 0 {
                return Some(pc + 1);
            }
            let others = warp.fragments.as_slice().iter().any(|other| other.state == State::Parked && other.pc == pc);
            split(warp, index, pc + 1, mask & !waiting);
            let state = if others { State::Ready } else { State::Parked };
            warp.fragments.push(Fragment { pc, mask: waiting, state });
            None
        }
    }
}

/// Leaves `mask` of a fragment to go on at `pc`, or nothing of it.
fn split(warp: &mut Warp, index: usize, pc: u32, mask: u32) {
    if mask == 0 {
        warp.fragments.swap_remove(index);
    } else {
        put(warp, index, pc, mask);
    }
}

/// Lets the lanes at `bar.warp.sync` go on whose members have all arrived at one with the same mask (or all of them, when
/// `force`).
///
/// # Safety
/// As for [`run`].
pub(crate) unsafe fn release_warp_barrier(warp: &mut Warp, code: &Code, force: bool) {
    let mut waiting = 0;
    let mut named = [0u32; 32];
    for fragment in warp.fragments.as_slice() {
        if let Some(members) = waits_for(fragment, code) {
            // SAFETY: `members` is a 32-bit register of the kernel.
            let members = unsafe { warp.lanes::<u32>(members) };
            waiting |= fragment.mask;
            (0..32).filter(|lane| fragment.mask >> lane & 1 != 0).for_each(|lane| named[lane] = members[lane]);
        }
    }
    if waiting == 0 {
        return;
    }
    let is_complete = |lane: usize| {
        let alike = |arrived: u32, other: usize| arrived | u32::from(named[other] == named[lane]) << other;
        force || named[lane] & warp.live & !((0..32).fold(0, alike) & waiting) == 0
    };
    let complete = (0..32).fold(0, |mask, lane| mask | u32::from(is_complete(lane)) << lane);
    for index in 0..warp.fragments.as_slice().len() {
        let fragment = warp.fragments.as_slice()[index];
        let passing = fragment.mask & complete;
        if passing == 0 || waits_for(&fragment, code).is_none() {
            continue;
        }
        if passing == fragment.mask {
            put(warp, index, fragment.pc + 1, passing);
        } else {
            warp.fragments.as_mut_slice()[index].mask &= !passing;
            warp.fragments.push(Fragment { pc: fragment.pc + 1, mask: passing, state: State::Ready });
        }
    }
}

/// The register of member masks at the `bar.warp.sync` where a fragment waits.
fn waits_for(fragment: &Fragment, code: &Code) -> Option<u32> {
    let block = &code.blocks[code.block_of[fragment.pc as usize] as usize];
    match (fragment.state, block.terminator) {
        (State::AtWarpBarrier, Terminator::WarpBarrier { members, .. }) => Some(members),
        _ => None,
    }
}

/// `brx.idx`: every lane to the entry of its own index.
///
/// # Safety
/// As for [`run`].
#[expect(clippy::too_many_arguments, reason = "the state of the loop that calls it")]
unsafe fn branch_by_table(
    warp: &mut Warp,
    code: &Code,
    index: usize,
    pc: u32,
    mask: u32,
    slot: u32,
    table: u32,
    guard: i32,
) {
    // SAFETY: a guard names a predicate's slot.
    let mut rest = unsafe { warp.guarded(guard, mask) };
    // SAFETY: the index is a 32-bit register of the kernel.
    let entry = unsafe { warp.lanes::<u32>(slot) };
    let table = &code.operands[table as usize..];
    let targets = &table[1..=table[0] as usize];
    split(warp, index, pc + 1, mask & !rest);
    while rest != 0 {
        let lane = rest.trailing_zeros();
        let wanted = entry[lane as usize];
        let Some(&target) = targets.get(wanted as usize) else {
            let text = format!("index {wanted} of a table of {} targets", targets.len());
            code.ops[pc as usize].raise(warp, super::fault::FaultKind::IllegalInstruction, lane, text);
            return;
        };
        let alike = (0..32).fold(0, |group, other| group | u32::from(entry[other] == wanted) << other) & rest;
        rest &= !alike;
        if target <= pc {
            warp.impatience = warp.impatience.saturating_add(1);
        }
        warp.fragments.push(Fragment { pc: target, mask: alike, state: State::Ready });
    }
}
