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
    fn cuOccupancyMaxActiveBlocksPerMultiprocessor(numBlocks: Out<c_int>, func: CUfunction, blockSize: c_int, dynamicSMemSize: usize);

    /// Gives how many blocks of a kernel one multiprocessor holds at a time.
    #[since(7_000)]
    #[custom]
    fn cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(numBlocks: Out<c_int>, func: CUfunction, blockSize: c_int, dynamicSMemSize: usize, flags: c_uint);

    /// Gives how many clusters of a launch the device holds at a time.
    #[since(11_070)]
    #[custom]
    fn cuOccupancyMaxActiveClusters(numClusters: Out<c_int>, func: CUfunction, config: In<CUlaunchConfig>);

    /// Gives the block size that fills multiprocessors best, and the smallest grid that fills all of them.
    #[since(6_050)]
    #[custom]
    fn cuOccupancyMaxPotentialBlockSize(minGridSize: Out<c_int>, blockSize: Out<c_int>, func: CUfunction, blockSizeToDynamicSMemSize: CUoccupancyB2DSize, dynamicSMemSize: usize, blockSizeLimit: c_int);

    /// Gives the block size that fills multiprocessors best, and the smallest grid that fills all of them.
    #[since(7_000)]
    #[custom]
    fn cuOccupancyMaxPotentialBlockSizeWithFlags(minGridSize: Out<c_int>, blockSize: Out<c_int>, func: CUfunction, blockSizeToDynamicSMemSize: CUoccupancyB2DSize, dynamicSMemSize: usize, blockSizeLimit: c_int, flags: c_uint);

    /// Gives how many blocks the largest cluster of a launch could have.
    #[since(11_070)]
    #[custom]
    fn cuOccupancyMaxPotentialClusterSize(clusterSize: Out<c_int>, func: CUfunction, config: In<CUlaunchConfig>);
}
