//! A child process that is asked something, within a time, and is killed when the answer is there or comes too late.

use std::{
    env,
    error::Error,
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// Until when all children of one look must have answered.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        Self(Instant::now() + limit)
    }

    fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// Killed when nobody waits for it any more, as Ollama's are.
struct Asked(Child);

impl Asked {
    fn spawn(command: &mut Command) -> Result<Self, Box<dyn Error>> {
        // A server that is killed in the middle of a look leaves nothing behind.
        let end_with_parent = || {
            // SAFETY: prctl is async-signal-safe, and takes these numbers.
            match unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            }
        };
        // SAFETY: the closure makes one system call.
        unsafe { command.pre_exec(end_with_parent) };
        Ok(Self(command.spawn()?))
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a child to its end; returns what it printed.
pub(crate) fn said(command: &mut Command, deadline: Deadline) -> Result<String, Box<dyn Error>> {
    let mut child = Asked::spawn(command.stdout(Stdio::piped()).stderr(errors()))?;
    let mut output = child.0.stdout.take().ok_or("no pipe to the child")?;
    let text = in_time(deadline, move || {
        let mut text = String::new();
        output.read_to_string(&mut text).map(|_| text)
    })??;
    let status = child.0.wait()?;
    if status.success() { Ok(text) } else { Err(format!("{command:?} failed: {status}").into()) }
}

/// Runs a child until it says on stderr a line that holds `mark`, and kills it.
pub(crate) fn first_line_with(
    command: &mut Command,
    mark: &'static str,
    deadline: Deadline,
) -> Result<String, Box<dyn Error>> {
    let mut child = Asked::spawn(command.stdout(Stdio::null()).stderr(Stdio::piped()))?;
    let errors = child.0.stderr.take().ok_or("no pipe to the child")?;
    let find = move || BufReader::new(errors).lines().map_while(Result::ok).find(|line| line.contains(mark));
    in_time(deadline, find)?.ok_or_else(|| format!("{command:?} said no {mark}").into())
}

fn in_time<T: Send + 'static>(
    deadline: Deadline,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Box<dyn Error>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(deadline.left()).map_err(|_| "failed to finish discovery before timeout".into())
}

/// Where a child's errors go.
fn errors() -> Stdio {
    if env::var("OLLAMA_DEBUG").as_deref() == Ok("2") { Stdio::inherit() } else { Stdio::null() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(600);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_child_that_does_not_answer_in_time_is_given_up() {
        let started = Instant::now();
        let silent = said(&mut shell("exec sleep 600"), Deadline::after(SHORT));
        let babbling =
            first_line_with(&mut shell("echo no >&2; exec sleep 600"), "system_info:", Deadline::after(SHORT));
        for error in [silent, babbling].map(|answer| answer.expect_err("there is no answer").to_string()) {
            assert_eq!(error, "failed to finish discovery before timeout");
        }
        assert!(started.elapsed() < LONG, "it was not waited for");
    }

    #[test]
    fn a_child_may_live_on_after_the_line_that_was_waited_for() {
        let mut child = shell("echo no >&2; echo yes: 1 >&2; exec sleep 600");
        let line = first_line_with(&mut child, "yes:", Deadline::after(LONG));
        assert_eq!(line.expect("a line"), "yes: 1");
    }

    #[test]
    fn what_a_child_that_fails_has_printed_is_no_answer() {
        let failed = said(&mut shell("echo 1; exit 3"), Deadline::after(LONG));
        assert!(failed.is_err_and(|error| error.to_string().contains("exit status: 3")));
    }
}
