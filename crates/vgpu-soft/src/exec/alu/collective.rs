//! Lanes that see each other's registers: `shfl`, `vote`, `match`, `redux`, `elect`, `activemask`.
//!
//! These run once for all lanes that named the same mask, after its members have met. A lane that does not take part is
//! of no influence. What a lane gets that is not in its own mask, PTX leaves open: here it gets what the members get.

use std::marker::PhantomData;

use super::super::op::{Isa, Op, OpFns, Slot};
use super::super::warp::Warp;
use super::Form;
use super::lanes::{
    Body, LANES, Level, Value, extended, masked_only, masked_only_cold, read, read_predicate, stateless, write_masked,
    write_predicate,
};
use crate::ptx::ast::{Opcode, Width};

const UP: u8 = 0;
const DOWN: u8 = 1;
const BUTTERFLY: u8 = 2;
const INDEX: u8 = 3;

/// The lanes among `mask` that their member mask names. They have all named the same one.
///
/// # Safety
/// The slot is a 32-bit one in the register block.
#[inline(always)]
unsafe fn members_of(warp: &Warp, slot: Slot, mask: u32) -> u32 {
    let first = mask.trailing_zeros() as usize % LANES;
    // SAFETY: the slot holds 32 values of 32 bits.
    mask & unsafe { warp.registers.add(slot as usize).cast::<u32>().add(first).read() }
}

/// `shfl{.sync}.mode.b32 d{|p}, a, b, c{, members}`
pub(super) fn shfl(opcode: Opcode<'_>, operand_count: usize, isa: Isa) -> Option<Form> {
    let words: Vec<&str> = opcode.modifiers().collect();
    let (is_sync, mode) = match words[..] {
        ["sync", mode, "b32"] => (true, mode),
        [mode, "b32"] => (false, mode),
        _ => return None,
    };
    let has_predicate = match operand_count.checked_sub(4 + usize::from(is_sync))? {
        0 => false,
        1 => true,
        _ => return None,
    };
    let fns = match (mode, has_predicate) {
        ("up", false) => masked_only::<Shuffle<UP, false>>(isa),
        ("up", true) => masked_only::<Shuffle<UP, true>>(isa),
        ("down", false) => masked_only::<Shuffle<DOWN, false>>(isa),
        ("down", true) => masked_only::<Shuffle<DOWN, true>>(isa),
        ("bfly", false) => masked_only::<Shuffle<BUTTERFLY, false>>(isa),
        ("bfly", true) => masked_only::<Shuffle<BUTTERFLY, true>>(isa),
        ("idx", false) => masked_only::<Shuffle<INDEX, false>>(isa),
        ("idx", true) => masked_only::<Shuffle<INDEX, true>>(isa),
        _ => return None,
    };
    let mut widths = vec![Width::B32];
    if has_predicate {
        widths.push(Width::Pred);
    }
    widths.resize(operand_count, Width::B32);
    let form = Form::new(fns, &widths).destinations(1 + usize::from(has_predicate));
    Some(Form { layout: super::Layout::Extended, collective: is_sync.then_some(Some(operand_count - 1)), ..form })
}

/// `a` from another lane; the predicate tells whether that lane is within the segment that `c` sets. A lane that does not
/// take part gives 0: PTX leaves that open, but NVIDIA's sample `reduction` sums 8 lanes with distances from 16 on.
struct Shuffle<const MODE: u8, const PREDICATE: bool>;

