//! Module. Source: CUDA Driver API reference.

extern "driver" {
    #[since(5_050)]
    #[unsupported]
    fn cuLinkAddData(
        state: CUlinkState,
        type_: CUjitInputType,
        data: *mut c_void,
        size: usize,
        name: *const c_char,
        numOptions: c_uint,
        options: *mut CUjit_option,
        optionValues: *mut *mut c_void,
    );

    #[since(6_050)]
    #[unsupported]
    fn cuLinkAddData_v2(
        state: CUlinkState,
        type_: CUjitInputType,
        data: *mut c_void,
        size: usize,
        name: *const c_char,
        numOptions: c_uint,
        options: *mut CUjit_option,
        optionValues: *mut *mut c_void,
    );

    #[since(5_050)]
    #[unsupported]
    fn cuLinkAddFile(
        state: CUlinkState,
        type_: CUjitInputType,
        path: *const c_char,
        numOptions: c_uint,
        options: *mut CUjit_option,
        optionValues: *mut *mut c_void,
    );

    #[since(6_050)]
    #[unsupported]
    fn cuLinkAddFile_v2(
        state: CUlinkState,
        type_: CUjitInputType,
        path: *const c_char,
        numOptions: c_uint,
        options: *mut CUjit_option,
        optionValues: *mut *mut c_void,
    );

    #[since(5_050)]
    #[unsupported]
    fn cuLinkComplete(state: CUlinkState, cubinOut: *mut *mut c_void, sizeOut: *mut usize);

    #[since(5_050)]
    #[unsupported]
    fn cuLinkCreate(
        numOptions: c_uint,
        options: *mut CUjit_option,
        optionValues: *mut *mut c_void,
        stateOut: *mut CUlinkState,
    );

    #[since(6_050)]
    #[unsupported]
    fn cuLinkCreate_v2(
        numOptions: c_uint,
        options: *mut CUjit_option,
        optionValues: *mut *mut c_void,
        stateOut: *mut CUlinkState,
    );

    #[since(5_050)]
    #[unsupported]
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
        INVALID_VALUE = "`image` is null, or there are more than 64 options, or some and an array is null",
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
