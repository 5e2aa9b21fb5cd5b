//! Logs. Source: CUDA Driver API reference.

extern "driver" {
    #[since(12_090)]
    #[unsupported]
    fn cuLogsCurrent(iterator_out: *mut CUlogIterator, flags: c_uint);

    #[since(12_090)]
    #[unsupported]
    fn cuLogsDumpToFile(iterator: *mut CUlogIterator, pathToFile: *const c_char, flags: c_uint);

    #[since(12_090)]
    #[unsupported]
    fn cuLogsDumpToMemory(
        iterator: *mut CUlogIterator,
        buffer: *mut c_char,
        size: *mut usize,
        flags: c_uint,
    );

    #[since(12_090)]
    #[unsupported]
    fn cuLogsRegisterCallback(
        callbackFunc: CUlogsCallback,
        userData: *mut c_void,
        callback_out: *mut CUlogsCallbackHandle,
    );

    #[since(12_090)]
    #[unsupported]
    fn cuLogsUnregisterCallback(callback: CUlogsCallbackHandle);
}
