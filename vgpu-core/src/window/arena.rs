//! The arena: addresses that guest and executor both keep free of everything but device memory.
//!
//! With unified addressing a number is the address of one byte, on the host or on the device. Device memory lies in the
//! executor's process, where its addresses come from, so the guest sees to it that nothing of its own ever lies at the same
//! numbers. The guest proposes a few ranges, which it has reserved, in its greeting; the executor takes the first that is free
//! in its process too, and says in the window's header which one that is; the guest gives the others back.

use std::io;
use std::ptr::NonNull;

use super::address_range::AddressRange;

/// How many ranges a guest proposes.
pub(crate) const PROPOSALS: usize = 3;

/// Far from where Linux puts programs, heaps, stacks and libraries, from windows ([`super::mapping`]), and from what the usual
/// sanitizers take.
const ADDRESS_FIRST: u64 = 0x4000_0000_0000;
const ADDRESS_CHOICES: u64 = 16;
/// More than the memory of any device. Addresses cost nothing.
const LEN_BYTES: u64 = 1 << 40;
/// A program whose address space is limited (`ulimit -v`) is asked for less of it, down to this.
const LEN_MIN_BYTES: u64 = 1 << 30;
/// The usual window, for which there must be room too.
const WINDOW_BYTES: u64 = 17 << 30;

/// Reserved addresses: nothing lies there, and nobody else gets them while this lives. Children of a fork have them reserved too.
#[derive(Debug)]
pub struct Arena {
    start: NonNull<libc::c_void>,
    range: AddressRange,
}

// SAFETY: the range belongs to no thread, and nothing is read or written through the pointer.
unsafe impl Send for Arena {}
// SAFETY: as above.
unsafe impl Sync for Arena {}

impl Arena {
    /// The variable that names the one range to propose, as `ADDRESS+LENGTH` in hexadecimal: for an address space with needs of
    /// its own, and for an executor that is a guest itself.
    pub const VARIABLE: &str = "VGPU_ARENA";

    /// Guest: reserves the ranges that it will propose, at least one.
    ///
    /// # Errors
    /// When there are no addresses to be had.
    pub(crate) fn propose() -> io::Result<Vec<Self>> {
        match std::env::var(Self::VARIABLE) {
            Ok(text) => {
                let wrong =
                    || io::Error::other(format!("{}={text} is not ADDRESS+LENGTH, in whole pages", Self::VARIABLE));
                let range = AddressRange::parse(&text).ok_or_else(wrong)?;
                let taken = |error| io::Error::other(format!("{}={text} cannot be had: {error}", Self::VARIABLE));
                Ok(vec![Self::at(range).map_err(taken)?])
            }
            Err(_) => Self::propose_some(),
        }
    }

