//! `wmma.load` and `wmma.store`: a whole matrix between memory and the warp's fragments.
//!
//! `a` address (the same in all lanes), `imm` offset, `c` flags and space, `b` slot of the stride in elements; `ext`
//! list: rows, columns, units per lane, bytes per unit, elements per unit, 1 if memory is column by column, then the registers.

use super::super::alu::wmma_layout::Fragment;
use super::super::fault::FaultKind;
use super::super::op::{Op, OpFn, OpFns};
use super::super::race;
use super::super::warp::Warp;
use super::space::{AccessKind, NARROW, SPACE_SHIFT, Space};

/// The head of an op's operand list, before the registers.
pub(crate) fn describe(fragment: &Fragment, is_column_major: bool) -> [u32; HEAD] {
    let Fragment { rows, columns, unit_bytes, per_unit, .. } = *fragment;
    [rows, columns, fragment.units(), unit_bytes, per_unit, u32::from(is_column_major)]
}

const HEAD: usize = 6;

unsafe fn transfer<const STORE: bool>(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: the op's operand list begins with six numbers.
    let [rows, columns, per_lane, len_bytes, per_unit, by_column] =
        std::array::from_fn(|k| unsafe { op.operand(warp, k) });
    let first = mask.trailing_zeros() as usize;
    // SAFETY: `a` is a register of the width that the flag tells.
    let base = unsafe {
        if op.c & NARROW != 0 { u64::from(warp.lanes::<u32>(op.a)[first]) } else { warp.lanes::<u64>(op.a)[first] }
    };
    // SAFETY: `b` is a 32-bit register.
    let stride = u64::from(unsafe { warp.lanes::<u32>(op.b) }[first]);
    let is_shared = op.c >> SPACE_SHIFT == Space::Shared as u32;
    let mut start = base.wrapping_add_signed(op.imm);
    if is_shared {
        start = warp.view.shared.start.wrapping_add(start & 0xffff_ffff);
    }
    let len = u64::from(len_bytes);
    let line_stride = stride * len / u64::from(per_unit);
    // Between units there is no line.
    let is_torn = stride % u64::from(per_unit) != 0;
    let kind = if STORE { AccessKind::Write } else { AccessKind::Read };
    let (outer, inner) = if by_column != 0 { (columns, rows) } else { (rows, columns) };
    for line in 0..u64::from(outer) {
        let low = start.wrapping_add(line.wrapping_mul(line_stride));
        let line_bytes = u64::from(inner) * len;
        let is_valid = if is_shared {
            warp.view.shared.covers(low, low, line_bytes)
        } else {
            warp.view.covers(low, low, line_bytes, kind)
        };
        if !is_valid || low % len != 0 || is_torn {
            let fault = if is_valid { FaultKind::MisalignedAddress } else { FaultKind::IllegalAddress };
            let text = format!("access to a matrix line of {line_bytes} bytes at {low:#x}");
            op.raise(warp, fault, mask.trailing_zeros(), text);
            return;
        }
        race::note(warp, op, kind, low, line_bytes);
    }
    for lane in 0..32 {
        if mask >> lane & 1 == 0 {
            continue;
        }
        for index in 0..per_lane {
            // The order of elements that `wmma_layout` describes.
            let element = (lane * per_lane + index) % (rows * columns);
            let (row, column) = (element / columns, element % columns);
            let (line, along) = if by_column != 0 { (column, row) } else { (row, column) };
            let offset = u64::from(line) * line_stride + u64::from(along) * len;
            let place = (start + offset) as *mut u8;
            let per_register = if len_bytes == 8 { 1 } else { 4 / len_bytes };
            // SAFETY: the list has a register for each `per_register` elements.
            let register = unsafe { op.operand(warp, HEAD + (index / per_register) as usize) };
            let register_bytes = len_bytes * per_register;
            let within = register_bytes * lane + len_bytes * (index % per_register);
            // SAFETY: the lane's part of a register in the warp's register block.
            let held = unsafe { warp.place::<u8>(register).add(within as usize) };
            let (from, to) = if STORE { (held, place) } else { (place, held) };
            // SAFETY: the matrix's lines were admitted; memory and registers are apart.
            unsafe { std::ptr::copy_nonoverlapping(from, to, len_bytes as usize) };
        }
    }
}

/// `wmma.load` or `wmma.store`.
pub(crate) fn select(is_store: bool) -> OpFns {
    let function: OpFn = if is_store { transfer::<true> } else { transfer::<false> };
    OpFns { full: function, masked: function }
}
