//! Which models are loaded, and what is done when another one is to be: as Ollama's scheduler does it, one load at a time.
//!
//! Left out is what Ollama guesses beforehand: that a model will not fit is known here when it did not.

use std::{
    env,
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant, SystemTime},
};

use serde_json::{Value, json};

use crate::{
    log::{Level, log},
    look::{Gpu, Ollama},
    model::{Launch, Model},
    said::is_out_of_memory,
};

/// How long a model stays when nobody asks for it.
const KEEP_ALIVE: Duration = Duration::from_secs(300);
/// How many models may be loaded, for each GPU.
const MODELS_PER_GPU: usize = 3;
/// How long, and how often, an unloaded model's memory is waited for.
const RECOVERY_MAX: Duration = Duration::from_secs(5);
const RECOVERY_ASKED_EVERY: Duration = Duration::from_millis(250);
/// How much of it must have come back.
const RECOVERED: f64 = 0.75;

/// How long a model stays after a request: forever for `None`.
pub(crate) type KeepAlive = Option<Duration>;

/// The loaded models, and the GPUs that were found at the start.
pub(crate) struct Scheduler {
    ollama: Ollama,
    gpus: Vec<Gpu>,
    max_loaded: usize,
    /// Held by whoever loads or unloads.
    turn: Mutex<()>,
    state: Mutex<State>,
    /// A request has ended, or a model has gone.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    loaded: Vec<Arc<Loaded>>,
    /// What is being loaded.
    loading: Option<Arc<Model>>,
    /// Nothing may be started any more.
    is_ending: bool,
}

struct Loaded {
    name: String,
    model: Arc<Model>,
    usage: Mutex<Usage>,
}

/// Who uses a model, and until when it stays.
struct Usage {
    requests: usize,
    keep_alive: KeepAlive,
    ended_at: SystemTime,
}

impl Usage {
    /// When it goes, if nobody comes before.
    fn expires_at(&self) -> Option<SystemTime> {
        let end = if self.requests > 0 { SystemTime::now() } else { self.ended_at };
        self.keep_alive.and_then(|keep_alive| end.checked_add(keep_alive))
    }
}

/// A loaded model in use by a request.
pub(crate) struct Lease<'a> {
    scheduler: &'a Scheduler,
    loaded: Arc<Loaded>,
}

impl Scheduler {
    pub(crate) fn new(ollama: Ollama, gpus: Vec<Gpu>) -> Self {
        let max_loaded = env::var("OLLAMA_MAX_LOADED_MODELS").ok().and_then(|max| max.parse().ok());
        let max_loaded = max_loaded.filter(|max| *max > 0).unwrap_or(MODELS_PER_GPU * gpus.len().max(1));
        Self { ollama, gpus, max_loaded, turn: Mutex::default(), state: Mutex::default(), changed: Condvar::new() }
    }

