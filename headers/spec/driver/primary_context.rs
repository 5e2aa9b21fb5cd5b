//! Primary context. Source: CUDA Driver API reference.

extern "driver" {
    /// Gives the flags of a device's primary context and whether it is alive.
    #[since(7_000)]
    #[custom]
    #[errors(INVALID_DEVICE = "`dev` is no visible device")]
    fn cuDevicePrimaryCtxGetState(dev: CUdevice, flags: Out<c_uint>, active: Out<c_int>);

    /// Releases a device's primary context; the last release ends it.
    #[since(7_000)]
    #[custom]
    #[errors(INVALID_DEVICE = "`dev` is no visible device", INVALID_CONTEXT = "nobody retains it")]
    fn cuDevicePrimaryCtxRelease(dev: CUdevice);

    /// Releases a device's primary context; the last release ends it.
    #[since(11_000)]
    #[custom]
    #[errors(cuDevicePrimaryCtxRelease)]
    fn cuDevicePrimaryCtxRelease_v2(dev: CUdevice);

    /// Ends all that a device's primary context holds. Who retained it still has to release it.
    #[since(7_000)]
    #[custom]
    #[errors(INVALID_DEVICE = "`dev` is no visible device")]
    fn cuDevicePrimaryCtxReset(dev: CUdevice);

    /// Ends all that a device's primary context holds. Who retained it still has to release it.
    #[since(11_000)]
    #[custom]
    #[errors(cuDevicePrimaryCtxReset)]
    fn cuDevicePrimaryCtxReset_v2(dev: CUdevice);

    /// Retains a device's primary context, making it if it is not alive; it does not become current.
    #[since(7_000)]
    #[custom]
    #[errors(INVALID_DEVICE = "`dev` is no visible device", OUT_OF_MEMORY = "as many streams are open as fit")]
    fn cuDevicePrimaryCtxRetain(pctx: Out<CUcontext>, dev: CUdevice);

    /// Sets the flags of a device's primary context.
    #[since(7_000)]
    #[custom]
    #[errors(INVALID_DEVICE = "`dev` is no visible device", INVALID_VALUE = "`flags` has a bit that no flag is, or more than one way to schedule")]
    fn cuDevicePrimaryCtxSetFlags(dev: CUdevice, flags: c_uint);

    /// Sets the flags of a device's primary context.
    #[since(11_000)]
    #[custom]
    #[errors(cuDevicePrimaryCtxSetFlags)]
    fn cuDevicePrimaryCtxSetFlags_v2(dev: CUdevice, flags: c_uint);
}
