//! `cargo xtask ptxas`: what NVIDIA's assembler takes for PTX, the software GPU takes, too.
//!
//! `crates/vgpu-soft/tests/ptxas/forms.txt` states the forms of all instructions; ptxas says which of them a target has, and the
//! software GPU must compile those, but for the ones that `refused.txt` beside it lists with reasons.

mod assembler;
mod forms;
mod refused;

use std::fs;

use anyhow::{Context, Result, bail, ensure};

use crate::{headers, workspace};
use assembler::Assembler;
pub(crate) use refused::Refused;

/// Options of `cargo xtask ptxas`.
#[derive(Default, clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask ptxas\n  cargo xtask ptxas --target sm_75\n  cargo xtask ptxas --only 'cvt.*' --verbose"
)]
pub(crate) struct Args {
    /// Only for this target, not for all that are checked.
    #[arg(long, value_name = "ARCHITECTURE")]
    target: Option<String>,
    /// Only the forms that match, with * for anything.
    #[arg(long, value_name = "PATTERN")]
    only: Option<String>,
    /// Print each form that is refused, the listed ones as well.
    #[arg(long)]
    verbose: bool,
}

/// The oldest and the newest whose programs are to run, and the one between that brought most.
const TARGETS: [&str; 3] = ["sm_75", "sm_80", "sm_90"];
/// The PTX that the assembler speaks.
const VERSION: &str = "8.8";
/// The wheel whose assembler is asked.
const WHEEL: &str = "nvidia-cuda-nvcc-cu12";

/// The part that the tests run: the newest target, which has most of the forms. Returns why it had to be left out, if it had.
///
/// # Errors
/// As the subcommand's.
pub(crate) fn check() -> Result<Option<&'static str>> {
    if !headers::has_pip() {
        return Ok(Some("the assembler comes from PyPI: python3 has no pip"));
    }
    run(&Args { target: Some("sm_90".to_owned()), ..Args::default() })?;
    Ok(None)
}

/// Runs the subcommand.
pub(crate) fn run(args: &Args) -> Result<()> {
    let folder = workspace::root().join("crates/vgpu-soft/tests/ptxas");
    let read =
        |name: &str| fs::read_to_string(folder.join(name)).with_context(|| folder.join(name).display().to_string());
    let mut all = forms::all(&read("forms.txt")?)?;
    if let Some(pattern) = &args.only {
        all.retain(|form| refused::matches(pattern, form));
    }
    ensure!(!all.is_empty(), "no form matches");
    let mut refused = Refused::parse(&read("refused.txt")?)?;
    let assembler = Assembler::new(headers::program(WHEEL, "ptxas")?)?;
    let mut surprises = 0;
    for target in TARGETS.into_iter().filter(|target| args.target.as_deref().is_none_or(|only| only == *target)) {
        let program = assembler.assemble(VERSION, target, &all)?;
        let ours = not_compiled(&program, target)?;
        let taken = program.forms.len();
        println!(
            "{target}: ptxas takes {taken} of {} forms, of which the software GPU refuses {}",
            all.len(),
            ours.len()
        );
        for (form, reason) in ours {
            let listed = refused.find(&form);
            if listed.is_none() {
                surprises += 1;
                println!("  not listed: {form}: {reason}");
            } else if args.verbose {
                println!("  {form}: {}", listed.unwrap_or_default());
            }
        }
    }
    ensure!(surprises == 0, "{surprises} forms are refused that tests/ptxas/refused.txt does not list");
    if args.target.is_none() && args.only.is_none() {
        let idle = refused.idle();
        ensure!(idle.is_empty(), "tests/ptxas/refused.txt lists what is not refused: {}", idle.join(", "));
    }
    Ok(())
}

/// The forms of a program that the software GPU does not compile, and why.
fn not_compiled(program: &assembler::Program<'_>, target: &str) -> Result<Vec<(String, String)>> {
    let capability = target.strip_prefix("sm_").context("a target is called sm_ and a number")?;
    let mut corpus = workspace::cargo();
    corpus.args(["run", "--quiet", "--release", "-p", "vgpu-soft", "--example", "corpus", "--", "--kernels"]);
    let text = workspace::output(corpus.arg(program.file.path()).arg(capability))?;
    let mut refused = Vec::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("refused ")) {
        let (kernel, reason) = line.split_once(' ').context("a line of the corpus without a reason")?;
        let number = kernel.strip_prefix(assembler::KERNEL).and_then(|number| number.parse::<usize>().ok());
        match number.and_then(|number| program.forms.get(number)) {
            Some(form) => refused.push(((*form).to_owned(), reason.to_owned())),
            None => bail!("the corpus speaks of a kernel {kernel}"),
        }
    }
    Ok(refused)
}
