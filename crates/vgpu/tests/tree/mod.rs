//! A scratch copy of a machine with Ollama, for the tests of `vgpu doctor`: libraries of the C compiler with the real ones'
//! names and versions, and what doctor says about them.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// What marks a library as vgpu's.
pub(crate) const MARK: &str = r#"__attribute__((used)) static const char mark[] = "vgpu_core::test";"#;
/// Fails as the driver does where there is no device.
pub(crate) const CUDART: &str = r#"
    #include <stdlib.h>
    #include <string.h>
    int cudaMalloc(void) { return 0; }
    int cudaGetDeviceCount(int *n) {
        const char *v = getenv("CUDA_VISIBLE_DEVICES");
        *n = !getenv("TEST_NO_DEVICE") && (!v || !strcmp(v, "0") || !strncmp(v, "GPU-ab", 6));
        return *n ? 0 : 100;
    }"#;
pub(crate) const GRAPHS: &str = "int cudaGraphLaunch(void) { return 0; }";
pub(crate) const CUBLAS: &str = "int cublasCreate_v2(void) { return 0; }";
pub(crate) const NVML: &str = include_str!("nvml.c");
pub(crate) const CUDA: &str = include_str!("cuda.c");
pub(crate) const BACKEND: &str = include_str!("ggml-cuda.c");

pub(crate) const SONAMES: [&str; 5] =
    ["libcuda.so.1", "libcudart.so.12", "libcublas.so.12", "libcublasLt.so.12", "libnvidia-ml.so.1"];

/// A machine: our libraries in `ours`, and in `ollama` an Ollama whose folder leads to them.
pub(crate) struct Tree(pub(crate) TempDir);

impl Tree {
    pub(crate) fn new() -> Self {
        let tree = Self(tempfile::tempdir().expect("a temporary folder"));
        for folder in ["ours", "ollama/lib/ollama/cuda_v12", "elsewhere"] {
            fs::create_dir_all(tree.path(folder)).expect("a folder");
        }
        tree.build_ours("libcuda.so.1", CUDA);
        tree.build_ours("libcudart.so.12", &format!("{CUDART} {GRAPHS}"));
        tree.build_ours("libcublas.so.12", CUBLAS);
        tree.build_ours("libnvidia-ml.so.1", NVML);
        tree.build("ours/libcublasLt.so.12", "", &["-Wl,-soname,libcublasLt.so.12"]);
        tree.build("ollama/lib/ollama/libggml-base.so", include_str!("ggml-base.c"), &["-Wl,-soname,libggml-base.so"]);
        tree.build_backend(&[]);
        tree.link_into("ollama/lib/ollama");
        tree
    }

