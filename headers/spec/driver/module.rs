//! Module. Source: CUDA Driver API reference.

extern "driver" {
    /// Adds an input to a link; as `cuLinkAddData_v2`.
    #[since(5_050)]
    #[alias(cuLinkAddData_v2)]
    fn cuLinkAddData(state: CUlinkState, type_: CUjitInputType, data: *mut c_void, size: usize, name: *const c_char, numOptions: c_uint, options: *mut CUjit_option, optionValues: *mut *mut c_void);

    /// Adds an input to a link: PTX, a fatbin, a host's object or library with code in it, machine code where the device runs it.
    #[since(6_050)]
    #[custom]
    #[errors(
        INVALID_HANDLE = "`state` is no link",
        INVALID_VALUE = "`data` is null, `type_` or an option is none, options exclude each other, or the link is complete",
        INVALID_IMAGE = "the input is malformed, or not what `type_` says",
        INVALID_PTX = "its PTX does not compile",
        NO_BINARY_FOR_GPU = "it has nothing for the device",
        NOT_SUPPORTED = "it is NVVM code, or an option asks for what is not done",
        OUT_OF_MEMORY = "the inputs are too long together",
    )]
    fn cuLinkAddData_v2(state: CUlinkState, type_: CUjitInputType, data: *mut c_void, size: usize, name: *const c_char, numOptions: c_uint, options: *mut CUjit_option, optionValues: *mut *mut c_void);

    /// Adds a file's content to a link; as `cuLinkAddFile_v2`.
    #[since(5_050)]
    #[alias(cuLinkAddFile_v2)]
    fn cuLinkAddFile(state: CUlinkState, type_: CUjitInputType, path: Str, numOptions: c_uint, options: *mut CUjit_option, optionValues: *mut *mut c_void);

    /// Adds a file's content to a link.
    #[since(6_050)]
    #[custom]
    #[errors(cuLinkAddData_v2, FILE_NOT_FOUND = "the file cannot be read")]
    fn cuLinkAddFile_v2(state: CUlinkState, type_: CUjitInputType, path: Str, numOptions: c_uint, options: *mut CUjit_option, optionValues: *mut *mut c_void);

    /// Links what was added to an image, which the link keeps.
    #[since(5_050)]
    #[custom]
    #[errors(
        INVALID_HANDLE = "`state` is no link",
        INVALID_IMAGE = "there are no inputs, or they do not fit together: the error log names the symbols",
        NOT_SUPPORTED = "kernels launch kernels",
        OUT_OF_MEMORY = "the image is too long",
    )]
    fn cuLinkComplete(state: CUlinkState, cubinOut: Out<*mut c_void>, sizeOut: OutOpt<usize>);

    /// Opens a link; as `cuLinkCreate_v2`.
    #[since(5_050)]
    #[alias(cuLinkCreate_v2)]
    fn cuLinkCreate(numOptions: c_uint, options: *mut CUjit_option, optionValues: *mut *mut c_void, stateOut: Out<CUlinkState>);

    /// Opens a link for the current context's device. Its logs and times are written for as long as it lives.
    #[since(6_050)]
    #[custom]
    #[errors(
        INVALID_VALUE = "an option is none, there are more than 64 or options exclude each other, or there are some and an array is null",
        NOT_SUPPORTED = "an option asks for what is not done",
    )]
    fn cuLinkCreate_v2(numOptions: c_uint, options: *mut CUjit_option, optionValues: *mut *mut c_void, stateOut: Out<CUlinkState>);

    /// Ends a link, and its image.
    #[since(5_050)]
    #[custom]
    #[errors(INVALID_HANDLE = "`state` is no link")]
    fn cuLinkDestroy(state: CUlinkState);

    /// Gives as many kernels of a module as there is room for.
    #[since(12_040)]
    #[custom]
    #[errors(INVALID_HANDLE = "`mod_` is no module", INVALID_PTX = "a kernel does not compile")]
    fn cuModuleEnumerateFunctions(functions: Out<[CUfunction; numFunctions]>, numFunctions: c_uint, mod_: CUmodule);

    /// Finds a kernel of a module by name.
    #[since(2_000)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hmod` is no module", NOT_FOUND = "it has no kernel of that name", INVALID_PTX = "the kernel does not compile")]
    fn cuModuleGetFunction(hfunc: Out<CUfunction>, hmod: CUmodule, name: Str);

    /// Counts the kernels of a module.
    #[since(12_040)]
    #[custom]
    #[errors(INVALID_HANDLE = "`mod_` is no module")]
    fn cuModuleGetFunctionCount(count: Out<c_uint>, mod_: CUmodule);

    #[since(2_000)]
    #[unsupported]
    fn cuModuleGetGlobal(
        dptr: *mut CUdeviceptr_v1,
        bytes: *mut c_uint,
        hmod: CUmodule,
        name: *const c_char,
    );

    /// Finds a variable of a module by name: its address and length in bytes.
    #[since(3_020)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hmod` is no module", NOT_FOUND = "it has no variable of that name", OUT_OF_MEMORY = "the program has something else at its address")]
    fn cuModuleGetGlobal_v2(dptr: OutOpt<CUdeviceptr>, bytes: OutOpt<usize>, hmod: CUmodule, name: Str);

    /// Says that functions are made ready when they are first asked for.
    #[since(11_070)]
    #[custom]
    #[errors()]
    fn cuModuleGetLoadingMode(mode: Out<CUmoduleLoadingMode>);

    #[since(3_000)]
    #[unsupported]
    fn cuModuleGetSurfRef(pSurfRef: *mut CUsurfref, hmod: CUmodule, name: *const c_char);

    #[since(2_000)]
    #[unsupported]
    fn cuModuleGetTexRef(pTexRef: *mut CUtexref, hmod: CUmodule, name: *const c_char);

    /// Loads an image from a file.
    #[since(2_000)]
    #[custom]
    #[errors(
        FILE_NOT_FOUND = "the file cannot be read",
        INVALID_IMAGE = "it holds no image that is known, or a malformed one",
        NO_BINARY_FOR_GPU = "the image has nothing for the device",
        INVALID_PTX = "its PTX does not compile",
        OUT_OF_MEMORY = "the device has no room for it",
        STREAM_CAPTURE_UNSUPPORTED = "a capture is open that forbids such calls, and which this one breaks",
    )]
    fn cuModuleLoad(module: Out<CUmodule>, fname: Str);

    /// Loads an image; a fatbin's best entry only.
    #[since(2_000)]
    #[custom]
    #[errors(
        INVALID_VALUE = "the image is null",
        INVALID_IMAGE = "it is none that is known, or malformed",
        NO_BINARY_FOR_GPU = "the image has nothing for the device",
        INVALID_PTX = "its PTX does not compile",
        OUT_OF_MEMORY = "the device has no room for it",
        STREAM_CAPTURE_UNSUPPORTED = "a capture is open that forbids such calls, and which this one breaks",
    )]
    fn cuModuleLoadData(module: Out<CUmodule>, image: *const c_void);

    /// Loads an image; a fatbin's best entry only.
    #[since(2_010)]
    #[custom]
    #[errors(
        INVALID_VALUE = "`image` is null, an option is none, there are more than 64 or options exclude each other, or there are some and an array is null",
        NOT_SUPPORTED = "an option asks for what is not done",
        INVALID_IMAGE = "it is none that is known, or malformed",
        NO_BINARY_FOR_GPU = "the image has nothing for the device",
        INVALID_PTX = "its PTX does not compile",
        OUT_OF_MEMORY = "the device has no room for it",
        STREAM_CAPTURE_UNSUPPORTED = "a capture is open that forbids such calls, and which this one breaks",
    )]
    fn cuModuleLoadDataEx(module: Out<CUmodule>, image: *const c_void, numOptions: c_uint, options: *mut CUjit_option, optionValues: *mut *mut c_void);

    /// Loads the best entry of a fatbin.
    #[since(2_000)]
    #[custom]
    #[errors(cuModuleLoadData)]
    fn cuModuleLoadFatBinary(module: Out<CUmodule>, fatCubin: *const c_void);

    /// Unloads a module once the work queued before is done.
    #[since(2_000)]
    #[custom]
    #[errors(INVALID_HANDLE = "`hmod` is no module", NOT_PERMITTED = "it is a library's", STREAM_CAPTURE_UNSUPPORTED = "a capture is open that forbids such calls, and which this one breaks")]
    fn cuModuleUnload(hmod: CUmodule);
}
