//! Device. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Finds the device that has most of what is asked for.
    #[custom]
    #[errors()]
    fn cudaChooseDevice(device: Out<c_int>, prop: In<cudaDeviceProp>);

    /// Makes all persisting lines of the L2 cache normal.
    #[custom]
    #[errors(NotSupported = "vgpu's libcuda does not do this")]
    fn cudaCtxResetPersistingL2Cache();

    #[unsupported]
    fn cudaDeviceFlushGPUDirectRDMAWrites(
        target: cudaFlushGPUDirectRDMAWritesTarget,
        scope: cudaFlushGPUDirectRDMAWritesScope,
    );

    /// One number about a device.
    #[custom]
    #[errors(InvalidDevice = "there is no device of that number", InvalidValue = "`attr` is none")]
    fn cudaDeviceGetAttribute(value: Out<c_int>, attr: cudaDeviceAttr, device: c_int);

    /// The device at a PCI address.
    #[custom]
    #[errors(InvalidValue = "`pciBusId` is no PCI address", InvalidDevice = "no visible device is there")]
    fn cudaDeviceGetByPCIBusId(device: Out<c_int>, pciBusId: Str);

    /// Which of L1 cache and shared memory is preferred.
    #[custom]
    #[errors()]
    fn cudaDeviceGetCacheConfig(pCacheConfig: Out<cudaFuncCache>);

    /// A limit of the device's context.
    #[custom]
    #[errors(InvalidValue = "`limit` is none that CUDA has", UnsupportedLimit = "the device has no such limit")]
    fn cudaDeviceGetLimit(pValue: Out<usize>, limit: cudaLimit);

    #[unsupported]
    fn cudaDeviceGetNvSciSyncAttributes(nvSciSyncAttrList: *mut c_void, device: c_int, flags: c_int);

    /// A device's PCI address as text.
    #[custom]
    #[errors(InvalidDevice = "there is no device of that number", InvalidValue = "`pciBusId` has no room for the address and its NUL")]
    fn cudaDeviceGetPCIBusId(pciBusId: Out<[c_char; len]>, len: c_int, device: c_int);

    /// The width of shared memory banks.
    #[custom]
    #[errors()]
    fn cudaDeviceGetSharedMemConfig(pConfig: Out<cudaSharedMemConfig>);

    /// The least and the greatest priority of streams.
    #[custom]
    #[errors()]
    fn cudaDeviceGetStreamPriorityRange(leastPriority: OutOpt<c_int>, greatestPriority: OutOpt<c_int>);

    /// Says how many texels of linear memory a texture may have.
    #[custom]
    #[errors(
        InvalidChannelDescriptor = "channels are not alike, or there are none such",
        NotSupported = "the channels are not done",
        InvalidDevice = "`device` is no device",
    )]
    fn cudaDeviceGetTexture1DLinearMaxWidth(
        maxWidthInElements: Out<usize>, fmtDesc: In<cudaChannelFormatDesc>, device: c_int,
    );

    #[unsupported]
    fn cudaDeviceRegisterAsyncNotification(
        device: c_int,
        callbackFunc: cudaAsyncCallback,
        userData: *mut c_void,
        callback: *mut cudaAsyncCallbackHandle_t,
    );

    /// Ends the device's context with everything in it.
    #[custom]
    #[errors()]
    fn cudaDeviceReset();

    /// Prefers L1 cache or shared memory.
    #[custom]
    #[errors(InvalidValue = "`cacheConfig` is none")]
    fn cudaDeviceSetCacheConfig(cacheConfig: cudaFuncCache);

    /// Sets a limit of the device's context.
    #[custom]
    #[errors(InvalidValue = "`limit` is none that CUDA has, or the device does not take `value`", UnsupportedLimit = "the device has no such limit")]
    fn cudaDeviceSetLimit(limit: cudaLimit, value: usize);

    /// Chooses the width of shared memory banks.
    #[custom]
    #[errors(InvalidValue = "`config` is none")]
    fn cudaDeviceSetSharedMemConfig(config: cudaSharedMemConfig);

    /// Waits for all work of this thread's device.
    #[custom]
    #[errors(StreamCaptureUnsupported = "a capture is open that forbids such calls, and which this one breaks")]
    fn cudaDeviceSynchronize();

    #[unsupported]
    fn cudaDeviceUnregisterAsyncNotification(device: c_int, callback: cudaAsyncCallbackHandle_t);

    /// The device of this thread.
    #[custom]
    #[errors()]
    fn cudaGetDevice(device: Out<c_int>);

    /// Counts the devices.
    #[custom]
    #[errors()]
    fn cudaGetDeviceCount(count: Out<c_int>);

    /// How this thread's device is waited for.
    #[custom]
    #[errors()]
    fn cudaGetDeviceFlags(flags: Out<c_uint>);

    /// Describes a device in the smaller struct of CUDA 11.
    #[custom]
    #[errors(InvalidDevice = "there is no device of that number")]
    fn cudaGetDeviceProperties(prop: *mut cudaDeviceProp, device: c_int);

    /// Describes a device.
    #[custom]
    #[errors(InvalidDevice = "there is no device of that number")]
    fn cudaGetDeviceProperties_v2(prop: Out<cudaDeviceProp>, device: c_int);

    /// Opens a device's context without choosing the device.
    #[custom]
    #[errors(InvalidDevice = "there is no device of that number", InvalidValue = "`flags` is above 1; or it is 1, and `deviceFlags` has a bit that no flag is, or more than one way to schedule")]
    fn cudaInitDevice(device: c_int, deviceFlags: c_uint, flags: c_uint);

    /// Chooses this thread's device and opens its context.
    #[custom]
    #[errors(InvalidDevice = "there is no device of that number")]
    fn cudaSetDevice(device: c_int);

    /// Sets how this thread's device is waited for.
    #[custom]
    #[errors(InvalidValue = "`flags` has a bit that no flag is, or more than one way to schedule")]
    fn cudaSetDeviceFlags(flags: c_uint);

    /// Says which devices a thread may start on, in order of preference.
    #[custom]
    #[errors(InvalidValue = "`len` is negative", InvalidDevice = "one of the list is no device")]
    fn cudaSetValidDevices(device_arr: In<[c_int; len]>, len: c_int);
}
