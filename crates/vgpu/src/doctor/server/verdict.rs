//! Whether a running server has the GPU, and if not, why and what to do.

use super::look::Look;
use super::moments::show;
use super::running::{Runner, Running};

/// What all that was seen comes to.
pub(super) enum Verdict {
    /// It has the GPU, or nothing speaks against it; with a remark.
    Fine(Option<String>),
    Doubtful {
        cause: String,
        fix: String,
    },
    WithoutGpu {
        cause: String,
        fix: String,
    },
}

/// Judges a server. `is_well` says that one that is started now would find a GPU.
pub(super) fn of(running: &Running, is_well: bool) -> Verdict {
    let restart = running.restart();
    let without = |cause: String| {
        if let Some(value) = hidden(running) {
            let fix = format!("unset CUDA_VISIBLE_DEVICES for it, then {restart}, if it is to have the GPU");
            return Verdict::Doubtful { cause: format!("it was started with CUDA_VISIBLE_DEVICES={value:?}"), fix };
        }
        match is_well {
            true => Verdict::WithoutGpu { cause, fix: format!("restart it: {restart}") },
            false => Verdict::Doubtful { cause, fix: format!("mend what is named above, then restart it: {restart}") },
        }
    };
    let early = before(running);
    match &running.look {
        Look::InVain(_) => {
            let because = early.map_or_else(String::new, |early| format!("; {early}"));
            without(format!("when it started, it looked for GPUs and found none{because}; Ollama does not look again"))
        }
        Look::Found(_) if has_gpu(running) => replaced(running),
        // What it found is there no more, or was not for a while.
        Look::Found(_) => match on_cpu(running) {
            Some(pid) => without(format!(
                "it found a GPU when it started, but its process {pid} computes without one: the device was gone in between"
            )),
            None => replaced(running),
        },
        Look::UnderWay => Verdict::Fine(Some("it is looking for GPUs just now".to_owned())),
        Look::Unknown | Look::Unreadable if has_gpu(running) => replaced(running),
        Look::Unreadable => match early {
            Some(early) => Verdict::Doubtful {
                cause: format!(
                    "{early}; whether it found a GPU all the same is in its log, which this user may not read"
                ),
                fix: format!("run doctor with sudo; or restart it: {restart}"),
            },
            None => unknown(running),
        },
        Look::Unknown => match early {
            Some(early) => without(format!("{early}, and Ollama looks for GPUs only when it starts")),
            None => unknown(running),
        },
    }
}

/// Of a server whose log is nowhere to be read, and which has been started in good time.
fn unknown(running: &Running) -> Verdict {
    let models = running.models.as_deref().unwrap_or_default();
    if on_cpu(running).is_some() || (!models.is_empty() && models.iter().all(|model| model.size_vram == 0)) {
        return Verdict::Doubtful {
            cause: "its models are on the CPU, and its log is nowhere to be read".to_owned(),
            fix: format!("unless that was asked for (num_gpu), restart it: {}", running.restart()),
        };
    }
    Verdict::Fine(Some("its log is nowhere to be read; nothing speaks against its having found the GPU".to_owned()))
}

/// It has the GPU; but its program may be an old one.
fn replaced(running: &Running) -> Verdict {
    if !running.server.is_replaced {
        return Verdict::Fine(None);
    }
    Verdict::Doubtful {
        cause: "Ollama has been upgraded or removed under it".to_owned(),
        fix: format!("restart it to use the new one: {}; `vgpu install` again first", running.restart()),
    }
}

/// Whether something of it is on a GPU just now.
fn has_gpu(running: &Running) -> bool {
    let is_connected = |runner: &Runner| matches!(runner.connection, Some(Some(_)));
    let models = running.models.as_deref().unwrap_or_default();
    match running.runners.iter().any(|runner| runner.has_model && runner.connection.is_some()) {
        // What its processes have says more than what it has planned.
        true => running.runners.iter().any(is_connected),
        false => models.iter().any(|model| model.size_vram > 0),
    }
}

/// A process that has had a model for a while, and no GPU.
fn on_cpu(running: &Running) -> Option<u32> {
    let is_without = |runner: &&Runner| runner.has_model && !runner.is_young && runner.connection == Some(None);
    running.runners.iter().find(is_without).map(|runner| runner.pid)
}

/// What came only after it had been started.
fn before(running: &Running) -> Option<String> {
    let last = running.moments.iter().max_by_key(|moment| moment.at)?;
    let ahead = last.at.duration_since(running.started).ok()?;
    Some(format!("it was started {} before {}", show(ahead), last.what))
}

/// The value that hides every device from it.
fn hidden(running: &Running) -> Option<String> {
    let value = running.variables.as_ref()?.value("CUDA_VISIBLE_DEVICES")?.to_string_lossy().into_owned();
    let first = value.split(',').next().unwrap_or("").trim();
    (first.is_empty() || first.starts_with('-') || first == "NoDevFiles").then_some(value)
}
