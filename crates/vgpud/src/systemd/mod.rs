//! What systemd and this daemon say to each other. Without systemd nothing of it happens.
//!
//! - [`passed`]: sockets that it listens on for us, handed over at start.
//! - [`notify`]: telling it when everybody can come in, and when nobody can any more.
//!
//! **Source:** sd_listen_fds(3), sd_notify(3).

pub mod notify;
pub mod passed;

pub use notify::Notifier;
pub use passed::{Passed, PassedSocket};

/// What it puts into our environment, which is nobody else's business: executors go without.
pub const VARIABLES: [&str; 5] = [passed::PID, passed::COUNT, passed::NAMES, passed::PIDFD, notify::SOCKET];
