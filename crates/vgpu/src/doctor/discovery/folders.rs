//! Which of its folders Ollama looks into for backends.

use std::env;
use std::path::{Path, PathBuf};

use super::super::backend::Backend;
use super::super::ollama::{OWN_FOLDER, Ollama};
use crate::ollama::layout::BACKEND;

/// The variable that names the only folder to look into.
const REQUEST: &str = "OLLAMA_LLM_LIBRARY";

/// A folder with a CUDA backend.
pub(super) struct Folder {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) backend: PathBuf,
    pub(super) library_path: std::ffi::OsString,
    /// Whether the backend is for a CUDA that vgpu has no libraries for.
    pub(super) is_unserved: bool,
}

/// What becomes of a folder.
pub(super) enum Choice {
    Probe(Folder),
    /// Its name, and why not.
    Skip(String, String),
}

/// Goes through Ollama's folders, in the order of their names; without any, through `lib/ollama` itself, whatever is requested.
pub(super) fn choose(ollama: &Ollama) -> Vec<Choice> {
    let above = ollama.backends.iter().find(|backend| backend.name == OWN_FOLDER);
    if ollama.variants.is_empty() {
        return above.map(|backend| Choice::Probe(folder(ollama, backend))).into_iter().collect();
    }
    let requested = env::var(REQUEST).ok().filter(|value| !value.is_empty());
    let one = |name: &String| {
        let skip = |why: String| Choice::Skip(name.clone(), why);
        if let Some(requested) = requested.as_ref().filter(|requested| *requested != name) {
            return skip(format!("{REQUEST}={requested} asks for another"));
        }
        if name.contains("vulkan") {
            return skip("for Vulkan".into());
        }
        if name.contains("rocm") {
            return skip("for AMD's devices".into());
        }
        if name.contains("jetpack") {
            return skip("for Jetson boards".into());
        }
        match ollama.backends.iter().find(|backend| backend.name == *name) {
            Some(backend) => Choice::Probe(folder(ollama, backend)),
            None => skip(format!("there is no {BACKEND}")),
        }
    };
    ollama.variants.iter().map(one).collect()
}

fn folder(ollama: &Ollama, backend: &Backend) -> Folder {
    Folder {
        name: backend.name.clone(),
        path: backend.path.parent().unwrap_or(&ollama.folder).to_owned(),
        backend: backend.path.clone(),
        library_path: backend.library_path.clone(),
        is_unserved: backend.unserved().is_some(),
    }
}

/// The names of a folder's files, sorted.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
