//! Level 3: matrices. Source: cuBLAS reference, version 12.

extern "cublas" {
    #[family(C, Z)] #[wide] #[unsupported]
    fn cublasTgemm3m(
        handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: Int, n: Int, k: Int, alpha: *const T,
        A: *const T, lda: Int, B: *const T, ldb: Int, beta: *const T, C: *mut T, ldc: Int,
    );

    /// A product of {precision}-precision matrices.
    #[family(S, D, C, Z)] #[wide] #[custom(S, D)]
    #[errors(INVALID_VALUE = "a dimension is negative, a leading dimension less than the rows as stored, an operation none, or `alpha`, `beta` or C null")]
    fn cublasTgemm_v2(
        handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: Int, n: Int, k: Int, alpha: *const T,
        A: *const T, lda: Int, B: *const T, ldb: Int, beta: *const T, C: *mut T, ldc: Int,
    );

    #[family(C, Z)] #[wide] #[unsupported]
    fn cublasThemm_v2(
        handle: cublasHandle_t, side: cublasSideMode_t, uplo: cublasFillMode_t, m: Int, n: Int, alpha: *const T, A: *const T,
        lda: Int, B: *const T, ldb: Int, beta: *const T, C: *mut T, ldc: Int,
    );

    #[family(C, Z)] #[wide] #[unsupported]
    fn cublasTher2k_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, trans: cublasOperation_t, n: Int, k: Int, alpha: *const T, A: *const T,
        lda: Int, B: *const T, ldb: Int, beta: *const R, C: *mut T, ldc: Int,
    );

    #[family(C, Z)] #[wide] #[unsupported]
    fn cublasTherk_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, trans: cublasOperation_t, n: Int, k: Int, alpha: *const R, A: *const T,
        lda: Int, beta: *const R, C: *mut T, ldc: Int,
    );

    #[family(C, Z)] #[wide] #[unsupported]
    fn cublasTherkx(
        handle: cublasHandle_t, uplo: cublasFillMode_t, trans: cublasOperation_t, n: Int, k: Int, alpha: *const T, A: *const T,
        lda: Int, B: *const T, ldb: Int, beta: *const R, C: *mut T, ldc: Int,
    );

    /// A product of half-precision matrices.
    #[wide] #[custom]
    #[errors(cublasSgemm_v2)]
    fn cublasHgemm(
        handle: cublasHandle_t, transa: cublasOperation_t, transb: cublasOperation_t, m: Int, n: Int, k: Int,
        alpha: *const __half, A: *const __half, lda: Int, B: *const __half, ldb: Int, beta: *const __half, C: *mut __half,
        ldc: Int,
    );

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTsymm_v2(
        handle: cublasHandle_t, side: cublasSideMode_t, uplo: cublasFillMode_t, m: Int, n: Int, alpha: *const T, A: *const T,
        lda: Int, B: *const T, ldb: Int, beta: *const T, C: *mut T, ldc: Int,
    );

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTsyr2k_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, trans: cublasOperation_t, n: Int, k: Int, alpha: *const T, A: *const T,
        lda: Int, B: *const T, ldb: Int, beta: *const T, C: *mut T, ldc: Int,
    );

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTsyrk_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, trans: cublasOperation_t, n: Int, k: Int, alpha: *const T, A: *const T,
        lda: Int, beta: *const T, C: *mut T, ldc: Int,
    );

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTsyrkx(
        handle: cublasHandle_t, uplo: cublasFillMode_t, trans: cublasOperation_t, n: Int, k: Int, alpha: *const T, A: *const T,
        lda: Int, B: *const T, ldb: Int, beta: *const T, C: *mut T, ldc: Int,
    );

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTtrmm_v2(
        handle: cublasHandle_t, side: cublasSideMode_t, uplo: cublasFillMode_t, trans: cublasOperation_t,
        diag: cublasDiagType_t, m: Int, n: Int, alpha: *const T, A: *const T, lda: Int, B: *const T, ldb: Int, C: *mut T,
        ldc: Int,
    );

    /// Solves a triangular system in {precision} precision.
    #[family(S, D, C, Z)] #[wide] #[custom(S, D)]
    #[errors(INVALID_VALUE = "a dimension is negative, a leading dimension less than the rows as stored, one of the four choices none, or `alpha` null")]
    fn cublasTtrsm_v2(
        handle: cublasHandle_t, side: cublasSideMode_t, uplo: cublasFillMode_t, trans: cublasOperation_t,
        diag: cublasDiagType_t, m: Int, n: Int, alpha: *const T, A: *const T, lda: Int, B: *mut T, ldb: Int,
    );
}
