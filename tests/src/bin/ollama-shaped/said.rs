//! What llama-server's log says about memory and errors; Ollama knows of both from nowhere else.

use std::collections::BTreeMap;

/// What begins the part of a line that is kept as an error.
const ERRORS: [&str; 6] =
    ["error:", "CUDA error", "cudaMalloc failed", "error loading model", "GGML_ASSERT", "llama_init_from_model:"];
/// The words by which running out of memory is known.
const OUT_OF_MEMORY: &str = "out of memory";
/// Of the errors, the last so many bytes are kept.
const ERRORS_MAX_BYTES: usize = 4096;

/// What has been heard.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Lines that tell of an error.
    pub(crate) errors: String,
    /// Bytes by who has them, where, and for what. What is said again replaces what was said before.
    buffers: BTreeMap<(String, String, String), u64>,
    free_at_load: BTreeMap<String, u64>,
    /// Layers on GPUs, and all layers.
    layers: (u64, u64),
}

impl Said {
    /// Takes in one line.
    pub(crate) fn hear(&mut self, line: &str) {
        if let Some((key, bytes)) = buffer(line) {
            self.buffers.insert(key, bytes);
        } else if let Some((device, bytes)) = free(line) {
            self.free_at_load.insert(device, bytes);
        } else if let Some(layers) = layers(line) {
            self.layers = layers;
        }
        let start = ERRORS.iter().filter_map(|error| line.find(error)).min();
        let start = start.or_else(|| is_out_of_memory(line).then_some(0));
        if let Some(start) = start {
            if !self.errors.is_empty() {
                self.errors.push('\n');
            }
            self.errors.push_str(line[start..].trim_end());
            let surplus = self.errors.len().saturating_sub(ERRORS_MAX_BYTES);
            self.errors.drain(..self.errors.ceil_char_boundary(surplus));
        }
    }

    /// Bytes that it has taken on a device.
    pub(crate) fn used_on(&self, device: &str) -> u64 {
        self.buffers.iter().filter(|((_, place, _), _)| place == device).map(|(_, bytes)| bytes).sum()
    }

    /// Bytes that were free on a device when it began to load.
    pub(crate) fn free_at_load(&self, device: &str) -> Option<u64> {
        self.free_at_load.get(device).copied()
    }

    /// Bytes that the model takes in all, and on GPUs; nothing where nothing was said. A model with all of its layers on GPUs
    /// is said to be there wholly.
    pub(crate) fn sizes(&self) -> Option<(u64, u64)> {
        if self.buffers.is_empty() {
            return None;
        }
        let total = self.buffers.values().sum();
        let on_gpus = self.buffers.iter().filter(|((_, place, _), _)| is_gpu(place)).map(|(_, bytes)| bytes).sum();
        let is_wholly_there = self.layers.1 > 0 && self.layers.0 >= self.layers.1;
        Some((if is_wholly_there { on_gpus } else { total }, on_gpus))
    }
}

/// Whether these words tell that memory has run out.
pub(crate) fn is_out_of_memory(words: &str) -> bool {
    words.to_ascii_lowercase().contains(OUT_OF_MEMORY)
}

fn is_gpu(place: &str) -> bool {
    !(place == "CPU" || place == "BLAS" || place.starts_with("CPU_") || place.ends_with("_Host"))
}

/// `load_tensors:        CUDA0 model buffer size =   852.89 MiB`
fn buffer(line: &str) -> Option<((String, String, String), u64)> {
    let (place, size) = line.split_once(" buffer size")?;
    let (who, place) = place.split_once(':')?;
    let mut words = place.split_whitespace();
    let (place, kind) = (words.next()?, words.next()?);
    let mib: f64 = size.split_once('=')?.1.trim().strip_suffix("MiB")?.trim().parse().ok()?;
    let who = who.split_whitespace().last()?;
    Some(((who.to_owned(), place.to_owned(), kind.to_owned()), (mib * f64::from(1 << 20)) as u64))
}

/// `... using device CUDA0 (vgpu) (0000:01:00.0) - 8191 MiB free`
fn free(line: &str) -> Option<(String, u64)> {
    let device = line.split_once("using device ")?.1.split(' ').next()?;
    let free = line.rsplit_once(" - ")?.1.trim().strip_suffix(" MiB free")?;
    Some((device.to_owned(), free.parse::<u64>().ok()? << 20))
}

/// `load_tensors: offloaded 3/3 layers to GPU`
fn layers(line: &str) -> Option<(u64, u64)> {
    let counts = line.split_once("offloaded ")?.1.split_once(" layers to GPU")?.0;
    let (on_gpus, all) = counts.split_once('/')?;
    Some((on_gpus.trim().parse().ok()?, all.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn heard(lines: &[&str]) -> Said {
        let mut said = Said::default();
        lines.iter().for_each(|line| said.hear(line));
        said
    }

    #[test]
    fn buffers_are_counted_once_by_who_has_them() {
        let said = heard(&[
            "load_tensors:   CPU_Mapped model buffer size =     1.00 MiB",
            "load_tensors:        CUDA0 model buffer size =     5.00 MiB",
            "llama_kv_cache:      CUDA0 KV buffer size =     2.00 MiB",
            "sched_reserve:      CUDA0 compute buffer size =     9.00 MiB",
            "sched_reserve:      CUDA0 compute buffer size =     3.50 MiB",
            "sched_reserve:  CUDA_Host compute buffer size =     0.50 MiB",
        ]);
        assert_eq!(said.sizes(), Some((12 * MIB, 10 * MIB + MIB / 2)));
        assert_eq!(said.used_on("CUDA0"), 10 * MIB + MIB / 2);
    }

    #[test]
    fn a_model_with_all_layers_on_gpus_is_wholly_there() {
        let lines = [
            "load_tensors:   CPU_Mapped model buffer size =     1.00 MiB",
            "load_tensors:        CUDA0 model buffer size =     5.00 MiB",
        ];
        let offloaded = |layers: &str| heard(&[&lines[..], &[layers]].concat()).sizes();
        assert_eq!(offloaded("load_tensors: offloaded 3/3 layers to GPU"), Some((5 * MIB, 5 * MIB)));
        assert_eq!(offloaded("load_tensors: offloaded 2/3 layers to GPU"), Some((6 * MIB, 5 * MIB)));
    }

    #[test]
    fn free_memory_is_that_of_the_device() {
        let said =
            heard(&["llama_prepare_model_devices: using device CUDA0 (vgpu (x)) (0000:01:00.0) - 8191 MiB free"]);
        assert_eq!((said.free_at_load("CUDA0"), said.free_at_load("CUDA1")), (Some(8191 * MIB), None));
    }

    #[test]
    fn only_lines_that_tell_of_an_error_are_kept() {
        let said = heard(&["load: fine", "12:00 CUDA error: out of memory", "and Out of Memory it runs"]);
        assert_eq!(said.errors, "CUDA error: out of memory\nand Out of Memory it runs");
        assert!(is_out_of_memory(&said.errors));
        assert!(!is_out_of_memory("CUDA error: memory allocation"));
    }
}