    /// The model for a request: as it is loaded, or loaded now. `is_gone` says that nobody waits any more.
    pub(crate) fn model(
        &self,
        name: &str,
        launch: &Launch,
        keep_alive: Option<KeepAlive>,
        is_gone: &dyn Fn() -> bool,
    ) -> Result<Lease<'_>, String> {
        let _turn = lock(&self.turn);
        self.unload_expired();
        let keep_alive = keep_alive.unwrap_or_else(default_keep_alive);
        let mut has_retried = false;
        loop {
            let loaded = lock(&self.state).loaded.clone();
            if let Some(same) = loaded.iter().find(|loaded| loaded.model.launch.path == launch.path) {
                if same.model.launch == *launch && same.model.ended().is_none() {
                    return Ok(self.lease(same, keep_alive));
                }
                self.unload(same);
                continue;
            }
            if loaded.len() >= self.max_loaded {
                self.make_room(&loaded);
                continue;
            }
            match self.load(launch, is_gone) {
                Ok(model) => {
                    let usage = Mutex::new(Usage { requests: 0, keep_alive, ended_at: SystemTime::now() });
                    let new = Arc::new(Loaded { name: name.to_owned(), model, usage });
                    lock(&self.state).loaded.push(Arc::clone(&new));
                    return Ok(self.lease(&new, keep_alive));
                }
                Err(error) => {
                    log(Level::Info, "Load failed", &[("model", name), ("error", &error)]);
                    if has_retried || loaded.is_empty() || !is_out_of_memory(&error) {
                        return Err(error);
                    }
                    has_retried = true;
                    log(Level::Warn, "llama-server load failed; evicting all loaded models and retrying once", &[]);
                    loaded.iter().for_each(|other| self.unload(other));
                }
            }
        }
    }

    fn lease(&self, loaded: &Arc<Loaded>, keep_alive: KeepAlive) -> Lease<'_> {
        let mut usage = lock(&loaded.usage);
        usage.requests += 1;
        usage.keep_alive = keep_alive;
        Lease { scheduler: self, loaded: Arc::clone(loaded) }
    }

    fn load(&self, launch: &Launch, is_gone: &dyn Fn() -> bool) -> Result<Arc<Model>, String> {
        let model = {
            let mut state = lock(&self.state);
            if state.is_ending {
                return Err("server is shutting down".to_owned());
            }
            let model = Model::start(&self.ollama, &self.gpus, launch.clone());
            let model = Arc::new(model.map_err(|error| format!("error starting llama-server: {error}"))?);
            state.loading = Some(Arc::clone(&model));
            model
        };
        let result = model.wait_until_loaded(is_gone);
        lock(&self.state).loading = None;
        if result.is_err() {
            model.stop();
        }
        result.map(|()| model)
    }

    /// Unloads the idle model that was to go first, or the first of the others once it is idle.
    fn make_room(&self, loaded: &[Arc<Loaded>]) {
        let key = |loaded: &&Arc<Loaded>| {
            let usage = lock(&loaded.usage);
            (usage.requests > 0, usage.keep_alive.unwrap_or(Duration::MAX), loaded.name.clone())
        };
        let Some(victim) = loaded.iter().min_by_key(key) else { return };
        log(Level::Debug, "resetting model to expire immediately to make room", &[("runner.name", &victim.name)]);
        self.unload(victim);
    }

    /// Unloads a model once it is idle, and waits for its memory to come back.
    fn unload(&self, loaded: &Arc<Loaded>) {
        let mut state = lock(&self.state);
        while lock(&loaded.usage).requests > 0 && loaded.model.ended().is_none() && !state.is_ending {
            state = self.changed.wait_timeout(state, RECOVERY_ASKED_EVERY).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        let before = self.free_bytes();
        let started = Instant::now();
        loaded.model.stop();
        lock(&self.state).loaded.retain(|other| !Arc::ptr_eq(other, loaded));
        self.changed.notify_all();
        let (_, on_gpus) = loaded.sizes();
        let Some(before) = before.filter(|_| loaded.model.is_on_gpus()) else { return };
        while started.elapsed() < RECOVERY_MAX {
            thread::sleep(RECOVERY_ASKED_EVERY);
            let now = self.free_bytes().unwrap_or(before);
            if now.saturating_sub(before) as f64 > on_gpus as f64 * RECOVERED {
                let seconds = started.elapsed().as_secs_f64();
                let text = format!("gpu VRAM free memory converged after {seconds:.2} seconds");
                log(Level::Debug, &text, &[("free_before", &before.to_string()), ("free_now", &now.to_string())]);
                return;
            }
        }
        let seconds = started.elapsed().as_secs_f64().to_string();
        log(Level::Warn, "gpu VRAM usage didn't recover within timeout", &[("seconds", &seconds)]);
    }

    /// Free bytes of the GPUs: by the books of a model that is there, else by asking anew.
    fn free_bytes(&self) -> Option<u64> {
        let loaded = lock(&self.state).loaded.clone();
        let booked = loaded.iter().find(|loaded| loaded.model.is_on_gpus());
        booked.map(|loaded| loaded.model.booked_free_bytes()).or_else(|| {
            log(Level::Debug, "refreshing free memory", &[]);
            self.ollama.free_bytes(&self.gpus)
        })
    }

    /// Unloads the model in a file, if it is loaded.
    pub(crate) fn unload_file(&self, path: &Path) {
        let _turn = lock(&self.turn);
        let loaded = lock(&self.state).loaded.clone();
        if let Some(loaded) = loaded.iter().find(|loaded| loaded.model.launch.path == path) {
            self.unload(loaded);
        }
    }

    /// Unloads whatever has been idle for its time; asked now and then.
    pub(crate) fn expire(&self) {
        let _turn = lock(&self.turn);
        self.unload_expired();
    }

    fn unload_expired(&self) {
        let now = SystemTime::now();
        let loaded = lock(&self.state).loaded.clone();
        for loaded in loaded {
            let is_expired = {
                let usage = lock(&loaded.usage);
                usage.requests == 0 && usage.expires_at().is_some_and(|at| at <= now)
            };
            if is_expired {
                self.unload(&loaded);
            }
        }
    }

    /// After `error` of a model: where memory has run out, all models go before the next request.
    pub(crate) fn expire_after(&self, error: &str) {
        if !is_out_of_memory(error) {
            return;
        }
        log(Level::Warn, "runtime OOM detected; expiring loaded models to clear memory before next request", &[]);
        for loaded in &lock(&self.state).loaded {
            lock(&loaded.usage).keep_alive = Some(Duration::ZERO);
        }
    }

    /// Ends all models at once, and lets none start any more.
    pub(crate) fn end(&self) {
        let (loaded, loading) = {
            let mut state = lock(&self.state);
            state.is_ending = true;
            (state.loaded.clone(), state.loading.take())
        };
        loaded.iter().map(|loaded| &loaded.model).chain(&loading).for_each(|model| model.stop());
    }

    /// What `/api/ps` tells.
    pub(crate) fn list(&self) -> Value {
        let state = lock(&self.state);
        let models = state.loaded.iter().map(|loaded| {
            let (size, size_vram) = loaded.sizes();
            // Ollama gives models that stay forever some three hundred years.
            let forever = SystemTime::now() + Duration::from_secs(1 << 33);
            let expires_at = lock(&loaded.usage).expires_at().unwrap_or(forever);
            json!({
                "name": loaded.name,
                "model": loaded.name,
                "size": size,
                "size_vram": size_vram,
                "expires_at": humantime::format_rfc3339_millis(expires_at).to_string(),
                "context_length": loaded.model.launch.context,
            })
        });
        json!({ "models": models.collect::<Vec<Value>>() })
    }
}

