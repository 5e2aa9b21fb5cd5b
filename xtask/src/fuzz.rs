//! `cargo xtask fuzz`: strangers' bytes against the parsers and the device, for as long as is asked for.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use crate::workspace;

/// Options of `cargo xtask fuzz`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask fuzz\n  cargo xtask fuzz --seconds 600 record\n\nNeeds cargo-fuzz: cargo install cargo-fuzz. What was found lies in tests/fuzz/artifacts."
)]
pub(crate) struct Args {
    /// Targets [default: all].
    #[arg(value_enum)]
    targets: Vec<Target>,
    /// How long each target runs.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Target {
    /// Text through the PTX compiler.
    Ptx,
    /// Texts through the linker.
    Link,
    /// Bytes as a fatbin.
    Fatbin,
    /// Bytes as a guest's records.
    Record,
    /// Bytes as a VMM's messages, and as accesses to a PCI function.
    Function,
    /// Bytes as the record of a VM whose daemon has died.
    Kept,
}

impl Target {
    const ALL: &[Self] = &[Self::Ptx, Self::Link, Self::Fatbin, Self::Record, Self::Function, Self::Kept];

    fn name(self) -> &'static str {
        match self {
            Self::Ptx => "ptx",
            Self::Link => "link",
            Self::Fatbin => "fatbin",
            Self::Record => "record",
            Self::Function => "function",
            Self::Kept => "kept",
        }
    }

    /// The longest input.
    fn max_bytes(self) -> u32 {
        match self {
            Self::Ptx | Self::Link => 8 << 10,
            Self::Fatbin => 16 << 10,
            Self::Record | Self::Function | Self::Kept => 4 << 10,
        }
    }
}

/// Runs the subcommand.
pub(crate) fn run(args: &Args) -> Result<()> {
    let installed = workspace::cargo().args(["fuzz", "--version"]).output().is_ok_and(|output| output.status.success());
    ensure!(installed, "cargo-fuzz is not installed: cargo install cargo-fuzz");
    let folder = workspace::root().join("tests/fuzz");
    let targets = if args.targets.is_empty() { Target::ALL } else { &args.targets };
    for &target in targets {
        let name = target.name();
        let corpus = folder.join("corpus").join(name);
        fs::create_dir_all(&corpus).with_context(|| corpus.display().to_string())?;
        let mut command = workspace::cargo();
        // The sanitisers are behind a nightly flag, and this project's compiler is a stable one.
        command.env("RUSTC_BOOTSTRAP", "1").arg("fuzz").arg("run").arg("--fuzz-dir").arg(&folder);
        command.arg("--target-dir").arg(workspace::target_dir().join("fuzz")).arg(name).arg(corpus);
        if target == Target::Ptx {
            command.arg(ptx_folder());
        }
        command
            .arg("--")
            .arg(format!("-max_total_time={}", args.seconds))
            .arg(format!("-max_len={}", target.max_bytes()));
        // Records are long before they mean anything, so lengths need not be tried from the shortest.
        command.args(["-len_control=0", "-timeout=30", "-rss_limit_mb=4096", "-print_final_stats=1"]);
        if target == Target::Ptx {
            command.arg(format!("-dict={}", dictionary()?.display()));
        }
        workspace::check(&mut command).with_context(|| format!("fuzzing found something in {name}"))?;
    }
    Ok(())
}

fn ptx_folder() -> PathBuf {
    workspace::root().join("crates/vgpu-soft/tests/ptx")
}

/// Writes the instructions that have tests as words for the fuzzer to put in.
fn dictionary() -> Result<PathBuf> {
    let forms = fs::read_to_string(ptx_folder().join("forms.txt")).context("forms.txt")?;
    let path = workspace::target_dir().join("fuzz/ptx.dict");
    fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).with_context(|| path.display().to_string())?;
    fs::write(&path, words(&forms)).with_context(|| path.display().to_string())?;
    Ok(path)
}

/// The first word of each line that is no comment, quoted.
fn words(forms: &str) -> String {
    let lines = forms.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_whitespace().next()).map(|form| format!("\"{form} \"\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionary_holds_the_forms_and_no_comments() {
        assert_eq!(words("# comment\nadd.f32 61 75\n\nbra 61\n"), "\"add.f32 \"\n\"bra \"\n");
    }

    #[test]
    fn every_target_has_a_file() {
        for target in Target::ALL {
            let file = workspace::root().join(format!("tests/fuzz/fuzz_targets/{}.rs", target.name()));
            assert!(file.exists(), "{}", file.display());
        }
    }
}
