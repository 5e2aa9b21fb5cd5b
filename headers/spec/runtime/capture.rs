//! Capture. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// From now on records a stream's work in a graph instead of running it.
    #[ptsz]
    #[custom]
    fn cudaStreamBeginCapture(stream: cudaStream_t, mode: cudaStreamCaptureMode);

    /// As cudaStreamBeginCapture, into an existing graph.
    #[ptsz]
    #[custom]
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
    fn cudaStreamEndCapture(stream: cudaStream_t, pGraph: Out<cudaGraph_t>);

    /// The state and number of a stream's capture.
    #[ptsz]
    #[custom]
    fn cudaStreamGetCaptureInfo(
        stream: cudaStream_t,
        captureStatus_out: Out<cudaStreamCaptureStatus>,
        id_out: OutOpt<c_ulonglong>,
    );

    /// As cudaStreamGetCaptureInfo, with the graph and the nodes that the next one comes after.
    #[ptsz]
    #[custom]
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
    fn cudaStreamUpdateCaptureDependencies(
        stream: cudaStream_t,
        dependencies: *mut cudaGraphNode_t,
        numDependencies: usize,
        flags: c_uint,
    );

    /// As the first version, with the edges' data.
    #[ptsz]
    #[custom]
    fn cudaStreamUpdateCaptureDependencies_v2(
        stream: cudaStream_t,
        dependencies: *mut cudaGraphNode_t,
        dependencyData: *const cudaGraphEdgeData,
        numDependencies: usize,
        flags: c_uint,
    );

    /// Swaps this thread's capture mode.
    #[custom]
    fn cudaThreadExchangeStreamCaptureMode(mode: InOut<cudaStreamCaptureMode>);
}
