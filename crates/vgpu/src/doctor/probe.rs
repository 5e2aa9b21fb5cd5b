//! What only the loader itself can tell: a child process opens the library for real, or asks the device through the
//! libraries that it finds, and says what came of it.

use std::ffi::{CStr, OsStr, c_char, c_int};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use serde::{Deserialize, Serialize};

/// Libraries print what they like; the answer is the line that begins so.
const ANSWER_MARK: &str = "vgpu-doctor-probe:";
const ANSWER_MAX_BYTES: u64 = 4 << 20;
/// Ollama itself waits this long for its own probe.
const TIMEOUT: Duration = Duration::from_secs(30);
const POLL_PERIOD: Duration = Duration::from_millis(10);
const DEVICES_MAX: c_int = 64;

/// Options of the hidden subcommand.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Open this library and tell what was mapped.
    #[arg(long, conflicts_with = "device")]
    open: Option<PathBuf>,
    /// Ask libcuda and libcudart for devices.
    #[arg(long)]
    device: bool,
}

/// What the child says.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Answer {
    /// What the loader said, if it refused.
    pub(super) error: Option<String>,
    /// The files that were mapped.
    pub(super) mapped: Vec<String>,
    pub(super) device: Option<DeviceAnswer>,
}

/// What the libraries say about devices; codes are theirs.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct DeviceAnswer {
    pub(super) init: u32,
    pub(super) driver_version: i32,
    pub(super) count: i32,
    /// Code and count of `cudaGetDeviceCount`, where there is a runtime.
    pub(super) runtime: Option<(u32, i32)>,
    pub(super) runtime_error: Option<String>,
    pub(super) devices: Vec<Device>,
}

/// One device.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Device {
    pub(super) name: String,
    pub(super) uuid: String,
    pub(super) capability: (i32, i32),
    pub(super) memory_bytes: u64,
}

/// The child: does what it is told and prints the answer.
pub(crate) fn run(args: &Args) {
    let mut answer = Answer::default();
    if let Some(path) = &args.open {
        answer.error = keep_open(path.as_os_str()).err();
    } else if args.device {
        match device() {
            Ok(device) => answer.device = Some(device),
            Err(error) => answer.error = Some(error),
        }
    }
    answer.mapped = mapped();
    let text = serde_json::to_string(&answer).expect("an answer holds nothing that JSON lacks");
    // A parent that is gone needs no answer.
    let _ = writeln!(std::io::stdout().lock(), "\n{ANSWER_MARK}{text}");
}

/// Opens a library for good: what is mapped is asked later, and closing would run more of its code.
fn keep_open(name: &OsStr) -> Result<ManuallyDrop<Library>, String> {
    // SAFETY: this process was started to run the library's constructors and has nothing that they could spoil.
    unsafe { Library::open(Some(name), RTLD_NOW | RTLD_LOCAL) }.map(ManuallyDrop::new).map_err(|error| match error {
        libloading::Error::DlOpen { desc } => {
            let text = format!("{desc:?}");
            text.trim_matches('"').to_owned()
        }
        error => error.to_string(),
    })
}

fn mapped() -> Vec<String> {
    let maps = fs::read("/proc/self/maps").unwrap_or_default();
    let maps = String::from_utf8_lossy(&maps);
    let mut files: Vec<_> = maps.lines().filter_map(|line| Some(line[line.find('/')?..].to_owned())).collect();
    files.sort();
    files.dedup();
    files
}

