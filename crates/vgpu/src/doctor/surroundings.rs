//! How a device that cannot be reached is mended from where doctor runs: by way of its PCI function in a VM, by way of the
//! daemon on a host.

use std::path::Path;

use vgpu_core::transport::{DEFAULT_SOCKET, SELECTION_VARIABLE};

use super::selection::{Chosen, functions};
use crate::machine::Machine;
use crate::unit::Unit;

const DAEMON: &str = "vgpud.service";

/// Where the device should come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Surroundings {
    /// This VM has a function of ours, by its address, or is told to use one.
    Function(String),
    /// A VM without one.
    VirtualMachine,
    /// A host, or what cannot be told from one; with the daemon's service, if it has one.
    Host { socket: String, has_service: bool },
}

impl Surroundings {
    pub(super) fn of(machine: &Machine, chosen: &Chosen) -> Self {
        let first = |address: Option<&str>| functions(machine, address).into_iter().next().map(|found| found.address);
        let has_service = Unit::read(machine, DAEMON).is_ok_and(|unit| unit.is_some_and(|unit| !unit.is_masked));
        let host = |socket: &Path| Self::Host { socket: socket.display().to_string(), has_service };
        match chosen {
            Chosen::Function(address) => match first(address.as_deref()).or_else(|| address.clone()) {
                Some(address) => Self::Function(address),
                None => Self::VirtualMachine,
            },
            Chosen::Socket(path) => host(path),
            Chosen::Default => match first(None) {
                Some(address) => Self::Function(address),
                None if !has_service && is_virtual(machine) => Self::VirtualMachine,
                None => host(Path::new(DEFAULT_SOCKET)),
            },
            Chosen::Embedded | Chosen::Unknown(_) => host(Path::new(DEFAULT_SOCKET)),
        }
    }

    /// What to do where the device is not reached, as an order.
    pub(super) fn fix(&self) -> String {
        match self {
            Self::Function(address) => format!(
                "see on the VM's host that the VM is not paused and that its vgpud runs; if PCI function {address} stays \
                 silent, unplug and plug it, or power the VM off and start it anew (a reset is not enough)"
            ),
            Self::VirtualMachine => {
                "give this VM a vgpu function on its host, and `vgpu install --vm` in here; or, for a \
                daemon in here, start vgpud (`vgpu install --daemon` makes it a service)"
                    .to_owned()
            }
            Self::Host { has_service: true, .. } => format!(
                "`systemctl restart {DAEMON}` (`journalctl -u {DAEMON}` says why it ended), or set {SELECTION_VARIABLE} to \
                 another device (`embedded` needs no daemon)"
            ),
            Self::Host { socket, .. } => format!(
                "start `vgpud --socket {socket}` (`vgpu install --daemon` makes it a service), or set {SELECTION_VARIABLE} to \
                 where it listens (`embedded` needs no daemon)"
            ),
        }
    }

    /// How both sides get the same version, as an order.
    pub(super) fn fix_version(&self) -> String {
        match self {
            Self::Function(_) | Self::VirtualMachine => {
                "use one build of vgpu on both sides: install on this VM the build \
                of the host's vgpud, or upgrade vgpud on the host and start it anew"
                    .to_owned()
            }
            Self::Host { has_service: true, .. } => format!(
                "use one build of vgpu on both sides: if the libraries are the newer ones, `systemctl restart {DAEMON}`; else \
                 restart the program, so that it loads those that are installed"
            ),
            Self::Host { .. } => {
                "use one build of vgpu on both sides: stop that vgpud and start the one that came with \
                these libraries, or install the libraries that came with it"
                    .to_owned()
            }
        }
    }
}

/// Whether a hypervisor says so.
fn is_virtual(machine: &Machine) -> bool {
    let processors = machine.read(Path::new("/proc/cpuinfo")).ok().flatten().unwrap_or_default();
    let flags = processors.lines().find(|line| line.starts_with("flags"));
    flags.is_some_and(|flags| flags.split_whitespace().any(|flag| flag == "hypervisor"))
}
