//! Pool. Source: CUDA Driver API reference.

extern "driver" {
    #[since(11_020)]
    #[unsupported]
    fn cuDeviceGetDefaultMemPool(pool_out: *mut CUmemoryPool, dev: CUdevice);

    #[since(11_020)]
    #[unsupported]
    fn cuDeviceGetMemPool(pool: *mut CUmemoryPool, dev: CUdevice);

    #[since(11_020)]
    #[unsupported]
    fn cuDeviceSetMemPool(dev: CUdevice, pool: CUmemoryPool);

    #[since(11_020)]
    #[ptsz(11_020)]
    #[unsupported]
    fn cuMemAllocAsync(dptr: *mut CUdeviceptr, bytesize: usize, hStream: CUstream);

    #[since(11_020)]
    #[ptsz(11_020)]
    #[unsupported]
    fn cuMemAllocFromPoolAsync(
        dptr: *mut CUdeviceptr,
        bytesize: usize,
        pool: CUmemoryPool,
        hStream: CUstream,
    );

    #[since(11_020)]
    #[ptsz(11_020)]
    #[unsupported]
    fn cuMemFreeAsync(dptr: CUdeviceptr, hStream: CUstream);

    #[since(13_000)]
    #[unsupported]
    fn cuMemGetDefaultMemPool(
        pool_out: *mut CUmemoryPool,
        location: *mut CUmemLocation,
        type_: CUmemAllocationType,
    );

    #[since(13_040)]
    #[unsupported]
    fn cuMemGetLocationInfo(
        ptr: CUdeviceptr,
        size: usize,
        summaryGranularity: usize,
        samplingGranularity: usize,
        location_out: *mut CUmemLocation,
    );

    #[since(13_000)]
    #[unsupported]
    fn cuMemGetMemPool(
        pool: *mut CUmemoryPool,
        location: *mut CUmemLocation,
        type_: CUmemAllocationType,
    );

    #[since(11_020)]
    #[unsupported]
    fn cuMemPoolCreate(pool: *mut CUmemoryPool, poolProps: *const CUmemPoolProps);

    #[since(11_020)]
    #[unsupported]
    fn cuMemPoolDestroy(pool: CUmemoryPool);

    #[since(11_020)]
    #[unsupported]
    fn cuMemPoolExportPointer(shareData_out: *mut CUmemPoolPtrExportData, ptr: CUdeviceptr);

    #[since(11_020)]
    #[unsupported]
    fn cuMemPoolExportToShareableHandle(
        handle_out: *mut c_void,
        pool: CUmemoryPool,
        handleType: CUmemAllocationHandleType,
        flags: c_ulonglong,
    );

    #[since(11_020)]
    #[unsupported]
    fn cuMemPoolGetAccess(
        flags: *mut CUmemAccess_flags,
        memPool: CUmemoryPool,
        location: *mut CUmemLocation,
    );

    #[since(11_020)]
    #[unsupported]
    fn cuMemPoolGetAttribute(pool: CUmemoryPool, attr: CUmemPool_attribute, value: *mut c_void);

    #[since(11_020)]
    #[unsupported]
    fn cuMemPoolImportFromShareableHandle(
        pool_out: *mut CUmemoryPool,
        handle: *mut c_void,
        handleType: CUmemAllocationHandleType,
        flags: c_ulonglong,
    );

    #[since(11_020)]
    #[unsupported]
    fn cuMemPoolImportPointer(
        ptr_out: *mut CUdeviceptr,
        pool: CUmemoryPool,
        shareData: *mut CUmemPoolPtrExportData,
    );

    #[since(11_020)]
    #[unsupported]
    fn cuMemPoolSetAccess(pool: CUmemoryPool, map: *const CUmemAccessDesc, count: usize);

    #[since(11_020)]
    #[unsupported]
    fn cuMemPoolSetAttribute(pool: CUmemoryPool, attr: CUmemPool_attribute, value: *mut c_void);

    #[since(11_020)]
    #[unsupported]
    fn cuMemPoolTrimTo(pool: CUmemoryPool, minBytesToKeep: usize);

    #[since(13_000)]
    #[unsupported]
    fn cuMemSetMemPool(
        location: *mut CUmemLocation,
        type_: CUmemAllocationType,
        pool: CUmemoryPool,
    );
}
