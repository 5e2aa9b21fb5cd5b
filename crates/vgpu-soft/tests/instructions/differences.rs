//! Where a device does not compute what a model says.
//!
//! A difference ends its test. Where `VGPU_TEST_DIFFERENCES` names a file, it is only written there, and the test goes on: what
//! a GPU does with all operands says more than the first of them. A line has fields between tabs: test, form, operands, whether
//! the lane was active, the device's result, the model's, and what computed.

use std::env;
use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::thread;

/// Names the file.
const VARIABLE: &str = "VGPU_TEST_DIFFERENCES";

/// What should have been in the destination.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    /// The model's result.
    Result(u64),
    /// What was there before: the lane was not active.
    Kept(u64),
}

/// One lane's result that is not as expected.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) form: String,
    pub(crate) operands: Vec<u64>,
    pub(crate) got: u64,
    pub(crate) expected: Expected,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { form, operands, got, expected } = self;
        write!(f, "{form} of {operands:x?}: the device gives {got:#x}, ")?;
        match expected {
            Expected::Result(model) => write!(f, "the model {model:#x}"),
            Expected::Kept(before) => write!(f, "but the lane was not active and held {before:#x}"),
        }
    }
}

impl Difference {
    fn line(&self, engine: &str) -> String {
        let test = thread::current();
        let (lane, model) = match self.expected {
            Expected::Result(model) => ("active", model),
            Expected::Kept(before) => ("inactive", before),
        };
        let operands: Vec<String> = self.operands.iter().map(|bits| format!("{bits:#x}")).collect();
        format!(
            "{}\t{}\t{}\t{lane}\t{:#x}\t{model:#x}\t{engine}\n",
            test.name().unwrap_or("?"),
            self.form.trim_end(),
            operands.join(" "),
            self.got
        )
    }
}

/// Writes the differences of what `engine` computed to the file.
///
/// # Panics
/// With the first of them, where there is no such file.
pub(crate) fn note(differences: &[Difference], engine: &str) {
    let Some(first) = differences.first() else {
        return;
    };
    let Some(path) = env::var_os(VARIABLE) else {
        panic!("{first} ({engine}; {} like it)", differences.len() - 1);
    };
    let text: String = differences.iter().map(|difference| difference.line(engine)).collect();
    let file = OpenOptions::new().append(true).create(true).open(&path);
    // In one piece: several tests write at once.
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.unwrap_or_else(|error| panic!("{VARIABLE}: {error}"));
}