    /// Makes it an Ollama that runs models in llama-server.
    pub(crate) fn with_llama_server(self) -> Self {
        fs::write(self.path("ollama/lib/ollama/llama-server"), "a program").expect("a file");
        self.build("ollama/lib/ollama/libggml.so", include_str!("ggml.c"), &["-Wl,-soname,libggml.so"]);
        self
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn build(&self, path: &str, source: &str, options: &[&str]) {
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
    pub(crate) fn build_marked(&self, path: &str, soname: &str, source: &str) {
        let node = ["libcudart.so.12", "libcublas.so.12"].contains(&soname).then_some(soname);
        self.build_with_node(path, soname, node, &format!("{MARK}\n{source}"));
    }

    pub(crate) fn build_with_node(&self, path: &str, soname: &str, node: Option<&str>, source: &str) {
        let name = format!("-Wl,-soname,{soname}");
        let script = self.path("versions.map");
        fs::write(&script, format!("{} {{ global: cu*; local: *; }};", node.unwrap_or("none"))).expect("a file");
        let script = format!("-Wl,--version-script={}", script.display());
        let options = [name.as_str(), script.as_str()];
        self.build(path, source, if node.is_some() { &options } else { &options[..1] });
    }

    pub(crate) fn build_ours(&self, soname: &str, source: &str) {
        self.build_marked(&format!("ours/{soname}"), soname, source);
    }

    pub(crate) fn build_backend(&self, options: &[&str]) {
        self.build_backend_of(BACKEND, options);
    }

    pub(crate) fn build_backend_of(&self, source: &str, options: &[&str]) {
        let files =
            ["ours/libcudart.so.12", "ours/libcublas.so.12", "ours/libcuda.so.1", "ollama/lib/ollama/libggml-base.so"];
        let files = files.map(|file| self.path(file).display().to_string());
        let mut all: Vec<_> = vec!["-Wl,--no-as-needed"];
        all.extend(files.iter().map(String::as_str));
        all.extend(options);
        self.build("ollama/lib/ollama/cuda_v12/libggml-cuda.so", source, &all);
    }

    /// Our libraries, by links, in a folder.
    pub(crate) fn link_into(&self, folder: &str) {
        for soname in SONAMES {
            self.link(&format!("ours/{soname}"), &format!("{folder}/{soname}"));
        }
    }

    pub(crate) fn unlink(&self, folder: &str) {
        for soname in SONAMES {
            self.remove(&format!("{folder}/{soname}"));
        }
    }

    pub(crate) fn link(&self, target: &str, path: &str) {
        let path = self.path(path);
        let _ = fs::remove_file(&path);
        symlink(self.path(target), path).expect("a link");
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).expect("a file of ours");
    }

    pub(crate) fn text(&self, path: &str) -> String {
        self.path(path).display().to_string()
    }

    pub(crate) fn command(&self, options: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut vgpu = Command::new(env!("CARGO_BIN_EXE_vgpu"));
        vgpu.env("VGPU_DEVICE", "soft");
        for name in [
            "LD_LIBRARY_PATH",
            "LD_PRELOAD",
            "OLLAMA_LLM_LIBRARY",
            "CUDA_VISIBLE_DEVICES",
            "GGML_CUDA_INIT",
            "VGPU",
            "VGPU_LOG",
        ] {
            vgpu.env_remove(name);
        }
        vgpu.args(["doctor", "--libraries"]).arg(self.path("ours")).args(options);
        vgpu.envs(variables.iter().copied());
        vgpu
    }

    /// The report with all checks, and whether the exit status says that all is well.
    pub(crate) fn ask(&self, options: &[&str], variables: &[(&str, &str)]) -> Report {
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

    pub(crate) fn loading(&self, variables: &[(&str, &str)]) -> Report {
        self.ask(&["--no-device"], variables)
    }
}

pub(crate) struct Report(pub(crate) Value);

impl Report {
    pub(crate) fn checks(&self) -> &[Value] {
        self.0["checks"].as_array().expect("a list")
    }

    pub(crate) fn check(&self, id: &str) -> &Value {
        self.checks().iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no {id} in {:#}", self.0))
    }

    /// The root cause is `id`, and cause and fix hold these words.
    #[track_caller]
    pub(crate) fn blames(&self, id: &str, cause: &[&str], fix: &str) {
        let first = &self.checks()[0];
        assert_eq!((&first["id"], &first["verdict"]), (&id.into(), &"failed".into()), "{:#}", self.0);
        for word in cause {
            assert!(first["cause"].as_str().expect("text").contains(word), "no {word:?}: {first:#}");
        }
        assert!(first["fix"].as_str().expect("text").contains(fix), "no {fix:?}: {first:#}");
    }

    /// Nothing failed, and nothing is odd.
    #[track_caller]
    pub(crate) fn is_green(&self) {
        let bad = |check: &&Value| check["verdict"] == "failed" || check["verdict"] == "warning";
        assert!(self.checks().iter().find(bad).is_none(), "{:#}", self.0);
        assert_eq!(self.check("cuda_v12.open")["verdict"], "ok");
    }
}

/// A backend's kernels: one image of a kind (1 is PTX, 2 machine code) for each architecture.
pub(crate) fn kernels(images: &[(u16, u32)]) -> String {
    let entry = |(kind, architecture): &(u16, u32)| {
        format!(".short {kind}, 0x101; .long 64; .quad 8; .long 0, 0, 0, {architecture}; .fill 32; .quad 0;")
    };
    let entries: String = images.iter().map(entry).collect();
    let len = images.len() * 72;
    format!("asm(\".section .nv_fatbin,\\\"a\\\"; .long 0xba55ed50; .short 1, 16; .quad {len}; {entries} .previous\");")
}
