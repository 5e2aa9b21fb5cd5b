//! The driver API from its C exports down to the software GPU, in one process.
//!
//! One `Process` serves all tests, as in a program; each test brings its own context.

mod copies;
mod graphs;
mod kernels;
mod launches;
mod refusals;
mod streams;

use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::sync::{Arc, Once};

use vgpu_core::abi::*;
use vgpu_core::host::Quota;
use vgpu_core::transport::in_process::Loopback;
use vgpu_core::window::WindowConfig;
use vgpu_soft::device::{Config, Identity, SoftDevice};

use crate::generated::exports::*;
use crate::guest::process;

pub(crate) const OK: CUresult = CUresult::CUDA_SUCCESS;

/// The device's memory.
const MEMORY_BYTES: u64 = 256 << 20;

/// Calls an export and insists on success.
macro_rules! ok {
    ($function:ident($($argument:expr),* $(,)?)) => {
        // SAFETY: the tests pass pointers that are valid for what the function does with them.
        assert_eq!(unsafe { $function($($argument),*) }, $crate::tests::OK, stringify!($function))
    };
}

/// Calls an export and gives its result's name.
macro_rules! outcome {
    ($function:ident($($argument:expr),* $(,)?)) => {
        // SAFETY: the tests pass pointers that are valid, or that the function must refuse.
        $crate::tests::name(unsafe { $function($($argument),*) })
    };
}

pub(crate) use {ok, outcome};

pub(crate) fn name(result: CUresult) -> &'static str {
    codes::name(result.0).unwrap_or("unknown")
}

/// Starts the software GPU and connects this process to it.
pub(crate) fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let window = WindowConfig { pinned_bytes: 64 << 20, ..WindowConfig::default() };
        let device = Identity { ledger: Arc::new(Quota::new(MEMORY_BYTES)), ..Identity::default() };
        let config = Config { threads: 2, memory_bytes: MEMORY_BYTES, devices: vec![device], ..Config::default() };
        let config = Config { is_in_guest: true, ..config };
        let make = move |completions| SoftDevice::new(config, completions).expect("the default device can be made");
        let loopback = ManuallyDrop::new(Loopback::start(&window, make).expect("a window can be made"));
        // SAFETY: the loopback is never dropped or used again, so that the link has one owner.
        let link = unsafe { std::ptr::read(&raw const loopback.link) };
        process::adopt(link);
    });
}

/// A context of the test's own, current while it lives.
pub(crate) struct TestContext(CUcontext);

impl TestContext {
    pub(crate) fn new() -> Self {
        start();
        let mut context = std::ptr::null_mut();
        ok!(cuCtxCreate_v2(&mut context, 0, 0));
        Self(context)
    }
}

impl Drop for TestContext {
    fn drop(&mut self) {
        // SAFETY: the handle is this context's.
        unsafe { cuCtxDestroy_v2(self.0) };
    }
}

pub(crate) fn alloc(bytes: usize) -> CUdeviceptr {
    let mut address = 0;
    ok!(cuMemAlloc_v2(&mut address, bytes));
    address
}

pub(crate) fn upload(values: &[u32]) -> CUdeviceptr {
    let address = alloc(size_of_val(values));
    ok!(cuMemcpyHtoD_v2(address, values.as_ptr().cast(), size_of_val(values)));
    address
}

pub(crate) fn download(address: CUdeviceptr, count: usize) -> Vec<u32> {
    let mut values = vec![0u32; count];
    ok!(cuMemcpyDtoH_v2(values.as_mut_ptr().cast(), address, count * 4));
    values
}

pub(crate) fn stream() -> CUstream {
    let mut stream = std::ptr::null_mut();
    ok!(cuStreamCreate(&mut stream, 1));
    stream
}

/// `add_one(u32* data, u32 count)`: adds 1 to each element.
pub(crate) const ADD_ONE: &[u8] = b"
.version 7.0
.target sm_70
.address_size 64
.global .align 4 .u32 counter = 7;
.visible .entry add_one(.param .u64 data, .param .u32 count)
{
    .reg .pred %p1;
    .reg .b32 %r<6>;
    .reg .b64 %rd<4>;
    ld.param.u64 %rd1, [data];
    ld.param.u32 %r1, [count];
    mov.u32 %r2, %ctaid.x;
    mov.u32 %r3, %ntid.x;
    mov.u32 %r4, %tid.x;
    mad.lo.s32 %r5, %r2, %r3, %r4;
    setp.ge.u32 %p1, %r5, %r1;
    @%p1 bra DONE;
    cvta.to.global.u64 %rd1, %rd1;
    mul.wide.u32 %rd2, %r5, 4;
    add.s64 %rd3, %rd1, %rd2;
    ld.global.u32 %r2, [%rd3];
    add.u32 %r2, %r2, 1;
    st.global.u32 [%rd3], %r2;
DONE:
    ret;
}
\0";

