//! What `cargo xtask vm` can be asked for.

use std::{ffi::OsString, path::PathBuf};

use super::{hardware::MachineType, system::System};

/// Options of `cargo xtask vm`.
#[derive(clap::Args)]
#[command(after_help = "CMD is a program of this machine (its libraries come along), or one of the guest's own.\n\n\
        The guest `minimal` has a kernel, busybox, lspci and dist/ as /opt/vgpu; LD_LIBRARY_PATH is /opt/vgpu/lib. The guest \
        `debian` has systemd, udev and what any Debian has, and dist/ as /opt/dist; CMD runs once all services have started. \
        What it writes is gone with the machine. In both the working folder is the caller's path, and VM_BOOT counts the \
        boots from 1.\n\n\
        Exit code: CMD's own; 124 when it was not done in time; 125 when the machine failed.\n\n\
        Examples:\n  cargo xtask vm -- /bin/echo hello\n  \
        cargo xtask vm --device /run/vgpu/pci.sock -- lspci -nn\n  \
        cargo xtask vm --device /run/vgpu/pci.sock --env VGPU_LOG=info --file ./vectors.bin -- ./my-cuda-program\n  \
        cargo xtask vm --system debian --user 0 -- systemctl status\n  \
        cargo xtask vm --machine q35 --empty-ports 1 --qmp /tmp/qmp.sock -- sleep 60")]
pub(crate) struct Args {
    /// Attach the vfio-user device that listens at SOCKET: at 00:05.0, on q35 at 01:00.0; the next one at 00:06.0, 02:00.0, ...
    #[arg(long = "device", value_name = "SOCKET")]
    pub(super) devices: Vec<PathBuf>,
    /// The kind of machine.
    #[arg(long, value_enum, default_value_t = MachineType::Pc)]
    pub(super) machine: MachineType,
    /// The processor, by QEMU's name and with its options; without it the best that this machine can give.
    #[arg(long, value_name = "MODEL")]
    pub(super) cpu: Option<String>,
    /// On q35, root ports without a device, for such as are plugged later: port0 or the next after the devices' ports.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub(super) empty_ports: usize,
    /// Let QEMU take commands at SOCKET (QMP); devices are vgpu0, vgpu1, ... there.
    #[arg(long, value_name = "SOCKET")]
    pub(super) qmp: Option<PathBuf>,
    /// What the guest has beside dist/ and CMD.
    #[arg(long, value_enum, default_value_t = System::Minimal)]
    pub(super) system: System,
    /// The guest's memory, such as 512M or 2G.
    #[arg(long, default_value = "1G", value_parser = mebibytes)]
    pub(super) memory: u32,
    /// Processors.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(super) smp: u32,
    /// Put PATH into the guest at the same path: a file with its libraries, or a folder with everything in it. Large files
    /// are read-only there.
    #[arg(long = "file", value_name = "PATH")]
    pub(super) files: Vec<PathBuf>,
    /// Set a variable for CMD.
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = assignment)]
    pub(super) variables: Vec<(String, String)>,
    /// Give up after so many seconds; the last of several counts.
    #[arg(long, overrides_with = "timeout", default_value_t = 120, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) timeout: u64,
    /// Who runs CMD; 0 is root.
    #[arg(long, default_value_t = 1000, value_name = "UID")]
    pub(super) user: u32,
    /// Append ARG to the kernel's command line.
    #[arg(long = "kernel-arg", value_name = "ARG", allow_hyphen_values = true)]
    pub(super) kernel_args: Vec<String>,
    /// Leave the PCI functions as the kernel found them: disabled, and root's. `debian` always does.
    #[arg(long)]
    pub(super) no_guest_setup: bool,
    /// Leave dist/ out of the guest.
    #[arg(long)]
    pub(super) no_dist: bool,
    /// Boot again when the guest reboots, and run CMD again; without it a reboot is a failure.
    #[arg(long)]
    pub(super) keep_on_reboot: bool,
    /// Write the guest's console to PATH as well.
    #[arg(long, value_name = "PATH")]
    pub(super) console: Option<PathBuf>,
    /// Only fetch what is needed to run.
    #[arg(long, conflicts_with = "command")]
    pub(super) prepare: bool,
    /// The command and its arguments.
    #[arg(last = true, required_unless_present = "prepare", value_name = "CMD")]
    pub(super) command: Vec<OsString>,
}

/// Reads a size in bytes with a unit, as MiB.
fn mebibytes(text: &str) -> Result<u32, String> {
    let wrong = || "a size such as 512M or 2G".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let count: u32 = text.strip_suffix(unit).and_then(|count| count.parse().ok()).ok_or_else(wrong)?;
    let mib = match unit {
        'M' | 'm' => Some(count),
        'G' | 'g' => count.checked_mul(1024),
        _ => None,
    };
    mib.filter(|mib| (256..=1 << 20).contains(mib)).ok_or_else(|| "a size from 256M to 1024G".to_owned())
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE")?;
    let plain = |c: char| c == '_' || c.is_ascii_alphanumeric();
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(plain) {
        return Err(format!("{name:?} is not a variable's name"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_unit_and_is_neither_too_small_nor_too_large() {
        assert_eq!(mebibytes("512M"), Ok(512));
        assert_eq!(mebibytes("2G"), Ok(2048));
        for wrong in ["", "M", "1", "1T", "255M", "-1G", "4294967295G", "1025G", "é"] {
            assert!(mebibytes(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_variable_has_a_shells_name() {
        assert_eq!(assignment("A_1=b=c"), Ok(("A_1".into(), "b=c".into())));
        for wrong in ["A", "=b", "1A=b", "A B=c", "A;B=c"] {
            assert!(assignment(wrong).is_err(), "{wrong:?}");
        }
    }
}
