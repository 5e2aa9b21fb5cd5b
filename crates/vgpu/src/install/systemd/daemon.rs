//! `vgpud.service` and its sockets: systemd opens the doors, so that whoever comes before the daemon waits there.
//!
//! One unit has one owner and mode for all its sockets, so those of VMs have a unit of their own.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Result, bail, ensure};
use vgpu_core::transport::DEFAULT_SOCKET;

use super::super::entry::Content;
use super::super::tree::Tree;
use super::{UNITS, check_path};
use crate::guest_setup::root::Root;

/// Their names.
pub(in crate::install) const SERVICE: &str = "vgpud.service";
pub(in crate::install) const SOCKET: &str = "vgpud.socket";
pub(in crate::install) const VM_SOCKET: &str = "vgpud-vm.socket";

/// As NVIDIA's device nodes: the GPU is for every user of the machine.
const SOCKET_MODE: Mode = Mode(0o666);
/// A VMM's user is another one on every system, and root until named.
const VM_SOCKET_MODE: Mode = Mode(0o600);
/// What the service has of the machine's devices, where there is no GPU.
const NO_DEVICES: &str = "\
PrivateDevices=yes
MemoryDenyWriteExecute=yes
";
/// And where there are NVIDIA's. What is not in /proc/devices when the service starts cannot be allowed.
///
/// **Source:** systemd.resource-control(5), `DeviceAllow=`: a group of devices by its name there, with wildcards.
const GPU_DEVICES: &str = "\
# NVIDIA's devices, and no others. The driver compiles kernels, so memory may be executable that was written.
DevicePolicy=closed
DeviceAllow=char-nvidia* rw
";
const GPU_MODULES: &str = "\
# The driver's own program that loads its modules needs privileges that the daemon does not have.
Wants=modprobe@nvidia_uvm.service
After=modprobe@nvidia_uvm.service nvidia-persistenced.service
";
/// What the kernel takes as a socket's path.
const SOCKET_PATH_MAX_BYTES: usize = 107;

/// Options of the daemon's units.
#[derive(clap::Args)]
#[group(skip)]
pub(in crate::install) struct Options {
    /// On a host with systemd: have vgpud started when the first program or VM wants the GPU, and Ollama after its socket.
    #[arg(long, conflicts_with = "vm")]
    pub(in crate::install) daemon: bool,
    /// The daemon's configuration (`man vgpud`).
    #[arg(long, value_name = "FILE", requires = "daemon")]
    config: Option<String>,
    /// Permissions of the socket for this machine's programs, octal [default: 0666].
    #[arg(long, value_name = "MODE", requires = "daemon")]
    socket_mode: Option<Mode>,
    /// Its owner [default: root].
    #[arg(long, value_name = "USER[:GROUP]", requires = "daemon")]
    socket_owner: Option<Owner>,
    /// A socket on which a VM gets a PCI function; once for each VM.
    #[arg(long, value_name = "PATH", requires = "daemon")]
    vfio_user: Vec<String>,
    /// Permissions of these sockets, octal [default: 0600].
    #[arg(long, value_name = "MODE", requires = "vfio_user")]
    vfio_user_mode: Option<Mode>,
    /// Their owner: the user that VMs run as, such as libvirt-qemu [default: root].
    #[arg(long, value_name = "USER[:GROUP]", requires = "vfio_user")]
    vfio_user_owner: Option<Owner>,
}

/// File permissions, in octal.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Mode(u32);

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
        mode.map(Self).ok_or_else(|| format!("`{text}` is no mode; write 0600 or 0660"))
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

/// A user, and a group if it is not the user's.
#[derive(Clone, Debug, PartialEq)]
struct Owner {
    user: String,
    group: Option<String>,
}

impl FromStr for Owner {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (user, group) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_name =
            |name: &str| (1..=32).contains(&name.len()) && name.bytes().all(is_plain) && !name.starts_with(['-', '.']);
        let is_sound = is_name(user) && group.is_none_or(is_name);
        let owner = Self { user: user.to_owned(), group: group.map(str::to_owned) };
        is_sound.then_some(owner).ok_or_else(|| format!("`{text}` is no owner; write USER or USER:GROUP"))
    }
}

