//! Context. Source: CUDA Driver API reference.

extern "driver" {
    #[since(2_000)]
    #[unsupported]
    fn cuCtxAttach(pctx: *mut CUcontext, flags: c_uint);

    /// Makes a context and puts it on the thread's stack.
    #[since(2_000)]
    #[custom]
    #[errors(
        INVALID_DEVICE = "`dev` is no visible device",
        INVALID_VALUE = "`flags` has a bit that no flag is, or more than one way to schedule",
        OUT_OF_MEMORY = "as many streams are open as fit",
        DEINITIALIZED = "the thread is ending and has a current context",
    )]
    fn cuCtxCreate(pctx: Out<CUcontext>, flags: c_uint, dev: CUdevice);

    /// Makes a context and puts it on the thread's stack.
    #[since(3_020)]
    #[custom]
    #[errors(cuCtxCreate)]
    fn cuCtxCreate_v2(pctx: Out<CUcontext>, flags: c_uint, dev: CUdevice);

    /// Makes a context and puts it on the thread's stack; without execution affinity, which no device here has.
    #[since(11_040)]
    #[custom]
    #[errors(
        INVALID_DEVICE = "`dev` is no visible device",
        INVALID_VALUE = "`flags` has a bit that no flag is, or more than one way to schedule; or `numParams` is negative, or not 0 and `paramsArray` null",
        UNSUPPORTED_EXEC_AFFINITY = "`numParams` is above 0",
        OUT_OF_MEMORY = "as many streams are open as fit",
        DEINITIALIZED = "the thread is ending and has a current context",
    )]
    fn cuCtxCreate_v3(pctx: Out<CUcontext>, paramsArray: InOpt<CUexecAffinityParam>, numParams: c_int, flags: c_uint, dev: CUdevice);

    /// Makes a context and puts it on the thread's stack; without execution affinity and graphics sharing.
    #[since(12_050)]
    #[custom]
    #[errors(cuCtxCreate, UNSUPPORTED_EXEC_AFFINITY = "`ctxCreateParams` asks for execution affinity", NOT_SUPPORTED = "it asks for graphics sharing")]
    fn cuCtxCreate_v4(pctx: Out<CUcontext>, ctxCreateParams: InOpt<CUctxCreateParams>, flags: c_uint, dev: CUdevice);

    /// Ends a context and all it holds; if it is current on this thread it is popped.
    #[since(2_000)]
    #[custom]
    #[errors(INVALID_CONTEXT = "`ctx` is no context, or a primary one")]
    fn cuCtxDestroy(ctx: CUcontext);

    /// Ends a context and all it holds; if it is current on this thread it is popped.
    #[since(4_000)]
    #[custom]
    #[errors(cuCtxDestroy)]
    fn cuCtxDestroy_v2(ctx: CUcontext);

    #[since(2_000)]
    #[unsupported]
    fn cuCtxDetach(ctx: CUcontext);

    /// Gives the API version that a context was made for.
    #[since(3_020)]
    #[custom]
    #[errors(INVALID_CONTEXT = "`ctx` is neither null nor a context", CONTEXT_IS_DESTROYED = "it is a primary context that nobody retains")]
    fn cuCtxGetApiVersion(ctx: CUcontext, version: Out<c_uint>);

    /// Gives the preferred split between cache and shared memory: a preference without effect here.
    #[since(3_020)]
    #[custom]
    #[errors()]
    fn cuCtxGetCacheConfig(pconfig: Out<CUfunc_cache>);

    /// Gives the thread's current context; null when there is none.
    #[since(4_000)]
    #[custom]
    #[errors()]
    fn cuCtxGetCurrent(pctx: Out<CUcontext>);

    /// Gives the device of the current context.
    #[since(2_000)]
    #[custom]
    #[errors()]
    fn cuCtxGetDevice(device: Out<CUdevice>);

    /// Gives the device of a context, the current one for null.
    #[since(13_000)]
    #[custom]
    #[errors(cuCtxGetApiVersion)]
    fn cuCtxGetDevice_v2(device: Out<CUdevice>, ctx: CUcontext);

    #[since(11_040)]
    #[unsupported]
    fn cuCtxGetExecAffinity(pExecAffinity: *mut CUexecAffinityParam, type_: CUexecAffinityType);

    /// Gives the flags of the current context.
    #[since(7_000)]
    #[custom]
    #[errors()]
    fn cuCtxGetFlags(flags: Out<c_uint>);

    /// Gives a number that no other context of the process has or had.
    #[since(12_000)]
    #[custom]
    #[errors(cuCtxGetApiVersion)]
    fn cuCtxGetId(ctx: CUcontext, ctxId: Out<c_ulonglong>);

    /// Gives a limit, if the device has it.
    #[since(3_010)]
    #[custom]
    #[errors(INVALID_VALUE = "`limit` is none that CUDA has", UNSUPPORTED_LIMIT = "the device has no such limit")]
    fn cuCtxGetLimit(pvalue: Out<usize>, limit: CUlimit);

    /// Gives the width of shared memory banks: four bytes, as on every current device.
    #[since(4_020)]
    #[custom]
    #[errors()]
    fn cuCtxGetSharedMemConfig(pConfig: Out<CUsharedconfig>);

    /// Gives the range of stream priorities; lower numbers go first.
    #[since(5_050)]
    #[custom]
    #[errors()]
    fn cuCtxGetStreamPriorityRange(leastPriority: OutOpt<c_int>, greatestPriority: OutOpt<c_int>);

    /// Takes the current context off the thread's stack.
    #[since(2_000)]
    #[custom]
    #[errors()]
    fn cuCtxPopCurrent(pctx: OutOpt<CUcontext>);

    /// Takes the current context off the thread's stack.
    #[since(4_000)]
    #[custom]
    #[errors()]
    fn cuCtxPopCurrent_v2(pctx: OutOpt<CUcontext>);

    /// Puts a context on the thread's stack.
    #[since(2_000)]
    #[custom]
    #[errors(INVALID_CONTEXT = "`ctx` is no context", DEINITIALIZED = "the thread is ending and has a current context")]
    fn cuCtxPushCurrent(ctx: CUcontext);

    /// Puts a context on the thread's stack.
    #[since(4_000)]
    #[custom]
    #[errors(cuCtxPushCurrent)]
    fn cuCtxPushCurrent_v2(ctx: CUcontext);

    /// Records an event after all work of a context so far.
    #[since(12_050)]
    #[custom]
    #[errors(
        INVALID_CONTEXT = "`hCtx` is neither null nor a context",
        CONTEXT_IS_DESTROYED = "it is a primary context that nobody retains",
        INVALID_HANDLE = "`hEvent` is no event, or one of another context",
        STREAM_CAPTURE_UNSUPPORTED = "a stream of the context is in a capture, which this breaks",
    )]
    fn cuCtxRecordEvent(hCtx: CUcontext, hEvent: CUevent);

    #[since(11_000)]
    #[unsupported]
    fn cuCtxResetPersistingL2Cache();

    /// Keeps the preferred split between cache and shared memory: a preference without effect here.
    #[since(3_020)]
    #[custom]
    #[errors(INVALID_VALUE = "`config` is none")]
    fn cuCtxSetCacheConfig(config: CUfunc_cache);

    /// Replaces the thread's current context; null pops it.
    #[since(4_000)]
    #[custom]
    #[errors(INVALID_CONTEXT = "`ctx` is neither null nor a context")]
    fn cuCtxSetCurrent(ctx: CUcontext);

    /// Sets the flags of the current context.
    #[since(12_010)]
    #[custom]
    #[errors(INVALID_VALUE = "`flags` has a bit that no flag is, or more than one way to schedule")]
    fn cuCtxSetFlags(flags: c_uint);

    /// Sets a limit, if the device lets it.
    #[since(3_010)]
    #[custom]
    #[errors(INVALID_VALUE = "`limit` is none that CUDA has, or the device does not take `value`", UNSUPPORTED_LIMIT = "the device has no such limit")]
    fn cuCtxSetLimit(limit: CUlimit, value: usize);

    /// Accepts a width of shared memory banks: without effect, as on every current device.
    #[since(4_020)]
    #[custom]
    #[errors(INVALID_VALUE = "`config` is none")]
    fn cuCtxSetSharedMemConfig(config: CUsharedconfig);

    /// Waits for all work of the current context.
    #[since(2_000)]
    #[custom]
    #[errors(STREAM_CAPTURE_UNSUPPORTED = "a capture is open that forbids such calls, and which this one breaks")]
    fn cuCtxSynchronize();

    /// Waits for all work of a context, the current one for null.
    #[since(13_000)]
    #[custom]
    #[errors(cuCtxSynchronize, INVALID_CONTEXT = "`ctx` is neither null nor a context", CONTEXT_IS_DESTROYED = "it is a primary context that nobody retains")]
    fn cuCtxSynchronize_v2(ctx: CUcontext);

    /// Has all later work of a context wait for an event.
    #[since(12_050)]
    #[custom]
    #[errors(
        INVALID_CONTEXT = "`hCtx` is neither null nor a context",
        CONTEXT_IS_DESTROYED = "it is a primary context that nobody retains",
        INVALID_HANDLE = "`hEvent` is no event",
        STREAM_CAPTURE_UNSUPPORTED = "a stream of the context is in a capture, or the event was last recorded in one; this breaks it",
    )]
    fn cuCtxWaitEvent(hCtx: CUcontext, hEvent: CUevent);
}
