//! Symbolic links where files and folders are expected, and what lies behind them.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::super::tree::{Found, Tree};
use super::SYSTEM;
use super::machine::{Dist, Machine, VARIANT};

#[test]
fn a_folder_that_is_a_link_is_refused_by_name() {
    let dist = Dist::new("0.1.0");
    for folder in ["opt", VARIANT, "usr/local/lib/ollama", "etc/ld.so.conf.d"] {
        let machine = Machine::new();
        fs::rename(machine.path(folder), machine.path("elsewhere")).expect("our own folder");
        machine.link(folder, machine.path("elsewhere").to_str().expect("a path of ours"));
        let before = machine.snapshot();
        let said = machine.install(&dist, SYSTEM).expect_err("a refusal");
        assert!(said.contains("is a symbolic link to") && said.contains(folder), "{said}");
        assert_eq!(machine.snapshot(), before, "{folder}");
    }
}

#[test]
fn a_file_that_is_a_link_is_replaced_and_what_it_leads_to_is_not() {
    let machine = Machine::new();
    machine.write("etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    let behind = machine.path("etc/passwd").to_str().expect("a path of ours").to_owned();
    machine.link("etc/ld.so.conf.d/vgpu.conf", &behind);
    machine.link(&format!("{VARIANT}/libcudart.so.12"), &behind);
    // Where a draft goes first.
    machine.link(&format!("{VARIANT}/.libcublas.so.12.vgpu-part"), &behind);
    let passwd = machine.snapshot()["etc/passwd"].clone();
    let mut before = machine.snapshot();
    machine.install(&Dist::new("0.1.0"), SYSTEM).expect("an installation");
    assert_eq!(machine.snapshot()["etc/passwd"], passwd);
    assert!(machine.target(&format!("{VARIANT}/libcudart.so.12")).starts_with("/opt/vgpu"));
    machine.uninstall(&[]).expect("everything back");
    before.remove(&format!("{VARIANT}/.libcublas.so.12.vgpu-part"));
    assert_eq!(machine.snapshot(), before);
}

#[test]
fn a_folder_or_a_pipe_in_a_files_place_is_refused() {
    let dist = Dist::new("0.1.0");
    let machine = Machine::new();
    let place = format!("{VARIANT}/libcuda.so.1");
    fs::create_dir(machine.path(&place)).expect("a folder");
    let said = machine.install(&dist, &[]).expect_err("a refusal");
    assert!(said.contains("is a folder: move it away first"), "{said}");
    fs::remove_dir(machine.path(&place)).expect("it is empty");
    rustix::fs::mkfifoat(rustix::fs::CWD, machine.path(&place), 0o600.into()).expect("a pipe");
    let said = machine.install(&dist, &[]).expect_err("a refusal");
    assert!(said.contains("is neither a file, a link nor a folder"), "{said}");
    assert!(!machine.exists("opt/vgpu"));
}

#[test]
fn a_path_that_goes_up_is_refused() {
    let machine = Machine::new();
    let said = machine.install(&Dist::new("0.1.0"), &["--prefix", "/opt/../etc/vgpu"]).expect_err("a refusal");
    assert!(said.contains("no . or .. in it"), "{said}");
    let said = machine.install(&Dist::new("0.1.0"), &["--prefix", "/opt/v gpu"]).expect_err("a refusal");
    assert!(said.contains("would confuse the linker"), "{said}");
}

#[test]
fn a_second_run_at_the_same_time_is_refused() {
    let machine = Machine::new();
    let opt = fs::File::open(machine.path("opt")).expect("a folder");
    opt.lock().expect("nobody else has it");
    let said = machine.install(&Dist::new("0.1.0"), &[]).expect_err("a refusal");
    assert!(said.contains("another `vgpu install`"), "{said}");
}

#[test]
fn what_cannot_be_moved_is_copied_with_mode_and_time() {
    let here = tempfile::tempdir().expect("a temporary folder");
    // Another file system on most machines; the copy is made either way.
    let there = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder");
    let tree = Tree::open("/".as_ref(), None).expect("the root");
    let path = |folder: &tempfile::TempDir, name: &str| format!("{}/{name}", folder.path().display());
    fs::write(path(&here, "file"), "NVIDIA's").expect("a file");
    fs::set_permissions(path(&here, "file"), fs::Permissions::from_mode(0o4750)).expect("our own file");
    fs::File::open(path(&here, "file"))
        .and_then(|file| file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_nanos(1_234_567_890)))
        .expect("our own file");
    symlink("file", path(&here, "link")).expect("a link");
    for name in ["file", "link"] {
        let before = tree.look(&path(&here, name)).expect("it is there");
        tree.copy(&path(&here, name), &path(&there, name)).expect("a copy");
        assert_eq!(tree.look(&path(&there, name)).expect("the copy"), before);
        tree.keep(&path(&here, name), &path(&there, &format!("kept-{name}"))).expect("kept");
        fs::remove_file(path(&here, name)).expect("ours");
        tree.bring_back(&path(&there, &format!("kept-{name}")), &path(&here, name)).expect("back");
        assert_eq!(tree.look(&path(&here, name)).expect("it is back"), before);
        assert_eq!(tree.look(&path(&there, &format!("kept-{name}"))).expect("a folder"), None);
    }
    assert!(
        matches!(tree.look(&path(&here, "file")).expect("there"), Some(Found::Thing(print)) if print.mode == 0o4750)
    );
    assert_eq!(fs::metadata(path(&here, "file")).expect("there").mtime_nsec(), 234_567_890);
}
