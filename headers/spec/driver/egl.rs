//! EGL interoperability. Source: CUDA Driver API reference.

extern "driver" {
    #[since(7_000)]
    #[unsupported]
    fn cuGraphicsResourceGetMappedEglFrame(
        eglFrame: *mut CUeglFrame,
        resource: CUgraphicsResource,
        index: c_uint,
        mipLevel: c_uint,
    );
}
