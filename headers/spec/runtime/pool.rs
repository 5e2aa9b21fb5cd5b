//! Pool. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// The pool that a device comes with.
    #[custom]
    #[errors(cudaDeviceGetMemPool)]
    fn cudaDeviceGetDefaultMemPool(memPool: Out<cudaMemPool_t>, device: c_int);

    /// The pool that a device's allocations come from.
    #[custom]
    #[errors(InvalidDevice = "there is no device of that number", NotSupported = "vgpu's libcuda has no pools")]
    fn cudaDeviceGetMemPool(memPool: Out<cudaMemPool_t>, device: c_int);

    /// Sets the pool that a device's allocations come from.
    #[custom]
    #[errors(cudaDeviceGetMemPool)]
    fn cudaDeviceSetMemPool(device: c_int, memPool: cudaMemPool_t);

    /// Frees device memory in stream order.
    #[ptsz]
    #[custom]
    #[errors(NotSupported = "`devPtr` is not null, as vgpu's libcuda has no pools")]
    fn cudaFreeAsync(devPtr: *mut c_void, hStream: cudaStream_t);

    /// Allocates device memory in stream order.
    #[ptsz]
    #[custom]
    #[errors(NotSupported = "`size` is not 0, as vgpu's libcuda has no pools")]
    fn cudaMallocAsync(devPtr: Out<*mut c_void>, size: usize, hStream: cudaStream_t);

    /// Allocates device memory from a pool in stream order.
    #[ptsz]
    #[custom]
    #[errors(NotSupported = "`size` is not 0, as vgpu's libcuda has no pools")]
    fn cudaMallocFromPoolAsync(ptr: Out<*mut c_void>, size: usize, memPool: cudaMemPool_t, stream: cudaStream_t);

    #[unsupported]
    fn cudaMemPoolCreate(memPool: *mut cudaMemPool_t, poolProps: *const cudaMemPoolProps);

    /// Destroys a pool.
    #[custom]
    #[errors(NotSupported = "vgpu's libcuda has no pools")]
    fn cudaMemPoolDestroy(memPool: cudaMemPool_t);

    #[unsupported]
    fn cudaMemPoolExportPointer(exportData: *mut cudaMemPoolPtrExportData, ptr: *mut c_void);

    #[unsupported]
    fn cudaMemPoolExportToShareableHandle(
        shareableHandle: *mut c_void,
        memPool: cudaMemPool_t,
        handleType: cudaMemAllocationHandleType,
        flags: c_uint,
    );

    #[unsupported]
    fn cudaMemPoolGetAccess(flags: *mut cudaMemAccessFlags, memPool: cudaMemPool_t, location: *mut cudaMemLocation);

    /// An attribute of a pool.
    #[custom]
    #[errors(NotSupported = "vgpu's libcuda has no pools")]
    fn cudaMemPoolGetAttribute(memPool: cudaMemPool_t, attr: cudaMemPoolAttr, value: *mut c_void);

    #[unsupported]
    fn cudaMemPoolImportFromShareableHandle(
        memPool: *mut cudaMemPool_t,
        shareableHandle: *mut c_void,
        handleType: cudaMemAllocationHandleType,
        flags: c_uint,
    );

    #[unsupported]
    fn cudaMemPoolImportPointer(
        ptr: *mut *mut c_void,
        memPool: cudaMemPool_t,
        exportData: *mut cudaMemPoolPtrExportData,
    );

    #[unsupported]
    fn cudaMemPoolSetAccess(memPool: cudaMemPool_t, descList: *const cudaMemAccessDesc, count: usize);

    /// Sets an attribute of a pool.
    #[custom]
    #[errors(NotSupported = "vgpu's libcuda has no pools")]
    fn cudaMemPoolSetAttribute(memPool: cudaMemPool_t, attr: cudaMemPoolAttr, value: *mut c_void);

    /// Gives unused memory of a pool back.
    #[custom]
    #[errors(NotSupported = "vgpu's libcuda has no pools")]
    fn cudaMemPoolTrimTo(memPool: cudaMemPool_t, minBytesToKeep: usize);
}
