//! What the dynamic loader reads of a shared object: names, dependencies, search paths, symbols and their versions.
//!
//! Any file may be given, so everything read has a limit.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use object::read::elf::{Dyn, FileHeader, SectionHeader, SectionTable, Sym};
use object::read::{ReadCache, ReadRef, SymbolIndex};
use object::{Endianness, elf};

type Header = elf::FileHeader64<Endianness>;

/// One table of a file. The largest symbol tables that libraries have are a tenth of this.
const TABLE_MAX_BYTES: u64 = 64 << 20;
/// Tables of versions are walked in nested loops, so their limit is tighter; glibc's own are smaller than 2 KiB.
const VERSIONS_MAX_BYTES: u64 = 64 << 10;
/// All names of symbols together: tables may point at one long name again and again.
const NAMES_MAX_BYTES: usize = 64 << 20;
const DEPENDENCIES_MAX: usize = 1000;

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// Not there, or not to be read: the loader looks on.
    Unopened(String),
    /// An object for another machine: the loader looks on.
    OtherMachine,
    /// The loader stops here.
    Malformed(String),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unopened(why) => f.write_str(why),
            Self::OtherMachine => f.write_str("it is for another kind of processor"),
            Self::Malformed(why) => write!(f, "it is no sound shared object: {why}"),
        }
    }
}

/// A symbol that others may use.
#[derive(Debug)]
pub(crate) struct Export {
    /// Its version node.
    pub(crate) version: Option<String>,
    /// Only references that ask for just this version find it.
    hidden: bool,
}

/// A symbol that must come from elsewhere.
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    /// The library that had it when the object was linked, where versions tell.
    pub(crate) library: Option<String>,
    /// May stay without a value.
    pub(crate) weak: bool,
}

/// A version node that another library must have.
#[derive(Debug)]
pub(crate) struct Requirement {
    pub(crate) library: String,
    pub(crate) version: String,
    pub(crate) weak: bool,
}

/// One shared object or program.
#[derive(Debug, Default)]
pub(crate) struct Object {
    pub(crate) soname: Option<String>,
    pub(crate) needed: Vec<String>,
    pub(crate) rpath: Option<OsString>,
    pub(crate) runpath: Option<OsString>,
    /// The default directories are not for its dependencies.
    pub(crate) without_defaults: bool,
    pub(crate) exports: HashMap<String, Vec<Export>>,
    pub(crate) imports: Vec<Import>,
    /// Its version nodes, the one of its own name included.
    pub(crate) nodes: BTreeSet<String>,
    pub(crate) requirements: Vec<Requirement>,
    /// Where in the file its GPU kernels are: place and length in bytes.
    pub(crate) kernels: Option<(u64, u64)>,
    is_versioned: bool,
}

impl Object {
    /// Reads the file at `path`.
    pub(crate) fn read(path: &Path) -> Result<Self, Unusable> {
        let unopened = |error: std::io::Error| Unusable::Unopened(error.to_string());
        let metadata = path.metadata().map_err(unopened)?;
        if !metadata.is_file() {
            return Err(Unusable::Malformed("it is no plain file".into()));
        }
        let cache = ReadCache::new(File::open(path).map_err(unopened)?);
        parse(Bounded(&cache))
    }

    /// Whether a reference to `name` with `version` is content with what this object has, by glibc's rules.
    pub(crate) fn provides(&self, name: &str, version: Option<&str>) -> bool {
        let accepts = |export: &Export| match (&export.version, version) {
            _ if !self.is_versioned => true,
            (Some(has), Some(wanted)) => has == wanted,
            (None, _) | (Some(_), None) => !export.hidden,
        };
        self.exports.get(name).is_some_and(|exports| exports.iter().any(accepts))
    }
}

/// Reads with a limit on each table.
#[derive(Clone, Copy)]
struct Bounded<'a>(&'a ReadCache<File>);

impl<'a> ReadRef<'a> for Bounded<'a> {
    fn len(self) -> Result<u64, ()> {
        self.0.len()
    }

    fn read_bytes_at(self, offset: u64, size: u64) -> Result<&'a [u8], ()> {
        if size > TABLE_MAX_BYTES { Err(()) } else { self.0.read_bytes_at(offset, size) }
    }

    fn read_bytes_at_until(self, range: std::ops::Range<u64>, delimiter: u8) -> Result<&'a [u8], ()> {
        self.0.read_bytes_at_until(range, delimiter)
    }
}

