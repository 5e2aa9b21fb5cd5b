//! How contexts and streams come to life at the executor.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use vgpu_core::CuResult;
use vgpu_core::wire::messages::{ContextCreate, StreamCreate};

use super::closing::close_left;
use super::context::{Context, Live};
use super::host_order;
use super::process::Process;
use super::stream::{self, Stream};

/// Wire numbers of contexts are never used again; 0 is none.
static NEXT_CONTEXT: AtomicU32 = AtomicU32::new(1);

impl Context {
    /// Brings the context to life at the executor.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY` without a free stream slot, else those of the link.
    pub(crate) fn revive(&'static self, process: &Process) -> CuResult {
        close_left(process);
        let number = NEXT_CONTEXT.fetch_add(1, Ordering::Relaxed);
        let slot = stream::take_slot(process)?;
        let create = ContextCreate {
            context: number,
            device: process.devices[self.ordinal].wire,
            legacy_stream: slot,
            flags: self.flags.load(Ordering::Relaxed),
        };
        process.link.post(&create, &[]).inspect_err(|_| stream::give_back_slot(slot))?;
        let legacy = Arc::new(Stream::new(stream::LEGACY, process.new_id(), slot, self, number, 0, 0));
        self.set_live(Live::new(number, legacy.clone()));
        host_order::opened();
        host_order::join(process, &legacy)
    }
}

impl Stream {
    /// Opens a stream at the executor. With a `fixed_handle` it gets no handle of its own.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY` without a free slot, `CONTEXT_IS_DESTROYED`, else those of the link.
    pub(crate) fn open(
        process: &Process,
        owner: &'static Context,
        context: u32,
        flags: u32,
        priority: i32,
        fixed_handle: Option<u64>,
    ) -> CuResult<Arc<Self>> {
        close_left(process);
        let live = owner.live()?;
        let slot = stream::take_slot(process)?;
        let create = StreamCreate { context, stream: slot, flags, priority };
        process.link.post(&create, &[]).inspect_err(|_| stream::give_back_slot(slot))?;
        let make = |handle| Arc::new(Self::new(handle, process.new_id(), slot, owner, context, flags, priority));
        let stream = match fixed_handle {
            Some(handle) => make(handle),
            None => Self::with_handle(make),
        };
        live.adopt(stream.clone());
        if stream.is_apart() {
            host_order::opened();
        }
        host_order::join(process, &stream)?;
        Ok(stream)
    }
}
