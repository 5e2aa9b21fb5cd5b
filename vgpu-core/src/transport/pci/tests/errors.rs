//! Functions that cannot be used: each is told from the others, with what to do.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::Ordering;

use super::super::site::Site;
use super::super::trouble::Trouble;
use super::fake::{ADDRESS, FakeFunction, Greeting};
use super::{connect, refusal};
use crate::pci::directory::Directory;
use crate::pci::regs::{BAR0_BYTES, NOBODY, Register};
use crate::transport::{DEFAULT_SOCKET, Selection, handshake};
use crate::window::mapping;

fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in: {text}");
    }
}

fn site(function: &FakeFunction) -> Site {
    Site::named(&function.places(), ADDRESS).expect("the fake function")
}

#[test]
fn where_there_is_none_the_error_says_where_was_looked() {
    let function = FakeFunction::new();
    function.write("device", b"0x1eb8\n");
    let devices = function.places().devices.display().to_string();
    assert_says(&refusal(&function), &["no vgpud listens", &devices, DEFAULT_SOCKET]);
    let named = connect(&function, &Selection::Pci(ADDRESS.into())).err().expect("another device").to_string();
    assert_says(&named, &["no vgpu function", "device 0x1eb8"]);
    let absent = connect(&function, &Selection::Pci("00:06.0".into())).err().expect("no device").to_string();
    assert_says(&absent, &["pci:00:06.0: ", "0000:00:06.0", "does not exist"]);
    let nonsense = connect(&function, &Selection::Pci("../5".into())).err().expect("no address").to_string();
    assert_says(&nonsense, &["no PCI address"]);
    let any = connect(&function, &Selection::AnyPci).err().expect("no function").to_string();
    assert_says(&any, &["pci: ", "shows no vgpu function", "give this VM one"]);
    assert!(!any.contains(DEFAULT_SOCKET), "a daemon was not asked for: {any}");
}

#[test]
fn memory_without_an_address_is_told_with_its_cure() {
    let function = FakeFunction::new();
    let mut config = [0; 64];
    (config[4], config[0x14]) = (2, 0xc);
    function.write("config", &config);
    for name in ["resource1", "resource0"] {
        std::fs::remove_file(function.path(name)).expect("a link");
        assert_says(&refusal(&function), &[ADDRESS, "no address", "--bar-size", "root port"]);
    }
}

#[test]
fn of_two_functions_the_one_that_lives_is_used_and_where_both_are_dead_both_are_named() {
    let function = FakeFunction::new();
    let dead = function.add_dead_sibling("0000:00:04.0");
    connect(&function, &Selection::AnyPci).map(drop).expect("the living one");
    let text = connect(&function, &Selection::Pci("0000:00:04.0".into())).err().expect("the dead one").to_string();
    assert_says(&text, &["0000:00:04.0", "nobody answers"]);
    function.set_register(Register::Magic, NOBODY);
    let text = connect(&function, &Selection::AnyPci).err().expect("both are dead").to_string();
    assert_says(&text, &["0000:00:04.0: nobody answers", "0000:00:05.0: nobody answers"]);
    drop(dead);
}

#[test]
fn a_display_of_another_class_is_not_ours() {
    let function = FakeFunction::new();
    function.write("class", b"0x030000\n");
    assert_says(&refusal(&function), &["shows no vgpu function"]);
}

#[test]
fn a_real_gpu_is_not_taken_for_ours() {
    let function = FakeFunction::new();
    function.set_register(Register::Magic, 0x1800_00a1);
    assert_says(&refusal(&function), &["shows no vgpu function", "0x180000a1", DEFAULT_SOCKET]);
    let named = connect(&function, &Selection::Pci(ADDRESS.into())).err().expect("a real GPU").to_string();
    assert_says(&named, &["no vgpu function", "0x180000a1"]);
    function.relink("driver", Path::new("../../../drivers/nvidia"));
    let driven = connect(&function, &Selection::Pci(ADDRESS.into())).err().expect("a real GPU").to_string();
    assert_says(&driven, &["no vgpu function", "NVIDIA's driver"]);
}

