//! Level 2: matrices and vectors. Source: cuBLAS reference, version 12.

extern "cublas" {
    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTgbmv_v2(
        handle: cublasHandle_t, trans: cublasOperation_t, m: Int, n: Int, kl: Int, ku: Int, alpha: *const T, A: *const T,
        lda: Int, x: *const T, incx: Int, beta: *const T, y: *mut T, incy: Int,
    );

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTgemv_v2(
        handle: cublasHandle_t, trans: cublasOperation_t, m: Int, n: Int, alpha: *const T, A: *const T, lda: Int, x: *const T,
        incx: Int, beta: *const T, y: *mut T, incy: Int,
    );

    #[family(S, D)] #[wide] #[unsupported]
    fn cublasTger_v2(
        handle: cublasHandle_t, m: Int, n: Int, alpha: *const T, x: *const T, incx: Int, y: *const T, incy: Int, A: *mut T,
        lda: Int,
    );

    #[family(C, Z)] #[wide] #[unsupported]
    fn cublasTgerc_v2(
        handle: cublasHandle_t, m: Int, n: Int, alpha: *const T, x: *const T, incx: Int, y: *const T, incy: Int, A: *mut T,
        lda: Int,
    );

    #[family(C, Z)] #[wide] #[unsupported]
    fn cublasTgeru_v2(
        handle: cublasHandle_t, m: Int, n: Int, alpha: *const T, x: *const T, incx: Int, y: *const T, incy: Int, A: *mut T,
        lda: Int,
    );

    #[family(C, Z)] #[wide] #[unsupported]
    fn cublasThbmv_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, n: Int, k: Int, alpha: *const T, A: *const T, lda: Int, x: *const T,
        incx: Int, beta: *const T, y: *mut T, incy: Int,
    );

    #[family(C, Z)] #[wide] #[unsupported]
    fn cublasThemv_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, n: Int, alpha: *const T, A: *const T, lda: Int, x: *const T, incx: Int,
        beta: *const T, y: *mut T, incy: Int,
    );

    #[family(C, Z)] #[wide] #[unsupported]
    fn cublasTher2_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, n: Int, alpha: *const T, x: *const T, incx: Int, y: *const T,
        incy: Int, A: *mut T, lda: Int,
    );

    #[family(C, Z)] #[wide] #[unsupported]
    fn cublasTher_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, n: Int, alpha: *const R, x: *const T, incx: Int, A: *mut T, lda: Int,
    );

    #[family(C, Z)] #[wide] #[unsupported]
    fn cublasThpmv_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, n: Int, alpha: *const T, AP: *const T, x: *const T, incx: Int,
        beta: *const T, y: *mut T, incy: Int,
    );

    #[family(C, Z)] #[wide] #[unsupported]
    fn cublasThpr2_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, n: Int, alpha: *const T, x: *const T, incx: Int, y: *const T,
        incy: Int, AP: *mut T,
    );

    #[family(C, Z)] #[wide] #[unsupported]
    fn cublasThpr_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, n: Int, alpha: *const R, x: *const T, incx: Int, AP: *mut T,
    );

    #[family(S, D)] #[wide] #[unsupported]
    fn cublasTsbmv_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, n: Int, k: Int, alpha: *const T, A: *const T, lda: Int, x: *const T,
        incx: Int, beta: *const T, y: *mut T, incy: Int,
    );

    #[family(S, D)] #[wide] #[unsupported]
    fn cublasTspmv_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, n: Int, alpha: *const T, AP: *const T, x: *const T, incx: Int,
        beta: *const T, y: *mut T, incy: Int,
    );

    #[family(S, D)] #[wide] #[unsupported]
    fn cublasTspr2_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, n: Int, alpha: *const T, x: *const T, incx: Int, y: *const T,
        incy: Int, AP: *mut T,
    );

    #[family(S, D)] #[wide] #[unsupported]
    fn cublasTspr_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, n: Int, alpha: *const T, x: *const T, incx: Int, AP: *mut T,
    );

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTsymv_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, n: Int, alpha: *const T, A: *const T, lda: Int, x: *const T, incx: Int,
        beta: *const T, y: *mut T, incy: Int,
    );

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTsyr2_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, n: Int, alpha: *const T, x: *const T, incx: Int, y: *const T,
        incy: Int, A: *mut T, lda: Int,
    );

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTsyr_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, n: Int, alpha: *const T, x: *const T, incx: Int, A: *mut T, lda: Int,
    );

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTtbmv_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, trans: cublasOperation_t, diag: cublasDiagType_t, n: Int, k: Int,
        A: *const T, lda: Int, x: *mut T, incx: Int,
    );

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTtbsv_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, trans: cublasOperation_t, diag: cublasDiagType_t, n: Int, k: Int,
        A: *const T, lda: Int, x: *mut T, incx: Int,
    );

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTtpmv_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, trans: cublasOperation_t, diag: cublasDiagType_t, n: Int, AP: *const T,
        x: *mut T, incx: Int,
    );

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTtpsv_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, trans: cublasOperation_t, diag: cublasDiagType_t, n: Int, AP: *const T,
        x: *mut T, incx: Int,
    );

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTtrmv_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, trans: cublasOperation_t, diag: cublasDiagType_t, n: Int, A: *const T,
        lda: Int, x: *mut T, incx: Int,
    );

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTtrsv_v2(
        handle: cublasHandle_t, uplo: cublasFillMode_t, trans: cublasOperation_t, diag: cublasDiagType_t, n: Int, A: *const T,
        lda: Int, x: *mut T, incx: Int,
    );
}
