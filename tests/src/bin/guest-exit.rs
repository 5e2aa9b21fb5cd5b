//! Programs that are told to end at a moment that suits nobody: a signal's handler calls `exit` while the thread is in the
//! middle of something. Each round is a process of its own; what does not end in time is counted as hung, and killed.
//! Prints `ROUNDS rounds: N ended, N hung, N other`.
//!
//! usage: `guest-exit registration|calls ROUNDS`
//!
//! - `registration`: it is registering and unregistering fat binaries, which the exit then unregisters.
//! - `calls`: it is queueing work on its own default stream, which the exit then leaves.

use std::{
    env,
    error::Error,
    ffi::{c_int, c_uint, c_void},
    ptr,
    sync::{
        OnceLock,
        atomic::{AtomicPtr, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use libloading::os::unix::Library;
use vgpu_tests::dist;

/// What llama.cpp's CUDA backend brings along.
const FATBINS: usize = 143;
/// Far longer than an exit takes on a busy machine.
const EXIT_MAX: Duration = Duration::from_secs(20);
/// What the handler exits with.
const TOLD_TO_END: c_int = 7;
/// The thread's own default stream.
const PER_THREAD: *mut c_void = ptr::without_provenance_mut(2);

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [scene, rounds] = args.as_slice() else {
        return Err("usage: guest-exit registration|calls ROUNDS".into());
    };
    let scene = match scene.as_str() {
        "registration" => register_for_ever,
        "calls" => call_for_ever,
        other => return Err(format!("there is no scene {other}").into()),
    };
    let (mut ended, mut hung, mut other) = (0, 0, 0);
    for round in 0..rounds.parse()? {
        match one_round(scene, 1000 + 137 * (round % 200)) {
            Some(status) if libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == TOLD_TO_END => ended += 1,
            Some(_) => other += 1,
            None => hung += 1,
        }
    }
    println!("{rounds} rounds: {ended} ended, {hung} hung, {other} other");
    Ok(())
}

/// A process's status, or nothing when it had to be killed.
fn one_round(scene: fn(i64) -> Result<(), Box<dyn Error>>, delay_us: i64) -> Option<c_int> {
    // SAFETY: this process has one thread, so the child may do what it likes.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let error = scene(delay_us).expect_err("only the signal ends it");
        eprintln!("{error}");
        // SAFETY: takes a number.
        unsafe { libc::_exit(1) };
    }
    let (started, mut status) = (Instant::now(), 0);
    // SAFETY: the slot is a local.
    while unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } == 0 {
        if started.elapsed() > EXIT_MAX {
            // SAFETY: the child has not been waited for, so the number is still its.
            unsafe { libc::kill(child, libc::SIGKILL) };
            // SAFETY: as above.
            unsafe { libc::waitpid(child, &raw mut status, 0) };
            return None;
        }
        thread::sleep(Duration::from_millis(1));
    }
    Some(status)
}

extern "C" fn on_signal(_signal: c_int) {
    // SAFETY: not so: it is what programs do, and the test is about how that ends.
    unsafe { libc::exit(TOLD_TO_END) };
}

/// Has the signal come once, after so many microseconds.
fn expect_signal(delay_us: i64) {
    // SAFETY: the handler takes a signal's number.
    unsafe { libc::signal(libc::SIGALRM, on_signal as extern "C" fn(c_int) as libc::sighandler_t) };
    let once = libc::itimerval {
        it_interval: libc::timeval { tv_sec: 0, tv_usec: 0 },
        it_value: libc::timeval { tv_sec: 0, tv_usec: delay_us },
    };
    // SAFETY: the timer's setting is a local, and the old one is not wanted.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const once, ptr::null_mut()) };
}

// ---- registration ----------------------------------------------------------------------------------------------

type Register = unsafe extern "C" fn(*const c_void) -> *mut c_void;
type Unregister = unsafe extern "C" fn(*mut c_void);

/// The compiler's wrapper around a fat binary.
#[repr(C)]
struct Wrapper {
    magic: u32,
    version: u32,
    data: *const c_void,
    unused: *const c_void,
}

/// What the exit handler needs: it is as little prepared as a compiler's.
static UNREGISTER: OnceLock<Unregister> = OnceLock::new();
static HANDLES: [AtomicPtr<c_void>; FATBINS] = [const { AtomicPtr::new(ptr::null_mut()) }; FATBINS];
/// The first that is registered still.
static NEXT: AtomicUsize = AtomicUsize::new(0);

