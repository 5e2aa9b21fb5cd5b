//! `llama-server`: llama.cpp's HTTP server, which runs the models of newer versions of Ollama.
//!
//! The server's own sources are compiled here, and linked with the prebuilt llama.cpp and ggml that the npm client brings: their
//! C++ functions are exported, and the sources are of the same release. No CUDA toolkit is involved, and there is no web page.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result};

use crate::{
    demo::client::Client,
    llama_build::{self, Recipe, Unit},
    llama_source, workspace,
};

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

const RECIPE: Recipe<'_> = Recipe { name: "llama-server", flags: &FLAGS, includes: &INCLUDES };

/// Compiles the server (two minutes of processor time), or finds it compiled; returns the program.
pub(crate) fn build(client: &Client) -> Result<PathBuf> {
    let source = llama_source::check_out(client, &PATHS)?;
    let more = SOURCES.iter().chain(&LIBRARIES).copied().chain([NO_PAGE]);
    RECIPE.product(&llama_source::root(client), &source, more, |folder| {
        fs::write(folder.join("ui.h"), NO_PAGE).context("cannot write ui.h")?;
        let unit = |path: &&str| match *path {
            MODELS => Unit::including(path, folder.join("models.cpp"), &llama_build::sources_in(&source, path)?),
            _ => Ok(Unit { is_c: is_c(path), ..Unit::of(&source, path) }),
        };
        let units = SOURCES.iter().map(unit).collect::<Result<Vec<_>>>()?;
        let objects = RECIPE.compile(&source, folder, &units)?;
        let program = folder.join("llama-server");
        workspace::check(
            Command::new(llama_source::compiler())
                .args(&objects)
                .args(LIBRARIES.map(|name| client.ggml().join(name)))
                .args(["-lpthread", "-Wl,--enable-new-dtags,-rpath,$ORIGIN", "-o"])
                .arg(&program),
        )
        .context("linking llama-server")?;
        Ok(program)
    })
}

fn is_c(path: &str) -> bool {
    path.ends_with(".c") && !C_SOURCES_IN_CPP.contains(&path)
}
