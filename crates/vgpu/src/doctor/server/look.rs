//! What a server found when it looked for GPUs, from what it logged about it: into a file, or into systemd's journal.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::doctor::running::Proc;
use crate::machine::Machine;
use crate::ollama::server::Server;

/// What Ollama logs once it has looked, a line for each device.
const LINE: &str = "inference compute";
/// What it logs before.
const START: &str = "Listening on ";
const CUDA: &str = "library=CUDA";
/// Of a file, as much of its end; of the journal, as much of its beginning.
const LOG_MAX_BYTES: u64 = 16 << 20;
const LINE_MAX_CHARS: usize = 400;
const LINES_MAX: usize = 16;
const JOURNAL_LIMIT: Duration = Duration::from_secs(5);

/// What came of a server's look for GPUs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It found these devices, of CUDA's kind one at least.
    Found(Vec<String>),
    /// None of CUDA's kind, as these lines say.
    InVain(Vec<String>),
    /// It has begun, and not ended.
    UnderWay,
    /// Nothing of it is left to be read.
    Unknown,
    /// This user may not read it.
    Unreadable,
}

impl Look {
    pub(super) fn lines(&self) -> &[String] {
        match self {
            Self::Found(lines) | Self::InVain(lines) => lines,
            _ => &[],
        }
    }
}

/// Reads a server's log.
pub(super) fn of(server: &Server, machine: &Machine, proc: &Proc, started: SystemTime) -> Look {
    let errors = proc.path(server.pid, "fd/2");
    match fs::metadata(&errors) {
        Ok(metadata) if metadata.is_file() => match end_of(&errors) {
            Ok(text) => read(&text),
            Err(_) => Look::Unreadable,
        },
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && server.service.is_none() => Look::Unreadable,
        _ => match &server.service {
            Some(service) => journal(service, server.pid, machine, started),
            None => Look::Unknown,
        },
    }
}

/// The end of a file that somebody else chose, opened so that it cannot keep us waiting.
fn end_of(path: &std::path::Path) -> io::Result<String> {
    let mut file: File = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    file.seek(SeekFrom::Start(metadata.len().saturating_sub(LOG_MAX_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(LOG_MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The last look in a log, which several runs may have written.
fn read(text: &str) -> Look {
    let mut look = Look::Unknown;
    for line in text.lines() {
        if line.contains(START) {
            look = Look::UnderWay;
        } else if line.contains(LINE) {
            let line: String = line.trim().chars().take(LINE_MAX_CHARS).collect();
            let is_of_cuda = line.contains(CUDA);
            look = match look {
                Look::Found(lines) => Look::Found(with(lines, line)),
                Look::InVain(lines) if !is_of_cuda => Look::InVain(with(lines, line)),
                Look::InVain(lines) => Look::Found(with(lines, line)),
                _ if is_of_cuda => Look::Found(vec![line]),
                _ => Look::InVain(vec![line]),
            };
        }
    }
    look
}

fn with(mut lines: Vec<String>, line: String) -> Vec<String> {
    if lines.len() < LINES_MAX {
        lines.push(line);
    }
    lines
}

/// What systemd's journal has of a process of a service since it was started.
fn journal(service: &str, pid: u32, machine: &Machine, started: SystemTime) -> Look {
    let since_s = started.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().saturating_sub(1);
    let mut command = Command::new("journalctl");
    if !machine.is_real() {
        command.arg("--root").arg(machine.host("/".as_ref()));
    }
    command.args(["--quiet", "--no-pager", "-o", "cat", "-u", service, &format!("--since=@{since_s}")]);
    command.arg(format!("_PID={pid}")).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    // Without a journal there is nothing to know.
    let Ok(mut child) = command.spawn() else { return Look::Unknown };
    let text = child.stdout.take().map(|out| until(out.into(), Instant::now() + JOURNAL_LIMIT));
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
    match read(&text.unwrap_or_default()) {
        Look::Unknown if !rustix::process::geteuid().is_root() => Look::Unreadable,
        look => look,
    }
}

/// What comes out of a pipe, up to a time.
fn until(pipe: OwnedFd, deadline: Instant) -> String {
    let mut bytes = Vec::new();
    let mut part = [0; 16 << 10];
    while (bytes.len() as u64) < LOG_MAX_BYTES {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(left) = Timespec::try_from(left) else { break };
        let is_ready = poll(&mut [PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)], Some(&left));
        match is_ready {
            Err(rustix::io::Errno::INTR) => continue,
            Ok(1..) => {}
            Ok(0) | Err(_) => break,
        }
        match rustix::io::read(&pipe, &mut part) {
            Ok(0) | Err(_) => break,
            Ok(len) => bytes.extend_from_slice(&part[..len]),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CPU: &str = "time=x level=INFO msg=\"inference compute\" id=cpu library=cpu compute=\"\"";
    const GPU: &str = "time=x level=INFO msg=\"inference compute\" id=0 filter_id=0 library=CUDA compute=7.5";
    const AMD: &str = "time=x level=INFO msg=\"inference compute\" id=0 filter_id=0 library=ROCm";
    const BEGIN: &str = "time=x level=INFO msg=\"Listening on 127.0.0.1:11434 (version 0.32.15)\"";

    #[test]
    fn the_last_look_counts() {
        let of = |lines: &[&str]| read(&lines.join("\n"));
        assert_eq!(of(&[BEGIN, "noise", GPU]), Look::Found(vec![GPU.into()]));
        assert_eq!(of(&[BEGIN, CPU, "noise"]), Look::InVain(vec![CPU.into()]));
        assert_eq!(of(&[BEGIN, GPU, BEGIN, CPU]), Look::InVain(vec![CPU.into()]));
        assert_eq!(of(&[BEGIN, CPU, BEGIN]), Look::UnderWay);
        assert_eq!(of(&[BEGIN, AMD]), Look::InVain(vec![AMD.into()]));
        assert_eq!(of(&[BEGIN, AMD, GPU]), Look::Found(vec![AMD.into(), GPU.into()]));
        assert_eq!(of(&["", "noise"]), Look::Unknown);
    }

    #[test]
    fn a_log_without_end_is_cut_off() {
        let text = format!("{}\n", CPU.repeat(1000)).repeat(100);
        let look = read(&text);
        assert_eq!(look.lines().len(), LINES_MAX);
        assert!(look.lines().iter().all(|line| line.chars().count() <= LINE_MAX_CHARS));
    }
}
