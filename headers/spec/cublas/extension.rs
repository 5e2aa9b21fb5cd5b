//! BLAS-like extension. Source: cuBLAS reference, version 12.

extern "cublas" {
    #[wide] #[unsupported]
    fn cublasAsumEx(
        handle: cublasHandle_t, n: Int, x: *const c_void, xType: cudaDataType, incx: Int, result: *mut c_void,
        resultType: cudaDataType, executiontype: cudaDataType,
    );

    #[wide] #[unsupported]
    fn cublasAxpyEx(
        handle: cublasHandle_t, n: Int, alpha: *const c_void, alphaType: cudaDataType, x: *const c_void, xType: cudaDataType,
        incx: Int, y: *mut c_void, yType: cudaDataType, incy: Int, executiontype: cudaDataType,
    );

    #[wide] #[unsupported]
    fn cublasCgemm3mEx(
        handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: Int, n: Int, k: Int,
        alpha: *const cuComplex, A: *const c_void, Atype: cudaDataType, lda: Int, B: *const c_void, Btype: cudaDataType,
        ldb: Int, beta: *const cuComplex, C: *mut c_void, Ctype: cudaDataType, ldc: Int,
    );

    #[wide] #[unsupported]
    fn cublasCherk3mEx(
        handle: cublasHandle_t, uplo: cublasFillMode_t, trans: cublasOperation_t, n: Int, k: Int, alpha: *const f32,
        A: *const c_void, Atype: cudaDataType, lda: Int, beta: *const f32, C: *mut c_void, Ctype: cudaDataType, ldc: Int,
    );

    #[wide] #[unsupported]
    fn cublasCherkEx(
        handle: cublasHandle_t, uplo: cublasFillMode_t, trans: cublasOperation_t, n: Int, k: Int, alpha: *const f32,
        A: *const c_void, Atype: cudaDataType, lda: Int, beta: *const f32, C: *mut c_void, Ctype: cudaDataType, ldc: Int,
    );

    #[wide] #[unsupported]
    fn cublasCopyEx(
        handle: cublasHandle_t, n: Int, x: *const c_void, xType: cudaDataType, incx: Int, y: *mut c_void, yType: cudaDataType,
        incy: Int,
    );

    #[wide] #[unsupported]
    fn cublasCsyrk3mEx(
        handle: cublasHandle_t, uplo: cublasFillMode_t, trans: cublasOperation_t, n: Int, k: Int, alpha: *const cuComplex,
        A: *const c_void, Atype: cudaDataType, lda: Int, beta: *const cuComplex, C: *mut c_void, Ctype: cudaDataType, ldc: Int,
    );

    #[wide] #[unsupported]
    fn cublasCsyrkEx(
        handle: cublasHandle_t, uplo: cublasFillMode_t, trans: cublasOperation_t, n: Int, k: Int, alpha: *const cuComplex,
        A: *const c_void, Atype: cudaDataType, lda: Int, beta: *const cuComplex, C: *mut c_void, Ctype: cudaDataType, ldc: Int,
    );

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTdgmm(
        handle: cublasHandle_t, mode: cublasSideMode_t, m: Int, n: Int, A: *const T, lda: Int, x: *const T, incx: Int,
        C: *mut T, ldc: Int,
    );

    #[wide] #[unsupported]
    fn cublasDotcEx(
        handle: cublasHandle_t, n: Int, x: *const c_void, xType: cudaDataType, incx: Int, y: *const c_void,
        yType: cudaDataType, incy: Int, result: *mut c_void, resultType: cudaDataType, executionType: cudaDataType,
    );

    #[wide] #[unsupported]
    fn cublasDotEx(
        handle: cublasHandle_t, n: Int, x: *const c_void, xType: cudaDataType, incx: Int, y: *const c_void,
        yType: cudaDataType, incy: Int, result: *mut c_void, resultType: cudaDataType, executionType: cudaDataType,
    );

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTgeam(
        handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: Int, n: Int, alpha: *const T,
        A: *const T, lda: Int, beta: *const T, B: *const T, ldb: Int, C: *mut T, ldc: Int,
    );

    /// A product computed in {precision} precision, of matrices of any supported types.
    #[family(S, C)] #[wide] #[custom(S)]
    #[errors(
        INVALID_VALUE = "a dimension is negative, a leading dimension less than the rows as stored, an operation none, or `alpha`, `beta` or C null",
        NOT_SUPPORTED = "no product of such types is computed so",
    )]
    fn cublasTgemmEx(
        handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: Int, n: Int, k: Int, alpha: *const T,
        A: *const c_void, Atype: cudaDataType, lda: Int, B: *const c_void, Btype: cudaDataType, ldb: Int, beta: *const T,
        C: *mut c_void, Ctype: cudaDataType, ldc: Int,
    );

    /// A product whose types are arguments.
    #[wide] #[custom]
    #[errors(
        INVALID_VALUE = "a dimension is negative, a leading dimension less than the rows as stored, an operation or `algo` none, or `alpha`, `beta` or C null",
        NOT_SUPPORTED = "no product of such types is computed so",
    )]
    fn cublasGemmEx(
        handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: Int, n: Int, k: Int,
        alpha: *const c_void, A: *const c_void, Atype: cudaDataType, lda: Int, B: *const c_void, Btype: cudaDataType, ldb: Int,
        beta: *const c_void, C: *mut c_void, Ctype: cudaDataType, ldc: Int, computeType: cublasComputeType_t,
        algo: cublasGemmAlgo_t,
    );

    #[wide] #[unsupported]
    fn cublasIamaxEx(handle: cublasHandle_t, n: Int, x: *const c_void, xType: cudaDataType, incx: Int, result: *mut Int);

    #[wide] #[unsupported]
    fn cublasIaminEx(handle: cublasHandle_t, n: Int, x: *const c_void, xType: cudaDataType, incx: Int, result: *mut Int);

    #[wide] #[unsupported]
    fn cublasNrm2Ex(
        handle: cublasHandle_t, n: Int, x: *const c_void, xType: cudaDataType, incx: Int, result: *mut c_void,
        resultType: cudaDataType, executionType: cudaDataType,
    );

    #[wide] #[unsupported]
    fn cublasRotEx(
        handle: cublasHandle_t, n: Int, x: *mut c_void, xType: cudaDataType, incx: Int, y: *mut c_void, yType: cudaDataType,
        incy: Int, c: *const c_void, s: *const c_void, csType: cudaDataType, executiontype: cudaDataType,
    );

    #[unsupported]
    fn cublasRotgEx(
        handle: cublasHandle_t, a: *mut c_void, b: *mut c_void, abType: cudaDataType, c: *mut c_void, s: *mut c_void,
        csType: cudaDataType, executiontype: cudaDataType,
    );

    #[wide] #[unsupported]
    fn cublasRotmEx(
        handle: cublasHandle_t, n: Int, x: *mut c_void, xType: cudaDataType, incx: Int, y: *mut c_void, yType: cudaDataType,
        incy: Int, param: *const c_void, paramType: cudaDataType, executiontype: cudaDataType,
    );

    #[unsupported]
    fn cublasRotmgEx(
        handle: cublasHandle_t, d1: *mut c_void, d1Type: cudaDataType, d2: *mut c_void, d2Type: cudaDataType, x1: *mut c_void,
        x1Type: cudaDataType, y1: *const c_void, y1Type: cudaDataType, param: *mut c_void, paramType: cudaDataType,
        executiontype: cudaDataType,
    );

    #[wide] #[unsupported]
    fn cublasScalEx(
        handle: cublasHandle_t, n: Int, alpha: *const c_void, alphaType: cudaDataType, x: *mut c_void, xType: cudaDataType,
        incx: Int, executionType: cudaDataType,
    );

    #[wide] #[unsupported]
    fn cublasSwapEx(
        handle: cublasHandle_t, n: Int, x: *mut c_void, xType: cudaDataType, incx: Int, y: *mut c_void, yType: cudaDataType,
        incy: Int,
    );

    #[family(S, D, C, Z)] #[unsupported]
    fn cublasTtpttr(handle: cublasHandle_t, uplo: cublasFillMode_t, n: c_int, AP: *const T, A: *mut T, lda: c_int);

    #[family(S, D, C, Z)] #[unsupported]
    fn cublasTtrttp(handle: cublasHandle_t, uplo: cublasFillMode_t, n: c_int, A: *const T, lda: c_int, AP: *mut T);

    #[unsupported]
    fn cublasUint8gemmBias(
        handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, transc: cublasOperation_t, m: c_int,
        n: c_int, k: c_int, A: *const c_uchar, A_bias: c_int, lda: c_int, B: *const c_uchar, B_bias: c_int, ldb: c_int,
        C: *mut c_uchar, C_bias: c_int, ldc: c_int, C_mult: c_int, C_shift: c_int,
    );
}
