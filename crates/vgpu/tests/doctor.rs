//! `vgpu doctor` on scratch copies of Ollama that have one thing wrong each: it names that first, and is content once it
//! is mended. The libraries are small ones of the C compiler, with the real ones' names and versions.

mod tree;

use std::fs;
use std::path::Path;
use std::process::Command;

use tree::{BACKEND, CUBLAS, CUDA, CUDART, GRAPHS, MARK, NVML, Tree, kernels};

#[test]
fn a_healthy_tree_raises_no_alarm() {
    let tree = Tree::new();
    let report = tree.ask(&[], &[]);
    report.is_green();
    assert!(report.check("device.count").to_string().contains("Test GPU"), "{:#}", report.0);
}

#[test]
fn a_library_without_a_soname_is_named() {
    let tree = Tree::new();
    tree.build("ours/libcuda.so.1", &format!("{MARK}\n{CUDA}"), &[]);
    tree.loading(&[]).blames("libraries.libcuda.so.1", &["has no SONAME"], "install");
    tree.build_ours("libcuda.so.1", CUDA);
    tree.loading(&[]).is_green();
}

#[test]
fn a_link_to_another_library_is_named_in_each_directory() {
    let tree = Tree::new();
    tree.unlink("ollama/lib/ollama");
    for folder in ["ollama/lib/ollama", "ollama/lib/ollama/cuda_v12", "elsewhere"] {
        let path = [("LD_LIBRARY_PATH", &*tree.text("elsewhere"))];
        tree.link_into(folder);
        let file = format!("{folder}/libcudart.so.12");
        tree.link("ours/libcublas.so.12", &file);
        tree.loading(&path).blames(
            "cuda_v12.search.libcudart.so.12",
            &[&file, "is libcublas.so.12 under the name libcudart.so.12"],
            "replace",
        );
        tree.link("ours/libcudart.so.12", &file);
        tree.loading(&path).is_green();
        tree.unlink(folder);
    }
}

#[test]
fn a_wrong_search_order_is_named() {
    let tree = Tree::new();
    tree.unlink("ollama/lib/ollama");
    tree.build_with_node(
        "elsewhere/libcudart.so.12",
        "libcudart.so.12",
        Some("libcudart.so.12"),
        &format!("{CUDART} {GRAPHS}"),
    );
    let (ours, other) = (tree.text("ours"), tree.text("elsewhere"));
    let report = tree.loading(&[("LD_LIBRARY_PATH", &format!("{other}:{ours}"))]);
    report.blames(
        "cuda_v12.search.libcudart.so.12",
        &["elsewhere/libcudart.so.12", "comes before ours", "ours/libcudart.so.12"],
        "searched before",
    );
    tree.loading(&[("LD_LIBRARY_PATH", &format!("{ours}:{other}"))]).is_green();
}

#[test]
fn a_bundled_library_that_wins_is_named() {
    let tree = Tree::new();
    tree.unlink("ollama/lib/ollama");
    let bundled = "ollama/lib/ollama/cuda_v12/libcublas.so.12";
    tree.build_with_node(bundled, "libcublas.so.12", Some("libcublas.so.12"), CUBLAS);
    let inherited = [("LD_LIBRARY_PATH", &*tree.text("ours"))];
    tree.loading(&inherited).blames(
        "cuda_v12.search.libcublas.so.12",
        &[bundled, "is not vgpu's", "comes before ours"],
        "in its place",
    );
    tree.link("ours/libcublas.so.12", bundled);
    tree.loading(&inherited).is_green();
}

#[test]
fn an_undefined_symbol_is_named_with_the_library_that_lacks_it() {
    let tree = Tree::new();
    tree.build_ours("libcudart.so.12", CUDART);
    let report = tree.loading(&[]);
    report.blames("cuda_v12.symbols", &["libcudart.so.12 lacks cudaGraphLaunch@libcudart.so.12"], "replace");
    let open = report.check("cuda_v12.open");
    assert!(open["cause"].as_str().expect("text").contains("undefined symbol: cudaGraphLaunch"), "{open:#}");
    tree.build_ours("libcudart.so.12", &format!("{CUDART} {GRAPHS}"));
    tree.loading(&[]).is_green();
}

