//! Kernels of a few lines, and their launches.

use std::sync::Arc;
use std::time::Duration;

use vgpu_soft::exec::{
    CompileOptions, Counters, Fault, Kernel, Launch, LaunchOptions, Progress, Schedule, Shape, Worker,
};
use vgpu_soft::memory::MemoryMap;
use vgpu_soft::ptx;

pub(crate) const HEAD: &str = ".version 7.8\n.target sm_75\n.address_size 64\n";

/// Compiles the only kernel of a module.
pub(crate) fn compile(body: &str) -> Arc<Kernel> {
    compile_text(&format!("{HEAD}{body}"))
}

/// Compiles the only kernel of a module that says what it is for.
pub(crate) fn compile_text(text: &str) -> Arc<Kernel> {
    let module = ptx::parse_module(text).expect("the test's PTX is well-formed");
    let no_symbols = |_: &str| None;
    let kernel = Kernel::compile(&module, &module.kernels[0], &no_symbols, &CompileOptions::default());
    Arc::new(kernel.expect("the test's kernel compiles"))
}

/// A kernel whose parameters are `(.param .u64 p, .param .u32 n)`.
pub(crate) fn kernel(registers: &str, body: &str) -> Arc<Kernel> {
    compile(&format!(".visible .entry k(.param .u64 p, .param .u32 n)\n{{\n{registers}\n{body}\nret;\n}}\n"))
}

pub(crate) fn params(data: &[u32], n: u32) -> Box<[u8]> {
    let mut bytes = (data.as_ptr().addr() as u64).to_le_bytes().to_vec();
    bytes.extend(n.to_le_bytes());
    bytes.into()
}

pub(crate) fn map(data: &[u32]) -> Arc<MemoryMap> {
    let start = data.as_ptr().addr() as u64;
    Arc::new(MemoryMap::new(std::iter::once(start..start + size_of_val(data) as u64).collect()))
}

pub(crate) fn shape(grid: u32, block: u32) -> Shape {
    Shape { grid: [grid, 1, 1], block: [block, 1, 1], dynamic_shared_bytes: 0 }
}

/// Runs a launch of `k(data, n)` on one worker.
pub(crate) fn try_run(
    kernel: &Arc<Kernel>,
    shape: Shape,
    data: &mut [u32],
    n: u32,
    options: LaunchOptions,
) -> (Option<Fault>, Counters) {
    let launch = Launch::new(Arc::clone(kernel), shape, params(data, n), map(data), options).expect("a valid launch");
    let progress = launch.run(&mut Worker::new());
    assert_eq!(progress, Progress::Complete);
    (launch.fault(), launch.counters())
}

pub(crate) fn run(kernel: &Arc<Kernel>, shape: Shape, data: &mut [u32], n: u32) {
    for schedule in [Schedule::ToBarrier, Schedule::Interleaved { ops: 4 }, Schedule::Interleaved { ops: 1 }] {
        let before = data.to_vec();
        let options = LaunchOptions { schedule, timeout: Some(Duration::from_secs(60)), ..LaunchOptions::default() };
        let (fault, _) = try_run(kernel, shape, data, n, options);
        assert_eq!(fault, None, "{schedule:?}");
        if schedule != (Schedule::Interleaved { ops: 1 }) {
            data.copy_from_slice(&before);
        }
    }
}

pub(crate) fn fault(kernel: &Arc<Kernel>, shape: Shape, data: &mut [u32], n: u32) -> Fault {
    let options = LaunchOptions { timeout: Some(Duration::from_millis(200)), ..LaunchOptions::default() };
    try_run(kernel, shape, data, n, options).0.expect("the launch fails")
}

/// `%r1` is the thread's index in the grid, `%rd1` the data, `%rd2` the thread's element, `%r2` n.
pub(crate) const START: &str = "
    ld.param.u64 %rd1, [p];
    ld.param.u32 %r2, [n];
    mov.u32 %r3, %ctaid.x;
    mov.u32 %r4, %ntid.x;
    mov.u32 %r5, %tid.x;
    mad.lo.u32 %r1, %r3, %r4, %r5;
    cvta.to.global.u64 %rd1, %rd1;
    mul.wide.u32 %rd2, %r1, 4;
    add.u64 %rd2, %rd1, %rd2;
";
pub(crate) const REGISTERS: &str =
    ".reg .pred %p<8>; .reg .b16 %h<8>; .reg .b32 %r<32>; .reg .f32 %f<8>; .reg .b64 %rd<16>;";

pub(crate) fn grid_kernel(body: &str) -> Arc<Kernel> {
    kernel(REGISTERS, &format!("{START}{body}"))
}

/// Runs `k(data, n)` by so many threads. What it leaves in memory, and its fault.
pub(crate) fn run_by(
    workers: usize,
    kernel: &Arc<Kernel>,
    shape: Shape,
    data: Vec<u32>,
    n: u32,
    options: LaunchOptions,
) -> (Vec<u32>, Option<Fault>) {
    let launch = Launch::new(Arc::clone(kernel), shape, params(&data, n), map(&data), options).expect("a valid launch");
    let complete = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(|| launch.run(&mut Worker::new()))).collect();
        let ends = threads.into_iter().map(|thread| thread.join().expect("no panic"));
        ends.filter(|end| *end == Progress::Complete).count()
    });
    assert_eq!(complete, 1, "exactly one worker finishes the launch");
    // SAFETY: reads an array that the kernel has written behind the compiler's back.
    let words = data.iter().map(|word| unsafe { std::ptr::from_ref(word).read_volatile() }).collect();
    (words, launch.fault())
}
