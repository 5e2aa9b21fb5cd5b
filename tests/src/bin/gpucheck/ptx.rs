//! `ptx`: the cases of single instructions, whose results a model knows. A GPU must get them right as the interpreter does.
//!
//! The cases are a test program of the software GPU's, told to use another device, and to go on where it computes something else.
//! What that is interests most natively; through vgpu the same device answers, so that a selection is enough there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
    process::Command,
    thread,
    time::Duration,
};

use vgpu_core::abi::CUdevice_attribute_enum as Attribute;

use crate::{
    cuda::Cuda,
    process::{self, End},
    record::{check, fact},
    setup::{Setup, Side, pack},
};

/// After it, a context is of no use.
const FAULTS: &str = "control::a_trap_ends_the_launch";
const CASES_MAX: Duration = Duration::from_secs(100);
/// Cases that go through vgpu, too.
const THROUGH_VGPU: [&str; 4] = ["control::", "files::", "matrix::", "transfer::"];
/// Differences of a case that are shown.
const SHOWN_MAX: usize = 40;
/// Each case compiles kernels of its own, which takes longer than to run them.
const THREADS_MAX: usize = 16;

/// The step.
pub(crate) fn run(setup: &Setup) -> Result<(), String> {
    let program = pack()?.join("guests/instructions");
    if !program.exists() {
        return Err(format!("{} is missing: it is a part of the pack", program.display()));
    }
    let target = target(setup)?;
    fact("the cases' target", &target);
    let daemon = setup.start_daemon()?;
    let sides = [Side::Native, Side::Vgpu(&daemon)];
    let folder = tempfile::tempdir().map_err(|error| format!("a folder for differences: {error}"))?;
    let cases = |side: Side<'_>| -> Result<Cases, String> {
        let differences = folder.path().join(side.name());
        // `coverage` asks the cases for their names only.
        let most = ["--skip", FAULTS, "--skip", "coverage::"];
        let selection: &[&str] = if matches!(side, Side::Native) { &[] } else { &THROUGH_VGPU };
        let run = |arguments: &[&str]| {
            let mut command = command(setup, side, &program, &target)?;
            process::lines(command.env("VGPU_TEST_DIFFERENCES", &differences).args(arguments), CASES_MAX)
        };
        let runs = vec![run(&[&most, selection].concat())?, run(&["--exact", FAULTS])?];
        let differences = read_differences(&differences).map_err(|error| format!("differences: {error}"))?;
        Ok(Cases { runs, differences })
    };
    // Both at once: nothing is timed, and drivers take their time to compile.
    let results = thread::scope(|scope| {
        let cases = &cases;
        let running = sides.map(|side| scope.spawn(move || cases(side)));
        running.map(|thread| thread.join().unwrap_or_else(|_| Err("a thread panicked".to_owned())))
    });
    for (side, results) in sides.iter().zip(results) {
        report(side.name(), &results?);
    }
    Ok(())
}

/// What runs of the program have said, and how they ended.
struct Cases {
    runs: Vec<(Vec<String>, End)>,
    /// By case.
    differences: BTreeMap<String, Differences>,
}

/// What the device computes, and the model of a case does not.
#[derive(Default)]
struct Differences {
    /// Those of each form and kind in turns, so that the first ones show them all.
    unknown: Vec<String>,
    /// Those that the case expects of a GPU: one of each form and kind, with their number and the reason.
    known: Vec<String>,
}

fn report(side: &str, cases: &Cases) {
    let mut count = 0;
    let none = Differences::default();
    for (lines, end) in &cases.runs {
        for (name, verdict) in lines.iter().filter_map(|line| result(line)) {
            count += 1;
            let Differences { unknown, known } = cases.differences.get(name).unwrap_or(&none);
            let is_right = verdict == "ok" && unknown.is_empty();
            let detail = match unknown.len() {
                _ if is_right => String::new(),
                0 => verdict.to_owned(),
                count => format!("{verdict}, {count} results differ"),
            };
            check(format_args!("{side}: {name}"), is_right, detail);
            unknown.iter().take(SHOWN_MAX).for_each(|difference| fact("  differs", difference));
            known.iter().for_each(|difference| fact("  known", difference));
        }
        // What it says of what it has found.
        if !end.is_well() {
            lines.iter().filter(|line| result(line).is_none()).for_each(|line| fact("said", line));
        }
        check(format_args!("{side}: the cases reach their end"), end.is_well(), end);
    }
    check(format_args!("{side}: there are cases"), count > 0, count);
}

/// The differences that the program has written, if there are any: by case.
fn read_differences(path: &Path) -> io::Result<BTreeMap<String, Differences>> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        text => text?,
    };
    Ok(by_case(&text))
}