#[test]
fn a_wrong_version_node_is_named() {
    let tree = Tree::new();
    let source = format!("{MARK}\n{CUDART} {GRAPHS}");
    tree.build_with_node("ours/libcudart.so.12", "libcudart.so.12", Some("libcudart.so.11.0"), &source);
    let report = tree.loading(&[]);
    report.blames("libraries.libcudart.so.12", &["version node", "libcudart.so.11.0", "libcudart.so.12"], "install");
    assert_eq!(report.check("cuda_v12.symbols")["verdict"], "failed");
    assert_eq!(report.check("cuda_v12.open")["verdict"], "failed");
    // glibc takes a library without any node, and so does doctor for somebody else's.
    tree.build_ours("libcudart.so.12", &format!("{CUDART} {GRAPHS}"));
    tree.build_with_node("ollama/lib/ollama/libggml-base.so", "libggml-base.so", Some("OTHER"), "int culog, ggml_log;");
    let report = tree.loading(&[]);
    report.blames("cuda_v12.symbols", &["ggml_log"], "");
}

#[test]
fn a_management_library_with_an_undefined_symbol_is_named() {
    let tree = Tree::new();
    let broken =
        format!("{NVML}\nint set_skip_interception(void); int nvmlExtra(void) {{ return set_skip_interception(); }}");
    tree.build_ours("libnvidia-ml.so.1", &broken);
    let report = tree.loading(&[]);
    report.blames("libraries.libnvidia-ml.so.1", &["undefined symbol set_skip_interception"], "install");
    assert_eq!(report.check("cuda_v12.symbols.libnvidia-ml.so.1")["verdict"], "failed");
    tree.build_ours("libnvidia-ml.so.1", NVML);
    tree.loading(&[]).is_green();
}

#[test]
fn a_missing_directory_in_the_library_path_is_named() {
    let tree = Tree::new();
    let (wrong, right) = (tree.text("our"), tree.text("ours"));
    // By itself it does no harm.
    let report = tree.loading(&[("LD_LIBRARY_PATH", &wrong)]);
    assert_eq!(report.check("environment.LD_LIBRARY_PATH")["verdict"], "warning");
    assert_eq!(report.0["healthy"], true);
    tree.unlink("ollama/lib/ollama");
    tree.loading(&[("LD_LIBRARY_PATH", &wrong)]).blames(
        "environment.LD_LIBRARY_PATH",
        &[&wrong, "is no directory"],
        "correct the path",
    );
    tree.loading(&[("LD_LIBRARY_PATH", &right)]).is_green();
}

#[test]
fn empty_and_relative_entries_of_the_library_path_are_named() {
    let tree = Tree::new();
    for (path, word) in [("/usr/lib:", "empty entry"), ("lib", "its own working directory")] {
        let report = tree.loading(&[("LD_LIBRARY_PATH", path)]);
        let check = report.check("environment.LD_LIBRARY_PATH");
        assert_eq!(check["verdict"], "warning");
        assert!(check["cause"].as_str().expect("text").contains(word), "{check:#}");
    }
}

#[test]
fn libraries_in_no_directory_are_named_with_what_was_searched() {
    let tree = Tree::new();
    tree.remove("ollama/lib/ollama/libcublas.so.12");
    let report = tree.loading(&[]);
    report.blames("cuda_v12.search.libcublas.so.12", &["is in no directory"], "LD_LIBRARY_PATH");
    let searched = report.checks()[0]["evidence"].to_string();
    assert!(searched.contains("lib/ollama/cuda_v12 (LD_LIBRARY_PATH)"), "{searched}");
}

#[test]
fn a_request_for_another_folder_is_named() {
    let tree = Tree::new();
    tree.loading(&[("OLLAMA_LLM_LIBRARY", "cuda_v13")]).blames(
        "environment.OLLAMA_LLM_LIBRARY",
        &["cuda_v13"],
        "set it to cuda_v12",
    );
    tree.loading(&[("OLLAMA_LLM_LIBRARY", "cuda_v12")]).is_green();
}

#[test]
fn a_backend_that_is_loaded_twice_is_named() {
    let tree = Tree::new();
    let second = "ollama/lib/ollama/libggml-cuda.so";
    tree.link("ollama/lib/ollama/cuda_v12/libggml-cuda.so", second);
    tree.loading(&[]).blames("ollama.duplicate", &[second, "wrong tokens"], "remove");
    tree.remove(second);
    tree.loading(&[]).is_green();
}

