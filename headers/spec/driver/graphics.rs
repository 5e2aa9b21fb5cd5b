//! Graphics. Source: CUDA Driver API reference.

extern "driver" {
    #[since(3_000)]
    #[ptsz(7_000)]
    #[unsupported]
    fn cuGraphicsMapResources(count: c_uint, resources: *mut CUgraphicsResource, hStream: CUstream);

    #[since(5_000)]
    #[unsupported]
    fn cuGraphicsResourceGetMappedMipmappedArray(
        pMipmappedArray: *mut CUmipmappedArray,
        resource: CUgraphicsResource,
    );

    #[since(3_000)]
    #[unsupported]
    fn cuGraphicsResourceGetMappedPointer(
        pDevPtr: *mut CUdeviceptr_v1,
        pSize: *mut c_uint,
        resource: CUgraphicsResource,
    );

    #[since(3_020)]
    #[unsupported]
    fn cuGraphicsResourceGetMappedPointer_v2(
        pDevPtr: *mut CUdeviceptr,
        pSize: *mut usize,
        resource: CUgraphicsResource,
    );

    #[since(3_000)]
    #[unsupported]
    fn cuGraphicsResourceSetMapFlags(resource: CUgraphicsResource, flags: c_uint);

    #[since(6_050)]
    #[unsupported]
    fn cuGraphicsResourceSetMapFlags_v2(resource: CUgraphicsResource, flags: c_uint);

    #[since(3_000)]
    #[unsupported]
    fn cuGraphicsSubResourceGetMappedArray(
        pArray: *mut CUarray,
        resource: CUgraphicsResource,
        arrayIndex: c_uint,
        mipLevel: c_uint,
    );

    #[since(3_000)]
    #[ptsz(7_000)]
    #[unsupported]
    fn cuGraphicsUnmapResources(
        count: c_uint,
        resources: *mut CUgraphicsResource,
        hStream: CUstream,
    );

    #[since(3_000)]
    #[unsupported]
    fn cuGraphicsUnregisterResource(resource: CUgraphicsResource);
}