fn device() -> Result<DeviceAnswer, String> {
    type Init = unsafe extern "C" fn(u32) -> u32;
    type Number = unsafe extern "C" fn(*mut c_int) -> u32;
    type Name = unsafe extern "C" fn(*mut c_char, c_int, c_int) -> u32;
    type Attribute = unsafe extern "C" fn(*mut c_int, c_int, c_int) -> u32;
    type Total = unsafe extern "C" fn(*mut usize, c_int) -> u32;
    type Uuid = unsafe extern "C" fn(*mut [u8; 16], c_int) -> u32;
    const CAPABILITY_MAJOR: c_int = 75;
    const CAPABILITY_MINOR: c_int = 76;

    let driver = keep_open(OsStr::new("libcuda.so.1"))?;
    macro_rules! function {
        ($library:expr, $name:literal, $type:ty) => {{
            // SAFETY: the driver's header gives the function this signature.
            let found = unsafe { $library.get::<$type>($name) };
            found.map_err(|_| format!("{} is missing", String::from_utf8_lossy($name)))?
        }};
    }
    let init = function!(driver, b"cuInit", Init);
    let version = function!(driver, b"cuDriverGetVersion", Number);
    let count = function!(driver, b"cuDeviceGetCount", Number);
    // SAFETY: cuInit takes flags, of which none is set.
    let init = unsafe { init(0) };
    let mut answer = DeviceAnswer { init, ..DeviceAnswer::default() };
    // SAFETY: the pointer is to an int of this frame.
    let _ = unsafe { version(&raw mut answer.driver_version) };
    if answer.init == 0 {
        // SAFETY: the pointer is to an int of this frame.
        let code = unsafe { count(&raw mut answer.count) };
        if code != 0 {
            return Err(format!("cuDeviceGetCount says {code}"));
        }
    }
    if let Ok(runtime) = keep_open(OsStr::new("libcudart.so.12")) {
        let count = function!(runtime, b"cudaGetDeviceCount", Number);
        let mut devices = 0;
        // SAFETY: the pointer is to an int of this frame.
        let code = unsafe { count(&raw mut devices) };
        answer.runtime = Some((code, devices));
    }
    if answer.count <= 0 {
        return Ok(answer);
    }
    let name = function!(driver, b"cuDeviceGetName", Name);
    let attribute = function!(driver, b"cuDeviceGetAttribute", Attribute);
    let total = function!(driver, b"cuDeviceTotalMem_v2", Total);
    let uuid = function!(driver, b"cuDeviceGetUuid_v2", Uuid);
    for number in 0..answer.count.min(DEVICES_MAX) {
        let mut text = [0u8; 256];
        let (mut major, mut minor, mut bytes, mut id) = (0, 0, 0usize, [0u8; 16]);
        // SAFETY: the buffer has 256 bytes, of which the last stays 0.
        let _ = unsafe { name(text.as_mut_ptr().cast(), 255, number) };
        // SAFETY: the pointer is to an int of this frame.
        let _ = unsafe { attribute(&raw mut major, CAPABILITY_MAJOR, number) };
        // SAFETY: as above.
        let _ = unsafe { attribute(&raw mut minor, CAPABILITY_MINOR, number) };
        // SAFETY: the pointer is to a size_t of this frame.
        let _ = unsafe { total(&raw mut bytes, number) };
        // SAFETY: a CUuuid is 16 bytes.
        let _ = unsafe { uuid(&raw mut id, number) };
        let name = CStr::from_bytes_until_nul(&text).unwrap_or_default().to_string_lossy().into_owned();
        let device = Device { name, uuid: uuid_text(&id), capability: (major, minor), memory_bytes: bytes as u64 };
        answer.devices.push(device);
    }
    Ok(answer)
}

fn uuid_text(id: &[u8; 16]) -> String {
    let hex: Vec<_> = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |range: std::ops::Range<usize>| hex[range].concat();
    format!("GPU-{}-{}-{}-{}-{}", part(0..4), part(4..6), part(6..8), part(8..10), part(10..16))
}

/// What the child is to do.
pub(super) enum Task<'a> {
    Open(&'a Path),
    Device,
}

/// Runs a child of `program` with `library_path`, and without the variables of `without`.
///
/// # Errors
/// Why there is no answer: it was not started, hung, or ended otherwise.
pub(super) fn ask(program: &Path, task: &Task<'_>, library_path: &OsStr, without: &[&str]) -> Result<Answer, String> {
    let scratch = |what| move |error: std::io::Error| format!("{what}: {error}");
    // Files, not pipes: a descendant that keeps a pipe open would keep its reader waiting.
    let mut out = tempfile::tempfile().map_err(scratch("a temporary file"))?;
    let mut err = tempfile::tempfile().map_err(scratch("a temporary file"))?;
    let mut command = Command::new(program);
    command.arg("doctor-probe").stdin(Stdio::null());
    match task {
        Task::Open(path) => command.arg("--open").arg(path),
        Task::Device => command.arg("--device"),
    };
    command.env("LD_LIBRARY_PATH", library_path);
    for name in without {
        command.env_remove(name);
    }
    command.stdout(out.try_clone().map_err(scratch("its output"))?);
    command.stderr(err.try_clone().map_err(scratch("its output"))?);
    let mut child = command.spawn().map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
    let deadline = Instant::now() + TIMEOUT;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => thread::sleep(POLL_PERIOD),
            Ok(None) | Err(_) => {
                // It may have ended just now.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("it did not answer within {} s", TIMEOUT.as_secs()));
            }
        }
    };
    let said = contents(&mut out);
    let answer = said.lines().rev().find_map(|line| line.strip_prefix(ANSWER_MARK));
    let parsed = answer.and_then(|text| serde_json::from_str(text).ok());
    parsed.ok_or_else(|| {
        let said = contents(&mut err);
        let last = said.lines().next_back().unwrap_or("it said nothing");
        format!("the process that tried it ended with {status}: {last}")
    })
}

fn contents(file: &mut File) -> String {
    let mut bytes = Vec::new();
    let is_read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(ANSWER_MAX_BYTES).read_to_end(&mut bytes));
    is_read.map_or_else(|_| String::new(), |_| String::from_utf8_lossy(&bytes).into_owned())
}
