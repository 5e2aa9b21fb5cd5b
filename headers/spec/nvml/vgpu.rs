//! Virtual GPUs of the vendor's own kind. Source: NVML API reference.

extern "nvml" {
    #[unsupported]
    fn nvmlDeviceGetActiveVgpus(device: nvmlDevice_t, vgpuCount: *mut c_uint, vgpuInstances: *mut nvmlVgpuInstance_t);

    #[unsupported]
    fn nvmlDeviceGetCreatableVgpus(device: nvmlDevice_t, vgpuCount: *mut c_uint, vgpuTypeIds: *mut nvmlVgpuTypeId_t);

    #[unsupported]
    fn nvmlDeviceGetGridLicensableFeatures(
        device: nvmlDevice_t,
        pGridLicensableFeatures: *mut nvmlGridLicensableFeatures_t,
    );

    #[unsupported]
    fn nvmlDeviceGetGridLicensableFeatures_v2(
        device: nvmlDevice_t,
        pGridLicensableFeatures: *mut nvmlGridLicensableFeatures_t,
    );

    #[unsupported]
    fn nvmlDeviceGetGridLicensableFeatures_v3(
        device: nvmlDevice_t,
        pGridLicensableFeatures: *mut nvmlGridLicensableFeatures_t,
    );

    #[unsupported]
    fn nvmlDeviceGetGridLicensableFeatures_v4(
        device: nvmlDevice_t,
        pGridLicensableFeatures: *mut nvmlGridLicensableFeatures_t,
    );

    #[unsupported]
    fn nvmlDeviceGetHostVgpuMode(device: nvmlDevice_t, pHostVgpuMode: *mut nvmlHostVgpuMode_t);

    #[unsupported]
    fn nvmlDeviceGetSupportedVgpus(device: nvmlDevice_t, vgpuCount: *mut c_uint, vgpuTypeIds: *mut nvmlVgpuTypeId_t);

    #[unsupported]
    fn nvmlDeviceGetVgpuCapabilities(
        device: nvmlDevice_t,
        capability: nvmlDeviceVgpuCapability_t,
        capResult: *mut c_uint,
    );

    #[unsupported]
    fn nvmlDeviceGetVgpuHeterogeneousMode(device: nvmlDevice_t, pHeterogeneousMode: *mut nvmlVgpuHeterogeneousMode_t);

    #[unsupported]
    fn nvmlDeviceGetVgpuInstancesUtilizationInfo(
        device: nvmlDevice_t,
        vgpuUtilInfo: *mut nvmlVgpuInstancesUtilizationInfo_t,
    );

    #[unsupported]
    fn nvmlDeviceGetVgpuMetadata(
        device: nvmlDevice_t,
        pgpuMetadata: *mut nvmlVgpuPgpuMetadata_t,
        bufferSize: *mut c_uint,
    );

    #[unsupported]
    fn nvmlDeviceGetVgpuProcessUtilization(
        device: nvmlDevice_t,
        lastSeenTimeStamp: c_ulonglong,
        vgpuProcessSamplesCount: *mut c_uint,
        utilizationSamples: *mut nvmlVgpuProcessUtilizationSample_t,
    );

    #[unsupported]
    fn nvmlDeviceGetVgpuProcessesUtilizationInfo(
        device: nvmlDevice_t,
        vgpuProcUtilInfo: *mut nvmlVgpuProcessesUtilizationInfo_t,
    );

    #[unsupported]
    fn nvmlDeviceGetVgpuSchedulerCapabilities(
        device: nvmlDevice_t,
        pCapabilities: *mut nvmlVgpuSchedulerCapabilities_t,
    );

    #[unsupported]
    fn nvmlDeviceGetVgpuSchedulerLog(device: nvmlDevice_t, pSchedulerLog: *mut nvmlVgpuSchedulerLog_t);

    #[unsupported]
    fn nvmlDeviceGetVgpuSchedulerLog_v2(device: nvmlDevice_t, pSchedulerLogInfo: *mut nvmlVgpuSchedulerLogInfo_v2_t);

    #[unsupported]
    fn nvmlDeviceGetVgpuSchedulerState(device: nvmlDevice_t, pSchedulerState: *mut nvmlVgpuSchedulerGetState_t);

    #[unsupported]
    fn nvmlDeviceGetVgpuSchedulerState_v2(
        device: nvmlDevice_t,
        pSchedulerStateInfo: *mut nvmlVgpuSchedulerStateInfo_v2_t,
    );

    #[unsupported]
    fn nvmlDeviceGetVgpuTypeCreatablePlacements(
        device: nvmlDevice_t,
        vgpuTypeId: nvmlVgpuTypeId_t,
        pPlacementList: *mut nvmlVgpuPlacementList_t,
    );

    #[unsupported]
    fn nvmlDeviceGetVgpuTypeSupportedPlacements(
        device: nvmlDevice_t,
        vgpuTypeId: nvmlVgpuTypeId_t,
        pPlacementList: *mut nvmlVgpuPlacementList_t,
    );

    #[unsupported]
    fn nvmlDeviceGetVgpuUtilization(
        device: nvmlDevice_t,
        lastSeenTimeStamp: c_ulonglong,
        sampleValType: *mut nvmlValueType_t,
        vgpuInstanceSamplesCount: *mut c_uint,
        utilizationSamples: *mut nvmlVgpuInstanceUtilizationSample_t,
    );

    #[unsupported]
    fn nvmlDeviceSetVgpuCapabilities(
        device: nvmlDevice_t,
        capability: nvmlDeviceVgpuCapability_t,
        state: nvmlEnableState_t,
    );

    #[unsupported]
    fn nvmlDeviceSetVgpuHeterogeneousMode(device: nvmlDevice_t, pHeterogeneousMode: *const nvmlVgpuHeterogeneousMode_t);

    #[unsupported]
    fn nvmlDeviceSetVgpuSchedulerState(device: nvmlDevice_t, pSchedulerState: *mut nvmlVgpuSchedulerSetState_t);

    #[unsupported]
    fn nvmlDeviceSetVgpuSchedulerState_v2(device: nvmlDevice_t, pSchedulerState: *mut nvmlVgpuSchedulerState_v2_t);

    #[unsupported]
    fn nvmlDeviceVgpuForceGspUnload(device: nvmlDevice_t);

    #[unsupported]
    fn nvmlGetVgpuCompatibility(
        vgpuMetadata: *mut nvmlVgpuMetadata_t,
        pgpuMetadata: *mut nvmlVgpuPgpuMetadata_t,
        compatibilityInfo: *mut nvmlVgpuPgpuCompatibility_t,
    );

    #[unsupported]
    fn nvmlGetVgpuDriverCapabilities(capability: nvmlVgpuDriverCapability_t, capResult: *mut c_uint);

    #[unsupported]
    fn nvmlGetVgpuVersion(supported: *mut nvmlVgpuVersion_t, current: *mut nvmlVgpuVersion_t);

    #[unsupported]
    fn nvmlGpuInstanceGetActiveVgpus(
        gpuInstance: nvmlGpuInstance_t,
        pVgpuInstanceInfo: *mut nvmlActiveVgpuInstanceInfo_t,
    );

    #[unsupported]
    fn nvmlGpuInstanceGetCreatableVgpus(gpuInstance: nvmlGpuInstance_t, pVgpus: *mut nvmlVgpuTypeIdInfo_t);

    #[unsupported]
    fn nvmlGpuInstanceGetVgpuHeterogeneousMode(
        gpuInstance: nvmlGpuInstance_t,
        pHeterogeneousMode: *mut nvmlVgpuHeterogeneousMode_t,
    );

    #[unsupported]
    fn nvmlGpuInstanceGetVgpuSchedulerLog(
        gpuInstance: nvmlGpuInstance_t,
        pSchedulerLogInfo: *mut nvmlVgpuSchedulerLogInfo_t,
    );

    #[unsupported]
    fn nvmlGpuInstanceGetVgpuSchedulerLog_v2(
        gpuInstance: nvmlGpuInstance_t,
        pSchedulerLogInfo: *mut nvmlVgpuSchedulerLogInfo_v2_t,
    );

    #[unsupported]
    fn nvmlGpuInstanceGetVgpuSchedulerState(
        gpuInstance: nvmlGpuInstance_t,
        pSchedulerStateInfo: *mut nvmlVgpuSchedulerStateInfo_t,
    );

    #[unsupported]
    fn nvmlGpuInstanceGetVgpuSchedulerState_v2(
        gpuInstance: nvmlGpuInstance_t,
        pSchedulerStateInfo: *mut nvmlVgpuSchedulerStateInfo_v2_t,
    );

    #[unsupported]
    fn nvmlGpuInstanceGetVgpuTypeCreatablePlacements(
        gpuInstance: nvmlGpuInstance_t,
        pCreatablePlacementInfo: *mut nvmlVgpuCreatablePlacementInfo_t,
    );

    #[unsupported]
    fn nvmlGpuInstanceSetVgpuHeterogeneousMode(
        gpuInstance: nvmlGpuInstance_t,
        pHeterogeneousMode: *const nvmlVgpuHeterogeneousMode_t,
    );

    #[unsupported]
    fn nvmlGpuInstanceSetVgpuSchedulerState(gpuInstance: nvmlGpuInstance_t, pScheduler: *mut nvmlVgpuSchedulerState_t);

    #[unsupported]
    fn nvmlGpuInstanceSetVgpuSchedulerState_v2(
        gpuInstance: nvmlGpuInstance_t,
        pSchedulerState: *mut nvmlVgpuSchedulerState_v2_t,
    );

    #[unsupported]
    fn nvmlSetVgpuVersion(vgpuVersion: *mut nvmlVgpuVersion_t);

    #[unsupported]
    fn nvmlVgpuInstanceClearAccountingPids(vgpuInstance: nvmlVgpuInstance_t);

    #[unsupported]
    fn nvmlVgpuInstanceGetAccountingMode(vgpuInstance: nvmlVgpuInstance_t, mode: *mut nvmlEnableState_t);

    #[unsupported]
    fn nvmlVgpuInstanceGetAccountingPids(vgpuInstance: nvmlVgpuInstance_t, count: *mut c_uint, pids: *mut c_uint);

    #[unsupported]
    fn nvmlVgpuInstanceGetAccountingStats(
        vgpuInstance: nvmlVgpuInstance_t,
        pid: c_uint,
        stats: *mut nvmlAccountingStats_t,
    );

    #[unsupported]
    fn nvmlVgpuInstanceGetEccMode(vgpuInstance: nvmlVgpuInstance_t, eccMode: *mut nvmlEnableState_t);

    #[unsupported]
    fn nvmlVgpuInstanceGetEncoderCapacity(vgpuInstance: nvmlVgpuInstance_t, encoderCapacity: *mut c_uint);

    #[unsupported]
    fn nvmlVgpuInstanceGetEncoderSessions(
        vgpuInstance: nvmlVgpuInstance_t,
        sessionCount: *mut c_uint,
        sessionInfo: *mut nvmlEncoderSessionInfo_t,
    );

    #[unsupported]
    fn nvmlVgpuInstanceGetEncoderStats(
        vgpuInstance: nvmlVgpuInstance_t,
        sessionCount: *mut c_uint,
        averageFps: *mut c_uint,
        averageLatency: *mut c_uint,
    );

    #[unsupported]
    fn nvmlVgpuInstanceGetFBCSessions(
        vgpuInstance: nvmlVgpuInstance_t,
        sessionCount: *mut c_uint,
        sessionInfo: *mut nvmlFBCSessionInfo_t,
    );

    #[unsupported]
    fn nvmlVgpuInstanceGetFBCStats(vgpuInstance: nvmlVgpuInstance_t, fbcStats: *mut nvmlFBCStats_t);

    #[unsupported]
    fn nvmlVgpuInstanceGetFbUsage(vgpuInstance: nvmlVgpuInstance_t, fbUsage: *mut c_ulonglong);

    #[unsupported]
    fn nvmlVgpuInstanceGetFrameRateLimit(vgpuInstance: nvmlVgpuInstance_t, frameRateLimit: *mut c_uint);

    #[unsupported]
    fn nvmlVgpuInstanceGetGpuInstanceId(vgpuInstance: nvmlVgpuInstance_t, gpuInstanceId: *mut c_uint);

    #[unsupported]
    fn nvmlVgpuInstanceGetGpuPciId(vgpuInstance: nvmlVgpuInstance_t, vgpuPciId: *mut c_char, length: *mut c_uint);

    #[unsupported]
    fn nvmlVgpuInstanceGetLicenseInfo(vgpuInstance: nvmlVgpuInstance_t, licenseInfo: *mut nvmlVgpuLicenseInfo_t);

    #[unsupported]
    fn nvmlVgpuInstanceGetLicenseInfo_v2(vgpuInstance: nvmlVgpuInstance_t, licenseInfo: *mut nvmlVgpuLicenseInfo_t);

    #[unsupported]
    fn nvmlVgpuInstanceGetLicenseStatus(vgpuInstance: nvmlVgpuInstance_t, licensed: *mut c_uint);

    #[unsupported]
    fn nvmlVgpuInstanceGetMdevUUID(vgpuInstance: nvmlVgpuInstance_t, mdevUuid: *mut c_char, size: c_uint);

    #[unsupported]
    fn nvmlVgpuInstanceGetMetadata(
        vgpuInstance: nvmlVgpuInstance_t,
        vgpuMetadata: *mut nvmlVgpuMetadata_t,
        bufferSize: *mut c_uint,
    );

    #[unsupported]
    fn nvmlVgpuInstanceGetPlacementId(vgpuInstance: nvmlVgpuInstance_t, pPlacement: *mut nvmlVgpuPlacementId_t);

    #[unsupported]
    fn nvmlVgpuInstanceGetRuntimeStateSize(vgpuInstance: nvmlVgpuInstance_t, pState: *mut nvmlVgpuRuntimeState_t);

    #[unsupported]
    fn nvmlVgpuInstanceGetType(vgpuInstance: nvmlVgpuInstance_t, vgpuTypeId: *mut nvmlVgpuTypeId_t);

    #[unsupported]
    fn nvmlVgpuInstanceGetUUID(vgpuInstance: nvmlVgpuInstance_t, uuid: *mut c_char, size: c_uint);

    #[unsupported]
    fn nvmlVgpuInstanceGetVmDriverVersion(vgpuInstance: nvmlVgpuInstance_t, version: *mut c_char, length: c_uint);

    #[unsupported]
    fn nvmlVgpuInstanceGetVmID(
        vgpuInstance: nvmlVgpuInstance_t,
        vmId: *mut c_char,
        size: c_uint,
        vmIdType: *mut nvmlVgpuVmIdType_t,
    );

    #[unsupported]
    fn nvmlVgpuInstanceSetEncoderCapacity(vgpuInstance: nvmlVgpuInstance_t, encoderCapacity: c_uint);

    #[unsupported]
    fn nvmlVgpuTypeGetBAR1Info(vgpuTypeId: nvmlVgpuTypeId_t, bar1Info: *mut nvmlVgpuTypeBar1Info_t);

    #[unsupported]
    fn nvmlVgpuTypeGetCapabilities(
        vgpuTypeId: nvmlVgpuTypeId_t,
        capability: nvmlVgpuCapability_t,
        capResult: *mut c_uint,
    );

    #[unsupported]
    fn nvmlVgpuTypeGetClass(vgpuTypeId: nvmlVgpuTypeId_t, vgpuTypeClass: *mut c_char, size: *mut c_uint);

    #[unsupported]
    fn nvmlVgpuTypeGetDeviceID(vgpuTypeId: nvmlVgpuTypeId_t, deviceID: *mut c_ulonglong, subsystemID: *mut c_ulonglong);

    #[unsupported]
    fn nvmlVgpuTypeGetFbReservation(vgpuTypeId: nvmlVgpuTypeId_t, fbReservation: *mut c_ulonglong);

    #[unsupported]
    fn nvmlVgpuTypeGetFrameRateLimit(vgpuTypeId: nvmlVgpuTypeId_t, frameRateLimit: *mut c_uint);

    #[unsupported]
    fn nvmlVgpuTypeGetFramebufferSize(vgpuTypeId: nvmlVgpuTypeId_t, fbSize: *mut c_ulonglong);

    #[unsupported]
    fn nvmlVgpuTypeGetGpuInstanceProfileId(vgpuTypeId: nvmlVgpuTypeId_t, gpuInstanceProfileId: *mut c_uint);

    #[unsupported]
    fn nvmlVgpuTypeGetGspHeapSize(vgpuTypeId: nvmlVgpuTypeId_t, gspHeapSize: *mut c_ulonglong);

    #[unsupported]
    fn nvmlVgpuTypeGetLicense(vgpuTypeId: nvmlVgpuTypeId_t, vgpuTypeLicenseString: *mut c_char, size: c_uint);

    #[unsupported]
    fn nvmlVgpuTypeGetMaxInstances(device: nvmlDevice_t, vgpuTypeId: nvmlVgpuTypeId_t, vgpuInstanceCount: *mut c_uint);

    #[unsupported]
    fn nvmlVgpuTypeGetMaxInstancesPerGpuInstance(pMaxInstance: *mut nvmlVgpuTypeMaxInstance_t);

    #[unsupported]
    fn nvmlVgpuTypeGetMaxInstancesPerVm(vgpuTypeId: nvmlVgpuTypeId_t, vgpuInstanceCountPerVm: *mut c_uint);

    #[unsupported]
    fn nvmlVgpuTypeGetName(vgpuTypeId: nvmlVgpuTypeId_t, vgpuTypeName: *mut c_char, size: *mut c_uint);

    #[unsupported]
    fn nvmlVgpuTypeGetNumDisplayHeads(vgpuTypeId: nvmlVgpuTypeId_t, numDisplayHeads: *mut c_uint);

    #[unsupported]
    fn nvmlVgpuTypeGetResolution(
        vgpuTypeId: nvmlVgpuTypeId_t,
        displayIndex: c_uint,
        xdim: *mut c_uint,
        ydim: *mut c_uint,
    );
}
