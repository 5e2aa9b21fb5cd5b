//! The shared memories of the blocks of a cluster, as one of the blocks sees them.
//!
//! They lie one behind the other, so each is a stretch of generic addresses. In `.shared::cluster` a block finds its own memory
//! where it is in `.shared::cta`, from 0 on, and that of the block of rank r from (r + 1) · 16 MiB on. Its own lies there, too:
//! what `mapa` gives means the same in all blocks of the cluster. A block that is alone in its cluster has the first part only.
//!
//! Accesses to `.shared::cluster` are generic ones behind an op that makes addresses generic and checks whose memory they lie in.
//!
//! **Source:** PTX ISA, "Shared State Space", `mapa`, `getctarank`, `cvta`, `isspacep`.

use super::range::Range;

/// Blocks of the largest cluster. Source: CUDA C++ Programming Guide, "Thread Block Clusters", of compute capability 9.0.
pub(crate) const CLUSTER_BLOCKS_MAX: u32 = 16;
/// A block's part of the window is 16 MiB long: more than the shared memory of any.
const WINDOW_SHIFT: u32 = 24;
const OFFSET_MASK: u32 = (1 << WINDOW_SHIFT) - 1;
/// No block has this rank, and the window has room for it.
const NO_RANK: u32 = 254;

/// Where the shared memories of a cluster are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cluster {
    /// Of the first block.
    pub(crate) start: u64,
    /// Of each block.
    pub(crate) block_bytes: u32,
    /// From where one begins to where the next one does: more than a block's, so that an array's end is nobody's beginning.
    pub(crate) stride_bytes: u32,
    pub(crate) blocks: u32,
    /// Which of them this is.
    pub(crate) rank: u32,
    /// Those that have exited, whose memory is gone: a bit for each rank.
    pub(crate) exited: u32,
}

impl Cluster {
    /// No block, and no memory.
    pub(crate) const EMPTY: Self = Self { start: 0, block_bytes: 0, stride_bytes: 0, blocks: 0, rank: 0, exited: 0 };

    /// The memory of the block of a rank, which is one of the cluster's.
    pub(super) fn stretch(&self, rank: u32) -> Range {
        let start = self.start + u64::from(rank) * u64::from(self.stride_bytes);
        Range { start, end: start + u64::from(self.block_bytes) }
    }

    /// The rank of the block whose memory a generic address lies in or behind, and its place there.
    fn locate(&self, address: u64) -> Option<(u32, u32)> {
        let offset = address.checked_sub(self.start)?;
        let rank = offset.checked_div(u64::from(self.stride_bytes))?;
        let rank = u32::try_from(rank).ok().filter(|&rank| rank < self.blocks)?;
        #[expect(clippy::cast_possible_truncation, reason = "less than a block's bytes")]
        let place = (offset % u64::from(self.stride_bytes)) as u32;
        Some((rank, place))
    }

    /// The rank of the block whose memory a generic address lies in, and its place there.
    pub(super) fn find(&self, address: u64) -> Option<(u32, u32)> {
        self.locate(address).filter(|&(_, offset)| offset < self.block_bytes)
    }

    /// Whether a generic address lies in the memory of one of the blocks.
    pub(crate) fn has(&self, address: u64) -> bool {
        self.find(address).is_some()
    }

    /// The memory of the block that a generic access of `len_bytes` at each address from `low` to `high` lies in, if it may.
    pub(super) fn admitting(&self, low: u64, high: u64, len_bytes: u64) -> Option<Range> {
        let (rank, _) = self.find(low)?;
        let stretch = self.stretch(rank);
        (self.exited >> rank & 1 == 0 && stretch.covers(low, high, len_bytes)).then_some(stretch)
    }

    /// Whose memory an address of the window names, and where in it. There may be no such block.
    pub(super) fn split(&self, address: u32) -> (u32, u32) {
        match address >> WINDOW_SHIFT {
            0 => (self.rank, address),
            part => (part - 1, address & OFFSET_MASK),
        }
    }

    /// An address of the window for one in a block's memory. A block without others needs no part of the window.
    pub(super) fn join(&self, rank: u32, offset: u32) -> u32 {
        let part = if rank == 0 && self.blocks == 1 { 0 } else { rank.min(NO_RANK) + 1 };
        part << WINDOW_SHIFT | offset & OFFSET_MASK
    }

