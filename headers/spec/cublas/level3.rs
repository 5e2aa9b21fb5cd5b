//! Level 3: matrices. Source: cuBLAS reference, version 12.

extern "cublas" {
    #[unsupported]
    fn cublasCgemm3m(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        B: *const cuComplex,
        ldb: c_int,
        beta: *const cuComplex,
        C: *mut cuComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasCgemm3m_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        B: *const cuComplex,
        ldb: i64,
        beta: *const cuComplex,
        C: *mut cuComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasCgemm_v2(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        B: *const cuComplex,
        ldb: c_int,
        beta: *const cuComplex,
        C: *mut cuComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasCgemm_v2_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        B: *const cuComplex,
        ldb: i64,
        beta: *const cuComplex,
        C: *mut cuComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasChemm_v2(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        m: c_int,
        n: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        B: *const cuComplex,
        ldb: c_int,
        beta: *const cuComplex,
        C: *mut cuComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasChemm_v2_64(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        m: i64,
        n: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        B: *const cuComplex,
        ldb: i64,
        beta: *const cuComplex,
        C: *mut cuComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasCher2k_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        B: *const cuComplex,
        ldb: c_int,
        beta: *const f32,
        C: *mut cuComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasCher2k_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        B: *const cuComplex,
        ldb: i64,
        beta: *const f32,
        C: *mut cuComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasCherk_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const f32,
        A: *const cuComplex,
        lda: c_int,
        beta: *const f32,
        C: *mut cuComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasCherk_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const f32,
        A: *const cuComplex,
        lda: i64,
        beta: *const f32,
        C: *mut cuComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasCherkx(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        B: *const cuComplex,
        ldb: c_int,
        beta: *const f32,
        C: *mut cuComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasCherkx_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        B: *const cuComplex,
        ldb: i64,
        beta: *const f32,
        C: *mut cuComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasCsymm_v2(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        m: c_int,
        n: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        B: *const cuComplex,
        ldb: c_int,
        beta: *const cuComplex,
        C: *mut cuComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasCsymm_v2_64(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        m: i64,
        n: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        B: *const cuComplex,
        ldb: i64,
        beta: *const cuComplex,
        C: *mut cuComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasCsyr2k_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        B: *const cuComplex,
        ldb: c_int,
        beta: *const cuComplex,
        C: *mut cuComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasCsyr2k_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        B: *const cuComplex,
        ldb: i64,
        beta: *const cuComplex,
        C: *mut cuComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasCsyrk_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        beta: *const cuComplex,
        C: *mut cuComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasCsyrk_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        beta: *const cuComplex,
        C: *mut cuComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasCsyrkx(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        B: *const cuComplex,
        ldb: c_int,
        beta: *const cuComplex,
        C: *mut cuComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasCsyrkx_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        B: *const cuComplex,
        ldb: i64,
        beta: *const cuComplex,
        C: *mut cuComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasCtrmm_v2(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: c_int,
        n: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        B: *const cuComplex,
        ldb: c_int,
        C: *mut cuComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasCtrmm_v2_64(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: i64,
        n: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        B: *const cuComplex,
        ldb: i64,
        C: *mut cuComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasCtrsm_v2(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: c_int,
        n: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        B: *mut cuComplex,
        ldb: c_int,
    );

    #[unsupported]
    fn cublasCtrsm_v2_64(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: i64,
        n: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        B: *mut cuComplex,
        ldb: i64,
    );

    /// A product of double-precision matrices.
    #[custom]
    fn cublasDgemm_v2(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const f64,
        A: *const f64,
        lda: c_int,
        B: *const f64,
        ldb: c_int,
        beta: *const f64,
        C: *mut f64,
        ldc: c_int,
    );

    /// A product of double-precision matrices.
    #[custom]
    fn cublasDgemm_v2_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const f64,
        A: *const f64,
        lda: i64,
        B: *const f64,
        ldb: i64,
        beta: *const f64,
        C: *mut f64,
        ldc: i64,
    );

    #[unsupported]
    fn cublasDsymm_v2(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        m: c_int,
        n: c_int,
        alpha: *const f64,
        A: *const f64,
        lda: c_int,
        B: *const f64,
        ldb: c_int,
        beta: *const f64,
        C: *mut f64,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasDsymm_v2_64(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        m: i64,
        n: i64,
        alpha: *const f64,
        A: *const f64,
        lda: i64,
        B: *const f64,
        ldb: i64,
        beta: *const f64,
        C: *mut f64,
        ldc: i64,
    );

    #[unsupported]
    fn cublasDsyr2k_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const f64,
        A: *const f64,
        lda: c_int,
        B: *const f64,
        ldb: c_int,
        beta: *const f64,
        C: *mut f64,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasDsyr2k_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const f64,
        A: *const f64,
        lda: i64,
        B: *const f64,
        ldb: i64,
        beta: *const f64,
        C: *mut f64,
        ldc: i64,
    );

    #[unsupported]
    fn cublasDsyrk_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const f64,
        A: *const f64,
        lda: c_int,
        beta: *const f64,
        C: *mut f64,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasDsyrk_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const f64,
        A: *const f64,
        lda: i64,
        beta: *const f64,
        C: *mut f64,
        ldc: i64,
    );

    #[unsupported]
    fn cublasDsyrkx(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const f64,
        A: *const f64,
        lda: c_int,
        B: *const f64,
        ldb: c_int,
        beta: *const f64,
        C: *mut f64,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasDsyrkx_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const f64,
        A: *const f64,
        lda: i64,
        B: *const f64,
        ldb: i64,
        beta: *const f64,
        C: *mut f64,
        ldc: i64,
    );

    #[unsupported]
    fn cublasDtrmm_v2(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: c_int,
        n: c_int,
        alpha: *const f64,
        A: *const f64,
        lda: c_int,
        B: *const f64,
        ldb: c_int,
        C: *mut f64,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasDtrmm_v2_64(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: i64,
        n: i64,
        alpha: *const f64,
        A: *const f64,
        lda: i64,
        B: *const f64,
        ldb: i64,
        C: *mut f64,
        ldc: i64,
    );

    /// Solves a triangular system in double precision.
    #[custom]
    fn cublasDtrsm_v2(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: c_int,
        n: c_int,
        alpha: *const f64,
        A: *const f64,
        lda: c_int,
        B: *mut f64,
        ldb: c_int,
    );

    /// Solves a triangular system in double precision.
    #[custom]
    fn cublasDtrsm_v2_64(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: i64,
        n: i64,
        alpha: *const f64,
        A: *const f64,
        lda: i64,
        B: *mut f64,
        ldb: i64,
    );

    /// A product of half-precision matrices.
    #[custom]
    fn cublasHgemm(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const __half,
        A: *const __half,
        lda: c_int,
        B: *const __half,
        ldb: c_int,
        beta: *const __half,
        C: *mut __half,
        ldc: c_int,
    );

    /// A product of half-precision matrices.
    #[custom]
    fn cublasHgemm_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const __half,
        A: *const __half,
        lda: i64,
        B: *const __half,
        ldb: i64,
        beta: *const __half,
        C: *mut __half,
        ldc: i64,
    );

    /// A product of single-precision matrices.
    #[custom]
    fn cublasSgemm_v2(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const f32,
        A: *const f32,
        lda: c_int,
        B: *const f32,
        ldb: c_int,
        beta: *const f32,
        C: *mut f32,
        ldc: c_int,
    );

    /// A product of single-precision matrices.
    #[custom]
    fn cublasSgemm_v2_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const f32,
        A: *const f32,
        lda: i64,
        B: *const f32,
        ldb: i64,
        beta: *const f32,
        C: *mut f32,
        ldc: i64,
    );

    #[unsupported]
    fn cublasSsymm_v2(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        m: c_int,
        n: c_int,
        alpha: *const f32,
        A: *const f32,
        lda: c_int,
        B: *const f32,
        ldb: c_int,
        beta: *const f32,
        C: *mut f32,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasSsymm_v2_64(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        m: i64,
        n: i64,
        alpha: *const f32,
        A: *const f32,
        lda: i64,
        B: *const f32,
        ldb: i64,
        beta: *const f32,
        C: *mut f32,
        ldc: i64,
    );

    #[unsupported]
    fn cublasSsyr2k_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const f32,
        A: *const f32,
        lda: c_int,
        B: *const f32,
        ldb: c_int,
        beta: *const f32,
        C: *mut f32,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasSsyr2k_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const f32,
        A: *const f32,
        lda: i64,
        B: *const f32,
        ldb: i64,
        beta: *const f32,
        C: *mut f32,
        ldc: i64,
    );

    #[unsupported]
    fn cublasSsyrk_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const f32,
        A: *const f32,
        lda: c_int,
        beta: *const f32,
        C: *mut f32,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasSsyrk_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const f32,
        A: *const f32,
        lda: i64,
        beta: *const f32,
        C: *mut f32,
        ldc: i64,
    );

    #[unsupported]
    fn cublasSsyrkx(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const f32,
        A: *const f32,
        lda: c_int,
        B: *const f32,
        ldb: c_int,
        beta: *const f32,
        C: *mut f32,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasSsyrkx_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const f32,
        A: *const f32,
        lda: i64,
        B: *const f32,
        ldb: i64,
        beta: *const f32,
        C: *mut f32,
        ldc: i64,
    );

    #[unsupported]
    fn cublasStrmm_v2(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: c_int,
        n: c_int,
        alpha: *const f32,
        A: *const f32,
        lda: c_int,
        B: *const f32,
        ldb: c_int,
        C: *mut f32,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasStrmm_v2_64(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: i64,
        n: i64,
        alpha: *const f32,
        A: *const f32,
        lda: i64,
        B: *const f32,
        ldb: i64,
        C: *mut f32,
        ldc: i64,
    );

    /// Solves a triangular system in single precision.
    #[custom]
    fn cublasStrsm_v2(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: c_int,
        n: c_int,
        alpha: *const f32,
        A: *const f32,
        lda: c_int,
        B: *mut f32,
        ldb: c_int,
    );

    /// Solves a triangular system in single precision.
    #[custom]
    fn cublasStrsm_v2_64(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: i64,
        n: i64,
        alpha: *const f32,
        A: *const f32,
        lda: i64,
        B: *mut f32,
        ldb: i64,
    );

    #[unsupported]
    fn cublasZgemm3m(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: c_int,
        B: *const cuDoubleComplex,
        ldb: c_int,
        beta: *const cuDoubleComplex,
        C: *mut cuDoubleComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasZgemm3m_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: i64,
        B: *const cuDoubleComplex,
        ldb: i64,
        beta: *const cuDoubleComplex,
        C: *mut cuDoubleComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasZgemm_v2(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: c_int,
        B: *const cuDoubleComplex,
        ldb: c_int,
        beta: *const cuDoubleComplex,
        C: *mut cuDoubleComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasZgemm_v2_64(
        handle: cublasHandle_t,
        transa: cublasOperation_t,
        transb: cublasOperation_t,
        m: i64,
        n: i64,
        k: i64,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: i64,
        B: *const cuDoubleComplex,
        ldb: i64,
        beta: *const cuDoubleComplex,
        C: *mut cuDoubleComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasZhemm_v2(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        m: c_int,
        n: c_int,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: c_int,
        B: *const cuDoubleComplex,
        ldb: c_int,
        beta: *const cuDoubleComplex,
        C: *mut cuDoubleComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasZhemm_v2_64(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        m: i64,
        n: i64,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: i64,
        B: *const cuDoubleComplex,
        ldb: i64,
        beta: *const cuDoubleComplex,
        C: *mut cuDoubleComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasZher2k_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: c_int,
        B: *const cuDoubleComplex,
        ldb: c_int,
        beta: *const f64,
        C: *mut cuDoubleComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasZher2k_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: i64,
        B: *const cuDoubleComplex,
        ldb: i64,
        beta: *const f64,
        C: *mut cuDoubleComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasZherk_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const f64,
        A: *const cuDoubleComplex,
        lda: c_int,
        beta: *const f64,
        C: *mut cuDoubleComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasZherk_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const f64,
        A: *const cuDoubleComplex,
        lda: i64,
        beta: *const f64,
        C: *mut cuDoubleComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasZherkx(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: c_int,
        B: *const cuDoubleComplex,
        ldb: c_int,
        beta: *const f64,
        C: *mut cuDoubleComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasZherkx_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: i64,
        B: *const cuDoubleComplex,
        ldb: i64,
        beta: *const f64,
        C: *mut cuDoubleComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasZsymm_v2(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        m: c_int,
        n: c_int,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: c_int,
        B: *const cuDoubleComplex,
        ldb: c_int,
        beta: *const cuDoubleComplex,
        C: *mut cuDoubleComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasZsymm_v2_64(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        m: i64,
        n: i64,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: i64,
        B: *const cuDoubleComplex,
        ldb: i64,
        beta: *const cuDoubleComplex,
        C: *mut cuDoubleComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasZsyr2k_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: c_int,
        B: *const cuDoubleComplex,
        ldb: c_int,
        beta: *const cuDoubleComplex,
        C: *mut cuDoubleComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasZsyr2k_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: i64,
        B: *const cuDoubleComplex,
        ldb: i64,
        beta: *const cuDoubleComplex,
        C: *mut cuDoubleComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasZsyrk_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: c_int,
        beta: *const cuDoubleComplex,
        C: *mut cuDoubleComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasZsyrk_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: i64,
        beta: *const cuDoubleComplex,
        C: *mut cuDoubleComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasZsyrkx(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: c_int,
        k: c_int,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: c_int,
        B: *const cuDoubleComplex,
        ldb: c_int,
        beta: *const cuDoubleComplex,
        C: *mut cuDoubleComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasZsyrkx_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        n: i64,
        k: i64,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: i64,
        B: *const cuDoubleComplex,
        ldb: i64,
        beta: *const cuDoubleComplex,
        C: *mut cuDoubleComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasZtrmm_v2(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: c_int,
        n: c_int,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: c_int,
        B: *const cuDoubleComplex,
        ldb: c_int,
        C: *mut cuDoubleComplex,
        ldc: c_int,
    );

    #[unsupported]
    fn cublasZtrmm_v2_64(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: i64,
        n: i64,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: i64,
        B: *const cuDoubleComplex,
        ldb: i64,
        C: *mut cuDoubleComplex,
        ldc: i64,
    );

    #[unsupported]
    fn cublasZtrsm_v2(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: c_int,
        n: c_int,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: c_int,
        B: *mut cuDoubleComplex,
        ldb: c_int,
    );

    #[unsupported]
    fn cublasZtrsm_v2_64(
        handle: cublasHandle_t,
        side: cublasSideMode_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        m: i64,
        n: i64,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: i64,
        B: *mut cuDoubleComplex,
        ldb: i64,
    );
}