#[test]
fn registers_of_another_length_are_not_ours() {
    let function = FakeFunction::new();
    assert_eq!(function.registers_len(), BAR0_BYTES);
    let short = mapping::create_object(1 << 20).expect("shared memory");
    function.relink("resource0", Path::new(&format!("/proc/self/fd/{}", short.as_raw_fd())));
    let named = connect(&function, &Selection::Pci(ADDRESS.into())).err().expect("too short").to_string();
    assert_says(&named, &["BAR0 has 1048576 bytes", "another version"]);
}

#[test]
fn memory_as_long_as_a_real_gpus_or_none_is_not_ours() {
    let function = FakeFunction::new();
    let long = mapping::create_object(128 << 30).expect("shared memory");
    function.relink("resource1", Path::new(&format!("/proc/self/fd/{}", long.as_raw_fd())));
    assert_says(&refusal(&function), &["shows no vgpu function", "BAR1 137438953472"]);
    std::fs::remove_file(function.path("resource1")).expect("a link");
    // Config space's first BAR is of 64 bits, as a real GPU's.
    let mut config = [0; 64];
    (config[4], config[0x10]) = (2, 0x4);
    function.write("config", &config);
    assert_says(&refusal(&function), &["shows no vgpu function", "no BAR1"]);
}

#[test]
fn memory_that_is_switched_off_is_told_with_the_switch() {
    let function = FakeFunction::new();
    function.write("config", &[0; 64]);
    let enable = function.path("enable").display().to_string();
    assert_says(&refusal(&function), &[ADDRESS, "switched off", "vgpu guest-setup", &format!("echo 1 > {enable}")]);
    function.write("enable", b"2\n");
    assert_says(&refusal(&function), &[ADDRESS, "behind the kernel's back", "reads 2", &format!("echo 0 > {enable}")]);
}

#[test]
fn a_host_that_has_ended_is_told_from_its_registers() {
    let function = FakeFunction::new();
    function.set_register(Register::Magic, NOBODY);
    assert_says(&refusal(&function), &[ADDRESS, "nobody answers", "vgpud"]);
}

#[test]
fn another_version_is_told_from_registers_and_from_the_directory() {
    let function = FakeFunction::new();
    function.set_register(Register::AbiHashHigh, 1);
    assert_says(&refusal(&function), &["different versions of vgpu", "one build of vgpu on both sides"]);
    function.set_register(Register::Release, 0);
    assert_says(&refusal(&function), &["host unknown", "vgpud is older", "restart vgpud"]);
    let function = FakeFunction::new();
    Directory { protocol: 99, ..function.directory }.publish(function.bar());
    assert_says(&refusal(&function), &["different versions of vgpu", "protocol 99", "restart the program"]);
}

#[test]
fn a_lying_directory_is_not_believed() {
    let honest = FakeFunction::new();
    let lies = [
        Directory { total_bytes: 1 << 40, ..honest.directory },
        Directory { channels: u32::MAX, ..honest.directory },
        Directory { blocks_offset: 0, ..honest.directory },
        Directory { blocks_offset: !4095, ..honest.directory },
        Directory { arenas_offset: 64 << 20, ..honest.directory },
        Directory { arena_bytes: 1 << 62, ..honest.directory },
    ];
    for lie in lies {
        let function = FakeFunction::new();
        lie.publish(function.bar());
        assert_says(&refusal(&function), &["directory is not usable"]);
    }
    let function = FakeFunction::new();
    function.bar().word64(0).store(0, Ordering::SeqCst);
    assert_says(&refusal(&function), &["not with a directory's mark"]);
}

#[test]
fn memory_too_short_for_a_directory_is_an_error() {
    for len_bytes in [0, 40, 8192] {
        let function = FakeFunction::new();
        let short = mapping::create_object(len_bytes).expect("shared memory");
        function.relink("resource1", Path::new(&format!("/proc/self/fd/{}", short.as_raw_fd())));
        assert_says(&refusal(&function), &[ADDRESS]);
    }
}

