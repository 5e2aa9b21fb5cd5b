//! Version. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// The latest CUDA version that the driver supports; 0 without a driver.
    #[custom]
    #[errors()]
    fn cudaDriverGetVersion(driverVersion: Out<c_int>);

    /// The version of this runtime's interface.
    #[custom]
    #[errors()]
    fn cudaRuntimeGetVersion(runtimeVersion: Out<c_int>);
}
