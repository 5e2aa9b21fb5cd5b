//! What a library's kernels ask of the software GPU: parses and compiles every one of them, and counts.
//!
//! `corpus [options] <library or .ptx file> <capability>` takes from each fatbin of the library the PTX that a device of
//! that capability would run. It prints how often each opcode form occurs (with `--forms`) and every form that is not
//! supported, with the first kernel and line that need it. The exit status is 1 when there is one that the allow-list of
//! `--allow FILE` (a form per line, `#` comments) does not name.
//!
//! `--kernels` names every kernel that is refused, and why: `refused NAME REASON`. What is refused is no failure then.
//!
//! `tests/ptx/forms.txt` is the list of forms that have tests: a form and the capabilities that use it per line.
//! `--write-forms FILE` writes this capability's part of it, and `--check-forms FILE` fails when a form is not in it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use vgpu_core::fatbin;
use vgpu_core::wire::messages::ImageKind;
use vgpu_soft::exec::{self, CompileOptions, Isa};
use vgpu_soft::{image, ptx};

/// What was found in all units.
#[derive(Default)]
struct Census {
    units: usize,
    text_bytes: usize,
    kernels: usize,
    instructions: usize,
    forms: BTreeMap<String, usize>,
    /// Form (or reason) to how often, and where first.
    unsupported: BTreeMap<String, (usize, String)>,
    /// With the first reason of each.
    kernels_refused: Vec<(String, String)>,
    scan_time: Duration,
    parse_time: Duration,
    compile_time: Duration,
}

struct Arguments {
    file: String,
    capability: u32,
    allow: Option<String>,
    lists_forms: bool,
    lists_kernels: bool,
    write_forms: Option<String>,
    check_forms: Option<String>,
}

const USAGE: &str = "usage: corpus [--allow FILE] [--forms] [--kernels] [--write-forms FILE] [--check-forms FILE] \
                     <library or .ptx file> <capability, like 75>";

fn main() -> ExitCode {
    let Some(arguments) = arguments() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("corpus: {error}");
            ExitCode::from(2)
        }
    }
}

fn arguments() -> Option<Arguments> {
    let (mut plain, mut allow, mut lists_forms, mut lists_kernels) = (Vec::new(), None, false, false);
    let (mut write_forms, mut check_forms) = (None, None);
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--allow" => allow = Some(given.next()?),
            "--forms" => lists_forms = true,
            "--kernels" => lists_kernels = true,
            "--write-forms" => write_forms = Some(given.next()?),
            "--check-forms" => check_forms = Some(given.next()?),
            _ => plain.push(argument),
        }
    }
    let [file, capability] = <[String; 2]>::try_from(plain).ok()?;
    let capability = capability.parse().ok()?;
    Some(Arguments { file, capability, allow, lists_forms, lists_kernels, write_forms, check_forms })
}

fn run(arguments: &Arguments) -> Result<bool, Box<dyn std::error::Error>> {
    let allowed: HashSet<String> = match &arguments.allow {
        None => HashSet::new(),
        Some(path) => {
            let text = std::fs::read_to_string(path)?;
            let lines = text.lines().map(|line| line.split('#').next().unwrap_or("").trim().to_owned());
            lines.filter(|line| !line.is_empty()).collect()
        }
    };
    let bytes = std::fs::read(&arguments.file)?;
    let options = CompileOptions { capability: arguments.capability, isa: Isa::detect(), race_check: false };
    let mut census = Census::default();
    if arguments.file.ends_with(".ptx") {
        census.unit(&image::ptx_text(ImageKind::Ptx, &bytes)?, &options)?;
    } else {
        for container in containers(&bytes) {
            match fatbin::select(container, arguments.capability) {
                Ok(entry) => census.unit(&image::ptx_text(ImageKind::FatbinEntry, entry.bytes())?, &options)?,
                Err(error) => println!("skipped: {error}"),
            }
        }
    }
    census.print(arguments.lists_forms);
    if arguments.lists_kernels {
        census
            .kernels_refused
            .iter()
            .for_each(|(name, reason)| println!("refused {name} {}", reason.replace('\n', " ")));
    }
    if let Some(path) = &arguments.write_forms {
        let mut list = if Path::new(path).exists() { FormList::read(path)? } else { FormList::default() };
        list.replace(arguments.capability, &census.forms);
        list.write(path)?;
    }
    if let Some(path) = &arguments.check_forms {
        let missing = FormList::read(path)?.missing(arguments.capability, &census.forms);
        for form in &missing {
            println!("{path} lacks {form} at {}", arguments.capability);
        }
        if !missing.is_empty() {
            return Ok(false);
        }
    }
    Ok(census.kernels > 0 && (arguments.lists_kernels || census.unsupported.keys().all(|form| allowed.contains(form))))
}

