//! Stream. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Calls a function of the program when a stream gets there.
    #[ptsz]
    #[custom]
    #[errors(
        InvalidValue = "`callback` is null, or `flags` is not 0",
        InvalidResourceHandle = "`stream` is no stream",
        OperatingSystem = "no thread can be started for it",
        StreamCaptureUnsupported = "the stream is in a capture, which this breaks",
        StreamCaptureImplicit = "it is the legacy stream, and a blocking stream is captured",
    )]
    fn cudaStreamAddCallback(
        stream: cudaStream_t,
        callback: cudaStreamCallback_t,
        userData: *mut c_void,
        flags: c_uint,
    );

    /// Attaches managed memory to a stream.
    #[ptsz]
    #[custom]
    #[errors(NotSupported = "vgpu's libcuda does not do this")]
    fn cudaStreamAttachMemAsync(stream: cudaStream_t, devPtr: *mut c_void, length: usize, flags: c_uint);

    /// Gives a stream the attributes of another.
    #[ptsz]
    #[custom]
    #[errors(NotSupported = "vgpu's libcuda does not do this")]
    fn cudaStreamCopyAttributes(dstStream: cudaStream_t, srcStream: cudaStream_t);

    /// Creates a stream that keeps order with the legacy default stream.
    #[custom]
    #[errors(MemoryAllocation = "as many streams are open as fit")]
    fn cudaStreamCreate(pStream: Out<cudaStream_t>);

    /// Creates a stream.
    #[custom]
    #[errors(InvalidValue = "`flags` has a bit that no flag is", MemoryAllocation = "as many streams are open as fit")]
    fn cudaStreamCreateWithFlags(pStream: Out<cudaStream_t>, flags: c_uint);

    /// Creates a stream of a priority.
    #[custom]
    #[errors(cudaStreamCreateWithFlags)]
    fn cudaStreamCreateWithPriority(pStream: Out<cudaStream_t>, flags: c_uint, priority: c_int);

    /// Destroys a stream once its work is done.
    #[custom]
    #[errors(InvalidResourceHandle = "`stream` is no stream that was created")]
    fn cudaStreamDestroy(stream: cudaStream_t);

    /// An attribute of a stream.
    #[ptsz]
    #[custom]
    #[errors(NotSupported = "vgpu's libcuda does not do this")]
    fn cudaStreamGetAttribute(stream: cudaStream_t, attr: cudaLaunchAttributeID, value: *mut cudaLaunchAttributeValue);

    /// The device of a stream.
    #[ptsz]
    #[custom]
    #[errors(InvalidResourceHandle = "`hStream` is no stream")]
    fn cudaStreamGetDevice(hStream: cudaStream_t, device: Out<c_int>);

    /// A stream's flags.
    #[ptsz]
    #[custom]
    #[errors(InvalidResourceHandle = "`hStream` is no stream")]
    fn cudaStreamGetFlags(hStream: cudaStream_t, flags: Out<c_uint>);

    /// A number that no other stream of the process has.
    #[ptsz]
    #[custom]
    #[errors(InvalidResourceHandle = "`hStream` is no stream")]
    fn cudaStreamGetId(hStream: cudaStream_t, streamId: Out<c_ulonglong>);

    /// A stream's priority.
    #[ptsz]
    #[custom]
    #[errors(InvalidResourceHandle = "`hStream` is no stream")]
    fn cudaStreamGetPriority(hStream: cudaStream_t, priority: Out<c_int>);

    /// Whether a stream is capturing.
    #[ptsz]
    #[custom]
    #[errors(InvalidResourceHandle = "`stream` is no stream", StreamCaptureImplicit = "it is the legacy stream, and a blocking stream is captured")]
    fn cudaStreamIsCapturing(stream: cudaStream_t, pCaptureStatus: Out<cudaStreamCaptureStatus>);

    /// Whether a stream's work is done.
    #[ptsz]
    #[custom]
    #[errors(cudaStreamSynchronize, NotReady = "some work is not done yet")]
    fn cudaStreamQuery(stream: cudaStream_t);

    /// Sets an attribute of a stream.
    #[ptsz]
    #[custom]
    #[errors(NotSupported = "vgpu's libcuda does not do this")]
    fn cudaStreamSetAttribute(
        stream: cudaStream_t,
        attr: cudaLaunchAttributeID,
        param: *const cudaLaunchAttributeValue,
    );

    /// Waits for a stream's work.
    #[ptsz]
    #[custom]
    #[errors(
        InvalidResourceHandle = "`stream` is no stream",
        StreamCaptureUnsupported = "the stream is in a capture, which this breaks",
        StreamCaptureImplicit = "it is the legacy stream, and a blocking stream is captured",
    )]
    fn cudaStreamSynchronize(stream: cudaStream_t);

    /// Makes a stream's later work wait for an event.
    #[ptsz]
    #[custom]
    #[errors(
        InvalidValue = "`flags` is above 1, or 1 and the stream is not captured",
        InvalidResourceHandle = "`stream` is no stream, or `event` no event",
        StreamCaptureImplicit = "it is the legacy stream, and a blocking stream is captured, or the event was last recorded in a capture",
        StreamCaptureMerge = "the event was last recorded in another capture than the stream is in",
        StreamCaptureIsolation = "the stream is captured, and the event was recorded outside, with `flags` 0",
        StreamCaptureInvalidated = "the capture is over, or an earlier call has broken it",
    )]
    fn cudaStreamWaitEvent(stream: cudaStream_t, event: cudaEvent_t, flags: c_uint);
}
