//! The C programs of `tests/api/`, compiled and run.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use crate::dist;

/// Compiles a program, and runs it with an executor of its own that these variables describe: what it printed, and what it
/// should have.
///
/// # Panics
/// When it does not compile or run.
pub fn run(name: &str, variables: &[(&str, &str)]) -> (String, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("api");
    let built = tempfile::tempdir().expect("a temporary folder");
    let program = built.path().join(name);
    let compiler = Command::new("cc")
        .args(["-std=gnu11", "-O1", "-Wall", "-Werror", "-pthread", "-o"])
        .arg(&program)
        .arg(folder.join(name).with_extension("c"))
        .arg(dist().join("lib/libcuda.so.1"))
        .status()
        .expect("cc runs");
    assert!(compiler.success(), "{name}.c does not compile");
    let Output { status, stdout, stderr } = Command::new(&program)
        .env("LD_LIBRARY_PATH", dist().join("lib"))
        .env("VGPU", "embedded")
        .envs(variables.iter().copied())
        .output()
        .expect("the program runs");
    let printed = String::from_utf8_lossy(&stdout).into_owned();
    assert!(status.success(), "{status}: {printed}{}", String::from_utf8_lossy(&stderr));
    let expected = fs::read_to_string(folder.join(name).with_extension("out")).expect("what it must print");
    (printed, expected)
}
