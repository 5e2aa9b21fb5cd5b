//! A scratch machine with a systemd service, for the tests of `vgpu doctor --service`, and what doctor says about it.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::Value;
use tempfile::TempDir;
use vgpu_core::pci::regs::{BAR0_BYTES, MAGIC, PAGE_OFFSET};

use super::tree::{SONAMES, Tree};

pub(crate) const UNIT: &str = "etc/systemd/system/ollama.service";
/// As Ollama's installer writes it.
pub(crate) const SERVICE: &str = "[Unit]\nDescription=Ollama Service\nAfter=network-online.target\n\n[Service]\n\
    ExecStart=/usr/local/bin/ollama serve\nUser=ollama\nGroup=ollama\nRestart=always\nRestartSec=3\n\
    Environment=\"PATH=/usr/bin:/bin\"\n\n[Install]\nWantedBy=default.target\n";
pub(crate) const DROP_IN: &str = "etc/systemd/system/ollama.service.d/local.conf";
pub(crate) const OURS: &str = "etc/systemd/system/ollama.service.d/50-vgpu.conf";
pub(crate) const FUNCTION: &str = "sys/devices/pci0000:00/0000:00:05.0";

/// The libraries, built once for all tests that run at a time.
pub(crate) fn libraries() -> Arc<Tree> {
    static BUILT: Mutex<Weak<Tree>> = Mutex::new(Weak::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    built.upgrade().unwrap_or_else(|| {
        let tree = Arc::new(Tree::new());
        *built = Arc::downgrade(&tree);
        tree
    })
}

/// A machine with Ollama, our libraries, a daemon's socket and a service that lacks nothing.
pub(crate) struct Machine {
    pub(crate) root: TempDir,
    pub(crate) libraries: Arc<Tree>,
    socket: Option<UnixListener>,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).expect("our own folder");
        let mut machine = Self { root, libraries: libraries(), socket: None };
        for soname in SONAMES {
            machine.copy(&format!("ours/{soname}"), &format!("opt/vgpu/1/lib/{soname}"));
            machine
                .link(&format!("../../../../opt/vgpu/current/lib/{soname}"), &format!("usr/local/lib/ollama/{soname}"));
        }
        machine.link("1", "opt/vgpu/current");
        machine.copy("ollama/lib/ollama/libggml-base.so", "usr/local/lib/ollama/libggml-base.so");
        machine.copy("ollama/lib/ollama/cuda_v12/libggml-cuda.so", "usr/local/lib/ollama/cuda_v12/libggml-cuda.so");
        machine.write("usr/local/bin/ollama", "a program");
        machine.write("etc/passwd", "root:x:0:0::/root:/bin/sh\nollama:x:54321:54321::/usr/share/ollama:/bin/false\n");
        machine.write("etc/group", "root:x:0:\nollama:x:54321:\nrender:x:54322:\n");
        machine.write(UNIT, SERVICE);
        machine.listen("run/vgpu/vgpud.sock", 0o666);
        machine
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    pub(crate) fn make_room(&self, path: &str) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        let _ = fs::remove_file(&path);
        path
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::write(self.make_room(path), text).expect("a file");
    }

    pub(crate) fn copy(&self, library: &str, path: &str) {
        fs::copy(self.libraries.path(library), self.make_room(path)).expect("a copy");
    }

    pub(crate) fn link(&self, target: &str, path: &str) {
        symlink(target, self.make_room(path)).expect("a link");
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).expect("a file of ours");
    }

    pub(crate) fn set_mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).expect("our own file");
    }

    pub(crate) fn listen(&mut self, path: &str, mode: u32) {
        self.socket = Some(UnixListener::bind(self.make_room(path)).expect("a socket"));
        self.set_mode(path, mode);
    }

    /// Adds settings to the service.
    pub(crate) fn set(&self, settings: &str) {
        self.write(DROP_IN, &format!("[Service]\n{settings}\n"));
    }

    /// A PCI function of ours.
    pub(crate) fn plug(&self, mode: u32) {
        for (name, text) in [("vendor", "0x10de\n"), ("device", "0x2331\n"), ("class", "0x030200\n")] {
            self.write(&format!("{FUNCTION}/{name}"), text);
        }
        for (name, len_bytes) in [("resource0", BAR0_BYTES), ("resource1", 256 << 20)] {
            let path = format!("{FUNCTION}/{name}");
            self.write(&path, "");
            let file = fs::OpenOptions::new().write(true).open(self.path(&path)).expect("a file");
            file.set_len(len_bytes).expect("a file with holes");
            if name == "resource0" {
                file.write_all_at(&MAGIC.to_le_bytes(), PAGE_OFFSET).expect("a file");
            }
            self.set_mode(&path, mode);
        }
        self.link("../../../devices/pci0000:00/0000:00:05.0", "sys/bus/pci/devices/0000:00:05.0");
    }

    /// The group that everything here belongs to, by name.
    pub(crate) fn own_group(&self) -> String {
        match fs::metadata(self.root.path()).expect("a folder").gid() {
            0 => "root".to_owned(),
            gid => gid.to_string(),
        }
    }

    pub(crate) fn command(&self, options: &[&str]) -> Command {
        let mut vgpu = Command::new(env!("CARGO_BIN_EXE_vgpu"));
        vgpu.env("VGPU_DEVICE", "soft");
        for name in ["LD_LIBRARY_PATH", "LD_PRELOAD", "OLLAMA_LLM_LIBRARY", "CUDA_VISIBLE_DEVICES", "VGPU"] {
            vgpu.env_remove(name);
        }
        vgpu.args(["doctor", "--root"]).arg(self.root.path());
        vgpu.arg("--libraries").arg(self.path("opt/vgpu/current/lib")).args(options);
        vgpu
    }

    pub(crate) fn report(&self, command: &mut Command) -> Report {
        let output = command.arg("--json").output().expect("vgpu is built before its tests");
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 1)), "{code:?}: {}", String::from_utf8_lossy(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(report["healthy"], code == Some(0));
        Report(report)
    }

    pub(crate) fn ask(&self) -> Report {
        self.report(&mut self.command(&["--no-device"]))
    }

    /// With these settings, the root cause is `id`, and cause, evidence or fix hold the words.
    #[track_caller]
    pub(crate) fn suffers(&self, settings: &str, id: &str, words: &[&str], fix: &str) {
        self.set(settings);
        self.ask().blames(id, words, fix);
    }

    #[track_caller]
    pub(crate) fn thrives(&self, settings: &str) {
        self.set(settings);
        self.ask().is_green();
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

    #[track_caller]
    pub(crate) fn blames(&self, id: &str, words: &[&str], fix: &str) {
        self.names(id, "failed", words, fix);
    }

    /// The first check has this name and verdict, and holds these words.
    #[track_caller]
    pub(crate) fn names(&self, id: &str, verdict: &str, words: &[&str], fix: &str) {
        let first = &self.checks()[0];
        assert_eq!((&first["id"], &first["verdict"]), (&id.into(), &verdict.into()), "{:#}", self.0);
        let said = format!("{} {}", first["cause"], first["evidence"]);
        for word in words {
            assert!(said.contains(word), "no {word:?}: {first:#}");
        }
        assert!(first["fix"].as_str().expect("text").contains(fix), "no {fix:?}: {first:#}");
    }

    #[track_caller]
    pub(crate) fn is_green(&self) {
        let bad = |check: &&Value| check["verdict"] == "failed" || check["verdict"] == "warning";
        assert!(self.checks().iter().find(bad).is_none(), "{:#}", self.0);
        assert_eq!(self.check("service.user")["verdict"], "ok");
    }
}
