//! The host's own NVIDIA driver as an executor: the device protocol on libcuda and libcublas.
//!
//! - [`Driver`] is the opened libraries: `find` where they lie, `library` and `api` their functions, `info` what is said of
//!   their GPUs, with the table of `attributes`; [`Nested`] is for our own libcuda in a driver's place.
//! - [`DriverDevice`] serves one guest: `executor` has a method per message, `device` what they share.
//! - [`Nvml`] says what libcuda does not: clocks, temperatures, power.
//! - The order of work: `context` with its `facts`, `stream`, `opening`; `retire` publishes what is done, as the GPU says by `words` where it can; `reaper`
//!   frees what nobody uses any more.
//! - Bytes: `space` has device memory lie where the guest expects it, `memory` knows what is the guest's, `copy` moves it,
//!   `fill` sets it, `array` is what no address leads to, `array_copy` moves that, `pinning` has the window's bytes and short ones lie where the GPU can fetch them, `pinned` is what has been
//!   registered for that or for `words`, until it goes.
//! - Views: `arrays` has arrays made, and textures and surfaces of them.
//! - Work: `module` and `function` with `layout`, `link` with `link_options`, `linking`,
//!   `launch`, `blas`, `graph` with `nodes` and `workspace`; `host_call` has the guest
//!   work, `output` has what kernels print.
//!
//! Imports go one way: `open` and `pinned` come first, then `reaper` and `words`, `retire`, `pinning` and `stream`, `device`, and
//! `executor` and `nodes` last.
//!
//! Three threads: the one that serves the ring makes all calls that order work; `retire`'s sees which of it is done; and
//! `reaper`'s makes those that may block until a device is idle. A thread of the driver's own enters `host_call`, and one of
//! `output`'s calls nobody. Handles and addresses of the driver never leave this process other than device addresses, and the numbers by which kernels
//! know textures and surfaces; a
//! guest's copies and fills are held against what it owns before the driver sees them.

mod api;
mod array;
mod array_copy;
mod arrays;
mod attributes;
mod blas;
mod context;
mod copy;
mod counts;
mod device;
mod executor;
mod facts;
mod fill;
mod find;
mod function;
mod graph;
mod host_call;
mod info;
mod launch;
mod layout;
mod library;
mod link;
mod link_options;
mod linking;
mod memory;
mod module;
mod nested;
mod nodes;
mod nvml;
mod open;
mod opening;
mod output;
mod pinned;
mod pinning;
mod reaper;
mod retire;
mod space;
mod stream;
mod words;
mod workspace;

pub use device::{DriverDevice, Setup};
pub use find::NotFound;
pub use nested::Nested;
pub use nvml::{Nvml, NvmlError};
pub use open::{Driver, OpenError, Wanted};
pub use output::Standard;
pub use words::Signals;
