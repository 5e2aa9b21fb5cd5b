//! llama.cpp's CUDA backend: what the loader would choose for it, and what comes of opening it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::check::Check;
use super::libraries::{LIBRARIES, Origin, Reference, link_note};
use super::probe::{self, Setting, Task};
use super::search::{Environment, Mapped, Missing, Place, Process, Unresolved};
use crate::elf::Object;

/// What a backend must need for vgpu to serve it.
const RUNTIME: &str = "libcudart.so.12";
/// Programs work without it.
const OPTIONAL: &str = "libnvidia-ml.so.1";
/// Names of symbols that one check lists.
const NAMES_MAX: usize = 20;

/// A backend, and the library path that its process has.
pub(super) struct Backend {
    /// Of its folder.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) library_path: OsString,
}

impl Backend {
    /// A backend by itself, opened with this process's own library path.
    pub(super) fn alone(path: &Path) -> Result<Self> {
        let path = fs::canonicalize(path).with_context(|| path.display().to_string())?;
        let library_path = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        Ok(Self { name: "backend".into(), path, library_path })
    }

    /// Why vgpu does not serve this backend, if so.
    pub(super) fn unserved(&self) -> Option<String> {
        let object = Object::read(&self.path).ok()?;
        let other = object.needed.iter().find(|name| name.starts_with("libcudart.so.") && *name != RUNTIME)?;
        Some(format!("it needs {other}, which vgpu does not have"))
    }
}

/// What one backend's checks found.
pub(super) struct Findings {
    pub(super) checks: Vec<Check>,
    /// Of our libraries, those for which there was no file.
    pub(super) not_found: Vec<&'static str>,
}

/// Looks at one backend.
pub(super) fn examine(backend: &Backend, reference: &Reference, program: &Path) -> Findings {
    let shown = backend.path.display();
    let environment = Environment::with_library_path(backend.library_path.clone());
    let start = Check::ok(format!("{}.file", backend.name), format!("{}: the file {shown}", backend.name))
        .saw(format!("LD_LIBRARY_PATH={}", backend.library_path.display()));
    let mut findings = Findings { checks: Vec::new(), not_found: Vec::new() };
    let mut process = match Process::start(program, environment) {
        Ok(process) => process,
        Err(error) => {
            findings.checks.push(start.skipped(format!("{} cannot be read: {error}", program.display())));
            return findings;
        }
    };
    if let Err(error) = Object::read(&backend.path) {
        let fix = "install Ollama (or whatever brought this file) again";
        findings.checks.push(start.failed(format!("{shown}: {error}"), fix));
        return findings;
    }
    let Some(scope) = process.open(&backend.path.to_string_lossy()) else {
        findings
            .checks
            .push(start.failed(format!("{shown} cannot be opened by its path"), "give it a path of plain text"));
        return findings;
    };
    findings.checks.push(start);
    // Programs open these by name, besides what the backend needs.
    let by_name = ["libcuda.so.1", OPTIONAL].map(|name| (name, process.open(name).unwrap_or_default()));

    for library in &LIBRARIES {
        let found = process.loaded(library.soname).map(|index| &process.objects[index]);
        let missing = process.missing.iter().find(|missing| missing.name == library.soname);
        let title = format!("{}: the {} that the loader takes", backend.name, library.soname);
        let check = Check::ok(format!("{}.search.{}", backend.name, library.soname), title);
        match (found, missing) {
            (Some(found), _) => findings.checks.push(chosen(check, library.soname, found, reference)),
            (None, Some(missing)) => {
                findings.checks.push(not_found(check, missing, reference, &process));
                findings.not_found.push(library.soname);
            }
            // Nothing needs it.
            (None, None) => {}
        }
    }
    let is_ours = |name: &str| LIBRARIES.iter().any(|library| library.soname == name);
    let others: Vec<_> = process.missing.iter().filter(|missing| !is_ours(&missing.name)).collect();
    let check = Check::ok(
        format!("{}.search.others", backend.name),
        format!("{}: the other libraries that it needs", backend.name),
    );
    findings.checks.push(match others.first() {
        None => check,
        Some(first) => {
            let rest = others.iter().skip(1).map(|missing| missing_text(missing));
            check
                .saw_all(rest)
                .failed(missing_text(first), format!("install {}, or add its folder to LD_LIBRARY_PATH", first.name))
        }
    });
    findings.checks.push(symbols(backend, &process, &scope));
    for (name, scope) in by_name {
        let unresolved = process.unresolved(&scope);
        if let (Some(first), Some(&root)) = (unresolved.first(), scope.first()) {
            let path = process.objects[root].path.display().to_string();
            let check = Check::ok(
                format!("{}.symbols.{name}", backend.name),
                format!("{}: what {name} itself calls", backend.name),
            );
            let cause =
                format!("{path} cannot be loaded: undefined symbol {first}, needed by {}", first.needed_by.display());
            findings.checks.push(check.failed(cause, again(reference, Path::new(&path))));
        }
    }
    findings.checks.push(open(backend, &process, &scope, program));
    findings
}

