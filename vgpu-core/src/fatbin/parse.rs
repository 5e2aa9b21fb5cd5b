//! A container as its bytes have it: header, entries, and what each entry says of its image.

use super::error::Error;

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
    use super::super::samples::{container, entry};
    use super::*;
    use crate::error::CuError;

    #[test]
    fn an_entry_can_be_read_again_from_its_own_bytes() {
        let bytes = container(&[entry(1, 50, 0x8011, b"abc"), entry(1, 61, 0x11, b"next")]);
        let mut entries = Container::parse(&bytes).expect("a container").entries();
        let first = entries.next().expect("there are two").expect("a sound entry");
        assert_eq!(first.bytes().len(), 72);
        assert_eq!(Entry::parse(first.bytes()), Ok(first));
    }

    #[test]
    fn total_len_counts_header_and_body_and_needs_sixteen_bytes() {
        let bytes = container(&[entry(1, 80, 0x11, b"x")]);
        assert_eq!(total_len(&bytes[..HEADER_BYTES]), Some(bytes.len()));
        assert_eq!(total_len(&bytes[..HEADER_BYTES - 1]), None);
        assert_eq!(total_len(b"not a fatbin at all"), None);
    }

    #[test]
    fn lengths_that_overflow_are_malformed() {
        for field in [4..8, 8..16, 16..20] {
            let mut one = entry(1, 50, 0x2011, b"abcdefgh");
            one[field].fill(0xff);
            let bytes = container(&[one]);
            let entry = Container::parse(&bytes).expect("a container").entries().next().expect("there is one");
            assert_eq!(entry.expect_err("too long").to_cuda(), CuError::INVALID_IMAGE);
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
