//! A virtual machine of the test's own: a stock kernel in QEMU, by way of `cargo xtask vm`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use crate::{
    daemon::{Daemon, wait_until},
    dist,
};

/// The variable that names xtask's program; `cargo xtask test` sets it.
pub const XTASK_VARIABLE: &str = "VGPU_XTASK";

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
        Vm::new(Some(&self.folder.path().join(format!("vm{function}.sock"))))
    }
}

/// A VM that is about to start.
pub struct Vm {
    command: Command,
}

impl Vm {
    fn new(device: Option<&Path>) -> Self {
        let xtask = env::var_os(XTASK_VARIABLE).expect("`cargo xtask test` starts these tests: it names its program");
        let mut command = Command::new(xtask);
        command.arg("vm").args(["--timeout", "240", "--env", "VGPU_DIST=/opt/vgpu", "--env", "VGPU_LOG=warn"]);
        command.env("VGPU_DIST", dist());
        if let Some(device) = device {
            command.arg("--device").arg(device);
        }
        Self { command }
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

    fn script(mut self, script: &str) -> Command {
        self.command.args(["--", "/bin/sh", "-c", script]);
        self.command.stdin(Stdio::null());
        self.command
    }

    /// Runs a shell script in the VM and waits for the VM's end.
    pub fn run(self, script: &str) -> Outcome {
        Outcome::from(self.script(script).output().expect("xtask starts"))
    }

    /// Starts a shell script in the VM; its output is piped.
    pub fn start(self, script: &str) -> Child {
        self.script(script).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("xtask starts")
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

/// The QEMU that an `xtask vm` process has started.
///
/// # Panics
/// When there is none.
pub fn qemu_of(xtask: &Child) -> i32 {
    let children = format!("/proc/{0}/task/{0}/children", xtask.id());
    let text = fs::read_to_string(&children).expect("xtask's children");
    text.split_whitespace().find_map(|pid| pid.parse().ok()).expect("a child process")
}
