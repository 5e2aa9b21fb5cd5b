//! Start-up code: programs register thousands of functions before `main` and may never use one.

use std::{os::unix::process::ExitStatusExt, process::Command};

use vgpu_tests::registration::{IoCounts, MEMORY_CALLS, with_only};

const DLOPEN: &str = env!("CARGO_BIN_EXE_guest-dlopen");
/// What llama.cpp's CUDA backend brings along.
const FATBINS: &str = "143";
const FUNCTIONS: &str = "8380";

#[test]
fn registering_fat_binaries_makes_no_system_call_but_for_memory() {
    let output = Command::new(DLOPEN)
        .args([FATBINS, FUNCTIONS])
        .env("VGPU", "unix:/nonexistent/vgpud.sock")
        .env("VGPU_DIST", vgpu_tests::dist())
        .output()
        .expect("the guest runs");

    let said = String::from_utf8_lossy(&output.stderr);
    assert_ne!(output.status.signal(), Some(libc::SIGSYS), "registration made another system call");
    assert!(output.status.success(), "{}: {said}", output.status);
    let text = String::from_utf8(output.stdout).expect("the guest prints text");
    for name in ["read calls", "bytes read", "write calls", "bytes written"] {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {text}"));
        assert_eq!(line.split('\t').nth(1), Some("0"), "{line}");
    }
}

#[test]
fn the_counts_see_a_read_and_a_write() {
    let counts = IoCounts::open().expect("the kernel counts");
    let file = tempfile::tempfile().expect("a temporary file");

    let (result, io) = counts
        .of(|| {
            use std::os::unix::fs::FileExt;
            file.write_all_at(b"12345", 0)?;
            file.read_exact_at(&mut [0; 3], 0)
        })
        .expect("the counts");

    result.expect("the file can be used");
    // Other tests of this process may read and write as well.
    assert!(io.read_calls >= 1 && io.read_bytes >= 3 && io.write_calls >= 1 && io.written_bytes >= 5, "{io:?}");
}

#[test]
fn a_forbidden_system_call_ends_the_process() {
    if std::env::var_os("VGPU_TEST_FORBIDDEN").is_some() {
        with_only(&[MEMORY_CALLS], || std::fs::metadata("/").is_ok()).expect("the kernel has filters");
        return;
    }
    let this = std::env::current_exe().expect("this program");
    let output = Command::new(this)
        .args(["--exact", "a_forbidden_system_call_ends_the_process"])
        .env("VGPU_TEST_FORBIDDEN", "1")
        .output()
        .expect("this program runs");

    assert_eq!(output.status.signal(), Some(libc::SIGSYS), "{}", output.status);
}
