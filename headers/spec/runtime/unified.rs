//! Unified. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Says how managed memory will be used.
    #[custom]
    #[errors(InvalidDevice = "`device` is neither a device nor `cudaCpuDeviceId`", NotSupported = "vgpu's libcuda does not do this")]
    fn cudaMemAdvise(devPtr: *const c_void, count: usize, advice: cudaMemoryAdvise, device: c_int);

    /// Says how managed memory will be used, and where.
    #[custom]
    #[errors(
        InvalidValue = "the location is of no kind",
        InvalidDevice = "it is no device",
        NotSupported = "vgpu's libcuda does not do this",
    )]
    fn cudaMemAdvise_v2(devPtr: *const c_void, count: usize, advice: cudaMemoryAdvise, location: cudaMemLocation);

    /// Moves managed memory ahead of its use.
    #[ptsz]
    #[custom]
    #[errors(InvalidDevice = "`dstDevice` is neither a device nor `cudaCpuDeviceId`", NotSupported = "vgpu's libcuda does not do this")]
    fn cudaMemPrefetchAsync(devPtr: *const c_void, count: usize, dstDevice: c_int, stream: cudaStream_t);

    /// Moves managed memory ahead of its use to a place.
    #[ptsz]
    #[custom]
    #[errors(
        InvalidValue = "`flags` is not 0, or the location of no kind",
        InvalidDevice = "it is no device",
        NotSupported = "vgpu's libcuda does not do this",
    )]
    fn cudaMemPrefetchAsync_v2(
        devPtr: *const c_void,
        count: usize,
        location: cudaMemLocation,
        flags: c_uint,
        stream: cudaStream_t,
    );

    /// An attribute of a range of managed memory.
    #[custom]
    #[errors(NotSupported = "vgpu's libcuda does not do this")]
    fn cudaMemRangeGetAttribute(
        data: *mut c_void,
        dataSize: usize,
        attribute: cudaMemRangeAttribute,
        devPtr: *const c_void,
        count: usize,
    );

    #[unsupported]
    fn cudaMemRangeGetAttributes(
        data: *mut *mut c_void,
        dataSizes: *mut usize,
        attributes: *mut cudaMemRangeAttribute,
        numAttributes: usize,
        devPtr: *const c_void,
        count: usize,
    );

    /// What kind of memory an address lies in.
    #[custom]
    #[errors()]
    fn cudaPointerGetAttributes(attributes: Out<cudaPointerAttributes>, ptr: *const c_void);
}
