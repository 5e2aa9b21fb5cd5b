//! VDPAU interoperability. Source: CUDA Driver API reference.

extern "driver" {
    #[since(3_010)]
    #[unsupported]
    fn cuGraphicsVDPAURegisterOutputSurface(
        pCudaResource: *mut CUgraphicsResource,
        vdpSurface: VdpOutputSurface,
        flags: c_uint,
    );

    #[since(3_010)]
    #[unsupported]
    fn cuGraphicsVDPAURegisterVideoSurface(
        pCudaResource: *mut CUgraphicsResource,
        vdpSurface: VdpVideoSurface,
        flags: c_uint,
    );

    #[since(3_010)]
    #[unsupported]
    fn cuVDPAUCtxCreate(
        pCtx: *mut CUcontext,
        flags: c_uint,
        device: CUdevice,
        vdpDevice: VdpDevice,
        vdpGetProcAddress: VdpGetProcAddress,
    );

    #[since(3_020)]
    #[unsupported]
    fn cuVDPAUCtxCreate_v2(
        pCtx: *mut CUcontext,
        flags: c_uint,
        device: CUdevice,
        vdpDevice: VdpDevice,
        vdpGetProcAddress: VdpGetProcAddress,
    );

    #[since(3_010)]
    #[unsupported]
    fn cuVDPAUGetDevice(
        pDevice: *mut CUdevice,
        vdpDevice: VdpDevice,
        vdpGetProcAddress: VdpGetProcAddress,
    );
}
