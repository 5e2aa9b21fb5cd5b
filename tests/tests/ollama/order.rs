//! The server and the daemon start in either order.

use std::{env, path::Path};

use vgpu_tests::{
    activation::{Activation, Start},
    daemon::Daemon,
    ollama::{Parts, serve::Serve, tree::Era},
};

use crate::machine::{Bare, Machine, PROMPT, options};

/// Rounds of each order, where `VGPU_TEST_ROUNDS` does not say.
const ROUNDS: u32 = 2;

#[test]
#[ignore = "needs the prebuilt client: cargo xtask ollama"]
fn with_a_socket_of_systemd_the_first_look_finds_the_gpu_in_either_order() {
    let bare = Bare::new(&Parts::find());
    let rounds = env::var("VGPU_TEST_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().expect("a number of rounds"));
    for round in 0..rounds {
        for start in [Start::OnDemand, Start::AtOnce] {
            let daemon = Activation::new(start, &["--threads", "2"]);
            let mut serve = bare.serve(&daemon.device(), &[]);
            let found = serve.found();
            assert!(
                found.len() == 1 && found[0].contains("library=CUDA"),
                "round {round}, {start:?}: {found:?}\n{}",
                serve.log()
            );
            assert!(serve.stop().success());
            assert!(daemon.end(), "a daemon was started");
        }
    }
    println!("{rounds} of {rounds} rounds in each order");
}

#[test]
#[ignore = "needs the prebuilt client: cargo xtask ollama"]
fn a_server_that_has_looked_before_the_daemon_came_stays_on_the_cpu() {
    let parts = Parts::find();
    let machine = Machine::new(Era::LlamaServer, &parts);
    machine.install(machine.tree.ollama());
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let socket = scratch.path().join("vgpud.sock");
    let device = format!("unix:{}", socket.display());
    let start = || {
        let mut command = machine.tree.command(machine.tree.ollama().program());
        command.env("VGPU", &device);
        Serve::start(command, scratch.path().join("serve.log"))
    };
    let mut serve = start();
    let found = serve.found();
    assert!(found.len() == 1 && found[0].starts_with("id=cpu library=cpu "), "{found:?}");

    let daemon = Daemon::start_at(&socket, &["--threads", "2"]);
    let model = parts.model.to_str().expect("a plain path");
    serve.complete(model, PROMPT, &options(256)).expect("an answer");
    assert_eq!(serve.loaded(), [(model.to_owned(), 0)]);
    assert_eq!(daemon.executors(), 0);
    assert_eq!(serve.log().matches("inference compute").count(), 1, "it looks once");

    let vgpu = machine.tree.prefix().join("current/bin/vgpu");
    let doctor = || machine.doctor(&vgpu, &[("VGPU", Path::new(&device))]);
    let (report, is_content) = doctor();
    let first = &report["checks"][0];
    assert!(!is_content && first["id"] == format!("server.{}", serve.id()), "{report:#}");
    assert!(first["cause"].to_string().contains("before the daemon's socket"), "{first:#}");
    assert!(first["fix"].to_string().contains("restart it"), "{first:#}");
    assert!(serve.stop().success());
    let mut serve = start();
    assert!(serve.found()[0].contains("library=CUDA"));
    let (report, is_content) = doctor();
    assert!(is_content, "{report:#}");
}
