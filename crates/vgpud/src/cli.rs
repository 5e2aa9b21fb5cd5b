//! The command line.

use std::os::fd::RawFd;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::settings::{Bytes, Capability, Choice, Completions, Mode, Owner, Schedule};

/// Serves a GPU to the programs of this machine and its containers.
#[derive(Debug, Parser)]
#[command(
    name = "vgpud",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  vgpud                                      serve on /run/vgpu/vgpud.sock
  vgpud --socket /tmp/gpu.sock --device-memory 24GiB --compute-capability 8.0
  vgpud --config /etc/vgpu/vgpud.toml        the same names as the flags: device-memory = \"24GiB\"
  vgpud --vfio-user /run/vgpu/vm1.sock       and a PCI function for a VM
  vgpud --socket-mode 0660 --socket-owner :vgpu --vfio-user /run/vgpu/vm1.sock --vfio-user-owner libvirt-qemu:kvm

A program uses it with VGPU=unix:/tmp/gpu.sock. A VM gets its function with QEMU 10.1 or later:
  qemu-system-x86_64 ... -device \\
    '{\"driver\":\"vfio-user-pci\",\"socket\":{\"path\":\"/run/vgpu/vm1.sock\",\"type\":\"unix\"}}'
One VM per path; give --vfio-user once for each. Logs go to stderr: VGPU_LOG=info vgpud

Started by systemd, it serves on the sockets of its .socket unit: ListenSequentialPacket= for programs, ListenStream=
for VMs (`vgpu install --daemon` writes such units)."
)]
pub(crate) struct Cli {
    /// What to do; without one, serve.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// How to serve.
    #[command(flatten)]
    pub(crate) options: ServeOptions,
}

/// Other things that this program does, for its own use.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say which GPUs would execute here, and why those
    Probe(ProbeOptions),
    /// Answer for the host's NVML, in a process of its own.
    #[command(hide = true)]
    Sensors(SensorsOptions),
    /// Measure the window between two processes on this machine.
    #[command(hide = true)]
    Selfbench(BenchOptions),
    /// Write man pages and shell completions, for dist/.
    #[command(hide = true)]
    Documentation(vgpu_manual::Args),
}

/// Options of serving.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ServeOptions {
    /// Where to listen [default: /run/vgpu/vgpud.sock]
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// Do not listen for programs of this machine, only for VMs
    #[arg(long, conflicts_with = "socket")]
    pub(crate) no_socket: bool,
    /// Permissions of the sockets, octal [default: 0600]
    #[arg(long, value_name = "MODE")]
    pub(crate) socket_mode: Option<Mode>,
    /// Whom the sockets belong to: USER, USER:GROUP or :GROUP [default: whoever runs vgpud]
    #[arg(long, value_name = "OWNER")]
    pub(crate) socket_owner: Option<Owner>,
    /// Guests at a time, those in VMs included [default: 64]
    #[arg(long, value_name = "N")]
    pub(crate) max_guests: Option<u32>,
    /// PCI functions for VMs.
    #[command(flatten)]
    pub(crate) functions: FunctionOptions,
    /// Keep images of guests for the next process that loads them, up to this size [default: 0, off]
    #[arg(long, value_name = "SIZE")]
    pub(crate) module_cache: Option<Bytes>,
    /// The device.
    #[command(flatten)]
    pub(crate) device: DeviceOptions,
}

/// Options of PCI functions.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct FunctionOptions {
    /// Offer a PCI function over vfio-user on this socket, to one VM at a time; may be given several times
    #[arg(long, value_name = "PATH")]
    pub(crate) vfio_user: Vec<PathBuf>,
    /// Permissions of these sockets, where they shall not be as --socket-mode says
    #[arg(long, value_name = "MODE")]
    pub(crate) vfio_user_mode: Option<Mode>,
    /// Whom these sockets belong to, where not to --socket-owner: the user that the VMs run as
    #[arg(long, value_name = "OWNER")]
    pub(crate) vfio_user_owner: Option<Owner>,
    /// Memory that a function shares with its VM, a power of two from 256MiB to 16GiB [default: 1GiB]
    #[arg(long, value_name = "SIZE")]
    pub(crate) bar_size: Option<Bytes>,
    /// Programs that can use a function at a time; they share its memory evenly [default: 8]
    #[arg(long, value_name = "N")]
    pub(crate) channels: Option<u32>,
    /// Take a program in a VM for dead after so many seconds of silence, while other programs of the VM show life or others
    /// need what it holds: a VM that is silent as a whole may be paused [default: 60]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) guest_timeout: Option<u64>,
}