impl Options {
    /// Refuses what systemd would not take, or what would leave the daemon without its files.
    pub(in crate::install) fn check(&self, tree: &Tree, prefix: &str) -> Result<()> {
        check_path("--prefix", prefix)?;
        let root = Root::new(tree.show("/").as_ref());
        // The daemon runs as a user of its own.
        if let Some(folder) = root.closed_folder(&format!("{prefix}/current")) {
            bail!("--daemon: vgpud runs as a user of its own, who may not look into {folder}: use another --prefix");
        }
        if let Some(config) = &self.config {
            check_path("--config", config)?;
            ensure!(Path::new(&tree.show(config)).is_file(), "--config {}: there is no such file", tree.show(config));
            ensure!(
                root.closed_folder(config).is_none() && root.is_readable_to_all(config),
                "--config {config}: vgpud runs as a user of its own, who may not read it: `chmod o+r` it and its folder"
            );
        }
        for (at, path) in self.vfio_user.iter().enumerate() {
            check_path("--vfio-user", path)?;
            ensure!(path.len() <= SOCKET_PATH_MAX_BYTES, "--vfio-user {path}: a socket's path has 107 bytes at most");
            let is_taken = path == DEFAULT_SOCKET || self.vfio_user[..at].contains(path);
            ensure!(!is_taken, "--vfio-user {path}: each VM needs a socket of its own");
        }
        for owner in [&self.socket_owner, &self.vfio_user_owner].into_iter().flatten() {
            ensure!(
                root.user(&owner.user)?.is_some(),
                "there is no user {}: make it first, or name another",
                owner.user
            );
            if let Some(group) = &owner.group {
                ensure!(root.group(group)?.is_some(), "there is no group {group}: make it first, or name another");
            }
        }
        Ok(())
    }

    /// The units and their enablement, in the order of writing: a socket's unit never stands there without its service.
    /// `has_vms` says that VMs were given sockets before, which stay; `has_gpus` that the machine has GPUs to execute on.
    pub(in crate::install) fn entries(&self, prefix: &str, has_vms: bool, has_gpus: bool) -> Vec<(String, Content)> {
        let has_vms = has_vms || !self.vfio_user.is_empty();
        let mut all = vec![(format!("{UNITS}/{SERVICE}"), Content::Text(self.service(prefix, has_vms, has_gpus)))];
        let mut socket = |name: &str, text: String| {
            let path = format!("{UNITS}/{name}");
            all.push((path.clone(), Content::Text(text)));
            all.push((format!("{UNITS}/sockets.target.wants/{name}"), Content::Link(path)));
        };
        socket(SOCKET, self.socket());
        if !self.vfio_user.is_empty() {
            socket(VM_SOCKET, self.vm_socket());
        }
        all
    }

    /// Whether VMs are given sockets by these options.
    pub(in crate::install) fn has_vms(&self) -> bool {
        !self.vfio_user.is_empty()
    }

