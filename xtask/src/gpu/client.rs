//! The real client, made small: llama.cpp's prebuilt libraries, the CUDA backend among them, and a program that decodes.
//!
//! Of the backend's kernels only the PTX for capability 8.0 goes along, which every card from then on compiles. Natively it also
//! needs CUDA 12's runtime, which comes from PyPI (1 MB), and cuBLAS, which is too large: where the machine has CUDA 13's only,
//! [`CUBLAS_12`] leads there.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::{demo::client::Client, llama_source, words, workspace};

/// As `gpucheck` calls them.
const BACKEND: &str = "libggml-cuda.so.zst";
const NATIVE: &str = "native";
const CUBLAS_FOLDER: &str = "cublas12";

const CAPABILITY: &str = "80";

/// What the program is linked with.
const LIBRARIES: [&str; 3] = ["libllama.v0.5.0.so", "libggml.v0.5.0.so", "libggml-base.so"];
/// One for each kind of processor that a machine with a GPU may have; ggml takes the best.
const CPU_BACKENDS: [&str; 4] =
    ["libggml-cpu-x64.so", "libggml-cpu-haswell.so", "libggml-cpu-icelake.so", "libggml-cpu-zen4.so"];

const RUNTIME_WHEEL: &str = "nvidia-cuda-runtime-cu12";
const RUNTIME: &str = "libcudart.so.12";
const CUBLAS: &str = "libcublas.so.12";
const CUBLAS_12: &str = include_str!("cublas12.c");

/// What decides how the backend is thinned.
const THINNER: &str = include_str!("../../../tests/src/bin/thin-fatbins.rs");
/// Of the compressor, which takes minutes.
const ZSTD: [&str; 4] = ["-19", "--long=26", "--threads=0", "--quiet"];

/// Puts the client into `folder`.
pub(super) fn put(client: &Client, folder: &Path) -> Result<()> {
    let [native, cublas_12] = [NATIVE, CUBLAS_FOLDER].map(|name| folder.join(name));
    for folder in [&native, &cublas_12] {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    for name in LIBRARIES.iter().chain(&CPU_BACKENDS) {
        fs::copy(client.ggml().join(name), folder.join(name)).with_context(|| (*name).to_owned())?;
    }
    fs::copy(thin_backend(client)?, folder.join(BACKEND)).context(BACKEND)?;
    fs::copy(words::wheel_library(RUNTIME_WHEEL, RUNTIME)?, native.join(RUNTIME)).context(RUNTIME)?;
    cublas(client, &cublas_12)?;
    decoder(client, folder)
}

/// The backend with one image for each fat binary, compressed; made once.
fn thin_backend(client: &Client) -> Result<PathBuf> {
    let mut hash = Sha256::new();
    [THINNER, CAPABILITY, &ZSTD.concat()].iter().for_each(|text| hash.update(text));
    let key: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let product = client.dir().join(format!("{BACKEND}-{key}"));
    workspace::once(&product, |folder| {
        println!("gpu: thinning the CUDA backend and compressing it (minutes, once)");
        let (thin, packed) = (folder.join("thin"), folder.join("packed"));
        let run = ["run", "--quiet", "--release", "--package", "vgpu-tests", "--bin", "thin-fatbins", "--"];
        workspace::check(workspace::cargo().args(run).arg(client.cuda_backend()).arg(CAPABILITY).arg(&thin))?;
        workspace::check(Command::new("zstd").args(ZSTD).arg(&thin).arg("-o").arg(&packed))
            .context("packing needs zstd: apt-get install zstd")?;
        Ok(packed)
    })?;
    Ok(product)
}

/// The functions of cuBLAS that the backend calls, led to CUDA 13's.
fn cublas(client: &Client, folder: &Path) -> Result<()> {
    let said = workspace::output(Command::new("nm").args(["-D", "--undefined-only"]).arg(client.cuda_backend()))
        .context("packing needs binutils: apt-get install binutils")?;
    let name = |line: &str| Some(line.trim().strip_prefix("U ")?.strip_suffix(&format!("@{CUBLAS}"))?.to_owned());
    let names: Vec<String> = said.lines().filter_map(name).collect();
    ensure!(!names.is_empty(), "the CUDA backend calls nothing of cuBLAS");
    let work = tempfile::tempdir().context("a temporary folder")?;
    let forwards: String = names.iter().map(|name| format!("FORWARD({name})\n")).collect();
    fs::write(work.path().join("names.h"), forwards)?;
    fs::write(work.path().join("cublas12.c"), CUBLAS_12)?;
    let globals: String = names.iter().map(|name| format!("{name}; ")).collect();
    fs::write(work.path().join("version.map"), format!("{CUBLAS} {{ global: {globals} local: *; }};\n"))?;
    workspace::check(
        Command::new("cc")
            .current_dir(work.path())
            .args(["-shared", "-fPIC", "-O1", "-Wall", "cublas12.c", "-ldl", "-Wl,--version-script=version.map"])
            .arg(format!("-Wl,-soname,{CUBLAS}"))
            .arg("-o")
            .arg(folder.join(CUBLAS)),
    )
}

/// The program that decodes.
fn decoder(client: &Client, folder: &Path) -> Result<()> {
    let source = llama_source::check_out(client, &["include", "ggml/include"])?;
    workspace::check(
        Command::new(llama_source::compiler())
            .args(["-std=c++17", "-O2", "-Wall", "-Wextra", "-I"])
            .arg(source.join("include"))
            .arg("-I")
            .arg(source.join("ggml/include"))
            .arg(workspace::root().join("tests/clients/decode.cpp"))
            .args(LIBRARIES.map(|name| client.ggml().join(name)))
            .args(["-Wl,--enable-new-dtags,-rpath,$ORIGIN", "-o"])
            .arg(folder.join("decode")),
    )
    .context("compiling tests/clients/decode.cpp")
}
