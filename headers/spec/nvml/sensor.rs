//! What devices measure and how they are driven: clocks, performance, power, heat, fans, use. Source: NVML reference, device queries.

extern "nvml" {
    #[unsupported]
    fn nvmlDeviceGetAdaptiveClockInfoStatus(device: nvmlDevice_t, adaptiveClockStatus: *mut c_uint);

    /// A clock that applications get, in MHz, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know", INVALID_ARGUMENT = "`clockType` is none")]
    fn nvmlDeviceGetApplicationsClock(device: nvmlDevice_t, clockType: nvmlClockType_t, clockMHz: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetAutoBoostedClocksEnabled(
        device: nvmlDevice_t, isEnabled: *mut nvmlEnableState_t, defaultIsEnabled: *mut nvmlEnableState_t,
    );

    #[unsupported]
    fn nvmlDeviceGetClock(
        device: nvmlDevice_t, clockType: nvmlClockType_t, clockId: nvmlClockId_t, clockMHz: *mut c_uint,
    );

    /// A clock in MHz, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know", INVALID_ARGUMENT = "`type_` is none")]
    fn nvmlDeviceGetClockInfo(device: nvmlDevice_t, type_: nvmlClockType_t, clock: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetClockOffsets(device: nvmlDevice_t, info: *mut nvmlClockOffset_t);

    #[unsupported]
    fn nvmlDeviceGetCoolerInfo(device: nvmlDevice_t, coolerInfo: *mut nvmlCoolerInfo_t);

    #[unsupported]
    fn nvmlDeviceGetCurrentClockFreqs(device: nvmlDevice_t, currentClockFreqs: *mut nvmlDeviceCurrentClockFreqs_t);

    /// Why clocks are what they are, as bits, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetCurrentClocksEventReasons(device: nvmlDevice_t, clocksEventReasons: Out<c_ulonglong>);

    /// Why clocks are what they are, as bits, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetCurrentClocksThrottleReasons(device: nvmlDevice_t, clocksThrottleReasons: Out<c_ulonglong>);

    /// How busy the decoder is, in percent, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetDecoderUtilization(device: nvmlDevice_t, utilization: Out<c_uint>, samplingPeriodUs: Out<c_uint>);

    /// A clock that applications get unless it is set, in MHz, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know", INVALID_ARGUMENT = "`clockType` is none")]
    fn nvmlDeviceGetDefaultApplicationsClock(device: nvmlDevice_t, clockType: nvmlClockType_t, clockMHz: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetDynamicPstatesInfo(device: nvmlDevice_t, pDynamicPstatesInfo: *mut nvmlGpuDynamicPstatesInfo_t);

    /// The limit of power that holds, in milliwatts, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetEnforcedPowerLimit(device: nvmlDevice_t, limit: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetFanControlPolicy_v2(device: nvmlDevice_t, fan: c_uint, policy: *mut nvmlFanControlPolicy_t);

    /// The speed that the fan is meant to have, in percent, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetFanSpeed(device: nvmlDevice_t, speed: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetFanSpeedRPM(device: nvmlDevice_t, fanSpeed: *mut nvmlFanSpeedInfo_t);

    /// The speed that one of several fans is meant to have, in percent, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know", INVALID_ARGUMENT = "the device has no fan of that number")]
    fn nvmlDeviceGetFanSpeed_v2(device: nvmlDevice_t, fan: c_uint, speed: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetJpgUtilization(device: nvmlDevice_t, utilization: *mut c_uint, samplingPeriodUs: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetMarginTemperature(device: nvmlDevice_t, marginTempInfo: *mut nvmlMarginTemperature_t);

    /// A clock's largest value in MHz, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know", INVALID_ARGUMENT = "`type_` is none")]
    fn nvmlDeviceGetMaxClockInfo(device: nvmlDevice_t, type_: nvmlClockType_t, clock: Out<c_uint>);

    /// A clock's largest value that can be set, in MHz, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know", INVALID_ARGUMENT = "`clockType` is none")]
    fn nvmlDeviceGetMaxCustomerBoostClock(device: nvmlDevice_t, clockType: nvmlClockType_t, clockMHz: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetMinMaxClockOfPState(
        device: nvmlDevice_t, type_: nvmlClockType_t, pstate: nvmlPstates_t, minClockMHz: *mut c_uint,
        maxClockMHz: *mut c_uint,
    );

    #[unsupported]
    fn nvmlDeviceGetMinMaxFanSpeed(device: nvmlDevice_t, minSpeed: *mut c_uint, maxSpeed: *mut c_uint);

    /// How many fans a device has, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetNumFans(device: nvmlDevice_t, numFans: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetOfaUtilization(device: nvmlDevice_t, utilization: *mut c_uint, samplingPeriodUs: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetPerformanceModes(device: nvmlDevice_t, perfModes: *mut nvmlDevicePerfModes_t);

    /// A device's performance state, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetPerformanceState(device: nvmlDevice_t, pState: Out<nvmlPstates_t>);

    /// The limit of power after a start in milliwatts, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetPowerManagementDefaultLimit(device: nvmlDevice_t, defaultLimit: Out<c_uint>);

    /// The limit of power in milliwatts, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetPowerManagementLimit(device: nvmlDevice_t, limit: Out<c_uint>);

    /// The least and the largest limit of power in milliwatts, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetPowerManagementLimitConstraints(device: nvmlDevice_t, minLimit: Out<c_uint>, maxLimit: Out<c_uint>);

    /// Whether power is managed, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetPowerManagementMode(device: nvmlDevice_t, mode: Out<nvmlEnableState_t>);

    #[unsupported]
    fn nvmlDeviceGetPowerMizerMode_v1(device: nvmlDevice_t, powerMizerMode: *mut nvmlDevicePowerMizerModes_v1_t);

    #[unsupported]
    fn nvmlDeviceGetPowerSource(device: nvmlDevice_t, powerSource: *mut nvmlPowerSource_t);

    #[unsupported]
    fn nvmlDeviceGetPowerState(device: nvmlDevice_t, pState: *mut nvmlPstates_t);

    /// Power in milliwatts, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetPowerUsage(device: nvmlDevice_t, power: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetProcessUtilization(
        device: nvmlDevice_t, utilization: *mut nvmlProcessUtilizationSample_t, processSamplesCount: *mut c_uint,
        lastSeenTimeStamp: c_ulonglong,
    );

    #[unsupported]
    fn nvmlDeviceGetProcessesUtilizationInfo(
        device: nvmlDevice_t, procesesUtilInfo: *mut nvmlProcessesUtilizationInfo_t,
    );

    /// Which reasons there can be for what clocks are, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetSupportedClocksEventReasons(device: nvmlDevice_t, supportedClocksEventReasons: Out<c_ulonglong>);

    /// Which reasons there can be for what clocks are, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetSupportedClocksThrottleReasons(
        device: nvmlDevice_t, supportedClocksThrottleReasons: Out<c_ulonglong>,
    );

    #[unsupported]
    fn nvmlDeviceGetSupportedGraphicsClocks(
        device: nvmlDevice_t, memoryClockMHz: c_uint, count: *mut c_uint, clocksMHz: *mut c_uint,
    );

    #[unsupported]
    fn nvmlDeviceGetSupportedMemoryClocks(device: nvmlDevice_t, count: *mut c_uint, clocksMHz: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetSupportedPerformanceStates(device: nvmlDevice_t, pstates: *mut nvmlPstates_t, size: c_uint);

    #[unsupported]
    fn nvmlDeviceGetTargetFanSpeed(device: nvmlDevice_t, fan: c_uint, targetSpeed: *mut c_uint);

    /// A temperature in degrees Celsius, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know", INVALID_ARGUMENT = "`sensorType` is none")]
    fn nvmlDeviceGetTemperature(device: nvmlDevice_t, sensorType: nvmlTemperatureSensors_t, temp: Out<c_uint>);

    /// A limit of the temperature in degrees Celsius, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know", INVALID_ARGUMENT = "`thresholdType` is none")]
    fn nvmlDeviceGetTemperatureThreshold(
        device: nvmlDevice_t, thresholdType: nvmlTemperatureThresholds_t, temp: Out<c_uint>,
    );

    #[unsupported]
    fn nvmlDeviceGetTemperatureV(device: nvmlDevice_t, temperature: *mut nvmlTemperature_t);

    #[unsupported]
    fn nvmlDeviceGetThermalSettings(
        device: nvmlDevice_t, sensorIndex: c_uint, pThermalSettings: *mut nvmlGpuThermalSettings_t,
    );

    /// Energy since the driver was loaded in millijoules, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetTotalEnergyConsumption(device: nvmlDevice_t, energy: Out<c_ulonglong>);

    /// How busy device and memory are, in percent, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetUtilizationRates(device: nvmlDevice_t, utilization: Out<nvmlUtilization_t>);

    #[unsupported]
    fn nvmlDeviceGetViolationStatus(
        device: nvmlDevice_t, perfPolicyType: nvmlPerfPolicyType_t, violTime: *mut nvmlViolationTime_t,
    );
}
