//! The options of `vgpu install` and `vgpu uninstall`.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::systemd::daemon;
use super::tree::Tree;

const PREFIX: &str = "/opt/vgpu";

/// Options of `vgpu install`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  dist/bin/vgpu install --dry-run       show what would be changed
  dist/bin/vgpu install                 into /opt/vgpu, and into Ollama's search path if it is there
  dist/bin/vgpu install --system        for every program, and ollama.service within its sandbox
  dist/bin/vgpu install --system --device unix:/run/vgpu/vgpud.sock
  dist/bin/vgpu install --vm --restart  in a VM: Ollama has the VM's function now and after every boot
  dist/bin/vgpu install --daemon        on a host: vgpud comes when it is wanted, and Ollama after its socket
  dist/bin/vgpu install --daemon --vfio-user /run/vgpu/vm1.sock --vfio-user-owner libvirt-qemu
  dist/bin/vgpu install --ollama ~/ollama/lib/ollama --prefix ~/.local/vgpu
  /opt/vgpu/current/bin/vgpu uninstall  put everything back as it was

With --system, --vm and --daemon, /usr/local/bin/vgpu leads to the installed program.
Files that are in the way are kept in PREFIX/kept, and uninstalling puts them back.
A run that was cut off is completed by running it again, or undone by `vgpu uninstall`.
After an upgrade of vgpu or of Ollama, run it again, and restart the services that use it (--restart).

Exit status: 0 when all is done; 1 when something could not be, and nothing is lost: run it again
once the cause is gone; 2 for a mistake in the options. An Ollama that is there and that nothing
could be set up for is no success.")]
pub(crate) struct Args {
    /// The folder to install from [default: the one that this program is in].
    #[arg(long, value_name = "DIR")]
    pub(super) dist: Option<PathBuf>,
    #[command(flatten)]
    pub(super) place: Place,
    /// Ollama's lib/ollama, or the folder that holds it [default: that of --service, else of a running server, of a service that
    /// starts one, of the ollama on PATH, or one where packages put it].
    #[arg(long, value_name = "DIR")]
    pub(super) ollama: Option<PathBuf>,
    /// A variant of Ollama's that shall use the vGPU, such as cuda_v12; may be repeated [default: all that vgpu has libraries for].
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Vec<String>,
    /// For Ollama up to 0.12.3, whose server looks for the driver itself: links that into lib/ollama as well.
    #[arg(long)]
    pub(super) in_process: bool,
    /// Let every program find the libraries (/etc/ld.so.conf.d), and ollama.service reach the device, if there is such a service.
    #[arg(long)]
    pub(super) system: bool,
    /// Let this systemd service reach the device.
    #[arg(long, value_name = "NAME")]
    pub(super) service: Option<String>,
    /// The device of all programs, or with --service of that service: embedded, unix:SOCKET, pci (any function) or pci:ADDRESS
    /// [default: what the libraries find].
    #[arg(long, value_name = "DEVICE")]
    pub(super) device: Option<String>,
    /// In a VM: all that Ollama needs to find the VM's function at every boot; `guest-setup` and --system are part of it.
    #[arg(long)]
    pub(super) vm: bool,
    /// The group that a VM's function is opened to [default: vgpu].
    #[arg(long, value_name = "NAME", requires = "vm")]
    pub(super) group: Option<String>,
    #[command(flatten)]
    pub(super) daemon: daemon::Options,
    /// Restart the services that use the GPU, and vgpud, as far as they run.
    #[arg(long)]
    pub(super) restart: bool,
}

/// Options of `vgpu uninstall`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  vgpu uninstall --dry-run       show what would be put back
  vgpu uninstall                 put everything back as it was before the first `vgpu install`

What somebody has replaced since (a new Ollama, say) stays as it is.

Exit status: 0 when all is done, 1 when something could not be (run it again once the cause is gone).")]
pub(crate) struct UninstallArgs {
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(clap::Args)]
pub(super) struct Place {
    /// The folder for libraries and programs, with a folder for each version in it.
    #[arg(long, value_name = "DIR", default_value = PREFIX)]
    prefix: PathBuf,
    /// Print what would be done, and do nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Work in this folder instead of /, for tests.
    #[arg(long, value_name = "DIR", default_value = "/", hide = true)]
    root: PathBuf,
    /// Fail after so many changes, as if killed.
    #[cfg(test)]
    #[arg(skip)]
    pub(super) steps: Option<usize>,
}

impl Place {
    /// Opens the file system, and makes sure of the prefix.
    pub(super) fn open(&self) -> Result<(Tree, String)> {
        #[cfg(test)]
        let steps = self.steps;
        #[cfg(not(test))]
        let steps = None;
        let prefix = std::path::absolute(&self.prefix)?;
        let prefix = prefix.to_str().context("--prefix: not a UTF-8 path")?.trim_end_matches('/').to_owned();
        ensure!(!prefix.is_empty(), "--prefix /: it must be a folder of vgpu's own");
        // It is written into the linker's configuration, and into links that are read there.
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"#:;,".contains(c);
        ensure!(prefix.chars().all(is_plain), "--prefix {prefix}: spaces and # : ; , in it would confuse the linker");
        Ok((Tree::open(&self.root, steps)?, prefix))
    }
}
