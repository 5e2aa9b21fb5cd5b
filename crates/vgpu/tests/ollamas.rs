//! `vgpu install` and `vgpu doctor` mean the same Ollama, wherever one may lie: it is found, set up, used as far as libraries
//! of the C compiler can be, and as before once vgpu is uninstalled. Folders stand for machines.

mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tree::{Report, SONAMES, Tree};

const LINKED: [&str; 4] = ["libcuda.so.1", "libnvidia-ml.so.1", "libcudart.so.12", "libcublas.so.12"];
const BACKEND: &str = "libggml-cuda.so";
const GREEN: [&str; 2] = ["ok", "skipped"];

/// The libraries, built once for all tests that run at a time.
fn libraries() -> Arc<Tree> {
    static BUILT: Mutex<Weak<Tree>> = Mutex::new(Weak::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    built.upgrade().unwrap_or_else(|| {
        let tree = Arc::new(Tree::new());
        *built = Arc::downgrade(&tree);
        tree
    })
}

/// A machine, and a dist folder to install on it.
struct Machine {
    root: TempDir,
    dist: TempDir,
    libraries: Arc<Tree>,
    /// The daemon's.
    _socket: UnixListener,
}

impl Machine {
    fn new() -> Self {
        let folder = || tempfile::tempdir().expect("a temporary folder");
        let root = folder();
        let socket = root.path().join("run/vgpu/vgpud.sock");
        fs::create_dir_all(socket.parent().expect("a folder")).expect("a folder");
        let listener = UnixListener::bind(&socket).expect("a socket");
        fs::set_permissions(socket, fs::Permissions::from_mode(0o666)).expect("our own file");
        let machine = Self { root, dist: folder(), libraries: libraries(), _socket: listener };
        machine.make_dist();
        fs::set_permissions(machine.root.path(), fs::Permissions::from_mode(0o755)).expect("our own folder");
        machine.write("etc/passwd", "root:x:0:0::/root:/bin/sh\nme:x:1000:1000::/home/me:/bin/sh\n");
        machine.write("etc/group", "root:x:0:\n");
        // The links lead below the root, as they would on a machine of its own: so they must be there, too.
        let inner = machine.path(machine.root.path().strip_prefix("/").expect("an absolute path"));
        fs::create_dir_all(&inner).expect("a folder");
        symlink(inner.join("vgpu"), machine.path("vgpu")).expect("a link");
        machine
    }

    fn make_dist(&self) {
        let mut manifest = String::from("version = \"0.1.0\"\nabi_hash = \"0\"\n");
        let put = |path: &str, bytes: &[u8]| {
            let file = self.dist.path().join(path);
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            fs::write(file, bytes).expect("a file");
        };
        let libraries = SONAMES.map(|name| (format!("lib/{name}"), self.libraries.path(&format!("ours/{name}"))));
        let program = ("bin/vgpu".to_owned(), PathBuf::from("/dev/null"));
        for (path, from) in libraries.into_iter().chain([program]) {
            let bytes = fs::read(from).expect("it was built");
            let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            manifest += &format!("[[file]]\npath = {path:?}\nlen_bytes = {}\nsha256 = {digest:?}\n", bytes.len());
            put(&path, &bytes);
        }
        put("manifest.toml", manifest.as_bytes());
    }

    fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.path().join(path)
    }

    fn make_room(&self, path: &str) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        path
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.make_room(path), text).expect("a file");
    }

    fn link(&self, target: &str, path: &str) {
        symlink(target, self.make_room(path)).expect("a link");
    }

    fn copy(&self, library: &str, path: &str) {
        fs::copy(self.libraries.path(library), self.make_room(path)).expect("a copy");
    }

    /// Ollama's program and its libraries below a folder, with its backends in `folders` of `lib/ollama`.
    fn add_ollama(&self, home: &str, folders: &[&str]) {
        self.write(&format!("{home}/bin/ollama"), "a program");
        self.copy("ollama/lib/ollama/libggml-base.so", &format!("{home}/lib/ollama/libggml-base.so"));
        for folder in folders {
            let path = format!("{home}/lib/ollama/{folder}/{BACKEND}");
            self.copy("ollama/lib/ollama/cuda_v12/libggml-cuda.so", &path);
        }
    }

    fn add_service(&self, name: &str, program: &str) {
        let text = format!("[Service]\nExecStart={program} serve\n");
        self.write(&format!("etc/systemd/system/{name}.service"), &text);
    }

    /// A server as the kernel shows it.
    fn add_process(&self, pid: u32, program: &str, group: &str) {
        self.write(&format!("proc/{pid}/cmdline"), &format!("{program}\0serve\0"));
        self.write(&format!("proc/{pid}/cgroup"), &format!("0::{group}\n"));
        self.link(program, &format!("proc/{pid}/exe"));
    }

    /// A command of vgpu's, for whom PATH and HOME are the machine's.
    fn command(&self, command: &str, options: &[&str]) -> Command {
        let mut vgpu = Command::new(env!("CARGO_BIN_EXE_vgpu"));
        vgpu.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/snap/bin").env("HOME", "/root");
        vgpu.arg(command).arg("--root").arg(self.root.path()).args(options);
        vgpu
    }

    fn install(&self, options: &[&str]) -> Command {
        let mut install = self.command("install", options);
        install.arg("--dist").arg(self.dist.path()).arg("--prefix").arg(self.path("vgpu"));
        install
    }

    fn doctor(&self, options: &[&str]) -> Command {
        let mut doctor = self.command("doctor", options);
        doctor.arg("--json").arg("--libraries").arg(self.path("vgpu/current/lib"));
        doctor
    }

    fn uninstall(&self) {
        let output = self.command("uninstall", &["--prefix"]).arg(self.path("vgpu")).output();
        succeeds(&output.expect("vgpu is built"));
    }

    /// Everything, folders included: kind and mode, time of change, contents or target.
    fn snapshot(&self) -> BTreeMap<PathBuf, (u32, i64, String)> {
        let mut all = BTreeMap::new();
        let mut folders = vec![self.root.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder").flatten() {
                let metadata = entry.metadata().expect("it is there");
                let contents = match (metadata.is_symlink(), metadata.is_file()) {
                    (true, _) => fs::read_link(entry.path()).expect("a link").into_os_string().into_encoded_bytes(),
                    (_, true) => fs::read(entry.path()).expect("a file"),
                    _ => Vec::new(),
                };
                if metadata.is_dir() {
                    folders.push(entry.path());
                }
                let digest = Sha256::digest(&contents).iter().map(|byte| format!("{byte:02x}")).collect();
                all.insert(entry.path(), (metadata.mode(), metadata.mtime_nsec(), digest));
            }
        }
        all
    }

    /// Whether a folder has links to ours under all names that a backend asks for.
    fn is_linked(&self, folder: &str) -> bool {
        let ours = self.path("vgpu/current/lib");
        LINKED
            .iter()
            .all(|name| fs::read_link(self.path(folder).join(name)).is_ok_and(|target| target == ours.join(name)))
    }

    /// The way of an installation: `folders` get links, doctor looks at the one in `lib` and is content, and nothing is left.
    #[track_caller]
    fn comes_and_goes(&self, options: &[&str], lib: &str, folders: &[&str]) -> String {
        let before = self.snapshot();
        let said = succeeds(&self.install(options).output().expect("vgpu is built"));
        for folder in folders {
            assert!(self.is_linked(folder), "{folder}: {said}");
        }
        let report = self.is_content(&[], &[]);
        let chosen = self.path(lib).display().to_string();
        assert!(report.check("ollama.which")["evidence"][0].to_string().contains(&chosen), "{:#}", report.0);
        self.uninstall();
        assert_eq!(self.snapshot(), before);
        said
    }

    #[track_caller]
    fn is_content(&self, options: &[&str], variables: &[(&str, &str)]) -> Report {
        let report = report(self.doctor(options).envs(variables.iter().copied()));
        let odd = report.checks().iter().find(|check| !GREEN.iter().any(|verdict| check["verdict"] == *verdict));
        assert!(odd.is_none(), "{:#}", report.0);
        let device = report.checks().iter().find(|check| check["id"].to_string().contains("discovery."));
        assert_eq!(device.expect("a discovery")["verdict"], "ok");
        report
    }
}

