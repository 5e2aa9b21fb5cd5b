//! The drop-in that `vgpu install` wrote: whether it is still there, whole, and not overridden.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::restart::restart;
use crate::doctor::check::Check;
use crate::doctor::variables::Variables;
use crate::machine::Machine;
use crate::unit::{self, Setting, Unit, words};

const NAME: &str = "50-vgpu.conf";
const RECORD: &str = "install.json";
/// Where `vgpu install` puts everything unless told otherwise.
const PREFIX: &str = "/opt/vgpu";

/// Looks at the drop-in. `needed` says that the service cannot do without it.
pub(super) fn check(
    unit: &Unit,
    machine: &Machine,
    variables: &Variables,
    prefix: Option<PathBuf>,
    needed: bool,
) -> Check {
    let path = Path::new("/etc/systemd/system").join(format!("{}.d", unit.name)).join(NAME);
    let check = Check::ok("service.drop_in", format!("{}: the drop-in of `vgpu install`", unit.name));
    let shown = path.display();
    let text = match machine.read(&path) {
        Ok(text) => text,
        Err(error) => return check.failed(format!("{shown}: {error}"), again(unit)),
    };
    let recorded =
        [prefix, Some(PREFIX.into())].into_iter().flatten().find_map(|prefix| recorded(machine, &prefix, &path));
    let wrong = match (text, recorded) {
        (None, None) => return check.skipped("the service has none, and none was asked for"),
        (None, Some((record, _))) => format!("{shown} is gone, though {record} says that it was written"),
        (Some(text), Some((record, whole))) if text != whole => {
            format!("{shown} is not what `vgpu install` wrote, as {record} has it")
        }
        (Some(text), _) => match overridden(unit, variables, &path, &text) {
            None => return check.saw(format!("{shown} counts")),
            Some(cause) => cause,
        },
    };
    match needed {
        true => check.failed(wrong, again(unit)),
        false => check.warning(wrong, again(unit)),
    }
}

fn again(unit: &Unit) -> String {
    format!("`vgpu install --service {}` again, after taking away what overrides it; then {}", unit.name, restart(unit))
}

/// The text that a record of an installation has for a path, and where the record is.
fn recorded(machine: &Machine, prefix: &Path, path: &Path) -> Option<(String, String)> {
    let record = prefix.join(RECORD);
    let json: Value = serde_json::from_str(&machine.read(&record).ok()??).ok()?;
    let entries = json["entries"].as_array()?;
    let entry = entries.iter().find(|entry| entry["path"].as_str().is_some_and(|known| Path::new(known) == path))?;
    let text = entry["ours"].as_array()?.last()?["text"].as_str()?;
    Some((record.display().to_string(), text.to_owned()))
}

/// The first of its settings that another file undoes, named with the line that does.
fn overridden(unit: &Unit, variables: &Variables, path: &Path, text: &str) -> Option<String> {
    if !unit.files.iter().any(|file| file == path) {
        let other = unit.files.iter().find(|file| file.ends_with(NAME));
        let other = other.map_or_else(|| "another file".into(), |file| file.display().to_string());
        return Some(format!("{} does not count: {other} comes in its place", path.display()));
    }
    unit::parse(text, "Service", path).iter().find_map(|ours| match ours.key.as_str() {
        "Environment" => words(&ours.value).iter().find_map(|word| {
            let (name, value) = word.split_once('=')?;
            if variables.value(name).is_some_and(|is| is == value) {
                return None;
            }
            let by = variables.place(name).unwrap_or("an UnsetEnvironment= line");
            Some(format!("{} is overridden by {by}: {}", ours.show(), variables.show(name)))
        }),
        key => {
            let counts = unit.list(key).iter().any(|setting| setting.is_in(path) && setting.value == ours.value);
            let reset = || unit.settings.iter().rfind(|setting| setting.key == key && setting.value.is_empty());
            let by = || reset().map_or_else(|| "another file".to_owned(), Setting::place);
            (!counts).then(|| format!("{} is taken back by {}", ours.show(), by()))
        }
    })
}
