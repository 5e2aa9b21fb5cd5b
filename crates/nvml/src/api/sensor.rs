//! What devices measure and how they are driven: clocks, performance, power, heat, fans, use.

use std::ffi::{c_uint, c_ulonglong};

use vgpu_core::abi::nvml::{
    nvmlClockType_t, nvmlDevice_t, nvmlEnableState_t, nvmlPstates_t, nvmlTemperatureSensors_t,
    nvmlTemperatureThresholds_t, nvmlUtilization_t,
};
use vgpu_core::ffi::Out;
use vgpu_core::reading::Reading;

use super::reading::{Number, numbers};
use crate::error::NvmlResult;
use crate::session::read;

numbers! {
    nvmlDeviceGetPerformanceState(device; pState: nvmlPstates_t) = PerformanceState;
    nvmlDeviceGetTemperature(device, sensorType: nvmlTemperatureSensors_t; temp: c_uint) = Temperature;
    nvmlDeviceGetTemperatureThreshold(device, thresholdType: nvmlTemperatureThresholds_t; temp: c_uint)
        = TemperatureThreshold;
    nvmlDeviceGetNumFans(device; numFans: c_uint) = FanCount;
    nvmlDeviceGetFanSpeed(device; speed: c_uint) = FanSpeed;
    nvmlDeviceGetFanSpeed_v2(device, fan: c_uint; speed: c_uint) = FanSpeedOf;
    nvmlDeviceGetPowerUsage(device; power: c_uint) = PowerUsage;
    nvmlDeviceGetPowerManagementMode(device; mode: nvmlEnableState_t) = PowerManagementMode;
    nvmlDeviceGetPowerManagementLimit(device; limit: c_uint) = PowerLimit;
    nvmlDeviceGetPowerManagementDefaultLimit(device; defaultLimit: c_uint) = PowerDefaultLimit;
    nvmlDeviceGetPowerManagementLimitConstraints(device; minLimit: c_uint, maxLimit: c_uint) = PowerLimitConstraints;
    nvmlDeviceGetEnforcedPowerLimit(device; limit: c_uint) = EnforcedPowerLimit;
    nvmlDeviceGetTotalEnergyConsumption(device; energy: c_ulonglong) = TotalEnergy;
    nvmlDeviceGetClockInfo(device, type_: nvmlClockType_t; clock: c_uint) = Clock;
    nvmlDeviceGetMaxClockInfo(device, type_: nvmlClockType_t; clock: c_uint) = MaxClock;
    nvmlDeviceGetApplicationsClock(device, clockType: nvmlClockType_t; clockMHz: c_uint) = ApplicationsClock;
    nvmlDeviceGetDefaultApplicationsClock(device, clockType: nvmlClockType_t; clockMHz: c_uint)
        = DefaultApplicationsClock;
    nvmlDeviceGetMaxCustomerBoostClock(device, clockType: nvmlClockType_t; clockMHz: c_uint) = MaxCustomerBoostClock;
    nvmlDeviceGetCurrentClocksThrottleReasons(device; clocksThrottleReasons: c_ulonglong) = ThrottleReasons;
    nvmlDeviceGetSupportedClocksThrottleReasons(device; supportedClocksThrottleReasons: c_ulonglong)
        = SupportedThrottleReasons;
    nvmlDeviceGetCurrentClocksEventReasons(device; clocksEventReasons: c_ulonglong) = ThrottleReasons;
    nvmlDeviceGetSupportedClocksEventReasons(device; supportedClocksEventReasons: c_ulonglong)
        = SupportedThrottleReasons;
    nvmlDeviceGetDecoderUtilization(device; utilization: c_uint, samplingPeriodUs: c_uint) = DecoderUtilization;
}

pub(crate) fn nvmlDeviceGetUtilizationRates(device: nvmlDevice_t, utilization: Out<nvmlUtilization_t>) -> NvmlResult {
    let [gpu, memory] = read(device, Reading::Utilization, 0)?.values;
    utilization.write(nvmlUtilization_t { gpu: Number::of(gpu)?, memory: Number::of(memory)? });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::NvmlError;
    use crate::session;

    #[test]
    fn a_reading_needs_init() {
        let mut power = 0;
        let read = nvmlDeviceGetPowerUsage(session::handle_of(0), (&mut power).into());
        assert_eq!(read, Err(NvmlError::UNINITIALIZED));
    }
}
