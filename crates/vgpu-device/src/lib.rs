//! The PCI function VGPU-STUB as pure logic: bytes in, bytes and effects out. No sockets, threads or clocks are in here;
//! its memory (BAR1) is its owner's business.
//!
//! - [`config`]: the 256 bytes of config space, and who the function says it is.
//! - [`registers`]: BAR0, and what a write to it asks for.
//! - `bounds`: accesses that leave either of them.
//!
//! What the registers mean is agreed on in [`vgpu_core::pci`].
#![forbid(unsafe_code)]

mod bounds;
pub mod config;
pub mod registers;

pub use bounds::OutOfRange;
pub use config::{CONFIG_BYTES, ConfigSpace, Identity};
pub use registers::{Effect, Registers};
