//! A folder that stands for a machine with Ollama's package on it, and dist folders to install.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use clap::{Args as _, FromArgMatches};
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use vgpu_core::pci::regs::{BAR0_BYTES, PAGE_OFFSET};

use super::super::{Args, UninstallArgs, install, uninstall};

pub(super) const VARIANT: &str = "usr/local/lib/ollama/cuda_v12";
/// 2001, for everything that was there before us.
const LONG_AGO_S: i64 = 1_000_000_000;

/// Mode, owner, group, time (of what was there before us) and contents or target.
pub(super) type Snapshot = BTreeMap<String, (u32, u32, u32, i64, Vec<u8>)>;

/// The paths at which two machines differ.
pub(super) fn differences<'a>(one: &'a Snapshot, other: &'a Snapshot) -> Vec<&'a str> {
    let paths = one.keys().chain(other.keys().filter(|path| !one.contains_key(*path)));
    paths.filter(|path| one.get(*path) != other.get(*path)).map(String::as_str).collect()
}

pub(super) struct Machine(TempDir);

impl Machine {
    /// As Ollama's own script lays it out, with a unit in a sandbox.
    pub(super) fn new() -> Self {
        // In memory where there is such a file system: every write is waited for.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let machine = Self(folder.expect("a temporary folder"));
        for folder in ["opt", "etc/ld.so.conf.d", "usr/local/lib/ollama/vulkan"] {
            fs::create_dir_all(machine.path(folder)).expect("a folder");
            machine.age(&machine.path(folder));
        }
        machine.write("usr/local/bin/ollama", "the program");
        machine.write("usr/local/lib/ollama/libggml-base.so", "the base");
        for (library, version) in [("libcudart", "12.8.90"), ("libcublasLt", "12.8.4.1")] {
            machine.write(&format!("{VARIANT}/{library}.so.{version}"), &format!("NVIDIA's {library}"));
            machine.link(&format!("{VARIANT}/{library}.so.12"), &format!("{library}.so.{version}"));
        }
        // Some packages have no link here, and odd modes.
        machine.write(&format!("{VARIANT}/libcublas.so.12"), "NVIDIA's libcublas");
        let mode = fs::Permissions::from_mode(0o640);
        fs::set_permissions(machine.path(VARIANT).join("libcublas.so.12"), mode).expect("our own file");
        machine.write(&format!("{VARIANT}/libggml-cuda.so"), "the backend");
        machine.write("usr/local/lib/ollama/cuda_v13/libcudart.so.13", "NVIDIA's");
        machine.write(
            "etc/systemd/system/ollama.service",
            "[Service]\nUser=ollama\nProtectKernelTunables=yes\nRestrictAddressFamilies=AF_INET AF_INET6\n",
        );
        machine
    }

    /// With systemd, running, and users and groups: `vgpu` is our own, so that no test needs to be root to give files to it.
    pub(super) fn with_systemd() -> Self {
        let machine = Self::new();
        machine.write("usr/lib/systemd/systemd", "the program");
        fs::create_dir_all(machine.path("run/systemd/system")).expect("a folder");
        machine.write("etc/passwd", "root:x:0:0::/root:/bin/sh\nlibvirt-qemu:x:64055:994::/:/bin/false\n");
        machine
            .write("etc/group", &format!("root:x:0:\nkvm:x:994:\nvgpu:x:{}:\n", rustix::process::getegid().as_raw()));
        machine
    }

    /// Plugs a function of ours that gives `magic` back when it is read.
    pub(super) fn plug(&self, address: &str, magic: u32, mode: u32) {
        let folder = format!("sys/devices/pci0000:00/{address}");
        for (name, text) in [
            ("vendor", "0x10de\n"),
            ("device", "0x2331\n"),
            ("class", "0x030200\n"),
            ("enable", "1\n"),
            ("driver_override", "vgpu\n"),
        ] {
            self.write(&format!("{folder}/{name}"), text);
        }
        for (name, len_bytes) in [("resource0", BAR0_BYTES), ("resource1", 256 << 20)] {
            self.write(&format!("{folder}/{name}"), "");
            let path = self.path(&format!("{folder}/{name}"));
            let file = fs::OpenOptions::new().write(true).open(&path).expect("a file");
            file.set_len(len_bytes).expect("a file with holes");
            if name == "resource0" {
                file.write_all_at(&magic.to_le_bytes(), PAGE_OFFSET).expect("a file");
            }
            file.set_permissions(fs::Permissions::from_mode(mode)).expect("our own file");
            self.age(&path);
        }
        fs::create_dir_all(self.path("sys/bus/pci/devices")).expect("a folder");
        self.link(&format!("sys/bus/pci/devices/{address}"), &format!("../../../devices/pci0000:00/{address}"));
    }

    /// Another version of Ollama is unpacked, one of its libraries at least.
    pub(super) fn renew_ollama(&self, text: &str) {
        let path = format!("{VARIANT}/libcublas.so.12");
        fs::remove_file(self.path(&path)).expect("ours or theirs");
        self.write(&path, text);
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
        self.age(&path);
    }

