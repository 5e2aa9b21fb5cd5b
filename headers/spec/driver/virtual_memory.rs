//! Virtual memory. Source: CUDA Driver API reference.

extern "driver" {
    #[since(10_020)]
    #[unsupported]
    fn cuMemAddressFree(ptr: CUdeviceptr, size: usize);

    #[since(10_020)]
    #[unsupported]
    fn cuMemAddressReserve(
        ptr: *mut CUdeviceptr,
        size: usize,
        alignment: usize,
        addr: CUdeviceptr,
        flags: c_ulonglong,
    );

    #[since(10_020)]
    #[unsupported]
    fn cuMemCreate(
        handle: *mut CUmemGenericAllocationHandle,
        size: usize,
        prop: *const CUmemAllocationProp,
        flags: c_ulonglong,
    );

    #[since(10_020)]
    #[unsupported]
    fn cuMemExportToShareableHandle(
        shareableHandle: *mut c_void,
        handle: CUmemGenericAllocationHandle,
        handleType: CUmemAllocationHandleType,
        flags: c_ulonglong,
    );

    #[since(10_020)]
    #[unsupported]
    fn cuMemGetAccess(flags: *mut c_ulonglong, location: *const CUmemLocation, ptr: CUdeviceptr);

    #[since(10_020)]
    #[unsupported]
    fn cuMemGetAllocationGranularity(
        granularity: *mut usize,
        prop: *const CUmemAllocationProp,
        option: CUmemAllocationGranularity_flags,
    );

    #[since(10_020)]
    #[unsupported]
    fn cuMemGetAllocationPropertiesFromHandle(
        prop: *mut CUmemAllocationProp,
        handle: CUmemGenericAllocationHandle,
    );

    #[since(11_070)]
    #[unsupported]
    fn cuMemGetHandleForAddressRange(
        handle: *mut c_void,
        dptr: CUdeviceptr,
        size: usize,
        handleType: CUmemRangeHandleType,
        flags: c_ulonglong,
    );

    #[since(10_020)]
    #[unsupported]
    fn cuMemImportFromShareableHandle(
        handle: *mut CUmemGenericAllocationHandle,
        osHandle: *mut c_void,
        shHandleType: CUmemAllocationHandleType,
    );

    #[since(10_020)]
    #[unsupported]
    fn cuMemMap(
        ptr: CUdeviceptr,
        size: usize,
        offset: usize,
        handle: CUmemGenericAllocationHandle,
        flags: c_ulonglong,
    );

    #[since(11_010)]
    #[ptsz(11_010)]
    #[unsupported]
    fn cuMemMapArrayAsync(mapInfoList: *mut CUarrayMapInfo, count: c_uint, hStream: CUstream);

    #[since(10_020)]
    #[unsupported]
    fn cuMemRelease(handle: CUmemGenericAllocationHandle);

    #[since(11_000)]
    #[unsupported]
    fn cuMemRetainAllocationHandle(handle: *mut CUmemGenericAllocationHandle, addr: *mut c_void);

    #[since(10_020)]
    #[unsupported]
    fn cuMemSetAccess(ptr: CUdeviceptr, size: usize, desc: *const CUmemAccessDesc, count: usize);

    #[since(10_020)]
    #[unsupported]
    fn cuMemUnmap(ptr: CUdeviceptr, size: usize);
}
