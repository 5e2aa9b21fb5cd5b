//! Entry point. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Finds a driver function as of this runtime's version.
    #[ptsz]
    #[custom]
    #[errors(InvalidValue = "`flags` is above 3")]
    fn cudaGetDriverEntryPoint(
        symbol: Str,
        funcPtr: Out<*mut c_void>,
        flags: c_ulonglong,
        driverStatus: OutOpt<cudaDriverEntryPointQueryResult>,
    );

    /// Finds a driver function as of a version.
    #[ptsz]
    #[custom]
    #[errors(InvalidValue = "`flags` is above 3")]
    fn cudaGetDriverEntryPointByVersion(
        symbol: Str,
        funcPtr: Out<*mut c_void>,
        cudaVersion: c_uint,
        flags: c_ulonglong,
        driverStatus: OutOpt<cudaDriverEntryPointQueryResult>,
    );

    /// Finds a private table; there are none.
    #[custom]
    #[errors(InvalidValue = "always: there is no such table")]
    fn cudaGetExportTable(ppExportTable: Out<*const c_void>, pExportTableId: In<cudaUUID_t>);

    /// The driver's function for a host stub.
    #[custom]
    #[errors(InvalidDeviceFunction = "`symbolPtr` is no kernel, or one that its image lacks")]
    fn cudaGetFuncBySymbol(functionPtr: Out<cudaFunction_t>, symbolPtr: *const c_void);

    /// Gives a handle for the kernel of a host stub.
    #[alias(__cudaGetKernel)]
    fn cudaGetKernel(kernelPtr: Out<cudaKernel_t>, entryFuncAddr: *const c_void);
}
