//! `vgpu doctor` on scratch copies of Ollama that have one thing wrong each: it names that first, and is content once it
//! is mended. The libraries are small ones of the C compiler, with the real ones' names and versions.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// What marks a library as vgpu's.
const MARK: &str = r#"__attribute__((used)) static const char mark[] = "vgpu_core::test";"#;
const CUDART: &str = "int cudaMalloc(void) { return 0; } int cudaGetDeviceCount(int *n) { *n = 1; return 0; }";
const GRAPHS: &str = "int cudaGraphLaunch(void) { return 0; }";
const CUBLAS: &str = "int cublasCreate_v2(void) { return 0; }";
const NVML: &str = "int nvmlInit_v2(void) { return 0; }";
/// A driver with one device, unless somebody hides it.
const CUDA: &str = r#"
    #include <stdlib.h>
    #include <string.h>
    int cuInit(unsigned f) { return getenv("TEST_NO_DEVICE") ? 100 : 0; }
    int cuDriverGetVersion(int *v) { *v = 12080; return 0; }
    int cuDeviceGetCount(int *n) { *n = getenv("CUDA_VISIBLE_DEVICES") ? 0 : 1; return 0; }
    int cuDeviceGetName(char *s, int n, int d) { strncpy(s, "Test GPU", n); return 0; }
    int cuDeviceGetAttribute(int *v, int a, int d) { *v = a == 75 ? 7 : 5; return 0; }
    int cuDeviceTotalMem_v2(unsigned long *b, int d) { *b = 1ul << 30; return 0; }
    int cuDeviceGetUuid_v2(char *u, int d) { memset(u, 0xab, 16); return 0; }"#;
const BACKEND: &str = "
    int cudaMalloc(void), cudaGraphLaunch(void), cublasCreate_v2(void), cuInit(unsigned), ggml_log(void);
    int ggml_backend_init(void) { return cudaMalloc() + cudaGraphLaunch() + cublasCreate_v2() + cuInit(0) + ggml_log(); }";

const SONAMES: [&str; 5] =
    ["libcuda.so.1", "libcudart.so.12", "libcublas.so.12", "libcublasLt.so.12", "libnvidia-ml.so.1"];

/// A machine: our libraries in `ours`, and in `ollama` an Ollama whose folder leads to them.
struct Tree(TempDir);

