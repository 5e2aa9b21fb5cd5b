//! Thread. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Ends the device's context; the older name.
    #[alias(cudaDeviceReset)]
    fn cudaThreadExit();

    /// Which of L1 cache and shared memory is preferred; the older name.
    #[alias(cudaDeviceGetCacheConfig)]
    fn cudaThreadGetCacheConfig(pCacheConfig: Out<cudaFuncCache>);

    /// A limit; the older name.
    #[alias(cudaDeviceGetLimit)]
    fn cudaThreadGetLimit(pValue: Out<usize>, limit: cudaLimit);

    /// Prefers L1 cache or shared memory; the older name.
    #[alias(cudaDeviceSetCacheConfig)]
    fn cudaThreadSetCacheConfig(cacheConfig: cudaFuncCache);

    /// Sets a limit; the older name.
    #[alias(cudaDeviceSetLimit)]
    fn cudaThreadSetLimit(limit: cudaLimit, value: usize);

    /// Waits for all work of the device; the older name.
    #[alias(cudaDeviceSynchronize)]
    fn cudaThreadSynchronize();
}
