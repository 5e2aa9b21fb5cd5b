//! Execution. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// What is known about a kernel: registers, memory, limits, versions.
    #[custom]
    #[errors(InvalidDeviceFunction = "`func` is no kernel, or one that its image lacks")]
    fn cudaFuncGetAttributes(attr: Out<cudaFuncAttributes>, func: *const c_void);

    /// A kernel's name on the device.
    #[custom]
    #[errors(InvalidDeviceFunction = "`func` is no kernel of the program's own")]
    fn cudaFuncGetName(name: Out<*const c_char>, func: *const c_void);

    /// Where a kernel parameter lies.
    #[custom]
    #[errors(InvalidDeviceFunction = "`func` is no kernel, or one that its image lacks", InvalidValue = "it has no parameter `paramIndex`")]
    fn cudaFuncGetParamInfo(func: *const c_void, paramIndex: usize, paramOffset: Out<usize>, paramSize: OutOpt<usize>);

    /// Sets an attribute of a kernel, such as its most dynamic shared memory.
    #[custom]
    #[errors(
        InvalidDeviceFunction = "`func` is no kernel, or one that its image lacks",
        InvalidValue = "`attr` cannot be set, or not to `value`",
        NotSupported = "it is about clusters, and the device has none",
        NotPermitted = "it is a size of clusters that the kernel was compiled for",
    )]
    fn cudaFuncSetAttribute(func: *const c_void, attr: cudaFuncAttribute, value: c_int);

    /// Prefers L1 cache or shared memory for a kernel.
    #[custom]
    #[errors(InvalidDeviceFunction = "`func` is no kernel, or one that its image lacks", InvalidValue = "`cacheConfig` is none")]
    fn cudaFuncSetCacheConfig(func: *const c_void, cacheConfig: cudaFuncCache);

    /// Chooses the width of shared memory banks for a kernel.
    #[custom]
    #[errors(InvalidDeviceFunction = "`func` is no kernel, or one that its image lacks", InvalidValue = "`config` is none")]
    fn cudaFuncSetSharedMemConfig(func: *const c_void, config: cudaSharedMemConfig);

    /// Launches a kernel all of whose blocks run at once.
    #[ptsz]
    #[custom]
    #[errors(
        cudaLaunchKernel,
        NotSupported = "the device has no cooperative launches",
        CooperativeLaunchTooLarge = "it cannot hold all blocks at a time",
    )]
    fn cudaLaunchCooperativeKernel(
        func: *const c_void,
        gridDim: dim3,
        blockDim: dim3,
        args: *mut *mut c_void,
        sharedMem: usize,
        stream: cudaStream_t,
    );

    #[unsupported]
    fn cudaLaunchCooperativeKernelMultiDevice(
        launchParamsList: *mut cudaLaunchParams,
        numDevices: c_uint,
        flags: c_uint,
    );

    /// Calls a function of the program when a stream gets there.
    #[ptsz]
    #[custom]
    #[errors(
        InvalidValue = "`fn_` is null",
        InvalidResourceHandle = "`stream` is no stream",
        OperatingSystem = "no thread can be started for it",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaLaunchHostFunc(stream: cudaStream_t, fn_: cudaHostFn_t, userData: *mut c_void);

    /// Launches the kernel of a host stub.
    #[ptsz]
    #[custom]
    #[errors(
        InvalidDeviceFunction = "`func` is no kernel, or one that its image lacks",
        InvalidConfiguration = "grid or block is empty, or larger than the device takes",
        InvalidValue = "the block is not the one that the kernel requires, there is more dynamic shared memory than it may have, or a parameter is not given",
        LaunchOutOfResources = "the block has more threads than the kernel can have",
        InvalidResourceHandle = "`stream` is no stream, or one of another context",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaLaunchKernel(
        func: *const c_void,
        gridDim: dim3,
        blockDim: dim3,
        args: *mut *mut c_void,
        sharedMem: usize,
        stream: cudaStream_t,
    );

    /// Launches a kernel with attributes.
    #[ptsz]
    #[custom]
    #[errors(
        InvalidDeviceFunction = "`func` is no kernel, or one that its image lacks",
        InvalidConfiguration = "grid or block is empty, or larger than the device takes",
        InvalidValue = "the block is not the one that the kernel requires, there is more dynamic shared memory than it may have, a parameter is not given, or an attribute makes no sense",
        LaunchOutOfResources = "the block has more threads than the kernel can have",
        InvalidResourceHandle = "the stream is none, an event none, or they are of other contexts",
        NotSupported = "an attribute is not to be had, or clusters or a cooperative launch on this device",
        InvalidClusterSize = "the grid does not fall into such clusters, or they are larger than the function may have or than the device holds",
        CooperativeLaunchTooLarge = "the device cannot hold all blocks of a cooperative launch at a time",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaLaunchKernelExC(config: *const cudaLaunchConfig_t, func: *const c_void, args: *mut *mut c_void);

    /// Does nothing: devices have doubles.
    #[custom]
    #[errors()]
    fn cudaSetDoubleForDevice(d: InOut<f64>);

    /// Does nothing: devices have doubles.
    #[custom]
    #[errors()]
    fn cudaSetDoubleForHost(d: InOut<f64>);
}
