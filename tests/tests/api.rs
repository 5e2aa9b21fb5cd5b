//! The C programs of `tests/api/`: each prints what the driver API did, and must print what stands beside it.
//!
//! They are programs like any other: `cc tests/api/NAME.c -lcuda` runs the same on NVIDIA's driver. On the executor of a
//! driver's GPUs, with our own libcuda and the software GPU in the driver's place, they print the same, too.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use vgpu_tests::dist;

/// An executor of the program's own: the software GPU, and that of a driver's GPUs.
const DIRECT: &[(&str, &str)] = &[("VGPU", "embedded")];
const NESTED: &[(&str, &str)] = &[("VGPU", "embedded"), ("VGPU_DEVICE", "driver"), ("VGPU_NESTED", "1")];

/// Compiles a program, and runs it in that environment: what it printed, and what it should have.
fn run(name: &str, environment: &[(&str, &str)]) -> (String, String) {
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
    let printed = String::from_utf8_lossy(&stdout).into_owned();
    assert!(status.success(), "{status}: {printed}{}", String::from_utf8_lossy(&stderr));
    let expected = fs::read_to_string(folder.join(name).with_extension("out")).expect("what it must print");
    (printed, expected)
}

macro_rules! programs {
    (everywhere: $($name:ident),*; directly: $($direct:ident),*;) => {
        mod directly {
            $(programs!(@test $name super::DIRECT);)*
            $(programs!(@test $direct super::DIRECT);)*
        }

        mod nested {
            $(programs!(@test $name super::NESTED);)*
        }

        #[test]
        fn no_program_is_forgotten() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("api");
            let named = [$(stringify!($name),)* $(stringify!($direct)),*];
            for file in fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path()) {
                let name = file.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
                let is_program = file.extension().is_some_and(|kind| kind == "c");
                assert!(!is_program || named.contains(&name.as_str()), "{name}.c");
            }
        }
    };
    (@test $name:ident $environment:path) => {
        #[test]
        fn $name() {
            let (printed, expected) = super::run(stringify!($name), $environment);
            assert_eq!(printed, expected);
        }
    };
}

programs![
    everywhere: graph_host_nodes, host_functions, host_functions_after_fault, mapped_memory, synchronous_forms, unified_addresses;
    // What a driver's kernels print, and what it refuses when a kernel is launched, does not come to the guest yet.
    directly: assertion, printf, refusals;
];
