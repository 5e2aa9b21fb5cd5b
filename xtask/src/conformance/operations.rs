//! A run of test-backend-ops on a device.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    process::Stdio,
    time::Instant,
};

use anyhow::{Context, Result};

use super::{
    device::{Device, library_path, log_path},
    llama::TestBackendOps,
    outcome::Outcome,
    tally::{Tally, strip_colours},
};

impl TestBackendOps {
    /// Runs groups of (operations, pattern of parameters), and prints the counts.
    pub(super) fn compare(&self, device: &Device<'_>, groups: &[(&str, &str)]) -> Result<Outcome> {
        let started = Instant::now();
        let mut tally = Tally::default();
        for (ops, params) in groups {
            self.run(device, ops, params, &mut tally)?;
        }
        tally.print(device.label(), started.elapsed().as_secs_f64());
        Ok(Outcome { failures: tally.failures, digests: tally.digests })
    }

    /// Runs the cases of one pattern, and counts them. An empty `ops` stands for all operations.
    pub(super) fn run(&self, device: &Device<'_>, ops: &str, params: &str, tally: &mut Tally) -> Result<()> {
        let mut command = device.command(self.program());
        command.args(["test", "-b", "CUDA0", "-p", params]);
        if !ops.is_empty() {
            command.args(["-o", ops]);
        }
        let ggml = self.ggml();
        command.current_dir(ggml).env("LD_LIBRARY_PATH", library_path(&[ggml]));
        command.env("GGML_BACKEND_PATH", device.client.cuda_backend());
        // The backend's chatter would tear the lines apart.
        let log = log_path()?;
        let errors = File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let output = child.stdout.take().context("no pipe to test-backend-ops")?;
        let before = tally.passed();
        let mut reached_its_end = false;
        for line in BufReader::new(output).lines() {
            let line = line.context("test-backend-ops printed something that is not UTF-8")?;
            let line = tally.digests.take(&strip_colours(&line));
            reached_its_end |= line.contains(" tests passed");
            tally.note(&line);
        }
        let status = child.wait().context("test-backend-ops vanished")?;
        // A name that llama.cpp does not know, or a pattern that fits nothing, must not pass for a test.
        let is_idle = |op: &str| !op.is_empty() && !tally.by_op.contains_key(op);
        let idle: Vec<&str> = ops.split(',').filter(|op| is_idle(op)).collect();
        if !reached_its_end || tally.passed() == before || !idle.is_empty() {
            let what = if reached_its_end { format!("tested nothing of {idle:?}") } else { "broke off".to_owned() };
            let log = log.display();
            tally
                .failures
                .push(format!("{ops} {params}: test-backend-ops {what} ({status}); what it said is in {log}"));
        }
        Ok(())
    }
}
