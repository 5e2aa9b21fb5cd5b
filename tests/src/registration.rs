//! The compiler's start-up code, as the tests see it: registering fat binaries with libcudart, and what that costs the
//! process besides time.

use std::{
    ffi::{c_char, c_int, c_void},
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::Path,
    ptr,
};

use libloading::os::unix::{Library, Symbol};

/// System calls that memory, locks, clocks, random seeds and a thread's end need. None of them reaches beyond the process.
pub const MEMORY_CALLS: &[i64] = &[
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_clock_gettime,
    libc::SYS_getrandom,
    libc::SYS_rt_sigprocmask,
    libc::SYS_sigaltstack,
    libc::SYS_rseq,
    libc::SYS_set_robust_list,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// What the dynamic loader needs besides, to map a library.
pub const LOADER_CALLS: &[i64] = &[
    libc::SYS_openat,
    libc::SYS_read,
    libc::SYS_pread64,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_close,
    libc::SYS_getcwd,
    libc::SYS_readlink,
];

/// Runs `body` in a thread whose system calls other than `allowed` end the process with SIGSYS.
///
/// # Errors
/// When the kernel has no filters for system calls.
pub fn with_only<T: Send>(allowed: &[&[i64]], body: impl FnOnce() -> T + Send) -> io::Result<T> {
    let program = filter(allowed);
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            install(&program)?;
            Ok(body())
        });
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// A classic BPF program: the architecture, then each allowed number, else the end of the process.
fn filter(allowed: &[&[i64]]) -> Vec<libc::sock_filter> {
    const ARCH_X86_64: u32 = 0xc000_003e;
    const NUMBER_AT: u32 = 0;
    const ARCH_AT: u32 = 4;
    let load = |at: u32| statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, at);
    let equal = |value: u32, then: u8, otherwise: u8| libc::sock_filter {
        code: (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16,
        jt: then,
        jf: otherwise,
        k: value,
    };
    let give = |what: u32| statement(libc::BPF_RET | libc::BPF_K, what);
    let mut program =
        vec![load(ARCH_AT), equal(ARCH_X86_64, 1, 0), give(libc::SECCOMP_RET_KILL_PROCESS), load(NUMBER_AT)];
    for &number in allowed.iter().copied().flatten() {
        program.push(equal(u32::try_from(number).expect("system calls have small numbers"), 0, 1));
        program.push(give(libc::SECCOMP_RET_ALLOW));
    }
    program.push(give(libc::SECCOMP_RET_KILL_PROCESS));
    program
}

fn statement(code: u32, k: u32) -> libc::sock_filter {
    libc::sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

fn install(program: &[libc::sock_filter]) -> io::Result<()> {
    let len = u16::try_from(program.len()).map_err(io::Error::other)?;
    let program = libc::sock_fprog { len, filter: program.as_ptr().cast_mut() };
    // SAFETY: takes numbers only.
    let result = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the program and its instructions are valid for the call; the kernel copies them.
    let result = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program, 0, 0) };
    if result != 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// What a process has read and written through system calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Io {
    /// Bytes read.
    pub read_bytes: u64,
    /// Bytes written.
    pub written_bytes: u64,
    /// Calls that read.
    pub read_calls: u64,
    /// Calls that wrote.
    pub write_calls: u64,
}

/// A reader of this process's own counts.
#[derive(Debug)]
pub struct IoCounts(File);

impl IoCounts {
    /// Opens them.
    ///
    /// # Errors
    /// When the kernel does not count.
    pub fn open() -> io::Result<Self> {
        File::open("/proc/self/io").map(Self)
    }

    /// What `body` read and wrote, the looks at the counts taken off, beside its result.
    ///
    /// # Errors
    /// When the counts cannot be read.
    pub fn of<T>(&self, body: impl FnOnce() -> T) -> io::Result<(T, Io)> {
        let (before, look_bytes) = self.look()?;
        let result = body();
        let (after, _) = self.look()?;
        let io = Io {
            // The first look's own read is counted after its numbers were made.
            read_bytes: after.read_bytes - before.read_bytes - look_bytes,
            written_bytes: after.written_bytes - before.written_bytes,
            read_calls: after.read_calls - before.read_calls - 1,
            write_calls: after.write_calls - before.write_calls,
        };
        Ok((result, io))
    }

    /// The counts, and how many bytes it took to read them.
    fn look(&self) -> io::Result<(Io, u64)> {
        let mut text = [0; 1024];
        let len = self.0.read_at(&mut text, 0)?;
        let text = String::from_utf8_lossy(&text[..len]);
        let field = |name: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            value.and_then(|value| value.parse().ok()).ok_or_else(|| io::Error::other(format!("no {name} in {text}")))
        };
        let io = Io {
            read_bytes: field("rchar")?,
            written_bytes: field("wchar")?,
            read_calls: field("syscr")?,
            write_calls: field("syscw")?,
        };
        Ok((io, len as u64))
    }
}

