//! Nvlink. Source: NVML API reference.

extern "nvml" {
    #[unsupported]
    fn nvmlDeviceFreezeNvLinkUtilizationCounter(
        device: nvmlDevice_t,
        link: c_uint,
        counter: c_uint,
        freeze: nvmlEnableState_t,
    );

    #[unsupported]
    fn nvmlDeviceGetNvLinkCapability(
        device: nvmlDevice_t,
        link: c_uint,
        capability: nvmlNvLinkCapability_t,
        capResult: *mut c_uint,
    );

    #[unsupported]
    fn nvmlDeviceGetNvLinkErrorCounter(
        device: nvmlDevice_t,
        link: c_uint,
        counter: nvmlNvLinkErrorCounter_t,
        counterValue: *mut c_ulonglong,
    );

    #[unsupported]
    fn nvmlDeviceGetNvLinkInfo(device: nvmlDevice_t, info: *mut nvmlNvLinkInfo_t);

    #[unsupported]
    fn nvmlDeviceGetNvLinkInfo_v3(device: nvmlDevice_t, info: *mut nvmlNvLinkInfo_v3_t);

    #[unsupported]
    fn nvmlDeviceGetNvLinkRemoteDeviceType(
        device: nvmlDevice_t,
        link: c_uint,
        pNvLinkDeviceType: *mut nvmlIntNvLinkDeviceType_t,
    );

    #[unsupported]
    fn nvmlDeviceGetNvLinkRemotePciInfo(device: nvmlDevice_t, link: c_uint, pci: *mut nvmlPciInfo_t);

    #[unsupported]
    fn nvmlDeviceGetNvLinkRemotePciInfo_v2(device: nvmlDevice_t, link: c_uint, pci: *mut nvmlPciInfo_t);

    #[unsupported]
    fn nvmlDeviceGetNvLinkState(device: nvmlDevice_t, link: c_uint, isActive: *mut nvmlEnableState_t);

    #[unsupported]
    fn nvmlDeviceGetNvLinkTelemetrySamples_v1(device: nvmlDevice_t, samples: *mut nvmlNvlinkTelemetrySamples_v1_t);

    #[unsupported]
    fn nvmlDeviceGetNvLinkUtilizationControl(
        device: nvmlDevice_t,
        link: c_uint,
        counter: c_uint,
        control: *mut nvmlNvLinkUtilizationControl_t,
    );

    #[unsupported]
    fn nvmlDeviceGetNvLinkUtilizationCounter(
        device: nvmlDevice_t,
        link: c_uint,
        counter: c_uint,
        rxcounter: *mut c_ulonglong,
        txcounter: *mut c_ulonglong,
    );

    #[unsupported]
    fn nvmlDeviceGetNvLinkVersion(device: nvmlDevice_t, link: c_uint, version: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetNvlinkBwMode(device: nvmlDevice_t, getBwMode: *mut nvmlNvlinkGetBwMode_t);

    #[unsupported]
    fn nvmlDeviceGetNvlinkNvlePrivateInfo_v1(device: nvmlDevice_t, privateInfo: *mut nvmlNvlinkNvlePrivateInfo_v1_t);

    #[unsupported]
    fn nvmlDeviceGetNvlinkRemapTableInfo_v1(
        device: nvmlDevice_t,
        remapTableInfo: *mut nvmlNvlinkGetRemapTableInfo_v1_t,
    );

    #[unsupported]
    fn nvmlDeviceGetNvlinkSupportedBwModes(device: nvmlDevice_t, supportedBwMode: *mut nvmlNvlinkSupportedBwModes_t);

    #[unsupported]
    fn nvmlDeviceLockNvlinkRemapTable_v1(device: nvmlDevice_t, remapTableLockInfo: *mut nvmlNvlinkLockRemapTable_v1_t);

    #[unsupported]
    fn nvmlDeviceResetNvLinkErrorCounters(device: nvmlDevice_t, link: c_uint);

    #[unsupported]
    fn nvmlDeviceResetNvLinkUtilizationCounter(device: nvmlDevice_t, link: c_uint, counter: c_uint);

    #[unsupported]
    fn nvmlDeviceSetNvLinkDeviceLowPowerThreshold(device: nvmlDevice_t, info: *mut nvmlNvLinkPowerThres_t);

    #[unsupported]
    fn nvmlDeviceSetNvLinkUtilizationControl(
        device: nvmlDevice_t,
        link: c_uint,
        counter: c_uint,
        control: *mut nvmlNvLinkUtilizationControl_t,
        reset: c_uint,
    );

    #[unsupported]
    fn nvmlDeviceSetNvlinkBwMode(device: nvmlDevice_t, setBwMode: *mut nvmlNvlinkSetBwMode_t);

    #[unsupported]
    fn nvmlDeviceSetNvlinkBwModeAsync_v1(device: nvmlDevice_t, setBwModeAsync: *mut nvmlNvlinkSetBwModeAsync_v1_t);

    #[unsupported]
    fn nvmlDeviceSetNvlinkNvleReady_v1(device: nvmlDevice_t, setNvleReady: *mut nvmlNvlinkSetNvleReady_v1_t);

    #[unsupported]
    fn nvmlDeviceSetupNvlinkNvleEncryptionKey_v1(
        device: nvmlDevice_t,
        encryptionKey: *mut nvmlNvlinkSetupNvleEncryptionKey_v1_t,
    );

    #[unsupported]
    fn nvmlSystemGetNvlinkBwMode(nvlinkBwMode: *mut c_uint);

    #[unsupported]
    fn nvmlSystemSetNvlinkBwMode(nvlinkBwMode: c_uint);
}
