//! `vgpu doctor` does what Ollama does to find a GPU: what it would log, and what keeps it from it. Most trees are scratch
//! ones with a backend of the C compiler's; the last tests take the real libraries and the real backend, where those are.

mod tree;

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use serde_json::Value;
use tree::{CUDA, Report, Tree};

const RUNNER: &str = "discovery.runner";
const SERVER: &str = "discovery.llama-server";
const UUID: &str = "GPU-abababab-abab-abab-abab-abababababab";
const NO_DEVICE: &str = "inference compute id=cpu library=cpu";

/// What would be logged about the tree's device.
fn line(id: &str, folder: &str) -> String {
    let filter = if id == UUID { "\"\"" } else { id };
    format!(
        "inference compute id={id} filter_id={filter} library=CUDA compute=7.5 name=CUDA0 description=\"Test GPU\" libdirs=ollama,{folder} \
         driver=12.8 pci_id=0000:0a:00.0 type=discrete total=\"8.0 GiB\" available=\"4.0 GiB\""
    )
}

fn evidence<'a>(report: &'a Report, id: &str) -> Vec<&'a str> {
    let all = report.check(id)["evidence"].as_array().expect("a list");
    all.iter().filter_map(Value::as_str).collect()
}

/// What is logged of devices.
fn logged<'a>(report: &'a Report, id: &str) -> Vec<&'a str> {
    evidence(report, id).into_iter().filter(|fact| fact.starts_with("inference compute")).collect()
}

#[track_caller]
fn says(report: &Report, id: &str, verdict: &str, words: &[&str]) {
    let check = report.check(id);
    assert_eq!(check["verdict"], verdict, "{:#}", report.0);
    for word in words {
        assert!(check.to_string().contains(word), "no {word:?}: {check:#}");
    }
}

#[test]
fn a_runner_logs_the_device_by_its_uuid() {
    let tree = Tree::new();
    let report = tree.ask(&[], &[]);
    report.is_green();
    assert_eq!(logged(&report, RUNNER), [line(UUID, "cuda_v12")]);
}

#[test]
fn a_llama_server_logs_the_device_by_its_number() {
    let tree = Tree::new().with_llama_server();
    let report = tree.ask(&[], &[]);
    report.is_green();
    assert_eq!(logged(&report, SERVER), [line("0", "cuda_v12")]);
}

#[test]
fn without_ggml_beside_it_a_backend_is_opened_by_itself() {
    let tree = Tree::new().with_llama_server();
    tree.remove("ollama/lib/ollama/libggml.so");
    let report = tree.ask(&[], &[]);
    report.is_green();
    assert_eq!(logged(&report, SERVER), [line("0", "cuda_v12")]);
}

#[test]
fn a_capability_that_the_backend_was_not_compiled_for_is_named() {
    for (tree, id, consequence) in [
        (Tree::new(), RUNNER, "aborts in the second look"),
        (Tree::new().with_llama_server(), SERVER, "compute capability not in compiled architectures"),
    ] {
        let report = tree.ask(&[], &[("TEST_ARCHS", "500,700,800")]);
        report.blames(id, &["cuda_v12: CUDA0: capability 7.5", "{50, 70, 80}", consequence], "VGPU_COMPUTE_CAPABILITY");
        assert_eq!(logged(&report, id), [NO_DEVICE]);
        tree.ask(&[], &[("TEST_ARCHS", "500,750,800")]).is_green();
    }
}

#[test]
fn an_old_driver_is_named() {
    let tree = Tree::new().with_llama_server();
    let old = [("TEST_DRIVER", "535.183.01")];
    // Only the name of the bundled runtime says what the driver must be able to do.
    tree.ask(&[], &old).is_green();
    fs::write(tree.path("ollama/lib/ollama/cuda_v12/libcudart.so.12.8.90"), "").expect("a file");
    let words = ["NVIDIA driver too old", "535.183.01", "550", "libcudart.so.12.8.90"];
    let report = tree.ask(&[], &old);
    report.blames(SERVER, &words, "libnvidia-ml.so.1");
    assert_eq!(logged(&report, SERVER), [NO_DEVICE]);
    tree.ask(&[], &[("TEST_DRIVER", "550.54.14")]).is_green();
}

