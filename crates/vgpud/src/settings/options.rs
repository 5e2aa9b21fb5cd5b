//! All options, a row each, in the order of the help. See [`table`](super::table) for what is made of a row.

use std::path::PathBuf;

use super::checks::{between, power_of_two_between, several_beats};
use super::table::{options, setting};
use super::values::{Bytes, Capability, Choice, Completions, Mode, Owner, Schedule, Seconds};

/// As many GPUs as the largest machines have.
const DEVICES_MAX: u32 = 16;
const MIB: Bytes = Bytes(1 << 20);
const GIB: Bytes = Bytes(1 << 30);
const TIB: Bytes = Bytes(1 << 40);

fn processors() -> u32 {
    std::thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX))
}

options! {
    /// How the programs of this machine come in, and how many guests there may be.
    GuestOptions => GuestSettings {
        /// Where to listen [default: /run/vgpu/vgpud.sock]
        #[arg(value_name = "PATH")]
        socket: Option<PathBuf>;
        /// Do not listen for programs of this machine, only for VMs
        #[arg(conflicts_with = "socket")]
        no_socket: bool;
        /// Permissions of the sockets, octal [default: 0600]
        #[arg(value_name = "MODE")]
        socket_mode: Option<Mode>, else Mode(0o600);
        /// Whom the sockets belong to: USER, USER:GROUP or :GROUP [default: whoever runs vgpud]
        #[arg(value_name = "OWNER")]
        socket_owner: Option<Owner>, else Owner::default();
        /// Guests at a time, those in VMs included [default: 64]
        #[arg(value_name = "N")]
        max_guests: Option<u32>, else 64, check between(1, 1024);
    }

    /// PCI functions for VMs.
    FunctionOptions => FunctionSettings {
        /// Offer a PCI function over vfio-user on this socket, to one VM at a time; may be given several times
        #[arg(value_name = "PATH")]
        vfio_user: Vec<PathBuf>;
        /// Permissions of these sockets, where they shall not be as --socket-mode says
        #[arg(value_name = "MODE")]
        vfio_user_mode: Option<Mode>;
        /// Whom these sockets belong to, where not to --socket-owner: the user that the VMs run as
        #[arg(value_name = "OWNER")]
        vfio_user_owner: Option<Owner>;
        /// Memory that a function shares with its VM, a power of two from 256MiB to 16GiB [default: 1GiB]
        #[arg(value_name = "SIZE")]
        bar_size: Option<Bytes>, else GIB, check power_of_two_between(Bytes(256 << 20), Bytes(16 << 30));
        /// Programs that can use a function at a time; they share its memory evenly [default: 8]
        #[arg(value_name = "N")]
        channels: Option<u32>, else 8;
        /// Take a program in a VM for dead after so many seconds of silence, while other programs of the VM show life or others
        /// need what it holds: a VM that is silent as a whole may be paused [default: 60]
        #[arg(value_name = "SECONDS")]
        guest_timeout: Option<Seconds>, else Seconds(60), check several_beats;
    }

    /// What is kept of guests.
    CacheOptions => CacheSettings {
        /// Keep images of guests for the next process that loads them, up to this size [default: 0, off]
        #[arg(value_name = "SIZE")]
        module_cache: Option<Bytes>, else Bytes(0);
    }

    /// The device.
    DeviceOptions => DeviceSettings {
        /// What executes: soft (the software GPU), driver (the GPUs of this machine's NVIDIA driver), driver:NUMBER (one of them) or
        /// auto (those, if there are any; else the software GPU) [default: auto]
        #[arg(env = "VGPU_DEVICE", value_name = "DEVICE")]
        device: Option<Choice>, else Choice::Auto;
        /// The driver's libcuda.so.1, where it is not to be looked for
        #[arg(env = "VGPU_DRIVER_LIBRARY", value_name = "FILE")]
        driver_library: Option<PathBuf>;
        /// The libcublas.so.12 or libcublas.so.13 that computes products on the driver's GPUs, where it is not to be looked for
        #[arg(env = "VGPU_CUBLAS_LIBRARY", value_name = "FILE")]
        cublas_library: Option<PathBuf>;
        /// The driver's libnvidia-ml.so.1, which knows clocks, temperatures and power, where it is not to be looked for
        #[arg(env = "VGPU_NVML_LIBRARY", value_name = "FILE")]
        nvml_library: Option<PathBuf>;
        /// Take vgpu's own libcuda for the driver, on a software GPU of these settings: for tests where there is no GPU
        #[arg(env = "VGPU_NESTED", value_name = "BOOL", num_args = 0..=1, default_missing_value = "1", hide = true,
            value_parser = clap::builder::BoolishValueParser::new())]
        #[serde(skip)]
        nested: Option<bool>, else false;
        /// How a driver's GPU says that work is done: words, which it writes into the guest's window by itself where it can, or
        /// events, which are asked for; auto is words without a warning where it has to be events [default: auto]
        #[arg(env = "VGPU_COMPLETIONS", value_name = "HOW", hide = true)]
        completions: Option<Completions>, else Completions::default();
        /// Software GPUs, all alike [default: 1]
        #[arg(env = "VGPU_DEVICES", value_name = "N")]
        devices: Option<u32>, else 1, check between(1, DEVICES_MAX);
        /// Memory of each device, shared by all guests [default: 8GiB of a software GPU, or what this machine has; all of a driver's
        /// GPU]
        #[arg(env = "VGPU_DEVICE_MEMORY", value_name = "SIZE")]
        device_memory: Option<Bytes>, check between(MIB, TIB);
        /// Pinned host memory that one guest may hold [default: 16GiB]
        #[arg(env = "VGPU_PINNED_MEMORY", value_name = "SIZE")]
        pinned_memory: Option<Bytes>, else Bytes(16 << 30), check between(MIB, TIB);
        /// Compute capability of the software GPU [default: 7.5]
        #[arg(env = "VGPU_COMPUTE_CAPABILITY", value_name = "MAJOR.MINOR")]
        compute_capability: Option<Capability>, else Capability(7, 5);
        /// Threads that run kernels, per guest [default: one per processor]
        #[arg(env = "VGPU_THREADS", value_name = "N")]
        threads: Option<u32>, else processors(), check between(1, 1024);
        /// Order of a block's warps: interleaved, or to-barrier (faster, and the harshest that a program may meet)
        #[arg(env = "VGPU_SCHEDULE", value_name = "ORDER")]
        schedule: Option<Schedule>, else Schedule::Interleaved;
        /// Check kernels for races, in shared memory between warps and in other memory between blocks (slow): 1 or true
        #[arg(env = "VGPU_RACECHECK", value_name = "BOOL", num_args = 0..=1, default_missing_value = "1",
            value_parser = clap::builder::BoolishValueParser::new())]
        racecheck: Option<bool>, else false;
        /// Check kernels for accesses outside of what was allocated, to the byte; tell of each while they go on, and fail them in
        /// the end (slow): 1 or true
        #[arg(env = "VGPU_MEMCHECK", value_name = "BOOL", num_args = 0..=1, default_missing_value = "1",
            value_parser = clap::builder::BoolishValueParser::new())]
        memcheck: Option<bool>, else false;
        /// Fail kernels that run longer than this many seconds [default: never]
        #[arg(env = "VGPU_LAUNCH_TIMEOUT", value_name = "SECONDS")]
        launch_timeout: Option<Seconds>;
        /// Multiprocessors that the device reports [default: 8]
        #[arg(env = "VGPU_MULTIPROCESSORS", value_name = "N")]
        multiprocessors: Option<u32>, else 8, check between(1, 1024);
    }
}
