//! Links a static library into the shared one that programs load: SONAME, symbol versions, nothing else visible.

use std::{fmt::Write, fs, path::Path, process::Command};

use anyhow::Result;

use super::place::install;
use crate::{
    codegen::spec::{Function, Library},
    workspace,
};

/// Links the shim `library` from the static library in `built` and puts it into `lib`.
pub(super) fn shim(library: Library, functions: &[Function], built: &Path, lib: &Path, debug: bool) -> Result<()> {
    let soname = library.soname();
    let script = built.join(soname).with_extension("map");
    fs::write(&script, version_script(library, functions))?;
    let output = built.join(soname);
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-o"])
        .arg(&output)
        .arg("-Wl,--whole-archive")
        .arg(built.join(format!("libvgpu_{}.a", library.crate_name())))
        .arg("-Wl,--no-whole-archive")
        .arg(format!("-Wl,--version-script={}", script.display()))
        .arg(format!("-Wl,-soname,{soname}"))
        // Programs close and reopen NVML; threads and thread-locals of ours outlive that.
        .args(["-Wl,-z,defs", "-Wl,-z,nodelete", "-Wl,-z,relro", "-Wl,-z,now"])
        // Addresses that cuGetProcAddress gives out are ours, whatever else is loaded.
        .args(["-Wl,-Bsymbolic-functions", "-Wl,--gc-sections"]);
    if !debug {
        cc.arg("-Wl,--strip-debug");
    }
    cc.args(["-Wl,--as-needed", "-lgcc_s", "-lrt", "-lpthread", "-lm", "-ldl", "-lc"]);
    workspace::check(&mut cc)?;
    install(&output, &lib.join(soname))
}

/// What the library shows: the spec's functions, under the version node that the real one has, if it has one.
fn version_script(library: Library, functions: &[Function]) -> String {
    let node = match library {
        Library::Driver | Library::Nvml => String::new(),
        Library::Runtime | Library::Cublas => format!("{} ", library.soname()),
    };
    let mut text = format!("{node}{{\n  global:\n");
    for name in exported_names(functions) {
        writeln!(text, "    {name};").expect("writing to a String does not fail");
    }
    text += "  local:\n    *;\n};\n";
    text
}

fn exported_names(functions: &[Function]) -> impl Iterator<Item = String> {
    functions.iter().flat_map(|function| {
        let twins = function.twins.iter().map(|twin| format!("{}_{}", function.name, twin.suffix));
        std::iter::once(function.name.clone()).chain(twins)
    })
}

/// Links a library that exports nothing: some programs only look whether a file of this name exists.
pub(super) fn placeholder(soname: &str, built: &Path, lib: &Path) -> Result<()> {
    let source = built.join(soname).with_extension("c");
    fs::write(
        &source,
        format!(
            "__asm__(\".section .comment; .string \\\"vgpu: {soname} is a placeholder and exports nothing\\\"\");\n"
        ),
    )?;
    let script = built.join(soname).with_extension("map");
    fs::write(&script, format!("{soname} {{\n  local:\n    *;\n}};\n"))?;
    let output = built.join(soname);
    workspace::check(
        Command::new("cc")
            .args(["-shared", "-nostdlib", "-o"])
            .arg(&output)
            .arg(&source)
            .arg(format!("-Wl,--version-script={}", script.display()))
            .arg(format!("-Wl,-soname,{soname}")),
    )?;
    install(&output, &lib.join(soname))
}
