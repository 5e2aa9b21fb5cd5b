//! Where a device does not compute what a model says.
//!
//! A difference ends its test. Where `VGPU_TEST_DIFFERENCES` names a file, it is only written there, and the test goes on: what
//! a GPU does with all operands says more than the first of them. A line has fields between tabs: test, form, operands, whether
//! the lane was active, the device's result, the model's, what computed, and why that is known, if it is.
//!
//! A few differences of GPUs are known ([`KNOWN`]) and end no test.

use std::env;
use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::thread;

use super::harness::{Engine, Lanes};

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
    /// Why GPUs differ here, where that is no fault of the model.
    fn known(&self, lanes: Lanes) -> Option<&'static str> {
        let is_row = |row: &&Known| row.forms.iter().any(|form| is_like(self.form.trim_end(), form));
        KNOWN.iter().filter(is_row).find(|row| (row.is_it)(self, lanes)).map(|row| row.why)
    }

    /// Whether a lane that its predicate keeps out has what `made` makes of what it held.
    fn is_made_of_kept(&self, lanes: Lanes, made: fn(u64) -> u64) -> bool {
        // With a branch around it the lane keeps what it had.
        let of_predicate = lanes == Lanes::OddByPredicate;
        of_predicate && matches!(self.expected, Expected::Kept(before) if self.got == made(before))
    }

    fn line(&self, engine: &str, known: &str) -> String {
        let test = thread::current();
        let (lane, model) = match self.expected {
            Expected::Result(model) => ("active", model),
            Expected::Kept(before) => ("inactive", before),
        };
        let operands: Vec<String> = self.operands.iter().map(|bits| format!("{bits:#x}")).collect();
        format!(
            "{}\t{}\t{}\t{lane}\t{:#x}\t{model:#x}\t{engine}\t{known}\n",
            test.name().unwrap_or("?"),
            self.form.trim_end(),
            operands.join(" "),
            self.got
        )
    }
}

/// [`note`] for words that all lanes have left, some of which may not be as expected. A difference's form has its place.
///
/// # Panics
/// As [`note`], and where there are not as many words as expected.
pub(crate) fn note_words<T>(form: &str, operands: &[u64], got: &[T], expected: &[T], engine: Engine)
where
    T: Copy + Into<u64>,
{
    assert_eq!(got.len(), expected.len(), "{form}");
    let words = got.iter().zip(expected).map(|(got, expected)| ((*got).into(), (*expected).into()));
    let wrong = words.enumerate().filter(|(_, (got, expected))| got != expected).map(|(place, (got, expected))| {
        let (form, operands) = (format!("{form}, word {place}"), operands.to_vec());
        Difference { form, operands, got, expected: Expected::Result(expected) }
    });
    note(&wrong.collect::<Vec<_>>(), engine, Lanes::All);
}

/// Differences of GPUs that are known.
struct Known {
    /// How their forms look; a star is for any words.
    forms: &'static [&'static str],
    is_it: fn(&Difference, Lanes) -> bool,
    why: &'static str,
}

const OF_SET: &str = "driver 580 converts what the destination holds where the predicate is false, on an H200";

const KNOWN: [Known; 6] = [
    Known {
        forms: &["testp.subnormal.f32"],
        is_it: |it, lanes| it.is_made_of_kept(lanes, |before| before ^ 1),
        why: "driver 580 writes the destination where the predicate is false, on an H100",
    },
    Known {
        forms: &["set.*.s32.f16", "set.*.u32.f16", "set.*.u32.bf16"],
        is_it: |it, lanes| it.is_made_of_kept(lanes, |before| (before as i16 as u32).into()),
        why: OF_SET,
    },
    Known {
        forms: &["set.*.f16.f16"],
        is_it: |it, lanes| {
            it.is_made_of_kept(lanes, |before| half::f16::from_f32(-f32::from(before as i16)).to_bits().into())
        },
        why: OF_SET,
    },
    Known {
        forms: &["set.*.f32.u32", "set.*.f32.s32"],
        is_it: |it, lanes| it.is_made_of_kept(lanes, |before| (-(before as i32 as f32)).to_bits().into()),
        why: OF_SET,
    },
    Known {
        forms: &["fns.b32"],
        is_it: |it, _| {
            it.operands[2] == 0x8000_0000 && it.got == 0 && matches!(it.expected, Expected::Result(0xffff_ffff))
        },
        why: "driver 580 gives 0 at an offset of -2^31, where the reference's loop finds no bit, on an H200",
    },
    Known {
        forms: &["vadd*", "vsub*", "vabsdiff*", "vmin*", "vmax*", "vshl*", "vshr*", "vmad*", "vset*", "vavrg*"],
        is_it: |it, _| {
            let has = |part: &&str| it.form.contains(*part);
            let is_second = [".sat", ".max", ".min", "d.b", "d.h", "vmad"].iter().any(has);
            is_second || (it.form.contains(".add") && matches!(it.expected, Expected::Kept(_)))
        },
        why: "driver 580 saturates, shifts and compares sums of 32 bits, where the reference has more, on an H200",
    },
];

/// Whether a form has what is before a pattern's star, and what is behind it.
fn is_like(form: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        Some((before, behind)) => form.starts_with(before) && form.ends_with(behind),
        None => form == pattern,
    }
}

/// Writes the differences of what `engine` computed on `lanes` to the file.
///
/// # Panics
/// With the first of them that is not known, where there is no such file.
pub(crate) fn note(differences: &[Difference], engine: Engine, lanes: Lanes) {
    if differences.is_empty() {
        return;
    }
    let name = format!("{engine:?}, {lanes:?}");
    // The interpreter does what the models say.
    let known = |difference: &Difference| difference.known(lanes).filter(|_| matches!(engine, Engine::Gpu(_)));
    let Some(path) = env::var_os(VARIABLE) else {
        if let Some(first) = differences.iter().find(|difference| known(difference).is_none()) {
            panic!("{first} ({name}; {} in all)", differences.len());
        }
        return;
    };
    let line = |difference: &Difference| difference.line(&name, known(difference).unwrap_or_default());
    let text: String = differences.iter().map(line).collect();
    let file = OpenOptions::new().append(true).create(true).open(&path);
    // In one piece: several tests write at once.
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.unwrap_or_else(|error| panic!("{VARIABLE}: {error}"));
}

#[test]
fn what_a_false_predicate_changes_is_known_by_form_and_result() {
    let known = |form: &str, got: u64, before: u64, lanes: Lanes| {
        let expected = Expected::Kept(before);
        Difference { form: form.to_owned(), operands: vec![0, 0], got, expected }.known(lanes).is_some()
    };
    // As an H200 has left them.
    let left = [
        ("set.ge.s32.f16 ", 0xffff_def0, 0x9abc_def0),
        ("set.neu.and.u32.f16 ", 0xffff_def0, 0x9abc_def0),
        ("set.lt.or.f16.f16 ", 0x7022, 0xdef0),
        ("set.eq.and.f32.u32 ", 0x4eca_8642, 0x9abc_def0),
        ("testp.subnormal.f32", 1, 0),
    ];
    for (form, got, before) in left {
        assert!(known(form, got, before, Lanes::OddByPredicate), "{form}");
        assert!(!known(form, got, before, Lanes::OddByBranch), "{form} by branch");
        assert!(!known(form, got ^ 2, before, Lanes::OddByPredicate), "{form} with another result");
    }
    // No such form differs.
    assert!(!known("set.eq.u32.u32", 0xffff_def0, 0x9abc_def0, Lanes::OddByPredicate));
}
