//! Surface. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Makes a surface of an array.
    #[custom]
    #[errors(
        InvalidValue = "what it is of is no array, or one that was not made for surfaces",
        InvalidChannelDescriptor = "channels are not alike, or there are none such",
        InvalidResourceHandle = "the array is none",
        NotSupported = "channels are not done",
    )]
    fn cudaCreateSurfaceObject(pSurfObject: Out<cudaSurfaceObject_t>, pResDesc: In<cudaResourceDesc>);

    /// Ends a surface; kernels that were launched before may use it still. 0 is nothing.
    #[custom]
    #[errors(InvalidValue = "`surfObject` is no surface")]
    fn cudaDestroySurfaceObject(surfObject: cudaSurfaceObject_t);

    /// Says which array a surface is of.
    #[custom]
    #[errors(InvalidValue = "`surfObject` is no surface")]
    fn cudaGetSurfaceObjectResourceDesc(pResDesc: Out<cudaResourceDesc>, surfObject: cudaSurfaceObject_t);
}
