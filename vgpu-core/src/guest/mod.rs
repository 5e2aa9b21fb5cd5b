//! A guest process's end of the window: posting and calling, waiting, copies, pinned memory.
//!
//! Only libcuda holds a [`Link`]; there is one per process. What CUDA's functions mean is not known here. A file uses others of
//! those above it only:
//!
//! - `called_thread`: who must not wait for work. `stream_end`: where a stream's next record goes.
//! - `channel`: the ring's producer, reply slots, waiting, noticing a lost executor.
//! - `staging`: where pageable memory travels. `heap`: pinned memory, in `slabs`. `keeping`: which images an executor may have.
//! - `link`: all of that together.
//! - What is done by it: `copy`; `blob` for images, and other bytes that are too long for a record; `host_calls` for functions of
//!   the process that the executor calls; `output` of kernels.

mod blob;
mod called_thread;
mod channel;
mod copy;
mod heap;
mod host_calls;
mod keeping;
mod link;
mod output;
mod slabs;
mod staging;
mod stream_end;

pub use crate::transport::{ConnectError, MonitorLink, ProcessUse, Request, Selection};
pub use called_thread::be_called;
pub use copy::INLINE_MAX_BYTES;
pub use heap::PinnedHeap;
pub use link::Link;
pub use output::Output;
pub use staging::StagedChunk;
pub use stream_end::{StreamEnd, Unseen, UnseenRun};
