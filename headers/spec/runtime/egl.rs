//! EGL interoperability. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    #[unsupported]
    fn cudaGraphicsResourceGetMappedEglFrame(
        eglFrame: *mut cudaEglFrame,
        resource: cudaGraphicsResource_t,
        index: c_uint,
        mipLevel: c_uint,
    );
}
