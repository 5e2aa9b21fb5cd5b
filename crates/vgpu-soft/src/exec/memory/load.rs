//! Loads: one value or a short vector per lane.
//!
//! `d` destination (vectors: the operand list), `a` address, `imm` offset, `c` flags. Parameters at a fixed offset have
//! their own op: `imm` is the offset, and the lowering has checked it.

use super::super::op::{Isa, Op, OpFns};
use super::super::warp::Warp;
use super::address::{Target, resolve};
use super::space::{AccessKind, Space};

/// A memory element that widens to a register's lane.
pub(crate) trait Widen<R>: Copy {
    fn widen(self) -> R;
}

macro_rules! widen {
    ($($from:ty, $via:ty, $to:ty;)*) => {$(
        impl Widen<$to> for $from {
            #[inline(always)]
            #[allow(clippy::cast_lossless, clippy::cast_sign_loss, reason = "sign extension to the register's bits is meant")]
            fn widen(self) -> $to {
                self as $via as $to
            }
        }
    )*};
}

widen! {
    u8, u16, u16; i8, i16, u16; u8, u32, u32; i8, i32, u32;
    u16, u16, u16; u16, u32, u32; i16, i32, u32;
    u32, u32, u32; u32, u64, u64; i32, i64, u64;
    u64, u64, u64;
}

