//! Texture. Source: CUDA Driver API reference.

extern "driver" {
    /// Makes a texture of an array, of linear memory or of rows of it.
    #[since(5_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "there is no such texture: what it reads, how, or by which view",
        INVALID_HANDLE = "the array or mip map is none",
        NOT_SUPPORTED = "a format, a flag or a filter is not done",
    )]
    fn cuTexObjectCreate(
        pTexObject: Out<CUtexObject>, pResDesc: In<CUDA_RESOURCE_DESC>, pTexDesc: In<CUDA_TEXTURE_DESC>,
        pResViewDesc: InOpt<CUDA_RESOURCE_VIEW_DESC>,
    );

    /// Ends a texture; kernels that were launched before may read it still.
    #[since(5_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`texObject` is no texture")]
    fn cuTexObjectDestroy(texObject: CUtexObject);

    /// Says what a texture reads.
    #[since(5_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`texObject` is no texture")]
    fn cuTexObjectGetResourceDesc(pResDesc: Out<CUDA_RESOURCE_DESC>, texObject: CUtexObject);

    /// Says what a texture takes its array for, if that was said when it was made.
    #[since(5_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`texObject` is no texture, or one without a view")]
    fn cuTexObjectGetResourceViewDesc(pResViewDesc: Out<CUDA_RESOURCE_VIEW_DESC>, texObject: CUtexObject);

    /// Says how a texture is read.
    #[since(5_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`texObject` is no texture")]
    fn cuTexObjectGetTextureDesc(pTexDesc: Out<CUDA_TEXTURE_DESC>, texObject: CUtexObject);

    #[since(2_000)]
    #[unsupported]
    fn cuTexRefCreate(pTexRef: *mut CUtexref);

    #[since(2_000)]
    #[unsupported]
    fn cuTexRefDestroy(hTexRef: CUtexref);

    #[since(2_000)]
    #[unsupported]
    fn cuTexRefGetAddress(pdptr: *mut CUdeviceptr_v1, hTexRef: CUtexref);

    #[since(2_000)]
    #[unsupported]
    fn cuTexRefGetAddressMode(pam: *mut CUaddress_mode, hTexRef: CUtexref, dim: c_int);

    #[since(3_020)]
    #[unsupported]
    fn cuTexRefGetAddress_v2(pdptr: *mut CUdeviceptr, hTexRef: CUtexref);

    #[since(2_000)]
    #[unsupported]
    fn cuTexRefGetArray(phArray: *mut CUarray, hTexRef: CUtexref);

    #[since(8_000)]
    #[unsupported]
    fn cuTexRefGetBorderColor(pBorderColor: *mut f32, hTexRef: CUtexref);

    #[since(2_000)]
    #[unsupported]
    fn cuTexRefGetFilterMode(pfm: *mut CUfilter_mode, hTexRef: CUtexref);

    #[since(2_000)]
    #[unsupported]
    fn cuTexRefGetFlags(pFlags: *mut c_uint, hTexRef: CUtexref);

    #[since(2_000)]
    #[unsupported]
    fn cuTexRefGetFormat(pFormat: *mut CUarray_format, pNumChannels: *mut c_int, hTexRef: CUtexref);

    #[since(5_000)]
    #[unsupported]
    fn cuTexRefGetMaxAnisotropy(pmaxAniso: *mut c_int, hTexRef: CUtexref);

    #[since(5_000)]
    #[unsupported]
    fn cuTexRefGetMipmapFilterMode(pfm: *mut CUfilter_mode, hTexRef: CUtexref);

    #[since(5_000)]
    #[unsupported]
    fn cuTexRefGetMipmapLevelBias(pbias: *mut f32, hTexRef: CUtexref);

    #[since(5_000)]
    #[unsupported]
    fn cuTexRefGetMipmapLevelClamp(
        pminMipmapLevelClamp: *mut f32,
        pmaxMipmapLevelClamp: *mut f32,
        hTexRef: CUtexref,
    );

    #[since(5_000)]
    #[unsupported]
    fn cuTexRefGetMipmappedArray(phMipmappedArray: *mut CUmipmappedArray, hTexRef: CUtexref);

    #[since(2_000)]
    #[unsupported]
    fn cuTexRefSetAddress(
        ByteOffset: *mut c_uint,
        hTexRef: CUtexref,
        dptr: CUdeviceptr_v1,
        bytes: c_uint,
    );

    #[since(2_020)]
    #[unsupported]
    fn cuTexRefSetAddress2D(
        hTexRef: CUtexref,
        desc: *const CUDA_ARRAY_DESCRIPTOR_v1,
        dptr: CUdeviceptr_v1,
        Pitch: c_uint,
    );

    #[since(3_020)]
    #[unsupported]
    fn cuTexRefSetAddress2D_v2(
        hTexRef: CUtexref,
        desc: *const CUDA_ARRAY_DESCRIPTOR,
        dptr: CUdeviceptr,
        Pitch: usize,
    );

    #[since(4_010)]
    #[unsupported]
    fn cuTexRefSetAddress2D_v3(
        hTexRef: CUtexref,
        desc: *const CUDA_ARRAY_DESCRIPTOR,
        dptr: CUdeviceptr,
        Pitch: usize,
    );

    #[since(2_000)]
    #[unsupported]
    fn cuTexRefSetAddressMode(hTexRef: CUtexref, dim: c_int, am: CUaddress_mode);

    #[since(3_020)]
    #[unsupported]
    fn cuTexRefSetAddress_v2(
        ByteOffset: *mut usize,
        hTexRef: CUtexref,
        dptr: CUdeviceptr,
        bytes: usize,
    );

    #[since(2_000)]
    #[unsupported]
    fn cuTexRefSetArray(hTexRef: CUtexref, hArray: CUarray, Flags: c_uint);

    #[since(8_000)]
    #[unsupported]
    fn cuTexRefSetBorderColor(hTexRef: CUtexref, pBorderColor: *mut f32);

    #[since(2_000)]
    #[unsupported]
    fn cuTexRefSetFilterMode(hTexRef: CUtexref, fm: CUfilter_mode);

    #[since(2_000)]
    #[unsupported]
    fn cuTexRefSetFlags(hTexRef: CUtexref, Flags: c_uint);

    #[since(2_000)]
    #[unsupported]
    fn cuTexRefSetFormat(hTexRef: CUtexref, fmt: CUarray_format, NumPackedComponents: c_int);

    #[since(5_000)]
    #[unsupported]
    fn cuTexRefSetMaxAnisotropy(hTexRef: CUtexref, maxAniso: c_uint);

    #[since(5_000)]
    #[unsupported]
    fn cuTexRefSetMipmapFilterMode(hTexRef: CUtexref, fm: CUfilter_mode);

    #[since(5_000)]
    #[unsupported]
    fn cuTexRefSetMipmapLevelBias(hTexRef: CUtexref, bias: f32);

    #[since(5_000)]
    #[unsupported]
    fn cuTexRefSetMipmapLevelClamp(
        hTexRef: CUtexref,
        minMipmapLevelClamp: f32,
        maxMipmapLevelClamp: f32,
    );

    #[since(5_000)]
    #[unsupported]
    fn cuTexRefSetMipmappedArray(
        hTexRef: CUtexref,
        hMipmappedArray: CUmipmappedArray,
        Flags: c_uint,
    );
}
