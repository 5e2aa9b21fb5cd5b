//! What an image says of its kernels and the driver does not: the only block that a kernel can be launched with, and, for drivers
//! before 12.4, where its parameters lie.
//!
//! **Source:** the PTX manual's chapters on kernel parameters and on `.reqntid`; `.nv.info` sections as observed in what ptxas 12.4
//! and 12.9 write.

use std::collections::BTreeMap;

use memchr::memmem;
use object::read::elf::ElfFile64;
use object::{Object, ObjectSection};
use vgpu_core::fatbin::{Compression, Container, Entry, Kind};
use vgpu_core::wire::messages::{ImageKind, ParamLayout};

/// Sections of machine code with a kernel's attributes are named so, and then as the kernel.
const INFO_SECTION: &str = ".nv.info.";
/// Format of a record that is followed by as many bytes as it says.
const FORMAT_SIZED: u8 = 4;
/// The attribute with the block that a kernel requires, three numbers.
const REQUIRED_BLOCK: u8 = 0x10;
/// How a record with it starts.
const REQUIRED_BLOCK_START: [u8; 4] = [FORMAT_SIZED, REQUIRED_BLOCK, 12, 0];
/// What says the same in text.
const REQUIRED_BLOCK_TEXT: &str = ".reqntid";
/// The attribute that describes a parameter.
const PARAM_INFO: u8 = 0x17;
/// Where its size starts among the bits of its last word.
const PARAM_SIZE_SHIFT: u32 = 18;

/// The kernels of an image by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Layouts(BTreeMap<String, Layout>);

/// What an image says of a kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Its parameters in order.
    pub(crate) params: Vec<ParamLayout>,
    /// The only block that it takes; zeros when it takes others.
    pub(crate) required_block: [u32; 3],
}

impl Layouts {
    /// Those kernels of an image that require a block. Images without any are not read, and compressed ones are not unpacked for
    /// it: the driver refuses a wrong block itself, one call later.
    pub(crate) fn requiring(kind: ImageKind, bytes: &[u8]) -> Self {
        let requires =
            |mark: &[u8], kind, bytes| memmem::find(bytes, mark).map(|_| Self::of(kind, bytes)).unwrap_or_default();
        let mut all = match kind {
            ImageKind::Ptx => requires(REQUIRED_BLOCK_TEXT.as_bytes(), kind, bytes),
            ImageKind::Cubin => requires(&REQUIRED_BLOCK_START, kind, bytes),
            ImageKind::FatbinEntry => Self::requiring_of_any(Entry::parse(bytes).into_iter()),
            ImageKind::Fatbin => {
                let entries = Container::parse(bytes).into_iter().flat_map(|container| container.entries());
                Self::requiring_of_any(entries.filter_map(Result::ok))
            }
        };
        all.0.retain(|_, kernel| kernel.required_block != [0; 3]);
        all
    }

    fn requiring_of_any<'b>(entries: impl Iterator<Item = Entry<'b>>) -> Self {
        let plain = entries.filter(|entry| entry.compression() == Compression::None);
        Self::joined(plain.filter_map(|entry| Some(Self::requiring(image_kind(&entry)?, entry.payload()))))
    }

    /// Reads an image. What cannot be read has no kernels.
    pub(crate) fn of(kind: ImageKind, bytes: &[u8]) -> Self {
        match kind {
            ImageKind::Ptx => Self::of_ptx(&String::from_utf8_lossy(bytes)),
            ImageKind::Cubin => Self::of_machine_code(bytes),
            ImageKind::FatbinEntry => Entry::parse(bytes).map(|entry| Self::of_entry(&entry)).unwrap_or_default(),
            ImageKind::Fatbin => {
                let entries = Container::parse(bytes).into_iter().flat_map(|container| container.entries());
                Self::joined(entries.filter_map(Result::ok).map(|entry| Self::of_entry(&entry)))
            }
        }
    }

    /// Whichever of a fatbin's images the driver picks, the program launches it alike: they say the same of a kernel. It may be
    /// missing in one.
    fn joined(images: impl Iterator<Item = Self>) -> Self {
        let mut all = Self::default();
        for (name, kernel) in images.flat_map(|image| image.0) {
            all.0.entry(name).or_insert(kernel);
        }
        all
    }

    fn of_entry(entry: &Entry<'_>) -> Self {
        let Some(kind) = image_kind(entry) else {
            return Self::default();
        };
        match vgpu_unpack::unpacked(entry) {
            Ok(bytes) => Self::of(kind, &bytes),
            Err(error) => {
                log::debug!("an image's kernels stay unknown: {error}");
                Self::default()
            }
        }
    }

    /// A kernel, if it is known.
    pub(crate) fn kernel(&self, name: &str) -> Option<&Layout> {
        self.0.get(name)
    }

    /// The names of all kernels.
    pub(crate) fn kernels(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    fn of_ptx(text: &str) -> Self {
        let text = without_comments(text);
        let kernels = text.split(".entry").skip(1).filter_map(|rest| {
            let name_end = rest.find(['(', '{', ';'])?;
            let name = rest[..name_end].split_whitespace().next()?;
            let (params, behind) = match rest[name_end..].strip_prefix('(') {
                Some(list) => list.split_once(')').and_then(|(list, behind)| Some((ptx_params(list)?, behind)))?,
                None => (Vec::new(), rest),
            };
            Some((name.to_owned(), Layout { params, required_block: ptx_required_block(behind).unwrap_or_default() }))
        });
        Self(kernels.collect())
    }

    fn of_machine_code(bytes: &[u8]) -> Self {
        let Ok(file) = ElfFile64::<object::Endianness>::parse(bytes) else {
            return Self::default();
        };
        let kernels = file.sections().filter_map(|section| {
            let name = section.name().ok()?.strip_prefix(INFO_SECTION)?.to_owned();
            Some((name, Layout::of_info(section.data().ok()?)?))
        });
        Self(kernels.collect())
    }
}

