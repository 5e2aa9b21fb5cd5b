//! Ranges of addresses in whole pages, as they are sent.

use std::fmt;
use std::ops::Range;

use crate::wire::Pod;

/// Ranges, and the window's areas, start at multiples of this.
pub const PAGE_BYTES: u64 = 4096;

/// The end of what a program can have.
const ADDRESS_END: u64 = 1 << 47;

/// A range of addresses, as it is sent.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddressRange {
    /// The first address.
    pub address: u64,
    /// Length in bytes.
    pub len_bytes: u64,
}

// SAFETY: two u64 fields.
unsafe impl Pod for AddressRange {}

impl AddressRange {
    /// Whether it could be a range of whole pages of a program's.
    pub fn is_sound(self) -> bool {
        let end = self.address.checked_add(self.len_bytes);
        let is_aligned = self.address.is_multiple_of(PAGE_BYTES) && self.len_bytes.is_multiple_of(PAGE_BYTES);
        self.address != 0 && self.len_bytes != 0 && is_aligned && end.is_some_and(|end| end <= ADDRESS_END)
    }

    /// The addresses of a sound range.
    pub fn addresses(self) -> Range<u64> {
        self.address..self.address.saturating_add(self.len_bytes)
    }

    /// What [`Display`](fmt::Display) has written.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok();
        let (address, len_bytes) = text.split_once('+')?;
        Some(Self { address: number(address)?, len_bytes: number(len_bytes)? }).filter(|range| range.is_sound())
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}+{:#x}", self.address, self.len_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_no_program_has_are_unsound() {
        let range = |address, len_bytes| AddressRange { address, len_bytes };
        let unsound = [
            range(0, 4096),
            range(4096, 0),
            range(4097, 4096),
            range(4096, 4097),
            range(u64::MAX - 4095, 4096),
            range((1 << 47) - 4096, 8192),
            range(4096, u64::MAX - 4095),
        ];
        for range in unsound {
            assert!(!range.is_sound(), "{range:x?}");
        }
        assert_eq!(AddressRange::parse("0x400000000000+40000000"), Some(range(0x4000_0000_0000, 1 << 30)));
        for text in ["", "400000000000", "x+1000", "1000+1", "0+1000"] {
            assert_eq!(AddressRange::parse(text), None, "{text}");
        }
    }
}
