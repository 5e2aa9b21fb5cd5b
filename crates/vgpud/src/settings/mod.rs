//! What the daemon was told: defaults, then the configuration file, then environment and flags.
//!
//! [`values`] are what an option can say, [`value`] is what that takes.

mod value;
mod values;

pub(crate) use values::{Bytes, Capability, Choice, Completions, Mode, Owner, Schedule};

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use serde::Deserialize;
use vgpu_core::pci::directory::Directory;

use crate::cli::{DeviceOptions, FunctionOptions, ServeOptions};
use crate::door::Access;
use crate::host;

/// As many GPUs as the largest machines have.
const DEVICES_MAX: u32 = 16;
/// Guests show once a second that they live, and a beat may be late.
const GUEST_TIMEOUT_MIN_S: u64 = 3;

/// The configuration file's keys: those of the flags.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct File {
    socket: Option<PathBuf>,
    no_socket: bool,
    socket_mode: Option<Mode>,
    socket_owner: Option<Owner>,
    max_guests: Option<u32>,
    vfio_user: Vec<PathBuf>,
    vfio_user_mode: Option<Mode>,
    vfio_user_owner: Option<Owner>,
    bar_size: Option<Bytes>,
    channels: Option<u32>,
    guest_timeout: Option<u64>,
    module_cache: Option<Bytes>,
    device: Option<Choice>,
    driver_library: Option<PathBuf>,
    cublas_library: Option<PathBuf>,
    nvml_library: Option<PathBuf>,
    completions: Option<Completions>,
    devices: Option<u32>,
    device_memory: Option<Bytes>,
    pinned_memory: Option<Bytes>,
    compute_capability: Option<Capability>,
    threads: Option<u32>,
    schedule: Option<Schedule>,
    racecheck: Option<bool>,
    launch_timeout: Option<u64>,
    multiprocessors: Option<u32>,
}

impl File {
    fn read(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("in {}", path.display()))
    }
}

/// The device's settings, complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeviceSettings {
    /// What executes.
    pub(crate) device: Choice,
    /// The driver's libcuda, where it is not to be looked for.
    pub(crate) driver_library: Option<PathBuf>,
    /// Its libcublas, likewise.
    pub(crate) cublas_library: Option<PathBuf>,
    /// Its libnvidia-ml, likewise.
    pub(crate) nvml_library: Option<PathBuf>,
    /// The driver is our own, on a software GPU.
    pub(crate) nested: bool,
    /// How a driver's GPU says that work is done.
    pub(crate) completions: Completions,
    /// How many software GPUs there are.
    pub(crate) devices: u32,
    /// Memory of each device, for all guests together; as much as it has, when nobody says.
    pub(crate) memory_bytes: Option<u64>,
    /// Pinned heap of each guest.
    pub(crate) pinned_bytes: u64,
    /// Compute capability.
    pub(crate) capability: Capability,
    /// Worker threads of each executor.
    pub(crate) threads: u32,
    /// Order of warps.
    pub(crate) schedule: Schedule,
    /// Check for races in shared memory.
    pub(crate) racecheck: bool,
    /// Longest kernel.
    pub(crate) launch_timeout: Option<Duration>,
    /// Reported multiprocessors.
    pub(crate) multiprocessors: u32,
}

impl DeviceSettings {
    /// Completes options by their file and the defaults.
    ///
    /// # Errors
    /// When the file cannot be read, or a value makes no sense.
    pub(crate) fn new(options: &DeviceOptions) -> Result<Self> {
        Self::merge(options, &File::read(options.config.as_deref())?)
    }

