//! Logical endpoint. Source: CUDA Driver API reference.

extern "driver" {
    #[since(13_050)]
    #[ptsz(13_050)]
    #[unsupported]
    fn cuFabricCpyBatchAsync(
        numOps: usize,
        opList: *mut CUDA_FABRIC_COPY_BATCH_OP,
        flags: c_ulonglong,
        hStream: CUstream,
    );

    #[since(13_030)]
    #[unsupported]
    fn cuLogicalEndpointAddDevice(leId: CUlogicalEndpointId, dev: CUdevice);

    #[since(13_030)]
    #[unsupported]
    fn cuLogicalEndpointBindAddr(
        leId: CUlogicalEndpointId,
        dev: CUdevice,
        offset: cuuint64_t,
        ptr: *mut c_void,
        size: cuuint64_t,
        flags: c_ulonglong,
    );

    #[since(13_030)]
    #[unsupported]
    fn cuLogicalEndpointBindMem(
        leId: CUlogicalEndpointId,
        dev: CUdevice,
        offset: cuuint64_t,
        memHandle: CUmemGenericAllocationHandle,
        memOffset: cuuint64_t,
        size: cuuint64_t,
        flags: c_ulonglong,
    );

    #[since(13_030)]
    #[unsupported]
    fn cuLogicalEndpointCreate(leId: CUlogicalEndpointId, prop: *const CUlogicalEndpointProp);

    #[since(13_030)]
    #[unsupported]
    fn cuLogicalEndpointDestroy(leId: CUlogicalEndpointId);

    #[since(13_030)]
    #[unsupported]
    fn cuLogicalEndpointExport(
        handle: *mut c_void,
        leId: CUlogicalEndpointId,
        handleType: CUlogicalEndpointIpcHandleType,
    );

    #[since(13_030)]
    #[unsupported]
    fn cuLogicalEndpointGetLimits(
        bindAlignment: *mut cuuint64_t,
        maxSize: *mut cuuint64_t,
        prop: *const CUlogicalEndpointProp,
    );

    #[since(13_030)]
    #[unsupported]
    fn cuLogicalEndpointIdRelease(baseLeId: CUlogicalEndpointId, count: cuuint32_t);

    #[since(13_030)]
    #[unsupported]
    fn cuLogicalEndpointIdReserve(baseLeId: *mut CUlogicalEndpointId, count: cuuint32_t);

    #[since(13_030)]
    #[unsupported]
    fn cuLogicalEndpointImport(
        leId: CUlogicalEndpointId,
        handle: *const c_void,
        handleType: CUlogicalEndpointIpcHandleType,
    );

    #[since(13_030)]
    #[unsupported]
    fn cuLogicalEndpointQuery(
        leId: CUlogicalEndpointId,
        count: cuuint32_t,
        queryStatus: *mut c_int,
    );

    #[since(13_030)]
    #[unsupported]
    fn cuLogicalEndpointUnbind(
        leId: CUlogicalEndpointId,
        dev: CUdevice,
        offset: cuuint64_t,
        size: cuuint64_t,
    );
}
