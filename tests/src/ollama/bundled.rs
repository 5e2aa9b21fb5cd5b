//! What stands for the libraries of NVIDIA's that Ollama bundles: the same names, versions and functions, and every call is
//! refused as the real ones refuse it without NVIDIA's driver.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::Path,
    process::Command,
};

use object::{Object, ObjectSymbol, ReadCache};

/// A bundled library.
struct Bundled {
    /// Its name without `.so`.
    name: &'static str,
    /// What its functions' names begin with.
    starts: &'static [&'static str],
    /// What its functions return: CUDA's "driver version is insufficient", cuBLAS's "not initialised".
    refusal: u32,
}

const BUNDLED: [Bundled; 3] = [
    Bundled { name: "libcudart", starts: &["cuda", "__cuda"], refusal: 35 },
    Bundled { name: "libcublas", starts: &["cublas"], refusal: 1 },
    // The backend calls nothing of it; libcublas does.
    Bundled { name: "libcublasLt", starts: &["cublasLt"], refusal: 1 },
];

/// What the runtime calls its refusal.
pub const REFUSAL: &str = "CUDA driver version is insufficient for CUDA runtime version";

/// Functions that return text.
const TEXTS: [&str; 4] = ["cudaGetErrorName", "cudaGetErrorString", "cublasGetStatusName", "cublasGetStatusString"];

/// Builds all of them beside `backend`, each under its file's name with a link of its SONAME to it. `versions` are those in
/// the files' names: CUDA's, such as `12.8.90`, and cuBLAS's.
///
/// # Panics
/// When the C compiler fails.
pub fn build_for(backend: &Path, versions: [&str; 2]) {
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let folder = backend.parent().expect("the backend lies in a folder");
    let needed = needed(backend);
    let major = versions[0].split('.').next().expect("a version");
    for library in &BUNDLED {
        let soname = format!("{}.so.{major}", library.name);
        let version = versions[usize::from(library.name != "libcudart")];
        let file = format!("{}.so.{version}", library.name);
        let mut names: Vec<&str> = needed.iter().map(String::as_str).collect();
        names.retain(|name| library.starts.iter().any(|start| name.starts_with(start)));
        if names.is_empty() {
            names.push("cublasLtCreate");
        }
        let functions = names.iter().map(|name| {
            if TEXTS.contains(name) {
                format!("const char *{name}(void) {{ return \"{REFUSAL}\"; }}\n")
            } else {
                format!("long {name}(void) {{ return {}; }}\n", library.refusal)
            }
        });
        let source = scratch.path().join("source.c");
        fs::write(&source, functions.collect::<String>()).expect("a file");
        let script = scratch.path().join("versions.map");
        fs::write(&script, format!("{soname} {{ global: cu*; __cu*; local: *; }};\n")).expect("a file");
        let output = Command::new("cc")
            .args(["-shared", "-fPIC", "-w", "-nostdlib", "-o"])
            .arg(folder.join(&file))
            .arg(&source)
            .arg(format!("-Wl,-soname,{soname}"))
            .arg(format!("-Wl,--version-script={}", script.display()))
            .output()
            .expect("cc is there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        symlink(file, folder.join(soname)).expect("a link");
    }
}

/// Names of the functions that a library wants of others.
fn needed(library: &Path) -> Vec<String> {
    let file = File::open(library).unwrap_or_else(|error| panic!("{}: {error}", library.display()));
    // It has hundreds of megabytes, of which little is looked at.
    let data = ReadCache::new(file);
    let object = object::File::parse(&data).expect("an ELF file");
    let wanted = object.dynamic_symbols().filter(|symbol| symbol.is_undefined());
    wanted.filter_map(|symbol| Some(symbol.name().ok()?.to_owned())).collect()
}
