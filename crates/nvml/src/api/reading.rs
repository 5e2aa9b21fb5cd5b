//! What only the host's NVML knows: asked there each time, and NOT_SUPPORTED where there is none. Each line is a function, with
//! the row of [`vgpu_core::reading`] that answers it.

use std::ffi::{c_char, c_uint, c_ulonglong};

use vgpu_core::abi::nvml::{
    nvmlBrandType_t, nvmlClockType_t, nvmlDevice_t, nvmlEnableState_t, nvmlPcieUtilCounter_t, nvmlPstates_t,
    nvmlTemperatureSensors_t, nvmlTemperatureThresholds_t, nvmlUtilization_t,
};
use vgpu_core::ffi::{Out, OutSlice};
use vgpu_core::reading::Reading;

use super::write_text;
use crate::error::{NvmlError, NvmlResult};
use crate::session::read;

/// A number as the caller has it.
trait Number: Sized {
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

macro_rules! numbers {
    ($($function:ident(device $(, $argument:ident: $of:ident)?; $($out:ident: $type:ty),+) = $reading:ident;)*) => {$(
        pub(crate) fn $function(device: nvmlDevice_t, $($argument: $of,)? $($out: Out<$type>),+) -> NvmlResult {
            let argument = 0 $(+ numbers!(@code $argument $of))?;
            let mut values = read(device, Reading::$reading, argument)?.values.into_iter();
            $($out.write(Number::of(values.next().unwrap_or(0))?);)+
            Ok(())
        }
    )*};
    (@code $argument:ident c_uint) => { $argument };
    (@code $argument:ident $of:ident) => { $argument.0 };
}

numbers! {
    nvmlDeviceGetBoardId(device; boardId: c_uint) = BoardId;
    nvmlDeviceGetPersistenceMode(device; mode: nvmlEnableState_t) = PersistenceMode;
    nvmlDeviceGetDisplayMode(device; display: nvmlEnableState_t) = DisplayMode;
    nvmlDeviceGetDisplayActive(device; isActive: nvmlEnableState_t) = DisplayActive;
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
    nvmlDeviceGetEncoderUtilization(device; utilization: c_uint, samplingPeriodUs: c_uint) = EncoderUtilization;
    nvmlDeviceGetDecoderUtilization(device; utilization: c_uint, samplingPeriodUs: c_uint) = DecoderUtilization;
    nvmlDeviceGetEccMode(device; current: nvmlEnableState_t, pending: nvmlEnableState_t) = EccMode;
    nvmlDeviceGetCurrPcieLinkGeneration(device; currLinkGen: c_uint) = PcieGeneration;
    nvmlDeviceGetCurrPcieLinkWidth(device; currLinkWidth: c_uint) = PcieWidth;
    nvmlDeviceGetMaxPcieLinkGeneration(device; maxLinkGen: c_uint) = MaxPcieGeneration;
    nvmlDeviceGetMaxPcieLinkWidth(device; maxLinkWidth: c_uint) = MaxPcieWidth;
    nvmlDeviceGetPcieThroughput(device, counter: nvmlPcieUtilCounter_t; value: c_uint) = PcieThroughput;
    nvmlDeviceGetNumGpuCores(device; numCores: c_uint) = GpuCores;
    nvmlDeviceGetMemoryBusWidth(device; busWidth: c_uint) = MemoryBusWidth;
}

pub(crate) fn nvmlDeviceGetUtilizationRates(device: nvmlDevice_t, utilization: Out<nvmlUtilization_t>) -> NvmlResult {
    let [gpu, memory] = read(device, Reading::Utilization, 0)?.values;
    utilization.write(nvmlUtilization_t { gpu: Number::of(gpu)?, memory: Number::of(memory)? });
    Ok(())
}

/// A device is of no brand where nobody knows it.
pub(crate) fn nvmlDeviceGetBrand(device: nvmlDevice_t, type_: Out<nvmlBrandType_t>) -> NvmlResult {
    let brand = match read(device, Reading::Brand, 0) {
        Ok(read) => Number::of(read.values[0])?,
        Err(NvmlError::NOT_SUPPORTED) => nvmlBrandType_t::NVML_BRAND_UNKNOWN,
        Err(error) => return Err(error),
    };
    type_.write(brand);
    Ok(())
}

macro_rules! texts {
    ($($function:ident($text:ident) = $reading:ident;)*) => {$(
        pub(crate) fn $function(device: nvmlDevice_t, $text: OutSlice<c_char>, _length: c_uint) -> NvmlResult {
            write_text($text, &read(device, Reading::$reading, 0)?.text())
        }
    )*};
}

texts! {
    nvmlDeviceGetSerial(serial) = Serial;
    nvmlDeviceGetVbiosVersion(version) = VbiosVersion;
    nvmlDeviceGetBoardPartNumber(partNumber) = BoardPartNumber;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session;

    #[test]
    fn what_does_not_fit_its_type_is_an_error() {
        assert_eq!(c_uint::of(1 << 32), Err(NvmlError::UNKNOWN));
        assert_eq!(nvmlPstates_t::of(8), Ok(nvmlPstates_t::NVML_PSTATE_8));
    }

    #[test]
    fn a_reading_needs_init() {
        let mut power = 0;
        let read = nvmlDeviceGetPowerUsage(session::handle_of(0), (&mut power).into());
        assert_eq!(read, Err(NvmlError::UNINITIALIZED));
    }
}
