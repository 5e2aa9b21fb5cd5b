//! What else may stand between a service and the device: AppArmor, snaps and other packages with files and rules of their
//! own, and libraries that earlier attempts have left behind.

use std::fs;
use std::path::{Path, PathBuf};

use crate::doctor::check::Check;
use crate::doctor::libraries::{LIBRARIES, Origin, Reference};
use crate::machine::Machine;
use crate::unit::{Unit, words};

const PROFILES: &str = "/etc/apparmor.d";
const DISABLED: &str = "/etc/apparmor.d/disable";
/// Where the loader looks for everybody, and where such libraries were usually put.
const SHARED_FOLDERS: [&str; 8] = [
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/local/cuda/lib64",
    "/usr/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib",
    "/lib/x86_64-linux-gnu",
    "/lib",
];

/// AppArmor's rules for Ollama.
pub(super) fn app_armor(unit: &Unit, machine: &Machine) -> Check {
    let check = Check::ok("service.apparmor", format!("{}: no AppArmor profile confines it", unit.name));
    const FIX: &str = "let the profile have `/run/vgpu/vgpud.sock rw,`, `/opt/vgpu/** mr,` and, in a VM, \
                       `/sys/devices/pci*/** rw,`; or `aa-complain` it to see what it denies";
    if let Some(setting) = unit.last("AppArmorProfile").filter(|setting| setting.value != "unconfined") {
        return check.warning(format!("{} confines the service", setting.show()), FIX);
    }
    for name in machine.list(Path::new(PROFILES)) {
        let path = Path::new(PROFILES).join(&name);
        let is_disabled = fs::symlink_metadata(machine.host_of(Path::new(DISABLED)).join(&name)).is_ok();
        if !name.to_ascii_lowercase().contains("ollama") || is_disabled {
            continue;
        }
        match machine.read(&path) {
            Ok(Some(text)) if text.contains("(complain") || text.contains("unconfined") => {}
            Ok(None) => {}
            Ok(Some(_)) => {
                return check.warning(format!("the AppArmor profile {} confines Ollama", path.display()), FIX);
            }
            // Folders of parts are no profiles.
            Err(_) if machine.metadata(&path).is_ok_and(|metadata| metadata.is_dir()) => {}
            Err(error) => return check.warning(format!("{}: {error}", path.display()), FIX),
        }
    }
    check
}

/// Packages that bring files of their own for the service's program.
pub(super) fn package(unit: &Unit, machine: &Machine) -> Check {
    let check = Check::ok("service.package", format!("{}: its program uses this machine's files", unit.name));
    const FIX: &str = "use Ollama as its own installer puts it on the machine (https://ollama.com/install.sh), or give the \
                       package vgpu's libraries and device yourself";
    if let Some(setting) = unit.last("ExecStart") {
        let words = words(setting.value.trim_start_matches(['-', '@', ':', '+', '!', '|']));
        let program = words.first().map_or("", |word| word.rsplit('/').next().unwrap_or(word));
        let kind = match program {
            "snap" => Some("a snap"),
            "flatpak" => Some("a flatpak"),
            "docker" | "podman" | "nerdctl" | "distrobox" | "toolbox" => Some("a container"),
            _ if words.first().is_some_and(|word| word.starts_with("/snap/")) => Some("a snap"),
            _ => None,
        };
        if let Some(kind) = kind {
            let cause = format!("{} starts {kind}, which has libraries and rules of its own", setting.show());
            return check.warning(cause, FIX);
        }
    }
    if unit.name.starts_with("snap.") {
        return check.warning(format!("{} is a snap's, which has libraries and rules of its own", unit.name), FIX);
    }
    for (folder, kind) in [("/snap", "snap"), ("/var/lib/snapd/snap", "snap"), ("/var/lib/flatpak/app", "flatpak")] {
        let names = machine.list(Path::new(folder));
        if let Some(name) = names.iter().find(|name| name.to_ascii_lowercase().contains("ollama")) {
            let cause = format!(
                "{folder}/{name} is Ollama as a {kind}, besides what {} starts; its own copy sees no vGPU",
                unit.name
            );
            return check.warning(cause, FIX);
        }
    }
    check
}

/// Libraries of other builds and of earlier attempts, in folders that are searched.
pub(super) fn leftovers(unit: &Unit, machine: &Machine, folders: &[PathBuf], reference: &Reference) -> Check {
    let check = Check::ok("service.leftovers", format!("{}: no leftovers where libraries are looked for", unit.name));
    let mut found: Vec<(PathBuf, String)> = Vec::new();
    let mut looked = Vec::new();
    for folder in folders.iter().cloned().chain(SHARED_FOLDERS.map(PathBuf::from)) {
        let real = machine.host_of(&folder);
        if looked.contains(&real) || !folder.is_absolute() {
            continue;
        }
        looked.push(real);
        for name in machine.list(&folder) {
            let path = folder.join(&name);
            let host = machine.host_of(&path);
            let known = LIBRARIES.iter().find(|library| library.soname == name);
            let why = match known {
                Some(library) if reference.origin(&host, library.soname) == Origin::OtherBuild => {
                    format!("{} is of another build of vgpu", path.display())
                }
                None if name.starts_with("libvgpu") && name.contains(".so") => {
                    format!("{} is of another attempt at the same thing", path.display())
                }
                _ => continue,
            };
            if !found.iter().any(|(known, _)| *known == host) {
                found.push((host, why));
            }
        }
    }
    let Some((_, first)) = found.first() else { return check };
    let rest = found.iter().skip(1).take(20).map(|(_, why)| why.clone());
    check.saw_all(rest).warning(first, "remove it (and renew the loader's cache: `ldconfig`)")
}
