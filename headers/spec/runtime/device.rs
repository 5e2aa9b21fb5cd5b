//! Device. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Finds the device that has most of what is asked for.
    #[custom]
    fn cudaChooseDevice(device: Out<c_int>, prop: In<cudaDeviceProp>);

    /// Makes all persisting lines of the L2 cache normal.
    #[custom]
    fn cudaCtxResetPersistingL2Cache();

    #[unsupported]
    fn cudaDeviceFlushGPUDirectRDMAWrites(
        target: cudaFlushGPUDirectRDMAWritesTarget,
        scope: cudaFlushGPUDirectRDMAWritesScope,
    );

    /// One number about a device.
    #[custom]
    fn cudaDeviceGetAttribute(value: Out<c_int>, attr: cudaDeviceAttr, device: c_int);

    /// The device at a PCI address.
    #[custom]
    fn cudaDeviceGetByPCIBusId(device: Out<c_int>, pciBusId: Str);

    /// Which of L1 cache and shared memory is preferred.
    #[custom]
    fn cudaDeviceGetCacheConfig(pCacheConfig: Out<cudaFuncCache>);

    /// A limit of the device's context.
    #[custom]
    fn cudaDeviceGetLimit(pValue: Out<usize>, limit: cudaLimit);

    #[unsupported]
    fn cudaDeviceGetNvSciSyncAttributes(nvSciSyncAttrList: *mut c_void, device: c_int, flags: c_int);

    /// A device's PCI address as text.
    #[custom]
    fn cudaDeviceGetPCIBusId(pciBusId: Out<[c_char; len]>, len: c_int, device: c_int);

    /// The width of shared memory banks.
    #[custom]
    fn cudaDeviceGetSharedMemConfig(pConfig: Out<cudaSharedMemConfig>);

    /// The least and the greatest priority of streams.
    #[custom]
    fn cudaDeviceGetStreamPriorityRange(leastPriority: OutOpt<c_int>, greatestPriority: OutOpt<c_int>);

    #[unsupported]
    fn cudaDeviceGetTexture1DLinearMaxWidth(
        maxWidthInElements: *mut usize,
        fmtDesc: *const cudaChannelFormatDesc,
        device: c_int,
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
    fn cudaDeviceReset();

    /// Prefers L1 cache or shared memory.
    #[custom]
    fn cudaDeviceSetCacheConfig(cacheConfig: cudaFuncCache);

    /// Sets a limit of the device's context.
    #[custom]
    fn cudaDeviceSetLimit(limit: cudaLimit, value: usize);

    /// Chooses the width of shared memory banks.
    #[custom]
    fn cudaDeviceSetSharedMemConfig(config: cudaSharedMemConfig);

    /// Waits for all work of this thread's device.
    #[custom]
    fn cudaDeviceSynchronize();

    #[unsupported]
    fn cudaDeviceUnregisterAsyncNotification(device: c_int, callback: cudaAsyncCallbackHandle_t);

    /// The device of this thread.
    #[custom]
    fn cudaGetDevice(device: Out<c_int>);

    /// Counts the devices.
    #[custom]
    fn cudaGetDeviceCount(count: Out<c_int>);

    /// How this thread's device is waited for.
    #[custom]
    fn cudaGetDeviceFlags(flags: Out<c_uint>);

    /// Describes a device in the smaller struct of CUDA 11.
    #[custom]
    fn cudaGetDeviceProperties(prop: *mut cudaDeviceProp, device: c_int);

    /// Describes a device.
    #[custom]
    fn cudaGetDeviceProperties_v2(prop: Out<cudaDeviceProp>, device: c_int);

    /// Opens a device's context without choosing the device.
    #[custom]
    fn cudaInitDevice(device: c_int, deviceFlags: c_uint, flags: c_uint);

    /// Chooses this thread's device and opens its context.
    #[custom]
    fn cudaSetDevice(device: c_int);

    /// Sets how this thread's device is waited for.
    #[custom]
    fn cudaSetDeviceFlags(flags: c_uint);

    /// Says which devices a thread may start on, in order of preference.
    #[custom]
    fn cudaSetValidDevices(device_arr: In<[c_int; len]>, len: c_int);
}
