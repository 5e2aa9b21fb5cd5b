//! What each instruction computes, against models that share no code with the engine.
//!
//! `harness` runs an instruction for many operands; `exact` is the model of floating point. The other modules have the
//! instructions by kind, and `files` runs the kernels of `tests/ptx`, which carry their own expected values. `coverage`
//! holds them against the list of opcode forms that a real program uses. `gpu` is another device to run them all on,
//! and `differences` what it does otherwise.

#![allow(clippy::type_complexity, reason = "tables of opcodes and what they compute")]

mod access;
mod atomic;
mod bits;
mod carry;
mod compare;
mod control;
mod convert;
mod coverage;
mod differences;
mod exact;
mod files;
mod float;
mod gpu;
mod harness;
mod integer;
mod matrix;
mod matrix_double;
mod matrix_float;
mod matrix_narrow;
mod matrix_quad;
mod matrix_sparse;
mod matrix_tiles;
mod matrix_wmma;
mod nan;
mod narrow;
mod products;
mod transfer;
mod video;
mod warp;
