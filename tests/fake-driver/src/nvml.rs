//! NVML, which knows the fake's GPUs: each function says the sum of its name's bytes, so that no two are taken for each other.

use std::ffi::{CStr, c_char, c_int, c_uint, c_ulonglong, c_void};

use vgpu_core::reading::uuid_text;

use crate::cuda::uuid_of;
use crate::state::lock;

const SUCCESS: c_uint = 0;
const NOT_SUPPORTED: c_uint = 3;
const NO_PERMISSION: c_uint = 4;
const NOT_FOUND: c_uint = 6;
/// The sensor that never answers.
const HANGING_SENSOR: c_uint = 99;

type Device = *mut c_void;

fn sum(name: &str) -> u32 {
    name.bytes().map(u32::from).sum()
}

/// Handles are the devices' numbers and one.
fn device_number(device: Device) -> u32 {
    u32::try_from(device.addr()).expect("a handle that this library gave") - 1
}

macro_rules! numbers {
    ($($name:ident($($argument:ident)?);)*) => {$(
        #[doc = concat!("`", stringify!($name), "`, as the public header declares it.")]
        ///
        /// # Safety
        /// The header's.
        #[unsafe(no_mangle)]
        #[allow(non_snake_case, reason = "the names are C's")]
        pub(crate) unsafe extern "C" fn $name(device: Device, $($argument: c_uint,)? value: *mut c_uint) -> c_uint {
            let argument = 0 $(+ $argument)?;
            while argument == HANGING_SENSOR {
                std::thread::park();
            }
            // SAFETY: the caller has room for it.
            unsafe { value.write(sum(stringify!($name)) + argument + 10_000 * device_number(device)) };
            SUCCESS
        }
    )*};
}

numbers! {
    nvmlDeviceGetBrand();
    nvmlDeviceGetBoardId();
    nvmlDeviceGetPersistenceMode();
    nvmlDeviceGetDisplayMode();
    nvmlDeviceGetDisplayActive();
    nvmlDeviceGetPerformanceState();
    nvmlDeviceGetTemperature(sensor);
    nvmlDeviceGetTemperatureThreshold(threshold);
    nvmlDeviceGetNumFans();
    nvmlDeviceGetFanSpeed_v2(fan);
    nvmlDeviceGetPowerUsage();
    nvmlDeviceGetPowerManagementMode();
    nvmlDeviceGetPowerManagementLimit();
    nvmlDeviceGetPowerManagementDefaultLimit();
    nvmlDeviceGetEnforcedPowerLimit();
    nvmlDeviceGetClockInfo(clock);
    nvmlDeviceGetMaxClockInfo(clock);
    nvmlDeviceGetApplicationsClock(clock);
    nvmlDeviceGetDefaultApplicationsClock(clock);
    nvmlDeviceGetMaxCustomerBoostClock(clock);
    nvmlDeviceGetCurrPcieLinkGeneration();
    nvmlDeviceGetCurrPcieLinkWidth();
    nvmlDeviceGetMaxPcieLinkGeneration();
    nvmlDeviceGetMaxPcieLinkWidth();
    nvmlDeviceGetPcieThroughput(counter);
    nvmlDeviceGetMemoryBusWidth();
}

macro_rules! others {
    ($($name:ident($($argument:ident: $type:ty),*) -> $code:ident $({ $($line:tt)* })?)*) => {$(
        #[doc = concat!("`", stringify!($name), "`, as the public header declares it.")]
        ///
        /// # Safety
        /// The header's.
        #[unsafe(no_mangle)]
        #[allow(non_snake_case, reason = "the names are C's")]
        #[allow(unused_variables, reason = "a refusal looks at nothing")]
        pub(crate) unsafe extern "C" fn $name($($argument: $type),*) -> c_uint {
            // SAFETY: the caller has room for what is written.
            $(unsafe { $($line)* })?
            $code
        }
    )*};
}

