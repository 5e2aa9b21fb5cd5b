//! Other processes: started, listened to, and ended when their time is up.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Status(ExitStatus),
    /// It was still running after this time, and was killed.
    TimedOut(Duration),
}

impl End {
    pub(crate) fn is_well(self) -> bool {
        matches!(self, Self::Status(status) if status.success())
    }
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) if status.success() => f.write_str("well"),
            Self::Status(status) => match status.signal() {
                Some(signal) => write!(f, "killed by signal {signal}"),
                None => write!(f, "{status}"),
            },
            Self::TimedOut(limit) => write!(f, "not at its end after {:.0} s", limit.as_secs_f64()),
        }
    }
}

/// What ends with a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It, and all that it has started.
    Family,
    /// Only it: what it has started ends with the family that both belong to.
    Member,
}

/// Runs `command` for `limit` at most, and gives its lines to `hear` as they come.
pub(crate) fn listen(
    command: &mut Command,
    reach: Reach,
    limit: Duration,
    mut hear: impl FnMut(String),
) -> Result<End, std::io::Error> {
    let deadline = Instant::now() + limit;
    if reach == Reach::Family {
        command.process_group(0);
    }
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().expect("stdout is piped");
    let (to, lines) = channel();
    // Ends with the pipe, or with whoever listens.
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            if to.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => hear(line),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                end(&mut child, reach)?;
                return Ok(End::TimedOut(limit));
            }
        }
    }
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() >= deadline {
            end(&mut child, reach)?;
            return Ok(End::TimedOut(limit));
        }
        thread::sleep(Duration::from_millis(2));
    };
    if reach == Reach::Family {
        // What it has left running.
        kill_group(&child);
    }
    Ok(End::Status(status))
}

/// [`listen`] to a member of this process' family, with all lines at once.
pub(crate) fn lines(command: &mut Command, limit: Duration) -> Result<(Vec<String>, End), String> {
    let mut lines = Vec::new();
    let end = listen(command, Reach::Member, limit, |line| lines.push(line));
    let end = end.map_err(|error| format!("{command:?}: {error}"))?;
    Ok((lines, end))
}

/// A process that stays, and answers each line by a line; killed when dropped. How long it takes is its step's business.
pub(crate) struct Partner {
    name: String,
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Partner {
    pub(crate) fn start(name: impl Into<String>, command: &mut Command) -> Result<Self, String> {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| format!("{command:?}: {error}"))?;
        let to = child.stdin.take().expect("stdin is piped");
        let from = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Ok(Self { name: name.into(), child, to, from })
    }

    pub(crate) fn ask(&mut self, question: &str) -> Result<String, String> {
        writeln!(self.to, "{question}").map_err(|error| format!("{} is asked {question}: {error}", self.name))?;
        self.line()
    }

    /// What it says next.
    pub(crate) fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.from.read_line(&mut line) {
            Ok(0) => Err(format!("{} ended without a word", self.name)),
            Ok(_) => Ok(line.trim_end().to_owned()),
            Err(error) => Err(format!("{}: {error}", self.name)),
        }
    }

    pub(crate) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Partner {
    fn drop(&mut self) {
        self.kill();
    }
}

fn end(child: &mut Child, reach: Reach) -> Result<ExitStatus, std::io::Error> {
    match reach {
        Reach::Family => kill_group(child),
        Reach::Member => child.kill()?,
    }
    child.wait()
}

/// The child is the leader of its group. The group may be gone.
fn kill_group(child: &Child) {
    if let Ok(id) = i32::try_from(child.id())
        && let Some(pid) = Pid::from_raw(id)
    {
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_process_is_heard_to_its_end() {
        let (lines, end) = lines(&mut shell("echo one; echo two"), Duration::from_secs(60)).expect("sh starts");
        assert_eq!((lines.as_slice(), end.is_well()), (&["one".to_owned(), "two".to_owned()][..], true));
        let (_, end) = super::lines(&mut shell("exit 3"), Duration::from_secs(60)).expect("sh starts");
        assert_eq!(end.to_string(), "exit status: 3");
        let (_, end) = super::lines(&mut shell("kill -9 $$"), Duration::from_secs(60)).expect("sh starts");
        assert_eq!(end.to_string(), "killed by signal 9");
    }

    #[test]
    fn a_process_that_hangs_is_ended_with_its_family() {
        let mut lines = Vec::new();
        let mut command = shell("sleep 1000 & echo $!; wait");
        let end = listen(&mut command, Reach::Family, Duration::from_millis(500), |line| lines.push(line));
        let end = end.expect("sh starts");
        assert!(matches!(end, End::TimedOut(_)));
        let child: i32 = lines[0].parse().expect("a process number");
        let mut state = String::new();
        // Killed processes are reaped by whoever adopts them, which takes a moment.
        for _ in 0..1000 {
            state = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            if state.is_empty() || state.contains(") Z ") {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("still there: {state}");
    }
}
