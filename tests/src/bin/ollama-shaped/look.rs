//! How Ollama looks for GPUs: for folders with backends, then a child process is asked about each, and again about each device
//! alone. `serve` does it once, when it starts; later it only asks how much memory is free.

use std::{
    collections::BTreeSet,
    env,
    error::Error,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::Value;

use crate::{
    asked::{Deadline, first_line_with, said},
    log::{Level, log, size},
};

/// How long the children that are asked about one folder or device may take together.
const LOOK_MAX: Duration = Duration::from_secs(30);
/// How long asking again for free memory may take.
const REFRESH_MAX: Duration = Duration::from_secs(3);
/// Variables that hide devices.
const HIDING: [&str; 2] = ["CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL"];

/// The Ollama that this program belongs to.
pub(crate) struct Ollama {
    program: PathBuf,
    /// Its `lib/ollama`.
    pub(crate) libraries: PathBuf,
    /// llama-server, which versions from 0.30 on have.
    pub(crate) server: Option<PathBuf>,
}

/// A device that a child told of.
#[derive(Clone)]
pub(crate) struct Gpu {
    /// Of the folder with the backend.
    pub(crate) folder: PathBuf,
    /// By which the second pass names it alone: a UUID, or an ordinal from 0.30 on.
    pub(crate) id: String,
    /// What ggml calls it, such as `CUDA0`.
    pub(crate) name: String,
    pub(crate) total_bytes: u64,
    pub(crate) free_bytes: u64,
    device: Value,
    driver: String,
}

impl Ollama {
    /// Finds what lies beside this program.
    pub(crate) fn here() -> Result<Self, Box<dyn Error>> {
        let program = env::current_exe()?.canonicalize()?;
        let folder = program.parent().ok_or("the program lies in no folder")?;
        let places = [folder.join("../lib/ollama"), folder.join("build/lib/ollama")];
        let libraries = places.iter().find_map(|place| place.canonicalize().ok()).ok_or("there is no lib/ollama")?;
        let server = Some(libraries.join("llama-server")).filter(|server| server.exists());
        Ok(Self { program, libraries, server })
    }

    /// All devices that are good for something.
    pub(crate) fn look(&self) -> Result<Vec<Gpu>, Box<dyn Error>> {
        log(Level::Info, "discovering available GPUs...", &[]);
        for name in HIDING {
            if let Some(value) = env::var(name).ok().filter(|value| !value.is_empty()) {
                log(Level::Warn, "user overrode visible devices", &[(name, &value)]);
                log(Level::Warn, "if GPUs are not correctly discovered, unset and try again", &[]);
            }
        }
        let mut found = Vec::new();
        for folder in self.backend_folders()? {
            let name = name_of(&folder);
            let wanted = env::var("OLLAMA_LLM_LIBRARY").unwrap_or_default();
            if !wanted.is_empty() && wanted != name {
                let fields = [("requested", wanted.as_str()), ("libDir", &folder.to_string_lossy())];
                log(Level::Debug, "skipping available library at user's request", &fields);
                continue;
            }
            if name.starts_with("vulkan") && env::var("OLLAMA_VULKAN").as_deref() != Ok("1") {
                continue;
            }
            match self.ask(&folder, None, Deadline::after(LOOK_MAX)) {
                Ok(gpus) => found.extend(gpus),
                Err(error) => {
                    let fields = [("OLLAMA_LIBRARY_PATH", &*folder.to_string_lossy()), ("error", &error.to_string())];
                    log(Level::Info, "failure during GPU discovery", &fields);
                }
            }
        }
        let count = found.len().to_string();
        log(Level::Debug, "evaluating which, if any, devices to filter out", &[("initial_count", &count)]);
        // Each device must answer when it is the only one.
        found.retain(|found| {
            let answer = self.ask(&found.folder, Some(&found.id), Deadline::after(LOOK_MAX));
            let is_sound = answer.is_ok_and(|devices| !devices.is_empty());
            if !is_sound {
                log(Level::Debug, "filtering device which didn't fully initialize", &[("id", &found.id)]);
            }
            is_sound
        });
        // The newest of several folders that lead to a device has it.
        found.sort_by(|a, b| b.folder.cmp(&a.folder));
        let mut seen = BTreeSet::new();
        found.retain(|found| seen.insert(found.device["pci_id"].to_string()));
        Ok(found)
    }

    /// Free bytes of all `gpus` together, as new processes see them; nothing when they do not tell in time.
    pub(crate) fn free_bytes(&self, gpus: &[Gpu]) -> Option<u64> {
        let deadline = Deadline::after(REFRESH_MAX);
        let folders: BTreeSet<&Path> = gpus.iter().map(|gpu| gpu.folder.as_path()).collect();
        let told: Vec<Gpu> =
            folders.iter().filter_map(|folder| self.ask(folder, None, deadline).ok()).flatten().collect();
        let free = gpus.iter().map(|gpu| told.iter().find(|told| told.id == gpu.id).map(|told| told.free_bytes));
        free.sum()
    }

    /// Folders below `lib/ollama` that hold a `*ggml-*`; `lib/ollama` itself where there is none.
    fn backend_folders(&self) -> Result<Vec<PathBuf>, Box<dyn Error>> {
        let mut folders = Vec::new();
        for entry in fs::read_dir(&self.libraries)? {
            let folder = entry?.path();
            let mut files = fs::read_dir(&folder).into_iter().flatten().flatten();
            if files.any(|file| file.file_name().to_string_lossy().contains("ggml-")) {
                folders.push(folder);
            }
        }
        if folders.is_empty() {
            folders.push(self.libraries.clone());
        }
        Ok(folders)
    }

    fn ask(&self, folder: &Path, only: Option<&str>, deadline: Deadline) -> Result<Vec<Gpu>, Box<dyn Error>> {
        match &self.server {
            Some(server) => self.ask_server(server, folder, only, deadline),
            None => self.ask_runner(folder, only, deadline),
        }
    }

    /// Versions 0.12.4 to 0.24: the runner opens the backend.
    fn ask_runner(&self, folder: &Path, only: Option<&str>, deadline: Deadline) -> Result<Vec<Gpu>, Box<dyn Error>> {
        let mut command = Command::new(&self.program);
        command.args(["runner", "--ollama-engine"]);
        let folders: BTreeSet<&OsStr> = [self.libraries.as_os_str(), folder.as_os_str()].into();
        command.env("LD_LIBRARY_PATH", self.library_path(&[folder]));
        command.env("OLLAMA_LIBRARY_PATH", joined(&Vec::from_iter(folders)));
        if let Some(id) = only {
            command.env("CUDA_VISIBLE_DEVICES", id).env("GGML_CUDA_INIT", "1");
        }
        let answer: Value = serde_json::from_str(&said(&mut command, deadline)?)?;
        let devices = answer.as_array().ok_or("the runner gives no list")?.iter();
        let found = devices.map(|device| Gpu {
            folder: folder.to_owned(),
            id: text(device, "id").to_owned(),
            name: text(device, "name").to_owned(),
            total_bytes: device["total"].as_u64().unwrap_or(0),
            free_bytes: device["free"].as_u64().unwrap_or(0),
            driver: text(device, "driver").to_owned(),
            device: device.clone(),
        });
        Ok(found.collect())
    }

    /// From 0.30: llama-server starts once without a model, lists its devices once, and `gpu-discover` adds what it does not
    /// say.
    fn ask_server(
        &self,
        server: &Path,
        folder: &Path,
        only: Option<&str>,
        deadline: Deadline,
    ) -> Result<Vec<Gpu>, Box<dyn Error>> {
        let command = |program: &Path| {
            let mut command = Command::new(program);
            self.give_backends(&mut command, [folder]);
            if let Some(ordinal) = only {
                command.env("CUDA_VISIBLE_DEVICES", ordinal).env("GGML_CUDA_INIT", "1");
            }
            command
        };
        let mut start = command(server);
        start.args(["--port", "0", "--host", "127.0.0.1", "--no-webui", "--offline", "--verbose"]);
        let architectures = architectures(&first_line_with(&mut start, "system_info:", deadline)?);
        let mut list = command(server);
        let list = said(list.args(["--list-devices", "--offline", "--verbose"]), deadline)?;
        let listed: Vec<Listed<'_>> = list.lines().filter_map(Listed::read).filter(|one| one.total_mib > 0).collect();
        if listed.is_empty() {
            return Ok(Vec::new());
        }
        let mut details = command(&self.program);
        let details = said(details.args(["gpu-discover", "--lib-dir"]).arg(folder), deadline)?;
        let details: Value = serde_json::from_str(&details)?;

        let mut found = Vec::new();
        for listed in listed {
            let all = details["devices"].as_array();
            let Some(device) = all.and_then(|all| all.iter().find(|device| device["name"] == listed.name)) else {
                continue;
            };
            let compute = text(device, "compute");
            if !architectures.contains(&format!("{}0", compute.replace('.', ""))) {
                let fields = [("compute", compute), ("architectures", &architectures.join(","))];
                log(Level::Info, "skipping CUDA device - compute capability not in compiled architectures", &fields);
                continue;
            }
            let driver = details["driver_version"].as_str();
            if driver.is_none() {
                log(Level::Warn, "could not verify NVIDIA driver compatibility for CUDA", &[]);
            }
            if is_too_old(folder, driver, compute) {
                log(Level::Warn, "NVIDIA driver too old", &[("driver", driver.unwrap_or_default())]);
                continue;
            }
            found.push(Gpu {
                folder: folder.to_owned(),
                id: only.unwrap_or(listed.name.trim_start_matches("CUDA")).to_owned(),
                name: listed.name.to_owned(),
                total_bytes: device["total"].as_u64().unwrap_or(0),
                free_bytes: listed.free_mib << 20,
                driver: text(&details, "driver").to_owned(),
                device: device.clone(),
            });
        }
        Ok(found)
    }

    /// The environment in which llama-server finds the backends of these folders, one after the other.
    pub(crate) fn give_backends<'a>(&self, command: &mut Command, folders: impl IntoIterator<Item = &'a Path>) {
        // What lies beside llama-server it finds by itself.
        let folders: Vec<&Path> = folders.into_iter().filter(|folder| *folder != self.libraries).collect();
        if let Some(backend) = folders.iter().find_map(|folder| backend(folder)) {
            command.env("GGML_BACKEND_PATH", backend);
        }
        command.env("LD_LIBRARY_PATH", self.library_path(&folders));
    }

    fn library_path(&self, folders: &[&Path]) -> OsString {
        let inherited = env::var_os("LD_LIBRARY_PATH").filter(|inherited| !inherited.is_empty());
        let mut all = vec![self.libraries.as_os_str()];
        all.extend(folders.iter().map(|folder| folder.as_os_str()));
        all.extend(inherited.as_deref());
        joined(&all)
    }
}

