//! Level 1: vectors. Source: cuBLAS reference, version 12.

extern "cublas" {
    #[family(Is, Id, Ic, Iz)] #[wide] #[unsupported]
    fn cublasTamax_v2(handle: cublasHandle_t, n: Int, x: *const T, incx: Int, result: *mut Int);

    #[family(Is, Id, Ic, Iz)] #[wide] #[unsupported]
    fn cublasTamin_v2(handle: cublasHandle_t, n: Int, x: *const T, incx: Int, result: *mut Int);

    #[family(S, D, Sc, Dz)] #[wide] #[unsupported]
    fn cublasTasum_v2(handle: cublasHandle_t, n: Int, x: *const T, incx: Int, result: *mut R);

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTaxpy_v2(handle: cublasHandle_t, n: Int, alpha: *const T, x: *const T, incx: Int, y: *mut T, incy: Int);

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTcopy_v2(handle: cublasHandle_t, n: Int, x: *const T, incx: Int, y: *mut T, incy: Int);

    #[family(S, D)] #[wide] #[unsupported]
    fn cublasTdot_v2(handle: cublasHandle_t, n: Int, x: *const T, incx: Int, y: *const T, incy: Int, result: *mut T);

    #[family(C, Z)] #[wide] #[unsupported]
    fn cublasTdotc_v2(handle: cublasHandle_t, n: Int, x: *const T, incx: Int, y: *const T, incy: Int, result: *mut T);

    #[family(C, Z)] #[wide] #[unsupported]
    fn cublasTdotu_v2(handle: cublasHandle_t, n: Int, x: *const T, incx: Int, y: *const T, incy: Int, result: *mut T);

    #[family(S, D, Sc, Dz)] #[wide] #[unsupported]
    fn cublasTnrm2_v2(handle: cublasHandle_t, n: Int, x: *const T, incx: Int, result: *mut R);

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTrot_v2(handle: cublasHandle_t, n: Int, x: *mut T, incx: Int, y: *mut T, incy: Int, c: *const R, s: *const T);

    #[family(Cs, Zd)] #[wide] #[unsupported]
    fn cublasTrot_v2(handle: cublasHandle_t, n: Int, x: *mut T, incx: Int, y: *mut T, incy: Int, c: *const R, s: *const R);

    #[family(S, D, C, Z)] #[unsupported]
    fn cublasTrotg_v2(handle: cublasHandle_t, a: *mut T, b: *mut T, c: *mut R, s: *mut T);

    #[family(S, D)] #[wide] #[unsupported]
    fn cublasTrotm_v2(handle: cublasHandle_t, n: Int, x: *mut T, incx: Int, y: *mut T, incy: Int, param: *const T);

    #[family(S, D)] #[unsupported]
    fn cublasTrotmg_v2(handle: cublasHandle_t, d1: *mut T, d2: *mut T, x1: *mut T, y1: *const T, param: *mut T);

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTscal_v2(handle: cublasHandle_t, n: Int, alpha: *const T, x: *mut T, incx: Int);

    #[family(Cs, Zd)] #[wide] #[unsupported]
    fn cublasTscal_v2(handle: cublasHandle_t, n: Int, alpha: *const R, x: *mut T, incx: Int);

    #[family(S, D, C, Z)] #[wide] #[unsupported]
    fn cublasTswap_v2(handle: cublasHandle_t, n: Int, x: *mut T, incx: Int, y: *mut T, incy: Int);
}
