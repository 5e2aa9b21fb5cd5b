//! `VGPU_TRACE=FILE`: one line per API call, appended to a file that threads, libraries and processes share.
//!
//! A line is written when its call ends, by one `write` to a file that is open for appending, so that lines do not
//! tear and a killed process has lost none but those of the calls it was in:
//!
//! ```text
//! 1234.000056789 4711 4712 libcuda.so.1 cuMemAlloc_v2(dptr=0x7ffd10, bytesize=0x1000) = CUDA_SUCCESS waits=1 ns=20411
//! ```
//!
//! That is: when the call began on the monotonic clock (seconds), process, thread, library, function, arguments as C
//! passed them, result, how often the call waited for the executor (only for libraries that have a channel to it),
//! and how long it took. A call that encloses others of its thread stands after them.
//!
//! Each library decides once, at its first call. While tracing is off, an export pays one load and one comparison.

use std::cell::Cell;
use std::ffi::{OsStr, c_char, c_uint};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::abi::runtime::dim3;
use crate::abi::{codes, cublas::cublasStatus_t, driver::CUresult, nvml::nvmlReturn_t, runtime};

/// The variable that names the file.
pub const VARIABLE: &str = "VGPU_TRACE";

/// No line is longer, its newline included.
pub const LINE_MAX_BYTES: usize = 4096;

/// Of a string that a caller passes, so much is shown.
const TEXT_MAX_BYTES: usize = 64;

/// Arguments that begin beyond this are left out, which leaves room for one more and for the rest of the line.
const ARGUMENTS_MAX_BYTES: usize = LINE_MAX_BYTES - 1024;

const UNDECIDED: u8 = 0;
const OFF: u8 = 1;
const ON: u8 = 2;

static STATE: AtomicU8 = AtomicU8::new(UNDECIDED);
static SINK: OnceLock<Option<Sink>> = OnceLock::new();

