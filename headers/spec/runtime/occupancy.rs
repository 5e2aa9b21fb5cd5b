//! Occupancy. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// How much dynamic shared memory each of so many blocks can have.
    #[custom]
    #[errors(InvalidDeviceFunction = "`func` is no kernel, or one that its image lacks", NotSupported = "vgpu's libcuda does not do this")]
    fn cudaOccupancyAvailableDynamicSMemPerBlock(
        dynamicSmemSize: Out<usize>,
        func: *const c_void,
        numBlocks: c_int,
        blockSize: c_int,
    );

    /// How many blocks of a kernel a multiprocessor holds at a time.
    #[custom]
    #[errors(InvalidDeviceFunction = "`func` is no kernel, or one that its image lacks", InvalidValue = "`blockSize` is not positive, or `dynamicSMemSize` is 4 GiB or more")]
    fn cudaOccupancyMaxActiveBlocksPerMultiprocessor(
        numBlocks: Out<c_int>,
        func: *const c_void,
        blockSize: c_int,
        dynamicSMemSize: usize,
    );

    /// As the function without flags.
    #[custom]
    #[errors(InvalidDeviceFunction = "`func` is no kernel, or one that its image lacks", InvalidValue = "`blockSize` is not positive, `dynamicSMemSize` is 4 GiB or more, or `flags` is above 1")]
    fn cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
        numBlocks: Out<c_int>,
        func: *const c_void,
        blockSize: c_int,
        dynamicSMemSize: usize,
        flags: c_uint,
    );

    /// How many clusters of a launch the device holds at a time.
    #[custom]
    #[errors(
        InvalidDeviceFunction = "`func` is no kernel, or one that its image lacks",
        InvalidValue = "dynamic shared memory is 4 GiB or more, an attribute makes no sense, or nobody says how large clusters are",
        NotSupported = "an attribute is not to be had, or the device has no clusters",
        InvalidClusterSize = "the function may not have such clusters",
    )]
    fn cudaOccupancyMaxActiveClusters(
        numClusters: Out<c_int>,
        func: *const c_void,
        launchConfig: In<cudaLaunchConfig_t>,
    );

    /// The largest cluster that a launch could have.
    #[custom]
    #[errors(cudaOccupancyMaxActiveClusters)]
    fn cudaOccupancyMaxPotentialClusterSize(
        clusterSize: Out<c_int>,
        func: *const c_void,
        launchConfig: In<cudaLaunchConfig_t>,
    );
}
