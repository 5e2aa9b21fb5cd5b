//! The systemd services that start Ollama, under whatever name, and the program that each starts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::server::is_server;
use crate::machine::Machine;
use crate::unit::{FOLDERS, Unit, words};

/// Ollama's own.
pub(crate) const OLLAMA: &str = "ollama.service";
const NAME: &str = "ollama";
const SERVICES_MAX: usize = 100;

/// Every service that starts Ollama's server, by name, its own first, with its program.
pub(crate) fn all(machine: &Machine) -> Vec<(String, PathBuf)> {
    let mut names = BTreeSet::new();
    for folder in FOLDERS.map(Path::new) {
        for entry in machine.list(folder) {
            // A drop-in may bring what the unit's own file does not speak of.
            let (name, speaks) = match entry.strip_suffix(".d") {
                Some(name) => {
                    let folder = folder.join(&entry);
                    let files = machine.list(&folder);
                    (name, files.iter().any(|file| speaks_of_ollama(machine, &folder.join(file))))
                }
                None => (entry.as_str(), speaks_of_ollama(machine, &folder.join(&entry))),
            };
            if speaks && name.ends_with(".service") && name != "service" {
                names.insert((name != OLLAMA, name.to_owned()));
            }
        }
    }
    let units = names.into_iter().take(SERVICES_MAX).filter_map(|(_, name)| {
        let unit = Unit::read(machine, &name).ok()??;
        let program = (!unit.is_masked).then(|| program(&unit))??;
        Some((name, program))
    });
    units.collect()
}

fn speaks_of_ollama(machine: &Machine, file: &Path) -> bool {
    machine.read(file).is_ok_and(|text| text.is_some_and(|text| text.contains(NAME)))
}

/// The program of a service, where that is Ollama's server.
pub(crate) fn program(unit: &Unit) -> Option<PathBuf> {
    let setting = unit.last("ExecStart")?;
    let words = words(setting.value.trim_start_matches(['-', '@', ':', '+', '!', '|']));
    let (first, rest) = words.split_first()?;
    is_server(first, rest.iter().map(String::as_str)).then(|| PathBuf::from(first))
}
