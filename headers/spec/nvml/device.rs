//! Device. Source: NVML API reference.

extern "nvml" {
    #[unsupported]
    fn nvmlDeviceGetAPIRestriction(
        device: nvmlDevice_t, apiType: nvmlRestrictedAPI_t, isRestricted: *mut nvmlEnableState_t,
    );

    #[unsupported]
    fn nvmlDeviceGetAdaptiveClockInfoStatus(device: nvmlDevice_t, adaptiveClockStatus: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetAdaptiveTgpModeInfo_v1(device: nvmlDevice_t, info: *mut nvmlAdaptiveTgpModeInfo_v1_t);

    #[unsupported]
    fn nvmlDeviceGetAddressingMode(device: nvmlDevice_t, mode: *mut nvmlDeviceAddressingMode_t);

    /// A clock that applications get, in MHz, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetApplicationsClock(device: nvmlDevice_t, clockType: nvmlClockType_t, clockMHz: Out<c_uint>);

    /// The architecture whose instructions a device has.
    #[custom]
    fn nvmlDeviceGetArchitecture(device: nvmlDevice_t, arch: Out<nvmlDeviceArchitecture_t>);

    #[unsupported]
    fn nvmlDeviceGetAttributes(device: nvmlDevice_t, attributes: *mut nvmlDeviceAttributes_t);

    #[unsupported]
    fn nvmlDeviceGetAttributes_v2(device: nvmlDevice_t, attributes: *mut nvmlDeviceAttributes_t);

    #[unsupported]
    fn nvmlDeviceGetAutoBoostedClocksEnabled(
        device: nvmlDevice_t, isEnabled: *mut nvmlEnableState_t, defaultIsEnabled: *mut nvmlEnableState_t,
    );

    #[unsupported]
    fn nvmlDeviceGetBAR1MemoryInfo(device: nvmlDevice_t, bar1Memory: *mut nvmlBAR1Memory_t);

    /// A board's number, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetBoardId(device: nvmlDevice_t, boardId: Out<c_uint>);

    /// A board's part number, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetBoardPartNumber(device: nvmlDevice_t, partNumber: Out<[c_char; length]>, length: c_uint);

    /// A device's brand; there is none.
    #[custom]
    fn nvmlDeviceGetBrand(device: nvmlDevice_t, type_: Out<nvmlBrandType_t>);

    #[unsupported]
    fn nvmlDeviceGetBridgeChipInfo(device: nvmlDevice_t, bridgeHierarchy: *mut nvmlBridgeChipHierarchy_t);

    #[unsupported]
    fn nvmlDeviceGetBusType(device: nvmlDevice_t, type_: *mut nvmlBusType_t);

    #[unsupported]
    fn nvmlDeviceGetC2cModeInfoV(device: nvmlDevice_t, c2cModeInfo: *mut nvmlC2cModeInfo_v1_t);

    #[unsupported]
    fn nvmlDeviceGetCapabilities(device: nvmlDevice_t, caps: *mut nvmlDeviceCapabilities_t);

    #[unsupported]
    fn nvmlDeviceGetClkMonStatus(device: nvmlDevice_t, status: *mut nvmlClkMonStatus_t);

    #[unsupported]
    fn nvmlDeviceGetClock(
        device: nvmlDevice_t, clockType: nvmlClockType_t, clockId: nvmlClockId_t, clockMHz: *mut c_uint,
    );

    /// A clock in MHz, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetClockInfo(device: nvmlDevice_t, type_: nvmlClockType_t, clock: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetClockOffsets(device: nvmlDevice_t, info: *mut nvmlClockOffset_t);

    /// Who may use a device.
    #[custom]
    fn nvmlDeviceGetComputeMode(device: nvmlDevice_t, mode: Out<nvmlComputeMode_t>);

    /// The processes that use a device.
    #[custom]
    fn nvmlDeviceGetComputeRunningProcesses(
        device: nvmlDevice_t, infoCount: InOut<c_uint>, infos: *mut nvmlProcessInfo_v1_t,
    );

    /// The processes that use a device.
    #[alias(nvmlDeviceGetComputeRunningProcesses_v3)]
    fn nvmlDeviceGetComputeRunningProcesses_v2(
        device: nvmlDevice_t, infoCount: InOut<c_uint>, infos: *mut nvmlProcessInfo_v2_t,
    );

    /// The processes that use a device.
    #[custom]
    fn nvmlDeviceGetComputeRunningProcesses_v3(
        device: nvmlDevice_t, infoCount: InOut<c_uint>, infos: *mut nvmlProcessInfo_t,
    );

    #[unsupported]
    fn nvmlDeviceGetCoolerInfo(device: nvmlDevice_t, coolerInfo: *mut nvmlCoolerInfo_t);

    /// Counts the devices; the older name.
    #[alias(nvmlDeviceGetCount_v2)]
    fn nvmlDeviceGetCount(deviceCount: Out<c_uint>);

    /// Counts the devices.
    #[custom]
    fn nvmlDeviceGetCount_v2(deviceCount: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetCpuAffinity(device: nvmlDevice_t, cpuSetSize: c_uint, cpuSet: *mut c_ulong);

    #[unsupported]
    fn nvmlDeviceGetCpuAffinityWithinScope(
        device: nvmlDevice_t, cpuSetSize: c_uint, cpuSet: *mut c_ulong, scope: nvmlAffinityScope_t,
    );

    /// A device's compute capability.
    #[custom]
    fn nvmlDeviceGetCudaComputeCapability(device: nvmlDevice_t, major: Out<c_int>, minor: Out<c_int>);

    /// The generation of the PCIe link, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetCurrPcieLinkGeneration(device: nvmlDevice_t, currLinkGen: Out<c_uint>);

    /// Lanes of the PCIe link, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetCurrPcieLinkWidth(device: nvmlDevice_t, currLinkWidth: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetCurrentClockFreqs(device: nvmlDevice_t, currentClockFreqs: *mut nvmlDeviceCurrentClockFreqs_t);

    /// The same under a later name.
    #[custom]
    fn nvmlDeviceGetCurrentClocksEventReasons(device: nvmlDevice_t, clocksEventReasons: Out<c_ulonglong>);

    /// Why clocks are what they are, as bits, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetCurrentClocksThrottleReasons(device: nvmlDevice_t, clocksThrottleReasons: Out<c_ulonglong>);

    /// How busy the decoder is, in percent, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetDecoderUtilization(device: nvmlDevice_t, utilization: Out<c_uint>, samplingPeriodUs: Out<c_uint>);

    /// A clock that applications get unless it is set, in MHz, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetDefaultApplicationsClock(device: nvmlDevice_t, clockType: nvmlClockType_t, clockMHz: Out<c_uint>);

    /// Whether a display is in use, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetDisplayActive(device: nvmlDevice_t, isActive: Out<nvmlEnableState_t>);

    /// Whether a display is connected, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetDisplayMode(device: nvmlDevice_t, display: Out<nvmlEnableState_t>);

    #[unsupported]
    fn nvmlDeviceGetDramEncryptionMode(
        device: nvmlDevice_t, current: *mut nvmlDramEncryptionInfo_t, pending: *mut nvmlDramEncryptionInfo_t,
    );

    #[unsupported]
    fn nvmlDeviceGetDriverModel(device: nvmlDevice_t, current: *mut nvmlDriverModel_t, pending: *mut nvmlDriverModel_t);

    #[unsupported]
    fn nvmlDeviceGetDriverModel_v2(
        device: nvmlDevice_t, current: *mut nvmlDriverModel_t, pending: *mut nvmlDriverModel_t,
    );

    #[unsupported]
    fn nvmlDeviceGetDynamicPstatesInfo(device: nvmlDevice_t, pDynamicPstatesInfo: *mut nvmlGpuDynamicPstatesInfo_t);

    /// Whether memory is checked, now and after the next start, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetEccMode(device: nvmlDevice_t, current: Out<nvmlEnableState_t>, pending: Out<nvmlEnableState_t>);

    /// The limit of power that holds, in milliwatts, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetEnforcedPowerLimit(device: nvmlDevice_t, limit: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetFanControlPolicy_v2(device: nvmlDevice_t, fan: c_uint, policy: *mut nvmlFanControlPolicy_t);

    /// The speed that the fan is meant to have, in percent, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetFanSpeed(device: nvmlDevice_t, speed: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetFanSpeedRPM(device: nvmlDevice_t, fanSpeed: *mut nvmlFanSpeedInfo_t);

    /// The same of one of several fans.
    #[custom]
    fn nvmlDeviceGetFanSpeed_v2(device: nvmlDevice_t, fan: c_uint, speed: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetFieldValues(device: nvmlDevice_t, valuesCount: c_int, values: *mut nvmlFieldValue_t);

    #[unsupported]
    fn nvmlDeviceGetGpcClkMinMaxVfOffset(device: nvmlDevice_t, minOffset: *mut c_int, maxOffset: *mut c_int);

    #[unsupported]
    fn nvmlDeviceGetGpcClkVfOffset(device: nvmlDevice_t, offset: *mut c_int);

    #[unsupported]
    fn nvmlDeviceGetGpuFabricInfo(device: nvmlDevice_t, gpuFabricInfo: *mut nvmlGpuFabricInfo_t);

    #[unsupported]
    fn nvmlDeviceGetGpuFabricInfoV(device: nvmlDevice_t, gpuFabricInfo: *mut nvmlGpuFabricInfoV_t);

    #[unsupported]
    fn nvmlDeviceGetGpuFabricInfo_v4(device: nvmlDevice_t, gpuFabricInfo: *mut nvmlGpuFabricInfo_v4_t);

    #[unsupported]
    fn nvmlDeviceGetGpuMaxPcieLinkGeneration(device: nvmlDevice_t, maxLinkGenDevice: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetGpuOperationMode(
        device: nvmlDevice_t, current: *mut nvmlGpuOperationMode_t, pending: *mut nvmlGpuOperationMode_t,
    );

    #[unsupported]
    fn nvmlDeviceGetGpuUptime_v1(device: nvmlDevice_t, uptime: *mut nvmlGpuUptime_v1_t);

    /// The processes that draw on a device; there are none.
    #[custom]
    fn nvmlDeviceGetGraphicsRunningProcesses(
        device: nvmlDevice_t, infoCount: InOut<c_uint>, infos: *mut nvmlProcessInfo_v1_t,
    );

    /// The processes that draw on a device; there are none.
    #[alias(nvmlDeviceGetGraphicsRunningProcesses_v3)]
    fn nvmlDeviceGetGraphicsRunningProcesses_v2(
        device: nvmlDevice_t, infoCount: InOut<c_uint>, infos: *mut nvmlProcessInfo_v2_t,
    );

    /// The processes that draw on a device; there are none.
    #[custom]
    fn nvmlDeviceGetGraphicsRunningProcesses_v3(
        device: nvmlDevice_t, infoCount: InOut<c_uint>, infos: *mut nvmlProcessInfo_t,
    );

    #[unsupported]
    fn nvmlDeviceGetGspFirmwareMode(device: nvmlDevice_t, isEnabled: *mut c_uint, defaultMode: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetGspFirmwareVersion(device: nvmlDevice_t, version: *mut c_char);

    /// The device of an index; the older name.
    #[alias(nvmlDeviceGetHandleByIndex_v2)]
    fn nvmlDeviceGetHandleByIndex(index: c_uint, device: Out<nvmlDevice_t>);

    /// The device of an index.
    #[custom]
    fn nvmlDeviceGetHandleByIndex_v2(index: c_uint, device: Out<nvmlDevice_t>);

    /// The device at a PCI address; the older name.
    #[alias(nvmlDeviceGetHandleByPciBusId_v2)]
    fn nvmlDeviceGetHandleByPciBusId(pciBusId: Str, device: Out<nvmlDevice_t>);

    /// The device at a PCI address.
    #[custom]
    fn nvmlDeviceGetHandleByPciBusId_v2(pciBusId: Str, device: Out<nvmlDevice_t>);

    #[unsupported]
    fn nvmlDeviceGetHandleBySerial(serial: *const c_char, device: *mut nvmlDevice_t);

    /// The device of a UUID.
    #[custom]
    fn nvmlDeviceGetHandleByUUID(uuid: Str, device: Out<nvmlDevice_t>);

    #[unsupported]
    fn nvmlDeviceGetHandleByUUIDV(uuid: *const nvmlUUID_t, device: *mut nvmlDevice_t);

    #[unsupported]
    fn nvmlDeviceGetHostname_v1(device: nvmlDevice_t, hostname: *mut nvmlHostname_v1_t);

    /// A device's index.
    #[custom]
    fn nvmlDeviceGetIndex(device: nvmlDevice_t, index: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetIrqNum(device: nvmlDevice_t, irqNum: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetJpgUtilization(device: nvmlDevice_t, utilization: *mut c_uint, samplingPeriodUs: *mut c_uint);

    /// The processes that share a device through a server; there are none.
    #[alias(nvmlDeviceGetGraphicsRunningProcesses)]
    fn nvmlDeviceGetMPSComputeRunningProcesses(
        device: nvmlDevice_t, infoCount: InOut<c_uint>, infos: *mut nvmlProcessInfo_v1_t,
    );

    /// The processes that share a device through a server; there are none.
    #[alias(nvmlDeviceGetGraphicsRunningProcesses_v3)]
    fn nvmlDeviceGetMPSComputeRunningProcesses_v2(
        device: nvmlDevice_t, infoCount: InOut<c_uint>, infos: *mut nvmlProcessInfo_v2_t,
    );

    /// The processes that share a device through a server; there are none.
    #[alias(nvmlDeviceGetGraphicsRunningProcesses_v3)]
    fn nvmlDeviceGetMPSComputeRunningProcesses_v3(
        device: nvmlDevice_t, infoCount: InOut<c_uint>, infos: *mut nvmlProcessInfo_t,
    );

    #[unsupported]
    fn nvmlDeviceGetMarginTemperature(device: nvmlDevice_t, marginTempInfo: *mut nvmlMarginTemperature_t);

    /// A clock's largest value in MHz, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetMaxClockInfo(device: nvmlDevice_t, type_: nvmlClockType_t, clock: Out<c_uint>);

    /// A clock's largest value that can be set, in MHz, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetMaxCustomerBoostClock(device: nvmlDevice_t, clockType: nvmlClockType_t, clockMHz: Out<c_uint>);

    /// The largest generation of the PCIe link, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetMaxPcieLinkGeneration(device: nvmlDevice_t, maxLinkGen: Out<c_uint>);

    /// The most lanes of the PCIe link, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetMaxPcieLinkWidth(device: nvmlDevice_t, maxLinkWidth: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetMemClkMinMaxVfOffset(device: nvmlDevice_t, minOffset: *mut c_int, maxOffset: *mut c_int);

    #[unsupported]
    fn nvmlDeviceGetMemClkVfOffset(device: nvmlDevice_t, offset: *mut c_int);

    #[unsupported]
    fn nvmlDeviceGetMemoryAffinity(
        device: nvmlDevice_t, nodeSetSize: c_uint, nodeSet: *mut c_ulong, scope: nvmlAffinityScope_t,
    );

    /// Width of the memory's bus in bits, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetMemoryBusWidth(device: nvmlDevice_t, busWidth: Out<c_uint>);

    /// Total, free and used memory over all users.
    #[custom]
    fn nvmlDeviceGetMemoryInfo(device: nvmlDevice_t, memory: Out<nvmlMemory_t>);

    /// Total, reserved, free and used memory over all users.
    #[custom]
    fn nvmlDeviceGetMemoryInfo_v2(device: nvmlDevice_t, memory: InOut<nvmlMemory_v2_t>);

    #[unsupported]
    fn nvmlDeviceGetMemoryLimits_v1(device: nvmlDevice_t, limits: *mut nvmlGetMemoryLimits_v1_t);

    #[unsupported]
    fn nvmlDeviceGetMinMaxClockOfPState(
        device: nvmlDevice_t, type_: nvmlClockType_t, pstate: nvmlPstates_t, minClockMHz: *mut c_uint,
        maxClockMHz: *mut c_uint,
    );

    #[unsupported]
    fn nvmlDeviceGetMinMaxFanSpeed(device: nvmlDevice_t, minSpeed: *mut c_uint, maxSpeed: *mut c_uint);

    /// A device's index; there are no device files.
    #[custom]
    fn nvmlDeviceGetMinorNumber(device: nvmlDevice_t, minorNumber: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetModuleId(device: nvmlDevice_t, moduleId: *mut c_uint);

    /// Whether a device shares its board.
    #[custom]
    fn nvmlDeviceGetMultiGpuBoard(device: nvmlDevice_t, multiGpuBool: Out<c_uint>);

    /// A device's name.
    #[custom]
    fn nvmlDeviceGetName(device: nvmlDevice_t, name: Out<[c_char; length]>, length: c_uint);

    /// How many fans a device has, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetNumFans(device: nvmlDevice_t, numFans: Out<c_uint>);

    /// How many cores a device has, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetNumGpuCores(device: nvmlDevice_t, numCores: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetNumaNodeId(device: nvmlDevice_t, node: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetOfaUtilization(device: nvmlDevice_t, utilization: *mut c_uint, samplingPeriodUs: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetP2PStatus(
        device1: nvmlDevice_t, device2: nvmlDevice_t, p2pIndex: nvmlGpuP2PCapsIndex_t,
        p2pStatus: *mut nvmlGpuP2PStatus_t,
    );

    /// Where a device is on the PCI bus, in the oldest struct.
    #[custom]
    fn nvmlDeviceGetPciInfo(device: nvmlDevice_t, pci: *mut nvmlPciInfo_t);

    /// Where a device is on the PCI bus, with its class.
    #[custom]
    fn nvmlDeviceGetPciInfoExt(device: nvmlDevice_t, pci: InOut<nvmlPciInfoExt_t>);

    /// Where a device is on the PCI bus, without the long bus id.
    #[custom]
    fn nvmlDeviceGetPciInfo_v2(device: nvmlDevice_t, pci: *mut nvmlPciInfo_t);

    /// Where a device is on the PCI bus.
    #[custom]
    fn nvmlDeviceGetPciInfo_v3(device: nvmlDevice_t, pci: Out<nvmlPciInfo_t>);

    #[unsupported]
    fn nvmlDeviceGetPcieLinkMaxSpeed(device: nvmlDevice_t, maxSpeed: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetPcieReplayCounter(device: nvmlDevice_t, value: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetPcieSpeed(device: nvmlDevice_t, pcieSpeed: *mut c_uint);

    /// What goes over the PCIe link in KB/s, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetPcieThroughput(device: nvmlDevice_t, counter: nvmlPcieUtilCounter_t, value: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetPdi(device: nvmlDevice_t, pdi: *mut nvmlPdi_t);

    #[unsupported]
    fn nvmlDeviceGetPerformanceModes(device: nvmlDevice_t, perfModes: *mut nvmlDevicePerfModes_t);

    /// A device's performance state, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetPerformanceState(device: nvmlDevice_t, pState: Out<nvmlPstates_t>);

    /// Whether the driver stays loaded without users, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetPersistenceMode(device: nvmlDevice_t, mode: Out<nvmlEnableState_t>);

    #[unsupported]
    fn nvmlDeviceGetPgpuMetadataString(device: nvmlDevice_t, pgpuMetadata: *mut c_char, bufferSize: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetPlatformInfo(device: nvmlDevice_t, platformInfo: *mut nvmlPlatformInfo_t);

    /// The limit of power after a start in milliwatts, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetPowerManagementDefaultLimit(device: nvmlDevice_t, defaultLimit: Out<c_uint>);

    /// The limit of power in milliwatts, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetPowerManagementLimit(device: nvmlDevice_t, limit: Out<c_uint>);

    /// The least and the largest limit of power in milliwatts, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetPowerManagementLimitConstraints(device: nvmlDevice_t, minLimit: Out<c_uint>, maxLimit: Out<c_uint>);

    /// Whether power is managed, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetPowerManagementMode(device: nvmlDevice_t, mode: Out<nvmlEnableState_t>);

    #[unsupported]
    fn nvmlDeviceGetPowerMizerMode_v1(device: nvmlDevice_t, powerMizerMode: *mut nvmlDevicePowerMizerModes_v1_t);

    #[unsupported]
    fn nvmlDeviceGetPowerSource(device: nvmlDevice_t, powerSource: *mut nvmlPowerSource_t);

    #[unsupported]
    fn nvmlDeviceGetPowerState(device: nvmlDevice_t, pState: *mut nvmlPstates_t);

    /// Power in milliwatts, as the host's NVML says.
    #[custom]
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

    #[unsupported]
    fn nvmlDeviceGetRunningProcessDetailList(device: nvmlDevice_t, plist: *mut nvmlProcessDetailList_t);

    #[unsupported]
    fn nvmlDeviceGetSamples(
        device: nvmlDevice_t, type_: nvmlSamplingType_t, lastSeenTimeStamp: c_ulonglong,
        sampleValType: *mut nvmlValueType_t, sampleCount: *mut c_uint, samples: *mut nvmlSample_t,
    );

    /// A board's serial number, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetSerial(device: nvmlDevice_t, serial: Out<[c_char; length]>, length: c_uint);

    /// The same under a later name.
    #[custom]
    fn nvmlDeviceGetSupportedClocksEventReasons(device: nvmlDevice_t, supportedClocksEventReasons: Out<c_ulonglong>);

    /// Which of those reasons there can be, as the host's NVML says.
    #[custom]
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
    fn nvmlDeviceGetTemperature(device: nvmlDevice_t, sensorType: nvmlTemperatureSensors_t, temp: Out<c_uint>);

    /// A limit of the temperature in degrees Celsius, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetTemperatureThreshold(
        device: nvmlDevice_t, thresholdType: nvmlTemperatureThresholds_t, temp: Out<c_uint>,
    );

    #[unsupported]
    fn nvmlDeviceGetTemperatureV(device: nvmlDevice_t, temperature: *mut nvmlTemperature_t);

    #[unsupported]
    fn nvmlDeviceGetThermalSettings(
        device: nvmlDevice_t, sensorIndex: c_uint, pThermalSettings: *mut nvmlGpuThermalSettings_t,
    );

    #[unsupported]
    fn nvmlDeviceGetTopologyCommonAncestor(
        device1: nvmlDevice_t, device2: nvmlDevice_t, pathInfo: *mut nvmlGpuTopologyLevel_t,
    );

    #[unsupported]
    fn nvmlDeviceGetTopologyNearestGpus(
        device: nvmlDevice_t, level: nvmlGpuTopologyLevel_t, count: *mut c_uint, deviceArray: *mut nvmlDevice_t,
    );

    /// Energy since the driver was loaded in millijoules, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetTotalEnergyConsumption(device: nvmlDevice_t, energy: Out<c_ulonglong>);

    /// A device's UUID, the same in driver and runtime.
    #[custom]
    fn nvmlDeviceGetUUID(device: nvmlDevice_t, uuid: Out<[c_char; length]>, length: c_uint);

    /// How busy device and memory are, in percent, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetUtilizationRates(device: nvmlDevice_t, utilization: Out<nvmlUtilization_t>);

    /// The version of a board's BIOS, as the host's NVML says.
    #[custom]
    fn nvmlDeviceGetVbiosVersion(device: nvmlDevice_t, version: Out<[c_char; length]>, length: c_uint);

    #[unsupported]
    fn nvmlDeviceGetViolationStatus(
        device: nvmlDevice_t, perfPolicyType: nvmlPerfPolicyType_t, violTime: *mut nvmlViolationTime_t,
    );

    #[unsupported]
    fn nvmlDeviceGetVirtualizationMode(device: nvmlDevice_t, pVirtualMode: *mut nvmlGpuVirtualizationMode_t);

    #[unsupported]
    fn nvmlDeviceOnSameBoard(device1: nvmlDevice_t, device2: nvmlDevice_t, onSameBoard: *mut c_int);

    #[unsupported]
    fn nvmlDevicePerfMetricsGetSamples_v1(device: nvmlDevice_t, samples: *mut nvmlPerfMetricsSamples_v1_t);

    #[unsupported]
    fn nvmlDeviceReadPRMCounters_v1(device: nvmlDevice_t, counterList: *mut nvmlPRMCounterList_v1_t);

    #[unsupported]
    fn nvmlDeviceReadWritePRM_v1(device: nvmlDevice_t, buffer: *mut nvmlPRMTLV_v1_t);

    #[unsupported]
    fn nvmlGetBlacklistDeviceCount(deviceCount: *mut c_uint);

    #[unsupported]
    fn nvmlGetBlacklistDeviceInfoByIndex(index: c_uint, info: *mut nvmlExcludedDeviceInfo_t);

    #[unsupported]
    fn nvmlGetExcludedDeviceCount(deviceCount: *mut c_uint);

    #[unsupported]
    fn nvmlGetExcludedDeviceInfoByIndex(index: c_uint, info: *mut nvmlExcludedDeviceInfo_t);
}
