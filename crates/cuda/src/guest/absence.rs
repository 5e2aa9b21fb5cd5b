//! Saying why there is no GPU, where somebody has asked for one: one line on standard error, once per process.
//!
//! Programs go on without a GPU and without a word, and their logs are where people look. Where nobody has asked, there
//! is nothing to say: a library may be tried for what it finds.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU32, Ordering};

use vgpu_core::guest::{ConnectError, Request};

/// The process that has said it; 0 before. A child of `fork` is another one.
static SAID_BY: AtomicU32 = AtomicU32::new(0);

/// Says why `request` came to nothing.
pub(crate) fn report(request: &Request, error: &ConnectError) {
    if log::log_enabled!(log::Level::Error) {
        log::error!("no GPU: {error}");
    } else if request.is_explicit() {
        let process = std::process::id();
        if SAID_BY.swap(process, Ordering::Relaxed) != process {
            // A closed standard error is the program's affair.
            let _ = io::stderr().write_all(line(&error.to_string()).as_bytes());
        }
    }
}

/// The text as one line, whatever a path or an environment has brought into it.
fn line(text: &str) -> String {
    let text: String = text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
    format!("vgpu: no GPU: {text}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_text_holds_it_is_one_line() {
        assert_eq!(line("nothing at /run/x; start it"), "vgpu: no GPU: nothing at /run/x; start it\n");
        assert_eq!(line("a\nb\x1b[2J\r"), "vgpu: no GPU: a\u{fffd}b\u{fffd}[2J\u{fffd}\n");
    }
}
