//! Memory. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Frees device memory.
    #[custom]
    fn cudaFree(devPtr: *mut c_void);

    /// Frees pinned host memory.
    #[custom]
    fn cudaFreeHost(ptr: *mut c_void);

    /// The device address of a variable.
    #[custom]
    fn cudaGetSymbolAddress(devPtr: Out<*mut c_void>, symbol: *const c_void);

    /// The size of a variable in bytes.
    #[custom]
    fn cudaGetSymbolSize(size: Out<usize>, symbol: *const c_void);

    /// Allocates pinned host memory, with flags.
    #[custom]
    fn cudaHostAlloc(pHost: Out<*mut c_void>, size: usize, flags: c_uint);

    /// The device address of pinned host memory.
    #[custom]
    fn cudaHostGetDevicePointer(pDevice: Out<*mut c_void>, pHost: *mut c_void, flags: c_uint);

    /// The flags that pinned host memory was allocated with.
    #[custom]
    fn cudaHostGetFlags(pFlags: Out<c_uint>, pHost: *mut c_void);

    /// Pins memory of the program.
    #[custom]
    fn cudaHostRegister(ptr: *mut c_void, size: usize, flags: c_uint);

    /// Ends the pinning of memory of the program.
    #[custom]
    fn cudaHostUnregister(ptr: *mut c_void);

    /// Allocates device memory.
    #[custom]
    fn cudaMalloc(devPtr: Out<*mut c_void>, size: usize);

    /// Allocates slices of rows at a distance that suits the device.
    #[custom]
    fn cudaMalloc3D(pitchedDevPtr: Out<cudaPitchedPtr>, extent: cudaExtent);

    /// Allocates pinned host memory.
    #[custom]
    fn cudaMallocHost(ptr: Out<*mut c_void>, size: usize);

    /// Allocates memory that host and device share.
    #[custom]
    fn cudaMallocManaged(devPtr: Out<*mut c_void>, size: usize, flags: c_uint);

    /// Allocates rows at a distance that suits the device.
    #[custom]
    fn cudaMallocPitch(devPtr: Out<*mut c_void>, pitch: Out<usize>, width: usize, height: usize);

    /// Free and total bytes of the device.
    #[custom]
    fn cudaMemGetInfo(free: Out<usize>, total: Out<usize>);
}
