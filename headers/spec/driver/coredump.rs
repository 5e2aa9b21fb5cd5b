//! Coredump. Source: CUDA Driver API reference.

extern "driver" {
    #[since(13_020)]
    #[unsupported]
    fn cuCoredumpDeregisterCompleteCallback(callback: CUcoredumpCallbackHandle);

    #[since(13_020)]
    #[unsupported]
    fn cuCoredumpDeregisterStartCallback(callback: CUcoredumpCallbackHandle);

    #[since(12_010)]
    #[unsupported]
    fn cuCoredumpGetAttribute(attrib: CUcoredumpSettings, value: *mut c_void, size: *mut usize);

    #[since(12_010)]
    #[unsupported]
    fn cuCoredumpGetAttributeGlobal(
        attrib: CUcoredumpSettings,
        value: *mut c_void,
        size: *mut usize,
    );

    #[since(13_020)]
    #[unsupported]
    fn cuCoredumpRegisterCompleteCallback(
        callback: CUcoredumpStatusCallback,
        userData: *mut c_void,
        callbackOut: *mut CUcoredumpCallbackHandle,
    );

    #[since(13_020)]
    #[unsupported]
    fn cuCoredumpRegisterStartCallback(
        callback: CUcoredumpStatusCallback,
        userData: *mut c_void,
        callbackOut: *mut CUcoredumpCallbackHandle,
    );

    #[since(12_010)]
    #[unsupported]
    fn cuCoredumpSetAttribute(attrib: CUcoredumpSettings, value: *mut c_void, size: *mut usize);

    #[since(12_010)]
    #[unsupported]
    fn cuCoredumpSetAttributeGlobal(
        attrib: CUcoredumpSettings,
        value: *mut c_void,
        size: *mut usize,
    );
}
