//! The devices that passed both looks, and which of them Ollama keeps where one was found more than once.

use std::collections::{HashMap, HashSet};

use super::folders::Folder;
use crate::doctor::probe::BackendDevice;

/// A device that Ollama would use, and the folder that serves it.
pub(super) struct Found<'a> {
    pub(super) folder: &'a Folder,
    /// Its place among the folder's devices.
    pub(super) index: usize,
    pub(super) device: BackendDevice,
    pub(super) driver_version: i32,
}

/// Of devices that several folders serve, those of the last folder by name, which is the newest CUDA.
pub(super) fn without_overlap<'a>(mut found: Vec<Found<'a>>, notes: &mut Vec<String>) -> Vec<Found<'a>> {
    found.sort_by(|one, other| other.folder.name.cmp(&one.folder.name));
    let mut server: HashMap<String, &str> = HashMap::new();
    found.retain(|found| {
        let by = *server.entry(found.device.driver.uuid.clone()).or_insert(&found.folder.name);
        if by != found.folder.name {
            notes.push(format!("{}: {} is left to {by}", found.folder.name, found.device.name));
        }
        by == found.folder.name
    });
    found
}

/// Ollama drops a device that it has already, which a second copy of the backend brings.
pub(super) fn without_duplicates<'a>(mut found: Vec<Found<'a>>, notes: &mut Vec<String>) -> Vec<Found<'a>> {
    let mut known = HashSet::new();
    found.retain(|found| {
        let driver = &found.device.driver;
        let identity = if driver.pci_address.is_empty() { &driver.uuid } else { &driver.pci_address };
        let is_new = known.insert(identity.clone());
        if !is_new {
            notes.push(format!("{}: {} is dropped, being {identity} again", found.folder.name, found.device.name));
        }
        is_new
    });
    found
}
