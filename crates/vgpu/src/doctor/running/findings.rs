//! What a process has loaded of CUDA, whose it is, and whether it is connected to a GPU.

use std::collections::HashMap;
use std::fmt;
use std::os::unix::fs::MetadataExt;

use super::process::{Mapping, Proc};
use crate::doctor::libraries::{LIBRARIES, Origin, Reference};
use crate::ollama::layout::BACKEND;

/// The name of the shared memory between a program and its executor.
const WINDOW: &str = "/memfd:vgpu-window";

/// A library of CUDA in a process's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Loaded {
    pub(super) mapping: Mapping,
    pub(super) whose: Whose,
}

/// Whose a library is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Ollama's backend, or another file that is not one of ours by its name.
    Programs,
    ThisBuild,
    OtherBuild,
    /// Under one of our names.
    Bundled,
    Foreign,
    /// It cannot be opened from here.
    Unknown,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Programs => "the program's",
            Self::ThisBuild => "vgpu's",
            Self::OtherBuild => "vgpu's, of another build",
            Self::Bundled => "not vgpu's, but bundled with Ollama",
            Self::Foreign => "not vgpu's",
            Self::Unknown => "not to be read, so nobody knows whose",
        })
    }
}

/// How a process is connected to a GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::doctor) enum Connection {
    /// It shares memory with an executor.
    Executor,
    /// It has mapped a PCI function, by its address.
    Function(String),
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Executor => f.write_str("shares memory with an executor (of a daemon, or of its own)"),
            Self::Function(address) => write!(f, "has mapped PCI function {address}"),
        }
    }
}

/// Tells whose files are, each file once.
pub(super) struct Judge<'a> {
    reference: &'a Reference,
    proc: &'a Proc,
    known: HashMap<(String, String), Whose>,
}

impl<'a> Judge<'a> {
    pub(in crate::doctor) fn new(reference: &'a Reference, proc: &'a Proc) -> Self {
        Self { reference, proc, known: HashMap::new() }
    }

    /// The libraries of CUDA among what a process has mapped.
    pub(super) fn loaded(&mut self, pid: u32, mappings: &[Mapping]) -> Vec<Loaded> {
        let of_cuda = mappings.iter().filter(|mapping| is_of_cuda(mapping.name()));
        of_cuda.map(|mapping| Loaded { whose: self.whose(pid, mapping), mapping: mapping.clone() }).collect()
    }

    fn whose(&mut self, pid: u32, mapping: &Mapping) -> Whose {
        let Some(soname) = soname(mapping.name()) else { return Whose::Programs };
        let key = (mapping.file.clone(), mapping.path.clone());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let whose = self.find_out(pid, mapping, soname);
        if whose != Whose::Unknown {
            self.known.insert(key, whose);
        }
        whose
    }

    fn find_out(&self, pid: u32, mapping: &Mapping, soname: &str) -> Whose {
        let mut files =
            mapping.files(self.proc, pid).into_iter().filter_map(|path| Some((path.metadata().ok()?, path)));
        let Some((metadata, path)) = files.find(|(metadata, _)| metadata.is_file()) else { return Whose::Unknown };
        // The very file of ours needs no reading: a process that is watched may not live for long.
        let ours = self.reference.folder.join(soname).metadata();
        if ours.is_ok_and(|ours| (ours.dev(), ours.ino()) == (metadata.dev(), metadata.ino())) {
            return Whose::ThisBuild;
        }
        match self.reference.origin(&path, soname) {
            Origin::Ours => Whose::ThisBuild,
            Origin::OtherBuild => Whose::OtherBuild,
            Origin::Foreign if mapping.path.contains("/lib/ollama/") => Whose::Bundled,
            Origin::Foreign => Whose::Foreign,
        }
    }
}

/// The name of ours that a file goes by: real files have longer versions at their ends.
pub(super) fn soname(name: &str) -> Option<&'static str> {
    let stem = |name: &str| name.split(".so").next().unwrap_or("").to_owned();
    LIBRARIES.iter().map(|library| library.soname).find(|soname| name.contains(".so") && stem(soname) == stem(name))
}

fn is_of_cuda(name: &str) -> bool {
    name == BACKEND || soname(name).is_some() || (name.starts_with("libvgpu") && name.contains(".so"))
}

/// How a process is connected, told from what it has mapped.
pub(in crate::doctor) fn connection(mappings: &[Mapping]) -> Option<Connection> {
    mappings.iter().find_map(|mapping| {
        if mapping.path == WINDOW {
            return Some(Connection::Executor);
        }
        let (folder, name) = mapping.path.rsplit_once('/')?;
        let is_resource = folder.starts_with("/sys/") && matches!(name, "resource0" | "resource1" | "resource1_wc");
        is_resource.then(|| Connection::Function(folder.rsplit('/').next().unwrap_or(folder).to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_cuda_are_told_by_their_names() {
        assert_eq!(soname("libcudart.so.12.8.90"), Some("libcudart.so.12"));
        assert_eq!(soname("libcuda.so.1"), Some("libcuda.so.1"));
        assert_eq!(soname("libcudart-old.so"), None);
        assert_eq!(soname("libcuda"), None);
        assert!(is_of_cuda("libggml-cuda.so") && is_of_cuda("libvgpu-cuda.so.1") && !is_of_cuda("libc.so.6"));
    }
}
