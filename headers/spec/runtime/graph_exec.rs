//! Executable graphs. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    #[unsupported]
    fn cudaGraphExecChildGraphNodeSetParams(
        hGraphExec: cudaGraphExec_t, node: cudaGraphNode_t, childGraph: cudaGraph_t,
    );

    /// Destroys an executable graph.
    #[custom]
    fn cudaGraphExecDestroy(graphExec: cudaGraphExec_t);

    /// Sets the event that a node of an executable graph records.
    #[custom]
    fn cudaGraphExecEventRecordNodeSetEvent(hGraphExec: cudaGraphExec_t, hNode: cudaGraphNode_t, event: cudaEvent_t);

    /// Sets the event that a node of an executable graph waits for.
    #[custom]
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
    fn cudaGraphExecGetFlags(graphExec: cudaGraphExec_t, flags: Out<c_ulonglong>);

    /// Sets a host node's function in an executable graph.
    #[custom]
    fn cudaGraphExecHostNodeSetParams(
        hGraphExec: cudaGraphExec_t, node: cudaGraphNode_t, pNodeParams: In<cudaHostNodeParams>,
    );

    /// Sets a launch node's parameters in an executable graph.
    #[custom]
    fn cudaGraphExecKernelNodeSetParams(
        hGraphExec: cudaGraphExec_t, node: cudaGraphNode_t, pNodeParams: In<cudaKernelNodeParams>,
    );

    /// Sets a copy node's parameters in an executable graph.
    #[custom]
    fn cudaGraphExecMemcpyNodeSetParams(
        hGraphExec: cudaGraphExec_t, node: cudaGraphNode_t, pNodeParams: In<cudaMemcpy3DParms>,
    );

    /// Makes a copy node of an executable graph a linear copy.
    #[custom]
    fn cudaGraphExecMemcpyNodeSetParams1D(
        hGraphExec: cudaGraphExec_t, node: cudaGraphNode_t, dst: *mut c_void, src: *const c_void, count: usize,
        kind: cudaMemcpyKind,
    );

    /// Makes a copy node of an executable graph a copy from a variable.
    #[custom]
    fn cudaGraphExecMemcpyNodeSetParamsFromSymbol(
        hGraphExec: cudaGraphExec_t, node: cudaGraphNode_t, dst: *mut c_void, symbol: *const c_void, count: usize,
        offset: usize, kind: cudaMemcpyKind,
    );

    /// Makes a copy node of an executable graph a copy to a variable.
    #[custom]
    fn cudaGraphExecMemcpyNodeSetParamsToSymbol(
        hGraphExec: cudaGraphExec_t, node: cudaGraphNode_t, symbol: *const c_void, src: *const c_void, count: usize,
        offset: usize, kind: cudaMemcpyKind,
    );

    /// Sets a fill node's parameters in an executable graph.
    #[custom]
    fn cudaGraphExecMemsetNodeSetParams(
        hGraphExec: cudaGraphExec_t, node: cudaGraphNode_t, pNodeParams: In<cudaMemsetParams>,
    );

    #[unsupported]
    fn cudaGraphExecNodeSetParams(
        graphExec: cudaGraphExec_t, node: cudaGraphNode_t, nodeParams: *mut cudaGraphNodeParams,
    );

    /// Gives an executable graph the parameters of a graph of the same shape.
    #[custom]
    fn cudaGraphExecUpdate(
        hGraphExec: cudaGraphExec_t, hGraph: cudaGraph_t, resultInfo: Out<cudaGraphExecUpdateResultInfo>,
    );

    /// Makes a graph executable.
    #[custom]
    fn cudaGraphInstantiate(pGraphExec: Out<cudaGraphExec_t>, graph: cudaGraph_t, flags: c_ulonglong);

    /// Makes a graph executable; the other name.
    #[alias(cudaGraphInstantiate)]
    fn cudaGraphInstantiateWithFlags(pGraphExec: Out<cudaGraphExec_t>, graph: cudaGraph_t, flags: c_ulonglong);

    /// Makes a graph executable and says what stood in the way.
    #[ptsz]
    #[custom]
    fn cudaGraphInstantiateWithParams(
        pGraphExec: Out<cudaGraphExec_t>, graph: cudaGraph_t, instantiateParams: *mut cudaGraphInstantiateParams,
    );

    /// Runs an executable graph in stream order.
    #[ptsz]
    #[custom]
    fn cudaGraphLaunch(graphExec: cudaGraphExec_t, stream: cudaStream_t);

    /// Prepares an executable graph's first launch.
    #[ptsz]
    #[custom]
    fn cudaGraphUpload(graphExec: cudaGraphExec_t, stream: cudaStream_t);
}
