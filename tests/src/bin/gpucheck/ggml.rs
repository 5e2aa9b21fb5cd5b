//! `ggml`: an unmodified, prebuilt llama.cpp decodes natively and through vgpu, and on the CPU.

use std::{
    collections::BTreeSet,
    fmt::Display,
    fs::{self, File},
    io::{self, BufReader, BufWriter},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;

use crate::{
    device::ms_since,
    process::{self, Partner},
    record::{Aim, Spread, check, fact, ratio},
    setup::{Setup, Side, loads, pack},
};

/// The backend as it is packed.
const PACKED: &str = "libggml-cuda.so.zst";
const CUBLAS: &str = "libcublas.so.12";

/// Decodes on each side, in turns, after one that compiles kernels.
const TURNS: usize = 3;
/// What is only begun where there is time for it.
const AGAIN_MAX: Duration = Duration::from_secs(55);
const CPU_MAX: Duration = Duration::from_secs(65);

/// Of a trace, so much is shown.
const SUMMARY_LINES: usize = 16;
const SUMMARY_MAX: Duration = Duration::from_secs(20);

/// A model, and how many tokens it decodes.
struct Task {
    layers: u32,
    embedding: u32,
    vocabulary: u32,
    steps: u32,
    /// Where nothing is timed.
    few_steps: u32,
}

/// 1.6 GB of weights.
const LARGE: Task = Task { layers: 16, embedding: 2048, vocabulary: 32000, steps: 256, few_steps: 8 };
/// Where the device is a software GPU.
const SMALL: Task = Task { layers: 2, embedding: 256, vocabulary: 512, steps: 16, few_steps: 4 };

/// Tokens of the prompt; so few that no product needs cuBLAS, where it is not there.
const PROMPT: u32 = 32;
const SHORT_PROMPT: u32 = 4;

/// What the program says when the model is there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Loaded {
    device: String,
    backend_ms: f64,
    model_ms: f64,
    /// Of the model's time: weights are made and copied in.
    weights_ms: f64,
}

/// What it says of a turn.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Turn {
    tokens: Vec<u32>,
    prompt_ms: f64,
    /// Of tokens before the rate is measured.
    first_ms: f64,
    tokens_per_second: f64,
}

/// The step.
pub(crate) fn run(setup: &Setup) -> Result<(), String> {
    let began = Instant::now();
    let folder = pack()?.join("ggml");
    if !folder.join(PACKED).exists() {
        return Err(format!("{} is missing: the pack was made without the client", folder.join(PACKED).display()));
    }
    let backend = unpacked(&folder).map_err(|error| format!("unpacking {PACKED}: {error}"))?;
    fact("the backend is unpacked", format_args!("after {:.1} s", began.elapsed().as_secs_f64()));
    // A chosen libcuda is another software GPU's.
    let task = if setup.is_chosen() { &SMALL } else { &LARGE };
    let prompt = if setup.find_cublas().is_some() { PROMPT } else { SHORT_PROMPT };
    fact(
        "tokens of the prompt",
        format_args!("{prompt}{}", if prompt == PROMPT { "" } else { ": cuBLAS is not there" }),
    );
    // What native compiles is kept for its second process, and for nothing later.
    let cache = tempfile::tempdir().map_err(|error| format!("a folder for what native compiles: {error}"))?;
    let host = setup.start_daemon()?;
    let traced = cache.path().join("trace");
    let start = |side: Option<Side<'_>>, trace: Option<&Path>| {
        let on = side.map(|side| (side, backend.as_path()));
        Decoder::start(setup, &folder, on, (cache.path(), trace), task, prompt)
    };
    let both = |trace: Option<&Path>| -> Result<[Decoder; 2], String> {
        // At once, for both compile for long.
        thread::scope(|scope| {
            let start = &start;
            let running = [Side::Native, Side::Vgpu(&host)].map(|side| {
                scope.spawn(move || {
                    let mut decoder = start(Some(side), trace)?;
                    decoder.turn("with kernels to compile", task.few_steps)?;
                    Ok(decoder)
                })
            });
            let [native, ours] =
                running.map(|thread| thread.join().unwrap_or_else(|_| Err("a thread panicked".to_owned())));
            Ok([native?, ours?])
        })
    };
    let [mut native, mut ours] = both(None)?;
    let (mut natives, mut others) = (Vec::new(), Vec::new());
    for turn in 1..=TURNS {
        natives.push(native.turn(turn, task.steps)?);
        others.push(ours.turn(turn, task.steps)?);
    }
    let devices = [&native, &ours].map(|decoder| decoder.device.clone());
    report(&devices, &natives, &others);
    drop((native, ours));
    if began.elapsed() < AGAIN_MAX {
        fact("once more", "new processes: the driver may have kept what it compiled; ours has its calls traced");
        let [_, mut ours] = both(Some(&traced))?;
        ours.turn("with calls traced", task.steps)?;
        drop(ours);
        show(&traced)?;
    }
    if began.elapsed() < CPU_MAX {
        let cpu = start(None, None)?.turn("for comparison", task.few_steps)?;
        let expected = &natives[0].tokens;
        let agreeing = expected.iter().zip(&cpu.tokens).take_while(|(gpu, cpu)| gpu == cpu).count();
        let compared = expected.len().min(cpu.tokens.len());
        // Sums in another order: near ties may go either way, but not from the first token on.
        check("the CPU begins with the same tokens", agreeing > 0, format_args!("{agreeing} of {compared}"));
    } else {
        fact("the CPU", "no time left for it");
    }
    Ok(())
}

