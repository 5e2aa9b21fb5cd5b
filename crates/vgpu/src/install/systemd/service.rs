//! A service, as its unit files have it.

use std::path::Path;

use anyhow::{Context, Result};

use super::super::tree::Tree;
use super::UNITS;
use crate::machine::Machine;
use crate::unit::{self, Setting, Unit};

/// The name of our drop-in.
pub(crate) const DROP_IN: &str = "50-vgpu.conf";

/// A service, with what its unit files say, ours left out.
pub(in crate::install) struct Service {
    pub(in crate::install) name: String,
    unit: Option<Unit>,
}

/// The service that a drop-in of ours is for.
pub(in crate::install) fn of_drop_in(path: &str) -> Option<&str> {
    path.strip_prefix(UNITS)?.strip_prefix('/')?.strip_suffix(DROP_IN)?.strip_suffix(".d/")
}

impl Service {
    /// Reads a service's unit.
    pub(in crate::install) fn read(tree: &Tree, name: &str) -> Result<Self> {
        let machine = Machine::new(tree.show("/").as_ref()).with_context(|| tree.show("/"))?;
        let mut service = Self { name: unit::full_name(name).context("--service")?, unit: None };
        service.unit = Unit::read(&machine, name).context("--service")?;
        let ours = service.drop_in_path();
        if let Some(unit) = &mut service.unit {
            unit.settings.retain(|setting| !setting.is_in(Path::new(&ours)));
        }
        Ok(service)
    }

    /// Whether it has a unit file.
    pub(in crate::install) fn is_there(&self) -> bool {
        self.unit.is_some()
    }

    /// Where our drop-in lies.
    pub(in crate::install) fn drop_in_path(&self) -> String {
        format!("{UNITS}/{}.d/{DROP_IN}", self.name)
    }

    fn last(&self, key: &str) -> Option<&str> {
        self.unit.as_ref()?.last(key).map(|setting| setting.value.as_str())
    }

    fn is_on(&self, key: &str) -> bool {
        self.unit.as_ref().is_some_and(|unit| unit.on(key).is_some())
    }

    /// The words of a list.
    fn words(&self, key: &str) -> impl Iterator<Item = &str> {
        let settings: Vec<&Setting> = self.unit.as_ref().map(|unit| unit.list(key)).unwrap_or_default();
        settings.into_iter().flat_map(|setting| setting.value.split_whitespace())
    }

    /// The user that it runs as; `None` for root, who may do everything.
    pub(in crate::install) fn user(&self) -> Option<String> {
        let made = || self.is_on("DynamicUser").then(|| self.name.trim_end_matches(".service"));
        self.last("User").or_else(made).filter(|user| *user != "root" && *user != "0").map(str::to_owned)
    }

    /// The groups that its unit gives it, by name or number.
    pub(in crate::install) fn groups(&self) -> Vec<String> {
        self.words("SupplementaryGroups").chain(self.last("Group")).map(str::to_owned).collect()
    }

    /// Whether its sandbox makes a folder of the system read-only.
    pub(super) fn may_only_read(&self, folder: &str) -> bool {
        let mut paths = self.words("ReadOnlyPaths").chain(self.words("ReadOnlyDirectories"));
        paths.any(|path| Path::new(folder).starts_with(path.trim_start_matches(['-', '+'])))
            || (folder.starts_with("/sys/") && self.is_on("ProtectKernelTunables"))
    }

    /// Whether it lists the address families that it may use, and not this one. Without a list it may use all, and a line of
    /// ours would take the others away.
    pub(super) fn lacks_unix_sockets(&self) -> bool {
        let words: Vec<&str> = self.words("RestrictAddressFamilies").collect();
        words.first().is_some_and(|first| !first.starts_with('~') && *first != "none") && !words.contains(&"AF_UNIX")
    }
}
