//! `vgpu doctor --pid` and `--watch` on processes that do what Ollama's do: a server that loads nothing, and children that
//! load libraries, live for a moment and end. The libraries are small ones of the C compiler, under the real ones' names.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

const MARK: &str = r#"__attribute__((used)) static const char mark[] = "vgpu_core::test";"#;
/// Long enough for the busiest machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// `ollama serve LIBRARY...` starts `ollama runner LIBRARY...` for each line of its input, and ends with it. A runner opens the
/// libraries, says so, and lives for TEST_LIFE_MS, or as long as its input.
const OLLAMA: &str = r#"
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/mman.h>
    #include <sys/wait.h>
    #include <unistd.h>
    int main(int argc, char **argv) {
        char line[64];
        if (argc > 1 && !strcmp(argv[1], "serve")) {
            puts("serves");
            fflush(stdout);
            while (fgets(line, sizeof line, stdin)) {
                if (!fork()) {
                    argv[1] = "runner";
                    execv("/proc/self/exe", argv);
                    _exit(1);
                }
            }
            while (wait(0) > 0) {}
            return 0;
        }
        for (int i = 2; i < argc; i++)
            if (!dlopen(argv[i], RTLD_NOW)) { puts(dlerror()); fflush(stdout); return 1; }
        if (getenv("TEST_CONNECT")) {
            int fd = memfd_create("vgpu-window", 0);
            ftruncate(fd, 4096);
            mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
            close(fd);
        }
        puts("runs");
        fflush(stdout);
        if (getenv("TEST_LIFE_MS")) usleep(1000 * atoi(getenv("TEST_LIFE_MS")));
        else while (read(0, line, 1) > 0) {}
        return 0;
    }"#;

