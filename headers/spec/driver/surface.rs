//! Surface. Source: CUDA Driver API reference.

extern "driver" {
    #[since(5_000)]
    #[unsupported]
    fn cuSurfObjectCreate(pSurfObject: *mut CUsurfObject, pResDesc: *const CUDA_RESOURCE_DESC);

    #[since(5_000)]
    #[unsupported]
    fn cuSurfObjectDestroy(surfObject: CUsurfObject);

    #[since(5_000)]
    #[unsupported]
    fn cuSurfObjectGetResourceDesc(pResDesc: *mut CUDA_RESOURCE_DESC, surfObject: CUsurfObject);

    #[since(3_000)]
    #[unsupported]
    fn cuSurfRefGetArray(phArray: *mut CUarray, hSurfRef: CUsurfref);

    #[since(3_000)]
    #[unsupported]
    fn cuSurfRefSetArray(hSurfRef: CUsurfref, hArray: CUarray, Flags: c_uint);
}
