//! The processes of `ollama serve`, as far as the kernel shows them to this user.

use std::fs;
use std::path::{Path, PathBuf};

use crate::machine::Machine;

const PROC: &str = "/proc";
/// How the kernel marks the name of a file that has none any more.
const DELETED: &str = " (deleted)";

/// A running server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) pid: u32,
    /// Its program, as a path of the machine; `None` where this user may not know.
    pub(crate) program: Option<PathBuf>,
    /// The program's file has been replaced or removed since it was started.
    pub(crate) is_replaced: bool,
    /// It sees other files than this process, as one in a container does.
    pub(crate) is_elsewhere: bool,
    /// The systemd service that it belongs to.
    pub(crate) service: Option<String>,
}

/// Every running server: those of services first, then by number.
pub(crate) fn all(machine: &Machine) -> Vec<Server> {
    let numbers = machine.list(Path::new(PROC)).into_iter().filter_map(|name| name.parse().ok());
    let mut all: Vec<Server> = numbers.filter_map(|pid| look(machine, pid)).collect();
    all.sort_by_key(|server| (server.service.is_none(), server.pid));
    all
}

fn look(machine: &Machine, pid: u32) -> Option<Server> {
    let folder = Path::new(PROC).join(pid.to_string());
    let line = machine.read(&folder.join("cmdline")).ok()??;
    let mut arguments = line.split('\0');
    let first = arguments.next()?;
    if !is_server(first, arguments) {
        return None;
    }
    let exe = folder.join("exe");
    let target = fs::read_link(machine.host(&exe)).ok();
    let shown = target.as_ref().and_then(|target| target.to_str());
    let (program, is_replaced) = match shown.map(|shown| (shown, shown.strip_suffix(DELETED))) {
        Some((_, Some(path))) => (Some(PathBuf::from(path)), true),
        Some((path, None)) => (Some(PathBuf::from(path)), false),
        // Another user's: what it calls itself must do.
        None => (Some(PathBuf::from(first)).filter(|path| path.is_absolute()), false),
    };
    // Its name may lead to another file where it sees other ones.
    let is_elsewhere = !is_replaced && target.is_some() && machine.is_real() && is_another(&exe, program.as_deref());
    let groups = machine.read(&folder.join("cgroup")).ok().flatten().unwrap_or_default();
    Some(Server { pid, program, is_replaced, is_elsewhere, service: service_of(&groups) })
}

fn is_another(exe: &Path, program: Option<&Path>) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |path: &Path| fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino())).ok();
    let Some(running) = identity(exe) else { return false };
    program.is_some_and(|program| identity(program) != Some(running))
}

/// Whether a command line is that of Ollama's server.
pub(crate) fn is_server<'a>(program: &str, mut arguments: impl Iterator<Item = &'a str>) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    // Nix's wrapper moves the program beside itself.
    let is_ollama = matches!(name, "ollama" | ".ollama-wrapped");
    is_ollama
        && arguments.find(|argument| !argument.starts_with('-')).is_some_and(|word| matches!(word, "serve" | "start"))
}

/// The service that a process's control group belongs to. What runs in a user's session is none of the machine's.
fn service_of(groups: &str) -> Option<String> {
    let paths = groups.lines().filter_map(|line| line.splitn(3, ':').nth(2));
    paths.filter(|path| !path.starts_with("/user.slice/")).find_map(|path| {
        let mut parts = path.rsplit('/');
        parts.find(|part| part.ends_with(".service")).map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_told_by_its_command_line() {
        let is = |line: &str| {
            let mut words = line.split(' ');
            is_server(words.next().unwrap_or(""), words)
        };
        for line in
            ["/usr/bin/ollama serve", "ollama start", "/nix/store/x/bin/.ollama-wrapped serve", "ollama -v serve"]
        {
            assert!(is(line), "{line}");
        }
        for line in
            ["ollama run serve", "/usr/bin/ollama", "ollama runner --ollama-engine", "vi serve", "my-ollama serve"]
        {
            assert!(!is(line), "{line}");
        }
    }

    #[test]
    fn a_service_is_told_by_its_control_group() {
        assert_eq!(service_of("0::/system.slice/ollama.service\n").as_deref(), Some("ollama.service"));
        assert_eq!(service_of("0::/system.slice/my.service/worker\n").as_deref(), Some("my.service"));
        assert_eq!(
            service_of("12:cpu:/\n1:name=systemd:/models.slice/llama@1.service\n").as_deref(),
            Some("llama@1.service")
        );
        assert_eq!(service_of("0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope\n"), None);
        assert_eq!(service_of("nonsense\n0::/\n"), None);
    }
}