impl Loaded {
    /// Bytes in all, and on GPUs; the file's where llama-server does not tell.
    fn sizes(&self) -> (u64, u64) {
        let sizes = self.model.said().sizes();
        sizes.unwrap_or_else(|| {
            let len_bytes = self.model.launch.path.metadata().map_or(0, |metadata| metadata.len());
            (len_bytes, if self.model.is_on_gpus() { len_bytes } else { 0 })
        })
    }
}

impl Lease<'_> {
    pub(crate) fn model(&self) -> &Model {
        &self.loaded.model
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        {
            let mut usage = lock(&self.loaded.usage);
            usage.requests -= 1;
            usage.ended_at = SystemTime::now();
        }
        self.scheduler.changed.notify_all();
    }
}

/// What OLLAMA_KEEP_ALIVE says, else Ollama's own.
fn default_keep_alive() -> KeepAlive {
    env::var("OLLAMA_KEEP_ALIVE").ok().and_then(|text| keep_alive(&Value::from(text))).unwrap_or(Some(KEEP_ALIVE))
}

/// Reads seconds, or a text such as `5m` or `-1`; less than nothing is forever. Nothing for what is neither.
pub(crate) fn keep_alive(value: &Value) -> Option<KeepAlive> {
    let seconds = |seconds: f64| (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(1e9)));
    match value {
        Value::Number(number) => number.as_f64().map(seconds),
        Value::String(text) if text.starts_with('-') => Some(None),
        Value::String(text) => {
            let bare = text.parse().ok().filter(|number: &f64| number.is_finite()).map(seconds);
            bare.or_else(|| humantime::parse_duration(text).ok().map(Some))
        }
        _ => None,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_a_model_stays_is_seconds_or_text() {
        let seconds = |seconds| Some(Some(Duration::from_secs(seconds)));
        for (value, time) in [
            (json!(0), seconds(0)),
            (json!("5m"), seconds(300)),
            (json!("5m0s"), seconds(300)),
            (json!("20"), seconds(20)),
            (json!(-1), Some(None)),
            (json!("-1m"), Some(None)),
            (json!("soon"), None),
            (json!([]), None),
        ] {
            assert_eq!(keep_alive(&value), time, "{value}");
        }
    }
}
