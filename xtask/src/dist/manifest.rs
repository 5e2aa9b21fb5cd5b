//! dist/manifest.toml: what the folder holds, and which interfaces it speaks.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use quote::ToTokens;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::contents::{DOCUMENTS, LINKS, PROGRAMS};
use crate::{
    codegen::spec::{Function, Library, Returns},
    workspace,
};

#[derive(Serialize)]
struct Manifest {
    version: &'static str,
    /// Changes whenever an exported signature or the device protocol does.
    abi_hash: String,
    /// What is installed: libraries and programs.
    file: Vec<File>,
    link: Vec<Link>,
    /// Man pages and shell completions.
    document: Vec<File>,
}

#[derive(Serialize)]
struct File {
    path: String,
    len_bytes: u64,
    sha256: String,
}

#[derive(Serialize)]
struct Link {
    path: String,
    target: &'static str,
}

/// Writes the manifest of everything in `dist`.
pub(super) fn write(dist: &Path, libraries: &[(Library, Vec<Function>)]) -> Result<()> {
    let mut file = Vec::new();
    let shims = Library::ALL.iter().map(|library| library.soname());
    let libs = shims.chain(["libcublasLt.so.12"]).map(|name| format!("lib/{name}"));
    let bins = PROGRAMS.iter().map(|name| format!("bin/{name}"));
    for path in libs.chain(bins) {
        file.push(digest(dist, path)?);
    }
    let mut document = Vec::new();
    for folder in DOCUMENTS {
        let entries = fs::read_dir(dist.join(folder)).with_context(|| folder.to_owned())?;
        for entry in entries {
            let name = entry?.file_name();
            document.push(digest(dist, format!("{folder}/{}", name.display()))?);
        }
    }
    document.sort_by(|a, b| a.path.cmp(&b.path));
    let manifest = Manifest {
        version: env!("CARGO_PKG_VERSION"),
        abi_hash: abi_hash(libraries)?,
        file,
        link: LINKS.map(|(name, target)| Link { path: format!("lib/{name}"), target }).into(),
        document,
    };
    fs::write(dist.join("manifest.toml"), toml::to_string(&manifest)?)?;
    Ok(())
}

fn digest(dist: &Path, path: String) -> Result<File> {
    let bytes = fs::read(dist.join(&path)).with_context(|| path.clone())?;
    Ok(File { path, len_bytes: bytes.len() as u64, sha256: hex(&Sha256::digest(&bytes)) })
}

/// A digest of all exported signatures and of the device protocol's message table.
fn abi_hash(libraries: &[(Library, Vec<Function>)]) -> Result<String> {
    let mut hash = Sha256::new();
    for (library, functions) in libraries {
        hash.update(library.soname());
        for function in functions {
            hash.update(&function.name);
            for param in &function.params {
                hash.update(param.erased().to_token_stream().to_string());
                hash.update(",");
            }
            match &function.result {
                Returns::Status => hash.update(library.status()),
                Returns::Nothing => hash.update("()"),
                Returns::Value(ty) => hash.update(ty.to_token_stream().to_string()),
            }
            for twin in &function.twins {
                hash.update(twin.suffix);
            }
            hash.update("\n");
        }
    }
    let messages = workspace::root().join("vgpu-core/src/wire/messages.rs");
    hash.update(fs::read(&messages).with_context(|| messages.display().to_string())?);
    Ok(hex(&hash.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
