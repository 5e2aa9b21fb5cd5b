//! Ops that are not arithmetic: clocks, the stack, fences, traps, address conversions, the denormal switch, `printf`, `assert`,
//! `malloc`, `free`.

use std::sync::OnceLock;
use std::sync::atomic::{Ordering, fence};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::denormals;
use super::fault::FaultKind;
use super::memory::Range;
use super::op::{Op, OpFn, OpFns};
use super::print;
use super::warp::Warp;

const fn both(function: OpFn) -> OpFns {
    OpFns { full: function, masked: function }
}

pub(crate) const NOTHING: OpFns = both(nothing);
pub(crate) const FLUSH_DENORMALS: OpFns = both(flush_denormals);
pub(crate) const KEEP_DENORMALS: OpFns = both(keep_denormals);
pub(crate) const FENCE: OpFns = both(full_fence);
pub(crate) const TRAP: OpFns = both(trap);
pub(crate) const LOST_CALL: OpFns = both(lose_call);
pub(crate) const ALLOCA: OpFns = both(allocate);
pub(crate) const MALLOC: OpFns = both(malloc);
pub(crate) const FREE: OpFns = both(free);
pub(crate) const BREAKPOINT: OpFns = both(breakpoint);
pub(crate) const PRINT: OpFns = both(print_text);
pub(crate) const ASSERT: OpFns = both(fail_assertion);
pub(crate) const CLOCK: OpFns = both(read_u32::<Clock, 0>);
pub(crate) const CLOCK_HIGH: OpFns = both(read_u32::<Clock, 32>);
pub(crate) const CLOCK64: OpFns = both(read_u64::<Clock>);
pub(crate) const TIMER: OpFns = both(read_u64::<Timer>);
pub(crate) const TIMER_LOW: OpFns = both(read_u32::<Timer, 0>);
pub(crate) const TIMER_HIGH: OpFns = both(read_u32::<Timer, 32>);
pub(crate) const GENERIC_FROM_LOCAL: OpFns = both(shift::<Local, false>);
pub(crate) const LOCAL_FROM_GENERIC: OpFns = both(shift::<Local, true>);
pub(crate) const GENERIC_FROM_PARAM: OpFns = both(shift::<Param, false>);
pub(crate) const PARAM_FROM_GENERIC: OpFns = both(shift::<Param, true>);
pub(crate) const IS_SHARED: OpFns = both(is_within::<Shared>);
pub(crate) const IS_CLUSTER_SHARED: OpFns = both(is_within_cluster);
pub(crate) const IS_LOCAL: OpFns = both(is_within::<Local>);
pub(crate) const IS_PARAM: OpFns = both(is_within::<Param>);
pub(crate) const IS_GLOBAL: OpFns = both(is_global);

unsafe fn nothing(_: &mut Warp, _: &Op, _: u32) {}

unsafe fn flush_denormals(_: &mut Warp, _: &Op, _: u32) {
    denormals::set_flush(true);
}

unsafe fn keep_denormals(_: &mut Warp, _: &Op, _: u32) {
    denormals::set_flush(false);
}

unsafe fn full_fence(_: &mut Warp, _: &Op, _: u32) {
    fence(Ordering::SeqCst);
}

unsafe fn trap(warp: &mut Warp, op: &Op, mask: u32) {
    op.raise(warp, FaultKind::Trap, mask.trailing_zeros(), "the kernel gave up with a trap instruction".to_owned());
}

unsafe fn lose_call(warp: &mut Warp, op: &Op, mask: u32) {
    let lane = mask.trailing_zeros();
    // SAFETY: the op was made with a 64-bit register as `a`.
    let address = unsafe { warp.lanes::<u64>(op.a) }[lane as usize];
    let text = format!("a call leads to {address:#x}: no function with these parameters lies there");
    op.raise(warp, FaultKind::InvalidPc, lane, text);
}

