//! A server in a process of its own, and what it says.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, ExitStatus},
    thread,
    time::{Duration, Instant},
};

/// How long a server may take for one thing on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// How long a server that is dropped may take to end before it is killed.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// A running server; told to end when dropped, and killed when it does not.
pub(super) struct Logged {
    child: Child,
    log: PathBuf,
}

impl Logged {
    /// Starts it; all that it says goes to `log`.
    pub(super) fn start(command: &mut Command, log: PathBuf) -> Self {
        let file = fs::File::create(&log).expect("a log file");
        let errors = file.try_clone().expect("a second handle");
        let child = command.stdout(file).stderr(errors).spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        Self { child, log }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has said.
    pub(super) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).expect("the log file is there")).into_owned()
    }

    /// Waits for `done` to give something, but not for a server that has ended.
    #[track_caller]
    pub(super) fn wait<T>(&mut self, what: &str, mut done: impl FnMut(&str) -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            let ended = self.child.try_wait().expect("a child can be asked");
            let log = self.log();
            if let Some(found) = done(&log) {
                return found;
            }
            assert!(ended.is_none(), "it ended before {what}: {}\n{log}", ended.expect("it has ended"));
            assert!(started.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}\n{log}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(super) fn signal(&self, signal: i32) {
        // SAFETY: the process is our child, and has not been reaped.
        unsafe { libc::kill(self.child.id().cast_signed(), signal) };
    }

    /// Waits, without a pause, for something that soon passes, or until it has ended.
    pub(super) fn wait_for_time_or_end(&self, is_time: impl Fn() -> bool) {
        let started = Instant::now();
        while !is_time() && !self.is_a_zombie() {
            assert!(started.elapsed() < PATIENCE, "waited {PATIENCE:?} for the right time\n{}", self.log());
        }
    }

    /// Whether it has ended; its end can be waited for all the same.
    fn is_a_zombie(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        stat.rsplit(") ").next().is_some_and(|fields| fields.starts_with('Z'))
    }

    /// Waits for its end.
    #[track_caller]
    pub(super) fn end(&mut self) -> ExitStatus {
        let status = self.ends_within(PATIENCE);
        status.unwrap_or_else(|| panic!("it does not end\n{}", self.log()))
    }

    fn ends_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        let started = Instant::now();
        loop {
            let status = self.child.try_wait().expect("a child can be asked");
            if status.is_some() || started.elapsed() > limit {
                return status;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        if self.ends_within(Duration::ZERO).is_some() {
            return;
        }
        // A server that is killed leaves its children behind.
        self.signal(libc::SIGTERM);
        if self.ends_within(ENDS_WITHIN).is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
