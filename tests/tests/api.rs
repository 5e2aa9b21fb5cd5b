//! The C programs of `tests/api/`: each prints what the driver API did, and must print what stands beside it.
//!
//! They are programs like any other: `cc tests/api/NAME.c -lcuda` runs the same on NVIDIA's driver. Here they run on the software
//! GPU, and nested: on the executor of a driver's GPUs with our own libcuda in the driver's place, in a daemon's process and in
//! their own.

use std::{fs, path::Path};

use vgpu_tests::{daemon::Daemon, program};

/// An executor of the program's own.
const DIRECT: &[(&str, &str)] = &[("VGPU_DEVICE", "soft")];
const NESTED: &[(&str, &str)] = &[("VGPU_DEVICE", "driver"), ("VGPU_NESTED", "1")];
/// Those with two devices are run beside what else is tested of several.
const OF_TWO_DEVICES: [&str; 2] = ["one_ledger", "two_devices"];

fn check(name: &str, variables: &[(&str, &str)]) {
    let (printed, expected) = program::run(name, variables);
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
            let named = [$(stringify!($name)),*].into_iter().chain(OF_TWO_DEVICES).collect::<Vec<_>>();
            for file in fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path()) {
                let name = file.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
                let is_program = file.extension().is_some_and(|kind| kind == "c");
                assert!(!is_program || named.contains(&name.as_str()), "{name}.c");
            }
        }
    };
}

programs![
    arrays,
    assertion,
    copies_from_host,
    copies_waited_for,
    events,
    granules,
    graph_host_nodes,
    host_functions,
    host_functions_after_fault,
    launch_attributes,
    limits,
    linking,
    mapped_memory,
    printf,
    refusals,
    relocatable,
    synchronous_forms,
    textures,
    unified_addresses,
    waiting_kernels,
];
