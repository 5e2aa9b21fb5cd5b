//! `test-llama-archs`, and the libllama that it needs.
//!
//! The program makes models in memory and lists none of their tensors, which the prebuilt libllama refuses: the client's makers
//! have patched it so. So the library is compiled beside the program, unpatched and under the prebuilt one's name: the prebuilt
//! libraries that need libllama find this one, and there is one of them in the process. ggml and its backends stay prebuilt.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{
    demo::client::Client,
    llama_build::{self, Recipe, Unit},
    llama_source, workspace,
};

const PROGRAM: &str = "test-llama-archs";
const TEST: &str = "tests/test-llama-archs.cpp";
const LIBRARY: &str = "libllama.v0.5.0.so";

/// What is checked out.
const PATHS: [&str; 6] = ["common", "ggml/include", "include", "src", TEST, "vendor"];

const RECIPE: Recipe<'_> = Recipe {
    name: PROGRAM,
    flags: &[
        "-std=c++17",
        "-O2",
        "-fPIC",
        "-w",
        "-DNDEBUG",
        "-DLLAMA_SHARED",
        "-DLLAMA_BUILD",
        "-DGGML_SHARED",
        "-DGGML_BACKEND_SHARED",
    ],
    includes: &[".", "include", "ggml/include", "src", "common", "vendor"],
};

/// Small sources, one for each architecture; so many are compiled as one.
const MODELS: &str = "src/models";
const MODELS_AT_ONCE: usize = 16;

/// What llama.cpp's build writes down about itself.
const VERSION: &str = "#pragma once\n#define LLAMA_VERSION \"0.5.0\"\n#define LLAMA_COMMIT \"unknown\"\n";

const BACKEND_FIRST: &str = include_str!("backend_first.cpp");

/// The prebuilt libraries that both are linked with.
const GGML: [&str; 2] = ["libggml.v0.5.0.so", "libggml-base.so"];
const COMMON: &str = "libllama-common.so";

/// The compiled program and its library.
pub(super) struct TestLlamaArchs {
    folder: PathBuf,
}

impl TestLlamaArchs {
    /// Compiles them (five minutes of processor time), or finds them compiled.
    pub(super) fn build(client: &Client) -> Result<Self> {
        let source = llama_source::check_out(client, &PATHS)?;
        let folder =
            RECIPE.product(&llama_source::root(client), &source, [VERSION, BACKEND_FIRST, COMMON], |folder| {
                fs::write(folder.join("llama-version.h"), VERSION).context("cannot write llama-version.h")?;
                let product = folder.join("product");
                fs::create_dir(&product).with_context(|| product.display().to_string())?;
                let mut objects = RECIPE.compile(&source, folder, &units(&source, folder)?)?;
                let program = objects.split_off(objects.len() - 2);
                link(client, &objects, &program, &product)?;
                Ok(product)
            })?;
        Ok(Self { folder })
    }

    pub(super) fn program(&self) -> PathBuf {
        self.folder.join(PROGRAM)
    }

    /// The folder of both.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// All sources, the program's two last.
fn units(source: &Path, folder: &Path) -> Result<Vec<Unit>> {
    let models = llama_build::sources_in(source, MODELS)?;
    let batches = models.chunks(MODELS_AT_ONCE).enumerate().map(|(number, paths)| {
        let name = format!("models-{number}");
        Unit::including(&name, folder.join(&name).with_extension("cpp"), paths)
    });
    let mut units = batches.collect::<Result<Vec<_>>>()?;
    units.extend(llama_build::sources_in(source, "src")?.iter().map(|path| Unit::of(source, path)));
    units.push(Unit::of(source, TEST));
    let backend_first = folder.join("backend_first.cpp");
    fs::write(&backend_first, BACKEND_FIRST).context("cannot write backend_first.cpp")?;
    units.push(Unit { name: "backend_first".to_owned(), file: backend_first, is_c: false });
    Ok(units)
}

fn link(client: &Client, library: &[PathBuf], program: &[PathBuf], product: &Path) -> Result<()> {
    let ggml = || GGML.map(|name| client.ggml().join(name));
    workspace::check(
        Command::new(llama_source::compiler())
            .args(["-shared", &format!("-Wl,-soname,{LIBRARY}"), "-o"])
            .arg(product.join(LIBRARY))
            .args(library)
            .args(ggml()),
    )
    .context("linking libllama")?;
    workspace::check(
        Command::new(llama_source::compiler())
            .arg("-o")
            .arg(product.join(PROGRAM))
            .args(program)
            .arg(product.join(LIBRARY))
            .arg(client.ggml().join(COMMON))
            .args(ggml())
            .args(["-lpthread", "-Wl,--enable-new-dtags,-rpath,$ORIGIN"]),
    )
    .with_context(|| format!("linking {PROGRAM}"))
}
