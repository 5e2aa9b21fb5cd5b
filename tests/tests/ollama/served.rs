//! A day of `ollama serve`: models come, go and are swapped, clients leave.

use std::time::Duration;

use serde_json::json;
use vgpu_tests::{
    daemon::{Daemon, wait_until},
    ollama::Parts,
};

use crate::machine::{Bare, PROMPT, options};

const ONE_AT_A_TIME: [(&str, &str); 1] = [("OLLAMA_MAX_LOADED_MODELS", "1")];

#[test]
#[ignore = "needs the prebuilt client: cargo xtask ollama"]
fn models_are_swapped_without_waiting_for_memory() {
    let bare = Bare::new(&Parts::find());
    let on_cpu = bare.serve("unix:/nonexistent", &[]);
    let expected = on_cpu.complete(&bare.model("a"), PROMPT, &options(256)).expect("an answer");
    assert_eq!(on_cpu.loaded(), [(bare.model("a"), 0)]);
    on_cpu.stop();

    let daemon = Daemon::start(&["--threads", "2"]);
    let mut serve = bare.serve(&daemon.device(), &ONE_AT_A_TIME);
    let found = serve.found();
    assert!(found.len() == 1 && found[0].starts_with("id=0 filter_id=0 library=CUDA "), "{found:?}");
    for name in ["a", "b"] {
        let model = bare.model(name);
        assert_eq!(serve.complete(&model, PROMPT, &options(256)), Ok(expected.clone()), "{}", serve.log());
        let loaded = serve.loaded();
        assert!(loaded.len() == 1 && loaded[0].0 == model && loaded[0].1 > 0, "{loaded:?}");
    }
    // The first model's memory has come back by the first look after it.
    let log = serve.log();
    assert_eq!(log.matches("gpu VRAM free memory converged after").count(), 1, "{log}");
    assert!(!log.contains("didn't recover"), "{log}");
    assert!(serve.stop().success());
    wait_until(Duration::from_secs(20), "the executors' ends", || daemon.executors() == 0);
}

#[test]
#[ignore = "needs the prebuilt client: cargo xtask ollama"]
fn a_client_that_leaves_makes_room_for_the_next() {
    let bare = Bare::new(&Parts::find());
    let daemon = Daemon::start(&["--threads", "2"]);
    let mut serve = bare.serve(&daemon.device(), &[]);
    let model = bare.model("a");
    let expected = serve.complete(&model, PROMPT, &options(512)).expect("an answer");

    let mut long = options(512);
    long["num_predict"] = json!(400);
    serve.cancel_after_a_line(&model, PROMPT, &long).expect("a first line");
    serve.hears("aborting completion request due to client closing the connection");
    assert_eq!(serve.complete(&model, PROMPT, &options(512)), Ok(expected), "{}", serve.log());
    assert_eq!(daemon.executors(), 1, "the model stays loaded");
}
