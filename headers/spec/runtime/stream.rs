//! Stream. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Calls a function of the program when a stream gets there.
    #[ptsz]
    #[custom]
    fn cudaStreamAddCallback(
        stream: cudaStream_t,
        callback: cudaStreamCallback_t,
        userData: *mut c_void,
        flags: c_uint,
    );

    /// Attaches managed memory to a stream.
    #[ptsz]
    #[custom]
    fn cudaStreamAttachMemAsync(stream: cudaStream_t, devPtr: *mut c_void, length: usize, flags: c_uint);

    /// Gives a stream the attributes of another.
    #[ptsz]
    #[custom]
    fn cudaStreamCopyAttributes(dstStream: cudaStream_t, srcStream: cudaStream_t);

    /// Creates a stream that keeps order with the legacy default stream.
    #[custom]
    fn cudaStreamCreate(pStream: Out<cudaStream_t>);

    /// Creates a stream.
    #[custom]
    fn cudaStreamCreateWithFlags(pStream: Out<cudaStream_t>, flags: c_uint);

    /// Creates a stream of a priority.
    #[custom]
    fn cudaStreamCreateWithPriority(pStream: Out<cudaStream_t>, flags: c_uint, priority: c_int);

    /// Destroys a stream once its work is done.
    #[custom]
    fn cudaStreamDestroy(stream: cudaStream_t);

    /// An attribute of a stream.
    #[ptsz]
    #[custom]
    fn cudaStreamGetAttribute(stream: cudaStream_t, attr: cudaLaunchAttributeID, value: *mut cudaLaunchAttributeValue);

    /// The device of a stream.
    #[ptsz]
    #[custom]
    fn cudaStreamGetDevice(hStream: cudaStream_t, device: Out<c_int>);

    /// A stream's flags.
    #[ptsz]
    #[custom]
    fn cudaStreamGetFlags(hStream: cudaStream_t, flags: Out<c_uint>);

    /// A number that no other stream of the process has.
    #[ptsz]
    #[custom]
    fn cudaStreamGetId(hStream: cudaStream_t, streamId: Out<c_ulonglong>);

    /// A stream's priority.
    #[ptsz]
    #[custom]
    fn cudaStreamGetPriority(hStream: cudaStream_t, priority: Out<c_int>);

    /// Whether a stream is capturing.
    #[ptsz]
    #[custom]
    fn cudaStreamIsCapturing(stream: cudaStream_t, pCaptureStatus: Out<cudaStreamCaptureStatus>);

    /// Whether a stream's work is done.
    #[ptsz]
    #[custom]
    fn cudaStreamQuery(stream: cudaStream_t);

    /// Sets an attribute of a stream.
    #[ptsz]
    #[custom]
    fn cudaStreamSetAttribute(
        stream: cudaStream_t,
        attr: cudaLaunchAttributeID,
        param: *const cudaLaunchAttributeValue,
    );

    /// Waits for a stream's work.
    #[ptsz]
    #[custom]
    fn cudaStreamSynchronize(stream: cudaStream_t);

    /// Makes a stream's later work wait for an event.
    #[ptsz]
    #[custom]
    fn cudaStreamWaitEvent(stream: cudaStream_t, event: cudaEvent_t, flags: c_uint);
}