fn report(doctor: &mut Command) -> Report {
    let output = doctor.output().expect("vgpu is built");
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(report["healthy"], output.status.code() == Some(0));
    Report(report)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", said(output));
    said(output)
}

/// It did what it could, and says in all of these words that Ollama has got nothing.
#[track_caller]
fn is_no_success(output: &Output, words: &[&str]) {
    assert_eq!(output.status.code(), Some(1), "{}", said(output));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("Ollama is not set up"), "{error}");
    for word in words {
        assert!(error.contains(word), "no {word:?} in {error}");
    }
}

#[test]
fn of_two_ollamas_the_services_is_set_up_and_both_are_named() {
    let machine = Machine::new();
    machine.add_ollama("usr/local", &["cuda_v12"]);
    machine.add_ollama("usr", &["cuda_v12"]);
    machine.add_service("ollama", "/usr/bin/ollama");
    let said = machine.comes_and_goes(&["--system"], "usr/lib/ollama", &["usr/lib/ollama/cuda_v12"]);
    for word in ["2 Ollamas", "usr/lib/ollama (ollama.service starts it", "PATH leads to /usr/local/bin/ollama"] {
        assert!(said.contains(word), "no {word:?} in {said}");
    }
    machine.install(&[]).output().expect("vgpu is built");
    assert!(!machine.is_linked("usr/local/lib/ollama/cuda_v12"));
    let report = machine.is_content(&[], &[]);
    assert!(report.check("ollama.which").to_string().contains("not looked at: "), "{:#}", report.0);
}

