//! What the kernel shows of a running process: who it is, which files it has mapped, and the environment that it began with.
//!
//! Other processes write much of this themselves, so all of it is bounded, and none of it is believed to be more than text.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::doctor::variables::Variables;
use crate::ollama::server::is_server;

/// A process with more mappings than fit is looked at in part; a large one has some thousand.
const MAPS_MAX_BYTES: u64 = 16 << 20;
const TEXT_MAX_BYTES: u64 = 1 << 20;
const PROCESSES_MAX: usize = 4096;

/// Where the kernel shows processes; in tests a folder.
#[derive(Clone, Debug)]
pub(in crate::doctor) struct Proc(PathBuf);

/// One process, at one time: numbers are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub(super) pid: u32,
    /// In clock ticks since boot.
    started: u64,
}

/// What a process is to Ollama.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::doctor) enum Role {
    /// Ollama's server, which loads no CUDA (since 0.12.4).
    Serve,
    /// Ollama's own inference process, or its probe.
    Runner,
    /// llama.cpp's server as Ollama's inference process, or its probe.
    LlamaServer,
    /// Ollama's probe of devices, since 0.30.
    Discover,
    Other,
}

impl Role {
    fn of(arguments: &[String]) -> Self {
        let program = arguments.first().map_or("", |program| program.rsplit('/').next().unwrap_or(program));
        match (program, arguments.get(1).map(String::as_str)) {
            ("llama-server", _) => Self::LlamaServer,
            _ if is_server(program, arguments.iter().skip(1).map(String::as_str)) => Self::Serve,
            ("ollama", Some("runner")) => Self::Runner,
            ("ollama", Some("gpu-discover")) => Self::Discover,
            _ => Self::Other,
        }
    }

    /// Whether it is there to compute, or to look for devices.
    pub(super) fn wants_device(self) -> bool {
        matches!(self, Self::Runner | Self::LlamaServer | Self::Discover)
    }
}

/// Who a process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::doctor) struct Process {
    pub(super) identity: Identity,
    pub(super) role: Role,
    /// It was started for a model, and not only to look for devices.
    pub(super) has_model: bool,
    /// Its command line, shortened.
    pub(super) command: String,
    /// It has one: processes of the kernel, and those that are about to end, have none.
    pub(super) has_command: bool,
}

/// A file in a process's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::doctor) struct Mapping {
    /// As the kernel names it: where links lead, as the process sees it.
    pub(super) path: String,
    /// Device and number of the file, as text.
    pub(super) file: String,
    /// The file has no name any more.
    pub(super) is_deleted: bool,
    /// Where it is mapped.
    range: String,
}

impl Mapping {
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Paths by which the very file can be opened from here, the surest first.
    pub(super) fn files(&self, proc: &Proc, pid: u32) -> Vec<PathBuf> {
        let mut all = vec![proc.path(pid, &format!("map_files/{}", self.range))];
        if !self.is_deleted {
            all.push(proc.path(pid, &format!("root{}", self.path)));
            // Of a process that has ended meanwhile.
            all.push(PathBuf::from(&self.path));
        }
        all
    }
}