/// All fatbins in a file, wherever they lie.
fn containers(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if let Ok(container) = fatbin::Container::parse(rest) {
                at += container.bytes().len();
                return Some(container.bytes());
            }
            at += 8;
        }
        None
    })
}

/// The opcode forms of a corpus, and the capabilities that use each.
#[derive(Default)]
struct FormList(BTreeMap<String, BTreeSet<u32>>);

impl FormList {
    const HEAD: &str = "# The opcode forms that the client's kernels use, and the compute capabilities that use each.\n\
                        # Written by `cargo run --release -p vgpu-soft --example corpus -- --write-forms`.\n";

    fn read(path: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let mut list = Self::default();
        for line in std::fs::read_to_string(path)?.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split_whitespace();
            if let Some(form) = words.next() {
                list.0.insert(form.to_owned(), words.map(str::parse).collect::<Result<_, _>>()?);
            }
        }
        Ok(list)
    }

    /// Makes the forms of a capability those of a census.
    fn replace(&mut self, capability: u32, forms: &BTreeMap<String, usize>) {
        for capabilities in self.0.values_mut() {
            capabilities.remove(&capability);
        }
        for form in forms.keys() {
            self.0.entry(form.clone()).or_default().insert(capability);
        }
        self.0.retain(|_, capabilities| !capabilities.is_empty());
    }

    fn write(&self, path: &str) -> std::io::Result<()> {
        let lines = self.0.iter().map(|(form, capabilities)| {
            let capabilities: Vec<String> = capabilities.iter().map(u32::to_string).collect();
            format!("{form} {}\n", capabilities.join(" "))
        });
        std::fs::write(path, Self::HEAD.to_owned() + &lines.collect::<String>())
    }

    fn missing<'c>(&self, capability: u32, forms: &'c BTreeMap<String, usize>) -> Vec<&'c str> {
        let is_listed = |form: &String| self.0.get(form).is_some_and(|list| list.contains(&capability));
        forms.keys().filter(|form| !is_listed(form)).map(String::as_str).collect()
    }
}

impl Census {
    fn unit(&mut self, text: &str, options: &CompileOptions) -> Result<(), ptx::Error> {
        let start = Instant::now();
        let module = ptx::parse_module(text)?;
        self.scan_time += start.elapsed();
        self.units += 1;
        self.text_bytes += text.len();
        for kernel_text in &module.kernels {
            self.kernels += 1;
            let start = Instant::now();
            match ptx::parse_kernel(&module, kernel_text) {
                Ok(kernel) => {
                    self.parse_time += start.elapsed();
                    self.instructions += kernel.instructions.len();
                    for instruction in &kernel.instructions {
                        match self.forms.get_mut(instruction.opcode.text()) {
                            Some(count) => *count += 1,
                            None => drop(self.forms.insert(instruction.opcode.text().to_owned(), 1)),
                        }
                    }
                }
                Err(error) => println!("{}: {error}", kernel_text.name),
            }
            let start = Instant::now();
            // Any address will do: nothing is run.
            let refusals = exec::supports(&module, kernel_text, &|_: &str| Some(0x1000), options);
            self.compile_time += start.elapsed();
            if let Some(first) = refusals.first() {
                self.kernels_refused.push((kernel_text.name.to_owned(), first.to_string()));
            }
            for refusal in refusals {
                let form = if refusal.opcode.is_empty() { refusal.reason.clone() } else { refusal.opcode.clone() };
                self.unsupported.entry(form).or_insert_with(|| (0, refusal.to_string())).0 += 1;
            }
        }
        Ok(())
    }

    fn print(&self, lists_forms: bool) {
        if lists_forms {
            for (form, count) in &self.forms {
                println!("{count:>9} {form}");
            }
        }
        for (form, (count, first)) in &self.unsupported {
            println!("unsupported {form} ({count} times), first in {first}");
        }
        println!(
            "{} units, {} MB of PTX, {} kernels, {} instructions, {} forms; {} forms unsupported in {} kernels",
            self.units,
            self.text_bytes >> 20,
            self.kernels,
            self.instructions,
            self.forms.len(),
            self.unsupported.len(),
            self.kernels_refused.len(),
        );
        println!("scan {:.2?}, parse {:.2?}, compile {:.2?}", self.scan_time, self.parse_time, self.compile_time);
    }
}
