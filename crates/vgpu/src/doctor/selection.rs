//! Which device a program is told to use: by the variable VGPU, or by what `vgpu install --device` has recorded beside the
//! libraries; and what of that is on this machine.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use vgpu_core::transport::{RECORD, SELECTION_VARIABLE, Selection};

use super::libraries::Reference;
use super::variables::Variables;
use crate::guest_setup::function::{self, Function};
use crate::guest_setup::root::Root;
use crate::machine::Machine;

const RECORD_MAX_BYTES: u64 = 4096;

/// A device that a program is told to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    /// A function, else the daemon at its usual place.
    Default,
    Socket(PathBuf),
    /// By its address, or any.
    Function(Option<String>),
    Embedded,
    Unknown(String),
}

impl Chosen {
    fn read(text: &str) -> Self {
        match Selection::parse(text) {
            Selection::Default => Self::Default,
            Selection::Unix(path) => Self::Socket(path),
            Selection::Embedded => Self::Embedded,
            Selection::AnyPci => Self::Function(None),
            Selection::Pci(address) => Self::Function(Some(address)),
            Selection::Invalid(text) => Self::Unknown(text),
        }
    }
}

/// What a program with these variables and our libraries uses.
pub(super) fn chosen(variables: Option<&Variables>, reference: &Reference) -> Chosen {
    let asked = variables.and_then(|variables| variables.value(SELECTION_VARIABLE)).and_then(OsStr::to_str);
    match asked.filter(|text| !text.is_empty()) {
        Some(text) => Chosen::read(text),
        None => recorded(&reference.folder).map_or(Chosen::Default, |text| Chosen::read(&text)),
    }
}

/// `PREFIX/device`, for libraries in `PREFIX/VERSION/lib`.
fn recorded(libraries: &Path) -> Option<String> {
    let file = libraries.canonicalize().ok()?.ancestors().nth(2)?.join(RECORD);
    let is_plain = fs::metadata(&file).is_ok_and(|metadata| metadata.is_file() && metadata.len() <= RECORD_MAX_BYTES);
    let text = is_plain.then(|| fs::read_to_string(&file).ok())??;
    Some(text.lines().next()?.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The machine's functions of ours: all, or that of an address.
pub(super) fn functions(machine: &Machine, address: Option<&str>) -> Vec<Function> {
    let address = address.map(str::to_ascii_lowercase);
    let mut all = function::scan(&Root::new(&machine.host(Path::new("/")))).unwrap_or_default();
    all.retain(|function| {
        function.is_ours && address.as_ref().is_none_or(|address| function.address.ends_with(address.as_str()))
    });
    all
}
