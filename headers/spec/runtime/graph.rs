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
    #[errors(
        InvalidValue = "`graph` is no graph, or a dependency is none of its nodes or named twice, or `childGraph` is no graph",
        MemoryAllocation = "the graph has 4,194,304 nodes, or there are 65,536 graphs",
    )]
    fn cudaGraphAddChildGraphNode(
        pGraphNode: Out<cudaGraphNode_t>, graph: cudaGraph_t, pDependencies: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize, childGraph: cudaGraph_t,
    );

    /// Adds edges.
    #[custom]
    #[errors(InvalidValue = "`graph` is no graph, a node is none of its own or would wait for itself, or a dependency is there already")]
    fn cudaGraphAddDependencies(
        graph: cudaGraph_t, from: In<[cudaGraphNode_t; numDependencies]>, to: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize,
    );

    /// Adds edges with data.
    #[custom]
    #[errors(cudaGraphAddDependencies, NotSupported = "an edge has data")]
    fn cudaGraphAddDependencies_v2(
        graph: cudaGraph_t, from: *const cudaGraphNode_t, to: *const cudaGraphNode_t,
        edgeData: *const cudaGraphEdgeData, numDependencies: usize,
    );

    /// Adds a node that only orders others.
    #[custom]
    #[errors(InvalidValue = "`graph` is no graph, or a dependency is none of its nodes or named twice", MemoryAllocation = "the graph has 4,194,304 nodes")]
    fn cudaGraphAddEmptyNode(
        pGraphNode: Out<cudaGraphNode_t>, graph: cudaGraph_t, pDependencies: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize,
    );

    /// Adds the recording of an event.
    #[custom]
    #[errors(cudaGraphAddEmptyNode, InvalidResourceHandle = "`event` is no event")]
    fn cudaGraphAddEventRecordNode(
        pGraphNode: Out<cudaGraphNode_t>, graph: cudaGraph_t, pDependencies: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize, event: cudaEvent_t,
    );

    /// Adds the wait for an event.
    #[custom]
    #[errors(cudaGraphAddEmptyNode, InvalidResourceHandle = "`event` is no event")]
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
    #[errors(InvalidValue = "`graph` is no graph, or a dependency is none of its nodes or named twice, or the function is null", MemoryAllocation = "the graph has 4,194,304 nodes")]
    fn cudaGraphAddHostNode(
        pGraphNode: Out<cudaGraphNode_t>, graph: cudaGraph_t, pDependencies: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize, pNodeParams: In<cudaHostNodeParams>,
    );

    /// Adds a launch.
    #[custom]
    #[errors(
        InvalidDeviceFunction = "the function is no kernel, or one that its image lacks",
        InvalidValue = "`graph` is no graph, or a dependency is none of its nodes or named twice, or the launch has a shape or parameters that the kernel cannot have",
        LaunchOutOfResources = "the block has more threads than the kernel can have",
        MemoryAllocation = "the graph has 4,194,304 nodes",
    )]
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
    #[errors(
        InvalidValue = "`graph` is no graph, or a dependency is none of its nodes or named twice, or the copy is empty, has more rows than a slice, or a side is null or not so much memory of its kind",
        InvalidMemcpyDirection = "the kind is none",
        InvalidPitchValue = "rows are wider than their pitch",
        MemoryAllocation = "the graph has 4,194,304 nodes",
    )]
    fn cudaGraphAddMemcpyNode(
        pGraphNode: Out<cudaGraphNode_t>, graph: cudaGraph_t, pDependencies: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize, pCopyParams: In<cudaMemcpy3DParms>,
    );

    /// Adds a linear copy.
    #[custom]
    #[errors(
        InvalidValue = "`graph` is no graph, or a dependency is none of its nodes or named twice, or `count` is 0, or a side is null or not so much memory of its kind",
        InvalidMemcpyDirection = "`kind` is none",
        MemoryAllocation = "the graph has 4,194,304 nodes",
    )]
    fn cudaGraphAddMemcpyNode1D(
        pGraphNode: Out<cudaGraphNode_t>, graph: cudaGraph_t, pDependencies: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize, dst: *mut c_void, src: *const c_void, count: usize, kind: cudaMemcpyKind,
    );

    /// Adds a copy from a variable.
    #[custom]
    #[errors(
        InvalidSymbol = "`symbol` is no variable",
        InvalidValue = "`graph` is no graph, or a dependency is none of its nodes or named twice, or `count` is 0, or more than the variable has after `offset`, or the other side is null or not so much memory of its kind",
        InvalidMemcpyDirection = "`kind` is none, or one that reads from the host",
        MemoryAllocation = "the graph has 4,194,304 nodes",
    )]
    fn cudaGraphAddMemcpyNodeFromSymbol(
        pGraphNode: Out<cudaGraphNode_t>, graph: cudaGraph_t, pDependencies: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize, dst: *mut c_void, symbol: *const c_void, count: usize, offset: usize,
        kind: cudaMemcpyKind,
    );

    /// Adds a copy to a variable.
    #[custom]
    #[errors(
        InvalidSymbol = "`symbol` is no variable",
        InvalidValue = "`graph` is no graph, or a dependency is none of its nodes or named twice, or `count` is 0, or more than the variable has after `offset`, or the other side is null or not so much memory of its kind",
        InvalidMemcpyDirection = "`kind` is none, or one that writes to the host",
        MemoryAllocation = "the graph has 4,194,304 nodes",
    )]
    fn cudaGraphAddMemcpyNodeToSymbol(
        pGraphNode: Out<cudaGraphNode_t>, graph: cudaGraph_t, pDependencies: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize, symbol: *const c_void, src: *const c_void, count: usize, offset: usize,
        kind: cudaMemcpyKind,
    );

    /// Adds a fill.
    #[custom]
    #[errors(
        InvalidValue = "`graph` is no graph, or a dependency is none of its nodes or named twice, or the fill is empty, misaligned, or has rows longer than its pitch",
        MemoryAllocation = "the graph has 4,194,304 nodes",
    )]
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
    #[errors(InvalidValue = "`node` is no node that holds a graph")]
    fn cudaGraphChildGraphNodeGetGraph(node: cudaGraphNode_t, pGraph: Out<cudaGraph_t>);

    /// Copies a graph.
    #[custom]
    #[errors(InvalidValue = "`originalGraph` is no graph", MemoryAllocation = "there are 65,536 graphs")]
    fn cudaGraphClone(pGraphClone: Out<cudaGraph_t>, originalGraph: cudaGraph_t);

    #[unsupported]
    fn cudaGraphConditionalHandleCreate(
        pHandle_out: *mut cudaGraphConditionalHandle, graph: cudaGraph_t, defaultLaunchValue: c_uint, flags: c_uint,
    );

    /// Creates an empty graph.
    #[custom]
    #[errors(InvalidValue = "`flags` is not 0", MemoryAllocation = "there are 65,536 graphs")]
    fn cudaGraphCreate(pGraph: Out<cudaGraph_t>, flags: c_uint);

    /// Writes a graph as a DOT file.
    #[custom]
    #[errors(NotSupported = "vgpu's libcuda does not do this")]
    fn cudaGraphDebugDotPrint(graph: cudaGraph_t, path: Str, flags: c_uint);

    /// Destroys a graph.
    #[custom]
    #[errors(InvalidValue = "`graph` is no graph")]
    fn cudaGraphDestroy(graph: cudaGraph_t);

    /// Removes a node.
    #[custom]
    #[errors(InvalidValue = "`node` is no node")]
    fn cudaGraphDestroyNode(node: cudaGraphNode_t);

    /// The event that a node records.
    #[custom]
    #[errors(InvalidValue = "`node` is no node that records an event")]
    fn cudaGraphEventRecordNodeGetEvent(node: cudaGraphNode_t, event_out: Out<cudaEvent_t>);

    /// Sets the event that a node records.
    #[custom]
    #[errors(InvalidValue = "`node` is no node that records an event", InvalidResourceHandle = "`event` is no event")]
    fn cudaGraphEventRecordNodeSetEvent(node: cudaGraphNode_t, event: cudaEvent_t);

    /// The event that a node waits for.
    #[custom]
    #[errors(InvalidValue = "`node` is no node that waits for an event")]
    fn cudaGraphEventWaitNodeGetEvent(node: cudaGraphNode_t, event_out: Out<cudaEvent_t>);

    /// Sets the event that a node waits for.
    #[custom]
    #[errors(InvalidValue = "`node` is no node that waits for an event", InvalidResourceHandle = "`event` is no event")]
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
    #[errors(InvalidValue = "`graph` is no graph, or only one of the arrays is null")]
    fn cudaGraphGetEdges(
        graph: cudaGraph_t, from: *mut cudaGraphNode_t, to: *mut cudaGraphNode_t, numEdges: *mut usize,
    );

    /// Lists a graph's edges with their data.
    #[custom]
    #[errors(InvalidValue = "`graph` is no graph, or only some of the arrays are null, `edgeData` not alone")]
    fn cudaGraphGetEdges_v2(
        graph: cudaGraph_t, from: *mut cudaGraphNode_t, to: *mut cudaGraphNode_t, edgeData: *mut cudaGraphEdgeData,
        numEdges: *mut usize,
    );

    /// Lists a graph's nodes.
    #[custom]
    #[errors(InvalidValue = "`graph` is no graph")]
    fn cudaGraphGetNodes(graph: cudaGraph_t, nodes: *mut cudaGraphNode_t, numNodes: *mut usize);

    /// Lists a graph's nodes that come after no other.
    #[custom]
    #[errors(InvalidValue = "`graph` is no graph")]
    fn cudaGraphGetRootNodes(graph: cudaGraph_t, pRootNodes: *mut cudaGraphNode_t, pNumRootNodes: *mut usize);

    /// A host node's function.
    #[custom]
    #[errors(InvalidValue = "`node` is no node that calls a function")]
    fn cudaGraphHostNodeGetParams(node: cudaGraphNode_t, pNodeParams: Out<cudaHostNodeParams>);

    /// Sets a host node's function.
    #[custom]
    #[errors(InvalidValue = "`node` is no node that calls a function, or the function is null")]
    fn cudaGraphHostNodeSetParams(node: cudaGraphNode_t, pNodeParams: In<cudaHostNodeParams>);

    /// Gives a launch node the attributes of another.
    #[custom]
    #[errors(
        InvalidValue = "`hDst` or `hSrc` is no kernel node",
        NotSupported = "a cooperative launch is asked for, and the device has none",
        CooperativeLaunchTooLarge = "it cannot hold all blocks at a time",
    )]
    fn cudaGraphKernelNodeCopyAttributes(hSrc: cudaGraphNode_t, hDst: cudaGraphNode_t);

    /// An attribute of a launch node.
    #[custom]
    #[errors(InvalidValue = "`hNode` is no kernel node, or `attr` none that such nodes have")]
    fn cudaGraphKernelNodeGetAttribute(
        hNode: cudaGraphNode_t, attr: cudaLaunchAttributeID, value_out: *mut cudaLaunchAttributeValue,
    );

    /// A launch node's parameters.
    #[custom]
    #[errors(InvalidValue = "`node` is no kernel node")]
    fn cudaGraphKernelNodeGetParams(node: cudaGraphNode_t, pNodeParams: Out<cudaKernelNodeParams>);

    /// Sets an attribute of a launch node.
    #[custom]
    #[errors(
        InvalidValue = "`hNode` is no kernel node, `attr` none that such nodes have, or `value` a cluster without blocks",
        NotSupported = "the device has no clusters or no cooperative launches, and these are asked for",
        CooperativeLaunchTooLarge = "it cannot hold all blocks at a time",
    )]
    fn cudaGraphKernelNodeSetAttribute(
        hNode: cudaGraphNode_t, attr: cudaLaunchAttributeID, value: *const cudaLaunchAttributeValue,
    );

    /// Sets a launch node's parameters.
    #[custom]
    #[errors(
        InvalidDeviceFunction = "the function is no kernel, or one that its image lacks",
        InvalidValue = "`node` is no kernel node, or the launch has a shape or parameters that the kernel cannot have",
        LaunchOutOfResources = "the block has more threads than the kernel can have",
    )]
    fn cudaGraphKernelNodeSetParams(node: cudaGraphNode_t, pNodeParams: In<cudaKernelNodeParams>);

    #[unsupported]
    fn cudaGraphMemAllocNodeGetParams(node: cudaGraphNode_t, params_out: *mut cudaMemAllocNodeParams);

    #[unsupported]
    fn cudaGraphMemFreeNodeGetParams(node: cudaGraphNode_t, dptr_out: *mut c_void);

    #[unsupported]
    fn cudaGraphMemcpyNodeGetParams(node: cudaGraphNode_t, pNodeParams: *mut cudaMemcpy3DParms);

    /// Sets a copy node's parameters.
    #[custom]
    #[errors(
        InvalidValue = "`node` is no copy, or the copy is empty, has more rows than a slice, or a side is null or not so much memory of its kind",
        InvalidMemcpyDirection = "the kind is none",
        InvalidPitchValue = "rows are wider than their pitch",
    )]
    fn cudaGraphMemcpyNodeSetParams(node: cudaGraphNode_t, pNodeParams: In<cudaMemcpy3DParms>);

    /// Makes a copy node a linear copy.
    #[custom]
    #[errors(InvalidValue = "`node` is no copy, or `count` is 0, or a side is null or not so much memory of its kind", InvalidMemcpyDirection = "`kind` is none")]
    fn cudaGraphMemcpyNodeSetParams1D(
        node: cudaGraphNode_t, dst: *mut c_void, src: *const c_void, count: usize, kind: cudaMemcpyKind,
    );

    /// Makes a copy node a copy from a variable.
    #[custom]
    #[errors(
        InvalidSymbol = "`symbol` is no variable",
        InvalidValue = "`node` is no copy, or `count` is 0, or more than the variable has after `offset`, or the other side is null or not so much memory of its kind",
        InvalidMemcpyDirection = "`kind` is none, or one that reads from the host",
    )]
    fn cudaGraphMemcpyNodeSetParamsFromSymbol(
        node: cudaGraphNode_t, dst: *mut c_void, symbol: *const c_void, count: usize, offset: usize,
        kind: cudaMemcpyKind,
    );

    /// Makes a copy node a copy to a variable.
    #[custom]
    #[errors(
        InvalidSymbol = "`symbol` is no variable",
        InvalidValue = "`node` is no copy, or `count` is 0, or more than the variable has after `offset`, or the other side is null or not so much memory of its kind",
        InvalidMemcpyDirection = "`kind` is none, or one that writes to the host",
    )]
    fn cudaGraphMemcpyNodeSetParamsToSymbol(
        node: cudaGraphNode_t, symbol: *const c_void, src: *const c_void, count: usize, offset: usize,
        kind: cudaMemcpyKind,
    );

    /// A fill node's parameters.
    #[custom]
    #[errors(InvalidValue = "`node` is no fill")]
    fn cudaGraphMemsetNodeGetParams(node: cudaGraphNode_t, pNodeParams: Out<cudaMemsetParams>);

    /// Sets a fill node's parameters.
    #[custom]
    #[errors(InvalidValue = "`node` is no fill, or the fill is empty, misaligned, or has rows longer than its pitch")]
    fn cudaGraphMemsetNodeSetParams(node: cudaGraphNode_t, pNodeParams: In<cudaMemsetParams>);

    /// A clone's node for a node of the original.
    #[custom]
    #[errors(InvalidValue = "`originalNode` is no node, `clonedGraph` no graph, or one without such a node")]
    fn cudaGraphNodeFindInClone(pNode: Out<cudaGraphNode_t>, originalNode: cudaGraphNode_t, clonedGraph: cudaGraph_t);

    /// Lists the nodes that a node comes after.
    #[custom]
    #[errors(InvalidValue = "`node` is no node")]
    fn cudaGraphNodeGetDependencies(
        node: cudaGraphNode_t, pDependencies: *mut cudaGraphNode_t, pNumDependencies: *mut usize,
    );

    /// Lists the nodes that a node comes after, with the edges' data.
    #[custom]
    #[errors(InvalidValue = "`node` is no node, or `edgeData` is asked for without `pDependencies`")]
    fn cudaGraphNodeGetDependencies_v2(
        node: cudaGraphNode_t, pDependencies: *mut cudaGraphNode_t, edgeData: *mut cudaGraphEdgeData,
        pNumDependencies: *mut usize,
    );

    /// Lists the nodes that come after a node.
    #[custom]
    #[errors(InvalidValue = "`node` is no node")]
    fn cudaGraphNodeGetDependentNodes(
        node: cudaGraphNode_t, pDependentNodes: *mut cudaGraphNode_t, pNumDependentNodes: *mut usize,
    );

    /// Lists the nodes that come after a node, with the edges' data.
    #[custom]
    #[errors(InvalidValue = "`node` is no node, or `edgeData` is asked for without `pDependentNodes`")]
    fn cudaGraphNodeGetDependentNodes_v2(
        node: cudaGraphNode_t, pDependentNodes: *mut cudaGraphNode_t, edgeData: *mut cudaGraphEdgeData,
        pNumDependentNodes: *mut usize,
    );

    /// Whether a node of an executable graph is on.
    #[custom]
    #[errors(NotSupported = "vgpu's libcuda does not do this")]
    fn cudaGraphNodeGetEnabled(hGraphExec: cudaGraphExec_t, hNode: cudaGraphNode_t, isEnabled: Out<c_uint>);

    /// What a node does.
    #[custom]
    #[errors(InvalidValue = "`node` is no node")]
    fn cudaGraphNodeGetType(node: cudaGraphNode_t, pType: Out<cudaGraphNodeType>);

    /// Turns a node of an executable graph on or off.
    #[custom]
    #[errors(NotSupported = "vgpu's libcuda does not do this")]
    fn cudaGraphNodeSetEnabled(hGraphExec: cudaGraphExec_t, hNode: cudaGraphNode_t, isEnabled: c_uint);

    #[unsupported]
    fn cudaGraphNodeSetParams(node: cudaGraphNode_t, nodeParams: *mut cudaGraphNodeParams);

    #[unsupported]
    fn cudaGraphReleaseUserObject(graph: cudaGraph_t, object: cudaUserObject_t, count: c_uint);

    /// Removes edges.
    #[custom]
    #[errors(InvalidValue = "`graph` is no graph, a node is none of its own, or a dependency is not there")]
    fn cudaGraphRemoveDependencies(
        graph: cudaGraph_t, from: In<[cudaGraphNode_t; numDependencies]>, to: In<[cudaGraphNode_t; numDependencies]>,
        numDependencies: usize,
    );

    /// Removes edges with data.
    #[custom]
    #[errors(cudaGraphRemoveDependencies, NotSupported = "an edge has data")]
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
