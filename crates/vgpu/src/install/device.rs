//! The device that programs use: its name in the prefix, the units that make it usable, and the way of services to it.
//!
//! The libraries read `PREFIX/device` where the variable `VGPU` says nothing.

use std::fs;
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, Result, ensure};
use vgpu_core::transport::{DEFAULT_SOCKET, RECORD};

use super::dist::Dist;
use super::entry::Content;
use super::options::Args;
use super::record::Record;
use super::systemd::daemon::{self, Admitted, SOCKET, VM_SOCKET};
use super::systemd::drop_in::{self, Way};
use super::systemd::service::Service;
use super::systemd::{self, UNITS, function};
use super::tree::Tree;
use crate::guest_setup::root::Root;
use crate::guest_setup::{self, function as pci};

/// There while the driver of real GPUs is loaded.
pub(super) const NVIDIA_DRIVER: &str = "/proc/driver/nvidia/version";
/// Any function of a VM.
const ANY_FUNCTION: &str = "pci";
const OWN_DEVICE: &str = "Environment=VGPU=";
/// The folders that `guest-setup` writes to.
const GUEST_FOLDERS: [&str; 3] = ["/etc/udev/rules.d", "/etc/modprobe.d", "/var/lib/vgpu"];

/// Where the device's name is.
fn path(prefix: &str) -> String {
    format!("{prefix}/{RECORD}")
}

/// The group that a VM's functions are opened to.
pub(super) fn group(record: &Record) -> &str {
    let unit = record.text(&format!("{UNITS}/{}", function::UNIT));
    unit.and_then(function::group).unwrap_or(guest_setup::GROUP)
}

/// Asks for all of it. `service` is the one that shall use the device. Adds to the notes what the user should know.
pub(super) fn want(
    args: &Args,
    tree: &Tree,
    prefix: &str,
    dist: &Dist,
    service: &str,
    record: &mut Record,
    notes: &mut Vec<String>,
) -> Result<()> {
    if let Some(device) = &args.device {
        drop_in::check_device(device)?;
    }
    let old = record.text(&path(prefix)).map(|text| text.trim().to_owned());
    let new = for_all(args)?;
    if args.vm {
        want_function(args, tree, prefix, record, notes)?;
    }
    if args.daemon.daemon {
        want_daemon(args, tree, prefix, dist, record, notes)?;
    }
    if let Some(device) = &new {
        record.want(tree, path(prefix), Content::Text(format!("{device}\n")))?;
    }
    let device = new.clone().or_else(|| old.clone());
    let unit = |name: &str| format!("{UNITS}/{name}");
    let after = drop_in::after(tree, device.as_deref(), |name| record.text(&unit(name)).is_some());
    let after = after.unwrap_or_else(|error| {
        notes.push(format!("{error:#}"));
        None
    });
    let function_group = record.text(&unit(function::UNIT)).and_then(function::group).map(str::to_owned);
    let socket_group = match record.text(&unit(SOCKET)).map(daemon::admitted) {
        None | Some(Admitted::Everybody) => None,
        Some(Admitted::Group(group)) => Some(group.to_owned()),
        Some(Admitted::Owner) => {
            notes.push(format!(
                "{DEFAULT_SOCKET} is its owner's alone: give it a --socket-mode, and a group as --socket-owner"
            ));
            None
        }
    };
    for (name, own_device) in services(args, service, tree, record, old.as_deref().filter(|_| new.is_some()))? {
        let service = Service::read(tree, &name)?;
        if !service.is_there() {
            notes.push(format!("there is no {} yet", service.name));
        }
        // What is made usable is the device of all; one of its own may be another.
        let after = after.filter(|_| own_device.is_none() || own_device == device);
        let way = Way {
            own_device: own_device.as_deref(),
            device: device.as_deref(),
            function_group: function_group.as_deref(),
            socket_group: socket_group.as_deref(),
            after,
        };
        match drop_in::text(tree, &service, &way)? {
            Some(text) => record.want(tree, service.drop_in_path(), Content::Text(text))?,
            None if record.text(&service.drop_in_path()).is_some() => {}
            None => notes.push(format!("{} can reach the device as it is", service.name)),
        }
    }
    notes.extend(closed_function(args, service, tree, record, device.as_deref())?);
    Ok(())
}

/// The device of all programs that these options name.
fn for_all(args: &Args) -> Result<Option<String>> {
    // With a service, it is the service's own.
    let given = args.device.as_deref().filter(|_| args.service.is_none());
    let implied = match (args.vm, args.daemon.daemon) {
        (true, _) => {
            let is_function = given.is_none_or(|given| given.starts_with(ANY_FUNCTION));
            ensure!(is_function, "--vm: the device of a VM is a PCI function; --device may say which: pci:ADDRESS");
            Some(ANY_FUNCTION.to_owned())
        }
        (_, true) => {
            let daemon = format!("unix:{DEFAULT_SOCKET}");
            let is_daemon = given.is_none_or(|given| given == daemon);
            ensure!(
                is_daemon,
                "--daemon: its device is {daemon}; another one is for --service NAME, or for the variable VGPU"
            );
            Some(daemon)
        }
        _ => None,
    };
    Ok(given.map(str::to_owned).or(implied))
}

