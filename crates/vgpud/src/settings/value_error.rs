//! Why a text is nothing that its option can say.

/// Why a text says nothing that its option could.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ValueError {
    /// It is something else.
    #[error("`{text}` {complaint}; write {instead}")]
    Nonsense {
        /// What was written.
        text: String,
        /// What it is not.
        complaint: &'static str,
        /// What might have been.
        instead: &'static str,
    },
    /// Nothing can count so far.
    #[error("`{0}` is too large")]
    TooLarge(String),
}

pub(super) fn nonsense(text: &str, complaint: &'static str, instead: &'static str) -> ValueError {
    ValueError::Nonsense { text: text.to_owned(), complaint, instead }
}
