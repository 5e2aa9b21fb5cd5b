//! Many products at once. Source: cuBLAS reference, version 12.

extern "cublas" {
    #[unsupported]
    fn cublasCgelsBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        nrhs: c_int,
        Aarray: *const *mut cuComplex,
        lda: c_int,
        Carray: *const *mut cuComplex,
        ldc: c_int,
        info: *mut c_int,
        devInfoArray: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasCgemm3mBatched(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const cuComplex,
        Aarray: *const *const cuComplex,
        lda: c_int,
        Barray: *const *const cuComplex,
        ldb: c_int,
        beta: *const cuComplex,
        Carray: *const *mut cuComplex,
        ldc: c_int,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasCgemm3mBatched_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const cuComplex,
        Aarray: *const *const cuComplex,
        lda: i64,
        Barray: *const *const cuComplex,
        ldb: i64,
        beta: *const cuComplex,
        Carray: *const *mut cuComplex,
        ldc: i64,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasCgemm3mStridedBatched(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        strideA: c_longlong,
        B: *const cuComplex,
        ldb: c_int,
        strideB: c_longlong,
        beta: *const cuComplex,
        C: *mut cuComplex,
        ldc: c_int,
        strideC: c_longlong,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasCgemm3mStridedBatched_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        strideA: c_longlong,
        B: *const cuComplex,
        ldb: i64,
        strideB: c_longlong,
        beta: *const cuComplex,
        C: *mut cuComplex,
        ldc: i64,
        strideC: c_longlong,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasCgemmBatched(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const cuComplex,
        Aarray: *const *const cuComplex,
        lda: c_int,
        Barray: *const *const cuComplex,
        ldb: c_int,
        beta: *const cuComplex,
        Carray: *const *mut cuComplex,
        ldc: c_int,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasCgemmBatched_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const cuComplex,
        Aarray: *const *const cuComplex,
        lda: i64,
        Barray: *const *const cuComplex,
        ldb: i64,
        beta: *const cuComplex,
        Carray: *const *mut cuComplex,
        ldc: i64,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasCgemmStridedBatched(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        strideA: c_longlong,
        B: *const cuComplex,
        ldb: c_int,
        strideB: c_longlong,
        beta: *const cuComplex,
        C: *mut cuComplex,
        ldc: c_int,
        strideC: c_longlong,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasCgemmStridedBatched_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        strideA: c_longlong,
        B: *const cuComplex,
        ldb: i64,
        strideB: c_longlong,
        beta: *const cuComplex,
        C: *mut cuComplex,
        ldc: i64,
        strideC: c_longlong,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasCgemvBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const cuComplex,
        Aarray: *const *const cuComplex,
        lda: c_int,
        xarray: *const *const cuComplex,
        incx: c_int,
        beta: *const cuComplex,
        yarray: *const *mut cuComplex,
        incy: c_int,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasCgemvBatched_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const cuComplex,
        Aarray: *const *const cuComplex,
        lda: i64,
        xarray: *const *const cuComplex,
        incx: i64,
        beta: *const cuComplex,
        yarray: *const *mut cuComplex,
        incy: i64,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasCgemvStridedBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        strideA: c_longlong,
        x: *const cuComplex,
        incx: c_int,
        stridex: c_longlong,
        beta: *const cuComplex,
        y: *mut cuComplex,
        incy: c_int,
        stridey: c_longlong,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasCgemvStridedBatched_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        strideA: c_longlong,
        x: *const cuComplex,
        incx: i64,
        stridex: c_longlong,
        beta: *const cuComplex,
        y: *mut cuComplex,
        incy: i64,
        stridey: c_longlong,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasCgeqrfBatched(
        handle: cublasHandle_t,
        m: c_int,
        n: c_int,
        Aarray: *const *mut cuComplex,
        lda: c_int,
        TauArray: *const *mut cuComplex,
        info: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasCgetrfBatched(
        handle: cublasHandle_t,
        n: c_int,
        A: *const *mut cuComplex,
        lda: c_int,
        P: *mut c_int,
        info: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasCgetriBatched(
        handle: cublasHandle_t,
        n: c_int,
        A: *const *const cuComplex,
        lda: c_int,
        P: *const c_int,
        C: *const *mut cuComplex,
        ldc: c_int,
        info: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasCgetrsBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        n: c_int,
        nrhs: c_int,
        Aarray: *const *const cuComplex,
        lda: c_int,
        devIpiv: *const c_int,
        Barray: *const *mut cuComplex,
        ldb: c_int,
        info: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasCmatinvBatched(
        handle: cublasHandle_t,
        n: c_int,
        A: *const *const cuComplex,
        lda: c_int,
        Ainv: *const *mut cuComplex,
        lda_inv: c_int,
        info: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasCtrsmBatched(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: c_int,
        n: c_int,
        alpha: *const cuComplex,
        A: *const *const cuComplex,
        lda: c_int,
        B: *const *mut cuComplex,
        ldb: c_int,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasCtrsmBatched_64(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: i64,
        n: i64,
        alpha: *const cuComplex,
        A: *const *const cuComplex,
        lda: i64,
        B: *const *mut cuComplex,
        ldb: i64,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasDgelsBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        nrhs: c_int,
        Aarray: *const *mut f64,
        lda: c_int,
        Carray: *const *mut f64,
        ldc: c_int,
        info: *mut c_int,
        devInfoArray: *mut c_int,
        batchSize: c_int,
    );

    /// Products of double-precision matrices at addresses in device memory.
    #[custom]
    fn cublasDgemmBatched(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const f64,
        Aarray: *const *const f64,
        lda: c_int,
        Barray: *const *const f64,
        ldb: c_int,
        beta: *const f64,
        Carray: *const *mut f64,
        ldc: c_int,
        batchCount: c_int,
    );

    /// Products of double-precision matrices at addresses in device memory.
    #[custom]
    fn cublasDgemmBatched_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const f64,
        Aarray: *const *const f64,
        lda: i64,
        Barray: *const *const f64,
        ldb: i64,
        beta: *const f64,
        Carray: *const *mut f64,
        ldc: i64,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasDgemmGroupedBatched(
        handle: cublasHandle_t,
        transa_array: *const cublasOperation_t,
        transb_array: *const cublasOperation_t,
        m_array: *const c_int,
        n_array: *const c_int,
        k_array: *const c_int,
        alpha_array: *const f64,
        Aarray: *const *const f64,
        lda_array: *const c_int,
        Barray: *const *const f64,
        ldb_array: *const c_int,
        beta_array: *const f64,
        Carray: *const *mut f64,
        ldc_array: *const c_int,
        group_count: c_int,
        group_size: *const c_int,
    );

    #[unsupported]
    fn cublasDgemmGroupedBatched_64(
        handle: cublasHandle_t,
        transa_array: *const cublasOperation_t,
        transb_array: *const cublasOperation_t,
        m_array: *const i64,
        n_array: *const i64,
        k_array: *const i64,
        alpha_array: *const f64,
        Aarray: *const *const f64,
        lda_array: *const i64,
        Barray: *const *const f64,
        ldb_array: *const i64,
        beta_array: *const f64,
        Carray: *const *mut f64,
        ldc_array: *const i64,
        group_count: i64,
        group_size: *const i64,
    );

    /// Products of double-precision matrices at fixed distances.
    #[custom]
    fn cublasDgemmStridedBatched(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const f64,
        A: *const f64,
        lda: c_int,
        strideA: c_longlong,
        B: *const f64,
        ldb: c_int,
        strideB: c_longlong,
        beta: *const f64,
        C: *mut f64,
        ldc: c_int,
        strideC: c_longlong,
        batchCount: c_int,
    );

    /// Products of double-precision matrices at fixed distances.
    #[custom]
    fn cublasDgemmStridedBatched_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const f64,
        A: *const f64,
        lda: i64,
        strideA: c_longlong,
        B: *const f64,
        ldb: i64,
        strideB: c_longlong,
        beta: *const f64,
        C: *mut f64,
        ldc: i64,
        strideC: c_longlong,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasDgemvBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const f64,
        Aarray: *const *const f64,
        lda: c_int,
        xarray: *const *const f64,
        incx: c_int,
        beta: *const f64,
        yarray: *const *mut f64,
        incy: c_int,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasDgemvBatched_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const f64,
        Aarray: *const *const f64,
        lda: i64,
        xarray: *const *const f64,
        incx: i64,
        beta: *const f64,
        yarray: *const *mut f64,
        incy: i64,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasDgemvStridedBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const f64,
        A: *const f64,
        lda: c_int,
        strideA: c_longlong,
        x: *const f64,
        incx: c_int,
        stridex: c_longlong,
        beta: *const f64,
        y: *mut f64,
        incy: c_int,
        stridey: c_longlong,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasDgemvStridedBatched_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const f64,
        A: *const f64,
        lda: i64,
        strideA: c_longlong,
        x: *const f64,
        incx: i64,
        stridex: c_longlong,
        beta: *const f64,
        y: *mut f64,
        incy: i64,
        stridey: c_longlong,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasDgeqrfBatched(
        handle: cublasHandle_t,
        m: c_int,
        n: c_int,
        Aarray: *const *mut f64,
        lda: c_int,
        TauArray: *const *mut f64,
        info: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasDgetrfBatched(
        handle: cublasHandle_t,
        n: c_int,
        A: *const *mut f64,
        lda: c_int,
        P: *mut c_int,
        info: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasDgetriBatched(
        handle: cublasHandle_t,
        n: c_int,
        A: *const *const f64,
        lda: c_int,
        P: *const c_int,
        C: *const *mut f64,
        ldc: c_int,
        info: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasDgetrsBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        n: c_int,
        nrhs: c_int,
        Aarray: *const *const f64,
        lda: c_int,
        devIpiv: *const c_int,
        Barray: *const *mut f64,
        ldb: c_int,
        info: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasDmatinvBatched(
        handle: cublasHandle_t,
        n: c_int,
        A: *const *const f64,
        lda: c_int,
        Ainv: *const *mut f64,
        lda_inv: c_int,
        info: *mut c_int,
        batchSize: c_int,
    );

    /// Solves triangular systems in double precision, at addresses in device memory.
    #[custom]
    fn cublasDtrsmBatched(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: c_int,
        n: c_int,
        alpha: *const f64,
        A: *const *const f64,
        lda: c_int,
        B: *const *mut f64,
        ldb: c_int,
        batchCount: c_int,
    );

    /// Solves triangular systems in double precision, at addresses in device memory.
    #[custom]
    fn cublasDtrsmBatched_64(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: i64,
        n: i64,
        alpha: *const f64,
        A: *const *const f64,
        lda: i64,
        B: *const *mut f64,
        ldb: i64,
        batchCount: i64,
    );

    /// Products whose types are arguments, at addresses in device memory.
    #[custom]
    fn cublasGemmBatchedEx(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const c_void,
        Aarray: *const *const c_void,
        Atype: cudaDataType,
        lda: c_int,
        Barray: *const *const c_void,
        Btype: cudaDataType,
        ldb: c_int,
        beta: *const c_void,
        Carray: *const *mut c_void,
        Ctype: cudaDataType,
        ldc: c_int,
        batchCount: c_int,
        computeType: cublasComputeType_t,
        algo: cublasGemmAlgo_t,
    );

    /// Products whose types are arguments, at addresses in device memory.
    #[custom]
    fn cublasGemmBatchedEx_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const c_void,
        Aarray: *const *const c_void,
        Atype: cudaDataType,
        lda: i64,
        Barray: *const *const c_void,
        Btype: cudaDataType,
        ldb: i64,
        beta: *const c_void,
        Carray: *const *mut c_void,
        Ctype: cudaDataType,
        ldc: i64,
        batchCount: i64,
        computeType: cublasComputeType_t,
        algo: cublasGemmAlgo_t,
    );

    #[unsupported]
    fn cublasGemmGroupedBatchedEx(
        handle: cublasHandle_t,
        transa_array: *const cublasOperation_t,
        transb_array: *const cublasOperation_t,
        m_array: *const c_int,
        n_array: *const c_int,
        k_array: *const c_int,
        alpha_array: *const c_void,
        Aarray: *const *const c_void,
        Atype: cudaDataType,
        lda_array: *const c_int,
        Barray: *const *const c_void,
        Btype: cudaDataType,
        ldb_array: *const c_int,
        beta_array: *const c_void,
        Carray: *const *mut c_void,
        Ctype: cudaDataType,
        ldc_array: *const c_int,
        group_count: c_int,
        group_size: *const c_int,
        computeType: cublasComputeType_t,
    );

    #[unsupported]
    fn cublasGemmGroupedBatchedEx_64(
        handle: cublasHandle_t,
        transa_array: *const cublasOperation_t,
        transb_array: *const cublasOperation_t,
        m_array: *const i64,
        n_array: *const i64,
        k_array: *const i64,
        alpha_array: *const c_void,
        Aarray: *const *const c_void,
        Atype: cudaDataType,
        lda_array: *const i64,
        Barray: *const *const c_void,
        Btype: cudaDataType,
        ldb_array: *const i64,
        beta_array: *const c_void,
        Carray: *const *mut c_void,
        Ctype: cudaDataType,
        ldc_array: *const i64,
        group_count: i64,
        group_size: *const i64,
        computeType: cublasComputeType_t,
    );

    /// Products whose types are arguments, at fixed distances.
    #[custom]
    fn cublasGemmStridedBatchedEx(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const c_void,
        A: *const c_void,
        Atype: cudaDataType,
        lda: c_int,
        strideA: c_longlong,
        B: *const c_void,
        Btype: cudaDataType,
        ldb: c_int,
        strideB: c_longlong,
        beta: *const c_void,
        C: *mut c_void,
        Ctype: cudaDataType,
        ldc: c_int,
        strideC: c_longlong,
        batchCount: c_int,
        computeType: cublasComputeType_t,
        algo: cublasGemmAlgo_t,
    );

    /// Products whose types are arguments, at fixed distances.
    #[custom]
    fn cublasGemmStridedBatchedEx_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const c_void,
        A: *const c_void,
        Atype: cudaDataType,
        lda: i64,
        strideA: c_longlong,
        B: *const c_void,
        Btype: cudaDataType,
        ldb: i64,
        strideB: c_longlong,
        beta: *const c_void,
        C: *mut c_void,
        Ctype: cudaDataType,
        ldc: i64,
        strideC: c_longlong,
        batchCount: i64,
        computeType: cublasComputeType_t,
        algo: cublasGemmAlgo_t,
    );

    #[unsupported]
    fn cublasHSHgemvBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const f32,
        Aarray: *const *const __half,
        lda: c_int,
        xarray: *const *const __half,
        incx: c_int,
        beta: *const f32,
        yarray: *const *mut __half,
        incy: c_int,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasHSHgemvBatched_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const f32,
        Aarray: *const *const __half,
        lda: i64,
        xarray: *const *const __half,
        incx: i64,
        beta: *const f32,
        yarray: *const *mut __half,
        incy: i64,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasHSHgemvStridedBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const f32,
        A: *const __half,
        lda: c_int,
        strideA: c_longlong,
        x: *const __half,
        incx: c_int,
        stridex: c_longlong,
        beta: *const f32,
        y: *mut __half,
        incy: c_int,
        stridey: c_longlong,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasHSHgemvStridedBatched_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const f32,
        A: *const __half,
        lda: i64,
        strideA: c_longlong,
        x: *const __half,
        incx: i64,
        stridex: c_longlong,
        beta: *const f32,
        y: *mut __half,
        incy: i64,
        stridey: c_longlong,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasHSSgemvBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const f32,
        Aarray: *const *const __half,
        lda: c_int,
        xarray: *const *const __half,
        incx: c_int,
        beta: *const f32,
        yarray: *const *mut f32,
        incy: c_int,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasHSSgemvBatched_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const f32,
        Aarray: *const *const __half,
        lda: i64,
        xarray: *const *const __half,
        incx: i64,
        beta: *const f32,
        yarray: *const *mut f32,
        incy: i64,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasHSSgemvStridedBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const f32,
        A: *const __half,
        lda: c_int,
        strideA: c_longlong,
        x: *const __half,
        incx: c_int,
        stridex: c_longlong,
        beta: *const f32,
        y: *mut f32,
        incy: c_int,
        stridey: c_longlong,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasHSSgemvStridedBatched_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const f32,
        A: *const __half,
        lda: i64,
        strideA: c_longlong,
        x: *const __half,
        incx: i64,
        stridex: c_longlong,
        beta: *const f32,
        y: *mut f32,
        incy: i64,
        stridey: c_longlong,
        batchCount: i64,
    );

    /// Products of half-precision matrices at addresses in device memory.
    #[custom]
    fn cublasHgemmBatched(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const __half,
        Aarray: *const *const __half,
        lda: c_int,
        Barray: *const *const __half,
        ldb: c_int,
        beta: *const __half,
        Carray: *const *mut __half,
        ldc: c_int,
        batchCount: c_int,
    );

    /// Products of half-precision matrices at addresses in device memory.
    #[custom]
    fn cublasHgemmBatched_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const __half,
        Aarray: *const *const __half,
        lda: i64,
        Barray: *const *const __half,
        ldb: i64,
        beta: *const __half,
        Carray: *const *mut __half,
        ldc: i64,
        batchCount: i64,
    );

    /// Products of half-precision matrices at fixed distances.
    #[custom]
    fn cublasHgemmStridedBatched(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const __half,
        A: *const __half,
        lda: c_int,
        strideA: c_longlong,
        B: *const __half,
        ldb: c_int,
        strideB: c_longlong,
        beta: *const __half,
        C: *mut __half,
        ldc: c_int,
        strideC: c_longlong,
        batchCount: c_int,
    );

    /// Products of half-precision matrices at fixed distances.
    #[custom]
    fn cublasHgemmStridedBatched_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const __half,
        A: *const __half,
        lda: i64,
        strideA: c_longlong,
        B: *const __half,
        ldb: i64,
        strideB: c_longlong,
        beta: *const __half,
        C: *mut __half,
        ldc: i64,
        strideC: c_longlong,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasSgelsBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        nrhs: c_int,
        Aarray: *const *mut f32,
        lda: c_int,
        Carray: *const *mut f32,
        ldc: c_int,
        info: *mut c_int,
        devInfoArray: *mut c_int,
        batchSize: c_int,
    );

    /// Products of single-precision matrices at addresses in device memory.
    #[custom]
    fn cublasSgemmBatched(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const f32,
        Aarray: *const *const f32,
        lda: c_int,
        Barray: *const *const f32,
        ldb: c_int,
        beta: *const f32,
        Carray: *const *mut f32,
        ldc: c_int,
        batchCount: c_int,
    );

    /// Products of single-precision matrices at addresses in device memory.
    #[custom]
    fn cublasSgemmBatched_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const f32,
        Aarray: *const *const f32,
        lda: i64,
        Barray: *const *const f32,
        ldb: i64,
        beta: *const f32,
        Carray: *const *mut f32,
        ldc: i64,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasSgemmGroupedBatched(
        handle: cublasHandle_t,
        transa_array: *const cublasOperation_t,
        transb_array: *const cublasOperation_t,
        m_array: *const c_int,
        n_array: *const c_int,
        k_array: *const c_int,
        alpha_array: *const f32,
        Aarray: *const *const f32,
        lda_array: *const c_int,
        Barray: *const *const f32,
        ldb_array: *const c_int,
        beta_array: *const f32,
        Carray: *const *mut f32,
        ldc_array: *const c_int,
        group_count: c_int,
        group_size: *const c_int,
    );

    #[unsupported]
    fn cublasSgemmGroupedBatched_64(
        handle: cublasHandle_t,
        transa_array: *const cublasOperation_t,
        transb_array: *const cublasOperation_t,
        m_array: *const i64,
        n_array: *const i64,
        k_array: *const i64,
        alpha_array: *const f32,
        Aarray: *const *const f32,
        lda_array: *const i64,
        Barray: *const *const f32,
        ldb_array: *const i64,
        beta_array: *const f32,
        Carray: *const *mut f32,
        ldc_array: *const i64,
        group_count: i64,
        group_size: *const i64,
    );

    /// Products of single-precision matrices at fixed distances.
    #[custom]
    fn cublasSgemmStridedBatched(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const f32,
        A: *const f32,
        lda: c_int,
        strideA: c_longlong,
        B: *const f32,
        ldb: c_int,
        strideB: c_longlong,
        beta: *const f32,
        C: *mut f32,
        ldc: c_int,
        strideC: c_longlong,
        batchCount: c_int,
    );

    /// Products of single-precision matrices at fixed distances.
    #[custom]
    fn cublasSgemmStridedBatched_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const f32,
        A: *const f32,
        lda: i64,
        strideA: c_longlong,
        B: *const f32,
        ldb: i64,
        strideB: c_longlong,
        beta: *const f32,
        C: *mut f32,
        ldc: i64,
        strideC: c_longlong,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasSgemvBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const f32,
        Aarray: *const *const f32,
        lda: c_int,
        xarray: *const *const f32,
        incx: c_int,
        beta: *const f32,
        yarray: *const *mut f32,
        incy: c_int,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasSgemvBatched_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const f32,
        Aarray: *const *const f32,
        lda: i64,
        xarray: *const *const f32,
        incx: i64,
        beta: *const f32,
        yarray: *const *mut f32,
        incy: i64,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasSgemvStridedBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const f32,
        A: *const f32,
        lda: c_int,
        strideA: c_longlong,
        x: *const f32,
        incx: c_int,
        stridex: c_longlong,
        beta: *const f32,
        y: *mut f32,
        incy: c_int,
        stridey: c_longlong,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasSgemvStridedBatched_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const f32,
        A: *const f32,
        lda: i64,
        strideA: c_longlong,
        x: *const f32,
        incx: i64,
        stridex: c_longlong,
        beta: *const f32,
        y: *mut f32,
        incy: i64,
        stridey: c_longlong,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasSgeqrfBatched(
        handle: cublasHandle_t,
        m: c_int,
        n: c_int,
        Aarray: *const *mut f32,
        lda: c_int,
        TauArray: *const *mut f32,
        info: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasSgetrfBatched(
        handle: cublasHandle_t,
        n: c_int,
        A: *const *mut f32,
        lda: c_int,
        P: *mut c_int,
        info: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasSgetriBatched(
        handle: cublasHandle_t,
        n: c_int,
        A: *const *const f32,
        lda: c_int,
        P: *const c_int,
        C: *const *mut f32,
        ldc: c_int,
        info: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasSgetrsBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        n: c_int,
        nrhs: c_int,
        Aarray: *const *const f32,
        lda: c_int,
        devIpiv: *const c_int,
        Barray: *const *mut f32,
        ldb: c_int,
        info: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasSmatinvBatched(
        handle: cublasHandle_t,
        n: c_int,
        A: *const *const f32,
        lda: c_int,
        Ainv: *const *mut f32,
        lda_inv: c_int,
        info: *mut c_int,
        batchSize: c_int,
    );

    /// Solves triangular systems in single precision, at addresses in device memory.
    #[custom]
    fn cublasStrsmBatched(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: c_int,
        n: c_int,
        alpha: *const f32,
        A: *const *const f32,
        lda: c_int,
        B: *const *mut f32,
        ldb: c_int,
        batchCount: c_int,
    );

    /// Solves triangular systems in single precision, at addresses in device memory.
    #[custom]
    fn cublasStrsmBatched_64(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: i64,
        n: i64,
        alpha: *const f32,
        A: *const *const f32,
        lda: i64,
        B: *const *mut f32,
        ldb: i64,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasTSSgemvBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const f32,
        Aarray: *const *const __nv_bfloat16,
        lda: c_int,
        xarray: *const *const __nv_bfloat16,
        incx: c_int,
        beta: *const f32,
        yarray: *const *mut f32,
        incy: c_int,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasTSSgemvBatched_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const f32,
        Aarray: *const *const __nv_bfloat16,
        lda: i64,
        xarray: *const *const __nv_bfloat16,
        incx: i64,
        beta: *const f32,
        yarray: *const *mut f32,
        incy: i64,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasTSSgemvStridedBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const f32,
        A: *const __nv_bfloat16,
        lda: c_int,
        strideA: c_longlong,
        x: *const __nv_bfloat16,
        incx: c_int,
        stridex: c_longlong,
        beta: *const f32,
        y: *mut f32,
        incy: c_int,
        stridey: c_longlong,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasTSSgemvStridedBatched_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const f32,
        A: *const __nv_bfloat16,
        lda: i64,
        strideA: c_longlong,
        x: *const __nv_bfloat16,
        incx: i64,
        stridex: c_longlong,
        beta: *const f32,
        y: *mut f32,
        incy: i64,
        stridey: c_longlong,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasTSTgemvBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const f32,
        Aarray: *const *const __nv_bfloat16,
        lda: c_int,
        xarray: *const *const __nv_bfloat16,
        incx: c_int,
        beta: *const f32,
        yarray: *const *mut __nv_bfloat16,
        incy: c_int,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasTSTgemvBatched_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const f32,
        Aarray: *const *const __nv_bfloat16,
        lda: i64,
        xarray: *const *const __nv_bfloat16,
        incx: i64,
        beta: *const f32,
        yarray: *const *mut __nv_bfloat16,
        incy: i64,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasTSTgemvStridedBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const f32,
        A: *const __nv_bfloat16,
        lda: c_int,
        strideA: c_longlong,
        x: *const __nv_bfloat16,
        incx: c_int,
        stridex: c_longlong,
        beta: *const f32,
        y: *mut __nv_bfloat16,
        incy: c_int,
        stridey: c_longlong,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasTSTgemvStridedBatched_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const f32,
        A: *const __nv_bfloat16,
        lda: i64,
        strideA: c_longlong,
        x: *const __nv_bfloat16,
        incx: i64,
        stridex: c_longlong,
        beta: *const f32,
        y: *mut __nv_bfloat16,
        incy: i64,
        stridey: c_longlong,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasZgelsBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        nrhs: c_int,
        Aarray: *const *mut cuDoubleComplex,
        lda: c_int,
        Carray: *const *mut cuDoubleComplex,
        ldc: c_int,
        info: *mut c_int,
        devInfoArray: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasZgemmBatched(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const cuDoubleComplex,
        Aarray: *const *const cuDoubleComplex,
        lda: c_int,
        Barray: *const *const cuDoubleComplex,
        ldb: c_int,
        beta: *const cuDoubleComplex,
        Carray: *const *mut cuDoubleComplex,
        ldc: c_int,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasZgemmBatched_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const cuDoubleComplex,
        Aarray: *const *const cuDoubleComplex,
        lda: i64,
        Barray: *const *const cuDoubleComplex,
        ldb: i64,
        beta: *const cuDoubleComplex,
        Carray: *const *mut cuDoubleComplex,
        ldc: i64,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasZgemmStridedBatched(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: c_int,
        strideA: c_longlong,
        B: *const cuDoubleComplex,
        ldb: c_int,
        strideB: c_longlong,
        beta: *const cuDoubleComplex,
        C: *mut cuDoubleComplex,
        ldc: c_int,
        strideC: c_longlong,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasZgemmStridedBatched_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: i64,
        strideA: c_longlong,
        B: *const cuDoubleComplex,
        ldb: i64,
        strideB: c_longlong,
        beta: *const cuDoubleComplex,
        C: *mut cuDoubleComplex,
        ldc: i64,
        strideC: c_longlong,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasZgemvBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const cuDoubleComplex,
        Aarray: *const *const cuDoubleComplex,
        lda: c_int,
        xarray: *const *const cuDoubleComplex,
        incx: c_int,
        beta: *const cuDoubleComplex,
        yarray: *const *mut cuDoubleComplex,
        incy: c_int,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasZgemvBatched_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const cuDoubleComplex,
        Aarray: *const *const cuDoubleComplex,
        lda: i64,
        xarray: *const *const cuDoubleComplex,
        incx: i64,
        beta: *const cuDoubleComplex,
        yarray: *const *mut cuDoubleComplex,
        incy: i64,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasZgemvStridedBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: c_int,
        strideA: c_longlong,
        x: *const cuDoubleComplex,
        incx: c_int,
        stridex: c_longlong,
        beta: *const cuDoubleComplex,
        y: *mut cuDoubleComplex,
        incy: c_int,
        stridey: c_longlong,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasZgemvStridedBatched_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: i64,
        strideA: c_longlong,
        x: *const cuDoubleComplex,
        incx: i64,
        stridex: c_longlong,
        beta: *const cuDoubleComplex,
        y: *mut cuDoubleComplex,
        incy: i64,
        stridey: c_longlong,
        batchCount: i64,
    );

    #[unsupported]
    fn cublasZgeqrfBatched(
        handle: cublasHandle_t,
        m: c_int,
        n: c_int,
        Aarray: *const *mut cuDoubleComplex,
        lda: c_int,
        TauArray: *const *mut cuDoubleComplex,
        info: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasZgetrfBatched(
        handle: cublasHandle_t,
        n: c_int,
        A: *const *mut cuDoubleComplex,
        lda: c_int,
        P: *mut c_int,
        info: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasZgetriBatched(
        handle: cublasHandle_t,
        n: c_int,
        A: *const *const cuDoubleComplex,
        lda: c_int,
        P: *const c_int,
        C: *const *mut cuDoubleComplex,
        ldc: c_int,
        info: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasZgetrsBatched(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        n: c_int,
        nrhs: c_int,
        Aarray: *const *const cuDoubleComplex,
        lda: c_int,
        devIpiv: *const c_int,
        Barray: *const *mut cuDoubleComplex,
        ldb: c_int,
        info: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasZmatinvBatched(
        handle: cublasHandle_t,
        n: c_int,
        A: *const *const cuDoubleComplex,
        lda: c_int,
        Ainv: *const *mut cuDoubleComplex,
        lda_inv: c_int,
        info: *mut c_int,
        batchSize: c_int,
    );

    #[unsupported]
    fn cublasZtrsmBatched(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: c_int,
        n: c_int,
        alpha: *const cuDoubleComplex,
        A: *const *const cuDoubleComplex,
        lda: c_int,
        B: *const *mut cuDoubleComplex,
        ldb: c_int,
        batchCount: c_int,
    );

    #[unsupported]
    fn cublasZtrsmBatched_64(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: i64,
        n: i64,
        alpha: *const cuDoubleComplex,
        A: *const *const cuDoubleComplex,
        lda: i64,
        B: *const *mut cuDoubleComplex,
        ldb: i64,
        batchCount: i64,
    );
}
