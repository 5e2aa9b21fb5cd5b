//! The ways that versions of Ollama look for devices.

/// Which of its programs Ollama has look for devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Era {
    /// Ollama's own runner, since 0.12.4.
    Runner,
    /// llama-server, since 0.30.
    LlamaServer,
}
