//! The fatbin container: one module's images for several architectures, as compilers put it into programs.
//!
//! Reads bytes of any origin: every length is checked, nothing is decompressed. A program's memory gives only the
//! address of a container; [`total_len`] tells from its first bytes how long it is. [`select()`] is for devices that run PTX
//! only, [`reduced()`] for those that run machine code.
//!
//! **Source:** observed in programs and libraries built with CUDA 11.8 to 13.1.
//!
//! - `error`: why a container gives no image.
//! - `parse`: a container as its bytes have it.
//! - `select`: the one image that a device which runs PTX only loads.
//! - `reduced`: a container with less in it; it has what `select` picks.
//!
//! Each builds only on those above it.

mod error;
mod parse;
mod reduced;
#[cfg(test)]
mod samples;
mod select;

pub use error::Error;
pub use parse::{
    Compression, Container, Entries, Entry, HEADER_BYTES, Kind, MAGIC, WRAPPER_MAGIC, is_fatbin, total_len,
};
pub use reduced::{container, reduced};
pub use select::select;
