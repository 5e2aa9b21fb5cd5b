//! Memory runs out: what Ollama knows by the words of the error, and what it does then.

use std::{env, fs, os::unix::fs::PermissionsExt, process::Stdio};

use serde_json::json;
use vgpu_tests::{
    daemon::{Daemon, start_and_wait_for_line},
    ollama::Parts,
};

use crate::machine::{Bare, PROMPT, options};

#[test]
#[ignore = "needs the prebuilt client: cargo xtask ollama"]
fn a_model_that_does_not_fit_beside_another_is_loaded_in_its_place() {
    // Each model takes some 200 MiB, nearly all of them for its context.
    let bare = Bare::new(&Parts::find());
    let daemon = Daemon::start(&["--threads", "2", "--device-memory", "300MiB"]);
    let serve = bare.serve(&daemon.device(), &[]);
    let mut large = options(100 << 10);
    // Layers are offloaded as told, whether they fit or not.
    large["num_gpu"] = json!(99);
    for name in ["a", "b"] {
        let model = bare.model(name);
        let answer = serve.complete(&model, PROMPT, &large);
        assert!(answer.is_ok(), "{answer:?}\n{}", serve.log());
        let loaded = serve.loaded();
        assert!(loaded.len() == 1 && loaded[0].0 == model && loaded[0].1 > 150 << 20, "{loaded:?}");
    }
    let log = serve.log();
    assert_eq!(log.matches("evicting all loaded models and retrying once").count(), 1, "{log}");
    assert!(!log.contains("didn't recover"), "{log}");
}

#[test]
#[ignore = "needs the prebuilt client: cargo xtask ollama"]
fn when_memory_runs_out_in_mid_answer_the_next_request_finds_room() {
    let bare = Bare::new(&Parts::find());
    let daemon = Daemon::start(&["--threads", "2", "--device-memory", "300MiB"]);
    let path = with_a_debugger(&bare);
    let mut serve = bare.serve(&daemon.device(), &[("PATH", &path)]);
    let mut offloaded = options(256);
    offloaded["num_gpu"] = json!(99);
    let model = bare.model("a");
    let load = json!({ "model": model, "prompt": "", "options": offloaded });
    serve.ask("POST", "/api/generate", &load).expect("the model is loaded");

    let mut greedy = daemon.guest(env!("CARGO_BIN_EXE_guest-memory"));
    let mut greedy = start_and_wait_for_line(greedy.arg("hold").stdin(Stdio::piped()));
    let answer = serve.complete(&model, PROMPT, &offloaded);
    assert!(answer.as_ref().is_err_and(|error| error.contains("out of memory")), "{answer:?}\n{}", serve.log());
    serve.hears("runtime OOM detected; expiring loaded models to clear memory before next request");

    drop(greedy.stdin.take());
    greedy.wait().expect("it ends with its input");
    let answer = serve.complete(&model, PROMPT, &offloaded);
    assert!(answer.is_ok(), "{answer:?}\n{}", serve.log());
}

/// A search path on which a debugger is found that waits for the last words of the process that it is to look at. llama.cpp
/// writes its log in a thread of its own, and where no debugger holds it, it may abort before it has said why.
fn with_a_debugger(bare: &Bare) -> String {
    let folder = bare.path("debugger");
    let program = folder.join("gdb");
    fs::create_dir(&folder).expect("a folder");
    let wait = format!(
        "#!/bin/sh\nfor try in $(seq 500); do grep -q 'CUDA error: ' {} && exit; sleep 0.02; done\n",
        bare.path("serve.log").display()
    );
    fs::write(&program, wait).expect("a script");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("our own file");
    format!("{}:{}", folder.display(), env::var("PATH").unwrap_or_default())
}
