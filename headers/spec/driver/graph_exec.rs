//! Executable graphs. Source: CUDA Driver API reference.

extern "driver" {
    #[since(11_070)]
    #[unsupported]
    fn cuGraphExecBatchMemOpNodeSetParams(
        hGraphExec: CUgraphExec, hNode: CUgraphNode, nodeParams: *const CUDA_BATCH_MEM_OP_NODE_PARAMS,
    );

    #[since(11_010)]
    #[unsupported]
    fn cuGraphExecChildGraphNodeSetParams(hGraphExec: CUgraphExec, hNode: CUgraphNode, childGraph: CUgraph);

    /// Ends an executable graph; launches made before are still done.
    #[since(10_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`hGraphExec` is no executable graph")]
    fn cuGraphExecDestroy(hGraphExec: CUgraphExec);

    /// Replaces the event that a node of an executable graph records.
    #[since(11_010)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`hGraphExec` is no executable graph, or `hNode` none of its nodes that record an event",
        INVALID_HANDLE = "`event` is no event",
        OUT_OF_MEMORY = "there is no pinned memory left for the graph's copies",
    )]
    fn cuGraphExecEventRecordNodeSetEvent(hGraphExec: CUgraphExec, hNode: CUgraphNode, event: CUevent);

    /// Replaces the event that a node of an executable graph waits for.
    #[since(11_010)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`hGraphExec` is no executable graph, or `hNode` none of its nodes that wait for an event",
        INVALID_HANDLE = "`event` is no event",
        OUT_OF_MEMORY = "there is no pinned memory left for the graph's copies",
    )]
    fn cuGraphExecEventWaitNodeSetEvent(hGraphExec: CUgraphExec, hNode: CUgraphNode, event: CUevent);

    #[since(11_020)]
    #[unsupported]
    fn cuGraphExecExternalSemaphoresSignalNodeSetParams(
        hGraphExec: CUgraphExec, hNode: CUgraphNode, nodeParams: *const CUDA_EXT_SEM_SIGNAL_NODE_PARAMS,
    );

    #[since(11_020)]
    #[unsupported]
    fn cuGraphExecExternalSemaphoresWaitNodeSetParams(
        hGraphExec: CUgraphExec, hNode: CUgraphNode, nodeParams: *const CUDA_EXT_SEM_WAIT_NODE_PARAMS,
    );

    /// Gives the flags that a graph was made executable with.
    #[since(12_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`hGraphExec` is no executable graph")]
    fn cuGraphExecGetFlags(hGraphExec: CUgraphExec, flags: Out<cuuint64_t>);

    /// Gives a number that no other graph of the process has or had.
    #[since(13_010)]
    #[custom]
    #[errors(INVALID_VALUE = "`hGraphExec` is no executable graph")]
    fn cuGraphExecGetId(hGraphExec: CUgraphExec, graphId: Out<c_uint>);

    /// Replaces the host function of an executable graph.
    #[since(10_020)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`hGraphExec` is no executable graph, `hNode` none of its nodes that call a function, or the function is null",
        OUT_OF_MEMORY = "there is no pinned memory left for the graph's copies",
    )]
    fn cuGraphExecHostNodeSetParams(hGraphExec: CUgraphExec, hNode: CUgraphNode, nodeParams: In<CUDA_HOST_NODE_PARAMS>);

    /// Replaces a kernel launch of an executable graph.
    #[since(10_010)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`hGraphExec` is no executable graph, `hNode` none of its kernel nodes, the function is null, or `cuLaunchKernel` would refuse its shape or parameters",
        INVALID_HANDLE = "the function is none",
        LAUNCH_OUT_OF_RESOURCES = "the block has more threads than the kernel can have",
        OUT_OF_MEMORY = "there is no pinned memory left for the graph's copies",
    )]
    fn cuGraphExecKernelNodeSetParams(hGraphExec: CUgraphExec, hNode: CUgraphNode, nodeParams: In<CUDA_KERNEL_NODE_PARAMS_v1>);

    /// Replaces a kernel launch of an executable graph.
    #[since(12_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`hGraphExec` is no executable graph, `hNode` none of its kernel nodes, there is not either a function or a kernel, or `cuLaunchKernel` would refuse its shape or parameters",
        INVALID_HANDLE = "the function or kernel is none",
        INVALID_CONTEXT = "the context is neither null nor one that lives",
        LAUNCH_OUT_OF_RESOURCES = "the block has more threads than the kernel can have",
        OUT_OF_MEMORY = "there is no pinned memory left for the graph's copies",
    )]
    fn cuGraphExecKernelNodeSetParams_v2(hGraphExec: CUgraphExec, hNode: CUgraphNode, nodeParams: In<CUDA_KERNEL_NODE_PARAMS>);

    /// Replaces a copy of an executable graph.
    #[since(10_020)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`hGraphExec` is no executable graph, `hNode` none of its copies, or the copy is empty or one that `cuMemcpy3D_v2` would refuse",
        INVALID_CONTEXT = "`ctx` is neither null nor a context that lives",
        OUT_OF_MEMORY = "there is no pinned memory left for the graph's copies",
        OPERATING_SYSTEM = "no thread can be started for its first pageable memory",
    )]
    fn cuGraphExecMemcpyNodeSetParams(hGraphExec: CUgraphExec, hNode: CUgraphNode, copyParams: In<CUDA_MEMCPY3D>, ctx: CUcontext);

    /// Replaces a fill of an executable graph.
    #[since(10_020)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`hGraphExec` is no executable graph, `hNode` none of its fills, or the fill is empty, misaligned, or has rows longer than its pitch",
        INVALID_CONTEXT = "`ctx` is neither null nor a context that lives",
        OUT_OF_MEMORY = "there is no pinned memory left for the graph's copies",
    )]
    fn cuGraphExecMemsetNodeSetParams(hGraphExec: CUgraphExec, hNode: CUgraphNode, memsetParams: In<CUDA_MEMSET_NODE_PARAMS>, ctx: CUcontext);

    #[since(12_020)]
    #[unsupported]
    fn cuGraphExecNodeSetParams(hGraphExec: CUgraphExec, hNode: CUgraphNode, nodeParams: *mut CUgraphNodeParams);

    /// Gives an executable graph the nodes of another graph of the same shape; if it has another shape, says where.
    #[since(10_020)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`hGraphExec` is no executable graph, `hGraph` no graph, or its nodes wait for each other in a circle",
        GRAPH_EXEC_UPDATE_FAILURE = "the graph has another shape, nodes of other kinds, or kernels of other contexts",
        OUT_OF_MEMORY = "there is no pinned memory left for the graph's copies",
        OPERATING_SYSTEM = "no thread can be started for its first pageable memory",
    )]
    fn cuGraphExecUpdate(hGraphExec: CUgraphExec, hGraph: CUgraph, hErrorNode_out: Out<CUgraphNode>, updateResult_out: Out<CUgraphExecUpdateResult>);

    /// Gives an executable graph the nodes of another graph of the same shape; if it has another shape, says where.
    #[since(12_000)]
    #[custom]
    #[errors(cuGraphExecUpdate)]
    fn cuGraphExecUpdate_v2(hGraphExec: CUgraphExec, hGraph: CUgraph, resultInfo: Out<CUgraphExecUpdateResultInfo>);

    /// Makes a graph executable; no node is ever at fault alone, and there is no log.
    #[since(10_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`hGraph` is no graph, or its nodes wait for each other in a circle",
        OUT_OF_MEMORY = "it has more than 4,194,304 nodes with those of its children, or copies for which there is no pinned memory left",
        OPERATING_SYSTEM = "no thread can be started for its host functions or pageable memory",
    )]
    fn cuGraphInstantiate(phGraphExec: Out<CUgraphExec>, hGraph: CUgraph, phErrorNode: OutOpt<CUgraphNode>, logBuffer: Out<[c_char; bufferSize]>, bufferSize: usize);

    /// Makes a graph executable.
    #[since(11_040)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`hGraph` is no graph, or its nodes wait for each other in a circle, or the flags have a bit that no flag is",
        NOT_SUPPORTED = "they ask for launches from the device",
        OUT_OF_MEMORY = "it has more than 4,194,304 nodes with those of its children, or copies for which there is no pinned memory left",
        OPERATING_SYSTEM = "no thread can be started for its host functions or pageable memory",
    )]
    fn cuGraphInstantiateWithFlags(phGraphExec: Out<CUgraphExec>, hGraph: CUgraph, flags: c_ulonglong);

    /// Makes a graph executable and says how that went.
    #[since(12_000)]
    #[ptsz(12_000)]
    #[custom]
    #[errors(cuGraphInstantiateWithFlags)]
    fn cuGraphInstantiateWithParams(phGraphExec: Out<CUgraphExec>, hGraph: CUgraph, instantiateParams: InOut<CUDA_GRAPH_INSTANTIATE_PARAMS>);

    /// Makes a graph executable; no node is ever at fault alone, and there is no log.
    #[since(11_000)]
    #[custom]
    #[errors(cuGraphInstantiate)]
    fn cuGraphInstantiate_v2(phGraphExec: Out<CUgraphExec>, hGraph: CUgraph, phErrorNode: OutOpt<CUgraphNode>, logBuffer: Out<[c_char; bufferSize]>, bufferSize: usize);

    /// Launches an executable graph on a stream.
    #[since(10_000)]
    #[ptsz(10_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`hGraph` is no executable graph",
        INVALID_HANDLE = "`hStream` is no stream, or one of another context",
        CAPTURED_EVENT = "an event that it waits for was last recorded in a capture",
        STREAM_CAPTURE_IMPLICIT = "it is the legacy stream's work, and a blocking stream is captured",
        STREAM_CAPTURE_INVALIDATED = "the stream is in a capture that an earlier call has broken",
        OUT_OF_MEMORY = "the stream is captured, and there are 65,536 graphs",
    )]
    fn cuGraphLaunch(hGraph: CUgraphExec, hStream: CUstream);

    /// Brings an executable graph to the device ahead of its first launch: it is there since it was made.
    #[since(11_010)]
    #[ptsz(11_010)]
    #[custom]
    #[errors(INVALID_VALUE = "`hGraph` is no executable graph", INVALID_HANDLE = "`hStream` is no stream")]
    fn cuGraphUpload(hGraph: CUgraphExec, hStream: CUstream);
}
