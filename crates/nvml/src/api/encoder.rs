//! Encoders: only how busy they are.

use std::ffi::c_uint;

use vgpu_core::abi::nvml::nvmlDevice_t;

use super::reading::numbers;

numbers! {
    nvmlDeviceGetEncoderUtilization(device; utilization: c_uint, samplingPeriodUs: c_uint) = EncoderUtilization;
}
