//! Registration. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Gives a handle for the kernel of a host stub.
    #[custom]
    #[errors(InvalidDeviceFunction = "`entryFuncAddr` is no kernel of the program's own")]
    fn __cudaGetKernel(kernel: Out<cudaKernel_t>, entryFuncAddr: *const c_void);

    /// Loads a fatbin's module now.
    #[custom(raw)]
    fn __cudaInitModule(fatCubinHandle: *mut *mut c_void) -> c_char;

    /// Launches a kernel by its handle.
    #[ptsz]
    #[custom]
    #[errors(
        InvalidDeviceFunction = "`kernel` is no kernel, or one that its image lacks",
        InvalidConfiguration = "grid or block is empty, or larger than the device takes",
        InvalidValue = "the block is not the one that the kernel requires, there is more dynamic shared memory than it may have, or a parameter is not given",
        LaunchOutOfResources = "the block has more threads than the kernel can have",
        InvalidResourceHandle = "`stream` is no stream, or one of another context",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn __cudaLaunchKernel(
        kernel: cudaKernel_t,
        gridDim: dim3,
        blockDim: dim3,
        args: *mut *mut c_void,
        sharedMem: usize,
        stream: cudaStream_t,
    );

    /// Pops the latest launch configuration.
    #[custom]
    #[errors(MissingConfiguration = "none was pushed and not popped")]
    fn __cudaPopCallConfiguration(gridDim: Out<dim3>, blockDim: Out<dim3>, sharedMem: Out<usize>, stream: *mut c_void);

    /// Pushes what stands between the triple brackets of a launch.
    #[custom(raw = "1")]
    fn __cudaPushCallConfiguration(gridDim: dim3, blockDim: dim3, sharedMem: usize, stream: *mut CUstream_st)
    -> c_uint;

    /// Notes a fatbin; nothing is read or loaded.
    #[custom(raw)]
    fn __cudaRegisterFatBinary(fatCubin: *mut c_void) -> *mut *mut c_void;

    /// Ends a fatbin's registration, which leaves nothing to do.
    #[custom(raw)]
    fn __cudaRegisterFatBinaryEnd(fatCubinHandle: *mut *mut c_void) -> ();

    /// Notes a kernel under the address of its host stub.
    #[custom(raw)]
    fn __cudaRegisterFunction(
        fatCubinHandle: *mut *mut c_void,
        hostFun: *const c_char,
        deviceFun: *mut c_char,
        deviceName: *const c_char,
        threadLimit: c_int,
        tid: *mut uint3,
        bid: *mut uint3,
        bDim: *mut dim3,
        gDim: *mut dim3,
        wSize: *mut c_int,
    ) -> ();

    #[unsupported]
    fn __cudaRegisterHostVar(
        fatCubinHandle: *mut *mut c_void,
        deviceName: *const c_char,
        hostVar: *mut c_char,
        size: usize,
    ) -> ();

    /// Notes a managed variable, whose pointer is filled when its module is loaded.
    #[custom(raw)]
    fn __cudaRegisterManagedVar(
        fatCubinHandle: *mut *mut c_void,
        hostVarPtrAddress: *mut *mut c_void,
        deviceAddress: *mut c_char,
        deviceName: *const c_char,
        ext: c_int,
        size: usize,
        constant: c_int,
        global: c_int,
    ) -> ();

    #[unsupported]
    fn __cudaRegisterUnifiedTable(fatCubinHandle: *mut *mut c_void, table: *mut c_void) -> ();

    /// Notes a device variable under the address of its host shadow.
    #[custom(raw)]
    fn __cudaRegisterVar(
        fatCubinHandle: *mut *mut c_void,
        hostVar: *mut c_char,
        deviceAddress: *mut c_char,
        deviceName: *const c_char,
        ext: c_int,
        size: usize,
        constant: c_int,
        global: c_int,
    ) -> ();

    /// Forgets a fatbin and unloads its modules.
    #[custom(raw)]
    fn __cudaUnregisterFatBinary(fatCubinHandle: *mut *mut c_void) -> ();
}
