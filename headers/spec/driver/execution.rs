//! Execution. Source: CUDA Driver API reference.

extern "driver" {
    /// Gives an attribute of a function.
    #[since(2_020)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hfunc` is no function", INVALID_VALUE = "`attrib` is none")]
    fn cuFuncGetAttribute(pi: Out<c_int>, attrib: CUfunction_attribute, hfunc: CUfunction);

    /// Gives the module that a function is of.
    #[since(11_000)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hfunc` is no function")]
    fn cuFuncGetModule(hmod: Out<CUmodule>, hfunc: CUfunction);

    /// Gives a function's name; it lives as long as the function.
    #[since(12_030)]
    #[custom]
    #[errors(INVALID_VALUE = "`hfunc` is null", INVALID_HANDLE = "it is no function")]
    fn cuFuncGetName(name: Out<*const c_char>, hfunc: CUfunction);

    /// Counts a function's parameters.
    #[since(13_020)]
    #[custom]
    #[errors(INVALID_HANDLE = "`func` is no function")]
    fn cuFuncGetParamCount(func: CUfunction, paramCount: Out<usize>);

    /// Gives where a function's parameter lies in the packed parameters, and its size.
    #[since(12_040)]
    #[custom]
    #[errors(INVALID_HANDLE = "`func` is no function", INVALID_VALUE = "it has no parameter `paramIndex`")]
    fn cuFuncGetParamInfo(func: CUfunction, paramIndex: usize, paramOffset: Out<usize>, paramSize: OutOpt<usize>);

    /// Says that a function is ready: it is made so before its handle exists.
    #[since(12_040)]
    #[custom]
    #[errors(INVALID_HANDLE = "`function` is no function")]
    fn cuFuncIsLoaded(state: Out<CUfunctionLoadingState>, function: CUfunction);

    /// Makes a function ready, which it is.
    #[since(12_040)]
    #[custom]
    #[errors(INVALID_HANDLE = "`function` is no function")]
    fn cuFuncLoad(function: CUfunction);

    /// Sets an attribute of a function.
    #[since(9_000)]
    #[custom]
    #[errors(
        INVALID_HANDLE = "`hfunc` is no function",
        INVALID_VALUE = "`attrib` cannot be set, or not to `value`",
        NOT_SUPPORTED = "it is about clusters, and the device has none",
        NOT_PERMITTED = "it is a size of clusters that the kernel was compiled for",
    )]
    fn cuFuncSetAttribute(hfunc: CUfunction, attrib: CUfunction_attribute, value: c_int);

    #[since(2_000)]
    #[unsupported]
    fn cuFuncSetBlockShape(hfunc: CUfunction, x: c_int, y: c_int, z: c_int);

    /// Accepts a preferred split between cache and shared memory: a preference without effect here.
    #[since(3_000)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hfunc` is no function", INVALID_VALUE = "`config` is none")]
    fn cuFuncSetCacheConfig(hfunc: CUfunction, config: CUfunc_cache);

    /// Accepts a width of shared memory banks: without effect, as on every current device.
    #[since(4_020)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hfunc` is no function", INVALID_VALUE = "`config` is none")]
    fn cuFuncSetSharedMemConfig(hfunc: CUfunction, config: CUsharedconfig);

    #[since(2_000)]
    #[unsupported]
    fn cuFuncSetSharedSize(hfunc: CUfunction, bytes: c_uint);

    #[since(2_000)]
    #[unsupported]
    fn cuLaunch(f: CUfunction);

    /// Launches a kernel whose blocks may wait for each other.
    #[since(9_000)]
    #[ptsz(9_000)]
    #[custom]
    #[errors(cuLaunchKernel, NOT_SUPPORTED = "the device has no cooperative launches", COOPERATIVE_LAUNCH_TOO_LARGE = "it cannot hold all blocks at a time")]
    fn cuLaunchCooperativeKernel(f: CUfunction, gridDimX: c_uint, gridDimY: c_uint, gridDimZ: c_uint, blockDimX: c_uint, blockDimY: c_uint, blockDimZ: c_uint, sharedMemBytes: c_uint, hStream: CUstream, kernelParams: *mut *mut c_void);

    #[since(9_000)]
    #[unsupported]
    fn cuLaunchCooperativeKernelMultiDevice(
        launchParamsList: *mut CUDA_LAUNCH_PARAMS,
        numDevices: c_uint,
        flags: c_uint,
    );

    #[since(2_000)]
    #[unsupported]
    fn cuLaunchGrid(f: CUfunction, grid_width: c_int, grid_height: c_int);

    #[since(2_000)]
    #[unsupported]
    fn cuLaunchGridAsync(f: CUfunction, grid_width: c_int, grid_height: c_int, hStream: CUstream);

    /// Queues the call of a host function: a thread of ours calls it once the work before it is done, and later work waits for it.
    /// It is not called once work has failed.
    #[since(10_000)]
    #[ptsz(10_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`fn_` is null",
        INVALID_HANDLE = "`hStream` is no stream",
        OPERATING_SYSTEM = "no thread can be started for it",
        STREAM_CAPTURE_IMPLICIT = "it is the legacy stream's work, and a blocking stream is captured",
        STREAM_CAPTURE_INVALIDATED = "the stream is in a capture that an earlier call has broken",
    )]
    fn cuLaunchHostFunc(hStream: CUstream, fn_: CUhostFn, userData: *mut c_void);

    #[since(13_010)]
    #[ptsz(13_010)]
    #[unsupported]
    fn cuLaunchHostFunc_v2(
        hStream: CUstream,
        fn_: CUhostFn,
        userData: *mut c_void,
        syncMode: c_uint,
    );

    /// Launches a kernel on a grid of blocks.
    #[since(4_000)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(
        INVALID_HANDLE = "`f` is no function, `hStream` no stream, or they are of different contexts",
        INVALID_VALUE = "grid or block is empty or too large, the block is not the one that the kernel requires, there is more dynamic shared memory than the function may have, or the parameters are not given in just one form, and whole",
        LAUNCH_OUT_OF_RESOURCES = "the block has more threads than the kernel can have",
        STREAM_CAPTURE_IMPLICIT = "it is the legacy stream's work, and a blocking stream is captured",
        STREAM_CAPTURE_INVALIDATED = "the stream is in a capture that an earlier call has broken",
    )]
    fn cuLaunchKernel(f: CUfunction, gridDimX: c_uint, gridDimY: c_uint, gridDimZ: c_uint, blockDimX: c_uint, blockDimY: c_uint, blockDimZ: c_uint, sharedMemBytes: c_uint, hStream: CUstream, kernelParams: *mut *mut c_void, extra: *mut *mut c_void);

    /// Launches a kernel with attributes.
    #[since(11_060)]
    #[ptsz(11_060)]
    #[custom]
    #[errors(
        INVALID_HANDLE = "`f` is no function, the stream none, an event none, or they are of different contexts",
        INVALID_VALUE = "grid or block is empty or too large, the block is not the one that the kernel requires, there is more dynamic shared memory than the function may have, the parameters are not given in just one form, and whole, or an attribute makes no sense",
        NOT_SUPPORTED = "an attribute is not to be had, or clusters or a cooperative launch on this device",
        INVALID_CLUSTER_SIZE = "the grid does not fall into such clusters, or they are larger than the function may have or than the device holds",
        COOPERATIVE_LAUNCH_TOO_LARGE = "the device cannot hold all blocks of a cooperative launch at a time",
        LAUNCH_OUT_OF_RESOURCES = "the block has more threads than the kernel can have",
        STREAM_CAPTURE_IMPLICIT = "it is the legacy stream's work, and a blocking stream is captured",
        STREAM_CAPTURE_INVALIDATED = "the stream is in a capture that an earlier call has broken",
    )]
    fn cuLaunchKernelEx(config: In<CUlaunchConfig>, f: CUfunction, kernelParams: *mut *mut c_void, extra: *mut *mut c_void);

    #[since(2_000)]
    #[unsupported]
    fn cuParamSetSize(hfunc: CUfunction, numbytes: c_uint);

    #[since(2_000)]
    #[unsupported]
    fn cuParamSetTexRef(hfunc: CUfunction, texunit: c_int, hTexRef: CUtexref);

    #[since(2_000)]
    #[unsupported]
    fn cuParamSetf(hfunc: CUfunction, offset: c_int, value: f32);

    #[since(2_000)]
    #[unsupported]
    fn cuParamSeti(hfunc: CUfunction, offset: c_int, value: c_uint);

    #[since(2_000)]
    #[unsupported]
    fn cuParamSetv(hfunc: CUfunction, offset: c_int, ptr: *mut c_void, numbytes: c_uint);
}
