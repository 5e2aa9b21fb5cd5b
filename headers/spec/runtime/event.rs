//! Event. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Creates an event.
    #[custom]
    fn cudaEventCreate(event: Out<cudaEvent_t>);

    /// Creates an event that may do without a time or block its waiter.
    #[custom]
    fn cudaEventCreateWithFlags(event: Out<cudaEvent_t>, flags: c_uint);

    /// Destroys an event.
    #[custom]
    fn cudaEventDestroy(event: cudaEvent_t);

    /// Milliseconds between two events.
    #[custom]
    fn cudaEventElapsedTime(ms: Out<f32>, start: cudaEvent_t, end: cudaEvent_t);

    /// Milliseconds between two events.
    #[alias(cudaEventElapsedTime)]
    fn cudaEventElapsedTime_v2(ms: Out<f32>, start: cudaEvent_t, end: cudaEvent_t);

    /// Whether an event was reached.
    #[custom]
    fn cudaEventQuery(event: cudaEvent_t);

    /// Makes an event the point that a stream has reached by now.
    #[ptsz]
    #[custom]
    fn cudaEventRecord(event: cudaEvent_t, stream: cudaStream_t);

    /// As cudaEventRecord, with flags.
    #[ptsz]
    #[custom]
    fn cudaEventRecordWithFlags(event: cudaEvent_t, stream: cudaStream_t, flags: c_uint);

    /// Waits for an event.
    #[custom]
    fn cudaEventSynchronize(event: cudaEvent_t);
}
