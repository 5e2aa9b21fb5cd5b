//! `gpucheck` where there is no GPU: our own libcuda and a software GPU stand for the driver.

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use vgpu_tests::dist;

fn gpucheck() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gpucheck"));
    command.env("VGPU_DIST", dist()).env("VGPU", "embedded").env("VGPU_DEVICE", "soft");
    command
}

/// Told to take our own libcuda for a driver's, and to compare it with a daemon of a software GPU.
fn on_our_own_libcuda() -> Command {
    let mut command = gpucheck();
    command.arg("--libcuda").arg(dist().join("lib/libcuda.so.1")).arg("--daemon=");
    command
}

fn error_lines(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stderr).lines().map(str::to_owned).collect()
}

#[test]
fn without_a_driver_it_says_so_in_one_line_and_ends_with_a_status_of_its_own() {
    let output = gpucheck().args(["--libcuda", "/nonexistent/libcuda.so.1"]).output().expect("gpucheck starts");
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    let lines = error_lines(&output);
    assert!(matches!(lines.as_slice(), [line] if line.starts_with("gpucheck: no GPU to examine: ")), "{lines:?}");
}

#[test]
fn vgpus_own_libcuda_is_no_driver_unless_it_is_chosen() {
    let output = gpucheck().env("LD_LIBRARY_PATH", dist().join("lib")).output().expect("gpucheck starts");
    assert_eq!(output.status.code(), Some(3));
    assert!(error_lines(&output)[0].ends_with("is vgpu's, not a driver's"), "{:?}", error_lines(&output));
}

#[test]
fn a_step_that_there_is_not_is_refused() {
    let output = on_our_own_libcuda().arg("everything").output().expect("gpucheck starts");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn both_sides_are_the_same_software_gpu_and_pass() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let json = folder.path().join("result.json");
    let output = on_our_own_libcuda()
        .args(["guests:--max-guests=4", "smoke", "--json"])
        .arg(&json)
        .output()
        .expect("gpucheck starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let steps = steps(&json);
    assert_eq!(steps.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["smoke", "guests:--max-guests=4"]);
    for (name, checks) in steps {
        assert!(checks > 10, "{name} has {checks} checks");
    }
}

/// Names of the steps and how many checks they have made.
fn steps(json: &Path) -> Vec<(String, usize)> {
    let text = std::fs::read_to_string(json).expect("the results are written");
    let results: Value = serde_json::from_str(&text).expect("the results are JSON");
    let steps = results["steps"].as_array().expect("a list of steps").iter();
    let checks = |step: &Value| {
        step["records"].as_array().map_or(0, |records| {
            records.iter().filter(|record| record["kind"] == "check" && record["passed"] == true).count()
        })
    };
    steps.map(|step| (step["step"].as_str().unwrap_or("").to_owned(), checks(step))).collect()
}
