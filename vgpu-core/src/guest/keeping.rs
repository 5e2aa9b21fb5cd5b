//! From what length on the executor keeps images: asked once, at the first image that may be kept.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::CuResult;

/// What the executor has said.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    /// 0 until the executor was asked, which answers with more.
    min_bytes: AtomicU64,
}

impl Keeping {
    /// The length from which on images are kept. `ask` asks the executor for it.
    ///
    /// # Errors
    /// Those of `ask`.
    pub(super) fn min_bytes(&self, ask: impl FnOnce() -> CuResult<u64>) -> CuResult<u64> {
        let known = self.min_bytes.load(Ordering::Relaxed);
        if known != 0 {
            return Ok(known);
        }
        let min_bytes = ask()?.max(1);
        self.min_bytes.store(min_bytes, Ordering::Relaxed);
        Ok(min_bytes)
    }
}
