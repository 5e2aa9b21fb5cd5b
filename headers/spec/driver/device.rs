//! Device. Source: CUDA Driver API reference.

extern "driver" {
    /// Gives a device's compute capability.
    #[since(2_000)]
    #[custom]
    #[errors(INVALID_DEVICE = "`dev` is no visible device")]
    fn cuDeviceComputeCapability(major: Out<c_int>, minor: Out<c_int>, dev: CUdevice);

    /// Gives the device of that ordinal.
    #[since(2_000)]
    #[custom]
    #[errors(INVALID_DEVICE = "there is no visible device of that `ordinal`")]
    fn cuDeviceGet(device: Out<CUdevice>, ordinal: c_int);

    /// Gives an attribute of a device.
    #[since(2_000)]
    #[custom]
    #[errors(INVALID_DEVICE = "`dev` is no visible device", INVALID_VALUE = "`attrib` is none")]
    fn cuDeviceGetAttribute(pi: Out<c_int>, attrib: CUdevice_attribute, dev: CUdevice);

    /// Gives the device at a PCI address.
    #[since(4_010)]
    #[custom]
    #[errors(INVALID_VALUE = "`pciBusId` is no PCI address", INVALID_DEVICE = "no visible device is there")]
    fn cuDeviceGetByPCIBusId(dev: Out<CUdevice>, pciBusId: Str);

    #[since(13_040)]
    #[unsupported]
    fn cuDeviceGetCliqueCount(count: *mut usize, dev: CUdevice);

    #[since(13_040)]
    #[unsupported]
    fn cuDeviceGetCliqueInfo(cliqueInfo: *mut CUcliqueInfo, count: *mut usize, dev: CUdevice);

    /// Counts the visible devices.
    #[since(2_000)]
    #[custom]
    #[errors()]
    fn cuDeviceGetCount(count: Out<c_int>);

    /// Says that contexts cannot be bound to a part of the multiprocessors.
    #[since(11_040)]
    #[custom]
    #[errors(INVALID_DEVICE = "`dev` is no visible device", INVALID_VALUE = "`type_` is none")]
    fn cuDeviceGetExecAffinitySupport(pi: Out<c_int>, type_: CUexecAffinityType, dev: CUdevice);

    #[since(13_040)]
    #[unsupported]
    fn cuDeviceGetFabricClusterUuid(uuid: *mut CUuuid, dev: CUdevice);

    #[since(10_000)]
    #[unsupported]
    fn cuDeviceGetLuid(luid: *mut c_char, deviceNodeMask: *mut c_uint, dev: CUdevice);

    /// Gives a device's name, cut to the buffer.
    #[since(2_000)]
    #[custom]
    #[errors(INVALID_DEVICE = "`dev` is no visible device", INVALID_VALUE = "`len` is not positive")]
    fn cuDeviceGetName(name: Out<[c_char; len]>, len: c_int, dev: CUdevice);

    #[since(10_020)]
    #[unsupported]
    fn cuDeviceGetNvSciSyncAttributes(nvSciSyncAttrList: *mut c_void, dev: CUdevice, flags: c_int);

    /// Gives a device's PCI address as `domain:bus:device.function`, cut to the buffer.
    #[since(4_010)]
    #[custom]
    #[errors(cuDeviceGetName)]
    fn cuDeviceGetPCIBusId(pciBusId: Out<[c_char; len]>, len: c_int, dev: CUdevice);

    /// Gives a few properties of a device in the oldest form.
    #[since(2_000)]
    #[custom]
    #[errors(INVALID_DEVICE = "`dev` is no visible device")]
    fn cuDeviceGetProperties(prop: Out<CUdevprop>, dev: CUdevice);

    /// Says how many texels of linear memory a texture may have.
    #[since(11_010)]
    #[custom]
    #[errors(
        INVALID_VALUE = "there are no texels of so many channels",
        NOT_SUPPORTED = "the format is not done",
        INVALID_DEVICE = "`dev` is no device",
    )]
    fn cuDeviceGetTexture1DLinearMaxWidth(
        maxWidthInElements: Out<usize>, format: CUarray_format, numChannels: c_uint, dev: CUdevice,
    );

    /// Gives a device's UUID.
    #[since(9_020)]
    #[custom]
    #[errors(cuDeviceGetUuid_v2)]
    fn cuDeviceGetUuid(uuid: Out<CUuuid>, dev: CUdevice);

    /// Gives a device's UUID.
    #[since(11_040)]
    #[custom]
    #[errors(INVALID_DEVICE = "`dev` is no visible device")]
    fn cuDeviceGetUuid_v2(uuid: Out<CUuuid>, dev: CUdevice);

    #[since(12_040)]
    #[unsupported]
    fn cuDeviceRegisterAsyncNotification(
        device: CUdevice,
        callbackFunc: CUasyncCallback,
        userData: *mut c_void,
        callback: *mut CUasyncCallbackHandle,
    );

    /// Gives the size of a device's memory in bytes, at most 4 GiB - 1.
    #[since(2_000)]
    #[custom]
    #[errors(INVALID_DEVICE = "`dev` is no visible device")]
    fn cuDeviceTotalMem(bytes: Out<u32>, dev: CUdevice);

    /// Gives the size of a device's memory in bytes.
    #[since(3_020)]
    #[custom]
    #[errors(INVALID_DEVICE = "`dev` is no visible device")]
    fn cuDeviceTotalMem_v2(bytes: Out<usize>, dev: CUdevice);

    #[since(12_040)]
    #[unsupported]
    fn cuDeviceUnregisterAsyncNotification(device: CUdevice, callback: CUasyncCallbackHandle);

    #[since(11_030)]
    #[unsupported]
    fn cuFlushGPUDirectRDMAWrites(
        target: CUflushGPUDirectRDMAWritesTarget,
        scope: CUflushGPUDirectRDMAWritesScope,
    );
}