pub(crate) fn add_one() -> CUfunction {
    let mut module = std::ptr::null_mut();
    ok!(cuModuleLoadData(&mut module, ADD_ONE.as_ptr().cast()));
    let mut function = std::ptr::null_mut();
    ok!(cuModuleGetFunction(&mut function, module, c"add_one".as_ptr()));
    function
}

/// Launches `add_one` over `count` elements.
pub(crate) fn launch(function: CUfunction, mut data: CUdeviceptr, mut count: u32, stream: CUstream) -> CUresult {
    let mut params: [*mut c_void; 2] = [(&raw mut data).cast(), (&raw mut count).cast()];
    let extra = std::ptr::null_mut();
    // SAFETY: there is one pointer per parameter of the kernel.
    unsafe { cuLaunchKernel(function, count.div_ceil(64), 1, 1, 64, 1, 1, 0, stream, params.as_mut_ptr(), extra) }
}

#[test]
fn allocating_zero_bytes_is_invalid() {
    let _context = TestContext::new();
    let mut address = 0;
    assert_eq!(outcome!(cuMemAlloc_v2(&mut address, 0)), "CUDA_ERROR_INVALID_VALUE");
}

#[test]
fn freeing_what_was_not_allocated_is_invalid() {
    let _context = TestContext::new();
    let address = alloc(100);
    assert_eq!(outcome!(cuMemFree_v2(address + 4)), "CUDA_ERROR_INVALID_VALUE");
    ok!(cuMemFree_v2(address));
    assert_eq!(outcome!(cuMemFree_v2(address)), "CUDA_ERROR_INVALID_VALUE");
}

#[test]
fn without_a_context_there_is_nothing_to_work_in() {
    start();
    let mut address = 0;
    assert_eq!(outcome!(cuMemAlloc_v2(&mut address, 4)), "CUDA_ERROR_INVALID_CONTEXT");
    assert_eq!(outcome!(cuCtxPopCurrent_v2(std::ptr::null_mut())), "CUDA_ERROR_INVALID_CONTEXT");
}

#[test]
fn a_destroyed_context_takes_its_handles_along() {
    let context = TestContext::new();
    let stream = stream();
    let function = add_one();
    drop(context);
    let _other = TestContext::new();
    assert_eq!(outcome!(cuStreamSynchronize(stream)), "CUDA_ERROR_INVALID_HANDLE");
    assert_eq!(name(launch(function, 0, 1, std::ptr::null_mut())), "CUDA_ERROR_INVALID_HANDLE");
}

#[test]
fn contexts_are_a_stack() {
    let first = TestContext::new();
    let second = TestContext::new();
    let (mut top, mut current) = (std::ptr::null_mut(), std::ptr::null_mut());
    ok!(cuCtxPopCurrent_v2(&mut top));
    ok!(cuCtxGetCurrent(&mut current));
    assert_eq!((top, current), (second.0, first.0));
}

#[test]
fn a_primary_context_keeps_its_handle_and_loses_its_contents() {
    start();
    let (mut before, mut after) = (std::ptr::null_mut(), std::ptr::null_mut());
    ok!(cuDevicePrimaryCtxRetain(&mut before, 0));
    ok!(cuCtxSetCurrent(before));
    let address = alloc(64);
    ok!(cuDevicePrimaryCtxReset_v2(0));
    assert_eq!(outcome!(cuMemFree_v2(address)), "CUDA_ERROR_CONTEXT_IS_DESTROYED");
    ok!(cuDevicePrimaryCtxRetain(&mut after, 0));
    assert_eq!(before, after);
    assert_eq!(outcome!(cuMemFree_v2(address)), "CUDA_ERROR_INVALID_VALUE");
    ok!(cuDevicePrimaryCtxRelease(0));
    ok!(cuDevicePrimaryCtxRelease_v2(0));
    assert_eq!(outcome!(cuDevicePrimaryCtxRelease_v2(0)), "CUDA_ERROR_INVALID_CONTEXT");
    ok!(cuCtxSetCurrent(std::ptr::null_mut()));
}

#[test]
fn the_device_is_described_as_the_executor_says() {
    start();
    let (mut major, mut total, mut text) = (0, 0, [0; 64]);
    ok!(cuDeviceGetAttribute(&mut major, CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 0));
    ok!(cuDeviceTotalMem_v2(&mut total, 0));
    ok!(cuDeviceGetName(text.as_mut_ptr(), 64, 0));
    assert_eq!((major, total as u64), (7, MEMORY_BYTES));
    assert_eq!(text.map(|c| c.cast_unsigned())[..17], *b"vgpu software GPU");
    assert_eq!(outcome!(cuDeviceGetAttribute(&mut major, CUdevice_attribute(100_000), 0)), "CUDA_ERROR_INVALID_VALUE");
    assert_eq!(outcome!(cuDeviceGetAttribute(&mut major, CUdevice_attribute(1), 1)), "CUDA_ERROR_INVALID_DEVICE");
}
