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
    /// Whether this thread is deciding just now.
    static DECIDES: Cell<bool> = const { Cell::new(false) };
    /// The export that a traced call is about to enter, and that must not trace itself again.
    static ENTERED: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Notes that this thread waits for its executor.
pub(crate) fn count_wait() {
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
/// is a [`Shown::value`], the others are what their word says. All of it is out of line but for one load and one
/// comparison, because there are thousands of exports.
#[macro_export]
macro_rules! traced {
    ($library:expr, $export:ident($($arg:ident $(as $kind:ident)?),*)) => {
        if $crate::trace::is_wanted(stringify!($export)) {
            let shown = [$($crate::traced!(@show $arg $($kind)?)),*];
            let call = $crate::trace::enter(&$library, stringify!($export), &[$(stringify!($arg)),*], &shown);
            // SAFETY: the caller's arguments are passed through unchanged.
            let answer = unsafe { $export($($arg),*) };
            call.leave(&answer);
            return answer;
        }
    };
    (@show $arg:ident) => { $crate::trace::Shown::value($arg) };
    (@show $arg:ident float) => { $crate::trace::Shown::Float(f64::from($arg)) };
    (@show $arg:ident dimensions) => { $crate::trace::Shown::Dimensions([$arg.x, $arg.y, $arg.z]) };
    // SAFETY: a C caller passes null or a string, which the body reads as well.
    (@show $arg:ident text) => { unsafe { $crate::trace::Shown::text($arg) } };
}

/// How a line shows an argument.
pub enum Shown {
    /// An integer, an enum, a pointer, a handle.
    Word(u64),
    /// A struct that C passes by value: its size.
    Struct(usize),
    /// A floating-point number.
    Float(f64),
    /// The size of a grid or a block.
    Dimensions([u32; 3]),
    /// A string that the call reads: quoted and shortened.
    Text(Text),
}

/// Null, or the address of a string that is still there when the line is begun.
pub struct Text(*const c_char);

impl Shown {
    /// Any argument that C passes by value.
    #[inline]
    pub fn value<T: Copy>(value: T) -> Self {
        let at = (&raw const value).cast::<u8>();
        // SAFETY: `value` is readable for its size. C's types of 1, 2, 4 and 8 bytes have no padding, so all are set.
        unsafe {
            match size_of::<T>() {
                1 => Self::Word(at.read().into()),
                2 => Self::Word(at.cast::<u16>().read_unaligned().into()),
                4 => Self::Word(at.cast::<u32>().read_unaligned().into()),
                8 => Self::Word(at.cast::<u64>().read_unaligned()),
                other => Self::Struct(other),
            }
        }
    }

    /// A string.
    ///
    /// # Safety
    /// `text` is null or leads to a NUL-terminated string that nobody writes until the call has been entered.
    #[inline]
    pub unsafe fn text(text: *const c_char) -> Self {
        Self::Text(Text(text))
    }

    fn append(&self, line: &mut String) {
        // Writing to a string cannot fail.
        let _ = match self {
            Self::Word(bits) => write!(line, "{bits:#x}"),
            Self::Struct(len_bytes) => write!(line, "{{{len_bytes} bytes}}"),
            Self::Float(number) => write!(line, "{number:?}"),
            Self::Dimensions([x, y, z]) => write!(line, "{{{x:#x}, {y:#x}, {z:#x}}}"),
            Self::Text(Text(at)) if at.is_null() => write!(line, "0x0"),
            // SAFETY: whoever made it promised a string.
            Self::Text(Text(at)) => unsafe { append_text(line, *at) },
        };
    }
}

/// # Safety
/// `text` leads to a NUL-terminated string that nobody writes meanwhile.
unsafe fn append_text(line: &mut String, text: *const c_char) -> std::fmt::Result {
    line.push('"');
    for at in 0.. {
        // SAFETY: no byte before this one was the NUL, so this one belongs to the string.
        let byte = unsafe { text.add(at).read() }.cast_unsigned();
        match byte {
            0 => break,
            _ if at == TEXT_MAX_BYTES => {
                line.push_str("\"...");
                return Ok(());
            }
            b'"' | b'\\' => line.extend(['\\', byte.into()]),
            b' '..=b'~' => line.push(byte.into()),
            _ => write!(line, "\\x{byte:02x}")?,
        }
    }
    line.push('"');
    Ok(())
}

/// Whether calls are traced, and this is not the second entry of one that is.
#[inline]
pub fn is_wanted(name: &'static str) -> bool {
    STATE.load(Ordering::Relaxed) != OFF && is_first_entry(name)
}

#[cold]
#[inline(never)]
fn is_first_entry(name: &'static str) -> bool {
    let is_second = ENTERED.get() == Some(name);
    if is_second {
        ENTERED.set(None);
    } else if STATE.load(Ordering::Relaxed) == UNDECIDED {
        if DECIDES.replace(true) {
            // A signal's handler came between, and must not wait for the thread that it interrupted: itself.
            return false;
        }
        let sink = SINK.get_or_init(open);
        DECIDES.set(false);
        STATE.store(if sink.is_some() { ON } else { OFF }, Ordering::Relaxed);
    }
    !is_second && STATE.load(Ordering::Relaxed) == ON
}

/// A call that has been entered, and whose line is written when it ends.
pub struct Call {
    library: &'static Library,
    /// Function and arguments.
    text: String,
    waits: u64,
    start: Moment,
}

/// Begins a call's line. `names` are those of its arguments, which the line shows as `shown`.
#[cold]
#[inline(never)]
pub fn enter(library: &'static Library, name: &'static str, names: &[&str], shown: &[Shown]) -> Call {
    let mut text = String::with_capacity(256);
    text.push_str(name);
    text.push('(');
    for (at, (name, shown)) in names.iter().zip(shown).enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        if text.len() > ARGUMENTS_MAX_BYTES {
            text.push_str("...");
            break;
        }
        text.push_str(name);
        text.push('=');
        shown.append(&mut text);
    }
    text.push(')');
    ENTERED.set(Some(name));
    Call { library, text, waits: WAITS.get(), start: now() }
}

