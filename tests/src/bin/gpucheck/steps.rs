//! The steps, and how one is run: in a process of its own, for a limited time.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::{
    api, calls, facts, ggml, guests,
    process::{self, End, Reach},
    ptx,
    record::Record,
    setup::Setup,
    smoke,
};

/// One of the things that are checked.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// How long it may take.
    pub(crate) limit: Duration,
    pub(crate) run: fn(&Setup) -> Result<(), String>,
}

const fn step(name: &'static str, limit_s: u64, run: fn(&Setup) -> Result<(), String>, what: &'static str) -> Step {
    Step { name, what, limit: Duration::from_secs(limit_s), run }
}

/// All steps, those that the others stand on first.
pub(crate) static STEPS: [Step; 7] = [
    step("facts", 80, facts::run, "what the driver does that no document says; nothing of vgpu is involved"),
    step("smoke", 50, smoke::run, "the same program natively and through vgpu: the same results, faults too"),
    step("api", 60, api::run, "C programs with known output, natively and through vgpu"),
    step("ptx", 110, ptx::run, "PTX cases with known results: all natively, and some of them through vgpu"),
    step("calls", 60, calls::run, "what calls and copies cost, natively and through vgpu in turns"),
    step("ggml", 110, ggml::run, "a prebuilt llama.cpp decodes: the same tokens, and how fast"),
    step("guests", 40, guests::run, "guests that are killed and that fault, beside one that works"),
];

/// All steps together: what a borrowed machine gives for one command, less a reserve.
pub(crate) const WHOLE_MAX: Duration = Duration::from_secs(530);

/// A step that somebody wants, and what vgpud is told for it: `calls`, `calls:--completions=words`.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) step: &'static Step,
    pub(crate) more: Option<String>,
}

impl Wanted {
    /// Reads it as it is written on the command line.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (name, more) = text.split_once(':').map_or((text, None), |(name, more)| (name, Some(more.to_owned())));
        Step::named(name).map(|step| Self { step, more })
    }

    /// As it is called in results.
    pub(crate) fn label(&self) -> String {
        self.more.as_ref().map_or_else(|| self.step.name.to_owned(), |more| format!("{}:{more}", self.step.name))
    }
}

/// How a step went.
#[derive(Serialize)]
pub(crate) struct Outcome {
    /// [`Wanted::label`].
    pub(crate) step: String,
    pub(crate) seconds: f64,
    /// Why it did not reach its end.
    pub(crate) broken: Option<String>,
    pub(crate) records: Vec<Record>,
}

impl Outcome {
    pub(crate) fn is_good(&self) -> bool {
        self.broken.is_none() && !self.records.is_empty() && !self.records.iter().any(Record::is_failure)
    }
}

impl Step {
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        STEPS.iter().find(|step| step.name == name)
    }
}

/// Puts steps that others stand on first.
pub(crate) fn sort(wanted: &mut [Wanted]) {
    wanted.sort_by_key(|wanted| STEPS.iter().position(|step| step.name == wanted.step.name));
}

impl Wanted {
    /// Runs the step in a process of its own, for its limit or for what is `left` at most; prints its records.
    pub(crate) fn run(&self, setup: &Setup, left: Duration) -> Outcome {
        let started = Instant::now();
        let mut records = Vec::new();
        let broken = match self.listen(setup, left, &mut records) {
            Ok(end) if end.is_well() => None,
            Ok(end) => Some(end.to_string()),
            Err(error) => Some(error),
        };
        Outcome { step: self.label(), seconds: started.elapsed().as_secs_f64(), broken, records }
    }

    fn listen(&self, setup: &Setup, left: Duration, records: &mut Vec<Record>) -> Result<End, String> {
        if left.is_zero() {
            return Err("no time left".to_owned());
        }
        let mut command = setup.with(self.more.as_deref()).again()?;
        command.args(["--step", self.step.name]);
        let hear = |line: String| {
            let record = Record::read(&line);
            println!("{}", record.shown());
            records.push(record);
        };
        process::listen(&mut command, Reach::Family, self.step.limit.min(left), hear)
            .map_err(|error| format!("{command:?}: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_steps_together_fit_into_the_time() {
        assert!(STEPS.iter().map(|step| step.limit).sum::<Duration>() <= WHOLE_MAX);
    }

    #[test]
    fn a_step_is_wanted_with_flags_or_without() {
        let label = |text| Wanted::read(text).map(|wanted| (wanted.step.name, wanted.label()));
        assert_eq!(label("calls"), Some(("calls", "calls".to_owned())));
        assert_eq!(label("calls:--x=y --z"), Some(("calls", "calls:--x=y --z".to_owned())));
        assert_eq!(label("call"), None);
        let mut wanted = ["guests", "calls:--x", "calls"].map(|text| Wanted::read(text).expect("a step"));
        sort(&mut wanted);
        assert_eq!(wanted.map(|wanted| wanted.label()), ["calls:--x", "calls", "guests"]);
    }

    #[test]
    fn a_step_without_results_is_not_good() {
        let outcome = |broken: Option<&str>, records| Outcome {
            step: "x".to_owned(),
            seconds: 0.0,
            broken: broken.map(str::to_owned),
            records,
        };
        let check = |passed| Record::Check { name: String::new(), passed, detail: String::new() };
        assert!(!outcome(None, vec![]).is_good());
        assert!(!outcome(None, vec![check(true), check(false)]).is_good());
        assert!(!outcome(Some("killed"), vec![check(true)]).is_good());
        assert!(outcome(None, vec![check(true)]).is_good());
    }
}
