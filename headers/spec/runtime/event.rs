//! Event. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Creates an event.
    #[custom]
    #[errors(MemoryAllocation = "there are as many events that take times as fit")]
    fn cudaEventCreate(event: Out<cudaEvent_t>);

    /// Creates an event that may do without a time or block its waiter.
    #[custom]
    #[errors(
        InvalidValue = "`flags` has a bit that no flag is, or asks for an event between processes that takes times",
        NotSupported = "it asks for an event between processes",
        MemoryAllocation = "there are as many events that take times as fit",
    )]
    fn cudaEventCreateWithFlags(event: Out<cudaEvent_t>, flags: c_uint);

    /// Destroys an event.
    #[custom]
    #[errors(InvalidResourceHandle = "`event` is no event")]
    fn cudaEventDestroy(event: cudaEvent_t);

    /// Milliseconds between two events.
    #[custom]
    #[errors(
        InvalidResourceHandle = "one of the two is no event, takes no times, or was never recorded",
        CapturedEvent = "one was last recorded in a capture",
        NotReady = "one is not reached yet",
    )]
    fn cudaEventElapsedTime(ms: Out<f32>, start: cudaEvent_t, end: cudaEvent_t);

    /// Milliseconds between two events.
    #[alias(cudaEventElapsedTime)]
    fn cudaEventElapsedTime_v2(ms: Out<f32>, start: cudaEvent_t, end: cudaEvent_t);

    /// Whether an event was reached.
    #[custom]
    #[errors(cudaEventSynchronize, NotReady = "it is not reached yet")]
    fn cudaEventQuery(event: cudaEvent_t);

    /// Makes an event the point that a stream has reached by now.
    #[ptsz]
    #[custom]
    #[errors(
        InvalidResourceHandle = "`event` is no event, `stream` no stream, or they are of different contexts",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaEventRecord(event: cudaEvent_t, stream: cudaStream_t);

    /// As cudaEventRecord, with flags.
    #[ptsz]
    #[custom]
    #[errors(cudaEventRecord, InvalidValue = "`flags` is above 1, or 1 and the stream is not captured")]
    fn cudaEventRecordWithFlags(event: cudaEvent_t, stream: cudaStream_t, flags: c_uint);

    /// Waits for an event.
    #[custom]
    #[errors(InvalidResourceHandle = "`event` is no event", CapturedEvent = "it was last recorded in a capture")]
    fn cudaEventSynchronize(event: cudaEvent_t);
}
