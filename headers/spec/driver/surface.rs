//! Surface. Source: CUDA Driver API reference.

extern "driver" {
    /// Makes a surface of an array.
    #[since(5_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "what it is of is no array, or one that was not made for surfaces",
        INVALID_HANDLE = "the array is none",
    )]
    fn cuSurfObjectCreate(pSurfObject: Out<CUsurfObject>, pResDesc: In<CUDA_RESOURCE_DESC>);

    /// Ends a surface; kernels that were launched before may use it still.
    #[since(5_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`surfObject` is no surface")]
    fn cuSurfObjectDestroy(surfObject: CUsurfObject);

    /// Says which array a surface is of.
    #[since(5_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`surfObject` is no surface")]
    fn cuSurfObjectGetResourceDesc(pResDesc: Out<CUDA_RESOURCE_DESC>, surfObject: CUsurfObject);

    #[since(3_000)]
    #[unsupported]
    fn cuSurfRefGetArray(phArray: *mut CUarray, hSurfRef: CUsurfref);

    #[since(3_000)]
    #[unsupported]
    fn cuSurfRefSetArray(hSurfRef: CUsurfref, hArray: CUarray, Flags: c_uint);
}