fn malformed(error: impl fmt::Display) -> Unusable {
    Unusable::Malformed(error.to_string())
}

fn parse(data: Bounded<'_>) -> Result<Object, Unusable> {
    let identity = data.read_bytes_at(0, 20).map_err(|()| malformed("it is too short"))?;
    if identity[..4] != elf::ELFMAG {
        return Err(malformed("it does not begin like one"));
    }
    let is_64_bit = identity[4] == elf::ELFCLASS64 && identity[5] == elf::ELFDATA2LSB;
    if !is_64_bit || u16::from_le_bytes([identity[18], identity[19]]) != elf::EM_X86_64 {
        return Err(Unusable::OtherMachine);
    }
    let header = Header::parse(data).map_err(malformed)?;
    let endian = header.endian().map_err(malformed)?;
    if header.e_type(endian) != elf::ET_DYN && header.e_type(endian) != elf::ET_EXEC {
        return Err(malformed("it is not linked"));
    }
    let sections = header.sections(endian, data).map_err(malformed)?;
    for section in sections.iter() {
        let kind = section.sh_type(endian);
        let is_of_versions = kind == elf::SHT_GNU_VERDEF || kind == elf::SHT_GNU_VERNEED;
        if is_of_versions && section.sh_size(endian) > VERSIONS_MAX_BYTES {
            return Err(malformed("its table of versions is too long"));
        }
    }
    let kernels = sections.section_by_name(endian, b".nv_fatbin").and_then(|(_, section)| section.file_range(endian));
    let mut object = Object { kernels, ..Object::default() };
    dynamic_entries(&sections, endian, data, &mut object)?;
    versions(&sections, endian, data, &mut object)?;
    symbols(&sections, endian, data, &mut object)?;
    Ok(object)
}

fn dynamic_entries<'a>(
    sections: &SectionTable<'a, Header, Bounded<'a>>,
    endian: Endianness,
    data: Bounded<'a>,
    object: &mut Object,
) -> Result<(), Unusable> {
    let (entries, link) = sections
        .dynamic(endian, data)
        .map_err(malformed)?
        .ok_or_else(|| malformed("it has no dynamic section, or its section headers are gone"))?;
    let strings = sections.strings(endian, data, link).map_err(malformed)?;
    for entry in entries {
        let tag = u32::try_from(entry.d_tag(endian)).unwrap_or(u32::MAX);
        let bytes = || {
            let place = u32::try_from(entry.d_val(endian)).map_err(malformed)?;
            strings.get(place).map(<[u8]>::to_vec).map_err(|()| malformed("a name is not among its strings"))
        };
        let text = || bytes().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        match tag {
            elf::DT_NULL => break,
            elf::DT_SONAME => object.soname = Some(text()?),
            elf::DT_NEEDED if object.needed.len() < DEPENDENCIES_MAX => object.needed.push(text()?),
            elf::DT_NEEDED => return Err(malformed("it needs too many libraries")),
            elf::DT_RPATH => object.rpath = Some(OsString::from_vec(bytes()?)),
            elf::DT_RUNPATH => object.runpath = Some(OsString::from_vec(bytes()?)),
            elf::DT_FLAGS_1 => object.without_defaults = entry.d_val(endian) & u64::from(elf::DF_1_NODEFLIB) != 0,
            _ => {}
        }
    }
    Ok(())
}

fn versions<'a>(
    sections: &SectionTable<'a, Header, Bounded<'a>>,
    endian: Endianness,
    data: Bounded<'a>,
    object: &mut Object,
) -> Result<(), Unusable> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if let Some((mut definitions, link)) = sections.gnu_verdef(endian, data).map_err(malformed)? {
        let strings = sections.strings(endian, data, link).map_err(malformed)?;
        while let Some((_, mut names)) = definitions.next().map_err(malformed)? {
            if let Some(name) = names.next().map_err(malformed)? {
                object.nodes.insert(text(name.name(endian, strings).map_err(malformed)?));
            }
        }
    }
    if let Some((mut needs, link)) = sections.gnu_verneed(endian, data).map_err(malformed)? {
        let strings = sections.strings(endian, data, link).map_err(malformed)?;
        while let Some((need, mut nodes)) = needs.next().map_err(malformed)? {
            let library = text(need.file(endian, strings).map_err(malformed)?);
            while let Some(node) = nodes.next().map_err(malformed)? {
                if object.requirements.len() >= DEPENDENCIES_MAX {
                    return Err(malformed("it needs too many versions"));
                }
                object.requirements.push(Requirement {
                    library: library.clone(),
                    version: text(node.name(endian, strings).map_err(malformed)?),
                    weak: node.vna_flags.get(endian) & elf::VER_FLG_WEAK != 0,
                });
            }
        }
    }
    Ok(())
}

