//! Traps in the environment: variables that hide the GPU, or lead the loader or Ollama elsewhere.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::check::Check;
use super::libraries::{Origin, Reference};
use super::ollama::Ollama;
use super::search::preload_names;
use super::variables::Variables;
use crate::elf::Object;
use crate::ollama::layout::{Above, BACKEND};

/// Functions that break the programs into which a preloaded library puts its own.
const INTERPOSED: [&str; 9] =
    ["dlopen", "dlsym", "dlclose", "open", "openat", "cuInit", "cudaMalloc", "cudaGetDeviceCount", "nvmlInit_v2"];

/// All checks of variables. `not_found` are the libraries of ours that the loader does not find.
pub(super) fn checks(
    ollama: Option<&Ollama>,
    reference: &Reference,
    not_found: &[&str],
    variables: &Variables,
) -> Vec<Check> {
    let mut all = vec![preload(reference, variables), library_path(not_found, variables), visible_devices(variables)];
    all.extend(second_pass(variables));
    if let Some(ollama) = ollama {
        all.push(requested_library(ollama, variables));
        all.push(duplicate(ollama));
        all.push(rpath_of_callers(ollama));
    }
    all
}

fn preload(reference: &Reference, variables: &Variables) -> Check {
    const NAME: &str = "LD_PRELOAD";
    let check = Check::ok("environment.LD_PRELOAD", "the variable LD_PRELOAD");
    let value = variables.value(NAME).unwrap_or_default();
    match preloaded(value, reference, NAME) {
        None => check,
        Some((cause, true)) => check
            .saw(variables.show(NAME))
            .failed(format!("LD_PRELOAD loads {cause}"), variables.fix(NAME, "unset LD_PRELOAD: vgpu needs none")),
        Some((cause, false)) => check
            .saw(variables.show(NAME))
            .warning(cause, variables.fix(NAME, "take it out of LD_PRELOAD: vgpu needs none")),
    }
}

/// The machine's list of libraries that every program gets.
pub(super) fn preloaded_everywhere(list: &Path, reference: &Reference) -> Check {
    let check = Check::ok("environment.ld.so.preload", "the list of libraries that every program gets");
    let is_file = list.metadata().is_ok_and(|metadata| metadata.is_file());
    let mut names = Vec::new();
    // What is longer is no such list.
    let file = is_file.then(|| File::open(list).ok()).flatten();
    if file.is_none_or(|file| file.take(1 << 16).read_to_end(&mut names).is_err()) {
        return check;
    }
    let fix = format!("take it out of {}: vgpu needs none", list.display());
    match preloaded(OsStr::from_bytes(&names), reference, "the list") {
        None => check,
        Some((cause, true)) => check.failed(format!("{} loads {cause}", list.display()), fix),
        Some((cause, false)) => check.warning(format!("{}: {cause}", list.display()), fix),
    }
}

/// The first of a list of preloaded libraries that does harm: what it does, and whether that is certain.
fn preloaded(list: &OsStr, reference: &Reference, of: &str) -> Option<(String, bool)> {
    let mut strange = None;
    for name in preload_names(list) {
        if !name.contains('/') {
            continue;
        }
        let path = Path::new(&name);
        let object = match Object::read(path) {
            Ok(object) => object,
            Err(error) => {
                strange.get_or_insert(format!("{of} names {name}, which cannot be loaded: {error}"));
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
        return Some((format!("{name} into every program; it {why}"), true));
    }
    strange.map(|cause| (cause, false))
}

fn library_path(not_found: &[&str], variables: &Variables) -> Check {
    const NAME: &str = "LD_LIBRARY_PATH";
    let check = Check::ok("environment.LD_LIBRARY_PATH", "the variable LD_LIBRARY_PATH");
    let value = variables.value(NAME).unwrap_or_default();
    if value.is_empty() {
        return check;
    }
    let check = check.saw(variables.show(NAME));
    for entry in value.as_bytes().split(|byte| *byte == b':' || *byte == b';') {
        let path = Path::new(OsStr::from_bytes(entry));
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
        let fix = variables.fix(NAME, fix);
        // By itself it does no harm.
        return match not_found.first() {
            None => check.warning(cause, fix),
            Some(name) => check.saw(format!("{name} is not found")).failed(cause, fix),
        };
    }
    check
}

fn visible_devices(variables: &Variables) -> Check {
    const NAME: &str = "CUDA_VISIBLE_DEVICES";
    let check = Check::ok("environment.CUDA_VISIBLE_DEVICES", "the variable CUDA_VISIBLE_DEVICES");
    let Some(value) = variables.value(NAME) else { return check };
    let text = value.to_string_lossy();
    let check = check.saw(variables.show(NAME));
    // Devices count up to the first entry that is none.
    let first = text.split(',').next().unwrap_or("").trim();
    if first.is_empty() || first.starts_with('-') || first == "NoDevFiles" {
        return check.failed(
            format!("CUDA_VISIBLE_DEVICES={text:?} hides every device"),
            variables.fix(NAME, "unset CUDA_VISIBLE_DEVICES"),
        );
    }
    check
}

/// Ollama sets this for its own second look at a device.
fn second_pass(variables: &Variables) -> Option<Check> {
    const NAME: &str = "GGML_CUDA_INIT";
    variables.value(NAME)?;
    let check = Check::ok("environment.GGML_CUDA_INIT", "the variable GGML_CUDA_INIT").saw(variables.show(NAME));
    Some(check.warning(
        "GGML_CUDA_INIT makes Ollama's runner (0.12.4 to 0.24) abort, unless the backend was compiled for just this device's \
         capability",
        variables.fix(NAME, "unset GGML_CUDA_INIT: Ollama sets it itself where it is meant"),
    ))
}

fn requested_library(ollama: &Ollama, variables: &Variables) -> Check {
    const NAME: &str = "OLLAMA_LLM_LIBRARY";
    let check = Check::ok("environment.OLLAMA_LLM_LIBRARY", "the variable OLLAMA_LLM_LIBRARY");
    let Some(value) = variables.value(NAME).filter(|value| !value.is_empty()) else { return check };
    let wanted = value.to_string_lossy();
    let served: Vec<_> = ollama.backends.iter().filter(|backend| backend.unserved().is_none()).collect();
    let check = check.saw(format!("{}: Ollama passes over every other folder", variables.show(NAME))).saw(format!(
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
    check.failed(
        format!("OLLAMA_LLM_LIBRARY={wanted} keeps Ollama from every CUDA backend that vgpu serves"),
        variables.fix(NAME, fix),
    )
}

fn duplicate(ollama: &Ollama) -> Check {
    let check = Check::ok("ollama.duplicate", "Ollama has its CUDA backend in one place for each variant");
    let path = ollama.folder.join(BACKEND);
    if !matches!(ollama.above, Some(Above::Same | Above::Another)) {
        return check;
    }
    let fix = format!("remove {}", path.display());
    let besides = format!("{} is loaded besides those in the folders below it", path.display());
    if ollama.has_llama_server {
        return check.warning(format!("{besides}; llama-server passes over the second copy"), fix);
    }
    // Two copies know nothing of each other's streams.
    check.failed(
        format!(
            "{besides}: Ollama logs each GPU once, but computes with two copies of the backend that do not wait for each \
             other, which gives wrong tokens and sometimes NaN"
        ),
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
