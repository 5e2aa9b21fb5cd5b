//! Follows processes while they come and go, and prints what each loads.
//!
//! The kernel tells nobody but root of new processes, so the list is read again and again. Those that begin, map and end
//! between two looks are missed; Ollama's probes live for a quarter of a second.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use super::findings::{Connection, Judge, Loaded, Whose, connection};
use super::process::{self, Identity, Proc, Process, Role};
use crate::doctor::libraries::Reference;

/// Between two looks at the list of processes.
const PERIOD: Duration = Duration::from_millis(4);
/// A process older than this is looked into less often.
const YOUTH: Duration = Duration::from_secs(3);
const LATER_PERIOD: Duration = Duration::from_millis(200);

/// Which processes are followed.
pub(in crate::doctor) enum Source {
    /// A process and its descendants.
    Tree(u32),
    /// Those of a service, from the first of these lists that is there.
    Group(String, Vec<PathBuf>),
}

impl Source {
    /// The processes that there are now; `None` if what is followed is not there.
    fn processes(&self) -> Option<Vec<u32>> {
        match self {
            Self::Tree(root) => {
                let mut all = vec![Proc::own().look(*root).ok()?.pid()];
                let mut at = 0;
                while let Some(pid) = all.get(at) {
                    for child in Proc::own().children(*pid) {
                        if !all.contains(&child) {
                            all.push(child);
                        }
                    }
                    at += 1;
                }
                Some(all)
            }
            Self::Group(_, lists) => lists.iter().find_map(|list| process::of_group(list).ok()),
        }
    }
}

/// A process that is followed.
struct Followed {
    process: Process,
    since: Instant,
    looked_into: Option<Instant>,
    loaded: Vec<Loaded>,
    connection: Option<Connection>,
    is_refused: bool,
}

/// Prints a line for each process that comes, for what it loads and for its end, until `limit`, or until the process that is
/// followed has ended.
///
/// # Errors
/// When nothing can be written, or there is nothing to follow.
pub(in crate::doctor) fn watch(
    source: &Source,
    reference: &Reference,
    limit: Option<Duration>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let start = Instant::now();
    let mut log = Log { start, out };
    let proc = Proc::own();
    let mut judge = Judge::new(reference, &proc);
    let mut known: HashMap<Identity, Followed> = HashMap::new();
    let mut was_there = match (source.processes(), source) {
        (Some(_), Source::Tree(pid)) => {
            log.line(format_args!("following process {pid} and its children; Ctrl-C ends this"))?;
            true
        }
        (Some(_), Source::Group(name, _)) => {
            log.line(format_args!("following {name}; Ctrl-C ends this"))?;
            true
        }
        (None, Source::Tree(pid)) => {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("--pid {pid}: there is no such process")));
        }
        (None, Source::Group(name, _)) => {
            log.line(format_args!("{name} does not run; waiting for it"))?;
            false
        }
    };
    while limit.is_none_or(|limit| start.elapsed() < limit) {
        let pids = source.processes();
        let present: Vec<Process> = pids.iter().flatten().filter_map(|pid| proc.look(*pid).ok()).collect();
        let is_gone = |identity: &Identity| !present.iter().any(|process| process.identity == *identity);
        let mut ended: Vec<Followed> =
            known.extract_if(|identity, _| is_gone(identity)).map(|(_, followed)| followed).collect();
        ended.sort_by_key(|followed| followed.since);
        for followed in &ended {
            log.end(followed)?;
        }
        match (&pids, source) {
            (None, Source::Tree(_)) => return Ok(()),
            (None, Source::Group(name, _)) if was_there => {
                log.line(format_args!("{name} has ended; waiting for it"))?;
            }
            (Some(_), Source::Group(name, _)) if !was_there => log.line(format_args!("{name} runs"))?,
            _ => {}
        }
        was_there = pids.is_some();
        for process in present {
            follow(process, &mut known, &mut judge, &mut log)?;
        }
        thread::sleep(PERIOD);
    }
    Ok(())
}

fn follow(
    process: Process,
    known: &mut HashMap<Identity, Followed>,
    judge: &mut Judge<'_>,
    log: &mut Log<'_>,
) -> io::Result<()> {
    let pid = process.pid();
    let now = Instant::now();
    let is_new = !known.contains_key(&process.identity);
    let followed = known.entry(process.identity).or_insert_with(|| Followed {
        process: process.clone(),
        since: now,
        looked_into: None,
        loaded: Vec::new(),
        connection: None,
        is_refused: false,
    });
    // Another program in the same process: what it had is gone.
    let is_another = process.has_command && followed.process.command != process.command;
    if is_new || is_another {
        log.line(format_args!("{pid} {}: {}", if is_new { "begins" } else { "becomes" }, process.command))?;
    }
    if is_another {
        followed.loaded.clear();
        followed.connection = None;
        followed.since = now;
    }
    if process.has_command {
        followed.process = process;
    }
    let is_due = followed
        .looked_into
        .is_none_or(|last| now.duration_since(followed.since) < YOUTH || now.duration_since(last) >= LATER_PERIOD);
    if !is_due {
        return Ok(());
    }
    followed.looked_into = Some(now);
    let mappings = match Proc::own().mappings(pid) {
        Ok(mappings) => mappings,
        Err(error) => {
            if error.kind() == io::ErrorKind::PermissionDenied && !followed.is_refused {
                followed.is_refused = true;
                log.line(format_args!("{pid} cannot be looked into ({error}): run it with sudo"))?;
            }
            return Ok(());
        }
    };
    for loaded in judge.loaded(pid, &mappings) {
        if !followed.loaded.iter().any(|known| known.mapping.path == loaded.mapping.path) {
            match loaded.whose {
                Whose::Programs => log.line(format_args!("{pid} loads {}", loaded.mapping.path))?,
                whose => log.line(format_args!("{pid} loads {}: {whose}", loaded.mapping.path))?,
            }
            followed.loaded.push(loaded);
        }
    }
    let connection = connection(&mappings);
    if let (Some(connection), None) = (&connection, &followed.connection) {
        log.line(format_args!("{pid} {connection}"))?;
        followed.connection = Some(connection.clone());
    }
    Ok(())
}

/// Lines with the time since the start.
struct Log<'a> {
    start: Instant,
    out: &'a mut dyn Write,
}

impl Log<'_> {
    fn line(&mut self, text: std::fmt::Arguments<'_>) -> io::Result<()> {
        let text: String = text.to_string().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        writeln!(self.out, "{:9.3} s  {text}", self.start.elapsed().as_secs_f64())?;
        self.out.flush()
    }

    fn end(&mut self, followed: &Followed) -> io::Result<()> {
        let pid = followed.process.pid();
        let lived_s = followed.since.elapsed().as_secs_f64();
        let role = followed.process.role;
        let remark = match () {
            () if followed.is_refused => "",
            () if role == Role::Serve || !role.wants_device() => "",
            () if followed.loaded.is_empty() => "; it was not seen with a CUDA backend",
            () if followed.connection.is_none() => "; it was not seen with a GPU",
            () => "",
        };
        self.line(format_args!("{pid} ends after {lived_s:.3} s{remark}"))
    }
}
