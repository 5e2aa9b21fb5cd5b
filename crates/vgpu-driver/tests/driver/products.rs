//! How a guest's handles of cuBLAS want their products: what is set on the stream's handle for it, and when.

use vgpu_core::CuError;
use vgpu_core::wire::messages::*;

use crate::cases::{create_graph, gemm, node};
use crate::fake::Fake;
use crate::guest::{Guest, STREAM};

/// A product for a handle with those settings.
fn product(guest: &Guest, settings: BlasSettings) -> Gemm {
    Gemm { settings, ..gemm(guest) }
}

/// The settings of [`STREAM`]'s handle that were made since the last time.
fn set(guest: &Guest) -> Vec<String> {
    let calls = guest.calls_of("ring").into_iter();
    calls.filter(|call| call.starts_with("cublasSet") && !call.starts_with("cublasSetPointer")).collect()
}

#[test]
fn what_is_set_already_is_not_set_again() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let tf32 = BlasSettings { math_mode: 3, ..BlasSettings::DEFAULT };
    let own = BlasSettings { workspace: guest.memory + 1024, workspace_bytes: 512, ..tf32 };
    let steps: [(BlasSettings, &[&str]); 6] = [
        (BlasSettings::DEFAULT, &["cublasSetStream_v2(blas1, stream1)"]),
        (tf32, &["cublasSetMathMode(blas1, 3)"]),
        (tf32, &[]),
        (own, &["cublasSetWorkspace_v2(blas1, memory1+1024, 512)"]),
        (own, &[]),
        // With a stream the library's own workspace comes back.
        (BlasSettings::DEFAULT, &["cublasSetMathMode(blas1, 0)", "cublasSetStream_v2(blas1, stream1)"]),
    ];
    for (settings, expected) in steps {
        guest.post(product(&guest, settings)).unwrap();
        assert_eq!(set(&guest), expected, "{settings:?}");
    }
    guest.wait_for(STREAM, guest.seq);
    guest.end();
}

#[test]
fn a_workspace_that_is_not_the_guests_never_reaches_the_library() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let own = [0_u8; 64];
    let memory = guest.memory;
    for (workspace, workspace_bytes) in [
        (own.as_ptr().expose_provenance() as u64, 64),
        (memory, 4097),
        (memory + 4096, 1),
        (0, u64::MAX),
        (u64::MAX, 1),
    ] {
        let settings = BlasSettings { workspace, workspace_bytes, ..BlasSettings::DEFAULT };
        let product = product(&guest, settings);
        assert_eq!(guest.post(product), Err(CuError::INVALID_VALUE), "{settings:?}");
        assert_eq!(create_graph(&mut guest, &[node(&product, &[], &[])]), Err(CuError::INVALID_VALUE), "{settings:?}");
    }
    assert_eq!(guest.failures(), []);
    assert_eq!(set(&guest), [""; 0]);
    guest.end();
}

#[test]
fn a_graph_is_not_launched_when_its_workspace_is_the_guests_no_more() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let workspace = guest.alloc(512).unwrap();
    let settings = BlasSettings { workspace, workspace_bytes: 512, ..BlasSettings::DEFAULT };
    let product = product(&guest, settings);
    create_graph(&mut guest, &[node(&product, &[], &[])]).unwrap();
    let run = GraphLaunch { graph: guest.graph, stream: STREAM, reserved: 0 };
    guest.post(run).unwrap();
    guest.post(MemFree { address: workspace }).unwrap();
    assert_eq!(guest.post(run), Err(CuError::INVALID_VALUE));
    guest.wait_for(STREAM, guest.seq);
    guest.end();
}

#[test]
fn numbers_that_are_no_algorithm_never_reach_the_library() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    for algorithm in [-2, 24, 98, 116, i32::MIN, i32::MAX] {
        let product = product(&guest, BlasSettings { algorithm, ..BlasSettings::DEFAULT });
        assert_eq!(guest.post(product), Err(CuError::INVALID_VALUE), "{algorithm}");
    }
    let calls = guest.calls_of("ring");
    assert!(!calls.iter().any(|call| call.starts_with("cublasGemm")), "{calls:?}");
    guest.end();
}

#[test]
fn a_mode_that_the_library_refuses_is_the_products_error_and_nobody_elses() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    guest.post(product(&guest, BlasSettings::DEFAULT)).unwrap();
    fake.fail("ring", "cublasSetMathMode(blas1, 4)", 0, 7);
    let emulated = product(&guest, BlasSettings { math_mode: 4, ..BlasSettings::DEFAULT });
    assert_eq!(guest.post(emulated), Err(CuError::INVALID_VALUE));
    assert!(guest.error_text().contains("math mode 4"), "{}", guest.error_text());
    guest.calls_of("ring");
    guest.post(product(&guest, BlasSettings::DEFAULT)).unwrap();
    assert_eq!(set(&guest), [""; 0], "it is as it was");
    guest.wait_for(STREAM, guest.seq);
    guest.end();
}
