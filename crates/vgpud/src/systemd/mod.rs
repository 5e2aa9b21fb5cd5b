//! What systemd and this daemon say to each other. Without systemd nothing of it happens.
//!
//! - [`passed`]: sockets that it listens on for us, and what it has kept for us since an earlier run, handed over at start.
//! - [`notify`]: telling it when everybody can come in, when nobody can any more, and what it shall keep.
//!
//! **Source:** sd_listen_fds(3), sd_notify(3).

pub(crate) mod notify;
pub(crate) mod passed;

pub(crate) use notify::{Kept, Notifier};
pub(crate) use passed::{Passed, PassedSocket, Stored};

/// What it puts into our environment, which is nobody else's business: executors go without.
pub(crate) const VARIABLES: [&str; 6] =
    [passed::PID, passed::COUNT, passed::NAMES, passed::PIDFD, notify::SOCKET, notify::STORE_MAX];
