//! Stores: one value or a short vector per lane.
//!
//! `b` value (vectors: the operand list), `a` address, `imm` offset, `c` flags. Lanes that write the same place write
//! in order of their numbers.

use super::super::op::{Isa, Op, OpFns};
use super::super::warp::Warp;
use super::address::{Target, resolve};
use super::space::{AccessKind, Space};

/// A register's lane that narrows to a memory element.
pub(crate) trait Narrow<T>: Copy {
    fn narrow(self) -> T;
}

macro_rules! narrow {
    ($($from:ty => $to:ty;)*) => {$(
        impl Narrow<$to> for $from {
            #[inline(always)]
            #[allow(clippy::cast_possible_truncation, reason = "a store takes the register's low bits")]
            fn narrow(self) -> $to {
                self as $to
            }
        }
    )*};
}

narrow! { u16 => u8; u32 => u8; u16 => u16; u32 => u16; u32 => u32; u64 => u32; u64 => u64; }

#[inline(always)]
unsafe fn store_body<T: Copy, R: Narrow<T>, const SPACE: u8, const FULL: bool, const AVX512: bool>(
    warp: &mut Warp,
    op: &Op,
    mask: u32,
) {
    let mask = if FULL { !0 } else { mask };
    // SAFETY: an op's address operand is as its lowering made it.
    let target = unsafe {
        match size_of::<T>() {
            1 => resolve::<SPACE, 1, AVX512>(warp, op, mask, AccessKind::Write),
            2 => resolve::<SPACE, 2, AVX512>(warp, op, mask, AccessKind::Write),
            4 => resolve::<SPACE, 4, AVX512>(warp, op, mask, AccessKind::Write),
            _ => resolve::<SPACE, 8, AVX512>(warp, op, mask, AccessKind::Write),
        }
    };
    let Some(target) = target else { return };
    // SAFETY: `b` is a register of R's width.
    let from = unsafe { warp.lanes::<R>(op.b) };
    match target {
        Target::Contiguous(first) => {
            // SAFETY: 32 elements from `first` were admitted.
            let to = unsafe { &mut *first.cast::<[T; 32]>() };
            for lane in 0..32 {
                to[lane] = from[lane].narrow();
            }
        }
        Target::Uniform(place) => {
            // SAFETY: the element was admitted.
            unsafe { place.cast::<T>().write_volatile(from[31].narrow()) };
        }
        Target::Scattered(address) => {
            let mut rest = mask;
            while rest != 0 {
                let lane = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                // SAFETY: the lane is active, so its address was admitted.
                unsafe { (address[lane] as *mut T).write(from[lane].narrow()) };
            }
        }
    }
}

