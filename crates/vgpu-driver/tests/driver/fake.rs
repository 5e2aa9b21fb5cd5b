//! The fake driver: a copy of its library for each test, and what a test says to it.

use std::ffi::{CString, c_char, c_int, c_uint, c_void};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use libloading::os::unix::Library;
use object::{Object, ObjectSection};
use tempfile::TempDir;
use vgpu_driver::{Driver, OpenError, Signals, Wanted};

/// Long enough for anything that comes at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes text that the fake hands over.
type Take = extern "C" fn(*mut c_void, *const u8, usize);

/// A fake driver of its own.
pub(crate) struct Fake {
    library: Library,
    path: PathBuf,
    _folder: TempDir,
    /// What its guests' executors go by.
    pub(crate) signals: Signals,
}

impl Fake {
    /// One that has all functions, whose executors ask for events: what they order is easy to tell.
    pub(crate) fn new() -> Arc<Self> {
        Self::without(&[])
    }

    /// One that has all functions, of which executors use what is best.
    pub(crate) fn with_words() -> Arc<Self> {
        Self::made(&[], Signals::Auto)
    }

    /// Both.
    pub(crate) fn both() -> [Arc<Self>; 2] {
        [Self::new(), Self::with_words()]
    }

    /// One that lacks some functions.
    pub(crate) fn without(absent: &[&str]) -> Arc<Self> {
        Self::made(absent, Signals::Events)
    }

