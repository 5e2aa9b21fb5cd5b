//! Memcpy. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Copies memory.
    #[ptds]
    #[custom]
    #[errors(
        InvalidMemcpyDirection = "`kind` is none",
        InvalidValue = "a side is null, or not so much memory of its kind",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemcpy(dst: *mut c_void, src: *const c_void, count: usize, kind: cudaMemcpyKind);

    /// Copies rows.
    #[ptds]
    #[custom]
    #[errors(
        InvalidMemcpyDirection = "`kind` is none",
        InvalidPitchValue = "`width` is more than `dpitch` or `spitch`",
        InvalidValue = "a side is null, or not so much memory of its kind",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemcpy2D(
        dst: *mut c_void,
        dpitch: usize,
        src: *const c_void,
        spitch: usize,
        width: usize,
        height: usize,
        kind: cudaMemcpyKind,
    );

    /// Copies rows in stream order.
    #[ptsz]
    #[custom]
    #[errors(cudaMemcpy2D, InvalidResourceHandle = "`stream` is no stream")]
    fn cudaMemcpy2DAsync(
        dst: *mut c_void,
        dpitch: usize,
        src: *const c_void,
        spitch: usize,
        width: usize,
        height: usize,
        kind: cudaMemcpyKind,
        stream: cudaStream_t,
    );

    /// Copies slices of rows.
    #[ptds]
    #[custom]
    #[errors(
        InvalidMemcpyDirection = "the kind is none",
        InvalidPitchValue = "rows are wider than their pitch",
        InvalidValue = "there are more rows than a slice has, or a side is null or not so much memory of its kind",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemcpy3D(p: In<cudaMemcpy3DParms>);

    /// Copies slices of rows in stream order.
    #[ptsz]
    #[custom]
    #[errors(cudaMemcpy3D, InvalidResourceHandle = "`stream` is no stream")]
    fn cudaMemcpy3DAsync(p: In<cudaMemcpy3DParms>, stream: cudaStream_t);

    #[ptsz]
    #[unsupported]
    fn cudaMemcpy3DBatchAsync(
        numOps: usize,
        opList: *mut cudaMemcpy3DBatchOp,
        failIdx: *mut usize,
        flags: c_ulonglong,
        stream: cudaStream_t,
    );

    /// Copies slices of rows between devices.
    #[ptds]
    #[custom]
    #[errors(
        InvalidDevice = "one of the two devices is none",
        InvalidPitchValue = "rows are wider than their pitch",
        NotSupported = "a side is an array",
        InvalidValue = "there are more rows than a slice has, or a side is null or not so much memory of its kind",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemcpy3DPeer(p: In<cudaMemcpy3DPeerParms>);

    /// Copies slices of rows between devices in stream order.
    #[ptsz]
    #[custom]
    #[errors(cudaMemcpy3DPeer, InvalidResourceHandle = "`stream` is no stream")]
    fn cudaMemcpy3DPeerAsync(p: In<cudaMemcpy3DPeerParms>, stream: cudaStream_t);

    /// Copies memory in stream order.
    #[ptsz]
    #[custom]
    #[errors(cudaMemcpy, InvalidResourceHandle = "`stream` is no stream")]
    fn cudaMemcpyAsync(dst: *mut c_void, src: *const c_void, count: usize, kind: cudaMemcpyKind, stream: cudaStream_t);

    #[ptsz]
    #[unsupported]
    fn cudaMemcpyBatchAsync(
        dsts: *mut *mut c_void,
        srcs: *mut *mut c_void,
        sizes: *mut usize,
        count: usize,
        attrs: *mut cudaMemcpyAttributes,
        attrsIdxs: *mut usize,
        numAttrs: usize,
        failIdx: *mut usize,
        stream: cudaStream_t,
    );

    /// Copies from a variable.
    #[ptds]
    #[custom]
    #[errors(
        InvalidSymbol = "`symbol` is no variable",
        InvalidMemcpyDirection = "`kind` is none, or one that reads from the host",
        InvalidValue = "the copy is more than the variable has after `offset`, or the other side is null or not so much memory of its kind",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemcpyFromSymbol(dst: *mut c_void, symbol: *const c_void, count: usize, offset: usize, kind: cudaMemcpyKind);

    /// Copies from a variable in stream order.
    #[ptsz]
    #[custom]
    #[errors(cudaMemcpyFromSymbol, InvalidResourceHandle = "`stream` is no stream")]
    fn cudaMemcpyFromSymbolAsync(
        dst: *mut c_void,
        symbol: *const c_void,
        count: usize,
        offset: usize,
        kind: cudaMemcpyKind,
        stream: cudaStream_t,
    );

    /// Copies memory between devices.
    #[custom]
    #[errors(
        InvalidDevice = "`dstDevice` or `srcDevice` is no device",
        InvalidValue = "a side is not so much memory that the device reaches",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemcpyPeer(dst: *mut c_void, dstDevice: c_int, src: *const c_void, srcDevice: c_int, count: usize);

    /// Copies memory between devices in stream order.
    #[custom]
    #[errors(cudaMemcpyPeer, InvalidResourceHandle = "`stream` is no stream")]
    fn cudaMemcpyPeerAsync(
        dst: *mut c_void,
        dstDevice: c_int,
        src: *const c_void,
        srcDevice: c_int,
        count: usize,
        stream: cudaStream_t,
    );

    /// Copies to a variable.
    #[ptds]
    #[custom]
    #[errors(
        InvalidSymbol = "`symbol` is no variable",
        InvalidMemcpyDirection = "`kind` is none, or one that writes to the host",
        InvalidValue = "the copy is more than the variable has after `offset`, or the other side is null or not so much memory of its kind",
        StreamCaptureImplicit = "it is the legacy stream's work, and a blocking stream is captured",
        StreamCaptureInvalidated = "the stream is in a capture that an earlier call has broken",
    )]
    fn cudaMemcpyToSymbol(symbol: *const c_void, src: *const c_void, count: usize, offset: usize, kind: cudaMemcpyKind);

    /// Copies to a variable in stream order.
    #[ptsz]
    #[custom]
    #[errors(cudaMemcpyToSymbol, InvalidResourceHandle = "`stream` is no stream")]
    fn cudaMemcpyToSymbolAsync(
        symbol: *const c_void,
        src: *const c_void,
        count: usize,
        offset: usize,
        kind: cudaMemcpyKind,
        stream: cudaStream_t,
    );
}
