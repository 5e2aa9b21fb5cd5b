//! Multi instance. Source: NVML API reference.

extern "nvml" {
    #[unsupported]
    fn nvmlComputeInstanceDestroy(computeInstance: nvmlComputeInstance_t);

    #[unsupported]
    fn nvmlComputeInstanceGetInfo(computeInstance: nvmlComputeInstance_t, info: *mut nvmlComputeInstanceInfo_t);

    #[unsupported]
    fn nvmlComputeInstanceGetInfo_v2(computeInstance: nvmlComputeInstance_t, info: *mut nvmlComputeInstanceInfo_t);

    #[unsupported]
    fn nvmlDeviceCreateGpuInstance(device: nvmlDevice_t, profileId: c_uint, gpuInstance: *mut nvmlGpuInstance_t);

    #[unsupported]
    fn nvmlDeviceCreateGpuInstanceWithPlacement(
        device: nvmlDevice_t,
        profileId: c_uint,
        placement: *const nvmlGpuInstancePlacement_t,
        gpuInstance: *mut nvmlGpuInstance_t,
    );

    #[unsupported]
    fn nvmlDeviceGetComputeInstanceId(device: nvmlDevice_t, id: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetDeviceHandleFromMigDeviceHandle(migDevice: nvmlDevice_t, device: *mut nvmlDevice_t);

    #[unsupported]
    fn nvmlDeviceGetGpuInstanceById(device: nvmlDevice_t, id: c_uint, gpuInstance: *mut nvmlGpuInstance_t);

    #[unsupported]
    fn nvmlDeviceGetGpuInstanceId(device: nvmlDevice_t, id: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetGpuInstancePossiblePlacements(
        device: nvmlDevice_t,
        profileId: c_uint,
        placements: *mut nvmlGpuInstancePlacement_t,
        count: *mut c_uint,
    );

    #[unsupported]
    fn nvmlDeviceGetGpuInstancePossiblePlacements_v2(
        device: nvmlDevice_t,
        profileId: c_uint,
        placements: *mut nvmlGpuInstancePlacement_t,
        count: *mut c_uint,
    );

    #[unsupported]
    fn nvmlDeviceGetGpuInstanceProfileInfo(
        device: nvmlDevice_t,
        profile: c_uint,
        info: *mut nvmlGpuInstanceProfileInfo_t,
    );

    #[unsupported]
    fn nvmlDeviceGetGpuInstanceProfileInfoByIdV(
        device: nvmlDevice_t,
        profileId: c_uint,
        info: *mut nvmlGpuInstanceProfileInfo_v2_t,
    );

    #[unsupported]
    fn nvmlDeviceGetGpuInstanceProfileInfoV(
        device: nvmlDevice_t,
        profile: c_uint,
        info: *mut nvmlGpuInstanceProfileInfo_v2_t,
    );

    #[unsupported]
    fn nvmlDeviceGetGpuInstanceRemainingCapacity(device: nvmlDevice_t, profileId: c_uint, count: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetGpuInstances(
        device: nvmlDevice_t,
        profileId: c_uint,
        gpuInstances: *mut nvmlGpuInstance_t,
        count: *mut c_uint,
    );

    #[unsupported]
    fn nvmlDeviceGetMaxMigDeviceCount(device: nvmlDevice_t, count: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetMigDeviceHandleByIndex(device: nvmlDevice_t, index: c_uint, migDevice: *mut nvmlDevice_t);

    #[unsupported]
    fn nvmlDeviceGetMigMode(device: nvmlDevice_t, currentMode: *mut c_uint, pendingMode: *mut c_uint);

    /// Whether a handle is that of a part of a device; never.
    #[custom]
    #[errors()]
    fn nvmlDeviceIsMigDeviceHandle(device: nvmlDevice_t, isMigDevice: Out<c_uint>);

    #[unsupported]
    fn nvmlDeviceSetMigMode(device: nvmlDevice_t, mode: c_uint, activationStatus: *mut nvmlReturn_t);

    #[unsupported]
    fn nvmlGpuInstanceCreateComputeInstance(
        gpuInstance: nvmlGpuInstance_t,
        profileId: c_uint,
        computeInstance: *mut nvmlComputeInstance_t,
    );

    #[unsupported]
    fn nvmlGpuInstanceCreateComputeInstanceWithPlacement(
        gpuInstance: nvmlGpuInstance_t,
        profileId: c_uint,
        placement: *const nvmlComputeInstancePlacement_t,
        computeInstance: *mut nvmlComputeInstance_t,
    );

    #[unsupported]
    fn nvmlGpuInstanceDestroy(gpuInstance: nvmlGpuInstance_t);

    #[unsupported]
    fn nvmlGpuInstanceGetComputeInstanceById(
        gpuInstance: nvmlGpuInstance_t,
        id: c_uint,
        computeInstance: *mut nvmlComputeInstance_t,
    );

    #[unsupported]
    fn nvmlGpuInstanceGetComputeInstancePossiblePlacements(
        gpuInstance: nvmlGpuInstance_t,
        profileId: c_uint,
        placements: *mut nvmlComputeInstancePlacement_t,
        count: *mut c_uint,
    );

    #[unsupported]
    fn nvmlGpuInstanceGetComputeInstanceProfileInfo(
        gpuInstance: nvmlGpuInstance_t,
        profile: c_uint,
        engProfile: c_uint,
        info: *mut nvmlComputeInstanceProfileInfo_t,
    );

    #[unsupported]
    fn nvmlGpuInstanceGetComputeInstanceProfileInfoV(
        gpuInstance: nvmlGpuInstance_t,
        profile: c_uint,
        engProfile: c_uint,
        info: *mut nvmlComputeInstanceProfileInfo_v2_t,
    );

    #[unsupported]
    fn nvmlGpuInstanceGetComputeInstanceRemainingCapacity(
        gpuInstance: nvmlGpuInstance_t,
        profileId: c_uint,
        count: *mut c_uint,
    );

    #[unsupported]
    fn nvmlGpuInstanceGetComputeInstances(
        gpuInstance: nvmlGpuInstance_t,
        profileId: c_uint,
        computeInstances: *mut nvmlComputeInstance_t,
        count: *mut c_uint,
    );

    #[unsupported]
    fn nvmlGpuInstanceGetInfo(gpuInstance: nvmlGpuInstance_t, info: *mut nvmlGpuInstanceInfo_t);
}
