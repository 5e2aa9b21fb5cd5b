//! Installed and uninstalled: what was not found is found in between, and nothing is left.

use std::{fs, path::Path};

use serde_json::Value;

use vgpu_tests::{
    dist,
    ollama::{
        Parts, bundled,
        serve::Serve,
        server::{Completion, Server},
        snapshot::Snapshot,
        tree::{Era, Layout, Tree},
    },
};

use crate::machine::{Machine, OLLAMA};

const NO_GPU: &str = "inference compute id=cpu library=cpu\n";
/// What rounding may make of a log-probability of the f32 model.
const TOLERANCE: f64 = 5e-3;

/// The way of one installation, with `meanwhile` between installing and uninstalling.
fn comes_and_goes(era: Era, parts: &Parts, id: &str, meanwhile: impl FnOnce(&Machine)) {
    let machine = Machine::new(era, parts);
    let ollama = machine.tree.ollama();
    let before = Snapshot::of(machine.tree.root());
    let ours = dist().join("lib");
    let inherited = [("LD_LIBRARY_PATH", ours.as_path())];

    // There is no driver. And where there is one, the bundled runtime comes before ours, and wants NVIDIA's.
    assert_eq!(machine.discover(ollama, &[]).0, NO_GPU);
    let (found, said) = machine.discover(ollama, &inherited);
    assert_eq!(found, NO_GPU);
    assert!(said.contains(bundled::REFUSAL), "{said}");
    let (report, is_content) = machine.doctor(&dist().join("bin/vgpu"), &inherited);
    assert!(!is_content, "{report:#}");
    let cause = report["checks"][0]["cause"].as_str().unwrap_or_default();
    assert!(cause.contains("cuda_v12/libcudart.so.12") && cause.contains("is not vgpu's"), "{report:#}");

    machine.install(ollama);
    let (report, is_content) = machine.doctor(&machine.tree.prefix().join("current/bin/vgpu"), &[]);
    let is_odd = |check: &&Value| check["verdict"] == "failed" || check["verdict"] == "warning";
    let odd = report["checks"].as_array().expect("a list").iter().find(is_odd);
    assert!(is_content && odd.is_none(), "{report:#}");
    let (found, said) = machine.discover(ollama, &[]);
    print!("{era:?}: {found}");
    let start = format!("inference compute id={id}");
    assert!(found.starts_with(&start) && found.lines().count() == 1, "{found}{said}");
    for word in [
        "library=CUDA compute=7.5 name=CUDA0 description=\"vgpu",
        "libdirs=ollama,cuda_v12 driver=12.",
        "type=discrete total=\"8.0 GiB\"",
    ] {
        assert!(found.contains(word), "no {word:?} in {found}");
    }
    // The backend for CUDA 13 comes first, and leads to no device: also where it finds our driver.
    assert_eq!(machine.discover(ollama, &inherited).0, found);
    meanwhile(&machine);

    machine.wait_for_no_executor();
    machine.uninstall();
    let left = before.differences(&Snapshot::of(machine.tree.root()));
    assert!(left.is_empty(), "{left:#?}");
    assert_eq!(machine.discover(ollama, &inherited).0, NO_GPU);
}

#[test]
#[ignore = "needs the prebuilt client: cargo xtask ollama"]
fn the_runner_of_ollama_finds_the_gpu_while_it_is_installed() {
    comes_and_goes(Era::Runner, &Parts::find(), "GPU-", |machine| {
        let scratch = tempfile::tempdir().expect("a temporary folder");
        let command = machine.command(machine.tree.ollama().program());
        let found = Serve::start(command, scratch.path().join("serve.log")).found();
        assert!(found.len() == 1 && found[0].starts_with("id=GPU-"), "{found:?}");
        assert!(found[0].contains(" filter_id=\"\" library=CUDA compute=7.5 "), "{found:?}");
    });
}

