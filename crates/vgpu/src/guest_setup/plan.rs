//! What should be different from how it is.

use std::fs;
use std::path::Path;

use anyhow::Result;
use vgpu_core::pci::BAR1_MAX_BYTES;

use super::change::{Change, Owner, read_attribute, read_file};
use super::function::{self, Function, Life};
use super::root::Root;
use super::trouble;

const RULES_FOLDER: &str = "/etc/udev/rules.d";
const RULES: &str = "/etc/udev/rules.d/70-vgpu.rules";
const MODPROBE_FOLDER: &str = "/etc/modprobe.d";
const BLACKLIST: &str = "/etc/modprobe.d/vgpu.conf";
/// The files by which programs reach the function.
const RESOURCES: [&str; 3] = ["resource0", "resource1", "resource1_wc"];
const MODE: u32 = 0o660;
/// No driver has this name, so no driver takes a function that is reserved for it.
const NO_DRIVER: &str = "vgpu";

/// What to do, and what to tell.
pub(super) struct Plan {
    pub(super) changes: Vec<Change>,
    pub(super) notes: Vec<String>,
}

/// Compares the system with how it should be.
pub(super) fn plan(root: &Root, group: &str) -> Result<Plan> {
    let mut plan = Plan { changes: Vec::new(), notes: Vec::new() };
    let functions = function::scan(root)?;
    let ours: Vec<&Function> = functions.iter().filter(|function| function.is_ours).collect();
    let without_memory: Vec<&Function> = functions.iter().filter(|function| function.lacks_memory).collect();
    let mut real = functions.iter().filter(|function| !function.is_ours && !function.lacks_memory);
    if root.group(group)?.is_none() {
        plan.changes.push(Change::Group { name: group.to_owned() });
    }
    plan.file(root, RULES_FOLDER, RULES, rules(group))?;
    if let Some(real) = real.next() {
        plan.notes
            .push(format!("{} is a real NVIDIA GPU, so the drivers for such are not kept from loading", real.address));
        if root.path(BLACKLIST).exists() {
            plan.notes.push(format!(
                "{BLACKLIST} still keeps them from loading: `vgpu guest-setup --undo`, then `vgpu guest-setup` again"
            ));
        }
    } else if plan.file(root, MODPROBE_FOLDER, BLACKLIST, blacklist())? {
        plan.notes.push(
            "if the initial RAM disk holds nouveau, renew it once: `update-initramfs -u` or `dracut -f`".to_owned(),
        );
    }
    if ours.is_empty() && without_memory.is_empty() {
        plan.notes.push("there is no vgpu function in this VM now; one that comes later will be set up".to_owned());
    }
    plan.notes.extend(without_memory.iter().map(|function| trouble::no_memory(&function.address)));
    let silent = ours.iter().filter(|function| function.life == Life::Silent && is_switched_on(root, function));
    plan.notes.extend(silent.map(|function| trouble::silent(&function.address)));
    for function in ours {
        plan.function(root, function, group)?;
    }
    Ok(plan)
}

/// Whether it could answer: without firmware, memory is off until we switch it on.
fn is_switched_on(root: &Root, function: &Function) -> bool {
    read_attribute(&root.path(function.path("enable"))).is_none_or(|count| count != "0")
}

/// What makes one function usable by a group, now.
pub(super) fn of_function(root: &Root, function: &Function, group: &str) -> Result<Vec<Change>> {
    let mut plan = Plan { changes: Vec::new(), notes: Vec::new() };
    plan.function(root, function, group)?;
    Ok(plan.changes)
}

