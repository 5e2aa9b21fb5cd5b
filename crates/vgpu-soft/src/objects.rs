//! Object files and libraries of the host, for the code that a linker finds in them.

use object::read::archive::ArchiveFile;
use object::{Object, ObjectSection};
use vgpu_core::fatbin;

/// Where compilers put code that is to be linked. **Source:** `nvcc -rdc=true -c` of CUDA 12 and 13, by readelf.
const SECTION: &str = "__nv_relfatbin";

/// Fatbins are aligned to this; zeros stand between them.
const ALIGN_BYTES: usize = 8;

/// Why there is nothing to be found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ObjectError {
    /// It is no object file, or no library.
    #[error("neither an object file nor a library that can be read: {0}")]
    Format(String),
    /// What lies in the section is no fatbin.
    #[error("no fatbin at byte {0} of its section of device code")]
    Fatbin(usize),
}

impl From<object::Error> for ObjectError {
    fn from(error: object::Error) -> Self {
        Self::Format(error.to_string())
    }
}

/// The fatbins of an object file that are to be linked; none where it has no such code.
///
/// # Errors
/// See [`ObjectError`].
pub(crate) fn fatbins(object: &[u8]) -> Result<Vec<&[u8]>, ObjectError> {
    let file = object::File::parse(object)?;
    let mut found = Vec::new();
    for section in file.sections().filter(|section| section.name() == Ok(SECTION)) {
        split(section.data()?, &mut found)?;
    }
    Ok(found)
}

fn split<'b>(section: &'b [u8], found: &mut Vec<&'b [u8]>) -> Result<(), ObjectError> {
    let mut at = 0;
    while let Some(rest) = section.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(&[0; ALIGN_BYTES]) || rest.iter().all(|byte| *byte == 0) {
            at += ALIGN_BYTES;
            continue;
        }
        let bytes = fatbin::total_len(rest).and_then(|len| rest.get(..len)).ok_or(ObjectError::Fatbin(at))?;
        found.push(bytes);
        at = (at + bytes.len()).next_multiple_of(ALIGN_BYTES);
    }
    Ok(())
}

/// The members of a library, each with its name.
///
/// # Errors
/// See [`ObjectError`].
pub(crate) fn members(library: &[u8]) -> Result<Vec<(String, &[u8])>, ObjectError> {
    let archive = ArchiveFile::parse(library)?;
    let mut members = Vec::new();
    // A member takes its header's bytes at least: there are not more than the library has room for.
    for member in archive.members() {
        let member = member?;
        members.push((String::from_utf8_lossy(member.name()).into_owned(), member.data(library)?));
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(body: &[u8]) -> Vec<u8> {
        fatbin::container([body])
    }

    #[test]
    fn a_section_s_fatbins_are_told_apart() {
        let (first, second) = (container(&[1; 24]), container(&[2; 5]));
        let section = [&first[..], &[0; 8], &second[..], &[0; 11]].concat();
        let mut found = Vec::new();
        assert_eq!(split(&section, &mut found), Ok(()));
        assert_eq!(found, [&first[..], &second[..]]);
    }

    /// An object file of x86-64 with one section of that name, as the ELF specification lays it out.
    fn object(name: &str, section: &[u8]) -> Vec<u8> {
        let names = [b"\0", name.as_bytes(), b"\0.shstrtab\0"].concat();
        let (section_at, names_at) = (64, 64 + section.len());
        let headers_at = (names_at + names.len()).next_multiple_of(8);
        let mut bytes = [b"\x7fELF\x02\x01\x01".as_slice(), &[0; 9], &[1, 0, 62, 0, 1, 0, 0, 0]].concat();
        bytes.extend([0; 16]);
        bytes.extend((headers_at as u64).to_le_bytes());
        bytes.extend([0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 64, 0, 3, 0, 2, 0]);
        bytes.extend([section, &names].concat());
        bytes.resize(headers_at + 64, 0);
        for (name_at, kind, at, len) in
            [(1, 1_u32, section_at, section.len()), (name.len() as u32 + 2, 3, names_at, names.len())]
        {
            bytes.extend([name_at, kind, 0, 0, 0, 0].map(u32::to_le_bytes).concat());
            bytes.extend([at as u64, len as u64, 0, 1, 0].map(u64::to_le_bytes).concat());
        }
        bytes
    }

    /// A library of one member, as `ar` writes it.
    fn library(name: &str, member: &[u8]) -> Vec<u8> {
        let header =
            format!("!<arch>\n{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", format!("{name}/"), 0, 0, 0, 644, member.len());
        [header.as_bytes(), member, &[b'\n'][..member.len() % 2]].concat()
    }

    #[test]
    fn an_object_in_a_library_is_read_wherever_it_lies() {
        let code = container(&[7; 24]);
        let object = object("__nv_relfatbin", &code);
        assert_eq!(fatbins(&object), Ok(vec![&code[..]]));
        let bytes = [&[0], &library("a.o", &object)[..]].concat();
        let found = members(&bytes[1..]).expect("a library");
        assert_eq!(found, [("a.o".to_owned(), &object[..])]);
        assert_eq!(fatbins(found[0].1), Ok(vec![&code[..]]));
    }

    #[test]
    fn code_that_is_linked_already_is_not_looked_at() {
        assert_eq!(fatbins(&object(".nv_fatbin", &container(&[7; 24]))), Ok(vec![]));
    }

    #[test]
    fn what_is_cut_or_no_fatbin_is_an_error() {
        let mut bytes = container(&[1; 24]);
        bytes.pop();
        assert_eq!(split(&bytes, &mut Vec::new()), Err(ObjectError::Fatbin(0)));
        assert_eq!(split(b"something", &mut Vec::new()), Err(ObjectError::Fatbin(0)));
        assert!(matches!(fatbins(b"no object"), Err(ObjectError::Format(_))));
        assert!(matches!(members(b"no library"), Err(ObjectError::Format(_))));
    }
}