others! {
    nvmlInit_v2() -> SUCCESS
    nvmlDeviceGetFanSpeed(device: Device, speed: *mut c_uint) -> NOT_SUPPORTED
    nvmlDeviceGetEccMode(device: Device, current: *mut c_uint, pending: *mut c_uint) -> NO_PERMISSION
    nvmlDeviceGetPowerManagementLimitConstraints(device: Device, min: *mut c_uint, max: *mut c_uint) -> SUCCESS {
        min.write(1);
        max.write(sum("nvmlDeviceGetPowerManagementLimitConstraints"));
    }
    nvmlDeviceGetEncoderUtilization(device: Device, busy: *mut c_uint, period_us: *mut c_uint) -> SUCCESS {
        busy.write(2);
        period_us.write(sum("nvmlDeviceGetEncoderUtilization"));
    }
    nvmlDeviceGetDecoderUtilization(device: Device, busy: *mut c_uint, period_us: *mut c_uint) -> SUCCESS {
        busy.write(3);
        period_us.write(sum("nvmlDeviceGetDecoderUtilization"));
    }
    nvmlDeviceGetUtilizationRates(device: Device, rates: *mut [c_uint; 2]) -> SUCCESS {
        rates.write([4, sum("nvmlDeviceGetUtilizationRates")]);
    }
    nvmlDeviceGetTotalEnergyConsumption(device: Device, energy: *mut c_ulonglong) -> SUCCESS {
        energy.write(u64::from(sum("nvmlDeviceGetTotalEnergyConsumption")) << 32);
    }
    nvmlDeviceGetCurrentClocksThrottleReasons(device: Device, reasons: *mut c_ulonglong) -> SUCCESS {
        reasons.write(u64::from(sum("nvmlDeviceGetCurrentClocksThrottleReasons")) << 32);
    }
    nvmlDeviceGetSupportedClocksThrottleReasons(device: Device, reasons: *mut c_ulonglong) -> SUCCESS {
        reasons.write(u64::from(sum("nvmlDeviceGetSupportedClocksThrottleReasons")) << 32);
    }
    nvmlDeviceGetSerial(device: Device, text: *mut c_char, room: c_uint) -> SUCCESS {
        text.cast::<[u8; 7]>().write(*b"serial\0");
    }
    nvmlDeviceGetVbiosVersion(device: Device, text: *mut c_char, room: c_uint) -> SUCCESS {
        text.cast::<[u8; 6]>().write(*b"vbios\0");
    }
    nvmlDeviceGetBoardPartNumber(device: Device, text: *mut c_char, room: c_uint) -> SUCCESS {
        text.cast::<[u8; 5]>().write(*b"part\0");
    }
    nvmlSystemGetDriverVersion(text: *mut c_char, room: c_uint) -> SUCCESS {
        text.cast::<[u8; 7]>().write(*b"550.00\0");
    }
    nvmlSystemGetNVMLVersion(text: *mut c_char, room: c_uint) -> SUCCESS {
        text.cast::<[u8; 10]>().write(*b"12.550.00\0");
    }
}

/// `nvmlDeviceGetHandleByUUID`, as the public header declares it.
///
/// # Safety
/// The header's.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the names are C's")]
pub(crate) unsafe extern "C" fn nvmlDeviceGetHandleByUUID(uuid: *const c_char, device: *mut Device) -> c_uint {
    // SAFETY: the caller gives a string.
    let wanted = unsafe { CStr::from_ptr(uuid) }.to_bytes();
    let is_it = |number: &c_int| uuid_text(uuid_of(*number)).as_bytes() == wanted;
    let Some(number) = (0..lock().gpu_count).find(is_it) else {
        return NOT_FOUND;
    };
    // SAFETY: the caller has room for it.
    unsafe { device.write(std::ptr::without_provenance_mut(number as usize + 1)) };
    SUCCESS
}
