//! Unit. Source: NVML API reference.

extern "nvml" {
    #[unsupported]
    fn nvmlUnitGetCount(unitCount: *mut c_uint);

    #[unsupported]
    fn nvmlUnitGetDevices(unit: nvmlUnit_t, deviceCount: *mut c_uint, devices: *mut nvmlDevice_t);

    #[unsupported]
    fn nvmlUnitGetFanSpeedInfo(unit: nvmlUnit_t, fanSpeeds: *mut nvmlUnitFanSpeeds_t);

    #[unsupported]
    fn nvmlUnitGetHandleByIndex(index: c_uint, unit: *mut nvmlUnit_t);

    #[unsupported]
    fn nvmlUnitGetLedState(unit: nvmlUnit_t, state: *mut nvmlLedState_t);

    #[unsupported]
    fn nvmlUnitGetPsuInfo(unit: nvmlUnit_t, psu: *mut nvmlPSUInfo_t);

    #[unsupported]
    fn nvmlUnitGetTemperature(unit: nvmlUnit_t, type_: c_uint, temp: *mut c_uint);

    #[unsupported]
    fn nvmlUnitGetUnitInfo(unit: nvmlUnit_t, info: *mut nvmlUnitInfo_t);

    #[unsupported]
    fn nvmlUnitSetLedState(unit: nvmlUnit_t, color: nvmlLedColor_t);
}
