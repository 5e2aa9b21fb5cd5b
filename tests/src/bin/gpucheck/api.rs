//! `api`: the C programs of `tests/api/`, natively and through vgpu. What each must print stands beside it.

use std::{fs, path::Path, process::Command, sync::Mutex, thread, time::Duration};

use crate::{
    process::{self, End},
    record::{check, fact},
    setup::{Setup, Side, pack},
};

const PROGRAM_MAX: Duration = Duration::from_secs(30);
/// Most of the time drivers start, and compile.
const AT_ONCE: usize = 5;
/// They look at what is free of a device: nothing else may take any.
const ALONE: [&str; 2] = ["one_ledger", "two_devices"];
/// How a program ends that finds less than it needs.
const SKIPPED: i32 = 77;

/// The step.
pub(crate) fn run(setup: &Setup) -> Result<(), String> {
    let folder = pack()?.join("guests/api");
    let names = names(&folder).map_err(|error| format!("{}, a part of the pack: {error}", folder.display()))?;
    let daemon = setup.start_daemon()?;
    let runs = names.iter().flat_map(|name| [Side::Native, Side::Vgpu(&daemon)].map(|side| (name.as_str(), side)));
    let (alone, together): (Vec<_>, Vec<_>) = runs.partition(|(name, _)| ALONE.contains(name));
    for (name, side) in alone {
        examine(setup, side, &folder, name)?;
    }
    let left = Mutex::new(together.into_iter());
    let take = || left.lock().expect("nobody panics with it").next();
    let work = || -> Result<(), String> {
        while let Some((name, side)) = take() {
            examine(setup, side, &folder, name)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread panicked".to_owned())?)
    })
}

/// The programs: each has what it must print beside it.
fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "out") {
            names.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
        }
    }
    names.sort();
    Ok(names)
}

/// Runs a program on a side, and says whether it has printed what it must.
fn examine(setup: &Setup, side: Side<'_>, folder: &Path, name: &str) -> Result<(), String> {
    let program = folder.join(name);
    let expected = fs::read_to_string(program.with_extension("out")).map_err(|error| format!("{name}.out: {error}"))?;
    let mut command = Command::new(program);
    setup.on(side, &mut command, &[])?;
    let (printed, end) = process::lines(&mut command, PROGRAM_MAX)?;
    let what = format!("{}: {name}", side.name());
    if matches!(end, End::Status(status) if status.code() == Some(SKIPPED)) {
        fact(what, "skipped");
        return Ok(());
    }
    let difference = difference(&printed, &expected.lines().collect::<Vec<_>>());
    let detail = match (&difference, end.is_well()) {
        (None, true) => String::new(),
        (None, false) => format!("it ends: {end}"),
        (Some(difference), _) => format!("{difference}; it ends: {end}"),
    };
    let is_right = difference.is_none() && end.is_well();
    match side {
        // What a driver does otherwise than its documents say, or loses a race for, is no fault of ours.
        Side::Native if !is_right => fact(what, format!("differs: {detail}")),
        _ => check(what, is_right, detail),
    }
    Ok(())
}

/// The first line in which what was printed is something else.
fn difference(printed: &[String], expected: &[&str]) -> Option<String> {
    let line = |number: usize| (printed.get(number).map(String::as_str), expected.get(number).copied());
    let number = (0..printed.len().max(expected.len())).find(|number| line(*number).0 != line(*number).1)?;
    let (printed, expected) = line(number);
    let shown = |line: Option<&str>| line.map_or("nothing".to_owned(), |line| format!("{line:?}"));
    Some(format!("line {} is {}, not {}", number + 1, shown(printed), shown(expected)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_shown() {
        let printed = ["a", "b"].map(str::to_owned);
        assert_eq!(difference(&printed, &["a", "b"]), None);
        assert_eq!(difference(&printed, &["a", "c"]), Some("line 2 is \"b\", not \"c\"".to_owned()));
        assert_eq!(difference(&printed, &["a"]), Some("line 2 is \"b\", not nothing".to_owned()));
        assert_eq!(difference(&printed[..1], &["a", "b"]), Some("line 2 is nothing, not \"b\"".to_owned()));
    }
}
