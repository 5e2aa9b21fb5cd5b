//! A link's options as the driver takes them.

use std::ffi::c_void;

use vgpu_core::abi::CUjit_option as Id;
use vgpu_core::wire::JitOption;

/// As much as is kept of what the driver says, in each of two logs.
const LOG_BYTES: usize = 4096;

/// Options, and the logs that they name. The driver writes into logs and values for as long as the link lives.
pub(crate) struct LinkOptions {
    ids: Box<[u32]>,
    values: Box<[*mut c_void]>,
    info: Box<[u8]>,
    errors: Box<[u8]>,
    /// So many bytes of the errors have been told.
    told: usize,
}

// SAFETY: the pointers lead to the boxes beside them, which are no thread's own.
unsafe impl Send for LinkOptions {}

impl LinkOptions {
    /// A guest's options, and logs.
    pub(crate) fn with_logs(options: &[JitOption]) -> Self {
        let [mut info, mut errors] = [(); 2].map(|()| vec![0_u8; LOG_BYTES].into_boxed_slice());
        let room = std::ptr::without_provenance_mut(LOG_BYTES);
        let logs = [
            (Id::CU_JIT_INFO_LOG_BUFFER, info.as_mut_ptr().cast()),
            (Id::CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES, room),
            (Id::CU_JIT_ERROR_LOG_BUFFER, errors.as_mut_ptr().cast()),
            (Id::CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, room),
        ];
        let of_guest = options.iter().map(|option| (Id(option.id), value_of(option)));
        let (ids, values): (Vec<_>, Vec<_>) = logs.into_iter().chain(of_guest).map(|(id, value)| (id.0, value)).unzip();
        Self { ids: ids.into(), values: values.into(), info, errors, told: 0 }
    }

    /// How many, the options and their values.
    pub(crate) fn as_arrays(&mut self) -> (u32, *mut u32, *mut *mut c_void) {
        (self.ids.len() as u32, self.ids.as_mut_ptr(), self.values.as_mut_ptr())
    }

    /// What the driver remarks.
    pub(crate) fn info(&self) -> String {
        text(&self.info)
    }

    /// What it complains of, and has not before: the log grows with each call.
    pub(crate) fn new_errors(&mut self) -> String {
        let all = text(&self.errors);
        let new = all.get(self.told..).unwrap_or(&all).trim().to_owned();
        self.told = all.len();
        new
    }
}

/// A value as C has it.
pub(crate) fn value_of(option: &JitOption) -> *mut c_void {
    std::ptr::without_provenance_mut(option.value as usize)
}

/// A log up to its NUL.
fn text(log: &[u8]) -> String {
    let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
    String::from_utf8_lossy(&log[..end]).trim().to_owned()
}
