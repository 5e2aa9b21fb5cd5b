//! Images as programs pass them: a pointer to PTX text, a CUDA ELF, a fatbin, or the wrapper that nvcc puts around one.
//!
//! Nothing says how long they are, so their own headers do; what a header claims is the program's word.

use std::borrow::Cow;
use std::ffi::{CStr, c_void};

use vgpu_core::fatbin;
use vgpu_core::wire::messages::ImageKind;
use vgpu_core::{CuError, CuResult};

const ELF_MAGIC: &[u8; 4] = b"\x7fELF";
/// Length of an ELF64 header.
const ELF_HEADER_BYTES: usize = 64;
/// No image is longer: a header that claims more is garbage.
const MAX_IMAGE_BYTES: usize = 1 << 32;

/// An image in the program's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Image<'a> {
    /// PTX text without its NUL.
    Ptx(&'a [u8]),
    Cubin(&'a [u8]),
    Fatbin(&'a [u8]),
}

/// An image of our own keeping.
pub(crate) struct OwnedImage {
    kind: fn(&[u8]) -> Image<'_>,
    bytes: Vec<u8>,
}

impl OwnedImage {
    /// The image's view.
    pub(crate) fn view(&self) -> Image<'_> {
        (self.kind)(&self.bytes)
    }
}

/// The wrapper's layout.
#[repr(C)]
#[derive(Clone, Copy)]
struct Wrapper {
    magic: u32,
    version: u32,
    data: *const c_void,
    /// Version 2: an array of prelinked fatbins. Unused here.
    _filename_or_fatbins: *const c_void,
}

impl<'a> Image<'a> {
    /// Finds out what the program's pointer leads to.
    ///
    /// # Errors
    /// `INVALID_VALUE` for null, `INVALID_IMAGE` when it is nothing known.
    ///
    /// # Safety
    /// A non-null `image` leads to a whole image of one of the kinds, which nobody writes for `'a`.
    pub(crate) unsafe fn at(image: *const c_void) -> CuResult<Self> {
        if image.is_null() {
            return Err(CuError::INVALID_VALUE);
        }
        let bytes = image.cast::<u8>();
        // SAFETY: the shortest image, PTX text, has four bytes; the address needs no alignment for an array of bytes.
        let magic = unsafe { bytes.cast::<[u8; 4]>().read() };
        match u32::from_le_bytes(magic) {
            fatbin::WRAPPER_MAGIC => {
                // SAFETY: the magic says that a wrapper stands here.
                let wrapper = unsafe { image.cast::<Wrapper>().read_unaligned() };
                let inner = wrapper.data.cast::<u8>();
                if inner.is_null() || !matches!(wrapper.version, 1 | 2) {
                    return Err(CuError::INVALID_IMAGE);
                }
                // SAFETY: the wrapper's pointer leads to a fatbin.
                unsafe { Self::fatbin_at(inner) }
            }
            // SAFETY: the magic says that a fatbin stands here.
            fatbin::MAGIC => unsafe { Self::fatbin_at(bytes) },
            // SAFETY: the magic says that an ELF stands here.
            _ if magic == *ELF_MAGIC => unsafe { Self::elf_at(bytes) },
            _ => {
                // SAFETY: what is no binary is text with a NUL at its end.
                let text = unsafe { CStr::from_ptr(image.cast()) }.to_bytes();
                if looks_like_text(text) { Ok(Image::Ptx(text)) } else { Err(CuError::INVALID_IMAGE) }
            }
        }
    }

    /// # Safety
    /// `bytes` leads to a whole fatbin.
    unsafe fn fatbin_at(bytes: *const u8) -> CuResult<Self> {
        // SAFETY: a fatbin is at least its header.
        let header = unsafe { std::slice::from_raw_parts(bytes, fatbin::HEADER_BYTES) };
        let len = fatbin::total_len(header).filter(|len| *len <= MAX_IMAGE_BYTES).ok_or(CuError::INVALID_IMAGE)?;
        // SAFETY: the fatbin is as long as its header says.
        Ok(Image::Fatbin(unsafe { std::slice::from_raw_parts(bytes, len) }))
    }

    /// # Safety
    /// `bytes` leads to a whole ELF file.
    unsafe fn elf_at(bytes: *const u8) -> CuResult<Self> {
        // SAFETY: an ELF file is at least its header.
        let header = unsafe { std::slice::from_raw_parts(bytes, ELF_HEADER_BYTES) };
        let tables = elf_tables_end(header).ok_or(CuError::INVALID_IMAGE)?;
        // SAFETY: the file holds its header tables.
        let with_tables = unsafe { std::slice::from_raw_parts(bytes, tables) };
        let len = elf_len(with_tables).ok_or(CuError::INVALID_IMAGE)?;
        // SAFETY: the file holds all its sections.
        Ok(Image::Cubin(unsafe { std::slice::from_raw_parts(bytes, len) }))
    }

    /// The part of the image that a device of that capability (10 × major + minor) takes: of a fatbin the best PTX, or, for
    /// one that runs machine code, what its driver may choose from.
    ///
    /// # Errors
    /// `NO_BINARY_FOR_GPU` when a fatbin has nothing for it, `INVALID_IMAGE` when it is malformed.
    pub(crate) fn for_device(&self, capability: u32, runs_machine_code: bool) -> CuResult<(ImageKind, Cow<'a, [u8]>)> {
        let chosen = match *self {
            Image::Ptx(text) => Ok((ImageKind::Ptx, text.into())),
            Image::Cubin(elf) => Ok((ImageKind::Cubin, elf.into())),
            Image::Fatbin(bytes) if runs_machine_code => {
                fatbin::reduced(bytes, capability).map(|bytes| (ImageKind::Fatbin, bytes.into()))
            }
            Image::Fatbin(bytes) => {
                fatbin::select(bytes, capability).map(|entry| (ImageKind::FatbinEntry, entry.bytes().into()))
            }
        };
        chosen.map_err(|error| {
            log::error!("no image for compute capability {}.{}: {error}", capability / 10, capability % 10);
            error.to_cuda()
        })
    }

    /// A copy that outlives the program's.
    pub(crate) fn to_owned_image(self) -> OwnedImage {
        let (kind, bytes): (fn(&[u8]) -> Image<'_>, _) = match self {
            Image::Ptx(bytes) => (|bytes| Image::Ptx(bytes), bytes),
            Image::Cubin(bytes) => (|bytes| Image::Cubin(bytes), bytes),
            Image::Fatbin(bytes) => (|bytes| Image::Fatbin(bytes), bytes),
        };
        OwnedImage { kind, bytes: bytes.to_vec() }
    }

    /// Reads what a file holds.
    ///
    /// # Errors
    /// `INVALID_IMAGE` when it is nothing known or shorter than it claims.
    pub(crate) fn in_file(bytes: &'a [u8]) -> CuResult<Self> {
        if fatbin::is_fatbin(bytes) {
            let len = fatbin::total_len(bytes).filter(|len| *len <= bytes.len()).ok_or(CuError::INVALID_IMAGE)?;
            return Ok(Image::Fatbin(&bytes[..len]));
        }
        if bytes.starts_with(ELF_MAGIC) {
            return Ok(Image::Cubin(bytes));
        }
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        if looks_like_text(text) { Ok(Image::Ptx(text)) } else { Err(CuError::INVALID_IMAGE) }
    }
}

/// PTX starts with white space, a comment or a directive, all of it printable.
fn looks_like_text(bytes: &[u8]) -> bool {
    let printable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    let start = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(start, Some(b'.' | b'/')) && bytes.iter().take(256).all(printable)
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u64_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u64::from_le_bytes(field(bytes, at)?)).ok()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u16::from_le_bytes(field(bytes, at)?).into())
}

