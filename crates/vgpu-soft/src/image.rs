//! Images as a guest sends them (PTX, fatbin entries, ELFs) to PTX text.
//!
//! Decompresses what needs it, within a fixed size. Machine code is refused by name: nothing here can run it.

use vgpu_core::error::CuError;
use vgpu_core::fatbin::{Entry, Kind};
use vgpu_core::wire::messages::ImageKind;
use vgpu_unpack::{UnpackError, unpacked};

/// The longest PTX text that is accepted.
pub(crate) const MAX_TEXT_BYTES: usize = vgpu_unpack::MAX_BYTES;

/// Why an image gives no PTX text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// The fatbin entry is damaged.
    #[error(transparent)]
    Fatbin(#[from] vgpu_core::fatbin::Error),
    /// The image holds SASS for a real GPU.
    #[error(
        "the image is machine code (SASS) for sm_{sm}; the software GPU runs PTX only, so the program needs a build that includes PTX"
    )]
    MachineCode {
        /// 10 × major + minor.
        sm: u32,
    },
    /// An ELF file instead of text.
    #[error("the image is a CUDA ELF with machine code (SASS); the software GPU runs PTX only")]
    Elf,
    /// Some other kind of fatbin entry.
    #[error("fatbin entries of kind {0} hold no PTX")]
    Kind(u16),
    /// Too long for this device.
    #[error("the image claims {0} bytes of PTX, more than the limit of {MAX_TEXT_BYTES}")]
    TooLong(u64),
    /// Compressed data that does not unpack.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// Several images, where the one that this device takes was asked for.
    #[error("the image is a whole fatbin; the software GPU takes one entry of it")]
    Several,
    /// Bytes that are no text.
    #[error("the PTX is not UTF-8 text at byte {0}")]
    NotText(usize),
}

impl ImageError {
    /// What CUDA reports in this case.
    pub fn to_cuda(&self) -> CuError {
        match self {
            Self::Fatbin(error) => error.to_cuda(),
            Self::MachineCode { .. } | Self::Elf | Self::Kind(_) => CuError::NO_BINARY_FOR_GPU,
            Self::TooLong(_) | Self::Unpack(_) | Self::Several => CuError::INVALID_IMAGE,
            Self::NotText(_) => CuError::INVALID_PTX,
        }
    }
}

/// The PTX text of an image, without its final NUL.
///
/// # Errors
/// See [`ImageError`]; in particular machine code is not PTX.
pub fn ptx_text(kind: ImageKind, bytes: &[u8]) -> Result<String, ImageError> {
    match kind {
        ImageKind::Ptx if is_elf(bytes) => Err(ImageError::Elf),
        ImageKind::Ptx => text(bytes.to_vec()),
        ImageKind::Cubin => Err(ImageError::Elf),
        ImageKind::Fatbin => Err(ImageError::Several),
        ImageKind::FatbinEntry => {
            let entry = Entry::parse(bytes)?;
            match entry.kind() {
                Kind::Ptx => text(unpacked(&entry)?),
                Kind::Cubin => Err(ImageError::MachineCode { sm: entry.sm() }),
                Kind::Other(kind) => Err(ImageError::Kind(kind)),
            }
        }
    }
}

fn is_elf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF")
}

/// Cuts at the first NUL: what follows it is the container's padding.
fn text(mut bytes: Vec<u8>) -> Result<String, ImageError> {
    if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
        bytes.truncate(end);
    }
    if bytes.len() > MAX_TEXT_BYTES {
        return Err(ImageError::TooLong(bytes.len() as u64));
    }
    String::from_utf8(bytes).map_err(|error| ImageError::NotText(error.utf8_error().valid_up_to()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: u16, flags: u64, uncompressed: u64, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[0..2].copy_from_slice(&kind.to_le_bytes());
        bytes[4..8].copy_from_slice(&64u32.to_le_bytes());
        bytes[8..16].copy_from_slice(&(payload.len() as u64).to_le_bytes());
        bytes[16..20].copy_from_slice(&u32::try_from(payload.len()).expect("short").to_le_bytes());
        bytes[28..32].copy_from_slice(&75u32.to_le_bytes());
        bytes[40..48].copy_from_slice(&flags.to_le_bytes());
        bytes[56..64].copy_from_slice(&uncompressed.to_le_bytes());
        bytes.extend(payload);
        bytes
    }

    const TEXT: &str = ".version 8.4\n.version 8.4\n.version 8.4\n.version 8.4\n.version 8.4\n";

    #[test]
    fn plain_text_loses_its_nul_and_what_follows() {
        assert_eq!(ptx_text(ImageKind::Ptx, b".version 8.4\n\0\0x"), Ok(".version 8.4\n".to_owned()));
    }

    #[test]
    fn an_lz4_entry_is_unpacked() {
        let packed = lz4_flex::block::compress(TEXT.as_bytes());
        let bytes = entry(1, 0x2011, TEXT.len() as u64, &packed);
        assert_eq!(ptx_text(ImageKind::FatbinEntry, &bytes), Ok(TEXT.to_owned()));
    }

    #[test]
    fn a_zstd_entry_is_unpacked() {
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        let packed = ruzstd::encoding::compress_to_vec(TEXT.as_bytes(), level);
        let bytes = entry(1, 0x8011, TEXT.len() as u64, &packed);
        assert_eq!(ptx_text(ImageKind::FatbinEntry, &bytes), Ok(TEXT.to_owned()));
    }

    #[test]
    fn machine_code_is_refused_by_name() {
        let error = ptx_text(ImageKind::FatbinEntry, &entry(2, 0x11, 0, b"\x7fELF")).expect_err("SASS");
        assert_eq!(error, ImageError::MachineCode { sm: 75 });
        assert_eq!(error.to_cuda(), CuError::NO_BINARY_FOR_GPU);
        assert!(error.to_string().contains("SASS"));
        assert_eq!(ptx_text(ImageKind::Ptx, b"\x7fELF..."), Err(ImageError::Elf));
    }

    #[test]
    fn lengths_that_lie_are_refused_before_memory_is_taken() {
        let too_long = entry(1, 0x2011, u64::MAX, b"abc");
        let refused = Err(UnpackError::TooLong(u64::MAX).into());
        assert_eq!(ptx_text(ImageKind::FatbinEntry, &too_long), refused);
    }

    #[test]
    fn damaged_data_is_an_error() {
        for flags in [0x2011, 0x8011] {
            let error = ptx_text(ImageKind::FatbinEntry, &entry(1, flags, 100, &[0xf5; 40])).expect_err("garbage");
            assert_eq!(error.to_cuda(), CuError::INVALID_IMAGE, "{error}");
        }
    }

    #[test]
    fn text_that_is_not_utf8_is_invalid_ptx() {
        let error = ptx_text(ImageKind::Ptx, b"ab\xff").expect_err("not text");
        assert_eq!((error.to_cuda(), error), (CuError::INVALID_PTX, ImageError::NotText(2)));
    }
}
