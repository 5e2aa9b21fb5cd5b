//! Which doors there shall be: what the options of programs' sockets and of VMs' say together.

use std::path::PathBuf;

use super::{FunctionSettings, GuestSettings};
use crate::door::Access;

/// Where the programs of this machine come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GuestSocket {
    /// Where systemd listens for them, else at the usual place.
    Usual,
    /// Here, and where systemd listens for them.
    At(PathBuf),
    /// Nowhere: VMs only.
    Nowhere,
}

/// Which doors there shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DoorSettings {
    /// For programs of this machine.
    pub(crate) guests: GuestSocket,
    /// Who may open that one.
    pub(crate) guest_access: Access,
    /// Where VMs connect, one at each.
    pub(crate) functions: Vec<PathBuf>,
    /// Who may open those.
    pub(crate) function_access: Access,
}

impl DoorSettings {
    /// VMs' sockets are as the other one, where nothing else is said of them.
    pub(super) fn new(guests: &GuestSettings, functions: &FunctionSettings) -> Self {
        let guest_access = Access { mode: guests.socket_mode, owner: guests.socket_owner.clone() };
        let function_access = Access {
            mode: functions.vfio_user_mode.unwrap_or(guest_access.mode),
            owner: functions.vfio_user_owner.clone().unwrap_or_else(|| guest_access.owner.clone()),
        };
        let guests = match &guests.socket {
            _ if guests.no_socket => GuestSocket::Nowhere,
            Some(path) => GuestSocket::At(path.clone()),
            None => GuestSocket::Usual,
        };
        Self { guests, guest_access, functions: functions.vfio_user.clone(), function_access }
    }
}
