//! Memset. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Fills memory with a byte.
    #[ptds]
    #[custom]
    #[errors(
        InvalidValue = "`devPtr` is not so much memory that the device reaches",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemset(devPtr: *mut c_void, value: c_int, count: usize);

    /// Fills rows with a byte.
    #[ptds]
    #[custom]
    #[errors(
        InvalidValue = "a row is wider than `pitch`, or `devPtr` is not so much memory that the device reaches",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemset2D(devPtr: *mut c_void, pitch: usize, value: c_int, width: usize, height: usize);

    /// Fills rows with a byte in stream order.
    #[ptsz]
    #[custom]
    #[errors(cudaMemset2D, InvalidResourceHandle = "`stream` is no stream")]
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
    #[errors(
        InvalidValue = "a row is wider than the pitch, a slice higher than was allocated, or the box not all memory that the device reaches",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemset3D(pitchedDevPtr: cudaPitchedPtr, value: c_int, extent: cudaExtent);

    /// Fills slices of rows with a byte in stream order.
    #[ptsz]
    #[custom]
    #[errors(cudaMemset3D, InvalidResourceHandle = "`stream` is no stream")]
    fn cudaMemset3DAsync(pitchedDevPtr: cudaPitchedPtr, value: c_int, extent: cudaExtent, stream: cudaStream_t);

    /// Fills memory with a byte in stream order.
    #[ptsz]
    #[custom]
    #[errors(cudaMemset, InvalidResourceHandle = "`stream` is no stream")]
    fn cudaMemsetAsync(devPtr: *mut c_void, value: c_int, count: usize, stream: cudaStream_t);
}
