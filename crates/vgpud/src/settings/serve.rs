//! All settings of serving, complete.

use anyhow::{Result, anyhow};
use vgpu_core::pci::directory::Directory;

use super::options::File;
use super::values::Bytes;
use super::{CacheSettings, DeviceSettings, DoorSettings, FunctionSettings, GuestSettings, file};
use crate::cli::ServeOptions;

/// The daemon's settings, complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServeSettings {
    /// How the programs of this machine come in.
    pub(crate) guests: GuestSettings,
    /// PCI functions for VMs.
    pub(crate) functions: FunctionSettings,
    /// What is kept of guests.
    pub(crate) cache: CacheSettings,
    /// The device.
    pub(crate) device: DeviceSettings,
}

impl ServeSettings {
    /// Completes options by their file and the defaults.
    ///
    /// # Errors
    /// When the file cannot be read, or a value makes no sense.
    pub(crate) fn new(options: &ServeOptions) -> Result<Self> {
        Self::merge(options, file::read(options.device.config.as_deref())?)
    }

    pub(super) fn merge(options: &ServeOptions, file: File) -> Result<Self> {
        // A flag asks for what the file goes without.
        let file = File { no_socket: file.no_socket && options.guests.socket.is_none(), ..file };
        let settings = Self {
            guests: GuestSettings::complete(&options.guests, &file)?,
            functions: FunctionSettings::complete(&options.functions, &file)?,
            cache: CacheSettings::complete(&options.cache, &file)?,
            device: DeviceSettings::complete(&options.device.options, &file)?,
        };
        let FunctionSettings { bar_size: Bytes(bar_bytes), channels, .. } = settings.functions;
        Directory::new(bar_bytes, channels, 0)
            .map_err(|error| anyhow!("bar-size of {bar_bytes} bytes with {channels} channels: {error}"))?;
        Ok(settings)
    }

    /// Which doors there shall be.
    pub(crate) fn doors(&self) -> DoorSettings {
        DoorSettings::new(&self.guests, &self.functions)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::settings::{FunctionOptions, GuestOptions, GuestSocket, Mode, Owner, Seconds};

    fn from_file(text: &str) -> Result<ServeSettings> {
        merged(ServeOptions::default(), text)
    }

    fn merged(options: ServeOptions, text: &str) -> Result<ServeSettings> {
        ServeSettings::merge(&options, toml::from_str(text).expect("a sound file"))
    }

    #[test]
    fn functions_come_from_flags_or_the_file() {
        let text = "vfio-user = [\"/run/a\"]\nno-socket = true\nbar-size = \"512MiB\"\nchannels = 2\nguest-timeout = 5";
        let settings = from_file(text).expect("sound settings");
        assert_eq!(settings.doors().guests, GuestSocket::Nowhere);
        assert_eq!(settings.doors().functions, [PathBuf::from("/run/a")]);
        assert_eq!((settings.functions.bar_size, settings.functions.channels), (Bytes(512 << 20), 2));
        assert_eq!(settings.functions.guest_timeout, Seconds(5));
        let options = ServeOptions {
            guests: GuestOptions { socket: Some("/s".into()), ..Default::default() },
            functions: FunctionOptions { vfio_user: vec!["/b".into()], ..Default::default() },
            ..Default::default()
        };
        let doors = merged(options, text).expect("sound settings").doors();
        assert_eq!(doors.guests, GuestSocket::At("/s".into()), "a flag asks for what the file goes without");
        assert_eq!(doors.functions, [PathBuf::from("/b")]);
    }

    #[test]
    fn a_socket_and_none_in_one_file_are_none() {
        let doors = from_file("socket = \"/s\"\nno-socket = true").expect("sound settings").doors();
        assert_eq!(doors.guests, GuestSocket::Nowhere);
    }

    #[test]
    fn functions_that_cannot_be_are_refused() {
        for text in
            ["bar-size = \"300MiB\"", "bar-size = \"32GiB\"", "channels = 0", "channels = 128", "guest-timeout = 2"]
        {
            assert!(from_file(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sockets_of_vms_are_as_the_other_one_unless_told_otherwise() {
        let doors = from_file("socket-mode = \"0660\"\nsocket-owner = \":vgpu\"").expect("sound settings").doors();
        assert_eq!((doors.guest_access.mode, doors.guest_access.owner.group.as_deref()), (Mode(0o660), Some("vgpu")));
        assert_eq!(doors.function_access, doors.guest_access);
        let options = ServeOptions {
            guests: GuestOptions { socket_mode: Some(Mode(0o666)), ..Default::default() },
            ..Default::default()
        };
        let doors = merged(options, "vfio-user-mode = \"0600\"\nvfio-user-owner = \"qemu\"").expect("sound settings");
        let doors = doors.doors();
        assert_eq!((doors.guest_access.mode, doors.function_access.mode), (Mode(0o666), Mode(0o600)));
        assert_eq!(doors.guest_access.owner, Owner::default());
        assert_eq!(doors.function_access.owner.user.as_deref(), Some("qemu"));
    }
}
