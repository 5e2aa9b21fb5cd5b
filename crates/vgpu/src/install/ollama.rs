//! Which of Ollama's folders get links to our libraries.
//!
//! Ollama loads each `lib/ollama/cuda_vN/libggml-cuda.so` in a process that looks for its libraries in `lib/ollama` and then in
//! that folder. So the names by which the backend asks for them are linked to ours there; where the backend lies in
//! `lib/ollama` itself, in there. The bundled files behind those names, `libcudart.so.12.8.90` and the like, stay: Ollama reads
//! its CUDA version off them.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::dist::Dist;
use super::tree::Tree;
use crate::machine::Machine;
use crate::ollama::layout::{BACKEND, Layout, major, major_of_backend};
use crate::ollama::{self, Seek, fixed};

/// What every variant needs from the driver.
pub(super) const DRIVER: [&str; 2] = ["libcuda.so.1", "libnvidia-ml.so.1"];

/// The Ollama that is set up.
pub(super) struct Chosen {
    /// Its `lib/ollama`.
    pub(super) folder: String,
    /// The service that runs or starts it, if one does.
    pub(super) service: Option<String>,
}

/// The Ollama to set up, and what the user should know: the one given, else the one that counts on this machine, which is that
/// of the `service` where one is named.
pub(super) fn find(tree: &Tree, given: Option<&Path>, service: Option<&str>) -> Result<(Option<Chosen>, Vec<String>)> {
    if let Some(given) = given {
        let given = std::path::absolute(given)?;
        let given = given.to_str().context("--ollama: not a UTF-8 path")?.trim_end_matches('/');
        for folder in [format!("{given}/lib/ollama"), given.to_owned()] {
            if tree.folder(&folder)?.is_some() {
                return Ok((Some(Chosen { folder, service: None }), Vec::new()));
            }
        }
        bail!("--ollama {}: there is no such folder", tree.show(given));
    }
    let machine = machine(tree)?;
    let found = ollama::find(&machine, &Seek::own(&machine, service));
    let choice = found.choice(&machine).map(|choice| format!("{choice}: `--ollama DIR` sets up another"));
    let notes = choice.into_iter().chain(found.elsewhere).collect();
    let Some(first) = found.all.first() else { return Ok((None, notes)) };
    let folder = first.folder.to_str().context("Ollama's folder: not a UTF-8 path")?.to_owned();
    // A link is refused by its name.
    tree.folder(&folder)?;
    Ok((Some(Chosen { folder, service: first.service().map(str::to_owned) }), notes))
}

fn machine(tree: &Tree) -> Result<Machine> {
    Machine::new(tree.show("/").as_ref()).with_context(|| tree.show("/"))
}

/// Links to make, as path and the library's name, and what the user should know.
#[derive(Default)]
pub(super) struct Links {
    pub(super) links: Vec<(String, String)>,
    pub(super) notes: Vec<String>,
    /// Why there is none, and what to do: then nothing is set up, and this must not pass for success.
    pub(super) nothing: Option<String>,
}

/// What of an Ollama shall be set up.
pub(super) struct Wish<'a> {
    /// Variants, else all that we have libraries for.
    pub(super) variants: &'a [String],
    /// For servers that look for the driver themselves.
    pub(super) in_process: bool,
}

/// The links for an Ollama's backends. `prefix` is where vgpu is installed.
pub(super) fn links(tree: &Tree, ollama: &Chosen, wish: &Wish<'_>, dist: &Dist, prefix: &str) -> Result<Links> {
    let mut all = Links::default();
    let folder = &ollama.folder;
    let wanted = wish.variants;
    let present: Vec<String> = tree.list(folder)?.into_iter().filter(|name| major(name).is_some()).collect();
    for name in wanted {
        ensure!(major(name).is_some(), "--variant {name}: a variant's name is cuda_v and a number, such as cuda_v12");
        ensure!(
            present.contains(name),
            "--variant {name}: {} does not exist; there are: {}",
            tree.show(&format!("{folder}/{name}")),
            if present.is_empty() { "none".to_owned() } else { present.join(", ") }
        );
    }
    for name in present.iter().filter(|name| wanted.is_empty() || wanted.contains(name)) {
        let major = major(name).context("it was one before")?;
        let lacking = all.add(tree, &format!("{folder}/{name}"), major, dist)?;
        if let Some(why) = lacking {
            ensure!(wanted.is_empty(), "--variant {name}: {why}");
            all.notes.push(format!("{why}: it is left as it is, and Ollama falls back to another variant"));
        }
    }
    let backend = format!("{folder}/{BACKEND}");
    if wanted.is_empty() && Layout::read(tree.show(folder).as_ref()).is_flat() {
        let why = match major_of_backend(tree.show(&backend).as_ref()) {
            Ok(Some(major)) => all.add(tree, folder, &major, dist)?,
            Ok(None) => Some(format!("{} needs no CUDA runtime, so it is none of llama.cpp's", tree.show(&backend))),
            Err(why) => Some(format!("{}: {why}", tree.show(&backend))),
        };
        all.notes.extend(why.map(|why| format!("{why}: it is left as it is")));
    }
    if all.links.is_empty() {
        let shown = tree.show(folder);
        all.nothing = Some(format!(
            "Ollama is not set up: {shown} has no CUDA backend that vgpu has libraries for; install Ollama with its cuda_v12 \
             libraries, or name another copy with --ollama DIR"
        ));
    } else if let Some(why) = fixed::why(&machine(tree)?, folder.as_ref()) {
        all.links.clear();
        let (shown, machine) = (tree.show(folder), machine(tree)?);
        match &ollama.service {
            Some(service) if fixed::is_led(&machine, service, prefix) => {
                all.notes.push(format!("{shown} {why}; the environment of {service} leads it to vgpu's libraries"));
            }
            _ => {
                let cure = fixed::cure(&machine, folder.as_ref(), prefix);
                all.nothing = Some(format!("Ollama is not set up: {shown} {why}; {cure}"));
            }
        }
    } else if wish.in_process {
        for library in DRIVER {
            let link = (format!("{folder}/{library}"), library.to_owned());
            if !all.links.contains(&link) {
                all.links.push(link);
            }
        }
    }
    Ok(all)
}

impl Links {
    /// Adds those of a folder with a backend for a CUDA version; or says what vgpu lacks for it.
    fn add(&mut self, tree: &Tree, folder: &str, major: &str, dist: &Dist) -> Result<Option<String>> {
        let needed = [format!("libcudart.so.{major}"), format!("libcublas.so.{major}")];
        if let Some(lacking) = needed.iter().find(|library| !dist.has_library(library)) {
            return Ok(Some(format!("{} needs {lacking}, which vgpu has not", tree.show(folder))));
        }
        // The backend does not ask for it; where it is bundled, it would be NVIDIA's over our driver.
        let light = format!("libcublasLt.so.{major}");
        let bundled = tree.list(folder)?.contains(&light) && dist.has_library(&light);
        let names = DRIVER.map(str::to_owned).into_iter().chain(needed).chain(bundled.then_some(light));
        self.links.extend(names.map(|library| (format!("{folder}/{library}"), library)));
        Ok(None)
    }
}
