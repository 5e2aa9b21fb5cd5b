//! `POST /api/generate`: a text is completed, or without one a model is loaded or unloaded.

use std::{
    env, io,
    path::PathBuf,
    time::{Duration, Instant, SystemTime},
};

use serde_json::{Value, json};

use crate::{
    connection::Connection,
    log::{Level, log},
    model::{Completed, Launch, Wish, file_of},
    schedule::{Scheduler, keep_alive},
};

/// Options that are llama-server's under the same name.
const PASSED_ON: [&str; 8] =
    ["temperature", "seed", "top_k", "top_p", "min_p", "repeat_penalty", "presence_penalty", "stop"];
/// Tokens of context where nobody says.
const CONTEXT: u64 = 4096;
/// A completion that nobody limits ends after so many contexts.
const CONTEXTS_MAX: u64 = 10;

/// Answers one request.
pub(crate) fn generate(client: &Connection, body: &str, scheduler: &Scheduler) -> io::Result<()> {
    let request: Value = match serde_json::from_str(body) {
        Ok(request) => request,
        Err(error) => return client.fail(400, &error.to_string()),
    };
    let name = request["model"].as_str().unwrap_or("");
    let Some(path) = file_of(name) else { return client.fail(404, &format!("model '{name}' not found")) };
    let launch = launch(path, &request["options"]);
    let prompt = request["prompt"].as_str().unwrap_or("").to_owned();
    let keep_alive = keep_alive(&request["keep_alive"]);
    if prompt.is_empty() && keep_alive == Some(Some(Duration::ZERO)) {
        client.answer(200, &ended(name, "unload"))?;
        scheduler.unload_file(&launch.path);
        return Ok(());
    }

    let started = Instant::now();
    let lease = match scheduler.model(name, &launch, keep_alive, &|| client.is_gone()) {
        Ok(lease) => lease,
        Err(error) => return client.fail(500, &error),
    };
    let load_duration = started.elapsed();
    if prompt.is_empty() {
        return client.answer(200, &ended(name, "load"));
    }
    let wish = Wish { prompt, options: options(&request["options"], launch.context) };
    let is_streamed = request["stream"] != false;
    let mut has_begun = false;
    let mut text = String::new();
    let result = lease.model().complete(&wish, &|| client.is_gone(), |piece| {
        text.push_str(piece);
        if !is_streamed {
            return true;
        }
        let begun = if has_begun { Ok(()) } else { client.begin_lines() };
        has_begun = true;
        let line = json!({ "model": name, "created_at": now(), "response": piece, "done": false });
        begun.and_then(|()| client.line(&line)).is_ok()
    });
    let last = match result {
        Ok(Completed::Unheard) => return Ok(()),
        Ok(Completed::Whole(counts)) => counts,
        Err(error) => {
            log(Level::Error, "completion failed", &[("error", &error)]);
            scheduler.expire_after(&error);
            return if has_begun { client.line(&json!({ "error": error })) } else { client.fail(500, &error) };
        }
    };
    let reason = if last["stop_type"] == "limit" { "length" } else { "stop" };
    let mut end = ended(name, reason);
    let timings = &last["timings"];
    let nanoseconds = |name: &str| timings[name].as_f64().map(|ms| (ms * 1e6) as u64);
    end["total_duration"] = json!(nanoseconds_of(started.elapsed()));
    end["load_duration"] = json!(nanoseconds_of(load_duration));
    end["prompt_eval_count"] = timings["prompt_n"].clone();
    end["prompt_eval_duration"] = json!(nanoseconds("prompt_ms"));
    end["eval_count"] = timings["predicted_n"].clone();
    end["eval_duration"] = json!(nanoseconds("predicted_ms"));
    if is_streamed {
        return client.line(&end);
    }
    end["response"] = json!(text);
    client.answer(200, &end)
}

fn launch(path: PathBuf, options: &Value) -> Launch {
    let default = || env::var("OLLAMA_CONTEXT_LENGTH").ok().and_then(|length| length.parse().ok());
    Launch {
        path,
        context: options["num_ctx"].as_u64().or_else(default).unwrap_or(CONTEXT),
        gpu_layers: options["num_gpu"].as_u64(),
        threads: options["num_thread"].as_u64().filter(|threads| *threads > 0),
    }
}

/// A request's options in llama-server's words.
fn options(options: &Value, context: u64) -> Value {
    let max = context.saturating_mul(CONTEXTS_MAX);
    let count = options["num_predict"].as_u64().map_or(max, |count| count.min(max));
    let mut passed_on = json!({ "n_predict": count });
    for name in PASSED_ON {
        if !options[name].is_null() {
            passed_on[name] = options[name].clone();
        }
    }
    passed_on
}

/// The last, or only, line of an answer.
fn ended(name: &str, reason: &str) -> Value {
    json!({ "model": name, "created_at": now(), "response": "", "done": true, "done_reason": reason })
}

fn now() -> String {
    humantime::format_rfc3339_nanos(SystemTime::now()).to_string()
}

fn nanoseconds_of(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
