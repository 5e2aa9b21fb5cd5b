//! What a service lacks to use the GPU from within its sandbox, and what it must start after, as a drop-in.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Result, ensure};
use vgpu_core::transport::DEFAULT_SOCKET;

use super::super::tree::Tree;
use super::service::Service;
use super::{daemon, function, has_unit};
use crate::guest_setup::function as pci;
use crate::guest_setup::root::Root;

/// Where the kernel shows every PCI function, in whatever slot it is: below `pci0000:00`, behind a bridge of a second host
/// bridge, or within a platform's own bus.
const DEVICES: &str = "/sys/devices";

/// How a service gets to its device.
#[derive(Default)]
pub(in crate::install) struct Way<'a> {
    /// The device that this service is given, other programs or not.
    pub(in crate::install) own_device: Option<&'a str>,
    /// The device of all programs that are given none.
    pub(in crate::install) device: Option<&'a str>,
    /// The group that the VM's functions are opened to at boot, whether one is there now or not.
    pub(in crate::install) function_group: Option<&'a str>,
    /// The group that the daemon's socket will be open to, if not to all.
    pub(in crate::install) socket_group: Option<&'a str>,
    /// The unit of ours that makes the device usable.
    pub(in crate::install) after: Option<&'static str>,
}

/// The drop-in's text; `None` if the service can use the device as it is.
pub(in crate::install) fn text(tree: &Tree, service: &Service, way: &Way<'_>) -> Result<Option<String>> {
    let mut unit = Vec::new();
    if let Some(after) = way.after {
        unit.push("# It looks for GPUs once, when it starts.".to_owned());
        unit.extend(["Wants", "After"].map(|key| format!("{key}={after}")));
    }
    let mut settings = Vec::new();
    settings.extend(way.own_device.map(|device| format!("Environment=VGPU={device}")));
    let device = way.own_device.or(way.device);
    let mut groups: Vec<String> = Vec::new();
    let functions = functions(tree, device)?;
    if uses_function(device, &functions, way.function_group) {
        if service.may_only_read(DEVICES) {
            // The function's memory is written through files in there. One function's folder would do until it sits in another
            // slot, and then shut it off unseen. This is no more than what the modes of these files leave to the service's
            // user: for any but root, the files of the function's group.
            settings.push(format!("ReadWritePaths=-{DEVICES}"));
        }
        let now = functions.iter().filter_map(|function| group_of(&function.resource)).map(|gid| gid.to_string());
        match way.function_group {
            Some(group) => groups.push(group.to_owned()),
            None => groups.extend(now),
        }
    } else {
        let socket = device.and_then(|device| device.strip_prefix("unix:")).unwrap_or(DEFAULT_SOCKET);
        match way.socket_group.filter(|_| socket == DEFAULT_SOCKET) {
            Some(group) => groups.push(group.to_owned()),
            None if device == Some("embedded") => {}
            None => groups.extend(group_of(Path::new(&tree.show(socket))).map(|gid| gid.to_string())),
        }
        if service.lacks_unix_sockets() {
            settings.push("RestrictAddressFamilies=AF_UNIX".to_owned());
        }
    }
    if service.user().is_some() {
        groups.sort_unstable();
        groups.dedup();
        settings.extend(groups.iter().map(|group| format!("SupplementaryGroups={group}")));
    }
    if unit.is_empty() && settings.is_empty() {
        return Ok(None);
    }
    let head = "# Written by `vgpu install`, removed by `vgpu uninstall`: what this service needs to use the vGPU.\n";
    let section = |name: &str, lines: &[String]| match lines {
        [] => String::new(),
        lines => format!("[{name}]\n{}\n", lines.join("\n")),
    };
    Ok(Some(format!("{head}{}{}", section("Unit", &unit), section("Service", &settings))))
}

/// The unit of ours that a service must start after to find its device.
///
/// # Errors
/// When there is a socket of the daemon's name without a service behind it: who waits for it would wait for ever.
pub(in crate::install) fn after(
    tree: &Tree,
    device: Option<&str>,
    is_ours: impl Fn(&str) -> bool,
) -> Result<Option<&'static str>> {
    let is_there = |name: &str| is_ours(name) || has_unit(tree, name);
    let may_be_function = device.is_none_or(|device| device.starts_with("pci"));
    let may_be_daemon = device.is_none_or(|device| device.strip_prefix("unix:") == Some(DEFAULT_SOCKET));
    if may_be_function && is_there(function::UNIT) {
        return Ok(Some(function::UNIT));
    }
    if may_be_daemon && is_there(daemon::SOCKET) {
        ensure!(
            is_there(daemon::SERVICE),
            "there is a unit {} and no {}: whoever connects there waits in vain; `vgpu install --daemon` writes both",
            daemon::SOCKET,
            daemon::SERVICE
        );
        return Ok(Some(daemon::SOCKET));
    }
    Ok(None)
}

/// A function of ours, and the file that must be written to.
pub(in crate::install) struct Function {
    pub(in crate::install) address: String,
    pub(in crate::install) resource: std::path::PathBuf,
}

/// The functions that a device may be.
pub(in crate::install) fn functions(tree: &Tree, device: Option<&str>) -> Result<Vec<Function>> {
    let address = device.and_then(|device| device.strip_prefix("pci")).map(|rest| rest.trim_start_matches(':'));
    if device.is_some() && address.is_none() {
        return Ok(Vec::new());
    }
    let root = Root::new(Path::new(&tree.show("/")));
    let mut functions = pci::scan(&root)?;
    functions.retain(|function| function.is_ours && address.is_none_or(|address| function.address.ends_with(address)));
    let found = functions.into_iter().map(|function| {
        let resource = root.path(function.path("resource0"));
        Function { address: function.address, resource }
    });
    Ok(found.collect())
}

fn uses_function(device: Option<&str>, functions: &[Function], group: Option<&str>) -> bool {
    match device {
        Some(device) => device.starts_with("pci"),
        None => group.is_some() || !functions.is_empty(),
    }
}

/// The group that a file is open to, where others are shut out.
fn group_of(path: &Path) -> Option<u32> {
    let metadata = fs::metadata(path).ok()?;
    let is_for_group = metadata.mode() & 0o020 != 0 && metadata.mode() & 0o002 == 0;
    (is_for_group && metadata.gid() != 0).then(|| metadata.gid())
}

/// It goes into unit files, where spaces, quotes and percent signs have meanings, and into a line of its own.
pub(in crate::install) fn check_device(device: &str) -> Result<()> {
    let rest = |start| device.strip_prefix(start).is_some_and(|rest: &str| !rest.is_empty());
    let is_known = device == "embedded" || device == "pci" || device.starts_with("unix:/") || rest("pci:");
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b":/._-@+".contains(&byte);
    ensure!(
        is_known && device.bytes().all(is_plain),
        "--device {device}: it must be embedded, unix:/PATH, pci or pci:ADDRESS, without spaces, quotes or percent signs"
    );
    Ok(())
}
