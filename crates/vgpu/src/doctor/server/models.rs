//! The models that a server has loaded, by its own word.

use std::fmt;

use serde::Deserialize;

use super::request;

const MODELS_MAX: usize = 100;
const NAME_MAX_CHARS: usize = 100;

/// A model in a server's list.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Model {
    #[serde(default)]
    name: String,
    #[serde(default)]
    size: u64,
    /// Of which on a GPU.
    #[serde(default)]
    pub(super) size_vram: u64,
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    models: Vec<Model>,
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its model {} has {} of {} MiB on a GPU", self.name, self.size_vram >> 20, self.size >> 20)
    }
}

/// Asks the server whose OLLAMA_HOST is `host`.
///
/// # Errors
/// In words, why there is no list.
pub(super) fn loaded(host: &str) -> Result<Vec<Model>, String> {
    let address = request::address(host).ok_or_else(|| format!("OLLAMA_HOST={host} is none of this machine's"))?;
    let body = request::get(address, "/api/ps").map_err(|error| format!("{address}: {error}"))?;
    let list: List = serde_json::from_slice(&body).map_err(|error| format!("{address}: {error}"))?;
    let shortened = |model: Model| Model { name: model.name.chars().take(NAME_MAX_CHARS).collect(), ..model };
    Ok(list.models.into_iter().take(MODELS_MAX).map(shortened).collect())
}