/// Options that describe the device.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct DeviceOptions {
    /// A TOML file with these options; flags and environment override it
    #[arg(long, env = "VGPU_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// What executes: soft (the software GPU), driver (the GPUs of this machine's NVIDIA driver), driver:NUMBER (one of them) or
    /// auto (those, if there are any; else the software GPU) [default: auto]
    #[arg(long, env = "VGPU_DEVICE", value_name = "DEVICE")]
    pub(crate) device: Option<Choice>,
    /// The driver's libcuda.so.1, where it is not to be looked for
    #[arg(long, env = "VGPU_DRIVER_LIBRARY", value_name = "FILE")]
    pub(crate) driver_library: Option<PathBuf>,
    /// The libcublas.so.12 or libcublas.so.13 that computes products on the driver's GPUs, where it is not to be looked for
    #[arg(long, env = "VGPU_CUBLAS_LIBRARY", value_name = "FILE")]
    pub(crate) cublas_library: Option<PathBuf>,
    /// The driver's libnvidia-ml.so.1, which knows clocks, temperatures and power, where it is not to be looked for
    #[arg(long, env = "VGPU_NVML_LIBRARY", value_name = "FILE")]
    pub(crate) nvml_library: Option<PathBuf>,
    /// Take vgpu's own libcuda for the driver, on a software GPU of these settings: for tests where there is no GPU
    #[arg(long, env = "VGPU_NESTED", value_name = "BOOL", num_args = 0..=1, default_missing_value = "1", hide = true,
        value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) nested: Option<bool>,
    /// How a driver's GPU says that work is done: words, which it writes into the guest's window by itself where it can, or
    /// events, which are asked for; auto is words without a warning where it has to be events [default: auto]
    #[arg(long, env = "VGPU_COMPLETIONS", value_name = "HOW", hide = true)]
    pub(crate) completions: Option<Completions>,
    /// Software GPUs, all alike [default: 1]
    #[arg(long, env = "VGPU_DEVICES", value_name = "N")]
    pub(crate) devices: Option<u32>,
    /// Memory of each device, shared by all guests [default: 8GiB of a software GPU, or what this machine has; all of a driver's
    /// GPU]
    #[arg(long, env = "VGPU_DEVICE_MEMORY", value_name = "SIZE")]
    pub(crate) device_memory: Option<Bytes>,
    /// Pinned host memory that one guest may hold [default: 16GiB]
    #[arg(long, env = "VGPU_PINNED_MEMORY", value_name = "SIZE")]
    pub(crate) pinned_memory: Option<Bytes>,
    /// Compute capability of the software GPU [default: 7.5]
    #[arg(long, env = "VGPU_COMPUTE_CAPABILITY", value_name = "MAJOR.MINOR")]
    pub(crate) compute_capability: Option<Capability>,
    /// Threads that run kernels, per guest [default: one per processor]
    #[arg(long, env = "VGPU_THREADS", value_name = "N")]
    pub(crate) threads: Option<u32>,
    /// Order of a block's warps: interleaved, or to-barrier (faster, and the harshest that a program may meet)
    #[arg(long, env = "VGPU_SCHEDULE", value_name = "ORDER")]
    pub(crate) schedule: Option<Schedule>,
    /// Check kernels for races in shared memory (slow): 1 or true
    #[arg(long, env = "VGPU_RACECHECK", value_name = "BOOL", num_args = 0..=1, default_missing_value = "1",
        value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) racecheck: Option<bool>,
    /// Fail kernels that run longer than this many seconds [default: never]
    #[arg(long, env = "VGPU_LAUNCH_TIMEOUT", value_name = "SECONDS")]
    pub(crate) launch_timeout: Option<u64>,
    /// Multiprocessors that the device reports [default: 8]
    #[arg(long, env = "VGPU_MULTIPROCESSORS", value_name = "N")]
    pub(crate) multiprocessors: Option<u32>,
}

/// Options of asking for GPUs.
#[derive(Clone, Debug, Args)]
pub(crate) struct ProbeOptions {
    /// Answer in bytes, for a daemon.
    #[arg(long, hide = true)]
    pub(crate) raw: bool,
    /// The device.
    #[command(flatten)]
    pub(crate) device: DeviceOptions,
}

/// Options of asking NVML.
#[derive(Clone, Debug, Args)]
pub(crate) struct SensorsOptions {
    /// The devices' names in NVML, by their numbers.
    #[arg(long, value_name = "UUID")]
    pub(crate) gpu: Vec<String>,
    /// The library, where it is not to be looked for.
    #[arg(long, value_name = "FILE")]
    pub(crate) nvml_library: Option<PathBuf>,
}

