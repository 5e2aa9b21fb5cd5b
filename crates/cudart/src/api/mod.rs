//! The functions' bodies under their C names, one file per chapter of the runtime's reference.
//!
//! A body runs inside the entry of its export: pointers that must not be null have been checked, and its error becomes the
//! thread's last error.

#![allow(non_snake_case, reason = "the names are C's")]
#![allow(clippy::too_many_arguments, reason = "the signatures are C's")]

pub(crate) mod array;
pub(crate) mod capture;
pub(crate) mod device;
pub(crate) mod entry_point;
pub(crate) mod error;
pub(crate) mod event;
pub(crate) mod execution;
pub(crate) mod graph;
pub(crate) mod graph_exec;
pub(crate) mod library;
pub(crate) mod memcpy;
pub(crate) mod memory;
pub(crate) mod memset;
pub(crate) mod occupancy;
pub(crate) mod peer;
pub(crate) mod pool;
pub(crate) mod registration;
pub(crate) mod stream;
pub(crate) mod surface;
pub(crate) mod texture;
pub(crate) mod unified;
pub(crate) mod version;
