//! Standard output and error of a process in which a driver prints what kernels print: that is the guest's. What this
//! program has to say itself goes on to where its errors went before.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::OnceLock;

use anyhow::{Context, Result};
use vgpu_driver::Standard;

/// Where errors went before, once they have been led away.
static OPERATORS: OnceLock<OwnedFd> = OnceLock::new();

/// The operator's standard error, wherever the process's own leads.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Operator;

impl Write for Operator {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match OPERATORS.get() {
            Some(operators) => Ok(rustix::io::write(operators, bytes)?),
            None => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Leads standard output and error to where [`Standard`] reads them.
///
/// # Errors
/// The system's.
pub(crate) fn divert() -> Result<Standard> {
    let operators = io::stderr().as_fd().try_clone_to_owned().context("standard error")?;
    let (stdout, for_stdout) = io::pipe().context("a pipe")?;
    let (stderr, for_stderr) = io::pipe().context("a pipe")?;
    OPERATORS.set(operators).ok().context("standard error leads elsewhere already")?;
    std::panic::set_hook(Box::new(|panic| {
        let mut text = format!("{panic}\n");
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            text += &backtrace.to_string();
        }
        // There is nobody to tell that this cannot be told.
        let _ = Operator.write_all(text.as_bytes());
    }));
    rustix::stdio::dup2_stdout(&for_stdout).context("standard output")?;
    rustix::stdio::dup2_stderr(&for_stderr).context("standard error")?;
    Ok(Standard { stdout, stderr })
}
