//! The variables that the examined programs get: this process's own, or those of a service.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};

/// An environment, and where each of its variables is set.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    values: BTreeMap<OsString, Value>,
    /// What must be done before a change of them is noticed.
    restart: Option<String>,
}

#[derive(Clone, Debug)]
struct Value {
    text: OsString,
    /// The file and line that set it.
    place: Option<String>,
}

impl Variables {
    /// This process's own.
    pub(super) fn own() -> Self {
        let mut own = Self::default();
        env::vars_os().for_each(|(name, text)| own.set(name, text, None));
        own
    }

    /// None yet, of something that notices a change only after `restart`.
    pub(super) fn of_service(restart: String) -> Self {
        Self { restart: Some(restart), ..Self::default() }
    }

    pub(super) fn set(&mut self, name: impl Into<OsString>, text: impl Into<OsString>, place: Option<String>) {
        self.values.insert(name.into(), Value { text: text.into(), place });
    }

    pub(super) fn unset(&mut self, name: &str) {
        self.values.remove(OsStr::new(name));
    }

    pub(super) fn value(&self, name: &str) -> Option<&OsStr> {
        self.values.get(OsStr::new(name)).map(|value| value.text.as_os_str())
    }

    /// The file and line that set a variable, where that is known.
    pub(super) fn place(&self, name: &str) -> Option<&str> {
        self.values.get(OsStr::new(name))?.place.as_deref()
    }

    /// A variable as evidence.
    pub(super) fn show(&self, name: &str) -> String {
        let Some(value) = self.value(name) else { return format!("{name} is not set") };
        match self.place(name) {
            Some(place) => format!("{name}={}, set by {place}", value.display()),
            None => format!("{name}={}", value.display()),
        }
    }

    /// How to carry out a change of a variable.
    pub(super) fn fix(&self, name: &str, change: impl Into<String>) -> String {
        let change = change.into();
        match (self.place(name), &self.restart) {
            (Some(place), Some(restart)) => format!("in {place}: {change}; then {restart}"),
            (Some(place), None) => format!("in {place}: {change}"),
            (None, Some(restart)) => format!("{change}; then {restart}"),
            (None, None) => change,
        }
    }

    /// Makes them this process's own, for all that asks the environment and for the children.
    ///
    /// The loader has read its variables when the process began, so they lead only the children.
    ///
    /// # Safety
    /// No other thread may run.
    pub(super) unsafe fn become_own(&self) {
        for (name, _) in env::vars_os() {
            // SAFETY: the caller says that no other thread could be reading it.
            unsafe { env::remove_var(name) };
        }
        for (name, value) in &self.values {
            let bytes = [name, &value.text].map(|text| text.as_encoded_bytes());
            let is_sound = !bytes[0].is_empty() && !bytes[0].contains(&b'=') && !bytes.concat().contains(&0);
            if is_sound {
                // SAFETY: as above.
                unsafe { env::set_var(name, &value.text) };
            }
        }
    }
}
