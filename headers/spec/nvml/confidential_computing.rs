//! Confidential computing. Source: NVML API reference.

extern "nvml" {
    #[unsupported]
    fn nvmlDeviceGetConfComputeGpuAttestationReport(
        device: nvmlDevice_t,
        gpuAtstReport: *mut nvmlConfComputeGpuAttestationReport_t,
    );

    #[unsupported]
    fn nvmlDeviceGetConfComputeGpuCertificate(device: nvmlDevice_t, gpuCert: *mut nvmlConfComputeGpuCertificate_t);

    #[unsupported]
    fn nvmlDeviceGetConfComputeMemSizeInfo(device: nvmlDevice_t, memInfo: *mut nvmlConfComputeMemSizeInfo_t);

    #[unsupported]
    fn nvmlDeviceGetConfComputeProtectedMemoryUsage(device: nvmlDevice_t, memory: *mut nvmlMemory_t);

    #[unsupported]
    fn nvmlDeviceSetConfComputeUnprotectedMemSize(device: nvmlDevice_t, sizeKiB: c_ulonglong);

    #[unsupported]
    fn nvmlSystemGetConfComputeCapabilities(capabilities: *mut nvmlConfComputeSystemCaps_t);

    #[unsupported]
    fn nvmlSystemGetConfComputeGpusReadyState(isAcceptingWork: *mut c_uint);

    #[unsupported]
    fn nvmlSystemGetConfComputeKeyRotationThresholdInfo(
        pKeyRotationThrInfo: *mut nvmlConfComputeGetKeyRotationThresholdInfo_t,
    );

    #[unsupported]
    fn nvmlSystemGetConfComputeSettings(settings: *mut nvmlSystemConfComputeSettings_t);

    #[unsupported]
    fn nvmlSystemGetConfComputeSettings_v2(settings: *mut nvmlSystemConfComputeSettings_v2_t);

    #[unsupported]
    fn nvmlSystemGetConfComputeState(state: *mut nvmlConfComputeSystemState_t);

    #[unsupported]
    fn nvmlSystemSetConfComputeGpusReadyState(isAcceptingWork: c_uint);

    #[unsupported]
    fn nvmlSystemSetConfComputeKeyRotationThresholdInfo(
        pKeyRotationThrInfo: *mut nvmlConfComputeSetKeyRotationThresholdInfo_t,
    );
}
