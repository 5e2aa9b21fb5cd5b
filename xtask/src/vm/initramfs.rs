//! What the guest starts with: its first process, its own programs, and its files or what is to be added to its disk.

use std::{fs::File, io::BufWriter, path::Path};

use anyhow::{Context, Result};

use super::{
    cpio,
    image::{Image, OnDisk},
    packages::Kit,
};

const INIT: &str = include_str!("init.sh");
/// Runs lspci with the libraries of its own release, whatever the guest's are.
const LSPCI: &str =
    "#!/opt/vm/bin/sh\nd=/opt/vm/lspci\nexec $d/ld.so --library-path $d $d/lspci -i $d/pci.ids \"$@\"\n";
/// Where init finds what is to be added to the guest's disk.
const ADDED: &str = "/opt/vm/added";

/// What init is told, as a shell reads it.
pub(super) struct Settings<'a> {
    /// Marks init's lines among the job's.
    pub(super) token: &'a str,
    pub(super) uid: u32,
    pub(super) sets_up_functions: bool,
    pub(super) system: &'a str,
}

impl Settings<'_> {
    pub(super) fn text(&self) -> String {
        let Self { token, uid, system, .. } = self;
        let sets_up = if self.sets_up_functions { "yes" } else { "no" };
        format!("token={token}\nuid={uid}\nsystem={system}\nsets_up_functions={sets_up}\n")
    }
}

/// The files of a guest that has nothing but them: this machine's links at the root, so that paths mean the same in both.
pub(super) fn root() -> Result<Image<'static>> {
    let mut image = Image::on(None);
    for folder in ["proc", "sys", "dev", "run", "etc", "root"] {
        image.folder(&Path::new("/").join(folder), 0o755, 0);
    }
    image.folder(Path::new("/tmp"), 0o1777, 0);
    for name in ["/bin", "/sbin", "/lib", "/lib64"].map(Path::new) {
        // Only the folder: what is in it comes when something needs it.
        let place = image.resolve(name, &mut 0)?;
        image.folder(&place, 0o755, 0);
    }
    // Where libraries outside the usual folders are.
    if Path::new("/etc/ld.so.cache").exists() {
        image.mirror(Path::new("/etc/ld.so.cache"))?;
    }
    image.made("/etc/hosts", 0o644, "127.0.0.1 localhost guest\n");
    Ok(image)
}

/// Who there is in such a guest.
pub(super) fn users(image: &mut Image<'_>, uid: u32) {
    let root = if uid == 0 { "" } else { "root:x:0:0:root:/root:/bin/sh\n" };
    image.made("/etc/passwd", 0o644, format!("{root}guest:x:{uid}:{uid}:guest:/tmp:/bin/sh\n"));
    let root = if uid == 0 { "" } else { "root:x:0:\n" };
    image.made("/etc/group", 0o644, format!("{root}guest:x:{uid}:\n"));
}

/// The first process, and what it runs.
pub(super) fn boot(kit: &Kit, settings: &Settings<'_>, on_disk: &[OnDisk]) -> Result<Image<'static>> {
    let mut image = Image::on(None);
    for folder in ["proc", "sys", "dev"] {
        image.folder(&Path::new("/").join(folder), 0o755, 0);
    }
    image.copy(&kit.programs().join("busybox"), Path::new("/opt/vm/bin/busybox"))?;
    image.tree(&kit.programs().join("lspci"), Path::new("/opt/vm/lspci"))?;
    image.tree(&kit.modules(), Path::new("/opt/vm/modules"))?;
    image.made("/opt/vm/bin/lspci", 0o755, LSPCI);
    image.made("/init", 0o700, INIT);
    image.made("/opt/vm/settings", 0o600, settings.text());
    if !on_disk.is_empty() {
        let mut lines = Vec::new();
        for (number, file) in on_disk.iter().enumerate() {
            lines.extend(format!("{} ", super::iso9660::name(number)).bytes());
            lines.extend(std::os::unix::ffi::OsStrExt::as_bytes(file.to.as_os_str()));
            lines.push(b'\n');
        }
        image.made("/opt/vm/on-disk", 0o644, lines);
    }
    Ok(image)
}

/// Writes the archive: what boots, and the guest's files. Where the guest has a disk, they are to be added to it.
pub(super) fn write(boot: &Image<'_>, files: &Image<'_>, to_disk: bool, to: &mut File) -> Result<()> {
    let mut archive = cpio::Writer::new(BufWriter::with_capacity(1 << 20, to));
    boot.write(&mut archive, Path::new("/"))?;
    if to_disk {
        archive.folder(&ADDED.as_bytes()[1..], 0o755, 0).context("cannot write the initramfs")?;
    }
    files.write(&mut archive, Path::new(if to_disk { ADDED } else { "/" }))?;
    archive.finish().context("cannot write the initramfs")
}
