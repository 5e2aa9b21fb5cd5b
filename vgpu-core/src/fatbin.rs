//! The fatbin container: one module's images for several architectures, as compilers put it into programs.
//!
//! Reads bytes of any origin: every length is checked, nothing is decompressed. A program's memory gives only the
//! address of a container; [`total_len`] tells from its first bytes how long it is. [`select`] is for devices that run PTX
//! only, [`reduced()`] for those that run machine code.
//!
//! **Source:** observed in programs and libraries built with CUDA 11.8 to 13.1.

mod reduced;

use std::fmt;

pub use reduced::{container, reduced};

use crate::error::CuError;

/// The first word of a container.
pub const MAGIC: u32 = 0xba55_ed50;
/// The first word of the wrapper that nvcc puts around a container, in `.nvFatBinSegment`.
pub const WRAPPER_MAGIC: u32 = 0x4662_43b1;
/// Bytes of a container's own header, and what [`total_len`] needs to see.
pub const HEADER_BYTES: usize = 16;
/// Bytes of an entry's header that every version has.
const ENTRY_HEADER_BYTES: usize = 64;

const FLAG_LZ4: u64 = 0x2000;
const FLAG_ZSTD: u64 = 0x8000;
/// Set on images of architecture- and family-specific targets (`sm_120a`), which only that very architecture runs.
const FLAGS_ARCHITECTURE_SPECIFIC: u64 = 0x110_0000;

/// What is wrong with a container, or why none of its images fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Not a fatbin, or a damaged one.
    Malformed {
        /// Byte of the container at which reading failed.
        offset: usize,
        /// What was expected there.
        reason: &'static str,
    },
    /// A sound container without an image that a device of this capability can run.
    NoImage {
        /// The capability that was asked for, 10 × major + minor.
        capability: u32,
        /// The architectures of the PTX images.
        ptx: Vec<u32>,
        /// The architectures of the machine code images.
        machine_code: Vec<u32>,
    },
}

impl Error {
    /// What CUDA reports in this case.
    pub fn to_cuda(&self) -> CuError {
        match self {
            Self::Malformed { .. } => CuError::INVALID_IMAGE,
            Self::NoImage { .. } => CuError::NO_BINARY_FOR_GPU,
        }
    }
}

impl From<Error> for CuError {
    fn from(error: Error) -> Self {
        error.to_cuda()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { offset, reason } => {
                write!(f, "malformed fatbin at byte {offset}: {reason}")
            }
            Self::NoImage { capability, ptx, machine_code } if ptx.is_empty() => write!(
                f,
                "the fatbin has no PTX, only machine code for {machine_code:?}; a device of capability {capability} that runs PTX cannot use it"
            ),
            Self::NoImage { capability, ptx, machine_code } => write!(
                f,
                "no PTX for capability {capability} or less in the fatbin: PTX for {ptx:?}, machine code for {machine_code:?}"
            ),
        }
    }
}

impl std::error::Error for Error {}

/// What an entry's payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// PTX text.
    Ptx,
    /// A CUDA ELF with machine code.
    Cubin,
    /// Something that this code knows no use for (intermediate code for link-time optimisation, ...).
    Other(u16),
}

/// How an entry's payload is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As it is.
    None,
    /// One LZ4 block, without a frame.
    Lz4,
    /// One Zstandard frame.
    Zstd,
}

/// Whether `bytes` begin like a container.
pub fn is_fatbin(bytes: &[u8]) -> bool {
    u32_at(bytes, 0) == Some(MAGIC)
}

/// The length in bytes of the container that begins with `header`: header and body.
///
/// `None` when fewer than [`HEADER_BYTES`] bytes are given, they are not a container's, or its length makes no sense.
pub fn total_len(header: &[u8]) -> Option<usize> {
    if !is_fatbin(header) {
        return None;
    }
    let header_bytes = usize::from(u16_at(header, 6)?);
    let body_bytes = usize::try_from(u64_at(header, 8)?).ok()?;
    if header_bytes < HEADER_BYTES {
        return None;
    }
    header_bytes.checked_add(body_bytes)
}

/// A container whose own header is sound.
#[derive(Clone, Copy, Debug)]
pub struct Container<'b> {
    bytes: &'b [u8],
    header_bytes: usize,
}

impl<'b> Container<'b> {
    /// Reads the container's header. `bytes` may be longer than the container.
    ///
    /// # Errors
    /// [`Error::Malformed`] when this is not a container, its version is unknown, or it is cut short.
    pub fn parse(bytes: &'b [u8]) -> Result<Self, Error> {
        let malformed = |offset, reason| Err(Error::Malformed { offset, reason });
        if !is_fatbin(bytes) {
            return malformed(0, "expected the magic number of a fatbin");
        }
        if u16_at(bytes, 4) != Some(1) {
            return malformed(4, "expected container version 1");
        }
        let Some(total) = total_len(bytes) else {
            return malformed(6, "expected a header of 16 or more bytes and the length of the body");
        };
        let Some(bytes) = bytes.get(..total) else {
            return malformed(8, "the body is longer than the bytes that there are");
        };
        let header_bytes = usize::from(u16_at(bytes, 6).expect("total_len has read it"));
        Ok(Self { bytes, header_bytes })
    }

