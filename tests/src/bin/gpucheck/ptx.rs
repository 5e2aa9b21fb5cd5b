//! `ptx`: the cases of single instructions, whose results a model knows. A GPU must get them right as the interpreter does.
//!
//! The cases are a test program of the software GPU's, told to use another device.

use std::{path::Path, process::Command, thread, time::Duration};

use vgpu_core::abi::CUdevice_attribute_enum as Attribute;

use crate::{
    cuda::Cuda,
    process::{self, End},
    record::{check, fact},
    setup::{Setup, Side, pack},
};

/// After it, a context is of no use.
const FAULTS: &str = "control::a_trap_ends_the_launch";
const CASES_MAX: Duration = Duration::from_secs(60);

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
    // `coverage` asks the cases for their names only.
    let selections: [&[&str]; 2] = [&["--skip", FAULTS, "--skip", "coverage::"], &["--exact", FAULTS]];
    let cases = |side: Side<'_>| -> Result<Cases, String> {
        let run = |selection: &&[&str]| {
            let mut command = command(setup, side, &program, &target)?;
            process::lines(command.args(*selection), CASES_MAX)
        };
        selections.iter().map(run).collect()
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
type Cases = Vec<(Vec<String>, End)>;

fn report(side: &str, cases: &Cases) {
    let mut count = 0;
    for (lines, end) in cases {
        for (name, verdict) in lines.iter().filter_map(|line| result(line)) {
            count += 1;
            let is_right = verdict == "ok";
            check(format_args!("{side}: {name}"), is_right, if is_right { "" } else { verdict });
        }
        // What it says of what it has found.
        if !end.is_well() {
            lines.iter().filter(|line| result(line).is_none()).for_each(|line| fact("said", line));
        }
        check(format_args!("{side}: the cases reach their end"), end.is_well(), end);
    }
    check(format_args!("{side}: there are cases"), count > 0, count);
}

fn command(setup: &Setup, side: Side<'_>, program: &Path, target: &str) -> Result<Command, String> {
    let mut command = Command::new(program);
    setup.on(side, &mut command, &[])?;
    command.env("VGPU_TEST_LIBCUDA", setup.library_of(side)?).env("VGPU_TEST_PTX", pack()?.join("guests/ptx"));
    command.env("VGPU_TEST_TARGET", target);
    // Each case compiles kernels of its own.
    command.arg("--test-threads=4");
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