#[test]
fn a_server_that_runs_counts_more_than_one_that_could() {
    let machine = Machine::new();
    machine.add_ollama("usr", &["cuda_v12"]);
    machine.add_ollama("srv/llama", &["cuda_v12"]);
    machine.add_service("ollama", "/usr/bin/ollama");
    machine.add_process(4711, "/srv/llama/bin/ollama", "/user.slice/user-1000.slice/session-1.scope");
    let said = machine.install(&["--dry-run"]).output().expect("vgpu is built");
    let said = succeeds(&said);
    assert!(said.contains("srv/llama/lib/ollama (process 4711 runs it) counts"), "{said}");
    assert!(said.contains("srv/llama/lib/ollama/cuda_v12/libcuda.so.1"), "{said}");
    // Started by hand, it has nothing of the service's.
    succeeds(&machine.install(&[]).output().expect("vgpu is built"));
    let report = machine.is_content(&[], &[]);
    assert!(!report.checks().iter().any(|check| check["id"] == "service.unit"), "{:#}", report.0);
}

#[test]
fn a_service_that_is_named_brings_its_own_ollama() {
    let machine = Machine::new();
    machine.add_ollama("usr", &["cuda_v12"]);
    machine.add_ollama("srv/llama", &["cuda_v12"]);
    machine.add_service("ollama", "/usr/bin/ollama");
    machine.add_service("models@", "/srv/llama/bin/ollama");
    let said = succeeds(&machine.install(&["--service", "models@one"]).output().expect("vgpu is built"));
    assert!(machine.is_linked("srv/llama/lib/ollama/cuda_v12"), "{said}");
    assert!(!machine.is_linked("usr/lib/ollama/cuda_v12"), "{said}");
    let report = machine.is_content(&["--service", "models@one"], &[]);
    assert!(report.check("ollama.which")["evidence"][0].to_string().contains("srv/llama"), "{:#}", report.0);
}

