//! The command line. Options that the configuration file has as well are in [`settings`](crate::settings).

use std::os::fd::RawFd;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::settings::{Bytes, CacheOptions, DeviceOptions, FunctionOptions, GuestOptions};

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
    /// How the programs of this machine come in.
    #[command(flatten)]
    pub(crate) guests: GuestOptions,
    /// PCI functions for VMs.
    #[command(flatten)]
    pub(crate) functions: FunctionOptions,
    /// What is kept of guests.
    #[command(flatten)]
    pub(crate) cache: CacheOptions,
    /// The device.
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
}

/// The device, and the file that may describe it.
#[derive(Clone, Debug, Default, Args)]
#[group(skip)]
pub(crate) struct DeviceArgs {
    /// A TOML file with these options; flags and environment override it
    #[arg(long, env = "VGPU_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The device.
    #[command(flatten)]
    pub(crate) options: DeviceOptions,
}

/// Options of asking for GPUs.
#[derive(Clone, Debug, Args)]
pub(crate) struct ProbeOptions {
    /// Answer in bytes, for a daemon.
    #[arg(long, hide = true)]
    pub(crate) raw: bool,
    /// The device.
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
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
// In no group, here and below: nothing asks for it, and to set it up takes time of the executor's start.
#[derive(Clone, Debug, Args)]
#[group(skip)]
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
    pub(crate) device: DeviceArgs,
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
    use crate::settings::Mode;
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
        assert_eq!(options.device.options.device_memory, Some(Bytes(2 << 30)));
        assert_eq!(options.guests.socket_mode, Some(Mode(0o660)));
    }

    #[test]
    fn functions_are_read() {
        let flags = ["vgpud", "--vfio-user=/a", "--vfio-user=/b", "--bar-size=2GiB", "--channels=4", "--no-socket"];
        let options = Cli::try_parse_from(flags).expect("sound flags").options;
        assert_eq!(options.functions.vfio_user, [PathBuf::from("/a"), PathBuf::from("/b")]);
        assert_eq!(options.functions.bar_size, Some(Bytes(2 << 30)));
        assert!(options.guests.no_socket);
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
