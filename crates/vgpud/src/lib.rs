//! The daemon: who may use the GPU, and how much of it.
//!
//! - [`program`]: what a command line leads to.
//! - [`cli`], [`settings`]: flags, environment and configuration file, merged once at start.
//! - [`serve`]: opens the [`doors`] and lets guests in; [`door`] is one of them, [`systemd`] may have opened some already.
//! - [`listener`]: programs of this machine, over a unix socket.
//! - [`vfio_user`]: VMs, each with a PCI function of its own; [`tenant`] is what stands behind such a function.
//! - [`daemon`]: the guests' places, and the executor process of each.
//! - [`executor`]: such a process: a window, a device, and a watch on its guest. [`standard`]: what a driver prints there.
//! - [`dormant`]: what silent guests of VMs hold, for when it runs short.
//! - [`ledger`]: device memory in use, shared between executors by a page of memory.
//! - [`cache_folder`], [`module_cache`]: images that are kept for the next process; [`jit_folder`]: a driver's code of them.
//! - [`gpu`]: what executes: the [`device`]s of the software GPU, or the host's driver, for which the [`environment`] is made
//!   anew and which is asked for its GPUs by a [`probe`]; or, [nested], our own libcuda in the driver's place. [`host`]:
//!   what this machine has for either. [`observer`]: answers to monitors. [`sensors`]: what the host's NVML says for them.
//! - [`selfbench`]: how fast the window is on this machine.

mod cache_folder;
mod cli;
mod daemon;
mod device;
mod door;
mod doors;
mod dormant;
mod environment;
mod executor;
mod gpu;
mod host;
mod jit_folder;
mod ledger;
mod listener;
mod module_cache;
mod nested;
mod observer;
mod probe;
mod program;
mod selfbench;
mod sensors;
mod serve;
mod settings;
mod signals;
mod standard;
mod systemd;
mod tenant;
pub mod vfio_user;
mod watch;

pub use program::run;