    fn service(&self, prefix: &str, has_vms: bool, has_gpus: bool) -> String {
        let config = self.config.as_ref().map_or(String::new(), |config| format!(" --config {config}"));
        let sockets = if has_vms { format!("{SOCKET} {VM_SOCKET}") } else { SOCKET.to_owned() };
        let before = if has_vms { before_vms() } else { String::new() };
        let (modules, devices) = if has_gpus { (GPU_MODULES, GPU_DEVICES) } else { ("", NO_DEVICES) };
        format!(
            "\
# Written by `vgpu install --daemon`, removed by `vgpu uninstall`. `systemctl edit {SERVICE}` is for what you want otherwise.
[Unit]
Description=GPU for the programs and VMs of this machine
Documentation=man:vgpud(1)
# Whoever comes before the daemon waits at its socket.
Requires={SOCKET}
After={SOCKET}
RequiresMountsFor={prefix}
{modules}{before}\
# A daemon that cannot start says so ten times, not for ever.
StartLimitIntervalSec=30
StartLimitBurst=10

[Service]
Type=notify
ExecStart={prefix}/current/bin/vgpud{config}
Sockets={sockets}
Environment=VGPU_LOG=warn
Restart=on-failure
RestartSec=250ms
# What VMs have of the daemon outlives its restart, in systemd's keeping. After a stop it goes: a VM would hang on a daemon that
# nobody starts again.
FileDescriptorStoreMax=1024
# The daemon ends its executors; those that it could not are killed.
KillMode=mixed
TimeoutStopSec=10
# An executor that the kernel kills for want of memory is one program's loss.
OOMPolicy=continue
# Each program has an executor, with a thread for each processor and some descriptors.
TasksMax=infinity
LimitNOFILE=65536

# It gets its doors from systemd and needs nothing of the machine but processors, memory and GPUs. /run/vgpu is the sockets', so there
# is no RuntimeDirectory=, which would go with the service. Other users' processes stay visible: nvidia-smi shows their names.
DynamicUser=yes
User=vgpud
CapabilityBoundingSet=
UMask=0077
{devices}\
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes
SystemCallArchitectures=native
"
        )
    }

    fn socket(&self) -> String {
        let door = door("guests", self.socket_mode.unwrap_or(SOCKET_MODE), self.socket_owner.as_ref());
        format!(
            "\
# Written by `vgpu install --daemon`, removed by `vgpu uninstall`.
[Unit]
Description=Socket of vgpud for the programs of this machine
Documentation=man:vgpud(1)

[Socket]
ListenSequentialPacket={DEFAULT_SOCKET}
{door}"
        )
    }

    fn vm_socket(&self) -> String {
        let listen: String = self.vfio_user.iter().map(|path| format!("ListenStream={path}\n")).collect();
        let door = door("vm", self.vfio_user_mode.unwrap_or(VM_SOCKET_MODE), self.vfio_user_owner.as_ref());
        let before = before_vms();
        format!(
            "\
# Written by `vgpu install --daemon`, removed by `vgpu uninstall`.
[Unit]
Description=Sockets of vgpud for the VMs of this machine
Documentation=man:vgpud(1)
{before}
[Socket]
# One VM each.
{listen}\
Service={SERVICE}
{door}"
        )
    }
}

/// Whom the socket of this machine's programs lets in.
#[derive(Debug, PartialEq)]
pub(in crate::install) enum Admitted<'a> {
    Everybody,
    Group(&'a str),
    /// Its owner, with no group but root's.
    Owner,
}

/// Whom a unit of ours has the socket let in.
pub(in crate::install) fn admitted(unit: &str) -> Admitted<'_> {
    let value = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let mode: Mode = value("SocketMode").and_then(|mode| mode.parse().ok()).unwrap_or(SOCKET_MODE);
    match value("SocketGroup") {
        _ if mode.0 & 0o002 != 0 => Admitted::Everybody,
        Some(group) if mode.0 & 0o020 != 0 && group != "root" => Admitted::Group(group),
        _ => Admitted::Owner,
    }
}

/// Those who start VMs at boot, libvirt's and Proxmox'.
fn before_vms() -> String {
    "\
# VMs are started after it, and shut down before it ends.
Before=libvirtd.service virtqemud.service libvirt-guests.service pve-guests.service
"
    .to_owned()
}

fn door(name: &str, mode: Mode, owner: Option<&Owner>) -> String {
    let user = owner.map_or(String::new(), |owner| format!("SocketUser={}\n", owner.user));
    let group = owner.and_then(|owner| owner.group.as_ref());
    let group = group.map_or(String::new(), |group| format!("SocketGroup={group}\n"));
    format!(
        "\
FileDescriptorName={name}
SocketMode={mode}
{user}{group}\
# No door of a daemon that is gone is left behind.
RemoveOnStop=yes

[Install]
WantedBy=sockets.target
"
    )
}
