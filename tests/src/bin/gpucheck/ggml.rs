//! `ggml`: an unmodified, prebuilt llama.cpp decodes natively and through vgpu, and on the CPU.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde::Deserialize;

use crate::{
    process,
    record::{Aim, check, fact, ratio},
    setup::{Setup, Side, loads, pack},
};

/// The backend as it is packed.
const PACKED: &str = "libggml-cuda.so.zst";
const CUBLAS: &str = "libcublas.so.12";

/// Decodes on each side, in turns; the first of each compiles kernels.
const TURNS: usize = 3;
const DECODE_MAX: Duration = Duration::from_secs(100);

/// A model, and how many tokens it decodes.
struct Task {
    layers: u32,
    embedding: u32,
    vocabulary: u32,
    steps: u32,
    /// The CPU takes longer.
    cpu_steps: u32,
}

/// 1.6 GB of weights.
const LARGE: Task = Task { layers: 16, embedding: 2048, vocabulary: 32000, steps: 256, cpu_steps: 8 };
/// Where the device is a software GPU.
const SMALL: Task = Task { layers: 2, embedding: 256, vocabulary: 512, steps: 16, cpu_steps: 16 };

/// Tokens of the prompt; so few that no product needs cuBLAS, where it is not there.
const PROMPT: u32 = 32;
const SHORT_PROMPT: u32 = 4;

/// What the program says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decode {
    device: String,
    tokens: Vec<u32>,
    prompt_ms: f64,
    tokens_per_second: f64,
}

/// The step.
pub(crate) fn run(setup: &Setup) -> Result<(), String> {
    let folder = pack()?.join("ggml");
    if !folder.join(PACKED).exists() {
        return Err(format!("{} is missing: the pack was made without the client", folder.join(PACKED).display()));
    }
    let backend = unpacked(&folder).map_err(|error| format!("unpacking {PACKED}: {error}"))?;
    // A chosen libcuda is another software GPU's.
    let task = if setup.is_chosen() { &SMALL } else { &LARGE };
    let prompt = if setup.find_cublas().is_some() { PROMPT } else { SHORT_PROMPT };
    fact(
        "tokens of the prompt",
        format_args!("{prompt}{}", if prompt == PROMPT { "" } else { ": cuBLAS is not there" }),
    );
    let daemon = setup.start_daemon();
    let decode = |on, steps| decode(setup, &folder, on, task, [prompt, steps]);
    let (mut native, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        native.push(decode(Some((Side::Native, &backend)), task.steps)?);
        ours.push(decode(Some((Side::Vgpu(&daemon), &backend)), task.steps)?);
    }
    let cpu = decode(None, task.cpu_steps)?;
    report(&native, &ours, &cpu);
    Ok(())
}

fn report(native: &[Decode], ours: &[Decode], cpu: &Decode) {
    fact("devices", format_args!("{} natively, {} through vgpu, {}", native[0].device, ours[0].device, cpu.device));
    let expected = &native[0].tokens;
    let is_same = |decodes: &[Decode]| decodes.iter().all(|decode| decode.tokens == *expected);
    check("native tokens are the same every time", is_same(native), format_args!("{} tokens", expected.len()));
    check("vgpu's tokens are native's", is_same(ours), "");
    let agreeing = expected.iter().zip(&cpu.tokens).take_while(|(gpu, cpu)| gpu == cpu).count();
    let compared = expected.len().min(cpu.tokens.len());
    // Sums in another order: near ties may go either way, but not from the first token on.
    check("the CPU begins with the same tokens", agreeing > 0, format_args!("{agreeing} of {compared}"));
    let best = |decodes: &[Decode], value: fn(&Decode) -> f64, pick: fn(f64, f64) -> f64| {
        decodes.iter().map(value).reduce(pick).unwrap_or(f64::NAN)
    };
    let speed = |decodes| best(decodes, |decode| decode.tokens_per_second, f64::max);
    ratio("decode", "tok/s", speed(native), speed(ours), Aim::AtLeast(0.98));
    let prompt = |decodes| best(decodes, |decode| decode.prompt_ms, f64::min);
    ratio("prompt", "ms", prompt(native), prompt(ours), Aim::AtMostPlus(1.0));
}

/// Decodes on a side with the CUDA backend, or on the CPU.
fn decode(
    setup: &Setup,
    folder: &Path,
    on: Option<(Side<'_>, &Path)>,
    task: &Task,
    [prompt, steps]: [u32; 2],
) -> Result<Decode, String> {
    let mut command = Command::new(folder.join("decode"));
    command.arg(folder);
    match on {
        Some((side, backend)) => {
            setup.on(side, &mut command, &libraries(setup, folder, side))?;
            command.arg(backend);
        }
        None => {
            command.arg("-");
        }
    }
    command.args([prompt, steps, task.layers, task.embedding, task.vocabulary].map(|number| number.to_string()));
    let (lines, end) = process::lines(&mut command, DECODE_MAX)?;
    let decoded = lines.iter().rev().find_map(|line| serde_json::from_str(line).ok());
    match decoded {
        Some(decode) if end.is_well() => Ok(decode),
        _ => Err(format!("{command:?} ended: {end}, and said {lines:?}")),
    }
}

/// Where the backend's own libraries are, besides those that a side brings.
fn libraries(setup: &Setup, folder: &Path, side: Side<'_>) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    if matches!(side, Side::Native) && !setup.is_chosen() {
        folders.push(folder.join("native"));
        // What leads from cuBLAS 12 to 13, where only that is there.
        if !loads(Path::new(CUBLAS)) {
            let thirteen = setup.find_cublas().and_then(|path| Some(path.parent()?.to_owned()));
            folders.push(folder.join("cublas12"));
            folders.extend(thirteen.filter(|folder| !folder.as_os_str().is_empty()));
        }
    }
    folders
}

/// The backend as a library, unpacked at the first time.
fn unpacked(folder: &Path) -> io::Result<PathBuf> {
    let library = folder.join(PACKED.trim_end_matches(".zst"));
    if !library.exists() {
        let draft = library.with_added_extension("draft");
        let packed = BufReader::new(File::open(folder.join(PACKED))?);
        let mut stream = ruzstd::decoding::StreamingDecoder::new(packed).map_err(io::Error::other)?;
        let mut file = BufWriter::new(File::create(&draft)?);
        io::copy(&mut stream, &mut file)?;
        file.into_inner()?;
        fs::rename(&draft, &library)?;
    }
    Ok(library)
}
