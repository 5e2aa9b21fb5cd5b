//! The addresses of the lanes of one access, checked: nothing is dereferenced that has not passed here.

use super::super::fault::FaultKind;
use super::super::op::Op;
use super::super::stray::Stray;
use super::super::warp::Warp;
use super::pattern;
use super::space::{AccessKind, NARROW, Space};

/// Where lanes access memory.
#[expect(clippy::large_enum_variant, reason = "lives in registers or on the stack for the length of one op")]
pub(crate) enum Target {
    /// 32 consecutive elements from here on. Only when all lanes are active.
    Contiguous(*mut u8),
    /// All active lanes the same element.
    Uniform(*mut u8),
    /// Each active lane its own; inactive lanes' addresses mean nothing.
    Scattered([u64; 32]),
}

/// The 32-bit values of an address register.
///
/// # Safety
/// `slot` holds the op's address register: 32 bits wide if `narrow`, else 64.
#[inline(always)]
unsafe fn low_halves(warp: &Warp, slot: u32, narrow: bool) -> [u32; 32] {
    if narrow {
        // SAFETY: the caller's slot is a 32-bit register.
        return unsafe { warp.lanes::<u32>(slot) };
    }
    // SAFETY: the caller's slot is a 64-bit register.
    let wide = unsafe { &*warp.place::<[u64; 32]>(slot) };
    #[expect(clippy::cast_possible_truncation, reason = "spaces that count from 0 are addressed modulo 2^32")]
    std::array::from_fn(|lane| wide[lane] as u32)
}

/// Finds and checks the addresses of an access of `LEN` bytes per lane, which must be aligned to `LEN`.
/// `None` after a fault was recorded.
///
/// # Safety
/// The op's address register is 32 bits wide if its flags say so, else 64; the warp's view is that of the block it
/// runs; with `AVX512`, the CPU has it.
#[inline(always)]
pub(crate) unsafe fn resolve<const SPACE: u8, const LEN: usize, const AVX512: bool>(
    warp: &mut Warp,
    op: &Op,
    mask: u32,
    kind: AccessKind,
) -> Option<Target> {
    // SAFETY: the caller vouches for the op's own address operand.
    unsafe { resolve_at::<SPACE, LEN, AVX512>(warp, op, op.a, op.imm, op.c & NARROW != 0, mask, kind) }
}

/// [`resolve`] for an address operand that is not in `op.a`.
///
/// # Safety
/// As for [`resolve`].
#[inline(always)]
unsafe fn resolve_at<const SPACE: u8, const LEN: usize, const AVX512: bool>(
    warp: &mut Warp,
    op: &Op,
    slot: u32,
    imm: i64,
    narrow: bool,
    mask: u32,
    kind: AccessKind,
) -> Option<Target> {
    let len = LEN as u64;
    let mut address = [0u64; 32];
    if SPACE == Space::LINEAR {
        let widened;
        let base = if narrow {
            // SAFETY: the caller's slot is a 32-bit register.
            widened = unsafe { warp.lanes::<u32>(slot) }.map(u64::from);
            &widened
        } else {
            // SAFETY: the caller's slot is a 64-bit register; nothing writes registers before `base` was last used.
            unsafe { &*warp.place::<[u64; 32]>(slot) }
        };
        let add = imm.cast_unsigned();
        if mask == !0 {
            let first = base[0].wrapping_add(add);
            if first & (len - 1) == 0 {
                // SAFETY: the caller vouches for the CPU.
                let pattern = unsafe { pattern::of_u64::<LEN, AVX512>(base) };
                if pattern.is_contiguous && warp.view.covers(first, first, 32 * len, kind) {
                    return Some(Target::Contiguous(first as *mut u8));
                }
                if pattern.is_uniform && warp.view.covers(first, first, len, kind) {
                    return Some(Target::Uniform(first as *mut u8));
                }
            }
        }
        // SAFETY: the caller vouches for the CPU.
        let bounds = unsafe { pattern::sum_u64::<AVX512>(base, add, mask, &mut address) };
        if (bounds.bits & (len - 1) == 0 && warp.view.covers(bounds.low, bounds.high, len, kind))
            || admit_each(warp, op, &mut address, mask, len, kind)
        {
            return Some(Target::Scattered(address));
        }
        return None;
    }

    // SAFETY: the caller's slot is the address register.
    let base = unsafe { low_halves(warp, slot, narrow) };
    #[expect(clippy::cast_possible_truncation, reason = "spaces that count from 0 are addressed modulo 2^32")]
    let add = imm as u32;
    let (range, lane_bytes, space_bytes) = match SPACE {
        Space::SHARED => (warp.view.shared, 0, warp.view.shared.end - warp.view.shared.start),
        Space::LOCAL => (warp.view.local, u64::from(warp.view.local_lane_bytes), u64::from(warp.view.local_lane_bytes)),
        _ => (warp.view.params, 0, warp.view.params.end - warp.view.params.start),
    };
    if SPACE == Space::SHARED && mask == !0 {
        let first = u64::from(base[0].wrapping_add(add));
        if first & (len - 1) == 0 {
            // SAFETY: the caller vouches for the CPU.
            let pattern = unsafe { pattern::of_u32::<LEN, AVX512>(&base) };
            let place = range.start.wrapping_add(first) as *mut u8;
            if pattern.is_contiguous && first + 32 * len <= space_bytes {
                return Some(Target::Contiguous(place));
            }
            if pattern.is_uniform && first + len <= space_bytes {
                return Some(Target::Uniform(place));
            }
        }
    }
    let bounds = pattern::sum_u32(&base, add, mask, range.start, lane_bytes, &mut address);
    if bounds.high + len > space_bytes || bounds.bits & (len - 1) != 0 {
        let offset = base.map(|base| base.wrapping_add(add));
        return admit_offsets(warp, op, SPACE, &offset, &mut address, mask, len, space_bytes, kind)
            .then_some(Target::Scattered(address));
    }
    Some(Target::Scattered(address))
}