#[test]
fn a_service_under_another_name_is_found_by_what_it_starts() {
    let machine = Machine::new();
    machine.add_ollama("srv/llama", &["cuda_v12"]);
    machine.write("etc/systemd/system/models.service", "[Service]\nExecStart=/bin/false\n");
    let drop_in = "[Service]\nExecStart=\nExecStart=-/srv/llama/bin/ollama serve\n";
    machine.write("etc/systemd/system/models.service.d/local.conf", drop_in);
    machine.comes_and_goes(&[], "srv/llama/lib/ollama", &["srv/llama/lib/ollama/cuda_v12"]);
}

#[test]
fn an_ollama_at_home_is_found_by_the_search_path() {
    let machine = Machine::new();
    machine.add_ollama("home/me/.local", &["cuda_v12"]);
    let mut install = machine.install(&[]);
    succeeds(&install.env("PATH", "/home/me/.local/bin:/usr/bin").output().expect("vgpu is built"));
    assert!(machine.is_linked("home/me/.local/lib/ollama/cuda_v12"));
    let report = machine.is_content(&[], &[("PATH", "/home/me/.local/bin:/usr/bin")]);
    assert!(report.check("ollama.which")["evidence"][0].to_string().contains(".local/lib/ollama"), "{:#}", report.0);
}

#[test]
fn an_ollama_at_the_home_of_who_has_called_sudo_is_found() {
    let machine = Machine::new();
    machine.add_ollama("home/me/.local", &["cuda_v12"]);
    let run = |command: &mut Command| succeeds(&command.env("SUDO_USER", "me").output().expect("vgpu is built"));
    run(&mut machine.install(&[]));
    assert!(machine.is_linked("home/me/.local/lib/ollama/cuda_v12"));
    assert!(run(&mut machine.doctor(&[])).contains(".local/lib/ollama"));
}

#[test]
fn a_backend_in_the_libraries_own_folder_is_served_there() {
    let machine = Machine::new();
    machine.add_ollama("usr", &["."]);
    machine.comes_and_goes(&[], "usr/lib/ollama", &["usr/lib/ollama"]);
    succeeds(&machine.install(&[]).output().expect("vgpu is built"));
    let report = machine.is_content(&[], &[]);
    let line = report.check("discovery.runner")["evidence"][0].to_string();
    assert!(line.contains("library=CUDA") && line.contains("libdirs=ollama driver="), "{line}");
}

#[test]
fn an_unpacked_archive_is_found() {
    let machine = Machine::new();
    machine.add_ollama("opt/ollama", &["cuda_v12"]);
    machine.comes_and_goes(&[], "opt/ollama/lib/ollama", &["opt/ollama/lib/ollama/cuda_v12"]);
}

#[test]
fn a_second_backend_beside_the_variants_is_served_and_named() {
    let machine = Machine::new();
    machine.add_ollama("usr", &["cuda_v12", "."]);
    machine.write("usr/lib/ollama/vulkan/libggml-vulkan.so", "another backend");
    let before = machine.snapshot();
    succeeds(&machine.install(&[]).output().expect("vgpu is built"));
    assert!(machine.is_linked("usr/lib/ollama") && machine.is_linked("usr/lib/ollama/cuda_v12"));
    report(&mut machine.doctor(&[])).blames("ollama.duplicate", &["wrong tokens"], "remove");
    machine.uninstall();
    assert_eq!(machine.snapshot(), before);
}

#[test]
fn nixs_store_is_left_alone_and_the_environment_does_it() {
    let machine = Machine::new();
    let store = "nix/store/0123-ollama-0.32.15";
    machine.add_ollama(store, &["."]);
    machine.link(&format!("/{store}/bin/ollama"), "run/current-system/sw/bin/ollama");
    let before = machine.snapshot();
    let output = machine.install(&[]).output().expect("vgpu is built");
    is_no_success(&output, &[store, "Nix's store", "LD_LIBRARY_PATH=", "vgpu/current/lib"]);
    let ours = machine.path("vgpu/current/lib").display().to_string();
    machine.is_content(&[], &[("LD_LIBRARY_PATH", &ours)]);
    machine.uninstall();
    assert_eq!(machine.snapshot(), before);
}

