//! External. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    #[unsupported]
    fn cudaDestroyExternalMemory(extMem: cudaExternalMemory_t);

    #[unsupported]
    fn cudaDestroyExternalSemaphore(extSem: cudaExternalSemaphore_t);

    #[unsupported]
    fn cudaExternalMemoryGetMappedBuffer(
        devPtr: *mut *mut c_void,
        extMem: cudaExternalMemory_t,
        bufferDesc: *const cudaExternalMemoryBufferDesc,
    );

    #[unsupported]
    fn cudaExternalMemoryGetMappedMipmappedArray(
        mipmap: *mut cudaMipmappedArray_t,
        extMem: cudaExternalMemory_t,
        mipmapDesc: *const cudaExternalMemoryMipmappedArrayDesc,
    );

    #[unsupported]
    fn cudaImportExternalMemory(
        extMem_out: *mut cudaExternalMemory_t,
        memHandleDesc: *const cudaExternalMemoryHandleDesc,
    );

    #[unsupported]
    fn cudaImportExternalSemaphore(
        extSem_out: *mut cudaExternalSemaphore_t,
        semHandleDesc: *const cudaExternalSemaphoreHandleDesc,
    );

    #[ptsz]
    #[unsupported]
    fn cudaSignalExternalSemaphoresAsync(
        extSemArray: *const cudaExternalSemaphore_t,
        paramsArray: *const cudaExternalSemaphoreSignalParams_v1,
        numExtSems: c_uint,
        stream: cudaStream_t,
    );

    #[ptsz]
    #[unsupported]
    fn cudaSignalExternalSemaphoresAsync_v2(
        extSemArray: *const cudaExternalSemaphore_t,
        paramsArray: *const cudaExternalSemaphoreSignalParams,
        numExtSems: c_uint,
        stream: cudaStream_t,
    );

    #[ptsz]
    #[unsupported]
    fn cudaWaitExternalSemaphoresAsync(
        extSemArray: *const cudaExternalSemaphore_t,
        paramsArray: *const cudaExternalSemaphoreWaitParams_v1,
        numExtSems: c_uint,
        stream: cudaStream_t,
    );

    #[ptsz]
    #[unsupported]
    fn cudaWaitExternalSemaphoresAsync_v2(
        extSemArray: *const cudaExternalSemaphore_t,
        paramsArray: *const cudaExternalSemaphoreWaitParams,
        numExtSems: c_uint,
        stream: cudaStream_t,
    );
}
