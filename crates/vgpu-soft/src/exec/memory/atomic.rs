//! Atomics on generic, global and shared memory: always the host's atomics, for blocks run at the same time.
//!
//! `a` address, `imm` offset, `c` flags and space; `ext` list: destination (or [`NO_DESTINATION`]), first operand, and
//! for `cas` the second.

use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};

use super::super::op::{Op, OpFn, OpFns};
use super::super::warp::Warp;
use super::address::resolve_each;
use super::space::{AccessKind, SPACE_SHIFT};

/// In the place of a destination: a `red`, whose old value nobody wants.
pub(crate) const NO_DESTINATION: u32 = u32::MAX;
/// An integer that the host can exchange atomically.
pub(super) trait Cell: Copy + Eq {
    /// Replaces the value at `place` by `next(value)`; returns the old one.
    ///
    /// # Safety
    /// `place` is valid for writes and aligned.
    unsafe fn update(place: *mut Self, next: impl Fn(Self) -> Self) -> Self;
}

macro_rules! cell {
    ($($int:ty, $atomic:ty;)*) => {$(
        impl Cell for $int {
            #[inline(always)]
            unsafe fn update(place: *mut Self, next: impl Fn(Self) -> Self) -> Self {
                // SAFETY: the caller's place is valid and aligned.
                let cell = unsafe { <$atomic>::from_ptr(place) };
                let mut old = cell.load(Ordering::Relaxed);
                loop {
                    match cell.compare_exchange_weak(old, next(old), Ordering::SeqCst, Ordering::Relaxed) {
                        Ok(_) => return old,
                        Err(now) => old = now,
                    }
                }
            }
        }
    )*};
}

cell! { u16, AtomicU16; u32, AtomicU32; u64, AtomicU64; }

/// What an atomic does with the old value and its operands.
pub(super) trait Rule<T> {
    fn next(old: T, a: T, b: T) -> T;
}

pub(super) unsafe fn run<T: Cell, O: Rule<T>, const LEN: usize>(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: as the caller.
    unsafe { update_each::<T, LEN>(warp, op, mask, |_, old, a, b| O::next(old, a, b)) }
}

/// `add.f32`: denormals are kept in shared memory, and flushed elsewhere. Runs with the CPU keeping them, if the space is
/// known only now.
unsafe fn add_f32(warp: &mut Warp, op: &Op, mask: u32) {
    let (shared, cluster) = (warp.view.shared, warp.view.cluster);
    let next = |address: u64, old: u32, a: u32, _| {
        let keeps = shared.covers(address, address, 4) || cluster.has(address);
        let [old, a] = [old, a].map(|bits| if keeps { f32::from_bits(bits) } else { flush(f32::from_bits(bits)) });
        let sum = add_single(old, a);
        (if keeps { sum } else { flush(sum) }).to_bits()
    };
    // SAFETY: as the caller.
    unsafe { update_each::<u32, 4>(warp, op, mask, next) }
}

/// Replaces each lane's cell by `next(address, value, a, b)`.
///
/// # Safety
/// As for an [`OpFn`]; `LEN` is T's size.
unsafe fn update_each<T: Cell, const LEN: usize>(
    warp: &mut Warp,
    op: &Op,
    mask: u32,
    next: impl Fn(u64, T, T, T) -> T,
) {
    #[expect(clippy::cast_possible_truncation, reason = "a space is a byte")]
    let space = (op.c >> SPACE_SHIFT) as u8;
    // SAFETY: an op's address operand is as its lowering made it.
    let Some(address) = (unsafe { resolve_each::<LEN>(warp, op, space, mask, AccessKind::Atomic) }) else { return };
    // SAFETY: the op's operand list has three slots.
    let [to, a, b] = std::array::from_fn(|k| unsafe { op.operand(warp, k) });
    // SAFETY: the operand is a register of T's width.
    let a = unsafe { warp.lanes::<T>(a) };
    // SAFETY: as above; an atomic of one operand names it twice.
    let b = unsafe { warp.lanes::<T>(b) };
    let mut rest = mask;
    while rest != 0 {
        let lane = rest.trailing_zeros() as usize;
        rest &= rest - 1;
        let place = address[lane];
        // SAFETY: the lane is active, so its address was admitted, aligned to LEN.
        let old = unsafe { T::update(place as *mut T, |old| next(place, old, a[lane], b[lane])) };
        if to != NO_DESTINATION {
            // SAFETY: the destination is a register of T's width.
            unsafe { *warp.place::<T>(to).add(lane) = old };
        }
    }
}

macro_rules! rules {
    ($($name:ident: $ty:ty, |$old:ident, $a:ident, $b:ident| $next:expr;)*) => {$(
        struct $name;
        impl Rule<$ty> for $name {
            #[inline(always)]
            fn next($old: $ty, $a: $ty, $b: $ty) -> $ty {
                let _ = ($a, $b);
                $next
            }
        }
    )*};
}

