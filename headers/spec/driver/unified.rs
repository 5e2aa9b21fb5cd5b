//! Unified. Source: CUDA Driver API reference.

extern "driver" {
    #[since(8_000)]
    #[unsupported]
    fn cuMemAdvise(devPtr: CUdeviceptr, count: usize, advice: CUmem_advise, device: CUdevice);

    #[since(12_020)]
    #[unsupported]
    fn cuMemAdvise_v2(
        devPtr: CUdeviceptr,
        count: usize,
        advice: CUmem_advise,
        location: CUmemLocation,
    );

    #[since(13_000)]
    #[ptsz(13_000)]
    #[unsupported]
    fn cuMemDiscardAndPrefetchBatchAsync(
        dptrs: *mut CUdeviceptr,
        sizes: *mut usize,
        count: usize,
        prefetchLocs: *mut CUmemLocation,
        prefetchLocIdxs: *mut usize,
        numPrefetchLocs: usize,
        flags: c_ulonglong,
        hStream: CUstream,
    );

    #[since(13_000)]
    #[ptsz(13_000)]
    #[unsupported]
    fn cuMemDiscardBatchAsync(
        dptrs: *mut CUdeviceptr,
        sizes: *mut usize,
        count: usize,
        flags: c_ulonglong,
        hStream: CUstream,
    );

    #[since(8_000)]
    #[ptsz(8_000)]
    #[unsupported]
    fn cuMemPrefetchAsync(
        devPtr: CUdeviceptr,
        count: usize,
        dstDevice: CUdevice,
        hStream: CUstream,
    );

    #[since(12_020)]
    #[ptsz(12_020)]
    #[unsupported]
    fn cuMemPrefetchAsync_v2(
        devPtr: CUdeviceptr,
        count: usize,
        location: CUmemLocation,
        flags: c_uint,
        hStream: CUstream,
    );

    #[since(13_000)]
    #[ptsz(13_000)]
    #[unsupported]
    fn cuMemPrefetchBatchAsync(
        dptrs: *mut CUdeviceptr,
        sizes: *mut usize,
        count: usize,
        prefetchLocs: *mut CUmemLocation,
        prefetchLocIdxs: *mut usize,
        numPrefetchLocs: usize,
        flags: c_ulonglong,
        hStream: CUstream,
    );

    #[since(8_000)]
    #[unsupported]
    fn cuMemRangeGetAttribute(
        data: *mut c_void,
        dataSize: usize,
        attribute: CUmem_range_attribute,
        devPtr: CUdeviceptr,
        count: usize,
    );

    #[since(8_000)]
    #[unsupported]
    fn cuMemRangeGetAttributes(
        data: *mut *mut c_void,
        dataSizes: *mut usize,
        attributes: *mut CUmem_range_attribute,
        numAttributes: usize,
        devPtr: CUdeviceptr,
        count: usize,
    );

    /// Gives an attribute of the memory at an address; memory that CUDA does not know is an error.
    #[since(4_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`data` is null, CUDA does not know the memory at `ptr`, or that has no such `attribute`")]
    fn cuPointerGetAttribute(data: *mut c_void, attribute: CUpointer_attribute, ptr: CUdeviceptr);

    /// Gives several attributes of the memory at an address; memory that CUDA does not know has null ones.
    #[since(7_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`data` or a place in it is null, or there is no such attribute")]
    fn cuPointerGetAttributes(numAttributes: c_uint, attributes: In<[CUpointer_attribute; numAttributes]>, data: *mut *mut c_void, ptr: CUdeviceptr);

    #[since(6_000)]
    #[unsupported]
    fn cuPointerSetAttribute(
        value: *const c_void,
        attribute: CUpointer_attribute,
        ptr: CUdeviceptr,
    );
}
