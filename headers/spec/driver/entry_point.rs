//! Entry point. Source: CUDA Driver API reference.

extern "driver" {
    /// Gives our libraries' own table for our own UUID; there are no other tables.
    #[since(3_000)]
    #[custom]
    #[errors(INVALID_VALUE = "it is another table")]
    fn cuGetExportTable(ppExportTable: Out<*const c_void>, pExportTableId: In<CUuuid>);

    /// Finds a function by base name and CUDA version; what is not found is an error and leaves `pfn` alone.
    #[since(11_030)]
    #[custom]
    #[errors(INVALID_VALUE = "`flags` is above 3", NOT_FOUND = "no function has that name, or none that is as old as `cudaVersion`")]
    fn cuGetProcAddress(symbol: Str, pfn: Out<*mut c_void>, cudaVersion: c_int, flags: cuuint64_t);

    /// Finds a function by base name and CUDA version; what is not found is null, a reason and success.
    #[since(12_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`flags` is above 3")]
    fn cuGetProcAddress_v2(symbol: Str, pfn: Out<*mut c_void>, cudaVersion: c_int, flags: cuuint64_t, symbolStatus: OutOpt<CUdriverProcAddressQueryResult>);
}
