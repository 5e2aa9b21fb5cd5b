//! Options of the compiler and the linker as programs pass them, and where these want answers.

use std::ffi::{c_char, c_uint, c_void};
use std::time::Duration;

use vgpu_core::abi::CUjit_option;
use vgpu_core::ffi::OutSlice;
use vgpu_core::wire::JitOption;
use vgpu_core::wire::jit_options::MAX_JIT_OPTIONS;
use vgpu_core::{CuError, CuResult};

/// The highest level of optimisation.
const MOST_OPTIMISED: usize = 4;

/// What options are for: some are for one alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Load,
    Link,
}

/// The options of a call.
pub(crate) struct JitOptions {
    /// What tunes a compiler.
    pub(crate) tuning: Vec<JitOption>,
    pub(crate) answers: Answers,
}

/// Where a program wants to read what came of a call.
#[derive(Default)]
pub(crate) struct Answers {
    info: Log,
    error: Log,
    /// Address of the value that becomes a `float` of milliseconds; 0 where nobody asks.
    time: usize,
}

/// A buffer for text, where both parts of one are given.
#[derive(Clone, Copy, Default)]
struct Log {
    /// Its address.
    buffer: usize,
    /// Address of the value that says how long it is, and then how much was written.
    size: usize,
    room: usize,
}

impl JitOptions {
    /// Reads the options of a call.
    ///
    /// # Errors
    /// `INVALID_VALUE`: an array is null, an option is none, is not for this use, or has a value that it cannot have, or two exclude
    /// each other. `NOT_SUPPORTED`: addresses for symbols, and link-time optimisation.
    ///
    /// # Safety
    /// `options` and `values` are readable for `count` items; values and buffers that are for answers stay for as long as
    /// [`Answers`] is used.
    pub(crate) unsafe fn read(
        count: c_uint,
        options: *const CUjit_option,
        values: *mut *mut c_void,
        used_for: Use,
    ) -> CuResult<Self> {
        use CUjit_option as O;
        let count = count as usize;
        if count > MAX_JIT_OPTIONS || count > 0 && (options.is_null() || values.is_null()) {
            return Err(CuError::INVALID_VALUE);
        }
        let mut read = Self { tuning: Vec::new(), answers: Answers::default() };
        for index in 0..count {
            // SAFETY: the caller's options are readable up to their count.
            let option = unsafe { options.add(index).read() };
            // SAFETY: and so are their values.
            let slot = unsafe { values.add(index) };
            // SAFETY: as above.
            let value = unsafe { slot.read() };
            let (number, slot) = (value.addr(), slot.expose_provenance());
            let Answers { info, error, time } = &mut read.answers;
            match option {
                O::CU_JIT_INFO_LOG_BUFFER => info.buffer = value.expose_provenance(),
                O::CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES => (info.size, info.room) = (slot, number & u32::MAX as usize),
                O::CU_JIT_ERROR_LOG_BUFFER => error.buffer = value.expose_provenance(),
                O::CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES => (error.size, error.room) = (slot, number & u32::MAX as usize),
                O::CU_JIT_WALL_TIME => *time = slot,
                O::CU_JIT_FALLBACK_STRATEGY if used_for == Use::Link => return Err(CuError::INVALID_VALUE),
                O::CU_JIT_OPTIMIZATION_LEVEL if number > MOST_OPTIMISED => return Err(CuError::INVALID_VALUE),
                // Symbols that are given addresses, and code that is no machine code yet: there is none of either here.
                O::CU_JIT_GLOBAL_SYMBOL_NAMES
                | O::CU_JIT_GLOBAL_SYMBOL_ADDRESSES
                | O::CU_JIT_GLOBAL_SYMBOL_COUNT
                | O::CU_JIT_LTO
                    if number != 0 =>
                {
                    return Err(CuError::NOT_SUPPORTED);
                }
                #[expect(clippy::cast_possible_truncation, reason = "C reads an unsigned int of the value")]
                _ if JitOption::travels(option) => {
                    read.tuning.push(JitOption { id: option.0, value: number as u32 });
                }
                // What is left tunes what is refused above, or how a driver goes about its work.
                _ if option.0 < O::CU_JIT_NUM_OPTIONS.0 => {}
                _ => return Err(CuError::INVALID_VALUE),
            }
        }
        let has = |option: CUjit_option| read.tuning.iter().any(|known| known.id == option.0);
        if has(O::CU_JIT_THREADS_PER_BLOCK) && has(O::CU_JIT_TARGET) {
            return Err(CuError::INVALID_VALUE);
        }
        Ok(read)
    }
}

impl Answers {
    /// Writes both logs, as far as there is room, and how much of it was used.
    pub(crate) fn write(&self, info: &str, error: &str) {
        self.info.write(info);
        self.error.write(error);
    }

    /// Writes how long the work has taken.
    pub(crate) fn write_time(&self, taken: Duration) {
        let to: *mut f32 = std::ptr::with_exposed_provenance_mut(self.time);
        if !to.is_null() {
            // SAFETY: the address is that of one of the caller's option values, which are as long as a pointer and stay.
            unsafe { to.write(taken.as_secs_f32() * 1e3) };
        }
    }

    /// Whether somebody reads what there is to know of work that went well.
    pub(crate) fn wants_info(&self) -> bool {
        self.info.is_whole()
    }
}

impl Log {
    fn is_whole(&self) -> bool {
        self.buffer != 0 && self.size != 0
    }

    fn write(&self, text: &str) {
        if !self.is_whole() {
            return;
        }
        let buffer: *mut c_char = std::ptr::with_exposed_provenance_mut(self.buffer);
        // SAFETY: the caller of `read` says that the buffer has that room, and stays.
        if let Ok(mut buffer) = unsafe { OutSlice::new(buffer, self.room) } {
            buffer.write_str(text);
        }
        let used = if text.is_empty() { 0 } else { (text.len() + 1).min(self.room) };
        let size: *mut *mut c_void = std::ptr::with_exposed_provenance_mut(self.size);
        // SAFETY: the address is that of one of the caller's option values, which stay.
        unsafe { size.write(std::ptr::without_provenance_mut(used)) };
    }
}
