//! The Ollamas of a machine: where they are, which of them counts, and where each has its CUDA backends. `install` and
//! `doctor` both ask here, so that what is set up is what is looked at.
//!
//! - `find`: all of them, in the order in which they count; `server`: those that run; `services`: those that systemd starts.
//! - `layout`: a folder for each variant, or the backend in `lib/ollama` itself.
//! - `fixed`: folders that nobody can change, and what to do instead.

mod find;
pub(crate) mod fixed;
pub(crate) mod layout;
pub(crate) mod server;
pub(crate) mod services;

pub(crate) use find::{Found, Installed, Seek, find, libraries_of};
