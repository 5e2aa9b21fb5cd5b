//! Graphics. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    #[unsupported]
    fn cudaGraphicsMapResources(count: c_int, resources: *mut cudaGraphicsResource_t, stream: cudaStream_t);

    #[unsupported]
    fn cudaGraphicsResourceGetMappedMipmappedArray(
        mipmappedArray: *mut cudaMipmappedArray_t,
        resource: cudaGraphicsResource_t,
    );

    #[unsupported]
    fn cudaGraphicsResourceGetMappedPointer(
        devPtr: *mut *mut c_void,
        size: *mut usize,
        resource: cudaGraphicsResource_t,
    );

    #[unsupported]
    fn cudaGraphicsResourceSetMapFlags(resource: cudaGraphicsResource_t, flags: c_uint);

    #[unsupported]
    fn cudaGraphicsSubResourceGetMappedArray(
        array: *mut cudaArray_t,
        resource: cudaGraphicsResource_t,
        arrayIndex: c_uint,
        mipLevel: c_uint,
    );

    #[unsupported]
    fn cudaGraphicsUnmapResources(count: c_int, resources: *mut cudaGraphicsResource_t, stream: cudaStream_t);

    #[unsupported]
    fn cudaGraphicsUnregisterResource(resource: cudaGraphicsResource_t);
}
