//! `llama-server`: llama.cpp's HTTP server, which runs the models of newer versions of Ollama.
//!
//! The server's own sources are compiled here, and linked with the prebuilt llama.cpp and ggml that the npm client brings: their
//! C++ functions are exported, and the sources are of the same release. No CUDA toolkit is involved, and there is no web page.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    thread,
    time::Instant,
};

use anyhow::{Context, Result, anyhow};
use sha2::{Digest, Sha256};

use crate::{demo::client::Client, llama_source, workspace};

/// Folders of the sources that are needed, for their headers if for nothing else.
const PATHS: [&str; 7] =
    ["common", "ggml/include", "include", "src/llama-ext.h", "tools/mtmd", "tools/server", "vendor"];

/// The sources, those that take longest first.
const SOURCES: [&str; 24] = [
    "tools/server/server-context.cpp",
    "tools/mtmd/clip.cpp",
    "tools/server/server-models.cpp",
    "tools/server/server-tools.cpp",
    "tools/mtmd/mtmd-helper.cpp",
    "tools/server/server.cpp",
    "tools/server/server-http.cpp",
    "tools/server/server-task.cpp",
    "tools/server/server-common.cpp",
    "tools/server/server-schema.cpp",
    "tools/server/server-queue.cpp",
    "tools/server/server-stream.cpp",
    "tools/server/server-mcp.cpp",
    "tools/server/server-chat.cpp",
    "tools/server/main.cpp",
    MODELS,
    "tools/mtmd/mtmd.cpp",
    "tools/mtmd/mtmd-audio.cpp",
    "tools/mtmd/mtmd-helper-gen.cpp",
    "tools/mtmd/mtmd-image.cpp",
    "vendor/hash/hash.cpp",
    "vendor/hash/sha1/sha1.c",
    "vendor/hash/sha256/sha256.c",
    "vendor/hash/xxhash/xxhash.c",
];

/// Some forty small sources with the same headers, compiled as one.
const MODELS: &str = "tools/mtmd/models";

/// C that is compiled as C++, because it lives in a namespace.
const C_SOURCES_IN_CPP: [&str; 1] = ["vendor/hash/sha1/sha1.c"];

const FLAGS: [&str; 8] = [
    "-std=c++17",
    "-O1",
    "-w",
    "-DNDEBUG",
    "-DLLAMA_SHARED",
    "-DGGML_SHARED",
    "-DGGML_BACKEND_SHARED",
    "-DLLAMA_SUBPROCESS",
];

const INCLUDES: [&str; 8] =
    [".", "common", "include", "ggml/include", "vendor", "vendor/hash", "tools/mtmd", "tools/server"];

/// What stands for the web page: the server's build makes this header, here of no files.
const NO_PAGE: &str = "\
#pragma once
#include <array>
#include <string>
struct llama_ui_asset { std::string name; };
inline std::array<llama_ui_asset, 0> llama_ui_get_assets() { return {}; }
";

/// The prebuilt libraries it runs on, besides the CPU backends.
const LIBRARIES: [&str; 4] = ["libllama-common.so", "libllama.v0.5.0.so", "libggml.v0.5.0.so", "libggml-base.so"];

/// Compiles the server (two minutes of processor time), or finds it compiled; returns the program.
pub(crate) fn build(client: &Client) -> Result<PathBuf> {
    let source = llama_source::check_out(client, &PATHS)?;
    let root = llama_source::root(client);
    let program = root.join(format!("llama-server-{}", key(&source)?));
    if program.exists() {
        return Ok(program);
    }
    // A cut-off build's remains, too.
    let unfinished = root.join("llama-server.unfinished");
    let _ = fs::remove_dir_all(&unfinished);
    fs::create_dir_all(&unfinished).with_context(|| format!("cannot create {}", unfinished.display()))?;
    fs::write(unfinished.join("ui.h"), NO_PAGE).context("cannot write ui.h")?;
    fs::write(unfinished.join("models.cpp"), models(&source)?).context("cannot write models.cpp")?;
    let objects = compile(&source, &unfinished)?;
    let linked = unfinished.join("llama-server");
    workspace::check(
        Command::new(llama_source::compiler())
            .args(&objects)
            .args(LIBRARIES.map(|name| client.ggml().join(name)))
            .args(["-lpthread", "-Wl,--enable-new-dtags,-rpath,$ORIGIN", "-o"])
            .arg(&linked),
    )
    .context("linking llama-server")?;
    fs::rename(&linked, &program).context("cannot put llama-server in its place")?;
    fs::remove_dir_all(&unfinished).with_context(|| format!("cannot remove {}", unfinished.display()))?;
    Ok(program)
}

/// Names what is built: the sources' commit, how they are compiled, and by what.
fn key(source: &Path) -> Result<String> {
    let compiler = Command::new(llama_source::compiler())
        .arg("--version")
        .output()
        .context("llama-server needs a C++ compiler: apt-get install g++")?;
    let mut hash = Sha256::new();
    hash.update(llama_source::commit(source)?);
    hash.update(compiler.stdout);
    for text in FLAGS.iter().chain(&SOURCES).chain(&INCLUDES).chain(&LIBRARIES).chain([&NO_PAGE]) {
        hash.update(text);
        hash.update("\n");
    }
    Ok(hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

/// One source that includes all models of images and sounds.
fn models(source: &Path) -> Result<String> {
    let folder = source.join(MODELS);
    let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let name = name.to_str().with_context(|| format!("{}: a name that is not UTF-8", folder.display()))?;
        if name.ends_with(".cpp") {
            names.push(format!("#include \"{MODELS}/{name}\"\n"));
        }
    }
    names.sort();
    Ok(names.concat())
}

/// Compiles every source, on all processors, but after whatever else they have to do. Returns the objects.
fn compile(source: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let started = Instant::now();
    let next = Mutex::new(0);
    let take = || {
        let mut next = next.lock().expect("no thread panics while it holds the lock");
        let number = *next;
        *next += 1;
        (number < SOURCES.len()).then_some(number)
    };
    let work = || -> Result<()> {
        while let Some(number) = take() {
            println!("llama.cpp: compiling llama-server, {} of {}: {}", number + 1, SOURCES.len(), SOURCES[number]);
            workspace::check(&mut compiler_of(SOURCES[number], source, folder))
                .with_context(|| format!("compiling llama-server: {}", SOURCES[number]))?;
        }
        Ok(())
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| anyhow!("a thread panicked"))?)
    })?;
    println!("llama.cpp: llama-server is compiled, in {:.0} s", started.elapsed().as_secs_f64());
    Ok(SOURCES.iter().map(|path| object_of(path, folder)).collect())
}

fn compiler_of(path: &str, source: &Path, folder: &Path) -> Command {
    let mut command = Command::new("nice");
    command.current_dir(source).arg("-n10").arg(llama_source::compiler());
    let is_c = path.ends_with(".c") && !C_SOURCES_IN_CPP.contains(&path);
    command
        .args(["-x", if is_c { "c" } else { "c++" }])
        .args(FLAGS.iter().filter(|flag| !(is_c && flag.starts_with("-std"))));
    command.arg("-I").arg(folder).args(INCLUDES.map(|include| format!("-I{include}")));
    command.arg("-c").arg(if path == MODELS { folder.join("models.cpp") } else { source.join(path) });
    command.arg("-o").arg(object_of(path, folder));
    command
}

fn object_of(path: &str, folder: &Path) -> PathBuf {
    folder.join(path.replace('/', "-")).with_added_extension("o")
}