    fn propose_some() -> io::Result<Vec<Self>> {
        let mut len_bytes = affordable_bytes();
        loop {
            // Processes start at different places, so that an executor that is a guest itself finds others free.
            let first = u64::from(std::process::id()) % ADDRESS_CHOICES;
            let place = |choice| ADDRESS_FIRST + (first + choice) % ADDRESS_CHOICES * LEN_BYTES;
            let usual = (0..ADDRESS_CHOICES).map(|choice| AddressRange { address: place(choice), len_bytes });
            let mut arenas: Vec<Self> = usual.filter_map(|range| Self::at(range).ok()).take(PROPOSALS).collect();
            if arenas.is_empty() {
                match Self::anywhere(len_bytes) {
                    Ok(arena) => arenas.push(arena),
                    Err(_) if len_bytes > LEN_MIN_BYTES => {
                        len_bytes /= 4;
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            }
            return Ok(arenas);
        }
    }

    /// Guest: of the ranges that it has proposed, the one that the executor says it has taken; the others are given back. `None`
    /// when that is another.
    pub(crate) fn keep(proposed: Vec<Self>, taken: AddressRange) -> Option<Self> {
        proposed.into_iter().find(|arena| arena.range == taken)
    }

    /// Host: reserves the first of the proposed ranges that is free in this process too.
    ///
    /// # Errors
    /// Why the last one could not be had; `InvalidInput` when none makes sense.
    pub fn take_first(proposed: &[AddressRange]) -> io::Result<Self> {
        let mut last = io::ErrorKind::InvalidInput.into();
        for range in proposed.iter().filter(|range| range.is_sound()) {
            match Self::at(*range) {
                Ok(arena) => return Ok(arena),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Reserves that range.
    ///
    /// # Errors
    /// When something lies there, or there are no addresses to be had.
    pub fn at(range: AddressRange) -> io::Result<Self> {
        let arena = Self::reserve(range.address, range.len_bytes, libc::MAP_FIXED_NOREPLACE)?;
        // A kernel older than 4.17 takes the address for a hint only.
        if arena.range == range { Ok(arena) } else { Err(io::ErrorKind::AddrInUse.into()) }
    }

    /// Reserves `len_bytes` where the system likes.
    ///
    /// # Errors
    /// When there are no addresses to be had.
    pub fn anywhere(len_bytes: u64) -> io::Result<Self> {
        Self::reserve(0, len_bytes, 0)
    }

    fn reserve(address: u64, len_bytes: u64, fixed: libc::c_int) -> io::Result<Self> {
        let number = |value: u64| usize::try_from(value).map_err(io::Error::other);
        let (hint, len) = (std::ptr::without_provenance_mut(number(address)?), number(len_bytes)?);
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | fixed;
        // SAFETY: a new anonymous mapping; MAP_FIXED_NOREPLACE never replaces one that exists.
        let start = unsafe { libc::mmap(hint, len, libc::PROT_NONE, flags, -1, 0) };
        match NonNull::new(start) {
            Some(start) if start.as_ptr() != libc::MAP_FAILED => {
                let address = start.as_ptr().expose_provenance() as u64;
                Ok(Self { start, range: AddressRange { address, len_bytes } })
            }
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// The reserved addresses.
    pub fn range(&self) -> AddressRange {
        self.range
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: the range was reserved for this value alone, and who uses it keeps this value.
        unsafe { libc::munmap(self.start.as_ptr(), self.range.len_bytes as usize) };
    }
}

/// As much as a limit of the address space leaves for an arena, so that the window and the program still have room.
fn affordable_bytes() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: `limit` is writable.
    let known = unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut limit) } == 0;
    match limit.rlim_cur {
        libc::RLIM_INFINITY => LEN_BYTES,
        _ if !known => LEN_BYTES,
        // The proposals stand together for a moment.
        bytes => {
            (bytes.saturating_sub(WINDOW_BYTES) / 4 / LEN_MIN_BYTES * LEN_MIN_BYTES).clamp(LEN_MIN_BYTES, LEN_BYTES)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::super::address_range::PAGE_BYTES;
    use super::*;

    #[test]
    fn a_reserved_range_is_given_to_nobody_else_until_it_is_dropped() {
        let arena = Arena::anywhere(1 << 30).expect("addresses");
        let range = arena.range();
        assert!(range.is_sound());
        assert!(Arena::at(range).is_err());
        let inner = AddressRange { address: range.address + (1 << 20), len_bytes: PAGE_BYTES };
        assert!(Arena::at(inner).is_err());
        drop(arena);
        assert_eq!(Arena::at(range).expect("free again").range(), range);
    }

    #[test]
    fn the_first_range_that_is_free_is_taken() {
        let taken = Arena::anywhere(1 << 30).expect("addresses");
        let free = Arena::anywhere(1 << 30).expect("addresses").range();
        let unsound = AddressRange { address: 8, len_bytes: 8 };
        let arena = Arena::take_first(&[AddressRange::default(), unsound, taken.range(), free]).expect("one is free");
        assert_eq!(arena.range(), free);
        assert_eq!(Arena::take_first(&[unsound]).expect_err("no range").kind(), io::ErrorKind::InvalidInput);
        assert!(Arena::take_first(&[taken.range()]).is_err());
    }

    #[test]
    fn proposals_do_not_overlap() {
        let arenas = Arena::propose_some().expect("addresses");
        let mut ranges: Vec<Range<u64>> = arenas.iter().map(|arena| arena.range().addresses()).collect();
        ranges.sort_by_key(|range| range.start);
        assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start), "{ranges:x?}");
    }
}
