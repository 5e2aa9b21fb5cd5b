//! Graph. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    #[unsupported]
    fn cudaDeviceGetGraphMemAttribute(device: c_int, attr: cudaGraphMemAttributeType, value: *mut c_void);

    #[unsupported]
    fn cudaDeviceGraphMemTrim(device: c_int);

    #[unsupported]
    fn cudaDeviceSetGraphMemAttribute(device: c_int, attr: cudaGraphMemAttributeType, value: *mut c_void);

    /// Adds a graph as a node.
    #[custom]
    fn cudaGraphAddChildGraphNode(
        pGraphNode: Out<cudaGraphNode_t>, graph: cudaGraph_t, pDependencies: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize, childGraph: cudaGraph_t,
    );

    /// Adds edges.
    #[custom]
    fn cudaGraphAddDependencies(
        graph: cudaGraph_t, from: In<[cudaGraphNode_t; numDependencies]>, to: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize,
    );

    /// Adds edges with data.
    #[custom]
    fn cudaGraphAddDependencies_v2(
        graph: cudaGraph_t, from: *const cudaGraphNode_t, to: *const cudaGraphNode_t,
        edgeData: *const cudaGraphEdgeData, numDependencies: usize,
    );

    /// Adds a node that only orders others.
    #[custom]
    fn cudaGraphAddEmptyNode(
        pGraphNode: Out<cudaGraphNode_t>, graph: cudaGraph_t, pDependencies: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize,
    );

    /// Adds the recording of an event.
    #[custom]
    fn cudaGraphAddEventRecordNode(
        pGraphNode: Out<cudaGraphNode_t>, graph: cudaGraph_t, pDependencies: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize, event: cudaEvent_t,
    );

    /// Adds the wait for an event.
    #[custom]
    fn cudaGraphAddEventWaitNode(
        pGraphNode: Out<cudaGraphNode_t>, graph: cudaGraph_t, pDependencies: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize, event: cudaEvent_t,
    );

    #[unsupported]
    fn cudaGraphAddExternalSemaphoresSignalNode(
        pGraphNode: *mut cudaGraphNode_t, graph: cudaGraph_t, pDependencies: *const cudaGraphNode_t,
        numDependencies: usize, nodeParams: *const cudaExternalSemaphoreSignalNodeParams,
    );

    #[unsupported]
    fn cudaGraphAddExternalSemaphoresWaitNode(
        pGraphNode: *mut cudaGraphNode_t, graph: cudaGraph_t, pDependencies: *const cudaGraphNode_t,
        numDependencies: usize, nodeParams: *const cudaExternalSemaphoreWaitNodeParams,
    );

    /// Adds the call of a host function.
    #[custom]
    fn cudaGraphAddHostNode(
        pGraphNode: Out<cudaGraphNode_t>, graph: cudaGraph_t, pDependencies: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize, pNodeParams: In<cudaHostNodeParams>,
    );

    /// Adds a launch.
    #[custom]
    fn cudaGraphAddKernelNode(
        pGraphNode: Out<cudaGraphNode_t>, graph: cudaGraph_t, pDependencies: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize, pNodeParams: In<cudaKernelNodeParams>,
    );

    #[unsupported]
    fn cudaGraphAddMemAllocNode(
        pGraphNode: *mut cudaGraphNode_t, graph: cudaGraph_t, pDependencies: *const cudaGraphNode_t,
        numDependencies: usize, nodeParams: *mut cudaMemAllocNodeParams,
    );

    #[unsupported]
    fn cudaGraphAddMemFreeNode(
        pGraphNode: *mut cudaGraphNode_t, graph: cudaGraph_t, pDependencies: *const cudaGraphNode_t,
        numDependencies: usize, dptr: *mut c_void,
    );

    /// Adds a copy.
    #[custom]
    fn cudaGraphAddMemcpyNode(
        pGraphNode: Out<cudaGraphNode_t>, graph: cudaGraph_t, pDependencies: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize, pCopyParams: In<cudaMemcpy3DParms>,
    );

    /// Adds a linear copy.
    #[custom]
    fn cudaGraphAddMemcpyNode1D(
        pGraphNode: Out<cudaGraphNode_t>, graph: cudaGraph_t, pDependencies: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize, dst: *mut c_void, src: *const c_void, count: usize, kind: cudaMemcpyKind,
    );

    /// Adds a copy from a variable.
    #[custom]
    fn cudaGraphAddMemcpyNodeFromSymbol(
        pGraphNode: Out<cudaGraphNode_t>, graph: cudaGraph_t, pDependencies: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize, dst: *mut c_void, symbol: *const c_void, count: usize, offset: usize,
        kind: cudaMemcpyKind,
    );

    /// Adds a copy to a variable.
    #[custom]
    fn cudaGraphAddMemcpyNodeToSymbol(
        pGraphNode: Out<cudaGraphNode_t>, graph: cudaGraph_t, pDependencies: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize, symbol: *const c_void, src: *const c_void, count: usize, offset: usize,
        kind: cudaMemcpyKind,
    );

    /// Adds a fill.
    #[custom]
    fn cudaGraphAddMemsetNode(
        pGraphNode: Out<cudaGraphNode_t>, graph: cudaGraph_t, pDependencies: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize, pMemsetParams: In<cudaMemsetParams>,
    );

    #[unsupported]
    fn cudaGraphAddNode(
        pGraphNode: *mut cudaGraphNode_t, graph: cudaGraph_t, pDependencies: *const cudaGraphNode_t,
        numDependencies: usize, nodeParams: *mut cudaGraphNodeParams,
    );

    #[unsupported]
    fn cudaGraphAddNode_v2(
        pGraphNode: *mut cudaGraphNode_t, graph: cudaGraph_t, pDependencies: *const cudaGraphNode_t,
        dependencyData: *const cudaGraphEdgeData, numDependencies: usize, nodeParams: *mut cudaGraphNodeParams,
    );

    /// The graph that a node is.
    #[custom]
    fn cudaGraphChildGraphNodeGetGraph(node: cudaGraphNode_t, pGraph: Out<cudaGraph_t>);

    /// Copies a graph.
    #[custom]
    fn cudaGraphClone(pGraphClone: Out<cudaGraph_t>, originalGraph: cudaGraph_t);

    #[unsupported]
    fn cudaGraphConditionalHandleCreate(
        pHandle_out: *mut cudaGraphConditionalHandle, graph: cudaGraph_t, defaultLaunchValue: c_uint, flags: c_uint,
    );

    /// Creates an empty graph.
    #[custom]
    fn cudaGraphCreate(pGraph: Out<cudaGraph_t>, flags: c_uint);

    /// Writes a graph as a DOT file.
    #[custom]
    fn cudaGraphDebugDotPrint(graph: cudaGraph_t, path: Str, flags: c_uint);

    /// Destroys a graph.
    #[custom]
    fn cudaGraphDestroy(graph: cudaGraph_t);

    /// Removes a node.
    #[custom]
    fn cudaGraphDestroyNode(node: cudaGraphNode_t);

    /// The event that a node records.
    #[custom]
    fn cudaGraphEventRecordNodeGetEvent(node: cudaGraphNode_t, event_out: Out<cudaEvent_t>);

    /// Sets the event that a node records.
    #[custom]
    fn cudaGraphEventRecordNodeSetEvent(node: cudaGraphNode_t, event: cudaEvent_t);

    /// The event that a node waits for.
    #[custom]
    fn cudaGraphEventWaitNodeGetEvent(node: cudaGraphNode_t, event_out: Out<cudaEvent_t>);

    /// Sets the event that a node waits for.
    #[custom]
    fn cudaGraphEventWaitNodeSetEvent(node: cudaGraphNode_t, event: cudaEvent_t);

    #[unsupported]
    fn cudaGraphExternalSemaphoresSignalNodeGetParams(
        hNode: cudaGraphNode_t, params_out: *mut cudaExternalSemaphoreSignalNodeParams,
    );

    #[unsupported]
    fn cudaGraphExternalSemaphoresSignalNodeSetParams(
        hNode: cudaGraphNode_t, nodeParams: *const cudaExternalSemaphoreSignalNodeParams,
    );

    #[unsupported]
    fn cudaGraphExternalSemaphoresWaitNodeGetParams(
        hNode: cudaGraphNode_t, params_out: *mut cudaExternalSemaphoreWaitNodeParams,
    );

    #[unsupported]
    fn cudaGraphExternalSemaphoresWaitNodeSetParams(
        hNode: cudaGraphNode_t, nodeParams: *const cudaExternalSemaphoreWaitNodeParams,
    );

    /// Lists a graph's edges.
    #[custom]
    fn cudaGraphGetEdges(
        graph: cudaGraph_t, from: *mut cudaGraphNode_t, to: *mut cudaGraphNode_t, numEdges: *mut usize,
    );

    /// Lists a graph's edges with their data.
    #[custom]
    fn cudaGraphGetEdges_v2(
        graph: cudaGraph_t, from: *mut cudaGraphNode_t, to: *mut cudaGraphNode_t, edgeData: *mut cudaGraphEdgeData,
        numEdges: *mut usize,
    );

    /// Lists a graph's nodes.
    #[custom]
    fn cudaGraphGetNodes(graph: cudaGraph_t, nodes: *mut cudaGraphNode_t, numNodes: *mut usize);

    /// Lists a graph's nodes that come after no other.
    #[custom]
    fn cudaGraphGetRootNodes(graph: cudaGraph_t, pRootNodes: *mut cudaGraphNode_t, pNumRootNodes: *mut usize);

    /// A host node's function.
    #[custom]
    fn cudaGraphHostNodeGetParams(node: cudaGraphNode_t, pNodeParams: Out<cudaHostNodeParams>);

    /// Sets a host node's function.
    #[custom]
    fn cudaGraphHostNodeSetParams(node: cudaGraphNode_t, pNodeParams: In<cudaHostNodeParams>);

    /// Gives a launch node the attributes of another.
    #[custom]
    fn cudaGraphKernelNodeCopyAttributes(hSrc: cudaGraphNode_t, hDst: cudaGraphNode_t);

    /// An attribute of a launch node.
    #[custom]
    fn cudaGraphKernelNodeGetAttribute(
        hNode: cudaGraphNode_t, attr: cudaLaunchAttributeID, value_out: *mut cudaLaunchAttributeValue,
    );

    /// A launch node's parameters.
    #[custom]
    fn cudaGraphKernelNodeGetParams(node: cudaGraphNode_t, pNodeParams: Out<cudaKernelNodeParams>);

    /// Sets an attribute of a launch node.
    #[custom]
    fn cudaGraphKernelNodeSetAttribute(
        hNode: cudaGraphNode_t, attr: cudaLaunchAttributeID, value: *const cudaLaunchAttributeValue,
    );

    /// Sets a launch node's parameters.
    #[custom]
    fn cudaGraphKernelNodeSetParams(node: cudaGraphNode_t, pNodeParams: In<cudaKernelNodeParams>);

    #[unsupported]
    fn cudaGraphMemAllocNodeGetParams(node: cudaGraphNode_t, params_out: *mut cudaMemAllocNodeParams);

    #[unsupported]
    fn cudaGraphMemFreeNodeGetParams(node: cudaGraphNode_t, dptr_out: *mut c_void);

    #[unsupported]
    fn cudaGraphMemcpyNodeGetParams(node: cudaGraphNode_t, pNodeParams: *mut cudaMemcpy3DParms);

    /// Sets a copy node's parameters.
    #[custom]
    fn cudaGraphMemcpyNodeSetParams(node: cudaGraphNode_t, pNodeParams: In<cudaMemcpy3DParms>);

    /// Makes a copy node a linear copy.
    #[custom]
    fn cudaGraphMemcpyNodeSetParams1D(
        node: cudaGraphNode_t, dst: *mut c_void, src: *const c_void, count: usize, kind: cudaMemcpyKind,
    );

    /// Makes a copy node a copy from a variable.
    #[custom]
    fn cudaGraphMemcpyNodeSetParamsFromSymbol(
        node: cudaGraphNode_t, dst: *mut c_void, symbol: *const c_void, count: usize, offset: usize,
        kind: cudaMemcpyKind,
    );

    /// Makes a copy node a copy to a variable.
    #[custom]
    fn cudaGraphMemcpyNodeSetParamsToSymbol(
        node: cudaGraphNode_t, symbol: *const c_void, src: *const c_void, count: usize, offset: usize,
        kind: cudaMemcpyKind,
    );

    /// A fill node's parameters.
    #[custom]
    fn cudaGraphMemsetNodeGetParams(node: cudaGraphNode_t, pNodeParams: Out<cudaMemsetParams>);

    /// Sets a fill node's parameters.
    #[custom]
    fn cudaGraphMemsetNodeSetParams(node: cudaGraphNode_t, pNodeParams: In<cudaMemsetParams>);

    /// A clone's node for a node of the original.
    #[custom]
    fn cudaGraphNodeFindInClone(pNode: Out<cudaGraphNode_t>, originalNode: cudaGraphNode_t, clonedGraph: cudaGraph_t);

    /// Lists the nodes that a node comes after.
    #[custom]
    fn cudaGraphNodeGetDependencies(
        node: cudaGraphNode_t, pDependencies: *mut cudaGraphNode_t, pNumDependencies: *mut usize,
    );

    /// Lists the nodes that a node comes after, with the edges' data.
    #[custom]
    fn cudaGraphNodeGetDependencies_v2(
        node: cudaGraphNode_t, pDependencies: *mut cudaGraphNode_t, edgeData: *mut cudaGraphEdgeData,
        pNumDependencies: *mut usize,
    );

    /// Lists the nodes that come after a node.
    #[custom]
    fn cudaGraphNodeGetDependentNodes(
        node: cudaGraphNode_t, pDependentNodes: *mut cudaGraphNode_t, pNumDependentNodes: *mut usize,
    );

    /// Lists the nodes that come after a node, with the edges' data.
    #[custom]
    fn cudaGraphNodeGetDependentNodes_v2(
        node: cudaGraphNode_t, pDependentNodes: *mut cudaGraphNode_t, edgeData: *mut cudaGraphEdgeData,
        pNumDependentNodes: *mut usize,
    );

    /// Whether a node of an executable graph is on.
    #[custom]
    fn cudaGraphNodeGetEnabled(hGraphExec: cudaGraphExec_t, hNode: cudaGraphNode_t, isEnabled: Out<c_uint>);

    /// What a node does.
    #[custom]
    fn cudaGraphNodeGetType(node: cudaGraphNode_t, pType: Out<cudaGraphNodeType>);

    /// Turns a node of an executable graph on or off.
    #[custom]
    fn cudaGraphNodeSetEnabled(hGraphExec: cudaGraphExec_t, hNode: cudaGraphNode_t, isEnabled: c_uint);

    #[unsupported]
    fn cudaGraphNodeSetParams(node: cudaGraphNode_t, nodeParams: *mut cudaGraphNodeParams);

    #[unsupported]
    fn cudaGraphReleaseUserObject(graph: cudaGraph_t, object: cudaUserObject_t, count: c_uint);

    /// Removes edges.
    #[custom]
    fn cudaGraphRemoveDependencies(
        graph: cudaGraph_t, from: In<[cudaGraphNode_t; numDependencies]>, to: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize,
    );

    /// Removes edges with data.
    #[custom]
    fn cudaGraphRemoveDependencies_v2(
        graph: cudaGraph_t, from: *const cudaGraphNode_t, to: *const cudaGraphNode_t,
        edgeData: *const cudaGraphEdgeData, numDependencies: usize,
    );

    #[unsupported]
    fn cudaGraphRetainUserObject(graph: cudaGraph_t, object: cudaUserObject_t, count: c_uint, flags: c_uint);

    #[unsupported]
    fn cudaUserObjectCreate(
        object_out: *mut cudaUserObject_t, ptr: *mut c_void, destroy: cudaHostFn_t, initialRefcount: c_uint,
        flags: c_uint,
    );

    #[unsupported]
    fn cudaUserObjectRelease(object: cudaUserObject_t, count: c_uint);

    #[unsupported]
    fn cudaUserObjectRetain(object: cudaUserObject_t, count: c_uint);
}
