//! Encoder. Source: NVML API reference.

extern "nvml" {
    #[unsupported]
    fn nvmlDeviceGetEncoderCapacity(
        device: nvmlDevice_t,
        encoderQueryType: nvmlEncoderType_t,
        encoderCapacity: *mut c_uint,
    );

    #[unsupported]
    fn nvmlDeviceGetEncoderSessions(
        device: nvmlDevice_t,
        sessionCount: *mut c_uint,
        sessionInfos: *mut nvmlEncoderSessionInfo_t,
    );

    #[unsupported]
    fn nvmlDeviceGetEncoderStats(
        device: nvmlDevice_t,
        sessionCount: *mut c_uint,
        averageFps: *mut c_uint,
        averageLatency: *mut c_uint,
    );

    /// How busy the encoder is, in percent, as the host's NVML says.
    #[custom]
    #[errors(NOT_SUPPORTED = "the host has no NVML, or that does not know")]
    fn nvmlDeviceGetEncoderUtilization(device: nvmlDevice_t, utilization: Out<c_uint>, samplingPeriodUs: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceGetFBCSessions(
        device: nvmlDevice_t,
        sessionCount: *mut c_uint,
        sessionInfo: *mut nvmlFBCSessionInfo_t,
    );

    #[unsupported]
    fn nvmlDeviceGetFBCStats(device: nvmlDevice_t, fbcStats: *mut nvmlFBCStats_t);
}
