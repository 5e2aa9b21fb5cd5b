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
    #[errors(
        INVALID_VALUE = "`hGraph` is no graph, or a dependency is none of its nodes or named twice, or `childGraph` is no graph",
        OUT_OF_MEMORY = "the graph has 4,194,304 nodes, or there are 65,536 graphs",
    )]
    fn cuGraphAddChildGraphNode(phGraphNode: Out<CUgraphNode>, hGraph: CUgraph, dependencies: In<[CUgraphNode; numDependencies]>, numDependencies: usize, childGraph: CUgraph);

    /// Adds dependencies between nodes of a graph.
    #[since(10_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`hGraph` is no graph, a node is none of its own or would wait for itself, or a dependency is there already")]
    fn cuGraphAddDependencies(hGraph: CUgraph, from: In<[CUgraphNode; numDependencies]>, to: In<[CUgraphNode; numDependencies]>, numDependencies: usize);

    /// Adds dependencies between nodes of a graph; data of edges is not supported.
    #[since(12_030)]
    #[custom]
    #[errors(cuGraphAddDependencies, NOT_SUPPORTED = "an edge has data")]
    fn cuGraphAddDependencies_v2(hGraph: CUgraph, from: In<[CUgraphNode; numDependencies]>, to: In<[CUgraphNode; numDependencies]>, edgeData: *const CUgraphEdgeData, numDependencies: usize);

    /// Adds a node that does nothing.
    #[since(10_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`hGraph` is no graph, or a dependency is none of its nodes or named twice", OUT_OF_MEMORY = "the graph has 4,194,304 nodes")]
    fn cuGraphAddEmptyNode(phGraphNode: Out<CUgraphNode>, hGraph: CUgraph, dependencies: In<[CUgraphNode; numDependencies]>, numDependencies: usize);

    /// Adds the recording of an event.
    #[since(11_010)]
    #[custom]
    #[errors(cuGraphAddEmptyNode, INVALID_HANDLE = "`event` is no event")]
    fn cuGraphAddEventRecordNode(phGraphNode: Out<CUgraphNode>, hGraph: CUgraph, dependencies: In<[CUgraphNode; numDependencies]>, numDependencies: usize, event: CUevent);

    /// Adds a wait for an event, as it is recorded when the graph is launched.
    #[since(11_010)]
    #[custom]
    #[errors(cuGraphAddEmptyNode, INVALID_HANDLE = "`event` is no event")]
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
    #[errors(INVALID_VALUE = "`hGraph` is no graph, or a dependency is none of its nodes or named twice, or the function is null", OUT_OF_MEMORY = "the graph has 4,194,304 nodes")]
    fn cuGraphAddHostNode(phGraphNode: Out<CUgraphNode>, hGraph: CUgraph, dependencies: In<[CUgraphNode; numDependencies]>, numDependencies: usize, nodeParams: In<CUDA_HOST_NODE_PARAMS>);

    /// Adds a kernel launch; its parameters are taken now.
    #[since(10_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`hGraph` is no graph, or a dependency is none of its nodes or named twice, the function is null, or `cuLaunchKernel` would refuse its shape or parameters",
        INVALID_HANDLE = "the function is none",
        LAUNCH_OUT_OF_RESOURCES = "the block has more threads than the kernel can have",
        OUT_OF_MEMORY = "the graph has 4,194,304 nodes",
    )]
    fn cuGraphAddKernelNode(phGraphNode: Out<CUgraphNode>, hGraph: CUgraph, dependencies: In<[CUgraphNode; numDependencies]>, numDependencies: usize, nodeParams: In<CUDA_KERNEL_NODE_PARAMS_v1>);

    /// Adds a kernel launch; its parameters are taken now.
    #[since(12_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`hGraph` is no graph, or a dependency is none of its nodes or named twice, there is not either a function or a kernel, or `cuLaunchKernel` would refuse its shape or parameters",
        INVALID_HANDLE = "the function or kernel is none",
        INVALID_CONTEXT = "the context is neither null nor one that lives",
        LAUNCH_OUT_OF_RESOURCES = "the block has more threads than the kernel can have",
        OUT_OF_MEMORY = "the graph has 4,194,304 nodes",
    )]
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
    #[errors(
        INVALID_VALUE = "`hGraph` is no graph, or a dependency is none of its nodes or named twice, or `cuMemcpy3D_v2` would refuse the copy",
        INVALID_CONTEXT = "`ctx` is neither null nor a context that lives",
        OUT_OF_MEMORY = "the graph has 4,194,304 nodes",
    )]
    fn cuGraphAddMemcpyNode(phGraphNode: Out<CUgraphNode>, hGraph: CUgraph, dependencies: In<[CUgraphNode; numDependencies]>, numDependencies: usize, copyParams: In<CUDA_MEMCPY3D>, ctx: CUcontext);

    /// Adds a fill.
    #[since(10_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`hGraph` is no graph, or a dependency is none of its nodes or named twice, or the fill is empty, misaligned, or has rows longer than its pitch",
        INVALID_CONTEXT = "`ctx` is neither null nor a context that lives",
        OUT_OF_MEMORY = "the graph has 4,194,304 nodes",
    )]
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
    #[errors(INVALID_VALUE = "`hNode` is no node that holds a graph")]
    fn cuGraphChildGraphNodeGetGraph(hNode: CUgraphNode, phGraph: Out<CUgraph>);

    /// Copies a graph.
    #[since(10_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`originalGraph` is no graph", OUT_OF_MEMORY = "there are 65,536 graphs")]
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
    #[errors(INVALID_VALUE = "`flags` is not 0", OUT_OF_MEMORY = "there are 65,536 graphs")]
    fn cuGraphCreate(phGraph: Out<CUgraph>, flags: c_uint);

    #[since(11_030)]
    #[unsupported]
    fn cuGraphDebugDotPrint(hGraph: CUgraph, path: *const c_char, flags: c_uint);

    /// Ends a graph; what was instantiated from it lives on.
    #[since(10_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`hGraph` is no graph")]
    fn cuGraphDestroy(hGraph: CUgraph);

    /// Removes a node and its dependencies.
    #[since(10_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`hNode` is no node")]
    fn cuGraphDestroyNode(hNode: CUgraphNode);

    /// Gives the event that a node records.
    #[since(11_010)]
    #[custom]
    #[errors(INVALID_VALUE = "`hNode` is no node that records an event")]
    fn cuGraphEventRecordNodeGetEvent(hNode: CUgraphNode, event_out: Out<CUevent>);

    /// Replaces the event that a node records.
    #[since(11_010)]
    #[custom]
    #[errors(cuGraphEventRecordNodeGetEvent, INVALID_HANDLE = "`event` is no event")]
    fn cuGraphEventRecordNodeSetEvent(hNode: CUgraphNode, event: CUevent);

    /// Gives the event that a node waits for.
    #[since(11_010)]
    #[custom]
    #[errors(INVALID_VALUE = "`hNode` is no node that waits for an event")]
    fn cuGraphEventWaitNodeGetEvent(hNode: CUgraphNode, event_out: Out<CUevent>);

    /// Replaces the event that a node waits for.
    #[since(11_010)]
    #[custom]
    #[errors(cuGraphEventWaitNodeGetEvent, INVALID_HANDLE = "`event` is no event")]
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
    #[errors(INVALID_VALUE = "`hGraph` is no graph, or only one of the arrays is null")]
    fn cuGraphGetEdges(hGraph: CUgraph, from: *mut CUgraphNode, to: *mut CUgraphNode, numEdges: InOut<usize>);

    /// Lists a graph's dependencies; no edge has data here.
    #[since(12_030)]
    #[custom]
    #[errors(INVALID_VALUE = "`hGraph` is no graph, or only some of the arrays are null, `edgeData` not alone")]
    fn cuGraphGetEdges_v2(hGraph: CUgraph, from: *mut CUgraphNode, to: *mut CUgraphNode, edgeData: *mut CUgraphEdgeData, numEdges: InOut<usize>);

    /// Gives a number that no other graph of the process has or had.
    #[since(13_010)]
    #[custom]
    #[errors(INVALID_VALUE = "`hGraph` is no graph")]
    fn cuGraphGetId(hGraph: CUgraph, graphId: Out<c_uint>);

    /// Lists a graph's nodes; without an array only counts them.
    #[since(10_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`hGraph` is no graph")]
    fn cuGraphGetNodes(hGraph: CUgraph, nodes: *mut CUgraphNode, numNodes: InOut<usize>);

    /// Lists the nodes that wait for no other; without an array only counts them.
    #[since(10_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`hGraph` is no graph")]
    fn cuGraphGetRootNodes(hGraph: CUgraph, rootNodes: *mut CUgraphNode, numRootNodes: InOut<usize>);

    /// Gives the host function of a node.
    #[since(10_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`hNode` is no node that calls a function")]
    fn cuGraphHostNodeGetParams(hNode: CUgraphNode, nodeParams: Out<CUDA_HOST_NODE_PARAMS>);

    /// Replaces the host function of a node.
    #[since(10_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`hNode` is no node that calls a function, or the function is null")]
    fn cuGraphHostNodeSetParams(hNode: CUgraphNode, nodeParams: In<CUDA_HOST_NODE_PARAMS>);

    /// Gives a kernel node the attributes of another.
    #[since(11_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`dst` or `src` is no kernel node",
        NOT_SUPPORTED = "a cooperative launch is asked for, and the device has none",
        COOPERATIVE_LAUNCH_TOO_LARGE = "it cannot hold all blocks at a time",
    )]
    fn cuGraphKernelNodeCopyAttributes(dst: CUgraphNode, src: CUgraphNode);

    /// Gives an attribute of a kernel node.
    #[since(11_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`hNode` is no kernel node, or `attr` none that such nodes have")]
    fn cuGraphKernelNodeGetAttribute(hNode: CUgraphNode, attr: CUkernelNodeAttrID, value_out: Out<CUkernelNodeAttrValue>);

    /// Describes a kernel node; the parameters pointed to are the node's own.
    #[since(10_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`hNode` is no kernel node")]
    fn cuGraphKernelNodeGetParams(hNode: CUgraphNode, nodeParams: Out<CUDA_KERNEL_NODE_PARAMS_v1>);

    /// Describes a kernel node; the parameters pointed to are the node's own.
    #[since(12_000)]
    #[custom]
    #[errors(cuGraphKernelNodeGetParams)]
    fn cuGraphKernelNodeGetParams_v2(hNode: CUgraphNode, nodeParams: Out<CUDA_KERNEL_NODE_PARAMS>);

    /// Sets an attribute of a kernel node.
    #[since(11_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`hNode` is no kernel node, `attr` none that such nodes have, or `value` a cluster without blocks",
        NOT_SUPPORTED = "the device has no clusters or no cooperative launches, and these are asked for",
        COOPERATIVE_LAUNCH_TOO_LARGE = "it cannot hold all blocks at a time",
    )]
    fn cuGraphKernelNodeSetAttribute(hNode: CUgraphNode, attr: CUkernelNodeAttrID, value: In<CUkernelNodeAttrValue>);

    /// Replaces the launch of a kernel node.
    #[since(10_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`hNode` is no kernel node, the function is null, or `cuLaunchKernel` would refuse its shape or parameters",
        INVALID_HANDLE = "the function is none",
        LAUNCH_OUT_OF_RESOURCES = "the block has more threads than the kernel can have",
    )]
    fn cuGraphKernelNodeSetParams(hNode: CUgraphNode, nodeParams: In<CUDA_KERNEL_NODE_PARAMS_v1>);

    /// Replaces the launch of a kernel node.
    #[since(12_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`hNode` is no kernel node, there is not either a function or a kernel, or `cuLaunchKernel` would refuse its shape or parameters",
        INVALID_HANDLE = "the function or kernel is none",
        INVALID_CONTEXT = "the context is neither null nor one that lives",
        LAUNCH_OUT_OF_RESOURCES = "the block has more threads than the kernel can have",
    )]
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
    #[errors(INVALID_VALUE = "`hNode` is no copy, or the copy is empty or one that `cuMemcpy3D_v2` would refuse")]
    fn cuGraphMemcpyNodeSetParams(hNode: CUgraphNode, nodeParams: In<CUDA_MEMCPY3D>);

    /// Describes a fill node.
    #[since(10_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`hNode` is no fill")]
    fn cuGraphMemsetNodeGetParams(hNode: CUgraphNode, nodeParams: Out<CUDA_MEMSET_NODE_PARAMS>);

    /// Replaces the fill of a fill node.
    #[since(10_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`hNode` is no fill, or the fill is empty, misaligned, or has rows longer than its pitch")]
    fn cuGraphMemsetNodeSetParams(hNode: CUgraphNode, nodeParams: In<CUDA_MEMSET_NODE_PARAMS>);

    /// Finds the copy of a node in a clone of its graph.
    #[since(10_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`hOriginalNode` is no node, `hClonedGraph` no graph, or one without such a node")]
    fn cuGraphNodeFindInClone(phNode: Out<CUgraphNode>, hOriginalNode: CUgraphNode, hClonedGraph: CUgraph);

    /// Gives the graph that a node is in.
    #[since(13_010)]
    #[custom]
    #[errors(INVALID_VALUE = "`hNode` is no node")]
    fn cuGraphNodeGetContainingGraph(hNode: CUgraphNode, phGraph: Out<CUgraph>);

    /// Lists the nodes that a node waits for; without an array only counts them.
    #[since(10_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`hNode` is no node")]
    fn cuGraphNodeGetDependencies(hNode: CUgraphNode, dependencies: *mut CUgraphNode, numDependencies: InOut<usize>);

    /// Lists the nodes that a node waits for; no edge has data here.
    #[since(12_030)]
    #[custom]
    #[errors(INVALID_VALUE = "`hNode` is no node, or `edgeData` is asked for without `dependencies`")]
    fn cuGraphNodeGetDependencies_v2(hNode: CUgraphNode, dependencies: *mut CUgraphNode, edgeData: *mut CUgraphEdgeData, numDependencies: InOut<usize>);

    /// Lists the nodes that wait for a node; without an array only counts them.
    #[since(10_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`hNode` is no node")]
    fn cuGraphNodeGetDependentNodes(hNode: CUgraphNode, dependentNodes: *mut CUgraphNode, numDependentNodes: InOut<usize>);

    /// Lists the nodes that wait for a node; no edge has data here.
    #[since(12_030)]
    #[custom]
    #[errors(INVALID_VALUE = "`hNode` is no node, or `edgeData` is asked for without `dependentNodes`")]
    fn cuGraphNodeGetDependentNodes_v2(hNode: CUgraphNode, dependentNodes: *mut CUgraphNode, edgeData: *mut CUgraphEdgeData, numDependentNodes: InOut<usize>);

    #[since(11_060)]
    #[unsupported]
    fn cuGraphNodeGetEnabled(hGraphExec: CUgraphExec, hNode: CUgraphNode, isEnabled: *mut c_uint);

    /// Gives a node's number in its graph.
    #[since(13_010)]
    #[custom]
    #[errors(INVALID_VALUE = "`hNode` is no node")]
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
    #[errors(INVALID_VALUE = "`hNode` is no node")]
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
    #[errors(INVALID_VALUE = "`hGraph` is no graph, a node is none of its own, or a dependency is not there")]
    fn cuGraphRemoveDependencies(hGraph: CUgraph, from: In<[CUgraphNode; numDependencies]>, to: In<[CUgraphNode; numDependencies]>, numDependencies: usize);

    /// Removes dependencies between nodes of a graph.
    #[since(12_030)]
    #[custom]
    #[errors(cuGraphRemoveDependencies, NOT_SUPPORTED = "an edge has data")]
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
