//! A running `ollama serve`, asked over HTTP.

use std::{
    io,
    path::PathBuf,
    process::{Command, ExitStatus},
};

use serde_json::{Value, json};

use super::{
    http,
    logged::{Logged, PATIENCE},
};

/// Told to end when dropped.
pub struct Serve {
    process: Logged,
    address: String,
}

impl Serve {
    /// Starts the server that `command` is on a free port, and waits until it listens; it may still be looking for GPUs.
    ///
    /// # Panics
    /// When it does not start; then with its log.
    pub fn start(mut command: Command, log: PathBuf) -> Self {
        command.arg("serve").env("OLLAMA_HOST", "127.0.0.1:0").env("OLLAMA_DEBUG", "1");
        let mut process = Logged::start(&mut command, log);
        let address = process.wait("an address", |log| {
            let (address, _) = log.split_once("Listening on ")?.1.split_once(" (version ")?;
            Some(address.to_owned())
        });
        Self { process, address }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it and its models have said.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Waits until it has said this.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn hears(&mut self, words: &str) {
        self.process.wait(words, |log| log.contains(words).then_some(()));
    }

    /// Waits for the end of its look; returns what it has found, a line a device.
    ///
    /// # Panics
    /// When there is no end.
    #[track_caller]
    pub fn found(&mut self) -> Vec<String> {
        // It answers when it has looked.
        self.ask("GET", "/api/version", &Value::Null).expect("a version");
        let log = self.process.log();
        let lines = log.lines().filter_map(|line| line.split_once("msg=\"inference compute\" "));
        lines.map(|(_, device)| device.to_owned()).collect()
    }

    /// Asks, and returns what a good answer says.
    ///
    /// # Errors
    /// What a bad answer says, or that there is none.
    pub fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = http::ask(&self.address, method, path, &body, PATIENCE).map_err(|error| error.to_string())?;
        let status = answer.status;
        let text = answer.text().map_err(|error| error.to_string())?;
        if status != 200 {
            return Err(format!("{status}: {text}"));
        }
        serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
    }

    /// The text after `prompt` by the model in this file, which is loaded if it is not; as many tokens as `options` say.
    ///
    /// # Errors
    /// What the server says.
    pub fn complete(&self, model: &str, prompt: &str, options: &Value) -> Result<String, String> {
        let question = json!({ "model": model, "prompt": prompt, "stream": false, "options": options });
        let answer = self.ask("POST", "/api/generate", &question)?;
        answer["response"].as_str().map(str::to_owned).ok_or_else(|| format!("no text: {answer}"))
    }

    /// Begins to complete, hears the first line, and goes away.
    ///
    /// # Errors
    /// When there is no first line.
    pub fn cancel_after_a_line(&self, model: &str, prompt: &str, options: &Value) -> io::Result<()> {
        let question = json!({ "model": model, "prompt": prompt, "stream": true, "options": options }).to_string();
        let mut answer = http::ask(&self.address, "POST", "/api/generate", &question, PATIENCE)?;
        let line = answer.line()?.unwrap_or_default();
        if line.contains("\"done\":false") { Ok(()) } else { Err(io::Error::other(line)) }
    }

    /// Names of the loaded models, and how many of their bytes are on GPUs.
    ///
    /// # Panics
    /// When the server does not tell.
    #[track_caller]
    pub fn loaded(&self) -> Vec<(String, u64)> {
        let answer = self.ask("GET", "/api/ps", &Value::Null).expect("a list of models");
        let models = answer["models"].as_array().unwrap_or_else(|| panic!("no list: {answer}"));
        let entry = |model: &Value| {
            let name = model["name"].as_str().map(str::to_owned);
            name.zip(model["size_vram"].as_u64()).unwrap_or_else(|| panic!("not a model: {model}"))
        };
        models.iter().map(entry).collect()
    }

    /// Tells it to end, and waits until it has.
    ///
    /// # Panics
    /// When it does not end.
    #[track_caller]
    pub fn stop(mut self) -> ExitStatus {
        self.process.signal(libc::SIGTERM);
        self.process.end()
    }
}
