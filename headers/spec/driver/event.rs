//! Event. Source: CUDA Driver API reference.

extern "driver" {
    /// Makes an event.
    #[since(2_000)]
    #[custom]
    fn cuEventCreate(phEvent: Out<CUevent>, Flags: c_uint);

    /// Ends an event's handle.
    #[since(2_000)]
    #[custom]
    fn cuEventDestroy(hEvent: CUevent);

    /// Ends an event's handle.
    #[since(4_000)]
    #[custom]
    fn cuEventDestroy_v2(hEvent: CUevent);

    /// Gives the milliseconds between two events.
    #[since(2_000)]
    #[custom]
    fn cuEventElapsedTime(pMilliseconds: Out<f32>, hStart: CUevent, hEnd: CUevent);

    /// Gives the milliseconds between two events.
    #[since(12_080)]
    #[custom]
    fn cuEventElapsedTime_v2(pMilliseconds: Out<f32>, hStart: CUevent, hEnd: CUevent);

    /// Says whether an event is reached: success, or `NOT_READY`.
    #[since(2_000)]
    #[custom]
    fn cuEventQuery(hEvent: CUevent);

    /// Records an event after the work of a stream so far.
    #[since(2_000)]
    #[ptsz(7_000)]
    #[custom]
    fn cuEventRecord(hEvent: CUevent, hStream: CUstream);

    /// Records an event after the work of a stream so far; flag 1 makes that a node of a captured graph.
    #[since(11_010)]
    #[ptsz(11_010)]
    #[custom]
    fn cuEventRecordWithFlags(hEvent: CUevent, hStream: CUstream, flags: c_uint);

    /// Waits until an event is reached; one that was never recorded is.
    #[since(2_000)]
    #[custom]
    fn cuEventSynchronize(hEvent: CUevent);
}
