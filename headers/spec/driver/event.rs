//! Event. Source: CUDA Driver API reference.

extern "driver" {
    /// Makes an event.
    #[since(2_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`Flags` has a bit that no flag is, or asks for an event between processes that takes times",
        NOT_SUPPORTED = "it asks for an event between processes",
        OUT_OF_MEMORY = "there are as many events that take times as fit",
    )]
    fn cuEventCreate(phEvent: Out<CUevent>, Flags: c_uint);

    /// Ends an event's handle.
    #[since(2_000)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hEvent` is no event")]
    fn cuEventDestroy(hEvent: CUevent);

    /// Ends an event's handle.
    #[since(4_000)]
    #[custom]
    #[errors(cuEventDestroy)]
    fn cuEventDestroy_v2(hEvent: CUevent);

    /// Gives the milliseconds between two events.
    #[since(2_000)]
    #[custom]
    #[errors(INVALID_HANDLE = "one of the two is no event, takes no times, or was never recorded", CAPTURED_EVENT = "one was last recorded in a capture", NOT_READY = "one is not reached yet")]
    fn cuEventElapsedTime(pMilliseconds: Out<f32>, hStart: CUevent, hEnd: CUevent);

    /// Gives the milliseconds between two events.
    #[since(12_080)]
    #[custom]
    #[errors(cuEventElapsedTime)]
    fn cuEventElapsedTime_v2(pMilliseconds: Out<f32>, hStart: CUevent, hEnd: CUevent);

    /// Says whether an event is reached: success, or `NOT_READY`.
    #[since(2_000)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hEvent` is no event", CAPTURED_EVENT = "it was last recorded in a capture", NOT_READY = "it is not reached yet")]
    fn cuEventQuery(hEvent: CUevent);

    /// Records an event after the work of a stream so far.
    #[since(2_000)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(
        INVALID_HANDLE = "`hEvent` is no event, `hStream` no stream, or they are of different contexts",
        STREAM_CAPTURE_IMPLICIT = "it is the legacy stream's work, and a blocking stream is captured",
        STREAM_CAPTURE_INVALIDATED = "the stream is in a capture that an earlier call has broken",
    )]
    fn cuEventRecord(hEvent: CUevent, hStream: CUstream);

    /// Records an event after the work of a stream so far; flag 1 makes that a node of a captured graph.
    #[since(11_010)]
    #[ptsz(11_010)]
    #[custom]
    #[errors(cuEventRecord, INVALID_VALUE = "`flags` is above 1, or 1 and the stream is not captured")]
    fn cuEventRecordWithFlags(hEvent: CUevent, hStream: CUstream, flags: c_uint);

    /// Waits until an event is reached; one that was never recorded is.
    #[since(2_000)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hEvent` is no event", CAPTURED_EVENT = "it was last recorded in a capture")]
    fn cuEventSynchronize(hEvent: CUevent);
}