impl Call {
    /// Writes the line.
    #[cold]
    #[inline(never)]
    pub fn leave(self, answer: &dyn Answer) {
        let duration_ns = now().as_ns().saturating_sub(self.start.as_ns());
        let Self { library, text, waits, start } = self;
        // SAFETY: neither call has a precondition.
        let (process, thread) = unsafe { (libc::getpid(), libc::gettid()) };
        let mut line = String::with_capacity(text.len() + 192);
        let _ = write!(line, "{start} {process} {thread} {} {text} = ", library.soname);
        answer.show(&mut line);
        if library.has_channel {
            let _ = write!(line, " waits={}", WAITS.get().wrapping_sub(waits));
        }
        let _ = writeln!(line, " ns={duration_ns}");
        write_line(line.as_bytes());
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
fn open() -> Option<Sink> {
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
            log::error!("{VARIABLE}: cannot append to {}: {error}; calls are not traced", path.display());
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

fn write_line(line: &[u8]) {
    let Some(Some(sink)) = SINK.get() else { return };
    if let Err(error) = sink.append(line)
        && STATE.swap(OFF, Ordering::Relaxed) != OFF
    {
        crate::logging::start();
        log::error!("{VARIABLE}: {error}; calls are traced no longer");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static LIBRARY: Library = Library { soname: "libtest.so", has_channel: true };

    fn shown(names: &[&str], arguments: &[Shown]) -> String {
        enter(&LIBRARY, "testCall", names, arguments).text
    }

    #[test]
    fn values_are_shown_in_hex_and_big_structs_by_their_size() {
        let arguments = [
            Shown::value(core::ptr::without_provenance::<u8>(0x7f10)),
            Shown::value(-1_i32),
            Shown::value(7_u8),
            Shown::value([0_u8; 64]),
            Shown::Float(0.5),
            Shown::Dimensions([16, 2, 1]),
        ];
        assert_eq!(
            shown(&["pointer", "number", "byte", "handle", "alpha", "grid"], &arguments),
            "testCall(pointer=0x7f10, number=0xffffffff, byte=0x7, handle={64 bytes}, alpha=0.5, grid={0x10, 0x2, 0x1})"
        );
    }

    #[test]
    fn strings_are_quoted_escaped_and_shortened() {
        let long = std::ffi::CString::new("x".repeat(65)).expect("no NUL");
        let texts = [c"a\"b\\c\n\xff".as_ptr(), core::ptr::null(), long.as_ptr()];
        // SAFETY: each is null or leads to a string that outlives the line.
        let arguments = texts.map(|text| unsafe { Shown::text(text) });
        let cut = "x".repeat(64);
        assert_eq!(
            shown(&["name", "none", "long"], &arguments),
            format!(r#"testCall(name="a\"b\\c\x0a\xff", none=0x0, long="{cut}"...)"#)
        );
    }

    #[test]
    fn a_line_has_an_end_however_many_arguments_there_are() {
        let text = std::ffi::CString::new(vec![0xff; 64]).expect("no NUL");
        // SAFETY: the string outlives the line.
        let arguments: Vec<_> = (0..100).map(|_| unsafe { Shown::text(text.as_ptr()) }).collect();
        let text = shown(&["text"; 100], &arguments);
        assert!(text.ends_with(", ...)"));
        assert!(text.len() < LINE_MAX_BYTES - 512);
    }

    #[test]
    fn only_regular_files_are_written_to() {
        let error = open_at(OsStr::new("/dev/null")).err().expect("a device is refused");
        assert_eq!(error.to_string(), "not a regular file");
    }
}