#[test]
fn an_old_device_wants_a_newer_driver() {
    let tree = Tree::new().with_llama_server();
    fs::write(tree.path("ollama/lib/ollama/cuda_v12/libcudart.so.12.8.90"), "").expect("a file");
    let on = |driver| tree.ask(&[], &[("TEST_CAPABILITY_MAJOR", "6"), ("TEST_DRIVER", driver)]);
    on("560.28.03").blames(SERVER, &["NVIDIA driver too old", "570", "capability 6.5"], "libnvidia-ml.so.1");
    on("570.124.06").is_green();
}

#[test]
fn a_runner_asks_for_no_driver() {
    let tree = Tree::new();
    fs::write(tree.path("ollama/lib/ollama/cuda_v12/libcudart.so.12.8.90"), "").expect("a file");
    tree.ask(&[], &[("TEST_DRIVER", "470.1")]).is_green();
}

#[test]
fn a_driver_that_nobody_can_tell_is_only_warned_of() {
    let tree = Tree::new().with_llama_server();
    let report = tree.ask(&[], &[("TEST_NVML_REFUSES", "1")]);
    assert_eq!(report.0["healthy"], true);
    says(&report, SERVER, "ok", &["could not verify NVIDIA driver compatibility", "9, Driver Not Loaded"]);
    says(&report, "device.nvml", "warning", &["nvmlInit_v2 says 9, Driver Not Loaded"]);
    assert_eq!(logged(&report, SERVER), [line("0", "cuda_v12")]);
}

#[test]
fn a_backend_that_aborts_is_named_with_what_it_said() {
    for (tree, id, step) in
        [(Tree::new(), RUNNER, "ggml_backend_init"), (Tree::new().with_llama_server(), SERVER, "ggml_backend_load of ")]
    {
        let report = tree.ask(&[], &[("TEST_ABORT", "1")]);
        report.blames(id, &[step, "SIGABRT", "ggml-cuda.cu:99: GGML_ASSERT(cc) failed"], "vgpu trace");
        assert!(evidence(&report, id).contains(&"it printed: ggml_cuda_init: looking"), "{:#}", report.0);
        assert_eq!(logged(&report, id), [NO_DEVICE]);
    }
}

#[test]
fn a_process_that_looks_has_the_environment_that_ollama_gives() {
    let runner = Tree::new();
    let (above, folder) = (runner.text("ollama/lib/ollama"), runner.text("ollama/lib/ollama/cuda_v12"));
    let report = runner.ask(&[], &[("TEST_ABORT", "1"), ("LD_LIBRARY_PATH", "/usr/lib")]);
    let path = format!("LD_LIBRARY_PATH is {above}:{folder}:/usr/lib");
    let own = format!("OLLAMA_LIBRARY_PATH is {above}:{folder}");
    says(&report, RUNNER, "failed", &[&path, &own, "GGML_BACKEND_PATH is none", "GGML_CUDA_INIT is none"]);
    let report = runner.ask(&[], &[("TEST_ABORT_LATER", "1")]);
    says(&report, RUNNER, "failed", &[&own, "GGML_CUDA_INIT is 1"]);

    let server = Tree::new().with_llama_server();
    let report = server.ask(&[], &[("TEST_ABORT", "1")]);
    let (above, folder) = (server.text("ollama/lib/ollama"), server.text("ollama/lib/ollama/cuda_v12"));
    let path = format!("LD_LIBRARY_PATH is {above}:{folder}");
    let backend = format!("GGML_BACKEND_PATH is {folder}/libggml-cuda.so");
    says(&report, SERVER, "failed", &[&path, &backend, "OLLAMA_LIBRARY_PATH is none"]);
}

