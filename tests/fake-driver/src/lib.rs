//! A driver that only takes notes: the functions of libcuda, libcublas and NVML that `vgpu-driver` uses, for its tests.
//!
//! - `control`: what a test says to it and asks of it, under names that begin with `fake_`.
//! - `cuda`, `copies`, `host_memory`, `virtual_memory`, `graphs`, `launches`, `links`, `arrays`, `blas`: the functions, written from the public
//!   headers; `limits` of contexts, `prints`: what kernels print, `words` that streams write.
//! - `nvml`: functions that only tell, and take no notes.
//! - `call`: what is the same in every call: its note, and the failure that a test wants of it.
//! - `state`: what is alive; `work`: what streams have to do, which is done at once unless the stream is held.
//!
//! Each copy of the library's file that a process loads is a driver of its own. Whatever a real driver would forgive in
//! silence or die of (a call without a context, memory that is freed under a copy) is an offence that the test is told of.

mod arrays;
mod blas;
mod call;
mod control;
mod copies;
mod cuda;
mod graphs;
mod host_memory;
mod launches;
mod limits;
mod links;
mod nvml;
mod prints;
mod state;
mod virtual_memory;
mod words;
mod work;
