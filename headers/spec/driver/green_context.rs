//! Green context. Source: CUDA Driver API reference.

extern "driver" {
    #[since(12_040)]
    #[unsupported]
    fn cuCtxFromGreenCtx(pContext: *mut CUcontext, hCtx: CUgreenCtx);

    #[since(12_040)]
    #[unsupported]
    fn cuCtxGetDevResource(hCtx: CUcontext, resource: *mut CUdevResource, type_: CUdevResourceType);

    #[since(12_040)]
    #[unsupported]
    fn cuDevResourceGenerateDesc(
        phDesc: *mut CUdevResourceDesc,
        resources: *mut CUdevResource,
        nbResources: c_uint,
    );

    #[since(13_010)]
    #[unsupported]
    fn cuDevSmResourceSplit(
        result: *mut CUdevResource,
        nbGroups: c_uint,
        input: *const CUdevResource,
        remainder: *mut CUdevResource,
        flags: c_uint,
        groupParams: *mut CU_DEV_SM_RESOURCE_GROUP_PARAMS,
    );

    #[since(12_040)]
    #[unsupported]
    fn cuDevSmResourceSplitByCount(
        result: *mut CUdevResource,
        nbGroups: *mut c_uint,
        input: *const CUdevResource,
        remainder: *mut CUdevResource,
        flags: c_uint,
        minCount: c_uint,
    );

    #[since(12_040)]
    #[unsupported]
    fn cuDeviceGetDevResource(
        device: CUdevice,
        resource: *mut CUdevResource,
        type_: CUdevResourceType,
    );

    #[since(12_040)]
    #[unsupported]
    fn cuGreenCtxCreate(
        phCtx: *mut CUgreenCtx,
        desc: CUdevResourceDesc,
        dev: CUdevice,
        flags: c_uint,
    );

    #[since(12_040)]
    #[unsupported]
    fn cuGreenCtxDestroy(hCtx: CUgreenCtx);

    #[since(12_040)]
    #[unsupported]
    fn cuGreenCtxGetDevResource(
        hCtx: CUgreenCtx,
        resource: *mut CUdevResource,
        type_: CUdevResourceType,
    );

    #[since(12_090)]
    #[unsupported]
    fn cuGreenCtxGetId(greenCtx: CUgreenCtx, greenCtxId: *mut c_ulonglong);

    #[since(12_040)]
    #[unsupported]
    fn cuGreenCtxRecordEvent(hCtx: CUgreenCtx, hEvent: CUevent);

    #[since(12_050)]
    #[unsupported]
    fn cuGreenCtxStreamCreate(
        phStream: *mut CUstream,
        greenCtx: CUgreenCtx,
        flags: c_uint,
        priority: c_int,
    );

    #[since(12_040)]
    #[unsupported]
    fn cuGreenCtxWaitEvent(hCtx: CUgreenCtx, hEvent: CUevent);

    #[since(13_010)]
    #[ptsz(13_010)]
    #[unsupported]
    fn cuStreamGetDevResource(
        hStream: CUstream,
        resource: *mut CUdevResource,
        type_: CUdevResourceType,
    );

    #[since(12_040)]
    #[unsupported]
    fn cuStreamGetGreenCtx(hStream: CUstream, phCtx: *mut CUgreenCtx);
}