/// The first argument of an executor's command line.
pub(crate) const EXECUTOR: &str = "executor";

/// Serve one guest whose connection was inherited.
///
/// Apart from [`Cli`]: a program waits for its executor to start, and to set up all the other commands' options takes a
/// thirtieth of that.
#[derive(Debug, Parser)]
#[command(name = EXECUTOR, bin_name = "vgpud executor")]
pub(crate) struct ExecutorCli {
    /// What to execute for whom.
    #[command(flatten)]
    pub(crate) options: ExecutorOptions,
}

/// Options of an executor.
#[derive(Clone, Debug, Args)]
pub(crate) struct ExecutorOptions {
    /// Number of the inherited descriptor of the guest's connection.
    #[arg(long, value_name = "FD")]
    pub(crate) socket_fd: RawFd,
    /// The environment was made for a driver.
    #[arg(long)]
    pub(crate) own_environment: bool,
    /// Go on as a process of one's own, so that the guest has no child.
    #[arg(long)]
    pub(crate) detach: bool,
    /// Number of the inherited descriptor of the ledger.
    #[arg(long, value_name = "FD", requires = "ledger_slot")]
    pub(crate) ledger_fd: Option<RawFd>,
    /// This executor's line in the ledger.
    #[arg(long, value_name = "N", requires = "ledger_fd")]
    pub(crate) ledger_slot: Option<u32>,
    /// Number of the inherited descriptor of memory in which to lay out the window, instead of an object of its own.
    #[arg(long, value_name = "FD", requires_all = ["window_offset", "window_bytes"])]
    pub(crate) window_fd: Option<RawFd>,
    /// Where in that memory.
    #[arg(long, value_name = "BYTES", requires = "window_fd")]
    pub(crate) window_offset: Option<u64>,
    /// How much of it.
    #[arg(long, value_name = "BYTES", requires = "window_fd")]
    pub(crate) window_bytes: Option<u64>,
    /// Number of the inherited descriptor of the folder of images.
    #[arg(long, value_name = "FD", requires = "module_cache")]
    pub(crate) module_cache_fd: Option<RawFd>,
    /// Size of all images in it.
    #[arg(long, value_name = "SIZE", requires = "module_cache_fd")]
    pub(crate) module_cache: Option<Bytes>,
    /// The device.
    #[command(flatten)]
    pub(crate) device: DeviceOptions,
}

/// Options of the benchmark.
#[derive(Clone, Debug, Args)]
pub(crate) struct BenchOptions {
    /// Print `name value` lines only, in nanoseconds and bytes per second.
    #[arg(long)]
    pub(crate) plain: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_examples_are_sound() {
        let help = Cli::command().get_after_help().expect("there are examples").to_string();
        let examples: Vec<_> = help.lines().filter_map(|line| line.strip_prefix("  vgpud")).collect();
        assert!(!examples.is_empty());
        for example in examples {
            // The explanation stands behind two spaces.
            let flags = example.split("  ").next().unwrap_or_default();
            let parsed = Cli::try_parse_from(std::iter::once("vgpud").chain(flags.split_whitespace()));
            assert!(parsed.is_ok(), "vgpud{flags}: {:?}", parsed.err());
        }
    }

    #[test]
    fn flags_are_read() {
        let cli = Cli::try_parse_from(["vgpud", "--socket", "/x", "--device-memory", "2GiB", "--socket-mode", "0660"]);
        let options = cli.expect("sound flags").options;
        assert_eq!(options.device.device_memory, Some(Bytes(2 << 30)));
        assert_eq!(options.socket_mode, Some(Mode(0o660)));
    }

    #[test]
    fn functions_are_read() {
        let flags = ["vgpud", "--vfio-user=/a", "--vfio-user=/b", "--bar-size=2GiB", "--channels=4", "--no-socket"];
        let options = Cli::try_parse_from(flags).expect("sound flags").options;
        assert_eq!(options.functions.vfio_user, [PathBuf::from("/a"), PathBuf::from("/b")]);
        assert_eq!(options.functions.bar_size, Some(Bytes(2 << 30)));
        assert!(options.no_socket);
        assert!(Cli::try_parse_from(["vgpud", "--no-socket", "--vfio-user=/a", "--socket=/b"]).is_err());
    }

    #[test]
    fn nonsense_is_refused() {
        let sizes = ["--device-memory=lots", "--compute-capability=7", "--socket-mode=999"];
        for bad in sizes.iter().chain(&["--schedule=random", "--completions=both"]) {
            assert!(Cli::try_parse_from(["vgpud", bad]).is_err(), "{bad}");
        }
    }
}
