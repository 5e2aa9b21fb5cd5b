//! The PCI function VGPU-STUB, as guest and host agree on it: its identity, its registers, and what lies in its memory.
//!
//! - [`regs`]: BAR0, a register page that traps to the host. Used to find the function and to ring its doorbells.
//! - [`directory`]: BAR1, plain shared memory. Its first page says where the channels and their arenas lie.
//! - [`channel`]: one channel's page of words and its mailbox; an arena holds one [`crate::window`].
//! - [`place`]: where the function sits on a VM's bus.
//!
//! The guest's side is [`crate::transport`]'s `pci`; the function's behaviour is the daemon's and `vgpu-device`'s.
//!
//! A channel's life: a guest takes `owner` from 0 to its token, puts its greeting into the mailbox, stores the token in
//! `opened` and rings the attention doorbell. The host starts an executor, which lays out a window in the arena, and
//! answers. To end, the guest (or anyone who sees that the owner is dead) stores the token in `closing` and rings; the host
//! ends the executor, wipes arena and block, and only then sets `owner` to 0. Nobody but the host frees a channel.

pub mod channel;
pub mod directory;
pub mod place;
pub mod regs;

/// NVIDIA's.
pub const VENDOR_ID: u16 = 0x10de;
/// The device that the function shows itself as: an H100.
pub const DEVICE_ID: u16 = 0x2331;
/// The longest BAR1 that a daemon offers; the real card's is longer.
pub const BAR1_MAX_BYTES: u64 = 16 << 30;
/// A display controller of the kind "3D", as compute GPUs are.
pub const CLASS: u32 = 0x03_0200;