#[inline(always)]
unsafe fn load_body<T: Widen<R>, R: Copy, const SPACE: u8, const FULL: bool, const AVX512: bool>(
    warp: &mut Warp,
    op: &Op,
    mask: u32,
) {
    let mask = if FULL { !0 } else { mask };
    // SAFETY: an op's address operand is as its lowering made it.
    let target = unsafe {
        match size_of::<T>() {
            1 => resolve::<SPACE, 1, AVX512>(warp, op, mask, AccessKind::Read),
            2 => resolve::<SPACE, 2, AVX512>(warp, op, mask, AccessKind::Read),
            4 => resolve::<SPACE, 4, AVX512>(warp, op, mask, AccessKind::Read),
            _ => resolve::<SPACE, 8, AVX512>(warp, op, mask, AccessKind::Read),
        }
    };
    let Some(target) = target else { return };
    // SAFETY: `d` is a register of R's width.
    let to = unsafe { &mut *warp.place::<[R; 32]>(op.d) };
    match target {
        Target::Contiguous(first) => {
            // SAFETY: 32 elements from `first` were admitted.
            let from = unsafe { &*first.cast::<[T; 32]>() };
            for lane in 0..32 {
                to[lane] = from[lane].widen();
            }
        }
        Target::Uniform(place) => {
            // SAFETY: the element was admitted.
            let value = unsafe { place.cast::<T>().read_volatile() }.widen();
            *to = [value; 32];
        }
        Target::Scattered(address) => {
            #[cfg(target_arch = "x86_64")]
            if AVX512 && size_of::<T>() == 4 && size_of::<R>() == 4 {
                // SAFETY: AVX512 is set for CPUs with AVX-512; active lanes' addresses were admitted.
                unsafe { gather::gather_4(&address, mask, std::ptr::from_mut(to).cast()) };
                return;
            }
            #[cfg(target_arch = "x86_64")]
            if AVX512 && size_of::<T>() == 8 {
                // SAFETY: as above.
                unsafe { gather::gather_8(&address, mask, std::ptr::from_mut(to).cast()) };
                return;
            }
            if FULL {
                for lane in 0..32 {
                    // SAFETY: the lane's address was admitted.
                    to[lane] = unsafe { (address[lane] as *const T).read() }.widen();
                }
            } else {
                let mut rest = mask;
                while rest != 0 {
                    let lane = rest.trailing_zeros() as usize;
                    rest &= rest - 1;
                    // SAFETY: the lane is active, so its address was admitted.
                    to[lane] = unsafe { (address[lane] as *const T).read() }.widen();
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod gather {
    use std::arch::x86_64::*;

    /// # Safety
    /// AVX-512 F and VL; the addresses of the lanes in `mask` are readable; `to` has room for 32 values.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    pub(super) unsafe fn gather_4(address: &[u64; 32], mask: u32, to: *mut i32) {
        for part in 0..4 {
            #[expect(clippy::cast_possible_truncation, reason = "eight lanes' bits are meant")]
            let lanes = (mask >> (8 * part)) as u8;
            // SAFETY: eight addresses of 32.
            let index = unsafe { _mm512_loadu_si512(address.as_ptr().add(8 * part).cast()) };
            // SAFETY: active lanes' addresses are readable.
            let values =
                unsafe { _mm512_mask_i64gather_epi32::<1>(_mm256_setzero_si256(), lanes, index, std::ptr::null()) };
            // SAFETY: eight values of 32.
            unsafe { _mm256_mask_storeu_epi32(to.add(8 * part), lanes, values) };
        }
    }

    /// # Safety
    /// As for [`gather_4`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    pub(super) unsafe fn gather_8(address: &[u64; 32], mask: u32, to: *mut i64) {
        for part in 0..4 {
            #[expect(clippy::cast_possible_truncation, reason = "eight lanes' bits are meant")]
            let lanes = (mask >> (8 * part)) as u8;
            // SAFETY: eight addresses of 32.
            let index = unsafe { _mm512_loadu_si512(address.as_ptr().add(8 * part).cast()) };
            // SAFETY: active lanes' addresses are readable.
            let values =
                unsafe { _mm512_mask_i64gather_epi64::<1>(_mm512_setzero_si512(), lanes, index, std::ptr::null()) };
            // SAFETY: eight values of 32.
            unsafe { _mm512_mask_storeu_epi64(to.add(8 * part), lanes, values) };
        }
    }
}

unsafe fn load_baseline<T: Widen<R>, R: Copy, const SPACE: u8, const FULL: bool>(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: the caller's op, as OpFn requires.
    unsafe { load_body::<T, R, SPACE, FULL, false>(warp, op, mask) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn load_avx2<T: Widen<R>, R: Copy, const SPACE: u8, const FULL: bool>(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: the caller's op, as OpFn requires.
    unsafe { load_body::<T, R, SPACE, FULL, false>(warp, op, mask) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn load_avx512<T: Widen<R>, R: Copy, const SPACE: u8, const FULL: bool>(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: the caller's op, as OpFn requires.
    unsafe { load_body::<T, R, SPACE, FULL, true>(warp, op, mask) }
}

fn on<T: Widen<R>, R: Copy, const SPACE: u8>(isa: Isa) -> OpFns {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => OpFns { full: load_avx512::<T, R, SPACE, true>, masked: load_avx512::<T, R, SPACE, false> },
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => OpFns { full: load_avx2::<T, R, SPACE, true>, masked: load_avx2::<T, R, SPACE, false> },
        _ => OpFns { full: load_baseline::<T, R, SPACE, true>, masked: load_baseline::<T, R, SPACE, false> },
    }
}

fn in_space<T: Widen<R>, R: Copy>(space: Space, isa: Isa) -> OpFns {
    match space {
        Space::Linear | Space::Cluster => on::<T, R, { Space::LINEAR }>(isa),
        Space::Shared => on::<T, R, { Space::SHARED }>(isa),
        // Rare enough not to be compiled for every instruction set.
        Space::Local => on::<T, R, { Space::LOCAL }>(Isa::Baseline),
        Space::Param => on::<T, R, { Space::PARAM }>(Isa::Baseline),
    }
}

/// A load of one element of `len_bytes` into a register lane of `register_bytes`; `None` for combinations that the
/// lowering has to build from a narrower register.
pub(crate) fn scalar(len_bytes: u32, is_signed: bool, register_bytes: u32, space: Space, isa: Isa) -> Option<OpFns> {
    Some(match (len_bytes, is_signed, register_bytes) {
        (1, false, 2) => in_space::<u8, u16>(space, isa),
        (1, true, 2) => in_space::<i8, u16>(space, isa),
        (1, false, 4) => in_space::<u8, u32>(space, isa),
        (1, true, 4) => in_space::<i8, u32>(space, isa),
        (2, _, 2) => in_space::<u16, u16>(space, isa),
        (2, false, 4) => in_space::<u16, u32>(space, isa),
        (2, true, 4) => in_space::<i16, u32>(space, isa),
        (4, _, 4) => in_space::<u32, u32>(space, isa),
        (4, false, 8) => in_space::<u32, u64>(space, isa),
        (4, true, 8) => in_space::<i32, u64>(space, isa),
        (8, _, 8) => in_space::<u64, u64>(space, isa),
        _ => return None,
    })
}

/// Reads a vector in one access when it has 8 or 16 bytes: programs keep a value and its flag together that way.
///
/// # Safety
/// `place` is readable and aligned to the vector's size.
#[inline(always)]
unsafe fn read_once<T: Copy, const N: usize>(place: *const u8) -> [T; N] {
    #[cfg(target_arch = "x86_64")]
    if size_of::<[T; N]>() == 16 {
        use std::arch::x86_64::{__m128i, _mm_load_si128};
        // SAFETY: 16 readable bytes, aligned to 16.
        let bits: __m128i = unsafe { _mm_load_si128(place.cast()) };
        // SAFETY: same size, and any bits are a value of an integer array.
        return unsafe { std::mem::transmute_copy(&bits) };
    }
    if size_of::<[T; N]>() == 8 {
        // SAFETY: 8 readable bytes, aligned to 8.
        let bits = unsafe { place.cast::<u64>().read_volatile() };
        // SAFETY: same size, and any bits are a value of an integer array.
        return unsafe { std::mem::transmute_copy(&bits) };
    }
    // SAFETY: readable and aligned.
    unsafe { place.cast::<[T; N]>().read() }
}

#[inline(always)]
unsafe fn vector_body<T: Widen<R>, R: Copy, const N: usize, const LEN: usize, const SPACE: u8, const AVX512: bool>(
    warp: &mut Warp,
    op: &Op,
    mask: u32,
) {
    // SAFETY: an op's address operand is as its lowering made it.
    let Some(target) = (unsafe { resolve::<SPACE, LEN, AVX512>(warp, op, mask, AccessKind::Read) }) else { return };
    // SAFETY: the op's operand list has N destinations, registers of R's width.
    let to: [*mut R; N] = std::array::from_fn(|n| unsafe { warp.place(op.operand(warp, n)) });
    let put = |lane: usize, value: [T; N]| {
        for n in 0..N {
            // SAFETY: a register holds 32 lanes.
            unsafe { *to[n].add(lane) = value[n].widen() };
        }
    };
    match target {
        Target::Contiguous(first) => {
            for lane in 0..32 {
                // SAFETY: 32 vectors from `first` were admitted.
                put(lane, unsafe { read_once::<T, N>(first.add(lane * LEN)) });
            }
        }
        Target::Uniform(place) => {
            // SAFETY: the vector was admitted.
            let value = unsafe { read_once::<T, N>(place) };
            for n in 0..N {
                // SAFETY: a register holds 32 lanes.
                unsafe { *to[n].cast::<[R; 32]>() = [value[n].widen(); 32] };
            }
        }
        Target::Scattered(address) => {
            let mut rest = mask;
            while rest != 0 {
                let lane = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                // SAFETY: the lane is active, so its address was admitted.
                put(lane, unsafe { read_once::<T, N>(address[lane] as *const u8) });
            }
        }
    }
}

unsafe fn vector_baseline<T: Widen<R>, R: Copy, const N: usize, const LEN: usize, const SPACE: u8>(
    warp: &mut Warp,
    op: &Op,
    mask: u32,
) {
    // SAFETY: the caller's op, as OpFn requires.
    unsafe { vector_body::<T, R, N, LEN, SPACE, false>(warp, op, mask) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn vector_avx2<T: Widen<R>, R: Copy, const N: usize, const LEN: usize, const SPACE: u8>(
    warp: &mut Warp,
    op: &Op,
    mask: u32,
) {
    // SAFETY: the caller's op, as OpFn requires.
    unsafe { vector_body::<T, R, N, LEN, SPACE, false>(warp, op, mask) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn vector_avx512<T: Widen<R>, R: Copy, const N: usize, const LEN: usize, const SPACE: u8>(
    warp: &mut Warp,
    op: &Op,
    mask: u32,
) {
    // SAFETY: the caller's op, as OpFn requires.
    unsafe { vector_body::<T, R, N, LEN, SPACE, true>(warp, op, mask) }
}

fn vector_on<T: Widen<R>, R: Copy, const N: usize, const LEN: usize, const SPACE: u8>(isa: Isa) -> OpFns {
    let both = |function| OpFns { full: function, masked: function };
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => both(vector_avx512::<T, R, N, LEN, SPACE>),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => both(vector_avx2::<T, R, N, LEN, SPACE>),
        _ => both(vector_baseline::<T, R, N, LEN, SPACE>),
    }
}

fn vector_in<T: Widen<R>, R: Copy, const N: usize, const LEN: usize>(space: Space, isa: Isa) -> OpFns {
    match space {
        Space::Linear | Space::Cluster => vector_on::<T, R, N, LEN, { Space::LINEAR }>(isa),
        Space::Shared => vector_on::<T, R, N, LEN, { Space::SHARED }>(isa),
        Space::Local => vector_on::<T, R, N, LEN, { Space::LOCAL }>(Isa::Baseline),
        Space::Param => vector_on::<T, R, N, LEN, { Space::PARAM }>(Isa::Baseline),
    }
}

/// A load of `count` elements into registers of the elements' width (8-bit ones: 16).
pub(crate) fn vector(len_bytes: u32, is_signed: bool, count: usize, space: Space, isa: Isa) -> Option<OpFns> {
    Some(match (len_bytes, is_signed, count) {
        (1, false, 2) => vector_in::<u8, u16, 2, 2>(space, isa),
        (1, false, 4) => vector_in::<u8, u16, 4, 4>(space, isa),
        (1, true, 2) => vector_in::<i8, u16, 2, 2>(space, isa),
        (1, true, 4) => vector_in::<i8, u16, 4, 4>(space, isa),
        (2, _, 2) => vector_in::<u16, u16, 2, 4>(space, isa),
        (2, _, 4) => vector_in::<u16, u16, 4, 8>(space, isa),
        (4, _, 2) => vector_in::<u32, u32, 2, 8>(space, isa),
        (4, _, 4) => vector_in::<u32, u32, 4, 16>(space, isa),
        (8, _, 2) => vector_in::<u64, u64, 2, 16>(space, isa),
        _ => return None,
    })
}

unsafe fn param_value<T: Widen<R>, R: Copy>(warp: &mut Warp, op: &Op, mask: u32) {
    let place = warp.view.params.start.wrapping_add_signed(op.imm) as *const T;
    // SAFETY: the lowering refuses offsets that do not lie within the parameters, and a launch has all of them.
    let value = unsafe { place.read_unaligned() }.widen();
    // SAFETY: `d` is a register of R's width.
    let to = unsafe { &mut *warp.place::<[R; 32]>(op.d) };
    for (lane, to) in to.iter_mut().enumerate() {
        if (mask >> lane) & 1 != 0 {
            *to = value;
        }
    }
}

/// A load from a fixed offset of the parameters.
pub(crate) fn param(len_bytes: u32, is_signed: bool, register_bytes: u32) -> Option<OpFns> {
    let both = |function| OpFns { full: function, masked: function };
    Some(match (len_bytes, is_signed, register_bytes) {
        (1, false, 2) => both(param_value::<u8, u16>),
        (1, true, 2) => both(param_value::<i8, u16>),
        (1, false, 4) => both(param_value::<u8, u32>),
        (1, true, 4) => both(param_value::<i8, u32>),
        (2, _, 2) => both(param_value::<u16, u16>),
        (2, false, 4) => both(param_value::<u16, u32>),
        (2, true, 4) => both(param_value::<i16, u32>),
        (4, _, 4) => both(param_value::<u32, u32>),
        (4, false, 8) => both(param_value::<u32, u64>),
        (4, true, 8) => both(param_value::<i32, u64>),
        (8, _, 8) => both(param_value::<u64, u64>),
        _ => return None,
    })
}
