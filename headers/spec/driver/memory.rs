//! Memory. Source: CUDA Driver API reference.

extern "driver" {
    #[since(4_010)]
    #[unsupported]
    fn cuIpcCloseMemHandle(dptr: CUdeviceptr);

    #[since(4_010)]
    #[unsupported]
    fn cuIpcGetEventHandle(pHandle: *mut CUipcEventHandle, event: CUevent);

    #[since(4_010)]
    #[unsupported]
    fn cuIpcGetMemHandle(pHandle: *mut CUipcMemHandle, dptr: CUdeviceptr);

    #[since(4_010)]
    #[unsupported]
    fn cuIpcOpenEventHandle(phEvent: *mut CUevent, handle: CUipcEventHandle);

    #[since(4_010)]
    #[unsupported]
    fn cuIpcOpenMemHandle(pdptr: *mut CUdeviceptr, handle: CUipcMemHandle, Flags: c_uint);

    #[since(11_000)]
    #[unsupported]
    fn cuIpcOpenMemHandle_v2(pdptr: *mut CUdeviceptr, handle: CUipcMemHandle, Flags: c_uint);

    #[since(2_000)]
    #[unsupported]
    fn cuMemAlloc(dptr: *mut CUdeviceptr_v1, bytesize: c_uint);

    #[since(2_000)]
    #[unsupported]
    fn cuMemAllocHost(pp: *mut *mut c_void, bytesize: c_uint);

    /// Allocates page-locked host memory that the device reaches without copies.
    #[since(3_020)]
    #[custom]
    #[errors(OUT_OF_MEMORY = "the pinned memory has no such room", STREAM_CAPTURE_UNSUPPORTED = "a capture is open that forbids such calls, and which this one breaks")]
    fn cuMemAllocHost_v2(pp: Out<*mut c_void>, bytesize: usize);

    /// Allocates memory for host and device alike; flags say global (1) or host (2) attachment.
    #[since(6_000)]
    #[custom]
    #[errors(cuMemAllocHost_v2, INVALID_VALUE = "`bytesize` is 0, or `flags` neither 1 nor 2", NOT_SUPPORTED = "the device has other addresses than the host for its memory")]
    fn cuMemAllocManaged(dptr: Out<CUdeviceptr>, bytesize: usize, flags: c_uint);

    #[since(2_000)]
    #[unsupported]
    fn cuMemAllocPitch(
        dptr: *mut CUdeviceptr_v1, pPitch: *mut c_uint, WidthInBytes: c_uint, Height: c_uint, ElementSizeBytes: c_uint,
    );

    /// Allocates `Height` rows of device memory at a pitch that suits the device.
    #[since(3_020)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`ElementSizeBytes` is not 4, 8 or 16, or `WidthInBytes` or `Height` is 0",
        OUT_OF_MEMORY = "the device, or the program's share of it, has no such room",
        STREAM_CAPTURE_UNSUPPORTED = "a capture is open that forbids such calls, and which this one breaks",
    )]
    fn cuMemAllocPitch_v2(dptr: Out<CUdeviceptr>, pPitch: Out<usize>, WidthInBytes: usize, Height: usize, ElementSizeBytes: c_uint);

    /// Allocates device memory, aligned to 512 bytes.
    #[since(3_020)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`bytesize` is 0",
        OUT_OF_MEMORY = "the device, or the program's share of it, has no such room",
        STREAM_CAPTURE_UNSUPPORTED = "a capture is open that forbids such calls, and which this one breaks",
    )]
    fn cuMemAlloc_v2(dptr: Out<CUdeviceptr>, bytesize: usize);

    #[since(12_060)]
    #[ptsz(12_060)]
    #[unsupported]
    fn cuMemBatchDecompressAsync(
        paramsArray: *mut CUmemDecompressParams, count: usize, flags: c_uint, errorIndex: *mut usize, stream: CUstream,
    );

    #[since(2_000)]
    #[unsupported]
    fn cuMemFree(dptr: CUdeviceptr_v1);

    /// Frees page-locked host memory once the device is done with it; null is nothing.
    #[since(2_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`p` is neither null nor the start of page-locked memory that was allocated",
        STREAM_CAPTURE_UNSUPPORTED = "a capture is open that forbids such calls, and which this one breaks",
    )]
    fn cuMemFreeHost(p: *mut c_void);

    /// Frees device or managed memory once the work queued before is done; null is nothing.
    #[since(3_020)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`dptr` is neither null nor the start of device or managed memory that was allocated",
        STREAM_CAPTURE_UNSUPPORTED = "a capture is open that forbids such calls, and which this one breaks",
    )]
    fn cuMemFree_v2(dptr: CUdeviceptr);

    #[since(2_000)]
    #[unsupported]
    fn cuMemGetAddressRange(pbase: *mut CUdeviceptr_v1, psize: *mut c_uint, dptr: CUdeviceptr_v1);

    /// Gives start and length of the allocation that an address lies in.
    #[since(3_020)]
    #[custom]
    #[errors(NOT_FOUND = "`dptr` lies in no memory that the device reaches")]
    fn cuMemGetAddressRange_v2(pbase: OutOpt<CUdeviceptr>, psize: OutOpt<usize>, dptr: CUdeviceptr);

    #[since(2_000)]
    #[unsupported]
    fn cuMemGetInfo(free: *mut c_uint, total: *mut c_uint);

    /// Gives free and total memory of the current context's device in bytes.
    #[since(3_020)]
    #[custom]
    #[errors()]
    fn cuMemGetInfo_v2(free: OutOpt<usize>, total: OutOpt<usize>);

    /// Allocates page-locked host memory that the device reaches without copies.
    #[since(2_020)]
    #[custom]
    #[errors(cuMemAllocHost_v2, INVALID_VALUE = "`Flags` has a bit that no flag is")]
    fn cuMemHostAlloc(pp: Out<*mut c_void>, bytesize: usize, Flags: c_uint);

    #[since(2_020)]
    #[unsupported]
    fn cuMemHostGetDevicePointer(pdptr: *mut CUdeviceptr_v1, p: *mut c_void, Flags: c_uint);

    /// Gives the address under which the device reaches page-locked memory.
    #[since(3_020)]
    #[custom]
    #[errors(INVALID_VALUE = "`p` lies in no host memory that CUDA knows, or `Flags` is not 0", NOT_SUPPORTED = "the device does not reach it")]
    fn cuMemHostGetDevicePointer_v2(pdptr: Out<CUdeviceptr>, p: *mut c_void, Flags: c_uint);

    /// Gives the flags that page-locked memory was allocated or registered with.
    #[since(2_030)]
    #[custom]
    #[errors(INVALID_VALUE = "`p` lies in no page-locked memory")]
    fn cuMemHostGetFlags(pFlags: Out<c_uint>, p: *mut c_void);

    /// Registers the program's memory, for the device where that reaches it: in this very process. Elsewhere it stays pageable, and flags that ask for more are not supported.
    #[since(4_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`p` is null, `bytesize` is 0, `Flags` has a bit that no flag is, or the memory is the device's",
        NOT_SUPPORTED = "`Flags` asks for memory of a device, or for a device's reach that there is not",
        HOST_MEMORY_ALREADY_REGISTERED = "some of it is registered, or allocated by CUDA",
    )]
    fn cuMemHostRegister(p: *mut c_void, bytesize: usize, Flags: c_uint);

    /// Registers the program's memory, for the device where that reaches it: in this very process. Elsewhere it stays pageable, and flags that ask for more are not supported.
    #[since(6_050)]
    #[custom]
    #[errors(cuMemHostRegister)]
    fn cuMemHostRegister_v2(p: *mut c_void, bytesize: usize, Flags: c_uint);

    /// Ends the registration of the program's memory.
    #[since(4_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`p` is null, within registered memory but not its start, or in memory that CUDA has allocated", HOST_MEMORY_NOT_REGISTERED = "there is nothing registered")]
    fn cuMemHostUnregister(p: *mut c_void);

    /// Copies between any two addresses.
    #[since(4_000)]
    #[ptds(7_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "a side is null, device memory that is not allocated, or not so much memory",
        STREAM_CAPTURE_IMPLICIT = "it is the legacy stream's work, and a blocking stream is captured",
        STREAM_CAPTURE_INVALIDATED = "the stream is in a capture that an earlier call has broken",
    )]
    fn cuMemcpy(dst: CUdeviceptr, src: CUdeviceptr, ByteCount: usize);

    #[since(2_000)]
    #[unsupported]
    fn cuMemcpy2D(pCopy: *const CUDA_MEMCPY2D_v1);

    #[since(2_000)]
    #[unsupported]
    fn cuMemcpy2DAsync(pCopy: *const CUDA_MEMCPY2D_v1, hStream: CUstream);

    /// Queues a copy of rows with pitches; of pageable memory it is done on return.
    #[since(3_020)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(cuMemcpy2D_v2, INVALID_HANDLE = "`hStream` is no stream")]
    fn cuMemcpy2DAsync_v2(pCopy: In<CUDA_MEMCPY2D>, hStream: CUstream);

    #[since(2_000)]
    #[unsupported]
    fn cuMemcpy2DUnaligned(pCopy: *const CUDA_MEMCPY2D_v1);

    /// Copies rows with any pitches.
    #[since(3_020)]
    #[ptds(7_000)]
    #[custom]
    #[errors(cuMemcpy2D_v2)]
    fn cuMemcpy2DUnaligned_v2(pCopy: In<CUDA_MEMCPY2D>);

    /// Copies rows with pitches.
    #[since(3_020)]
    #[ptds(7_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "a row is wider than its pitch, or a side is null, of no kind of memory, or not so much memory of its kind",
        STREAM_CAPTURE_IMPLICIT = "it is the legacy stream's work, and a blocking stream is captured",
        STREAM_CAPTURE_INVALIDATED = "the stream is in a capture that an earlier call has broken",
    )]
    fn cuMemcpy2D_v2(pCopy: In<CUDA_MEMCPY2D>);

    #[since(2_000)]
    #[unsupported]
    fn cuMemcpy3D(pCopy: *const CUDA_MEMCPY3D_v1);

    #[since(2_000)]
    #[unsupported]
    fn cuMemcpy3DAsync(pCopy: *const CUDA_MEMCPY3D_v1, hStream: CUstream);

    /// Queues a copy of a box of rows; of pageable memory it is done on return.
    #[since(3_020)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(cuMemcpy3D_v2, INVALID_HANDLE = "`hStream` is no stream")]
    fn cuMemcpy3DAsync_v2(pCopy: In<CUDA_MEMCPY3D>, hStream: CUstream);

    #[since(12_080)]
    #[ptsz(12_080)]
    #[unsupported]
    fn cuMemcpy3DBatchAsync(
        numOps: usize, opList: *mut CUDA_MEMCPY3D_BATCH_OP, failIdx: *mut usize, flags: c_ulonglong, hStream: CUstream,
    );

    #[since(13_000)]
    #[ptsz(13_000)]
    #[unsupported]
    fn cuMemcpy3DBatchAsync_v2(
        numOps: usize, opList: *mut CUDA_MEMCPY3D_BATCH_OP, flags: c_ulonglong, hStream: CUstream,
    );

    /// Copies a box of rows between contexts.
    #[since(4_000)]
    #[ptds(7_000)]
    #[custom]
    #[errors(cuMemcpy3D_v2, INVALID_CONTEXT = "one of the two contexts is none that lives")]
    fn cuMemcpy3DPeer(pCopy: In<CUDA_MEMCPY3D_PEER>);

    /// Queues a copy of a box of rows between contexts.
    #[since(4_000)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(cuMemcpy3D_v2, INVALID_HANDLE = "`hStream` is no stream", INVALID_CONTEXT = "one of the two contexts is none that lives")]
    fn cuMemcpy3DPeerAsync(pCopy: In<CUDA_MEMCPY3D_PEER>, hStream: CUstream);

    #[since(13_020)]
    #[ptsz(13_020)]
    #[unsupported]
    fn cuMemcpy3DWithAttributesAsync(op: *mut CUDA_MEMCPY3D_BATCH_OP, flags: c_ulonglong, hStream: CUstream);

    /// Copies a box of rows.
    #[since(3_020)]
    #[ptds(7_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "rows are wider than their pitch or more than a slice has, a level of detail is not 0, or a side is null, of no kind of memory, or not so much memory of its kind",
        STREAM_CAPTURE_IMPLICIT = "it is the legacy stream's work, and a blocking stream is captured",
        STREAM_CAPTURE_INVALIDATED = "the stream is in a capture that an earlier call has broken",
    )]
    fn cuMemcpy3D_v2(pCopy: In<CUDA_MEMCPY3D>);

    /// Queues a copy between any two addresses.
    #[since(4_000)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(cuMemcpy, INVALID_HANDLE = "`hStream` is no stream")]
    fn cuMemcpyAsync(dst: CUdeviceptr, src: CUdeviceptr, ByteCount: usize, hStream: CUstream);

    #[since(2_000)]
    #[unsupported]
    fn cuMemcpyAtoA(dstArray: CUarray, dstOffset: c_uint, srcArray: CUarray, srcOffset: c_uint, ByteCount: c_uint);

    /// Queues a copy of an array to another.
    #[since(3_020)]
    #[ptds(7_000)]
    #[custom]
    #[errors(cuMemcpyAtoD_v2)]
    fn cuMemcpyAtoA_v2(dstArray: CUarray, dstOffset: usize, srcArray: CUarray, srcOffset: usize, ByteCount: usize);

    #[since(2_000)]
    #[unsupported]
    fn cuMemcpyAtoD(dstDevice: CUdeviceptr_v1, srcArray: CUarray, srcOffset: c_uint, ByteCount: c_uint);

    /// Queues a copy of an array to device memory.
    #[since(3_020)]
    #[ptds(7_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "an array is none or does not hold so many bytes there, or the other side is not so much memory of its kind",
        STREAM_CAPTURE_IMPLICIT = "it is the legacy stream's work, and a blocking stream is captured",
        STREAM_CAPTURE_INVALIDATED = "the stream is in a capture that an earlier call has broken",
    )]
    fn cuMemcpyAtoD_v2(dstDevice: CUdeviceptr, srcArray: CUarray, srcOffset: usize, ByteCount: usize);

    #[since(2_000)]
    #[unsupported]
    fn cuMemcpyAtoH(dstHost: *mut c_void, srcArray: CUarray, srcOffset: c_uint, ByteCount: c_uint);

    #[since(2_000)]
    #[unsupported]
    fn cuMemcpyAtoHAsync(
        dstHost: *mut c_void, srcArray: CUarray, srcOffset: c_uint, ByteCount: c_uint, hStream: CUstream,
    );

    /// Queues a copy of an array to pinned memory; to pageable memory it returns when done.
    #[since(3_020)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(cuMemcpyAtoD_v2, INVALID_HANDLE = "`hStream` is no stream")]
    fn cuMemcpyAtoHAsync_v2(
        dstHost: *mut c_void, srcArray: CUarray, srcOffset: usize, ByteCount: usize, hStream: CUstream,
    );

    /// Copies an array to host memory.
    #[since(3_020)]
    #[ptds(7_000)]
    #[custom]
    #[errors(cuMemcpyAtoD_v2)]
    fn cuMemcpyAtoH_v2(dstHost: *mut c_void, srcArray: CUarray, srcOffset: usize, ByteCount: usize);

    #[since(12_080)]
    #[ptsz(12_080)]
    #[unsupported]
    fn cuMemcpyBatchAsync(
        dsts: *mut CUdeviceptr, srcs: *mut CUdeviceptr, sizes: *mut usize, count: usize, attrs: *mut CUmemcpyAttributes,
        attrsIdxs: *mut usize, numAttrs: usize, failIdx: *mut usize, hStream: CUstream,
    );

    #[since(13_000)]
    #[ptsz(13_000)]
    #[unsupported]
    fn cuMemcpyBatchAsync_v2(
        dsts: *mut CUdeviceptr, srcs: *mut CUdeviceptr, sizes: *mut usize, count: usize, attrs: *mut CUmemcpyAttributes,
        attrsIdxs: *mut usize, numAttrs: usize, hStream: CUstream,
    );

    #[since(2_000)]
    #[unsupported]
    fn cuMemcpyDtoA(dstArray: CUarray, dstOffset: c_uint, srcDevice: CUdeviceptr_v1, ByteCount: c_uint);

    /// Queues a copy of device memory to an array.
    #[since(3_020)]
    #[ptds(7_000)]
    #[custom]
    #[errors(cuMemcpyAtoD_v2)]
    fn cuMemcpyDtoA_v2(dstArray: CUarray, dstOffset: usize, srcDevice: CUdeviceptr, ByteCount: usize);

    #[since(2_000)]
    #[unsupported]
    fn cuMemcpyDtoD(dstDevice: CUdeviceptr_v1, srcDevice: CUdeviceptr_v1, ByteCount: c_uint);

    #[since(3_000)]
    #[unsupported]
    fn cuMemcpyDtoDAsync(dstDevice: CUdeviceptr_v1, srcDevice: CUdeviceptr_v1, ByteCount: c_uint, hStream: CUstream);

    /// Queues a copy within device memory.
    #[since(3_020)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(cuMemcpyDtoD_v2, INVALID_HANDLE = "`hStream` is no stream")]
    fn cuMemcpyDtoDAsync_v2(dstDevice: CUdeviceptr, srcDevice: CUdeviceptr, ByteCount: usize, hStream: CUstream);

    /// Queues a copy within device memory.
    #[since(3_020)]
    #[ptds(7_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "a side is not so much memory that the device reaches",
        STREAM_CAPTURE_IMPLICIT = "it is the legacy stream's work, and a blocking stream is captured",
        STREAM_CAPTURE_INVALIDATED = "the stream is in a capture that an earlier call has broken",
    )]
    fn cuMemcpyDtoD_v2(dstDevice: CUdeviceptr, srcDevice: CUdeviceptr, ByteCount: usize);

    #[since(2_000)]
    #[unsupported]
    fn cuMemcpyDtoH(dstHost: *mut c_void, srcDevice: CUdeviceptr_v1, ByteCount: c_uint);

    #[since(2_000)]
    #[unsupported]
    fn cuMemcpyDtoHAsync(dstHost: *mut c_void, srcDevice: CUdeviceptr_v1, ByteCount: c_uint, hStream: CUstream);

    /// Queues a copy of device memory to pinned memory; to pageable memory it returns when done.
    #[since(3_020)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(cuMemcpyDtoH_v2, INVALID_HANDLE = "`hStream` is no stream")]
    fn cuMemcpyDtoHAsync_v2(dstHost: *mut c_void, srcDevice: CUdeviceptr, ByteCount: usize, hStream: CUstream);

    /// Copies device memory to the host.
    #[since(3_020)]
    #[ptds(7_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`dstHost` is null or device memory, or `srcDevice` not so much memory that the device reaches",
        STREAM_CAPTURE_IMPLICIT = "it is the legacy stream's work, and a blocking stream is captured",
        STREAM_CAPTURE_INVALIDATED = "the stream is in a capture that an earlier call has broken",
    )]
    fn cuMemcpyDtoH_v2(dstHost: *mut c_void, srcDevice: CUdeviceptr, ByteCount: usize);

    #[since(2_000)]
    #[unsupported]
    fn cuMemcpyHtoA(dstArray: CUarray, dstOffset: c_uint, srcHost: *const c_void, ByteCount: c_uint);

    #[since(2_000)]
    #[unsupported]
    fn cuMemcpyHtoAAsync(
        dstArray: CUarray, dstOffset: c_uint, srcHost: *const c_void, ByteCount: c_uint, hStream: CUstream,
    );

    /// Queues a copy of host memory to an array; pageable memory may be changed on return.
    #[since(3_020)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(cuMemcpyAtoD_v2, INVALID_HANDLE = "`hStream` is no stream")]
    fn cuMemcpyHtoAAsync_v2(
        dstArray: CUarray, dstOffset: usize, srcHost: *const c_void, ByteCount: usize, hStream: CUstream,
    );

    /// Copies host memory to an array.
    #[since(3_020)]
    #[ptds(7_000)]
    #[custom]
    #[errors(cuMemcpyAtoD_v2)]
    fn cuMemcpyHtoA_v2(dstArray: CUarray, dstOffset: usize, srcHost: *const c_void, ByteCount: usize);

    #[since(2_000)]
    #[unsupported]
    fn cuMemcpyHtoD(dstDevice: CUdeviceptr_v1, srcHost: *const c_void, ByteCount: c_uint);

    #[since(2_000)]
    #[unsupported]
    fn cuMemcpyHtoDAsync(dstDevice: CUdeviceptr_v1, srcHost: *const c_void, ByteCount: c_uint, hStream: CUstream);

    /// Queues a copy of host memory to the device; pageable memory may be changed on return.
    #[since(3_020)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(cuMemcpyHtoD_v2, INVALID_HANDLE = "`hStream` is no stream")]
    fn cuMemcpyHtoDAsync_v2(dstDevice: CUdeviceptr, srcHost: *const c_void, ByteCount: usize, hStream: CUstream);

    /// Copies host memory to the device; returns once the source may be changed.
    #[since(3_020)]
    #[ptds(7_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`srcHost` is null or device memory, or `dstDevice` not so much memory that the device reaches",
        STREAM_CAPTURE_IMPLICIT = "it is the legacy stream's work, and a blocking stream is captured",
        STREAM_CAPTURE_INVALIDATED = "the stream is in a capture that an earlier call has broken",
    )]
    fn cuMemcpyHtoD_v2(dstDevice: CUdeviceptr, srcHost: *const c_void, ByteCount: usize);

    /// Queues a copy from one context's device memory to another's.
    #[since(4_000)]
    #[ptds(7_000)]
    #[custom]
    #[errors(cuMemcpyDtoD_v2, INVALID_CONTEXT = "`dstContext` or `srcContext` is no context that lives")]
    fn cuMemcpyPeer(dstDevice: CUdeviceptr, dstContext: CUcontext, srcDevice: CUdeviceptr, srcContext: CUcontext, ByteCount: usize);

    /// Queues a copy from one context's device memory to another's.
    #[since(4_000)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(cuMemcpyDtoD_v2, INVALID_HANDLE = "`hStream` is no stream", INVALID_CONTEXT = "`dstContext` or `srcContext` is no context that lives")]
    fn cuMemcpyPeerAsync(dstDevice: CUdeviceptr, dstContext: CUcontext, srcDevice: CUdeviceptr, srcContext: CUcontext, ByteCount: usize, hStream: CUstream);

    #[since(13_020)]
    #[ptsz(13_020)]
    #[unsupported]
    fn cuMemcpyWithAttributesAsync(
        dst: CUdeviceptr, src: CUdeviceptr, size: usize, attr: *mut CUmemcpyAttributes, hStream: CUstream,
    );

    #[since(2_000)]
    #[unsupported]
    fn cuMemsetD16(dstDevice: CUdeviceptr_v1, us: c_ushort, N: c_uint);

    /// Queues a fill of device memory with a 16-bit value.
    #[since(3_020)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(cuMemsetD8_v2, INVALID_HANDLE = "`hStream` is no stream")]
    fn cuMemsetD16Async(dstDevice: CUdeviceptr, us: c_ushort, N: usize, hStream: CUstream);

    /// Fills device memory with a 16-bit value.
    #[since(3_020)]
    #[ptds(7_000)]
    #[custom]
    #[errors(cuMemsetD8_v2)]
    fn cuMemsetD16_v2(dstDevice: CUdeviceptr, us: c_ushort, N: usize);

    #[since(2_000)]
    #[unsupported]
    fn cuMemsetD2D16(dstDevice: CUdeviceptr_v1, dstPitch: c_uint, us: c_ushort, Width: c_uint, Height: c_uint);

    /// Queues a fill of rows of device memory with a 16-bit value.
    #[since(3_020)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(cuMemsetD2D8_v2, INVALID_HANDLE = "`hStream` is no stream")]
    fn cuMemsetD2D16Async(dstDevice: CUdeviceptr, dstPitch: usize, us: c_ushort, Width: usize, Height: usize, hStream: CUstream);

    /// Fills rows of device memory with a 16-bit value.
    #[since(3_020)]
    #[ptds(7_000)]
    #[custom]
    #[errors(cuMemsetD2D8_v2)]
    fn cuMemsetD2D16_v2(dstDevice: CUdeviceptr, dstPitch: usize, us: c_ushort, Width: usize, Height: usize);

    #[since(2_000)]
    #[unsupported]
    fn cuMemsetD2D32(dstDevice: CUdeviceptr_v1, dstPitch: c_uint, ui: c_uint, Width: c_uint, Height: c_uint);

    /// Queues a fill of rows of device memory with a 32-bit value.
    #[since(3_020)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(cuMemsetD2D8_v2, INVALID_HANDLE = "`hStream` is no stream")]
    fn cuMemsetD2D32Async(dstDevice: CUdeviceptr, dstPitch: usize, ui: c_uint, Width: usize, Height: usize, hStream: CUstream);

    /// Fills rows of device memory with a 32-bit value.
    #[since(3_020)]
    #[ptds(7_000)]
    #[custom]
    #[errors(cuMemsetD2D8_v2)]
    fn cuMemsetD2D32_v2(dstDevice: CUdeviceptr, dstPitch: usize, ui: c_uint, Width: usize, Height: usize);

    #[since(2_000)]
    #[unsupported]
    fn cuMemsetD2D8(dstDevice: CUdeviceptr_v1, dstPitch: c_uint, uc: c_uchar, Width: c_uint, Height: c_uint);

    /// Queues a fill of rows of device memory with a byte.
    #[since(3_020)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(cuMemsetD2D8_v2, INVALID_HANDLE = "`hStream` is no stream")]
    fn cuMemsetD2D8Async(dstDevice: CUdeviceptr, dstPitch: usize, uc: c_uchar, Width: usize, Height: usize, hStream: CUstream);

    /// Fills rows of device memory with a byte.
    #[since(3_020)]
    #[ptds(7_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`dstDevice` or `dstPitch` is misaligned, a row is wider than its pitch, or `dstDevice` is not so much memory that the device reaches",
        STREAM_CAPTURE_IMPLICIT = "it is the legacy stream's work, and a blocking stream is captured",
        STREAM_CAPTURE_INVALIDATED = "the stream is in a capture that an earlier call has broken",
    )]
    fn cuMemsetD2D8_v2(dstDevice: CUdeviceptr, dstPitch: usize, uc: c_uchar, Width: usize, Height: usize);

    #[since(2_000)]
    #[unsupported]
    fn cuMemsetD32(dstDevice: CUdeviceptr_v1, ui: c_uint, N: c_uint);

    /// Queues a fill of device memory with a 32-bit value.
    #[since(3_020)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(cuMemsetD8_v2, INVALID_HANDLE = "`hStream` is no stream")]
    fn cuMemsetD32Async(dstDevice: CUdeviceptr, ui: c_uint, N: usize, hStream: CUstream);

    /// Fills device memory with a 32-bit value.
    #[since(3_020)]
    #[ptds(7_000)]
    #[custom]
    #[errors(cuMemsetD8_v2)]
    fn cuMemsetD32_v2(dstDevice: CUdeviceptr, ui: c_uint, N: usize);

    #[since(2_000)]
    #[unsupported]
    fn cuMemsetD8(dstDevice: CUdeviceptr_v1, uc: c_uchar, N: c_uint);

    /// Queues a fill of device memory with a byte.
    #[since(3_020)]
    #[ptsz(7_000)]
    #[custom]
    #[errors(cuMemsetD8_v2, INVALID_HANDLE = "`hStream` is no stream")]
    fn cuMemsetD8Async(dstDevice: CUdeviceptr, uc: c_uchar, N: usize, hStream: CUstream);

    /// Fills device memory with a byte.
    #[since(3_020)]
    #[ptds(7_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`dstDevice` is misaligned, or not so much memory that the device reaches",
        STREAM_CAPTURE_IMPLICIT = "it is the legacy stream's work, and a blocking stream is captured",
        STREAM_CAPTURE_INVALIDATED = "the stream is in a capture that an earlier call has broken",
    )]
    fn cuMemsetD8_v2(dstDevice: CUdeviceptr, uc: c_uchar, N: usize);
}