#[test]
fn a_leftover_in_ld_preload_is_named() {
    let tree = Tree::new();
    tree.build("elsewhere/libvgpu-old.so", "int cuInit(unsigned f) { return 0; }", &[]);
    let old = tree.text("elsewhere/libvgpu-old.so");
    tree.loading(&[("LD_PRELOAD", &old)]).blames("environment.LD_PRELOAD", &[&old, "cuInit"], "unset LD_PRELOAD");
    tree.remove("elsewhere/libvgpu-old.so");
    let report = tree.loading(&[("LD_PRELOAD", &old)]);
    assert_eq!(report.checks()[0]["id"], "environment.LD_PRELOAD");
    assert_eq!(report.checks()[0]["verdict"], "warning");
    tree.loading(&[]).is_green();
}

#[test]
fn a_stale_copy_is_named() {
    let tree = Tree::new();
    let copy = "ollama/lib/ollama/libcuda.so.1";
    tree.remove(copy);
    tree.build_marked(copy, "libcuda.so.1", &format!("{CUDA}\nint cuOld(void) {{ return 0; }}"));
    tree.loading(&[]).blames("cuda_v12.search.libcuda.so.1", &[copy, "another build of vgpu"], "replace");
    tree.link("ours/libcuda.so.1", copy);
    tree.loading(&[]).is_green();
    // One that is passed over may be taken another day.
    tree.build_marked("elsewhere/libcuda.so.1", "libcuda.so.1", &format!("{CUDA}\nint cuOld(void) {{ return 0; }}"));
    let report = tree.loading(&[("LD_LIBRARY_PATH", &tree.text("elsewhere"))]);
    assert_eq!(report.checks()[0]["verdict"], "warning");
    assert!(report.checks()[0]["cause"].as_str().expect("text").contains("elsewhere/libcuda.so.1"), "{:#}", report.0);
}

#[test]
fn a_library_that_is_not_the_manifests_is_named() {
    let tree = Tree::new();
    let sum = Command::new("sha256sum").arg(tree.path("ours/libcublas.so.12")).output().expect("coreutils are there");
    let sum = String::from_utf8(sum.stdout).expect("text");
    let manifest =
        |sum: &str| format!("version = \"9\"\n[[file]]\npath = \"lib/libcublas.so.12\"\nsha256 = \"{sum}\"\n");
    fs::write(tree.path("ours/manifest.toml"), manifest("00")).expect("a file");
    tree.loading(&[]).blames("libraries.libcublas.so.12", &["manifest", "stale"], "install");
    fs::write(tree.path("ours/manifest.toml"), manifest(&sum[..64])).expect("a file");
    tree.loading(&[]).is_green();
}

#[test]
fn the_model_agrees_with_the_loader() {
    let tree = Tree::new();
    tree.unlink("ollama/lib/ollama");
    // No search path of the backend is for what programs open by name.
    tree.link("ours/libnvidia-ml.so.1", "ollama/lib/ollama/libnvidia-ml.so.1");
    fs::create_dir(tree.path("ollama/lib/ollama/cuda_v12/beside")).expect("a folder");
    // Without anything in LD_LIBRARY_PATH, what the backend itself says decides.
    for tags in ["--disable-new-dtags", "--enable-new-dtags"] {
        tree.link_into("ollama/lib/ollama/cuda_v12/beside");
        tree.build_backend(&[&format!("-Wl,{tags},-rpath,$ORIGIN/beside")]);
        tree.loading(&[]).is_green();
        tree.unlink("ollama/lib/ollama/cuda_v12/beside");
    }
    // DT_RPATH comes before LD_LIBRARY_PATH, DT_RUNPATH after it.
    tree.link_into("ollama/lib/ollama/cuda_v12/beside");
    tree.build_with_node(
        "elsewhere/libcudart.so.12",
        "libcudart.so.12",
        Some("libcudart.so.12"),
        &format!("{CUDART} {GRAPHS}"),
    );
    let path = [("LD_LIBRARY_PATH", &*tree.text("elsewhere"))];
    tree.build_backend(&["-Wl,--disable-new-dtags,-rpath,$ORIGIN/beside"]);
    tree.loading(&path).is_green();
    tree.build_backend(&["-Wl,--enable-new-dtags,-rpath,${ORIGIN}/beside"]);
    let report = tree.loading(&path);
    report.blames("cuda_v12.search.libcudart.so.12", &["elsewhere/libcudart.so.12"], "");
    assert_eq!(report.check("cuda_v12.open")["verdict"], "ok", "the loader agrees");
}