/// Where the program and section header tables of a little-endian ELF64 end.
fn elf_tables_end(header: &[u8]) -> Option<usize> {
    if header.get(4) != Some(&2) || header.get(5) != Some(&1) {
        return None;
    }
    let table = |offset: usize, entry: usize, count: usize| offset.checked_add(entry.checked_mul(count)?);
    let program = table(u64_at(header, 32)?, u16_at(header, 54)?, u16_at(header, 56)?)?;
    let section = table(u64_at(header, 40)?, u16_at(header, 58)?, u16_at(header, 60)?)?;
    let end = program.max(section).max(ELF_HEADER_BYTES);
    (end <= MAX_IMAGE_BYTES).then_some(end)
}

/// The whole length of an ELF64 whose header tables lie in `bytes`.
fn elf_len(bytes: &[u8]) -> Option<usize> {
    let (offset, entry, count) = (u64_at(bytes, 40)?, u16_at(bytes, 58)?, u16_at(bytes, 60)?);
    let mut end = elf_tables_end(bytes)?;
    for index in 0..count {
        let section = bytes.get(offset.checked_add(index.checked_mul(entry)?)?..)?;
        const NOBITS: u32 = 8;
        if u32::from_le_bytes(field(section, 4)?) != NOBITS {
            end = end.max(u64_at(section, 24)?.checked_add(u64_at(section, 32)?)?);
        }
    }
    (end <= MAX_IMAGE_BYTES).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(bytes: &[u8]) -> CuResult<Image<'_>> {
        // SAFETY: the tests pass whole images, or bytes that are refused by their first four.
        unsafe { Image::at(bytes.as_ptr().cast()) }
    }

    #[test]
    fn ptx_text_ends_at_its_nul() {
        let text = b"//\n.version 7.0\n\0after";
        assert_eq!(at(text), Ok(Image::Ptx(&text[..16])));
    }

    #[test]
    fn garbage_is_an_invalid_image() {
        assert_eq!(at(b"garbage\0"), Err(CuError::INVALID_IMAGE));
        assert_eq!(at(b"\x01\x02\x03\x04\0"), Err(CuError::INVALID_IMAGE));
        assert_eq!(Image::in_file(b""), Err(CuError::INVALID_IMAGE));
    }

    #[test]
    fn an_elf_is_as_long_as_its_last_section() {
        let mut elf = vec![0; 64 + 128 + 32];
        elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
        elf[40] = 64;
        elf[58] = 64;
        elf[60] = 2;
        elf[64 + 64 + 24] = 192;
        elf[64 + 64 + 32] = 32;
        elf.push(0xff);
        let Ok(Image::Cubin(bytes)) = at(&elf) else { panic!("not taken for a cubin") };
        assert_eq!(bytes.len(), 224);
    }

    #[test]
    fn a_device_is_sent_what_it_takes_of_a_fatbin() {
        let entry = |kind: u8, sm: u8| {
            let mut entry = [0_u8; 72];
            (entry[0], entry[4], entry[8], entry[28]) = (kind, 64, 8, sm);
            entry
        };
        let (code, ptx) = (entry(2, 86), entry(1, 80));
        let bytes = fatbin::container([&code[..], &ptx]);
        let image = at(&bytes).expect("a fatbin");
        assert_eq!(image.for_device(86, false), Ok((ImageKind::FatbinEntry, ptx[..].into())));
        assert_eq!(image.for_device(86, true), Ok((ImageKind::Fatbin, bytes[..].into())));
        assert_eq!(image.for_device(90, true), Ok((ImageKind::Fatbin, fatbin::container([&ptx[..]]).into())));
        assert_eq!(image.for_device(75, true), Err(CuError::NO_BINARY_FOR_GPU));
    }

    #[test]
    fn a_32_bit_elf_is_an_invalid_image() {
        let mut elf = vec![0; 64];
        elf[..6].copy_from_slice(b"\x7fELF\x01\x01");
        assert_eq!(at(&elf), Err(CuError::INVALID_IMAGE));
    }
}