    /// The whole container.
    pub fn bytes(&self) -> &'b [u8] {
        self.bytes
    }

    /// Its images, in order; ends after the first error.
    pub fn entries(&self) -> Entries<'b> {
        Entries { bytes: self.bytes, offset: self.header_bytes }
    }
}

/// Iterator over a container's entries.
#[derive(Clone, Debug)]
pub struct Entries<'b> {
    bytes: &'b [u8],
    offset: usize,
}

impl<'b> Iterator for Entries<'b> {
    type Item = Result<Entry<'b>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.offset..)?;
        if rest.is_empty() {
            return None;
        }
        match Entry::parse(rest) {
            Ok(entry) => {
                self.offset += entry.bytes.len();
                Some(Ok(entry))
            }
            Err(Error::Malformed { offset, reason }) => {
                let offset = self.offset + offset;
                self.offset = self.bytes.len();
                Some(Err(Error::Malformed { offset, reason }))
            }
            Err(other) => Some(Err(other)),
        }
    }
}

/// One image of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'b> {
    bytes: &'b [u8],
    header_bytes: usize,
    payload_bytes: usize,
    kind: Kind,
    sm: u32,
    version: (u16, u16),
    flags: u64,
    compression: Compression,
    uncompressed_len: u64,
}

impl<'b> Entry<'b> {
    /// Reads the entry at the front of `bytes`, which may go on after it.
    ///
    /// # Errors
    /// [`Error::Malformed`], with the offset within the entry.
    pub fn parse(bytes: &'b [u8]) -> Result<Self, Error> {
        let malformed = |offset, reason| Error::Malformed { offset, reason };
        if bytes.len() < ENTRY_HEADER_BYTES {
            return Err(malformed(bytes.len(), "an entry's header is cut short"));
        }
        let u16_at = |offset| u16_at(bytes, offset).expect("within the header's 64 bytes");
        let u32_at = |offset| u32_at(bytes, offset).expect("within the header's 64 bytes");
        let u64_at = |offset| u64_at(bytes, offset).expect("within the header's 64 bytes");

        let header_bytes = usize::try_from(u32_at(4)).unwrap_or(usize::MAX);
        if header_bytes < ENTRY_HEADER_BYTES {
            return Err(malformed(4, "expected an entry header of 64 or more bytes"));
        }
        let padded_bytes = usize::try_from(u64_at(8)).unwrap_or(usize::MAX);
        let entry = header_bytes.checked_add(padded_bytes).and_then(|len| bytes.get(..len));
        let Some(entry) = entry else {
            return Err(malformed(8, "an entry's payload is longer than its container"));
        };
        let flags = u64_at(40);
        let compression = match (flags & FLAG_LZ4 != 0, flags & FLAG_ZSTD != 0) {
            (false, false) => Compression::None,
            (true, false) => Compression::Lz4,
            (false, true) => Compression::Zstd,
            (true, true) => return Err(malformed(40, "an entry claims two compressions")),
        };
        // Uncompressed payloads have no second length, and their padding is harmless.
        let (payload_bytes, uncompressed_len) = match compression {
            Compression::None => (padded_bytes, padded_bytes as u64),
            _ => (usize::try_from(u32_at(16)).unwrap_or(usize::MAX), u64_at(56)),
        };
        if payload_bytes > padded_bytes {
            return Err(malformed(16, "an entry's compressed data is longer than its payload"));
        }
        Ok(Self {
            bytes: entry,
            header_bytes,
            payload_bytes,
            kind: match u16_at(0) {
                1 => Kind::Ptx,
                2 => Kind::Cubin,
                other => Kind::Other(other),
            },
            sm: u32_at(28),
            version: (u16_at(26), u16_at(24)),
            flags,
            compression,
            uncompressed_len,
        })
    }

