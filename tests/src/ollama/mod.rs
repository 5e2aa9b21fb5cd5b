//! Copies of Ollama in scratch folders, around the real CUDA backend.
//!
//! - [`tree`]: what Ollama's packages lay out. [`bundled`]: what stands for NVIDIA's libraries in it.
//! - [`snapshot`]: everything in a folder, to see that nothing is different afterwards.
//! - [`serve`]: a running Ollama. [`server`]: llama-server without one. Both are asked over [`http`].
//!
//! The program in Ollama's place is `src/bin/ollama-shaped`.

pub mod bundled;
pub mod http;
mod logged;
pub mod serve;
pub mod server;
pub mod snapshot;
pub mod tree;

use std::{env, path::PathBuf};

/// What the trees are made of; `cargo xtask ollama` and `cargo xtask test` tell where it is.
pub struct Parts {
    /// The folder of the prebuilt llama.cpp, ggml and its CPU backends.
    pub ggml: PathBuf,
    /// The prebuilt `libggml-cuda.so` for CUDA 12.
    pub cuda_backend: PathBuf,
    /// That for CUDA 13, for which vgpu has no libraries.
    pub cuda13_backend: PathBuf,
    /// llama-server.
    pub llama_server: PathBuf,
    /// A small model.
    pub model: PathBuf,
}

impl Parts {
    /// Finds them.
    ///
    /// # Panics
    /// When a variable is not set.
    pub fn find() -> Self {
        let part = |name: &str| {
            let path = env::var_os(name).unwrap_or_else(|| panic!("{name} is not set: run `cargo xtask ollama`"));
            PathBuf::from(path)
        };
        Self {
            ggml: part("VGPU_TEST_GGML"),
            cuda_backend: part("VGPU_TEST_CUDA_BACKEND"),
            cuda13_backend: part("VGPU_TEST_CUDA13_BACKEND"),
            llama_server: part("VGPU_TEST_LLAMA_SERVER"),
            model: part("VGPU_TEST_MODEL"),
        }
    }
}
