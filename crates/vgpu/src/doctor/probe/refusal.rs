//! Why a library gave no answer.

use std::fmt;
use std::path::PathBuf;

/// What a library, or the loader, refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The loader opens it not, in the loader's words.
    NotOpened(String),
    /// The library lacks this function.
    Missing(String),
    /// The function says this code, in the library's words where it has some.
    Said { function: &'static str, code: u32, words: Option<String> },
    /// What it was to be asked with is no text of C's.
    ZeroWithin(&'static str),
    /// No library that was opened has ggml's functions.
    NotOfGgml,
    /// ggml's loader has its own reasons.
    NotTaken(PathBuf),
    /// The backend finds that it is of no use here.
    Unsuited,
    /// The backend's start gives nothing.
    NoBackend,
    /// The backend counts a device that it does not have.
    NoDevice { index: usize, count: usize },
}

impl Refusal {
    /// What it takes for a function of CUDA's to have refused.
    pub(super) fn check(function: &'static str, code: u32) -> Result<(), Self> {
        if code == 0 { Ok(()) } else { Err(Self::Said { function, code, words: None }) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOpened(words) => f.write_str(words),
            Self::Missing(function) => write!(f, "{function} is missing"),
            Self::Said { function, code, words: None } => write!(f, "{function} says {code}"),
            Self::Said { function, code, words: Some(words) } => write!(f, "{function} says {code}, {words}"),
            Self::ZeroWithin(what) => write!(f, "{what} with a zero in it"),
            Self::NotOfGgml => f.write_str("there is no ggml_backend_reg_dev_count: libggml-base.so is not of ggml"),
            Self::NotTaken(path) => write!(f, "ggml_backend_load does not take {}", path.display()),
            Self::Unsuited => f.write_str("its ggml_backend_score says that it does not suit this machine"),
            Self::NoBackend => f.write_str("its ggml_backend_init gives no backend"),
            Self::NoDevice { index, count } => write!(f, "device {index} of {count} is none"),
        }
    }
}
