//! Library. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Sets an attribute of a kernel on a device.
    #[custom]
    #[errors(
        InvalidDevice = "there is no device of that number",
        InvalidResourceHandle = "`kernel` is no kernel",
        InvalidDeviceFunction = "it is one of the program's own that its image lacks",
        NoKernelImageForDevice = "the image has nothing for the device",
        InvalidKernelImage = "the image is malformed",
        InvalidPtx = "its PTX does not compile",
        MemoryAllocation = "the device has no room for it",
        SymbolNotFound = "what the image has for this device is without the kernel",
        InvalidValue = "`attr` cannot be set, or not to `value`",
        NotSupported = "it is about clusters, and the device has none",
        NotPermitted = "it is a size of clusters that the kernel was compiled for",
    )]
    fn cudaKernelSetAttributeForDevice(kernel: cudaKernel_t, attr: cudaFuncAttribute, value: c_int, device: c_int);

    /// Lists a library's kernels.
    #[custom]
    #[errors(cudaLibraryGetKernelCount)]
    fn cudaLibraryEnumerateKernels(kernels: Out<[cudaKernel_t; numKernels]>, numKernels: c_uint, lib: cudaLibrary_t);

    /// A variable of a library.
    #[custom]
    #[errors(
        InvalidResourceHandle = "`library` is no library",
        NoKernelImageForDevice = "the image has nothing for the device",
        InvalidKernelImage = "the image is malformed",
        InvalidPtx = "its PTX does not compile",
        MemoryAllocation = "the device has no room for it, or the program something else at the variable's address",
        SymbolNotFound = "it has no variable of that name",
    )]
    fn cudaLibraryGetGlobal(dptr: OutOpt<*mut c_void>, bytes: OutOpt<usize>, library: cudaLibrary_t, name: Str);

    /// A kernel of a library.
    #[custom]
    #[errors(
        InvalidResourceHandle = "`library` is no library",
        NoKernelImageForDevice = "the image has nothing for the device",
        InvalidKernelImage = "the image is malformed",
        InvalidPtx = "its PTX does not compile",
        MemoryAllocation = "the device has no room for it",
        SymbolNotFound = "it has no kernel of that name",
    )]
    fn cudaLibraryGetKernel(pKernel: Out<cudaKernel_t>, library: cudaLibrary_t, name: Str);

    /// Counts a library's kernels.
    #[custom]
    #[errors(
        InvalidResourceHandle = "`lib` is no library",
        NoKernelImageForDevice = "the image has nothing for the device",
        InvalidKernelImage = "the image is malformed",
        InvalidPtx = "its PTX does not compile",
        MemoryAllocation = "the device has no room for it",
    )]
    fn cudaLibraryGetKernelCount(count: Out<c_uint>, lib: cudaLibrary_t);

    #[unsupported]
    fn cudaLibraryGetManaged(dptr: *mut *mut c_void, bytes: *mut usize, library: cudaLibrary_t, name: *const c_char);

    #[unsupported]
    fn cudaLibraryGetUnifiedFunction(fptr: *mut *mut c_void, library: cudaLibrary_t, symbol: *const c_char);

    /// Loads an image of the program's own.
    #[custom]
    #[errors(InvalidValue = "`code` is null", InvalidKernelImage = "it leads to no image that is known")]
    fn cudaLibraryLoadData(
        library: Out<cudaLibrary_t>,
        code: *const c_void,
        jitOptions: *mut cudaJitOption,
        jitOptionsValues: *mut *mut c_void,
        numJitOptions: c_uint,
        libraryOptions: *mut cudaLibraryOption,
        libraryOptionValues: *mut *mut c_void,
        numLibraryOptions: c_uint,
    );

    /// Loads an image from a file.
    #[custom]
    #[errors(FileNotFound = "the file cannot be read", InvalidKernelImage = "it holds no image that is known, or less of it than that claims")]
    fn cudaLibraryLoadFromFile(
        library: Out<cudaLibrary_t>,
        fileName: Str,
        jitOptions: *mut cudaJitOption,
        jitOptionsValues: *mut *mut c_void,
        numJitOptions: c_uint,
        libraryOptions: *mut cudaLibraryOption,
        libraryOptionValues: *mut *mut c_void,
        numLibraryOptions: c_uint,
    );

    /// Unloads a library.
    #[custom]
    #[errors(InvalidResourceHandle = "`library` is no library")]
    fn cudaLibraryUnload(library: cudaLibrary_t);
}
