//! libcuda by its C names, any libcuda: NVIDIA's of any version, or ours. A function that it lacks says so when it is called.
//!
//! The methods are safe to call as far as Rust is concerned with their own arguments. What an address leads to is the caller's
//! business, as it is with CUDA: to pass wrong ones is what some steps are for, in processes of their own.

#![allow(non_snake_case, reason = "the C names")]

use std::{
    ffi::{CStr, OsStr, c_char, c_int, c_uint, c_void},
    fmt,
};

use libloading::os::unix::Library;
use vgpu_core::{
    abi::{self, *},
    private_table::PRIVATE_TABLE_UUID,
};

/// What a call returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Returned(c_uint),
    /// The library has no such function.
    Absent,
}

impl Code {
    pub(crate) const OK: Self = Self::Returned(0);
    pub(crate) const NOT_READY: Self = Self::Returned(600);
    pub(crate) const ILLEGAL_ADDRESS: Self = Self::Returned(700);

    pub(crate) fn is_ok(self) -> bool {
        self == Self::OK
    }

    /// The call's name and code as an error, where it has failed.
    pub(crate) fn check(self, call: &str) -> Result<(), String> {
        if self.is_ok() { Ok(()) } else { Err(format!("{call}: {self}")) }
    }
}

impl From<Result<(), Self>> for Code {
    fn from(result: Result<(), Self>) -> Self {
        result.err().unwrap_or(Self::OK)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::OK => f.write_str("ok"),
            Self::Returned(code) => match abi::codes::name(code) {
                Some(name) => write!(f, "{code} {name}"),
                None => write!(f, "{code}"),
            },
            Self::Absent => f.write_str("no such function"),
        }
    }
}

macro_rules! calls {
    ($($name:ident($($arg:ident: $ty:ty),*);)*) => {
        /// A loaded library.
        pub(crate) struct Cuda {
            $($name: Option<unsafe extern "C" fn($($ty),*) -> c_uint>,)*
            library: Library,
        }

        impl Cuda {
            /// Loads the library that `name` names, for everything that is loaded later, too.
            pub(crate) fn load(name: &OsStr) -> Result<Self, libloading::Error> {
                // SAFETY: the libraries that are called libcuda have no constructors that harm.
                let library = unsafe { Library::open(Some(name), libc::RTLD_NOW | libc::RTLD_GLOBAL) }?;
                Ok(Self {
                    // SAFETY: each name is declared with the signature of the public header.
                    $($name: unsafe { library.get(concat!(stringify!($name), "\0").as_bytes()) }.ok().map(|symbol| *symbol),)*
                    library,
                })
            }

            $(
                #[allow(clippy::too_many_arguments, reason = "the C function has so many")]
                pub(crate) fn $name(&self, $($arg: $ty),*) -> Code {
                    match self.$name {
                        // SAFETY: the signature is the public header's; what addresses lead to is the caller's business.
                        Some(function) => Code::Returned(unsafe { function($($arg),*) }),
                        None => Code::Absent,
                    }
                }
            )*
        }
    };
}

