//! libnvidia-ml.so.1: device monitoring, over a read-only connection of its own.
//!
//! - [`generated`]: the exports; [`api`]: their bodies; [`entry`], [`error`]: what surrounds each of them.
//! - [`session`]: the connection between the first init and the last shutdown. [`same_process`]: what only this process knows. [`device`]: what is known about a device.
//!
//! Programs load and unload this library again and again, so it has no threads and nothing that must run at its end.
//!
//! # Errors
#![doc = include_str!("../../../headers/spec/nvml/ERRORS.md")]

mod api;
mod device;
mod entry;
mod error;
mod generated;
mod same_process;
mod session;
