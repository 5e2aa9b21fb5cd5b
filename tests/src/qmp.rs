//! QEMU's control socket: one JSON object a line, commands and events.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use serde_json::{Value, json};

use crate::daemon::wait_until;

/// How long QEMU may take to answer, or an event to come, on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// A connection to a QEMU that takes commands.
pub struct Qmp {
    lines: BufReader<UnixStream>,
    /// Events that came before they were asked for.
    events: Vec<Value>,
}

impl Qmp {
    /// Waits for the socket and connects.
    ///
    /// # Panics
    /// When QEMU does not listen or does not greet.
    pub fn connect(socket: &Path) -> Self {
        let mut stream = None;
        wait_until(LIMIT, "QEMU's control socket", || {
            stream = UnixStream::connect(socket).ok();
            stream.is_some()
        });
        let stream = stream.expect("it was waited for");
        stream.set_read_timeout(Some(LIMIT)).expect("a socket has a time limit");
        let mut qmp = Self { lines: BufReader::new(stream), events: Vec::new() };
        assert!(qmp.next().get("QMP").is_some(), "QEMU greets");
        qmp.execute("qmp_capabilities", &json!({}));
        qmp
    }

    /// Executes a command that must succeed.
    ///
    /// # Panics
    /// When it does not.
    pub fn execute(&mut self, command: &str, arguments: &Value) -> Value {
        self.try_execute(command, arguments).unwrap_or_else(|error| panic!("{command} {arguments}: {error}"))
    }

    /// Has the machine's processors stand still.
    ///
    /// # Panics
    /// When they do not.
    pub fn pause(&mut self) {
        self.execute("stop", &json!({}));
        wait_until(LIMIT, "the pause", || self.execute("query-status", &json!({}))["status"] == "paused");
    }

    /// Executes a command.
    ///
    /// # Errors
    /// QEMU's.
    ///
    /// # Panics
    /// When QEMU does not answer.
    pub fn try_execute(&mut self, command: &str, arguments: &Value) -> Result<Value, Value> {
        let line = json!({ "execute": command, "arguments": arguments }).to_string() + "\n";
        self.lines.get_mut().write_all(line.as_bytes()).expect("QEMU reads commands");
        loop {
            let mut message = self.next();
            if message.get("event").is_some() {
                self.events.push(message);
            } else if let Some(error) = message.get_mut("error") {
                return Err(error.take());
            } else {
                return Ok(message["return"].take());
            }
        }
    }

    /// Waits for an event of this name, and takes it.
    ///
    /// # Panics
    /// When it does not come.
    pub fn wait_for_event(&mut self, name: &str) -> Value {
        loop {
            if let Some(index) = self.events.iter().position(|event| event["event"] == name) {
                return self.events.remove(index);
            }
            let message = self.next();
            self.events.push(message);
        }
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("QEMU answers in time");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("QEMU has ended or says {line:?}: {error}"))
    }
}
