//! Event. Source: NVML API reference.

extern "nvml" {
    #[unsupported]
    fn nvmlDeviceGetSupportedEventTypes(device: nvmlDevice_t, eventTypes: *mut c_ulonglong);

    #[unsupported]
    fn nvmlDeviceRegisterEvents(device: nvmlDevice_t, eventTypes: c_ulonglong, set: nvmlEventSet_t);

    /// Makes an empty event set.
    #[custom]
    #[errors()]
    fn nvmlEventSetCreate(set: Out<nvmlEventSet_t>);

    /// Frees an event set.
    #[custom]
    #[errors(INVALID_ARGUMENT = "`set` is no event set")]
    fn nvmlEventSetFree(set: nvmlEventSet_t);

    #[unsupported]
    fn nvmlEventSetGetContextCount_v1(set: nvmlEventSet_t, params: *mut nvmlEventSetGetContextCount_v1_t);

    #[unsupported]
    fn nvmlEventSetGetContextData_v1(set: nvmlEventSet_t, params: *mut nvmlEventSetGetContextData_v1_t);

    #[unsupported]
    fn nvmlEventSetGetContextInfo_v1(set: nvmlEventSet_t, params: *mut nvmlEventSetGetContextInfo_v1_t);

    #[unsupported]
    fn nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1(
        set: nvmlEventSet_t,
        params: *mut nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1_t,
    );

    #[unsupported]
    fn nvmlEventSetRegisterGpuOperationalEvents_v1(
        eventSet: nvmlEventSet_t,
        config: *const nvmlGpuOperationalEventConfig_v1_t,
    );

    #[unsupported]
    fn nvmlEventSetWait(set: nvmlEventSet_t, data: *mut nvmlEventData_t, timeoutms: c_uint);

    #[unsupported]
    fn nvmlEventSetWait_v2(set: nvmlEventSet_t, data: *mut nvmlEventData_t, timeoutms: c_uint);

    #[unsupported]
    fn nvmlEventSetWait_v3(set: nvmlEventSet_t, params: *mut nvmlEventSetWait_v3_t);

    #[unsupported]
    fn nvmlSystemEventSetCreate(request: *mut nvmlSystemEventSetCreateRequest_t);

    #[unsupported]
    fn nvmlSystemEventSetFree(request: *mut nvmlSystemEventSetFreeRequest_t);

    #[unsupported]
    fn nvmlSystemEventSetWait(request: *mut nvmlSystemEventSetWaitRequest_t);

    #[unsupported]
    fn nvmlSystemRegisterEvents(request: *mut nvmlSystemRegisterEventRequest_t);
}
