//! Memory. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Frees device memory.
    #[custom]
    #[errors(
        InvalidValue = "`devPtr` is neither null nor the start of device or managed memory that was allocated",
        StreamCaptureUnsupported = "a capture is open that forbids such calls, and which this one breaks",
    )]
    fn cudaFree(devPtr: *mut c_void);

    /// Frees pinned host memory.
    #[custom]
    #[errors(
        InvalidValue = "`ptr` is neither null nor the start of page-locked memory that was allocated",
        StreamCaptureUnsupported = "a capture is open that forbids such calls, and which this one breaks",
    )]
    fn cudaFreeHost(ptr: *mut c_void);

    /// The device address of a variable.
    #[custom]
    #[errors(InvalidSymbol = "`symbol` is no variable")]
    fn cudaGetSymbolAddress(devPtr: Out<*mut c_void>, symbol: *const c_void);

    /// The size of a variable in bytes.
    #[custom]
    #[errors(InvalidSymbol = "`symbol` is no variable")]
    fn cudaGetSymbolSize(size: Out<usize>, symbol: *const c_void);

    /// Allocates pinned host memory, with flags.
    #[custom]
    #[errors(cudaMallocHost, InvalidValue = "`flags` has a bit that no flag is")]
    fn cudaHostAlloc(pHost: Out<*mut c_void>, size: usize, flags: c_uint);

    /// The device address of pinned host memory.
    #[custom]
    #[errors(InvalidValue = "`pHost` lies in no host memory that CUDA knows, or `flags` is not 0", NotSupported = "the device does not reach it")]
    fn cudaHostGetDevicePointer(pDevice: Out<*mut c_void>, pHost: *mut c_void, flags: c_uint);

    /// The flags that pinned host memory was allocated with.
    #[custom]
    #[errors(InvalidValue = "`pHost` lies in no page-locked memory")]
    fn cudaHostGetFlags(pFlags: Out<c_uint>, pHost: *mut c_void);

    /// Pins memory of the program.
    #[custom]
    #[errors(
        InvalidValue = "`ptr` is null, `size` is 0, `flags` has a bit that no flag is, or the memory is the device's",
        NotSupported = "`flags` asks for memory of a device, or for a device's reach that there is not",
        HostMemoryAlreadyRegistered = "some of it is registered, or allocated by CUDA",
    )]
    fn cudaHostRegister(ptr: *mut c_void, size: usize, flags: c_uint);

    /// Ends the pinning of memory of the program.
    #[custom]
    #[errors(InvalidValue = "`ptr` is null, within registered memory but not its start, or in memory that CUDA has allocated", HostMemoryNotRegistered = "there is nothing registered")]
    fn cudaHostUnregister(ptr: *mut c_void);

    /// Allocates device memory.
    #[custom]
    #[errors(MemoryAllocation = "the device, or the program's share of it, has no such room", StreamCaptureUnsupported = "a capture is open that forbids such calls, and which this one breaks")]
    fn cudaMalloc(devPtr: Out<*mut c_void>, size: usize);

    /// Allocates slices of rows at a distance that suits the device.
    #[custom]
    #[errors(cudaMalloc, InvalidValue = "height times depth is more rows than can be counted")]
    fn cudaMalloc3D(pitchedDevPtr: Out<cudaPitchedPtr>, extent: cudaExtent);

    /// Allocates pinned host memory.
    #[custom]
    #[errors(MemoryAllocation = "the pinned memory has no such room", StreamCaptureUnsupported = "a capture is open that forbids such calls, and which this one breaks")]
    fn cudaMallocHost(ptr: Out<*mut c_void>, size: usize);

    /// Allocates memory that host and device share.
    #[custom]
    #[errors(
        cudaMallocHost,
        InvalidValue = "`size` is 0, or `flags` neither 1 nor 2",
        NotSupported = "the device has other addresses than the host for its memory",
    )]
    fn cudaMallocManaged(devPtr: Out<*mut c_void>, size: usize, flags: c_uint);

    /// Allocates rows at a distance that suits the device.
    #[custom]
    #[errors(cudaMalloc)]
    fn cudaMallocPitch(devPtr: Out<*mut c_void>, pitch: Out<usize>, width: usize, height: usize);

    /// Free and total bytes of the device.
    #[custom]
    #[errors()]
    fn cudaMemGetInfo(free: Out<usize>, total: Out<usize>);
}
