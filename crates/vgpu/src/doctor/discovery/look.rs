//! One process that looks for devices, as Ollama would start it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::backend::{FILE, Ollama};
use super::super::probe::{self, BackendAnswer, Failure, Setting, Task};
use super::Era;
use super::folders::{self, Folder};

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
    /// The first look: all devices, and what was printed meanwhile.
    pub(super) fn first(&self, folder: &Folder) -> Result<(BackendAnswer, Vec<String>), Trouble> {
        let (answer, said) = self.ask(self.setting(folder), folder, "")?;
        if answer.devices.is_empty() {
            let telling = probe::telling(&said).map(|line| format!(": {line}")).unwrap_or_default();
            return Err(Trouble {
                cause: format!("the backend is loaded, but finds no device{telling}"),
                fix: format!("{MEND_FIRST}`vgpu trace` shows which call of the backend fails"),
                said,
            });
        }
        Ok((answer, said))
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

    fn ask(&self, setting: Setting<'_>, folder: &Folder, when: &str) -> Result<(BackendAnswer, Vec<String>), Trouble> {
        let (globals, backends, driver_too) = match self.era {
            Era::Runner => (Vec::new(), self.runners_backends(folder), false),
            Era::LlamaServer => (self.ggml(), vec![servers_backend(folder)], true),
        };
        let task = Task::Backends { globals: &globals, backends: &backends, driver_too };
        let answer = probe::ask(&setting, &task).map_err(|failure| self.lost(&failure, folder, when))?;
        match answer.backend {
            Some(backend) => Ok((backend, answer.said)),
            None => Err(Trouble {
                cause: format!("{}{when}", answer.error.unwrap_or_else(|| "it gave no answer".into())),
                fix: format!("{MEND_FIRST}run it with LD_DEBUG=libs,symbols set"),
                said: answer.said,
            }),
        }
    }

    /// Of a process that never answered.
    fn lost(&self, failure: &Failure, folder: &Folder, when: &str) -> Trouble {
        let step = failure.step.as_deref().unwrap_or("starting the process");
        let said = failure.said.clone();
        if failure.is_hang() {
            return Trouble {
                cause: format!(
                    "{step}{when} was not done within {} s, and Ollama waits no longer",
                    self.limit.as_secs_f32()
                ),
                fix: format!(
                    "see whether the device answers (checks above) and whether {} is whole; `vgpu trace` shows the \
                     last call",
                    folder.backend.display()
                ),
                said,
            };
        }
        Trouble {
            cause: format!("{step}{when}: {failure}"),
            fix: format!("{MEND_FIRST}`vgpu trace` shows the last call before the end"),
            said,
        }
    }

    fn setting<'a>(&'a self, folder: &'a Folder) -> Setting<'a> {
        let mut setting = Setting::new(self.program, &folder.library_path).within(self.limit);
        match self.era {
            Era::Runner => {
                let mut path = OsString::from(&self.ollama.folder);
                path.push(":");
                path.push(&folder.path);
                setting = setting.with("OLLAMA_LIBRARY_PATH", path);
            }
            Era::LlamaServer => setting = setting.with("GGML_BACKEND_PATH", servers_backend(folder)),
        }
        // For the report: what our libraries refuse, and no debugger when ggml aborts.
        if std::env::var_os("VGPU_LOG").is_none() {
            setting = setting.with("VGPU_LOG", "warn");
        }
        setting.with("GGML_NO_BACKTRACE", "1")
    }

    /// The runner goes through both of its folders, and registers what it finds in each.
    fn runners_backends(&self, folder: &Folder) -> Vec<PathBuf> {
        let above = self.ollama.folder.join(FILE);
        above.exists().then_some(above).into_iter().chain([folder.backend.clone()]).collect()
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

/// The first library of the folder that is a backend for devices.
fn servers_backend(folder: &Folder) -> PathBuf {
    let is_backend = |name: &String| {
        let rest = name.strip_prefix("libggml-").filter(|rest| rest.contains(".so"));
        rest.is_some_and(|rest| !rest.starts_with("base") && !rest.starts_with("cpu"))
    };
    let name = folders::names(&folder.path).into_iter().find(is_backend);
    name.map_or_else(|| folder.backend.clone(), |name| folder.path.join(name))
}
