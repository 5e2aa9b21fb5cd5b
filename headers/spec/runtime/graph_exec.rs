//! Executable graphs. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    #[unsupported]
    fn cudaGraphExecChildGraphNodeSetParams(
        hGraphExec: cudaGraphExec_t, node: cudaGraphNode_t, childGraph: cudaGraph_t,
    );

    /// Destroys an executable graph.
    #[custom]
    #[errors(InvalidValue = "`graphExec` is no executable graph")]
    fn cudaGraphExecDestroy(graphExec: cudaGraphExec_t);

    /// Sets the event that a node of an executable graph records.
    #[custom]
    #[errors(
        InvalidValue = "`hGraphExec` is no executable graph, or `hNode` none of its nodes that record an event",
        InvalidResourceHandle = "`event` is no event",
        MemoryAllocation = "there is no pinned memory left for the graph's copies",
    )]
    fn cudaGraphExecEventRecordNodeSetEvent(hGraphExec: cudaGraphExec_t, hNode: cudaGraphNode_t, event: cudaEvent_t);

    /// Sets the event that a node of an executable graph waits for.
    #[custom]
    #[errors(
        InvalidValue = "`hGraphExec` is no executable graph, or `hNode` none of its nodes that wait for an event",
        InvalidResourceHandle = "`event` is no event",
        MemoryAllocation = "there is no pinned memory left for the graph's copies",
    )]
    fn cudaGraphExecEventWaitNodeSetEvent(hGraphExec: cudaGraphExec_t, hNode: cudaGraphNode_t, event: cudaEvent_t);

    #[unsupported]
    fn cudaGraphExecExternalSemaphoresSignalNodeSetParams(
        hGraphExec: cudaGraphExec_t, hNode: cudaGraphNode_t, nodeParams: *const cudaExternalSemaphoreSignalNodeParams,
    );

    #[unsupported]
    fn cudaGraphExecExternalSemaphoresWaitNodeSetParams(
        hGraphExec: cudaGraphExec_t, hNode: cudaGraphNode_t, nodeParams: *const cudaExternalSemaphoreWaitNodeParams,
    );

    /// The flags that a graph was made executable with.
    #[custom]
    #[errors(InvalidValue = "`graphExec` is no executable graph")]
    fn cudaGraphExecGetFlags(graphExec: cudaGraphExec_t, flags: Out<c_ulonglong>);

    /// Sets a host node's function in an executable graph.
    #[custom]
    #[errors(
        InvalidValue = "`hGraphExec` is no executable graph, `node` none of its nodes that call a function, or the function is null",
        MemoryAllocation = "there is no pinned memory left for the graph's copies",
    )]
    fn cudaGraphExecHostNodeSetParams(
        hGraphExec: cudaGraphExec_t, node: cudaGraphNode_t, pNodeParams: In<cudaHostNodeParams>,
    );

    /// Sets a launch node's parameters in an executable graph.
    #[custom]
    #[errors(
        InvalidDeviceFunction = "the function is no kernel, or one that its image lacks",
        InvalidValue = "`hGraphExec` is no executable graph, `node` none of its kernel nodes, or the launch has a shape or parameters that the kernel cannot have",
        LaunchOutOfResources = "the block has more threads than the kernel can have",
        MemoryAllocation = "there is no pinned memory left for the graph's copies",
    )]
    fn cudaGraphExecKernelNodeSetParams(
        hGraphExec: cudaGraphExec_t, node: cudaGraphNode_t, pNodeParams: In<cudaKernelNodeParams>,
    );

    /// Sets a copy node's parameters in an executable graph.
    #[custom]
    #[errors(
        InvalidValue = "`hGraphExec` is no executable graph, `node` none of its copies, or the copy is empty, has more rows than a slice, or a side is null or not so much memory of its kind",
        InvalidMemcpyDirection = "the kind is none",
        InvalidPitchValue = "rows are wider than their pitch",
        MemoryAllocation = "there is no pinned memory left for the graph's copies",
        OperatingSystem = "no thread can be started for its first pageable memory",
    )]
    fn cudaGraphExecMemcpyNodeSetParams(
        hGraphExec: cudaGraphExec_t, node: cudaGraphNode_t, pNodeParams: In<cudaMemcpy3DParms>,
    );

    /// Makes a copy node of an executable graph a linear copy.
    #[custom]
    #[errors(
        InvalidValue = "`hGraphExec` is no executable graph, `node` none of its copies, or `count` is 0, or a side is null or not so much memory of its kind",
        InvalidMemcpyDirection = "`kind` is none",
        MemoryAllocation = "there is no pinned memory left for the graph's copies",
        OperatingSystem = "no thread can be started for its first pageable memory",
    )]
    fn cudaGraphExecMemcpyNodeSetParams1D(
        hGraphExec: cudaGraphExec_t, node: cudaGraphNode_t, dst: *mut c_void, src: *const c_void, count: usize,
        kind: cudaMemcpyKind,
    );

    /// Makes a copy node of an executable graph a copy from a variable.
    #[custom]
    #[errors(
        InvalidSymbol = "`symbol` is no variable",
        InvalidValue = "`hGraphExec` is no executable graph, `node` none of its copies, or `count` is 0, or more than the variable has after `offset`, or the other side is null or not so much memory of its kind",
        InvalidMemcpyDirection = "`kind` is none, or one that reads from the host",
        MemoryAllocation = "there is no pinned memory left for the graph's copies",
        OperatingSystem = "no thread can be started for its first pageable memory",
    )]
    fn cudaGraphExecMemcpyNodeSetParamsFromSymbol(
        hGraphExec: cudaGraphExec_t, node: cudaGraphNode_t, dst: *mut c_void, symbol: *const c_void, count: usize,
        offset: usize, kind: cudaMemcpyKind,
    );

    /// Makes a copy node of an executable graph a copy to a variable.
    #[custom]
    #[errors(
        InvalidSymbol = "`symbol` is no variable",
        InvalidValue = "`hGraphExec` is no executable graph, `node` none of its copies, or `count` is 0, or more than the variable has after `offset`, or the other side is null or not so much memory of its kind",
        InvalidMemcpyDirection = "`kind` is none, or one that writes to the host",
        MemoryAllocation = "there is no pinned memory left for the graph's copies",
        OperatingSystem = "no thread can be started for its first pageable memory",
    )]
    fn cudaGraphExecMemcpyNodeSetParamsToSymbol(
        hGraphExec: cudaGraphExec_t, node: cudaGraphNode_t, symbol: *const c_void, src: *const c_void, count: usize,
        offset: usize, kind: cudaMemcpyKind,
    );

    /// Sets a fill node's parameters in an executable graph.
    #[custom]
    #[errors(
        InvalidValue = "`hGraphExec` is no executable graph, `node` none of its fills, or the fill is empty, misaligned, or has rows longer than its pitch",
        MemoryAllocation = "there is no pinned memory left for the graph's copies",
    )]
    fn cudaGraphExecMemsetNodeSetParams(
        hGraphExec: cudaGraphExec_t, node: cudaGraphNode_t, pNodeParams: In<cudaMemsetParams>,
    );

    #[unsupported]
    fn cudaGraphExecNodeSetParams(
        graphExec: cudaGraphExec_t, node: cudaGraphNode_t, nodeParams: *mut cudaGraphNodeParams,
    );

    /// Gives an executable graph the parameters of a graph of the same shape.
    #[custom]
    #[errors(
        InvalidValue = "`hGraphExec` is no executable graph, `hGraph` no graph, or its nodes wait for each other in a circle",
        GraphExecUpdateFailure = "the graph has another shape, nodes of other kinds, or kernels of other contexts",
        MemoryAllocation = "there is no pinned memory left for the graph's copies",
        OperatingSystem = "no thread can be started for its first pageable memory",
    )]
    fn cudaGraphExecUpdate(
        hGraphExec: cudaGraphExec_t, hGraph: cudaGraph_t, resultInfo: Out<cudaGraphExecUpdateResultInfo>,
    );

    /// Makes a graph executable.
    #[custom]
    #[errors(
        InvalidValue = "`graph` is no graph, or its nodes wait for each other in a circle, or the flags have a bit that no flag is",
        NotSupported = "they ask for launches from the device",
        MemoryAllocation = "it has more than 4,194,304 nodes with those of its children, or copies for which there is no pinned memory left",
        OperatingSystem = "no thread can be started for its host functions or pageable memory",
    )]
    fn cudaGraphInstantiate(pGraphExec: Out<cudaGraphExec_t>, graph: cudaGraph_t, flags: c_ulonglong);

    /// Makes a graph executable; the other name.
    #[alias(cudaGraphInstantiate)]
    fn cudaGraphInstantiateWithFlags(pGraphExec: Out<cudaGraphExec_t>, graph: cudaGraph_t, flags: c_ulonglong);

    /// Makes a graph executable and says what stood in the way.
    #[ptsz]
    #[custom]
    #[errors(cudaGraphInstantiate)]
    fn cudaGraphInstantiateWithParams(
        pGraphExec: Out<cudaGraphExec_t>, graph: cudaGraph_t, instantiateParams: *mut cudaGraphInstantiateParams,
    );

    /// Runs an executable graph in stream order.
    #[ptsz]
    #[custom]
    #[errors(
        InvalidValue = "`graphExec` is no executable graph",
        InvalidResourceHandle = "`stream` is no stream, or one of another context",
        CapturedEvent = "an event that it waits for was last recorded in a capture",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
        MemoryAllocation = "the stream is captured, and there are 65,536 graphs",
    )]
    fn cudaGraphLaunch(graphExec: cudaGraphExec_t, stream: cudaStream_t);

    /// Prepares an executable graph's first launch.
    #[ptsz]
    #[custom]
    #[errors(InvalidValue = "`graphExec` is no executable graph", InvalidResourceHandle = "`stream` is no stream")]
    fn cudaGraphUpload(graphExec: cudaGraphExec_t, stream: cudaStream_t);
}
