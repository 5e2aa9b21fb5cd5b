//! The software GPU: runs a program's own PTX on the CPU.
//!
//! - [`ptx`]: text to syntax tree. Knows the language, not what instructions do.
//! - [`image`]: fatbin entries to PTX text. `objects`: fatbins in what compilers make for the host.
//! - [`ir`]: control flow, liveness, register slots.
//! - `allocations`: addresses that may be touched. [`textures`]: arrays, and how kernels read and write them. [`memory`]: both, as a
//!   launch has them.
//! - [`exec`]: a compiled kernel and the warp interpreter that runs its blocks.
//! - [`device`]: memory, streams, modules, graphs, linear algebra: the `Executor` that a daemon drives.
//!
//! It knows no sockets, windows or rings: the outside is `vgpu_core::wire::Completions`.

mod allocations;
pub mod device;
pub mod exec;
pub mod image;
pub mod ir;
pub mod memory;
mod objects;
pub mod ptx;
pub mod textures;
