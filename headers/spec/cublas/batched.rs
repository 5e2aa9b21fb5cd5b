//! Many products at once. Source: cuBLAS reference, version 12.

extern "cublas" {
    #[wide] #[unsupported]
    fn cublasCgemm3mBatched(
        handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: Int, n: Int, k: Int,
        alpha: *const cuComplex, Aarray: *const *const cuComplex, lda: Int, Barray: *const *const cuComplex, ldb: Int,
        beta: *const cuComplex, Carray: *const *mut cuComplex, ldc: Int, batchCount: Int,
    );

    #[wide] #[unsupported]
    fn cublasCgemm3mStridedBatched(
        handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: Int, n: Int, k: Int,
        alpha: *const cuComplex, A: *const cuComplex, lda: Int, strideA: c_longlong, B: *const cuComplex, ldb: Int,
        strideB: c_longlong, beta: *const cuComplex, C: *mut cuComplex, ldc: Int, strideC: c_longlong, batchCount: Int,
    );

    #[family(S, D, C, Z)] #[unsupported]
    fn cublasTgelsBatched(
        handle: cublasHandle_t, trans: cublasOperation_t, m: c_int, n: c_int, nrhs: c_int, Aarray: *const *mut T, lda: c_int,
        Carray: *const *mut T, ldc: c_int, info: *mut c_int, devInfoArray: *mut c_int, batchSize: c_int,
    );

    /// Products of {precision}-precision matrices at addresses in device memory.
    #[family(S, D, C, Z, H)] #[wide] #[custom(S, D, H)]
    #[errors(INVALID_VALUE = "a dimension or `batchCount` is negative, a leading dimension less than the rows as stored, an operation none, or `alpha`, `beta` or C null")]
    fn cublasTgemmBatched(
        handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: Int, n: Int, k: Int, alpha: *const T,
        Aarray: *const *const T, lda: Int, Barray: *const *const T, ldb: Int, beta: *const T, Carray: *const *mut T, ldc: Int,
        batchCount: Int,
    );

    /// Products whose types are arguments, at addresses in device memory.
    #[wide] #[custom]
    #[errors(
        INVALID_VALUE = "a dimension or `batchCount` is negative, a leading dimension less than the rows as stored, an operation or `algo` none, or `alpha`, `beta` or C null",
        NOT_SUPPORTED = "no product of such types is computed so",
    )]
    fn cublasGemmBatchedEx(
        handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: Int, n: Int, k: Int,
        alpha: *const c_void, Aarray: *const *const c_void, Atype: cudaDataType, lda: Int, Barray: *const *const c_void,
        Btype: cudaDataType, ldb: Int, beta: *const c_void, Carray: *const *mut c_void, Ctype: cudaDataType, ldc: Int,
        batchCount: Int, computeType: cublasComputeType_t, algo: cublasGemmAlgo_t,
    );

    #[family(S, D)] #[wide] #[unsupported]
    fn cublasTgemmGroupedBatched(
        handle: cublasHandle_t, transa_array: *const cublasOperation_t, transb_array: *const cublasOperation_t,
        m_array: *const Int, n_array: *const Int, k_array: *const Int, alpha_array: *const T, Aarray: *const *const T,
        lda_array: *const Int, Barray: *const *const T, ldb_array: *const Int, beta_array: *const T, Carray: *const *mut T,
        ldc_array: *const Int, group_count: Int, group_size: *const Int,
    );

    #[wide] #[unsupported]
    fn cublasGemmGroupedBatchedEx(
        handle: cublasHandle_t, transa_array: *const cublasOperation_t, transb_array: *const cublasOperation_t,
        m_array: *const Int, n_array: *const Int, k_array: *const Int, alpha_array: *const c_void,
        Aarray: *const *const c_void, Atype: cudaDataType, lda_array: *const Int, Barray: *const *const c_void,
        Btype: cudaDataType, ldb_array: *const Int, beta_array: *const c_void, Carray: *const *mut c_void, Ctype: cudaDataType,
        ldc_array: *const Int, group_count: Int, group_size: *const Int, computeType: cublasComputeType_t,
    );

    /// Products of {precision}-precision matrices at fixed distances.
    #[family(S, D, C, Z, H)] #[wide] #[custom(S, D, H)]
    #[errors(cublasSgemmBatched)]
    fn cublasTgemmStridedBatched(
        handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: Int, n: Int, k: Int, alpha: *const T,
        A: *const T, lda: Int, strideA: c_longlong, B: *const T, ldb: Int, strideB: c_longlong, beta: *const T, C: *mut T,
        ldc: Int, strideC: c_longlong, batchCount: Int,
    );

    /// Products whose types are arguments, at fixed distances.
    #[wide] #[custom]
    #[errors(cublasGemmBatchedEx)]
    fn cublasGemmStridedBatchedEx(
        handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: Int, n: Int, k: Int,
        alpha: *const c_void, A: *const c_void, Atype: cudaDataType, lda: Int, strideA: c_longlong, B: *const c_void,
        Btype: cudaDataType, ldb: Int, strideB: c_longlong, beta: *const c_void, C: *mut c_void, Ctype: cudaDataType, ldc: Int,
        strideC: c_longlong, batchCount: Int, computeType: cublasComputeType_t, algo: cublasGemmAlgo_t,
    );

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTgemvBatched(
        handle: cublasHandle_t, trans: cublasOperation_t, m: Int, n: Int, alpha: *const T, Aarray: *const *const T, lda: Int,
        xarray: *const *const T, incx: Int, beta: *const T, yarray: *const *mut T, incy: Int, batchCount: Int,
    );

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTgemvStridedBatched(
        handle: cublasHandle_t, trans: cublasOperation_t, m: Int, n: Int, alpha: *const T, A: *const T, lda: Int,
        strideA: c_longlong, x: *const T, incx: Int, stridex: c_longlong, beta: *const T, y: *mut T, incy: Int,
        stridey: c_longlong, batchCount: Int,
    );

    #[family(S, D, C, Z)] #[unsupported]
    fn cublasTgeqrfBatched(
        handle: cublasHandle_t, m: c_int, n: c_int, Aarray: *const *mut T, lda: c_int, TauArray: *const *mut T,
        info: *mut c_int, batchSize: c_int,
    );

    #[family(S, D, C, Z)] #[unsupported]
    fn cublasTgetrfBatched(
        handle: cublasHandle_t, n: c_int, A: *const *mut T, lda: c_int, P: *mut c_int, info: *mut c_int, batchSize: c_int,
    );

    #[family(S, D, C, Z)] #[unsupported]
    fn cublasTgetriBatched(
        handle: cublasHandle_t, n: c_int, A: *const *const T, lda: c_int, P: *const c_int, C: *const *mut T, ldc: c_int,
        info: *mut c_int, batchSize: c_int,
    );

    #[family(S, D, C, Z)] #[unsupported]
    fn cublasTgetrsBatched(
        handle: cublasHandle_t, trans: cublasOperation_t, n: c_int, nrhs: c_int, Aarray: *const *const T, lda: c_int,
        devIpiv: *const c_int, Barray: *const *mut T, ldb: c_int, info: *mut c_int, batchSize: c_int,
    );

    #[wide] #[unsupported]
    fn cublasHSHgemvBatched(
        handle: cublasHandle_t, trans: cublasOperation_t, m: Int, n: Int, alpha: *const f32, Aarray: *const *const __half,
        lda: Int, xarray: *const *const __half, incx: Int, beta: *const f32, yarray: *const *mut __half, incy: Int,
        batchCount: Int,
    );

    #[wide] #[unsupported]
    fn cublasHSHgemvStridedBatched(
        handle: cublasHandle_t, trans: cublasOperation_t, m: Int, n: Int, alpha: *const f32, A: *const __half, lda: Int,
        strideA: c_longlong, x: *const __half, incx: Int, stridex: c_longlong, beta: *const f32, y: *mut __half, incy: Int,
        stridey: c_longlong, batchCount: Int,
    );

    #[wide] #[unsupported]
    fn cublasHSSgemvBatched(
        handle: cublasHandle_t, trans: cublasOperation_t, m: Int, n: Int, alpha: *const f32, Aarray: *const *const __half,
        lda: Int, xarray: *const *const __half, incx: Int, beta: *const f32, yarray: *const *mut f32, incy: Int,
        batchCount: Int,
    );

    #[wide] #[unsupported]
    fn cublasHSSgemvStridedBatched(
        handle: cublasHandle_t, trans: cublasOperation_t, m: Int, n: Int, alpha: *const f32, A: *const __half, lda: Int,
        strideA: c_longlong, x: *const __half, incx: Int, stridex: c_longlong, beta: *const f32, y: *mut f32, incy: Int,
        stridey: c_longlong, batchCount: Int,
    );

    #[family(S, D, C, Z)] #[unsupported]
    fn cublasTmatinvBatched(
        handle: cublasHandle_t, n: c_int, A: *const *const T, lda: c_int, Ainv: *const *mut T, lda_inv: c_int,
        info: *mut c_int, batchSize: c_int,
    );

    /// Solves triangular systems in {precision} precision, at addresses in device memory.
    #[family(S, D, C, Z)] #[wide] #[custom(S, D)]
    #[errors(INVALID_VALUE = "a dimension or `batchCount` is negative, a leading dimension less than the rows as stored, one of the four choices none, or `alpha` null")]
    fn cublasTtrsmBatched(
        handle: cublasHandle_t, side: cublasSideMode_t, uplo: cublasFillMode_t, trans: cublasOperation_t,
        diag: cublasDiagType_t, m: Int, n: Int, alpha: *const T, A: *const *const T, lda: Int, B: *const *mut T, ldb: Int,
        batchCount: Int,
    );

    #[wide] #[unsupported]
    fn cublasTSSgemvBatched(
        handle: cublasHandle_t, trans: cublasOperation_t, m: Int, n: Int, alpha: *const f32,
        Aarray: *const *const __nv_bfloat16, lda: Int, xarray: *const *const __nv_bfloat16, incx: Int, beta: *const f32,
        yarray: *const *mut f32, incy: Int, batchCount: Int,
    );

    #[wide] #[unsupported]
    fn cublasTSSgemvStridedBatched(
        handle: cublasHandle_t, trans: cublasOperation_t, m: Int, n: Int, alpha: *const f32, A: *const __nv_bfloat16, lda: Int,
        strideA: c_longlong, x: *const __nv_bfloat16, incx: Int, stridex: c_longlong, beta: *const f32, y: *mut f32, incy: Int,
        stridey: c_longlong, batchCount: Int,
    );

    #[wide] #[unsupported]
    fn cublasTSTgemvBatched(
        handle: cublasHandle_t, trans: cublasOperation_t, m: Int, n: Int, alpha: *const f32,
        Aarray: *const *const __nv_bfloat16, lda: Int, xarray: *const *const __nv_bfloat16, incx: Int, beta: *const f32,
        yarray: *const *mut __nv_bfloat16, incy: Int, batchCount: Int,
    );

    #[wide] #[unsupported]
    fn cublasTSTgemvStridedBatched(
        handle: cublasHandle_t, trans: cublasOperation_t, m: Int, n: Int, alpha: *const f32, A: *const __nv_bfloat16, lda: Int,
        strideA: c_longlong, x: *const __nv_bfloat16, incx: Int, stridex: c_longlong, beta: *const f32, y: *mut __nv_bfloat16,
        incy: Int, stridey: c_longlong, batchCount: Int,
    );
}