#[test]
fn a_device_that_fails_the_second_look_is_named() {
    for (tree, id, value) in [(Tree::new(), RUNNER, UUID), (Tree::new().with_llama_server(), SERVER, "0")] {
        let visible = format!("CUDA_VISIBLE_DEVICES={value}");
        let report = tree.ask(&[], &[("TEST_ABORT_LATER", "1")]);
        report.blames(id, &[&visible, "GGML_ASSERT(cc) failed"], "");
        let report = tree.ask(&[], &[("TEST_NONE_LATER", "1")]);
        report.blames(id, &[&visible, "not fully initialized"], "UUID");
    }
}

#[test]
fn a_backend_that_hangs_is_given_up_after_ollamas_time() {
    for (tree, id) in [(Tree::new(), RUNNER), (Tree::new().with_llama_server(), SERVER)] {
        let report = tree.ask(&["--probe-seconds", "1"], &[("TEST_HANG", "1")]);
        report.blames(id, &["ggml_backend_", "not done within 1 s"], "libggml-cuda.so");
        assert_eq!(logged(&report, id), [NO_DEVICE]);
    }
}

#[test]
fn a_backend_without_a_device_is_named_with_its_own_error() {
    let tree = Tree::new();
    let report = tree.ask(&[], &[("TEST_EMPTY", "1")]);
    report.blames(RUNNER, &["finds no device", "no CUDA-capable device is detected"], "vgpu trace");
}

#[test]
fn a_device_without_memory_is_for_no_llama_server() {
    let tree = Tree::new().with_llama_server();
    tree.ask(&[], &[("TEST_NO_MEMORY", "1")]).blames(SERVER, &["has no memory"], "--device-memory");
}

#[test]
fn a_backend_that_cannot_be_opened_is_named_after_what_it_lacks() {
    for (tree, id) in [(Tree::new(), RUNNER), (Tree::new().with_llama_server(), SERVER)] {
        tree.remove("ollama/lib/ollama/libcublas.so.12");
        let report = tree.ask(&[], &[]);
        report.blames("cuda_v12.search.libcublas.so.12", &["is in no directory"], "");
        says(&report, id, "failed", &["libcublas.so.12: cannot open shared object file", NO_DEVICE]);
    }
}

#[test]
fn a_request_for_one_folder_passes_over_the_others() {
    let tree = Tree::new();
    for other in ["vulkan", "rocm"] {
        let folder = tree.path(&format!("ollama/lib/ollama/{other}"));
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join(format!("libggml-{other}.so")), "").expect("a file");
    }
    let report = tree.ask(&[], &[("OLLAMA_LLM_LIBRARY", "cuda_v12")]);
    report.is_green();
    assert_eq!(logged(&report, RUNNER), [line(UUID, "cuda_v12")]);
    says(&report, RUNNER, "ok", &["vulkan: not looked into, OLLAMA_LLM_LIBRARY=cuda_v12 asks for another"]);
    let report = tree.ask(&[], &[("OLLAMA_LLM_LIBRARY", "cuda_v13")]);
    report.blames("environment.OLLAMA_LLM_LIBRARY", &["cuda_v13"], "cuda_v12");
    says(&report, RUNNER, "failed", &["looks into no folder", "cuda_v12: not looked into", NO_DEVICE]);
}

#[test]
fn the_newest_folder_serves_a_device() {
    let tree = Tree::new();
    fs::create_dir(tree.path("ollama/lib/ollama/cuda_v12_new")).expect("a folder");
    let copy = |from: &str, to: &str| fs::copy(tree.path(from), tree.path(to)).expect("a file");
    copy("ollama/lib/ollama/cuda_v12/libggml-cuda.so", "ollama/lib/ollama/cuda_v12_new/libggml-cuda.so");
    let report = tree.ask(&[], &[]);
    report.is_green();
    assert_eq!(logged(&report, RUNNER), [line(UUID, "cuda_v12_new")]);
    says(&report, RUNNER, "ok", &["cuda_v12: CUDA0 is left to cuda_v12_new"]);
}

