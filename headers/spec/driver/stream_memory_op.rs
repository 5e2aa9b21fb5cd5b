//! Stream memory op. Source: CUDA Driver API reference.

extern "driver" {
    #[since(8_000)]
    #[ptsz(8_000)]
    #[unsupported]
    fn cuStreamBatchMemOp(
        stream: CUstream,
        count: c_uint,
        paramArray: *mut CUstreamBatchMemOpParams,
        flags: c_uint,
    );

    #[since(11_070)]
    #[ptsz(11_070)]
    #[unsupported]
    fn cuStreamBatchMemOp_v2(
        stream: CUstream,
        count: c_uint,
        paramArray: *mut CUstreamBatchMemOpParams,
        flags: c_uint,
    );

    #[since(8_000)]
    #[ptsz(8_000)]
    #[unsupported]
    fn cuStreamWaitValue32(stream: CUstream, addr: CUdeviceptr, value: cuuint32_t, flags: c_uint);

    #[since(11_070)]
    #[ptsz(11_070)]
    #[unsupported]
    fn cuStreamWaitValue32_v2(
        stream: CUstream,
        addr: CUdeviceptr,
        value: cuuint32_t,
        flags: c_uint,
    );

    #[since(9_000)]
    #[ptsz(9_000)]
    #[unsupported]
    fn cuStreamWaitValue64(stream: CUstream, addr: CUdeviceptr, value: cuuint64_t, flags: c_uint);

    #[since(11_070)]
    #[ptsz(11_070)]
    #[unsupported]
    fn cuStreamWaitValue64_v2(
        stream: CUstream,
        addr: CUdeviceptr,
        value: cuuint64_t,
        flags: c_uint,
    );

    #[since(8_000)]
    #[ptsz(8_000)]
    #[unsupported]
    fn cuStreamWriteValue32(stream: CUstream, addr: CUdeviceptr, value: cuuint32_t, flags: c_uint);

    #[since(11_070)]
    #[ptsz(11_070)]
    #[unsupported]
    fn cuStreamWriteValue32_v2(
        stream: CUstream,
        addr: CUdeviceptr,
        value: cuuint32_t,
        flags: c_uint,
    );

    #[since(9_000)]
    #[ptsz(9_000)]
    #[unsupported]
    fn cuStreamWriteValue64(stream: CUstream, addr: CUdeviceptr, value: cuuint64_t, flags: c_uint);

    #[since(11_070)]
    #[ptsz(11_070)]
    #[unsupported]
    fn cuStreamWriteValue64_v2(
        stream: CUstream,
        addr: CUdeviceptr,
        value: cuuint64_t,
        flags: c_uint,
    );
}