    fn merge(options: &DeviceOptions, file: &File) -> Result<Self> {
        let processors = || std::thread::available_parallelism().map_or(1, |count| count.get() as u32);
        let Bytes(pinned_bytes) = options.pinned_memory.or(file.pinned_memory).unwrap_or(Bytes(16 << 30));
        let settings = Self {
            device: options.device.or(file.device).unwrap_or_default(),
            driver_library: options.driver_library.clone().or(file.driver_library.clone()),
            cublas_library: options.cublas_library.clone().or(file.cublas_library.clone()),
            nvml_library: options.nvml_library.clone().or(file.nvml_library.clone()),
            nested: options.nested.unwrap_or(false),
            completions: options.completions.or(file.completions).unwrap_or_default(),
            devices: options.devices.or(file.devices).unwrap_or(1),
            memory_bytes: options.device_memory.or(file.device_memory).map(|Bytes(bytes)| bytes),
            pinned_bytes: pinned_bytes.next_multiple_of(4096),
            capability: options.compute_capability.or(file.compute_capability).unwrap_or(Capability(7, 5)),
            threads: options.threads.or(file.threads).unwrap_or_else(processors),
            schedule: options.schedule.or(file.schedule).unwrap_or_default(),
            racecheck: options.racecheck.or(file.racecheck).unwrap_or(false),
            launch_timeout: options.launch_timeout.or(file.launch_timeout).map(Duration::from_secs),
            multiprocessors: options.multiprocessors.or(file.multiprocessors).unwrap_or(8),
        };
        ensure!(
            (1..=DEVICES_MAX).contains(&settings.devices),
            "devices: between 1 and {DEVICES_MAX}, not {}",
            settings.devices
        );
        ensure!((1..=1024).contains(&settings.threads), "threads: between 1 and 1024, not {}", settings.threads);
        ensure!(
            settings.memory_bytes.is_none_or(|bytes| (1 << 20..=1 << 40).contains(&bytes)),
            "device-memory: between 1MiB and 1TiB, not {} bytes",
            settings.memory_bytes.unwrap_or_default()
        );
        ensure!(
            (1 << 20..=1 << 40).contains(&settings.pinned_bytes),
            "pinned-memory: between 1MiB and 1TiB, not {} bytes",
            settings.pinned_bytes
        );
        ensure!(
            (1..=1024).contains(&settings.multiprocessors),
            "multiprocessors: between 1 and 1024, not {}",
            settings.multiprocessors
        );
        Ok(settings)
    }

    /// Memory of each software GPU, as far as this machine has it.
    pub(crate) fn soft_memory_bytes(&self) -> u64 {
        match self.memory_bytes {
            Some(asked_bytes) => host::at_most_there_is(asked_bytes, self.devices),
            None => host::default_memory(self.devices),
        }
    }

    /// Flags that give an executor the same settings.
    pub(crate) fn to_flags(&self) -> Vec<String> {
        let mut flags = vec![
            format!("--device={}", self.device),
            format!("--nested={}", self.nested),
            format!("--completions={}", self.completions),
            format!("--devices={}", self.devices),
            format!("--pinned-memory={}", self.pinned_bytes),
            format!("--compute-capability={}", self.capability),
            format!("--threads={}", self.threads),
            format!("--schedule={}", self.schedule),
            format!("--racecheck={}", self.racecheck),
            format!("--multiprocessors={}", self.multiprocessors),
        ];
        flags.extend(self.memory_bytes.map(|bytes| format!("--device-memory={bytes}")));
        flags.extend(self.driver_library.iter().map(|path| format!("--driver-library={}", path.display())));
        flags.extend(self.cublas_library.iter().map(|path| format!("--cublas-library={}", path.display())));
        flags.extend(self.nvml_library.iter().map(|path| format!("--nvml-library={}", path.display())));
        flags.extend(self.launch_timeout.map(|timeout| format!("--launch-timeout={}", timeout.as_secs())));
        flags
    }
}

/// The settings of PCI functions, complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FunctionSettings {
    /// Length of each function's memory, BAR1.
    pub(crate) bar_bytes: u64,
    /// Channels of each.
    pub(crate) channels: u32,
    /// Silence after which a guest may be taken for dead.
    pub(crate) guest_timeout: Duration,
}

