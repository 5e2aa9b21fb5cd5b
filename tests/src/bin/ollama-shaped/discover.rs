//! What `ollama serve` does at start: looks for folders with backends, asks a child process about each, asks again about each
//! device alone, and tells what is left.

use std::{
    collections::BTreeSet,
    env,
    error::Error,
    ffi::{OsStr, OsString},
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use serde_json::Value;

/// How long a child may take.
const CHILD_MAX: Duration = Duration::from_secs(30);

/// A device that a child told of.
struct Found {
    /// Of the folder with the backend.
    folder: PathBuf,
    /// By which the second pass names it alone: a UUID, or an ordinal from 0.30 on.
    id: String,
    device: Value,
    driver: String,
}

/// Prints a line for each device.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let program = env::current_exe()?.canonicalize()?;
    let library_folder = library_folder(&program).ok_or("there is no lib/ollama")?;
    let server = library_folder.join("llama-server");
    let has_server = server.exists();
    let ask = |folder: &Path, only: Option<&str>| {
        if has_server {
            ask_server(&program, &server, folder, only)
        } else {
            ask_runner(&program, &library_folder, folder, only)
        }
    };

    let mut found = Vec::new();
    for folder in backend_folders(&library_folder)? {
        let name = name_of(&folder);
        let is_passed_over = env::var("OLLAMA_LLM_LIBRARY").is_ok_and(|wanted| !wanted.is_empty() && wanted != name);
        let is_off = name.starts_with("vulkan") && env::var("OLLAMA_VULKAN").as_deref() != Ok("1");
        if is_passed_over || is_off {
            continue;
        }
        found.extend(ask(&folder, None).unwrap_or_default());
    }
    eprintln!("evaluating which, if any, devices to filter out initial_count={}", found.len());
    // Each device must answer when it is the only one.
    found.retain(|found| ask(&found.folder, Some(&found.id)).is_ok_and(|devices| !devices.is_empty()));
    // The newest of several folders that lead to a device has it.
    found.sort_by(|a, b| b.folder.cmp(&a.folder));
    let mut seen = BTreeSet::new();
    found.retain(|found| seen.insert(found.device["pci_id"].to_string()));

    for found in &found {
        let text = |name: &str| found.device[name].as_str().unwrap_or("").to_owned();
        let total = found.device["total"].as_u64().unwrap_or(0);
        println!(
            "inference compute id={} library=CUDA compute={} name={} description={:?} libdirs=ollama,{} driver={} pci_id={} \
             type={} total=\"{:.1} GiB\"",
            found.id,
            text("compute"),
            text("name"),
            text("description"),
            name_of(&found.folder),
            found.driver,
            text("pci_id"),
            if found.device["integrated"] == true { "iGPU" } else { "discrete" },
            total as f64 / f64::from(1 << 30),
        );
    }
    if found.is_empty() {
        println!("inference compute id=cpu library=cpu");
    }
    Ok(())
}

/// The first of the places where Ollama keeps its libraries that is there.
fn library_folder(program: &Path) -> Option<PathBuf> {
    let folder = program.parent()?;
    let places = [folder.join("../lib/ollama"), folder.join("build/lib/ollama")];
    places.iter().find_map(|place| place.canonicalize().ok())
}

/// Folders below `library_folder` that hold a `*ggml-*`.
fn backend_folders(library_folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(library_folder)? {
        let folder = entry?.path();
        let mut files = fs::read_dir(&folder).into_iter().flatten().flatten();
        if files.any(|file| file.file_name().to_string_lossy().contains("ggml-")) {
            folders.push(folder);
        }
    }
    Ok(folders)
}

/// Versions 0.12.4 to 0.24: the runner opens the backend.
fn ask_runner(
    program: &Path,
    library_folder: &Path,
    folder: &Path,
    only: Option<&str>,
) -> Result<Vec<Found>, Box<dyn Error>> {
    let mut command = Command::new(program);
    command.args(["runner", "--ollama-engine"]);
    command.env("LD_LIBRARY_PATH", library_path(library_folder, folder));
    command.env("OLLAMA_LIBRARY_PATH", joined(&[library_folder.as_os_str(), folder.as_os_str()]));
    if let Some(id) = only {
        command.env("CUDA_VISIBLE_DEVICES", id).env("GGML_CUDA_INIT", "1");
    }
    let answer: Value = serde_json::from_str(&said(&mut command)?)?;
    let devices = answer.as_array().ok_or("the runner gives no list")?.iter();
    let found = devices.map(|device| Found {
        folder: folder.to_owned(),
        id: device["id"].as_str().unwrap_or("").to_owned(),
        driver: device["driver"].as_str().unwrap_or("").to_owned(),
        device: device.clone(),
    });
    Ok(found.collect())
}

