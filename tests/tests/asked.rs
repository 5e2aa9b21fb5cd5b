//! A process that was told to have a GPU, and has none, is told why: one line. Whoever was told nothing hears nothing.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use vgpu_tests::{daemon::Daemon, dist};

const INIT: &str = env!("CARGO_BIN_EXE_guest-init");
const NOBODY: &str = "unix:/nonexistent/vgpud.sock";
/// `CUDA_ERROR_NO_DEVICE` three times, and `NVML_ERROR_DRIVER_NOT_LOADED`.
const NOTHING_FOUND: &str = "cuInit\t100\ncuInit\t100\ncuInit\t100\nnvmlInit\t9\n";

/// A guest on a machine without PCI functions, which nobody has told anything.
fn guest() -> Command {
    let mut command = Command::new(INIT);
    command.env("VGPU_DIST", dist()).env("VGPU_SYSFS", "/nonexistent");
    for name in ["VGPU", "VGPU_LOG", "CUDA_VISIBLE_DEVICES"] {
        command.env_remove(name);
    }
    command
}

fn run(guest: &mut Command) -> (String, String) {
    let Output { status, stdout, stderr } = guest.output().expect("the guest runs");
    let said = String::from_utf8_lossy(&stderr).into_owned();
    assert!(status.success(), "{said}");
    (String::from_utf8_lossy(&stdout).into_owned(), said)
}

/// The libraries as an installation has them, with what it records.
fn installation(record: &str) -> tempfile::TempDir {
    let prefix = tempfile::tempdir().expect("a temporary folder");
    let lib = prefix.path().join("0.1.0/lib");
    fs::create_dir_all(&lib).expect("a folder");
    for name in ["libcuda.so.1", "libcudart.so.12", "libnvidia-ml.so.1"] {
        fs::copy(dist().join("lib").join(name), lib.join(name)).expect("a copy");
    }
    std::os::unix::fs::symlink("0.1.0", prefix.path().join("current")).expect("a link");
    fs::write(prefix.path().join("device"), record).expect("a file");
    prefix
}

/// The same guest with the libraries of an installation.
fn installed(prefix: &Path) -> Command {
    let mut command = guest();
    command.env("VGPU_DIST", prefix.join("current"));
    command
}

#[test]
fn who_asked_by_the_variable_is_told_once_with_cause_and_cure() {
    let (found, said) = run(guest().env("VGPU", NOBODY));
    assert_eq!(found, NOTHING_FOUND);
    let line = "vgpu: no GPU: no vgpud listens at /nonexistent/vgpud.sock (No such file or directory (os error 2)); \
                start `vgpud --socket /nonexistent/vgpud.sock`, or set VGPU to where one listens\n";
    assert_eq!(said, line);
}

#[test]
fn who_asked_nobody_hears_nothing() {
    // Where a daemon listens at the usual place there is a GPU, and nothing to say either.
    let (_, said) = run(&mut guest());
    assert_eq!(said, "");
}

#[test]
fn a_log_says_it_instead_of_the_line() {
    let (found, said) = run(guest().env("VGPU", NOBODY).env("VGPU_LOG", "error"));
    assert_eq!(found, NOTHING_FOUND);
    assert!(!said.contains("vgpu: no GPU"), "{said}");
    assert!(said.lines().all(|line| line.contains("no GPU: no vgpud listens")), "{said}");
}

#[test]
fn any_function_is_asked_for_by_its_kind() {
    let (found, said) = run(guest().env("VGPU", "pci"));
    assert_eq!(found, NOTHING_FOUND);
    assert!(said.starts_with("vgpu: no GPU: pci: /nonexistent shows no vgpu function"), "{said}");
    assert_eq!(said.lines().count(), 1);
}

#[test]
fn a_setting_that_hides_all_devices_is_silent() {
    for setting in ["-1", ""] {
        let (found, said) = run(guest().env("VGPU", NOBODY).env("CUDA_VISIBLE_DEVICES", setting));
        assert_eq!((found.as_str(), said.as_str()), (NOTHING_FOUND, ""));
    }
}

#[test]
fn a_recorded_device_is_used_as_if_the_variable_named_it() {
    let daemon = Daemon::start(&["--threads", "1"]);
    let prefix = installation(&format!("{}\n", daemon.device()));
    let (found, said) = run(&mut installed(prefix.path()));
    assert!(found.starts_with("cuInit\t0\ncuInit\t0\ncuInit\t0\nnvmlInit\t0\n"), "{found}");
    assert_eq!(said, "");
    let (found, said) = run(installed(prefix.path()).env("VGPU", NOBODY));
    assert_eq!(found, NOTHING_FOUND, "the variable wins");
    assert!(said.contains("/nonexistent/vgpud.sock"), "{said}");
}

#[test]
fn a_recorded_device_that_is_not_there_is_told_with_its_record() {
    let prefix = installation("unix:/nonexistent/vgpud.sock\n");
    let (found, said) = run(&mut installed(prefix.path()));
    assert_eq!(found, NOTHING_FOUND);
    let record = prefix.path().canonicalize().expect("a folder").join("device");
    assert!(said.starts_with("vgpu: no GPU: no vgpud listens at /nonexistent/vgpud.sock"), "{said}");
    assert!(said.ends_with(&format!(" ({} asks for unix:/nonexistent/vgpud.sock)\n", record.display())), "{said}");
}

#[test]
fn a_record_that_cannot_be_understood_is_named() {
    let prefix = installation("unix:/a\nunix:/b\n\x1b[31m");
    let (found, said) = run(&mut installed(prefix.path()));
    assert_eq!(found, NOTHING_FOUND);
    let record = prefix.path().canonicalize().expect("a folder").join("device");
    assert!(said.starts_with(&format!("vgpu: no GPU: {} cannot be used: ", record.display())), "{said}");
    assert_eq!((said.lines().count(), said.contains('\x1b')), (1, false));
}

#[test]
fn a_child_of_a_process_that_found_nothing_may_look_for_itself() {
    let daemon = Daemon::start(&["--threads", "1"]);
    let (found, said) = run(guest().arg("forked").env("VGPU", daemon.device()));
    assert_eq!((found.as_str(), said.as_str()), ("hidden\t100\nchild\t0\nparent\t0\n", ""));
}