#[test]
#[ignore = "needs the prebuilt client: cargo xtask ollama"]
fn the_server_of_ollama_completes_on_the_gpu_as_on_the_cpu() {
    let parts = Parts::find();
    comes_and_goes(Era::LlamaServer, &parts, "0 ", |machine| {
        let on_cpu = complete(machine, &parts, false);
        let on_gpu = complete(machine, &parts, true);
        assert_eq!(on_gpu.tokens, on_cpu.tokens);
        assert_eq!(on_cpu.tokens.len(), 8);
        // The server does not tell the preferences for a token that is half a character.
        assert!(on_cpu.preferred.len() >= 4, "{on_cpu:?}");
        assert_eq!(on_gpu.preferred.len(), on_cpu.preferred.len());
        let mut largest_difference = 0.0f64;
        for (gpu, cpu) in on_gpu.preferred.iter().zip(&on_cpu.preferred) {
            for (token, logarithm) in cpu {
                // Rounding may have moved the last of the preferred ones off the list.
                let Some((_, other)) = gpu.iter().find(|(other, _)| other == token) else { continue };
                largest_difference = largest_difference.max((logarithm - other).abs());
            }
            assert_eq!(gpu.first().map(|best| best.0), cpu.first().map(|best| best.0));
        }
        println!(
            "LlamaServer: tokens {:?} on both, log-probabilities at most {largest_difference:.1e} apart",
            on_gpu.tokens
        );
        assert!(largest_difference < TOLERANCE, "{on_gpu:?}\n{on_cpu:?}");
    });
}

/// A completion of the tree's server, with its backend of CUDA or without.
fn complete(machine: &Machine, parts: &Parts, with_gpu: bool) -> Completion {
    let tree = &machine.tree;
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let (log, trace) = (scratch.path().join("log"), scratch.path().join("trace"));
    let mut command = machine.command(tree.lib().join("llama-server"));
    command.env("LD_LIBRARY_PATH", std::env::join_paths([tree.lib(), tree.variant()]).expect("no colon in them"));
    if with_gpu {
        command.env("GGML_BACKEND_PATH", tree.variant().join("libggml-cuda.so")).env("CUDA_VISIBLE_DEVICES", "0");
        command.env("VGPU_TRACE", &trace);
    }
    let model = parts.model.to_str().expect("a plain path");
    let arguments = ["--model", model, "-c", "256", "-np", "1", "--flash-attn", "auto", "-ngl", "99", "-t", "2"];
    let server = Server::start(command, &arguments, log);
    let completion = server.complete("the quick brown fox", 8);
    let log = server.log();

    let executors = machine.daemon.executors();
    let status = server.stop();
    assert!(status.success(), "{status}\n{log}");
    machine.wait_for_no_executor();
    assert_eq!(executors, usize::from(with_gpu), "{log}");
    assert_eq!(log.contains("using device CUDA0"), with_gpu, "{log}");
    assert_eq!(log.contains("offloaded 3/3 layers to GPU"), with_gpu, "{log}");
    if with_gpu {
        let trace = fs::read_to_string(&trace).expect("the trace is there");
        let launches = trace.lines().filter(|line| line.contains(" libcuda.so.1 cuLaunchKernel")).count();
        println!("LlamaServer: {launches} kernels launched, {} calls of the driver and runtime", trace.lines().count());
        assert!(launches > 0, "no kernel was launched");
    }
    completion
}

#[test]
#[ignore = "needs the prebuilt client: cargo xtask ollama"]
fn a_backend_in_ollamas_own_folder_finds_the_gpu_while_it_is_installed() {
    let parts = Parts::find();
    for (era, id) in [(Era::Runner, "GPU-"), (Era::LlamaServer, "0 ")] {
        let machine = Machine::with(Tree::laid_out("usr", Layout::Flat, era, &parts, Path::new(OLLAMA)));
        let before = Snapshot::of(machine.tree.root());
        machine.install(machine.tree.ollama());
        let (report, is_content) = machine.doctor(&machine.tree.prefix().join("current/bin/vgpu"), &[]);
        assert!(is_content, "{report:#}");
        let (found, said) = machine.discover(machine.tree.ollama(), &[]);
        assert!(found.starts_with(&format!("inference compute id={id}")), "{found}{said}");
        assert!(found.contains("library=CUDA") && found.contains("libdirs=ollama driver="), "{found}");
        machine.wait_for_no_executor();
        machine.uninstall();
        let left = before.differences(&Snapshot::of(machine.tree.root()));
        assert!(left.is_empty(), "{left:#?}");
    }
}
