//! BLAS-like extension. Source: cuBLAS reference, version 12.

extern "cublas" {
    #[unsupported]
    fn cublasAsumEx(
        handle: cublasHandle_t,
        n: c_int,
        x: *const c_void,
        xType: cudaDataType,
        incx: c_int,
        result: *mut c_void,
        resultType: cudaDataType,
        executiontype: cudaDataType,
    );

    #[unsupported]
    fn cublasAsumEx_64(
        handle: cublasHandle_t,
        n: i64,
        x: *const c_void,
        xType: cudaDataType,
        incx: i64,
        result: *mut c_void,
        resultType: cudaDataType,
        executiontype: cudaDataType,
    );

    #[unsupported]
    fn cublasAxpyEx(
        handle: cublasHandle_t,
        n: c_int,
        alpha: *const c_void,
        alphaType: cudaDataType,
        x: *const c_void,
        xType: cudaDataType,
        incx: c_int,
        y: *mut c_void,
        yType: cudaDataType,
        incy: c_int,
        executiontype: cudaDataType,
    );

    #[unsupported]
    fn cublasAxpyEx_64(
        handle: cublasHandle_t,
        n: i64,
        alpha: *const c_void,
        alphaType: cudaDataType,
        x: *const c_void,
        xType: cudaDataType,
        incx: i64,
        y: *mut c_void,
        yType: cudaDataType,
        incy: i64,
        executiontype: cudaDataType,
    );

    #[unsupported]
    fn cublasCdgmm(
        handle: cublasHandle_t,
        mode: cublasSideMode_t,
        m: c_int,
        n: c_int,
        A: *const cuComplex,
        lda: c_int,
        x: *const cuComplex,
        incx: c_int,
        C: *mut cuComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasCdgmm_64(
        handle: cublasHandle_t,
        mode: cublasSideMode_t,
        m: i64,
        n: i64,
        A: *const cuComplex,
        lda: i64,
        x: *const cuComplex,
        incx: i64,
        C: *mut cuComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasCgeam(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        beta: *const cuComplex,
        B: *const cuComplex,
        ldb: c_int,
        C: *mut cuComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasCgeam_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        beta: *const cuComplex,
        B: *const cuComplex,
        ldb: i64,
        C: *mut cuComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasCgemm3mEx(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const cuComplex,
        A: *const c_void,
        Atype: cudaDataType,
        lda: c_int,
        B: *const c_void,
        Btype: cudaDataType,
        ldb: c_int,
        beta: *const cuComplex,
        C: *mut c_void,
        Ctype: cudaDataType,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasCgemm3mEx_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const cuComplex,
        A: *const c_void,
        Atype: cudaDataType,
        lda: i64,
        B: *const c_void,
        Btype: cudaDataType,
        ldb: i64,
        beta: *const cuComplex,
        C: *mut c_void,
        Ctype: cudaDataType,
        ldc: i64,
    );

    #[unsupported]
    fn cublasCgemmEx(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const cuComplex,
        A: *const c_void,
        Atype: cudaDataType,
        lda: c_int,
        B: *const c_void,
        Btype: cudaDataType,
        ldb: c_int,
        beta: *const cuComplex,
        C: *mut c_void,
        Ctype: cudaDataType,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasCgemmEx_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const cuComplex,
        A: *const c_void,
        Atype: cudaDataType,
        lda: i64,
        B: *const c_void,
        Btype: cudaDataType,
        ldb: i64,
        beta: *const cuComplex,
        C: *mut c_void,
        Ctype: cudaDataType,
        ldc: i64,
    );

    #[unsupported]
    fn cublasCherk3mEx(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const f32,
        A: *const c_void,
        Atype: cudaDataType,
        lda: c_int,
        beta: *const f32,
        C: *mut c_void,
        Ctype: cudaDataType,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasCherk3mEx_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const f32,
        A: *const c_void,
        Atype: cudaDataType,
        lda: i64,
        beta: *const f32,
        C: *mut c_void,
        Ctype: cudaDataType,
        ldc: i64,
    );

    #[unsupported]
    fn cublasCherkEx(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const f32,
        A: *const c_void,
        Atype: cudaDataType,
        lda: c_int,
        beta: *const f32,
        C: *mut c_void,
        Ctype: cudaDataType,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasCherkEx_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const f32,
        A: *const c_void,
        Atype: cudaDataType,
        lda: i64,
        beta: *const f32,
        C: *mut c_void,
        Ctype: cudaDataType,
        ldc: i64,
    );

    #[unsupported]
    fn cublasCopyEx(
        handle: cublasHandle_t,
        n: c_int,
        x: *const c_void,
        xType: cudaDataType,
        incx: c_int,
        y: *mut c_void,
        yType: cudaDataType,
        incy: c_int,
    );

    #[unsupported]
    fn cublasCopyEx_64(
        handle: cublasHandle_t,
        n: i64,
        x: *const c_void,
        xType: cudaDataType,
        incx: i64,
        y: *mut c_void,
        yType: cudaDataType,
        incy: i64,
    );

    #[unsupported]
    fn cublasCsyrk3mEx(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const cuComplex,
        A: *const c_void,
        Atype: cudaDataType,
        lda: c_int,
        beta: *const cuComplex,
        C: *mut c_void,
        Ctype: cudaDataType,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasCsyrk3mEx_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const cuComplex,
        A: *const c_void,
        Atype: cudaDataType,
        lda: i64,
        beta: *const cuComplex,
        C: *mut c_void,
        Ctype: cudaDataType,
        ldc: i64,
    );

    #[unsupported]
    fn cublasCsyrkEx(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const cuComplex,
        A: *const c_void,
        Atype: cudaDataType,
        lda: c_int,
        beta: *const cuComplex,
        C: *mut c_void,
        Ctype: cudaDataType,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasCsyrkEx_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const cuComplex,
        A: *const c_void,
        Atype: cudaDataType,
        lda: i64,
        beta: *const cuComplex,
        C: *mut c_void,
        Ctype: cudaDataType,
        ldc: i64,
    );

    #[unsupported]
    fn cublasCtpttr(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        AP: *const cuComplex,
        A: *mut cuComplex,
        lda: c_int,
    );

    #[unsupported]
    fn cublasCtrttp(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        A: *const cuComplex,
        lda: c_int,
        AP: *mut cuComplex,
    );

    #[unsupported]
    fn cublasDdgmm(
        handle: cublasHandle_t,
        mode: cublasSideMode_t,
        m: c_int,
        n: c_int,
        A: *const f64,
        lda: c_int,
        x: *const f64,
        incx: c_int,
        C: *mut f64,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasDdgmm_64(
        handle: cublasHandle_t,
        mode: cublasSideMode_t,
        m: i64,
        n: i64,
        A: *const f64,
        lda: i64,
        x: *const f64,
        incx: i64,
        C: *mut f64,
        ldc: i64,
    );

    #[unsupported]
    fn cublasDgeam(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const f64,
        A: *const f64,
        lda: c_int,
        beta: *const f64,
        B: *const f64,
        ldb: c_int,
        C: *mut f64,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasDgeam_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const f64,
        A: *const f64,
        lda: i64,
        beta: *const f64,
        B: *const f64,
        ldb: i64,
        C: *mut f64,
        ldc: i64,
    );

    #[unsupported]
    fn cublasDotEx(
        handle: cublasHandle_t,
        n: c_int,
        x: *const c_void,
        xType: cudaDataType,
        incx: c_int,
        y: *const c_void,
        yType: cudaDataType,
        incy: c_int,
        result: *mut c_void,
        resultType: cudaDataType,
        executionType: cudaDataType,
    );

    #[unsupported]
    fn cublasDotEx_64(
        handle: cublasHandle_t,
        n: i64,
        x: *const c_void,
        xType: cudaDataType,
        incx: i64,
        y: *const c_void,
        yType: cudaDataType,
        incy: i64,
        result: *mut c_void,
        resultType: cudaDataType,
        executionType: cudaDataType,
    );

    #[unsupported]
    fn cublasDotcEx(
        handle: cublasHandle_t,
        n: c_int,
        x: *const c_void,
        xType: cudaDataType,
        incx: c_int,
        y: *const c_void,
        yType: cudaDataType,
        incy: c_int,
        result: *mut c_void,
        resultType: cudaDataType,
        executionType: cudaDataType,
    );

    #[unsupported]
    fn cublasDotcEx_64(
        handle: cublasHandle_t,
        n: i64,
        x: *const c_void,
        xType: cudaDataType,
        incx: i64,
        y: *const c_void,
        yType: cudaDataType,
        incy: i64,
        result: *mut c_void,
        resultType: cudaDataType,
        executionType: cudaDataType,
    );

    #[unsupported]
    fn cublasDtpttr(handle: cublasHandle_t, uplo: cublasFillMode_t, n: c_int, AP: *const f64, A: *mut f64, lda: c_int);

    #[unsupported]
    fn cublasDtrttp(handle: cublasHandle_t, uplo: cublasFillMode_t, n: c_int, A: *const f64, lda: c_int, AP: *mut f64);

    /// A product whose types are arguments.
    #[custom]
    fn cublasGemmEx(
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
        B: *const c_void,
        Btype: cudaDataType,
        ldb: c_int,
        beta: *const c_void,
        C: *mut c_void,
        Ctype: cudaDataType,
        ldc: c_int,
        computeType: cublasComputeType_t,
        algo: cublasGemmAlgo_t,
    );

    /// A product whose types are arguments.
    #[custom]
    fn cublasGemmEx_64(
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
        B: *const c_void,
        Btype: cudaDataType,
        ldb: i64,
        beta: *const c_void,
        C: *mut c_void,
        Ctype: cudaDataType,
        ldc: i64,
        computeType: cublasComputeType_t,
        algo: cublasGemmAlgo_t,
    );

    #[unsupported]
    fn cublasIamaxEx(
        handle: cublasHandle_t,
        n: c_int,
        x: *const c_void,
        xType: cudaDataType,
        incx: c_int,
        result: *mut c_int,
    );

    #[unsupported]
    fn cublasIamaxEx_64(
        handle: cublasHandle_t,
        n: i64,
        x: *const c_void,
        xType: cudaDataType,
        incx: i64,
        result: *mut i64,
    );

    #[unsupported]
    fn cublasIaminEx(
        handle: cublasHandle_t,
        n: c_int,
        x: *const c_void,
        xType: cudaDataType,
        incx: c_int,
        result: *mut c_int,
    );

    #[unsupported]
    fn cublasIaminEx_64(
        handle: cublasHandle_t,
        n: i64,
        x: *const c_void,
        xType: cudaDataType,
        incx: i64,
        result: *mut i64,
    );

    #[unsupported]
    fn cublasNrm2Ex(
        handle: cublasHandle_t,
        n: c_int,
        x: *const c_void,
        xType: cudaDataType,
        incx: c_int,
        result: *mut c_void,
        resultType: cudaDataType,
        executionType: cudaDataType,
    );

    #[unsupported]
    fn cublasNrm2Ex_64(
        handle: cublasHandle_t,
        n: i64,
        x: *const c_void,
        xType: cudaDataType,
        incx: i64,
        result: *mut c_void,
        resultType: cudaDataType,
        executionType: cudaDataType,
    );

    #[unsupported]
    fn cublasRotEx(
        handle: cublasHandle_t,
        n: c_int,
        x: *mut c_void,
        xType: cudaDataType,
        incx: c_int,
        y: *mut c_void,
        yType: cudaDataType,
        incy: c_int,
        c: *const c_void,
        s: *const c_void,
        csType: cudaDataType,
        executiontype: cudaDataType,
    );

    #[unsupported]
    fn cublasRotEx_64(
        handle: cublasHandle_t,
        n: i64,
        x: *mut c_void,
        xType: cudaDataType,
        incx: i64,
        y: *mut c_void,
        yType: cudaDataType,
        incy: i64,
        c: *const c_void,
        s: *const c_void,
        csType: cudaDataType,
        executiontype: cudaDataType,
    );

    #[unsupported]
    fn cublasRotgEx(
        handle: cublasHandle_t,
        a: *mut c_void,
        b: *mut c_void,
        abType: cudaDataType,
        c: *mut c_void,
        s: *mut c_void,
        csType: cudaDataType,
        executiontype: cudaDataType,
    );

    #[unsupported]
    fn cublasRotmEx(
        handle: cublasHandle_t,
        n: c_int,
        x: *mut c_void,
        xType: cudaDataType,
        incx: c_int,
        y: *mut c_void,
        yType: cudaDataType,
        incy: c_int,
        param: *const c_void,
        paramType: cudaDataType,
        executiontype: cudaDataType,
    );

    #[unsupported]
    fn cublasRotmEx_64(
        handle: cublasHandle_t,
        n: i64,
        x: *mut c_void,
        xType: cudaDataType,
        incx: i64,
        y: *mut c_void,
        yType: cudaDataType,
        incy: i64,
        param: *const c_void,
        paramType: cudaDataType,
        executiontype: cudaDataType,
    );

    #[unsupported]
    fn cublasRotmgEx(
        handle: cublasHandle_t,
        d1: *mut c_void,
        d1Type: cudaDataType,
        d2: *mut c_void,
        d2Type: cudaDataType,
        x1: *mut c_void,
        x1Type: cudaDataType,
        y1: *const c_void,
        y1Type: cudaDataType,
        param: *mut c_void,
        paramType: cudaDataType,
        executiontype: cudaDataType,
    );

    #[unsupported]
    fn cublasScalEx(
        handle: cublasHandle_t,
        n: c_int,
        alpha: *const c_void,
        alphaType: cudaDataType,
        x: *mut c_void,
        xType: cudaDataType,
        incx: c_int,
        executionType: cudaDataType,
    );

    #[unsupported]
    fn cublasScalEx_64(
        handle: cublasHandle_t,
        n: i64,
        alpha: *const c_void,
        alphaType: cudaDataType,
        x: *mut c_void,
        xType: cudaDataType,
        incx: i64,
        executionType: cudaDataType,
    );

    #[unsupported]
    fn cublasSdgmm(
        handle: cublasHandle_t,
        mode: cublasSideMode_t,
        m: c_int,
        n: c_int,
        A: *const f32,
        lda: c_int,
        x: *const f32,
        incx: c_int,
        C: *mut f32,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasSdgmm_64(
        handle: cublasHandle_t,
        mode: cublasSideMode_t,
        m: i64,
        n: i64,
        A: *const f32,
        lda: i64,
        x: *const f32,
        incx: i64,
        C: *mut f32,
        ldc: i64,
    );

    #[unsupported]
    fn cublasSgeam(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const f32,
        A: *const f32,
        lda: c_int,
        beta: *const f32,
        B: *const f32,
        ldb: c_int,
        C: *mut f32,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasSgeam_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const f32,
        A: *const f32,
        lda: i64,
        beta: *const f32,
        B: *const f32,
        ldb: i64,
        C: *mut f32,
        ldc: i64,
    );

    /// A product computed in single precision, of matrices of any supported types.
    #[custom]
    fn cublasSgemmEx(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const f32,
        A: *const c_void,
        Atype: cudaDataType,
        lda: c_int,
        B: *const c_void,
        Btype: cudaDataType,
        ldb: c_int,
        beta: *const f32,
        C: *mut c_void,
        Ctype: cudaDataType,
        ldc: c_int,
    );

    /// A product computed in single precision, of matrices of any supported types.
    #[custom]
    fn cublasSgemmEx_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const f32,
        A: *const c_void,
        Atype: cudaDataType,
        lda: i64,
        B: *const c_void,
        Btype: cudaDataType,
        ldb: i64,
        beta: *const f32,
        C: *mut c_void,
        Ctype: cudaDataType,
        ldc: i64,
    );

    #[unsupported]
    fn cublasStpttr(handle: cublasHandle_t, uplo: cublasFillMode_t, n: c_int, AP: *const f32, A: *mut f32, lda: c_int);

    #[unsupported]
    fn cublasStrttp(handle: cublasHandle_t, uplo: cublasFillMode_t, n: c_int, A: *const f32, lda: c_int, AP: *mut f32);

    #[unsupported]
    fn cublasSwapEx(
        handle: cublasHandle_t,
        n: c_int,
        x: *mut c_void,
        xType: cudaDataType,
        incx: c_int,
        y: *mut c_void,
        yType: cudaDataType,
        incy: c_int,
    );

    #[unsupported]
    fn cublasSwapEx_64(
        handle: cublasHandle_t,
        n: i64,
        x: *mut c_void,
        xType: cudaDataType,
        incx: i64,
        y: *mut c_void,
        yType: cudaDataType,
        incy: i64,
    );

    #[unsupported]
    fn cublasUint8gemmBias(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        transc: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        A: *const c_uchar,
        A_bias: c_int,
        lda: c_int,
        B: *const c_uchar,
        B_bias: c_int,
        ldb: c_int,
        C: *mut c_uchar,
        C_bias: c_int,
        ldc: c_int,
        C_mult: c_int,
        C_shift: c_int,
    );

    #[unsupported]
    fn cublasZdgmm(
        handle: cublasHandle_t,
        mode: cublasSideMode_t,
        m: c_int,
        n: c_int,
        A: *const cuDoubleComplex,
        lda: c_int,
        x: *const cuDoubleComplex,
        incx: c_int,
        C: *mut cuDoubleComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasZdgmm_64(
        handle: cublasHandle_t,
        mode: cublasSideMode_t,
        m: i64,
        n: i64,
        A: *const cuDoubleComplex,
        lda: i64,
        x: *const cuDoubleComplex,
        incx: i64,
        C: *mut cuDoubleComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasZgeam(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: c_int,
        beta: *const cuDoubleComplex,
        B: *const cuDoubleComplex,
        ldb: c_int,
        C: *mut cuDoubleComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasZgeam_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: i64,
        beta: *const cuDoubleComplex,
        B: *const cuDoubleComplex,
        ldb: i64,
        C: *mut cuDoubleComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasZtpttr(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        AP: *const cuDoubleComplex,
        A: *mut cuDoubleComplex,
        lda: c_int,
    );

    #[unsupported]
    fn cublasZtrttp(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        A: *const cuDoubleComplex,
        lda: c_int,
        AP: *mut cuDoubleComplex,
    );
}
