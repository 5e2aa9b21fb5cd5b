//! Where Ollama keeps its libraries, and which of them are replaced.
//!
//! Ollama loads each `lib/ollama/cuda_vN/libggml-cuda.so` in a process that looks for its libraries in `lib/ollama` and then in
//! that folder. So the names by which the backend asks for them are linked to ours there. The bundled files behind those
//! names, `libcudart.so.12.8.90` and the like, stay: Ollama reads its CUDA version off them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::dist::Dist;
use super::tree::Tree;

/// What every variant needs from the driver.
pub(super) const DRIVER: [&str; 2] = ["libcuda.so.1", "libnvidia-ml.so.1"];
const PACKAGED: [&str; 2] = ["/usr/local/lib/ollama", "/usr/lib/ollama"];

/// The folder of Ollama's libraries: the one given, else that of the `ollama` on the search path, else a package's.
pub(super) fn find(tree: &Tree, given: Option<&Path>, search: &[PathBuf]) -> Result<Option<String>> {
    if let Some(given) = given {
        let given = given.to_str().context("--ollama: not a UTF-8 path")?.trim_end_matches('/');
        for folder in [format!("{given}/lib/ollama"), given.to_owned()] {
            if tree.folder(&folder)?.is_some() {
                return Ok(Some(folder));
            }
        }
        bail!("--ollama {}: there is no such folder", tree.show(given));
    }
    let programs = search.iter().filter_map(|folder| {
        let program = Path::new(&tree.show(folder.to_str()?)).join("ollama").canonicalize().ok()?;
        tree.inside(&program.parent()?.parent()?.join("lib/ollama"))
    });
    for folder in programs.chain(PACKAGED.map(str::to_owned)) {
        if tree.folder(&folder)?.is_some() {
            return Ok(Some(folder));
        }
    }
    Ok(None)
}

/// Links to make, as path and the library's name, and what the user should know.
#[derive(Default)]
pub(super) struct Links {
    pub(super) links: Vec<(String, String)>,
    pub(super) notes: Vec<String>,
}

/// The links for Ollama's variants: those wanted, else all that we have libraries for.
pub(super) fn links(tree: &Tree, ollama: &str, wanted: &[String], dist: &Dist, in_process: bool) -> Result<Links> {
    let mut all = Links::default();
    let present: Vec<String> = tree.list(ollama)?.into_iter().filter(|name| major(name).is_some()).collect();
    for name in wanted {
        ensure!(major(name).is_some(), "--variant {name}: a variant's name is cuda_v and a number, such as cuda_v12");
        ensure!(
            present.contains(name),
            "--variant {name}: {} does not exist; there are: {}",
            tree.show(&format!("{ollama}/{name}")),
            if present.is_empty() { "none".to_owned() } else { present.join(", ") }
        );
    }
    for name in present.iter().filter(|name| wanted.is_empty() || wanted.contains(name)) {
        let folder = format!("{ollama}/{name}");
        let major = major(name).context("it was one before")?;
        let needed = [format!("libcudart.so.{major}"), format!("libcublas.so.{major}")];
        if let Some(lacking) = needed.iter().find(|library| !dist.has_library(library)) {
            let why = format!("{} needs {lacking}, which vgpu has not", tree.show(&folder));
            ensure!(wanted.is_empty(), "--variant {name}: {why}");
            all.notes.push(format!("{why}: it is left as it is, and Ollama falls back to another variant"));
            continue;
        }
        // The backend does not ask for it; where it is bundled, it would be NVIDIA's over our driver.
        let light = format!("libcublasLt.so.{major}");
        let bundled = tree.list(&folder)?.contains(&light) && dist.has_library(&light);
        let names = DRIVER.map(str::to_owned).into_iter().chain(needed).chain(bundled.then_some(light));
        all.links.extend(names.map(|library| (format!("{folder}/{library}"), library)));
    }
    if all.links.is_empty() {
        all.notes.push(format!("{} has no variant that vgpu has libraries for", tree.show(ollama)));
    } else if in_process {
        all.links.extend(DRIVER.map(|library| (format!("{ollama}/{library}"), library.to_owned())));
    }
    Ok(all)
}

/// The CUDA version in a variant's name.
fn major(variant: &str) -> Option<&str> {
    variant
        .strip_prefix("cuda_v")
        .filter(|digits| (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
}
