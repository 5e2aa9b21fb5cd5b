//! Init. Source: CUDA Driver API reference.

extern "driver" {
    /// Connects to the GPU; everything else but version, names and entry points needs it first.
    #[since(2_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`Flags` is not 0", NO_DEVICE = "there is no executor to be had, or no visible device")]
    fn cuInit(Flags: c_uint);
}