impl<const MODE: u8, const PREDICATE: bool> Body for Shuffle<MODE, PREDICATE> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        let first = 1 + usize::from(PREDICATE);
        // SAFETY: as the caller: behind the destinations come three 32-bit slots.
        let mut values = unsafe { read::<u32>(warp, extended(warp, op, first)) };
        if mask != u32::MAX {
            for (lane, value) in values.iter_mut().enumerate() {
                *value = if mask >> lane & 1 != 0 { *value } else { 0 };
            }
        }
        // SAFETY: as above.
        let distances = unsafe { read::<u32>(warp, extended(warp, op, first + 1)) };
        // SAFETY: as above.
        let bounds = unsafe { read::<u32>(warp, extended(warp, op, first + 2)) };
        let mut sources = [0u32; LANES];
        let mut within = [0u8; LANES];
        for lane in 0..LANES {
            let (b, c) = (distances[lane] & 31, bounds[lane] & 31);
            let segment = bounds[lane] >> 8 & 31;
            let this = lane as u32;
            let first_lane = this & segment;
            let limit = first_lane | c & !segment;
            let (source, is_within) = match MODE {
                UP => (this.wrapping_sub(b), this as i32 - b as i32 >= limit as i32),
                DOWN => (this + b, this + b <= limit),
                BUTTERFLY => (this ^ b, this ^ b <= limit),
                _ => (first_lane | b & !segment, first_lane | b & !segment <= limit),
            };
            sources[lane] = (if is_within { source } else { this }) & 31;
            within[lane] = if is_within { 0xff } else { 0 };
        }
        let result = gather::<L>(&values, &sources);
        // SAFETY: as the caller: operand 0 is a 32-bit slot.
        unsafe { write_masked::<u32, true>(warp, extended(warp, op, 0), mask, result) }
        if PREDICATE {
            // SAFETY: as the caller: operand 1 is a predicate slot.
            unsafe { write_predicate(warp, extended(warp, op, 1), mask, super::lanes::mask_of(within)) }
        }
    }
}

/// `values[indices[lane]]`; indices are below 32.
#[inline(always)]
fn gather<L: Level>(values: &[u32; LANES], indices: &[u32; LANES]) -> [u32; LANES] {
    #[cfg(target_arch = "x86_64")]
    if L::ISA == Isa::Avx512 {
        // SAFETY: code for this level runs only on CPUs that have its features.
        return unsafe { gather_avx512(values, indices) };
    }
    std::array::from_fn(|lane| values[indices[lane] as usize & 31])
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
#[inline]
fn gather_avx512(values: &[u32; LANES], indices: &[u32; LANES]) -> [u32; LANES] {
    use std::arch::x86_64::{__m512i, _mm512_loadu_si512, _mm512_permutex2var_epi32, _mm512_storeu_si512};
    let at = |from: &[u32; LANES], half: usize| {
        let from = from[16 * half..].as_ptr().cast::<__m512i>();
        // SAFETY: `from` leads to 16 of the 32 values.
        unsafe { _mm512_loadu_si512(from) }
    };
    let mut result = [0; LANES];
    for half in 0..2 {
        let chosen = _mm512_permutex2var_epi32(at(values, 0), at(indices, half), at(values, 1));
        let to = result[16 * half..].as_mut_ptr().cast::<__m512i>();
        // SAFETY: `to` leads to 16 of the 32 values.
        unsafe { _mm512_storeu_si512(to, chosen) }
    }
    result
}

const ALL: u8 = 0;
const ANY: u8 = 1;
const UNIFORM: u8 = 2;
const BALLOT: u8 = 3;

/// `vote{.sync}.mode d, a{, members}`, with the modifiers in either order.
pub(super) fn vote(opcode: Opcode<'_>, isa: Isa) -> Option<Form> {
    let words: Vec<&str> = opcode.modifiers().collect();
    let (is_sync, mode, r#type) = match words[..] {
        ["sync", mode, r#type] | [mode, "sync", r#type] => (true, mode, r#type),
        [mode, r#type] => (false, mode, r#type),
        _ => return None,
    };
    let (fns, to) = match (mode, r#type) {
        ("all", "pred") => (vote_fns::<ALL>(is_sync, isa), Width::Pred),
        ("any", "pred") => (vote_fns::<ANY>(is_sync, isa), Width::Pred),
        ("uni", "pred") => (vote_fns::<UNIFORM>(is_sync, isa), Width::Pred),
        ("ballot", "b32") => (vote_fns::<BALLOT>(is_sync, isa), Width::B32),
        _ => return None,
    };
    let form = Form::new(fns, &[to, Width::Pred, Width::B32][..2 + usize::from(is_sync)]);
    Some(if is_sync { form.collective(Some(2)) } else { form })
}

fn vote_fns<const MODE: u8>(is_sync: bool, isa: Isa) -> OpFns {
    if is_sync { masked_only::<Vote<MODE, true>>(isa) } else { masked_only::<Vote<MODE, false>>(isa) }
}

struct Vote<const MODE: u8, const SYNC: bool>;

impl<const MODE: u8, const SYNC: bool> Body for Vote<MODE, SYNC> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        // SAFETY: as the caller: b is the member mask's slot.
        let members = if SYNC { unsafe { members_of(warp, op.b, mask) } } else { mask };
        // SAFETY: as the caller: a is a predicate slot.
        let ayes = unsafe { read_predicate(warp, op.a) } & members;
        let is_true = match MODE {
            ALL => ayes == members,
            ANY => ayes != 0,
            UNIFORM => ayes == members || ayes == 0,
            _ => {
                // SAFETY: as the caller: a ballot's d is a 32-bit slot.
                return unsafe { write_masked::<u32, true>(warp, op.d, mask, [ayes; LANES]) };
            }
        };
        // SAFETY: as the caller: the other modes' d is a predicate slot.
        unsafe { write_predicate(warp, op.d, mask, if is_true { u32::MAX } else { 0 }) }
    }
}

/// `elect.sync d|p, members`: one of them, the lowest, learns that it leads; all learn which it is.
pub(super) fn elect(opcode: Opcode<'_>, operand_count: usize) -> Option<Form> {
    (opcode.text() == "elect.sync" && operand_count == 3).then(|| {
        let form = Form::new(masked_only_cold::<Elect>(), &[Width::B32, Width::Pred, Width::B32]);
        form.destinations(2).collective(Some(2))
    })
}

struct Elect;

impl Body for Elect {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        // SAFETY: as the caller: the member mask's slot comes last.
        let members = unsafe { members_of(warp, op.b, mask) };
        let leader = members.trailing_zeros();
        // SAFETY: as the caller: the second destination is a predicate slot.
        unsafe { write_predicate(warp, op.a, mask, members & members.wrapping_neg()) }
        // SAFETY: as the caller: d is a 32-bit slot.
        unsafe { write_masked::<u32, true>(warp, op.d, mask, [leader; LANES]) }
    }
}