    pub(crate) fn made(absent: &[&str], signals: Signals) -> Arc<Self> {
        let mut bytes = std::fs::read(built()).expect("cargo builds the fake driver beside the tests");
        let names = object::File::parse(&*bytes).expect("a library");
        let names = names.section_by_name(".dynstr").and_then(|names| names.file_range()).expect("names of functions");
        let names = &mut bytes[names.0 as usize..][..names.1 as usize];
        for name in absent {
            let whole = [b"\0", name.as_bytes(), b"\0"].concat();
            let at = names.windows(whole.len()).position(|at| at == whole);
            // The loader looks names up by a hash and then compares: this one it finds no more.
            names[at.expect("the fake driver has it") + 1] = b'_';
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("libcuda.so.1");
        std::fs::write(&path, bytes).expect("a copy");
        // SAFETY: the library's constructors are those of Rust's runtime.
        let library = unsafe { Library::open(Some(&path), libc::RTLD_NOW | libc::RTLD_NODELETE) }.expect("it loads");
        Arc::new(Self { library, path, _folder: folder, signals })
    }

    /// Where the library is, for both driver and cuBLAS.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What a caller of the executor asks for.
    pub(crate) fn wanted(&self) -> Wanted {
        Wanted { driver: Some(self.path.clone()), blas: Some(self.path.clone()), ..Wanted::default() }
    }

    /// Opens it as the executor does.
    pub(crate) fn open(&self) -> Result<Arc<Driver>, OpenError> {
        Driver::open(&self.wanted()).map(Arc::new)
    }

    fn control<F: Copy>(&self, name: &str) -> F {
        // SAFETY: the callers name functions of the fake's control with their types.
        *unsafe { self.library.get::<F>(name.as_bytes()) }.expect("the fake has it")
    }

    fn lines(&self, name: &str) -> Vec<String> {
        extern "C" fn take(to: *mut c_void, text: *const u8, len: usize) {
            // SAFETY: the fake hands on what it was given here, and as many bytes as it says.
            let (to, text) = unsafe { (&mut *to.cast::<Vec<u8>>(), std::slice::from_raw_parts(text, len)) };
            to.extend(text);
        }
        let mut text = Vec::<u8>::new();
        self.control::<unsafe extern "C" fn(*mut c_void, Take)>(name);
        // SAFETY: the first argument is what `take` expects, and is only used in the call.
        unsafe { self.control::<unsafe extern "C" fn(*mut c_void, Take)>(name)((&raw mut text).cast(), take) };
        String::from_utf8(text).expect("notes are text").lines().map(str::to_owned).collect()
    }

    fn named<T>(&self, function: &str, name: &str, so: T) {
        let name = CString::new(name).expect("no NUL");
        // SAFETY: the fake's functions of this kind take a string and a truth.
        unsafe { self.control::<unsafe extern "C" fn(*const c_char, T)>(function)(name.as_ptr(), so) }
    }

    /// The calls since the last time, each after the executor's thread. Of a row of questions for attributes one is kept.
    pub(crate) fn take_log(&self) -> Vec<Call> {
        let calls = self.lines("fake_take_log").into_iter().map(|line| Call::of(&line));
        let mut log: Vec<Call> = Vec::new();
        for call in calls {
            let is_more =
                log.last().is_some_and(|last| last.name() == call.name() && call.name().ends_with("GetAttribute"));
            if !is_more {
                log.push(call);
            }
        }
        log
    }

    /// The names of what is alive.
    pub(crate) fn living(&self) -> Vec<String> {
        self.lines("fake_living")
    }

    /// What was done that must not be.
    pub(crate) fn offences(&self) -> Vec<String> {
        self.lines("fake_offences")
    }

    /// Has a call fail whose note begins so, in a thread of the executor's, after some that go well.
    pub(crate) fn fail(&self, thread: &str, call: &str, skip: u32, code: u32) {
        let [thread, call] = [thread, call].map(|name| CString::new(name).expect("no NUL"));
        type Fail = unsafe extern "C" fn(*const c_char, *const c_char, u32, c_uint);
        // SAFETY: the fake's function has this type.
        unsafe { self.control::<Fail>("fake_fail")(thread.as_ptr(), call.as_ptr(), skip, code) }
    }

    /// Begins anew.
    pub(crate) fn reset(&self) {
        // SAFETY: the fake's function has this type.
        unsafe { self.control::<unsafe extern "C" fn()>("fake_reset")() }
    }

    /// Has a stream stand still, or go on.
    pub(crate) fn hold(&self, stream: &str, is_held: bool) {
        self.named("fake_hold", stream, is_held);
    }

    /// Has calls of a function not return, or return after all.
    pub(crate) fn block(&self, function: &str, is_blocked: bool) {
        self.named("fake_block", function, is_blocked);
    }

    /// Has every call answer that code, as when the GPU has fallen off the bus.
    pub(crate) fn lose(&self, code: u32) {
        // SAFETY: the fake's function has this type.
        unsafe { self.control::<unsafe extern "C" fn(c_uint)>("fake_lose")(code) }
    }

    /// Which descriptors are the driver's standard output and error.
    pub(crate) fn print_to(&self, [stdout, stderr]: [c_int; 2]) {
        // SAFETY: the fake's function has this type.
        unsafe { self.control::<unsafe extern "C" fn(c_int, c_int)>("fake_output")(stdout, stderr) }
    }

    /// Whether no stream has anything to do.
    pub(crate) fn is_idle(&self) -> bool {
        // SAFETY: the fake's function has this type.
        unsafe { self.control::<unsafe extern "C" fn() -> bool>("fake_is_idle")() }
    }

    /// Has addresses reserved where nobody wants them.
    pub(crate) fn reserve_elsewhere(&self) {
        // SAFETY: the fake's function has this type.
        unsafe { self.control::<unsafe extern "C" fn()>("fake_reserve_elsewhere")() }
    }

    /// How many GPUs there are, and their capability's major number.
    pub(crate) fn set_gpus(&self, count: i32, capability_major: i32) {
        // SAFETY: the fake's function has this type.
        unsafe { self.control::<unsafe extern "C" fn(c_int, c_int)>("fake_gpus")(count, capability_major) }
    }
}

/// A call that the fake has noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) thread: String,
    pub(crate) line: String,
}

impl Call {
    fn of(line: &str) -> Self {
        let (thread, line) = line.split_once(' ').expect("a thread stands in front");
        Self { thread: thread.to_owned(), line: line.to_owned() }
    }

    /// The function.
    pub(crate) fn name(&self) -> &str {
        self.line.split_once('(').expect("arguments follow").0
    }
}

/// The library, as cargo has built it.
fn built() -> PathBuf {
    let program = std::env::current_exe().expect("this program");
    program.with_file_name("libvgpu_fake_driver.so")
}

/// Waits for something that has to come.
pub(crate) fn wait_until<W: std::fmt::Debug>(what: impl Fn() -> W, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "this never comes: {:?}", what());
        std::thread::sleep(Duration::from_micros(200));
    }
}
