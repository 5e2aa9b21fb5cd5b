//! OpenGL interoperability. Source: CUDA Driver API reference.

extern "driver" {
    #[since(7_000)]
    #[unsupported]
    fn cuEGLStreamConsumerAcquireFrame(
        conn: *mut CUeglStreamConnection,
        pCudaResource: *mut CUgraphicsResource,
        pStream: *mut CUstream,
        timeout: c_uint,
    );

    #[since(7_000)]
    #[unsupported]
    fn cuEGLStreamConsumerConnect(conn: *mut CUeglStreamConnection, stream: EGLStreamKHR);

    #[since(8_000)]
    #[unsupported]
    fn cuEGLStreamConsumerConnectWithFlags(
        conn: *mut CUeglStreamConnection,
        stream: EGLStreamKHR,
        flags: c_uint,
    );

    #[since(7_000)]
    #[unsupported]
    fn cuEGLStreamConsumerDisconnect(conn: *mut CUeglStreamConnection);

    #[since(7_000)]
    #[unsupported]
    fn cuEGLStreamConsumerReleaseFrame(
        conn: *mut CUeglStreamConnection,
        pCudaResource: CUgraphicsResource,
        pStream: *mut CUstream,
    );

    #[since(7_000)]
    #[unsupported]
    fn cuEGLStreamProducerConnect(
        conn: *mut CUeglStreamConnection,
        stream: EGLStreamKHR,
        width: EGLint,
        height: EGLint,
    );

    #[since(7_000)]
    #[unsupported]
    fn cuEGLStreamProducerDisconnect(conn: *mut CUeglStreamConnection);

    #[since(7_000)]
    #[unsupported]
    fn cuEGLStreamProducerPresentFrame(
        conn: *mut CUeglStreamConnection,
        eglframe: CUeglFrame,
        pStream: *mut CUstream,
    );

    #[since(7_000)]
    #[unsupported]
    fn cuEGLStreamProducerReturnFrame(
        conn: *mut CUeglStreamConnection,
        eglframe: *mut CUeglFrame,
        pStream: *mut CUstream,
    );

    #[since(9_000)]
    #[unsupported]
    fn cuEventCreateFromEGLSync(phEvent: *mut CUevent, eglSync: EGLSyncKHR, flags: c_uint);

    #[since(2_000)]
    #[unsupported]
    fn cuGLCtxCreate(pCtx: *mut CUcontext, Flags: c_uint, device: CUdevice);

    #[since(3_020)]
    #[unsupported]
    fn cuGLCtxCreate_v2(pCtx: *mut CUcontext, Flags: c_uint, device: CUdevice);

    #[since(4_010)]
    #[unsupported]
    fn cuGLGetDevices(
        pCudaDeviceCount: *mut c_uint,
        pCudaDevices: *mut CUdevice,
        cudaDeviceCount: c_uint,
        deviceList: CUGLDeviceList,
    );

    #[since(6_050)]
    #[unsupported]
    fn cuGLGetDevices_v2(
        pCudaDeviceCount: *mut c_uint,
        pCudaDevices: *mut CUdevice,
        cudaDeviceCount: c_uint,
        deviceList: CUGLDeviceList,
    );

    #[since(2_000)]
    #[unsupported]
    fn cuGLInit();

    #[since(2_000)]
    #[unsupported]
    fn cuGLMapBufferObject(dptr: *mut CUdeviceptr_v1, size: *mut c_uint, buffer: GLuint);

    #[since(2_030)]
    #[unsupported]
    fn cuGLMapBufferObjectAsync(
        dptr: *mut CUdeviceptr_v1,
        size: *mut c_uint,
        buffer: GLuint,
        hStream: CUstream,
    );

    #[since(3_020)]
    #[ptsz(7_000)]
    #[unsupported]
    fn cuGLMapBufferObjectAsync_v2(
        dptr: *mut CUdeviceptr,
        size: *mut usize,
        buffer: GLuint,
        hStream: CUstream,
    );

    #[since(3_020)]
    #[ptds(7_000)]
    #[unsupported]
    fn cuGLMapBufferObject_v2(dptr: *mut CUdeviceptr, size: *mut usize, buffer: GLuint);

    #[since(2_000)]
    #[unsupported]
    fn cuGLRegisterBufferObject(buffer: GLuint);

    #[since(2_030)]
    #[unsupported]
    fn cuGLSetBufferObjectMapFlags(buffer: GLuint, Flags: c_uint);

    #[since(2_000)]
    #[unsupported]
    fn cuGLUnmapBufferObject(buffer: GLuint);

    #[since(2_030)]
    #[unsupported]
    fn cuGLUnmapBufferObjectAsync(buffer: GLuint, hStream: CUstream);

    #[since(2_000)]
    #[unsupported]
    fn cuGLUnregisterBufferObject(buffer: GLuint);

    #[since(7_000)]
    #[unsupported]
    fn cuGraphicsEGLRegisterImage(
        pCudaResource: *mut CUgraphicsResource,
        image: EGLImageKHR,
        flags: c_uint,
    );

    #[since(3_000)]
    #[unsupported]
    fn cuGraphicsGLRegisterBuffer(
        pCudaResource: *mut CUgraphicsResource,
        buffer: GLuint,
        Flags: c_uint,
    );

    #[since(3_000)]
    #[unsupported]
    fn cuGraphicsGLRegisterImage(
        pCudaResource: *mut CUgraphicsResource,
        image: GLuint,
        target: GLenum,
        Flags: c_uint,
    );
}
