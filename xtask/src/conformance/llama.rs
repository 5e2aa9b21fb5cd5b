//! `test-backend-ops`: llama.cpp's comparison of every operation of a backend with its CPU backend.
//!
//! One source file of llama.cpp's, compiled against the prebuilt ggml of the npm client. No CUDA toolkit is involved: the CUDA backend stays the prebuilt library, the program loads it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{demo::client::Client, llama_source, workspace};

const SOURCE: &str = "tests/test-backend-ops.cpp";
pub(super) const HEADERS: &str = "ggml/include";

/// The compiled program and the libraries that it runs on.
pub(crate) struct TestBackendOps {
    program: PathBuf,
    ggml: PathBuf,
}

impl TestBackendOps {
    /// Compiles the program (half a minute), or finds it compiled.
    pub(crate) fn build(client: &Client) -> Result<Self> {
        let root = llama_source::root(client);
        let built = Self { program: root.join("test-backend-ops"), ggml: client.ggml() };
        if built.program.exists() {
            return Ok(built);
        }
        println!("llama.cpp: compiling test-backend-ops");
        let source = llama_source::check_out(client, &[SOURCE, HEADERS])?;
        let unfinished = root.join("test-backend-ops.unfinished");
        workspace::check(
            Command::new(llama_source::compiler())
                .args(["-std=c++17", "-O1", "-I"])
                .arg(source.join(HEADERS))
                .arg(source.join(SOURCE))
                .arg(built.ggml.join("libggml.v0.5.0.so"))
                .arg(built.ggml.join("libggml-base.so"))
                .args(["-lpthread", "-o"])
                .arg(&unfinished),
        )
        .context("test-backend-ops needs a C++ compiler: apt-get install g++")?;
        fs::rename(&unfinished, &built.program).context("cannot put test-backend-ops in its place")?;
        Ok(built)
    }

    /// The program.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// The folder of ggml's libraries; the CPU backends are found there when it is the working directory.
    pub(crate) fn ggml(&self) -> &Path {
        &self.ggml
    }
}