rules! {
    Add32: u32, |old, a, b| old.wrapping_add(a);
    Add64: u64, |old, a, b| old.wrapping_add(a);
    And32: u32, |old, a, b| old & a;
    And64: u64, |old, a, b| old & a;
    Or32: u32, |old, a, b| old | a;
    Or64: u64, |old, a, b| old | a;
    Xor32: u32, |old, a, b| old ^ a;
    Xor64: u64, |old, a, b| old ^ a;
    Exch32: u32, |old, a, b| { let _ = old; a };
    Exch64: u64, |old, a, b| { let _ = old; a };
    Cas16: u16, |old, a, b| if old == a { b } else { old };
    Cas32: u32, |old, a, b| if old == a { b } else { old };
    Cas64: u64, |old, a, b| if old == a { b } else { old };
    Inc32: u32, |old, a, b| if old >= a { 0 } else { old + 1 };
    Dec32: u32, |old, a, b| if old == 0 || old > a { a } else { old - 1 };
    MinU32: u32, |old, a, b| old.min(a);
    MaxU32: u32, |old, a, b| old.max(a);
    MinU64: u64, |old, a, b| old.min(a);
    MaxU64: u64, |old, a, b| old.max(a);
    MinS32: u32, |old, a, b| old.cast_signed().min(a.cast_signed()).cast_unsigned();
    MaxS32: u32, |old, a, b| old.cast_signed().max(a.cast_signed()).cast_unsigned();
    MinS64: u64, |old, a, b| old.cast_signed().min(a.cast_signed()).cast_unsigned();
    MaxS64: u64, |old, a, b| old.cast_signed().max(a.cast_signed()).cast_unsigned();
    AddF32: u32, |old, a, b| flush(add_single(flush(f32::from_bits(old)), flush(f32::from_bits(a)))).to_bits();
    AddF64: u64, |old, a, b| (f64::from_bits(old) + f64::from_bits(a)).to_bits();
    AddF16: u16, |old, a, b| add_half(old, a);
    AddBf16: u16, |old, a, b| add_bfloat(old, a);
    AddF16x2: u32, |old, a, b| in_halves(old, a, add_half);
    AddBf16x2: u32, |old, a, b| in_halves(old, a, add_bfloat);
    MinF16: u16, |old, a, b| extreme_half(old, a, u16::min);
    MaxF16: u16, |old, a, b| extreme_half(old, a, u16::max);
    MinBf16: u16, |old, a, b| extreme_bfloat(old, a, u16::min);
    MaxBf16: u16, |old, a, b| extreme_bfloat(old, a, u16::max);
    MinF16x2: u32, |old, a, b| in_halves(old, a, |old, a| extreme_half(old, a, u16::min));
    MaxF16x2: u32, |old, a, b| in_halves(old, a, |old, a| extreme_half(old, a, u16::max));
    MinBf16x2: u32, |old, a, b| in_halves(old, a, |old, a| extreme_bfloat(old, a, u16::min));
    MaxBf16x2: u32, |old, a, b| in_halves(old, a, |old, a| extreme_bfloat(old, a, u16::max));
}

/// A NaN is that of `add`, whatever the operands were.
fn add_single(a: f32, b: f32) -> f32 {
    let sum = a + b;
    if sum.is_nan() { f32::from_bits(0x7fff_ffff) } else { sum }
}

/// Zero of the same sign instead of a denormal.
fn flush(value: f32) -> f32 {
    if value.is_subnormal() { 0f32.copysign(value) } else { value }
}

/// As [`add_single`] for f16.
fn add_half(a: u16, b: u16) -> u16 {
    // The sum of two halves is exact in f64, so this rounds once.
    let sum = half::f16::from_bits(a).to_f64() + half::f16::from_bits(b).to_f64();
    if sum.is_nan() { 0x7fff } else { half::f16::from_f64(sum).to_bits() }
}

fn add_bfloat(a: u16, b: u16) -> u16 {
    let sum = half::bf16::from_bits(a).to_f64() + half::bf16::from_bits(b).to_f64();
    if sum.is_nan() { 0x7fff } else { half::bf16::from_f64(sum).to_bits() }
}

/// `min` or `max` of f16: a number is chosen before a NaN, and of two NaNs none.
fn extreme_half(a: u16, b: u16, choose: fn(u16, u16) -> u16) -> u16 {
    extreme(a, b, 0x7c00, choose)
}

/// As [`extreme_half`] for bf16.
fn extreme_bfloat(a: u16, b: u16, choose: fn(u16, u16) -> u16) -> u16 {
    extreme(a, b, 0x7f80, choose)
}

