//! Error. Source: CUDA Driver API reference.

extern "driver" {
    /// Gives the name of a result code; null and `INVALID_VALUE` for an unknown one.
    #[since(6_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`error` is no result code")]
    fn cuGetErrorName(error: CUresult, pStr: Out<*const c_char>);

    /// Gives a sentence about a result code; null and `INVALID_VALUE` for an unknown one.
    #[since(6_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`error` is no result code")]
    fn cuGetErrorString(error: CUresult, pStr: Out<*const c_char>);
}
