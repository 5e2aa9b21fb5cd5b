//! The servers of Ollama's that run, service or not. Ollama looks for GPUs once, when it starts: what it found then need not
//! be what is there now.
//!
//! - `running`: one of them, as it was seen. `look`: what it found, from its own log; `models`: what it says it has loaded;
//!   `request`: one question over HTTP.
//! - `moments`: since when the device and vgpu's libraries have been there.
//! - `verdict`: what all of that comes to; `check`: the same, for the report.

mod check;
mod look;
mod models;
mod moments;
mod request;
mod running;
mod verdict;

pub(super) use running::Running;
