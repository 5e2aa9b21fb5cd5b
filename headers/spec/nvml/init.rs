//! Init. Source: NVML API reference.

extern "nvml" {
    /// Connects to the daemon; the older name.
    #[alias(nvmlInit_v2)]
    fn nvmlInit();

    /// Connects to the daemon.
    #[custom]
    fn nvmlInitWithFlags(flags: c_uint);

    /// Connects to the daemon; calls are counted.
    #[custom]
    fn nvmlInit_v2();

    /// Gives nvidia-smi the table that it looks for, with no function in it.
    #[custom]
    fn nvmlInternalGetExportTable(table: Out<*const c_void>, id: *const c_void);

    /// Takes one init back; the last closes the connection.
    #[custom]
    fn nvmlShutdown();
}
