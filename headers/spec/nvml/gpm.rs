//! GPU performance monitoring. Source: NVML API reference.

extern "nvml" {
    #[unsupported]
    fn nvmlGpmMetricsGet(metricsGet: *mut nvmlGpmMetricsGet_t);

    #[unsupported]
    fn nvmlGpmMigSampleGet(device: nvmlDevice_t, gpuInstanceId: c_uint, gpmSample: nvmlGpmSample_t);

    #[unsupported]
    fn nvmlGpmQueryDeviceSupport(device: nvmlDevice_t, gpmSupport: *mut nvmlGpmSupport_t);

    #[unsupported]
    fn nvmlGpmQueryIfStreamingEnabled(device: nvmlDevice_t, state: *mut c_uint);

    #[unsupported]
    fn nvmlGpmSampleAlloc(gpmSample: *mut nvmlGpmSample_t);

    #[unsupported]
    fn nvmlGpmSampleFree(gpmSample: nvmlGpmSample_t);

    #[unsupported]
    fn nvmlGpmSampleGet(device: nvmlDevice_t, gpmSample: nvmlGpmSample_t);

    #[unsupported]
    fn nvmlGpmSetStreamingEnabled(device: nvmlDevice_t, state: c_uint);
}
