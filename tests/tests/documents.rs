//! What the README and VM.md tell people to type on a host is typed here, line by line, on a machine with an Ollama of the real
//! parts. What is typed in a VM is typed in one: `vm/boots.rs`, `vm/main.rs`.
//!
//! The machine is this one, in namespaces of the test's own: what is written to its folders is gone afterwards, and its
//! processes are no others than the test's. That needs root; who is not root is told that nothing was tried.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::{Command, Stdio},
};

use vgpu_tests::{
    dist,
    documents::commands,
    ollama::{
        Parts,
        tree::{Era, Tree},
    },
};

const OLLAMA: &str = env!("CARGO_BIN_EXE_ollama-shaped");
const GUEST: &str = env!("CARGO_BIN_EXE_guest-saxpy");

/// Makes everything below writable without a trace, and shows only this test's processes.
const PRIVATE: &str = r#"
mount --make-rprivate /
mount -t tmpfs vgpu-test "$SCRATCH"
for folder in usr etc opt var; do
    mkdir "$SCRATCH/$folder" "$SCRATCH/$folder.work"
    mount -t overlay -o "lowerdir=/$folder,upperdir=$SCRATCH/$folder,workdir=$SCRATCH/$folder.work" vgpu-test "/$folder"
done
mount -t tmpfs vgpu-test /run
mkdir -p /run/systemd/system /etc/systemd/system /usr/lib/ollama /usr/local/bin
cp "$SERVICES"/*.service /etc/systemd/system
mount --bind "$TREE/usr/lib/ollama" /usr/lib/ollama
cp "$TREE/usr/bin/ollama" /usr/bin/ollama
"#;

/// Ollama's service, and another one of the same program.
const SERVICE: &str = "[Service]\nExecStart=/usr/bin/ollama serve\nRestart=always\n";
const SERVICES: [&str; 2] = ["ollama", "my-ollama"];

/// What people have that a test has not: `sudo` for root, a service manager, which here knows how to start Ollama, another
/// terminal for each daemon, and VMMs, which here only look whether their function is there. `cargo` has built dist/ before.
const STAND_INS: [(&str, &str); 8] = [
    ("bin/sudo", "exec \"$@\""),
    ("bin/cargo", "test \"$*\" = \"xtask dist\""),
    (
        "bin/systemctl",
        "case \"$*\" in
        'try-restart ollama.service') pkill -x ollama; ollama serve 2> \"$OLLAMA_LOG\" & ;;
        esac",
    ),
    ("bin/journalctl", "until grep -qs 'inference compute' \"$OLLAMA_LOG\"; do sleep 0.05; done; cat \"$OLLAMA_LOG\""),
    (
        "bin/vgpud",
        "if test -e \"$DAEMON\"; then kill $(cat \"$DAEMON\"); while kill -0 $(cat \"$DAEMON\"); do sleep 0.05; done; fi
        dist/bin/vgpud \"$@\" & echo $! > \"$DAEMON\"
        for word; do case $word in *.sock) until test -S $word; do sleep 0.05; done ;; esac; done",
    ),
    ("bin/qemu-system-x86_64", "test -S /run/vgpu/vm1.sock"),
    ("bin/cloud-hypervisor", "test -S /run/vgpu/vm1.sock"),
    ("my-cuda-program", "exec env GUEST_LIBCUDA=libcuda.so.1 \"$GUEST\" 1"),
];

/// A person takes longer to type the next line than a daemon takes to start.
fn waiting(line: &str) -> Option<&'static str> {
    let command = line.split_once(" #").map_or(line, |(command, _)| command);
    let is_background = command.trim_end().ends_with('&');
    is_background.then_some("until test -S /run/vgpu/vgpud.sock; do sleep 0.05; done")
}

/// A port that nobody listens on; another process may take it meanwhile, which is unlikely.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it has one").port()
}

/// Types the commands; returns what they have printed, or nothing where that cannot be done.
fn typed(commands: &str) -> Option<String> {
    // SAFETY: it asks for a number.
    if unsafe { libc::geteuid() } != 0 {
        println!("skipped: commands of documents are typed as root only");
        return None;
    }
    let tree = Tree::new(Era::LlamaServer, &Parts::find(), Path::new(OLLAMA));
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let work = tempfile::tempdir().expect("a temporary folder");
    let place = |name: &str| work.path().join(name);
    symlink(dist(), place("dist")).expect("a link");
    for library in ["cuda_v12/libggml-cuda.so", "libggml-base.so"] {
        let library = tree.lib().join(library);
        symlink(&library, place(library.file_name().expect("a file").to_str().expect("text"))).expect("a link");
    }
    fs::create_dir(place("bin")).expect("a folder");
    for name in SERVICES {
        fs::write(place(&format!("{name}.service")), SERVICE).expect("a file");
    }
    for (name, text) in STAND_INS {
        let path = place(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("our own file");
    }
    let lines = commands.lines().flat_map(|line| [Some(line), waiting(line)]).flatten();
    let script: String = [PRIVATE].into_iter().chain(lines).flat_map(|line| [line, "\n"]).collect();

    let output = Command::new("unshare")
        .args(["--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-eux", "-c", &script])
        .current_dir(work.path())
        .env("SCRATCH", scratch.path())
        .env("TREE", tree.root())
        .env("SERVICES", work.path())
        .env("DAEMON", place("daemon.pid"))
        .env("OLLAMA_LOG", place("ollama.log"))
        .env("OLLAMA_HOST", format!("127.0.0.1:{}", free_port()))
        .env("PATH", format!("{}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", place("bin").display()))
        .env("GUEST", GUEST)
        .stdin(Stdio::null())
        .output()
        .expect("unshare starts");

    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(output.status.success(), "{}: {}\n{}", output.status, said[0], said[1]);
    Some(said.concat())
}

#[test]
#[ignore = "needs the prebuilt client: cargo xtask ollama"]
fn the_readmes_commands_do_what_they_say() {
    let headings = [
        "Use it for your own program",
        "Install it, for Ollama or for every program",
        "When the GPU is not found",
        "Upgrade it, or take it away",
    ];
    let said = typed(&headings.map(|heading| commands("README.md", heading)).concat());
    assert!(said.is_none_or(|said| said.contains("library=CUDA")));
}

#[test]
#[ignore = "needs the prebuilt client: cargo xtask ollama"]
fn a_host_offers_its_functions_by_the_commands_of_vm_md() {
    // Whom libvirt runs its machines as.
    let user = "id libvirt-qemu || useradd --system libvirt-qemu\n".to_owned();
    let units = "grep SocketUser=libvirt-qemu /etc/systemd/system/vgpud-vm.socket\n";
    let said = typed(&[user, commands("crates/vgpud/VM.md", "On the host"), units.to_owned()].concat());
    assert!(said.is_none_or(|said| said.contains("SocketUser=libvirt-qemu")));
}
