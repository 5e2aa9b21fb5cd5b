//! What the host's NVML says of a GPU and guests may ask for: one table.
//!
//! A guest's libnvidia-ml asks by a row's number; whoever has the host's NVML calls the row's function by its name. What there
//! is no function for, or no NVML, is NOT_SUPPORTED for the guest.

use std::fmt::Write;

use crate::abi::nvml::nvmlReturn_t;
use crate::wire::Pod;

/// The arguments of a function, after the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A number to be written.
    Number,
    /// What the number is of, and the number to be written.
    NumberOf,
    /// Two numbers to be written, each where an argument of its own leads.
    Numbers,
    /// A struct of two numbers to be written.
    Pair,
    /// A number of 64 bits to be written.
    Long,
    /// A text to be written, and its room.
    Text,
    /// The same, of the system: there is no device before it.
    SystemText,
}

macro_rules! readings {
    ($($number:literal $name:ident: $shape:ident $function:literal;)*) => {
        /// A row.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        #[allow(missing_docs, reason = "the functions that they are named for are NVIDIA's to document")]
        pub enum Reading { $($name = $number,)* }

        impl Reading {
            /// All rows.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The row of that number.
            pub const fn from_code(code: u32) -> Option<Self> {
                match code { $($number => Some(Self::$name),)* _ => None }
            }

            /// The host's function.
            pub const fn function(self) -> &'static str {
                match self { $(Self::$name => $function,)* }
            }

            /// Its arguments.
            pub const fn shape(self) -> Shape {
                match self { $(Self::$name => Shape::$shape,)* }
            }
        }
    };
}

readings! {
    1 DriverVersion: SystemText "nvmlSystemGetDriverVersion";
    2 NvmlVersion: SystemText "nvmlSystemGetNVMLVersion";
    3 Brand: Number "nvmlDeviceGetBrand";
    4 Serial: Text "nvmlDeviceGetSerial";
    5 VbiosVersion: Text "nvmlDeviceGetVbiosVersion";
    6 BoardPartNumber: Text "nvmlDeviceGetBoardPartNumber";
    7 BoardId: Number "nvmlDeviceGetBoardId";
    8 PersistenceMode: Number "nvmlDeviceGetPersistenceMode";
    9 DisplayMode: Number "nvmlDeviceGetDisplayMode";
    10 DisplayActive: Number "nvmlDeviceGetDisplayActive";
    11 PerformanceState: Number "nvmlDeviceGetPerformanceState";
    12 Temperature: NumberOf "nvmlDeviceGetTemperature";
    13 TemperatureThreshold: NumberOf "nvmlDeviceGetTemperatureThreshold";
    14 FanCount: Number "nvmlDeviceGetNumFans";
    15 FanSpeed: Number "nvmlDeviceGetFanSpeed";
    16 FanSpeedOf: NumberOf "nvmlDeviceGetFanSpeed_v2";
    17 PowerUsage: Number "nvmlDeviceGetPowerUsage";
    18 PowerManagementMode: Number "nvmlDeviceGetPowerManagementMode";
    19 PowerLimit: Number "nvmlDeviceGetPowerManagementLimit";
    20 PowerDefaultLimit: Number "nvmlDeviceGetPowerManagementDefaultLimit";
    21 PowerLimitConstraints: Numbers "nvmlDeviceGetPowerManagementLimitConstraints";
    22 EnforcedPowerLimit: Number "nvmlDeviceGetEnforcedPowerLimit";
    23 TotalEnergy: Long "nvmlDeviceGetTotalEnergyConsumption";
    24 Clock: NumberOf "nvmlDeviceGetClockInfo";
    25 MaxClock: NumberOf "nvmlDeviceGetMaxClockInfo";
    26 ApplicationsClock: NumberOf "nvmlDeviceGetApplicationsClock";
    27 DefaultApplicationsClock: NumberOf "nvmlDeviceGetDefaultApplicationsClock";
    28 MaxCustomerBoostClock: NumberOf "nvmlDeviceGetMaxCustomerBoostClock";
    29 ThrottleReasons: Long "nvmlDeviceGetCurrentClocksThrottleReasons";
    30 SupportedThrottleReasons: Long "nvmlDeviceGetSupportedClocksThrottleReasons";
    31 Utilization: Pair "nvmlDeviceGetUtilizationRates";
    32 EncoderUtilization: Numbers "nvmlDeviceGetEncoderUtilization";
    33 DecoderUtilization: Numbers "nvmlDeviceGetDecoderUtilization";
    34 EccMode: Numbers "nvmlDeviceGetEccMode";
    35 PcieGeneration: Number "nvmlDeviceGetCurrPcieLinkGeneration";
    36 PcieWidth: Number "nvmlDeviceGetCurrPcieLinkWidth";
    37 MaxPcieGeneration: Number "nvmlDeviceGetMaxPcieLinkGeneration";
    38 MaxPcieWidth: Number "nvmlDeviceGetMaxPcieLinkWidth";
    39 PcieThroughput: NumberOf "nvmlDeviceGetPcieThroughput";
    40 GpuCores: Number "nvmlDeviceGetNumGpuCores";
    41 MemoryBusWidth: Number "nvmlDeviceGetMemoryBusWidth";
}

/// Room for the longest text, its NUL included.
pub const TEXT_BYTES: usize = 96;

/// What was read.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadingReply {
    /// NVML's result code.
    pub code: u32,
    /// Zero.
    pub reserved: u32,
    /// One or two numbers.
    pub values: [u64; 2],
    /// NUL-padded.
    pub text: [u8; TEXT_BYTES],
}

// SAFETY: two u32, two u64 and bytes, a multiple of eight of them, leave no gap.
unsafe impl Pod for ReadingReply {}

impl ReadingReply {
    /// There is nothing to read.
    pub const NOT_SUPPORTED: Self = Self::refused(nvmlReturn_t::NVML_ERROR_NOT_SUPPORTED.0);

    /// A result code alone.
    pub const fn refused(code: u32) -> Self {
        Self { code, reserved: 0, values: [0; 2], text: [0; TEXT_BYTES] }
    }

    /// The text up to its NUL.
    pub fn text(&self) -> String {
        let len = self.text.iter().position(|byte| *byte == 0).unwrap_or(TEXT_BYTES);
        String::from_utf8_lossy(&self.text[..len]).into_owned()
    }
}

/// A GPU's name in NVML: "GPU-" and the number in its usual groups.
pub fn uuid_text(uuid: [u8; 16]) -> String {
    let mut text = "GPU".to_owned();
    for (at, byte) in uuid.into_iter().enumerate() {
        if matches!(at, 0 | 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_their_numbers_and_stand_there_once() {
        let mut names: Vec<_> = Reading::ALL.iter().map(|reading| reading.function()).collect();
        assert!(Reading::ALL.iter().all(|reading| Reading::from_code(*reading as u32) == Some(*reading)));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Reading::ALL.len());
        assert_eq!(Reading::from_code(0), None);
    }

    #[test]
    fn a_text_ends_at_its_nul_or_with_its_room() {
        let mut reply = ReadingReply::refused(0);
        assert_eq!(reply.text(), "");
        reply.text = [b'x'; TEXT_BYTES];
        assert_eq!(reply.text().len(), TEXT_BYTES);
    }

    #[test]
    fn a_uuid_is_written_in_groups() {
        let uuid = std::array::from_fn(|at| u8::try_from(at).unwrap_or(0));
        assert_eq!(uuid_text(uuid), "GPU-00010203-0405-0607-0809-0a0b0c0d0e0f");
    }
}
