//! A container with less in it: what a device that runs machine code may choose from.

use super::error::Error;
use super::parse::{Container, Entry, HEADER_BYTES, Kind, MAGIC};
use super::select::select;

/// The version of containers.
const VERSION: u16 = 1;

/// A container of entries that stand as [`Entry::bytes`] gives them.
pub fn container<'b>(entries: impl IntoIterator<Item = &'b [u8]>) -> Vec<u8> {
    let mut bytes = vec![0; HEADER_BYTES];
    for entry in entries {
        bytes.extend_from_slice(entry);
    }
    let body_bytes = (bytes.len() - HEADER_BYTES) as u64;
    bytes[..4].copy_from_slice(&MAGIC.to_le_bytes());
    bytes[4..6].copy_from_slice(&VERSION.to_le_bytes());
    bytes[6..8].copy_from_slice(&(HEADER_BYTES as u16).to_le_bytes());
    bytes[8..16].copy_from_slice(&body_bytes.to_le_bytes());
    bytes
}

/// Of a container, the machine code that a device of that capability (10 × major + minor) may run, and the PTX that
/// [`select`] would pick. Which of them is best, the device's driver knows.
///
/// # Errors
/// As [`select`]; [`Error::NoImage`] only where there is no machine code for the device either.
pub fn reduced(bytes: &[u8], capability: u32) -> Result<Vec<u8>, Error> {
    let ptx = select(bytes, capability);
    let mut chosen: Vec<Entry<'_>> = Vec::new();
    if !matches!(ptx, Err(Error::Malformed { .. })) {
        let entries: Vec<Entry<'_>> = Container::parse(bytes)?.entries().collect::<Result<_, _>>()?;
        chosen.extend(entries.into_iter().filter(|entry| is_code_for(entry, capability)));
    }
    match ptx {
        Ok(ptx) => chosen.push(ptx),
        Err(error) if chosen.is_empty() => return Err(error),
        Err(_) => {}
    }
    Ok(container(chosen.iter().map(Entry::bytes)))
}

/// Machine code runs on later devices of the same major version, unless it is for one alone: that, the driver checks.
fn is_code_for(entry: &Entry<'_>, capability: u32) -> bool {
    entry.kind() == Kind::Cubin && entry.sm() / 10 == capability / 10 && entry.sm() <= capability
}

#[cfg(test)]
mod tests {
    use super::super::samples::{container as of, entry};
    use super::*;

    fn kinds(bytes: &[u8]) -> Vec<(Kind, u32)> {
        let entries = Container::parse(bytes).expect("a container").entries();
        entries.map(|entry| entry.expect("a sound entry")).map(|entry| (entry.kind(), entry.sm())).collect()
    }

    #[test]
    fn a_container_holds_the_entries_that_it_is_made_of() {
        let entries = [entry(1, 75, 0x2011, b"abc"), entry(2, 80, 0x11, b"code")];
        let made = container(entries.iter().map(Vec::as_slice));
        assert_eq!(made, of(&entries));
        assert_eq!(kinds(&container([])), []);
    }

    #[test]
    fn code_of_the_same_major_version_and_the_best_ptx_stay() {
        let bytes = of(&[
            entry(2, 75, 0x11, b"too old"),
            entry(2, 80, 0x2011, b"packed"),
            entry(2, 86, 0x11, b"code"),
            entry(2, 89, 0x11, b"too new"),
            entry(1, 75, 0x2011, b"old"),
            entry(1, 80, 0x2011, b"best"),
            entry(1, 90, 0x11, b"too new"),
            entry(16, 86, 0x11, b"something else"),
        ]);
        let reduced = reduced(&bytes, 86).expect("there is something");
        assert_eq!(kinds(&reduced), [(Kind::Cubin, 80), (Kind::Cubin, 86), (Kind::Ptx, 80)]);
        let entries: Vec<_> = Container::parse(&reduced).unwrap().entries().map(Result::unwrap).collect();
        assert_eq!((entries[0].payload(), entries[2].payload()), (&b"packed"[..], &b"best"[..]), "as they were");
    }

    #[test]
    fn code_alone_is_enough_and_nothing_is_not() {
        let bytes = of(&[entry(2, 90, 0x10_0011, b"x"), entry(1, 100, 0x11, b"y")]);
        assert_eq!(reduced(&bytes, 90).map(|reduced| kinds(&reduced)), Ok(vec![(Kind::Cubin, 90)]));
        let error = reduced(&bytes, 89).expect_err("nothing runs");
        assert_eq!(error, Error::NoImage { capability: 89, ptx: vec![100], machine_code: vec![90] });
    }

    #[test]
    fn a_container_cut_anywhere_is_malformed() {
        let bytes = of(&[entry(2, 80, 0x11, b"x"), entry(1, 50, 0x2011, b"abcdefgh")]);
        for len in 0..bytes.len() {
            let error = reduced(&bytes[..len], 80).expect_err("cut short");
            assert!(matches!(error, Error::Malformed { .. }), "{len}: {error}");
        }
    }
}
