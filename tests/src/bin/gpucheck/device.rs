//! The first device, ready for work: its primary context, two streams, a few kernels.

use std::{
    ffi::{CString, OsStr, c_uint, c_void},
    ptr,
    time::Instant,
};

use vgpu_core::abi::*;

use crate::cuda::{Code, Cuda};

/// Small kernels, for every capability from 6.1 on.
const PTX: &str = "
.version 6.4
.target sm_61
.address_size 64

.visible .entry nothing(.param .u64 unused) { ret; }

// Lasts so many nanoseconds.
.visible .entry wait_ns(.param .u64 duration)
{
    .reg .pred %p<2>;
    .reg .b64 %rd<5>;
    ld.param.u64 %rd1, [duration];
    mov.u64 %rd2, %globaltimer;
AGAIN:
    mov.u64 %rd3, %globaltimer;
    sub.u64 %rd4, %rd3, %rd2;
    setp.lt.u64 %p1, %rd4, %rd1;
    @%p1 bra AGAIN;
    ret;
}

.visible .entry put(.param .u64 to, .param .u64 value)
{
    .reg .b32 %r<2>;
    .reg .b64 %rd<3>;
    ld.param.u64 %rd1, [to];
    ld.param.u64 %rd2, [value];
    cvt.u32.u64 %r1, %rd2;
    st.global.u32 [%rd1], %r1;
    ret;
}

.visible .entry get(.param .u64 to, .param .u64 from)
{
    .reg .b32 %r<2>;
    .reg .b64 %rd<3>;
    ld.param.u64 %rd1, [to];
    ld.param.u64 %rd2, [from];
    ld.global.u32 %r1, [%rd2];
    st.global.u32 [%rd1], %r1;
    ret;
}

// y[i] = a * x[i] + y[i]
.visible .entry saxpy(.param .u64 x, .param .u64 y, .param .u64 a_bits, .param .u64 n)
{
    .reg .pred %p<2>;
    .reg .b32 %r<5>;
    .reg .f32 %f<5>;
    .reg .b64 %rd<8>;
    ld.param.u64 %rd1, [x];
    ld.param.u64 %rd2, [y];
    ld.param.u64 %rd3, [a_bits];
    ld.param.u64 %rd4, [n];
    mov.u32 %r1, %ctaid.x;
    mov.u32 %r2, %ntid.x;
    mov.u32 %r3, %tid.x;
    mad.lo.u32 %r1, %r1, %r2, %r3;
    cvt.u64.u32 %rd5, %r1;
    setp.ge.u64 %p1, %rd5, %rd4;
    @%p1 bra DONE;
    cvta.to.global.u64 %rd1, %rd1;
    cvta.to.global.u64 %rd2, %rd2;
    mul.wide.u32 %rd6, %r1, 4;
    add.u64 %rd1, %rd1, %rd6;
    add.u64 %rd2, %rd2, %rd6;
    cvt.u32.u64 %r4, %rd3;
    mov.b32 %f1, %r4;
    ld.global.f32 %f2, [%rd1];
    ld.global.f32 %f3, [%rd2];
    fma.rn.f32 %f4, %f1, %f2, %f3;
    st.global.f32 [%rd2], %f4;
DONE:
    ret;
}

.visible .global .align 4 .u32 counter = 7;
";

/// What opening took.
pub(crate) struct Opened {
    pub(crate) init_ms: f64,
    pub(crate) context_ms: f64,
    pub(crate) module_ms: f64,
}

/// An open device. It lives as long as its process.
pub(crate) struct Device {
    pub(crate) cuda: Cuda,
    pub(crate) opened: Opened,
    pub(crate) context: CUcontext,
    pub(crate) module: CUmodule,
    /// Not synchronised with the default stream, as `other`.
    pub(crate) stream: CUstream,
    pub(crate) other: CUstream,
    /// 1 MiB of device memory.
    pub(crate) memory: CUdeviceptr,
    pub(crate) nothing: CUfunction,
    pub(crate) wait_ns: CUfunction,
    pub(crate) put: CUfunction,
    pub(crate) get: CUfunction,
    pub(crate) saxpy: CUfunction,
}

/// Bytes at [`Device::memory`].
pub(crate) const MEMORY_BYTES: usize = 1 << 20;

/// For streams and events; C's flags are plain integers.
pub(crate) const NON_BLOCKING: c_uint = CUstream_flags_enum::CU_STREAM_NON_BLOCKING.0;
pub(crate) const BLOCKING: c_uint = CUstream_flags_enum::CU_STREAM_DEFAULT.0;
pub(crate) const TIMED: c_uint = CUevent_flags_enum::CU_EVENT_DEFAULT.0;
pub(crate) const UNTIMED: c_uint = CUevent_flags_enum::CU_EVENT_DISABLE_TIMING.0;

impl Device {
    /// Loads the library and opens its first device.
    pub(crate) fn open(library: &OsStr) -> Result<Self, String> {
        let cuda = Cuda::load(library).map_err(|error| error.to_string())?;
        let started = Instant::now();
        cuda.cuInit(0).check("cuInit")?;
        let init_ms = ms_since(started);
        let started = Instant::now();
        let mut context = ptr::null_mut();
        cuda.cuDevicePrimaryCtxRetain(&mut context, 0).check("cuDevicePrimaryCtxRetain")?;
        cuda.cuCtxSetCurrent(context).check("cuCtxSetCurrent")?;
        let context_ms = ms_since(started);
        let started = Instant::now();
        let (stream, other) = (new_stream(&cuda, NON_BLOCKING)?, new_stream(&cuda, NON_BLOCKING)?);
        let module = load(&cuda, PTX).map_err(|code| format!("cuModuleLoadData: {code}"))?;
        let mut memory = 0;
        cuda.cuMemAlloc_v2(&mut memory, MEMORY_BYTES).check("cuMemAlloc_v2")?;
        let [nothing, wait_ns, put, get, saxpy] = ["nothing", "wait_ns", "put", "get", "saxpy"]
            .map(|name| function(&cuda, module, name).map_err(|code| format!("cuModuleGetFunction {name}: {code}")));
        let opened = Opened { init_ms, context_ms, module_ms: ms_since(started) };
        Ok(Self {
            opened,
            context,
            module,
            stream,
            other,
            memory,
            nothing: nothing?,
            wait_ns: wait_ns?,
            put: put?,
            get: get?,
            saxpy: saxpy?,
            cuda,
        })
    }

