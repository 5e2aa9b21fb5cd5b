//! `VGPU_TRACE`: every call is one whole line, and a program never minds.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use vgpu_tests::{daemon::Daemon, dist};

const SAXPY: &str = env!("CARGO_BIN_EXE_guest-saxpy");
const VERSIONS: &str = env!("CARGO_BIN_EXE_guest-versions");

/// What one line says: process and thread, function, and what stands behind its arguments.
struct Line {
    thread: (u32, u32),
    function: String,
    arguments: String,
    end: String,
}

/// Reads a trace; every line must be whole.
fn lines(file: &Path) -> Vec<Line> {
    let text = fs::read_to_string(file).expect("the trace is text");
    assert!(text.ends_with('\n'), "the last line is torn");
    text.lines().map(|line| read(line).unwrap_or_else(|| panic!("torn: {line}"))).collect()
}

fn read(line: &str) -> Option<Line> {
    let mut words = line.splitn(5, ' ');
    let (seconds, nanoseconds) = words.next()?.split_once('.')?;
    seconds.parse::<u64>().ok()?;
    (nanoseconds.len() == 9).then(|| nanoseconds.parse::<u32>().ok())??;
    let thread = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    (words.next()? == "libcuda.so.1").then_some(())?;
    let (call, end) = words.next()?.rsplit_once(" = ")?;
    let (function, arguments) = call.strip_suffix(')')?.split_once('(')?;
    end.rsplit_once(" ns=")?.1.parse::<u64>().ok()?;
    Some(Line { thread, function: function.to_owned(), arguments: arguments.to_owned(), end: end.to_owned() })
}

fn versions(trace: &Path) -> Command {
    let mut command = Command::new(VERSIONS);
    command.args(["8", "500"]).env("VGPU_DIST", dist()).env("VGPU_TRACE", trace).env("VGPU_LOG", "error");
    command
}

#[test]
fn a_program_s_calls_are_there_in_order_with_arguments_and_results() {
    let daemon = Daemon::start(&["--threads", "1"]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let trace = folder.path().join("trace");

    assert!(daemon.guest(SAXPY).arg("2").env("VGPU_TRACE", &trace).status().expect("the guest runs").success());

    let lines = lines(&trace);
    let functions: Vec<_> = lines.iter().map(|line| line.function.as_str()).collect();
    let start = ["cuInit", "cuDevicePrimaryCtxRetain", "cuCtxSetCurrent", "cuModuleLoadData", "cuModuleGetFunction"];
    let round = [
        "cuMemAlloc_v2",
        "cuMemAlloc_v2",
        "cuMemcpyHtoD_v2",
        "cuMemcpyHtoD_v2",
        "cuLaunchKernel",
        "cuMemcpyDtoH_v2",
        "cuMemFree_v2",
        "cuMemFree_v2",
    ];
    assert_eq!(functions, [&start[..], &round, &round].concat());
    assert!(lines.iter().all(|line| line.end.starts_with("CUDA_SUCCESS waits=")));
    let of = |name: &str| lines.iter().find(|line| line.function == name).expect("the function was called");
    assert!(of("cuModuleGetFunction").arguments.contains("name=\"saxpy\""), "{}", of("cuModuleGetFunction").arguments);
    assert!(of("cuMemcpyHtoD_v2").arguments.ends_with("ByteCount=0x100000"), "{}", of("cuMemcpyHtoD_v2").arguments);
    // Reading back waits for the kernel; a launch waits for nobody.
    assert!(!of("cuMemcpyDtoH_v2").end.contains(" waits=0 "), "{}", of("cuMemcpyDtoH_v2").end);
    assert!(of("cuLaunchKernel").end.contains(" waits=0 "), "{}", of("cuLaunchKernel").end);
}

#[test]
fn two_processes_with_many_threads_tear_no_line_and_lose_none() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let trace = folder.path().join("trace");

    let mut guests = [versions(&trace).spawn(), versions(&trace).spawn()].map(|guest| guest.expect("the guest starts"));
    for guest in &mut guests {
        assert!(guest.wait().expect("the guest ends").success());
    }

    let mut calls = BTreeMap::<_, u32>::new();
    for line in lines(&trace) {
        assert_eq!(line.function, "cuDriverGetVersion");
        *calls.entry(line.thread).or_default() += 1;
    }
    assert_eq!(calls.len(), 16);
    assert!(calls.values().all(|calls| *calls == 500), "{calls:?}");
}

#[test]
fn without_the_variable_there_is_no_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");

    let mut unset = versions(Path::new(""));
    unset.env_remove("VGPU_TRACE");
    for mut guest in [unset, versions(Path::new(""))] {
        assert!(guest.current_dir(&folder).status().expect("the guest runs").success());
    }

    assert_eq!(fs::read_dir(&folder).expect("the folder can be read").count(), 0);
}

#[test]
fn a_file_that_cannot_be_written_is_one_log_line_and_the_program_goes_on() {
    for (file, reason) in [("/nonexistent/trace", "No such file"), ("/dev/null", "not a regular file")] {
        let output = versions(Path::new(file)).output().expect("the guest runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(file) && said.contains(reason), "{said}");
    }
}
