//! Products against the definition, in every type.

use super::*;
use half::f16;
use vgpu_core::wire::messages::BlasSettings;

fn address<T>(memory: &[T]) -> u64 {
    memory.as_ptr().expose_provenance() as u64
}

fn map_of(memories: &[(u64, u64)]) -> MemoryMap {
    MemoryMap::new(memories.iter().map(|&(start, len)| start..start + len).collect())
}

fn single(value: f32) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&value.to_le_bytes());
    bytes
}

fn message(m: u64, n: u64, k: u64) -> Message {
    Message {
        stream: 0,
        flags: 0,
        op_a: 0,
        op_b: 0,
        a_type: 0,
        b_type: 0,
        c_type: 0,
        compute: 68,
        scale_type: 0,
        batch: 1,
        m,
        n,
        k,
        lda: m as i64,
        ldb: k as i64,
        ldc: m as i64,
        stride_a: 0,
        stride_b: 0,
        stride_c: 0,
        a: 0,
        b: 0,
        c: 0,
        alpha: single(1.0),
        beta: single(0.0),
        settings: BlasSettings::DEFAULT,
    }
}

fn values(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 16) % 17) as f32 - 8.0
        })
        .collect()
}

#[test]
fn a_product_with_transposes_matches_the_definition_across_tiles() {
    let (m, n, k) = (300usize, 270usize, 1100usize);
    let (a, b) = (values(m * k, 1), values(n * k, 2));
    let c = values(m * n, 3);
    let before = c.clone();
    let map = map_of(&[
        (address(&a), a.len() as u64 * 4),
        (address(&b), b.len() as u64 * 4),
        (address(&c), c.len() as u64 * 4),
    ]);
    let mut message = message(m as u64, n as u64, k as u64);
    (message.op_a, message.op_b, message.lda, message.ldb) = (1, 1, k as i64, n as i64);
    (message.a, message.b, message.c) = (address(&a), address(&b), address(&c));
    (message.alpha, message.beta) = (single(2.0), single(-1.0));
    Gemm::decode(&message).unwrap().start(&map).unwrap().run(&mut Panels::default());
    for (row, column) in [(0, 0), (299, 269), (255, 256), (256, 255), (17, 200)] {
        let sum: f32 = (0..k).map(|at| a[row * k + at] * b[at * n + column]).sum();
        assert_eq!(c[column * m + row], 2.0 * sum - before[column * m + row], "row {row}, column {column}");
    }
}

#[test]
fn half_precision_is_accumulated_wide_and_rounded_once() {
    let a = vec![f16::from_f32(1.0); 4096];
    let b = vec![f16::from_f32(1.0); 4096];
    let c = vec![f16::NAN; 1];
    let map = map_of(&[(address(&a), 8192), (address(&b), 8192), (address(&c), 2)]);
    let mut message = message(1, 1, 4096);
    (message.a, message.b, message.c) = (address(&a), address(&b), address(&c));
    (message.a_type, message.b_type, message.c_type) = (2, 2, 2);
    Gemm::decode(&message).unwrap().start(&map).unwrap().run(&mut Panels::default());
    assert_eq!(c[0].to_f32(), 4096.0, "sums in half precision would stop at 2048; NaN in C is not read");
}

#[test]
fn pointers_are_read_from_device_memory_and_checked() {
    let (a, b, c) = (vec![2f32, 3.0], vec![5f32, 7.0], vec![0f32; 2]);
    let pointers = [address(&a), address(&a) + 4, address(&b), address(&b) + 4, address(&c), address(&c) + 4];
    let table = address(&pointers);
    let map = map_of(&[(address(&a), 8), (address(&b), 8), (address(&c), 8), (table, 48)]);
    let mut message = message(1, 1, 1);
    (message.flags, message.batch) = (BLAS_POINTER_ARRAYS, 2);
    (message.a, message.b, message.c) = (table, table + 16, table + 32);
    Gemm::decode(&message).unwrap().start(&map).unwrap().run(&mut Panels::default());
    assert_eq!(c, [10.0, 21.0]);
    message.c = table;
    message.m = 3;
    (message.lda, message.ldc) = (3, 3);
    let error = Gemm::decode(&message).unwrap().start(&map).err().unwrap();
    assert_eq!(error.0, CuError::ILLEGAL_ADDRESS);
}

#[test]
fn bytes_are_multiplied_exactly() {
    let (a, b, c) = (vec![-128i8; 1000], vec![-128i8; 1000], vec![7i32; 1]);
    let map = map_of(&[(address(&a), 1000), (address(&b), 1000), (address(&c), 4)]);
    let mut message = message(1, 1, 1000);
    (message.a, message.b, message.c) = (address(&a), address(&b), address(&c));
    (message.a_type, message.b_type, message.c_type, message.compute, message.scale_type) = (3, 3, 10, 72, 10);
    message.alpha[..4].copy_from_slice(&1i32.to_le_bytes());
    message.beta[..4].copy_from_slice(&1i32.to_le_bytes());
    Gemm::decode(&message).unwrap().start(&map).unwrap().run(&mut Panels::default());
    assert_eq!(c[0], 16_384_007);
}

#[test]
fn types_and_dimensions_that_make_no_sense_are_refused() {
    let complex = Message { a_type: 4, ..message(1, 1, 1) };
    assert_eq!(Gemm::decode(&complex).unwrap_err(), CuError::NOT_SUPPORTED);
    let narrow = Message { lda: 3, ..message(4, 4, 4) };
    assert_eq!(Gemm::decode(&narrow).unwrap_err(), CuError::INVALID_VALUE);
    let huge = Message { m: u64::MAX, ..message(1, 1, 1) };
    assert_eq!(Gemm::decode(&huge).unwrap_err(), CuError::INVALID_VALUE);
}

#[test]
fn a_batch_longer_than_memory_could_list_is_refused() {
    let message = Message { batch: u32::MAX, flags: BLAS_POINTER_ARRAYS, ..message(1, 1, 1) };
    assert_eq!(Gemm::decode(&message).unwrap_err(), CuError::INVALID_VALUE);
}
