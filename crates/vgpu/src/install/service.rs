//! What a systemd service lacks to use the vGPU from within its sandbox, as a drop-in of its own.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::tree::Tree;
use crate::guest_setup::function;
use crate::guest_setup::root::Root;

const UNIT_FOLDERS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
const OURS: &str = "50-vgpu.conf";
const SOCKET: &str = "/run/vgpu/vgpud.sock";

/// A service, with what its unit files say.
pub(super) struct Service {
    pub(super) name: String,
    pub(super) is_there: bool,
    /// The lines of its unit file, then those of its drop-ins.
    lines: Vec<String>,
}

impl Service {
    /// Reads a service's unit.
    pub(super) fn read(tree: &Tree, name: &str) -> Result<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@._-:".contains(&byte);
        ensure!(
            !name.is_empty() && name.len() <= 200 && !name.starts_with('.') && name.bytes().all(is_plain),
            "--service {name}: a service's name has letters, digits and @ . _ - : only"
        );
        let name = if name.ends_with(".service") { name.to_owned() } else { format!("{name}.service") };
        let real = |path: String| PathBuf::from(tree.show(&path));
        let unit = UNIT_FOLDERS.iter().find_map(|folder| fs::read_to_string(real(format!("{folder}/{name}"))).ok());
        let mut lines: Vec<String> = unit.iter().flat_map(|text| text.lines()).map(str::to_owned).collect();
        for folder in UNIT_FOLDERS {
            let entries = fs::read_dir(real(format!("{folder}/{name}.d"))).into_iter().flatten().flatten();
            let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
            paths.retain(|path| path.extension().is_some_and(|is| is == "conf") && !path.ends_with(OURS));
            paths.sort();
            let texts = paths.iter().filter_map(|path| fs::read_to_string(path).ok());
            lines.extend(texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()));
        }
        Ok(Self { name, is_there: unit.is_some(), lines })
    }

    /// Where our drop-in lies.
    pub(super) fn drop_in_path(&self) -> String {
        format!("/etc/systemd/system/{}.d/{OURS}", self.name)
    }

    /// Our drop-in's text; `None` if the service can use the device as it is.
    pub(super) fn drop_in(&self, tree: &Tree, device: Option<&str>) -> Result<Option<String>> {
        let mut lines = Vec::new();
        if let Some(device) = device {
            check_device(device)?;
            lines.push(format!("Environment=VGPU={device}"));
        }
        let root = Root::new(Path::new(&tree.show("/")));
        let mut functions = function::scan(&root)?;
        functions.retain(|function| function.is_ours);
        let address = device.and_then(|device| device.strip_prefix("pci:"));
        let sees_functions = device.is_none() || address.is_some();
        functions
            .retain(|function| sees_functions && address.is_none_or(|address| function.address.ends_with(address)));
        let mut groups = Vec::new();
        for function in &functions {
            let resource = root.path(function.path("resource0"));
            groups.extend(group_of(&resource));
            if self.is_set("ProtectKernelTunables") {
                // It makes /sys read-only, and the function's memory is written through files in there.
                let folder = resource.parent().and_then(|folder| folder.canonicalize().ok());
                if let Some(folder) = folder.as_deref().and_then(|folder| tree.inside(folder)) {
                    lines.push(format!("ReadWritePaths=-{folder}"));
                }
            }
        }
        if functions.is_empty() {
            let socket = device.and_then(|device| device.strip_prefix("unix:")).unwrap_or(SOCKET);
            if device != Some("embedded") {
                groups.extend(group_of(Path::new(&tree.show(socket))));
            }
            if self.lacks_unix_sockets() {
                lines.push("RestrictAddressFamilies=AF_UNIX".to_owned());
            }
        }
        if self.values("User").last().is_some_and(|user| !user.is_empty() && user != "root") {
            groups.sort_unstable();
            groups.dedup();
            lines.extend(groups.iter().map(|gid| format!("SupplementaryGroups={gid}")));
        }
        if lines.is_empty() {
            return Ok(None);
        }
        let head = "# Written by `vgpu install`, removed by `vgpu uninstall`: what this service needs to use the vGPU.";
        Ok(Some(format!("{head}\n[Service]\n{}\n", lines.join("\n"))))
    }

    /// What a setting is set to, one time after the other.
    fn values(&self, key: &str) -> Vec<String> {
        let pairs = self.lines.iter().filter_map(|line| line.split_once('='));
        pairs.filter(|(name, _)| name.trim() == key).map(|(_, value)| value.trim().to_owned()).collect()
    }

    fn is_set(&self, key: &str) -> bool {
        let last = self.values(key).pop().unwrap_or_default();
        ["1", "yes", "true", "on"].contains(&last.as_str())
    }

    /// Whether it lists the address families that it may use, and not this one. Without a list it may use all, and a line of
    /// ours would take the others away.
    fn lacks_unix_sockets(&self) -> bool {
        let values = self.values("RestrictAddressFamilies");
        let words: Vec<&str> = values.iter().flat_map(|value| value.split_whitespace()).collect();
        words.first().is_some_and(|first| !first.starts_with('~') && *first != "none") && !words.contains(&"AF_UNIX")
    }
}

/// The group that a file is open to, where others are shut out.
fn group_of(path: &Path) -> Option<u32> {
    let metadata = fs::metadata(path).ok()?;
    let is_for_group = metadata.mode() & 0o020 != 0 && metadata.mode() & 0o002 == 0;
    (is_for_group && metadata.gid() != 0).then(|| metadata.gid())
}

/// It goes into a unit file, where spaces, quotes and percent signs have meanings.
fn check_device(device: &str) -> Result<()> {
    let is_known = device == "embedded" || device.starts_with("unix:/") || device.starts_with("pci:");
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b":/._-@+".contains(&byte);
    ensure!(
        is_known && device.bytes().all(is_plain),
        "--device {device}: it must be embedded, unix:/PATH or pci:ADDRESS, without spaces, quotes or percent signs"
    );
    Ok(())
}