#[test]
fn a_folder_for_another_cuda_leaves_the_device_to_ours() {
    let tree = Tree::new();
    fs::create_dir(tree.path("ollama/lib/ollama/cuda_v13")).expect("a folder");
    tree.build("elsewhere/libcudart.so.13", "", &["-Wl,-soname,libcudart.so.13"]);
    let runtime = tree.text("elsewhere/libcudart.so.13");
    tree.build("ollama/lib/ollama/cuda_v13/libggml-cuda.so", "", &["-Wl,--no-as-needed", &runtime]);
    let report = tree.ask(&[], &[]);
    report.is_green();
    assert_eq!(logged(&report, RUNNER), [line(UUID, "cuda_v12")]);
    says(&report, RUNNER, "ok", &["cuda_v13: libcudart.so.13: cannot open shared object file"]);
}

#[test]
fn a_second_copy_of_the_backend_is_named_with_its_harm_and_logged_once() {
    let (backend, second) = ("ollama/lib/ollama/cuda_v12/libggml-cuda.so", "ollama/lib/ollama/libggml-cuda.so");
    let tree = Tree::new();
    tree.link(backend, second);
    for _ in ["a link", "a file of its own"] {
        let report = tree.ask(&[], &[]);
        report.blames("ollama.duplicate", &["logs each GPU once", "wrong tokens", "NaN"], "remove");
        assert_eq!(logged(&report, RUNNER), [line(UUID, "cuda_v12")]);
        says(&report, RUNNER, "ok", &["cuda_v12: CUDA0 is dropped, being 0000:0a:00.0 again"]);
        tree.remove(second);
        fs::copy(tree.path(backend), tree.path(second)).expect("a copy");
    }
    tree.remove(second);
    tree.ask(&[], &[]).is_green();
}

#[test]
fn chosen_devices_are_noted() {
    let tree = Tree::new();
    let report = tree.ask(&[], &[("CUDA_VISIBLE_DEVICES", "0")]);
    report.is_green();
    says(&report, RUNNER, "ok", &["user overrode visible devices, CUDA_VISIBLE_DEVICES=0"]);
}

#[test]
fn a_management_library_with_other_devices_is_named() {
    let tree = Tree::new();
    let other = "GPU-00000000-0000-0000-0000-000000000000";
    let report = tree.ask(&[], &[("TEST_NVML_UUID", other)]);
    says(&report, "device.nvml", "warning", &[UUID, other, "nvmlDeviceGetHandleByUUID says 6, Not Found"]);
    let report = tree.ask(&[], &[("TEST_NVML_MIB", "80000")]);
    says(&report, "device.nvml", "warning", &["8192 MiB", "80000 MiB"]);
    // A driver keeps some of the memory to itself.
    let report = tree.ask(&[], &[("TEST_NVML_MIB", "8800")]);
    says(&report, "device.nvml", "ok", &["8800 of 8800 MiB", "570.124.06"]);
}

#[test]
fn a_slow_device_is_warned_of_and_an_idle_one_is_named() {
    let tree = Tree::new();
    let report = tree.ask(&[], &[]);
    says(&report, "device.speed", "ok", &["median of 101", "64 MiB to the device", "GiB/s"]);
    let report = tree.ask(&[], &[("TEST_SLOW", "1")]);
    assert_eq!(report.0["healthy"], true);
    says(&report, "device.speed", "warning", &["a call that waits for the device takes "]);
    tree.ask(&[], &[("TEST_NO_WORK", "1")]).blames("device.speed", &["cuMemGetInfo_v2 says 719"], "vgpud");
}