extern "C" fn unregister_the_rest() {
    let Some(unregister) = UNREGISTER.get() else { return };
    loop {
        let next = NEXT.load(Ordering::Relaxed);
        let Some(handle) = HANDLES.get(next) else { return };
        // SAFETY: the handle came from the library; giving it back twice is what happens when a signal comes between.
        unsafe { unregister(handle.load(Ordering::Relaxed)) };
        NEXT.store(next + 1, Ordering::Relaxed);
    }
}

fn register_for_ever(delay_us: i64) -> Result<(), Box<dyn Error>> {
    // SAFETY: the library's constructors do nothing.
    let library = unsafe { Library::open(Some(dist().join("lib/libcudart.so.12")), libc::RTLD_NOW) }?;
    // SAFETY: the type is that of the compiler's generated calls.
    let register: Register = unsafe { *library.get(b"__cudaRegisterFatBinary\0")? };
    // SAFETY: as above.
    UNREGISTER.get_or_init(|| unsafe { *library.get(b"__cudaUnregisterFatBinary\0").expect("it is exported") });
    // SAFETY: the handler takes nothing and stays.
    unsafe { libc::atexit(unregister_the_rest) };
    let wrapper = Wrapper { magic: 0x4662_43b1, version: 1, data: ptr::without_provenance(8), unused: ptr::null() };
    let register_all = || {
        for handle in &HANDLES {
            // SAFETY: the wrapper lives as long as this process; its data is only followed when something in it is used.
            handle.store(unsafe { register((&raw const wrapper).cast()) }, Ordering::Relaxed);
        }
        NEXT.store(0, Ordering::Relaxed);
    };
    register_all();
    expect_signal(delay_us);
    // The first exit, made to last for as long as it takes the signal to come.
    loop {
        unregister_the_rest();
        register_all();
    }
}

// ---- calls -----------------------------------------------------------------------------------------------------

type Init = unsafe extern "C" fn(c_uint) -> c_uint;
type Retain = unsafe extern "C" fn(*mut *mut c_void, c_int) -> c_uint;
type SetCurrent = unsafe extern "C" fn(*mut c_void) -> c_uint;
type Alloc = unsafe extern "C" fn(*mut u64, usize) -> c_uint;
type Fill = unsafe extern "C" fn(u64, u8, usize, *mut c_void) -> c_uint;

fn call_for_ever(delay_us: i64) -> Result<(), Box<dyn Error>> {
    const LEN_BYTES: usize = 256;
    // SAFETY: the library's constructors do nothing.
    let library = unsafe { Library::open(Some(dist().join("lib/libcuda.so.1")), libc::RTLD_NOW) }?;
    // SAFETY: this type and the following are those of the public header.
    let init: Init = unsafe { *library.get(b"cuInit\0")? };
    // SAFETY: as above.
    let retain: Retain = unsafe { *library.get(b"cuDevicePrimaryCtxRetain\0")? };
    // SAFETY: as above.
    let set_current: SetCurrent = unsafe { *library.get(b"cuCtxSetCurrent\0")? };
    // SAFETY: as above.
    let alloc: Alloc = unsafe { *library.get(b"cuMemAlloc_v2\0")? };
    // SAFETY: as above.
    let fill: Fill = unsafe { *library.get(b"cuMemsetD8Async\0")? };
    let check = |call: &str, code: c_uint| if code == 0 { Ok(()) } else { Err(format!("{call}: {code}")) };
    let (mut context, mut address) = (ptr::null_mut(), 0);
    // SAFETY: takes a number.
    check("cuInit", unsafe { init(0) })?;
    // SAFETY: the slot is a local.
    check("cuDevicePrimaryCtxRetain", unsafe { retain(&raw mut context, 0) })?;
    // SAFETY: the handle came from the library.
    check("cuCtxSetCurrent", unsafe { set_current(context) })?;
    // SAFETY: the slot is a local.
    check("cuMemAlloc_v2", unsafe { alloc(&raw mut address, LEN_BYTES) })?;
    expect_signal(delay_us);
    loop {
        // SAFETY: the memory is the device's, and as long as is said.
        check("cuMemsetD8Async", unsafe { fill(address, 1, LEN_BYTES, PER_THREAD) })?;
    }
}