unsafe fn store_baseline<T: Copy, R: Narrow<T>, const SPACE: u8, const FULL: bool>(
    warp: &mut Warp,
    op: &Op,
    mask: u32,
) {
    // SAFETY: the caller's op, as OpFn requires.
    unsafe { store_body::<T, R, SPACE, FULL, false>(warp, op, mask) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn store_avx2<T: Copy, R: Narrow<T>, const SPACE: u8, const FULL: bool>(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: the caller's op, as OpFn requires.
    unsafe { store_body::<T, R, SPACE, FULL, false>(warp, op, mask) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn store_avx512<T: Copy, R: Narrow<T>, const SPACE: u8, const FULL: bool>(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: the caller's op, as OpFn requires.
    unsafe { store_body::<T, R, SPACE, FULL, true>(warp, op, mask) }
}

fn on<T: Copy, R: Narrow<T>, const SPACE: u8>(isa: Isa) -> OpFns {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => OpFns { full: store_avx512::<T, R, SPACE, true>, masked: store_avx512::<T, R, SPACE, false> },
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => OpFns { full: store_avx2::<T, R, SPACE, true>, masked: store_avx2::<T, R, SPACE, false> },
        _ => OpFns { full: store_baseline::<T, R, SPACE, true>, masked: store_baseline::<T, R, SPACE, false> },
    }
}

fn in_space<T: Copy, R: Narrow<T>>(space: Space, isa: Isa) -> Option<OpFns> {
    Some(match space {
        Space::Linear | Space::Cluster => on::<T, R, { Space::LINEAR }>(isa),
        Space::Shared => on::<T, R, { Space::SHARED }>(isa),
        Space::Local => on::<T, R, { Space::LOCAL }>(Isa::Baseline),
        Space::Param => return None,
    })
}

/// A store of one element of `len_bytes` from a register lane of `register_bytes`; `None` for combinations that the
/// lowering has to build from a narrower register, and for parameters, which cannot be written.
pub(crate) fn scalar(len_bytes: u32, register_bytes: u32, space: Space, isa: Isa) -> Option<OpFns> {
    match (len_bytes, register_bytes) {
        (1, 2) => in_space::<u8, u16>(space, isa),
        (1, 4) => in_space::<u8, u32>(space, isa),
        (2, 2) => in_space::<u16, u16>(space, isa),
        (2, 4) => in_space::<u16, u32>(space, isa),
        (4, 4) => in_space::<u32, u32>(space, isa),
        (4, 8) => in_space::<u32, u64>(space, isa),
        (8, 8) => in_space::<u64, u64>(space, isa),
        _ => None,
    }
}

/// Writes a vector in one access when it has 8 or 16 bytes.
///
/// # Safety
/// `place` is writable and aligned to the vector's size.
#[inline(always)]
unsafe fn write_once<T: Copy, const N: usize>(place: *mut u8, value: [T; N]) {
    #[cfg(target_arch = "x86_64")]
    if size_of::<[T; N]>() == 16 {
        use std::arch::x86_64::{__m128i, _mm_store_si128};
        // SAFETY: same size, and any bits are a value.
        let bits: __m128i = unsafe { std::mem::transmute_copy(&value) };
        // SAFETY: 16 writable bytes, aligned to 16.
        unsafe { _mm_store_si128(place.cast(), bits) };
        return;
    }
    if size_of::<[T; N]>() == 8 {
        // SAFETY: same size, and any bits are a value.
        let bits: u64 = unsafe { std::mem::transmute_copy(&value) };
        // SAFETY: 8 writable bytes, aligned to 8.
        unsafe { place.cast::<u64>().write_volatile(bits) };
        return;
    }
    // SAFETY: writable and aligned.
    unsafe { place.cast::<[T; N]>().write(value) };
}

unsafe fn vector_value<T: Copy, R: Narrow<T>, const N: usize, const LEN: usize, const SPACE: u8>(
    warp: &mut Warp,
    op: &Op,
    mask: u32,
) {
    // SAFETY: an op's address operand is as its lowering made it.
    let Some(target) = (unsafe { resolve::<SPACE, LEN, false>(warp, op, mask, AccessKind::Write) }) else { return };
    // SAFETY: the op's operand list has N sources, registers of R's width.
    let from: [*const R; N] = std::array::from_fn(|n| unsafe { warp.place::<R>(op.operand(warp, n)).cast_const() });
    // SAFETY: a register holds 32 lanes.
    let value = |lane: usize| -> [T; N] { std::array::from_fn(|n| unsafe { *from[n].add(lane) }.narrow()) };
    match target {
        Target::Contiguous(first) => {
            for lane in 0..32 {
                // SAFETY: 32 vectors from `first` were admitted.
                unsafe { write_once(first.add(lane * LEN), value(lane)) };
            }
        }
        Target::Uniform(place) => {
            // SAFETY: the vector was admitted.
            unsafe { write_once(place, value(31)) };
        }
        Target::Scattered(address) => {
            let mut rest = mask;
            while rest != 0 {
                let lane = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                // SAFETY: the lane is active, so its address was admitted.
                unsafe { write_once(address[lane] as *mut u8, value(lane)) };
            }
        }
    }
}

fn vector_in<T: Copy, R: Narrow<T>, const N: usize, const LEN: usize>(space: Space) -> Option<OpFns> {
    let both = |function| Some(OpFns { full: function, masked: function });
    match space {
        Space::Linear | Space::Cluster => both(vector_value::<T, R, N, LEN, { Space::LINEAR }>),
        Space::Shared => both(vector_value::<T, R, N, LEN, { Space::SHARED }>),
        Space::Local => both(vector_value::<T, R, N, LEN, { Space::LOCAL }>),
        Space::Param => None,
    }
}

/// A store of `count` elements from registers of the elements' width (8-bit ones: 16).
pub(crate) fn vector(len_bytes: u32, count: usize, space: Space) -> Option<OpFns> {
    match (len_bytes, count) {
        (1, 2) => vector_in::<u8, u16, 2, 2>(space),
        (1, 4) => vector_in::<u8, u16, 4, 4>(space),
        (2, 2) => vector_in::<u16, u16, 2, 4>(space),
        (2, 4) => vector_in::<u16, u16, 4, 8>(space),
        (4, 2) => vector_in::<u32, u32, 2, 8>(space),
        (4, 4) => vector_in::<u32, u32, 4, 16>(space),
        (8, 2) => vector_in::<u64, u64, 2, 16>(space),
        _ => None,
    }
}
