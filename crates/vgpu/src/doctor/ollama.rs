//! The Ollama that is looked at: its backends, and the library path that each gets.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::backend::Backend;
use super::check::Check;
use crate::machine::Machine;
use crate::ollama::layout::{Above, BACKEND, Layout};
use crate::ollama::{Found, Installed};

/// What `lib/ollama` itself is called where it holds a backend, as in Ollama's log.
pub(super) const OWN_FOLDER: &str = "ollama";

/// A copy of Ollama.
pub(super) struct Ollama {
    /// Its `lib/ollama`.
    pub(super) folder: PathBuf,
    /// The folder of the program that looks for devices.
    pub(super) home: PathBuf,
    /// Whether models run in llama-server (Ollama 0.30 and later) instead of Ollama's own runner.
    pub(super) has_llama_server: bool,
    /// Folders with backends of any kind, by name.
    pub(super) variants: Vec<String>,
    /// The CUDA backend in `lib/ollama` itself.
    pub(super) above: Option<Above>,
    /// Of each variant, then that of `lib/ollama` itself.
    pub(super) backends: Vec<Backend>,
}

impl Ollama {
    /// Looks in `place`: Ollama's `lib/ollama`, or the folder that holds `lib/ollama`.
    pub(super) fn find(place: &Path) -> Result<Self> {
        let place = fs::canonicalize(place).with_context(|| place.display().to_string())?;
        let folders = [place.join("lib/ollama"), place.clone()];
        match folders.iter().map(|folder| Self::in_folder(folder)).find(|ollama| !ollama.is_empty()) {
            Some(ollama) => Ok(ollama),
            None => {
                bail!(
                    "{0} has no backends of Ollama: no *ggml-* in a folder of {0} or of {0}/lib/ollama, and no {BACKEND}",
                    place.display()
                )
            }
        }
    }

    /// The one that was found on a machine.
    pub(super) fn installed(machine: &Machine, installed: &Installed) -> Self {
        Self::in_folder(&machine.host_of(&installed.folder))
    }

    fn in_folder(folder: &Path) -> Self {
        let Layout { variants, above } = Layout::read(folder);
        let mut homes = vec![folder.to_owned()];
        homes.extend(folder.ancestors().nth(2).map(|home| home.join("bin")));
        let server = homes.iter().find(|home| home.join("llama-server").is_file());
        let home = server.unwrap_or(&homes[0]).clone();
        let inherited = std::env::var_os("LD_LIBRARY_PATH");
        let backend = |name: &str, of: &Path| Backend {
            name: name.to_owned(),
            path: of.join(BACKEND),
            library_path: if of == home { joined(&[&home], &inherited) } else { joined(&[&home, of], &inherited) },
        };
        let own = variants.iter().map(|name| (name.as_str(), folder.join(name)));
        let own = own.filter(|(_, of)| of.join(BACKEND).exists());
        let flat = matches!(above, Some(Above::Only | Above::Another)).then(|| (OWN_FOLDER, folder.to_owned()));
        let backends = own.chain(flat).map(|(name, of)| backend(name, &of)).collect();
        Self { has_llama_server: server.is_some(), home, backends, variants, above, folder: folder.to_owned() }
    }

    fn is_empty(&self) -> bool {
        self.variants.is_empty() && self.above.is_none()
    }
}

/// A library path as Ollama makes it: its own folders before what it inherits.
fn joined(folders: &[&Path], inherited: &Option<OsString>) -> OsString {
    let mut path = OsString::new();
    for folder in folders {
        if !path.is_empty() {
            path.push(":");
        }
        path.push(folder);
    }
    if let Some(inherited) = inherited.as_ref().filter(|inherited| !inherited.is_empty()) {
        path.push(":");
        path.push(inherited);
    }
    path
}

/// Which Ollama is looked at, and which others there are.
pub(super) fn which(found: &Found, machine: &Machine) -> Check {
    let check = Check::ok("ollama.which", "the Ollama that counts on this machine");
    let shown = |one: &Installed| format!("{}: {}", machine.host(&one.folder).display(), one.because());
    let Some((first, others)) = found.all.split_first() else {
        return check.saw_all(found.elsewhere.iter().cloned()).skipped("there is none where one may be");
    };
    let others = others.iter().map(|other| format!("not looked at: {}", shown(other)));
    check.saw(shown(first)).saw_all(others).saw_all(found.elsewhere.iter().cloned())
}