fn symbols<'a>(
    sections: &SectionTable<'a, Header, Bounded<'a>>,
    endian: Endianness,
    data: Bounded<'a>,
    object: &mut Object,
) -> Result<(), Unusable> {
    let table = sections.symbols(endian, data, elf::SHT_DYNSYM).map_err(malformed)?;
    let versions = sections.versions(endian, data).map_err(malformed)?;
    let link = sections.iter().find(|section| section.sh_type(endian) == elf::SHT_DYNSYM).map(|s| s.link(endian));
    let Some(link) = link else { return Ok(()) };
    // Whole, for looking up each name in the file would read it as often.
    let strings = sections.section(link).and_then(|section| section.data(endian, data)).map_err(malformed)?;
    object.is_versioned = versions.is_some();
    let mut names_bytes = 0;
    for (number, symbol) in table.symbols().iter().enumerate().skip(1) {
        if symbol.st_bind() == elf::STB_LOCAL {
            continue;
        }
        let rest = strings.get(symbol.st_name(endian) as usize..).ok_or_else(|| malformed("a symbol has no name"))?;
        let len = rest.iter().take(TABLE_MAX_BYTES as usize).position(|byte| *byte == 0);
        let name = &rest[..len.ok_or_else(|| malformed("a symbol's name does not end"))?];
        names_bytes += name.len();
        if names_bytes > NAMES_MAX_BYTES {
            return Err(malformed("its symbols' names are too long"));
        }
        let name = String::from_utf8_lossy(name).into_owned();
        let index = versions.as_ref().map(|table| table.version_index(endian, SymbolIndex(number)));
        let version = match (&versions, index) {
            (Some(table), Some(index)) => table.version(index).map_err(malformed)?,
            _ => None,
        };
        let node = version.map(|version| String::from_utf8_lossy(version.name()).into_owned());
        if symbol.st_shndx(endian) == elf::SHN_UNDEF {
            let library = version.and_then(|v| v.file()).map(|file| String::from_utf8_lossy(file).into_owned());
            let weak = symbol.st_bind() == elf::STB_WEAK;
            object.imports.push(Import { name, version: node, library, weak });
        } else {
            let hidden = index.is_some_and(|index| index.is_hidden());
            object.exports.entry(name).or_default().push(Export { version: node, hidden });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_is_an_error_wherever_it_is_damaged() {
        let sound = std::fs::read("/proc/self/exe").expect("this program");
        // The tables are what matters; the code between them is long and is not read.
        let header_and_tables = (0..8192).step_by(7).chain((sound.len() - 4096..sound.len()).step_by(7));
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert!(matches!(Object::read(folder.path()), Err(Unusable::Malformed(_))));
        assert!(matches!(Object::read(file.path()), Err(Unusable::Malformed(_))));
        use std::os::unix::fs::FileExt;
        let written = file.reopen().expect("the same file");
        written.write_all_at(&sound, 0).expect("a copy");
        assert!(Object::read(file.path()).expect("it runs").needed.iter().any(|name| name == "libc.so.6"));
        for place in header_and_tables.take(1200) {
            written.write_all_at(&[0xff; 8], place as u64).expect("damage");
            // Whether it is noticed or does not matter, it must end.
            let _ = Object::read(file.path());
            let end = sound.len().min(place + 8);
            written.write_all_at(&sound[place..end], place as u64).expect("repair");
            written.set_len(sound.len() as u64).expect("repair");
        }
        assert!(Object::read(file.path()).is_ok(), "all was repaired");
        written.set_len(4096).expect("a cut");
        assert!(matches!(Object::read(file.path()), Err(Unusable::Malformed(_))));
    }
}
