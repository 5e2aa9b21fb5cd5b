//! VDPAU interoperability. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    #[unsupported]
    fn cudaGraphicsVDPAURegisterOutputSurface(
        resource: *mut *mut cudaGraphicsResource,
        vdpSurface: VdpOutputSurface,
        flags: c_uint,
    );

    #[unsupported]
    fn cudaGraphicsVDPAURegisterVideoSurface(
        resource: *mut *mut cudaGraphicsResource,
        vdpSurface: VdpVideoSurface,
        flags: c_uint,
    );

    #[unsupported]
    fn cudaVDPAUGetDevice(device: *mut c_int, vdpDevice: VdpDevice, vdpGetProcAddress: VdpGetProcAddress);

    #[unsupported]
    fn cudaVDPAUSetVDPAUDevice(device: c_int, vdpDevice: VdpDevice, vdpGetProcAddress: VdpGetProcAddress);
}
