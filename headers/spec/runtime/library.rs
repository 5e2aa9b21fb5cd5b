//! Library. Source: CUDA Runtime API reference, version 12.

extern "runtime" {
    /// Sets an attribute of a library's kernel on a device.
    #[custom]
    fn cudaKernelSetAttributeForDevice(kernel: cudaKernel_t, attr: cudaFuncAttribute, value: c_int, device: c_int);

    /// Lists a library's kernels.
    #[custom]
    fn cudaLibraryEnumerateKernels(kernels: Out<[cudaKernel_t; numKernels]>, numKernels: c_uint, lib: cudaLibrary_t);

    /// A variable of a library.
    #[custom]
    fn cudaLibraryGetGlobal(dptr: OutOpt<*mut c_void>, bytes: OutOpt<usize>, library: cudaLibrary_t, name: Str);

    /// A kernel of a library.
    #[custom]
    fn cudaLibraryGetKernel(pKernel: Out<cudaKernel_t>, library: cudaLibrary_t, name: Str);

    /// Counts a library's kernels.
    #[custom]
    fn cudaLibraryGetKernelCount(count: Out<c_uint>, lib: cudaLibrary_t);

    #[unsupported]
    fn cudaLibraryGetManaged(dptr: *mut *mut c_void, bytes: *mut usize, library: cudaLibrary_t, name: *const c_char);

    #[unsupported]
    fn cudaLibraryGetUnifiedFunction(fptr: *mut *mut c_void, library: cudaLibrary_t, symbol: *const c_char);

    /// Loads an image of the program's own.
    #[custom]
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
    fn cudaLibraryUnload(library: cudaLibrary_t);
}
