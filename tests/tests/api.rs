//! The C programs of `tests/api/`: each prints what the driver API did, and must print what stands beside it.
//!
//! They are programs like any other: `cc tests/api/NAME.c -lcuda` runs the same on NVIDIA's driver. Here they run on the software
//! GPU, and nested: on the executor of a driver's GPUs with our own libcuda in the driver's place, in a daemon's process and in
//! their own.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use vgpu_tests::{daemon::Daemon, dist};

/// An executor of the program's own.
const DIRECT: &[(&str, &str)] = &[("VGPU", "embedded"), ("VGPU_DEVICE", "soft")];
const NESTED: &[(&str, &str)] = &[("VGPU", "embedded"), ("VGPU_DEVICE", "driver"), ("VGPU_NESTED", "1")];

/// Compiles a program, and runs it in that environment: it must print what stands beside it.
fn check(name: &str, environment: &[(&str, &str)]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("api");
    let built = tempfile::tempdir().expect("a temporary folder");
    let program = built.path().join(name);
    let compiler = Command::new("cc")
        .args(["-std=gnu11", "-O1", "-Wall", "-Werror", "-pthread", "-o"])
        .arg(&program)
        .arg(folder.join(name).with_extension("c"))
        .arg(dist().join("lib/libcuda.so.1"))
        .status()
        .expect("cc runs");
    assert!(compiler.success(), "{name}.c does not compile");
    let Output { status, stdout, stderr } = Command::new(&program)
        .env("LD_LIBRARY_PATH", dist().join("lib"))
        .envs(environment.iter().copied())
        .output()
        .expect("the program runs");
    let printed = String::from_utf8_lossy(&stdout);
    assert!(status.success(), "{status}: {printed}{}", String::from_utf8_lossy(&stderr));
    let expected = fs::read_to_string(folder.join(name).with_extension("out")).expect("what it must print");
    assert_eq!(printed, expected);
}

fn check_with_daemon(name: &str) {
    let daemon = Daemon::start(&["--device=driver", "--nested", "--threads=2"]);
    check(name, &[("VGPU", &daemon.device())]);
}

macro_rules! programs {
    ($($name:ident),* $(,)?) => {
        mod directly {
            $(#[test] fn $name() { super::check(stringify!($name), super::DIRECT); })*
        }

        mod nested {
            $(#[test] fn $name() { super::check_with_daemon(stringify!($name)); })*
        }

        mod nested_in_their_process {
            $(#[test] fn $name() { super::check(stringify!($name), super::NESTED); })*
        }

        #[test]
        fn no_program_is_forgotten() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("api");
            let named = [$(stringify!($name)),*];
            for file in fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path()) {
                let name = file.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
                let is_program = file.extension().is_some_and(|kind| kind == "c");
                assert!(!is_program || named.contains(&name.as_str()), "{name}.c");
            }
        }
    };
}

programs![
    assertion,
    events,
    graph_host_nodes,
    host_functions,
    host_functions_after_fault,
    launch_attributes,
    limits,
    mapped_memory,
    printf,
    refusals,
    synchronous_forms,
    unified_addresses,
];
