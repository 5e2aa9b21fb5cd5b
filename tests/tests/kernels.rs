//! The CUDA C++ programs of `tests/kernels`: each computes on the device and on the host, and must find no difference.
//!
//! They are programs like any other, for the capability that their folder is named after; `nvcc` compiles them for a real GPU as
//! well. `cargo xtask test` and `cargo xtask kernels` compile and run them; by itself `cargo test` leaves them out.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// What ends a program that hangs, and after how many seconds; none takes a tenth of that.
const LIMIT: [&str; 2] = ["timeout", "120"];

fn check(folder: &str, name: &str) {
    let programs =
        env::var_os("VGPU_TEST_KERNELS").expect("`cargo xtask kernels` starts these tests: it compiles them");
    let digits = folder.strip_prefix("sm_").expect("a folder is called sm_ and a capability's digits");
    let (major, minor) = digits.split_at(digits.len() - 1);
    let Output { status, stdout, stderr } = Command::new(LIMIT[0])
        .arg(LIMIT[1])
        .arg(PathBuf::from(programs).join(folder).join(name))
        .env("LD_LIBRARY_PATH", vgpu_tests::dist().join("lib"))
        .env("VGPU", "embedded")
        .env("VGPU_LOG", "warn")
        .env("VGPU_COMPUTE_CAPABILITY", format!("{major}.{minor}"))
        .envs(vgpu_tests::device_variables().iter().copied())
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&stdout) + String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{folder}/{name}: {status}\n{said}");
}

macro_rules! programs {
    ($($folder:ident: [$($name:ident),* $(,)?])*) => {
        $(mod $folder {
            $(
                #[test]
                #[ignore = "needs nvcc: cargo xtask kernels"]
                fn $name() {
                    super::check(stringify!($folder), stringify!($name));
                }
            )*
        })*

        #[test]
        fn no_program_is_forgotten() {
            let named = BTreeSet::from([$($(concat!(stringify!($folder), "/", stringify!($name)).to_owned()),*),*]);
            assert_eq!(named, there_are());
        }
    };
}

/// `sm_NN/NAME` of every file or folder that is a program.
fn there_are() -> BTreeSet<String> {
    let list = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels");
    let programs = list(&root).into_iter().filter(|folder| folder.is_dir()).flat_map(|folder| list(&folder));
    programs.map(|path| path.with_extension("").strip_prefix(&root).expect("below it").display().to_string()).collect()
}

programs! {
    sm_75: [
        address_spaces,
        algorithms,
        alloca,
        atomics,
        atomics_of_floats,
        barriers,
        bit_intrinsics,
        clocks,
        coalesced_groups,
        complex_numbers,
        control_flow,
        conversions,
        copies,
        cpp20,
        cub_block,
        cub_device,
        cuda_atomic,
        cuda_std,
        dot_products,
        dynamic_parallelism,
        fast_math,
        faults,
        function_pointers,
        graphs,
        grid_barrier,
        group_algorithms,
        half_precision,
        heap,
        inline_ptx,
        integers_128,
        integers_64,
        lambdas_and_templates,
        latches_and_semaphores,
        launches,
        managed_memory,
        managed_variables,
        math_double,
        math_float,
        packed_integers,
        parameters,
        printing,
        recursion,
        relocatable,
        rounding,
        shared_memory,
        shuffles,
        streams_and_events,
        symbols,
        tiles,
        vector_types,
        virtual_functions,
        votes_and_matches,
        waiting,
    ]
    sm_80: [
        asynchronous_copies,
        bfloat16,
        matrices,
        reductions_of_a_warp,
    ]
    sm_90: [
        dynamic_programming,
        eight_bit_floats,
    ]
}
