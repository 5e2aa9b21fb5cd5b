//! Graph. Source: CUDA Driver API reference.

extern "driver" {
    #[since(11_040)]
    #[unsupported]
    fn cuDeviceGetGraphMemAttribute(device: CUdevice, attr: CUgraphMem_attribute, value: *mut c_void);

    #[since(11_040)]
    #[unsupported]
    fn cuDeviceGraphMemTrim(device: CUdevice);

    #[since(11_040)]
    #[unsupported]
    fn cuDeviceSetGraphMemAttribute(device: CUdevice, attr: CUgraphMem_attribute, value: *mut c_void);

    #[since(11_070)]
    #[unsupported]
    fn cuGraphAddBatchMemOpNode(
        phGraphNode: *mut CUgraphNode, hGraph: CUgraph, dependencies: *const CUgraphNode, numDependencies: usize,
        nodeParams: *const CUDA_BATCH_MEM_OP_NODE_PARAMS,
    );

    /// Adds a copy of a graph as one node.
    #[since(10_000)]
    #[custom]
    fn cuGraphAddChildGraphNode(phGraphNode: Out<CUgraphNode>, hGraph: CUgraph, dependencies: In<[CUgraphNode; numDependencies]>, numDependencies: usize, childGraph: CUgraph);

    /// Adds dependencies between nodes of a graph.
    #[since(10_000)]
    #[custom]
    fn cuGraphAddDependencies(hGraph: CUgraph, from: In<[CUgraphNode; numDependencies]>, to: In<[CUgraphNode; numDependencies]>, numDependencies: usize);

    /// Adds dependencies between nodes of a graph; data of edges is not supported.
    #[since(12_030)]
    #[custom]
    fn cuGraphAddDependencies_v2(hGraph: CUgraph, from: In<[CUgraphNode; numDependencies]>, to: In<[CUgraphNode; numDependencies]>, edgeData: *const CUgraphEdgeData, numDependencies: usize);

    /// Adds a node that does nothing.
    #[since(10_000)]
    #[custom]
    fn cuGraphAddEmptyNode(phGraphNode: Out<CUgraphNode>, hGraph: CUgraph, dependencies: In<[CUgraphNode; numDependencies]>, numDependencies: usize);

    /// Adds the recording of an event.
    #[since(11_010)]
    #[custom]
    fn cuGraphAddEventRecordNode(phGraphNode: Out<CUgraphNode>, hGraph: CUgraph, dependencies: In<[CUgraphNode; numDependencies]>, numDependencies: usize, event: CUevent);

    /// Adds a wait for an event, as it is recorded when the graph is launched.
    #[since(11_010)]
    #[custom]
    fn cuGraphAddEventWaitNode(phGraphNode: Out<CUgraphNode>, hGraph: CUgraph, dependencies: In<[CUgraphNode; numDependencies]>, numDependencies: usize, event: CUevent);

    #[since(11_020)]
    #[unsupported]
    fn cuGraphAddExternalSemaphoresSignalNode(
        phGraphNode: *mut CUgraphNode, hGraph: CUgraph, dependencies: *const CUgraphNode, numDependencies: usize,
        nodeParams: *const CUDA_EXT_SEM_SIGNAL_NODE_PARAMS,
    );

    #[since(11_020)]
    #[unsupported]
    fn cuGraphAddExternalSemaphoresWaitNode(
        phGraphNode: *mut CUgraphNode, hGraph: CUgraph, dependencies: *const CUgraphNode, numDependencies: usize,
        nodeParams: *const CUDA_EXT_SEM_WAIT_NODE_PARAMS,
    );

    /// Adds the call of a host function.
    #[since(10_000)]
    #[custom]
    fn cuGraphAddHostNode(phGraphNode: Out<CUgraphNode>, hGraph: CUgraph, dependencies: In<[CUgraphNode; numDependencies]>, numDependencies: usize, nodeParams: In<CUDA_HOST_NODE_PARAMS>);

    /// Adds a kernel launch; its parameters are taken now.
    #[since(10_000)]
    #[custom]
    fn cuGraphAddKernelNode(phGraphNode: Out<CUgraphNode>, hGraph: CUgraph, dependencies: In<[CUgraphNode; numDependencies]>, numDependencies: usize, nodeParams: In<CUDA_KERNEL_NODE_PARAMS_v1>);

    /// Adds a kernel launch; its parameters are taken now.
    #[since(12_000)]
    #[custom]
    fn cuGraphAddKernelNode_v2(phGraphNode: Out<CUgraphNode>, hGraph: CUgraph, dependencies: In<[CUgraphNode; numDependencies]>, numDependencies: usize, nodeParams: In<CUDA_KERNEL_NODE_PARAMS>);

    #[since(11_040)]
    #[unsupported]
    fn cuGraphAddMemAllocNode(
        phGraphNode: *mut CUgraphNode, hGraph: CUgraph, dependencies: *const CUgraphNode, numDependencies: usize,
        nodeParams: *mut CUDA_MEM_ALLOC_NODE_PARAMS,
    );

    #[since(11_040)]
    #[unsupported]
    fn cuGraphAddMemFreeNode(
        phGraphNode: *mut CUgraphNode, hGraph: CUgraph, dependencies: *const CUgraphNode, numDependencies: usize,
        dptr: CUdeviceptr,
    );

    /// Adds a copy; pageable memory is read or written when the node runs.
    #[since(10_000)]
    #[custom]
    fn cuGraphAddMemcpyNode(phGraphNode: Out<CUgraphNode>, hGraph: CUgraph, dependencies: In<[CUgraphNode; numDependencies]>, numDependencies: usize, copyParams: In<CUDA_MEMCPY3D>, ctx: CUcontext);

    /// Adds a fill.
    #[since(10_000)]
    #[custom]
    fn cuGraphAddMemsetNode(phGraphNode: Out<CUgraphNode>, hGraph: CUgraph, dependencies: In<[CUgraphNode; numDependencies]>, numDependencies: usize, memsetParams: In<CUDA_MEMSET_NODE_PARAMS>, ctx: CUcontext);

    #[since(12_020)]
    #[unsupported]
    fn cuGraphAddNode(
        phGraphNode: *mut CUgraphNode, hGraph: CUgraph, dependencies: *const CUgraphNode, numDependencies: usize,
        nodeParams: *mut CUgraphNodeParams,
    );

    #[since(12_030)]
    #[unsupported]
    fn cuGraphAddNode_v2(
        phGraphNode: *mut CUgraphNode, hGraph: CUgraph, dependencies: *const CUgraphNode,
        dependencyData: *const CUgraphEdgeData, numDependencies: usize, nodeParams: *mut CUgraphNodeParams,
    );

    #[since(13_040)]
    #[unsupported]
    fn cuGraphAddNode_v3(
        phGraphNode: *mut CUgraphNode, hGraph: CUgraph, dependencies: *const CUgraphNode,
        dependencyData: *const CUgraphEdgeData, numDependencies: usize, nodeParams: *mut CUgraphNodeParams,
    );

    #[since(11_070)]
    #[unsupported]
    fn cuGraphBatchMemOpNodeGetParams(hNode: CUgraphNode, nodeParams_out: *mut CUDA_BATCH_MEM_OP_NODE_PARAMS);

    #[since(11_070)]
    #[unsupported]
    fn cuGraphBatchMemOpNodeSetParams(hNode: CUgraphNode, nodeParams: *const CUDA_BATCH_MEM_OP_NODE_PARAMS);

    /// Gives the graph inside a child graph node.
    #[since(10_000)]
    #[custom]
    fn cuGraphChildGraphNodeGetGraph(hNode: CUgraphNode, phGraph: Out<CUgraph>);

    /// Copies a graph.
    #[since(10_000)]
    #[custom]
    fn cuGraphClone(phGraphClone: Out<CUgraph>, originalGraph: CUgraph);

    #[since(12_030)]
    #[unsupported]
    fn cuGraphConditionalHandleCreate(
        pHandle_out: *mut CUgraphConditionalHandle, hGraph: CUgraph, ctx: CUcontext, defaultLaunchValue: c_uint,
        flags: c_uint,
    );

    /// Makes an empty graph.
    #[since(10_000)]
    #[custom]
    fn cuGraphCreate(phGraph: Out<CUgraph>, flags: c_uint);

    #[since(11_030)]
    #[unsupported]
    fn cuGraphDebugDotPrint(hGraph: CUgraph, path: *const c_char, flags: c_uint);

    /// Ends a graph; what was instantiated from it lives on.
    #[since(10_000)]
    #[custom]
    fn cuGraphDestroy(hGraph: CUgraph);

    /// Removes a node and its dependencies.
    #[since(10_000)]
    #[custom]
    fn cuGraphDestroyNode(hNode: CUgraphNode);

    /// Gives the event that a node records.
    #[since(11_010)]
    #[custom]
    fn cuGraphEventRecordNodeGetEvent(hNode: CUgraphNode, event_out: Out<CUevent>);

    /// Replaces the event that a node records.
    #[since(11_010)]
    #[custom]
    fn cuGraphEventRecordNodeSetEvent(hNode: CUgraphNode, event: CUevent);

    /// Gives the event that a node waits for.
    #[since(11_010)]
    #[custom]
    fn cuGraphEventWaitNodeGetEvent(hNode: CUgraphNode, event_out: Out<CUevent>);

    /// Replaces the event that a node waits for.
    #[since(11_010)]
    #[custom]
    fn cuGraphEventWaitNodeSetEvent(hNode: CUgraphNode, event: CUevent);

    #[since(11_020)]
    #[unsupported]
    fn cuGraphExternalSemaphoresSignalNodeGetParams(
        hNode: CUgraphNode, params_out: *mut CUDA_EXT_SEM_SIGNAL_NODE_PARAMS,
    );

    #[since(11_020)]
    #[unsupported]
    fn cuGraphExternalSemaphoresSignalNodeSetParams(
        hNode: CUgraphNode, nodeParams: *const CUDA_EXT_SEM_SIGNAL_NODE_PARAMS,
    );

    #[since(11_020)]
    #[unsupported]
    fn cuGraphExternalSemaphoresWaitNodeGetParams(hNode: CUgraphNode, params_out: *mut CUDA_EXT_SEM_WAIT_NODE_PARAMS);

    #[since(11_020)]
    #[unsupported]
    fn cuGraphExternalSemaphoresWaitNodeSetParams(hNode: CUgraphNode, nodeParams: *const CUDA_EXT_SEM_WAIT_NODE_PARAMS);

    /// Lists a graph's dependencies; without arrays only counts them.
    #[since(10_000)]
    #[custom]
    fn cuGraphGetEdges(hGraph: CUgraph, from: *mut CUgraphNode, to: *mut CUgraphNode, numEdges: InOut<usize>);

    /// Lists a graph's dependencies; no edge has data here.
    #[since(12_030)]
    #[custom]
    fn cuGraphGetEdges_v2(hGraph: CUgraph, from: *mut CUgraphNode, to: *mut CUgraphNode, edgeData: *mut CUgraphEdgeData, numEdges: InOut<usize>);

    /// Gives a number that no other graph of the process has or had.
    #[since(13_010)]
    #[custom]
    fn cuGraphGetId(hGraph: CUgraph, graphId: Out<c_uint>);

    /// Lists a graph's nodes; without an array only counts them.
    #[since(10_000)]
    #[custom]
    fn cuGraphGetNodes(hGraph: CUgraph, nodes: *mut CUgraphNode, numNodes: InOut<usize>);

    /// Lists the nodes that wait for no other; without an array only counts them.
    #[since(10_000)]
    #[custom]
    fn cuGraphGetRootNodes(hGraph: CUgraph, rootNodes: *mut CUgraphNode, numRootNodes: InOut<usize>);

    /// Gives the host function of a node.
    #[since(10_000)]
    #[custom]
    fn cuGraphHostNodeGetParams(hNode: CUgraphNode, nodeParams: Out<CUDA_HOST_NODE_PARAMS>);

    /// Replaces the host function of a node.
    #[since(10_000)]
    #[custom]
    fn cuGraphHostNodeSetParams(hNode: CUgraphNode, nodeParams: In<CUDA_HOST_NODE_PARAMS>);

    /// Gives a kernel node the attributes of another.
    #[since(11_000)]
    #[custom]
    fn cuGraphKernelNodeCopyAttributes(dst: CUgraphNode, src: CUgraphNode);

    /// Gives an attribute of a kernel node.
    #[since(11_000)]
    #[custom]
    fn cuGraphKernelNodeGetAttribute(hNode: CUgraphNode, attr: CUkernelNodeAttrID, value_out: Out<CUkernelNodeAttrValue>);

    /// Describes a kernel node; the parameters pointed to are the node's own.
    #[since(10_000)]
    #[custom]
    fn cuGraphKernelNodeGetParams(hNode: CUgraphNode, nodeParams: Out<CUDA_KERNEL_NODE_PARAMS_v1>);

    /// Describes a kernel node; the parameters pointed to are the node's own.
    #[since(12_000)]
    #[custom]
    fn cuGraphKernelNodeGetParams_v2(hNode: CUgraphNode, nodeParams: Out<CUDA_KERNEL_NODE_PARAMS>);

    /// Sets an attribute of a kernel node.
    #[since(11_000)]
    #[custom]
    fn cuGraphKernelNodeSetAttribute(hNode: CUgraphNode, attr: CUkernelNodeAttrID, value: In<CUkernelNodeAttrValue>);

    /// Replaces the launch of a kernel node.
    #[since(10_000)]
    #[custom]
    fn cuGraphKernelNodeSetParams(hNode: CUgraphNode, nodeParams: In<CUDA_KERNEL_NODE_PARAMS_v1>);

    /// Replaces the launch of a kernel node.
    #[since(12_000)]
    #[custom]
    fn cuGraphKernelNodeSetParams_v2(hNode: CUgraphNode, nodeParams: In<CUDA_KERNEL_NODE_PARAMS>);

    #[since(11_040)]
    #[unsupported]
    fn cuGraphMemAllocNodeGetParams(hNode: CUgraphNode, params_out: *mut CUDA_MEM_ALLOC_NODE_PARAMS);

    #[since(11_040)]
    #[unsupported]
    fn cuGraphMemFreeNodeGetParams(hNode: CUgraphNode, dptr_out: *mut CUdeviceptr);

    #[since(10_000)]
    #[unsupported]
    fn cuGraphMemcpyNodeGetParams(hNode: CUgraphNode, nodeParams: *mut CUDA_MEMCPY3D);

    /// Replaces the copy of a copy node.
    #[since(10_000)]
    #[custom]
    fn cuGraphMemcpyNodeSetParams(hNode: CUgraphNode, nodeParams: In<CUDA_MEMCPY3D>);

    /// Describes a fill node.
    #[since(10_000)]
    #[custom]
    fn cuGraphMemsetNodeGetParams(hNode: CUgraphNode, nodeParams: Out<CUDA_MEMSET_NODE_PARAMS>);

    /// Replaces the fill of a fill node.
    #[since(10_000)]
    #[custom]
    fn cuGraphMemsetNodeSetParams(hNode: CUgraphNode, nodeParams: In<CUDA_MEMSET_NODE_PARAMS>);

    /// Finds the copy of a node in a clone of its graph.
    #[since(10_000)]
    #[custom]
    fn cuGraphNodeFindInClone(phNode: Out<CUgraphNode>, hOriginalNode: CUgraphNode, hClonedGraph: CUgraph);

    /// Gives the graph that a node is in.
    #[since(13_010)]
    #[custom]
    fn cuGraphNodeGetContainingGraph(hNode: CUgraphNode, phGraph: Out<CUgraph>);

    /// Lists the nodes that a node waits for; without an array only counts them.
    #[since(10_000)]
    #[custom]
    fn cuGraphNodeGetDependencies(hNode: CUgraphNode, dependencies: *mut CUgraphNode, numDependencies: InOut<usize>);

    /// Lists the nodes that a node waits for; no edge has data here.
    #[since(12_030)]
    #[custom]
    fn cuGraphNodeGetDependencies_v2(hNode: CUgraphNode, dependencies: *mut CUgraphNode, edgeData: *mut CUgraphEdgeData, numDependencies: InOut<usize>);

    /// Lists the nodes that wait for a node; without an array only counts them.
    #[since(10_000)]
    #[custom]
    fn cuGraphNodeGetDependentNodes(hNode: CUgraphNode, dependentNodes: *mut CUgraphNode, numDependentNodes: InOut<usize>);

    /// Lists the nodes that wait for a node; no edge has data here.
    #[since(12_030)]
    #[custom]
    fn cuGraphNodeGetDependentNodes_v2(hNode: CUgraphNode, dependentNodes: *mut CUgraphNode, edgeData: *mut CUgraphEdgeData, numDependentNodes: InOut<usize>);

    #[since(11_060)]
    #[unsupported]
    fn cuGraphNodeGetEnabled(hGraphExec: CUgraphExec, hNode: CUgraphNode, isEnabled: *mut c_uint);

    /// Gives a node's number in its graph.
    #[since(13_010)]
    #[custom]
    fn cuGraphNodeGetLocalId(hNode: CUgraphNode, nodeId: Out<c_uint>);

    #[since(13_020)]
    #[unsupported]
    fn cuGraphNodeGetParams(hNode: CUgraphNode, nodeParams: *mut CUgraphNodeParams);

    #[since(13_010)]
    #[unsupported]
    fn cuGraphNodeGetToolsId(hNode: CUgraphNode, toolsNodeId: *mut c_ulonglong);

    /// Gives what kind of work a node does.
    #[since(10_000)]
    #[custom]
    fn cuGraphNodeGetType(hNode: CUgraphNode, type_: Out<CUgraphNodeType>);

    #[since(11_060)]
    #[unsupported]
    fn cuGraphNodeSetEnabled(hGraphExec: CUgraphExec, hNode: CUgraphNode, isEnabled: c_uint);

    #[since(12_020)]
    #[unsupported]
    fn cuGraphNodeSetParams(hNode: CUgraphNode, nodeParams: *mut CUgraphNodeParams);

    #[since(13_040)]
    #[unsupported]
    fn cuGraphNodeSetParams_v2(hNode: CUgraphNode, nodeParams: *mut CUgraphNodeParams);

    #[since(11_030)]
    #[unsupported]
    fn cuGraphReleaseUserObject(graph: CUgraph, object: CUuserObject, count: c_uint);

    /// Removes dependencies between nodes of a graph.
    #[since(10_000)]
    #[custom]
    fn cuGraphRemoveDependencies(hGraph: CUgraph, from: In<[CUgraphNode; numDependencies]>, to: In<[CUgraphNode; numDependencies]>, numDependencies: usize);

    /// Removes dependencies between nodes of a graph.
    #[since(12_030)]
    #[custom]
    fn cuGraphRemoveDependencies_v2(hGraph: CUgraph, from: In<[CUgraphNode; numDependencies]>, to: In<[CUgraphNode; numDependencies]>, edgeData: *const CUgraphEdgeData, numDependencies: usize);

    #[since(11_030)]
    #[unsupported]
    fn cuGraphRetainUserObject(graph: CUgraph, object: CUuserObject, count: c_uint, flags: c_uint);

    #[since(11_030)]
    #[unsupported]
    fn cuUserObjectCreate(
        object_out: *mut CUuserObject, ptr: *mut c_void, destroy: CUhostFn, initialRefcount: c_uint, flags: c_uint,
    );

    #[since(11_030)]
    #[unsupported]
    fn cuUserObjectRelease(object: CUuserObject, count: c_uint);

    #[since(11_030)]
    #[unsupported]
    fn cuUserObjectRetain(object: CUuserObject, count: c_uint);
}
