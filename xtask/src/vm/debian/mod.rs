//! A Debian with systemd as a disk, made once into the cache from packages of the machine's own mirror.
//!
//! The packages are unpacked, and their maintainers' scripts are not run: that needs no root, no chroot and half a minute.
//! What those scripts would make and a boot needs is made here: users, groups and the services that start.
//!
//! - [`listing`]: what is on the disk, without looking into it.
//! - `job.service`, `session.sh`: what runs the job at the end of a boot.

mod listing;

use std::{
    fs::{self, File},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use super::{
    apt::{self, Apt},
    cache,
    packages::{self, Tree},
};
use crate::workspace;
pub(super) use listing::Listing;

/// Changes with what [`make`] leaves in the folder.
const LAYOUT: &str = "1";
/// What a program, a service and `vgpu install` find in any Debian.
const PACKAGES: [&str; 20] = [
    "base-files",
    "base-passwd",
    "bash",
    "coreutils",
    "dash",
    "e2fsprogs",
    "findutils",
    "grep",
    "hostname",
    "kmod",
    "libc-bin",
    "login",
    "mount",
    "passwd",
    "pciutils",
    "procps",
    "sed",
    "systemd-sysv",
    "udev",
    "util-linux",
];
/// What those depend on for their maintainers' scripts alone.
const LEFT_OUT: [&str; 6] = ["perl", "libperl", "usrmerge", "debconf", "adduser", "gcc-"];
/// Links to the folders that have become parts of /usr.
const MERGED: [&str; 4] = ["bin", "sbin", "lib", "lib64"];
/// Names of devices and characters that nobody reads here.
const UNREAD: [&str; 3] = ["usr/lib/udev/hwdb.d", "usr/lib/x86_64-linux-gnu/gconv", "usr/share/i18n"];
/// Units that a boot does without: consoles to log in at, and what only costs an emulated machine seconds.
const MASKED: [&str; 21] = [
    "console-getty.service",
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty.target",
    "proc-sys-fs-binfmt_misc.automount",
    "sys-fs-fuse-connections.mount",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "systemd-ask-password-wall.path",
    "systemd-journal-flush.service",
    "systemd-random-seed.service",
    "systemd-remount-fs.service",
    "systemd-sysusers.service",
    "systemd-tmpfiles-clean.timer",
    "systemd-update-utmp-runlevel.service",
    "systemd-update-utmp.service",
    "tmp.mount",
];
/// Room for what a run writes; the file has holes where nothing is.
const DISK_BYTES: u64 = 2 << 30;
/// The uid of the user that the guest has beside root.
pub(super) const GUEST_UID: u32 = 1000;

/// Files in the folder.
const DISK: &str = "disk";
const LISTING: &str = "listing";

/// The disk, and what is on it.
pub(super) struct Debian {
    dir: PathBuf,
    listing: Listing,
}

impl Debian {
    /// Makes the disk, or finds it.
    pub(super) fn ready() -> Result<Self> {
        let codename = packages::machine_codename()?;
        let mut recipe = format!("{LAYOUT} {codename} {DISK_BYTES} {GUEST_UID}");
        for part in PACKAGES.iter().chain(&LEFT_OUT).chain(&UNREAD).chain(&MASKED) {
            recipe = recipe + " " + part;
        }
        for (path, _, text) in OWN_FILES {
            recipe = recipe + path + text;
        }
        let dir = cache::folder("vm-debian", &recipe, |dir| {
            eprintln!("vm: making a Debian with systemd (45 MB of packages, 80 MB), once");
            make(dir, &codename)
        })?;
        let listing = Listing::read(&dir.join(LISTING))?;
        Ok(Self { dir, listing })
    }

    pub(super) fn disk(&self) -> Result<File> {
        let path = self.dir.join(DISK);
        File::open(&path).with_context(|| path.display().to_string())
    }

    pub(super) fn listing(&self) -> &Listing {
        &self.listing
    }
}

/// What the disk has of ours: path, mode, text.
const OWN_FILES: [(&str, u32, &str); 6] = [
    ("etc/systemd/system/job.service", 0o644, include_str!("job.service")),
    ("opt/vm/session", 0o755, include_str!("session.sh")),
    ("etc/hostname", 0o644, "guest\n"),
    ("etc/hosts", 0o644, "127.0.0.1 localhost guest\n"),
    // systemd writes a new one here, where it finds an empty file.
    ("etc/machine-id", 0o644, ""),
    // In the place of a rule that empties /tmp at each boot: files of the caller's may be there.
    ("etc/tmpfiles.d/tmp.conf", 0o644, ""),
];

/// Fills the folder `dir`.
fn make(dir: &Path, codename: &str) -> Result<()> {
    let own = Apt::new(&dir.join("apt"), &apt::machine_sources(codename)?)?;
    let root = dir.join("root");
    for name in MERGED {
        fs::create_dir_all(root.join("usr").join(name))?;
        symlink(Path::new("usr").join(name), root.join(name))?;
    }
    let mut names = Vec::new();
    for package in own.closure(codename, &PACKAGES)? {
        let name = packages::name(&package);
        if !LEFT_OUT.iter().any(|prefix| name.starts_with(prefix)) {
            unpack(&package, &root)?;
            names.push(name);
        }
    }
    for folder in UNREAD.iter().chain(&packages::UNREAD).map(|folder| root.join(folder)) {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
    }
    configure(&root)?;
    let listing = Listing::of(&root)?;
    listing.write(&dir.join(LISTING))?;
    fs::write(dir.join("packages.txt"), names.join("\n") + "\n")?;
    file_system(&root, &listing, &dir.join(DISK))?;
    for folder in ["apt", "root"] {
        fs::remove_dir_all(dir.join(folder))?;
    }
    Ok(())
}

/// Unpacks a package, through the links that stand for folders.
fn unpack(package: &Path, root: &Path) -> Result<()> {
    let mut archive = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(package)
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start dpkg-deb")?;
    let mut tar = Command::new("tar");
    // Whoever unpacks it owns it; who owns it on the disk is decided there.
    tar.args(["--extract", "--keep-directory-symlink", "--preserve-permissions", "--no-same-owner", "--directory"]);
    let unpacked = workspace::check(tar.arg(root).stdin(archive.stdout.take().expect("it is piped")));
    ensure!(archive.wait()?.success(), "dpkg-deb cannot read {}", package.display());
    unpacked
}

/// Makes what the packages' own scripts would make, as far as a boot needs it.
fn configure(root: &Path) -> Result<()> {
    let guest = format!("guest:x:{GUEST_UID}:");
    for (name, line) in
        [("passwd", format!("{guest}{GUEST_UID}:guest:/tmp:/bin/sh\n")), ("group", format!("{guest}\n"))]
    {
        let text = fs::read_to_string(root.join(format!("usr/share/base-passwd/{name}.master")))?;
        fs::write(root.join("etc").join(name), text + &line)?;
    }
    for (path, mode, text) in OWN_FILES {
        let path = root.join(path);
        fs::create_dir_all(path.parent().context("a file has a folder")?)?;
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
    }
    let units = root.join("etc/systemd/system");
    fs::create_dir_all(units.join("multi-user.target.wants"))?;
    symlink("/etc/systemd/system/job.service", units.join("multi-user.target.wants/job.service"))?;
    symlink("/usr/lib/systemd/system/multi-user.target", units.join("default.target"))?;
    for unit in MASKED {
        symlink("/dev/null", units.join(unit))?;
    }
    let var_run = root.join("var/run");
    if !var_run.is_symlink() {
        if var_run.exists() {
            fs::remove_dir_all(&var_run)?;
        }
        symlink("/run", &var_run)?;
    }
    // The users that systemd's services want.
    let mut sysusers = Tree::at(root).run("usr/bin/systemd-sysusers")?;
    let done = sysusers.arg(format!("--root={}", root.display())).output().context("cannot start systemd-sysusers")?;
    ensure!(done.status.success(), "systemd-sysusers: {}", String::from_utf8_lossy(&done.stderr));
    // It leaves them readable to root alone, who this need not be.
    for file in ["shadow", "gshadow"].map(|name| root.join("etc").join(name)) {
        if file.exists() {
            fs::set_permissions(file, fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}

/// Writes a file system with everything in `root`, which belongs to the guest's root.
fn file_system(root: &Path, listing: &Listing, disk: &Path) -> Result<()> {
    let file = File::create(disk).with_context(|| disk.display().to_string())?;
    file.set_len(DISK_BYTES)?;
    let tree = Tree::at(root);
    let mut make = tree.run("usr/sbin/mke2fs")?;
    // With a small journal: tests turn the machine off under it.
    make.args(["-q", "-F", "-t", "ext4", "-m", "0", "-J", "size=8"]);
    make.args(["-E", "lazy_itable_init=1,nodiscard,root_owner=0:0", "-d"]).arg(root).arg(disk);
    workspace::check(make.env("MKE2FS_CONFIG", root.join("etc/mke2fs.conf")))?;
    // mke2fs takes the owners over, who are whoever runs this.
    let mut edits = String::new();
    for path in listing.paths() {
        let path = path.to_str().filter(|path| !path.contains(['"', '\n'])).context("a package's file name")?;
        edits += &format!("set_inode_field \"{path}\" uid 0\nset_inode_field \"{path}\" gid 0\n");
    }
    let script = disk.with_extension("owners");
    fs::write(&script, edits)?;
    let edited = tree.run("usr/sbin/debugfs")?.arg("-w").arg("-f").arg(&script).arg(disk).output()?;
    // It ends well whatever it could not do, and says so; its first line is its version.
    let said = String::from_utf8_lossy(&edited.stderr);
    let trouble = said.lines().find(|line| !line.starts_with("debugfs "));
    ensure!(edited.status.success() && trouble.is_none(), "debugfs: {}", trouble.unwrap_or("failed"));
    Ok(fs::remove_file(script)?)
}
