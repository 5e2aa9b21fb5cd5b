//! The one image that a device which runs PTX only loads.

use super::error::Error;
use super::parse::{Container, Entry, Kind};

/// Picks the image that a device which runs PTX only should load: the latest PTX that is not too new for it.
///
/// `capability` is 10 × major + minor. Of two images for the same architecture the first is taken.
///
/// # Errors
/// - [`Error::Malformed`] (`INVALID_IMAGE`): `bytes` are no sound container.
/// - [`Error::NoImage`] (`NO_BINARY_FOR_GPU`): only machine code, or only PTX for later devices.
pub fn select(bytes: &[u8], capability: u32) -> Result<Entry<'_>, Error> {
    let mut best: Option<Entry<'_>> = None;
    let (mut ptx, mut machine_code) = (Vec::new(), Vec::new());
    for entry in Container::parse(bytes)?.entries() {
        let entry = entry?;
        match entry.kind() {
            Kind::Ptx => ptx.push(entry.sm()),
            Kind::Cubin => machine_code.push(entry.sm()),
            Kind::Other(_) => {}
        }
        if entry.is_ptx_for(capability) && best.is_none_or(|best| entry.sm() > best.sm()) {
            best = Some(entry);
        }
    }
    best.ok_or(Error::NoImage { capability, ptx, machine_code })
}

#[cfg(test)]
mod tests {
    use super::super::parse::Compression;
    use super::super::samples::{container, entry};
    use super::*;
    use crate::error::CuError;

    #[test]
    fn the_latest_ptx_that_is_not_too_new_is_selected() {
        let bytes = container(&[
            entry(1, 50, 0x2011, b"old"),
            entry(1, 75, 0x2011, b"right"),
            entry(1, 80, 0x2011, b"new"),
            entry(2, 75, 0x11, b"machine code"),
        ]);

        let selected = select(&bytes, 79).expect("there is one");

        assert_eq!((selected.sm(), selected.payload()), (75, b"right".as_slice()));
        assert_eq!(selected.version(), (8, 4));
        assert_eq!((selected.compression(), selected.uncompressed_len()), (Compression::Lz4, 1000));
    }

    #[test]
    fn only_machine_code_is_no_binary_rather_than_malformed() {
        let bytes = container(&[entry(2, 80, 0x11, b"x"), entry(2, 90, 0x11, b"y")]);
        let error = select(&bytes, 90).expect_err("nothing fits");
        assert_eq!(error, Error::NoImage { capability: 90, ptx: vec![], machine_code: vec![80, 90] });
        assert_eq!(CuError::from(error), CuError::NO_BINARY_FOR_GPU);
    }

    #[test]
    fn ptx_for_later_devices_only_is_no_binary() {
        let bytes = container(&[entry(1, 80, 0x11, b"x")]);
        assert_eq!(select(&bytes, 75).expect_err("too new").to_cuda(), CuError::NO_BINARY_FOR_GPU);
    }

    #[test]
    fn ptx_for_one_specific_architecture_is_not_taken_for_a_later_one() {
        let bytes = container(&[entry(1, 90, 0x10_0011, b"x"), entry(1, 80, 0x11, b"y")]);
        assert_eq!(select(&bytes, 100).map(|entry| entry.sm()), Ok(80));
        assert_eq!(select(&bytes, 90).map(|entry| entry.sm()), Ok(90));
    }

    #[test]
    fn a_container_cut_anywhere_is_malformed() {
        let bytes = container(&[entry(1, 50, 0x2011, b"abcdefgh"), entry(2, 80, 0x11, b"x")]);
        for len in 0..bytes.len() {
            let error = select(&bytes[..len], 80).expect_err("cut short");
            assert!(matches!(error, Error::Malformed { .. }), "{len}: {error}");
        }
    }
}
