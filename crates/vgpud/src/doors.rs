//! All the ways in: those that systemd passed, and those that are opened here.

use std::path::Path;

use anyhow::{Result, bail};
use rustix::net::SocketType;
use vgpu_core::transport::DEFAULT_SOCKET;

use crate::door::{Access, Door};
use crate::settings::{DoorSettings, GuestSocket};
use crate::systemd::PassedSocket;

/// Every door, before anybody is let in.
#[derive(Debug)]
pub(crate) struct Doors {
    /// For programs of this machine.
    pub(crate) guests: Vec<Door>,
    /// For VMs, one at each.
    pub(crate) functions: Vec<Door>,
}

impl Doors {
    /// Opens what the settings ask for and systemd has not opened. One that cannot be had is an error, so that a daemon
    /// that cannot serve them all serves nobody.
    ///
    /// # Errors
    /// When a door cannot be had, or nobody could come in.
    pub(crate) fn open(settings: &DoorSettings, passed: Vec<PassedSocket>) -> Result<Self> {
        let mut doors = Self { guests: Vec::new(), functions: Vec::new() };
        for socket in passed {
            match socket.kind {
                SocketType::STREAM => doors.functions.push(Door::passed(socket)),
                _ => doors.guests.push(Door::passed(socket)),
            }
        }
        for path in &settings.functions {
            add(&mut doors.functions, path, &settings.function_access, SocketType::STREAM)?;
        }
        match &settings.guests {
            GuestSocket::At(path) => add(&mut doors.guests, path, &settings.guest_access, SocketType::SEQPACKET)?,
            GuestSocket::Usual if doors.guests.is_empty() => {
                add(&mut doors.guests, DEFAULT_SOCKET.as_ref(), &settings.guest_access, SocketType::SEQPACKET)?;
            }
            GuestSocket::Usual => {}
            GuestSocket::Nowhere => {
                if let Some(door) = doors.guests.first() {
                    bail!(
                        "no-socket: but systemd listens for programs on {}, who would wait there for ever; \
                         stop that .socket unit or leave no-socket out",
                        door.path().display()
                    );
                }
                if doors.functions.is_empty() {
                    bail!("no-socket: without vfio-user, nobody could come");
                }
            }
        }
        Ok(doors)
    }

    /// Who is served where, in a sentence.
    pub(crate) fn describe(&self) -> String {
        let list = |doors: &[Door]| {
            let paths: Vec<_> = doors.iter().map(|door| door.path().display().to_string()).collect();
            paths.join(", ")
        };
        match (&self.guests[..], &self.functions[..]) {
            (guests, []) => format!("serving programs on {}", list(guests)),
            ([], functions) => format!("serving VMs on {}", list(functions)),
            (guests, functions) => format!("serving programs on {}, VMs on {}", list(guests), list(functions)),
        }
    }
}

/// Opens a door, unless it is open.
fn add(doors: &mut Vec<Door>, path: &Path, access: &Access, kind: SocketType) -> Result<()> {
    if doors.iter().any(|door| door.is_at(path)) {
        log::debug!("systemd listens on {} already", path.display());
    } else {
        doors.push(Door::open(path, access, kind)?);
    }
    Ok(())
}
