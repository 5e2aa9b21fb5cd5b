//! llama-server as Ollama starts it, by itself, and a completion over HTTP.

use std::{
    path::PathBuf,
    process::{Command, ExitStatus},
};

use serde_json::{Value, json};

use super::{
    http::{self, Answer},
    logged::{Logged, PATIENCE},
};

/// A running server; told to end when dropped.
pub struct Server {
    process: Logged,
    address: String,
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
        command.args(["--host", "127.0.0.1", "--port", "0", "--no-webui", "--offline", "--log-verbosity", "4"]);
        let mut process = Logged::start(command.args(arguments), log);
        let address = process.wait("an address", |log| {
            let (address, _) = log.split_once("listening on http://")?.1.split_once('\n')?;
            Some(address.trim().to_owned())
        });
        process.wait("a loaded model", |_| {
            http::ask(&address, "GET", "/health", "", PATIENCE).ok().filter(|answer| answer.status == 200)
        });
        Self { process, address }
    }

    /// What it has said.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// The most likely tokens after `prompt`.
    ///
    /// # Panics
    /// When there is no answer, or it is none.
    pub fn complete(&self, prompt: &str, count: u32) -> Completion {
        let question = json!({
            "prompt": prompt, "n_predict": count, "temperature": 0, "n_probs": 5, "return_tokens": true, "ignore_eos": true,
        });
        let answer = http::ask(&self.address, "POST", "/completion", &question.to_string(), PATIENCE);
        let answer = answer.and_then(Answer::text);
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

    /// Asks it to end, as Ollama does, and waits until it has.
    ///
    /// # Panics
    /// When it does not end.
    #[track_caller]
    pub fn stop(mut self) -> ExitStatus {
        self.process.signal(libc::SIGTERM);
        self.process.end()
    }

    /// Asks it to end, and asks again when `is_time` or when it has ended: the second time it ends at once, wherever it is.
    ///
    /// # Panics
    /// When it does not end.
    #[track_caller]
    pub fn stop_twice(mut self, is_time: impl Fn() -> bool) -> ExitStatus {
        self.process.signal(libc::SIGTERM);
        self.process.wait_for_time_or_end(is_time);
        self.process.signal(libc::SIGTERM);
        self.process.end()
    }
}
