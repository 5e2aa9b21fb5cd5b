//! Drain. Source: NVML API reference.

extern "nvml" {
    #[unsupported]
    fn nvmlDeviceDiscoverGpus(pciInfo: *mut nvmlPciInfo_t);

    #[unsupported]
    fn nvmlDeviceModifyDrainState(pciInfo: *mut nvmlPciInfo_t, newState: nvmlEnableState_t);

    #[unsupported]
    fn nvmlDeviceQueryDrainState(pciInfo: *mut nvmlPciInfo_t, currentState: *mut nvmlEnableState_t);

    #[unsupported]
    fn nvmlDeviceRemoveGpu(pciInfo: *mut nvmlPciInfo_t);

    #[unsupported]
    fn nvmlDeviceRemoveGpu_v2(
        pciInfo: *mut nvmlPciInfo_t,
        gpuState: nvmlDetachGpuState_t,
        linkState: nvmlPcieLinkState_t,
    );
}
