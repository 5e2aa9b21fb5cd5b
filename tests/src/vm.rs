//! A virtual machine of the test's own: a stock kernel in QEMU, by way of `cargo xtask vm`.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Output, Stdio},
    time::Duration,
};

use crate::{
    daemon::{Daemon, wait_until},
    dist,
    qmp::Qmp,
};

/// The variable that names xtask's program; `cargo xtask test` sets it.
pub const XTASK_VARIABLE: &str = "VGPU_XTASK";

/// The control socket's name in its folder.
const QMP: &str = "qmp.sock";

/// A daemon that offers PCI functions, each for one VM.
pub struct Host {
    /// The daemon; it also serves programs of this machine.
    pub daemon: Daemon,
    folder: tempfile::TempDir,
}

impl Host {
    /// Starts a daemon with so many functions and these further arguments.
    pub fn start(functions: usize, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let sockets: Vec<PathBuf> = (0..functions).map(|index| folder.path().join(format!("vm{index}.sock"))).collect();
        let flags: Vec<String> = sockets.iter().map(|socket| format!("--vfio-user={}", socket.display())).collect();
        let all: Vec<&str> =
            flags.iter().map(String::as_str).chain(["--threads=1"]).chain(args.iter().copied()).collect();
        let daemon = Daemon::start(&all);
        for socket in &sockets {
            wait_until(Duration::from_secs(10), "a function's socket", || socket.exists());
        }
        Self { daemon, folder }
    }

    /// A VM with one of the functions, to be given its options and command.
    pub fn vm(&self, function: usize) -> Vm {
        Vm::new().options(["--device", self.function(function).to_str().expect("UTF-8")])
    }

    /// A function's socket.
    pub fn function(&self, function: usize) -> PathBuf {
        self.folder.path().join(format!("vm{function}.sock"))
    }
}

/// A VM that is about to start.
pub struct Vm {
    command: Command,
    /// Holds the socket by which QEMU takes commands, if it shall.
    control: Option<tempfile::TempDir>,
}

impl Vm {
    /// A VM without a function.
    ///
    /// # Panics
    /// When it is not `cargo xtask test` that runs.
    #[expect(clippy::new_without_default, reason = "it depends on the environment")]
    pub fn new() -> Self {
        let xtask = env::var_os(XTASK_VARIABLE).expect("`cargo xtask test` starts these tests: it names its program");
        let mut command = Command::new(xtask);
        command.arg("vm").args(["--timeout", "240", "--env", "VGPU_DIST=/opt/vgpu", "--env", "VGPU_LOG=warn"]);
        command.env("VGPU_DIST", dist());
        Self { command, control: None }
    }

    /// Lets QEMU take commands, from [`Running::qmp`].
    pub fn controlled(mut self) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        self.command.arg("--qmp").arg(folder.path().join(QMP));
        self.control = Some(folder);
        self
    }

    /// Options of `cargo xtask vm`.
    pub fn options<'a>(mut self, options: impl IntoIterator<Item = &'a str>) -> Self {
        self.command.args(options);
        self
    }

    /// Programs of this crate that the script uses.
    pub fn programs<'a>(mut self, programs: impl IntoIterator<Item = &'a str>) -> Self {
        for program in programs {
            self.command.args(["--file", program]);
        }
        self
    }

    fn script(&mut self, script: &str) -> &mut Command {
        self.command.args(["--", "/bin/sh", "-c", script]).stdin(Stdio::null())
    }

    /// Runs a shell script in the VM and waits for the VM's end.
    pub fn run(mut self, script: &str) -> Outcome {
        Outcome::from(self.script(script).output().expect("xtask starts"))
    }

    /// Starts a shell script in the VM.
    pub fn start(mut self, script: &str) -> Running {
        let mut xtask =
            self.script(script).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("xtask starts");
        let output = BufReader::new(xtask.stdout.take().expect("it is piped"));
        Running { xtask, output, control: self.control }
    }
}

/// A VM that runs; killed when dropped.
pub struct Running {
    xtask: Child,
    output: BufReader<ChildStdout>,
    control: Option<tempfile::TempDir>,
}

impl Running {
    /// Waits for the next line that the script prints; `None` when it has ended.
    ///
    /// # Panics
    /// When it is no text.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let len = self.output.read_line(&mut line).expect("the script prints text");
        (len > 0).then(|| line.trim_end().to_owned())
    }

    /// Waits for the next line that the script prints, which must be this.
    ///
    /// # Panics
    /// When it is another.
    #[track_caller]
    pub fn expect_line(&mut self, expected: &str) {
        assert_eq!(self.line().as_deref(), Some(expected));
    }

    /// A connection to its QEMU.
    ///
    /// # Panics
    /// When it is not [`Vm::controlled`].
    pub fn qmp(&self) -> Qmp {
        Qmp::connect(&self.control.as_ref().expect("it is controlled").path().join(QMP))
    }

    /// The process that is its QEMU.
    ///
    /// # Panics
    /// When there is none.
    pub fn qemu(&self) -> i32 {
        let children = format!("/proc/{0}/task/{0}/children", self.xtask.id());
        let text = fs::read_to_string(&children).expect("xtask's children");
        text.split_whitespace().find_map(|pid| pid.parse().ok()).expect("a child process")
    }

    /// Waits for the VM's end, which may take so long; returns what the script has printed since, and its exit code.
    ///
    /// # Panics
    /// When it takes longer.
    pub fn end(mut self, limit: Duration) -> (String, Option<i32>) {
        // Its output is small: the pipe holds it until then.
        wait_until(limit, "the machine to end", || self.xtask.try_wait().expect("xtask can be asked").is_some());
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).expect("text");
        (rest, self.xtask.wait().expect("xtask can be reaped").code())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // QEMU ends with it.
        let _ = self.xtask.kill();
        let _ = self.xtask.wait();
    }
}

/// What a VM's script left.
#[derive(Debug)]
pub struct Outcome {
    /// Its exit code.
    pub code: Option<i32>,
    /// Its output and its errors' output.
    pub output: String,
    /// What xtask said.
    pub remarks: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            output: String::from_utf8_lossy(&output.stdout).into_owned(),
            remarks: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Outcome {
    /// The output of a script that must have succeeded.
    ///
    /// # Panics
    /// When it did not.
    pub fn succeeded(self) -> String {
        assert_eq!(self.code, Some(0), "{}\n{}", self.output, self.remarks);
        self.output
    }
}