impl FunctionSettings {
    fn merge(options: &FunctionOptions, file: &File) -> Result<Self> {
        let Bytes(bar_bytes) = options.bar_size.or(file.bar_size).unwrap_or(Bytes(1 << 30));
        let channels = options.channels.or(file.channels).unwrap_or(8);
        let timeout_s = options.guest_timeout.or(file.guest_timeout).unwrap_or(60);
        ensure!(
            bar_bytes.is_power_of_two() && (256 << 20..=16 << 30).contains(&bar_bytes),
            "bar-size: a power of two between 256MiB and 16GiB, not {bar_bytes} bytes"
        );
        ensure!(
            (GUEST_TIMEOUT_MIN_S..=86_400).contains(&timeout_s),
            "guest-timeout: between {GUEST_TIMEOUT_MIN_S} (guests show once a second that they live) and 86400 seconds, not \
             {timeout_s}"
        );
        Directory::new(bar_bytes, channels, 0)
            .map_err(|error| anyhow!("bar-size of {bar_bytes} bytes with {channels} channels: {error}"))?;
        Ok(Self { bar_bytes, channels, guest_timeout: Duration::from_secs(timeout_s) })
    }
}

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
    fn merge(options: &ServeOptions, file: &File) -> Self {
        let mode = options.socket_mode.or(file.socket_mode).unwrap_or(Mode(0o600));
        let owner = options.socket_owner.clone().or(file.socket_owner.clone()).unwrap_or_default();
        let of_functions = &options.functions;
        let function_mode = of_functions.vfio_user_mode.or(file.vfio_user_mode).unwrap_or(mode);
        let function_owner = of_functions.vfio_user_owner.clone().or(file.vfio_user_owner.clone());
        let guests = match options.socket.clone().or(file.socket.clone()) {
            _ if options.no_socket || (file.no_socket && options.socket.is_none()) => GuestSocket::Nowhere,
            Some(path) => GuestSocket::At(path),
            None => GuestSocket::Usual,
        };
        let functions = if of_functions.vfio_user.is_empty() { &file.vfio_user } else { &of_functions.vfio_user };
        Self {
            guests,
            functions: functions.clone(),
            function_access: Access { mode: function_mode, owner: function_owner.unwrap_or_else(|| owner.clone()) },
            guest_access: Access { mode, owner },
        }
    }
}

/// The daemon's settings, complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServeSettings {
    /// The doors.
    pub(crate) doors: DoorSettings,
    /// Guests at a time.
    pub(crate) max_guests: u32,
    /// PCI functions for VMs.
    pub(crate) functions: FunctionSettings,
    /// Size of all images that are kept; 0 for none.
    pub(crate) module_cache_bytes: u64,
    /// The device.
    pub(crate) device: DeviceSettings,
}

impl ServeSettings {
    /// Completes options by their file and the defaults.
    ///
    /// # Errors
    /// When the file cannot be read, or a value makes no sense.
    pub(crate) fn new(options: &ServeOptions) -> Result<Self> {
        Self::merge(options, &File::read(options.device.config.as_deref())?)
    }