/// Of two floats of 16 bits, the one that `choose` chooses by their order as unsigned integers.
fn extreme(a: u16, b: u16, infinity: u16, choose: fn(u16, u16) -> u16) -> u16 {
    const SIGN: u16 = 0x8000;
    let is_nan = |bits: u16| bits & !SIGN > infinity;
    // Negative ones the other way round and below the others, -0 below 0; and back.
    let rank = |bits: u16| if bits & SIGN != 0 { !bits } else { bits | SIGN };
    let value = |rank: u16| if rank & SIGN != 0 { rank & !SIGN } else { !rank };
    match (is_nan(a), is_nan(b)) {
        (true, true) => 0x7fff,
        (true, false) => b,
        (false, true) => a,
        (false, false) => value(choose(rank(a), rank(b))),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves are meant")]
fn in_halves(a: u32, b: u32, add: fn(u16, u16) -> u16) -> u32 {
    let low = add(a as u16, b as u16);
    let high = add((a >> 16) as u16, (b >> 16) as u16);
    u32::from(low) | u32::from(high) << 16
}

/// What is made of the rule that an operation and a type name.
pub(super) trait Make {
    type Made;
    /// `LEN` is T's size.
    fn make<T: Cell, O: Rule<T>, const LEN: usize>() -> Self::Made;
}

/// Finds the rule of an operation and a type.
pub(super) fn choose<M: Make>(operation: &str, ty: &str) -> Option<M::Made> {
    Some(match (operation, ty) {
        ("add", "u32" | "s32") => M::make::<_, Add32, 4>(),
        ("add", "u64" | "s64") => M::make::<_, Add64, 8>(),
        ("add", "f32") => M::make::<_, AddF32, 4>(),
        ("add", "f64") => M::make::<_, AddF64, 8>(),
        ("add", "f16") => M::make::<_, AddF16, 2>(),
        ("add", "bf16") => M::make::<_, AddBf16, 2>(),
        ("add", "f16x2") => M::make::<_, AddF16x2, 4>(),
        ("add", "bf16x2") => M::make::<_, AddBf16x2, 4>(),
        ("and", "b32") => M::make::<_, And32, 4>(),
        ("and", "b64") => M::make::<_, And64, 8>(),
        ("or", "b32") => M::make::<_, Or32, 4>(),
        ("or", "b64") => M::make::<_, Or64, 8>(),
        ("xor", "b32") => M::make::<_, Xor32, 4>(),
        ("xor", "b64") => M::make::<_, Xor64, 8>(),
        ("exch", "b32") => M::make::<_, Exch32, 4>(),
        ("exch", "b64") => M::make::<_, Exch64, 8>(),
        ("cas", "b16") => M::make::<_, Cas16, 2>(),
        ("cas", "b32") => M::make::<_, Cas32, 4>(),
        ("cas", "b64") => M::make::<_, Cas64, 8>(),
        ("inc", "u32") => M::make::<_, Inc32, 4>(),
        ("dec", "u32") => M::make::<_, Dec32, 4>(),
        ("min", "u32") => M::make::<_, MinU32, 4>(),
        ("max", "u32") => M::make::<_, MaxU32, 4>(),
        ("min", "s32") => M::make::<_, MinS32, 4>(),
        ("max", "s32") => M::make::<_, MaxS32, 4>(),
        ("min", "u64") => M::make::<_, MinU64, 8>(),
        ("max", "u64") => M::make::<_, MaxU64, 8>(),
        ("min", "s64") => M::make::<_, MinS64, 8>(),
        ("max", "s64") => M::make::<_, MaxS64, 8>(),
        ("min", "f16") => M::make::<_, MinF16, 2>(),
        ("max", "f16") => M::make::<_, MaxF16, 2>(),
        ("min", "bf16") => M::make::<_, MinBf16, 2>(),
        ("max", "bf16") => M::make::<_, MaxBf16, 2>(),
        ("min", "f16x2") => M::make::<_, MinF16x2, 4>(),
        ("max", "f16x2") => M::make::<_, MaxF16x2, 4>(),
        ("min", "bf16x2") => M::make::<_, MinBf16x2, 4>(),
        ("max", "bf16x2") => M::make::<_, MaxBf16x2, 4>(),
        _ => return None,
    })
}

struct Scalars;

impl Make for Scalars {
    type Made = (OpFns, u32);
    fn make<T: Cell, O: Rule<T>, const LEN: usize>() -> (OpFns, u32) {
        let function: OpFn = run::<T, O, LEN>;
        (OpFns { full: function, masked: function }, u32::try_from(LEN).expect("8 at most"))
    }
}

/// The function of `atom`/`red` with this operation and type, and the type's size in bytes.
pub(crate) fn select(operation: &str, ty: &str) -> Option<(OpFns, u32)> {
    match (operation, ty) {
        ("add", "f32") => Some((OpFns { full: add_f32, masked: add_f32 }, 4)),
        // Of vectors only.
        ("min" | "max", "f16" | "bf16" | "f16x2" | "bf16x2") => None,
        _ => choose::<Scalars>(operation, ty),
    }
}
