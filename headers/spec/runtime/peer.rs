//! Peer. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Whether a device can reach another's memory.
    #[custom]
    #[errors(InvalidDevice = "`device` or `peerDevice` is no device")]
    fn cudaDeviceCanAccessPeer(canAccessPeer: Out<c_int>, device: c_int, peerDevice: c_int);

    /// Ends that.
    #[custom]
    #[errors(InvalidDevice = "there is no device of that number", PeerAccessNotEnabled = "it is one: no access is ever enabled")]
    fn cudaDeviceDisablePeerAccess(peerDevice: c_int);

    /// Lets this thread's device reach another's memory.
    #[custom]
    #[errors(
        InvalidDevice = "`peerDevice` is no device, or the thread's own",
        InvalidValue = "`flags` is not 0",
        PeerAccessUnsupported = "it is another device",
    )]
    fn cudaDeviceEnablePeerAccess(peerDevice: c_int, flags: c_uint);

    /// One number about the link between two devices.
    #[custom]
    #[errors(InvalidDevice = "`srcDevice` or `dstDevice` is no device, or both are the same", InvalidValue = "`attr` is none")]
    fn cudaDeviceGetP2PAttribute(value: Out<c_int>, attr: cudaDeviceP2PAttr, srcDevice: c_int, dstDevice: c_int);
}
