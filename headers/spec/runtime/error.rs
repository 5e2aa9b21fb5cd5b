//! Error. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// The enumerator's name.
    #[custom(raw)]
    fn cudaGetErrorName(error: cudaError_t) -> *const c_char;

    /// What an error means, in a few words.
    #[custom(raw)]
    fn cudaGetErrorString(error: cudaError_t) -> *const c_char;

    /// Returns this thread's last error and clears it unless it is sticky.
    #[custom(raw = "cudaError_t::cudaErrorUnknown")]
    #[errors()]
    fn cudaGetLastError();

    /// Returns this thread's last error.
    #[custom(raw = "cudaError_t::cudaErrorUnknown")]
    #[errors()]
    fn cudaPeekAtLastError();
}
