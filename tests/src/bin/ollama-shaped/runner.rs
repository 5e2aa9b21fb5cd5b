//! `ollama runner --ollama-engine`, versions 0.12.4 to 0.24: loads what it finds in OLLAMA_LIBRARY_PATH and tells its devices.
//!
//! The real one answers on a port; this one prints the answer, and ends.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process,
};

use serde_json::{Value, json};

use crate::{
    cuda::{self, Runtime},
    ggml::{self, Ggml, Registration},
};

/// Kinds of backends, in the order in which they are looked for.
const KINDS: [&str; 13] =
    ["blas", "zendnn", "cann", "cuda", "hip", "metal", "rpc", "sycl", "vulkan", "opencl", "hexagon", "musa", "cpu"];

pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let ggml = Ggml::open()?;
    let program_folder = env::current_exe()?.canonicalize()?.parent().map(Path::to_owned).ok_or("no folder")?;
    let mut answer = Vec::new();
    for folder in env::split_paths(&env::var_os("OLLAMA_LIBRARY_PATH").unwrap_or_default()) {
        if !folder.to_string_lossy().contains("lib/ollama") && folder != program_folder {
            continue;
        }
        for kind in KINDS {
            let Some(path) = best(&folder, kind) else { continue };
            // A release says nothing about a backend that does not load; this is seen with OLLAMA_DEBUG=2 only.
            match ggml::load(&path) {
                Ok(registration) if kind == "cuda" => answer.extend(devices(&ggml, registration)?),
                Ok(_) => {}
                Err(error) => eprintln!("{}: {error}", path.display()),
            }
        }
    }
    println!("{}", Value::from(answer));
    Ok(())
}

/// The variant of a kind that fits the processor best, else the plain one.
fn best(folder: &Path, kind: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let start = format!("libggml-{kind}-");
    let variants = entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.starts_with(&start) && name.ends_with(".so")
    });
    let scored = variants.filter_map(|path| Some((ggml::score(&path).filter(|score| *score > 0)?, path)));
    let plain = || Some(folder.join(format!("libggml-{kind}.so"))).filter(|path| path.exists());
    scored.max().map(|(_, path)| path).or_else(plain)
}

fn devices(ggml: &Ggml, registration: Registration) -> Result<Vec<Value>, Box<dyn Error>> {
    let named = ggml.devices(registration);
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let runtime = Runtime::loaded()?;
    let driver = runtime.driver_version()?;
    let architectures = ggml.architectures(registration);
    let mut answer = Vec::new();
    for device in named {
        let ordinal = device.name.strip_prefix("CUDA").ok_or("a device's name")?.parse()?;
        let properties = runtime.properties(ordinal)?;
        let (major, minor) = properties.capability();
        // Ollama's own backend gives up on a device that it has no kernels for when it is told to initialise it.
        if env::var_os("GGML_CUDA_INIT").is_some()
            && !architectures.iter().any(|arch| i32::try_from(*arch) == Ok(100 * major + 10 * minor))
        {
            eprintln!("{}: no kernels for {major}.{minor} among {architectures:?}", device.name);
            process::abort();
        }
        let id = properties.id();
        // The management library's sizes are preferred, the runtime's taken where it has none.
        let (free, total) = cuda::managed_memory(&id).unwrap_or((device.free_bytes as u64, device.total_bytes as u64));
        answer.push(json!({
            "id": id,
            "library": "CUDA",
            "name": device.name,
            "description": device.description,
            "compute": format!("{major}.{minor}"),
            "driver": format!("{}.{}", driver / 1000, driver % 1000 / 10),
            "integrated": properties.is_integrated(),
            "pci_id": properties.pci_id(),
            "total": total,
            "free": free,
        }));
    }
    Ok(answer)
}