/// As what an entry of a fatbin is to be read.
fn image_kind(entry: &Entry<'_>) -> Option<ImageKind> {
    match entry.kind() {
        Kind::Ptx => Some(ImageKind::Ptx),
        Kind::Cubin => Some(ImageKind::Cubin),
        Kind::Other(_) => None,
    }
}

fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('/') {
        plain.push_str(&rest[..start]);
        let comment = &rest[start..];
        let end = if comment.starts_with("//") {
            comment.find('\n')
        } else if comment.starts_with("/*") {
            comment.find("*/").map(|end| end + 2)
        } else {
            plain.push('/');
            Some(1)
        };
        rest = end.map_or("", |end| &comment[end..]);
    }
    plain.push_str(rest);
    plain
}

/// The parameters of a list such as `.param .u64 a, .param .align 16 .b8 b[48]`.
fn ptx_params(list: &str) -> Option<Vec<ParamLayout>> {
    let mut end = 0_u32;
    let declared = list.split(',').map(str::trim).filter(|param| !param.is_empty());
    declared
        .map(|param| {
            let words: Vec<&str> = param.split_whitespace().collect();
            let (at, element_bytes) = words.iter().enumerate().find_map(|(at, word)| Some((at, type_bytes(word)?)))?;
            // What stands behind the type is of what a pointer leads to.
            let align_at = words[..at].iter().position(|word| *word == ".align");
            let align = align_at.map_or(Some(element_bytes), |align| words.get(align + 1)?.parse().ok())?;
            let count = match param.split_once('[') {
                Some((_, count)) => count.split_once(']')?.0.trim().parse().ok()?,
                None => 1,
            };
            let offset_bytes = end.checked_next_multiple_of(align)?;
            let len_bytes = element_bytes.checked_mul(count)?;
            end = offset_bytes.checked_add(len_bytes)?;
            Some(ParamLayout { offset_bytes, len_bytes })
        })
        .collect()
}

/// The block of a directive such as `.reqntid 32, 4` among those before a kernel's body; zeros without one.
fn ptx_required_block(behind: &str) -> Option<[u32; 3]> {
    let directives = behind.split(['{', ';']).next()?;
    let Some((_, numbers)) = directives.split_once(REQUIRED_BLOCK_TEXT) else {
        return Some([0; 3]);
    };
    let mut block = [1; 3];
    let numbers = numbers.split('.').next()?.split(',');
    for (number, dimension) in numbers.zip(&mut block) {
        *dimension = number.trim().parse().ok()?;
    }
    Some(block)
}

/// Bytes of a type such as `.u64`.
fn type_bytes(word: &str) -> Option<u32> {
    Some(match word {
        ".b8" | ".u8" | ".s8" => 1,
        ".b16" | ".u16" | ".s16" | ".f16" | ".bf16" => 2,
        ".b32" | ".u32" | ".s32" | ".f32" | ".f16x2" | ".bf16x2" => 4,
        ".b64" | ".u64" | ".s64" | ".f64" => 8,
        ".b128" => 16,
        _ => return None,
    })
}

