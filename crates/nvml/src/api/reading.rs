//! What only the host's NVML knows: asked there each time, and NOT_SUPPORTED where there is none. Chapters state such functions
//! in tables: a line is a function, with the row of [`vgpu_core::reading`] that answers it.

use std::ffi::{c_uint, c_ulonglong};

use vgpu_core::abi::nvml::{nvmlBrandType_t, nvmlEnableState_t, nvmlPstates_t};

use crate::error::{NvmlError, NvmlResult};

/// A number as the caller has it.
pub(crate) trait Number: Sized {
    fn of(value: u64) -> NvmlResult<Self>;
}

impl Number for c_uint {
    fn of(value: u64) -> NvmlResult<Self> {
        Self::try_from(value).map_err(|_| NvmlError::UNKNOWN)
    }
}

impl Number for c_ulonglong {
    fn of(value: u64) -> NvmlResult<Self> {
        Ok(value)
    }
}

macro_rules! enums {
    ($($name:ident)*) => {$(
        impl Number for $name {
            fn of(value: u64) -> NvmlResult<Self> {
                c_uint::of(value).map(Self)
            }
        }
    )*};
}

enums! { nvmlBrandType_t nvmlEnableState_t nvmlPstates_t }

/// Functions that write one number or two, of the device or of what one more argument says.
macro_rules! numbers {
    ($($function:ident(device $(, $argument:ident: $of:ident)?; $($out:ident: $type:ty),+) = $reading:ident;)*) => {$(
        pub(crate) fn $function(
            device: nvmlDevice_t,
            $($argument: $of,)?
            $($out: vgpu_core::ffi::Out<$type>),+
        ) -> $crate::error::NvmlResult {
            let argument = 0 $(+ $crate::api::reading::numbers!(@code $argument $of))?;
            let read = $crate::session::read(device, vgpu_core::reading::Reading::$reading, argument)?;
            let mut values = read.values.into_iter();
            $($out.write($crate::api::reading::Number::of(values.next().unwrap_or(0))?);)+
            Ok(())
        }
    )*};
    (@code $argument:ident c_uint) => { $argument };
    (@code $argument:ident $of:ident) => { $argument.0 };
}

pub(crate) use numbers;

/// Functions that write a text.
macro_rules! texts {
    ($($function:ident($text:ident) = $reading:ident;)*) => {$(
        pub(crate) fn $function(
            device: nvmlDevice_t,
            $text: vgpu_core::ffi::OutSlice<c_char>,
            _length: c_uint,
        ) -> $crate::error::NvmlResult {
            let read = $crate::session::read(device, vgpu_core::reading::Reading::$reading, 0)?;
            $crate::api::write_text($text, &read.text())
        }
    )*};
}

pub(crate) use texts;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_its_type_is_an_error() {
        assert_eq!(c_uint::of(1 << 32), Err(NvmlError::UNKNOWN));
        assert_eq!(nvmlPstates_t::of(8), Ok(nvmlPstates_t::NVML_PSTATE_8));
    }
}
