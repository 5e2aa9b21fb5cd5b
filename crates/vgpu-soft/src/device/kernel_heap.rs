//! The memory of a context that its kernels allocate.

use std::sync::Arc;

use parking_lot::Mutex;
use vgpu_core::CuResult;

use super::heap::Heap;
use crate::exec::Allocator;

/// Device memory that ends with whoever knows of it last: the context, and launches that may allocate from it.
pub(super) struct KernelHeap {
    device_memory: Arc<Mutex<Heap>>,
    start: u64,
    pub(super) allocator: Arc<Allocator>,
}

impl KernelHeap {
    /// Takes `len_bytes` of a device.
    ///
    /// # Errors
    /// As [`Heap::alloc`].
    pub(super) fn new(len_bytes: u64, device: usize, device_memory: &Arc<Mutex<Heap>>) -> CuResult<Self> {
        // As with modules' variables, the program cannot free it.
        let start = device_memory.lock().alloc(len_bytes, device, None)?;
        let allocator = Arc::new(Allocator::new(start..start + len_bytes));
        Ok(Self { device_memory: Arc::clone(device_memory), start, allocator })
    }
}

impl Drop for KernelHeap {
    fn drop(&mut self) {
        self.device_memory.lock().release(self.start);
    }
}
