//! Stream. Source: CUDA Driver API reference.

extern "driver" {
    /// Queues the call of a host function with the stream and what has become of its work; later work waits for it. It is called
    /// whatever happens.
    #[since(5_000)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`callback` is null, or `flags` is not 0",
        INVALID_HANDLE = "`hStream` is no stream",
        OPERATING_SYSTEM = "no thread can be started for it",
        STREAM_CAPTURE_UNSUPPORTED = "the stream is in a capture, which this breaks",
        STREAM_CAPTURE_IMPLICIT = "it is the legacy stream, and a blocking stream is captured",
    )]
    fn cuStreamAddCallback(hStream: CUstream, callback: CUstreamCallback, userData: *mut c_void, flags: c_uint);

    #[since(6_000)]
    #[ptsz(7_000)]
    #[unsupported]
    fn cuStreamAttachMemAsync(hStream: CUstream, dptr: CUdeviceptr, length: usize, flags: c_uint);

    #[since(11_000)]
    #[ptsz(11_000)]
    #[unsupported]
    fn cuStreamCopyAttributes(dstStream: CUstream, srcStream: CUstream);

    /// Makes a stream.
    #[since(2_000)]
    #[custom]
    #[errors(INVALID_VALUE = "the flags have a bit that no flag is", OUT_OF_MEMORY = "as many streams are open as fit")]
    fn cuStreamCreate(phStream: Out<CUstream>, Flags: c_uint);

    /// Makes a stream of a priority, moved into the device's range.
    #[since(5_050)]
    #[custom]
    #[errors(cuStreamCreate)]
    fn cuStreamCreateWithPriority(phStream: Out<CUstream>, flags: c_uint, priority: c_int);

    /// Ends a stream's handle; queued work is still done.
    #[since(2_000)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hStream` is no stream that was created")]
    fn cuStreamDestroy(hStream: CUstream);

    /// Ends a stream's handle; queued work is still done.
    #[since(4_000)]
    #[custom]
    #[errors(cuStreamDestroy)]
    fn cuStreamDestroy_v2(hStream: CUstream);

    #[since(11_000)]
    #[ptsz(11_000)]
    #[unsupported]
    fn cuStreamGetAttribute(hStream: CUstream, attr: CUstreamAttrID, value: *mut CUstreamAttrValue);

    /// Gives a stream's context.
    #[since(9_020)]
    #[ptsz(9_020)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hStream` is no stream")]
    fn cuStreamGetCtx(hStream: CUstream, pctx: Out<CUcontext>);

    /// Gives a stream's context; there are no green contexts.
    #[since(12_050)]
    #[ptsz(12_050)]
    #[custom]
    #[errors(cuStreamGetCtx)]
    fn cuStreamGetCtx_v2(hStream: CUstream, pCtx: Out<CUcontext>, pGreenCtx: OutOpt<CUgreenCtx>);

    /// Gives a stream's device.
    #[since(12_080)]
    #[ptsz(12_080)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hStream` is no stream")]
    fn cuStreamGetDevice(hStream: CUstream, device: Out<CUdevice>);

    /// Gives the flags that a stream was made with.
    #[since(5_050)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hStream` is no stream")]
    fn cuStreamGetFlags(hStream: CUstream, flags: Out<c_uint>);

    /// Gives a number that no other stream of the process has or had.
    #[since(12_000)]
    #[ptsz(12_000)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hStream` is no stream")]
    fn cuStreamGetId(hStream: CUstream, streamId: Out<c_ulonglong>);

    /// Gives a stream's priority.
    #[since(5_050)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hStream` is no stream")]
    fn cuStreamGetPriority(hStream: CUstream, priority: Out<c_int>);

    /// Says whether a stream is captured.
    #[since(10_000)]
    #[ptsz(10_000)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hStream` is no stream", STREAM_CAPTURE_IMPLICIT = "it is the legacy stream, and a blocking stream is captured")]
    fn cuStreamIsCapturing(hStream: CUstream, captureStatus: Out<CUstreamCaptureStatus>);

    /// Says whether all work of a stream is done: success, or `NOT_READY`.
    #[since(2_000)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(cuStreamSynchronize, NOT_READY = "some work is not done yet")]
    fn cuStreamQuery(hStream: CUstream);

    #[since(11_000)]
    #[ptsz(11_000)]
    #[unsupported]
    fn cuStreamSetAttribute(
        hStream: CUstream,
        attr: CUstreamAttrID,
        param: *const CUstreamAttrValue,
    );

    /// Waits for all work of a stream.
    #[since(2_000)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(
        INVALID_HANDLE = "`hStream` is no stream",
        STREAM_CAPTURE_UNSUPPORTED = "the stream is in a capture, which this breaks",
        STREAM_CAPTURE_IMPLICIT = "it is the legacy stream, and a blocking stream is captured",
    )]
    fn cuStreamSynchronize(hStream: CUstream);

    /// Has later work of a stream wait for an event; flag 1 makes that a node of a captured graph.
    #[since(3_020)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`Flags` is above 1, or 1 and the stream is not captured",
        INVALID_HANDLE = "`hStream` is no stream, or `hEvent` no event",
        STREAM_CAPTURE_IMPLICIT = "it is the legacy stream, and a blocking stream is captured, or the event was last recorded in a capture",
        STREAM_CAPTURE_MERGE = "the event was last recorded in another capture than the stream is in",
        STREAM_CAPTURE_ISOLATION = "the stream is captured, and the event was recorded outside, with `Flags` 0",
        STREAM_CAPTURE_INVALIDATED = "the capture is over, or an earlier call has broken it",
    )]
    fn cuStreamWaitEvent(hStream: CUstream, hEvent: CUevent, Flags: c_uint);
}
