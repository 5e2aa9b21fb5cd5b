//! The daemon: who may use the GPU, and how much of it.
//!
//! - [`cli`], [`settings`]: flags, environment and configuration file, merged once at start.
//! - [`listener`]: the socket, the handshake, one executor process per guest.
//! - [`executor`]: such a process: a window, a device, and a watch on its guest.
//! - [`ledger`]: device memory in use, shared between executors by a page of memory.
//! - [`device`]: makes the software GPU; its identity. [`observer`]: answers to monitors.
//! - [`selfbench`]: how fast the window is on this machine.

pub mod cli;
pub mod device;
pub mod executor;
pub mod ledger;
pub mod listener;
pub mod observer;
pub mod selfbench;
pub mod settings;
pub mod signals;
pub mod watch;