/// Shows which calls took longest.
fn show(trace: &Path) -> Result<(), String> {
    let mut command = Command::new(pack()?.join("dist/bin/vgpu"));
    let (lines, end) = process::lines(command.args(["trace", "--summary"]).arg(trace), SUMMARY_MAX)?;
    if !end.is_well() {
        return Err(format!("vgpu trace --summary ended: {end}"));
    }
    lines.iter().take(SUMMARY_LINES).for_each(|line| fact("traced", line));
    Ok(())
}

fn report([native_device, our_device]: &[String; 2], native: &[Turn], ours: &[Turn]) {
    fact("devices", format_args!("{native_device} natively, {our_device} through vgpu"));
    let expected = &native[0].tokens;
    let is_same = |turns: &[Turn]| turns.iter().all(|turn| turn.tokens == *expected);
    let different = expected.iter().collect::<BTreeSet<_>>().len();
    check(
        "native tokens are the same every time",
        is_same(native),
        format_args!("{} tokens, {different} different ones", expected.len()),
    );
    check("vgpu's tokens are native's", is_same(ours), "");
    let spread = |turns: &[Turn], value: fn(&Turn) -> f64| Spread::of(turns.iter().map(value).collect());
    let both = |value| [native, ours].map(|turns| spread(turns, value));
    ratio("decode", "tok/s", both(|turn| turn.tokens_per_second), Aim::AtLeast(0.98));
    ratio("prompt", "ms", both(|turn| turn.prompt_ms), Aim::AtMostPlus(1.0));
}

/// The program, on a side with the CUDA backend, or on the CPU.
struct Decoder {
    side: &'static str,
    device: String,
    process: Partner,
}

impl Decoder {
    fn start(
        setup: &Setup,
        folder: &Path,
        on: Option<(Side<'_>, &Path)>,
        (cache, trace): (&Path, Option<&Path>),
        task: &Task,
        prompt: u32,
    ) -> Result<Self, String> {
        let mut command = Command::new(folder.join("decode"));
        command.arg(folder);
        match on {
            Some((side, backend)) => {
                setup.on(side, &mut command, &libraries(setup, folder, side))?;
                command.arg(backend).env("CUDA_CACHE_PATH", cache);
                // A variable of our libraries': native does not know it.
                command.envs(trace.map(|trace| ("VGPU_TRACE", trace)));
            }
            None => {
                command.arg("-");
            }
        }
        // It would start a debugger.
        command.env("GGML_NO_BACKTRACE", "1");
        command.args([prompt, task.layers, task.embedding, task.vocabulary].map(|number| number.to_string()));
        let side = on.map_or("CPU", |(side, _)| side.name());
        let began = Instant::now();
        let mut process = Partner::start(format!("decode ({side})"), &mut command)?;
        let loaded: Loaded = understood(&process.line()?)?;
        fact(
            format_args!("{side}: loaded"),
            format_args!(
                "{:.0} ms in all: backend {:.0}, model {:.0} (of which weights {:.0})",
                ms_since(began),
                loaded.backend_ms,
                loaded.model_ms,
                loaded.weights_ms
            ),
        );
        Ok(Self { side, device: loaded.device, process })
    }

    fn turn(&mut self, name: impl Display, steps: u32) -> Result<Turn, String> {
        let turn: Turn = understood(&self.process.ask(&steps.to_string())?)?;
        fact(
            format_args!("{}: turn {name}", self.side),
            format_args!(
                "prompt {:.1} ms, first tokens {:.1} ms, {:.1} tokens/s",
                turn.prompt_ms, turn.first_ms, turn.tokens_per_second
            ),
        );
        Ok(turn)
    }
}

fn understood<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, String> {
    serde_json::from_str(line).map_err(|error| format!("decode says {line:?}: {error}"))
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
