//! What a running server shows of itself: its process, its log, what it has loaded, and the processes that it computes in.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::look::{self, Look};
use super::models::{self, Model};
use super::moments::{self, Clock, Moment};
use crate::doctor::libraries::Reference;
use crate::doctor::running::{Connection, Proc, Process, connection};
use crate::doctor::selection;
use crate::doctor::variables::Variables;
use crate::machine::Machine;
use crate::ollama::server::{self, Server};

/// A machine has one or two; the rest is passed over.
const SERVERS_MAX: usize = 8;
/// A runner that is younger need not have come to its GPU yet.
const RUNNER_YOUTH: Duration = Duration::from_secs(5);

/// A running server, as it was seen.
pub(in crate::doctor) struct Running {
    pub(in crate::doctor) server: Server,
    /// Its `lib/ollama`, where that is known.
    pub(in crate::doctor) folder: Option<PathBuf>,
    pub(super) command: String,
    pub(super) started: SystemTime,
    pub(super) age: Duration,
    pub(super) user: String,
    /// `None` where this user may not know.
    pub(super) variables: Option<Variables>,
    pub(super) look: Look,
    pub(super) models: Result<Vec<Model>, String>,
    pub(super) runners: Vec<Runner>,
    pub(super) moments: Vec<Moment>,
}

/// A process in which a server computes.
pub(super) struct Runner {
    pub(super) pid: u32,
    pub(super) has_model: bool,
    pub(super) is_young: bool,
    /// Whether it is connected to a GPU, and how; `None` where this user may not know.
    pub(super) connection: Option<Option<Connection>>,
}

impl Running {
    /// Looks at every server that runs on the machine.
    pub(in crate::doctor) fn all(machine: &Machine, reference: &Reference) -> Vec<Self> {
        let servers = server::all(machine).into_iter().filter(|server| !server.is_elsewhere).take(SERVERS_MAX);
        servers.filter_map(|server| Self::of(server, machine, reference)).collect()
    }

    /// Looks at one process, if it is such a server.
    pub(in crate::doctor) fn one(pid: u32, machine: &Machine, reference: &Reference) -> Option<Self> {
        let server = server::all(machine).into_iter().find(|server| server.pid == pid)?;
        Self::of(server, machine, reference)
    }

    fn of(server: Server, machine: &Machine, reference: &Reference) -> Option<Self> {
        let proc = Proc::new(machine.host(Path::new("/proc")));
        let clock = Clock::of(machine);
        let processes = proc.tree(server.pid);
        let process = processes.first()?;
        let started = clock.of_ticks(process.started_ticks());
        let variables = proc.variables(server.pid).ok();
        let folder = server.program.as_ref().and_then(|program| crate::ollama::libraries_of(machine, program));
        let chosen = selection::chosen(variables.as_ref(), reference);
        let mut moments: Vec<Moment> = moments::device(machine, &chosen).into_iter().collect();
        moments.extend(moments::installed(machine, folder.as_deref(), server.service.as_deref()));
        let host = variables.as_ref().and_then(|variables| variables.value("OLLAMA_HOST"));
        let models = models::loaded(&host.unwrap_or_default().to_string_lossy());
        let runner = |process: &Process| Runner {
            pid: process.pid(),
            has_model: process.computes(),
            is_young: clock.age(process.started_ticks()) < RUNNER_YOUTH,
            connection: proc.mappings(process.pid()).ok().map(|mappings| connection(&mappings)),
        };
        let runners = processes.iter().skip(1).filter(|process| process.wants_device()).map(runner).collect();
        Some(Self {
            folder,
            command: process.command().to_owned(),
            started,
            age: clock.age(process.started_ticks()),
            user: moments::user(machine, server.pid),
            look: look::of(&server, machine, &proc, started),
            variables,
            models,
            runners,
            moments,
            server,
        })
    }

    /// How to start it anew.
    pub(super) fn restart(&self) -> String {
        match &self.server.service {
            Some(service) => format!("`systemctl restart {service}`"),
            None => format!("end process {} and start `ollama serve` again", self.server.pid),
        }
    }
}