fn read(path: impl AsRef<Path>, max_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(max_bytes).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Process {
    pub(in crate::doctor) fn pid(&self) -> u32 {
        self.identity.pid
    }

    /// Its command line, shortened.
    pub(in crate::doctor) fn command(&self) -> &str {
        &self.command
    }

    /// When it was started, in clock ticks since boot.
    pub(in crate::doctor) fn started_ticks(&self) -> u64 {
        self.identity.started
    }

    /// Whether it is there to compute, or to look for devices.
    pub(in crate::doctor) fn wants_device(&self) -> bool {
        self.role.wants_device()
    }

    /// Whether it was started for a model.
    pub(in crate::doctor) fn computes(&self) -> bool {
        self.wants_device() && self.has_model
    }
}

impl Proc {
    pub(in crate::doctor) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// This machine's own.
    pub(in crate::doctor) fn own() -> Self {
        Self("/proc".into())
    }

    /// A file about a process.
    pub(in crate::doctor) fn path(&self, pid: u32, name: &str) -> PathBuf {
        self.0.join(pid.to_string()).join(name)
    }

    /// Looks at a process.
    ///
    /// # Errors
    /// When there is none of that number.
    pub(in crate::doctor) fn look(&self, pid: u32) -> io::Result<Process> {
        let stat = read(self.path(pid, "stat"), TEXT_MAX_BYTES)?;
        let stat = String::from_utf8_lossy(&stat);
        // The name before the fields is in parentheses and may hold anything.
        let (name, fields) = stat.rsplit_once(')').ok_or(io::ErrorKind::InvalidData)?;
        let mut fields = fields.split_whitespace();
        let is_over = matches!(fields.next(), Some("Z" | "X"));
        let started = fields.nth(18).and_then(|field| field.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        if is_over {
            return Err(io::ErrorKind::NotFound.into());
        }
        let line = read(self.path(pid, "cmdline"), TEXT_MAX_BYTES)?;
        let mut arguments: Vec<String> =
            line.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
        arguments.pop();
        let role = Role::of(&arguments);
        let mut command: String = match arguments.is_empty() {
            false => arguments.join(" "),
            true => name.split_once('(').map_or("", |(_, name)| name).to_owned(),
        };
        if let Some((at, _)) = command.char_indices().nth(100) {
            command.truncate(at);
            command.push('…');
        }
        let command = command.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        let has_model = arguments.iter().any(|argument| argument == "--model" || argument.starts_with("--model="));
        let has_command = !arguments.is_empty();
        Ok(Process { identity: Identity { pid, started }, role, has_model, command, has_command })
    }

    /// A process and its descendants, parents first.
    pub(in crate::doctor) fn tree(&self, root: u32) -> Vec<Process> {
        let mut all: Vec<Process> = self.look(root).into_iter().collect();
        let mut at = 0;
        while let Some(parent) = all.get(at).map(Process::pid) {
            for pid in self.children(parent) {
                if all.len() < PROCESSES_MAX
                    && !all.iter().any(|known| known.pid() == pid)
                    && let Ok(child) = self.look(pid)
                {
                    all.push(child);
                }
            }
            at += 1;
        }
        all
    }

    /// The children of all of a process's threads.
    pub(super) fn children(&self, pid: u32) -> Vec<u32> {
        let threads = fs::read_dir(self.path(pid, "task")).into_iter().flatten().flatten();
        let lists =
            threads.take(PROCESSES_MAX).filter_map(|thread| read(thread.path().join("children"), TEXT_MAX_BYTES).ok());
        lists.flat_map(|list| numbers(&list)).take(PROCESSES_MAX).collect()
    }

    /// The files that a process has mapped, each once.
    ///
    /// # Errors
    /// When this user may not look, or the process has ended.
    pub(in crate::doctor) fn mappings(&self, pid: u32) -> io::Result<Vec<Mapping>> {
        let text = read(self.path(pid, "maps"), MAPS_MAX_BYTES)?;
        Ok(parse_maps(&String::from_utf8_lossy(&text)))
    }

    /// The environment that a process began with.
    ///
    /// # Errors
    /// When this user may not look, or the process has ended.
    pub(in crate::doctor) fn variables(&self, pid: u32) -> io::Result<Variables> {
        let text = read(self.path(pid, "environ"), TEXT_MAX_BYTES)?;
        let mut all = Variables::default();
        for entry in text.split(|byte| *byte == 0) {
            let entry = String::from_utf8_lossy(entry);
            if let Some((name, value)) = entry.split_once('=')
                && !name.is_empty()
            {
                all.set(name, value, None);
            }
        }
        Ok(all)
    }
}

/// The processes of a control group.
pub(super) fn of_group(list: &Path) -> io::Result<Vec<u32>> {
    Ok(numbers(&read(list, TEXT_MAX_BYTES)?))
}

fn numbers(text: &[u8]) -> Vec<u32> {
    let text = String::from_utf8_lossy(text);
    text.split_whitespace().take(PROCESSES_MAX).filter_map(|number| number.parse().ok()).collect()
}

fn parse_maps(text: &str) -> Vec<Mapping> {
    let mut all: Vec<Mapping> = Vec::new();
    for line in text.lines() {
        // Range, rights, offset, device and number of the file; then its name, which may have spaces.
        let Some(at) = line.find(" /") else { continue };
        let (front, path) = (&line[..at], &line[at + 1..]);
        let mut fields = front.split_whitespace();
        let (Some(range), Some(device), Some(number)) = (fields.next(), fields.nth(2), fields.next()) else { continue };
        let (path, is_deleted) = match path.strip_suffix(" (deleted)") {
            Some(path) => (path, true),
            None => (path, false),
        };
        let file = format!("{device} {number}");
        if !all.last().is_some_and(|last| last.file == file && last.path == path) {
            let known = all.iter().any(|known| known.file == file && known.path == path);
            if !known {
                all.push(Mapping { path: path.to_owned(), file, is_deleted, range: range.to_owned() });
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_read_whatever_files_are_called() {
        let text = "\
7f0000000000-7f0000001000 r--p 00000000 fd:00 12 /opt/a b/libcuda.so.1
7f0000001000-7f0000002000 r-xp 00001000 fd:00 12                   /opt/a b/libcuda.so.1
7f0000002000-7f0000003000 rw-p 00000000 00:00 0
7f0000003000-7f0000004000 rw-s 00000000 00:01 99    /memfd:vgpu-window (deleted)
7f0000004000-7f0000005000 rw-p 00000000 00:00 0     [heap]
nonsense /
 /
";
        let all = parse_maps(text);
        let shown: Vec<_> = all.iter().map(|one| (one.path.as_str(), one.is_deleted)).collect();
        assert_eq!(shown, [("/opt/a b/libcuda.so.1", false), ("/memfd:vgpu-window", true)]);
        assert_eq!((all[0].name(), all[0].file.as_str()), ("libcuda.so.1", "fd:00 12"));
    }

    #[test]
    fn roles_are_told_by_the_command() {
        let role = |line: &str| Role::of(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(role("/usr/local/bin/ollama serve"), Role::Serve);
        assert_eq!(role("/usr/local/bin/ollama runner --ollama-engine --port 1"), Role::Runner);
        assert_eq!(role("/usr/local/lib/ollama/llama-server --list-devices"), Role::LlamaServer);
        assert_eq!(role("ollama gpu-discover --lib-dir x"), Role::Discover);
        assert_eq!(role("ollama"), Role::Other);
        assert_eq!(Role::of(&[]), Role::Other);
    }

    #[test]
    fn this_process_is_told_from_others() {
        let proc = Proc::own();
        let own = proc.look(std::process::id()).expect("this process");
        assert_eq!(proc.look(std::process::id()).expect("this process"), own);
        assert!(proc.mappings(own.pid()).expect("our own").iter().any(|mapping| mapping.name().starts_with("libc.so")));
        assert!(proc.look(u32::MAX).is_err());
        assert!(proc.tree(u32::MAX).is_empty());
    }
}