#[test]
fn a_missing_permission_names_file_group_and_remedy() {
    let function = FakeFunction::new();
    let (site, path) = (site(&function), function.path("config"));
    let denied = io::Error::from_raw_os_error(libc::EACCES);
    let permit = |mode| {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(&path, permissions).expect("our own file");
    };
    permit(0o600);
    let text = Trouble::opening(&site, &path, &denied).to_string();
    assert_says(&text, &["permission denied", &path.display().to_string(), "mode 0600", "vgpu guest-setup"]);
    permit(0o660);
    // Group 1 is `daemon` on every Linux; giving a file away takes root.
    // SAFETY: a plain system call on a path that ends with NUL.
    let given = unsafe { libc::chown(c_path(&path).as_ptr(), u32::MAX, 1) } == 0;
    let text = Trouble::opening(&site, &path, &denied).to_string();
    let expected = if given { "usermod -aG daemon" } else { "mode 0660" };
    assert_says(&text, &["permission denied", expected]);
}

fn c_path(path: &Path) -> std::ffi::CString {
    std::ffi::CString::new(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str())).expect("no NUL")
}

/// Memory that may be read, but not be mapped for writing: the kernel says the same as when it is locked down.
fn unmappable() -> OwnedFd {
    // SAFETY: the name is NUL-terminated and the flags are defined.
    let raw = unsafe { libc::memfd_create(c"test".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING) };
    assert!(raw >= 0);
    // SAFETY: the kernel has just given us this descriptor.
    let object = unsafe { std::os::fd::FromRawFd::from_raw_fd(raw) };
    let object: OwnedFd = object;
    // SAFETY: the descriptor is ours.
    assert_eq!(unsafe { libc::ftruncate(raw, BAR0_BYTES.cast_signed()) }, 0);
    // SAFETY: the descriptor is ours.
    assert_eq!(unsafe { libc::fcntl(raw, libc::F_ADD_SEALS, libc::F_SEAL_FUTURE_WRITE) }, 0);
    object
}

#[test]
fn a_locked_down_kernel_is_told_with_its_mode() {
    let function = FakeFunction::new();
    let object = unmappable();
    function.relink("resource0", Path::new(&format!("/proc/self/fd/{}", object.as_fd().as_raw_fd())));
    assert_says(&refusal(&function), &["refuses to map", "resource0", "security module"]);
    std::fs::write(&function.places().lockdown, "none [integrity] confidentiality\n").expect("a file");
    assert_says(&refusal(&function), &["locked down (integrity", "Secure Boot"]);
    std::fs::remove_file(&function.places().lockdown).expect("a file");
    assert_says(&refusal(&function), &["probably locked down"]);
}

#[test]
fn a_driver_in_the_way_is_named() {
    let function = FakeFunction::new();
    function.relink("driver", Path::new("../../../drivers/vfio-pci"));
    let invalid = io::Error::from_raw_os_error(libc::EINVAL);
    let text =
        Trouble::mapping(&function.places(), &site(&function), &function.path("resource1"), &invalid).to_string();
    assert_says(&text, &["driver vfio-pci", "driver_override", "unbind"]);
}

#[test]
fn a_host_that_never_answers_is_an_error() {
    let function = FakeFunction::new();
    function.stop_answering();
    assert_says(&refusal(&function), &["did not answer"]);
    super::eventually("the channel is free", || function.owned() == 0);
}

#[test]
fn a_host_that_falls_silent_before_it_answers_is_an_error() {
    let function = FakeFunction::new();
    function.stop_answering();
    function.stop_beating();
    assert_says(&refusal(&function), &["no sign of life"]);
}

#[test]
fn a_refusal_is_passed_on() {
    let function = FakeFunction::greeting(Greeting::Packet(handshake::refusal_packet("all places are taken")));
    assert_says(&refusal(&function), &[ADDRESS, "refused: all places are taken"]);
}

#[test]
fn answers_that_are_none_are_errors() {
    for packet in [vec![], vec![1], vec![0xff; 32], vec![7; 8184]] {
        let function = FakeFunction::greeting(Greeting::Packet(packet));
        assert_says(&refusal(&function), &[ADDRESS]);
    }
}

#[test]
fn a_window_whose_header_lies_is_not_mapped() {
    let function = FakeFunction::greeting(Greeting::LyingWindow);
    assert_says(&refusal(&function), &["the executor's window", "header is not usable"]);
    super::eventually("the channel is free", || function.owned() == 0);
}