/// The addresses of the active lanes, checked, whatever their pattern.
///
/// # Safety
/// As for [`resolve`].
pub(crate) unsafe fn resolve_each<const LEN: usize>(
    warp: &mut Warp,
    op: &Op,
    space: u8,
    mask: u32,
    kind: AccessKind,
) -> Option<[u64; 32]> {
    // SAFETY: the caller vouches for the op's own address operand.
    unsafe { resolve_each_at::<LEN>(warp, op, space, op.a, op.imm, op.c & NARROW != 0, mask, kind) }
}

/// [`resolve_each`] for an address operand that is not in `op.a`.
///
/// # Safety
/// As for [`resolve`].
#[expect(clippy::too_many_arguments, reason = "an address operand has that many parts")]
pub(crate) unsafe fn resolve_each_at<const LEN: usize>(
    warp: &mut Warp,
    op: &Op,
    space: u8,
    slot: u32,
    imm: i64,
    narrow: bool,
    mask: u32,
    kind: AccessKind,
) -> Option<[u64; 32]> {
    // SAFETY: the caller vouches for the address operand.
    let target = unsafe {
        match space {
            Space::SHARED => resolve_at::<{ Space::SHARED }, LEN, false>(warp, op, slot, imm, narrow, mask, kind),
            Space::LOCAL => resolve_at::<{ Space::LOCAL }, LEN, false>(warp, op, slot, imm, narrow, mask, kind),
            Space::PARAM => resolve_at::<{ Space::PARAM }, LEN, false>(warp, op, slot, imm, narrow, mask, kind),
            _ => resolve_at::<{ Space::LINEAR }, LEN, false>(warp, op, slot, imm, narrow, mask, kind),
        }
    }?;
    Some(match target {
        Target::Contiguous(first) => std::array::from_fn(|lane| first as u64 + (lane * LEN) as u64),
        Target::Uniform(place) => [place as u64; 32],
        Target::Scattered(each) => each,
    })
}

/// Looks at every lane on its own. Whether the access goes on: not after a failure, unless memory is checked; lanes that failed then
/// have another address.
#[cold]
#[inline(never)]
fn admit_each(warp: &mut Warp, op: &Op, address: &mut [u64; 32], mask: u32, len: u64, kind: AccessKind) -> bool {
    let verb = kind.verb();
    for (lane, address) in (0u32..).zip(address).filter(|(lane, _)| mask >> lane & 1 != 0) {
        let at = *address;
        let refusal = if at & (len - 1) != 0 {
            let text = format!("{verb} of {len} bytes at {at:#x}, which is not a multiple of {len}");
            (FaultKind::MisalignedAddress, text)
        } else if !warp.view.admits(at, len, kind) {
            let place = warp.view.describe(at, len);
            (FaultKind::IllegalAddress, format!("{verb} of {len} bytes at {at:#x}, which is {place}"))
        } else {
            continue;
        };
        match refuse(warp, op, lane, refusal) {
            Some(elsewhere) => *address = elsewhere,
            None => return false,
        }
    }
    true
}

/// The same for addresses that count from 0.
#[cold]
#[inline(never)]
#[expect(clippy::too_many_arguments, reason = "all of it goes into one message")]
fn admit_offsets(
    warp: &mut Warp,
    op: &Op,
    space: u8,
    offset: &[u32; 32],
    address: &mut [u64; 32],
    mask: u32,
    len: u64,
    space_bytes: u64,
    kind: AccessKind,
) -> bool {
    let name = match space {
        Space::SHARED => "shared memory",
        Space::LOCAL => "local memory",
        _ => "the parameters",
    };
    let verb = kind.verb();
    for (lane, (&offset, address)) in (0u32..).zip(offset.iter().zip(address)).filter(|(lane, _)| mask >> lane & 1 != 0)
    {
        let offset = u64::from(offset);
        let access = format!("{verb} of {len} bytes at offset {offset:#x} of {name}");
        let refusal = if offset + len > space_bytes {
            (FaultKind::IllegalAddress, format!("{access}, which has {space_bytes} bytes"))
        } else if offset & (len - 1) != 0 {
            (FaultKind::MisalignedAddress, format!("{access}, which is not a multiple of {len}"))
        } else {
            continue;
        };
        match refuse(warp, op, lane, refusal) {
            Some(elsewhere) => *address = elsewhere,
            None => return false,
        }
    }
    true
}

/// Refuses a lane's access: the warp fails, or, where memory is checked, the lane goes elsewhere.
fn refuse(warp: &mut Warp, op: &Op, lane: u32, (kind, text): (FaultKind, String)) -> Option<u64> {
    // SAFETY: null, or what takes in lanes of the block that the warp runs, which nobody else touches meanwhile.
    if let Some(refuge) = unsafe { warp.refuge.as_mut() } {
        let stray = Stray { kind, op: std::ptr::from_ref(op).addr(), warp: warp.index, lane, text };
        return Some(refuge.take_in(stray));
    }
    op.raise(warp, kind, lane, text);
    None
}
