//! Looks for Ollamas where they may be, and puts first the one that matters: whoever runs or starts a server knows best,
//! then the shell, then the places that packages and people use.

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::{fixed, server, services};
use crate::machine::Machine;
use crate::unit::Unit;

const PROGRAM: &str = "ollama";
const LIBRARIES: &str = "lib/ollama";
/// Where packages and people put it. The order is that of a shell's usual search path.
const PLACES: [&str; 3] = ["/usr/local", "/usr", "/opt/ollama"];

/// One Ollama.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Installed {
    /// Its `lib/ollama`, as a path of the machine. Only its last part may be a link.
    pub(crate) folder: PathBuf,
    /// All ways by which it was found, the one that counts most first.
    pub(crate) ways: Vec<Way>,
}

/// How an Ollama was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The service that was asked for starts it.
    Asked(String),
    /// A server runs, which belongs to a service or to none.
    Server(u32, Option<String>),
    /// A service starts it.
    Service(String),
    /// A shell finds this program.
    Path(PathBuf),
    /// It lies where one often does.
    Place,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(name) | Self::Service(name) => write!(f, "{name} starts it"),
            Self::Server(pid, None) => write!(f, "process {pid} runs it"),
            Self::Server(pid, Some(name)) => write!(f, "process {pid} of {name} runs it"),
            Self::Path(program) => write!(f, "PATH leads to {}", program.display()),
            Self::Place => f.write_str("it lies where packages put it"),
        }
    }
}

impl Installed {
    /// The service that runs or starts it, if one does.
    pub(crate) fn service(&self) -> Option<&str> {
        self.ways.iter().find_map(|way| match way {
            Way::Asked(name) | Way::Service(name) | Way::Server(_, Some(name)) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether a server of it runs.
    pub(crate) fn is_running(&self) -> bool {
        self.ways.iter().any(|way| matches!(way, Way::Server(..)))
    }

    /// Why it counts, in words.
    pub(crate) fn because(&self) -> String {
        self.ways.iter().map(Way::to_string).collect::<Vec<_>>().join(", ")
    }
}

/// All that were found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The first is the one that counts.
    pub(crate) all: Vec<Installed>,
    /// Servers that are none of this machine's files, in words.
    pub(crate) elsewhere: Vec<String>,
}

impl Found {
    /// Names all of them where there are several, and which one is `chosen` and why.
    pub(crate) fn choice(&self, machine: &Machine) -> Option<String> {
        let (first, others) = self.all.split_first().filter(|(_, others)| !others.is_empty())?;
        let show = |one: &Installed| format!("{} ({})", machine.host(&one.folder).display(), one.because());
        let others = others.iter().map(show).collect::<Vec<_>>().join("; ");
        Some(format!("there are {} Ollamas; {} counts, and not {others}", self.all.len(), show(first)))
    }
}

/// Where to look besides.
#[derive(Debug, Default)]
pub(crate) struct Seek<'a> {
    /// The service whose Ollama it shall be.
    pub(crate) service: Option<&'a str>,
    /// The folders of the shell's search path.
    pub(crate) path: Vec<PathBuf>,
    pub(crate) homes: Vec<PathBuf>,
}

impl<'a> Seek<'a> {
    /// With this process's search path and home, and the home of who has called sudo.
    pub(crate) fn own(machine: &Machine, service: Option<&'a str>) -> Self {
        let path = env::var_os("PATH").map_or(Vec::new(), |path| env::split_paths(&path).collect());
        let caller = env::var_os("SUDO_USER").and_then(|name| home_of_user(machine, &name));
        let homes = env::var_os("HOME").map(PathBuf::from).into_iter().chain(caller);
        Self { service, path, homes: homes.filter(|home| home.is_absolute()).collect() }
    }
}

fn home_of_user(machine: &Machine, name: &OsStr) -> Option<PathBuf> {
    let users = machine.read(Path::new("/etc/passwd")).ok()??;
    let fields = |line: &str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
    let user = users.lines().map(fields).find(|fields| fields.first().is_some_and(|user| OsStr::new(user) == name))?;
    user.get(5).map(PathBuf::from)
}

/// Finds every Ollama of the machine.
pub(crate) fn find(machine: &Machine, seek: &Seek<'_>) -> Found {
    let mut found = Found::default();
    let asked = seek.service.and_then(|name| {
        let unit = Unit::read(machine, name).ok()??;
        Some((services::program(&unit)?, unit.name))
    });
    if let Some((program, name)) = asked {
        found.add_program(machine, &program, Way::Asked(name));
    }
    for server in server::all(machine) {
        let Some(program) = &server.program else { continue };
        if server.is_elsewhere {
            let what =
                format!("process {} runs an Ollama that sees other files than these, as in a container", server.pid);
            found.elsewhere.push(format!("{what}: install vgpu in there, if it is to have the GPU"));
        } else {
            found.add_program(machine, program, Way::Server(server.pid, server.service.clone()));
        }
    }
    for (name, program) in services::all(machine) {
        found.add_program(machine, &program, Way::Service(name));
    }
    for folder in seek.path.iter().filter(|folder| folder.is_absolute()) {
        let program = folder.join(PROGRAM);
        found.add_program(machine, &program, Way::Path(program.clone()));
    }
    let of_homes =
        [".local", ".nix-profile"].iter().flat_map(|name| seek.homes.iter().map(move |home| home.join(name)));
    for place in PLACES.iter().map(PathBuf::from).chain(of_homes).chain(fixed::profiles()) {
        found.add_program(machine, &place.join("bin").join(PROGRAM), Way::Place);
        found.add_folder(machine, &place.join(LIBRARIES), Way::Place);
    }
    found
}

impl Found {
    fn add_program(&mut self, machine: &Machine, program: &Path, way: Way) {
        if let Some(folder) = libraries_of(machine, program) {
            self.add(folder, way);
        }
    }

    fn add_folder(&mut self, machine: &Machine, folder: &Path, way: Way) {
        if let Some(folder) = present(machine, folder) {
            self.add(folder, way);
        }
    }

    fn add(&mut self, folder: PathBuf, way: Way) {
        match self.all.iter_mut().find(|known| known.folder == folder) {
            // A place that was found otherwise says nothing more.
            Some(known) if way == Way::Place || known.ways.contains(&way) => {}
            Some(known) => known.ways.push(way),
            None => self.all.push(Installed { folder, ways: vec![way] }),
        }
    }
}

/// The `lib/ollama` that a program of Ollama's uses: beside the folder in which it really lies, or in there.
pub(crate) fn libraries_of(machine: &Machine, program: &Path) -> Option<PathBuf> {
    let program = machine.walk(program).ok()?.path;
    // Snaps are started by a link to another program.
    if !program.file_name()?.to_str()?.contains(PROGRAM) || machine.metadata(&program).ok()?.is_dir() {
        return None;
    }
    let folder = program.parent()?;
    let beside = folder.parent().and_then(|home| present(machine, &home.join(LIBRARIES)));
    beside.or_else(|| present(machine, &folder.join(LIBRARIES)))
}

/// A folder, or a link in its place, by its real path: what such a link leads to is for others to judge.
fn present(machine: &Machine, folder: &Path) -> Option<PathBuf> {
    let parent = machine.walk(folder.parent()?).ok()?.path;
    let path = parent.join(folder.file_name()?);
    let metadata = fs::symlink_metadata(machine.host(&path)).ok()?;
    (metadata.is_dir() || metadata.is_symlink()).then_some(path)
}
