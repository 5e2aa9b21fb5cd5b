//! Where a kernel's parameters lie, read from its image: for drivers before 12.4, which do not tell.
//!
//! **Source:** the PTX manual's chapter on kernel parameters; `.nv.info` sections as observed in what ptxas 12.4 and 12.9 write.

use std::collections::BTreeMap;

use object::read::elf::ElfFile64;
use object::{Object, ObjectSection};
use vgpu_core::fatbin::{Container, Entry, Kind};
use vgpu_core::wire::messages::{ImageKind, ParamLayout};

/// Sections of machine code with a kernel's attributes are named so, and then as the kernel.
const INFO_SECTION: &str = ".nv.info.";
/// Format of a record that is followed by as many bytes as it says.
const FORMAT_SIZED: u8 = 4;
/// The attribute that describes a parameter.
const PARAM_INFO: u8 = 0x17;
/// Where its size starts among the bits of its last word.
const PARAM_SIZE_SHIFT: u32 = 18;

/// The kernels of an image by name, with their parameters in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Layouts(BTreeMap<String, Vec<ParamLayout>>);

impl Layouts {
    /// Reads an image. What cannot be read has no kernels.
    pub(crate) fn of(kind: ImageKind, bytes: &[u8]) -> Self {
        match kind {
            ImageKind::Ptx => Self::of_ptx(&String::from_utf8_lossy(bytes)),
            ImageKind::Cubin => Self::of_machine_code(bytes),
            ImageKind::FatbinEntry => Entry::parse(bytes).map(|entry| Self::of_entry(&entry)).unwrap_or_default(),
            ImageKind::Fatbin => {
                let entries = Container::parse(bytes).into_iter().flat_map(|container| container.entries());
                Self::of_any(entries.filter_map(Result::ok))
            }
        }
    }

    /// Whichever of a fatbin's images the driver picks, the program launches it with the same parameters: they lie alike in
    /// all of them. A kernel may be missing in one.
    fn of_any<'b>(entries: impl Iterator<Item = Entry<'b>>) -> Self {
        let mut all = Self::default();
        for entry in entries {
            for (kernel, params) in Self::of_entry(&entry).0 {
                all.0.entry(kernel).or_insert(params);
            }
        }
        all
    }

    fn of_entry(entry: &Entry<'_>) -> Self {
        let kind = match entry.kind() {
            Kind::Ptx => ImageKind::Ptx,
            Kind::Cubin => ImageKind::Cubin,
            Kind::Other(_) => return Self::default(),
        };
        match vgpu_unpack::unpacked(entry) {
            Ok(bytes) => Self::of(kind, &bytes),
            Err(error) => {
                log::debug!("an image's kernels stay unknown: {error}");
                Self::default()
            }
        }
    }

    /// The parameters of a kernel, if it is known.
    pub(crate) fn params(&self, kernel: &str) -> Option<&[ParamLayout]> {
        self.0.get(kernel).map(Vec::as_slice)
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
            let params = match rest[name_end..].strip_prefix('(') {
                Some(list) => ptx_params(list.split_once(')')?.0)?,
                None => Vec::new(),
            };
            Some((name.to_owned(), params))
        });
        Self(kernels.collect())
    }

    fn of_machine_code(bytes: &[u8]) -> Self {
        let Ok(file) = ElfFile64::<object::Endianness>::parse(bytes) else {
            return Self::default();
        };
        let kernels = file.sections().filter_map(|section| {
            let name = section.name().ok()?.strip_prefix(INFO_SECTION)?.to_owned();
            Some((name, info_params(section.data().ok()?)?))
        });
        Self(kernels.collect())
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

/// The parameters that a section of attributes lists, in any order.
fn info_params(mut records: &[u8]) -> Option<Vec<ParamLayout>> {
    let mut params = BTreeMap::new();
    while let [format, attribute, low, high, rest @ ..] = records {
        let value = u16::from_le_bytes([*low, *high]);
        let (body, rest) = rest.split_at_checked(if *format == FORMAT_SIZED { value.into() } else { 0 })?;
        if *attribute == PARAM_INFO && *format == FORMAT_SIZED {
            let &[_, _, _, _, o0, o1, p0, p1, s0, s1, s2, s3, ..] = body else {
                return None;
            };
            let len_bytes = u32::from_le_bytes([s0, s1, s2, s3]) >> PARAM_SIZE_SHIFT;
            let offset_bytes = u16::from_le_bytes([p0, p1]).into();
            params.insert(u16::from_le_bytes([o0, o1]), ParamLayout { offset_bytes, len_bytes });
        }
        records = rest;
    }
    Some(params.into_values().collect())
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
        assert_eq!(layouts.params("one"), Some(&one[..]));
        assert_eq!(layouts.params("none"), Some(&[][..]));
        assert_eq!(layouts.params("two"), None);
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
        let records = [param(1, 8, 48), other, param(0, 0, 1)].concat();
        assert_eq!(info_params(&records), Some(vec![layout(0, 1), layout(8, 48)]));
        assert_eq!(info_params(&records[..records.len() - 1]), None);
        assert_eq!(info_params(&[FORMAT_SIZED, PARAM_INFO, 4, 0, 0, 0, 0, 0]), None);
    }
}
