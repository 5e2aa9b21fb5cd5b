//! What only the libraries themselves can tell: a child process opens them for real, or asks the device through the ones
//! that it finds, and says what came of it.
//!
//! - here: the child's start, its limit, its answer; `library`: opening a library; `refusal`: what came in the way.
//! - `device`: libcuda and libcudart; `management`: libnvidia-ml; `speed`: round trips and a copy.
//! - `backend`: llama.cpp's backends, as Ollama's processes ask them.

mod backend;
mod device;
mod library;
mod management;
mod refusal;
mod speed;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

pub(super) use backend::{BackendAnswer, BackendDevice};
pub(super) use device::{Device, DeviceAnswer};
pub(super) use management::ManagementAnswer;
pub(super) use speed::SpeedAnswer;

/// Libraries print what they like; the answer is the line that begins so.
const ANSWER_MARK: &str = "vgpu-doctor-probe:";
/// What is about to be done, for the case that it never ends.
const STEP_MARK: &str = "vgpu-doctor-step:";
const OUTPUT_MAX_BYTES: u64 = 4 << 20;
/// Lines of the child's own that are kept, and their length.
const SAID_MAX_LINES: usize = 30;
const SAID_MAX_CHARS: usize = 500;
/// Ollama itself waits this long for its own probe.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);
const POLL_PERIOD: Duration = Duration::from_millis(10);

/// Options of the hidden subcommand.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("task").required(true))]
pub(crate) struct Args {
    /// Open this library and tell what was mapped.
    #[arg(long, group = "task")]
    open: Option<PathBuf>,
    /// Ask libcuda and libcudart for devices.
    #[arg(long, group = "task")]
    device: bool,
    /// Measure the first device.
    #[arg(long, group = "task")]
    speed: bool,
    /// Ask libnvidia-ml for the devices of these UUIDs.
    #[arg(long, group = "task", num_args = 0..)]
    management: Option<Vec<String>>,
    /// Ask these backends for devices.
    #[arg(long, group = "task", num_args = 1..)]
    backend: Option<Vec<PathBuf>>,
    /// Libraries that are opened for everybody before the backends.
    #[arg(long, num_args = 1..)]
    global: Vec<PathBuf>,
    /// Ask libnvidia-ml for the driver's version as well.
    #[arg(long)]
    driver: bool,
}

/// What the child says.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Answer {
    /// What the loader or a library said, if it refused.
    pub(super) error: Option<String>,
    /// The files that were mapped.
    pub(super) mapped: Vec<String>,
    pub(super) device: Option<DeviceAnswer>,
    pub(super) speed: Option<SpeedAnswer>,
    pub(super) management: Option<ManagementAnswer>,
    pub(super) backend: Option<BackendAnswer>,
    /// What was printed to stderr meanwhile.
    #[serde(skip)]
    pub(super) said: Vec<String>,
}

/// The child: does what it is told and prints the answer.
pub(crate) fn run(args: &Args) {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the struct is whole. A library that aborts is expected here, and must leave no core file behind.
    let _ = unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const none) };
    let mut answer = Answer::default();
    let result = if let Some(path) = &args.open {
        library::open(path.as_os_str()).map(|_kept| ())
    } else if args.speed {
        speed::measure().map(|speed| answer.speed = Some(speed))
    } else if let Some(uuids) = &args.management {
        management::ask(uuids).map(|management| answer.management = Some(management))
    } else if let Some(backends) = &args.backend {
        let order = backend::Order { globals: &args.global, backends, driver_too: args.driver };
        backend::ask(&order, &step).map(|backend| answer.backend = Some(backend))
    } else {
        device::ask().map(|device| answer.device = Some(device))
    };
    answer.error = result.err().map(|refusal| refusal.to_string());
    answer.mapped = mapped();
    let text = serde_json::to_string(&answer).expect("an answer holds nothing that JSON lacks");
    print_line(ANSWER_MARK, &text);
}

fn step(text: &str) {
    print_line(STEP_MARK, &text.replace(|c: char| c.is_control(), " "));
}

fn print_line(mark: &str, text: &str) {
    let mut out = std::io::stdout().lock();
    // A parent that is gone needs no answer.
    let _ = writeln!(out, "\n{mark}{text}");
    let _ = out.flush();
}

fn mapped() -> Vec<String> {
    let maps = fs::read("/proc/self/maps").unwrap_or_default();
    let maps = String::from_utf8_lossy(&maps);
    let mut files: Vec<_> = maps.lines().filter_map(|line| Some(line[line.find('/')?..].to_owned())).collect();
    files.sort();
    files.dedup();
    files
}

