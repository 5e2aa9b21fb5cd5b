//! `ldmatrix` and `stmatrix`: 8 × 8 tiles of 16-bit elements, a row per address.
//!
//! `a` address, `imm` offset, `c` flags and space; `ext` list: one register per tile. Lanes 8k to 8k + 7 address the
//! rows of tile k; lane l then holds elements 2 (l mod 4) and the next of row l / 4, or of column l / 4 with `.trans`.

use super::super::op::{Op, OpFns};
use super::super::race;
use super::super::warp::Warp;
use super::address::resolve_each;
use super::space::{AccessKind, SPACE_SHIFT};

const ROW_BYTES: usize = 16;

/// Lanes whose addresses count: those of `TILES` tiles.
const fn rows(tiles: usize) -> u32 {
    if tiles >= 4 { !0 } else { (1 << (8 * tiles)) - 1 }
}

unsafe fn load<const TILES: usize, const TRANS: bool>(warp: &mut Warp, op: &Op, mask: u32) {
    #[expect(clippy::cast_possible_truncation, reason = "a space is a byte")]
    let space = (op.c >> SPACE_SHIFT) as u8;
    let addressing = mask & rows(TILES);
    // SAFETY: an op's address operand is as its lowering made it.
    let Some(address) = (unsafe { resolve_each::<ROW_BYTES>(warp, op, space, addressing, AccessKind::Read) }) else {
        return;
    };
    race::note_lanes(warp, op, AccessKind::Read, &address, addressing, ROW_BYTES as u64);
    for tile in 0..TILES {
        let mut row = [[0u16; 8]; 8];
        for (r, row) in row.iter_mut().enumerate() {
            let lane = 8 * tile + r;
            if (addressing >> lane) & 1 != 0 {
                // SAFETY: the lane's row was admitted.
                *row = unsafe { (address[lane] as *const [u16; 8]).read() };
            }
        }
        // SAFETY: the op's operand list has a 32-bit register per tile.
        let to = unsafe { warp.place::<u32>(op.operand(warp, tile)) };
        for lane in 0..32 {
            let (r, c) = (lane / 4, 2 * (lane % 4));
            let (low, high) = if TRANS { (row[c][r], row[c + 1][r]) } else { (row[r][c], row[r][c + 1]) };
            if (mask >> lane) & 1 != 0 {
                // SAFETY: a register holds 32 lanes.
                unsafe { *to.add(lane) = u32::from(low) | u32::from(high) << 16 };
            }
        }
    }
}

unsafe fn store<const TILES: usize, const TRANS: bool>(warp: &mut Warp, op: &Op, mask: u32) {
    #[expect(clippy::cast_possible_truncation, reason = "a space is a byte")]
    let space = (op.c >> SPACE_SHIFT) as u8;
    let addressing = mask & rows(TILES);
    // SAFETY: an op's address operand is as its lowering made it.
    let Some(address) = (unsafe { resolve_each::<ROW_BYTES>(warp, op, space, addressing, AccessKind::Write) }) else {
        return;
    };
    race::note_lanes(warp, op, AccessKind::Write, &address, addressing, ROW_BYTES as u64);
    for tile in 0..TILES {
        // SAFETY: the op's operand list has a 32-bit register per tile.
        let from = unsafe { warp.lanes::<u32>(op.operand(warp, tile)) };
        let mut row = [[0u16; 8]; 8];
        for (lane, &pair) in from.iter().enumerate() {
            let (r, c) = (lane / 4, 2 * (lane % 4));
            #[expect(clippy::cast_possible_truncation, reason = "the two halves are meant")]
            let (low, high) = (pair as u16, (pair >> 16) as u16);
            if TRANS {
                (row[c][r], row[c + 1][r]) = (low, high);
            } else {
                (row[r][c], row[r][c + 1]) = (low, high);
            }
        }
        for (r, row) in row.iter().enumerate() {
            let lane = 8 * tile + r;
            if (addressing >> lane) & 1 != 0 {
                // SAFETY: the lane's row was admitted.
                unsafe { (address[lane] as *mut [u16; 8]).write(*row) };
            }
        }
    }
}

/// `ldmatrix` of 1, 2 or 4 tiles.
pub(crate) fn select_load(tiles: usize, trans: bool) -> Option<OpFns> {
    let both = |function| Some(OpFns { full: function, masked: function });
    match (tiles, trans) {
        (1, false) => both(load::<1, false>),
        (2, false) => both(load::<2, false>),
        (4, false) => both(load::<4, false>),
        (1, true) => both(load::<1, true>),
        (2, true) => both(load::<2, true>),
        (4, true) => both(load::<4, true>),
        _ => None,
    }
}

/// `stmatrix` of 1, 2 or 4 tiles.
pub(crate) fn select_store(tiles: usize, trans: bool) -> Option<OpFns> {
    let both = |function| Some(OpFns { full: function, masked: function });
    match (tiles, trans) {
        (1, false) => both(store::<1, false>),
        (2, false) => both(store::<2, false>),
        (4, false) => both(store::<4, false>),
        (1, true) => both(store::<1, true>),
        (2, true) => both(store::<2, true>),
        (4, true) => both(store::<4, true>),
        _ => None,
    }
}
