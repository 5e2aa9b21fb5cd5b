//! Traps in the environment: variables that hide the GPU, or lead the loader or Ollama elsewhere.

use std::env;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::backend::{FILE, Ollama};
use super::check::Check;
use super::elf::Object;
use super::libraries::{Origin, Reference};
use super::search::preload_names;

/// Functions that break the programs into which a preloaded library puts its own.
const INTERPOSED: [&str; 9] =
    ["dlopen", "dlsym", "dlclose", "open", "openat", "cuInit", "cudaMalloc", "cudaGetDeviceCount", "nvmlInit_v2"];

/// All checks of variables. `not_found` are the libraries of ours that the loader does not find.
pub(super) fn checks(ollama: Option<&Ollama>, reference: &Reference, not_found: &[&str]) -> Vec<Check> {
    let mut all = vec![preload(reference), library_path(not_found), visible_devices()];
    if let Some(ollama) = ollama {
        all.push(requested_library(ollama));
        all.push(duplicate(ollama));
        all.push(rpath_of_callers(ollama));
    }
    all
}

fn preload(reference: &Reference) -> Check {
    let check = Check::ok("environment.LD_PRELOAD", "the variable LD_PRELOAD");
    let value = env::var_os("LD_PRELOAD").unwrap_or_default();
    let mut strange = None;
    for name in preload_names(&value) {
        if !name.contains('/') {
            continue;
        }
        let path = Path::new(&name);
        let object = match Object::read(path) {
            Ok(object) => object,
            Err(error) => {
                strange.get_or_insert(format!("LD_PRELOAD names {name}, which cannot be loaded: {error}"));
                continue;
            }
        };
        let soname = object.soname.as_deref().unwrap_or("");
        let is_ours = reference.origin(path, soname) != Origin::Foreign && !soname.is_empty();
        let taken = INTERPOSED.iter().find(|function| object.exports.contains_key(**function));
        let why = match taken {
            Some(function) => format!("puts its own {function} in the place of everybody's"),
            None if is_ours => "is one of vgpu's, which are not made for that".to_owned(),
            None => continue,
        };
        return check.saw(format!("LD_PRELOAD={}", value.display())).failed(
            format!("LD_PRELOAD loads {name} into every program; it {why}"),
            "unset LD_PRELOAD: vgpu needs none",
        );
    }
    match strange {
        Some(cause) => check.warning(cause, "take it out of LD_PRELOAD: vgpu needs none"),
        None => check,
    }
}

fn library_path(not_found: &[&str]) -> Check {
    let check = Check::ok("environment.LD_LIBRARY_PATH", "the variable LD_LIBRARY_PATH");
    let value: OsString = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    if value.is_empty() {
        return check;
    }
    let check = check.saw(format!("LD_LIBRARY_PATH={}", value.display()));
    for entry in value.as_bytes().split(|byte| *byte == b':' || *byte == b';') {
        let path = Path::new(std::ffi::OsStr::from_bytes(entry));
        let (cause, fix) = if entry.is_empty() {
            (
                "LD_LIBRARY_PATH has an empty entry, which stands for the working directory".to_owned(),
                "remove the empty entry (a colon too many)".to_owned(),
            )
        } else if entry.starts_with(b"$") {
            continue;
        } else if !path.is_absolute() {
            let cause = format!(
                "LD_LIBRARY_PATH names {}, which every program looks for in its own working directory",
                path.display()
            );
            (cause, "write the whole path".to_owned())
        } else if !path.is_dir() {
            (
                format!("LD_LIBRARY_PATH names {}, which is no directory", path.display()),
                "correct the path, or take it out".to_owned(),
            )
        } else {
            continue;
        };
        // By itself it does no harm.
        return match not_found.first() {
            None => check.warning(cause, fix),
            Some(name) => check.saw(format!("{name} is not found")).failed(cause, fix),
        };
    }
    check
}

fn visible_devices() -> Check {
    let check = Check::ok("environment.CUDA_VISIBLE_DEVICES", "the variable CUDA_VISIBLE_DEVICES");
    let Some(value) = env::var_os("CUDA_VISIBLE_DEVICES") else { return check };
    let text = value.to_string_lossy();
    let check = check.saw(format!("CUDA_VISIBLE_DEVICES={text}"));
    // Devices count up to the first entry that is none.
    let first = text.split(',').next().unwrap_or("").trim();
    if first.is_empty() || first.starts_with('-') || first == "NoDevFiles" {
        return check.failed(format!("CUDA_VISIBLE_DEVICES={text:?} hides every device"), "unset CUDA_VISIBLE_DEVICES");
    }
    check
}

fn requested_library(ollama: &Ollama) -> Check {
    let check = Check::ok("environment.OLLAMA_LLM_LIBRARY", "the variable OLLAMA_LLM_LIBRARY");
    let Some(value) = env::var_os("OLLAMA_LLM_LIBRARY").filter(|value| !value.is_empty()) else { return check };
    let wanted = value.to_string_lossy();
    let served: Vec<_> = ollama.backends.iter().filter(|backend| backend.unserved().is_none()).collect();
    let check = check.saw(format!("OLLAMA_LLM_LIBRARY={wanted}: Ollama passes over every other folder")).saw(format!(
        "{} has {}",
        ollama.folder.display(),
        ollama.variants.join(", ")
    ));
    if served.iter().any(|backend| backend.name == wanted) {
        return check;
    }
    let fix = match served.first() {
        Some(backend) => format!("unset OLLAMA_LLM_LIBRARY, or set it to {}", backend.name),
        None => "unset OLLAMA_LLM_LIBRARY".to_owned(),
    };
    check.failed(format!("OLLAMA_LLM_LIBRARY={wanted} keeps Ollama from every CUDA backend that vgpu serves"), fix)
}

fn duplicate(ollama: &Ollama) -> Check {
    let check = Check::ok("ollama.duplicate", "Ollama has its CUDA backend in one place for each variant");
    let path = ollama.folder.join(FILE);
    if path.symlink_metadata().is_err() {
        return check;
    }
    let fix = format!("remove {}", path.display());
    if ollama.has_llama_server {
        return check.warning(format!("{} is loaded besides those in the folders below it", path.display()), fix);
    }
    check.failed(
        format!("{} is registered besides those in the folders below it: every GPU is listed twice", path.display()),
        fix,
    )
}

/// A backend's libraries are looked for in the DT_RPATH of whoever opens it as well, which doctor's own process is not.
fn rpath_of_callers(ollama: &Ollama) -> Check {
    let check = Check::ok("ollama.rpath", "Ollama's programs have no search path of their own before LD_LIBRARY_PATH");
    let folder = &ollama.folder;
    for name in ["llama-server", "libggml.so", "libggml-base.so", "../../bin/llama-server", "../../bin/ollama"] {
        let path = folder.join(name);
        let Ok(object) = Object::read(&path) else { continue };
        if let (Some(rpath), None) = (object.rpath, object.runpath) {
            return check.warning(
                format!("{} has the DT_RPATH {}, which comes before LD_LIBRARY_PATH", path.display(), rpath.display()),
                "put vgpu's libraries into the folders that it names, too",
            );
        }
    }
    check
}