#[test]
fn a_driver_that_the_earliest_ollama_passes_over_is_warned_of() {
    let tree = Tree::new();
    tree.build_ours("libcuda.so.1", &format!("#define TEST_WITHOUT_CONTEXTS\n{CUDA}"));
    let report = tree.ask(&[], &[]);
    assert_eq!(report.0["healthy"], true);
    says(&report, "device.earliest", "warning", &["libcuda.so.1 lacks cuCtxCreate_v3"]);
}

/// A daemon that reads every hello as one of another version, as an older one would.
fn older_daemon(path: &Path) -> String {
    let address = SocketAddrUnix::new(path).expect("a short path");
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None);
    let socket = socket.expect("a socket");
    rustix::net::bind(&socket, &address).expect("a new path");
    rustix::net::listen(&socket, 4).expect("a bound socket");
    thread::spawn(move || {
        while let Ok(guest) = rustix::net::accept(&socket) {
            let reason = "guest and host were built from different versions of vgpu (guest protocol 1, host 2)";
            let refusal = vgpu_core::transport::handshake::refusal_packet(reason);
            // With a hello that nobody has read, the end of the connection would overtake the refusal.
            let _ = rustix::io::read(&guest, &mut [0; 1024]);
            let _ = rustix::io::write(&guest, &refusal);
        }
    });
    format!("unix:{}", path.display())
}

#[track_caller]
fn blames_versions(report: &Report) {
    report.blames("device.count", &["different versions of vgpu"], "one build of vgpu on both sides");
    assert!(evidence(report, "device.count").iter().any(|fact| fact.contains("ABI hash ")), "{:#}", report.0);
    says(report, RUNNER, "failed", &[NO_DEVICE]);
}

#[test]
fn a_daemon_of_another_version_is_named() {
    let tree = Tree::new();
    let device = older_daemon(&tree.path("vgpud.sock"));
    blames_versions(&tree.ask(&[], &[("TEST_NO_DEVICE", "1"), ("VGPU", &device)]));
}

#[test]
fn a_backend_of_another_program_lists_its_devices() {
    let tree = Tree::new();
    let (backend, path) = (tree.text("ollama/lib/ollama/cuda_v12/libggml-cuda.so"), tree.text("ollama/lib/ollama"));
    let ask = |name, value| {
        let mut vgpu = tree.command(&["--json", "--backend", &backend], &[("LD_LIBRARY_PATH", &path), (name, value)]);
        Report(serde_json::from_slice(&vgpu.output().expect("vgpu is built").stdout).expect("JSON"))
    };
    let report = ask("TEST", "1");
    says(&report, "discovery.backend", "ok", &["CUDA0: Test GPU, capability 7.5, 4.0 GiB of 8.0 GiB free"]);
    ask("TEST_ABORT", "1").blames("discovery.backend", &["ggml_backend_init", "GGML_ASSERT(cc) failed"], "vgpu trace");
}

/// What `cargo xtask dist` has made, if it has.
fn dist() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dist");
    let dist = env::var_os("VGPU_DIST").map_or_else(default, PathBuf::from);
    let dist = dist.canonicalize().ok()?;
    let is_whole = dist.join("lib/libcuda.so.1").exists() && dist.join("bin/vgpud").exists();
    is_whole.then_some(dist)
}

/// The folders of the real client, if `cargo xtask demo` or `test` has fetched it: its backend for CUDA 12, and ggml.
fn client() -> Option<(PathBuf, PathBuf)> {
    let home = || Path::new(&env::var_os("HOME").unwrap_or_default()).join(".cache/vgpu");
    let cache = env::var_os("VGPU_CACHE").map_or_else(home, PathBuf::from);
    let folders = fs::read_dir(cache).ok()?.flatten().map(|entry| entry.path().join("node_modules/@node-llama-cpp"));
    let both = folders.map(|folder| {
        (
            folder.join("linux-x64-cuda-ext/bins/linux-x64-cuda/fallback"),
            folder.join("linux-x64-cuda/bins/linux-x64-cuda"),
        )
    });
    both.into_iter().find(|(cuda, ggml)| cuda.join("libggml-cuda.so").exists() && ggml.join("libggml-base.so").exists())
}