/// From 0.30: llama-server starts once without a model, lists its devices once, and `gpu-discover` adds what it does not say.
fn ask_server(program: &Path, server: &Path, folder: &Path, only: Option<&str>) -> Result<Vec<Found>, Box<dyn Error>> {
    let server_folder = server.parent().ok_or("llama-server lies in no folder")?;
    let command = |program: &Path| {
        let mut command = Command::new(program);
        command.env("LD_LIBRARY_PATH", library_path(server_folder, folder));
        if let Some(backend) = backend(folder) {
            command.env("GGML_BACKEND_PATH", backend);
        }
        if let Some(ordinal) = only {
            command.env("CUDA_VISIBLE_DEVICES", ordinal).env("GGML_CUDA_INIT", "1");
        }
        command
    };
    let mut start = command(server);
    start.args(["--port", "0", "--host", "127.0.0.1", "--no-webui", "--offline", "--verbose"]);
    let architectures = architectures(&first_line_with(&mut start, "system_info:")?);
    let mut list = command(server);
    let list = said(list.args(["--list-devices", "--offline", "--verbose"]))?;
    let mut details = command(program);
    let details = said(details.args(["gpu-discover", "--lib-dir"]).arg(folder))?;
    let details: Value = serde_json::from_str(&details)?;

    let mut found = Vec::new();
    for (name, total_mib) in list.lines().filter_map(listed) {
        let Some(device) =
            details["devices"].as_array().and_then(|all| all.iter().find(|device| device["name"] == name))
        else {
            continue;
        };
        let compute = device["compute"].as_str().unwrap_or("");
        if total_mib == 0 {
            continue;
        }
        if !architectures.contains(&format!("{}0", compute.replace('.', ""))) {
            eprintln!(
                "skipping CUDA device - compute capability not in compiled architectures {compute} {architectures:?}"
            );
            continue;
        }
        if is_too_old(folder, details["driver_version"].as_str(), compute) {
            eprintln!("NVIDIA driver too old: {}", details["driver_version"]);
            continue;
        }
        found.push(Found {
            folder: folder.to_owned(),
            id: only.unwrap_or(name.trim_start_matches("CUDA")).to_owned(),
            driver: details["driver"].as_str().unwrap_or("").to_owned(),
            device: device.clone(),
        });
    }
    Ok(found)
}

/// The backend that llama-server is told to load.
fn backend(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_backend = |name: &str| {
        name.starts_with("libggml-") && name.contains(".so") && !name.contains("-base") && !name.contains("-cpu")
    };
    let backends = entries.map(|entry| entry.path()).filter(|path| is_backend(&name_of(path)));
    backends.min()
}

/// What `... | CUDA : ARCHS = 750,800 | ...` lists.
fn architectures(system_info: &str) -> Vec<String> {
    let list = system_info.split_once("CUDA : ARCHS = ").map_or("", |(_, rest)| rest);
    let list = list.split(' ').next().unwrap_or("");
    list.split(',').map(str::to_owned).collect()
}

/// Name and size in MiB out of `  CUDA0: NAME (8192 MiB, 8192 MiB free)`.
fn listed(line: &str) -> Option<(&str, u64)> {
    let (name, rest) = line.trim().split_once(": ")?;
    let total = rest.rsplit_once(" (")?.1.split_once(" MiB")?.0;
    name.starts_with("CUDA").then_some((name, total.parse().ok()?))
}

/// Whether the CUDA that is bundled in `folder` wants a newer driver. Without the management library nobody knows.
fn is_too_old(folder: &Path, driver: Option<&str>, compute: &str) -> bool {
    let major = |version: &str| version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    let (Some(driver), Some(capability)) = (driver.and_then(major), major(compute)) else { return false };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let minor = entries.filter_map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.strip_prefix("libcudart.so.12.").and_then(major)
    });
    match minor.max() {
        Some(8..) if capability < 7 => driver < 570,
        Some(4..) => driver < 550,
        _ => false,
    }
}

fn library_path(first: &Path, second: &Path) -> OsString {
    let inherited = env::var_os("LD_LIBRARY_PATH").filter(|inherited| !inherited.is_empty());
    let all: Vec<&OsStr> = [first.as_os_str(), second.as_os_str()].into_iter().chain(inherited.as_deref()).collect();
    joined(&all)
}

fn joined(folders: &[&OsStr]) -> OsString {
    folders.join(OsStr::new(":"))
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A child that is killed when nobody waits for it any more, as Ollama's are.
struct Asked(Child);

impl Drop for Asked {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a child to its end, for so long as it may take; returns what it printed.
fn said(command: &mut Command) -> Result<String, Box<dyn Error>> {
    let mut child = Asked(command.stdout(Stdio::piped()).stderr(errors()).spawn()?);
    let mut output = child.0.stdout.take().ok_or("no pipe to the child")?;
    let text = in_time(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).map(|_| text)
    })??;
    let status = child.0.wait()?;
    if status.success() { Ok(text) } else { Err(format!("{command:?} failed: {status}").into()) }
}

/// Runs a child until it says on stderr a line that holds `mark`, and kills it.
fn first_line_with(command: &mut Command, mark: &'static str) -> Result<String, Box<dyn Error>> {
    let mut child = Asked(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?);
    let errors = child.0.stderr.take().ok_or("no pipe to the child")?;
    let find = move || BufReader::new(errors).lines().map_while(Result::ok).find(|line| line.contains(mark));
    in_time(find)?.ok_or_else(|| format!("{command:?} said no {mark}").into())
}

fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Box<dyn Error>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(work()));
    Ok(receiver.recv_timeout(CHILD_MAX)?)
}

/// Where a child's errors go.
fn errors() -> Stdio {
    if env::var("OLLAMA_DEBUG").as_deref() == Ok("2") { Stdio::inherit() } else { Stdio::null() }
}
