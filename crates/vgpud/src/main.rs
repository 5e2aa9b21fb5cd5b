//! `vgpud`: accepts guests and gives each an executor process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    vgpud::run()
}
