//! Execution. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// What is known about a kernel: registers, memory, limits, versions.
    #[custom]
    fn cudaFuncGetAttributes(attr: Out<cudaFuncAttributes>, func: *const c_void);

    /// A kernel's name on the device.
    #[custom]
    fn cudaFuncGetName(name: Out<*const c_char>, func: *const c_void);

    /// Where a kernel parameter lies.
    #[custom]
    fn cudaFuncGetParamInfo(func: *const c_void, paramIndex: usize, paramOffset: Out<usize>, paramSize: OutOpt<usize>);

    /// Sets an attribute of a kernel, such as its most dynamic shared memory.
    #[custom]
    fn cudaFuncSetAttribute(func: *const c_void, attr: cudaFuncAttribute, value: c_int);

    /// Prefers L1 cache or shared memory for a kernel.
    #[custom]
    fn cudaFuncSetCacheConfig(func: *const c_void, cacheConfig: cudaFuncCache);

    /// Chooses the width of shared memory banks for a kernel.
    #[custom]
    fn cudaFuncSetSharedMemConfig(func: *const c_void, config: cudaSharedMemConfig);

    /// Launches a kernel all of whose blocks run at once.
    #[ptsz]
    #[custom]
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
    fn cudaLaunchHostFunc(stream: cudaStream_t, fn_: cudaHostFn_t, userData: *mut c_void);

    /// Launches the kernel of a host stub.
    #[ptsz]
    #[custom]
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
    fn cudaLaunchKernelExC(config: *const cudaLaunchConfig_t, func: *const c_void, args: *mut *mut c_void);

    /// Does nothing: devices have doubles.
    #[custom]
    fn cudaSetDoubleForDevice(d: InOut<f64>);

    /// Does nothing: devices have doubles.
    #[custom]
    fn cudaSetDoubleForHost(d: InOut<f64>);
}
