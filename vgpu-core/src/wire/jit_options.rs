//! What a guest asks of the compiler and the linker, as far as it travels: options whose values are numbers.

use super::Pod;
use crate::abi::CUjit_option as Id;
use crate::error::{CuError, CuResult};

/// More of them than there are options is an error.
pub const MAX_JIT_OPTIONS: usize = 64;

/// One option.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JitOption {
    /// A `CUjit_option`.
    pub id: u32,
    /// Its value.
    pub value: u32,
}

// SAFETY: two u32 fields.
unsafe impl Pod for JitOption {}

impl JitOption {
    /// Whether an option is one that travels: no pointer, and nothing that is an answer alone.
    pub const fn travels(id: Id) -> bool {
        matches!(
            id,
            Id::CU_JIT_MAX_REGISTERS
                | Id::CU_JIT_THREADS_PER_BLOCK
                | Id::CU_JIT_OPTIMIZATION_LEVEL
                | Id::CU_JIT_TARGET_FROM_CUCONTEXT
                | Id::CU_JIT_TARGET
                | Id::CU_JIT_GENERATE_DEBUG_INFO
                | Id::CU_JIT_LOG_VERBOSE
                | Id::CU_JIT_GENERATE_LINE_INFO
                | Id::CU_JIT_CACHE_MODE
                | Id::CU_JIT_POSITION_INDEPENDENT_CODE
                | Id::CU_JIT_MIN_CTA_PER_SM
                | Id::CU_JIT_MAX_THREADS_PER_BLOCK
                | Id::CU_JIT_OVERRIDE_DIRECTIVE_VALUES
        )
    }

    /// The options that stand in a tail, one after the other.
    ///
    /// # Errors
    /// `INVALID_VALUE` for bytes left over, too many options, and one that does not travel.
    pub fn all_of(tail: &[u8]) -> CuResult<Vec<Self>> {
        let (options, rest) = tail.as_chunks::<8>();
        if !rest.is_empty() || options.len() > MAX_JIT_OPTIONS {
            return Err(CuError::INVALID_VALUE);
        }
        let option = |bytes: &[u8; 8]| Self::from_bytes(bytes).filter(|option| Self::travels(Id(option.id)));
        options.iter().map(option).collect::<Option<_>>().ok_or(CuError::INVALID_VALUE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_options_that_travel_are_taken() {
        let options = [
            JitOption { id: Id::CU_JIT_MAX_REGISTERS.0, value: 32 },
            JitOption { id: Id::CU_JIT_LOG_VERBOSE.0, value: 1 },
        ];
        let bytes: Vec<u8> = options.iter().flat_map(|option| option.as_bytes().to_vec()).collect();
        assert_eq!(JitOption::all_of(&bytes), Ok(options.to_vec()));
        assert_eq!(JitOption::all_of(&bytes[..12]), Err(CuError::INVALID_VALUE));
        assert_eq!(JitOption::all_of(&bytes.repeat(33)), Err(CuError::INVALID_VALUE));
        for id in [Id::CU_JIT_ERROR_LOG_BUFFER, Id::CU_JIT_WALL_TIME, Id::CU_JIT_GLOBAL_SYMBOL_NAMES, Id(36)] {
            let option = JitOption { id: id.0, value: 1 };
            assert_eq!(JitOption::all_of(option.as_bytes()), Err(CuError::INVALID_VALUE));
        }
    }
}
