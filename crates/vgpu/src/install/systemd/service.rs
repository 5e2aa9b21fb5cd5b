//! A service, as its unit files have it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::super::tree::Tree;
use super::{UNIT_FOLDERS, UNITS};

/// The name of our drop-in.
pub(crate) const DROP_IN: &str = "50-vgpu.conf";

/// A service, with what its unit files say.
pub(in crate::install) struct Service {
    pub(in crate::install) name: String,
    pub(in crate::install) is_there: bool,
    /// The lines of its unit file, then those of its drop-ins.
    lines: Vec<String>,
}

/// The service that a drop-in of ours is for.
pub(in crate::install) fn of_drop_in(path: &str) -> Option<&str> {
    path.strip_prefix(UNITS)?.strip_prefix('/')?.strip_suffix(DROP_IN)?.strip_suffix(".d/")
}

impl Service {
    /// Reads a service's unit.
    pub(in crate::install) fn read(tree: &Tree, name: &str) -> Result<Self> {
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
            paths.retain(|path| path.extension().is_some_and(|is| is == "conf") && !path.ends_with(DROP_IN));
            paths.sort();
            let texts = paths.iter().filter_map(|path| fs::read_to_string(path).ok());
            lines.extend(texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()));
        }
        Ok(Self { name, is_there: unit.is_some(), lines })
    }

    /// Where our drop-in lies.
    pub(in crate::install) fn drop_in_path(&self) -> String {
        format!("{UNITS}/{}.d/{DROP_IN}", self.name)
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

    /// The user that it runs as; `None` for root, who may do everything.
    pub(in crate::install) fn user(&self) -> Option<String> {
        let named = self.values("User").pop().filter(|user| !user.is_empty());
        let made = self.is_set("DynamicUser").then(|| self.name.trim_end_matches(".service").to_owned());
        named.or(made).filter(|user| user != "root" && user != "0")
    }

    /// The groups that its unit gives it, by name or number.
    pub(in crate::install) fn groups(&self) -> Vec<String> {
        let lists = self.values("SupplementaryGroups").into_iter().chain(self.values("Group"));
        lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    /// Whether its sandbox makes a folder of the system read-only.
    pub(super) fn may_only_read(&self, folder: &str) -> bool {
        let lists = ["ReadOnlyPaths", "ReadOnlyDirectories"].iter().flat_map(|key| self.values(key));
        let paths: Vec<String> =
            lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
        let is_listed = paths.iter().any(|path| Path::new(folder).starts_with(path.trim_start_matches(['-', '+'])));
        is_listed || (folder.starts_with("/sys/") && self.is_set("ProtectKernelTunables"))
    }

    /// Whether it lists the address families that it may use, and not this one. Without a list it may use all, and a line of
    /// ours would take the others away.
    pub(super) fn lacks_unix_sockets(&self) -> bool {
        let values = self.values("RestrictAddressFamilies");
        let words: Vec<&str> = values.iter().flat_map(|value| value.split_whitespace()).collect();
        words.first().is_some_and(|first| !first.starts_with('~') && *first != "none") && !words.contains(&"AF_UNIX")
    }
}
