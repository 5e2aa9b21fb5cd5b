//! Library. Source: CUDA Driver API reference.

extern "driver" {
    /// Gives an attribute of a kernel on a device.
    #[since(12_000)]
    #[custom]
    fn cuKernelGetAttribute(pi: Out<c_int>, attrib: CUfunction_attribute, kernel: CUkernel, dev: CUdevice);

    /// Gives a kernel's function in the current context.
    #[since(12_000)]
    #[custom]
    fn cuKernelGetFunction(pFunc: Out<CUfunction>, kernel: CUkernel);

    /// Gives the library that a kernel is of.
    #[since(12_050)]
    #[custom]
    fn cuKernelGetLibrary(pLib: Out<CUlibrary>, kernel: CUkernel);

    /// Gives a kernel's name; it lives as long as the kernel.
    #[since(12_030)]
    #[custom]
    fn cuKernelGetName(name: Out<*const c_char>, hfunc: CUkernel);

    /// Counts a kernel's parameters.
    #[since(13_020)]
    #[custom]
    fn cuKernelGetParamCount(kernel: CUkernel, paramCount: Out<usize>);

    /// Gives where a kernel's parameter lies in the packed parameters, and its size.
    #[since(12_040)]
    #[custom]
    fn cuKernelGetParamInfo(kernel: CUkernel, paramIndex: usize, paramOffset: Out<usize>, paramSize: OutOpt<usize>);

    /// Sets an attribute of a kernel on a device.
    #[since(12_000)]
    #[custom]
    fn cuKernelSetAttribute(attrib: CUfunction_attribute, val: c_int, kernel: CUkernel, dev: CUdevice);

    /// Accepts a preferred split between cache and shared memory: a preference without effect here.
    #[since(12_000)]
    #[custom]
    fn cuKernelSetCacheConfig(kernel: CUkernel, config: CUfunc_cache, dev: CUdevice);

    /// Gives as many kernels of a library as there is room for.
    #[since(12_040)]
    #[custom]
    fn cuLibraryEnumerateKernels(kernels: Out<[CUkernel; numKernels]>, numKernels: c_uint, lib: CUlibrary);

    /// Finds a variable of a library in the current context: its address and length in bytes.
    #[since(12_000)]
    #[custom]
    fn cuLibraryGetGlobal(dptr: OutOpt<CUdeviceptr>, bytes: OutOpt<usize>, library: CUlibrary, name: Str);

    /// Finds a kernel of a library by name; loads the library in the current context for that.
    #[since(12_000)]
    #[custom]
    fn cuLibraryGetKernel(pKernel: Out<CUkernel>, library: CUlibrary, name: Str);

    /// Counts the kernels of a library.
    #[since(12_040)]
    #[custom]
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
    fn cuLibraryLoadData(library: Out<CUlibrary>, code: *const c_void, jitOptions: *mut CUjit_option, jitOptionsValues: *mut *mut c_void, numJitOptions: c_uint, libraryOptions: *mut CUlibraryOption, libraryOptionValues: *mut *mut c_void, numLibraryOptions: c_uint);

    /// Keeps an image from a file for use in any context.
    #[since(12_000)]
    #[custom]
    fn cuLibraryLoadFromFile(library: Out<CUlibrary>, fileName: Str, jitOptions: *mut CUjit_option, jitOptionsValues: *mut *mut c_void, numJitOptions: c_uint, libraryOptions: *mut CUlibraryOption, libraryOptionValues: *mut *mut c_void, numLibraryOptions: c_uint);

    /// Ends a library, its kernels and its modules.
    #[since(12_000)]
    #[custom]
    fn cuLibraryUnload(library: CUlibrary);
}
