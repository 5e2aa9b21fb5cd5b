//! The payload of a fatbin's entry as it was before it was compressed, within a fixed size.
//!
//! Reads bytes of any origin: what an entry claims costs nothing until bytes bear it out.

use std::io::Read;

use vgpu_core::fatbin::{Compression, Entry};

/// The longest image that is accepted, unpacked. The longest PTX seen in the wild has 23 MB.
pub const MAX_BYTES: usize = 512 << 20;

/// LZ4 cannot pack tighter than this; a claim of more is a lie that would cost memory.
const MAX_LZ4_RATIO: u64 = 256;

/// Why an entry cannot be unpacked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnpackError {
    /// It would be too long.
    #[error("the image claims {0} bytes, more than the limit of {MAX_BYTES}")]
    TooLong(u64),
    /// Compressed data that does not unpack.
    #[error("the image's {method} data is damaged: {detail}")]
    Damaged {
        /// `LZ4` or `Zstandard`.
        method: &'static str,
        /// What the decompressor says.
        detail: String,
    },
}

/// An entry's image.
///
/// # Errors
/// See [`UnpackError`].
pub fn unpacked(entry: &Entry<'_>) -> Result<Vec<u8>, UnpackError> {
    let claimed = entry.uncompressed_len();
    let len_bytes = usize::try_from(claimed).ok().filter(|len| *len <= MAX_BYTES);
    let len_bytes = len_bytes.ok_or(UnpackError::TooLong(claimed))?;
    let payload = entry.payload();
    match entry.compression() {
        Compression::None => Ok(payload.to_vec()),
        Compression::Lz4 => {
            let damaged = |detail: String| UnpackError::Damaged { method: "LZ4", detail };
            if claimed > (payload.len() as u64 + 1) * MAX_LZ4_RATIO {
                return Err(damaged(format!("{} bytes cannot unpack to {claimed}", payload.len())));
            }
            lz4_flex::block::decompress(payload, len_bytes).map_err(|error| damaged(error.to_string()))
        }
        Compression::Zstd => {
            let damaged = |detail: String| UnpackError::Damaged { method: "Zstandard", detail };
            let decoder =
                ruzstd::decoding::StreamingDecoder::new(payload).map_err(|error| damaged(error.to_string()))?;
            // The header's length is a claim: grow with what really comes, and never past the limit.
            let mut bytes = Vec::with_capacity(len_bytes.min(payload.len().saturating_mul(16)));
            let read = decoder.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes);
            read.map_err(|error| damaged(error.to_string()))?;
            if bytes.len() > MAX_BYTES {
                return Err(UnpackError::TooLong(bytes.len() as u64));
            }
            Ok(bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(flags: u64, uncompressed: u64, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[0] = 1;
        bytes[4..8].copy_from_slice(&64u32.to_le_bytes());
        bytes[8..16].copy_from_slice(&(payload.len() as u64).to_le_bytes());
        bytes[16..20].copy_from_slice(&u32::try_from(payload.len()).expect("short").to_le_bytes());
        bytes[40..48].copy_from_slice(&flags.to_le_bytes());
        bytes[56..64].copy_from_slice(&uncompressed.to_le_bytes());
        bytes.extend(payload);
        bytes
    }

    fn unpack(bytes: &[u8]) -> Result<Vec<u8>, UnpackError> {
        unpacked(&Entry::parse(bytes).expect("a sound entry"))
    }

    const TEXT: &[u8] = b".version 8.4\n.version 8.4\n.version 8.4\n.version 8.4\n.version 8.4\n";

    #[test]
    fn what_is_not_compressed_stays_as_it_is() {
        assert_eq!(unpack(&entry(0x11, 0, TEXT)).as_deref(), Ok(TEXT));
    }

    #[test]
    fn an_lz4_entry_is_unpacked() {
        let packed = lz4_flex::block::compress(TEXT);
        assert_eq!(unpack(&entry(0x2011, TEXT.len() as u64, &packed)).as_deref(), Ok(TEXT));
    }

    #[test]
    fn a_zstd_entry_is_unpacked() {
        let packed = ruzstd::encoding::compress_to_vec(TEXT, ruzstd::encoding::CompressionLevel::Fastest);
        assert_eq!(unpack(&entry(0x8011, TEXT.len() as u64, &packed)).as_deref(), Ok(TEXT));
    }

    #[test]
    fn lengths_that_lie_are_refused_before_memory_is_taken() {
        assert_eq!(unpack(&entry(0x2011, u64::MAX, b"abc")), Err(UnpackError::TooLong(u64::MAX)));
        let error = unpack(&entry(0x2011, MAX_BYTES as u64, b"abc")).expect_err("three bytes hold no more than 768");
        assert!(matches!(error, UnpackError::Damaged { .. }), "{error}");
    }

    #[test]
    fn damaged_data_is_an_error() {
        for flags in [0x2011, 0x8011] {
            let error = unpack(&entry(flags, 100, &[0xf5; 40])).expect_err("garbage");
            assert!(matches!(error, UnpackError::Damaged { .. }), "{error}");
        }
    }
}
