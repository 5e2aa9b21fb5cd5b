//! Version. Source: CUDA Driver API reference.

extern "driver" {
    /// Reports the CUDA version of the driver as 1000 × major + 10 × minor; works before `cuInit`.
    #[since(2_020)]
    #[custom]
    #[errors()]
    fn cuDriverGetVersion(driverVersion: Out<c_int>);
}
