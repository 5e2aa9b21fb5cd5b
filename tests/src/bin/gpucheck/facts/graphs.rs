//! Graphs as the driver's own, and products of cuBLAS in them.

use std::{
    ffi::{c_int, c_void},
    path::Path,
    ptr,
    time::Instant,
};

use libloading::os::unix::Library;
use vgpu_core::abi::{
    CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT, CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT, CU_LAUNCH_PARAM_END_AS_INT,
    CUDA_KERNEL_NODE_PARAMS, CUgraph, CUgraphExec, CUgraphExecUpdateResultInfo, CUgraphNode, CUstream,
    CUstreamCaptureMode_enum,
};

use super::fact;
use crate::{
    device::{Device, ms_since, us_since},
    setup::Setup,
};

const NODES: usize = 1000;
const LAUNCHES: u32 = 20;

pub(super) fn graphs(device: &Device, setup: &Setup) -> Result<(), String> {
    kernels(device)?;
    match setup.find_cublas() {
        Some(path) => products(device, &path),
        None => {
            fact("cuBLAS", "not found beside the driver, on the loader's path or in CUDA's folders");
            Ok(())
        }
    }
}

/// A chain of kernels, whose parameters are given in one piece.
fn kernels(device: &Device) -> Result<(), String> {
    let cuda = &device.cuda;
    let (mut buffer, mut len) = (0u64, size_of::<u64>());
    let tag = |tag: u32| ptr::without_provenance_mut::<c_void>(tag as usize);
    let mut extra = [
        tag(CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT),
        (&raw mut buffer).cast(),
        tag(CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT),
        (&raw mut len).cast(),
        tag(CU_LAUNCH_PARAM_END_AS_INT),
    ];
    let params = CUDA_KERNEL_NODE_PARAMS {
        func: device.nothing,
        gridDimX: 1,
        gridDimY: 1,
        gridDimZ: 1,
        blockDimX: 1,
        blockDimY: 1,
        blockDimZ: 1,
        extra: extra.as_mut_ptr(),
        ..CUDA_KERNEL_NODE_PARAMS::default()
    };
    let started = Instant::now();
    let mut graph = ptr::null_mut();
    cuda.cuGraphCreate(&mut graph, 0).check("cuGraphCreate")?;
    let mut nodes: Vec<CUgraphNode> = Vec::with_capacity(NODES);
    for _ in 0..NODES {
        let mut node = ptr::null_mut();
        let after = nodes.last().map_or(ptr::null(), ptr::from_ref);
        cuda.cuGraphAddKernelNode_v2(&mut node, graph, after, nodes.len().min(1), &params)
            .check("cuGraphAddKernelNode_v2")?;
        nodes.push(node);
    }
    fact(format_args!("a graph of {NODES} kernels is built"), format_args!("{:.0} us", us_since(started)));
    let started = Instant::now();
    let exec = instantiate(device, graph)?;
    fact("... instantiated", format_args!("{:.0} us", us_since(started)));
    let started = Instant::now();
    let updated = cuda.cuGraphExecUpdate_v2(exec, graph, &mut CUgraphExecUpdateResultInfo::default());
    fact("... updated from itself", format_args!("{updated}, {:.0} us", us_since(started)));
    let (mut posted, mut done) = (0.0, 0.0);
    cuda.cuGraphLaunch(exec, device.stream).check("cuGraphLaunch")?;
    device.synchronize(device.stream).check("cuStreamSynchronize")?;
    for _ in 0..LAUNCHES {
        let started = Instant::now();
        cuda.cuGraphLaunch(exec, device.stream).check("cuGraphLaunch")?;
        posted += us_since(started);
        device.synchronize(device.stream).check("cuStreamSynchronize")?;
        done += us_since(started);
    }
    let each = |us: f64| us / f64::from(LAUNCHES);
    fact("... launched", format_args!("{:.0} us posted, {:.0} us until it is done", each(posted), each(done)));
    let started = Instant::now();
    let mut refused = None;
    for node in nodes {
        let code = cuda.cuGraphExecKernelNodeSetParams_v2(exec, node, &params);
        refused = refused.or((!code.is_ok()).then_some(code));
    }
    let note = refused.map_or("ok".to_owned(), |code| code.to_string());
    fact("... each kernel's parameters set", format_args!("{note}, {:.0} us", us_since(started)));
    Ok(())
}

/// The functions of cuBLAS that are needed.
struct Cublas {
    create: unsafe extern "C" fn(*mut *mut c_void) -> c_int,
    set_stream: unsafe extern "C" fn(*mut c_void, CUstream) -> c_int,
    #[allow(clippy::type_complexity, reason = "the signature is the public header's")]
    sgemm: unsafe extern "C" fn(
        *mut c_void,
        c_int,
        c_int,
        c_int,
        c_int,
        c_int,
        *const f32,
        u64,
        c_int,
        u64,
        c_int,
        *const f32,
        u64,
        c_int,
    ) -> c_int,
    _library: Library,
}