fn again(reference: &Reference, path: &Path) -> String {
    format!("replace {} by the one in {}, or remove it", path.display(), reference.folder.display())
}

/// Judges the file that the loader takes for one of our names.
fn chosen(check: Check, soname: &str, found: &Mapped, reference: &Reference) -> Check {
    let path = &found.path;
    let shown = format!("{}{}", path.display(), link_note(path));
    let is_copy =
        |origin| found.passed_over.iter().filter(move |other| reference.origin(&other.path, soname) == origin);
    let check = check.saw(format!("{shown}, through {}", found.place)).saw_all(
        found.passed_over.iter().map(|other| format!("passed over: {} ({})", other.path.display(), other.place)),
    );
    let ours_later = is_copy(Origin::Ours).next();
    match found.object.soname.as_deref() {
        Some(own) if own == soname => {}
        Some(own) => return check.failed(format!("{shown} is {own} under the name {soname}"), again(reference, path)),
        None => return check.failed(format!("{shown} has no SONAME, so it is not {soname}"), again(reference, path)),
    }
    match reference.origin(path, soname) {
        Origin::Ours => match is_copy(Origin::OtherBuild).next() {
            None => check,
            Some(stale) => check.warning(
                format!(
                    "{} is of another build of vgpu; it is passed over now, but need not be always",
                    stale.path.display()
                ),
                format!("remove {}", stale.path.display()),
            ),
        },
        Origin::OtherBuild => check.failed(
            format!("{shown} is of another build of vgpu than {}", reference.folder.display()),
            again(reference, path),
        ),
        Origin::Foreign if soname == OPTIONAL => check
            .warning(format!("{shown} is not vgpu's: memory will be asked of another device"), again(reference, path)),
        Origin::Foreign => match ours_later {
            Some(ours) => check.failed(
                format!("{shown} is not vgpu's, and comes before ours ({}, {})", ours.path.display(), ours.place),
                before(reference, soname, found),
            ),
            None => check.failed(
                format!("{shown} is not vgpu's, and ours is in no directory that is searched"),
                before(reference, soname, found),
            ),
        },
    }
}

/// How ours gets before another file.
fn before(reference: &Reference, soname: &str, found: &Mapped) -> String {
    let ours = reference.folder.join(soname);
    match found.place {
        Place::Preloaded => "unset LD_PRELOAD".to_owned(),
        _ => format!("put {} in its place, or in a directory that is searched before it", ours.display()),
    }
}

fn not_found(check: Check, missing: &Missing, reference: &Reference, process: &Process) -> Check {
    let mut seen = Vec::new();
    let by = process.objects.iter().position(|object| Some(&object.path) == missing.needed_by.as_ref()).unwrap_or(0);
    for (directory, place) in process.directories(by) {
        let state = if directory.is_dir() { "" } else { ": does not exist" };
        let line = format!("searched {} ({place}){state}", directory.display());
        if !seen.contains(&line) {
            seen.push(line);
        }
    }
    let check = check.saw_all(seen);
    let ours = reference.folder.join(&missing.name);
    let fix = format!(
        "link {} into one of the directories that are searched, or add {} to LD_LIBRARY_PATH",
        ours.display(),
        reference.folder.display()
    );
    if missing.name == OPTIONAL && missing.stopped_at.is_none() {
        return check.warning(missing_text(missing), fix);
    }
    check.failed(missing_text(missing), fix)
}

fn missing_text(missing: &Missing) -> String {
    match &missing.stopped_at {
        Some((candidate, why)) => format!(
            "for {} the loader comes to {}{} first, and stops there: {why}",
            missing.name,
            candidate.path.display(),
            link_note(&candidate.path)
        ),
        None => {
            let who = missing.needed_by.as_ref().map(|path| format!("{} needs", path.display()));
            let who = who.unwrap_or_else(|| "programs open by its name".into());
            format!("{}, which {who}, is in no directory that is searched", missing.name)
        }
    }
}