#[test]
fn folders_for_newer_processors_come_first() {
    let tree = Tree::new();
    tree.unlink("ollama/lib/ollama");
    let folder = "elsewhere/glibc-hwcaps/x86-64-v2";
    fs::create_dir_all(tree.path(folder)).expect("a folder");
    tree.link_into("elsewhere");
    let path = [("LD_LIBRARY_PATH", &*tree.text("elsewhere"))];
    tree.loading(&path).is_green();
    let file = format!("{folder}/libcudart.so.12");
    tree.build_with_node(&file, "libcudart.so.12", Some("libcudart.so.12"), &format!("{CUDART} {GRAPHS}"));
    let report = tree.loading(&path);
    report.blames("cuda_v12.search.libcudart.so.12", &[&file, "comes before ours"], "");
    assert_eq!(report.check("cuda_v12.open")["verdict"], "ok", "the loader agrees");
}

#[test]
fn backends_for_another_cuda_are_passed_over() {
    let tree = Tree::new();
    fs::create_dir(tree.path("ollama/lib/ollama/cuda_v13")).expect("a folder");
    tree.build("elsewhere/libcudart.so.13", CUDART, &["-Wl,-soname,libcudart.so.13"]);
    let runtime = tree.text("elsewhere/libcudart.so.13");
    tree.build("ollama/lib/ollama/cuda_v13/libggml-cuda.so", "", &["-Wl,--no-as-needed", &runtime]);
    let report = tree.loading(&[]);
    report.is_green();
    assert_eq!(report.check("cuda_v13.file")["verdict"], "skipped");
    tree.remove("ollama/lib/ollama/cuda_v12/libggml-cuda.so");
    tree.loading(&[]).blames("ollama.backends", &["another CUDA than 12"], "cuda_v12");
}

#[test]
fn a_search_path_of_ollamas_own_is_named() {
    let tree = Tree::new();
    let (base, source) = ("ollama/lib/ollama/libggml-base.so", "int ggml_log(void) { return 0; }");
    tree.build(base, source, &["-Wl,-soname,libggml-base.so,--disable-new-dtags,-rpath,/opt/cuda"]);
    let report = tree.loading(&[]);
    assert_eq!(report.check("ollama.rpath")["verdict"], "warning");
    assert!(report.check("ollama.rpath")["cause"].to_string().contains("/opt/cuda"), "{:#}", report.0);
    tree.build(base, source, &["-Wl,-soname,libggml-base.so,--enable-new-dtags,-rpath,/opt/cuda"]);
    tree.loading(&[]).is_green();
}

#[test]
fn a_newer_ollama_loads_each_backend_once() {
    let tree = Tree::new();
    fs::write(tree.path("ollama/lib/ollama/llama-server"), "a program").expect("a file");
    tree.link("ollama/lib/ollama/cuda_v12/libggml-cuda.so", "ollama/lib/ollama/libggml-cuda.so");
    let report = tree.loading(&[]);
    assert_eq!(report.check("ollama.duplicate")["verdict"], "warning");
    assert_eq!(report.0["healthy"], true);
}

#[test]
fn kernels_for_other_devices_are_named() {
    let tree = Tree::new();
    for (images, cause) in [
        (&[(1, 80), (2, 75)][..], "no PTX for capability 7.5 or less"),
        (&[(1, 70), (1, 80)], "compiled for just that"),
    ] {
        tree.build_backend_of(&format!("{BACKEND}\n{}", kernels(images)), &[]);
        let report = tree.ask(&[], &[]);
        report.blames("cuda_v12.architectures", &[cause], "VGPU_COMPUTE_CAPABILITY");
    }
    for (from, to) in
        [("0xba55ed50", "0"), (".long 64; .quad 8;", ".long 0; .quad 0;"), (".quad 8;", ".quad 0xffffffffffffffff;")]
    {
        let damaged = kernels(&[(1, 75), (1, 80)]).replace(from, to);
        tree.build_backend_of(&format!("{BACKEND} {damaged}"), &[]);
        let report = tree.ask(&[], &[]);
        report.is_green();
        assert_eq!(report.check("cuda_v12.architectures")["verdict"], "skipped", "{to}");
    }
    tree.build_backend_of(&format!("{BACKEND}\n{}", kernels(&[(1, 70), (1, 75), (2, 80)])), &[]);
    let report = tree.ask(&[], &[]);
    report.is_green();
    assert_eq!(report.check("cuda_v12.architectures")["verdict"], "ok");
}