/// `alloca`: takes `b` bytes from the end `a` of the stack down, aligned to `imm` as a generic address (1: a frame of
/// that length is to have room). `d`: the new end, which must not lie below `c`.
unsafe fn allocate(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: the op was made with 64-bit registers.
    let [end, len, least] = [op.a, op.b, op.c].map(|slot| unsafe { warp.lanes::<u64>(slot) });
    // SAFETY: as above.
    let to = unsafe { &mut *warp.place::<[u64; 32]>(op.d) };
    for lane in (0..32).filter(|lane| mask >> lane & 1 != 0) {
        let (end, len, least) = (end[lane], len[lane], least[lane]);
        let base = Local::base(warp, lane as u64);
        let aligned =
            |start: u64| (base.wrapping_add(start) & op.imm.wrapping_neg().cast_unsigned()).wrapping_sub(base);
        match end.checked_sub(len).map(aligned).filter(|start| (least..=end).contains(start)) {
            Some(start) => to[lane] = start,
            None => {
                let what = if op.imm == 1 { "a function's frame" } else { "alloca" };
                let left = end.saturating_sub(least);
                let text = format!("{what} takes {len} bytes of a stack that has {left} left");
                op.raise(warp, FaultKind::HardwareStackError, u32::try_from(lane).unwrap_or(0), text);
                return;
            }
        }
    }
}

/// `malloc`: list: how many bytes. `d`: where, or 0 when there is no room.
unsafe fn malloc(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: the list has a 64-bit register.
    let len = unsafe { warp.lanes::<u64>(op.operand(warp, 0)) };
    // SAFETY: null, or the launch's, which outlives its blocks.
    let allocator = unsafe { warp.allocator.as_ref() };
    // SAFETY: `d` is a 64-bit register.
    let to = unsafe { &mut *warp.place::<[u64; 32]>(op.d) };
    for lane in (0..32).filter(|lane| mask >> lane & 1 != 0) {
        to[lane] = allocator.and_then(|allocator| allocator.take(len[lane])).unwrap_or(0);
    }
}

/// `free`: list: where. 0 is nothing.
unsafe fn free(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: the list has a 64-bit register.
    let start = unsafe { warp.lanes::<u64>(op.operand(warp, 0)) };
    // SAFETY: null, or the launch's, which outlives its blocks.
    let allocator = unsafe { warp.allocator.as_ref() };
    for (lane, start) in (0u32..).zip(start).filter(|(lane, start)| mask >> lane & 1 != 0 && *start != 0) {
        if !allocator.is_some_and(|allocator| allocator.give(start)) {
            let text = format!("nothing that malloc has given, and free has not taken back, begins at {start:#x}");
            op.raise(warp, FaultKind::Trap, lane, text);
            return;
        }
    }
}

unsafe fn breakpoint(warp: &mut Warp, op: &Op, mask: u32) {
    let text = "breakpoint without a debugger".to_owned();
    op.raise(warp, FaultKind::IllegalInstruction, mask.trailing_zeros(), text);
}

/// A counter that goes up.
trait Counter {
    fn now(warp: &Warp) -> u64;
}

/// Nanoseconds since the first look: a clock of 1 GHz.
struct Clock;
impl Counter for Clock {
    fn now(warp: &Warp) -> u64 {
        static START: OnceLock<Instant> = OnceLock::new();
        let start = *START.get_or_init(Instant::now);
        // Never the same twice, so that differences are not 0.
        u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX).max(warp.warp_instructions)
    }
}

/// Nanoseconds of the day's clock.
struct Timer;
impl Counter for Timer {
    fn now(_: &Warp) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }
}

unsafe fn read_u64<C: Counter>(warp: &mut Warp, op: &Op, mask: u32) {
    let value = C::now(warp);
    // SAFETY: `d` is a 64-bit register.
    let to = unsafe { &mut *warp.place::<[u64; 32]>(op.d) };
    for (lane, to) in to.iter_mut().enumerate() {
        if mask >> lane & 1 != 0 {
            *to = value;
        }
    }
}

unsafe fn read_u32<C: Counter, const SHIFT: u32>(warp: &mut Warp, op: &Op, mask: u32) {
    #[expect(clippy::cast_possible_truncation, reason = "a half is meant")]
    let value = (C::now(warp) >> SHIFT) as u32;
    // SAFETY: `d` is a 32-bit register.
    let to = unsafe { &mut *warp.place::<[u32; 32]>(op.d) };
    for (lane, to) in to.iter_mut().enumerate() {
        if mask >> lane & 1 != 0 {
            *to = value;
        }
    }
}

/// A space that counts from 0 and has a place among generic addresses.
trait Window {
    /// The place of the whole space (of all lanes).
    fn range(warp: &Warp) -> Range;
    /// Where the lane's part begins.
    fn base(warp: &Warp, lane: u64) -> u64;
}

struct Shared;
impl Window for Shared {
    fn range(warp: &Warp) -> Range {
        warp.view.shared
    }
    fn base(warp: &Warp, _: u64) -> u64 {
        warp.view.shared.start
    }
}

