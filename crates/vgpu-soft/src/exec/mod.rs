//! A compiled kernel and the warp interpreter that runs its blocks.
//!
//! - [`kernel`]: what a compiled kernel is. `code`: its ops in blocks. `lower`: syntax tree to code.
//! - `warp`: one warp's state. [`op`]: one instruction, decoded, which is run on a warp; a warp knows no ops. `alu`: what
//!   instructions compute. `memory`: loads, stores and atomics. `system`: clocks, traps and other ops without operands of note.
//! - `fragment`: a warp's inner loop. `block`: the warps' turns. `barrier`: where they wait.
//! - [`launch`]: a kernel with its grid. `shape`: how large it is. `clusters`: how that falls into clusters. `run`: its blocks, by
//!   any number of workers. `report`: what went wrong, with names. [`fault`]: the words for that. `worker`: the memory that a thread
//!   runs blocks in. `aside`: blocks that wait for their next turn. `standstill`: blocks that only wait. These name each other: a
//!   launch holds blocks that were set aside, which are what a worker has laid out for it. `watchdog`: a launch's time. `specials`:
//!   what special registers hold. `denormals`: the CPU's switch.
//! - `stray`: accesses that went astray, where the kernel goes on for all that.
//! - `shadow`: what has been done to shared memory, `grid_shadow` to that of all blocks. `race`: ops that watch for it.
//! - `allocator`: memory that kernels allocate. `print`: `printf` and `assert` of kernels.

mod allocator;
pub(crate) mod alu;
mod arena;
mod aside;
mod barrier;
mod block;
mod clusters;
mod code;
mod denormals;
pub mod fault;
mod fragment;
mod grid_shadow;
pub mod kernel;
pub mod launch;
mod lower;
pub(crate) mod memory;
pub mod op;
pub mod print;
mod race;
mod report;
mod run;
mod shadow;
mod shape;
mod specials;
mod standstill;
mod stray;
mod surface;
mod system;
mod texture;
pub(crate) mod warp;
mod watchdog;
mod worker;

pub use allocator::Allocator;
pub use aside::AsideMemory;
pub use fault::{Fault, FaultKind};
pub use kernel::{CompileError, CompileOptions, Kernel, ParamLayout, Symbols};
pub use launch::{Counters, Launch, LaunchError, LaunchOptions, Progress, Schedule};
pub use lower::supports;
pub(crate) use memory::CLUSTER_BLOCKS_MAX;
pub use op::Isa;
pub use shape::Shape;
pub use worker::Worker;