#[test]
fn hidden_devices_are_named() {
    let tree = Tree::new();
    for value in ["", "-1"] {
        let report = tree.ask(&[], &[("CUDA_VISIBLE_DEVICES", value)]);
        report.blames("environment.CUDA_VISIBLE_DEVICES", &["hides every device"], "unset");
    }
    let report = tree.ask(&[], &[("CUDA_VISIBLE_DEVICES", "GPU-12345678")]);
    report.blames("device.count", &["CUDA_VISIBLE_DEVICES=GPU-12345678 names none of the 1 devices"], "unset");
    assert!(report.checks()[0]["evidence"].to_string().contains("GPU-abababab-"), "{:#}", report.0);
}

#[test]
fn a_daemon_that_is_not_there_is_named() {
    let tree = Tree::new();
    let report = tree.ask(&[], &[("TEST_NO_DEVICE", "1"), ("VGPU", "unix:/nonexistent/vgpud.sock")]);
    report.blames("device.count", &["/nonexistent/vgpud.sock"], "vgpud");
}

#[test]
fn what_is_no_library_is_named_and_stops_nobody() {
    let tree = Tree::new();
    let file = "ollama/lib/ollama/libcudart.so.12";
    let whole = fs::read(tree.path("ours/libcudart.so.12")).expect("a file");
    for bytes in [&b""[..], b"GROUP ( libcudart.so.12 )", &whole[..200]] {
        tree.remove(file);
        fs::write(tree.path(file), bytes).expect("a file");
        tree.loading(&[]).blames("cuda_v12.search.libcudart.so.12", &[file, "stops there"], "link");
    }
    tree.remove(file);
    let made = Command::new("mkfifo").arg(tree.path(file)).status().expect("coreutils are there");
    assert!(made.success());
    let report = tree.loading(&[]);
    report.blames("cuda_v12.search.libcudart.so.12", &[file, "no plain file"], "link");
    assert_eq!(report.check("cuda_v12.open")["verdict"], "skipped");
    tree.link("ours/libcudart.so.12", file);
    tree.loading(&[]).is_green();
    fs::write(tree.path("ollama/lib/ollama/cuda_v12/libggml-cuda.so"), "no library").expect("a file");
    tree.loading(&[]).blames("cuda_v12.file", &["libggml-cuda.so", "no sound shared object"], "again");
}

#[test]
fn nothing_to_look_at_is_an_error_of_its_own() {
    let tree = Tree::new();
    let nowhere = tree.text("nowhere");
    for options in [["--ollama", &nowhere], ["--backend", &nowhere], ["--libraries", &nowhere]] {
        let mut vgpu = Command::new(env!("CARGO_BIN_EXE_vgpu"));
        let output =
            vgpu.args(["doctor", "--no-device"]).args(options).output().expect("vgpu is built before its tests");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("nowhere") || said.contains("libraries"), "{said}");
    }
    let empty = tree.text("elsewhere");
    let output = tree.command(&["--no-device", "--ollama", &empty], &[]).output().expect("vgpu is built");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("elsewhere"));
}

#[test]
fn the_text_begins_with_the_root_cause() {
    let tree = Tree::new();
    tree.build_ours("libcudart.so.12", CUDART);
    let ollama = tree.text("ollama");
    let output = tree.command(&["--no-device", "--ollama", &ollama], &[]).output().expect("vgpu is built");
    let said = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(1));
    let mut lines = said.lines();
    assert_eq!(lines.next(), Some("✗ cuda_v12: the functions that it calls"));
    assert!(lines.next().expect("a cause").starts_with("    cause: "), "{said}");
    assert!(lines.next().expect("a fix").starts_with("    fix: "), "{said}");
    assert!(
        said.contains("2 of ") && said.trim_end().ends_with("start with: cuda_v12: the functions that it calls"),
        "{said}"
    );
    assert!(Path::new(&ollama).exists());
}
