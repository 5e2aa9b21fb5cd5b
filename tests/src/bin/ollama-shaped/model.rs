//! A model in a llama-server of its own: started with what Ollama gives it, watched by what it says, asked over HTTP.

use std::{
    env,
    error::Error,
    io::{self, BufRead, BufReader, PipeReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use vgpu_tests::ollama::http;

use crate::{
    log::{Level, log},
    look::{Gpu, Ollama},
    said::Said,
};

/// How long llama-server may be silent while it loads a model or computes.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often it is asked whether the model is loaded.
const ASKED_EVERY: Duration = Duration::from_millis(250);
/// How long it may take to say so.
const HEALTH_MAX: Duration = Duration::from_millis(200);

/// What of a request decides how llama-server is started. Another value needs another process.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Launch {
    pub(crate) path: PathBuf,
    /// Tokens of context for each request that is served at a time.
    pub(crate) context: u64,
    /// Layers on the GPU; llama-server decides where nobody says.
    pub(crate) gpu_layers: Option<u64>,
    pub(crate) threads: Option<u64>,
}

/// What a request says about the text that it wants.
pub(crate) struct Wish {
    pub(crate) prompt: String,
    /// In llama-server's words.
    pub(crate) options: Value,
}

/// How a completion ended.
pub(crate) enum Completed {
    /// With these counts, as llama-server gives them.
    Whole(Value),
    /// The client went away.
    Unheard,
}

/// A running llama-server.
pub(crate) struct Model {
    pub(crate) launch: Launch,
    gpus: Vec<Gpu>,
    child: Mutex<Child>,
    address: String,
    said: Arc<Mutex<Said>>,
    /// Ends with what it reads from.
    hearing: Mutex<Option<JoinHandle<()>>>,
}

impl Model {
    /// Starts it; the model is not loaded yet.
    pub(crate) fn start(ollama: &Ollama, gpus: &[Gpu], launch: Launch) -> Result<Self, Box<dyn Error>> {
        let server = ollama.server.as_ref();
        let server = server.ok_or("this Ollama has no lib/ollama/llama-server, and nothing else here runs models")?;
        let parallel = env::var("OLLAMA_NUM_PARALLEL").ok().and_then(|count| count.parse().ok()).unwrap_or(1).max(1);
        // As Ollama does: the port is free now, and hopefully still when the server binds it.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(server);
        command.arg("--model").arg(&launch.path).args(["--port", &port.to_string(), "--host", "127.0.0.1"]);
        command.args(["--no-webui", "--offline", "-c", &(launch.context * parallel).to_string()]);
        command.args(["-np", &parallel.to_string(), "--log-verbosity", "4", "--no-log-prefix", "--no-log-timestamps"]);
        command.args(["--flash-attn", "auto"]);
        for (flag, value) in [("-ngl", launch.gpu_layers), ("-t", launch.threads)] {
            if let Some(value) = value {
                command.args([flag, &value.to_string()]);
            }
        }
        ollama.give_backends(&mut command, gpus.iter().map(|gpu| gpu.folder.as_path()));
        if !gpus.is_empty() {
            let ids: Vec<&str> = gpus.iter().map(|gpu| gpu.id.as_str()).collect();
            command.env("CUDA_VISIBLE_DEVICES", ids.join(","));
        }
        let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
        let words = format!("{} {}", server.display(), words.join(" "));
        log(Level::Info, "starting llama-server", &[("cmd", &words)]);
        let (output, input) = io::pipe()?;
        let child = command.stdout(input.try_clone()?).stderr(input).spawn()?;
        // Its ends of the pipe go with it, so that the reader sees the child's end.
        drop(command);
        let said = Arc::new(Mutex::new(Said::default()));
        let kept = Arc::clone(&said);
        let hearing = Mutex::new(Some(thread::spawn(move || pass_on(output, &kept))));
        let address = format!("127.0.0.1:{port}");
        Ok(Self { launch, gpus: gpus.to_vec(), child: Mutex::new(child), address, said, hearing })
    }

    /// What it has said about itself.
    pub(crate) fn said(&self) -> MutexGuard<'_, Said> {
        lock(&self.said)
    }

    pub(crate) fn is_on_gpus(&self) -> bool {
        !self.gpus.is_empty()
    }

    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        lock(&self.child).try_wait().ok().flatten()
    }

    /// Waits until the model is loaded; not for a client that `is_gone`.
    pub(crate) fn wait_until_loaded(&self, is_gone: &dyn Fn() -> bool) -> Result<(), String> {
        let started = Instant::now();
        log(Level::Info, "waiting for llama-server to start responding", &[]);
        loop {
            if is_gone() {
                log(Level::Warn, "client connection closed before llama-server finished loading, aborting load", &[]);
                return Err("timed out waiting for llama-server to start: context canceled".to_owned());
            }
            if let Some(status) = self.ended() {
                return Err(format!("llama-server process has terminated: {}", self.last_words(status)));
            }
            if started.elapsed() > PATIENCE {
                return Err(format!("timed out waiting for llama-server to start - {}", self.said().errors));
            }
            if http::ask(&self.address, "GET", "/health", "", HEALTH_MAX).is_ok_and(|answer| answer.status == 200) {
                let seconds = started.elapsed().as_secs_f64();
                log(Level::Info, &format!("llama-server started in {seconds:.2} seconds"), &[]);
                self.said().errors.clear();
                return Ok(());
            }
            thread::sleep(ASKED_EVERY);
        }
    }

    /// How it ended, and what it said of the cause.
    fn last_words(&self, status: ExitStatus) -> String {
        if let Some(hearing) = lock(&self.hearing).take() {
            // Its words may still be on their way. A hearing that has failed has said so.
            let _ = hearing.join();
        }
        let errors = &self.said().errors;
        if errors.is_empty() { status.to_string() } else { format!("{status}: {errors}") }
    }

    /// Lets it complete a text; `hear` gets each piece, and says whether anybody still listens.
    pub(crate) fn complete(
        &self,
        wish: &Wish,
        is_gone: &dyn Fn() -> bool,
        mut hear: impl FnMut(&str) -> bool,
    ) -> Result<Completed, String> {
        let mut question = wish.options.clone();
        question["prompt"] = json!(wish.prompt);
        question["stream"] = json!(true);
        question["cache_prompt"] = json!(true);
        let answer = http::ask(&self.address, "POST", "/completion", &question.to_string(), PATIENCE);
        let mut answer = answer.map_err(|error| self.broken(&error))?;
        if answer.status != 200 {
            return Err(answer.text().unwrap_or_else(|error| error.to_string()));
        }
        loop {
            let Some(line) = answer.line().map_err(|error| self.broken(&error))? else {
                return Err(self.broken(&io::ErrorKind::UnexpectedEof.into()));
            };
            let Some(event) = line.strip_prefix("data: ") else { continue };
            let event: Value = serde_json::from_str(event).map_err(|error| format!("{error}: {event}"))?;
            if let Some(error) = event.get("error") {
                return Err(error["message"].as_str().map_or(error.to_string(), str::to_owned));
            }
            let is_heard = hear(event["content"].as_str().unwrap_or("")) && !is_gone();
            if event["stop"] == true {
                return Ok(Completed::Whole(event));
            }
            if !is_heard {
                log(Level::Info, "aborting completion request due to client closing the connection", &[]);
                return Ok(Completed::Unheard);
            }
        }
    }

    /// Why it does not answer any more. A process that is about to end is waited for, because its last words are the cause.
    fn broken(&self, error: &io::Error) -> String {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(5) {
            if let Some(status) = self.ended() {
                return format!("llama-server process no longer running: {}", self.last_words(status));
            }
            thread::sleep(Duration::from_millis(10));
        }
        format!("an error was encountered while running the model: {error}")
    }

    /// Free bytes on its GPUs together, by its own books: what was free when it was loaded, less what it has taken.
    pub(crate) fn booked_free_bytes(&self) -> u64 {
        let said = self.said();
        let free = |gpu: &Gpu| {
            let used = said.used_on(&gpu.name);
            let at_load = said.free_at_load(&gpu.name).unwrap_or(gpu.total_bytes);
            at_load.min(gpu.total_bytes).saturating_sub(used)
        };
        self.gpus.iter().map(free).sum()
    }

    /// Ends it at once, as Ollama does.
    pub(crate) fn stop(&self) {
        let mut child = lock(&self.child);
        log(Level::Debug, "stopping llama-server", &[("pid", &child.id().to_string())]);
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
        log(Level::Debug, "llama-server stopped", &[("pid", &child.id().to_string())]);
    }
}

/// Passes on what a child says, line by line, and keeps what matters.
fn pass_on(output: PipeReader, said: &Mutex<Said>) {
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        eprintln!("{line}");
        lock(said).hear(&line);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A model's file: a path, or a name below OLLAMA_MODELS with or without `.gguf` and `:latest`.
pub(crate) fn file_of(name: &str) -> Option<PathBuf> {
    let name = name.strip_suffix(":latest").unwrap_or(name);
    let path = Path::new(name);
    if path.is_absolute() {
        return Some(path.to_owned()).filter(|path| path.is_file());
    }
    // Names come from strangers, and must not lead out of the folder.
    if path.components().any(|part| !matches!(part, std::path::Component::Normal(_))) {
        return None;
    }
    let folder = PathBuf::from(env::var_os("OLLAMA_MODELS")?);
    [folder.join(name), folder.join(format!("{name}.gguf"))].into_iter().find(|path| path.is_file())
}
