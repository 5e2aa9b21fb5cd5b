//! Linear algebra on device memory: matrix products and triangular solves.
//!
//! Imports go one way, towards the top of this list:
//!
//! - `element`: number types in memory and how they become the type that is computed in.
//! - `operand`: matrices, pointer arrays and scalars.
//! - `gemm`: products, cut into tiles that workers share. `trsm`: solves. They do not know each other.
//!
//! Pointers, pointer arrays and scalars are read when the work runs, and checked against the memory map then.

mod element;
mod gemm;
mod operand;
mod trsm;

pub(super) use gemm::{Gemm, GemmRun, Panels};
pub(super) use trsm::Trsm;
