//! What devices keep of their memory's health: ECC errors, retired pages, remapped rows, the inforom. Source: NVML reference, device queries.

extern "nvml" {
    #[unsupported]
    fn nvmlDeviceGetBBXTimeData_v1(device: nvmlDevice_t, timeData: *mut nvmlBBXTimeData_v1_t);

    #[unsupported]
    fn nvmlDeviceGetBankRemapperStatus_v1(
        device: nvmlDevice_t, pBankRemapperStatus: *mut nvmlEccBankRemapperStatus_v1_t,
    );

    #[unsupported]
    fn nvmlDeviceGetDefaultEccMode(device: nvmlDevice_t, defaultMode: *mut nvmlEnableState_t);

    #[unsupported]
    fn nvmlDeviceGetDetailedEccErrors(
        device: nvmlDevice_t, errorType: nvmlMemoryErrorType_t, counterType: nvmlEccCounterType_t,
        eccCounts: *mut nvmlEccErrorCounts_t,
    );

    #[unsupported]
    fn nvmlDeviceGetInforomConfigurationChecksum(device: nvmlDevice_t, checksum: *mut c_uint);

    #[unsupported]
    fn nvmlDeviceGetInforomImageVersion(device: nvmlDevice_t, version: *mut c_char, length: c_uint);

    #[unsupported]
    fn nvmlDeviceGetInforomVersion(
        device: nvmlDevice_t, object: nvmlInforomObject_t, version: *mut c_char, length: c_uint,
    );

    #[unsupported]
    fn nvmlDeviceGetLastBBXFlushTime(device: nvmlDevice_t, timestamp: *mut c_ulonglong, durationUs: *mut c_ulong);

    #[unsupported]
    fn nvmlDeviceGetMemoryErrorCounter(
        device: nvmlDevice_t, errorType: nvmlMemoryErrorType_t, counterType: nvmlEccCounterType_t,
        locationType: nvmlMemoryLocation_t, count: *mut c_ulonglong,
    );

    #[unsupported]
    fn nvmlDeviceGetRemappedRows(
        device: nvmlDevice_t, corrRows: *mut c_uint, uncRows: *mut c_uint, isPending: *mut c_uint,
        failureOccurred: *mut c_uint,
    );

    #[unsupported]
    fn nvmlDeviceGetRemappedRows_v2(device: nvmlDevice_t, info: *mut nvmlRemappedRowsInfo_v2_t);

    #[unsupported]
    fn nvmlDeviceGetRepairStatus(device: nvmlDevice_t, repairStatus: *mut nvmlRepairStatus_t);

    #[unsupported]
    fn nvmlDeviceGetRetiredPages(
        device: nvmlDevice_t, cause: nvmlPageRetirementCause_t, pageCount: *mut c_uint, addresses: *mut c_ulonglong,
    );

    #[unsupported]
    fn nvmlDeviceGetRetiredPagesPendingStatus(device: nvmlDevice_t, isPending: *mut nvmlEnableState_t);

    #[unsupported]
    fn nvmlDeviceGetRetiredPages_v2(
        device: nvmlDevice_t, cause: nvmlPageRetirementCause_t, pageCount: *mut c_uint, addresses: *mut c_ulonglong,
        timestamps: *mut c_ulonglong,
    );

    #[unsupported]
    fn nvmlDeviceGetRowRemapperHistogram(device: nvmlDevice_t, values: *mut nvmlRowRemapperHistogramValues_t);

    #[unsupported]
    fn nvmlDeviceGetSramEccErrorStatus(device: nvmlDevice_t, status: *mut nvmlEccSramErrorStatus_t);

    #[unsupported]
    fn nvmlDeviceGetSramUniqueUncorrectedEccErrorCounts(
        device: nvmlDevice_t, errorCounts: *mut nvmlEccSramUniqueUncorrectedErrorCounts_t,
    );

    #[unsupported]
    fn nvmlDeviceGetTotalEccErrors(
        device: nvmlDevice_t, errorType: nvmlMemoryErrorType_t, counterType: nvmlEccCounterType_t,
        eccCounts: *mut c_ulonglong,
    );

    #[unsupported]
    fn nvmlDeviceGetUnrepairableMemoryFlag_v1(
        device: nvmlDevice_t, unrepairableMemoryStatus: *mut nvmlUnrepairableMemoryStatus_v1_t,
    );

    #[unsupported]
    fn nvmlDeviceValidateInforom(device: nvmlDevice_t);
}