thread_local! {
    static WAITS: Cell<u64> = const { Cell::new(0) };
    /// The export that a traced call is about to enter, and that must not trace itself again.
    static ENTERED: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Notes that this thread waits for its executor.
pub fn count_wait() {
    WAITS.set(WAITS.get().wrapping_add(1));
}

/// The library whose calls are traced.
#[derive(Clone, Copy, Debug)]
pub struct Library {
    /// The name by which programs load it.
    pub soname: &'static str,
    /// Whether it talks to an executor itself, so that its waits can be counted.
    pub has_channel: bool,
}

/// The first statement of an export: while calls are traced, it enters itself once more, between the halves of a line.
///
/// `traced!(LIBRARY, cuExample(pointer, name as text, alpha as float, grid as dimensions))`: an argument without a word
/// is a [`Call::value`], the others are added by the method of their word.
#[macro_export]
macro_rules! traced {
    ($library:expr, $export:ident($($arg:ident $(as $kind:ident)?),*)) => {
        if let Some(call) = $crate::trace::call($library, stringify!($export)) {
            $(let call = $crate::traced!(@add call, $arg $($kind)?);)*
            // SAFETY: the caller's arguments are passed through unchanged.
            return call.run(|| unsafe { $export($($arg),*) });
        }
    };
    (@add $call:ident, $arg:ident) => { $call.value(stringify!($arg), $arg) };
    (@add $call:ident, $arg:ident float) => { $call.float(stringify!($arg), $arg) };
    (@add $call:ident, $arg:ident dimensions) => { $call.dimensions(stringify!($arg), $arg) };
    // SAFETY: a C caller passes null or a string, which the body reads as well.
    (@add $call:ident, $arg:ident text) => { unsafe { $call.text(stringify!($arg), $arg) } };
}

/// Begins a line, if calls are traced and this is not the inner call of [`Call::run`].
#[inline]
pub fn call(library: Library, name: &'static str) -> Option<Call> {
    if STATE.load(Ordering::Relaxed) == OFF { None } else { begin(library, name) }
}

#[cold]
#[inline(never)]
fn begin(library: Library, name: &'static str) -> Option<Call> {
    if ENTERED.get() == Some(name) {
        ENTERED.set(None);
        return None;
    }
    if STATE.load(Ordering::Relaxed) == UNDECIDED {
        let sink = SINK.get_or_init(|| open(library));
        STATE.store(if sink.is_some() { ON } else { OFF }, Ordering::Relaxed);
    }
    if STATE.load(Ordering::Relaxed) == OFF {
        return None;
    }
    Some(Call { library, name, arguments: String::with_capacity(256) })
}

/// A call whose line is being put together.
pub struct Call {
    library: Library,
    name: &'static str,
    arguments: String,
}

impl Call {
    /// Adds an argument that C passes by value: an integer, an enum, a pointer, a handle, or a small struct.
    #[must_use]
    pub fn value<T: Copy>(self, name: &str, value: T) -> Self {
        let at = (&raw const value).cast::<u8>();
        // SAFETY: `value` is readable for its size. C's types of 1, 2, 4 and 8 bytes have no padding, so all are set.
        let bits = unsafe {
            match size_of::<T>() {
                1 => Some(u64::from(at.read())),
                2 => Some(u64::from(at.cast::<u16>().read_unaligned())),
                4 => Some(u64::from(at.cast::<u32>().read_unaligned())),
                8 => Some(at.cast::<u64>().read_unaligned()),
                _ => None,
            }
        };
        match bits {
            Some(bits) => self.add(name, format_args!("{bits:#x}")),
            None => self.add(name, format_args!("{{{} bytes}}", size_of::<T>())),
        }
    }

    /// Adds an argument that is a floating-point number.
    #[must_use]
    pub fn float(self, name: &str, value: impl Into<f64>) -> Self {
        self.add(name, format_args!("{:?}", value.into()))
    }

    /// Adds the size of a grid or a block.
    #[must_use]
    pub fn dimensions(self, name: &str, value: dim3) -> Self {
        self.add(name, format_args!("{{{:#x}, {:#x}, {:#x}}}", value.x, value.y, value.z))
    }

    /// Adds a string that the call reads, quoted and shortened.
    ///
    /// # Safety
    /// `text` is null or leads to a NUL-terminated string that nobody writes meanwhile.
    #[must_use]
    pub unsafe fn text(self, name: &str, text: *const c_char) -> Self {
        if text.is_null() {
            return self.value(name, text);
        }
        let mut shown = String::with_capacity(TEXT_MAX_BYTES + 5);
        for at in 0.. {
            // SAFETY: no byte before this one was the NUL, so this one belongs to the string.
            let byte = unsafe { text.add(at).read() }.cast_unsigned();
            match byte {
                0 => break,
                _ if at == TEXT_MAX_BYTES => return self.add(name, format_args!("\"{shown}\"...")),
                b'"' | b'\\' => shown.extend(['\\', byte.into()]),
                b' '..=b'~' => shown.push(byte.into()),
                // Writing to a string cannot fail, here and below.
                _ => _ = write!(shown, "\\x{byte:02x}"),
            }
        }
        self.add(name, format_args!("\"{shown}\""))
    }

    fn add(mut self, name: &str, shown: std::fmt::Arguments<'_>) -> Self {
        if self.arguments.len() < ARGUMENTS_MAX_BYTES {
            let comma = if self.arguments.is_empty() { "" } else { ", " };
            let _ = write!(self.arguments, "{comma}{name}={shown}");
        } else if !self.arguments.ends_with("...") {
            self.arguments.push_str(", ...");
        }
        self
    }

    /// Makes the call, which enters the export once more, and writes its line.
    pub fn run<R: Answer>(self, export: impl FnOnce() -> R) -> R {
        let waits = WAITS.get();
        ENTERED.set(Some(self.name));
        let start = now();
        let answer = export();
        let duration_ns = now().as_ns().saturating_sub(start.as_ns());
        let mut line = String::with_capacity(self.arguments.len() + 192);
        // SAFETY: neither call has a precondition.
        let (process, thread) = unsafe { (libc::getpid(), libc::gettid()) };
        let Self { library, name, arguments } = self;
        let _ = write!(line, "{start} {process} {thread} {} {name}({arguments}) = ", library.soname);
        answer.show(&mut line);
        if library.has_channel {
            let _ = write!(line, " waits={}", WAITS.get().wrapping_sub(waits));
        }
        let _ = writeln!(line, " ns={duration_ns}");
        write_line(library, line.as_bytes());
        answer
    }
}

/// A moment on the clock that all processes of the machine share.
#[derive(Clone, Copy)]
struct Moment(libc::timespec);

fn now() -> Moment {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the timespec is writable. Every Linux has this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    Moment(time)
}

impl Moment {
    fn as_ns(self) -> i64 {
        self.0.tv_sec.saturating_mul(1_000_000_000).saturating_add(self.0.tv_nsec)
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:09}", self.0.tv_sec, self.0.tv_nsec)
    }
}

/// What a call returns, as its line shows it.
pub trait Answer {
    /// Appends the name of the result, or the number where it has none.
    fn show(&self, line: &mut String);
}

fn show_code(line: &mut String, name: Option<&str>, code: u32) {
    match name {
        Some(name) => line.push_str(name),
        None => _ = write!(line, "{code}"),
    }
}

impl Answer for CUresult {
    fn show(&self, line: &mut String) {
        show_code(line, codes::name(self.0), self.0);
    }
}

impl Answer for runtime::cudaError_t {
    fn show(&self, line: &mut String) {
        show_code(line, codes::runtime_name(self.0), self.0);
    }
}

impl Answer for nvmlReturn_t {
    fn show(&self, line: &mut String) {
        show_code(line, None, self.0);
    }
}

impl Answer for cublasStatus_t {
    fn show(&self, line: &mut String) {
        show_code(line, None, self.0);
    }
}

impl Answer for () {
    fn show(&self, line: &mut String) {
        line.push_str("void");
    }
}