impl Cublas {
    fn load(path: &Path) -> Result<Self, libloading::Error> {
        // SAFETY: the libraries that are called libcublas have no constructors that harm.
        let library = unsafe { Library::open(Some(path), libc::RTLD_NOW | libc::RTLD_LOCAL) }?;
        Ok(Self {
            // SAFETY: the name is declared with the signature of the public header.
            create: unsafe { *library.get(b"cublasCreate_v2\0")? },
            // SAFETY: as above.
            set_stream: unsafe { *library.get(b"cublasSetStream_v2\0")? },
            // SAFETY: as above.
            sgemm: unsafe { *library.get(b"cublasSgemm_v2\0")? },
            _library: library,
        })
    }
}

/// Of the matrices, which are square.
const SIDE: c_int = 64;

/// What cuBLAS costs on this driver, and its products as nodes of graphs.
fn products(device: &Device, path: &Path) -> Result<(), String> {
    let cublas = match Cublas::load(path) {
        Ok(cublas) => cublas,
        Err(error) => {
            fact("cuBLAS", format_args!("{}: {error}", path.display()));
            return Ok(());
        }
    };
    let (before, _) = device.memory_info()?;
    let started = Instant::now();
    let mut handle = ptr::null_mut();
    // SAFETY: the pointer is to a local.
    let created = unsafe { (cublas.create)(&raw mut handle) };
    let created_ms = ms_since(started);
    let (after, _) = device.memory_info()?;
    let taken = |before: usize, after: usize| before.saturating_sub(after) >> 20;
    fact(
        "cuBLAS",
        format_args!(
            "{}: created ({created}) in {created_ms:.0} ms, takes {} MiB",
            path.display(),
            taken(before, after)
        ),
    );
    if created != 0 {
        return Ok(());
    }
    let matrices = device.alloc(12 << 20)?;
    let product = |stream: CUstream, a: u64| {
        let (one, zero) = (1f32, 0f32);
        // SAFETY: the handle is cuBLAS's own.
        let set = unsafe { (cublas.set_stream)(handle, stream) };
        let (b, c) = (matrices + (4 << 20), matrices + (8 << 20));
        let (alpha, beta) = (&raw const one, &raw const zero);
        // SAFETY: the matrices lie in memory of the device, the factors are locals.
        let done = unsafe { (cublas.sgemm)(handle, 0, 0, SIDE, SIDE, SIDE, alpha, a, SIDE, b, SIDE, beta, c, SIDE) };
        if set == 0 { done } else { set }
    };
    let first = product(device.stream, matrices);
    device.synchronize(device.stream).check("cuStreamSynchronize")?;
    let (with_product, _) = device.memory_info()?;
    fact("the first product", format_args!("{first}, takes {} MiB more", taken(after, with_product)));

    let cuda = &device.cuda;
    let captured = |a: u64| -> Result<(CUgraph, c_int), String> {
        let mut graph = ptr::null_mut();
        cuda.cuStreamBeginCapture_v2(device.other, CUstreamCaptureMode_enum::CU_STREAM_CAPTURE_MODE_RELAXED)
            .check("cuStreamBeginCapture_v2")?;
        let done = product(device.other, a);
        cuda.cuStreamEndCapture(device.other, &mut graph).check("cuStreamEndCapture")?;
        Ok((graph, done))
    };
    let with_child = |child: CUgraph| -> Result<CUgraph, String> {
        let (mut graph, mut node) = (ptr::null_mut(), ptr::null_mut());
        cuda.cuGraphCreate(&mut graph, 0).check("cuGraphCreate")?;
        cuda.cuGraphAddChildGraphNode(&mut node, graph, ptr::null(), 0, child).check("cuGraphAddChildGraphNode")?;
        Ok(graph)
    };
    let ((one, one_code), (two, two_code)) = (captured(matrices)?, captured(matrices + (1 << 18))?);
    let exec = instantiate(device, with_child(one)?)?;
    let updated = cuda.cuGraphExecUpdate_v2(exec, with_child(two)?, &mut CUgraphExecUpdateResultInfo::default());
    let launched = cuda.cuGraphLaunch(exec, device.stream);
    let done = device.synchronize(device.stream);
    fact(
        "a captured product as a child graph",
        format_args!(
            "captured {one_code} {two_code}; updated to another's matrices: {updated}; launched: {launched}, {done}"
        ),
    );
    Ok(())
}

fn instantiate(device: &Device, graph: CUgraph) -> Result<CUgraphExec, String> {
    let mut exec = ptr::null_mut();
    device.cuda.cuGraphInstantiateWithFlags(&mut exec, graph, 0).check("cuGraphInstantiateWithFlags")?;
    Ok(exec)
}
