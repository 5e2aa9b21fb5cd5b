//! Texture. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Puts a channel format together.
    #[custom(raw = "cudaChannelFormatDesc::default()")]
    fn cudaCreateChannelDesc(x: c_int, y: c_int, z: c_int, w: c_int, f: cudaChannelFormatKind)
    -> cudaChannelFormatDesc;

    /// Makes a texture of an array, of linear memory or of rows of it.
    #[custom]
    #[errors(
        InvalidValue = "there is no such texture: what it reads, how, or by which view",
        InvalidChannelDescriptor = "channels are not alike, or there are none such",
        InvalidFilterSetting = "integers are to be filtered",
        InvalidResourceHandle = "the array or mip map is none",
        NotSupported = "channels, a setting or a filter are not done",
    )]
    fn cudaCreateTextureObject(
        pTexObject: Out<cudaTextureObject_t>,
        pResDesc: In<cudaResourceDesc>,
        pTexDesc: In<cudaTextureDesc>,
        pResViewDesc: InOpt<cudaResourceViewDesc>,
    );

    /// Ends a texture; kernels that were launched before may read it still. 0 is nothing.
    #[custom]
    #[errors(InvalidValue = "`texObject` is no texture")]
    fn cudaDestroyTextureObject(texObject: cudaTextureObject_t);

    /// Gives an array's channels.
    #[custom]
    #[errors(InvalidResourceHandle = "`array` is no array")]
    fn cudaGetChannelDesc(desc: Out<cudaChannelFormatDesc>, array: cudaArray_const_t);

    /// Says what a texture reads.
    #[custom]
    #[errors(InvalidValue = "`texObject` is no texture")]
    fn cudaGetTextureObjectResourceDesc(pResDesc: Out<cudaResourceDesc>, texObject: cudaTextureObject_t);

    /// Says what a texture takes its array for, if that was said when it was made.
    #[custom]
    #[errors(InvalidValue = "`texObject` is no texture, or one without a view")]
    fn cudaGetTextureObjectResourceViewDesc(pResViewDesc: Out<cudaResourceViewDesc>, texObject: cudaTextureObject_t);

    /// Says how a texture is read.
    #[custom]
    #[errors(InvalidValue = "`texObject` is no texture")]
    fn cudaGetTextureObjectTextureDesc(pTexDesc: Out<cudaTextureDesc>, texObject: cudaTextureObject_t);
}