    /// The generic address of `len_bytes` bytes in the memory of the block of a rank.
    ///
    /// # Errors
    /// Why they are not there.
    pub(super) fn place(&self, rank: u32, offset: u32, len_bytes: u64) -> Result<u64, String> {
        let Self { blocks, block_bytes, .. } = *self;
        if rank >= blocks {
            return Err(format!("the shared memory of block {rank} of a cluster of {blocks}"));
        }
        if self.exited >> rank & 1 != 0 {
            return Err(format!("the shared memory of block {rank} of the cluster, which has exited"));
        }
        if u64::from(offset) + len_bytes > u64::from(block_bytes) {
            return Err(format!(
                "{len_bytes} bytes at offset {offset:#x} of the shared memory of block {rank} of the cluster, which has \
                 {block_bytes} bytes"
            ));
        }
        Ok(self.stretch(rank).start + u64::from(offset))
    }

    /// The same place in the memory of another block, for a generic address in that of one.
    ///
    /// # Errors
    /// As [`Self::place`].
    pub(super) fn place_like(&self, address: u64, rank: u32, len_bytes: u64) -> Result<u64, String> {
        let (_, offset) = self.find(address).ok_or("an address in no shared memory of the cluster")?;
        self.place(rank, offset, len_bytes)
    }

    /// The generic addresses for those of the window, if all that count lie in the block's own memory, whole and aligned.
    pub(super) fn own(&self, addresses: &[u32; 32], mask: u32, len_bytes: u64) -> Option<[u64; 32]> {
        let mut found = [0; 32];
        for lane in (0..32).filter(|lane| mask >> lane & 1 != 0) {
            let (rank, offset) = self.split(addresses[lane]);
            let is_aligned = u64::from(offset) & (len_bytes - 1) == 0;
            found[lane] = self.place(rank, offset, len_bytes).ok().filter(|_| rank == self.rank && is_aligned)?;
        }
        Some(found)
    }

    /// A generic address for one of the window, whatever it is.
    pub(super) fn generic(&self, address: u64) -> u64 {
        let own = self.stretch(self.rank).start.wrapping_add(address);
        let Ok(narrow) = u32::try_from(address) else { return own };
        match self.split(narrow) {
            (rank, offset) if rank < self.blocks => self.stretch(rank).start.wrapping_add(u64::from(offset)),
            _ => own,
        }
    }

    /// An address of the window for a generic one, whatever it is.
    pub(super) fn shared(&self, address: u64) -> u64 {
        match self.locate(address) {
            Some((rank, offset)) if rank != self.rank => u64::from(self.join(rank, offset)),
            _ => address.wrapping_sub(self.stretch(self.rank).start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The third of four blocks of 4 KiB; the first has exited.
    const THIRD: Cluster =
        Cluster { start: 0x7000_0000, block_bytes: 0x1000, stride_bytes: 0x1100, blocks: 4, rank: 2, exited: 1 };

    #[test]
    fn an_address_means_the_same_in_the_window_and_among_generic_ones() {
        for rank in 0..4 {
            let generic = THIRD.stretch(rank).start + 0x123;
            assert_eq!(THIRD.find(generic), Some((rank, 0x123)));
            assert_eq!(THIRD.generic(u64::from(THIRD.join(rank, 0x123))), generic);
            let shared = if rank == 2 { 0x123 } else { u64::from(THIRD.join(rank, 0x123)) };
            assert_eq!(THIRD.shared(generic), shared);
        }
        assert_eq!(THIRD.generic(0x123), THIRD.stretch(2).start + 0x123);
        // The ends of arrays that fill a block's memory.
        assert_eq!((THIRD.shared(0x7000_3200), THIRD.generic(0x1000)), (0x1000, 0x7000_3200));
        assert_eq!((THIRD.shared(0x7000_1000), THIRD.generic(0x0100_1000)), (0x0100_1000, 0x7000_1000));
        for outside in [0x6fff_ffff, 0x7000_1000, 0x7000_4300, 0x7000_4400] {
            assert!(!THIRD.has(outside) && !Cluster::EMPTY.has(outside), "{outside:#x}");
        }
    }

    #[test]
    fn memory_is_reached_while_its_block_lives() {
        assert_eq!(THIRD.place(1, 0xffc, 4), Ok(0x7000_20fc));
        for (rank, offset) in [(0, 0), (1, 0xffd), (4, 0), (NO_RANK, 0), (u32::MAX, 0)] {
            assert!(THIRD.place(rank, offset, 4).is_err(), "{rank}, {offset:#x}");
        }
        assert_eq!(THIRD.admitting(0x7000_1100, 0x7000_20fc, 4), Some(THIRD.stretch(1)));
        assert_eq!(THIRD.admitting(0x7000_20fc, 0x7000_20fc, 8), None, "it passes its end");
        assert_eq!(THIRD.admitting(0x7000_0000, 0x7000_0000, 4), None, "that block has exited");
    }

    #[test]
    fn a_rank_that_there_is_not_stays_one() {
        let wild = THIRD.join(u32::MAX, 0x40);
        assert_eq!(THIRD.split(wild), (NO_RANK, 0x40));
    }
}
