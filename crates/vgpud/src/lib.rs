//! The daemon: who may use the GPU, and how much of it.
//!
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

pub mod cache_folder;
pub mod cli;
pub mod daemon;
pub mod device;
pub mod door;
pub mod doors;
pub mod dormant;
pub mod environment;
pub mod executor;
pub mod gpu;
pub mod host;
pub mod jit_folder;
pub mod ledger;
pub mod listener;
pub mod module_cache;
mod nested;
pub mod observer;
pub mod probe;
pub mod selfbench;
pub mod sensors;
pub mod serve;
pub mod settings;
pub mod signals;
pub mod standard;
pub mod systemd;
pub mod tenant;
pub mod vfio_user;
pub mod watch;