    pub(super) fn link(&self, path: &str, target: &str) {
        let path = self.path(path);
        let _ = fs::remove_file(&path);
        symlink(target, &path).expect("a link");
        self.age(&path);
    }

    /// Makes a file or folder, and the folders that it is in, as old as all that was there before us.
    pub(super) fn age(&self, path: &Path) {
        path.ancestors().take_while(|path| path.starts_with(self.0.path())).for_each(age);
    }

    pub(super) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(super) fn target(&self, path: &str) -> String {
        let target = fs::read_link(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        target.to_str().expect("text").to_owned()
    }

    pub(super) fn exists(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let mut all = BTreeMap::new();
        collect(self.0.path(), self.0.path(), &mut all);
        all
    }

    pub(super) fn install(&self, dist: &Dist, options: &[&str]) -> Result<String, String> {
        self.install_killed(dist, options, None)
    }

    /// Ends the installation after so many changes.
    pub(super) fn install_killed(&self, dist: &Dist, options: &[&str], steps: Option<usize>) -> Result<String, String> {
        let root = self.0.path().to_str().expect("a path of ours");
        let line = ["install", "--root", root, "--dist", dist.0.path().to_str().expect("a path of ours")];
        let command = Args::augment_args(clap::Command::new("install"));
        let matches = command.get_matches_from(line.iter().chain(options));
        let mut args = Args::from_arg_matches(&matches).expect("sound flags");
        args.place.steps = steps;
        said(|out| install(&args, out))
    }

    pub(super) fn uninstall(&self, options: &[&str]) -> Result<String, String> {
        self.uninstall_killed(options, None)
    }

    pub(super) fn uninstall_killed(&self, options: &[&str], steps: Option<usize>) -> Result<String, String> {
        let line = ["uninstall", "--root", self.0.path().to_str().expect("a path of ours")];
        let command = UninstallArgs::augment_args(clap::Command::new("uninstall"));
        let matches = command.get_matches_from(line.iter().chain(options));
        let mut args = UninstallArgs::from_arg_matches(&matches).expect("sound flags");
        args.place.steps = steps;
        said(|out| uninstall(&args, out))
    }
}

fn said(run: impl FnOnce(&mut dyn std::io::Write) -> anyhow::Result<()>) -> Result<String, String> {
    let mut out = Vec::new();
    let result = run(&mut out);
    let text = String::from_utf8(out).expect("text");
    result.map(|()| text.clone()).map_err(|error| format!("{text}{error:#}"))
}

fn age(path: &Path) {
    let time = Timespec { tv_sec: LONG_AGO_S, tv_nsec: 7 };
    let times = Timestamps { last_access: time, last_modification: time };
    rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).expect("our own file");
}

fn collect(root: &Path, folder: &Path, all: &mut Snapshot) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let metadata = entry.metadata().expect("it is there");
        let contents = match (metadata.is_symlink(), metadata.is_file()) {
            (true, _) => fs::read_link(entry.path()).expect("a link").into_os_string().into_encoded_bytes(),
            // Of a function's memory nothing matters here.
            (_, true) if metadata.len() < 1 << 20 => fs::read(entry.path()).expect("a file"),
            _ => Vec::new(),
        };
        // What is made now has another time on every run.
        let is_old = metadata.mtime() == LONG_AGO_S && metadata.mtime_nsec() == 7;
        let name = entry.path().strip_prefix(root).expect("below it").display().to_string();
        all.insert(name, (metadata.mode(), metadata.uid(), metadata.gid(), i64::from(is_old), contents));
        if metadata.is_dir() {
            collect(root, &entry.path(), all);
        }
    }
}

/// A dist folder with small files in the libraries' places.
pub(super) struct Dist(pub(super) TempDir);

impl Dist {
    pub(super) fn new(version: &str) -> Self {
        let dist = Self(tempfile::tempdir().expect("a temporary folder"));
        let names = ["libcuda.so.1", "libnvidia-ml.so.1", "libcudart.so.12", "libcublas.so.12", "libcublasLt.so.12"];
        let files =
            names.map(|name| format!("lib/{name}")).into_iter().chain(["bin/vgpu", "bin/vgpud"].map(str::to_owned));
        let mut manifest = format!("version = {version:?}\nabi_hash = \"0\"\n");
        for path in files {
            let text = format!("{path} of {version}");
            let digest: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
            manifest += &format!("[[file]]\npath = {path:?}\nlen_bytes = {}\nsha256 = {digest:?}\n", text.len());
            dist.write(&path, &text);
        }
        manifest += "[[link]]\npath = \"lib/libcuda.so\"\ntarget = \"libcuda.so.1\"\n";
        dist.write("manifest.toml", &manifest);
        dist
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    pub(super) fn manifest(&self) -> String {
        fs::read_to_string(self.0.path().join("manifest.toml")).expect("it was written")
    }
}
