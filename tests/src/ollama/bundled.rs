//! What stands for the libraries of NVIDIA's that Ollama bundles: the same names, versions and functions, and every call is
//! refused as the real ones refuse it without NVIDIA's driver.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use object::{Object, ObjectSymbol};

use crate::dist;

/// A bundled library.
struct Bundled {
    soname: &'static str,
    /// The file's name, as it is in Ollama's packages.
    file: &'static str,
    /// What its functions return: CUDA's "driver version is insufficient", cuBLAS's "not initialised".
    refusal: u32,
}

const BUNDLED: [Bundled; 3] = [
    Bundled { soname: "libcudart.so.12", file: "libcudart.so.12.8.90", refusal: 35 },
    Bundled { soname: "libcublas.so.12", file: "libcublas.so.12.8.4.1", refusal: 1 },
    Bundled { soname: "libcublasLt.so.12", file: "libcublasLt.so.12.8.4.1", refusal: 1 },
];

/// What the runtime calls its refusal.
pub const REFUSAL: &str = "CUDA driver version is insufficient for CUDA runtime version";

/// Functions that return text.
const TEXTS: [&str; 4] = ["cudaGetErrorName", "cudaGetErrorString", "cublasGetStatusName", "cublasGetStatusString"];

/// Builds all of them into `folder`, each under its file's name with a link of its SONAME to it.
///
/// # Panics
/// When the C compiler fails.
pub fn build_into(folder: &Path) {
    let scratch = tempfile::tempdir().expect("a temporary folder");
    for library in &BUNDLED {
        let mut names = functions_of(library.soname);
        // Ours exports nothing under that name.
        if names.is_empty() {
            names.push("cublasLtCreate".to_owned());
        }
        let source = scratch.path().join("source.c");
        let functions = names.iter().map(|name| {
            if TEXTS.contains(&name.as_str()) {
                format!("const char *{name}(void) {{ return \"{REFUSAL}\"; }}\n")
            } else {
                format!("long {name}(void) {{ return {}; }}\n", library.refusal)
            }
        });
        fs::write(&source, functions.collect::<String>()).expect("a file");
        let script = scratch.path().join("versions.map");
        fs::write(&script, format!("{} {{ global: cu*; __cu*; local: *; }};\n", library.soname)).expect("a file");
        let output = Command::new("cc")
            .args(["-shared", "-fPIC", "-w", "-nostdlib", "-o"])
            .arg(folder.join(library.file))
            .arg(&source)
            .arg(format!("-Wl,-soname,{}", library.soname))
            .arg(format!("-Wl,--version-script={}", script.display()))
            .output()
            .expect("cc is there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        symlink(library.file, folder.join(library.soname)).expect("a link");
    }
}

/// The functions that the library of this name has in dist.
fn functions_of(soname: &str) -> Vec<String> {
    let bytes = fs::read(dist().join("lib").join(soname)).expect("a library of dist");
    let library = object::File::parse(&*bytes).expect("an ELF file");
    let exported = library.dynamic_symbols().filter(|symbol| symbol.is_definition() && symbol.is_global());
    exported.filter_map(|symbol| Some(symbol.name().ok()?.to_owned())).filter(|name| name.contains("cu")).collect()
}
