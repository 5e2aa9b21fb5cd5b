//! What systemd and the dynamic linker are told once files have changed. The next boot needs nothing of it.

use std::fmt;
use std::process::{Command as Process, Stdio};

use super::super::record::Record;
use super::super::tree::Tree;
use super::daemon::{SERVICE, SOCKET, VM_SOCKET};
use super::{UNITS, is_running};

const LINKER_CONFIG: &str = "/etc/ld.so.conf.d/";

/// A command, and whether the work is done without it.
#[derive(Debug, PartialEq)]
pub(in crate::install) struct Command {
    words: Vec<String>,
    pub(in crate::install) is_needed: bool,
}

impl Command {
    /// One that the machine does well without: files are read anew some day.
    fn reading(words: &[&str]) -> Self {
        Self::new(words, false)
    }

    /// One that was asked for.
    fn needed(words: &[&str]) -> Self {
        Self::new(words, true)
    }

    fn new(words: &[&str], is_needed: bool) -> Self {
        Self { words: words.iter().map(|word| (*word).to_owned()).collect(), is_needed }
    }

    /// Whether it went well.
    pub(in crate::install) fn run(&self) -> bool {
        let mut process = Process::new(&self.words[0]);
        // What it says on stderr is for the user.
        let ran = process.args(&self.words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).status();
        ran.is_ok_and(|status| status.success())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.words.join(" "))
    }
}

/// What an installation does besides writing files.
pub(in crate::install) struct Wishes<'a> {
    /// The daemon's sockets are there for use at once.
    pub(in crate::install) opens_sockets: bool,
    /// The sockets are other ones than before, or have other owners.
    pub(in crate::install) renews_sockets: bool,
    /// These services are restarted, if they run.
    pub(in crate::install) restarts: &'a [String],
}

/// What is to be done once everything is in its place, in this order.
pub(in crate::install) fn after_install(tree: &Tree, record: &Record, wishes: &Wishes<'_>) -> Vec<Command> {
    let mut all = after_any(tree, record);
    if !is_running(tree) {
        return all;
    }
    let sockets = sockets(record);
    let with = |verb: &str| Command::needed(&[&["systemctl", verb][..], &sockets].concat());
    let restarts_daemon = wishes.restarts.iter().any(|name| name == SERVICE);
    if wishes.opens_sockets && wishes.renews_sockets && restarts_daemon {
        // Sockets of a service that runs are not opened anew.
        all.push(Command::needed(&["systemctl", "stop", SERVICE]));
        all.push(with("restart"));
    } else if wishes.opens_sockets {
        all.push(with("start"));
    }
    // The daemon is the first of them.
    all.extend(wishes.restarts.iter().map(|name| Command::needed(&["systemctl", "try-restart", name])));
    all
}

/// What ends before its files go.
pub(in crate::install) fn before_uninstall(tree: &Tree, record: &Record) -> Vec<Command> {
    let mut units = sockets(record);
    if units.is_empty() || !is_running(tree) {
        return Vec::new();
    }
    units.push(SERVICE);
    vec![Command::reading(&[&["systemctl", "stop"][..], &units].concat())]
}

/// What is read anew.
pub(in crate::install) fn after_any(tree: &Tree, record: &Record) -> Vec<Command> {
    let touches = |start: &str| record.entries.iter().any(|entry| entry.path.starts_with(start));
    let mut all = Vec::new();
    if touches(LINKER_CONFIG) {
        all.push(Command::reading(&["ldconfig"]));
    }
    if touches(UNITS) && is_running(tree) {
        all.push(Command::reading(&["systemctl", "daemon-reload"]));
    }
    all
}

fn sockets(record: &Record) -> Vec<&'static str> {
    let mut names = vec![SOCKET, VM_SOCKET];
    names.retain(|name| record.text(&format!("{UNITS}/{name}")).is_some());
    names
}