struct Local;
impl Window for Local {
    fn range(warp: &Warp) -> Range {
        warp.view.local
    }
    fn base(warp: &Warp, lane: u64) -> u64 {
        warp.view.local.start + lane * u64::from(warp.view.local_lane_bytes)
    }
}

struct Param;
impl Window for Param {
    fn range(warp: &Warp) -> Range {
        warp.view.params
    }
    fn base(warp: &Warp, _: u64) -> u64 {
        warp.view.params.start
    }
}

/// Generic from a space's address, or back.
unsafe fn shift<W: Window, const BACK: bool>(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: `a` is a 64-bit register.
    let from = unsafe { warp.lanes::<u64>(op.a) };
    // SAFETY: `d` is a 64-bit register.
    let to = unsafe { &mut *warp.place::<[u64; 32]>(op.d) };
    for lane in 0..32 {
        let base = W::base(warp, lane as u64);
        let value = if BACK { from[lane].wrapping_sub(base) } else { from[lane].wrapping_add(base) };
        if mask >> lane & 1 != 0 {
            to[lane] = value;
        }
    }
}

fn within(range: Range, address: &[u64; 32]) -> u32 {
    let place = |mask, lane: usize| mask | u32::from(range.covers(address[lane], address[lane], 1)) << lane;
    (0..32).fold(0, place)
}

unsafe fn is_within<W: Window>(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: `a` is a 64-bit register.
    let value = within(W::range(warp), &unsafe { warp.lanes::<u64>(op.a) });
    // SAFETY: `d` is a predicate.
    unsafe { warp.set_predicate(op.d, mask, value) };
}

fn within_cluster(warp: &Warp, address: &[u64; 32]) -> u32 {
    (0..32).fold(0, |mask, lane| mask | u32::from(warp.view.cluster.has(address[lane])) << lane)
}

unsafe fn is_within_cluster(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: `a` is a 64-bit register.
    let value = within_cluster(warp, &unsafe { warp.lanes::<u64>(op.a) });
    // SAFETY: `d` is a predicate.
    unsafe { warp.set_predicate(op.d, mask, value) };
}

unsafe fn is_global(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: `a` is a 64-bit register.
    let address = unsafe { warp.lanes::<u64>(op.a) };
    let other = [Local::range(warp), Param::range(warp)];
    let value = !other.into_iter().fold(within_cluster(warp, &address), |mask, range| mask | within(range, &address));
    // SAFETY: `d` is a predicate.
    unsafe { warp.set_predicate(op.d, mask, value) };
}

/// `vprintf`: list: format, arguments. `d`: the result.
unsafe fn print_text(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: the list has two 64-bit registers.
    let [format, arguments] = std::array::from_fn(|k| unsafe { warp.lanes::<u64>(op.operand(warp, k)) });
    for lane in 0..32 {
        if mask >> lane & 1 == 0 {
            continue;
        }
        let printed = print::format(&mut warp.view, format[lane], arguments[lane]);
        let result = match &printed {
            Some((text, count)) => {
                // SAFETY: the launch's sink outlives its blocks.
                unsafe { &*warp.output }.print(text);
                *count
            }
            None => u32::MAX,
        };
        // SAFETY: `d` is a 32-bit register.
        unsafe { *warp.place::<u32>(op.d).add(lane) = result };
    }
}

/// `__assertfail`: list: message, file, line (32 bits), function.
unsafe fn fail_assertion(warp: &mut Warp, op: &Op, mask: u32) {
    let lane = mask.trailing_zeros();
    let mut text = |k: usize| {
        // SAFETY: the list has 64-bit registers but for the third.
        let address = unsafe { warp.lanes::<u64>(op.operand(warp, k)) }[lane as usize];
        let bytes = print::string(&mut warp.view, address).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let (message, file, function) = (text(0), text(1), text(3));
    // SAFETY: the third is a 32-bit register.
    let line = unsafe { warp.lanes::<u32>(op.operand(warp, 2)) }[lane as usize];
    let text = format!("{file}:{line}: {function}: assertion `{message}` failed");
    op.raise(warp, FaultKind::Assert, lane, text);
    if let Some(fault) = &mut warp.fault
        && fault.kind == FaultKind::Assert
    {
        let place = format!("{file}:{line}: {function}");
        fault.assertion.get_or_insert(print::Assertion { place, condition: message, mask });
    }
}
