//! libcuda.so.1: the CUDA driver API over the vgpu device protocol.
//!
//! - `generated`: the C exports and the table behind `cuGetProcAddress`, from headers/spec.
//! - `entry`: what every export does around its body.
//! - `proc_address`: `cuGetProcAddress`'s search.
//! - `api`: the bodies, by chapter.
//! - `guest`: what they work on: contexts, streams, events, memory, modules, graphs. Its map says in which layers.
//!
//! Exports call bodies, and bodies call `guest`; nothing calls back, but for one circle: `cuGetProcAddress` gives out every export,
//! itself included, so `api/entry_point.rs` needs the table that needs the exports that need `api/entry_point.rs`.
//!
//! # Errors
#![doc = include_str!("../../../headers/spec/driver/ERRORS.md")]

mod api;
mod entry;
mod generated;
mod guest;
mod proc_address;
#[cfg(test)]
mod tests;
