//! Whether the device has memory enough for Ollama to use it, and keeps one account of it.

use super::check::Check;
use super::ollama::Ollama;
use super::probe::Device;
use super::selection::Chosen;

/// llama-server leaves so much of a device free (llama.cpp's `--fit-target`), and a first layer with its buffers takes some
/// more; observed with Ollama 0.32.15.
const LEAST_OF_SERVER_BYTES: u64 = 1126 << 20;
/// What Ollama's own scheduler keeps from each device (`MinimumMemory` in its ml/device.go).
const LEAST_OF_RUNNER_BYTES: u64 = 457 << 20;

/// Whether layers of a model come to any of the devices.
pub(super) fn least(ollama: &Ollama, devices: &[Device]) -> Option<Check> {
    let largest = devices.iter().max_by_key(|device| device.memory_bytes)?;
    let check = Check::ok("device.memory", "the device has memory enough for a model's layers");
    let (least_bytes, who) = match ollama.has_llama_server {
        true => (LEAST_OF_SERVER_BYTES, "llama.cpp leaves 1024 MiB of it free"),
        false => (LEAST_OF_RUNNER_BYTES, "Ollama leaves 457 MiB of it free"),
    };
    let has = largest.memory_bytes >> 20;
    if largest.memory_bytes >= least_bytes {
        return Some(check);
    }
    Some(check.failed(
        format!("the device has {has} MiB, and {who}: Ollama logs library=CUDA, but computes every layer on the CPU"),
        "give the device more memory: `vgpud --device-memory 8GiB`, or VGPU_DEVICE_MEMORY for an embedded one",
    ))
}

/// What becomes of a swap of models where each process has a GPU of its own.
pub(super) fn embedded(chosen: &Chosen, ollama: &Ollama) -> Option<Check> {
    if *chosen != Chosen::Embedded {
        return None;
    }
    let check = Check::ok("device.embedded", "the device outlives the processes that use it");
    let when = match ollama.has_llama_server {
        true => "at each eviction that leaves no other model",
        false => "at each eviction",
    };
    Some(check.warning(
        format!(
            "each process of Ollama's has a GPU of its own (embedded): no memory comes back to one when another ends, so a \
             server that swaps models waits 5 s {when}"
        ),
        "for more than one model, share a daemon's: `vgpu install --daemon`, or start vgpud and take VGPU=embedded away",
    ))
}