/// `activemask.b32 d`: the lanes that run together at the moment.
pub(super) fn activemask(opcode: Opcode<'_>) -> Option<Form> {
    (opcode.text() == "activemask.b32").then(|| Form::new(masked_only_cold::<ActiveMask>(), &[Width::B32]))
}

struct ActiveMask;

impl Body for ActiveMask {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        // SAFETY: as the caller: d is a 32-bit slot.
        unsafe { write_masked::<u32, true>(warp, op.d, mask, [mask; LANES]) }
    }
}

/// `match.any.sync.type d, a, members` and `match.all.sync.type d{|p}, a, members`
pub(super) fn matching(opcode: Opcode<'_>, operand_count: usize) -> Option<Form> {
    let words: Vec<&str> = opcode.modifiers().collect();
    let [mode, "sync", r#type] = words[..] else { return None };
    let (fns, of, destinations) = match (mode, r#type, operand_count) {
        ("any", "b32", 3) => (masked_only_cold::<Match<u32, false, false>>(), Width::B32, 1),
        ("any", "b64", 3) => (masked_only_cold::<Match<u64, false, false>>(), Width::B64, 1),
        ("all", "b32", 3) => (masked_only_cold::<Match<u32, true, false>>(), Width::B32, 1),
        ("all", "b64", 3) => (masked_only_cold::<Match<u64, true, false>>(), Width::B64, 1),
        ("all", "b32", 4) => (masked_only_cold::<Match<u32, true, true>>(), Width::B32, 2),
        ("all", "b64", 4) => (masked_only_cold::<Match<u64, true, true>>(), Width::B64, 2),
        _ => return None,
    };
    let widths = match destinations {
        1 => vec![Width::B32, of, Width::B32],
        _ => vec![Width::B32, Width::Pred, of, Width::B32],
    };
    Some(Form::new(fns, &widths).destinations(destinations).collective(Some(operand_count - 1)))
}

/// The members with an equal value; for `ALL` every member if all values are equal, else none.
struct Match<T, const ALL: bool, const PREDICATE: bool>(PhantomData<T>);

impl<T: Value + PartialEq, const ALL: bool, const PREDICATE: bool> Body for Match<T, ALL, PREDICATE> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        // SAFETY: as the caller: the first source is a slot of T's width.
        let values = unsafe { read::<T>(warp, if PREDICATE { op.b } else { op.a }) };
        // SAFETY: as the caller: the member mask's slot comes last.
        let members = unsafe { members_of(warp, if PREDICATE { op.c } else { op.b }, mask) };
        let equal_to = |value: T| {
            let members = (0..LANES).filter(|lane| members >> lane & 1 != 0);
            members.fold(0, |equal, lane| equal | u32::from(values[lane] == value) << lane)
        };
        let mut result = [0; LANES];
        if ALL {
            let is_equal = members != 0 && equal_to(values[members.trailing_zeros() as usize]) == members;
            result = [if is_equal { members } else { 0 }; LANES];
            if PREDICATE {
                // SAFETY: as the caller: the second destination is a predicate slot.
                unsafe { write_predicate(warp, op.a, mask, if is_equal { u32::MAX } else { 0 }) }
            }
        } else {
            for lane in (0..LANES).filter(|lane| mask >> lane & 1 != 0) {
                result[lane] = equal_to(values[lane]);
            }
        }
        // SAFETY: as the caller: d is a 32-bit slot.
        unsafe { write_masked::<u32, true>(warp, op.d, mask, result) }
    }
}

