//! A context's limits, `cuCtxSetLimit`: those that have an effect here, and what is said of the others.

use vgpu_core::abi::CUlimit_enum;
use vgpu_core::wire::messages::{ContextFactsReply, LIMIT_COUNT};
use vgpu_core::{CuError, CuResult};

use super::setup::SoftDevice;

const STACK_SIZE: u32 = CUlimit_enum::CU_LIMIT_STACK_SIZE.0;
const PRINTF_FIFO_SIZE: u32 = CUlimit_enum::CU_LIMIT_PRINTF_FIFO_SIZE.0;
const MALLOC_HEAP_SIZE: u32 = CUlimit_enum::CU_LIMIT_MALLOC_HEAP_SIZE.0;
/// The least that kernels may allocate together.
const HEAP_MIN_BYTES: u64 = 64 << 10;
/// No limit has this number or a higher one.
const LIMITS_END: u32 = CUlimit_enum::CU_LIMIT_MAX.0;

impl SoftDevice {
    /// What there is to know of an open context.
    pub(super) fn context_facts_of(&mut self, context: u32) -> CuResult<ContextFactsReply> {
        self.require_context(context)?;
        let mut reply = ContextFactsReply {
            limits: [0; LIMIT_COUNT],
            limit_codes: [CuError::UNSUPPORTED_LIMIT.code(); LIMIT_COUNT],
            // All streams are alike.
            least_priority: 0,
            greatest_priority: 0,
        };
        reply.limit_codes[LIMITS_END as usize..].fill(CuError::INVALID_VALUE.code());
        let context = &self.contexts[&context];
        let limits = [
            (STACK_SIZE, context.stack_bytes),
            (PRINTF_FIFO_SIZE, self.engine.output.room_bytes()),
            (MALLOC_HEAP_SIZE, context.heap_bytes),
        ];
        for (limit, value) in limits {
            (reply.limits[limit as usize], reply.limit_codes[limit as usize]) = (value, 0);
        }
        Ok(reply)
    }

    /// Sets a limit of an open context.
    ///
    /// # Errors
    /// `UNSUPPORTED_LIMIT` for those without an effect here, `INVALID_VALUE` for what is none, and for the heap's length once kernels
    /// have it.
    pub(super) fn set_limit(&mut self, context: u32, limit: u32, value: u64) -> CuResult {
        self.require_context(context)?;
        let context = self.contexts.get_mut(&context).expect("it is open");
        match limit {
            // It counts for kernels that call without an end known before; the others have as much as they need.
            STACK_SIZE => context.stack_bytes = value,
            MALLOC_HEAP_SIZE if context.heap.get().is_some() => {
                let text = "kernels that allocate have been launched already".to_owned();
                return Err(self.refuse((CuError::INVALID_VALUE, text)));
            }
            // No memory at all cannot be had.
            MALLOC_HEAP_SIZE => context.heap_bytes = value.max(HEAP_MIN_BYTES),
            PRINTF_FIFO_SIZE => self.engine.output.set_room(value),
            limit => {
                let error = if limit < LIMITS_END { CuError::UNSUPPORTED_LIMIT } else { CuError::INVALID_VALUE };
                return Err(self.refuse((error, format!("there is no limit {limit}"))));
            }
        }
        Ok(())
    }
}