fn by_case(text: &str) -> BTreeMap<String, Differences> {
    let mut seen = BTreeSet::new();
    // By case and kind; the last word of a kind is why it is known.
    let mut cases: BTreeMap<&str, BTreeMap<[&str; 4], Vec<String>>> = BTreeMap::new();
    for line in text.lines().filter(|line| seen.insert(*line)) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [case, form, operands, lane, device, model, engine, known] = fields[..] else {
            continue;
        };
        let what = match lane {
            "active" => format!("the device gives {device}, the model {model}"),
            _ => format!("the device leaves {device} in a lane that was not active and held {model}"),
        };
        let shown = format!("{form} of {operands}: {what} ({engine})");
        cases.entry(case).or_default().entry([form, engine, lane, known]).or_default().push(shown);
    }
    cases.into_iter().map(|(case, kinds)| (case.to_owned(), by_reason(kinds))).collect()
}

fn by_reason(kinds: BTreeMap<[&str; 4], Vec<String>>) -> Differences {
    let (unknown, known): (Vec<_>, Vec<_>) = kinds.into_iter().partition(|([.., reason], _)| reason.is_empty());
    let known = known.into_iter().map(|([.., reason], shown)| format!("{}, 1 of {}: {reason}", shown[0], shown.len()));
    Differences { unknown: in_turns(unknown.into_iter().map(|(_, shown)| shown).collect()), known: known.collect() }
}

/// The first of each list, the second of each, and so on.
fn in_turns(lists: Vec<Vec<String>>) -> Vec<String> {
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest).flat_map(|at| lists.iter().filter_map(move |list| list.get(at).cloned())).collect()
}

fn command(setup: &Setup, side: Side<'_>, program: &Path, target: &str) -> Result<Command, String> {
    let mut command = Command::new(program);
    setup.on(side, &mut command, &[])?;
    command.env("VGPU_TEST_LIBCUDA", setup.library_of(side)?).env("VGPU_TEST_PTX", pack()?.join("guests/ptx"));
    command.env("VGPU_TEST_TARGET", target);
    // With one thread, cases would not know their names.
    let threads = thread::available_parallelism().map_or(4, |count| count.get().clamp(4, THREADS_MAX));
    command.arg(format!("--test-threads={threads}"));
    Ok(command)
}

/// The cases are for 9.0; most of them hold for older devices.
fn target(setup: &Setup) -> Result<String, String> {
    let mut command = setup.worker(Side::Native, "capability")?;
    let (lines, end) = process::lines(&mut command, CASES_MAX)?;
    let capability: Option<u32> = lines.first().and_then(|line| line.parse().ok());
    let capability = capability.ok_or_else(|| format!("a process that asks for the capability ended: {end}"))?;
    Ok(format!("sm_{}", capability.min(90)))
}

/// The worker of [`target`]: 10 · major + minor.
pub(crate) fn capability(setup: &Setup) -> Result<(), String> {
    let cuda = Cuda::load(&setup.library()).map_err(|error| error.to_string())?;
    cuda.cuInit(0).check("cuInit")?;
    let attribute = |attribute| cuda.attribute(attribute).map_err(|code| format!("cuDeviceGetAttribute: {code}"));
    let major = attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
    let minor = attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
    println!("{}", 10 * major + minor);
    Ok(())
}

/// Reads `test float::halves ... ok`.
fn result(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("test ")?.split_once(" ... ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_shown_by_case_and_every_form_is_among_the_first() {
        let line = |case: &str, form: &str, operand: &str, lane: &str, known: &str| {
            format!("{case}\t{form}\t{operand}\t{lane}\t0x1\t0x0\tGpu(Gpu), All\t{known}\n")
        };
        let text = [
            line("bits::a", "bfe.u64", "0x1", "active", ""),
            line("bits::a", "bfe.u64", "0x1", "active", ""),
            line("bits::a", "bfe.u64", "0x2", "active", ""),
            line("bits::a", "bfe.s64", "0x1", "active", ""),
            line("bits::a", "bfe.s64", "0x100", "active", "a reason"),
            line("bits::a", "bfe.s64", "0x101", "active", "a reason"),
            line("compare::b", "testp", "0x3", "inactive", ""),
            "cut off".to_owned(),
        ];
        let cases = by_case(&text.concat());
        assert_eq!(
            cases["bits::a"].unknown,
            [
                "bfe.s64 of 0x1: the device gives 0x1, the model 0x0 (Gpu(Gpu), All)",
                "bfe.u64 of 0x1: the device gives 0x1, the model 0x0 (Gpu(Gpu), All)",
                "bfe.u64 of 0x2: the device gives 0x1, the model 0x0 (Gpu(Gpu), All)",
            ]
        );
        assert_eq!(
            cases["bits::a"].known,
            ["bfe.s64 of 0x100: the device gives 0x1, the model 0x0 (Gpu(Gpu), All), 1 of 2: a reason"]
        );
        assert!(cases["compare::b"].unknown[0].starts_with("testp of 0x3: the device leaves 0x1 in a lane"));
        assert_eq!(cases.len(), 2);
    }
}
