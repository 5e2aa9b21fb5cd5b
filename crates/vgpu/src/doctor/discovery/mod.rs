//! The discovery of GPUs as Ollama does it, step by step, up to the line that it would log.
//!
//! Ollama starts a process of its own for each of its folders of backends, and a second one for each device that the
//! first has found. Here `vgpu doctor-probe` is that process, with the environment that Ollama would give it.
//!
//! - `folders`: which folders Ollama looks into; `look`: one process, and what came of it.
//! - `era`: by which program. `rules`: which devices Ollama takes; `found`: those, each once; `line`: what it logs about them.

mod era;
mod folders;
mod found;
mod line;
mod look;
mod rules;

use std::path::Path;
use std::thread;
use std::time::Duration;

use super::backend::Backend;
use super::check::Check;
use super::ollama::Ollama;
use super::probe::BackendDevice;
use era::Era;
use folders::{Choice, Folder};
use found::{Found, without_duplicates, without_overlap};
use look::{Look, Trouble};
use rules::Verdict;

/// Performs the discovery.
pub(super) fn check(ollama: &Ollama, program: &Path, limit: Duration) -> Check {
    let era = if ollama.has_llama_server { Era::LlamaServer } else { Era::Runner };
    let check = match era {
        Era::Runner => Check::ok("discovery.runner", "Ollama's discovery, by its own runner (0.12.4 and later)"),
        Era::LlamaServer => Check::ok("discovery.llama-server", "Ollama's discovery, by llama-server (0.30 and later)"),
    };
    let look = Look { era, ollama, program, limit };
    let mut notes = Vec::new();
    if let Some(value) = std::env::var_os("CUDA_VISIBLE_DEVICES") {
        notes.push(format!("Ollama warns: user overrode visible devices, CUDA_VISIBLE_DEVICES={}", value.display()));
    }
    let choices = folders::choose(ollama);
    let mut probed = Vec::new();
    for choice in &choices {
        match choice {
            Choice::Probe(folder) => probed.push(folder),
            Choice::Skip(name, why) => notes.push(format!("{name}: not looked into, {why}")),
        }
    }
    let mut found = Vec::new();
    let mut troubles: Vec<(&Folder, Trouble)> = Vec::new();
    for folder in &probed {
        match look_into(&look, folder, &mut notes) {
            Ok((devices, rejected)) => {
                found.extend(devices);
                troubles.extend(rejected.into_iter().map(|trouble| (*folder, trouble)));
            }
            Err(trouble) => troubles.push((folder, trouble)),
        }
    }
    let found = without_duplicates(without_overlap(found, &mut notes), &mut notes);
    if !found.is_empty() {
        let lines = found.iter().map(|found| line::device(era, ollama, found));
        let passed = troubles.iter().map(|(folder, trouble)| format!("{}: {}", folder.name, trouble.cause));
        return check.saw_all(lines).saw_all(passed).saw_all(notes);
    }
    let check = check.saw(line::NO_DEVICE);
    // What a folder that vgpu does not serve lacks is no wonder.
    troubles.sort_by_key(|(folder, _)| folder.is_unserved);
    let mut troubles = troubles.into_iter();
    let Some((folder, first)) = troubles.next() else {
        let cause = format!("Ollama looks into no folder of {}", ollama.folder.display());
        return check.saw_all(notes).failed(cause, "mend what is named above first");
    };
    let others = troubles.map(|(folder, trouble)| format!("{}: {}", folder.name, trouble.cause));
    check
        .saw_all(printed(first.said))
        .saw_all(others)
        .saw_all(notes)
        .failed(format!("{}: {}", folder.name, first.cause), first.fix)
}

/// What a backend finds that is not Ollama's.
pub(super) fn check_alone(backend: &Backend, program: &Path, limit: Duration) -> Check {
    let check = Check::ok("discovery.backend", "the devices that the backend finds");
    match look::alone(backend, program, limit) {
        Ok((answer, _)) => check.saw_all(answer.devices.iter().map(line::alone)),
        Err(trouble) => check.saw_all(printed(trouble.said)).failed(trouble.cause, trouble.fix),
    }
}

fn printed(said: Vec<String>) -> impl Iterator<Item = String> {
    said.into_iter().map(|line| format!("it printed: {line}"))
}

/// Both looks into one folder: the devices that pass, and why others do not.
fn look_into<'a>(
    look: &Look<'_>,
    folder: &'a Folder,
    notes: &mut Vec<String>,
) -> Result<(Vec<Found<'a>>, Vec<Trouble>), Trouble> {
    let (answer, said) = look.first(folder)?;
    notes.push(format!("{}: the first look finds {} device(s)", folder.name, answer.devices.len()));
    let mut troubles = Vec::new();
    let mut candidates = Vec::new();
    for (index, device) in answer.devices.iter().enumerate() {
        match rules::judge(look.era, folder, &answer, device) {
            Verdict::Taken => candidates.push((index, device)),
            Verdict::TakenWith(warning) => {
                notes.push(format!("{}: Ollama warns: {warning}", folder.name));
                candidates.push((index, device));
            }
            Verdict::PassedOver { cause, fix } => {
                troubles.push(Trouble { cause: format!("{}: {cause}", device.name), fix, said: said.clone() });
            }
        }
    }
    // As Ollama does, all at once.
    let second: Vec<_> = thread::scope(|scope| {
        let start = |&(index, device): &(usize, &BackendDevice)| {
            let uuid = device.driver.uuid.clone();
            scope.spawn(move || look.second(folder, index, &uuid))
        };
        let threads: Vec<_> = candidates.iter().map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("a look does not panic")).collect()
    });
    let mut found = Vec::new();
    for (&(index, device), result) in candidates.iter().zip(second) {
        match result {
            Ok(()) => {
                found.push(Found { folder, index, device: device.clone(), driver_version: answer.driver_version });
            }
            Err(trouble) => troubles.push(trouble),
        }
    }
    Ok((found, troubles))
}
