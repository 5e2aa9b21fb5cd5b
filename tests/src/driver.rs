//! A thin view of libcuda.so.1, loaded as any program loads it.

use std::{
    ffi::{CStr, CString, c_char, c_int, c_uint, c_void},
    path::Path,
    ptr,
};

use libloading::os::unix::Library;
use vgpu_core::abi::{
    CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT, CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT, CU_LAUNCH_PARAM_END_AS_INT,
};

/// A failed call: which, and the name of its result code.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// The function.
    pub call: &'static str,
    /// Such as `CUDA_ERROR_INVALID_VALUE`.
    pub error: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} -> {}", self.call, self.error)
    }
}

impl std::error::Error for Failure {}

macro_rules! driver {
    ($($name:ident($($arg:ident: $ty:ty),*);)*) => {
        /// Function pointers of the library, under their C names.
        #[allow(non_snake_case, reason = "the C names")]
        pub struct Driver {
            $($name: unsafe extern "C" fn($($ty),*) -> c_uint,)*
            _library: Library,
        }

        impl Driver {
            /// Loads the library the way ggml's backends are loaded: everything resolved now, nothing shared.
            ///
            /// # Errors
            /// The dynamic loader's message.
            pub fn load(path: &Path) -> Result<Self, libloading::Error> {
                // SAFETY: the library's constructors do nothing; that is one of the things under test.
                let library = unsafe { Library::open(Some(path), libc::RTLD_NOW | libc::RTLD_LOCAL) }?;
                Ok(Self {
                    // SAFETY: each name is declared with the signature of the public header.
                    $($name: unsafe { *library.get(concat!(stringify!($name), "\0").as_bytes())? },)*
                    _library: library,
                })
            }
        }
    };
}

driver! {
    cuInit(flags: c_uint);
    cuGetErrorName(error: c_uint, name: *mut *const c_char);
    cuDeviceGetCount(count: *mut c_int);
    cuDevicePrimaryCtxRetain(context: *mut *mut c_void, device: c_int);
    cuCtxSetCurrent(context: *mut c_void);
    cuCtxSynchronize();
    cuCtxGetCurrent(context: *mut *mut c_void);
    cuStreamSynchronize(stream: *mut c_void);
    cuMemAlloc_v2(address: *mut u64, len: usize);
    cuMemFree_v2(address: u64);
    cuMemGetInfo_v2(free: *mut usize, total: *mut usize);
    cuMemcpyHtoD_v2(target: u64, source: *const c_void, len: usize);
    cuMemcpyHtoDAsync_v2(target: u64, source: *const c_void, len: usize, stream: *mut c_void);
    cuMemcpyDtoH_v2(target: *mut c_void, source: u64, len: usize);
    cuModuleLoadData(module: *mut *mut c_void, image: *const c_void);
    cuModuleGetFunction(function: *mut *mut c_void, module: *mut c_void, name: *const c_char);
    cuLaunchKernel(
        function: *mut c_void, grid_x: c_uint, grid_y: c_uint, grid_z: c_uint, block_x: c_uint, block_y: c_uint, block_z: c_uint,
        shared: c_uint, stream: *mut c_void, params: *mut *mut c_void, extra: *mut *mut c_void
    );
}

/// A kernel ready to launch.
#[derive(Clone, Copy)]
pub struct Function(*mut c_void);

impl Driver {
    fn check(&self, call: &'static str, code: c_uint) -> Result<(), Failure> {
        if code == 0 {
            return Ok(());
        }
        let mut name = ptr::null();
        // SAFETY: the pointer is to a local.
        let known = unsafe { (self.cuGetErrorName)(code, &raw mut name) } == 0 && !name.is_null();
        let error = if known {
            // SAFETY: a name that the library gives out is a static string.
            unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
        } else {
            code.to_string()
        };
        Err(Failure { call, error })
    }

    /// Initialises the driver and makes the first device's primary context current.
    ///
    /// # Errors
    /// The first call that failed.
    pub fn start(&self) -> Result<(), Failure> {
        let mut context = ptr::null_mut();
        // SAFETY: takes no pointers.
        self.check("cuInit", unsafe { (self.cuInit)(0) })?;
        // SAFETY: the pointer is to a local.
        self.check("cuDevicePrimaryCtxRetain", unsafe { (self.cuDevicePrimaryCtxRetain)(&raw mut context, 0) })?;
        // SAFETY: the handle came from the library.
        self.check("cuCtxSetCurrent", unsafe { (self.cuCtxSetCurrent)(context) })
    }

    /// Number of devices.
    ///
    /// # Errors
    /// The call's.
    pub fn device_count(&self) -> Result<i32, Failure> {
        let mut count = 0;
        // SAFETY: takes no pointers.
        self.check("cuInit", unsafe { (self.cuInit)(0) })?;
        // SAFETY: the pointer is to a local.
        self.check("cuDeviceGetCount", unsafe { (self.cuDeviceGetCount)(&raw mut count) })?;
        Ok(count)
    }

    /// Reserves device memory.
    ///
    /// # Errors
    /// The call's.
    pub fn alloc(&self, len_bytes: usize) -> Result<u64, Failure> {
        let mut address = 0;
        // SAFETY: the pointer is to a local.
        self.check("cuMemAlloc_v2", unsafe { (self.cuMemAlloc_v2)(&raw mut address, len_bytes) })?;
        Ok(address)
    }

    /// Gives device memory back.
    ///
    /// # Errors
    /// The call's.
    pub fn free(&self, address: u64) -> Result<(), Failure> {
        // SAFETY: takes no pointers.
        self.check("cuMemFree_v2", unsafe { (self.cuMemFree_v2)(address) })
    }

