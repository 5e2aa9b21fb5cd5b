//! Peer. Source: CUDA Driver API reference.

extern "driver" {
    /// Reports that there is no access to end.
    #[since(4_000)]
    #[custom]
    #[errors(INVALID_CONTEXT = "`peerContext` is no context", PEER_ACCESS_NOT_ENABLED = "it is one")]
    fn cuCtxDisablePeerAccess(peerContext: CUcontext);

    /// Refuses access to another context's memory, as `cuDeviceCanAccessPeer` announces.
    #[since(4_000)]
    #[custom]
    #[errors(INVALID_CONTEXT = "`peerContext` is no context", INVALID_VALUE = "`Flags` is not 0", INVALID_DEVICE = "both contexts are on one device", PEER_ACCESS_UNSUPPORTED = "they are on two")]
    fn cuCtxEnablePeerAccess(peerContext: CUcontext, Flags: c_uint);

    /// Says that one device's kernels cannot reach another's memory.
    #[since(4_000)]
    #[custom]
    #[errors(INVALID_DEVICE = "`dev` or `peerDev` is no visible device")]
    fn cuDeviceCanAccessPeer(canAccessPeer: Out<c_int>, dev: CUdevice, peerDev: CUdevice);

    #[since(13_000)]
    #[unsupported]
    fn cuDeviceGetHostAtomicCapabilities(
        capabilities: *mut c_uint,
        operations: *const CUatomicOperation,
        count: c_uint,
        dev: CUdevice,
    );

    #[since(13_000)]
    #[unsupported]
    fn cuDeviceGetP2PAtomicCapabilities(
        capabilities: *mut c_uint,
        operations: *const CUatomicOperation,
        count: c_uint,
        srcDevice: CUdevice,
        dstDevice: CUdevice,
    );

    /// Gives an attribute of the way between two devices; all are 0, as there is no way.
    #[since(8_000)]
    #[custom]
    #[errors(INVALID_DEVICE = "a device is no visible one, or both are the same", INVALID_VALUE = "`attrib` is none")]
    fn cuDeviceGetP2PAttribute(value: Out<c_int>, attrib: CUdevice_P2PAttribute, srcDevice: CUdevice, dstDevice: CUdevice);
}
