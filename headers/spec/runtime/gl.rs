//! OpenGL interoperability. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    #[unsupported]
    fn cudaEGLStreamConsumerAcquireFrame(
        conn: *mut cudaEglStreamConnection,
        pCudaResource: *mut cudaGraphicsResource_t,
        pStream: *mut cudaStream_t,
        timeout: c_uint,
    );

    #[unsupported]
    fn cudaEGLStreamConsumerConnect(conn: *mut cudaEglStreamConnection, eglStream: EGLStreamKHR);

    #[unsupported]
    fn cudaEGLStreamConsumerConnectWithFlags(
        conn: *mut cudaEglStreamConnection,
        eglStream: EGLStreamKHR,
        flags: c_uint,
    );

    #[unsupported]
    fn cudaEGLStreamConsumerDisconnect(conn: *mut cudaEglStreamConnection);

    #[unsupported]
    fn cudaEGLStreamConsumerReleaseFrame(
        conn: *mut cudaEglStreamConnection,
        pCudaResource: cudaGraphicsResource_t,
        pStream: *mut cudaStream_t,
    );

    #[unsupported]
    fn cudaEGLStreamProducerConnect(
        conn: *mut cudaEglStreamConnection,
        eglStream: EGLStreamKHR,
        width: EGLint,
        height: EGLint,
    );

    #[unsupported]
    fn cudaEGLStreamProducerDisconnect(conn: *mut cudaEglStreamConnection);

    #[unsupported]
    fn cudaEGLStreamProducerPresentFrame(
        conn: *mut cudaEglStreamConnection,
        eglframe: cudaEglFrame,
        pStream: *mut cudaStream_t,
    );

    #[unsupported]
    fn cudaEGLStreamProducerReturnFrame(
        conn: *mut cudaEglStreamConnection,
        eglframe: *mut cudaEglFrame,
        pStream: *mut cudaStream_t,
    );

    #[unsupported]
    fn cudaEventCreateFromEGLSync(phEvent: *mut cudaEvent_t, eglSync: EGLSyncKHR, flags: c_uint);

    #[unsupported]
    fn cudaGLGetDevices(
        pCudaDeviceCount: *mut c_uint,
        pCudaDevices: *mut c_int,
        cudaDeviceCount: c_uint,
        deviceList: cudaGLDeviceList,
    );

    #[unsupported]
    fn cudaGLMapBufferObject(devPtr: *mut *mut c_void, bufObj: GLuint);

    #[unsupported]
    fn cudaGLMapBufferObjectAsync(devPtr: *mut *mut c_void, bufObj: GLuint, stream: cudaStream_t);

    #[unsupported]
    fn cudaGLRegisterBufferObject(bufObj: GLuint);

    #[unsupported]
    fn cudaGLSetBufferObjectMapFlags(bufObj: GLuint, flags: c_uint);

    #[unsupported]
    fn cudaGLSetGLDevice(device: c_int);

    #[unsupported]
    fn cudaGLUnmapBufferObject(bufObj: GLuint);

    #[unsupported]
    fn cudaGLUnmapBufferObjectAsync(bufObj: GLuint, stream: cudaStream_t);

    #[unsupported]
    fn cudaGLUnregisterBufferObject(bufObj: GLuint);

    #[unsupported]
    fn cudaGraphicsEGLRegisterImage(pCudaResource: *mut *mut cudaGraphicsResource, image: EGLImageKHR, flags: c_uint);

    #[unsupported]
    fn cudaGraphicsGLRegisterBuffer(resource: *mut *mut cudaGraphicsResource, buffer: GLuint, flags: c_uint);

    #[unsupported]
    fn cudaGraphicsGLRegisterImage(
        resource: *mut *mut cudaGraphicsResource,
        image: GLuint,
        target: GLenum,
        flags: c_uint,
    );
}