    fn merge(options: &ServeOptions, file: &File) -> Result<Self> {
        let max_guests = options.max_guests.or(file.max_guests).unwrap_or(64);
        ensure!((1..=1024).contains(&max_guests), "max-guests: between 1 and 1024, not {max_guests}");
        let functions = FunctionSettings::merge(&options.functions, file)?;
        let device = DeviceSettings::merge(&options.device, file)?;
        let Bytes(module_cache_bytes) = options.module_cache.or(file.module_cache).unwrap_or(Bytes(0));
        Ok(Self { doors: DoorSettings::merge(options, file), module_cache_bytes, max_guests, functions, device })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{EXECUTOR, ExecutorCli};
    use clap::Parser;
    use vgpu_driver::Signals;

    #[test]
    fn a_flag_overrides_the_file_which_overrides_the_default() {
        let file: File = toml::from_str("device-memory = \"3GiB\"\nmultiprocessors = 5").expect("a sound file");
        let options = DeviceOptions { multiprocessors: Some(7), ..Default::default() };
        let settings = DeviceSettings::merge(&options, &file).expect("sound settings");
        assert_eq!((settings.memory_bytes, settings.multiprocessors), (Some(3 << 30), 7));
        assert_eq!(settings.capability, Capability(7, 5));
    }

    #[test]
    fn unknown_keys_and_bad_values_of_a_file_are_errors() {
        for text in ["device-ram = 1", "device-memory = \"x\"", "threads = -1", "schedule = \"any\""] {
            assert!(toml::from_str::<File>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_executor_gets_the_same_settings() {
        let options = DeviceOptions {
            racecheck: Some(true),
            launch_timeout: Some(9),
            compute_capability: Some(Capability(8, 0)),
            schedule: Some(Schedule::ToBarrier),
            devices: Some(3),
            device: Some(Choice::Driver(Some(1))),
            driver_library: Some("/d".into()),
            cublas_library: Some("/b".into()),
            nvml_library: Some("/n".into()),
            nested: Some(true),
            completions: Some(Completions(Signals::Words)),
            ..Default::default()
        };
        let settings = DeviceSettings::new(&options).expect("sound settings");
        let flags = [EXECUTOR, "--socket-fd=3"].map(String::from).into_iter().chain(settings.to_flags());
        let executor = ExecutorCli::try_parse_from(flags).expect("sound flags");
        assert_eq!(DeviceSettings::new(&executor.options.device).expect("sound settings"), settings);
    }

    #[test]
    fn functions_come_from_flags_or_the_file() {
        let text = "vfio-user = [\"/run/a\"]\nno-socket = true\nbar-size = \"512MiB\"\nchannels = 2\nguest-timeout = 5";
        let file: File = toml::from_str(text).expect("a sound file");
        let settings = ServeSettings::merge(&ServeOptions::default(), &file).expect("sound settings");
        assert_eq!(settings.doors.guests, GuestSocket::Nowhere);
        assert_eq!(settings.doors.functions, [PathBuf::from("/run/a")]);
        assert_eq!((settings.functions.bar_bytes, settings.functions.channels), (512 << 20, 2));
        assert_eq!(settings.functions.guest_timeout, Duration::from_secs(5));
        let options = ServeOptions {
            socket: Some("/s".into()),
            functions: FunctionOptions { vfio_user: vec!["/b".into()], ..Default::default() },
            ..Default::default()
        };
        let settings = ServeSettings::merge(&options, &file).expect("sound settings");
        assert_eq!(settings.doors.guests, GuestSocket::At("/s".into()), "a flag asks for what the file goes without");
        assert_eq!(settings.doors.functions, [PathBuf::from("/b")]);
    }

    #[test]
    fn functions_that_cannot_be_are_refused() {
        for text in
            ["bar-size = \"300MiB\"", "bar-size = \"32GiB\"", "channels = 0", "channels = 128", "guest-timeout = 2"]
        {
            let file = toml::from_str(text).expect("a sound file");
            assert!(ServeSettings::merge(&ServeOptions::default(), &file).is_err(), "{text}");
        }
    }

    #[test]
    fn sockets_of_vms_are_as_the_other_one_unless_told_otherwise() {
        let file: File = toml::from_str("socket-mode = \"0660\"\nsocket-owner = \":vgpu\"").expect("a sound file");
        let doors = DoorSettings::merge(&ServeOptions::default(), &file);
        assert_eq!((doors.guest_access.mode, doors.guest_access.owner.group.as_deref()), (Mode(0o660), Some("vgpu")));
        assert_eq!(doors.function_access, doors.guest_access);
        let file: File = toml::from_str("vfio-user-mode = \"0600\"\nvfio-user-owner = \"qemu\"").expect("a sound file");
        let doors = DoorSettings::merge(&ServeOptions { socket_mode: Some(Mode(0o666)), ..Default::default() }, &file);
        assert_eq!((doors.guest_access.mode, doors.function_access.mode), (Mode(0o666), Mode(0o600)));
        assert_eq!(doors.guest_access.owner, Owner::default());
        assert_eq!(doors.function_access.owner.user.as_deref(), Some("qemu"));
    }

    #[test]
    fn absurd_values_are_refused() {
        let too_many = DeviceOptions { threads: Some(0), ..Default::default() };
        assert!(DeviceSettings::new(&too_many).is_err());
        let too_small = DeviceOptions { device_memory: Some(Bytes(1)), ..Default::default() };
        assert!(DeviceSettings::new(&too_small).is_err());
        for devices in [0, 17] {
            assert!(DeviceSettings::new(&DeviceOptions { devices: Some(devices), ..Default::default() }).is_err());
        }
    }
}
