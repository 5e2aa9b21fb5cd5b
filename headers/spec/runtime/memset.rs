//! Memset. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Fills memory with a byte.
    #[ptds]
    #[custom]
    fn cudaMemset(devPtr: *mut c_void, value: c_int, count: usize);

    /// Fills rows with a byte.
    #[ptds]
    #[custom]
    fn cudaMemset2D(devPtr: *mut c_void, pitch: usize, value: c_int, width: usize, height: usize);

    /// Fills rows with a byte in stream order.
    #[ptsz]
    #[custom]
    fn cudaMemset2DAsync(
        devPtr: *mut c_void,
        pitch: usize,
        value: c_int,
        width: usize,
        height: usize,
        stream: cudaStream_t,
    );

    /// Fills slices of rows with a byte.
    #[ptds]
    #[custom]
    fn cudaMemset3D(pitchedDevPtr: cudaPitchedPtr, value: c_int, extent: cudaExtent);

    /// Fills slices of rows with a byte in stream order.
    #[ptsz]
    #[custom]
    fn cudaMemset3DAsync(pitchedDevPtr: cudaPitchedPtr, value: c_int, extent: cudaExtent, stream: cudaStream_t);

    /// Fills memory with a byte in stream order.
    #[ptsz]
    #[custom]
    fn cudaMemsetAsync(devPtr: *mut c_void, value: c_int, count: usize, stream: cudaStream_t);
}
