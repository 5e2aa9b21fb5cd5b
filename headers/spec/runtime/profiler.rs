//! Profiler. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    #[unsupported]
    fn cudaProfilerStart();

    #[unsupported]
    fn cudaProfilerStop();
}
