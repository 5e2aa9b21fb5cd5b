//! A machine with Ollama on it, and a daemon.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use vgpu_tests::{
    daemon::{Daemon, wait_until},
    dist,
    ollama::{
        Parts,
        serve::Serve,
        tree::{Era, Layout, Ollama, Tree},
    },
};

/// What stands for Ollama's program.
pub(crate) const OLLAMA: &str = env!("CARGO_BIN_EXE_ollama-shaped");

pub(crate) struct Machine {
    pub(crate) tree: Tree,
    pub(crate) daemon: Daemon,
}

impl Machine {
    pub(crate) fn new(era: Era, parts: &Parts) -> Self {
        Self::with(Tree::new(era, parts, Path::new(OLLAMA)))
    }

    pub(crate) fn with(tree: Tree) -> Self {
        Self { tree, daemon: Daemon::start(&["--threads", "2"]) }
    }

    /// A program of the machine that can reach the daemon.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.tree.command(program);
        command.env("VGPU", self.daemon.device());
        command
    }

    /// What an Ollama of the machine logs about its devices, and what its children said.
    pub(crate) fn discover(&self, ollama: &Ollama, variables: &[(&str, &Path)]) -> (String, String) {
        let mut ollama = self.command(ollama.program());
        let output = ollama.arg("discover").env("OLLAMA_DEBUG", "2").envs(variables.iter().copied()).output();
        let output = output.expect("the program starts");
        let [found, said] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(output.status.success(), "{said}");
        (found, said)
    }

    /// What doctor says, and whether it is content.
    pub(crate) fn doctor(&self, program: &Path, variables: &[(&str, &Path)]) -> (Value, bool) {
        let mut doctor = self.command(program);
        doctor.args(["doctor", "--json", "--ollama"]).arg(self.tree.ollama().usr()).envs(variables.iter().copied());
        let output = doctor.output().expect("the program starts");
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 1)), "{code:?}: {}", String::from_utf8_lossy(&output.stderr));
        (serde_json::from_slice(&output.stdout).expect("JSON"), code == Some(0))
    }

    /// Installs for an Ollama of the machine.
    pub(crate) fn install(&self, ollama: &Ollama) {
        let mut install = self.command(dist().join("bin/vgpu"));
        succeeds(install.arg("install").arg("--prefix").arg(self.tree.prefix()).arg("--ollama").arg(ollama.usr()));
    }

    pub(crate) fn uninstall(&self) {
        let mut uninstall = self.command(self.tree.prefix().join("current/bin/vgpu"));
        succeeds(uninstall.arg("uninstall").arg("--prefix").arg(self.tree.prefix()));
    }

    pub(crate) fn wait_for_no_executor(&self) {
        wait_until(Duration::from_secs(20), "the executors' ends", || self.daemon.executors() == 0);
    }
}

/// An Ollama whose processes find our libraries without an installation, which takes its time: where the backend lies beside
/// everything else, there are none of NVIDIA's before them.
pub(crate) struct Bare {
    tree: Tree,
    scratch: TempDir,
    model: PathBuf,
}

impl Bare {
    pub(crate) fn new(parts: &Parts) -> Self {
        let tree = Tree::laid_out("usr", Layout::Flat, Era::LlamaServer, parts, Path::new(OLLAMA));
        Self { tree, scratch: tempfile::tempdir().expect("a temporary folder"), model: parts.model.clone() }
    }

    /// A program that looks for its GPU where `VGPU` says.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, device: &str) -> Command {
        let mut command = self.tree.command(program);
        command.env("VGPU", device).env("LD_LIBRARY_PATH", dist().join("lib"));
        command
    }

    /// llama-server, for a test that needs no Ollama around it.
    pub(crate) fn llama_server(&self, device: &str) -> Command {
        let mut command = self.command(self.tree.lib().join("llama-server"), device);
        let path = [self.tree.lib(), dist().join("lib")];
        command.env("LD_LIBRARY_PATH", std::env::join_paths(path).expect("no colon in them"));
        command
    }

    /// A running server with these variables.
    pub(crate) fn serve(&self, device: &str, variables: &[(&str, &str)]) -> Serve {
        let mut command = self.command(self.tree.ollama().program(), device);
        Serve::start(
            {
                command.envs(variables.iter().copied());
                command
            },
            self.path("serve.log"),
        )
    }

    /// A file in a folder that goes with this.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// The small model, in a file of its own for each name.
    pub(crate) fn model(&self, name: &str) -> String {
        let path = self.path(name).with_extension("gguf");
        if !path.exists() {
            fs::copy(&self.model, &path).expect("a copy of the model");
        }
        path.to_str().expect("a plain path").to_owned()
    }
}

/// What a short and repeatable answer is asked with, and how many tokens the model may see.
pub(crate) fn options(context: u32) -> Value {
    json!({ "num_predict": 8, "temperature": 0, "num_ctx": context, "num_thread": 2 })
}

/// A short prompt.
pub(crate) const PROMPT: &str = "the quick brown fox";

#[track_caller]
fn succeeds(command: &mut Command) {
    let output = command.output().expect("the program starts");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, said.concat());
}
