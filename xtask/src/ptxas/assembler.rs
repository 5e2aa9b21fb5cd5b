//! NVIDIA's assembler, asked which forms it takes.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf, process::Command};

use anyhow::{Context, Result, ensure};
use tempfile::{NamedTempFile, TempDir};

/// What the kernels of a program are called, before their number.
pub(super) const KERNEL: &str = "k";

/// Forms that are asked about at once.
const BATCH: usize = 500;

/// What forms may name.
const MODULE: &str = "\
.global .align 16 .b8 gl[1024];
.const .align 16 .b8 co[1024];
.shared .align 16 .b8 sh[1024];
";
const BODY: &str = "\
.reg .pred p<4>; .reg .b16 h<16>; .reg .b32 r<40>; .reg .b64 d<16>; .reg .f32 f<24>; .reg .f64 g<16>; .reg .b128 q<4>; \
.local .align 16 .b8 lo[64]; ";

/// The assembler, and a folder to work in.
pub(super) struct Assembler {
    program: PathBuf,
    folder: TempDir,
}

/// A program of which each kernel is one form that the assembler takes.
pub(super) struct Program<'f> {
    pub(super) file: NamedTempFile,
    /// The form of each kernel, by its number.
    pub(super) forms: Vec<&'f str>,
}

impl Assembler {
    pub(super) fn new(program: PathBuf) -> Result<Self> {
        Ok(Self { program, folder: tempfile::tempdir().context("a temporary folder")? })
    }

    /// The program of all forms that a target has.
    pub(super) fn assemble<'f>(&self, version: &str, target: &str, forms: &'f [String]) -> Result<Program<'f>> {
        let mut taken = Vec::new();
        for batch in forms.chunks(BATCH) {
            let mut left: Vec<&str> = batch.iter().map(String::as_str).collect();
            loop {
                let wrong = self.wrong(version, target, &left)?;
                if wrong.is_empty() {
                    break;
                }
                let kept = (0..).zip(left).filter(|(number, _)| !wrong.contains(number));
                left = kept.map(|(_, form)| form).collect();
            }
            taken.extend(left);
        }
        let file = tempfile::Builder::new().suffix(".ptx").tempfile_in(self.folder.path());
        let file = file.context("a temporary file")?;
        fs::write(file.path(), text(version, target, &taken).0).context("the program")?;
        Ok(Program { file, forms: taken })
    }

    /// Which forms of a program the assembler finds fault with; if it finds the text unreadable, the first of them.
    fn wrong(&self, version: &str, target: &str, forms: &[&str]) -> Result<BTreeSet<usize>> {
        if forms.is_empty() {
            return Ok(BTreeSet::new());
        }
        let (text, first_line) = text(version, target, forms);
        let file = self.folder.path().join("batch.ptx");
        fs::write(&file, text).context("the program")?;
        let mut ptxas = Command::new(&self.program);
        ptxas.args(["-O0", "-arch", target, "-o", "/dev/null"]).arg(&file);
        let output = ptxas.output().with_context(|| self.program.display().to_string())?;
        let errors = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
        if output.status.success() {
            return Ok(BTreeSet::new());
        }
        let lines = errors.lines().filter_map(blamed_line);
        let wrong: BTreeSet<usize> = lines.filter_map(|line| line.checked_sub(first_line)).collect();
        ensure!(wrong.iter().any(|number| *number < forms.len()), "ptxas says of no form what is wrong: {errors}");
        Ok(wrong)
    }
}

/// The line that a message speaks of: `FILE, line 7; error   : …`, `FILE, line 7; fatal   : …`, or, of addresses of 32 bits, which
/// it finds fatal later and without a line, `… on line '7' …`.
fn blamed_line(message: &str) -> Option<usize> {
    let number = match message.split_once("on line '") {
        Some((_, behind)) => behind.split_once('\'')?.0,
        None if message.contains("error") || message.contains("fatal") => {
            message.split_once(", line ")?.1.split_once(';')?.0
        }
        None => return None,
    };
    number.parse().ok()
}

/// A program with one kernel for each form, and the line of the first.
fn text(version: &str, target: &str, forms: &[&str]) -> (String, usize) {
    let mut text = format!(".version {version}\n.target {target}\n.address_size 64\n{MODULE}");
    let first_line = text.lines().count() + 1;
    for (number, form) in forms.iter().enumerate() {
        let _ = writeln!(text, ".visible .entry {KERNEL}{number}(.param .align 8 .b8 pa[64]) {{ {BODY}{form}; ret; }}");
    }
    (text, first_line)
}
