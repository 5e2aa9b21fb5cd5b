//! Array. Source: CUDA Driver API reference.

extern "driver" {
    #[since(2_000)]
    #[unsupported]
    fn cuArray3DCreate(pHandle: *mut CUarray, pAllocateArray: *const CUDA_ARRAY3D_DESCRIPTOR_v1);

    /// Makes an array of any kind.
    #[since(3_020)]
    #[custom]
    #[errors(cuArrayCreate_v2)]
    fn cuArray3DCreate_v2(pHandle: Out<CUarray>, pAllocateArray: In<CUDA_ARRAY3D_DESCRIPTOR>);

    #[since(2_000)]
    #[unsupported]
    fn cuArray3DGetDescriptor(pArrayDescriptor: *mut CUDA_ARRAY3D_DESCRIPTOR_v1, hArray: CUarray);

    /// Says what an array was made of.
    #[since(3_020)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hArray` is no array")]
    fn cuArray3DGetDescriptor_v2(pArrayDescriptor: Out<CUDA_ARRAY3D_DESCRIPTOR>, hArray: CUarray);

    #[since(2_000)]
    #[unsupported]
    fn cuArrayCreate(pHandle: *mut CUarray, pAllocateArray: *const CUDA_ARRAY_DESCRIPTOR_v1);

    /// Makes a one- or two-dimensional array.
    #[since(3_020)]
    #[custom]
    #[errors(
        INVALID_VALUE = "there is no such array, or the device has none so large",
        NOT_SUPPORTED = "a format or a flag is not done",
        OUT_OF_MEMORY = "the device, or the program's share of it, has no such room",
        STREAM_CAPTURE_UNSUPPORTED = "a capture is open that forbids such calls, and which this one breaks",
    )]
    fn cuArrayCreate_v2(pHandle: Out<CUarray>, pAllocateArray: In<CUDA_ARRAY_DESCRIPTOR>);

    /// Ends an array once the work queued before is done.
    #[since(2_000)]
    #[custom]
    #[errors(
        INVALID_HANDLE = "`hArray` is no array, or a level of a mip map",
        STREAM_CAPTURE_UNSUPPORTED = "a capture is open that forbids such calls, and which this one breaks",
    )]
    fn cuArrayDestroy(hArray: CUarray);

    #[since(2_000)]
    #[unsupported]
    fn cuArrayGetDescriptor(pArrayDescriptor: *mut CUDA_ARRAY_DESCRIPTOR_v1, hArray: CUarray);

    /// Says what an array was made of, but for its depth.
    #[since(3_020)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hArray` is no array")]
    fn cuArrayGetDescriptor_v2(pArrayDescriptor: Out<CUDA_ARRAY_DESCRIPTOR>, hArray: CUarray);

    #[since(11_060)]
    #[unsupported]
    fn cuArrayGetMemoryRequirements(
        memoryRequirements: *mut CUDA_ARRAY_MEMORY_REQUIREMENTS,
        array: CUarray,
        device: CUdevice,
    );

    #[since(11_020)]
    #[unsupported]
    fn cuArrayGetPlane(pPlaneArray: *mut CUarray, hArray: CUarray, planeIdx: c_uint);

    #[since(11_010)]
    #[unsupported]
    fn cuArrayGetSparseProperties(
        sparseProperties: *mut CUDA_ARRAY_SPARSE_PROPERTIES,
        array: CUarray,
    );

    /// Makes a mip map; more levels than there can be are as many as can.
    #[since(5_000)]
    #[custom]
    #[errors(cuArrayCreate_v2)]
    fn cuMipmappedArrayCreate(
        pHandle: Out<CUmipmappedArray>, pMipmappedArrayDesc: In<CUDA_ARRAY3D_DESCRIPTOR>, numMipmapLevels: c_uint,
    );

    /// Ends a mip map once the work queued before is done.
    #[since(5_000)]
    #[custom]
    #[errors(
        INVALID_HANDLE = "`hMipmappedArray` is no mip map",
        STREAM_CAPTURE_UNSUPPORTED = "a capture is open that forbids such calls, and which this one breaks",
    )]
    fn cuMipmappedArrayDestroy(hMipmappedArray: CUmipmappedArray);

    /// Gives the array that is a level of a mip map.
    #[since(5_000)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hMipmappedArray` is no mip map", INVALID_VALUE = "it has no such level")]
    fn cuMipmappedArrayGetLevel(pLevelArray: Out<CUarray>, hMipmappedArray: CUmipmappedArray, level: c_uint);

    #[since(11_060)]
    #[unsupported]
    fn cuMipmappedArrayGetMemoryRequirements(
        memoryRequirements: *mut CUDA_ARRAY_MEMORY_REQUIREMENTS,
        mipmap: CUmipmappedArray,
        device: CUdevice,
    );

    #[since(11_010)]
    #[unsupported]
    fn cuMipmappedArrayGetSparseProperties(
        sparseProperties: *mut CUDA_ARRAY_SPARSE_PROPERTIES,
        mipmap: CUmipmappedArray,
    );
}
