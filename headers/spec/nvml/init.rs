//! Init. Source: NVML API reference.

extern "nvml" {
    /// Connects to the daemon; the older name.
    #[alias(nvmlInit_v2)]
    fn nvmlInit();

    /// Connects to the daemon.
    #[custom]
    #[errors(nvmlInit_v2, INVALID_ARGUMENT = "`flags` has a bit that no flag is")]
    fn nvmlInitWithFlags(flags: c_uint);

    /// Connects to the daemon; calls are counted.
    #[custom]
    #[errors(DRIVER_NOT_LOADED = "no daemon answers")]
    fn nvmlInit_v2();

    /// Gives nvidia-smi the table that it looks for, with no function in it.
    #[custom]
    #[errors(NOT_FOUND = "it is another table")]
    fn nvmlInternalGetExportTable(table: Out<*const c_void>, id: *const c_void);

    /// Takes one init back; the last closes the connection.
    #[custom]
    #[errors()]
    fn nvmlShutdown();
}
