//! `ollama serve`: looks for GPUs once, and then answers on OLLAMA_HOST.

use std::{
    env,
    error::Error,
    fs, io,
    net::{TcpListener, TcpStream},
    process,
    sync::Arc,
    thread,
    time::Duration,
};

use serde_json::json;

use crate::{
    VERSION,
    connection::Connection,
    generate::generate,
    log::{Level, log, size},
    look::{Gpu, Ollama},
    schedule::Scheduler,
};

/// How often it is looked whether a model's time is over.
const EXPIRY_ASKED_EVERY: Duration = Duration::from_millis(250);

/// Serves until it is told to end.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    block_ending_signals()?;
    let listener = TcpListener::bind(host(&env::var("OLLAMA_HOST").unwrap_or_default()))?;
    let address = listener.local_addr()?;
    log(Level::Info, &format!("Listening on {address} (version {VERSION})"), &[]);
    // A signal in the middle of the look ends the program, and its children with it.
    let (looked, is_over) = std::sync::mpsc::channel::<Arc<Scheduler>>();
    thread::spawn(move || {
        wait_for_ending_signal();
        if let Ok(scheduler) = is_over.try_recv() {
            scheduler.end();
        }
        process::exit(0);
    });
    let ollama = Ollama::here()?;
    let gpus = ollama.look()?;
    report(&gpus);
    let scheduler = Arc::new(Scheduler::new(ollama, gpus));
    looked.send(Arc::clone(&scheduler))?;
    let expiring = Arc::clone(&scheduler);
    thread::spawn(move || {
        loop {
            thread::sleep(EXPIRY_ASKED_EVERY);
            expiring.expire();
        }
    });
    for stream in listener.incoming() {
        let scheduler = Arc::clone(&scheduler);
        // A client that goes away is its own affair.
        thread::spawn(move || stream.and_then(|stream| answer(stream, &scheduler)));
    }
    Ok(())
}

/// Says what will compute.
fn report(gpus: &[Gpu]) {
    const MESSAGE: &str = "inference compute";
    for gpu in gpus {
        let fields = gpu.fields();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        log(Level::Info, MESSAGE, &fields);
    }
    if gpus.is_empty() {
        let (total, available) = (memory_bytes("MemTotal:"), memory_bytes("MemAvailable:"));
        let fields = [
            ("id", "cpu"),
            ("library", "cpu"),
            ("compute", ""),
            ("name", "cpu"),
            ("description", "cpu"),
            ("libdirs", "ollama"),
            ("driver", ""),
            ("pci_id", ""),
            ("type", ""),
            ("total", &size(total)),
            ("available", &size(available)),
        ];
        log(Level::Info, MESSAGE, &fields);
    }
}

/// A line of `/proc/meminfo`; 0 where there is none.
fn memory_bytes(name: &str) -> u64 {
    let info = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = info.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

/// Answers one client.
fn answer(stream: TcpStream, scheduler: &Scheduler) -> io::Result<()> {
    let (client, request) = Connection::accept(stream)?;
    match (request.method.as_str(), request.path.split('?').next().unwrap_or("")) {
        ("GET" | "HEAD", "/") => client.say(200, "Ollama is running"),
        ("GET", "/api/version") => client.answer(200, &json!({ "version": VERSION })),
        ("GET", "/api/ps") => client.answer(200, &scheduler.list()),
        ("POST", "/api/generate") => generate(&client, &request.body, scheduler),
        _ => client.say(404, "404 page not found"),
    }
}

/// Where OLLAMA_HOST says to listen: a scheme before it is no matter, and what is missing is Ollama's own.
fn host(text: &str) -> String {
    let text = text.trim().trim_start_matches("http://").trim_end_matches('/');
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => (name, port),
        _ => (text, "11434"),
    };
    format!("{}:{port}", if name.is_empty() { "127.0.0.1" } else { name })
}

fn ending_signals() -> libc::sigset_t {
    // SAFETY: an all-zero set is a valid value to be filled in.
    let mut set = unsafe { std::mem::zeroed() };
    // SAFETY: the set is writable.
    unsafe { libc::sigemptyset(&raw mut set) };
    for signal in [libc::SIGTERM, libc::SIGINT] {
        // SAFETY: the set was initialised, the signal exists.
        unsafe { libc::sigaddset(&raw mut set, signal) };
    }
    set
}

/// Blocks them in this thread and all that it starts. Children start with no signal blocked, as `std::process` sees to.
fn block_ending_signals() -> io::Result<()> {
    // SAFETY: the set was initialised; the old mask is not wanted.
    match unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &ending_signals(), std::ptr::null_mut()) } {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

fn wait_for_ending_signal() {
    let mut signal = 0;
    // SAFETY: the set was initialised, and the number is writable.
    unsafe { libc::sigwait(&ending_signals(), &raw mut signal) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_host_lacks_is_added() {
        for (text, address) in [
            ("", "127.0.0.1:11434"),
            ("0.0.0.0", "0.0.0.0:11434"),
            (":0", "127.0.0.1:0"),
            ("http://127.0.0.1:41439/", "127.0.0.1:41439"),
            ("localhost:1", "localhost:1"),
        ] {
            assert_eq!(host(text), address);
        }
    }
}
