//! Library. Source: CUDA Driver API reference.

extern "driver" {
    /// Gives an attribute of a kernel on a device.
    #[since(12_000)]
    #[custom]
    #[errors(
        cuKernelGetFunction,
        INVALID_DEVICE = "`dev` is no visible device",
        INVALID_CONTEXT = "no context on `dev` is current, and its primary one does not live",
        INVALID_VALUE = "`attrib` is none",
    )]
    fn cuKernelGetAttribute(pi: Out<c_int>, attrib: CUfunction_attribute, kernel: CUkernel, dev: CUdevice);

    /// Gives a kernel's function in the current context.
    #[since(12_000)]
    #[custom]
    #[errors(
        INVALID_HANDLE = "`kernel` is no kernel",
        NO_BINARY_FOR_GPU = "the image has nothing for the device",
        INVALID_IMAGE = "the image is malformed",
        INVALID_PTX = "its PTX does not compile",
        OUT_OF_MEMORY = "the device has no room for it",
        NOT_FOUND = "what the image has for this device is without the kernel",
    )]
    fn cuKernelGetFunction(pFunc: Out<CUfunction>, kernel: CUkernel);

    /// Gives the library that a kernel is of.
    #[since(12_050)]
    #[custom]
    #[errors(INVALID_HANDLE = "`kernel` is no kernel")]
    fn cuKernelGetLibrary(pLib: Out<CUlibrary>, kernel: CUkernel);

    /// Gives a kernel's name; it lives as long as the kernel.
    #[since(12_030)]
    #[custom]
    #[errors(INVALID_VALUE = "`hfunc` is null", INVALID_HANDLE = "it is no kernel")]
    fn cuKernelGetName(name: Out<*const c_char>, hfunc: CUkernel);

    /// Counts a kernel's parameters.
    #[since(13_020)]
    #[custom]
    #[errors(cuKernelGetFunction)]
    fn cuKernelGetParamCount(kernel: CUkernel, paramCount: Out<usize>);

    /// Gives where a kernel's parameter lies in the packed parameters, and its size.
    #[since(12_040)]
    #[custom]
    #[errors(cuKernelGetFunction, INVALID_VALUE = "it has no parameter `paramIndex`")]
    fn cuKernelGetParamInfo(kernel: CUkernel, paramIndex: usize, paramOffset: Out<usize>, paramSize: OutOpt<usize>);

    /// Sets an attribute of a kernel on a device.
    #[since(12_000)]
    #[custom]
    #[errors(
        cuKernelGetFunction,
        INVALID_DEVICE = "`dev` is no visible device",
        INVALID_CONTEXT = "no context on `dev` is current, and its primary one does not live",
        INVALID_VALUE = "`attrib` cannot be set, or not to `val`",
        NOT_SUPPORTED = "it is about clusters, and the device has none",
        NOT_PERMITTED = "it is a size of clusters that the kernel was compiled for",
    )]
    fn cuKernelSetAttribute(attrib: CUfunction_attribute, val: c_int, kernel: CUkernel, dev: CUdevice);

    /// Accepts a preferred split between cache and shared memory: a preference without effect here.
    #[since(12_000)]
    #[custom]
    #[errors(INVALID_HANDLE = "`kernel` is no kernel", INVALID_DEVICE = "`dev` is no visible device", INVALID_VALUE = "`config` is none")]
    fn cuKernelSetCacheConfig(kernel: CUkernel, config: CUfunc_cache, dev: CUdevice);

    /// Gives as many kernels of a library as there is room for.
    #[since(12_040)]
    #[custom]
    #[errors(
        INVALID_HANDLE = "`lib` is no library",
        NO_BINARY_FOR_GPU = "the image has nothing for the device",
        INVALID_IMAGE = "the image is malformed",
        INVALID_PTX = "its PTX does not compile",
        OUT_OF_MEMORY = "the device has no room for it",
    )]
    fn cuLibraryEnumerateKernels(kernels: Out<[CUkernel; numKernels]>, numKernels: c_uint, lib: CUlibrary);

    /// Finds a variable of a library in the current context: its address and length in bytes.
    #[since(12_000)]
    #[custom]
    #[errors(
        INVALID_HANDLE = "`library` is no library",
        NO_BINARY_FOR_GPU = "the image has nothing for the device",
        INVALID_IMAGE = "the image is malformed",
        INVALID_PTX = "its PTX does not compile",
        OUT_OF_MEMORY = "the device has no room for it, or the program something else at the variable's address",
        NOT_FOUND = "it has no variable of that name",
    )]
    fn cuLibraryGetGlobal(dptr: OutOpt<CUdeviceptr>, bytes: OutOpt<usize>, library: CUlibrary, name: Str);

    /// Finds a kernel of a library by name; loads the library in the current context for that.
    #[since(12_000)]
    #[custom]
    #[errors(cuLibraryGetModule, NOT_FOUND = "it has no kernel of that name")]
    fn cuLibraryGetKernel(pKernel: Out<CUkernel>, library: CUlibrary, name: Str);

    /// Counts the kernels of a library.
    #[since(12_040)]
    #[custom]
    #[errors(
        INVALID_HANDLE = "`lib` is no library",
        NO_BINARY_FOR_GPU = "the image has nothing for the device",
        INVALID_IMAGE = "the image is malformed",
        INVALID_PTX = "its PTX does not compile",
        OUT_OF_MEMORY = "the device has no room for it",
    )]
    fn cuLibraryGetKernelCount(count: Out<c_uint>, lib: CUlibrary);

    #[since(12_000)]
    #[unsupported]
    fn cuLibraryGetManaged(
        dptr: *mut CUdeviceptr,
        bytes: *mut usize,
        library: CUlibrary,
        name: *const c_char,
    );

    /// Gives the library's module in the current context.
    #[since(12_000)]
    #[custom]
    #[errors(
        INVALID_HANDLE = "`library` is no library",
        NO_BINARY_FOR_GPU = "the image has nothing for the device",
        INVALID_IMAGE = "the image is malformed",
        INVALID_PTX = "its PTX does not compile",
        OUT_OF_MEMORY = "the device has no room for it",
    )]
    fn cuLibraryGetModule(pMod: Out<CUmodule>, library: CUlibrary);

    #[since(12_000)]
    #[unsupported]
    fn cuLibraryGetUnifiedFunction(
        fptr: *mut *mut c_void,
        library: CUlibrary,
        symbol: *const c_char,
    );

    /// Keeps an image for use in any context; options tune what does not exist here.
    #[since(12_000)]
    #[custom]
    #[errors(INVALID_VALUE = "`code` is null", INVALID_IMAGE = "it leads to no image that is known")]
    fn cuLibraryLoadData(library: Out<CUlibrary>, code: *const c_void, jitOptions: *mut CUjit_option, jitOptionsValues: *mut *mut c_void, numJitOptions: c_uint, libraryOptions: *mut CUlibraryOption, libraryOptionValues: *mut *mut c_void, numLibraryOptions: c_uint);

    /// Keeps an image from a file for use in any context.
    #[since(12_000)]
    #[custom]
    #[errors(FILE_NOT_FOUND = "the file cannot be read", INVALID_IMAGE = "it holds no image that is known, or less of it than that claims")]
    fn cuLibraryLoadFromFile(library: Out<CUlibrary>, fileName: Str, jitOptions: *mut CUjit_option, jitOptionsValues: *mut *mut c_void, numJitOptions: c_uint, libraryOptions: *mut CUlibraryOption, libraryOptionValues: *mut *mut c_void, numLibraryOptions: c_uint);

    /// Ends a library, its kernels and its modules.
    #[since(12_000)]
    #[custom]
    #[errors(INVALID_HANDLE = "`library` is no library")]
    fn cuLibraryUnload(library: CUlibrary);
}
