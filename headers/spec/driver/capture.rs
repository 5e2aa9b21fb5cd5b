//! Capture. Source: CUDA Driver API reference.

extern "driver" {
    /// Starts to capture a stream's work into a new graph, in global mode.
    #[since(10_000)]
    #[ptsz(10_000)]
    #[custom]
    #[errors(
        INVALID_HANDLE = "`hStream` is no stream",
        ILLEGAL_STATE = "the stream is captured already",
        STREAM_CAPTURE_UNSUPPORTED = "it is the legacy stream",
        OUT_OF_MEMORY = "there are 65,536 graphs",
    )]
    fn cuStreamBeginCapture(hStream: CUstream);

    #[since(13_010)]
    #[ptsz(13_010)]
    #[unsupported]
    fn cuStreamBeginCaptureToCig(
        hStream: CUstream,
        streamCigCaptureParams: *mut CUstreamCigCaptureParams,
    );

    /// Starts to capture a stream's work into a graph that exists, after some of its nodes.
    #[since(12_030)]
    #[ptsz(12_030)]
    #[custom]
    #[errors(
        INVALID_HANDLE = "`hStream` is no stream",
        INVALID_VALUE = "`hGraph` is no graph, a dependency none of its nodes, or `mode` is none",
        NOT_SUPPORTED = "`dependencyData` is not null",
        ILLEGAL_STATE = "the stream is captured already",
        STREAM_CAPTURE_UNSUPPORTED = "it is the legacy stream",
    )]
    fn cuStreamBeginCaptureToGraph(hStream: CUstream, hGraph: CUgraph, dependencies: In<[CUgraphNode; numDependencies]>, dependencyData: *const CUgraphEdgeData, numDependencies: usize, mode: CUstreamCaptureMode);

    /// Starts to capture a stream's work into a new graph.
    #[since(10_010)]
    #[ptsz(10_010)]
    #[custom]
    #[errors(cuStreamBeginCapture, INVALID_VALUE = "`mode` is none")]
    fn cuStreamBeginCapture_v2(hStream: CUstream, mode: CUstreamCaptureMode);

    #[since(13_030)]
    #[ptsz(13_030)]
    #[unsupported]
    fn cuStreamBeginRecaptureToGraph(
        hStream: CUstream,
        mode: CUstreamCaptureMode,
        hGraph: CUgraph,
        callbackFunc: CUgraphRecaptureCallback,
        userData: *mut c_void,
    );

    /// Ends the capture of a stream and gives its graph; null when it failed.
    #[since(10_000)]
    #[ptsz(10_000)]
    #[custom]
    #[errors(
        INVALID_HANDLE = "`hStream` is no stream",
        ILLEGAL_STATE = "the stream is not captured",
        STREAM_CAPTURE_UNMATCHED = "the capture has begun on another stream",
        STREAM_CAPTURE_WRONG_THREAD = "it has begun on another thread, and not in relaxed mode",
        STREAM_CAPTURE_INVALIDATED = "an earlier call has broken it",
        STREAM_CAPTURE_UNJOINED = "another stream in it has work that this one does not wait for",
    )]
    fn cuStreamEndCapture(hStream: CUstream, phGraph: Out<CUgraph>);

    #[since(13_010)]
    #[ptsz(13_010)]
    #[unsupported]
    fn cuStreamEndCaptureToCig(hStream: CUstream);

    /// Says whether a stream is captured, and in which capture.
    #[since(10_010)]
    #[ptsz(10_010)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hStream` is no stream", STREAM_CAPTURE_IMPLICIT = "it is the legacy stream, and a blocking stream is captured")]
    fn cuStreamGetCaptureInfo(hStream: CUstream, captureStatus_out: Out<CUstreamCaptureStatus>, id_out: OutOpt<cuuint64_t>);

    /// Says whether a stream is captured, into which graph, and after which nodes its next one comes. The array of nodes is valid until the next capture call for the stream.
    #[since(11_030)]
    #[ptsz(11_030)]
    #[custom]
    #[errors(cuStreamGetCaptureInfo)]
    fn cuStreamGetCaptureInfo_v2(hStream: CUstream, captureStatus_out: Out<CUstreamCaptureStatus>, id_out: OutOpt<cuuint64_t>, graph_out: OutOpt<CUgraph>, dependencies_out: OutOpt<*const CUgraphNode>, numDependencies_out: OutOpt<usize>);

    /// As `cuStreamGetCaptureInfo_v2`; edges carry no data here.
    #[since(12_030)]
    #[ptsz(12_030)]
    #[custom]
    #[errors(cuStreamGetCaptureInfo, INVALID_VALUE = "`edgeData_out` is asked for without `dependencies_out`")]
    fn cuStreamGetCaptureInfo_v3(hStream: CUstream, captureStatus_out: Out<CUstreamCaptureStatus>, id_out: OutOpt<cuuint64_t>, graph_out: OutOpt<CUgraph>, dependencies_out: OutOpt<*const CUgraphNode>, edgeData_out: OutOpt<*const CUgraphEdgeData>, numDependencies_out: OutOpt<usize>);

    /// Adds to (flags 0) or replaces (flags 1) the nodes that a captured stream's next node depends on.
    #[since(11_030)]
    #[ptsz(11_030)]
    #[custom]
    #[errors(
        INVALID_HANDLE = "`hStream` is no stream",
        ILLEGAL_STATE = "the stream is not captured",
        STREAM_CAPTURE_IMPLICIT = "it is the legacy stream, and a blocking stream is captured",
        STREAM_CAPTURE_INVALIDATED = "an earlier call has broken the capture",
        INVALID_VALUE = "a dependency is no node of the captured graph, or `flags` is above 1",
    )]
    fn cuStreamUpdateCaptureDependencies(hStream: CUstream, dependencies: In<[CUgraphNode; numDependencies]>, numDependencies: usize, flags: c_uint);

    /// As `cuStreamUpdateCaptureDependencies`; edges carry no data here.
    #[since(12_030)]
    #[ptsz(12_030)]
    #[custom]
    #[errors(cuStreamUpdateCaptureDependencies, NOT_SUPPORTED = "`dependencyData` is not null")]
    fn cuStreamUpdateCaptureDependencies_v2(hStream: CUstream, dependencies: In<[CUgraphNode; numDependencies]>, dependencyData: *const CUgraphEdgeData, numDependencies: usize, flags: c_uint);

    /// Swaps how strict captures are with this thread's calls.
    #[since(10_010)]
    #[custom]
    #[errors(INVALID_VALUE = "`mode` leads to none")]
    fn cuThreadExchangeStreamCaptureMode(mode: InOut<CUstreamCaptureMode>);
}