    /// Free and total bytes.
    ///
    /// # Errors
    /// The call's.
    pub fn memory(&self) -> Result<(usize, usize), Failure> {
        let (mut free, mut total) = (0, 0);
        // SAFETY: the pointers are to locals.
        self.check("cuMemGetInfo_v2", unsafe { (self.cuMemGetInfo_v2)(&raw mut free, &raw mut total) })?;
        Ok((free, total))
    }

    /// Copies to the device.
    ///
    /// # Errors
    /// The call's.
    pub fn write<T: Copy>(&self, target: u64, source: &[T]) -> Result<(), Failure> {
        // SAFETY: the slice is readable for its length.
        self.check("cuMemcpyHtoD_v2", unsafe {
            (self.cuMemcpyHtoD_v2)(target, source.as_ptr().cast(), size_of_val(source))
        })
    }

    /// Copies to the device, on the default stream, and returns before that is done.
    ///
    /// # Errors
    /// The call's.
    pub fn write_async<T: Copy>(&self, target: u64, source: &[T]) -> Result<(), Failure> {
        // SAFETY: the slice is readable for its length, and pageable: its bytes are taken before the call returns.
        self.check("cuMemcpyHtoDAsync_v2", unsafe {
            (self.cuMemcpyHtoDAsync_v2)(target, source.as_ptr().cast(), size_of_val(source), ptr::null_mut())
        })
    }

    /// Copies from the device.
    ///
    /// # Errors
    /// The call's.
    pub fn read<T: Copy>(&self, source: u64, target: &mut [T]) -> Result<(), Failure> {
        let len_bytes = size_of_val(target);
        // SAFETY: the slice is writable for its length.
        self.check("cuMemcpyDtoH_v2", unsafe { (self.cuMemcpyDtoH_v2)(target.as_mut_ptr().cast(), source, len_bytes) })
    }

    /// Loads PTX text and finds a kernel in it.
    ///
    /// # Errors
    /// The first call that failed.
    pub fn kernel(&self, ptx: &str, name: &str) -> Result<Function, Failure> {
        let (mut module, mut function) = (ptr::null_mut(), ptr::null_mut());
        let text = CString::new(ptx).expect("PTX holds no NUL");
        let name = CString::new(name).expect("names hold no NUL");
        // SAFETY: the text is NUL-terminated.
        self.check("cuModuleLoadData", unsafe { (self.cuModuleLoadData)(&raw mut module, text.as_ptr().cast()) })?;
        // SAFETY: the module came from the library, the name is NUL-terminated.
        self.check("cuModuleGetFunction", unsafe {
            (self.cuModuleGetFunction)(&raw mut function, module, name.as_ptr())
        })?;
        Ok(Function(function))
    }

    /// Launches on the default stream.
    ///
    /// # Errors
    /// The call's.
    pub fn launch(
        &self,
        function: Function,
        blocks: u32,
        threads: u32,
        params: &mut [&mut [u8]],
    ) -> Result<(), Failure> {
        let mut pointers: Vec<*mut c_void> = params.iter_mut().map(|param| param.as_mut_ptr().cast()).collect();
        self.launch_with(function, blocks, threads, pointers.as_mut_ptr(), ptr::null_mut())
    }

    /// Launches on the default stream, with the parameters as the kernel has them in its memory.
    ///
    /// # Errors
    /// The call's.
    pub fn launch_packed(&self, function: Function, blocks: u32, threads: u32, params: &[u8]) -> Result<(), Failure> {
        let mut len_bytes = params.len();
        let tag = |tag: u32| ptr::without_provenance_mut::<c_void>(tag as usize);
        let mut extra = [
            tag(CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT),
            params.as_ptr().cast_mut().cast(),
            tag(CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT),
            (&raw mut len_bytes).cast(),
            tag(CU_LAUNCH_PARAM_END_AS_INT),
        ];
        self.launch_with(function, blocks, threads, ptr::null_mut(), extra.as_mut_ptr())
    }

    fn launch_with(
        &self,
        function: Function,
        blocks: u32,
        threads: u32,
        params: *mut *mut c_void,
        extra: *mut *mut c_void,
    ) -> Result<(), Failure> {
        let stream = ptr::null_mut();
        // SAFETY: parameters or extra lead to the parameters' bytes; the callers pass as many as the kernel declares.
        let code = unsafe { (self.cuLaunchKernel)(function.0, blocks, 1, 1, threads, 1, 1, 0, stream, params, extra) };
        self.check("cuLaunchKernel", code)
    }

    /// Asks for the current context, which the guest knows.
    ///
    /// # Errors
    /// The call's.
    pub fn current(&self) -> Result<(), Failure> {
        let mut context = ptr::null_mut();
        // SAFETY: the pointer is to a local.
        self.check("cuCtxGetCurrent", unsafe { (self.cuCtxGetCurrent)(&raw mut context) })
    }

    /// Waits for the default stream.
    ///
    /// # Errors
    /// The call's, or that of work that failed.
    pub fn synchronize_stream(&self) -> Result<(), Failure> {
        // SAFETY: the null stream is the default one.
        self.check("cuStreamSynchronize", unsafe { (self.cuStreamSynchronize)(ptr::null_mut()) })
    }

    /// Waits for everything.
    ///
    /// # Errors
    /// The call's, or that of work that failed.
    pub fn synchronize(&self) -> Result<(), Failure> {
        // SAFETY: takes no pointers.
        self.check("cuCtxSynchronize", unsafe { (self.cuCtxSynchronize)() })
    }
}
