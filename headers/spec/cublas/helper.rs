//! Helper functions. Source: cuBLAS reference, version 12.

extern "cublas" {
    /// Opens a handle in the calling thread's context.
    #[custom]
    #[errors()]
    fn cublasCreate_v2(handle: Out<cublasHandle_t>);

    /// Closes a handle.
    #[custom]
    #[errors()]
    fn cublasDestroy_v2(handle: cublasHandle_t);

    /// Whether atomic additions may be used.
    #[custom]
    #[errors()]
    fn cublasGetAtomicsMode(handle: cublasHandle_t, mode: Out<cublasAtomicsMode_t>);

    /// The runtime version that goes with this library.
    #[custom(raw)]
    fn cublasGetCudartVersion() -> usize;

    /// Whether products may be computed from parts of less precision.
    #[unsupported]
    fn cublasGetEmulationStrategy(handle: cublasHandle_t, emulationStrategy: *mut cublasEmulationStrategy_t);

    #[unsupported]
    fn cublasGetLoggerCallback(userCallback: *mut cublasLogCallback);

    /// Which lower-precision units may be used.
    #[custom]
    #[errors()]
    fn cublasGetMathMode(handle: cublasHandle_t, mode: Out<cublasMath_t>);

    /// Copies a matrix to the host.
    #[wide] #[custom]
    #[errors(
        INVALID_VALUE = "`rows` or `cols` is negative, `elemSize`, `lda` or `ldb` is not positive, a leading dimension is less than `rows`, or a pointer is null and there are elements",
        MAPPING_ERROR = "libcuda refuses the copy",
    )]
    fn cublasGetMatrix(rows: Int, cols: Int, elemSize: Int, A: *const c_void, lda: Int, B: *mut c_void, ldb: Int);

    /// Copies a matrix to the host in stream order.
    #[wide] #[custom]
    #[errors(cublasGetMatrix)]
    fn cublasGetMatrixAsync(
        rows: Int, cols: Int, elemSize: Int, A: *const c_void, lda: Int, B: *mut c_void, ldb: Int, stream: cudaStream_t,
    );

    /// Where scalars live.
    #[custom]
    #[errors()]
    fn cublasGetPointerMode_v2(handle: cublasHandle_t, mode: Out<cublasPointerMode_t>);

    /// A part of the version of this interface.
    #[custom]
    #[errors(INVALID_VALUE = "`type_` is none of the three parts")]
    fn cublasGetProperty(type_: libraryPropertyType_t, value: Out<c_int>);

    /// The hint of how many multiprocessors to use.
    #[custom]
    #[errors()]
    fn cublasGetSmCountTarget(handle: cublasHandle_t, smCountTarget: Out<c_int>);

    /// A status's name.
    #[custom(raw)]
    fn cublasGetStatusName(status: cublasStatus_t) -> *const c_char;

    /// What a status means, in a few words.
    #[custom(raw)]
    fn cublasGetStatusString(status: cublasStatus_t) -> *const c_char;

    /// The stream of a handle.
    #[custom]
    #[errors()]
    fn cublasGetStream_v2(handle: cublasHandle_t, streamId: Out<cudaStream_t>);

    /// Copies a vector to the host.
    #[wide] #[custom]
    #[errors(INVALID_VALUE = "`n` is negative, `elemSize`, `incx` or `incy` is not positive, or a pointer is null and `n` is not 0", MAPPING_ERROR = "libcuda refuses the copy")]
    fn cublasGetVector(n: Int, elemSize: Int, x: *const c_void, incx: Int, y: *mut c_void, incy: Int);

    /// Copies a vector to the host in stream order.
    #[wide] #[custom]
    #[errors(cublasGetVector)]
    fn cublasGetVectorAsync(
        n: Int, elemSize: Int, x: *const c_void, incx: Int, y: *mut c_void, incy: Int, stream: cudaStream_t,
    );

    /// The version of this interface as one number.
    #[custom]
    #[errors()]
    fn cublasGetVersion_v2(handle: cublasHandle_t, version: Out<c_int>);

    #[unsupported]
    fn cublasLoggerConfigure(logIsOn: c_int, logToStdOut: c_int, logToStdErr: c_int, logFileName: *const c_char);

    /// Sets whether atomic additions may be used.
    #[custom]
    #[errors(INVALID_VALUE = "`mode` is none")]
    fn cublasSetAtomicsMode(handle: cublasHandle_t, mode: cublasAtomicsMode_t);

    /// Says whether products may be computed from parts of less precision.
    #[unsupported]
    fn cublasSetEmulationStrategy(handle: cublasHandle_t, emulationStrategy: cublasEmulationStrategy_t);

    #[unsupported]
    fn cublasSetLoggerCallback(userCallback: cublasLogCallback);

    /// Sets which lower-precision units may be used.
    #[custom]
    #[errors(INVALID_VALUE = "`mode` is none")]
    fn cublasSetMathMode(handle: cublasHandle_t, mode: cublasMath_t);

    /// Copies a matrix to the device.
    #[wide] #[custom]
    #[errors(cublasGetMatrix)]
    fn cublasSetMatrix(rows: Int, cols: Int, elemSize: Int, A: *const c_void, lda: Int, B: *mut c_void, ldb: Int);

    /// Copies a matrix to the device in stream order.
    #[wide] #[custom]
    #[errors(cublasGetMatrix)]
    fn cublasSetMatrixAsync(
        rows: Int, cols: Int, elemSize: Int, A: *const c_void, lda: Int, B: *mut c_void, ldb: Int, stream: cudaStream_t,
    );

    /// Sets where scalars live.
    #[custom]
    #[errors(INVALID_VALUE = "`mode` is none")]
    fn cublasSetPointerMode_v2(handle: cublasHandle_t, mode: cublasPointerMode_t);

    /// Hints how many multiprocessors to use.
    #[custom]
    #[errors(INVALID_VALUE = "`smCountTarget` is negative")]
    fn cublasSetSmCountTarget(handle: cublasHandle_t, smCountTarget: c_int);

    /// Sets the stream of a handle's later work.
    #[custom]
    #[errors()]
    fn cublasSetStream_v2(handle: cublasHandle_t, streamId: cudaStream_t);

    /// Copies a vector to the device.
    #[wide] #[custom]
    #[errors(cublasGetVector)]
    fn cublasSetVector(n: Int, elemSize: Int, x: *const c_void, incx: Int, y: *mut c_void, incy: Int);

    /// Copies a vector to the device in stream order.
    #[wide] #[custom]
    #[errors(cublasGetVector)]
    fn cublasSetVectorAsync(
        n: Int, elemSize: Int, x: *const c_void, incx: Int, y: *mut c_void, incy: Int, stream: cudaStream_t,
    );

    /// Sets the workspace of a handle's later work, until the handle has another one or another stream.
    #[custom]
    #[errors(INVALID_VALUE = "`workspace` is no multiple of 256")]
    fn cublasSetWorkspace_v2(handle: cublasHandle_t, workspace: *mut c_void, workspaceSizeInBytes: usize);

    #[unsupported]
    fn cublasXerbla(srName: *const c_char, info: c_int) -> ();
}
