//! What moves between spaces by its own rules: parameters, generic addresses, asynchronous copies, tiles, atomics.

use super::differences;
use super::harness::{Random, case, compile, engines, launch, launch_with};

const HEAD: &str = ".version 8.4\n.target sm_90\n.address_size 64\n";

/// A kernel `k(p)` that has `%t` (the thread), `%base` (the data) and `%mine` (the thread's `stride` bytes of it).
fn kernel(stride: usize, body: &str) -> String {
    kernel_with("", stride, body)
}

/// [`kernel`] with more parameters behind `p`.
fn kernel_with(more: &str, stride: usize, body: &str) -> String {
    format!(
        "{HEAD}.visible .entry k(.param .u64 p{more})\n{{
        .reg .pred %p<4>; .reg .b16 %h<4>; .reg .b32 %t, %r<16>; .reg .b64 %base, %mine, %rd<8>;
        .shared .align 16 .b8 tile[1024];
        ld.param.u64 %base, [p]; mov.u32 %t, %tid.x; mad.wide.u32 %mine, %t, {stride}, %base;
        {body}
        ret;\n}}\n"
    )
}

#[test]
pub(super) fn parameters_are_read_by_their_type() {
    const BLOCK: &str = ", .param .align 16 .b8 q[32]";
    let payload: Vec<u8> = (0..32).map(|index| 0xf0u8.wrapping_add(11u8.wrapping_mul(index))).collect();
    // The block begins 8 bytes behind the address, at 16.
    let more = [&[0; 8][..], &payload].concat();
    for (r#type, bytes) in
        [("u8", 1), ("s8", 1), ("u16", 2), ("s16", 2), ("u32", 4), ("s32", 4), ("b32", 4), ("f32", 4)]
    {
        let form = format!("ld.param.{type}");
        if !case(&form) {
            continue;
        }
        for at in (0..32).step_by(bytes) {
            let text = kernel_with(BLOCK, 4, &format!("{form} %r0, [q+{at}]; st.global.u32 [%mine], %r0;"));
            let bits = payload[at..at + bytes].iter().rev().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
            let unused = 32 - 8 * bytes as u32;
            let is_signed = r#type.starts_with('s');
            let expected = if is_signed { ((bits << unused) as i32 >> unused) as u32 } else { bits };
            for engine in engines() {
                let mut data = [7u32; 32];
                assert_eq!(launch_with(&compile(&text, engine), 1, 32, &mut data, &more), None);
                differences::note_words(&format!("{form} at {at}"), &[], &data, &[expected; 32], engine);
            }
        }
    }
    let word = |at: usize| u64::from_le_bytes(payload[at..at + 8].try_into().expect("8 bytes"));
    let body = "ld.param.u64 %rd0, [q+16]; ld.param.v2.f32 {%r0, %r1}, [q+8];
        st.global.u64 [%mine], %rd0; st.global.u32 [%mine+8], %r0; st.global.u32 [%mine+12], %r1;";
    if [case("ld.param.u64"), case("ld.param.v2.f32")] == [true; 2] {
        let (mut data, engine) = ([0u64; 64], engines()[0]);
        assert_eq!(launch_with(&compile(&kernel_with(BLOCK, 16, body), engine), 1, 32, &mut data, &more), None);
        differences::note_words("ld.param of more", &[], &data, &[word(16), word(8)].repeat(32), engine);
    }
}

#[test]
pub(super) fn generic_addresses_go_to_their_space_and_back() {
    let forms = [
        "cvta.global.u64",
        "cvta.to.global.u64",
        "cvta.shared.u64",
        "cvta.to.shared.u64",
        "cvta.local.u64",
        "cvta.to.local.u64",
    ];
    if forms.map(case) != [true; 6] {
        return;
    }
    // One word through each space: written by its own address and read by the generic one, then the other way round.
    let text = kernel(
        32,
        ".local .align 8 .b8 frame[16];
        ld.global.u32 %r0, [%mine];
        cvta.to.global.u64 %rd0, %mine; st.global.u32 [%rd0+4], %r0;
        cvta.global.u64 %rd0, %rd0; ld.u32 %r1, [%rd0+4]; add.u32 %r1, %r1, 1; st.u32 [%rd0+8], %r1;
        mov.u64 %rd1, tile; mad.wide.u32 %rd1, %t, 8, %rd1; st.shared.u32 [%rd1], %r0;
        cvta.shared.u64 %rd2, %rd1; ld.u32 %r2, [%rd2]; add.u32 %r2, %r2, 2; st.u32 [%rd2+4], %r2;
        cvta.to.shared.u64 %rd3, %rd2; ld.shared.u32 %r3, [%rd3+4]; st.global.u32 [%mine+12], %r3;
        mov.u64 %rd4, frame; st.local.u32 [%rd4], %r0;
        cvta.local.u64 %rd5, %rd4; ld.u32 %r4, [%rd5]; add.u32 %r4, %r4, 3; st.u32 [%rd5+4], %r4;
        cvta.to.local.u64 %rd6, %rd5; ld.local.u32 %r5, [%rd6+4]; st.global.u32 [%mine+16], %r5;
        sub.u64 %rd3, %rd3, %rd1; sub.u64 %rd6, %rd6, %rd4; or.b64 %rd3, %rd3, %rd6; st.global.u64 [%mine+24], %rd3;",
    );
    for engine in engines() {
        let mut data: Vec<u32> = (0..64).flat_map(|thread| [thread * 5, 0, 0, 0, 0, 9, 9, 9]).collect();
        launch(&compile(&text, engine), 1, 64, &mut data);
        let row = |word: u32| [word, word, word + 1, word + 2, word + 3, 9, 0, 0];
        let expected: Vec<u32> = (0..64).flat_map(|thread| row(thread * 5)).collect();
        differences::note_words("cvta", &[], &data, &expected, engine);
    }
}

/// Rows of 16 bytes in some order.
fn scattered(row: usize) -> usize {
    row * 21 % 64
}

#[test]
pub(super) fn asynchronous_copies_bring_sixteen_bytes_once_they_are_waited_for() {
    let hints = ["", ".L2::64B", ".L2::128B", ".L2::256B"];
    let ends = ["cp.async.wait_all;", "cp.async.commit_group; cp.async.wait_group 0;"];
    for (hint, end) in hints.iter().flat_map(|hint| ends.map(|end| (hint, end))) {
        let form = format!("cp.async.cg.shared.global{hint}");
        let waits = end.split("; ").map(|wait| case(wait.split([' ', ';']).next().unwrap_or("")));
        if !case(&form) | !waits.fold(true, |all, one| all & one) {
            continue;
        }
        let text = kernel(
            16,
            &format!(
                "mul.lo.u32 %r0, %t, 21; and.b32 %r0, %r0, 63; shl.b32 %r0, %r0, 4; mov.u32 %r1, tile;
                add.u32 %r0, %r0, %r1;
                {form} [%r0], [%mine], 16;
                {end} bar.sync 0;
                mad.lo.u32 %r1, %t, 16, %r1;
                ld.shared.v4.u32 {{%r2, %r3, %r4, %r5}}, [%r1];
                st.global.v4.u32 [%mine+1024], {{%r2, %r3, %r4, %r5}};"
            ),
        );
        for engine in engines() {
            let mut random = Random(3);
            let rows: Vec<u128> =
                (0..64).map(|_| u128::from(random.next()) << 64 | u128::from(random.next())).collect();
            let mut data = [&rows[..], &[0; 64]].concat();
            launch(&compile(&text, engine), 1, 64, &mut data);
            let mut expected = vec![0; 64];
            rows.iter().enumerate().for_each(|(row, bytes)| expected[scattered(row)] = *bytes);
            let halves =
                |rows: &[u128]| rows.iter().flat_map(|row| [*row as u64, (*row >> 64) as u64]).collect::<Vec<_>>();
            differences::note_words(&form, &[], &halves(&data[64..]), &halves(&expected), engine);
        }
    }
}

#[test]
pub(super) fn tiles_are_loaded_by_rows_or_by_columns() {
    for (tiles, trans) in [(1, ""), (2, ""), (4, ""), (1, ".trans"), (2, ".trans"), (4, ".trans")] {
        let form = format!("ldmatrix.sync.aligned.m8n8.x{tiles}{trans}.b16");
        if !case(&form) {
            continue;
        }
        let registers: Vec<String> = (0..tiles).map(|tile| format!("%r{}", 4 + tile)).collect();
        let stores: String =
            (0..tiles).map(|tile| format!("st.global.u32 [%mine+{}], %r{};", 1024 + 4 * tile, 4 + tile)).collect();
        // 64 rows in shared memory; lane l names row `scattered(l)`.
        let text = kernel(
            32,
            &format!(
                "ld.global.v4.u32 {{%r4, %r5, %r6, %r7}}, [%mine]; ld.global.v4.u32 {{%r8, %r9, %r10, %r11}}, [%mine+16];
                mov.u32 %r1, tile; mad.lo.u32 %r0, %t, 32, %r1;
                st.shared.v4.u32 [%r0], {{%r4, %r5, %r6, %r7}}; st.shared.v4.u32 [%r0+16], {{%r8, %r9, %r10, %r11}};
                bar.sync 0;
                mul.lo.u32 %r0, %t, 21; and.b32 %r0, %r0, 63; mov.u64 %rd0, tile; mad.wide.u32 %rd0, %r0, 16, %rd0;
                cvta.shared.u64 %rd0, %rd0;
                {form} {{{}}}, [%rd0];
                {stores}",
                registers.join(", ")
            ),
        );
        let mut random = Random(4);
        let elements: Vec<u16> = (0..512).map(|_| (random.next() >> 30) as u16).collect();
        let element = |tile: usize, row: usize, column: usize| elements[8 * scattered(8 * tile + row) + column];
        for engine in engines() {
            let mut data: Vec<u128> = elements
                .chunks(8)
                .map(|row| row.iter().rev().fold(0, |bits, element| bits << 16 | u128::from(*element)))
                .collect();
            data.extend([0; 64]);
            launch(&compile(&text, engine), 1, 32, &mut data);
            for lane in 0..32 {
                let (row, column) = (lane / 4, lane % 4 * 2);
                for tile in 0..tiles {
                    let (low, high) = match trans {
                        "" => (element(tile, row, column), element(tile, row, column + 1)),
                        _ => (element(tile, column, row), element(tile, column + 1, row)),
                    };
                    let got = (data[64 + 2 * lane] >> (32 * tile)) as u32;
                    let expected = u32::from(high) << 16 | u32::from(low);
                    let what = format!("{form} lane {lane} tile {tile}");
                    differences::note_words(&what, &[], &[got], &[expected], engine);
                }
            }
        }
    }
}

#[test]
pub(super) fn a_product_of_8_by_32_goes_through_shared_memory() {
    let forms = [
        "wmma.load.a.sync.aligned.row.m8n32k16.shared.f16",
        "wmma.load.b.sync.aligned.col.m8n32k16.shared.f16",
        "wmma.mma.sync.aligned.row.col.m8n32k16.f32.f32",
        "wmma.store.d.sync.aligned.row.m8n32k16.shared.f32",
    ];
    if forms.map(case) != [true; 4] {
        return;
    }
    let list = |first: usize| (first..first + 8).map(|register| format!("%m{register}")).collect::<Vec<_>>().join(", ");
    let (a, b, d) = (list(0), list(8), list(16));
    // Rows of a and columns of b are 24 elements apart, rows of d 36: 384, 1536 and 1152 bytes.
    let (words, d_at) = ((384 + 1536) / 4, 384 + 1536);
    let text = kernel(
        4,
        &format!(
            ".reg .b32 %m<24>, %one; .shared .align 32 .b8 matrices[{}];
            mov.u32 %r0, matrices; mad.lo.u32 %r1, %t, 4, %r0; mov.u32 %r2, 0; mov.u64 %rd1, %mine;
            FILL: ld.global.u32 %r3, [%rd1]; st.shared.u32 [%r1], %r3;
            add.u64 %rd1, %rd1, 128; add.u32 %r1, %r1, 128; add.u32 %r2, %r2, 32;
            setp.lt.u32 %p0, %r2, {words}; @%p0 bra FILL;
            bar.sync 0;
            mov.u32 %one, 0x3f800000;
            {} {{{a}}}, [%r0], 24;
            {} {{{b}}}, [%r0+384], 24;
            {} {{{d}}}, {{{a}}}, {{{b}}}, {{%one, %one, %one, %one, %one, %one, %one, %one}};
            {} [%r0+{d_at}], {{{d}}}, 36;
            bar.sync 0;
            mad.lo.u32 %r1, %t, 4, %r0; mov.u32 %r2, 0; mov.u64 %rd1, %mine;
            DRAIN: ld.shared.u32 %r3, [%r1+{d_at}]; st.global.u32 [%rd1+{d_at}], %r3;
            add.u64 %rd1, %rd1, 128; add.u32 %r1, %r1, 128; add.u32 %r2, %r2, 32;
            setp.lt.u32 %p0, %r2, 288; @%p0 bra DRAIN;",
            d_at + 1152,
            forms[0],
            forms[1],
            forms[2],
            forms[3],
        ),
    );
    let mut random = Random(6);
    let small: Vec<i32> = (0..8 * 24 + 32 * 24).map(|_| (random.next() >> 40) as i32 % 7 - 3).collect();
    let (a, b) = small.split_at(8 * 24);
    for engine in engines() {
        let half = |value: i32| u32::from(half::f16::from_f32(value as f32).to_bits());
        let mut data: Vec<u32> = small.chunks(2).map(|pair| half(pair[1]) << 16 | half(pair[0])).collect();
        data.resize(words + 288, 0);
        launch(&compile(&text, engine), 1, 32, &mut data);
        for (row, column) in (0..8).flat_map(|row| (0..32).map(move |column| (row, column))) {
            let sum: i32 = (0..16).map(|k| a[24 * row + k] * b[24 * column + k]).sum();
            let (got, expected) = (data[words + 36 * row + column], ((sum + 1) as f32).to_bits());
            differences::note_words(&format!("wmma row {row} column {column}"), &[], &[got], &[expected], engine);
        }
    }
}

#[test]
pub(super) fn atomic_sums_are_those_of_some_order() {
    // Thread t adds t + 1 to cell t % 3 of its space.
    for (op, space) in [
        ("atom", "global"),
        ("atom", "shared"),
        ("atom", ""),
        ("atom", "release"),
        ("red", "global"),
        ("red", "shared"),
        ("red", ""),
    ] {
        let form = match space {
            "" => format!("{op}.add.u32"),
            "release" => format!("{op}.add.release.gpu.u32"),
            _ => format!("{op}.{space}.add.u32"),
        };
        if !case(&form) {
            continue;
        }
        let operation = if op == "red" { format!("{form} [%rd0], %r1;") } else { format!("{form} %r2, [%rd0], %r1;") };
        let base = if space == "shared" { "mov.u64 %rd0, tile;" } else { "mov.u64 %rd0, %base;" };
        let (load, save) = match space {
            "shared" => (
                "@%p0 ld.global.u32 %r3, [%mine]; @%p0 st.shared.u32 [%rd1], %r3;",
                "@%p0 ld.shared.u32 %r3, [%rd1]; @%p0 st.global.u32 [%mine], %r3;",
            ),
            _ => ("", ""),
        };
        let text = kernel(
            4,
            &format!(
                "{base} mad.wide.u32 %rd1, %t, 4, %rd0; setp.lt.u32 %p0, %t, 3;
                {load} bar.sync 0;
                rem.u32 %r0, %t, 3; mad.wide.u32 %rd0, %r0, 4, %rd0; add.u32 %r1, %t, 1; mov.u32 %r2, 0;
                {operation}
                bar.sync 0; {save}
                st.global.u32 [%mine+16], %r2;"
            ),
        );
        for engine in engines() {
            let start = [100u32, 2000, u32::MAX - 50];
            let mut data = [&start[..], &[0; 65]].concat();
            launch(&compile(&text, engine), 1, 64, &mut data);
            for cell in 0..3 {
                let mut steps: Vec<(u32, u32)> = (cell..64).step_by(3).map(|t| (data[4 + t], t as u32 + 1)).collect();
                let total: u32 = steps.iter().map(|step| step.1).sum();
                let mut got = vec![data[cell]];
                let mut expected = vec![start[cell].wrapping_add(total)];
                // What each thread got must be the sum of those before it.
                steps.sort_by_key(|step| step.0.wrapping_sub(start[cell]));
                let mut sum = start[cell];
                for (old, added) in steps {
                    got.push(old);
                    expected.push(if op == "red" { 0 } else { sum });
                    sum = sum.wrapping_add(added);
                }
                differences::note_words(&format!("{form} cell {cell}"), &[], &got, &expected, engine);
            }
        }
    }
}
