//! A machine's folders with Ollama in them, as its packages for Linux and those of others lay it out.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::{Parts, bundled};

/// Which Ollama.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// 0.12.4 to 0.24: Ollama's own program opens the backends.
    Runner,
    /// From 0.30 on: llama.cpp's server does.
    LlamaServer,
}

/// A file that may be copied where it cannot be linked.
const COPIED_MAX_BYTES: u64 = 64 << 20;

/// How the libraries of an Ollama lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// As Ollama's own packages have them: a folder for each variant, with NVIDIA's libraries beside the backend.
    Variants,
    /// As Arch Linux has them: the one backend beside everything else, and NVIDIA's libraries elsewhere.
    Flat,
}

/// One Ollama of a machine.
pub struct Ollama {
    usr: PathBuf,
    layout: Layout,
}

/// A scratch machine with one Ollama; more can be added.
pub struct Tree {
    root: TempDir,
    ollama: Ollama,
}

impl Tree {
    /// Lays out the packages' files in `usr`. `program` is what stands for Ollama's.
    ///
    /// # Panics
    /// When a file cannot be made.
    pub fn new(era: Era, parts: &Parts, program: &Path) -> Self {
        Self::laid_out("usr", Layout::Variants, era, parts, program)
    }

    /// Lays out an Ollama in another folder, or in another way.
    ///
    /// # Panics
    /// When a file cannot be made.
    pub fn laid_out(usr: &str, layout: Layout, era: Era, parts: &Parts, program: &Path) -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        let ollama = Ollama::new(root.path().join(usr), layout, era, parts, program);
        Self { root, ollama }
    }

    /// Adds an Ollama to the machine.
    ///
    /// # Panics
    /// When a file cannot be made.
    pub fn add(&self, usr: &str, layout: Layout, era: Era, parts: &Parts, program: &Path) -> Ollama {
        Ollama::new(self.path(usr), layout, era, parts, program)
    }

    /// The first Ollama.
    pub fn ollama(&self) -> &Ollama {
        &self.ollama
    }

    /// The folder that stands for `/`.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// A path in it.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// The first Ollama's `lib/ollama`.
    pub fn lib(&self) -> PathBuf {
        self.ollama.lib()
    }

    /// The folder of its CUDA 12 backend.
    pub fn variant(&self) -> PathBuf {
        self.ollama.backend_folder()
    }

    /// Where vgpu is installed to.
    pub fn prefix(&self) -> PathBuf {
        self.path("opt/vgpu")
    }

    /// A program of this machine, with nothing of ours in its environment.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        for name in ["LD_LIBRARY_PATH", "LD_PRELOAD", "GGML_BACKEND_PATH", "CUDA_VISIBLE_DEVICES", "VGPU", "VGPU_LOG"] {
            command.env_remove(name);
        }
        for name in ["OLLAMA_LLM_LIBRARY", "OLLAMA_LIBRARY_PATH", "OLLAMA_DEBUG", "GGML_CUDA_INIT", "VGPU_TRACE"] {
            command.env_remove(name);
        }
        command.current_dir(self.root.path());
        command
    }
}

impl Ollama {
    fn new(usr: PathBuf, layout: Layout, era: Era, parts: &Parts, program: &Path) -> Self {
        let ollama = Self { usr, layout };
        let lib = ollama.lib();
        fs::create_dir_all(ollama.usr.join("bin")).expect("a folder");
        fs::create_dir_all(&lib).expect("a folder");
        place(program, &ollama.program());
        let mut libraries = vec!["libggml-base.so"];
        let names = fs::read_dir(&parts.ggml).expect("the folder of ggml");
        let names: Vec<String> =
            names.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        libraries.extend(names.iter().map(String::as_str).filter(|name| name.starts_with("libggml-cpu-")));
        if era == Era::LlamaServer {
            libraries.extend(["libggml.v0.5.0.so", "libllama.v0.5.0.so", "libllama-common.so"]);
            symlink("libggml.v0.5.0.so", lib.join("libggml.so")).expect("a link");
            symlink("libllama.v0.5.0.so", lib.join("libllama.so")).expect("a link");
            place(&parts.llama_server, &lib.join("llama-server"));
        }
        for name in libraries {
            place(&parts.ggml.join(name), &lib.join(name));
        }
        match layout {
            Layout::Flat => place(&parts.cuda_backend, &lib.join("libggml-cuda.so")),
            // The versions are those of the packages.
            Layout::Variants => {
                for (folder, backend, versions) in [
                    (ollama.backend_folder(), &parts.cuda_backend, ["12.8.90", "12.8.4.1"]),
                    (lib.join("cuda_v13"), &parts.cuda13_backend, ["13.0.96", "13.1.0.3"]),
                ] {
                    fs::create_dir(&folder).expect("a folder");
                    place(backend, &folder.join("libggml-cuda.so"));
                    bundled::build_for(&folder.join("libggml-cuda.so"), versions);
                }
            }
        }
        ollama
    }

    /// The folder with its `bin` and `lib`.
    pub fn usr(&self) -> &Path {
        &self.usr
    }

    /// Its program.
    pub fn program(&self) -> PathBuf {
        self.usr.join("bin/ollama")
    }

    /// Its `lib/ollama`.
    pub fn lib(&self) -> PathBuf {
        self.usr.join("lib/ollama")
    }

    /// The folder of its CUDA 12 backend.
    pub fn backend_folder(&self) -> PathBuf {
        match self.layout {
            Layout::Variants => self.lib().join("cuda_v12"),
            Layout::Flat => self.lib(),
        }
    }
}

/// Puts a file there without copying it if that can be.
fn place(from: &Path, to: &Path) {
    let from = from.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    if fs::hard_link(&from, to).is_ok() {
        return;
    }
    // Another file system. A program must not be a link, because it looks for its libraries where it really is.
    let len_bytes = from.metadata().expect("the file is there").len();
    let placed = if len_bytes <= COPIED_MAX_BYTES { fs::copy(&from, to).map(drop) } else { symlink(&from, to) };
    placed.unwrap_or_else(|error| panic!("{}: {error}", to.display()));
}
