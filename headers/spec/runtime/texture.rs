//! Texture. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Puts a channel format together.
    #[custom(raw = "cudaChannelFormatDesc::default()")]
    fn cudaCreateChannelDesc(x: c_int, y: c_int, z: c_int, w: c_int, f: cudaChannelFormatKind)
    -> cudaChannelFormatDesc;

    #[unsupported]
    fn cudaCreateTextureObject(
        pTexObject: *mut cudaTextureObject_t,
        pResDesc: *const cudaResourceDesc,
        pTexDesc: *const cudaTextureDesc,
        pResViewDesc: *const cudaResourceViewDesc,
    );

    #[unsupported]
    fn cudaDestroyTextureObject(texObject: cudaTextureObject_t);

    #[unsupported]
    fn cudaGetChannelDesc(desc: *mut cudaChannelFormatDesc, array: cudaArray_const_t);

    #[unsupported]
    fn cudaGetTextureObjectResourceDesc(pResDesc: *mut cudaResourceDesc, texObject: cudaTextureObject_t);

    #[unsupported]
    fn cudaGetTextureObjectResourceViewDesc(pResViewDesc: *mut cudaResourceViewDesc, texObject: cudaTextureObject_t);

    #[unsupported]
    fn cudaGetTextureObjectTextureDesc(pTexDesc: *mut cudaTextureDesc, texObject: cudaTextureObject_t);
}