#[test]
fn a_fixed_ollama_whose_service_leads_to_ours_is_set_up() {
    let machine = Machine::new();
    let store = "nix/store/0123-ollama-0.32.15";
    machine.add_ollama(store, &["."]);
    let ours = machine.path("vgpu/current/lib").display().to_string();
    let unit = |path: &str| {
        let text = format!("[Service]\nExecStart=/{store}/bin/ollama serve\nEnvironment=LD_LIBRARY_PATH={path}\n");
        machine.write("etc/systemd/system/ollama.service", &text);
    };
    unit(&format!("/usr/lib:{ours}"));
    let said = succeeds(&machine.install(&[]).output().expect("vgpu is built"));
    assert!(said.contains("the environment of ollama.service leads it to vgpu's libraries"), "{said}");
    machine.is_content(&[], &[]);
    unit("/usr/lib");
    is_no_success(&machine.install(&[]).output().expect("vgpu is built"), &[store]);
}

#[test]
fn a_snap_is_left_alone_and_its_copy_does_it() {
    let machine = Machine::new();
    machine.add_ollama("snap/ollama/105", &["cuda_v12"]);
    machine.write("snap/ollama/105/lib/ollama/cuda_v12/libcudart.so.12.8.90", "NVIDIA's");
    machine.link("105", "snap/ollama/current");
    machine.write("usr/bin/snap", "the program that starts snaps");
    machine.link("/usr/bin/snap", "snap/bin/ollama");
    let before = machine.snapshot();
    let output = machine.install(&[]).output().expect("vgpu is built");
    is_no_success(&output, &["snap/ollama/105/lib/ollama", "lies in a snap", "cp -a /snap/ollama/105/."]);
    machine.uninstall();
    assert_eq!(machine.snapshot(), before);
    machine.add_ollama("opt/ollama", &["cuda_v12"]);
    machine.comes_and_goes(&["--ollama", "/opt/ollama"], "opt/ollama", &["opt/ollama/lib/ollama/cuda_v12"]);
}

#[test]
fn an_ollama_without_a_backend_of_ours_is_no_success() {
    let machine = Machine::new();
    machine.add_ollama("usr", &[]);
    is_no_success(&machine.install(&[]).output().expect("vgpu is built"), &["usr/lib/ollama", "cuda_v12", "--ollama"]);
    machine.add_ollama("usr", &["cuda_v13"]);
    is_no_success(&machine.install(&[]).output().expect("vgpu is built"), &["usr/lib/ollama"]);
    machine.add_ollama("usr", &["cuda_v12"]);
    succeeds(&machine.install(&[]).output().expect("vgpu is built"));
}

#[test]
fn a_backend_that_is_none_is_left_as_it_is() {
    let machine = Machine::new();
    machine.add_ollama("usr", &[]);
    machine.write(&format!("usr/lib/ollama/{BACKEND}"), "no library");
    let output = machine.install(&[]).output().expect("vgpu is built");
    is_no_success(&output, &["usr/lib/ollama"]);
    assert!(said(&output).contains("it is left as it is"), "{}", said(&output));
}

#[test]
fn broken_and_hostile_machines_have_no_ollama() {
    let machine = Machine::new();
    machine.write("proc/1/cmdline", &"\0".repeat(5000));
    machine.write("proc/2/cmdline", "ollama\0serve\0");
    machine.link("loop", "proc/2/exe");
    machine.write("proc/3/cmdline", "/nowhere/ollama\0serve\0");
    machine.link("/usr/bin/ollama", "usr/bin/ollama");
    machine.write("etc/systemd/system/ollama.service", "[Service]\nExecStart=\"ollama serve\n");
    machine.write("etc/systemd/system/x.service/ollama.conf", "a folder in a file's place");
    let said = succeeds(&machine.install(&["--dry-run"]).output().expect("vgpu is built"));
    assert!(said.contains("there is no Ollama"), "{said}");
}