    /// Header and payload as they stand in the container: what travels as `ImageKind::FatbinEntry`.
    pub fn bytes(&self) -> &'b [u8] {
        self.bytes
    }

    /// The header alone.
    pub fn header(&self) -> &'b [u8] {
        &self.bytes[..self.header_bytes]
    }

    /// The image, still compressed when [`Self::compression`] says so; without padding.
    pub fn payload(&self) -> &'b [u8] {
        &self.bytes[self.header_bytes..][..self.payload_bytes]
    }

    /// What the image is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The (virtual) architecture it was compiled for, 10 × major + minor.
    pub fn sm(&self) -> u32 {
        self.sm
    }

    /// The PTX language version of a PTX image (the ELF's version of machine code), major and minor.
    pub fn version(&self) -> (u16, u16) {
        self.version
    }

    /// How the payload is packed.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// Length of the unpacked image in bytes, as the header claims it: check it before allocating.
    pub fn uncompressed_len(&self) -> u64 {
        self.uncompressed_len
    }

    /// Whether a device of exactly this capability can compile this PTX: it is for no later architecture, and one
    /// that is for a specific architecture (`sm_90a`) is for this one.
    pub(crate) fn is_ptx_for(&self, capability: u32) -> bool {
        let fits = match self.flags & FLAGS_ARCHITECTURE_SPECIFIC {
            0 => self.sm <= capability,
            _ => self.sm == capability,
        };
        self.kind == Kind::Ptx && fits
    }
}

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

fn array_at<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..)?.first_chunk().copied()
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    array_at(bytes, offset).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    array_at(bytes, offset).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    array_at(bytes, offset).map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn entry(kind: u16, sm: u32, flags: u64, payload: &[u8]) -> Vec<u8> {
        let padded = payload.len().next_multiple_of(8);
        let mut bytes = vec![0; 64 + padded];
        bytes[0..2].copy_from_slice(&kind.to_le_bytes());
        bytes[4..8].copy_from_slice(&64u32.to_le_bytes());
        bytes[8..16].copy_from_slice(&(padded as u64).to_le_bytes());
        bytes[16..20].copy_from_slice(&u32::try_from(payload.len()).expect("short").to_le_bytes());
        bytes[24..26].copy_from_slice(&4u16.to_le_bytes());
        bytes[26..28].copy_from_slice(&8u16.to_le_bytes());
        bytes[28..32].copy_from_slice(&sm.to_le_bytes());
        bytes[40..48].copy_from_slice(&flags.to_le_bytes());
        bytes[56..64].copy_from_slice(&1000u64.to_le_bytes());
        bytes[64..64 + payload.len()].copy_from_slice(payload);
        bytes
    }

    pub(super) fn container(entries: &[Vec<u8>]) -> Vec<u8> {
        let body = entries.concat();
        let mut bytes = MAGIC.to_le_bytes().to_vec();
        bytes.extend(1u16.to_le_bytes());
        bytes.extend(16u16.to_le_bytes());
        bytes.extend((body.len() as u64).to_le_bytes());
        bytes.extend(body);
        bytes
    }

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
    fn an_entry_can_be_read_again_from_its_own_bytes() {
        let bytes = container(&[entry(1, 50, 0x8011, b"abc"), entry(1, 61, 0x11, b"next")]);
        let selected = select(&bytes, 50).expect("there is one");
        assert_eq!(selected.bytes().len(), 72);
        assert_eq!(Entry::parse(selected.bytes()), Ok(selected));
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
    fn total_len_counts_header_and_body_and_needs_sixteen_bytes() {
        let bytes = container(&[entry(1, 80, 0x11, b"x")]);
        assert_eq!(total_len(&bytes[..HEADER_BYTES]), Some(bytes.len()));
        assert_eq!(total_len(&bytes[..HEADER_BYTES - 1]), None);
        assert_eq!(total_len(b"not a fatbin at all"), None);
    }

    #[test]
    fn a_container_cut_anywhere_is_malformed() {
        let bytes = container(&[entry(1, 50, 0x2011, b"abcdefgh"), entry(2, 80, 0x11, b"x")]);
        for len in 0..bytes.len() {
            let error = select(&bytes[..len], 80).expect_err("cut short");
            assert!(matches!(error, Error::Malformed { .. }), "{len}: {error}");
        }
    }

    #[test]
    fn lengths_that_overflow_are_malformed() {
        for field in [4..8, 8..16, 16..20] {
            let mut one = entry(1, 50, 0x2011, b"abcdefgh");
            one[field].fill(0xff);
            let error = select(&container(&[one]), 80).expect_err("too long");
            assert_eq!(error.to_cuda(), CuError::INVALID_IMAGE);
        }
        let mut bytes = container(&[]);
        bytes[8..16].fill(0xff);
        assert!(Container::parse(&bytes).is_err());
    }

    #[test]
    fn a_change_of_any_byte_is_read_without_a_panic() {
        let bytes = container(&[entry(1, 50, 0x2011, b"abcdefgh"), entry(2, 80, 0x11, b"x")]);
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = bytes.clone();
                changed[at] = value;
                let entries = Container::parse(&changed).map(|container| container.entries().count());
                assert!(entries.is_err() || entries.is_ok_and(|count| count <= 3));
            }
        }
    }
}