impl Plan {
    /// Asks for a file in a folder. Returns whether that is a change.
    fn file(&mut self, root: &Root, folder: &str, path: &str, text: String) -> Result<bool> {
        let mut missing: Vec<&Path> = Path::new(folder).ancestors().take_while(|f| !root.path(f).exists()).collect();
        while let Some(folder) = missing.pop() {
            self.changes.push(Change::Folder { path: folder.display().to_string() });
        }
        let before = read_file(&root.path(path))?;
        let wanted = super::change::Contents::Text(text.clone());
        if before.as_ref().is_some_and(|old| old.bytes == wanted) {
            return Ok(false);
        }
        self.changes.push(Change::File { path: path.to_owned(), before, after: text });
        Ok(true)
    }

    /// Asks for an attribute's text where it reads as one of `wrong`. Writing `restore`, or else what it read, undoes it.
    fn attribute(&mut self, root: &Root, path: String, after: &str, wrong: &[&str], restore: Option<&str>) {
        if let Some(before) = read_attribute(&root.path(&path)).filter(|now| wrong.contains(&now.as_str())) {
            let restore = restore.unwrap_or(&before).to_owned();
            self.changes.push(Change::Attribute { path, before, restore, after: after.to_owned() });
        }
    }

    fn function(&mut self, root: &Root, function: &Function, group: &str) -> Result<()> {
        if let Some(driver) = &function.driver {
            self.changes.push(Change::Driver { address: function.address.clone(), driver: driver.clone() });
        }
        // Without one it reads "(null)"; an empty line makes it read so again.
        self.attribute(root, function.path("driver_override"), NO_DRIVER, &["(null)", ""], Some(""));
        // It counts its users: more than one is as good.
        self.attribute(root, function.path("enable"), "1", &["0"], None);
        let gid = root.group(group)?;
        for name in RESOURCES {
            let path = function.path(name);
            let Ok(metadata) = fs::metadata(root.path(&path)) else {
                continue;
            };
            let before = Owner::of(&metadata);
            if Some(before.gid) != gid || before.mode != MODE {
                self.changes.push(Change::Access { path, before, group: group.to_owned(), mode: MODE });
            }
        }
        Ok(())
    }
}

fn rules(group: &str) -> String {
    let resources = RESOURCES.join(" ");
    format!(
        "\
# Written by `vgpu guest-setup`, removed by `vgpu guest-setup --undo`.
# The vgpu function of this VM: kept from the drivers of real GPUs, switched on, and open to group {group}.
ACTION!=\"add|change\", GOTO=\"vgpu_end\"
SUBSYSTEM!=\"pci\", GOTO=\"vgpu_end\"
ATTR{{vendor}}!=\"0x10de\", GOTO=\"vgpu_end\"
ATTR{{device}}!=\"0x2331\", GOTO=\"vgpu_end\"
ATTR{{class}}!=\"0x0302*\", GOTO=\"vgpu_end\"
# A real H100 has no BAR of that number, or a longer one.
PROGRAM!=\"/bin/sh -c 'test $$(stat -c %%s /sys%p/resource1) -le {BAR1_MAX_BYTES}'\", GOTO=\"vgpu_end\"
ATTR{{driver_override}}=\"{NO_DRIVER}\"
ATTR{{enable}}==\"0\", ATTR{{enable}}=\"1\"
RUN+=\"/bin/sh -c 'cd /sys%p && for file in {resources}; do \
test ! -e $$file || {{ chgrp {group} $$file && chmod {MODE:04o} $$file; }}; done'\"
# Units may wait for it, by its address: dev-vgpu-0000:00:05.0.device is there once all of the above is done.
TAG+=\"systemd\", ENV{{SYSTEMD_ALIAS}}+=\"/dev/vgpu/%k\"
LABEL=\"vgpu_end\"
"
    )
}

fn blacklist() -> String {
    "\
# Written by `vgpu guest-setup`, removed by `vgpu guest-setup --undo`.
# This VM has a vgpu function and no real NVIDIA GPU: drivers for real ones find nothing to do and may stumble over it.
blacklist nouveau
blacklist nvidiafb
blacklist nvidia
blacklist nvidia_drm
blacklist nvidia_modeset
blacklist nvidia_uvm
"
    .to_owned()
}