impl Gpu {
    /// What is logged of it, by name.
    pub(crate) fn fields(&self) -> Vec<(&'static str, String)> {
        let in_folder = self.folder.file_name().filter(|name| *name != "ollama");
        let folder = in_folder.map_or(String::new(), |name| format!(",{}", name.to_string_lossy()));
        let of = |name| text(&self.device, name).to_owned();
        // A UUID is good for filtering; an ordinal is told again.
        let filter_id = if self.id.starts_with("GPU-") { "" } else { &self.id };
        vec![
            ("id", self.id.clone()),
            ("filter_id", filter_id.to_owned()),
            ("library", "CUDA".to_owned()),
            ("compute", of("compute")),
            ("name", self.name.clone()),
            ("description", of("description")),
            ("libdirs", format!("ollama{folder}")),
            ("driver", self.driver.clone()),
            ("pci_id", of("pci_id")),
            ("type", if self.device["integrated"] == true { "iGPU" } else { "discrete" }.to_owned()),
            ("total", size(self.total_bytes)),
            ("available", size(self.free_bytes)),
        ]
    }
}

/// A line `  CUDA0: NAME (8192 MiB, 8192 MiB free)`.
struct Listed<'a> {
    name: &'a str,
    total_mib: u64,
    free_mib: u64,
}

impl<'a> Listed<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (name, rest) = line.trim().split_once(": ")?;
        let (total, free) = rest.rsplit_once(" (")?.1.split_once(" MiB, ")?;
        let free = free.split_once(" MiB free")?.0;
        name.starts_with("CUDA").then_some(Self { name, total_mib: total.parse().ok()?, free_mib: free.parse().ok()? })
    }
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

fn joined(folders: &[&OsStr]) -> OsString {
    folders.join(OsStr::new(":"))
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or("")
}