fn symbols(backend: &Backend, process: &Process, scope: &[usize]) -> Check {
    let check =
        Check::ok(format!("{}.symbols", backend.name), format!("{}: the functions that it calls", backend.name));
    if let Some(node) = process.missing_nodes(scope).first() {
        let has: Vec<_> = process
            .loaded(&node.library)
            .map(|index| process.objects[index].object.nodes.iter().cloned().collect())
            .unwrap_or_default();
        return check.failed(
            format!(
                "{} has no version node {:?}, which {} needs; it has {has:?}",
                node.path.display(),
                node.version,
                node.needed_by.display()
            ),
            format!("replace {} by a {} that was linked with its version nodes", node.path.display(), node.library),
        );
    }
    let unresolved = process.unresolved(scope);
    let Some(first) = unresolved.first() else { return check };
    let rest = unresolved.iter().skip(1).take(NAMES_MAX).map(|symbol| format!("also {symbol}"));
    let left = unresolved.len().saturating_sub(NAMES_MAX + 1);
    let check = check.saw_all(rest).saw_all((left > 0).then(|| format!("and {left} more")));
    let Some(at) = home(first).and_then(|name| process.loaded(&name)) else {
        return check.failed(
            format!(
                "undefined symbol {first}, needed by {}; the library that has it is not found",
                first.needed_by.display()
            ),
            "mend what is named above first",
        );
    };
    let home = &process.objects[at];
    let other = home.object.exports.get(&first.name).and_then(|exports| exports.first());
    let cause = match other {
        Some(other) => format!(
            "{} has {} with version node {:?} instead of {:?}, which {} needs",
            home.path.display(),
            first.name,
            other.version.as_deref().unwrap_or(""),
            first.version.as_deref().unwrap_or(""),
            first.needed_by.display()
        ),
        None => format!("{} lacks {first}, which {} needs", home.path.display(), first.needed_by.display()),
    };
    check.failed(cause, format!("replace {} by vgpu's", home.path.display()))
}

/// The library that a symbol should come from.
fn home(symbol: &Unresolved) -> Option<String> {
    let by_name = || {
        let name = &symbol.name;
        let is_driver = name.strip_prefix("cu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
        match () {
            () if name.starts_with("nvml") => Some(OPTIONAL),
            () if name.starts_with("cublas") => Some("libcublas.so.12"),
            () if name.starts_with("cuda") || name.starts_with("__cuda") => Some(RUNTIME),
            () if is_driver => Some("libcuda.so.1"),
            () => None,
        }
    };
    symbol.library.clone().or_else(|| by_name().map(str::to_owned))
}

/// Opens the backend for real, in a child process, and holds what was mapped against the model.
fn open(backend: &Backend, process: &Process, scope: &[usize], program: &Path) -> Check {
    let check =
        Check::ok(format!("{}.open", backend.name), format!("{}: opening it, as Ollama does (RTLD_NOW)", backend.name));
    let stopped_at = process.missing.iter().filter_map(|missing| missing.stopped_at.as_ref());
    if let Some((candidate, _)) = stopped_at.into_iter().find(|(candidate, _)| !candidate.path.is_file()) {
        // Opening a pipe or a device may never end.
        return check.skipped(format!("{} is no file that could be opened without harm", candidate.path.display()));
    }
    let answer = match probe::ask(&Setting::new(program, &backend.library_path), &Task::Open(&backend.path)) {
        Ok(answer) => answer,
        Err(why) => {
            return check.failed(why, "mend what is named above; if nothing is, run it with LD_DEBUG=libs,symbols set");
        }
    };
    if let Some(error) = answer.error {
        return check.failed(error, "mend what is named above; if nothing is, run it with LD_DEBUG=libs,symbols set");
    }
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned();
    let unlike: Vec<_> = scope
        .iter()
        .map(|index| &process.objects[*index].path)
        .filter(|path| !answer.mapped.contains(&real(path)))
        .map(|path| format!("expected, but not mapped: {}", path.display()))
        .collect();
    if unlike.is_empty() {
        return check.saw(format!("{} libraries are mapped from where they were expected", scope.len()));
    }
    let mapped = answer.mapped.iter().map(|path| format!("mapped: {path}"));
    check.saw_all(unlike).saw_all(mapped).warning(
        "the loader took other files than the ones named above",
        "go by the files that are listed here as mapped",
    )
}
