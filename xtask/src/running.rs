//! A process that runs beside this one, and ends with it.

use std::{
    path::Path,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use crate::dist;

/// How long a daemon may take to listen.
const START_MAX: Duration = Duration::from_secs(10);

/// A running process; killed when dropped.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Starts dist's vgpud and waits until it listens at all of `sockets`.
    pub(crate) fn vgpud(args: &[&str], sockets: &[&Path]) -> Result<Self> {
        let program = dist::dir().join("bin/vgpud");
        let child = Command::new(&program).args(args).spawn();
        let daemon = Self(child.with_context(|| format!("cannot start {}", program.display()))?);
        let started = Instant::now();
        for socket in sockets {
            while !socket.exists() {
                ensure!(started.elapsed() < START_MAX, "vgpud does not listen on {}", socket.display());
                thread::sleep(Duration::from_millis(10));
            }
        }
        Ok(daemon)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
