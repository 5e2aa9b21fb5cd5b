//! One process that looks for devices, as Ollama would start it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::backend::Backend;
use super::super::ollama::{OWN_FOLDER, Ollama};
use super::super::probe::{self, BackendAnswer, Failure, Setting, Task};
use super::era::Era;
use super::folders::{self, Folder};
use crate::ollama::layout::BACKEND;

/// What the backends say, and what was printed to stderr meanwhile.
pub(super) type Said = (BackendAnswer, Vec<String>);

/// What is needed for looking.
pub(super) struct Look<'a> {
    pub(super) era: Era,
    pub(super) ollama: &'a Ollama,
    pub(super) program: &'a Path,
    pub(super) limit: Duration,
}

/// Why Ollama goes without a device, or without a whole folder.
pub(super) struct Trouble {
    pub(super) cause: String,
    pub(super) fix: String,
    /// What the process printed.
    pub(super) said: Vec<String>,
}

const MEND_FIRST: &str = "mend what is named above first; if nothing is, ";

impl Look<'_> {
    /// The first look: all devices.
    pub(super) fn first(&self, folder: &Folder) -> Result<Said, Trouble> {
        with_devices(self.ask(self.setting(folder), folder, "")?)
    }

    /// The second look: whether one device alone is found again.
    pub(super) fn second(&self, folder: &Folder, index: usize, uuid: &str) -> Result<(), Trouble> {
        let visible = match self.era {
            Era::Runner => uuid.to_owned(),
            Era::LlamaServer => index.to_string(),
        };
        let when = format!(" with CUDA_VISIBLE_DEVICES={visible}");
        let setting = self.setting(folder).with("CUDA_VISIBLE_DEVICES", visible).with("GGML_CUDA_INIT", "1");
        let (answer, said) = self.ask(setting, folder, &when)?;
        if !answer.devices.is_empty() {
            return Ok(());
        }
        Err(Trouble {
            cause: format!("the second look{when} finds no device: Ollama drops it as not fully initialized"),
            fix: "let libcuda.so.1 and libcudart.so.12 be vgpu's, of one build; a device must keep its UUID from one \
                  process to the next"
                .into(),
            said,
        })
    }

    fn ask(&self, setting: Setting<'_>, folder: &Folder, when: &str) -> Result<Said, Trouble> {
        let (globals, backends, driver_too) = match self.era {
            Era::Runner => (Vec::new(), self.runners_backends(folder), false),
            Era::LlamaServer => (self.ggml(), vec![servers_backend(folder)], true),
        };
        let task = Task::Backends { globals: &globals, backends: &backends, driver_too };
        ask(&setting.within(self.limit), &task).map_err(|missing| missing.trouble(&folder.backend, self.limit, when))
    }

    fn setting<'a>(&'a self, folder: &'a Folder) -> Setting<'a> {
        let setting = setting(self.program, &folder.library_path);
        match self.era {
            Era::Runner => {
                let mut path = OsString::from(&self.ollama.folder);
                if folder.path != self.ollama.folder {
                    path.push(":");
                    path.push(&folder.path);
                }
                setting.with("OLLAMA_LIBRARY_PATH", path)
            }
            Era::LlamaServer => setting.with("GGML_BACKEND_PATH", servers_backend(folder)),
        }
    }

    /// The runner goes through both of its folders, and registers what it finds in each.
    fn runners_backends(&self, folder: &Folder) -> Vec<PathBuf> {
        let above = self.ollama.folder.join(BACKEND);
        let besides = (above.exists() && above != folder.backend).then_some(above);
        besides.into_iter().chain([folder.backend.clone()]).collect()
    }

    /// The libraries through which `ollama gpu-discover` loads a backend.
    fn ggml(&self) -> Vec<PathBuf> {
        let homes = [&self.ollama.home, &self.ollama.folder];
        let find = |stem: &str| {
            homes.iter().find_map(|home| {
                let name = folders::names(home).into_iter().find(|name| name.starts_with(stem))?;
                Some(home.join(name))
            })
        };
        ["libggml-base.so", "libggml.so"].into_iter().filter_map(find).collect()
    }
}

