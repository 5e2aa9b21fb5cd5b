//! Where the elements of a sparse factor belong: what its metadata say.
//!
//! Of every four slots of a row, two are stored, and an index of two bits says of each which it is. A slot is an element, or half
//! of one of 32 bits, or two of four bits.
//!
//! The reference leaves open what two equal indices do, what descending ones do where they must be ordered, and what halves of an
//! element do that are not its own. Here each element that is stored belongs where its own index says, or that of its lower half,
//! whatever the others say. What is not stored is not multiplied: a NaN or an infinity in the other factor does not come through it.
//!
//! **Source:** PTX ISA 9.0, "Sparse matrix storage" and the figures of metadata behind it. The order in which CUTLASS keeps metadata
//! for `ldmatrix` to load says the same.

use super::lanes::LANES;

/// The metadata of a warp for a factor of 16 rows.
pub(super) struct Metadata {
    /// One of each lane.
    pub(super) words: [u32; LANES],
    /// Which of the lanes of a group of four count, by [`selectors`].
    pub(super) selector: usize,
    /// Bits of an element.
    pub(super) bits: usize,
    /// Words of a row's stored elements.
    pub(super) row_words: usize,
}

/// How many lanes of each group of four hold metadata.
fn holders(bits: usize, row_words: usize) -> usize {
    row_words / if bits < 16 { 2 } else { 4 }
}

/// How many values the selector has.
pub(super) fn selectors(bits: usize, row_words: usize) -> usize {
    4 / holders(bits, row_words)
}

impl Metadata {
    /// The indices of a row's elements, the first in the lowest bits. Rows below the eighth have the second halves of words, or, where
    /// elements are smaller than a half, words of their own.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> u64 {
        let holders = holders(self.bits, self.row_words);
        let first = row % 8 * 4 + self.selector * holders;
        let word = |place: usize| u64::from(self.words[(first + place) % LANES]);
        let mut indices = 0;
        if self.bits < 16 {
            for part in 0..holders / 2 {
                indices |= word(2 * part + row / 8) << (32 * part);
            }
        } else {
            for part in 0..holders {
                indices |= (word(part) >> (row / 8 * 16) & 0xffff) << (16 * part);
            }
        }
        indices
    }

    /// The column of a row's element, of which the row stores `element` before it.
    #[inline(always)]
    pub(super) fn column(&self, indices: u64, element: usize) -> usize {
        let slot = |number: usize| number / 2 * 4 + (indices >> (2 * number) & 3) as usize;
        match self.bits {
            32 => slot(2 * element) / 2,
            4 => slot(element / 2) * 2 + element % 2,
            _ => slot(element),
        }
    }
}
