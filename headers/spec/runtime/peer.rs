//! Peer. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Whether a device can reach another's memory.
    #[custom]
    fn cudaDeviceCanAccessPeer(canAccessPeer: Out<c_int>, device: c_int, peerDevice: c_int);

    /// Ends that.
    #[custom]
    fn cudaDeviceDisablePeerAccess(peerDevice: c_int);

    /// Lets this thread's device reach another's memory.
    #[custom]
    fn cudaDeviceEnablePeerAccess(peerDevice: c_int, flags: c_uint);

    /// One number about the link between two devices.
    #[custom]
    fn cudaDeviceGetP2PAttribute(value: Out<c_int>, attr: cudaDeviceP2PAttr, srcDevice: c_int, dstDevice: c_int);
}