/// A tree with the real libraries and the real backend.
fn real_tree() -> Option<(Tree, PathBuf)> {
    let (Some(dist), Some((cuda, ggml))) = (dist(), client()) else {
        eprintln!("skipped: it needs dist/ (cargo xtask dist) and the real client (cargo xtask demo)");
        return None;
    };
    let tree = Tree::new();
    fs::remove_dir_all(tree.path("ours")).expect("a folder");
    symlink(dist.join("lib"), tree.path("ours")).expect("a link");
    for (from, to) in [
        (cuda.join("libggml-cuda.so"), "ollama/lib/ollama/cuda_v12/libggml-cuda.so"),
        (ggml.join("libggml-base.so"), "ollama/lib/ollama/libggml-base.so"),
    ] {
        tree.remove(to);
        symlink(from, tree.path(to)).expect("a link");
    }
    Some((tree, ggml))
}

/// What is logged about the real device, after its identity.
#[track_caller]
fn is_logged(report: &Report, id: &str, identity: &str) {
    assert_eq!(report.0["healthy"], true, "{:#}", report.0);
    let lines = logged(report, id);
    assert_eq!(lines.len(), 1, "{:#}", report.0);
    let begin = format!("inference compute id={identity}");
    assert!(lines[0].starts_with(&begin), "{lines:?}");
    for word in ["library=CUDA compute=7.5 name=CUDA0", "libdirs=ollama,cuda_v12 driver=12.", "type=discrete"] {
        assert!(lines[0].contains(word), "no {word:?}: {lines:?}");
    }
}

#[test]
fn the_real_backend_is_found_on_the_software_gpu() {
    let Some((tree, ggml)) = real_tree() else { return };
    let embedded = [("VGPU", "embedded")];
    let report = tree.ask(&[], &embedded);
    is_logged(&report, RUNNER, "GPU-");
    says(&report, "device.nvml", "ok", &["driver "]);
    assert!(evidence(&report, "device.speed")[0].contains("a round trip takes "), "{:#}", report.0);
    assert_eq!(report.check("device.earliest")["verdict"], "ok");

    let versioned = fs::read_dir(&ggml).expect("a folder").flatten().map(|entry| entry.path());
    let is_ggml = |path: &PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("libggml.cuda."));
    let library = versioned.into_iter().find(is_ggml).expect("the client has ggml");
    symlink(library, tree.path("ollama/lib/ollama/libggml.so")).expect("a link");
    fs::write(tree.path("ollama/lib/ollama/llama-server"), "a program").expect("a file");
    let report = tree.ask(&[], &embedded);
    is_logged(&report, SERVER, "0 ");
}

#[test]
fn what_keeps_the_real_backend_from_the_device_is_named() {
    let Some((tree, _)) = real_tree() else { return };
    let report = tree.ask(&[], &[("VGPU", "embedded"), ("VGPU_COMPUTE_CAPABILITY", "8.9")]);
    report.blames("cuda_v12.architectures", &["capability 8.9"], "VGPU_COMPUTE_CAPABILITY");
    says(&report, RUNNER, "failed", &["capability 8.9 is none of {50, 61, 70, 75, 80, 86}", NO_DEVICE]);
    let report = tree.ask(&[], &[("VGPU", "unix:/nonexistent/vgpud.sock")]);
    report.blames("device.count", &["/nonexistent/vgpud.sock"], "vgpud");
    says(&report, RUNNER, "failed", &["finds no device", "/nonexistent/vgpud.sock", NO_DEVICE]);
    blames_versions(&tree.ask(&[], &[("VGPU", &older_daemon(&tree.path("vgpud.sock")))]));
    let report = tree.ask(&[], &[("VGPU", "embedded"), ("VGPU_DEVICE_MEMORY", "1KiB")]);
    report.blames("device.count", &["device-memory: between 1MiB"], "change what it refuses for");
}
