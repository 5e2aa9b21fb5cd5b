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
    fn cuGraphExecDestroy(hGraphExec: CUgraphExec);

    /// Replaces the event that a node of an executable graph records.
    #[since(11_010)]
    #[custom]
    fn cuGraphExecEventRecordNodeSetEvent(hGraphExec: CUgraphExec, hNode: CUgraphNode, event: CUevent);

    /// Replaces the event that a node of an executable graph waits for.
    #[since(11_010)]
    #[custom]
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
    fn cuGraphExecGetFlags(hGraphExec: CUgraphExec, flags: Out<cuuint64_t>);

    /// Gives a number that no other graph of the process has or had.
    #[since(13_010)]
    #[custom]
    fn cuGraphExecGetId(hGraphExec: CUgraphExec, graphId: Out<c_uint>);

    /// Replaces the host function of an executable graph.
    #[since(10_020)]
    #[custom]
    fn cuGraphExecHostNodeSetParams(hGraphExec: CUgraphExec, hNode: CUgraphNode, nodeParams: In<CUDA_HOST_NODE_PARAMS>);

    /// Replaces a kernel launch of an executable graph.
    #[since(10_010)]
    #[custom]
    fn cuGraphExecKernelNodeSetParams(hGraphExec: CUgraphExec, hNode: CUgraphNode, nodeParams: In<CUDA_KERNEL_NODE_PARAMS_v1>);

    /// Replaces a kernel launch of an executable graph.
    #[since(12_000)]
    #[custom]
    fn cuGraphExecKernelNodeSetParams_v2(hGraphExec: CUgraphExec, hNode: CUgraphNode, nodeParams: In<CUDA_KERNEL_NODE_PARAMS>);

    /// Replaces a copy of an executable graph.
    #[since(10_020)]
    #[custom]
    fn cuGraphExecMemcpyNodeSetParams(hGraphExec: CUgraphExec, hNode: CUgraphNode, copyParams: In<CUDA_MEMCPY3D>, ctx: CUcontext);

    /// Replaces a fill of an executable graph.
    #[since(10_020)]
    #[custom]
    fn cuGraphExecMemsetNodeSetParams(hGraphExec: CUgraphExec, hNode: CUgraphNode, memsetParams: In<CUDA_MEMSET_NODE_PARAMS>, ctx: CUcontext);

    #[since(12_020)]
    #[unsupported]
    fn cuGraphExecNodeSetParams(hGraphExec: CUgraphExec, hNode: CUgraphNode, nodeParams: *mut CUgraphNodeParams);

    /// Gives an executable graph the nodes of another graph of the same shape; if it has another shape, says where.
    #[since(10_020)]
    #[custom]
    fn cuGraphExecUpdate(hGraphExec: CUgraphExec, hGraph: CUgraph, hErrorNode_out: Out<CUgraphNode>, updateResult_out: Out<CUgraphExecUpdateResult>);

    /// Gives an executable graph the nodes of another graph of the same shape; if it has another shape, says where.
    #[since(12_000)]
    #[custom]
    fn cuGraphExecUpdate_v2(hGraphExec: CUgraphExec, hGraph: CUgraph, resultInfo: Out<CUgraphExecUpdateResultInfo>);

    /// Makes a graph executable; no node is ever at fault alone, and there is no log.
    #[since(10_000)]
    #[custom]
    fn cuGraphInstantiate(phGraphExec: Out<CUgraphExec>, hGraph: CUgraph, phErrorNode: OutOpt<CUgraphNode>, logBuffer: Out<[c_char; bufferSize]>, bufferSize: usize);

    /// Makes a graph executable.
    #[since(11_040)]
    #[custom]
    fn cuGraphInstantiateWithFlags(phGraphExec: Out<CUgraphExec>, hGraph: CUgraph, flags: c_ulonglong);

    /// Makes a graph executable and says how that went.
    #[since(12_000)]
    #[ptsz(12_000)]
    #[custom]
    fn cuGraphInstantiateWithParams(phGraphExec: Out<CUgraphExec>, hGraph: CUgraph, instantiateParams: InOut<CUDA_GRAPH_INSTANTIATE_PARAMS>);

    /// Makes a graph executable; no node is ever at fault alone, and there is no log.
    #[since(11_000)]
    #[custom]
    fn cuGraphInstantiate_v2(phGraphExec: Out<CUgraphExec>, hGraph: CUgraph, phErrorNode: OutOpt<CUgraphNode>, logBuffer: Out<[c_char; bufferSize]>, bufferSize: usize);

    /// Launches an executable graph on a stream.
    #[since(10_000)]
    #[ptsz(10_000)]
    #[custom]
    fn cuGraphLaunch(hGraph: CUgraphExec, hStream: CUstream);

    /// Brings an executable graph to the device ahead of its first launch: it is there since it was made.
    #[since(11_010)]
    #[ptsz(11_010)]
    #[custom]
    fn cuGraphUpload(hGraph: CUgraphExec, hStream: CUstream);
}
