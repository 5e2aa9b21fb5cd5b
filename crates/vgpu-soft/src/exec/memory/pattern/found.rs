//! What is found of 32 lanes' values.

/// How the values of all 32 lanes relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// Each is the one before plus the element's length.
    pub(crate) is_contiguous: bool,
    /// All are the same.
    pub(crate) is_uniform: bool,
}

/// The smallest and the largest active value, and all their bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) low: u64,
    pub(crate) high: u64,
    pub(crate) bits: u64,
}
