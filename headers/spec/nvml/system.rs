//! System. Source: NVML API reference.

extern "nvml" {
    #[unsupported]
    fn nvmlSystemGetCPER_v1(cper: *mut nvmlGetCPER_v1_t);

    /// The latest CUDA version that the driver supports.
    #[custom]
    #[errors()]
    fn nvmlSystemGetCudaDriverVersion(cudaDriverVersion: Out<c_int>);

    /// The latest CUDA version that the driver supports.
    #[alias(nvmlSystemGetCudaDriverVersion)]
    fn nvmlSystemGetCudaDriverVersion_v2(cudaDriverVersion: Out<c_int>);

    #[unsupported]
    fn nvmlSystemGetDriverBranch(branchInfo: *mut nvmlSystemDriverBranchInfo_t, length: c_uint);

    /// The driver version that is emulated.
    #[custom]
    #[errors(INSUFFICIENT_SIZE = "`version` has no room for the text and its NUL")]
    fn nvmlSystemGetDriverVersion(version: Out<[c_char; length]>, length: c_uint);

    #[unsupported]
    fn nvmlSystemGetHicVersion(hwbcCount: *mut c_uint, hwbcEntries: *mut nvmlHwbcEntry_t);

    /// The version of this interface.
    #[custom]
    #[errors(INSUFFICIENT_SIZE = "`version` has no room for the text and its NUL")]
    fn nvmlSystemGetNVMLVersion(version: Out<[c_char; length]>, length: c_uint);

    #[unsupported]
    fn nvmlSystemGetProcessName(pid: c_uint, name: *mut c_char, length: c_uint);

    #[unsupported]
    fn nvmlSystemGetTopologyGpuSet(cpuNumber: c_uint, count: *mut c_uint, deviceArray: *mut nvmlDevice_t);
}
