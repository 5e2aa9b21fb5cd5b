//! Memcpy. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Copies memory.
    #[ptds]
    #[custom]
    fn cudaMemcpy(dst: *mut c_void, src: *const c_void, count: usize, kind: cudaMemcpyKind);

    /// Copies rows.
    #[ptds]
    #[custom]
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
    fn cudaMemcpy3D(p: In<cudaMemcpy3DParms>);

    /// Copies slices of rows in stream order.
    #[ptsz]
    #[custom]
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
    fn cudaMemcpy3DPeer(p: In<cudaMemcpy3DPeerParms>);

    /// Copies slices of rows between devices in stream order.
    #[ptsz]
    #[custom]
    fn cudaMemcpy3DPeerAsync(p: In<cudaMemcpy3DPeerParms>, stream: cudaStream_t);

    /// Copies memory in stream order.
    #[ptsz]
    #[custom]
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
    fn cudaMemcpyFromSymbol(dst: *mut c_void, symbol: *const c_void, count: usize, offset: usize, kind: cudaMemcpyKind);

    /// Copies from a variable in stream order.
    #[ptsz]
    #[custom]
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
    fn cudaMemcpyPeer(dst: *mut c_void, dstDevice: c_int, src: *const c_void, srcDevice: c_int, count: usize);

    /// Copies memory between devices in stream order.
    #[custom]
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
    fn cudaMemcpyToSymbol(symbol: *const c_void, src: *const c_void, count: usize, offset: usize, kind: cudaMemcpyKind);

    /// Copies to a variable in stream order.
    #[ptsz]
    #[custom]
    fn cudaMemcpyToSymbolAsync(
        symbol: *const c_void,
        src: *const c_void,
        count: usize,
        offset: usize,
        kind: cudaMemcpyKind,
        stream: cudaStream_t,
    );
}
