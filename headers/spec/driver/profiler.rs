//! Profiler. Source: CUDA Driver API reference.

extern "driver" {
    #[since(4_000)]
    #[unsupported]
    fn cuProfilerInitialize(
        configFile: *const c_char,
        outputFile: *const c_char,
        outputMode: CUoutput_mode,
    );

    #[since(4_000)]
    #[unsupported]
    fn cuProfilerStart();

    #[since(4_000)]
    #[unsupported]
    fn cuProfilerStop();
}
