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
