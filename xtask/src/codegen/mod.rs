//! `cargo xtask codegen`: headers/spec and the headers in, committed Rust and tables out.
//!
//! `headers/spec` is written by hand (`--import` only adds what is missing), `headers/codes` is what the real libraries answer;
//! everything else follows:
//! `crates/*/src/generated`, `vgpu-core/src/abi/generated` and `headers/spec/STATUS.md`.

mod abi;
mod chapters;
mod codes;
mod compare;
mod emit;
mod errors;
mod family;
mod files;
mod import;
pub(crate) mod load;
mod proc_table;
mod refused;
mod settle;
pub(crate) mod spec;
mod status;
mod versions;
mod view;

use anyhow::{Result, bail, ensure};

pub(crate) use self::files::HEADER as GENERATED_HEADER;
use self::files::HEADER;
use self::{
    files::Output,
    spec::{Function, Library},
    versions::Versions,
    view::{View, Views},
};
use crate::headers;

/// Options of `cargo xtask codegen`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail when a generated file differs or the spec disagrees with the headers.
    #[arg(long)]
    check: bool,
    /// First add the functions that the headers have and the spec lacks, as unsupported ones.
    #[arg(long, conflicts_with = "check")]
    import: bool,
    /// Leave the headers alone: only write what follows from the spec.
    #[arg(long, conflicts_with = "import")]
    spec_only: bool,
}

/// Runs the subcommand.
pub(crate) fn run(args: &Args) -> Result<()> {
    let headers = read_headers(args)?;
    if args.import {
        let Some((views, versions)) = &headers else {
            bail!("--import needs the headers");
        };
        import::run(Library::Driver, &views.driver, versions)?;
        import::run(Library::Runtime, &views.runtime, &Versions::none())?;
        import::run(Library::Nvml, &views.nvml, &Versions::none())?;
    }

    let mut libraries = Vec::new();
    for library in Library::ALL {
        libraries.push((library, load::library(library)?));
    }
    let mut output = Output::new(args.check);
    for (library, functions) in &libraries {
        write_library(*library, functions, &mut output)?;
    }
    output.text("headers/spec/STATUS.md", &status::table(&libraries)?)?;
    if let Some((views, versions)) = &headers {
        abi::write(views, &mut output)?;
        compare_with_headers(&libraries, views, versions)?;
    }
    output.finish()?;
    if args.check {
        match headers {
            Some(_) => println!("spec, headers and generated files agree"),
            None => println!("spec and generated files agree"),
        }
    }
    Ok(())
}

/// Fails when anything generated is stale, or the spec disagrees with the headers.
pub(crate) fn check() -> Result<()> {
    run(&Args { check: true, import: false, spec_only: false })
}

/// The headers' view, or `None` with a word to the user when it cannot be had.
fn read_headers(args: &Args) -> Result<Option<(Views, Versions)>> {
    if args.spec_only {
        return Ok(None);
    }
    let dir = match headers::views() {
        Ok(dir) => dir,
        Err(reason) if args.import => return Err(reason),
        Err(reason) => {
            println!("The CUDA headers are not at hand, so only spec -> generated is done: {reason:#}");
            return Ok(None);
        }
    };
    let views = Views {
        driver: View::read(&dir.join("cuda.rs"))?,
        runtime: View::read(&dir.join("cudart.rs"))?,
        nvml: View::read(&dir.join("nvml.rs"))?,
    };
    let typedefs = View::read(&dir.join("cuda_typedefs.rs"))?;
    let versions = Versions::read(&typedefs, &views.driver);
    Ok(Some((views, versions)))
}

fn write_library(library: Library, functions: &[Function], output: &mut Output) -> Result<()> {
    let dir = format!("crates/{}/src/generated", library.crate_name());
    output.rust(&format!("{dir}/exports.rs"), &emit::exports(library, functions)?)?;
    output.rust(&format!("{dir}/refused.rs"), &refused::refused(library, functions)?)?;
    let mut modules = "pub(crate) mod exports;\n".to_owned();
    if library == Library::Driver {
        output.rust(&format!("{dir}/proc_table.rs"), &proc_table::proc_table(functions)?)?;
        modules += "pub(crate) mod proc_table;\n";
    }
    modules += "mod refused;\n";
    output.rust(
        &format!("{dir}/mod.rs"),
        &format!(
            "{HEADER}\n//!\n//! The library's C surface; bodies are in `crate::api`.\n\n\
             #![allow(non_snake_case, reason = \"the names are C's\")]\n\
             #![allow(unreachable_pub, reason = \"C callers reach them\")]\n\
             #![allow(clippy::too_many_arguments, reason = \"the signatures are C's\")]\n\
             #![allow(clippy::redundant_closure, reason = \"every export has the same shape\")]\n\
             #![allow(clippy::wildcard_imports, reason = \"the C types of a whole library\")]\n\
             #![allow(clippy::missing_safety_doc, reason = \"the C reference says what a caller must do\")]\n\n\
             {modules}\nuse vgpu_core::trace::Library;\n\n{}",
            emit::itself(library)
        ),
    )
}

fn compare_with_headers(libraries: &[(Library, Vec<Function>)], views: &Views, versions: &Versions) -> Result<()> {
    let none = Versions::none();
    let mut found = Vec::new();
    for (library, functions) in libraries {
        let (view, versions) = match library {
            Library::Driver => (&views.driver, versions),
            Library::Runtime => (&views.runtime, &none),
            Library::Nvml => (&views.nvml, &none),
            // No header of it is fetched.
            Library::Cublas => continue,
        };
        found.extend(compare::disagreements(*library, functions, view, versions));
    }
    ensure!(found.is_empty(), "headers/spec and the headers disagree:\n  {}", found.join("\n  "));
    Ok(())
}
