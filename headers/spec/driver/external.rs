//! External. Source: CUDA Driver API reference.

extern "driver" {
    #[since(10_000)]
    #[unsupported]
    fn cuDestroyExternalMemory(extMem: CUexternalMemory);

    #[since(10_000)]
    #[unsupported]
    fn cuDestroyExternalSemaphore(extSem: CUexternalSemaphore);

    #[since(10_000)]
    #[unsupported]
    fn cuExternalMemoryGetMappedBuffer(
        devPtr: *mut CUdeviceptr,
        extMem: CUexternalMemory,
        bufferDesc: *const CUDA_EXTERNAL_MEMORY_BUFFER_DESC,
    );

    #[since(10_000)]
    #[unsupported]
    fn cuExternalMemoryGetMappedMipmappedArray(
        mipmap: *mut CUmipmappedArray,
        extMem: CUexternalMemory,
        mipmapDesc: *const CUDA_EXTERNAL_MEMORY_MIPMAPPED_ARRAY_DESC,
    );

    #[since(10_000)]
    #[unsupported]
    fn cuImportExternalMemory(
        extMem_out: *mut CUexternalMemory,
        memHandleDesc: *const CUDA_EXTERNAL_MEMORY_HANDLE_DESC,
    );

    #[since(10_000)]
    #[unsupported]
    fn cuImportExternalSemaphore(
        extSem_out: *mut CUexternalSemaphore,
        semHandleDesc: *const CUDA_EXTERNAL_SEMAPHORE_HANDLE_DESC,
    );

    #[since(10_000)]
    #[ptsz(10_000)]
    #[unsupported]
    fn cuSignalExternalSemaphoresAsync(
        extSemArray: *const CUexternalSemaphore,
        paramsArray: *const CUDA_EXTERNAL_SEMAPHORE_SIGNAL_PARAMS,
        numExtSems: c_uint,
        stream: CUstream,
    );

    #[since(10_000)]
    #[ptsz(10_000)]
    #[unsupported]
    fn cuWaitExternalSemaphoresAsync(
        extSemArray: *const CUexternalSemaphore,
        paramsArray: *const CUDA_EXTERNAL_SEMAPHORE_WAIT_PARAMS,
        numExtSems: c_uint,
        stream: CUstream,
    );
}
