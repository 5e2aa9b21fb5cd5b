//! Capture. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// From now on records a stream's work in a graph instead of running it.
    #[ptsz]
    #[custom]
    #[errors(
        InvalidResourceHandle = "`stream` is no stream",
        IllegalState = "the stream is captured already",
        StreamCaptureUnsupported = "it is the legacy stream",
        MemoryAllocation = "there are 65,536 graphs",
        InvalidValue = "`mode` is none",
    )]
    fn cudaStreamBeginCapture(stream: cudaStream_t, mode: cudaStreamCaptureMode);

    /// As cudaStreamBeginCapture, into an existing graph.
    #[ptsz]
    #[custom]
    #[errors(
        InvalidResourceHandle = "`stream` is no stream",
        InvalidValue = "`graph` is no graph, a dependency none of its nodes, or `mode` is none",
        NotSupported = "`dependencyData` is not null",
        IllegalState = "the stream is captured already",
        StreamCaptureUnsupported = "it is the legacy stream",
    )]
    fn cudaStreamBeginCaptureToGraph(
        stream: cudaStream_t,
        graph: cudaGraph_t,
        dependencies: *const cudaGraphNode_t,
        dependencyData: *const cudaGraphEdgeData,
        numDependencies: usize,
        mode: cudaStreamCaptureMode,
    );

    /// Ends a capture and gives its graph.
    #[ptsz]
    #[custom]
    #[errors(
        InvalidResourceHandle = "`stream` is no stream",
        IllegalState = "the stream is not captured",
        StreamCaptureUnmatched = "the capture has begun on another stream",
        StreamCaptureWrongThread = "it has begun on another thread, and not in relaxed mode",
        StreamCaptureInvalidated = "an earlier call has broken it",
        StreamCaptureUnjoined = "another stream in it has work that this one does not wait for",
    )]
    fn cudaStreamEndCapture(stream: cudaStream_t, pGraph: Out<cudaGraph_t>);

    /// The state and number of a stream's capture.
    #[ptsz]
    #[custom]
    #[errors(InvalidResourceHandle = "`stream` is no stream", StreamCaptureImplicit = "it is the legacy stream, and a blocking stream is captured")]
    fn cudaStreamGetCaptureInfo(
        stream: cudaStream_t,
        captureStatus_out: Out<cudaStreamCaptureStatus>,
        id_out: OutOpt<c_ulonglong>,
    );

    /// As cudaStreamGetCaptureInfo, with the graph and the nodes that the next one comes after.
    #[ptsz]
    #[custom]
    #[errors(cudaStreamGetCaptureInfo)]
    fn cudaStreamGetCaptureInfo_v2(
        stream: cudaStream_t,
        captureStatus_out: *mut cudaStreamCaptureStatus,
        id_out: *mut c_ulonglong,
        graph_out: *mut cudaGraph_t,
        dependencies_out: *mut *const cudaGraphNode_t,
        numDependencies_out: *mut usize,
    );

    /// As the second version, with the edges' data.
    #[ptsz]
    #[custom]
    #[errors(cudaStreamGetCaptureInfo, InvalidValue = "`edgeData_out` is asked for without `dependencies_out`")]
    fn cudaStreamGetCaptureInfo_v3(
        stream: cudaStream_t,
        captureStatus_out: *mut cudaStreamCaptureStatus,
        id_out: *mut c_ulonglong,
        graph_out: *mut cudaGraph_t,
        dependencies_out: *mut *const cudaGraphNode_t,
        edgeData_out: *mut *const cudaGraphEdgeData,
        numDependencies_out: *mut usize,
    );

    /// Changes the nodes that the next captured one comes after.
    #[ptsz]
    #[custom]
    #[errors(
        InvalidResourceHandle = "`stream` is no stream",
        IllegalState = "the stream is not captured",
        StreamCaptureImplicit = "it is the legacy stream, and a blocking stream is captured",
        StreamCaptureInvalidated = "an earlier call has broken the capture",
        InvalidValue = "a dependency is no node of the captured graph, or `flags` is above 1",
    )]
    fn cudaStreamUpdateCaptureDependencies(
        stream: cudaStream_t,
        dependencies: *mut cudaGraphNode_t,
        numDependencies: usize,
        flags: c_uint,
    );

    /// As the first version, with the edges' data.
    #[ptsz]
    #[custom]
    #[errors(cudaStreamUpdateCaptureDependencies, NotSupported = "`dependencyData` is not null")]
    fn cudaStreamUpdateCaptureDependencies_v2(
        stream: cudaStream_t,
        dependencies: *mut cudaGraphNode_t,
        dependencyData: *const cudaGraphEdgeData,
        numDependencies: usize,
        flags: c_uint,
    );

    /// Swaps this thread's capture mode.
    #[custom]
    #[errors(InvalidValue = "`mode` leads to none")]
    fn cudaThreadExchangeStreamCaptureMode(mode: InOut<cudaStreamCaptureMode>);
}