/// `redux.sync.op.type d, a, members`
pub(super) fn redux(opcode: Opcode<'_>) -> Option<Form> {
    let words: Vec<&str> = opcode.modifiers().collect();
    let ["sync", operation, r#type] = words[..] else { return None };
    Some(match (operation, r#type) {
        ("add", "u32" | "s32") => reduce(|a: u32, b: u32| a.wrapping_add(b)),
        ("min", "u32") => reduce(|a: u32, b: u32| a.min(b)),
        ("max", "u32") => reduce(|a: u32, b: u32| a.max(b)),
        ("min", "s32") => reduce(|a: i32, b: i32| a.min(b)),
        ("max", "s32") => reduce(|a: i32, b: i32| a.max(b)),
        ("and", "b32") => reduce(|a: u32, b: u32| a & b),
        ("or", "b32") => reduce(|a: u32, b: u32| a | b),
        ("xor", "b32") => reduce(|a: u32, b: u32| a ^ b),
        _ => return None,
    })
}

fn reduce<T: Value, F: Fn(T, T) -> T + Copy>(_f: F) -> Form {
    Form::new(masked_only_cold::<Reduce<T, F>>(), &[Width::B32; 3]).collective(Some(2))
}

struct Reduce<T, F>(PhantomData<(T, F)>);

impl<T: Value, F: Fn(T, T) -> T + Copy> Body for Reduce<T, F> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        // SAFETY: as the caller: a is a 32-bit slot.
        let values = unsafe { read::<T>(warp, op.a) };
        // SAFETY: as the caller: b is the member mask's slot.
        let members = unsafe { members_of(warp, op.b, mask) };
        let summands = (0..LANES).filter(|lane| members >> lane & 1 != 0).map(|lane| values[lane]);
        if let Some(total) = summands.reduce(stateless::<F>()) {
            // SAFETY: as the caller: d is a 32-bit slot.
            unsafe { write_masked::<T, true>(warp, op.d, mask, [total; LANES]) }
        }
    }
}