/// A folder with our libraries, and with an Ollama that does as it is told.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        let scratch = Self(tempfile::tempdir().expect("a temporary folder"));
        fs::set_permissions(scratch.0.path(), fs::Permissions::from_mode(0o755)).expect("our own folder");
        scratch.build("ollama", OLLAMA, &["-ldl"]);
        for name in ["libcuda.so.1", "libcudart.so.12", "libcublas.so.12", "libcublasLt.so.12", "libnvidia-ml.so.1"] {
            scratch.build_library(&format!("ours/{name}"), MARK);
        }
        scratch.build_library("lib/ollama/cuda_v12/libggml-cuda.so", "");
        scratch
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn text(&self, path: &str) -> String {
        self.path(path).display().to_string()
    }

    fn build(&self, path: &str, source: &str, options: &[&str]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        let c = self.path("source.c");
        fs::write(&c, source).expect("a file");
        // A library that is in use is replaced, not written to.
        let _ = fs::remove_file(&path);
        let mut cc = Command::new("cc");
        let output = cc.args(["-fPIC", "-w", "-o"]).arg(&path).arg(&c).args(options).output().expect("cc is there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn build_library(&self, path: &str, source: &str) {
        let name = path.rsplit('/').next().expect("a name");
        self.build(path, source, &["-shared", &format!("-Wl,-soname,{name}")]);
    }

    fn start(&self, role: &str, libraries: &[&str], variables: &[(&str, &str)]) -> Ollama {
        let mut command = Command::new(self.path("ollama"));
        command.arg(role).args(libraries.iter().map(|library| self.path(library)));
        command.env_remove("LD_LIBRARY_PATH").env_remove("CUDA_VISIBLE_DEVICES").env_remove("VGPU");
        // Nobody listens there, and no log says anything.
        command.env("OLLAMA_HOST", "127.0.0.1:1").stderr(Stdio::null());
        command.envs(variables.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it was built");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut ollama = Ollama { input: child.stdin.take(), child, out };
        ollama.hears(if role == "serve" { "serves" } else { "runs" });
        ollama
    }

    fn doctor(&self, options: &[&str]) -> Command {
        let mut vgpu = Command::new(env!("CARGO_BIN_EXE_vgpu"));
        vgpu.args(["doctor", "--libraries"]).arg(self.path("ours")).args(options);
        vgpu
    }

    fn ask(&self, pid: u32) -> Report {
        let output = self.doctor(&["--json", "--pid", &pid.to_string()]).output().expect("vgpu is built");
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 1)), "{code:?}: {}", String::from_utf8_lossy(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(report["healthy"], code == Some(0));
        Report(report)
    }

    fn watch(&self, options: &[&str]) -> Watch {
        let mut command = self.doctor(&[&["--watch"], options].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().expect("vgpu is built");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = mpsc::channel();
        // It ends with what it reads from.
        thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Watch { child, lines, said: String::new() }
    }
}

/// A running stand-in, which ends when its input does.
struct Ollama {
    child: Child,
    input: Option<ChildStdin>,
    out: BufReader<ChildStdout>,
}

impl Ollama {
    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn hears(&mut self, word: &str) {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("text");
        assert_eq!(line.trim(), word);
    }

    /// Has the server start a runner.
    fn load_model(&mut self) {
        self.input.as_mut().expect("it runs").write_all(b"load\n").expect("it reads");
    }

    fn end(&mut self) {
        self.input = None;
        self.child.wait().expect("our own child");
    }
}

impl Drop for Ollama {
    fn drop(&mut self) {
        self.end();
    }
}

struct Watch {
    child: Child,
    lines: Receiver<String>,
    said: String,
}

impl Watch {
    /// Waits for a line with all of these words.
    #[track_caller]
    fn says(&mut self, words: &[&str]) {
        self.says_all(&[words]);
    }

    /// Waits for lines, in any order, with all of each one's words.
    #[track_caller]
    fn says_all(&mut self, lines: &[&[&str]]) {
        let mut left = lines.to_vec();
        while !left.is_empty() {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else { panic!("no {left:?} in:\n{}", self.said) };
            self.said.push_str(&line);
            self.said.push('\n');
            if let Some(at) = left.iter().position(|words| words.iter().all(|word| line.contains(word))) {
                left.remove(at);
            }
        }
    }

    fn ends(&mut self) {
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.said.push_str(&line);
        }
        assert_eq!(self.child.wait().expect("our own child").code(), Some(0), "{}", self.said);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Report(Value);

impl Report {
    fn checks(&self) -> &[Value] {
        self.0["checks"].as_array().expect("a list")
    }

    fn check(&self, id: &str) -> &Value {
        self.checks().iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no {id} in {:#}", self.0))
    }

    /// The first check has this name and verdict, and its cause these words.
    #[track_caller]
    fn names(&self, id: &str, verdict: &str, words: &[&str]) {
        let first = &self.checks()[0];
        assert_eq!((&first["id"], &first["verdict"]), (&id.into(), &verdict.into()), "{:#}", self.0);
        for word in words {
            assert!(first["cause"].as_str().expect("text").contains(word), "no {word:?}: {first:#}");
        }
    }
}

const BACKEND: &str = "lib/ollama/cuda_v12/libggml-cuda.so";
const CONNECTED: [(&str, &str); 2] = [("TEST_CONNECT", "1"), ("OLLAMA_LIBRARY_PATH", "/lib/ollama")];

#[test]
fn each_process_is_named_with_what_it_has_loaded() {
    let scratch = Scratch::new();
    let mut serve = scratch.start("serve", &[BACKEND, "ours/libcuda.so.1", "ours/libcudart.so.12"], &CONNECTED);
    let report = scratch.ask(serve.pid());
    assert!(report.check("process.runners")["cause"].to_string().contains("loads no CUDA"), "{:#}", report.0);
    serve.load_model();
    serve.hears("runs");
    let report = scratch.ask(serve.pid());
    assert_eq!(report.0["healthy"], true);
    assert_eq!(report.checks().len(), 3, "{:#}", report.0);
    let own = report.check(&format!("server.{}", serve.pid()))["evidence"].to_string();
    assert!(own.contains("shares memory with an executor"), "{own}");
    assert!(report.checks().iter().all(|check| check["verdict"] == "ok"), "{:#}", report.0);
    let server = report.check(&format!("process.{}", serve.pid()));
    assert!(server["title"].to_string().contains("ollama serve"));
    assert!(!server["evidence"].to_string().contains("libcuda"), "{server:#}");
    let runner = report.checks().iter().find(|check| check["title"].to_string().contains("ollama runner"));
    let evidence = runner.expect("a runner")["evidence"].to_string();
    for word in [
        &format!("has loaded {}\"", scratch.text(BACKEND)),
        &format!("has loaded {}: vgpu's\"", scratch.text("ours/libcuda.so.1")),
        "shares memory with an executor",
        "OLLAMA_LIBRARY_PATH=/lib/ollama",
    ] {
        assert!(evidence.contains(word), "no {word} in {evidence}");
    }
}

#[test]
fn a_bundled_library_in_a_runner_is_named() {
    let scratch = Scratch::new();
    let bundled = "lib/ollama/cuda_v12/libcudart.so.12.8.90";
    scratch.build_library(bundled, "int cudaMalloc(void) { return 0; }");
    let runner = scratch.start("runner", &[BACKEND, "ours/libcuda.so.1", bundled], &CONNECTED);
    let id = format!("process.{}", runner.pid());
    scratch.ask(runner.pid()).names(&id, "failed", &[&scratch.text(bundled), "bundled with Ollama"]);
}

#[test]
fn a_library_of_another_build_in_a_runner_is_named() {
    let scratch = Scratch::new();
    scratch.build_library("old/libcuda.so.1", &format!("{MARK} int cuOld(void) {{ return 0; }}"));
    let runner = scratch.start("runner", &[BACKEND, "old/libcuda.so.1"], &CONNECTED);
    let id = format!("process.{}", runner.pid());
    scratch.ask(runner.pid()).names(&id, "failed", &["old/libcuda.so.1", "another build of vgpu"]);
}

#[test]
fn a_library_that_was_replaced_under_a_runner_is_named() {
    let scratch = Scratch::new();
    let runner = scratch.start("runner", &[BACKEND, "ours/libcuda.so.1"], &CONNECTED);
    fs::copy(scratch.path("ours/libcuda.so.1"), scratch.path("ours/new")).expect("a copy");
    fs::rename(scratch.path("ours/new"), scratch.path("ours/libcuda.so.1")).expect("a file");
    let report = scratch.ask(runner.pid());
    let check = report.check(&format!("process.{}", runner.pid()));
    assert_eq!(check["verdict"], "warning");
    assert!(check["cause"].to_string().contains("deleted or replaced"), "{check:#}");
    assert!(check["fix"].to_string().contains("restart"), "{check:#}");
}

#[test]
fn a_runner_without_a_backend_or_without_a_gpu_is_named() {
    let scratch = Scratch::new();
    let runner = scratch.start("runner", &[], &[]);
    let id = format!("process.{}", runner.pid());
    scratch.ask(runner.pid()).names(&id, "warning", &["has loaded no CUDA backend"]);
    let runner = scratch.start("runner", &[BACKEND, "ours/libcuda.so.1"], &[]);
    let id = format!("process.{}", runner.pid());
    scratch.ask(runner.pid()).names(&id, "warning", &["connected to no GPU"]);
}

#[test]
fn traps_in_a_processes_environment_are_named_once() {
    let scratch = Scratch::new();
    scratch.build_library("shim.so", "int cuInit(unsigned f) { return 0; }");
    let shim = scratch.text("shim.so");
    let variables = [("LD_PRELOAD", shim.as_str()), ("CUDA_VISIBLE_DEVICES", "-1"), CONNECTED[0]];
    let mut serve = scratch.start("serve", &[BACKEND, "ours/libcuda.so.1"], &variables);
    serve.load_model();
    serve.hears("runs");
    let report = scratch.ask(serve.pid());
    for (id, word) in [("environment.LD_PRELOAD", &*shim), ("environment.CUDA_VISIBLE_DEVICES", "hides every device")] {
        let checks: Vec<_> = report.checks().iter().filter(|check| check["id"] == id).collect();
        assert_eq!(checks.len(), 1, "{:#}", report.0);
        assert_eq!(checks[0]["verdict"], "failed");
        assert!(checks[0]["cause"].to_string().contains(word), "{:#}", checks[0]);
        assert!(checks[0]["title"].to_string().contains(&serve.pid().to_string()), "the first that has it");
    }
}

#[test]
fn what_ollama_itself_gives_a_runner_raises_no_alarm() {
    let scratch = Scratch::new();
    let variables = [("GGML_CUDA_INIT", "1"), ("CUDA_VISIBLE_DEVICES", "GPU-12345678"), CONNECTED[0]];
    let runner = scratch.start("runner", &[BACKEND, "ours/libcuda.so.1"], &variables);
    let report = scratch.ask(runner.pid());
    assert!(report.checks().iter().all(|check| check["verdict"] == "ok"), "{:#}", report.0);
    let mut serve = scratch.start("serve", &[], &variables);
    scratch.ask(serve.pid()).names("environment.GGML_CUDA_INIT", "warning", &["abort"]);
    serve.end();
}

#[test]
fn processes_of_other_users_need_sudo() {
    let scratch = Scratch::new();
    let runner = scratch.start("runner", &[], &[]);
    // Root asks as nobody, from a folder that nobody may read; everybody else may not look into the first process.
    let vgpu = scratch.path("vgpu");
    fs::copy(env!("CARGO_BIN_EXE_vgpu"), &vgpu).expect("a copy");
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let pid = if is_root { runner.pid() } else { 1 };
    for options in [&["--pid", &pid.to_string()][..], &["--watch", "--for", "1", "--pid", &pid.to_string()]] {
        let mut command = Command::new(&vgpu);
        command.args(["doctor", "--libraries"]).arg(scratch.path("ours")).args(options);
        if is_root {
            command.uid(65534).gid(65534);
        }
        let output = command.output().expect("vgpu is built");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("sudo"), "{said}");
        assert_eq!(output.status.code(), Some(if options.len() == 2 { 2 } else { 0 }), "{said}");
    }
}

#[test]
fn a_process_that_does_not_exist_is_an_error() {
    let scratch = Scratch::new();
    let mut gone = scratch.start("runner", &[], &[]);
    gone.end();
    let pid = gone.pid().to_string();
    for options in [&["--pid", &pid][..], &["--watch", "--pid", &pid], &["--watch", "--root", &scratch.text("ours")]] {
        let output = scratch.doctor(options).output().expect("vgpu is built");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("no such process") || said.contains("no ollama.service"), "{said}");
    }
}

#[test]
fn a_child_that_lives_for_a_moment_is_followed() {
    let scratch = Scratch::new();
    let life = [("TEST_LIFE_MS", "600"), CONNECTED[0]];
    let mut serve = scratch.start("serve", &[BACKEND, "ours/libcuda.so.1"], &life);
    let mut watch = scratch.watch(&["--pid", &serve.pid().to_string()]);
    watch.says(&["begins:", "ollama serve"]);
    for _ in 0..2 {
        serve.load_model();
        watch.says(&["ollama runner"]);
        let loads: [&[&str]; 2] = [&["loads", BACKEND], &["loads", "ours/libcuda.so.1: vgpu's"]];
        watch.says_all(&[&loads[..], &[&["shares memory with an executor"]]].concat());
        watch.says(&["ends after"]);
    }
    serve.end();
    watch.ends();
    assert!(!watch.said.contains("was not seen"), "{}", watch.said);
}

#[test]
fn a_child_that_fails_to_load_is_told_from_others() {
    let scratch = Scratch::new();
    let mut serve = scratch.start("serve", &[], &[("TEST_LIFE_MS", "600")]);
    let mut watch = scratch.watch(&["--pid", &serve.pid().to_string()]);
    watch.says(&["begins:", "ollama serve"]);
    serve.load_model();
    watch.says(&["ends after", "it was not seen with a CUDA backend"]);
}

#[test]
fn a_services_processes_are_followed_from_its_start_to_its_end() {
    let scratch = Scratch::new();
    let unit = scratch.path("root/etc/systemd/system/ollama.service");
    fs::create_dir_all(unit.parent().expect("a folder")).expect("a folder");
    fs::write(unit, "[Service]\nSlice=models.slice\n").expect("a file");
    let group = scratch.path("root/sys/fs/cgroup/models.slice/ollama.service");
    let mut watch = scratch.watch(&["--root", &scratch.text("root")]);
    watch.says(&["ollama.service does not run; waiting"]);
    let runner = scratch.start("runner", &[BACKEND, "ours/libcuda.so.1"], &CONNECTED);
    fs::create_dir_all(&group).expect("a folder");
    // As the kernel does it, the list is there at once.
    fs::write(group.join("new"), format!("{}\n", runner.pid())).expect("a file");
    fs::rename(group.join("new"), group.join("cgroup.procs")).expect("a file");
    watch.says(&["ollama.service runs"]);
    watch.says(&[&runner.pid().to_string(), "begins:"]);
    watch.says(&["loads", "ours/libcuda.so.1: vgpu's"]);
    fs::remove_dir_all(&group).expect("a folder");
    watch.says(&["ends after"]);
    watch.says(&["ollama.service has ended"]);
}

#[test]
fn watching_ends_when_its_time_is_up() {
    let scratch = Scratch::new();
    let runner = scratch.start("runner", &[], &[]);
    let mut watch = scratch.watch(&["--for", "1", "--pid", &runner.pid().to_string()]);
    watch.says(&["begins:"]);
    watch.ends();
    assert!(Path::new(&format!("/proc/{}", runner.pid())).exists(), "it was only watched");
}
