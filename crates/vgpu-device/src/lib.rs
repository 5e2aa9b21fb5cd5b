//! The PCI function VGPU-STUB as pure logic: bytes in, bytes and effects out. No sockets, threads or clocks are in here;
//! its memory (BAR1) is its owner's business.
//!
//! - [`config`]: the 256 bytes of config space, and who the function says it is.
//! - [`registers`]: BAR0, and what a write to it asks for.
//!
//! What the registers mean is agreed on in [`vgpu_core::pci`].
#![forbid(unsafe_code)]

pub mod config;
pub mod registers;

pub use config::{CONFIG_BYTES, ConfigSpace, Identity};
pub use registers::{Effect, Registers};

use std::fmt;

/// An access that leaves its region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange;

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an access beyond the end of its region")
    }
}

impl std::error::Error for OutOfRange {}

/// The end of an access of `len_bytes` at `offset`, if it stays within `region_bytes`.
fn end_of(offset: u64, len_bytes: usize, region_bytes: u64) -> Result<u64, OutOfRange> {
    let end = offset.checked_add(len_bytes as u64);
    end.filter(|end| *end <= region_bytes).ok_or(OutOfRange)
}
