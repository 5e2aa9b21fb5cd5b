//! Occupancy. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// How much dynamic shared memory each of so many blocks can have.
    #[custom]
    fn cudaOccupancyAvailableDynamicSMemPerBlock(
        dynamicSmemSize: Out<usize>,
        func: *const c_void,
        numBlocks: c_int,
        blockSize: c_int,
    );

    /// How many blocks of a kernel a multiprocessor holds at a time.
    #[custom]
    fn cudaOccupancyMaxActiveBlocksPerMultiprocessor(
        numBlocks: Out<c_int>,
        func: *const c_void,
        blockSize: c_int,
        dynamicSMemSize: usize,
    );

    /// As the function without flags.
    #[custom]
    fn cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
        numBlocks: Out<c_int>,
        func: *const c_void,
        blockSize: c_int,
        dynamicSMemSize: usize,
        flags: c_uint,
    );

    /// How many clusters of a launch the device holds at a time.
    #[custom]
    fn cudaOccupancyMaxActiveClusters(
        numClusters: Out<c_int>,
        func: *const c_void,
        launchConfig: In<cudaLaunchConfig_t>,
    );

    /// The largest cluster that a launch could have.
    #[custom]
    fn cudaOccupancyMaxPotentialClusterSize(
        clusterSize: Out<c_int>,
        func: *const c_void,
        launchConfig: In<cudaLaunchConfig_t>,
    );
}
