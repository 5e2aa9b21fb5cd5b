//! libcudart.so.12: the CUDA runtime API on top of libcuda's C interface.
//!
//! - [`generated`]: the exports; [`api`]: their bodies; [`entry`], [`error`]: what surrounds each of them.
//! - [`driver`]: libcuda, found at run time. [`current`]: which device and context a thread uses.
//! - [`registry`], `unregistered`, `prelinked`, [`call_configuration`], [`launch`]: what compiled programs register, and how it is
//!   linked and launched.
//! - [`copy`], `side`, `array`, `resource`, [`graph_node`], `pointer`, [`properties`]: the runtime's structs in the driver's terms.
//!
//! No device state lives here: handles are the driver's own, so both interfaces may be mixed.
//!
//! # Errors
#![doc = include_str!("../../../headers/spec/runtime/ERRORS.md")]

mod api;
mod array;
mod call_configuration;
mod copy;
mod current;
mod driver;
mod entry;
mod error;
mod generated;
mod graph_node;
mod launch;
#[cfg(test)]
mod mock;
mod pointer;
mod prelinked;
mod properties;
mod registry;
mod resource;
mod side;
#[cfg(test)]
mod tests;
mod unregistered;
