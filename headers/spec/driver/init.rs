//! Init. Source: CUDA Driver API reference.

extern "driver" {
    /// Connects to the GPU; everything else but version, names and entry points needs it first.
    #[since(2_000)]
    #[custom]
    fn cuInit(Flags: c_uint);
}
