//! Occupancy. Source: CUDA Driver API reference.

extern "driver" {
    #[since(10_020)]
    #[unsupported]
    fn cuOccupancyAvailableDynamicSMemPerBlock(
        dynamicSmemSize: *mut usize,
        func: CUfunction,
        numBlocks: c_int,
        blockSize: c_int,
    );

    /// Gives how many blocks of a kernel one multiprocessor holds at a time.
    #[since(6_050)]
    #[custom]
    #[errors(INVALID_HANDLE = "`func` is no function", INVALID_VALUE = "`blockSize` is not positive, or `dynamicSMemSize` is 4 GiB or more")]
    fn cuOccupancyMaxActiveBlocksPerMultiprocessor(numBlocks: Out<c_int>, func: CUfunction, blockSize: c_int, dynamicSMemSize: usize);

    /// Gives how many blocks of a kernel one multiprocessor holds at a time.
    #[since(7_000)]
    #[custom]
    #[errors(INVALID_HANDLE = "`func` is no function", INVALID_VALUE = "`blockSize` is not positive, `dynamicSMemSize` is 4 GiB or more, or `flags` is above 1")]
    fn cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(numBlocks: Out<c_int>, func: CUfunction, blockSize: c_int, dynamicSMemSize: usize, flags: c_uint);

    /// Gives how many clusters of a launch the device holds at a time.
    #[since(11_070)]
    #[custom]
    #[errors(INVALID_HANDLE = "`func` is no function", INVALID_VALUE = "an attribute of `config` makes no sense, or nobody says how large clusters are", INVALID_CLUSTER_SIZE = "the function may not have such clusters", NOT_SUPPORTED = "an attribute is not to be had, or the device has no clusters")]
    fn cuOccupancyMaxActiveClusters(numClusters: Out<c_int>, func: CUfunction, config: In<CUlaunchConfig>);

    /// Gives the block size that fills multiprocessors best, and the smallest grid that fills all of them.
    #[since(6_050)]
    #[custom]
    #[errors(INVALID_HANDLE = "`func` is no function", INVALID_VALUE = "`blockSizeLimit` is negative, or a block has 4 GiB of dynamic shared memory or more")]
    fn cuOccupancyMaxPotentialBlockSize(minGridSize: Out<c_int>, blockSize: Out<c_int>, func: CUfunction, blockSizeToDynamicSMemSize: CUoccupancyB2DSize, dynamicSMemSize: usize, blockSizeLimit: c_int);

    /// Gives the block size that fills multiprocessors best, and the smallest grid that fills all of them.
    #[since(7_000)]
    #[custom]
    #[errors(INVALID_HANDLE = "`func` is no function", INVALID_VALUE = "`blockSizeLimit` is negative, a block has 4 GiB of dynamic shared memory or more, or `flags` is above 1")]
    fn cuOccupancyMaxPotentialBlockSizeWithFlags(minGridSize: Out<c_int>, blockSize: Out<c_int>, func: CUfunction, blockSizeToDynamicSMemSize: CUoccupancyB2DSize, dynamicSMemSize: usize, blockSizeLimit: c_int, flags: c_uint);

    /// Gives how many blocks the largest cluster of a launch could have.
    #[since(11_070)]
    #[custom]
    #[errors(cuOccupancyMaxActiveClusters)]
    fn cuOccupancyMaxPotentialClusterSize(clusterSize: Out<c_int>, func: CUfunction, config: In<CUlaunchConfig>);
}
