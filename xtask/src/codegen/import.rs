//! `codegen --import`: adds the functions that the headers have and the spec lacks, as unsupported ones.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
};

use anyhow::{Context, Result};
use quote::ToTokens;
use syn::Type;

use super::{
    chapters,
    files::{rustfmt, write_whole},
    load,
    spec::{Library, split_name},
    versions::Versions,
    view::{Signature, View},
};

/// Appends what is missing to the chapters of `library`.
pub(super) fn run(library: Library, view: &View, versions: &Versions) -> Result<()> {
    let known: BTreeSet<_> = load::library(library)?.into_iter().map(|f| f.name).collect();
    let mut chapters_text: BTreeMap<&str, String> = BTreeMap::new();
    let mut added = 0;
    for (name, signature) in &view.functions {
        let (_, _, suffix) = split_name(name);
        // Twins stand as an attribute on the function they are twins of.
        if !suffix.is_empty() || known.contains(name) {
            continue;
        }
        let text = chapters_text.entry(chapters::of(library, name)).or_default();
        text.push_str(&entry(library, name, signature, view, versions)?);
        added += 1;
    }
    for (chapter, entries) in chapters_text {
        append(library, chapter, &entries)?;
    }
    println!("headers/spec/{}: {added} functions added", library.name());
    Ok(())
}

fn entry(library: Library, name: &str, signature: &Signature, view: &View, versions: &Versions) -> Result<String> {
    let mut text = String::from("\n");
    if let Some(since) = versions.since(name) {
        writeln!(text, "#[since({})]", grouped(since))?;
    }
    for suffix in ["ptsz", "ptds"] {
        let twin = format!("{name}_{suffix}");
        if view.functions.contains_key(&twin) {
            match versions.since(&twin) {
                Some(since) => writeln!(text, "#[{suffix}({})]", grouped(since))?,
                None => writeln!(text, "#[{suffix}]")?,
            }
        }
    }
    let result = match &signature.result {
        None => " -> ()".to_owned(),
        Some(ty) if short(ty) == library.status() => String::new(),
        Some(ty) => format!(" -> {}", short(ty)),
    };
    match &signature.result {
        Some(Type::Path(path)) if !result.is_empty() && is_struct(path) => {
            writeln!(text, "#[unsupported(raw = \"{}::default()\")]", short_path(path))?;
        }
        _ => writeln!(text, "#[unsupported]")?,
    }
    let params: Vec<_> = signature.params.iter().map(|(name, ty)| format!("{name}: {}", short(ty))).collect();
    writeln!(text, "fn {name}({}){result};", params.join(", "))?;
    Ok(text)
}

fn is_struct(path: &syn::TypePath) -> bool {
    let name = short_path(path);
    !name.starts_with("c_") && name != "usize"
}

fn short_path(path: &syn::TypePath) -> String {
    path.path.segments.last().map(|segment| segment.to_token_stream().to_string()).unwrap_or_default()
}

/// The type without the paths that bindgen writes in front of C's and core's names.
fn short(ty: &Type) -> String {
    ty.to_token_stream().to_string().replace(":: core :: ffi :: ", "").replace(":: core :: option :: ", "")
}

/// 12030 as Rust's `12_030`.
fn grouped(version: u32) -> String {
    format!("{}_{:03}", version / 1000, version % 1000)
}

fn append(library: Library, chapter: &str, entries: &str) -> Result<()> {
    let path = library.spec_dir().join(chapter).with_extension("rs");
    let text = match fs::read_to_string(&path) {
        Ok(old) => {
            let end = old.rfind('}').context("a chapter ends with `}`")?;
            format!("{}{entries}}}\n", &old[..end])
        }
        Err(_) => format!(
            "//! {}. Source: {}.\n\nextern \"{}\" {{{entries}}}\n",
            chapters::title(chapter),
            source(library),
            library.name()
        ),
    };
    write_whole(&path, &rustfmt(&text)?)
}

fn source(library: Library) -> &'static str {
    match library {
        Library::Driver => "CUDA Driver API reference",
        Library::Runtime => "CUDA Runtime API reference, version 12",
        Library::Nvml => "NVML API reference",
        Library::Cublas => "cuBLAS reference, version 12",
    }
}
