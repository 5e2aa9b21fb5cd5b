//! Power profile. Source: NVML API reference.

extern "nvml" {
    #[unsupported]
    fn nvmlDevicePowerSmoothingActivatePresetProfile(device: nvmlDevice_t, profile: *mut nvmlPowerSmoothingProfile_t);

    #[unsupported]
    fn nvmlDevicePowerSmoothingSetState(device: nvmlDevice_t, state: *mut nvmlPowerSmoothingState_t);

    #[unsupported]
    fn nvmlDevicePowerSmoothingUpdatePresetProfileParam(
        device: nvmlDevice_t,
        profile: *mut nvmlPowerSmoothingProfile_t,
    );

    #[unsupported]
    fn nvmlDeviceWorkloadPowerProfileClearRequestedProfiles(
        device: nvmlDevice_t,
        requestedProfiles: *mut nvmlWorkloadPowerProfileRequestedProfiles_t,
    );

    #[unsupported]
    fn nvmlDeviceWorkloadPowerProfileGetCurrentProfiles(
        device: nvmlDevice_t,
        currentProfiles: *mut nvmlWorkloadPowerProfileCurrentProfiles_t,
    );

    #[unsupported]
    fn nvmlDeviceWorkloadPowerProfileGetProfilesInfo(
        device: nvmlDevice_t,
        profilesInfo: *mut nvmlWorkloadPowerProfileProfilesInfo_t,
    );

    #[unsupported]
    fn nvmlDeviceWorkloadPowerProfileSetRequestedProfiles(
        device: nvmlDevice_t,
        requestedProfiles: *mut nvmlWorkloadPowerProfileRequestedProfiles_t,
    );

    #[unsupported]
    fn nvmlDeviceWorkloadPowerProfileUpdateProfiles_v1(
        device: nvmlDevice_t,
        updateProfiles: *mut nvmlWorkloadPowerProfileUpdateProfiles_v1_t,
    );
}