/// What the child is to do.
pub(super) enum Task<'a> {
    Open(&'a Path),
    Device,
    Speed,
    Management(&'a [String]),
    Backends { globals: &'a [PathBuf], backends: &'a [PathBuf], driver_too: bool },
}

/// How the child is run.
pub(super) struct Setting<'a> {
    program: &'a Path,
    library_path: &'a OsStr,
    set: Vec<(&'static str, OsString)>,
    unset: Vec<&'static str>,
    limit: Duration,
}

impl<'a> Setting<'a> {
    /// A child of `program` with this process's environment, but for `library_path`.
    pub(super) fn new(program: &'a Path, library_path: &'a OsStr) -> Self {
        Self { program, library_path, set: Vec::new(), unset: Vec::new(), limit: TIMEOUT }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.set.push((name, value.into()));
        self
    }

    pub(super) fn without(mut self, name: &'static str) -> Self {
        self.unset.push(name);
        self
    }

    pub(super) fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Failure {
    why: Why,
    /// What was done at the time.
    pub(super) step: Option<String>,
    /// What was printed to stderr before.
    pub(super) said: Vec<String>,
}

#[derive(Debug)]
enum Why {
    NotStarted(String),
    TimedOut(Duration),
    Ended(ExitStatus),
}

impl Failure {
    pub(super) fn is_hang(&self) -> bool {
        matches!(self.why, Why::TimedOut(_))
    }

    fn not_started(text: String) -> Self {
        Self { why: Why::NotStarted(text), step: None, said: Vec::new() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Why::NotStarted(text) => f.write_str(text),
            Why::TimedOut(limit) => write!(f, "it did not answer within {} s", limit.as_secs_f32()),
            Why::Ended(status) => {
                let telling = telling(&self.said).unwrap_or("it said nothing");
                write!(f, "the process that tried it ended with {status}: {telling}")
            }
        }
    }
}

impl From<Failure> for String {
    fn from(failure: Failure) -> Self {
        failure.to_string()
    }
}

/// The line that says most: the first that speaks of something wrong, else the last.
pub(super) fn telling(said: &[String]) -> Option<&str> {
    const WORDS: [&str; 5] = ["error", "fail", "assert", "abort", "no gpu"];
    let speaks = |line: &&String| WORDS.iter().any(|word| line.to_ascii_lowercase().contains(word));
    said.iter().find(speaks).or(said.last()).map(String::as_str)
}

/// Runs a child.
///
/// # Errors
/// Why there is no answer: it was not started, hung, or ended otherwise.
pub(super) fn ask(setting: &Setting<'_>, task: &Task<'_>) -> Result<Answer, Failure> {
    let scratch = |error: std::io::Error| Failure::not_started(format!("a temporary file: {error}"));
    // Files, not pipes: a descendant that keeps a pipe open would keep its reader waiting.
    let mut out = tempfile::tempfile().map_err(scratch)?;
    let mut err = tempfile::tempfile().map_err(scratch)?;
    let mut command = Command::new(setting.program);
    command.arg("doctor-probe").stdin(Stdio::null());
    match task {
        Task::Open(path) => command.arg("--open").arg(path),
        Task::Device => command.arg("--device"),
        Task::Speed => command.arg("--speed"),
        Task::Management(uuids) => command.arg("--management").args(*uuids),
        Task::Backends { globals, backends, driver_too } => {
            command.args(driver_too.then_some("--driver"));
            if !globals.is_empty() {
                command.arg("--global").args(*globals);
            }
            command.arg("--backend").args(*backends)
        }
    };
    command.env("LD_LIBRARY_PATH", setting.library_path).envs(setting.set.iter().map(|(name, value)| (name, value)));
    for name in &setting.unset {
        command.env_remove(name);
    }
    command.stdout(out.try_clone().map_err(scratch)?).stderr(err.try_clone().map_err(scratch)?);
    let started = command.spawn();
    let mut child = started
        .map_err(|error| Failure::not_started(format!("{} cannot be started: {error}", setting.program.display())))?;
    let deadline = Instant::now() + setting.limit;
    let why = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Why::Ended(status),
            Ok(None) if Instant::now() < deadline => thread::sleep(POLL_PERIOD),
            Ok(None) | Err(_) => {
                // It may have ended just now.
                let _ = child.kill();
                let _ = child.wait();
                break Why::TimedOut(setting.limit);
            }
        }
    };
    let printed = contents(&mut out);
    let said = said(&contents(&mut err));
    let last = |mark| printed.lines().rev().find_map(|line| line.strip_prefix(mark));
    // What comes after the answer, such as a library's own end, concerns nobody.
    let answer = last(ANSWER_MARK).and_then(|text| serde_json::from_str::<Answer>(text).ok());
    match answer {
        Some(answer) => Ok(Answer { said, ..answer }),
        None => Err(Failure { why, step: last(STEP_MARK).map(str::to_owned), said }),
    }
}

/// The lines of a child's stderr: the first ones, which come nearest the cause.
fn said(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    lines.take(SAID_MAX_LINES).map(|line| line.chars().take(SAID_MAX_CHARS).collect()).collect()
}

fn contents(file: &mut File) -> String {
    let mut bytes = Vec::new();
    let is_read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(OUTPUT_MAX_BYTES).read_to_end(&mut bytes));
    is_read.map_or_else(|_| String::new(), |_| String::from_utf8_lossy(&bytes).into_owned())
}
