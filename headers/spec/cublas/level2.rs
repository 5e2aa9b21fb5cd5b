//! Level 2: matrices and vectors. Source: cuBLAS reference, version 12.

extern "cublas" {
    #[unsupported]
    fn cublasCgbmv_v2(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        kl: c_int,
        ku: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        x: *const cuComplex,
        incx: c_int,
        beta: *const cuComplex,
        y: *mut cuComplex,
        incy: c_int,
    );

    #[unsupported]
    fn cublasCgbmv_v2_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        kl: i64,
        ku: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        x: *const cuComplex,
        incx: i64,
        beta: *const cuComplex,
        y: *mut cuComplex,
        incy: i64,
    );

    #[unsupported]
    fn cublasCgemv_v2(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        x: *const cuComplex,
        incx: c_int,
        beta: *const cuComplex,
        y: *mut cuComplex,
        incy: c_int,
    );

    #[unsupported]
    fn cublasCgemv_v2_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        x: *const cuComplex,
        incx: i64,
        beta: *const cuComplex,
        y: *mut cuComplex,
        incy: i64,
    );

    #[unsupported]
    fn cublasCgerc_v2(
        handle: cublasHandle_t,
        m: c_int,
        n: c_int,
        alpha: *const cuComplex,
        x: *const cuComplex,
        incx: c_int,
        y: *const cuComplex,
        incy: c_int,
        A: *mut cuComplex,
        lda: c_int,
    );

    #[unsupported]
    fn cublasCgerc_v2_64(
        handle: cublasHandle_t,
        m: i64,
        n: i64,
        alpha: *const cuComplex,
        x: *const cuComplex,
        incx: i64,
        y: *const cuComplex,
        incy: i64,
        A: *mut cuComplex,
        lda: i64,
    );

    #[unsupported]
    fn cublasCgeru_v2(
        handle: cublasHandle_t,
        m: c_int,
        n: c_int,
        alpha: *const cuComplex,
        x: *const cuComplex,
        incx: c_int,
        y: *const cuComplex,
        incy: c_int,
        A: *mut cuComplex,
        lda: c_int,
    );

    #[unsupported]
    fn cublasCgeru_v2_64(
        handle: cublasHandle_t,
        m: i64,
        n: i64,
        alpha: *const cuComplex,
        x: *const cuComplex,
        incx: i64,
        y: *const cuComplex,
        incy: i64,
        A: *mut cuComplex,
        lda: i64,
    );

    #[unsupported]
    fn cublasChbmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        k: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        x: *const cuComplex,
        incx: c_int,
        beta: *const cuComplex,
        y: *mut cuComplex,
        incy: c_int,
    );

    #[unsupported]
    fn cublasChbmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        k: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        x: *const cuComplex,
        incx: i64,
        beta: *const cuComplex,
        y: *mut cuComplex,
        incy: i64,
    );

    #[unsupported]
    fn cublasChemv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        x: *const cuComplex,
        incx: c_int,
        beta: *const cuComplex,
        y: *mut cuComplex,
        incy: c_int,
    );

    #[unsupported]
    fn cublasChemv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        x: *const cuComplex,
        incx: i64,
        beta: *const cuComplex,
        y: *mut cuComplex,
        incy: i64,
    );

    #[unsupported]
    fn cublasCher2_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const cuComplex,
        x: *const cuComplex,
        incx: c_int,
        y: *const cuComplex,
        incy: c_int,
        A: *mut cuComplex,
        lda: c_int,
    );

    #[unsupported]
    fn cublasCher2_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const cuComplex,
        x: *const cuComplex,
        incx: i64,
        y: *const cuComplex,
        incy: i64,
        A: *mut cuComplex,
        lda: i64,
    );

    #[unsupported]
    fn cublasCher_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const f32,
        x: *const cuComplex,
        incx: c_int,
        A: *mut cuComplex,
        lda: c_int,
    );

    #[unsupported]
    fn cublasCher_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const f32,
        x: *const cuComplex,
        incx: i64,
        A: *mut cuComplex,
        lda: i64,
    );

    #[unsupported]
    fn cublasChpmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const cuComplex,
        AP: *const cuComplex,
        x: *const cuComplex,
        incx: c_int,
        beta: *const cuComplex,
        y: *mut cuComplex,
        incy: c_int,
    );

    #[unsupported]
    fn cublasChpmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const cuComplex,
        AP: *const cuComplex,
        x: *const cuComplex,
        incx: i64,
        beta: *const cuComplex,
        y: *mut cuComplex,
        incy: i64,
    );

    #[unsupported]
    fn cublasChpr2_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const cuComplex,
        x: *const cuComplex,
        incx: c_int,
        y: *const cuComplex,
        incy: c_int,
        AP: *mut cuComplex,
    );

    #[unsupported]
    fn cublasChpr2_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const cuComplex,
        x: *const cuComplex,
        incx: i64,
        y: *const cuComplex,
        incy: i64,
        AP: *mut cuComplex,
    );

    #[unsupported]
    fn cublasChpr_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const f32,
        x: *const cuComplex,
        incx: c_int,
        AP: *mut cuComplex,
    );

    #[unsupported]
    fn cublasChpr_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const f32,
        x: *const cuComplex,
        incx: i64,
        AP: *mut cuComplex,
    );

    #[unsupported]
    fn cublasCsymv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: c_int,
        x: *const cuComplex,
        incx: c_int,
        beta: *const cuComplex,
        y: *mut cuComplex,
        incy: c_int,
    );

    #[unsupported]
    fn cublasCsymv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const cuComplex,
        A: *const cuComplex,
        lda: i64,
        x: *const cuComplex,
        incx: i64,
        beta: *const cuComplex,
        y: *mut cuComplex,
        incy: i64,
    );

    #[unsupported]
    fn cublasCsyr2_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const cuComplex,
        x: *const cuComplex,
        incx: c_int,
        y: *const cuComplex,
        incy: c_int,
        A: *mut cuComplex,
        lda: c_int,
    );

    #[unsupported]
    fn cublasCsyr2_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const cuComplex,
        x: *const cuComplex,
        incx: i64,
        y: *const cuComplex,
        incy: i64,
        A: *mut cuComplex,
        lda: i64,
    );

    #[unsupported]
    fn cublasCsyr_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const cuComplex,
        x: *const cuComplex,
        incx: c_int,
        A: *mut cuComplex,
        lda: c_int,
    );

    #[unsupported]
    fn cublasCsyr_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const cuComplex,
        x: *const cuComplex,
        incx: i64,
        A: *mut cuComplex,
        lda: i64,
    );

    #[unsupported]
    fn cublasCtbmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        k: c_int,
        A: *const cuComplex,
        lda: c_int,
        x: *mut cuComplex,
        incx: c_int,
    );

    #[unsupported]
    fn cublasCtbmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        k: i64,
        A: *const cuComplex,
        lda: i64,
        x: *mut cuComplex,
        incx: i64,
    );

    #[unsupported]
    fn cublasCtbsv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        k: c_int,
        A: *const cuComplex,
        lda: c_int,
        x: *mut cuComplex,
        incx: c_int,
    );

    #[unsupported]
    fn cublasCtbsv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        k: i64,
        A: *const cuComplex,
        lda: i64,
        x: *mut cuComplex,
        incx: i64,
    );

    #[unsupported]
    fn cublasCtpmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        AP: *const cuComplex,
        x: *mut cuComplex,
        incx: c_int,
    );

    #[unsupported]
    fn cublasCtpmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        AP: *const cuComplex,
        x: *mut cuComplex,
        incx: i64,
    );

    #[unsupported]
    fn cublasCtpsv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        AP: *const cuComplex,
        x: *mut cuComplex,
        incx: c_int,
    );

    #[unsupported]
    fn cublasCtpsv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        AP: *const cuComplex,
        x: *mut cuComplex,
        incx: i64,
    );

    #[unsupported]
    fn cublasCtrmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        A: *const cuComplex,
        lda: c_int,
        x: *mut cuComplex,
        incx: c_int,
    );

    #[unsupported]
    fn cublasCtrmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        A: *const cuComplex,
        lda: i64,
        x: *mut cuComplex,
        incx: i64,
    );

    #[unsupported]
    fn cublasCtrsv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        A: *const cuComplex,
        lda: c_int,
        x: *mut cuComplex,
        incx: c_int,
    );

    #[unsupported]
    fn cublasCtrsv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        A: *const cuComplex,
        lda: i64,
        x: *mut cuComplex,
        incx: i64,
    );

    #[unsupported]
    fn cublasDgbmv_v2(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        kl: c_int,
        ku: c_int,
        alpha: *const f64,
        A: *const f64,
        lda: c_int,
        x: *const f64,
        incx: c_int,
        beta: *const f64,
        y: *mut f64,
        incy: c_int,
    );

    #[unsupported]
    fn cublasDgbmv_v2_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        kl: i64,
        ku: i64,
        alpha: *const f64,
        A: *const f64,
        lda: i64,
        x: *const f64,
        incx: i64,
        beta: *const f64,
        y: *mut f64,
        incy: i64,
    );

    #[unsupported]
    fn cublasDgemv_v2(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const f64,
        A: *const f64,
        lda: c_int,
        x: *const f64,
        incx: c_int,
        beta: *const f64,
        y: *mut f64,
        incy: c_int,
    );

    #[unsupported]
    fn cublasDgemv_v2_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const f64,
        A: *const f64,
        lda: i64,
        x: *const f64,
        incx: i64,
        beta: *const f64,
        y: *mut f64,
        incy: i64,
    );

    #[unsupported]
    fn cublasDger_v2(
        handle: cublasHandle_t,
        m: c_int,
        n: c_int,
        alpha: *const f64,
        x: *const f64,
        incx: c_int,
        y: *const f64,
        incy: c_int,
        A: *mut f64,
        lda: c_int,
    );

    #[unsupported]
    fn cublasDger_v2_64(
        handle: cublasHandle_t,
        m: i64,
        n: i64,
        alpha: *const f64,
        x: *const f64,
        incx: i64,
        y: *const f64,
        incy: i64,
        A: *mut f64,
        lda: i64,
    );

    #[unsupported]
    fn cublasDsbmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        k: c_int,
        alpha: *const f64,
        A: *const f64,
        lda: c_int,
        x: *const f64,
        incx: c_int,
        beta: *const f64,
        y: *mut f64,
        incy: c_int,
    );

    #[unsupported]
    fn cublasDsbmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        k: i64,
        alpha: *const f64,
        A: *const f64,
        lda: i64,
        x: *const f64,
        incx: i64,
        beta: *const f64,
        y: *mut f64,
        incy: i64,
    );

    #[unsupported]
    fn cublasDspmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const f64,
        AP: *const f64,
        x: *const f64,
        incx: c_int,
        beta: *const f64,
        y: *mut f64,
        incy: c_int,
    );

    #[unsupported]
    fn cublasDspmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const f64,
        AP: *const f64,
        x: *const f64,
        incx: i64,
        beta: *const f64,
        y: *mut f64,
        incy: i64,
    );

    #[unsupported]
    fn cublasDspr2_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const f64,
        x: *const f64,
        incx: c_int,
        y: *const f64,
        incy: c_int,
        AP: *mut f64,
    );

    #[unsupported]
    fn cublasDspr2_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const f64,
        x: *const f64,
        incx: i64,
        y: *const f64,
        incy: i64,
        AP: *mut f64,
    );

    #[unsupported]
    fn cublasDspr_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const f64,
        x: *const f64,
        incx: c_int,
        AP: *mut f64,
    );

    #[unsupported]
    fn cublasDspr_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const f64,
        x: *const f64,
        incx: i64,
        AP: *mut f64,
    );

    #[unsupported]
    fn cublasDsymv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const f64,
        A: *const f64,
        lda: c_int,
        x: *const f64,
        incx: c_int,
        beta: *const f64,
        y: *mut f64,
        incy: c_int,
    );

    #[unsupported]
    fn cublasDsymv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const f64,
        A: *const f64,
        lda: i64,
        x: *const f64,
        incx: i64,
        beta: *const f64,
        y: *mut f64,
        incy: i64,
    );

    #[unsupported]
    fn cublasDsyr2_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const f64,
        x: *const f64,
        incx: c_int,
        y: *const f64,
        incy: c_int,
        A: *mut f64,
        lda: c_int,
    );

    #[unsupported]
    fn cublasDsyr2_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const f64,
        x: *const f64,
        incx: i64,
        y: *const f64,
        incy: i64,
        A: *mut f64,
        lda: i64,
    );

    #[unsupported]
    fn cublasDsyr_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const f64,
        x: *const f64,
        incx: c_int,
        A: *mut f64,
        lda: c_int,
    );

    #[unsupported]
    fn cublasDsyr_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const f64,
        x: *const f64,
        incx: i64,
        A: *mut f64,
        lda: i64,
    );

    #[unsupported]
    fn cublasDtbmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        k: c_int,
        A: *const f64,
        lda: c_int,
        x: *mut f64,
        incx: c_int,
    );

    #[unsupported]
    fn cublasDtbmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        k: i64,
        A: *const f64,
        lda: i64,
        x: *mut f64,
        incx: i64,
    );

    #[unsupported]
    fn cublasDtbsv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        k: c_int,
        A: *const f64,
        lda: c_int,
        x: *mut f64,
        incx: c_int,
    );

    #[unsupported]
    fn cublasDtbsv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        k: i64,
        A: *const f64,
        lda: i64,
        x: *mut f64,
        incx: i64,
    );

    #[unsupported]
    fn cublasDtpmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        AP: *const f64,
        x: *mut f64,
        incx: c_int,
    );

    #[unsupported]
    fn cublasDtpmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        AP: *const f64,
        x: *mut f64,
        incx: i64,
    );

    #[unsupported]
    fn cublasDtpsv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        AP: *const f64,
        x: *mut f64,
        incx: c_int,
    );

    #[unsupported]
    fn cublasDtpsv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        AP: *const f64,
        x: *mut f64,
        incx: i64,
    );

    #[unsupported]
    fn cublasDtrmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        A: *const f64,
        lda: c_int,
        x: *mut f64,
        incx: c_int,
    );

    #[unsupported]
    fn cublasDtrmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        A: *const f64,
        lda: i64,
        x: *mut f64,
        incx: i64,
    );

    #[unsupported]
    fn cublasDtrsv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        A: *const f64,
        lda: c_int,
        x: *mut f64,
        incx: c_int,
    );

    #[unsupported]
    fn cublasDtrsv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        A: *const f64,
        lda: i64,
        x: *mut f64,
        incx: i64,
    );

    #[unsupported]
    fn cublasSgbmv_v2(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        kl: c_int,
        ku: c_int,
        alpha: *const f32,
        A: *const f32,
        lda: c_int,
        x: *const f32,
        incx: c_int,
        beta: *const f32,
        y: *mut f32,
        incy: c_int,
    );

    #[unsupported]
    fn cublasSgbmv_v2_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        kl: i64,
        ku: i64,
        alpha: *const f32,
        A: *const f32,
        lda: i64,
        x: *const f32,
        incx: i64,
        beta: *const f32,
        y: *mut f32,
        incy: i64,
    );

    #[unsupported]
    fn cublasSgemv_v2(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const f32,
        A: *const f32,
        lda: c_int,
        x: *const f32,
        incx: c_int,
        beta: *const f32,
        y: *mut f32,
        incy: c_int,
    );

    #[unsupported]
    fn cublasSgemv_v2_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const f32,
        A: *const f32,
        lda: i64,
        x: *const f32,
        incx: i64,
        beta: *const f32,
        y: *mut f32,
        incy: i64,
    );

    #[unsupported]
    fn cublasSger_v2(
        handle: cublasHandle_t,
        m: c_int,
        n: c_int,
        alpha: *const f32,
        x: *const f32,
        incx: c_int,
        y: *const f32,
        incy: c_int,
        A: *mut f32,
        lda: c_int,
    );

    #[unsupported]
    fn cublasSger_v2_64(
        handle: cublasHandle_t,
        m: i64,
        n: i64,
        alpha: *const f32,
        x: *const f32,
        incx: i64,
        y: *const f32,
        incy: i64,
        A: *mut f32,
        lda: i64,
    );

    #[unsupported]
    fn cublasSsbmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        k: c_int,
        alpha: *const f32,
        A: *const f32,
        lda: c_int,
        x: *const f32,
        incx: c_int,
        beta: *const f32,
        y: *mut f32,
        incy: c_int,
    );

    #[unsupported]
    fn cublasSsbmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        k: i64,
        alpha: *const f32,
        A: *const f32,
        lda: i64,
        x: *const f32,
        incx: i64,
        beta: *const f32,
        y: *mut f32,
        incy: i64,
    );

    #[unsupported]
    fn cublasSspmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const f32,
        AP: *const f32,
        x: *const f32,
        incx: c_int,
        beta: *const f32,
        y: *mut f32,
        incy: c_int,
    );

    #[unsupported]
    fn cublasSspmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const f32,
        AP: *const f32,
        x: *const f32,
        incx: i64,
        beta: *const f32,
        y: *mut f32,
        incy: i64,
    );

    #[unsupported]
    fn cublasSspr2_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const f32,
        x: *const f32,
        incx: c_int,
        y: *const f32,
        incy: c_int,
        AP: *mut f32,
    );

    #[unsupported]
    fn cublasSspr2_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const f32,
        x: *const f32,
        incx: i64,
        y: *const f32,
        incy: i64,
        AP: *mut f32,
    );

    #[unsupported]
    fn cublasSspr_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const f32,
        x: *const f32,
        incx: c_int,
        AP: *mut f32,
    );

    #[unsupported]
    fn cublasSspr_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const f32,
        x: *const f32,
        incx: i64,
        AP: *mut f32,
    );

    #[unsupported]
    fn cublasSsymv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const f32,
        A: *const f32,
        lda: c_int,
        x: *const f32,
        incx: c_int,
        beta: *const f32,
        y: *mut f32,
        incy: c_int,
    );

    #[unsupported]
    fn cublasSsymv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const f32,
        A: *const f32,
        lda: i64,
        x: *const f32,
        incx: i64,
        beta: *const f32,
        y: *mut f32,
        incy: i64,
    );

    #[unsupported]
    fn cublasSsyr2_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const f32,
        x: *const f32,
        incx: c_int,
        y: *const f32,
        incy: c_int,
        A: *mut f32,
        lda: c_int,
    );

    #[unsupported]
    fn cublasSsyr2_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const f32,
        x: *const f32,
        incx: i64,
        y: *const f32,
        incy: i64,
        A: *mut f32,
        lda: i64,
    );

    #[unsupported]
    fn cublasSsyr_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const f32,
        x: *const f32,
        incx: c_int,
        A: *mut f32,
        lda: c_int,
    );

    #[unsupported]
    fn cublasSsyr_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const f32,
        x: *const f32,
        incx: i64,
        A: *mut f32,
        lda: i64,
    );

    #[unsupported]
    fn cublasStbmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        k: c_int,
        A: *const f32,
        lda: c_int,
        x: *mut f32,
        incx: c_int,
    );

    #[unsupported]
    fn cublasStbmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        k: i64,
        A: *const f32,
        lda: i64,
        x: *mut f32,
        incx: i64,
    );

    #[unsupported]
    fn cublasStbsv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        k: c_int,
        A: *const f32,
        lda: c_int,
        x: *mut f32,
        incx: c_int,
    );

    #[unsupported]
    fn cublasStbsv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        k: i64,
        A: *const f32,
        lda: i64,
        x: *mut f32,
        incx: i64,
    );

    #[unsupported]
    fn cublasStpmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        AP: *const f32,
        x: *mut f32,
        incx: c_int,
    );

    #[unsupported]
    fn cublasStpmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        AP: *const f32,
        x: *mut f32,
        incx: i64,
    );

    #[unsupported]
    fn cublasStpsv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        AP: *const f32,
        x: *mut f32,
        incx: c_int,
    );

    #[unsupported]
    fn cublasStpsv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        AP: *const f32,
        x: *mut f32,
        incx: i64,
    );

    #[unsupported]
    fn cublasStrmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        A: *const f32,
        lda: c_int,
        x: *mut f32,
        incx: c_int,
    );

    #[unsupported]
    fn cublasStrmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        A: *const f32,
        lda: i64,
        x: *mut f32,
        incx: i64,
    );

    #[unsupported]
    fn cublasStrsv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        A: *const f32,
        lda: c_int,
        x: *mut f32,
        incx: c_int,
    );

    #[unsupported]
    fn cublasStrsv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        A: *const f32,
        lda: i64,
        x: *mut f32,
        incx: i64,
    );

    #[unsupported]
    fn cublasZgbmv_v2(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        kl: c_int,
        ku: c_int,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: c_int,
        x: *const cuDoubleComplex,
        incx: c_int,
        beta: *const cuDoubleComplex,
        y: *mut cuDoubleComplex,
        incy: c_int,
    );

    #[unsupported]
    fn cublasZgbmv_v2_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        kl: i64,
        ku: i64,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: i64,
        x: *const cuDoubleComplex,
        incx: i64,
        beta: *const cuDoubleComplex,
        y: *mut cuDoubleComplex,
        incy: i64,
    );

    #[unsupported]
    fn cublasZgemv_v2(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: c_int,
        n: c_int,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: c_int,
        x: *const cuDoubleComplex,
        incx: c_int,
        beta: *const cuDoubleComplex,
        y: *mut cuDoubleComplex,
        incy: c_int,
    );

    #[unsupported]
    fn cublasZgemv_v2_64(
        handle: cublasHandle_t,
        trans: cublasOperation_t,
        m: i64,
        n: i64,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: i64,
        x: *const cuDoubleComplex,
        incx: i64,
        beta: *const cuDoubleComplex,
        y: *mut cuDoubleComplex,
        incy: i64,
    );

    #[unsupported]
    fn cublasZgerc_v2(
        handle: cublasHandle_t,
        m: c_int,
        n: c_int,
        alpha: *const cuDoubleComplex,
        x: *const cuDoubleComplex,
        incx: c_int,
        y: *const cuDoubleComplex,
        incy: c_int,
        A: *mut cuDoubleComplex,
        lda: c_int,
    );

    #[unsupported]
    fn cublasZgerc_v2_64(
        handle: cublasHandle_t,
        m: i64,
        n: i64,
        alpha: *const cuDoubleComplex,
        x: *const cuDoubleComplex,
        incx: i64,
        y: *const cuDoubleComplex,
        incy: i64,
        A: *mut cuDoubleComplex,
        lda: i64,
    );

    #[unsupported]
    fn cublasZgeru_v2(
        handle: cublasHandle_t,
        m: c_int,
        n: c_int,
        alpha: *const cuDoubleComplex,
        x: *const cuDoubleComplex,
        incx: c_int,
        y: *const cuDoubleComplex,
        incy: c_int,
        A: *mut cuDoubleComplex,
        lda: c_int,
    );

    #[unsupported]
    fn cublasZgeru_v2_64(
        handle: cublasHandle_t,
        m: i64,
        n: i64,
        alpha: *const cuDoubleComplex,
        x: *const cuDoubleComplex,
        incx: i64,
        y: *const cuDoubleComplex,
        incy: i64,
        A: *mut cuDoubleComplex,
        lda: i64,
    );

    #[unsupported]
    fn cublasZhbmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        k: c_int,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: c_int,
        x: *const cuDoubleComplex,
        incx: c_int,
        beta: *const cuDoubleComplex,
        y: *mut cuDoubleComplex,
        incy: c_int,
    );

    #[unsupported]
    fn cublasZhbmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        k: i64,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: i64,
        x: *const cuDoubleComplex,
        incx: i64,
        beta: *const cuDoubleComplex,
        y: *mut cuDoubleComplex,
        incy: i64,
    );

    #[unsupported]
    fn cublasZhemv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: c_int,
        x: *const cuDoubleComplex,
        incx: c_int,
        beta: *const cuDoubleComplex,
        y: *mut cuDoubleComplex,
        incy: c_int,
    );

    #[unsupported]
    fn cublasZhemv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: i64,
        x: *const cuDoubleComplex,
        incx: i64,
        beta: *const cuDoubleComplex,
        y: *mut cuDoubleComplex,
        incy: i64,
    );

    #[unsupported]
    fn cublasZher2_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const cuDoubleComplex,
        x: *const cuDoubleComplex,
        incx: c_int,
        y: *const cuDoubleComplex,
        incy: c_int,
        A: *mut cuDoubleComplex,
        lda: c_int,
    );

    #[unsupported]
    fn cublasZher2_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const cuDoubleComplex,
        x: *const cuDoubleComplex,
        incx: i64,
        y: *const cuDoubleComplex,
        incy: i64,
        A: *mut cuDoubleComplex,
        lda: i64,
    );

    #[unsupported]
    fn cublasZher_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const f64,
        x: *const cuDoubleComplex,
        incx: c_int,
        A: *mut cuDoubleComplex,
        lda: c_int,
    );

    #[unsupported]
    fn cublasZher_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const f64,
        x: *const cuDoubleComplex,
        incx: i64,
        A: *mut cuDoubleComplex,
        lda: i64,
    );

    #[unsupported]
    fn cublasZhpmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const cuDoubleComplex,
        AP: *const cuDoubleComplex,
        x: *const cuDoubleComplex,
        incx: c_int,
        beta: *const cuDoubleComplex,
        y: *mut cuDoubleComplex,
        incy: c_int,
    );

    #[unsupported]
    fn cublasZhpmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const cuDoubleComplex,
        AP: *const cuDoubleComplex,
        x: *const cuDoubleComplex,
        incx: i64,
        beta: *const cuDoubleComplex,
        y: *mut cuDoubleComplex,
        incy: i64,
    );

    #[unsupported]
    fn cublasZhpr2_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const cuDoubleComplex,
        x: *const cuDoubleComplex,
        incx: c_int,
        y: *const cuDoubleComplex,
        incy: c_int,
        AP: *mut cuDoubleComplex,
    );

    #[unsupported]
    fn cublasZhpr2_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const cuDoubleComplex,
        x: *const cuDoubleComplex,
        incx: i64,
        y: *const cuDoubleComplex,
        incy: i64,
        AP: *mut cuDoubleComplex,
    );

    #[unsupported]
    fn cublasZhpr_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const f64,
        x: *const cuDoubleComplex,
        incx: c_int,
        AP: *mut cuDoubleComplex,
    );

    #[unsupported]
    fn cublasZhpr_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const f64,
        x: *const cuDoubleComplex,
        incx: i64,
        AP: *mut cuDoubleComplex,
    );

    #[unsupported]
    fn cublasZsymv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: c_int,
        x: *const cuDoubleComplex,
        incx: c_int,
        beta: *const cuDoubleComplex,
        y: *mut cuDoubleComplex,
        incy: c_int,
    );

    #[unsupported]
    fn cublasZsymv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const cuDoubleComplex,
        A: *const cuDoubleComplex,
        lda: i64,
        x: *const cuDoubleComplex,
        incx: i64,
        beta: *const cuDoubleComplex,
        y: *mut cuDoubleComplex,
        incy: i64,
    );

    #[unsupported]
    fn cublasZsyr2_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const cuDoubleComplex,
        x: *const cuDoubleComplex,
        incx: c_int,
        y: *const cuDoubleComplex,
        incy: c_int,
        A: *mut cuDoubleComplex,
        lda: c_int,
    );

    #[unsupported]
    fn cublasZsyr2_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const cuDoubleComplex,
        x: *const cuDoubleComplex,
        incx: i64,
        y: *const cuDoubleComplex,
        incy: i64,
        A: *mut cuDoubleComplex,
        lda: i64,
    );

    #[unsupported]
    fn cublasZsyr_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: c_int,
        alpha: *const cuDoubleComplex,
        x: *const cuDoubleComplex,
        incx: c_int,
        A: *mut cuDoubleComplex,
        lda: c_int,
    );

    #[unsupported]
    fn cublasZsyr_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        n: i64,
        alpha: *const cuDoubleComplex,
        x: *const cuDoubleComplex,
        incx: i64,
        A: *mut cuDoubleComplex,
        lda: i64,
    );

    #[unsupported]
    fn cublasZtbmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        k: c_int,
        A: *const cuDoubleComplex,
        lda: c_int,
        x: *mut cuDoubleComplex,
        incx: c_int,
    );

    #[unsupported]
    fn cublasZtbmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        k: i64,
        A: *const cuDoubleComplex,
        lda: i64,
        x: *mut cuDoubleComplex,
        incx: i64,
    );

    #[unsupported]
    fn cublasZtbsv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        k: c_int,
        A: *const cuDoubleComplex,
        lda: c_int,
        x: *mut cuDoubleComplex,
        incx: c_int,
    );

    #[unsupported]
    fn cublasZtbsv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        k: i64,
        A: *const cuDoubleComplex,
        lda: i64,
        x: *mut cuDoubleComplex,
        incx: i64,
    );

    #[unsupported]
    fn cublasZtpmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        AP: *const cuDoubleComplex,
        x: *mut cuDoubleComplex,
        incx: c_int,
    );

    #[unsupported]
    fn cublasZtpmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        AP: *const cuDoubleComplex,
        x: *mut cuDoubleComplex,
        incx: i64,
    );

    #[unsupported]
    fn cublasZtpsv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        AP: *const cuDoubleComplex,
        x: *mut cuDoubleComplex,
        incx: c_int,
    );

    #[unsupported]
    fn cublasZtpsv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        AP: *const cuDoubleComplex,
        x: *mut cuDoubleComplex,
        incx: i64,
    );

    #[unsupported]
    fn cublasZtrmv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        A: *const cuDoubleComplex,
        lda: c_int,
        x: *mut cuDoubleComplex,
        incx: c_int,
    );

    #[unsupported]
    fn cublasZtrmv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        A: *const cuDoubleComplex,
        lda: i64,
        x: *mut cuDoubleComplex,
        incx: i64,
    );

    #[unsupported]
    fn cublasZtrsv_v2(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: c_int,
        A: *const cuDoubleComplex,
        lda: c_int,
        x: *mut cuDoubleComplex,
        incx: c_int,
    );

    #[unsupported]
    fn cublasZtrsv_v2_64(
        handle: cublasHandle_t,
        uplo: cublasFillMode_t,
        trans: cublasOperation_t,
        diag: cublasDiagType_t,
        n: i64,
        A: *const cuDoubleComplex,
        lda: i64,
        x: *mut cuDoubleComplex,
        incx: i64,
    );
}