calls! {
    cuInit(flags: c_uint);
    cuDriverGetVersion(version: &mut c_int);
    cuGetExportTable(table: &mut *const c_void, id: &[u8; 16]);
    cuDeviceGetCount(count: &mut c_int);
    cuDeviceGetName(name: *mut c_char, len: c_int, device: CUdevice);
    cuDeviceGetAttribute(value: &mut c_int, attribute: CUdevice_attribute, device: CUdevice);
    cuDevicePrimaryCtxRetain(context: &mut CUcontext, device: CUdevice);
    cuDevicePrimaryCtxRelease_v2(device: CUdevice);
    cuDevicePrimaryCtxReset_v2(device: CUdevice);
    cuCtxCreate_v2(context: &mut CUcontext, flags: c_uint, device: CUdevice);
    cuCtxSetCurrent(context: CUcontext);
    cuCtxSynchronize();

    cuStreamCreate(stream: &mut CUstream, flags: c_uint);
    cuStreamDestroy_v2(stream: CUstream);
    cuStreamSynchronize(stream: CUstream);
    cuStreamQuery(stream: CUstream);
    cuStreamWaitEvent(stream: CUstream, event: CUevent, flags: c_uint);
    cuStreamWriteValue64_v2(stream: CUstream, address: CUdeviceptr, value: u64, flags: c_uint);
    cuStreamBeginCapture_v2(stream: CUstream, mode: CUstreamCaptureMode);
    cuStreamEndCapture(stream: CUstream, graph: &mut CUgraph);
    cuEventCreate(event: &mut CUevent, flags: c_uint);
    cuEventRecord(event: CUevent, stream: CUstream);
    cuEventQuery(event: CUevent);
    cuEventSynchronize(event: CUevent);
    cuEventElapsedTime(ms: &mut f32, from: CUevent, to: CUevent);

    cuModuleLoadData(module: &mut CUmodule, image: *const c_void);
    cuModuleUnload(module: CUmodule);
    cuModuleGetFunction(function: &mut CUfunction, module: CUmodule, name: *const c_char);
    cuModuleGetGlobal_v2(address: &mut CUdeviceptr, len: &mut usize, module: CUmodule, name: *const c_char);
    cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks: &mut c_int, function: CUfunction, threads: c_int, shared: usize);
    cuLaunchKernel(
        function: CUfunction, grid_x: c_uint, grid_y: c_uint, grid_z: c_uint, block_x: c_uint, block_y: c_uint,
        block_z: c_uint, shared: c_uint, stream: CUstream, params: *mut *mut c_void, extra: *mut *mut c_void
    );
    cuLaunchHostFunc(stream: CUstream, function: CUhostFn, data: *mut c_void);

    cuMemGetInfo_v2(free: &mut usize, total: &mut usize);
    cuMemAlloc_v2(address: &mut CUdeviceptr, len: usize);
    cuMemFree_v2(address: CUdeviceptr);
    cuMemAllocAsync(address: &mut CUdeviceptr, len: usize, stream: CUstream);
    cuMemFreeAsync(address: CUdeviceptr, stream: CUstream);
    cuMemHostAlloc(pointer: &mut *mut c_void, len: usize, flags: c_uint);
    cuMemFreeHost(pointer: *mut c_void);
    cuMemHostRegister_v2(pointer: *mut c_void, len: usize, flags: c_uint);
    cuMemHostUnregister(pointer: *mut c_void);
    cuMemHostGetDevicePointer_v2(address: &mut CUdeviceptr, pointer: *mut c_void, flags: c_uint);
    cuMemAddressReserve(address: &mut CUdeviceptr, len: usize, align: usize, hint: CUdeviceptr, flags: u64);
    cuMemAddressFree(address: CUdeviceptr, len: usize);
    cuMemCreate(handle: &mut CUmemGenericAllocationHandle, len: usize, properties: &CUmemAllocationProp, flags: u64);
    cuMemMap(address: CUdeviceptr, len: usize, offset: usize, handle: CUmemGenericAllocationHandle, flags: u64);
    cuMemSetAccess(address: CUdeviceptr, len: usize, access: &CUmemAccessDesc, count: usize);
    cuMemUnmap(address: CUdeviceptr, len: usize);
    cuMemRelease(handle: CUmemGenericAllocationHandle);
    cuMemcpyHtoD_v2(target: CUdeviceptr, source: *const c_void, len: usize);
    cuMemcpyDtoH_v2(target: *mut c_void, source: CUdeviceptr, len: usize);
    cuMemcpyHtoDAsync_v2(target: CUdeviceptr, source: *const c_void, len: usize, stream: CUstream);
    cuMemcpyDtoHAsync_v2(target: *mut c_void, source: CUdeviceptr, len: usize, stream: CUstream);
    cuMemcpyDtoDAsync_v2(target: CUdeviceptr, source: CUdeviceptr, len: usize, stream: CUstream);
    cuMemsetD32_v2(address: CUdeviceptr, value: c_uint, count: usize);
    cuMemsetD32Async(address: CUdeviceptr, value: c_uint, count: usize, stream: CUstream);
    cuMemsetD2D8Async(address: CUdeviceptr, pitch: usize, value: u8, width: usize, height: usize, stream: CUstream);

    cuGraphCreate(graph: &mut CUgraph, flags: c_uint);
    cuGraphAddKernelNode_v2(
        node: &mut CUgraphNode, graph: CUgraph, after: *const CUgraphNode, count: usize, params: &CUDA_KERNEL_NODE_PARAMS
    );
    cuGraphAddChildGraphNode(node: &mut CUgraphNode, graph: CUgraph, after: *const CUgraphNode, count: usize, child: CUgraph);
    cuGraphInstantiateWithFlags(exec: &mut CUgraphExec, graph: CUgraph, flags: u64);
    cuGraphExecUpdate_v2(exec: CUgraphExec, graph: CUgraph, result: &mut CUgraphExecUpdateResultInfo);
    cuGraphExecKernelNodeSetParams_v2(exec: CUgraphExec, node: CUgraphNode, params: &CUDA_KERNEL_NODE_PARAMS);
    cuGraphLaunch(exec: CUgraphExec, stream: CUstream);
    cuGraphExecDestroy(exec: CUgraphExec);
}

impl Cuda {
    /// Whether the library exports a function of that exact name.
    pub(crate) fn exports(&self, name: &str) -> bool {
        self.address(name).is_some()
    }

    /// Where the library has a function.
    pub(crate) fn address(&self, name: &str) -> Option<*const c_void> {
        // SAFETY: the address is only looked at.
        unsafe { self.library.get::<*const c_void>(name.as_bytes()) }
            .ok()
            .map(|symbol| symbol.as_raw_ptr().cast_const())
    }

    /// Whether this is our own libcuda: no other knows our private table.
    pub(crate) fn is_ours(&self) -> bool {
        let mut table = std::ptr::null();
        self.cuGetExportTable(&mut table, &PRIVATE_TABLE_UUID).is_ok() && !table.is_null()
    }

    /// The first device's name.
    pub(crate) fn device_name(&self) -> Result<String, String> {
        let mut name = [0 as c_char; 128];
        self.cuDeviceGetName(name.as_mut_ptr(), 128, 0).check("cuDeviceGetName")?;
        let bytes = name.map(c_char::cast_unsigned);
        let text = CStr::from_bytes_until_nul(&bytes).map_err(|_| "a device name without an end".to_owned())?;
        Ok(text.to_string_lossy().into_owned())
    }

    /// An attribute of the first device.
    pub(crate) fn attribute(&self, attribute: CUdevice_attribute) -> Result<c_int, Code> {
        let mut value = 0;
        match self.cuDeviceGetAttribute(&mut value, attribute, 0) {
            Code::OK => Ok(value),
            code => Err(code),
        }
    }
}
