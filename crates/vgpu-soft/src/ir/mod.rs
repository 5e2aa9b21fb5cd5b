//! Control flow, liveness, register slots: what the lowering asks about a kernel before it writes ops.
//!
//! Works on *positions*: any list of steps with their [`Control`] and [`DefUse`], be it a kernel's instructions
//! ([`control`], [`def_use`]) or finer steps with temporaries that the lowering added. [`allocate`] gives every
//! register a place in the warp's register block.
//!
//! - `step`: [`Control`] and [`DefUse`]. `operands`: which operands of an instruction are written, which are read.
//! - `flow`: basic blocks. `liveness`: which registers cross them. `slots`: linear scan.

mod flow;
mod liveness;
mod operands;
mod slots;
mod step;

pub use flow::{Block, blocks};
pub(crate) use liveness::Liveness;
pub use operands::{control, def_use};
pub use slots::{Allocation, REGISTER_BYTES_MAX, allocate};
pub use step::{Control, DefUse, Slot};
