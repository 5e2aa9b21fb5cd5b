//! The device protocol: what a guest asks of an executor, one record at a time.
//!
//! - `pod`: values whose bytes travel as they are.
//! - `record`: what every record and every answer is made of.
//! - `decode`: from a record's bytes to a message.
//! - [`messages`]: the table, what messages are by its rows, and the executor that they are for.
//! - [`launch_attributes`], [`jit_options`], [`links`], `blas_settings`, `arrays`, `parts`: parts of some messages and tails.
//! - `completions`: what an executor tells the world.
//!
//! Each builds only on those above it; `completions` needs no more than `record`.
//!
//! A record in the command ring is a [`RecordHeader`], the message's fixed part, and an optional tail of bytes
//! (kernel parameters, an image, inline data). Fixed parts are `#[repr(C)]` integers without padding, so any bytes
//! are a valid value and decoding is a bounds-checked copy. Opcodes are written in the table and never reused.
//!
//! *Posts* are queued and not answered. What a post is refused for, a later call of the guest returns and forgets; what
//! goes wrong while accepted work runs becomes the window's sticky error. *Calls* are answered in a reply slot with a
//! status, a fixed reply and an optional tail. Both are handled strictly in ring order; work that names a stream is then
//! ordered by its stream alone.

mod arrays;
mod blas_settings;
mod completions;
mod decode;
pub mod jit_options;
pub mod launch_attributes;
pub mod links;
pub mod messages;
mod parts;
mod pod;
mod record;

pub use arrays::{channel_bytes, texel_bytes};
pub use completions::{Completions, StreamWords, milliseconds};
pub use jit_options::JitOption;
pub use messages::{Call, Executor, Message, Op, Ordered, Post, Unordered, dispatch};
pub use pod::Pod;
pub use record::{Answer, EventSlot, NO_REPLY, RECORD_MAX_BYTES, RecordHeader, SLOTS_END, Seq, Span, StreamSlot};
pub(crate) use record::{OP_PADDING, OP_REPLY_MORE, RECORD_ALIGN};

/// Raised whenever a record's meaning or the window's layout changes: guest and host must agree exactly.
pub const PROTOCOL_VERSION: u32 = 3;

/// Allocations of device memory start at multiples of this: what `cuMemAlloc` promises, and a bit more.
pub const ALLOCATION_ALIGN_BYTES: u64 = 512;
