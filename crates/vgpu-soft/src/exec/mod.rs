//! A compiled kernel and the warp interpreter that runs its blocks.
//!
//! - [`kernel`]: what a compiled kernel is. `code`: its ops in blocks. `lower`: syntax tree to code.
//! - [`op`]: one instruction, decoded. `alu`: what instructions compute. `memory`: loads, stores and atomics.
//!   `system`: clocks, traps and other ops without operands of note.
//! - `warp`: one warp's state. `fragment`: its inner loop. `block`: the warps' turns. `barrier`: where they wait.
//! - [`launch`]: grids, faults, accounting. `worker`: the memory that a thread runs blocks in. `specials`: what special
//!   registers hold. `denormals`: the CPU's switch. `race`: a watch on shared memory. `print`: `printf` and `assert` of kernels.

pub(crate) mod alu;
mod arena;
mod barrier;
mod block;
mod code;
mod denormals;
mod fragment;
pub mod kernel;
pub mod launch;
mod lower;
pub(crate) mod memory;
pub mod op;
pub mod print;
mod race;
mod specials;
mod system;
pub(crate) mod warp;
mod worker;

pub use kernel::{CompileError, CompileOptions, Kernel, ParamLayout, Symbols};
pub use launch::{Counters, Fault, FaultKind, Launch, LaunchError, LaunchOptions, Progress, Schedule, Shape};
pub use lower::supports;
pub use op::Isa;
pub use worker::Worker;