    /// Launches one thread with up to four parameters of 64 bits.
    pub(crate) fn launch(&self, function: CUfunction, stream: CUstream, params: &[u64]) -> Code {
        self.launch_grid(function, (1, 1), stream, params)
    }

    /// Launches so many blocks of so many threads.
    pub(crate) fn launch_grid(
        &self,
        function: CUfunction,
        (blocks, threads): (c_uint, c_uint),
        stream: CUstream,
        params: &[u64],
    ) -> Code {
        let mut pointers = [ptr::null_mut::<c_void>(); 4];
        for (pointer, param) in pointers.iter_mut().zip(params) {
            *pointer = ptr::from_ref(param).cast_mut().cast();
        }
        let pointers = pointers.as_mut_ptr();
        self.cuda.cuLaunchKernel(function, blocks, 1, 1, threads, 1, 1, 0, stream, pointers, ptr::null_mut())
    }

    /// Launches a kernel that lasts so long.
    pub(crate) fn wait(&self, stream: CUstream, ms: u64) -> Code {
        self.launch(self.wait_ns, stream, &[ms * 1_000_000])
    }

    pub(crate) fn synchronize(&self, stream: CUstream) -> Code {
        self.cuda.cuStreamSynchronize(stream)
    }

    pub(crate) fn new_stream(&self, flags: c_uint) -> Result<CUstream, String> {
        new_stream(&self.cuda, flags)
    }

    pub(crate) fn new_event(&self, flags: c_uint) -> Result<CUevent, String> {
        let mut event = ptr::null_mut();
        self.cuda.cuEventCreate(&mut event, flags).check("cuEventCreate")?;
        Ok(event)
    }

    pub(crate) fn alloc(&self, len_bytes: usize) -> Result<CUdeviceptr, String> {
        let mut address = 0;
        self.cuda.cuMemAlloc_v2(&mut address, len_bytes).check("cuMemAlloc_v2")?;
        Ok(address)
    }

    /// Pinned memory; `None` where the library has none to give.
    pub(crate) fn alloc_pinned(&self, len_bytes: usize) -> Option<*mut u8> {
        let mut pointer = ptr::null_mut();
        self.cuda.cuMemHostAlloc(&mut pointer, len_bytes, 0).is_ok().then(|| pointer.cast())
    }

    /// Copies from the device and waits.
    pub(crate) fn read<T: Copy>(&self, from: CUdeviceptr, to: &mut [T]) -> Code {
        self.cuda.cuMemcpyDtoH_v2(to.as_mut_ptr().cast(), from, size_of_val(to))
    }

    /// Copies to the device and waits.
    pub(crate) fn write<T: Copy>(&self, to: CUdeviceptr, from: &[T]) -> Code {
        self.cuda.cuMemcpyHtoD_v2(to, from.as_ptr().cast(), size_of_val(from))
    }

    /// The first word at an address.
    pub(crate) fn word(&self, from: CUdeviceptr) -> Result<u32, String> {
        let mut word = [0];
        self.read(from, &mut word).check("cuMemcpyDtoH_v2")?;
        Ok(word[0])
    }

    /// Free and total bytes.
    pub(crate) fn memory_info(&self) -> Result<(usize, usize), String> {
        let (mut free, mut total) = (0, 0);
        self.cuda.cuMemGetInfo_v2(&mut free, &mut total).check("cuMemGetInfo_v2")?;
        Ok((free, total))
    }

    /// Loads PTX text.
    pub(crate) fn load(&self, ptx: &str) -> Result<CUmodule, Code> {
        load(&self.cuda, ptx)
    }

    pub(crate) fn function(&self, module: CUmodule, name: &str) -> Result<CUfunction, Code> {
        function(&self.cuda, module, name)
    }

    /// The kernels' text once more, as a module of its own.
    pub(crate) fn load_kernels(&self) -> Result<CUmodule, Code> {
        self.load(PTX)
    }
}

fn new_stream(cuda: &Cuda, flags: c_uint) -> Result<CUstream, String> {
    let mut stream = ptr::null_mut();
    cuda.cuStreamCreate(&mut stream, flags).check("cuStreamCreate")?;
    Ok(stream)
}

fn load(cuda: &Cuda, ptx: &str) -> Result<CUmodule, Code> {
    let text = CString::new(ptx).expect("PTX holds no NUL");
    let mut module = ptr::null_mut();
    match cuda.cuModuleLoadData(&mut module, text.as_ptr().cast()) {
        Code::OK => Ok(module),
        code => Err(code),
    }
}

fn function(cuda: &Cuda, module: CUmodule, name: &str) -> Result<CUfunction, Code> {
    let name = CString::new(name).expect("names hold no NUL");
    let mut function = ptr::null_mut();
    match cuda.cuModuleGetFunction(&mut function, module, name.as_ptr()) {
        Code::OK => Ok(function),
        code => Err(code),
    }
}

pub(crate) fn ms_since(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e3
}

pub(crate) fn us_since(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e6
}
