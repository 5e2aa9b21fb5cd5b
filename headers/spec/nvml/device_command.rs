//! Device command. Source: NVML API reference.

extern "nvml" {
    #[unsupported]
    fn nvmlDeviceClearCpuAffinity(device: nvmlDevice_t);

    #[unsupported]
    fn nvmlDeviceClearEccErrorCounts(device: nvmlDevice_t, counterType: nvmlEccCounterType_t);

    #[unsupported]
    fn nvmlDeviceClearFieldValues(device: nvmlDevice_t, valuesCount: c_int, values: *mut nvmlFieldValue_t);

    #[unsupported]
    fn nvmlDeviceResetApplicationsClocks(device: nvmlDevice_t);

    #[unsupported]
    fn nvmlDeviceResetGpuLockedClocks(device: nvmlDevice_t);

    #[unsupported]
    fn nvmlDeviceResetMemoryLockedClocks(device: nvmlDevice_t);

    #[unsupported]
    fn nvmlDeviceSetAPIRestriction(device: nvmlDevice_t, apiType: nvmlRestrictedAPI_t, isRestricted: nvmlEnableState_t);

    #[unsupported]
    fn nvmlDeviceSetAdaptiveTgpMode_v1(device: nvmlDevice_t, mode: nvmlEnableState_t);

    #[unsupported]
    fn nvmlDeviceSetApplicationsClocks(device: nvmlDevice_t, memClockMHz: c_uint, graphicsClockMHz: c_uint);

    #[unsupported]
    fn nvmlDeviceSetAutoBoostedClocksEnabled(device: nvmlDevice_t, enabled: nvmlEnableState_t);

    #[unsupported]
    fn nvmlDeviceSetClockOffsets(device: nvmlDevice_t, info: *mut nvmlClockOffset_t);

    #[unsupported]
    fn nvmlDeviceSetComputeMode(device: nvmlDevice_t, mode: nvmlComputeMode_t);

    #[unsupported]
    fn nvmlDeviceSetCpuAffinity(device: nvmlDevice_t);

    #[unsupported]
    fn nvmlDeviceSetDefaultAutoBoostedClocksEnabled(device: nvmlDevice_t, enabled: nvmlEnableState_t, flags: c_uint);

    #[unsupported]
    fn nvmlDeviceSetDefaultFanSpeed_v2(device: nvmlDevice_t, fan: c_uint);

    #[unsupported]
    fn nvmlDeviceSetDramEncryptionMode(device: nvmlDevice_t, dramEncryption: *const nvmlDramEncryptionInfo_t);

    #[unsupported]
    fn nvmlDeviceSetDriverModel(device: nvmlDevice_t, driverModel: nvmlDriverModel_t, flags: c_uint);

    #[unsupported]
    fn nvmlDeviceSetEccMode(device: nvmlDevice_t, ecc: nvmlEnableState_t);

    #[unsupported]
    fn nvmlDeviceSetFanControlPolicy(device: nvmlDevice_t, fan: c_uint, policy: nvmlFanControlPolicy_t);

    #[unsupported]
    fn nvmlDeviceSetFanSpeed_v2(device: nvmlDevice_t, fan: c_uint, speed: c_uint);

    #[unsupported]
    fn nvmlDeviceSetGpcClkVfOffset(device: nvmlDevice_t, offset: c_int);

    #[unsupported]
    fn nvmlDeviceSetGpuLockedClocks(device: nvmlDevice_t, minGpuClockMHz: c_uint, maxGpuClockMHz: c_uint);

    #[unsupported]
    fn nvmlDeviceSetGpuOperationMode(device: nvmlDevice_t, mode: nvmlGpuOperationMode_t);

    #[unsupported]
    fn nvmlDeviceSetHostname_v1(device: nvmlDevice_t, hostname: *mut nvmlHostname_v1_t);

    #[unsupported]
    fn nvmlDeviceSetMemClkVfOffset(device: nvmlDevice_t, offset: c_int);

    #[unsupported]
    fn nvmlDeviceSetMemoryLimits_v1(device: nvmlDevice_t, limits: *mut nvmlSetMemoryLimits_v1_t);

    #[unsupported]
    fn nvmlDeviceSetMemoryLockedClocks(device: nvmlDevice_t, minMemClockMHz: c_uint, maxMemClockMHz: c_uint);

    #[unsupported]
    fn nvmlDeviceSetPersistenceMode(device: nvmlDevice_t, mode: nvmlEnableState_t);

    #[unsupported]
    fn nvmlDeviceSetPowerManagementLimit(device: nvmlDevice_t, limit: c_uint);

    #[unsupported]
    fn nvmlDeviceSetPowerManagementLimit_v2(device: nvmlDevice_t, powerValue: *mut nvmlPowerValue_v2_t);

    #[unsupported]
    fn nvmlDeviceSetPowerMizerMode_v1(device: nvmlDevice_t, powerMizerMode: *mut nvmlDevicePowerMizerModes_v1_t);

    #[unsupported]
    fn nvmlDeviceSetRusdSettings_v1(device: nvmlDevice_t, settings: *mut nvmlRusdSettings_v1_t);

    #[unsupported]
    fn nvmlDeviceSetTemperatureThreshold(
        device: nvmlDevice_t,
        thresholdType: nvmlTemperatureThresholds_t,
        temp: *mut c_int,
    );

    #[unsupported]
    fn nvmlDeviceSetVirtualizationMode(device: nvmlDevice_t, virtualMode: nvmlGpuVirtualizationMode_t);
}