/// The wrapper that compiled code hands to `__cudaRegisterFatBinary`.
#[repr(C)]
struct Wrapper {
    magic: u32,
    version: u32,
    data: *const c_void,
    unused: *const c_void,
}

type RegisterFatBinary = unsafe extern "C" fn(*const c_void) -> *mut *mut c_void;
type RegisterFatBinaryEnd = unsafe extern "C" fn(*mut *mut c_void);
type RegisterFunction = unsafe extern "C" fn(
    *mut *mut c_void,
    *const c_char,
    *mut c_char,
    *const c_char,
    c_int,
    *mut c_void,
    *mut c_void,
    *mut c_void,
    *mut c_void,
    *mut c_int,
);
type FuncGetName = unsafe extern "C" fn(*mut *const c_char, *const c_void) -> u32;
type GetDeviceCount = unsafe extern "C" fn(*mut c_int) -> u32;

/// The part of libcudart.so.12 that start-up code calls.
pub struct Registrar {
    fat_binary: Symbol<RegisterFatBinary>,
    end: Symbol<RegisterFatBinaryEnd>,
    function: Symbol<RegisterFunction>,
    name: Symbol<FuncGetName>,
    device_count: Symbol<GetDeviceCount>,
    _library: Library,
}

impl Registrar {
    /// Loads the library.
    ///
    /// # Errors
    /// The dynamic loader's message.
    pub fn load(path: &Path) -> Result<Self, libloading::Error> {
        // SAFETY: the library's constructors do nothing.
        let library = unsafe { Library::open(Some(path), libc::RTLD_NOW | libc::RTLD_LOCAL) }?;
        Ok(Self {
            // SAFETY: the type is that of the compiler's generated calls.
            fat_binary: unsafe { library.get(b"__cudaRegisterFatBinary\0") }?,
            // SAFETY: as above.
            end: unsafe { library.get(b"__cudaRegisterFatBinaryEnd\0") }?,
            // SAFETY: as above.
            function: unsafe { library.get(b"__cudaRegisterFunction\0") }?,
            // SAFETY: the type is that of the public header.
            name: unsafe { library.get(b"cudaFuncGetName\0") }?,
            // SAFETY: as above.
            device_count: unsafe { library.get(b"cudaGetDeviceCount\0") }?,
            _library: library,
        })
    }

    /// Registers so many functions, spread over so many fat binaries whose bytes nobody may touch.
    pub fn register(&self, fatbins: usize, functions: usize) {
        const MAGIC: u32 = 0x4662_43b1;
        // The registry keeps the wrappers' addresses for the life of the process.
        let wrapper =
            || Box::leak(Box::new(Wrapper { magic: MAGIC, version: 1, data: forbidden(), unused: ptr::null() }));
        let mut stub = stub_address(0);
        for fatbin in 0..fatbins {
            // SAFETY: the wrapper lives on; its data is only followed when something in it is used, which never happens.
            let handle = unsafe { (self.fat_binary)((&raw const *wrapper()).cast()) };
            let share = functions / fatbins + usize::from(fatbin < functions % fatbins);
            for _ in 0..share {
                // SAFETY: the name is a string that lives on; the other pointers may be null.
                unsafe {
                    (self.function)(
                        handle,
                        ptr::without_provenance(stub),
                        ptr::null_mut(),
                        c"kernel".as_ptr(),
                        -1,
                        ptr::null_mut(),
                        ptr::null_mut(),
                        ptr::null_mut(),
                        ptr::null_mut(),
                        ptr::null_mut(),
                    );
                }
                stub += STUB_BYTES;
            }
            // SAFETY: the handle is the library's.
            unsafe { (self.end)(handle) };
        }
    }

    /// Whether the number-th function of [`register`](Self::register) is known.
    pub fn knows(&self, number: usize) -> bool {
        let mut name = ptr::null();
        // SAFETY: the first pointer is to a local, the second is only compared.
        unsafe { (self.name)(&raw mut name, ptr::without_provenance(stub_address(number))) == 0 }
    }

    /// Has the library write what is registered into its log, as it does when it first looks for a function.
    pub fn log_registered(&self) {
        let mut count = 0;
        // SAFETY: the pointer is to a local. That there is a device is not expected: the call starts the log.
        unsafe { (self.device_count)(&raw mut count) };
        self.knows(0);
    }
}

/// Host stubs lie this far apart.
const STUB_BYTES: usize = 16;

fn stub_address(number: usize) -> usize {
    0x7000_0000 + number * STUB_BYTES
}

/// An address that faults when it is followed.
fn forbidden() -> *const c_void {
    ptr::without_provenance(8)
}