/// The services that get a drop-in, each with the device that it is given of its own: those of these options, and those that
/// have one already and may need another now. A device of its own that was everybody's, `replaced`, is not one any more.
fn services(
    args: &Args,
    usual: &str,
    tree: &Tree,
    record: &Record,
    replaced: Option<&str>,
) -> Result<Vec<(String, Option<String>)>> {
    let mut all = Vec::new();
    if let Some(name) = &args.service {
        all.push((Service::read(tree, name)?.name, args.device.clone()));
    } else if args.system || args.vm || args.daemon.daemon {
        let service = Service::read(tree, usual)?;
        all.extend(service.is_there().then(|| (service.name, args.device.clone().filter(|_| args.system))));
    }
    for (name, text) in record.drop_ins() {
        if !all.iter().any(|(known, _)| known == name) {
            let own = text.lines().find_map(|line| line.strip_prefix(OWN_DEVICE));
            all.push((name.to_owned(), own.filter(|own| Some(*own) != replaced).map(str::to_owned)));
        }
    }
    Ok(all)
}

fn want_function(args: &Args, tree: &Tree, prefix: &str, record: &mut Record, notes: &mut Vec<String>) -> Result<()> {
    ensure!(
        systemd::is_installed(tree),
        "--vm: there is no systemd here, which starts services after the function is open: without it, `vgpu install --system` \
         and `vgpu guest-setup` do the rest, and whatever starts services must run `vgpu guest-setup --wait` before them"
    );
    systemd::check_path("--prefix", prefix)?;
    let root = Root::new(tree.show("/").as_ref());
    let functions = pci::scan(&root)?;
    let is_function_here = functions.iter().any(|function| function.is_ours || function.lacks_memory);
    ensure!(
        is_function_here || args.device.is_some() || is_vm(tree),
        "--vm: this machine is no VM and has no vgpu function; a host takes `vgpu install --daemon`, and where the function is \
         yet to come, `--vm --device pci` prepares for it"
    );
    let unit = format!("{UNITS}/{}", function::UNIT);
    let known = record.text(&unit).and_then(function::group).map(str::to_owned);
    let group = args.group.clone().or(known).unwrap_or_else(|| guest_setup::GROUP.to_owned());
    guest_setup::check_group_name(&group)?;
    if guest_setup::is_set_up(&root)? {
        if !record.has_guest_setup {
            let note =
                "`vgpu guest-setup` was run before: `vgpu uninstall` leaves it, `vgpu guest-setup --undo` undoes it";
            notes.push(note.to_owned());
        }
    } else {
        record.has_guest_setup = true;
        for folder in GUEST_FOLDERS {
            // Where it is a link, guest-setup follows it and we do not.
            let _ = record.note_time(tree, folder);
        }
    }
    for (path, content) in function::entries(prefix, &group) {
        record.want(tree, path, content)?;
    }
    Ok(())
}

/// Whether this machine's processor is a hypervisor's.
fn is_vm(tree: &Tree) -> bool {
    let processors = fs::read_to_string(tree.show("/proc/cpuinfo")).unwrap_or_default();
    let mut flags = processors.lines().filter(|line| line.starts_with("flags"));
    flags.next().is_some_and(|flags| flags.split_whitespace().any(|flag| flag == "hypervisor"))
}

fn want_daemon(
    args: &Args,
    tree: &Tree,
    prefix: &str,
    dist: &Dist,
    record: &mut Record,
    notes: &mut Vec<String>,
) -> Result<()> {
    ensure!(
        systemd::is_installed(tree),
        "--daemon: there is no systemd here, which would start vgpud: have {prefix}/current/bin/vgpud started at boot by \
         whatever starts services, before those that use the GPU"
    );
    ensure!(dist.has("bin/vgpud"), "--daemon: the dist folder has no bin/vgpud: make it with `cargo xtask dist`");
    args.daemon.check(tree, prefix)?;
    let had_vms = record.text(&format!("{UNITS}/{VM_SOCKET}")).is_some();
    if had_vms && !args.daemon.has_vms() {
        notes.push(format!("{VM_SOCKET} stays as it is; --vfio-user says what VMs shall have instead"));
    }
    for (path, content) in args.daemon.entries(prefix, had_vms, tree.look(NVIDIA_DRIVER)?.is_some()) {
        record.want(tree, path, content)?;
    }
    Ok(())
}

/// What to do about a function that the service's user cannot open, with all that is asked for.
fn closed_function(
    args: &Args,
    service: &str,
    tree: &Tree,
    record: &Record,
    device: Option<&str>,
) -> Result<Option<String>> {
    // It is opened by this very run, or was by one before.
    if record.text(&format!("{UNITS}/{}", function::UNIT)).is_some() {
        return Ok(None);
    }
    let service = Service::read(tree, service)?;
    let Some(user) = service.user().filter(|_| service.is_there()) else {
        return Ok(None);
    };
    let device = args.device.as_deref().or(device);
    let Some(closed) = drop_in::functions(tree, device)?.into_iter().next() else {
        return Ok(None);
    };
    let is = fs::metadata(&closed.resource).with_context(|| closed.resource.display().to_string())?;
    let root = Root::new(tree.show("/").as_ref());
    let gets_group = record.text(&service.drop_in_path()).is_some_and(|text| {
        text.lines()
            .filter_map(|line| line.strip_prefix("SupplementaryGroups="))
            .any(|group| group == is.gid().to_string())
    });
    let mut groups = service.groups();
    groups.retain(|group| *group == is.gid().to_string() || root.group(group).ok().flatten() == Some(is.gid()));
    let is_member = gets_group || !groups.is_empty() || root.has_member(is.gid(), &user);
    let is_open = is.mode() & 0o006 == 0o006 || (is.mode() & 0o060 == 0o060 && is_member);
    Ok((!is_open).then(|| {
        format!(
            "{} runs as {user}, who may not open PCI function {}: `vgpu install --vm`, as root, lets it",
            service.name, closed.address
        )
    }))
}
