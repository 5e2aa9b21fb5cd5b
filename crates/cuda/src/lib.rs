//! libcuda.so.1: the CUDA driver API over the vgpu device protocol.
//!
//! - `generated`: the C exports and the table behind `cuGetProcAddress`, from headers/spec.
//! - `entry`: what every export does around its body.
//! - `proc_address`: `cuGetProcAddress`'s search.
//! - `api`: the bodies, by chapter.
//! - `guest`: what they work on: contexts, streams, events, memory, modules, graphs.
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