impl Layout {
    /// What a section of attributes lists, in any order.
    fn of_info(mut records: &[u8]) -> Option<Self> {
        let (mut params, mut required_block) = (BTreeMap::new(), [0; 3]);
        while let [format, attribute, low, high, rest @ ..] = records {
            let value = u16::from_le_bytes([*low, *high]);
            let (body, rest) = rest.split_at_checked(if *format == FORMAT_SIZED { value.into() } else { 0 })?;
            let words: Vec<u32> = body.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
            match (*format, *attribute, &words[..]) {
                (FORMAT_SIZED, PARAM_INFO, &[_, place, size, ..]) => {
                    let (ordinal, offset_bytes) = (place & 0xffff, place >> 16);
                    params.insert(ordinal, ParamLayout { offset_bytes, len_bytes: size >> PARAM_SIZE_SHIFT });
                }
                (FORMAT_SIZED, REQUIRED_BLOCK, &[x, y, z]) => required_block = [x, y, z],
                (FORMAT_SIZED, PARAM_INFO | REQUIRED_BLOCK, _) => return None,
                _ => {}
            }
            records = rest;
        }
        Some(Self { params: params.into_values().collect(), required_block })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(offset_bytes: u32, len_bytes: u32) -> ParamLayout {
        ParamLayout { offset_bytes, len_bytes }
    }

    #[test]
    fn parameters_of_text_lie_at_their_alignment() {
        let text = ".version 8.0 // .entry no(
            .visible .entry one(.param .u8 a, /* , */ .param .u64 .ptr .global .align 16 b,
                .param .align 16 .b8 c[48], .param .f64 d) .maxntid 128 { ret; }
            .entry none() { ret; } .entry bare { ret; }
            .func (.param .u32 r) f(.param .u32 x) { ret; }";
        let layouts = Layouts::of(ImageKind::Ptx, text.as_bytes());
        assert_eq!(layouts.kernels().collect::<Vec<_>>(), ["bare", "none", "one"]);
        let one = [layout(0, 1), layout(8, 8), layout(16, 48), layout(64, 8)];
        let params = |name| layouts.kernel(name).map(|kernel| kernel.params.as_slice());
        assert_eq!(params("one"), Some(&one[..]));
        assert_eq!(params("none"), Some(&[][..]));
        assert_eq!(params("two"), None);
    }

    #[test]
    fn kernels_of_text_that_require_a_block_are_found() {
        let text = ".entry free(.param .u64 a) .maxntid 64 { ret; }
            .visible .entry flat(.param .u64 a) .minnctapersm 1 .reqntid 64 { ret; }
            .entry deep() .reqntid 32, 4, 2 .maxnreg 32 { ret; }
            .entry bare .reqntid 8 , /* 9 */ 7
            { ret; }
            .entry called() { ret; } // .reqntid 5";
        let layouts = Layouts::requiring(ImageKind::Ptx, text.as_bytes());
        let blocks: Vec<_> = layouts.0.iter().map(|(name, kernel)| (name.as_str(), kernel.required_block)).collect();
        assert_eq!(blocks, [("bare", [8, 7, 1]), ("deep", [32, 4, 2]), ("flat", [64, 1, 1])]);
        assert_eq!(layouts.kernel("flat").map(|kernel| kernel.params.as_slice()), Some(&[layout(0, 8)][..]));
        for nonsense in [".entry k() .reqntid", ".entry k() .reqntid x {", ".entry k() .reqntid 4294967296 {"] {
            assert_eq!(Layouts::requiring(ImageKind::Ptx, nonsense.as_bytes()), Layouts::default(), "{nonsense}");
        }
    }

    #[test]
    fn nonsense_has_no_kernels() {
        for text in [".entry", ".entry k(", ".entry k(.param .u99 x)", ".entry k(.param .b8 x[4294967296])", "/*", "/"]
        {
            assert_eq!(Layouts::of(ImageKind::Ptx, text.as_bytes()), Layouts::default(), "{text}");
        }
        assert_eq!(Layouts::of(ImageKind::Cubin, b"\x7fELF"), Layouts::default());
    }

    #[test]
    fn parameters_of_machine_code_come_from_its_attributes() {
        let param = |ordinal: u8, offset: u8, len: u32| {
            let mut record = vec![FORMAT_SIZED, PARAM_INFO, 12, 0, 0, 0, 0, 0, ordinal, 0, offset, 0];
            record.extend((len << PARAM_SIZE_SHIFT | 0x1f000).to_le_bytes());
            record
        };
        let other = vec![3, 0x1b, 0xff, 0];
        // As ptxas writes it for `.reqntid 32, 2`.
        let block = vec![4, 0x10, 12, 0, 32, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0];
        let records = [param(1, 8, 48), other, block.clone(), param(0, 0, 1)].concat();
        let said = Layout { params: vec![layout(0, 1), layout(8, 48)], required_block: [32, 2, 1] };
        assert_eq!(Layout::of_info(&records), Some(said));
        assert_eq!(Layout::of_info(&block), Some(Layout { params: Vec::new(), required_block: [32, 2, 1] }));
        assert_eq!(Layout::of_info(&records[..records.len() - 1]), None);
        assert_eq!(Layout::of_info(&[FORMAT_SIZED, PARAM_INFO, 4, 0, 0, 0, 0, 0]), None);
        assert_eq!(Layout::of_info(&[FORMAT_SIZED, REQUIRED_BLOCK, 4, 0, 0, 0, 0, 0]), None);
    }
}
