//! Checkpoint. Source: CUDA Driver API reference.

extern "driver" {
    #[since(13_040)]
    #[unsupported]
    fn cuCheckpointOperationComplete(handle: CUcheckpointOperationHandle);

    #[since(12_080)]
    #[unsupported]
    fn cuCheckpointProcessCheckpoint(pid: c_int, args: *mut CUcheckpointCheckpointArgs);

    #[since(12_080)]
    #[unsupported]
    fn cuCheckpointProcessGetRestoreThreadId(pid: c_int, tid: *mut c_int);

    #[since(12_080)]
    #[unsupported]
    fn cuCheckpointProcessGetState(pid: c_int, state: *mut CUprocessState);

    #[since(12_080)]
    #[unsupported]
    fn cuCheckpointProcessLock(pid: c_int, args: *mut CUcheckpointLockArgs);

    #[since(12_080)]
    #[unsupported]
    fn cuCheckpointProcessRestore(pid: c_int, args: *mut CUcheckpointRestoreArgs);

    #[since(12_080)]
    #[unsupported]
    fn cuCheckpointProcessUnlock(pid: c_int, args: *mut CUcheckpointUnlockArgs);
}