impl<T> Answer for *const T {
    fn show(&self, line: &mut String) {
        let _ = write!(line, "{:#x}", self.addr());
    }
}

impl<T> Answer for *mut T {
    fn show(&self, line: &mut String) {
        let _ = write!(line, "{:#x}", self.addr());
    }
}

impl Answer for usize {
    fn show(&self, line: &mut String) {
        let _ = write!(line, "{self:#x}");
    }
}

impl Answer for c_uint {
    fn show(&self, line: &mut String) {
        let _ = write!(line, "{self:#x}");
    }
}

impl Answer for c_char {
    fn show(&self, line: &mut String) {
        let _ = write!(line, "{self:#x}");
    }
}

impl Answer for runtime::cudaChannelFormatDesc {
    fn show(&self, line: &mut String) {
        let _ = write!(line, "{{{} bytes}}", size_of::<Self>());
    }
}

/// The file, and which one it was when it was opened.
struct Sink {
    file: File,
    identity: (u64, u64),
}

/// Opens the file that the variable names, if it names one.
fn open(library: Library) -> Option<Sink> {
    let path = std::env::var_os(VARIABLE).filter(|path| !path.is_empty())?;
    // SAFETY: the call has no precondition.
    if unsafe { libc::getauxval(libc::AT_SECURE) } != 0 {
        // A program with more rights than its user must not write where the user says.
        return None;
    }
    match open_at(&path) {
        Ok(sink) => Some(sink),
        Err(error) => {
            crate::logging::start();
            let path = path.display();
            log::error!("{VARIABLE}: cannot append to {path}: {error}; calls of {} are not traced", library.soname);
            None
        }
    }
}

fn open_at(path: &OsStr) -> io::Result<Sink> {
    // Without O_NONBLOCK a pipe that nobody reads would hang the program. For regular files it means nothing.
    let file = OpenOptions::new().append(true).create(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok(Sink { file, identity: (metadata.dev(), metadata.ino()) })
}

impl Sink {
    fn append(&self, line: &[u8]) -> io::Result<()> {
        // Programs close descriptors that they did not open, and the number may be another file's by now.
        let metadata = self.file.metadata()?;
        if (metadata.dev(), metadata.ino()) != self.identity {
            return Err(io::Error::other("the program has closed the file"));
        }
        loop {
            match (&self.file).write(line) {
                Ok(written) if written == line.len() => return Ok(()),
                Ok(_) => return Err(ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn write_line(library: Library, line: &[u8]) {
    let Some(Some(sink)) = SINK.get() else { return };
    if let Err(error) = sink.append(line)
        && STATE.swap(OFF, Ordering::Relaxed) != OFF
    {
        crate::logging::start();
        log::error!("{VARIABLE}: {error}; calls of {} are traced no longer", library.soname);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_call() -> Call {
        let library = Library { soname: "libtest.so", has_channel: true };
        Call { library, name: "testCall", arguments: String::new() }
    }

    #[test]
    fn values_are_shown_in_hex_and_big_structs_by_their_size() {
        let call = new_call()
            .value("pointer", core::ptr::without_provenance::<u8>(0x7f10))
            .value("number", -1_i32)
            .value("byte", 7_u8)
            .value("handle", [0_u8; 64])
            .float("alpha", 0.5_f32)
            .dimensions("grid", dim3 { x: 16, y: 2, z: 1 });
        assert_eq!(
            call.arguments,
            "pointer=0x7f10, number=0xffffffff, byte=0x7, handle={64 bytes}, alpha=0.5, grid={0x10, 0x2, 0x1}"
        );
    }

    #[test]
    fn strings_are_quoted_escaped_and_shortened() {
        let long = std::ffi::CString::new("x".repeat(65)).expect("no NUL");
        // SAFETY: the string is NUL-terminated.
        let call = unsafe { new_call().text("name", c"a\"b\\c\n\xff".as_ptr()) };
        // SAFETY: null is allowed.
        let call = unsafe { call.text("none", core::ptr::null()) };
        // SAFETY: the string is NUL-terminated.
        let call = unsafe { call.text("long", long.as_ptr()) };
        let cut = "x".repeat(64);
        assert_eq!(call.arguments, format!(r#"name="a\"b\\c\x0a\xff", none=0x0, long="{cut}"..."#));
    }

    #[test]
    fn a_line_has_an_end_however_many_arguments_there_are() {
        let text = std::ffi::CString::new(vec![0xff; 64]).expect("no NUL");
        let call = (0..100).fold(new_call(), |call, _| {
            // SAFETY: the string is NUL-terminated.
            unsafe { call.text("text", text.as_ptr()) }
        });
        assert!(call.arguments.ends_with(", ..."));
        assert!(call.arguments.len() < LINE_MAX_BYTES - 512);
    }

    #[test]
    fn only_regular_files_are_written_to() {
        let error = open_at(OsStr::new("/dev/null")).err().expect("a device is refused");
        assert_eq!(error.to_string(), "not a regular file");
    }
}
