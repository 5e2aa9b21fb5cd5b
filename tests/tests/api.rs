//! The C programs of `tests/api`: what each prints stands in its `.txt`, and is what NVIDIA's driver has it print.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use vgpu_tests::{daemon::Daemon, dist};

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("api").join(name)
}

/// Compiles a program against the library as any program is.
fn compile(name: &str, folder: &Path) -> PathBuf {
    let program = folder.join(name);
    let output = Command::new("cc")
        .args(["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&program)
        .arg(source(&format!("{name}.c")))
        .arg(dist().join("lib/libcuda.so.1"))
        .output()
        .expect("a C compiler");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

fn check(name: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = compile(name, folder.path());
    let daemon = Daemon::start(&["--threads", "1"]);
    let expected = fs::read_to_string(source(&format!("{name}.txt"))).expect("what it prints");

    let output = Command::new(program)
        .env("LD_LIBRARY_PATH", dist().join("lib"))
        .env("VGPU", daemon.device())
        .output()
        .expect("the program runs");

    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
}

#[test]
fn synchronous_forms_return_when_the_host_sees_their_effect() {
    check("synchronous_forms");
}