impl Tree {
    fn new() -> Self {
        let tree = Self(tempfile::tempdir().expect("a temporary folder"));
        for folder in ["ours", "ollama/lib/ollama/cuda_v12", "elsewhere"] {
            fs::create_dir_all(tree.path(folder)).expect("a folder");
        }
        tree.build_ours("libcuda.so.1", CUDA);
        tree.build_ours("libcudart.so.12", &format!("{CUDART} {GRAPHS}"));
        tree.build_ours("libcublas.so.12", CUBLAS);
        tree.build_ours("libnvidia-ml.so.1", NVML);
        tree.build("ours/libcublasLt.so.12", "", &["-Wl,-soname,libcublasLt.so.12"]);
        tree.build(
            "ollama/lib/ollama/libggml-base.so",
            "int ggml_log(void) { return 0; }",
            &["-Wl,-soname,libggml-base.so"],
        );
        tree.build_backend(&[]);
        tree.link_into("ollama/lib/ollama");
        tree
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn build(&self, path: &str, source: &str, options: &[&str]) {
        let path = self.path(path);
        let _ = fs::remove_file(&path);
        let c = self.path("source.c");
        fs::write(&c, source).expect("a file");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-w", "-o"]).arg(&path).arg(&c).args(options);
        let output = cc.output().expect("cc is there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// A library with vgpu's mark under its right name, and version node where it has one.
    fn build_marked(&self, path: &str, soname: &str, source: &str) {
        let node = ["libcudart.so.12", "libcublas.so.12"].contains(&soname).then_some(soname);
        self.build_with_node(path, soname, node, &format!("{MARK} {source}"));
    }

    fn build_with_node(&self, path: &str, soname: &str, node: Option<&str>, source: &str) {
        let name = format!("-Wl,-soname,{soname}");
        let script = self.path("versions.map");
        fs::write(&script, format!("{} {{ global: cu*; local: *; }};", node.unwrap_or("none"))).expect("a file");
        let script = format!("-Wl,--version-script={}", script.display());
        let options = [name.as_str(), script.as_str()];
        self.build(path, source, if node.is_some() { &options } else { &options[..1] });
    }

    fn build_ours(&self, soname: &str, source: &str) {
        self.build_marked(&format!("ours/{soname}"), soname, source);
    }

    fn build_backend(&self, options: &[&str]) {
        self.build_backend_of(BACKEND, options);
    }

    fn build_backend_of(&self, source: &str, options: &[&str]) {
        let files =
            ["ours/libcudart.so.12", "ours/libcublas.so.12", "ours/libcuda.so.1", "ollama/lib/ollama/libggml-base.so"];
        let files = files.map(|file| self.path(file).display().to_string());
        let mut all: Vec<_> = vec!["-Wl,--no-as-needed"];
        all.extend(files.iter().map(String::as_str));
        all.extend(options);
        self.build("ollama/lib/ollama/cuda_v12/libggml-cuda.so", source, &all);
    }

    /// Our libraries, by links, in a folder.
    fn link_into(&self, folder: &str) {
        for soname in SONAMES {
            self.link(&format!("ours/{soname}"), &format!("{folder}/{soname}"));
        }
    }

    fn unlink(&self, folder: &str) {
        for soname in SONAMES {
            self.remove(&format!("{folder}/{soname}"));
        }
    }

    fn link(&self, target: &str, path: &str) {
        let path = self.path(path);
        let _ = fs::remove_file(&path);
        symlink(self.path(target), path).expect("a link");
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).expect("a file of ours");
    }

    fn text(&self, path: &str) -> String {
        self.path(path).display().to_string()
    }

    fn command(&self, options: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut vgpu = Command::new(env!("CARGO_BIN_EXE_vgpu"));
        for name in ["LD_LIBRARY_PATH", "LD_PRELOAD", "OLLAMA_LLM_LIBRARY", "CUDA_VISIBLE_DEVICES", "VGPU"] {
            vgpu.env_remove(name);
        }
        vgpu.args(["doctor", "--libraries"]).arg(self.path("ours")).args(options);
        vgpu.envs(variables.iter().copied());
        vgpu
    }

    /// The report with all checks, and whether the exit status says that all is well.
    fn ask(&self, options: &[&str], variables: &[(&str, &str)]) -> Report {
        let ollama = self.text("ollama");
        let output = self
            .command(&[&["--json", "--ollama", &ollama], options].concat(), variables)
            .output()
            .expect("vgpu is built before its tests");
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 1)), "{code:?}: {}", String::from_utf8_lossy(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(report["healthy"], code == Some(0));
        Report(report)
    }

    fn loading(&self, variables: &[(&str, &str)]) -> Report {
        self.ask(&["--no-device"], variables)
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

    /// The root cause is `id`, and cause and fix hold these words.
    #[track_caller]
    fn blames(&self, id: &str, cause: &[&str], fix: &str) {
        let first = &self.checks()[0];
        assert_eq!((&first["id"], &first["verdict"]), (&id.into(), &"failed".into()), "{:#}", self.0);
        for word in cause {
            assert!(first["cause"].as_str().expect("text").contains(word), "no {word:?}: {first:#}");
        }
        assert!(first["fix"].as_str().expect("text").contains(fix), "no {fix:?}: {first:#}");
    }

    /// Nothing failed, and nothing is odd.
    #[track_caller]
    fn is_green(&self) {
        let bad = |check: &&Value| check["verdict"] == "failed" || check["verdict"] == "warning";
        assert!(self.checks().iter().find(bad).is_none(), "{:#}", self.0);
        assert_eq!(self.check("cuda_v12.open")["verdict"], "ok");
    }
}

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
    tree.build("ours/libcuda.so.1", &format!("{MARK} {CUDA}"), &[]);
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
    let source = format!("{MARK} {CUDART} {GRAPHS}");
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
        format!("{NVML} int set_skip_interception(void); int nvmlShutdown(void) {{ return set_skip_interception(); }}");
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
    tree.loading(&[]).blames("ollama.duplicate", &[second, "listed twice"], "remove");
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
    tree.build_marked(copy, "libcuda.so.1", &format!("{CUDA} int cuOld(void) {{ return 0; }}"));
    tree.loading(&[]).blames("cuda_v12.search.libcuda.so.1", &[copy, "another build of vgpu"], "replace");
    tree.link("ours/libcuda.so.1", copy);
    tree.loading(&[]).is_green();
    // One that is passed over may be taken another day.
    tree.build_marked("elsewhere/libcuda.so.1", "libcuda.so.1", &format!("{CUDA} int cuOld(void) {{ return 0; }}"));
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

/// A backend's kernels: one image of a kind (1 is PTX, 2 machine code) for each architecture.
fn kernels(images: &[(u16, u32)]) -> String {
    let entry = |(kind, architecture): &(u16, u32)| {
        format!(".short {kind}, 0x101; .long 64; .quad 8; .long 0, 0, 0, {architecture}; .fill 32; .quad 0;")
    };
    let entries: String = images.iter().map(entry).collect();
    let len = images.len() * 72;
    format!("asm(\".section .nv_fatbin,\\\"a\\\"; .long 0xba55ed50; .short 1, 16; .quad {len}; {entries} .previous\");")
}

#[test]
fn kernels_for_other_devices_are_named() {
    let tree = Tree::new();
    for (images, cause) in [
        (&[(1, 80), (2, 75)][..], "no PTX for capability 7.5 or less"),
        (&[(1, 70), (1, 80)], "compiled for just that"),
    ] {
        tree.build_backend_of(&format!("{BACKEND} {}", kernels(images)), &[]);
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
    tree.build_backend_of(&format!("{BACKEND} {}", kernels(&[(1, 70), (1, 75), (2, 80)])), &[]);
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