/// A backend by itself, opened as Ollama's runner would: all its devices.
pub(super) fn alone(backend: &Backend, program: &Path, limit: Duration) -> Result<Said, Trouble> {
    let backends = [backend.path.clone()];
    let task = Task::Backends { globals: &[], backends: &backends, driver_too: false };
    let setting = setting(program, &backend.library_path).within(limit);
    let said = ask(&setting, &task).map_err(|missing| missing.trouble(&backend.path, limit, ""))?;
    with_devices(said)
}

/// A process's environment, but for what Ollama adds.
fn setting<'a>(program: &'a Path, library_path: &'a OsStr) -> Setting<'a> {
    // For the report: no debugger when ggml aborts, and what our libraries refuse.
    let setting = Setting::new(program, library_path).with("GGML_NO_BACKTRACE", "1");
    if std::env::var_os("VGPU_LOG").is_some() { setting } else { setting.with("VGPU_LOG", "warn") }
}

/// Why there is no answer.
enum Missing {
    /// The process never gave one.
    Lost(Failure),
    /// A library refused, in these words; and what the process printed.
    Refused(String, Vec<String>),
}

impl Missing {
    fn trouble(self, backend: &Path, limit: Duration, when: &str) -> Trouble {
        let failure = match self {
            Self::Refused(error, said) => {
                let fix = format!("{MEND_FIRST}run it with LD_DEBUG=libs,symbols set");
                return Trouble { cause: format!("{error}{when}"), fix, said };
            }
            Self::Lost(failure) => failure,
        };
        let step = failure.step.as_deref().unwrap_or("starting the process");
        let (cause, fix) = if failure.is_hang() {
            (
                format!("{step}{when} was not done within {} s, and Ollama waits no longer", limit.as_secs_f32()),
                format!(
                    "see whether the device answers (checks above) and whether {} is whole; `vgpu trace` shows the last \
                     call",
                    backend.display()
                ),
            )
        } else {
            (format!("{step}{when}: {failure}"), format!("{MEND_FIRST}`vgpu trace` shows the last call before the end"))
        };
        Trouble { cause, fix, said: failure.said }
    }
}

fn ask(setting: &Setting<'_>, task: &Task<'_>) -> Result<Said, Missing> {
    let answer = probe::ask(setting, task).map_err(Missing::Lost)?;
    match (answer.backend, answer.error) {
        (Some(backend), _) => Ok((backend, answer.said)),
        (None, error) => Err(Missing::Refused(error.unwrap_or_else(|| "it gave no answer".into()), answer.said)),
    }
}

fn with_devices((answer, said): Said) -> Result<Said, Trouble> {
    if !answer.devices.is_empty() {
        return Ok((answer, said));
    }
    let telling = probe::telling(&said).map(|line| format!(": {line}")).unwrap_or_default();
    Err(Trouble {
        cause: format!("the backend is loaded, but finds no device{telling}"),
        fix: format!("{MEND_FIRST}`vgpu trace` shows which call of the backend fails"),
        said,
    })
}

/// The first library of the folder that is a backend for devices. In `lib/ollama` itself lie those of all kinds.
fn servers_backend(folder: &Folder) -> PathBuf {
    if folder.name == OWN_FOLDER {
        return folder.backend.clone();
    }
    let is_backend = |name: &String| {
        let rest = name.strip_prefix("libggml-").filter(|rest| rest.contains(".so"));
        rest.is_some_and(|rest| !rest.starts_with("base") && !rest.starts_with("cpu"))
    };
    let name = folders::names(&folder.path).into_iter().find(is_backend);
    name.map_or_else(|| folder.backend.clone(), |name| folder.path.join(name))
}
