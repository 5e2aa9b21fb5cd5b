//! Paths, which tests place elsewhere, and groups.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use vgpu_core::pci::{DEVICE_ID, VENDOR_ID};

/// Where our own state is kept.
pub(super) const STATE_FOLDER: &str = "/var/lib/vgpu";

/// The folder that stands for `/`.
pub(crate) struct Root(PathBuf);

impl Root {
    pub(crate) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    fn is_real(&self) -> bool {
        self.0 == Path::new("/")
    }

    /// Where a path of the system really lies.
    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.0.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The same, for messages.
    pub(super) fn show(&self, path: &str) -> String {
        self.path(path).display().to_string()
    }

    /// Keeps a second run out until dropped.
    pub(super) fn lock(&self) -> Result<File> {
        let folder = self.path(STATE_FOLDER);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}{}", folder.display(), as_root()))?;
        let file = File::open(&folder).with_context(|| folder.display().to_string())?;
        file.lock().with_context(|| format!("locking {}", folder.display()))?;
        Ok(file)
    }

    /// A group's number, if there is such a group.
    pub(crate) fn group(&self, name: &str) -> Result<Option<u32>> {
        self.number("group", name)
    }

    /// A user's number, if there is such a user.
    pub(crate) fn user(&self, name: &str) -> Result<Option<u32>> {
        self.number("passwd", name)
    }

    fn number(&self, database: &str, name: &str) -> Result<Option<u32>> {
        let text = fs::read_to_string(self.path(format!("/etc/{database}"))).unwrap_or_default();
        let number = number_in(&text, name);
        if number.is_some() || !self.is_real() {
            return Ok(number);
        }
        // The name service knows more than the file, where there is one.
        match Command::new("getent").args([database, name]).output() {
            Ok(output) => Ok(number_in(&String::from_utf8_lossy(&output.stdout), name)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context("cannot run getent"),
        }
    }

    /// Whether a group has a member of that name, besides those whose own group it is.
    pub(crate) fn has_member(&self, gid: u32, user: &str) -> bool {
        let text = fs::read_to_string(self.path("/etc/group")).unwrap_or_default();
        text.lines().any(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            fields.len() == 4
                && fields[2].parse() == Ok(gid)
                && (fields[0] == user || fields[3].split(',').any(|member| member == user))
        })
    }

    /// The first of the folders that a path is in which not everybody may look into.
    pub(crate) fn closed_folder(&self, path: &str) -> Option<String> {
        let mut folders: Vec<&Path> = Path::new(path).ancestors().skip(1).collect();
        folders.reverse();
        let is_closed = |folder: &&Path| fs::metadata(self.path(folder)).is_ok_and(|is| is.mode() & 0o001 == 0);
        // A test's own folder is closed to others.
        let mut inner = folders.into_iter().filter(|folder| self.is_real() || *folder != Path::new("/"));
        inner.find(is_closed).map(|folder| self.path(folder).display().to_string())
    }

    /// Whether everybody may read a file, given the way to it.
    pub(crate) fn is_readable_to_all(&self, path: &str) -> bool {
        fs::metadata(self.path(path)).is_ok_and(|is| is.mode() & 0o004 != 0)
    }

    pub(super) fn add_group(&self, name: &str) -> Result<()> {
        self.run_group_tool("groupadd", &["--system"], name)
    }

    pub(super) fn remove_group(&self, name: &str) -> Result<()> {
        self.run_group_tool("groupdel", &[], name)
    }

    fn run_group_tool(&self, tool: &str, options: &[&str], name: &str) -> Result<()> {
        let mut command = Command::new(tool);
        command.args(options);
        if !self.is_real() {
            command.arg("--prefix").arg(&self.0);
        }
        let output = command.arg(name).output().with_context(|| {
            format!("cannot run {tool} (of Debian's package passwd); without it, edit the group {name} in /etc/group yourself")
        })?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{tool} {name}: {}{}", said.trim(), as_root());
        Ok(())
    }

    /// The rules' reader notices new files by itself, only not at once; where there is none, there is nothing to tell.
    pub(super) fn reload_udev(&self) {
        self.run_udevadm(&["control", "--reload"]);
    }

    /// Has the rules applied to functions that are there, so that systemd learns of them before the next boot.
    pub(super) fn trigger_udev(&self) {
        let (vendor, device) = (format!("vendor={VENDOR_ID:#06x}"), format!("device={DEVICE_ID:#06x}"));
        self.run_udevadm(&["trigger", "--subsystem-match=pci", "--attr-match", &vendor, "--attr-match", &device]);
    }

    fn run_udevadm(&self, arguments: &[&str]) {
        if self.is_real() {
            let mut command = Command::new("udevadm");
            let quiet = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
            // Failure means that all of it comes with the next boot: what matters now has been done without udev.
            let _ = quiet.status();
        }
    }
}

/// The number that a line of /etc/passwd or /etc/group gives a name.
fn number_in(text: &str, name: &str) -> Option<u32> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok())?
    })
}

/// What is wrong most often, for the end of a message.
pub(super) fn as_root() -> &'static str {
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    if is_root { "" } else { " (run it as root)" }
}
