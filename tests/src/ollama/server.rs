//! llama-server as Ollama starts it, and a completion over HTTP.

use std::{
    fs,
    io::{self, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, ExitStatus},
    time::Duration,
};

use serde_json::{Value, json};

use crate::daemon::wait_until;

/// How long loading a model, one answer, or ending may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    address: String,
    log: PathBuf,
}

/// A completion's tokens, and the logarithms of their probabilities and of the next best ones'.
#[derive(Debug)]
pub struct Completion {
    /// Numbers of the tokens.
    pub tokens: Vec<u64>,
    /// For each token: the preferred ones with their log-probabilities, best first.
    pub preferred: Vec<Vec<(u64, f64)>>,
}

impl Server {
    /// Starts the server that `command` is, with these further arguments, and waits until its model is loaded.
    ///
    /// # Panics
    /// When it does not start; then with its log.
    pub fn start(mut command: Command, arguments: &[&str], log: PathBuf) -> Self {
        let file = fs::File::create(&log).expect("a log file");
        let errors = file.try_clone().expect("a second handle");
        command.args(["--host", "127.0.0.1", "--port", "0", "--no-webui", "--offline", "--log-verbosity", "4"]);
        let child = command.args(arguments).stdout(file).stderr(errors).spawn().expect("llama-server starts");
        let mut server = Self { child, address: String::new(), log };
        server.wait("an address", |server| {
            let log = server.log();
            let address = log.split("listening on http://").nth(1).and_then(|rest| rest.split_once('\n'));
            server.address = address.map_or(String::new(), |(address, _)| address.trim().to_owned());
            !server.address.is_empty()
        });
        server.wait("a loaded model", |server| server.request("GET", "/health", "").is_ok());
        server
    }

    /// Waits, but not for a server that has ended.
    fn wait(&mut self, what: &str, mut is_done: impl FnMut(&mut Self) -> bool) {
        wait_until(PATIENCE, what, || {
            let ended = self.child.try_wait().expect("a child can be asked");
            assert!(ended.is_none(), "llama-server: {}\n{}", ended.expect("it has ended"), self.log());
            is_done(self)
        });
    }

    /// What it has said.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).expect("the log file is there")).into_owned()
    }

    /// The most likely tokens after `prompt`.
    ///
    /// # Panics
    /// When there is no answer, or it is none.
    pub fn complete(&self, prompt: &str, count: u32) -> Completion {
        let question = json!({
            "prompt": prompt, "n_predict": count, "temperature": 0, "n_probs": 5, "return_tokens": true, "ignore_eos": true,
        });
        let answer = self.request("POST", "/completion", &question.to_string());
        let answer = answer.unwrap_or_else(|error| panic!("no completion: {error}\n{}", self.log()));
        let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"));
        let numbers = |value: &Value| value.as_array().unwrap_or_else(|| panic!("no list in {answer:#}")).clone();
        let token = |value: &Value| value.as_u64().expect("a token's number");
        let preferred = |one: &Value| {
            let best = numbers(&one["top_logprobs"]);
            best.iter().map(|best| (token(&best["id"]), best["logprob"].as_f64().expect("a number"))).collect()
        };
        Completion {
            tokens: numbers(&answer["tokens"]).iter().map(token).collect(),
            preferred: numbers(&answer["completion_probabilities"]).iter().map(preferred).collect(),
        }
    }

    fn request(&self, method: &str, path: &str, body: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let len = body.len();
        // After an answer in HTTP 1.0 the server closes.
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {len}\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| io::Error::other("half an answer"))?;
        let is_ok = head.split(' ').nth(1) == Some("200");
        if is_ok { Ok(body.to_owned()) } else { Err(io::Error::other(answer)) }
    }

    /// Asks it to end, as Ollama does, and waits until it has.
    ///
    /// # Panics
    /// When it does not end.
    pub fn stop(mut self) -> ExitStatus {
        let id = self.child.id().cast_signed();
        // SAFETY: the process is our child, and has not been reaped.
        unsafe { libc::kill(id, libc::SIGTERM) };
        let mut status = None;
        wait_until(PATIENCE, "the server's end", || {
            status = self.child.try_wait().expect("a child can be asked");
            status.is_some()
        });
        status.expect("it has ended")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
