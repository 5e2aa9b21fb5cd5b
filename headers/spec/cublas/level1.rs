//! Level 1: vectors. Source: cuBLAS reference, version 12.

extern "cublas" {
    #[unsupported]
    fn cublasCaxpy_v2(
        handle: cublasHandle_t,
        n: c_int,
        alpha: *const cuComplex,
        x: *const cuComplex,
        incx: c_int,
        y: *mut cuComplex,
        incy: c_int,
    );

    #[unsupported]
    fn cublasCaxpy_v2_64(
        handle: cublasHandle_t,
        n: i64,
        alpha: *const cuComplex,
        x: *const cuComplex,
        incx: i64,
        y: *mut cuComplex,
        incy: i64,
    );

    #[unsupported]
    fn cublasCcopy_v2(
        handle: cublasHandle_t,
        n: c_int,
        x: *const cuComplex,
        incx: c_int,
        y: *mut cuComplex,
        incy: c_int,
    );

    #[unsupported]
    fn cublasCcopy_v2_64(handle: cublasHandle_t, n: i64, x: *const cuComplex, incx: i64, y: *mut cuComplex, incy: i64);

    #[unsupported]
    fn cublasCdotc_v2(
        handle: cublasHandle_t,
        n: c_int,
        x: *const cuComplex,
        incx: c_int,
        y: *const cuComplex,
        incy: c_int,
        result: *mut cuComplex,
    );

    #[unsupported]
    fn cublasCdotc_v2_64(
        handle: cublasHandle_t,
        n: i64,
        x: *const cuComplex,
        incx: i64,
        y: *const cuComplex,
        incy: i64,
        result: *mut cuComplex,
    );

    #[unsupported]
    fn cublasCdotu_v2(
        handle: cublasHandle_t,
        n: c_int,
        x: *const cuComplex,
        incx: c_int,
        y: *const cuComplex,
        incy: c_int,
        result: *mut cuComplex,
    );

    #[unsupported]
    fn cublasCdotu_v2_64(
        handle: cublasHandle_t,
        n: i64,
        x: *const cuComplex,
        incx: i64,
        y: *const cuComplex,
        incy: i64,
        result: *mut cuComplex,
    );

    #[unsupported]
    fn cublasCrot_v2(
        handle: cublasHandle_t,
        n: c_int,
        x: *mut cuComplex,
        incx: c_int,
        y: *mut cuComplex,
        incy: c_int,
        c: *const f32,
        s: *const cuComplex,
    );

    #[unsupported]
    fn cublasCrot_v2_64(
        handle: cublasHandle_t,
        n: i64,
        x: *mut cuComplex,
        incx: i64,
        y: *mut cuComplex,
        incy: i64,
        c: *const f32,
        s: *const cuComplex,
    );

    #[unsupported]
    fn cublasCrotg_v2(handle: cublasHandle_t, a: *mut cuComplex, b: *mut cuComplex, c: *mut f32, s: *mut cuComplex);

    #[unsupported]
    fn cublasCscal_v2(handle: cublasHandle_t, n: c_int, alpha: *const cuComplex, x: *mut cuComplex, incx: c_int);

    #[unsupported]
    fn cublasCscal_v2_64(handle: cublasHandle_t, n: i64, alpha: *const cuComplex, x: *mut cuComplex, incx: i64);

    #[unsupported]
    fn cublasCsrot_v2(
        handle: cublasHandle_t,
        n: c_int,
        x: *mut cuComplex,
        incx: c_int,
        y: *mut cuComplex,
        incy: c_int,
        c: *const f32,
        s: *const f32,
    );

    #[unsupported]
    fn cublasCsrot_v2_64(
        handle: cublasHandle_t,
        n: i64,
        x: *mut cuComplex,
        incx: i64,
        y: *mut cuComplex,
        incy: i64,
        c: *const f32,
        s: *const f32,
    );

    #[unsupported]
    fn cublasCsscal_v2(handle: cublasHandle_t, n: c_int, alpha: *const f32, x: *mut cuComplex, incx: c_int);

    #[unsupported]
    fn cublasCsscal_v2_64(handle: cublasHandle_t, n: i64, alpha: *const f32, x: *mut cuComplex, incx: i64);

    #[unsupported]
    fn cublasCswap_v2(handle: cublasHandle_t, n: c_int, x: *mut cuComplex, incx: c_int, y: *mut cuComplex, incy: c_int);

    #[unsupported]
    fn cublasCswap_v2_64(handle: cublasHandle_t, n: i64, x: *mut cuComplex, incx: i64, y: *mut cuComplex, incy: i64);

    #[unsupported]
    fn cublasDasum_v2(handle: cublasHandle_t, n: c_int, x: *const f64, incx: c_int, result: *mut f64);

    #[unsupported]
    fn cublasDasum_v2_64(handle: cublasHandle_t, n: i64, x: *const f64, incx: i64, result: *mut f64);

    #[unsupported]
    fn cublasDaxpy_v2(
        handle: cublasHandle_t,
        n: c_int,
        alpha: *const f64,
        x: *const f64,
        incx: c_int,
        y: *mut f64,
        incy: c_int,
    );

    #[unsupported]
    fn cublasDaxpy_v2_64(
        handle: cublasHandle_t,
        n: i64,
        alpha: *const f64,
        x: *const f64,
        incx: i64,
        y: *mut f64,
        incy: i64,
    );

    #[unsupported]
    fn cublasDcopy_v2(handle: cublasHandle_t, n: c_int, x: *const f64, incx: c_int, y: *mut f64, incy: c_int);

    #[unsupported]
    fn cublasDcopy_v2_64(handle: cublasHandle_t, n: i64, x: *const f64, incx: i64, y: *mut f64, incy: i64);

    #[unsupported]
    fn cublasDdot_v2(
        handle: cublasHandle_t,
        n: c_int,
        x: *const f64,
        incx: c_int,
        y: *const f64,
        incy: c_int,
        result: *mut f64,
    );

    #[unsupported]
    fn cublasDdot_v2_64(
        handle: cublasHandle_t,
        n: i64,
        x: *const f64,
        incx: i64,
        y: *const f64,
        incy: i64,
        result: *mut f64,
    );

    #[unsupported]
    fn cublasDnrm2_v2(handle: cublasHandle_t, n: c_int, x: *const f64, incx: c_int, result: *mut f64);

    #[unsupported]
    fn cublasDnrm2_v2_64(handle: cublasHandle_t, n: i64, x: *const f64, incx: i64, result: *mut f64);

    #[unsupported]
    fn cublasDrot_v2(
        handle: cublasHandle_t,
        n: c_int,
        x: *mut f64,
        incx: c_int,
        y: *mut f64,
        incy: c_int,
        c: *const f64,
        s: *const f64,
    );

    #[unsupported]
    fn cublasDrot_v2_64(
        handle: cublasHandle_t,
        n: i64,
        x: *mut f64,
        incx: i64,
        y: *mut f64,
        incy: i64,
        c: *const f64,
        s: *const f64,
    );

    #[unsupported]
    fn cublasDrotg_v2(handle: cublasHandle_t, a: *mut f64, b: *mut f64, c: *mut f64, s: *mut f64);

    #[unsupported]
    fn cublasDrotm_v2(
        handle: cublasHandle_t,
        n: c_int,
        x: *mut f64,
        incx: c_int,
        y: *mut f64,
        incy: c_int,
        param: *const f64,
    );

    #[unsupported]
    fn cublasDrotm_v2_64(
        handle: cublasHandle_t,
        n: i64,
        x: *mut f64,
        incx: i64,
        y: *mut f64,
        incy: i64,
        param: *const f64,
    );

    #[unsupported]
    fn cublasDrotmg_v2(
        handle: cublasHandle_t,
        d1: *mut f64,
        d2: *mut f64,
        x1: *mut f64,
        y1: *const f64,
        param: *mut f64,
    );

    #[unsupported]
    fn cublasDscal_v2(handle: cublasHandle_t, n: c_int, alpha: *const f64, x: *mut f64, incx: c_int);

    #[unsupported]
    fn cublasDscal_v2_64(handle: cublasHandle_t, n: i64, alpha: *const f64, x: *mut f64, incx: i64);

    #[unsupported]
    fn cublasDswap_v2(handle: cublasHandle_t, n: c_int, x: *mut f64, incx: c_int, y: *mut f64, incy: c_int);

    #[unsupported]
    fn cublasDswap_v2_64(handle: cublasHandle_t, n: i64, x: *mut f64, incx: i64, y: *mut f64, incy: i64);

    #[unsupported]
    fn cublasDzasum_v2(handle: cublasHandle_t, n: c_int, x: *const cuDoubleComplex, incx: c_int, result: *mut f64);

    #[unsupported]
    fn cublasDzasum_v2_64(handle: cublasHandle_t, n: i64, x: *const cuDoubleComplex, incx: i64, result: *mut f64);

    #[unsupported]
    fn cublasDznrm2_v2(handle: cublasHandle_t, n: c_int, x: *const cuDoubleComplex, incx: c_int, result: *mut f64);

    #[unsupported]
    fn cublasDznrm2_v2_64(handle: cublasHandle_t, n: i64, x: *const cuDoubleComplex, incx: i64, result: *mut f64);

    #[unsupported]
    fn cublasIcamax_v2(handle: cublasHandle_t, n: c_int, x: *const cuComplex, incx: c_int, result: *mut c_int);

    #[unsupported]
    fn cublasIcamax_v2_64(handle: cublasHandle_t, n: i64, x: *const cuComplex, incx: i64, result: *mut i64);

    #[unsupported]
    fn cublasIcamin_v2(handle: cublasHandle_t, n: c_int, x: *const cuComplex, incx: c_int, result: *mut c_int);

    #[unsupported]
    fn cublasIcamin_v2_64(handle: cublasHandle_t, n: i64, x: *const cuComplex, incx: i64, result: *mut i64);

    #[unsupported]
    fn cublasIdamax_v2(handle: cublasHandle_t, n: c_int, x: *const f64, incx: c_int, result: *mut c_int);

    #[unsupported]
    fn cublasIdamax_v2_64(handle: cublasHandle_t, n: i64, x: *const f64, incx: i64, result: *mut i64);

    #[unsupported]
    fn cublasIdamin_v2(handle: cublasHandle_t, n: c_int, x: *const f64, incx: c_int, result: *mut c_int);

    #[unsupported]
    fn cublasIdamin_v2_64(handle: cublasHandle_t, n: i64, x: *const f64, incx: i64, result: *mut i64);

    #[unsupported]
    fn cublasIsamax_v2(handle: cublasHandle_t, n: c_int, x: *const f32, incx: c_int, result: *mut c_int);

    #[unsupported]
    fn cublasIsamax_v2_64(handle: cublasHandle_t, n: i64, x: *const f32, incx: i64, result: *mut i64);

    #[unsupported]
    fn cublasIsamin_v2(handle: cublasHandle_t, n: c_int, x: *const f32, incx: c_int, result: *mut c_int);

    #[unsupported]
    fn cublasIsamin_v2_64(handle: cublasHandle_t, n: i64, x: *const f32, incx: i64, result: *mut i64);

    #[unsupported]
    fn cublasIzamax_v2(handle: cublasHandle_t, n: c_int, x: *const cuDoubleComplex, incx: c_int, result: *mut c_int);

    #[unsupported]
    fn cublasIzamax_v2_64(handle: cublasHandle_t, n: i64, x: *const cuDoubleComplex, incx: i64, result: *mut i64);

    #[unsupported]
    fn cublasIzamin_v2(handle: cublasHandle_t, n: c_int, x: *const cuDoubleComplex, incx: c_int, result: *mut c_int);

    #[unsupported]
    fn cublasIzamin_v2_64(handle: cublasHandle_t, n: i64, x: *const cuDoubleComplex, incx: i64, result: *mut i64);

    #[unsupported]
    fn cublasSasum_v2(handle: cublasHandle_t, n: c_int, x: *const f32, incx: c_int, result: *mut f32);

    #[unsupported]
    fn cublasSasum_v2_64(handle: cublasHandle_t, n: i64, x: *const f32, incx: i64, result: *mut f32);

    #[unsupported]
    fn cublasSaxpy_v2(
        handle: cublasHandle_t,
        n: c_int,
        alpha: *const f32,
        x: *const f32,
        incx: c_int,
        y: *mut f32,
        incy: c_int,
    );

    #[unsupported]
    fn cublasSaxpy_v2_64(
        handle: cublasHandle_t,
        n: i64,
        alpha: *const f32,
        x: *const f32,
        incx: i64,
        y: *mut f32,
        incy: i64,
    );

    #[unsupported]
    fn cublasScasum_v2(handle: cublasHandle_t, n: c_int, x: *const cuComplex, incx: c_int, result: *mut f32);

    #[unsupported]
    fn cublasScasum_v2_64(handle: cublasHandle_t, n: i64, x: *const cuComplex, incx: i64, result: *mut f32);

    #[unsupported]
    fn cublasScnrm2_v2(handle: cublasHandle_t, n: c_int, x: *const cuComplex, incx: c_int, result: *mut f32);

    #[unsupported]
    fn cublasScnrm2_v2_64(handle: cublasHandle_t, n: i64, x: *const cuComplex, incx: i64, result: *mut f32);

    #[unsupported]
    fn cublasScopy_v2(handle: cublasHandle_t, n: c_int, x: *const f32, incx: c_int, y: *mut f32, incy: c_int);

    #[unsupported]
    fn cublasScopy_v2_64(handle: cublasHandle_t, n: i64, x: *const f32, incx: i64, y: *mut f32, incy: i64);

    #[unsupported]
    fn cublasSdot_v2(
        handle: cublasHandle_t,
        n: c_int,
        x: *const f32,
        incx: c_int,
        y: *const f32,
        incy: c_int,
        result: *mut f32,
    );

    #[unsupported]
    fn cublasSdot_v2_64(
        handle: cublasHandle_t,
        n: i64,
        x: *const f32,
        incx: i64,
        y: *const f32,
        incy: i64,
        result: *mut f32,
    );

    #[unsupported]
    fn cublasSnrm2_v2(handle: cublasHandle_t, n: c_int, x: *const f32, incx: c_int, result: *mut f32);

    #[unsupported]
    fn cublasSnrm2_v2_64(handle: cublasHandle_t, n: i64, x: *const f32, incx: i64, result: *mut f32);

    #[unsupported]
    fn cublasSrot_v2(
        handle: cublasHandle_t,
        n: c_int,
        x: *mut f32,
        incx: c_int,
        y: *mut f32,
        incy: c_int,
        c: *const f32,
        s: *const f32,
    );

    #[unsupported]
    fn cublasSrot_v2_64(
        handle: cublasHandle_t,
        n: i64,
        x: *mut f32,
        incx: i64,
        y: *mut f32,
        incy: i64,
        c: *const f32,
        s: *const f32,
    );

    #[unsupported]
    fn cublasSrotg_v2(handle: cublasHandle_t, a: *mut f32, b: *mut f32, c: *mut f32, s: *mut f32);

    #[unsupported]
    fn cublasSrotm_v2(
        handle: cublasHandle_t,
        n: c_int,
        x: *mut f32,
        incx: c_int,
        y: *mut f32,
        incy: c_int,
        param: *const f32,
    );

    #[unsupported]
    fn cublasSrotm_v2_64(
        handle: cublasHandle_t,
        n: i64,
        x: *mut f32,
        incx: i64,
        y: *mut f32,
        incy: i64,
        param: *const f32,
    );

    #[unsupported]
    fn cublasSrotmg_v2(
        handle: cublasHandle_t,
        d1: *mut f32,
        d2: *mut f32,
        x1: *mut f32,
        y1: *const f32,
        param: *mut f32,
    );

    #[unsupported]
    fn cublasSscal_v2(handle: cublasHandle_t, n: c_int, alpha: *const f32, x: *mut f32, incx: c_int);

    #[unsupported]
    fn cublasSscal_v2_64(handle: cublasHandle_t, n: i64, alpha: *const f32, x: *mut f32, incx: i64);

    #[unsupported]
    fn cublasSswap_v2(handle: cublasHandle_t, n: c_int, x: *mut f32, incx: c_int, y: *mut f32, incy: c_int);

    #[unsupported]
    fn cublasSswap_v2_64(handle: cublasHandle_t, n: i64, x: *mut f32, incx: i64, y: *mut f32, incy: i64);

    #[unsupported]
    fn cublasZaxpy_v2(
        handle: cublasHandle_t,
        n: c_int,
        alpha: *const cuDoubleComplex,
        x: *const cuDoubleComplex,
        incx: c_int,
        y: *mut cuDoubleComplex,
        incy: c_int,
    );

    #[unsupported]
    fn cublasZaxpy_v2_64(
        handle: cublasHandle_t,
        n: i64,
        alpha: *const cuDoubleComplex,
        x: *const cuDoubleComplex,
        incx: i64,
        y: *mut cuDoubleComplex,
        incy: i64,
    );

    #[unsupported]
    fn cublasZcopy_v2(
        handle: cublasHandle_t,
        n: c_int,
        x: *const cuDoubleComplex,
        incx: c_int,
        y: *mut cuDoubleComplex,
        incy: c_int,
    );

    #[unsupported]
    fn cublasZcopy_v2_64(
        handle: cublasHandle_t,
        n: i64,
        x: *const cuDoubleComplex,
        incx: i64,
        y: *mut cuDoubleComplex,
        incy: i64,
    );

    #[unsupported]
    fn cublasZdotc_v2(
        handle: cublasHandle_t,
        n: c_int,
        x: *const cuDoubleComplex,
        incx: c_int,
        y: *const cuDoubleComplex,
        incy: c_int,
        result: *mut cuDoubleComplex,
    );

    #[unsupported]
    fn cublasZdotc_v2_64(
        handle: cublasHandle_t,
        n: i64,
        x: *const cuDoubleComplex,
        incx: i64,
        y: *const cuDoubleComplex,
        incy: i64,
        result: *mut cuDoubleComplex,
    );

    #[unsupported]
    fn cublasZdotu_v2(
        handle: cublasHandle_t,
        n: c_int,
        x: *const cuDoubleComplex,
        incx: c_int,
        y: *const cuDoubleComplex,
        incy: c_int,
        result: *mut cuDoubleComplex,
    );

    #[unsupported]
    fn cublasZdotu_v2_64(
        handle: cublasHandle_t,
        n: i64,
        x: *const cuDoubleComplex,
        incx: i64,
        y: *const cuDoubleComplex,
        incy: i64,
        result: *mut cuDoubleComplex,
    );

    #[unsupported]
    fn cublasZdrot_v2(
        handle: cublasHandle_t,
        n: c_int,
        x: *mut cuDoubleComplex,
        incx: c_int,
        y: *mut cuDoubleComplex,
        incy: c_int,
        c: *const f64,
        s: *const f64,
    );

    #[unsupported]
    fn cublasZdrot_v2_64(
        handle: cublasHandle_t,
        n: i64,
        x: *mut cuDoubleComplex,
        incx: i64,
        y: *mut cuDoubleComplex,
        incy: i64,
        c: *const f64,
        s: *const f64,
    );

    #[unsupported]
    fn cublasZdscal_v2(handle: cublasHandle_t, n: c_int, alpha: *const f64, x: *mut cuDoubleComplex, incx: c_int);

    #[unsupported]
    fn cublasZdscal_v2_64(handle: cublasHandle_t, n: i64, alpha: *const f64, x: *mut cuDoubleComplex, incx: i64);

    #[unsupported]
    fn cublasZrot_v2(
        handle: cublasHandle_t,
        n: c_int,
        x: *mut cuDoubleComplex,
        incx: c_int,
        y: *mut cuDoubleComplex,
        incy: c_int,
        c: *const f64,
        s: *const cuDoubleComplex,
    );

    #[unsupported]
    fn cublasZrot_v2_64(
        handle: cublasHandle_t,
        n: i64,
        x: *mut cuDoubleComplex,
        incx: i64,
        y: *mut cuDoubleComplex,
        incy: i64,
        c: *const f64,
        s: *const cuDoubleComplex,
    );

    #[unsupported]
    fn cublasZrotg_v2(
        handle: cublasHandle_t,
        a: *mut cuDoubleComplex,
        b: *mut cuDoubleComplex,
        c: *mut f64,
        s: *mut cuDoubleComplex,
    );

    #[unsupported]
    fn cublasZscal_v2(
        handle: cublasHandle_t,
        n: c_int,
        alpha: *const cuDoubleComplex,
        x: *mut cuDoubleComplex,
        incx: c_int,
    );

    #[unsupported]
    fn cublasZscal_v2_64(
        handle: cublasHandle_t,
        n: i64,
        alpha: *const cuDoubleComplex,
        x: *mut cuDoubleComplex,
        incx: i64,
    );

    #[unsupported]
    fn cublasZswap_v2(
        handle: cublasHandle_t,
        n: c_int,
        x: *mut cuDoubleComplex,
        incx: c_int,
        y: *mut cuDoubleComplex,
        incy: c_int,
    );

    #[unsupported]
    fn cublasZswap_v2_64(
        handle: cublasHandle_t,
        n: i64,
        x: *mut cuDoubleComplex,
        incx: i64,
        y: *mut cuDoubleComplex,
        incy: i64,
    );
}
