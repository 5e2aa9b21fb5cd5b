//! The functions' bodies under their C names, one file per part of the library's reference.
//!
//! Families that differ in their element type only are one macro each. The 64-bit variants take wider integers and are the same otherwise.

#![allow(non_snake_case, reason = "the names are C's")]
#![allow(clippy::too_many_arguments, reason = "the signatures are C's")]

pub(crate) mod batched;
pub(crate) mod extension;
pub(crate) mod helper;
pub(crate) mod level3;
