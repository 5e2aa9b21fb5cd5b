//! The servers of Ollama's that run, service or not. Ollama looks for GPUs once, when it starts: what it found then need not
//! be what is there now.
//!
//! - `look`: what it found, from its own log; `models`: what it says it has loaded; `request`: one question over HTTP.
//! - `moments`: since when the device and vgpu's libraries have been there.
//! - `verdict`: what all of that comes to.

mod look;
mod models;
mod moments;
mod request;
mod verdict;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::check::Check;
use super::libraries::Reference;
use super::running::{Connection, Proc, Process, connection};
use super::selection;
use super::variables::Variables;
use crate::machine::Machine;
use crate::ollama::server::{self, Server};
use look::Look;
use models::Model;
use moments::{Clock, Moment};
use verdict::Verdict;

/// A machine has one or two; the rest is passed over.
const SERVERS_MAX: usize = 8;
/// A runner that is younger need not have come to its GPU yet.
const RUNNER_YOUTH: Duration = Duration::from_secs(5);
/// What leads a server to devices and libraries, or away from them.
const VARIABLES: [&str; 5] = ["VGPU", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "OLLAMA_LLM_LIBRARY", "OLLAMA_HOST"];

/// A running server, as it was seen.
pub(super) struct Running {
    pub(super) server: Server,
    /// Its `lib/ollama`, where that is known.
    pub(super) folder: Option<PathBuf>,
    command: String,
    started: SystemTime,
    age: Duration,
    user: String,
    /// `None` where this user may not know.
    variables: Option<Variables>,
    look: Look,
    models: Result<Vec<Model>, String>,
    runners: Vec<Runner>,
    moments: Vec<Moment>,
}

/// A process in which a server computes.
struct Runner {
    pid: u32,
    has_model: bool,
    is_young: bool,
    /// Whether it is connected to a GPU, and how; `None` where this user may not know.
    connection: Option<Option<Connection>>,
}

impl Running {
    /// Looks at every server that runs on the machine.
    pub(super) fn all(machine: &Machine, reference: &Reference) -> Vec<Self> {
        let servers = server::all(machine).into_iter().filter(|server| !server.is_elsewhere).take(SERVERS_MAX);
        servers.filter_map(|server| Self::of(server, machine, reference)).collect()
    }

    /// Looks at one process, if it is such a server.
    pub(super) fn one(pid: u32, machine: &Machine, reference: &Reference) -> Option<Self> {
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

    /// The check of it. `is_well` says whether a server that is started now would find a GPU, as far as was looked.
    pub(super) fn check(&self, is_well: bool) -> Check {
        let Server { pid, service, .. } = &self.server;
        let title = match service {
            Some(service) => format!("the server that runs: process {pid} of {service}"),
            None => format!("the server that runs: process {pid}, `{}`", self.command),
        };
        let check = Check::ok(format!("server.{pid}"), title).saw_all(self.evidence());
        match verdict::of(self, is_well) {
            Verdict::Fine(remark) => check.saw_all(remark),
            Verdict::Doubtful { cause, fix } => check.warning(cause, fix),
            Verdict::WithoutGpu { cause, fix } => check.failed(cause, fix),
        }
    }

    fn evidence(&self) -> Vec<String> {
        let mut all = vec![format!("it has run for {}, as user {}", show(self.age), self.user)];
        if self.server.is_replaced {
            all.push("its program has been replaced or removed since it was started".to_owned());
        }
        match &self.variables {
            Some(variables) => {
                let set = VARIABLES.iter().filter(|name| variables.value(name).is_some());
                all.extend(set.map(|name| variables.show(name)));
            }
            None => all.push("its environment is not for this user to see".to_owned()),
        }
        all.extend(self.look.lines().iter().map(|line| format!("it logged: {line}")));
        match &self.models {
            Ok(models) if models.is_empty() => all.push("it has no model loaded".to_owned()),
            Ok(models) => all.extend(models.iter().map(Model::to_string)),
            Err(why) => all.push(format!("it did not say which models it has loaded: {why}")),
        }
        for runner in &self.runners {
            let state = match &runner.connection {
                Some(Some(connection)) => connection.to_string(),
                Some(None) => "is connected to no GPU".to_owned(),
                None => "is not for this user to look into".to_owned(),
            };
            all.push(format!("its process {} {state}", runner.pid));
        }
        all
    }

    /// How to start it anew.
    fn restart(&self) -> String {
        match &self.server.service {
            Some(service) => format!("`systemctl restart {service}`"),
            None => format!("end process {} and start `ollama serve` again", self.server.pid),
        }
    }
}

/// A duration for people.
fn show(duration: Duration) -> String {
    let s = duration.as_secs();
    match s {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3600 => format!("{} min {} s", s / 60, s % 60),
        3600..86_400 => format!("{} h {} min", s / 3600, s % 3600 / 60),
        _ => format!("{} days {} h", s / 86_400, s % 86_400 / 3600),
    }
}
