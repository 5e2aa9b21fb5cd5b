//! Array. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Says what an array was made of. Any output may be null.
    #[custom]
    #[errors(InvalidResourceHandle = "`array` is no array")]
    fn cudaArrayGetInfo(
        desc: OutOpt<cudaChannelFormatDesc>,
        extent: OutOpt<cudaExtent>,
        flags: OutOpt<c_uint>,
        array: cudaArray_t,
    );

    #[unsupported]
    fn cudaArrayGetMemoryRequirements(
        memoryRequirements: *mut cudaArrayMemoryRequirements,
        array: cudaArray_t,
        device: c_int,
    );

    #[unsupported]
    fn cudaArrayGetPlane(pPlaneArray: *mut cudaArray_t, hArray: cudaArray_t, planeIdx: c_uint);

    #[unsupported]
    fn cudaArrayGetSparseProperties(sparseProperties: *mut cudaArraySparseProperties, array: cudaArray_t);

    /// Ends an array once the work queued before is done; null is nothing.
    #[custom]
    #[errors(
        InvalidResourceHandle = "it is neither null nor an array of its own",
        StreamCaptureUnsupported = "a capture is open that forbids such calls, and which this one breaks",
    )]
    fn cudaFreeArray(array: cudaArray_t);

    /// Ends a mip map once the work queued before is done; null is nothing.
    #[custom]
    #[errors(
        InvalidResourceHandle = "it is neither null nor a mip map",
        StreamCaptureUnsupported = "a capture is open that forbids such calls, and which this one breaks",
    )]
    fn cudaFreeMipmappedArray(mipmappedArray: cudaMipmappedArray_t);

    /// Gives the array that is a level of a mip map.
    #[custom]
    #[errors(InvalidResourceHandle = "`mipmappedArray` is no mip map", InvalidValue = "it has no such level")]
    fn cudaGetMipmappedArrayLevel(
        levelArray: Out<cudaArray_t>,
        mipmappedArray: cudaMipmappedArray_const_t,
        level: c_uint,
    );

    /// Makes an array of any kind.
    #[custom]
    #[errors(
        InvalidChannelDescriptor = "channels are not alike, or there are none such",
        InvalidValue = "there is no such array, or the device has none so large",
        NotSupported = "channels or a flag are not done",
        MemoryAllocation = "the device, or the program's share of it, has no such room",
        StreamCaptureUnsupported = "a capture is open that forbids such calls, and which this one breaks",
    )]
    fn cudaMalloc3DArray(
        array: Out<cudaArray_t>,
        desc: In<cudaChannelFormatDesc>,
        extent: cudaExtent,
        flags: c_uint,
    );

    /// Makes a one- or two-dimensional array.
    #[custom]
    #[errors(
        InvalidChannelDescriptor = "channels are not alike, or there are none such",
        InvalidValue = "there is no such array, or the device has none so large",
        NotSupported = "channels or a flag are not done",
        MemoryAllocation = "the device, or the program's share of it, has no such room",
        StreamCaptureUnsupported = "a capture is open that forbids such calls, and which this one breaks",
    )]
    fn cudaMallocArray(
        array: Out<cudaArray_t>,
        desc: In<cudaChannelFormatDesc>,
        width: usize,
        height: usize,
        flags: c_uint,
    );

    /// Makes a mip map; more levels than there can be are as many as can.
    #[custom]
    #[errors(
        InvalidChannelDescriptor = "channels are not alike, or there are none such",
        InvalidValue = "there is no such array, or the device has none so large",
        NotSupported = "channels or a flag are not done",
        MemoryAllocation = "the device, or the program's share of it, has no such room",
        StreamCaptureUnsupported = "a capture is open that forbids such calls, and which this one breaks",
    )]
    fn cudaMallocMipmappedArray(
        mipmappedArray: Out<cudaMipmappedArray_t>,
        desc: In<cudaChannelFormatDesc>,
        extent: cudaExtent,
        numLevels: c_uint,
        flags: c_uint,
    );

    /// Copies rows of an array to another.
    #[ptds]
    #[custom]
    #[errors(
        InvalidMemcpyDirection = "the kind is none",
        InvalidValue = "an array is none or does not hold so much there, or a side is null or not so much memory of its kind",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemcpy2DArrayToArray(
        dst: cudaArray_t,
        wOffsetDst: usize,
        hOffsetDst: usize,
        src: cudaArray_const_t,
        wOffsetSrc: usize,
        hOffsetSrc: usize,
        width: usize,
        height: usize,
        kind: cudaMemcpyKind,
    );

    /// Copies rows of an array to memory.
    #[ptds]
    #[custom]
    #[errors(
        InvalidMemcpyDirection = "the kind is none",
        InvalidPitchValue = "rows are wider than their pitch",
        InvalidValue = "an array is none or does not hold so much there, or a side is null or not so much memory of its kind",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemcpy2DFromArray(
        dst: *mut c_void,
        dpitch: usize,
        src: cudaArray_const_t,
        wOffset: usize,
        hOffset: usize,
        width: usize,
        height: usize,
        kind: cudaMemcpyKind,
    );

    /// Copies rows of an array to memory in stream order.
    #[ptsz]
    #[custom]
    #[errors(
        InvalidMemcpyDirection = "the kind is none",
        InvalidPitchValue = "rows are wider than their pitch",
        InvalidValue = "an array is none or does not hold so much there, or a side is null or not so much memory of its kind",
        InvalidResourceHandle = "`stream` is no stream",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemcpy2DFromArrayAsync(
        dst: *mut c_void,
        dpitch: usize,
        src: cudaArray_const_t,
        wOffset: usize,
        hOffset: usize,
        width: usize,
        height: usize,
        kind: cudaMemcpyKind,
        stream: cudaStream_t,
    );

    /// Copies rows of memory to an array.
    #[ptds]
    #[custom]
    #[errors(
        InvalidMemcpyDirection = "the kind is none",
        InvalidPitchValue = "rows are wider than their pitch",
        InvalidValue = "an array is none or does not hold so much there, or a side is null or not so much memory of its kind",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemcpy2DToArray(
        dst: cudaArray_t,
        wOffset: usize,
        hOffset: usize,
        src: *const c_void,
        spitch: usize,
        width: usize,
        height: usize,
        kind: cudaMemcpyKind,
    );

    /// Copies rows of memory to an array in stream order.
    #[ptsz]
    #[custom]
    #[errors(
        InvalidMemcpyDirection = "the kind is none",
        InvalidPitchValue = "rows are wider than their pitch",
        InvalidValue = "an array is none or does not hold so much there, or a side is null or not so much memory of its kind",
        InvalidResourceHandle = "`stream` is no stream",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemcpy2DToArrayAsync(
        dst: cudaArray_t,
        wOffset: usize,
        hOffset: usize,
        src: *const c_void,
        spitch: usize,
        width: usize,
        height: usize,
        kind: cudaMemcpyKind,
        stream: cudaStream_t,
    );

    /// Copies bytes of an array to another, over the ends of rows.
    #[ptds]
    #[custom]
    #[errors(
        InvalidMemcpyDirection = "the kind is none",
        InvalidValue = "an array is none or does not hold so much there, or a side is null or not so much memory of its kind",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemcpyArrayToArray(
        dst: cudaArray_t,
        wOffsetDst: usize,
        hOffsetDst: usize,
        src: cudaArray_const_t,
        wOffsetSrc: usize,
        hOffsetSrc: usize,
        count: usize,
        kind: cudaMemcpyKind,
    );

    /// Copies bytes of an array to memory, over the ends of rows.
    #[ptds]
    #[custom]
    #[errors(
        InvalidMemcpyDirection = "the kind is none",
        InvalidValue = "an array is none or does not hold so much there, or a side is null or not so much memory of its kind",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemcpyFromArray(
        dst: *mut c_void,
        src: cudaArray_const_t,
        wOffset: usize,
        hOffset: usize,
        count: usize,
        kind: cudaMemcpyKind,
    );

    /// Copies bytes of an array to memory in stream order.
    #[ptsz]
    #[custom]
    #[errors(
        InvalidMemcpyDirection = "the kind is none",
        InvalidValue = "an array is none or does not hold so much there, or a side is null or not so much memory of its kind",
        InvalidResourceHandle = "`stream` is no stream",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemcpyFromArrayAsync(
        dst: *mut c_void,
        src: cudaArray_const_t,
        wOffset: usize,
        hOffset: usize,
        count: usize,
        kind: cudaMemcpyKind,
        stream: cudaStream_t,
    );

    /// Copies bytes of memory to an array, over the ends of rows.
    #[ptds]
    #[custom]
    #[errors(
        InvalidMemcpyDirection = "the kind is none",
        InvalidValue = "an array is none or does not hold so much there, or a side is null or not so much memory of its kind",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemcpyToArray(
        dst: cudaArray_t,
        wOffset: usize,
        hOffset: usize,
        src: *const c_void,
        count: usize,
        kind: cudaMemcpyKind,
    );

    /// Copies bytes of memory to an array in stream order.
    #[ptsz]
    #[custom]
    #[errors(
        InvalidMemcpyDirection = "the kind is none",
        InvalidValue = "an array is none or does not hold so much there, or a side is null or not so much memory of its kind",
        InvalidResourceHandle = "`stream` is no stream",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemcpyToArrayAsync(
        dst: cudaArray_t,
        wOffset: usize,
        hOffset: usize,
        src: *const c_void,
        count: usize,
        kind: cudaMemcpyKind,
        stream: cudaStream_t,
    );

    #[unsupported]
    fn cudaMipmappedArrayGetMemoryRequirements(
        memoryRequirements: *mut cudaArrayMemoryRequirements,
        mipmap: cudaMipmappedArray_t,
        device: c_int,
    );

    #[unsupported]
    fn cudaMipmappedArrayGetSparseProperties(
        sparseProperties: *mut cudaArraySparseProperties,
        mipmap: cudaMipmappedArray_t,
    );
}
