//! What is said of contexts to guests.

use vgpu_core::CuError;
use vgpu_core::abi::CUlimit_enum;
use vgpu_core::host::Refusal;
use vgpu_core::wire::messages::{ContextFactsReply, LIMIT_COUNT};

use crate::api::Api;
use crate::device::refused;

/// What the driver says of the current context.
///
/// # Errors
/// The driver's.
pub(crate) fn of_current(api: &Api) -> Result<ContextFactsReply, Refusal> {
    let (mut least_priority, mut greatest_priority) = (0, 0);
    // SAFETY: both arguments lead to locals.
    let told = unsafe { api.cuCtxGetStreamPriorityRange(&raw mut least_priority, &raw mut greatest_priority) };
    told.map_err(refused("to tell the priorities of streams"))?;
    let (mut limits, mut limit_codes) = ([0; LIMIT_COUNT], [CuError::INVALID_VALUE.code(); LIMIT_COUNT]);
    for limit in 0..CUlimit_enum::CU_LIMIT_MAX.0 {
        let index = limit as usize;
        match api.cuCtxGetLimit(limit) {
            Ok(value) => (limits[index], limit_codes[index]) = (value as u64, 0),
            Err(error) if error.is_fatal() => return Err(refused("to tell a limit")(error)),
            Err(error) => limit_codes[index] = error.code(),
        }
    }
    Ok(ContextFactsReply { limits, limit_codes, least_priority, greatest_priority })
}
