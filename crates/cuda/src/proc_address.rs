//! `cuGetProcAddress`'s search: which variant of a function a program of some CUDA version gets.
//!
//! The table comes from the caller, so that the search needs none of the exports that it finds.

use vgpu_core::abi::CUdriverProcAddress_flags as Flags;

/// One exported function as `cuGetProcAddress` knows it.
pub(crate) struct Row {
    base: &'static str,
    per_thread: bool,
    since: u32,
    name: &'static str,
    address: Address,
}

/// An exported function's address.
#[derive(Clone, Copy)]
struct Address(*const ());

// SAFETY: the address of code is the same on every thread, and nothing is read or written through it.
unsafe impl Sync for Address {}

impl Row {
    /// A row of the generated table.
    pub(crate) const fn new(
        base: &'static str,
        per_thread: bool,
        since: u32,
        name: &'static str,
        address: *const (),
    ) -> Self {
        Self { base, per_thread, since, name, address: Address(address) }
    }
}

/// What a search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// The function under its exported name, and where it is.
    Found { name: &'static str, address: *const () },
    /// No function of that base name.
    UnknownName,
    /// There is one, but only for programs of a later CUDA version.
    TooOld,
    /// The flags hold something other than the two stream modes.
    InvalidFlags,
}

const LEGACY: u64 = Flags::CU_GET_PROC_ADDRESS_LEGACY_STREAM.0 as u64;
const PER_THREAD: u64 = Flags::CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM.0 as u64;

/// Finds the newest variant of `base` among `rows` that a program written for `version` may get.
///
/// Rows are sorted as the generated table is: by base name, per-thread variants last, then by version.
///
/// `base` is the name without `_v2`, `_ptsz` and the like. Versions count as CUDA does (12.4 is 12040) and compare as
/// unsigned numbers: anything above the newest, a negative number included, gets the newest variant.
/// With the per-thread flag, functions that have a per-thread twin give that one, all others are as without.
///
/// **Source:** observed on driver 555.58.02, all its 452 names with every flag and version (tests/abi).
pub(crate) fn lookup(rows: &[Row], base: &[u8], version: i32, flags: u64) -> Lookup {
    // Both bits together behave as that of the per-thread stream.
    if flags & !(LEGACY | PER_THREAD) != 0 {
        return Lookup::InvalidFlags;
    }
    let version = version.cast_unsigned();
    let first = rows.partition_point(|row| row.base.as_bytes() < base);
    let mut found = Lookup::UnknownName;
    let mut found_per_thread = None;
    for row in rows[first..].iter().take_while(|row| row.base.as_bytes() == base) {
        if row.since > version {
            if found == Lookup::UnknownName {
                found = Lookup::TooOld;
            }
            continue;
        }
        let hit = Lookup::Found { name: row.name, address: row.address.0 };
        // Rows are sorted by version, so the last one that fits is the newest.
        if row.per_thread {
            found_per_thread = Some(hit);
        } else {
            found = hit;
        }
    }
    match found_per_thread {
        Some(hit) if flags & PER_THREAD != 0 => hit,
        _ => found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::proc_table::ROWS;

    fn name_of(base: &str, version: i32, flags: u64) -> Option<&'static str> {
        match lookup(&ROWS, base.as_bytes(), version, flags) {
            Lookup::Found { name, .. } => Some(name),
            _ => None,
        }
    }

    #[test]
    fn every_answer_of_the_observed_driver_is_ours() {
        let observed = include_str!("../../../tests/abi/proc_address.tsv");
        let mut wrong = Vec::new();
        let mut rows = 0;
        for line in observed.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<_> = line.split('\t').collect();
            let [base, flags, version, name] = fields[..] else {
                panic!("four columns, not {line:?}");
            };
            let (flags, version) = (flags.parse().unwrap(), version.parse().unwrap());
            let ours = name_of(base, version, flags);
            rows += 1;
            if ours != Some(name) {
                wrong.push(format!("{base} {flags} {version}: {ours:?}, observed {name}"));
            }
            if name_of(base, version - 1, flags) == Some(name) {
                wrong.push(format!("{base} {flags} {version}: {name} found too early"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(rows > 1_000, "only {rows} observations");
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(ROWS.is_sorted_by_key(|row| (row.base, row.per_thread, row.since)));
    }

    #[test]
    fn names_with_a_version_suffix_are_unknown() {
        assert_eq!(lookup(&ROWS, b"cuMemAlloc_v2", 12_000, 0), Lookup::UnknownName);
        assert_eq!(lookup(&ROWS, b"cumemalloc", 12_000, 0), Lookup::UnknownName);
        assert_eq!(lookup(&ROWS, b"", 0, 0), Lookup::UnknownName);
    }

    #[test]
    fn a_program_older_than_the_function_is_told_so() {
        assert_eq!(lookup(&ROWS, b"cuMemAllocAsync", 11_010, 0), Lookup::TooOld);
    }

    #[test]
    fn versions_compare_unsigned() {
        assert_eq!(name_of("cuMemAlloc", -5, 0), Some("cuMemAlloc_v2"));
        assert_eq!(name_of("cuMemAlloc", i32::MAX, 0), Some("cuMemAlloc_v2"));
    }

    #[test]
    fn per_thread_twins_need_their_flag() {
        assert_eq!(name_of("cuLaunchKernel", 12_000, 1), Some("cuLaunchKernel"));
        assert_eq!(name_of("cuLaunchKernel", 12_000, 2), Some("cuLaunchKernel_ptsz"));
        assert_eq!(name_of("cuLaunchKernel", 12_000, 3), Some("cuLaunchKernel_ptsz"));
        assert_eq!(name_of("cuLaunchKernel", 6_050, 2), Some("cuLaunchKernel"));
        assert_eq!(name_of("cuInit", 12_000, 2), Some("cuInit"));
    }

    #[test]
    fn other_flags_are_invalid() {
        assert_eq!(lookup(&ROWS, b"cuInit", 12_000, 4), Lookup::InvalidFlags);
    }
}
