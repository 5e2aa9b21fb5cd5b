//! The device that a daemon drives: `vgpu_core::wire::Executor` on top of the interpreter.
//!
//! Imports go one way, towards the top of this list:
//!
//! - [`Config`]: how a device is set up, as one or several. `profile`: limits and attributes. `statistics`, `clock`: counts, time.
//! - `heap`: device memory. `kernel_heap`: that which kernels allocate. `output`: what kernels print. `module`, `function`: images
//!   and kernels; `cluster_attributes`, `cluster`: clusters of a function's blocks. `link`: images of several.
//! - `failure`: why work did not succeed. `place`: ends of copies. `array_copy`: copies with arrays. `transfer`: copies and fills.
//!   `blas`: linear algebra.
//! - `step`: one piece of work. `graph`: graphs of steps. `stream`: the order of work. `engine`: what may run. `worker`: the
//!   threads that run it.
//! - [`SoftDevice`], in `setup`: all of that together. `decode`: messages to steps. `arrays`: those of arrays and textures. `limits`:
//!   those of contexts. `executor`: the device protocol, one method per message.
//!
//! The thread that calls the executor's methods never waits for device work, except for memory that is being freed and
//! for room in a full queue.

mod array_copy;
mod arrays;
mod blas;
mod clock;
mod cluster;
mod cluster_attributes;
mod config;
mod decode;
mod engine;
mod executor;
mod failure;
mod function;
mod graph;
mod heap;
mod kernel_heap;
mod limits;
mod link;
mod module;
mod output;
mod place;
mod profile;
mod setup;
mod statistics;
mod step;
mod stream;
#[cfg(test)]
mod tests;
mod transfer;
mod worker;

pub use config::{Config, Identity};
pub use setup::{DeviceError, SoftDevice};
