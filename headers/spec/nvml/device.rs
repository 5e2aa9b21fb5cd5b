//! Device. Source: NVML API reference.

extern "nvml" {
    #[unsupported]
    fn nvmlDeviceGetAPIRestriction(
        device: nvmlDevice_t, apiType: nvmlRestrictedAPI_t, isRestricted: *mut nvmlEnableState_t,
    );

    #[unsupported]
    fn nvmlDeviceGetAdaptiveTgpModeInfo_v1(device: nvmlDevice_t, info: *mut nvmlAdaptiveTgpModeInfo_v1_t);

    #[unsupported]
    fn nvmlDeviceGetAddressingMode(device: nvmlDevice_t, mode: *mut nvmlDeviceAddressingMode_t);

    /// The architecture whose instructions a device has.
    #[custom]
    #[errors()]
    fn nvmlDeviceGetArchitecture(device: nvmlDevice_t, arch: Out<nvmlDeviceArchitecture_t>);

    #[unsupported]
    fn nvmlDeviceGetAttributes(device: nvmlDevice_t, attributes: *mut nvmlDeviceAttributes_t);

    #[unsupported]
    fn nvmlDeviceGetAttributes_v2(device: nvmlDevice_t, attributes: *mut nvmlDeviceAttributes_t);

    #[unsupported]
    fn nvmlDeviceGetBAR1MemoryInfo(device: nvmlDevice_t, bar1Memory: *mut nvmlBAR1Memory_t);

    /// A board's number, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetBoardId(device: nvmlDevice_t, boardId: Out<c_uint>);

    /// A board's part number, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know", INSUFFICIENT_SIZE = "`partNumber` has no room for the text and its NUL")]
    fn nvmlDeviceGetBoardPartNumber(device: nvmlDevice_t, partNumber: Out<[c_char; length]>, length: c_uint);

    /// A device's brand, unknown unless the host's NVML says.
    #[custom]
    #[errors()]
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

    /// Who may use a device.
    #[custom]
    #[errors()]
    fn nvmlDeviceGetComputeMode(device: nvmlDevice_t, mode: Out<nvmlComputeMode_t>);

    /// The processes that use a device.
    #[custom]
    #[errors(INSUFFICIENT_SIZE = "there are more processes than `infos` has room for; `infoCount` then says how many")]
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
    #[errors(nvmlDeviceGetComputeRunningProcesses)]
    fn nvmlDeviceGetComputeRunningProcesses_v3(
        device: nvmlDevice_t, infoCount: InOut<c_uint>, infos: *mut nvmlProcessInfo_t,
    );

    /// Counts the devices; the older name.
    #[alias(nvmlDeviceGetCount_v2)]
    fn nvmlDeviceGetCount(deviceCount: Out<c_uint>);

    /// Counts the devices.
    #[custom]
    #[errors()]
    fn nvmlDeviceGetCount_v2(deviceCount: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetCpuAffinity(device: nvmlDevice_t, cpuSetSize: c_uint, cpuSet: *mut c_ulong);

    #[unsupported]
    fn nvmlDeviceGetCpuAffinityWithinScope(
        device: nvmlDevice_t, cpuSetSize: c_uint, cpuSet: *mut c_ulong, scope: nvmlAffinityScope_t,
    );

    /// A device's compute capability.
    #[custom]
    #[errors()]
    fn nvmlDeviceGetCudaComputeCapability(device: nvmlDevice_t, major: Out<c_int>, minor: Out<c_int>);

    /// The generation of the PCIe link, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetCurrPcieLinkGeneration(device: nvmlDevice_t, currLinkGen: Out<c_uint>);

    /// Lanes of the PCIe link, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetCurrPcieLinkWidth(device: nvmlDevice_t, currLinkWidth: Out<c_uint>);

    /// Whether a display is in use, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetDisplayActive(device: nvmlDevice_t, isActive: Out<nvmlEnableState_t>);

    /// Whether a display is connected, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
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

    /// Whether memory is checked, now and after the next start, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetEccMode(device: nvmlDevice_t, current: Out<nvmlEnableState_t>, pending: Out<nvmlEnableState_t>);

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
    #[errors()]
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
    #[errors()]
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
    #[errors(INVALID_ARGUMENT = "there is no device of that `index`")]
    fn nvmlDeviceGetHandleByIndex_v2(index: c_uint, device: Out<nvmlDevice_t>);

    /// The device at a PCI address; the older name.
    #[alias(nvmlDeviceGetHandleByPciBusId_v2)]
    fn nvmlDeviceGetHandleByPciBusId(pciBusId: Str, device: Out<nvmlDevice_t>);

    /// The device at a PCI address.
    #[custom]
    #[errors(INVALID_ARGUMENT = "`pciBusId` is no PCI address", NOT_FOUND = "no device is there")]
    fn nvmlDeviceGetHandleByPciBusId_v2(pciBusId: Str, device: Out<nvmlDevice_t>);

    #[unsupported]
    fn nvmlDeviceGetHandleBySerial(serial: *const c_char, device: *mut nvmlDevice_t);

    /// The device of a UUID.
    #[custom]
    #[errors(NOT_FOUND = "no device has that UUID")]
    fn nvmlDeviceGetHandleByUUID(uuid: Str, device: Out<nvmlDevice_t>);

    #[unsupported]
    fn nvmlDeviceGetHandleByUUIDV(uuid: *const nvmlUUID_t, device: *mut nvmlDevice_t);

    #[unsupported]
    fn nvmlDeviceGetHostname_v1(device: nvmlDevice_t, hostname: *mut nvmlHostname_v1_t);

    /// A device's index.
    #[custom]
    #[errors()]
    fn nvmlDeviceGetIndex(device: nvmlDevice_t, index: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetIrqNum(device: nvmlDevice_t, irqNum: *mut c_uint);

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

    /// The largest generation of the PCIe link, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetMaxPcieLinkGeneration(device: nvmlDevice_t, maxLinkGen: Out<c_uint>);

    /// The most lanes of the PCIe link, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
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
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetMemoryBusWidth(device: nvmlDevice_t, busWidth: Out<c_uint>);

    /// Total, free and used memory over all users.
    #[custom]
    #[errors()]
    fn nvmlDeviceGetMemoryInfo(device: nvmlDevice_t, memory: Out<nvmlMemory_t>);

    /// Total, reserved, free and used memory over all users.
    #[custom]
    #[errors(ARGUMENT_VERSION_MISMATCH = "`memory` does not say that it is version 2 of the struct")]
    fn nvmlDeviceGetMemoryInfo_v2(device: nvmlDevice_t, memory: InOut<nvmlMemory_v2_t>);

    #[unsupported]
    fn nvmlDeviceGetMemoryLimits_v1(device: nvmlDevice_t, limits: *mut nvmlGetMemoryLimits_v1_t);

    /// A device's index; there are no device files.
    #[custom]
    #[errors()]
    fn nvmlDeviceGetMinorNumber(device: nvmlDevice_t, minorNumber: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetModuleId(device: nvmlDevice_t, moduleId: *mut c_uint);

    /// Whether a device shares its board.
    #[custom]
    #[errors()]
    fn nvmlDeviceGetMultiGpuBoard(device: nvmlDevice_t, multiGpuBool: Out<c_uint>);

    /// A device's name.
    #[custom]
    #[errors(INSUFFICIENT_SIZE = "`name` has no room for the text and its NUL")]
    fn nvmlDeviceGetName(device: nvmlDevice_t, name: Out<[c_char; length]>, length: c_uint);

    /// How many cores a device has, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetNumGpuCores(device: nvmlDevice_t, numCores: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetNumaNodeId(device: nvmlDevice_t, node: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetP2PStatus(
        device1: nvmlDevice_t, device2: nvmlDevice_t, p2pIndex: nvmlGpuP2PCapsIndex_t,
        p2pStatus: *mut nvmlGpuP2PStatus_t,
    );

    /// Where a device is on the PCI bus, in the oldest struct.
    #[custom]
    #[errors()]
    fn nvmlDeviceGetPciInfo(device: nvmlDevice_t, pci: *mut nvmlPciInfo_t);

    /// Where a device is on the PCI bus, with its class.
    #[custom]
    #[errors(ARGUMENT_VERSION_MISMATCH = "`pci` does not say that it is version 1 of the struct")]
    fn nvmlDeviceGetPciInfoExt(device: nvmlDevice_t, pci: InOut<nvmlPciInfoExt_t>);

    /// Where a device is on the PCI bus, without the long bus id.
    #[custom]
    #[errors()]
    fn nvmlDeviceGetPciInfo_v2(device: nvmlDevice_t, pci: *mut nvmlPciInfo_t);

    /// Where a device is on the PCI bus.
    #[custom]
    #[errors()]
    fn nvmlDeviceGetPciInfo_v3(device: nvmlDevice_t, pci: Out<nvmlPciInfo_t>);

    #[unsupported]
    fn nvmlDeviceGetPcieLinkMaxSpeed(device: nvmlDevice_t, maxSpeed: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetPcieReplayCounter(device: nvmlDevice_t, value: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetPcieSpeed(device: nvmlDevice_t, pcieSpeed: *mut c_uint);

    /// What goes over the PCIe link in KB/s, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know", INVALID_ARGUMENT = "`counter` is none")]
    fn nvmlDeviceGetPcieThroughput(device: nvmlDevice_t, counter: nvmlPcieUtilCounter_t, value: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetPdi(device: nvmlDevice_t, pdi: *mut nvmlPdi_t);

    /// Whether the driver stays loaded without users, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetPersistenceMode(device: nvmlDevice_t, mode: Out<nvmlEnableState_t>);

    #[unsupported]
    fn nvmlDeviceGetPgpuMetadataString(device: nvmlDevice_t, pgpuMetadata: *mut c_char, bufferSize: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetPlatformInfo(device: nvmlDevice_t, platformInfo: *mut nvmlPlatformInfo_t);

    #[unsupported]
    fn nvmlDeviceGetRunningProcessDetailList(device: nvmlDevice_t, plist: *mut nvmlProcessDetailList_t);

    #[unsupported]
    fn nvmlDeviceGetSamples(
        device: nvmlDevice_t, type_: nvmlSamplingType_t, lastSeenTimeStamp: c_ulonglong,
        sampleValType: *mut nvmlValueType_t, sampleCount: *mut c_uint, samples: *mut nvmlSample_t,
    );

    /// A board's serial number, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know", INSUFFICIENT_SIZE = "`serial` has no room for the text and its NUL")]
    fn nvmlDeviceGetSerial(device: nvmlDevice_t, serial: Out<[c_char; length]>, length: c_uint);

    #[unsupported]
    fn nvmlDeviceGetTopologyCommonAncestor(
        device1: nvmlDevice_t, device2: nvmlDevice_t, pathInfo: *mut nvmlGpuTopologyLevel_t,
    );

    #[unsupported]
    fn nvmlDeviceGetTopologyNearestGpus(
        device: nvmlDevice_t, level: nvmlGpuTopologyLevel_t, count: *mut c_uint, deviceArray: *mut nvmlDevice_t,
    );

    /// A device's UUID, the same in driver and runtime.
    #[custom]
    #[errors(INSUFFICIENT_SIZE = "`uuid` has no room for the text and its NUL")]
    fn nvmlDeviceGetUUID(device: nvmlDevice_t, uuid: Out<[c_char; length]>, length: c_uint);

    /// The version of a board's BIOS, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know", INSUFFICIENT_SIZE = "`version` has no room for the text and its NUL")]
    fn nvmlDeviceGetVbiosVersion(device: nvmlDevice_t, version: Out<[c_char; length]>, length: c_uint);

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
