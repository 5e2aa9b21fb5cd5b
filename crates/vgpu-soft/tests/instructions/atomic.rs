//! What atomic additions of floats do with denormals and with NaN.

use super::differences;
use super::exact::{BF16, F16, F32, F64, Format};
use super::harness::{case, compile, engines, launch, tuples};

/// Each thread has a cell and a summand, 8 bytes each, and behind them the old and the new value of the cell. `%cell` is where
/// `place` says; a kernel that has more instructions with `.ftz` than without runs with denormals flushed.
fn kernel(form: &str, bits: u32, place: &str, flushes: bool) -> String {
    let mode = if flushes { "add.ftz.f32 %f, %f, %f; mul.ftz.f32 %f, %f, %f;" } else { "add.f32 %f, %f, %f;" };
    format!(
        ".version 8.4\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 p)\n{{
        .reg .b32 %t; .reg .b{bits} %a, %b, %old; .reg .f32 %f; .reg .b64 %mine, %cell;
        .shared .align 8 .b8 tile[512];
        ld.param.u64 %mine, [p]; mov.u32 %t, %tid.x; mad.wide.u32 %mine, %t, 32, %mine;
        mov.f32 %f, 0f3F800000; {mode}
        ld.global.b{bits} %a, [%mine]; ld.global.b{bits} %b, [%mine+8];
        {place}
        {form} %old, [%cell], %b;
        st.global.b{bits} [%mine+16], %old;
        {}
        ret;\n}}\n",
        if form.contains(".shared.") {
            format!("ld.shared.b{bits} %a, [%cell]; st.global.b{bits} [%mine+24], %a;")
        } else {
            format!("ld.b{bits} %a, [%cell]; st.global.b{bits} [%mine+24], %a;")
        }
    )
}

fn flush(bits: u64) -> u64 {
    if bits & 0x7f80_0000 == 0 { bits & 0x8000_0000 } else { bits }
}

fn check(form: &str, width: u32, is_shared: bool, values: &[u64], model: impl Fn(u64, u64) -> u64) {
    if !case(form) {
        return;
    }
    let of_shared = format!("mov.u64 %cell, tile; mad.wide.u32 %cell, %t, 8, %cell; st.shared.b{width} [%cell], %a;");
    let place = match (is_shared, form.contains(".shared.")) {
        (false, _) => "mov.b64 %cell, %mine;".to_owned(),
        (true, true) => of_shared,
        (true, false) => of_shared + "cvta.shared.u64 %cell, %cell;",
    };
    let pairs = tuples(&[values.to_vec(), values.to_vec()]);
    for (engine, flushes) in engines().into_iter().flat_map(|engine| [(engine, false), (engine, true)]) {
        let program = compile(&kernel(form, width, &place, flushes), engine);
        for pairs in pairs.chunks(64) {
            let mut data: Vec<u64> = pairs.iter().flat_map(|pair| [pair[0], pair[1], 0, 0]).collect();
            launch(&program, 1, pairs.len() as u32, &mut data);
            for (row, pair) in data.chunks(4).zip(pairs) {
                let expected = [pair[0], model(pair[0], pair[1])];
                let what = format!("{form}, shared: {is_shared}, flushes: {flushes}");
                differences::note_words(&what, pair, &row[2..], &expected, engine);
            }
        }
    }
}

fn sum(format: Format, a: u64, b: u64) -> u64 {
    format.encode(format.decode(a).add(format.decode(b), "rn"), "rn")
}

#[test]
pub(super) fn sums_of_f32_are_flushed_but_in_shared_memory() {
    let values = [
        0,
        0x8000_0000,
        1,
        0x8000_0001,
        0x007f_ffff,
        0x807f_fffe,
        0x0080_0000,
        0x8080_0001,
        0x3f80_0000,
        0xbf80_0001,
        0x7f80_0000,
        0xff80_0000,
        0x7fc1_2345,
        0xff80_0001,
    ];
    let flushed = |a, b| flush(sum(F32, flush(a), flush(b)));
    check("atom.global.add.f32", 32, false, &values, flushed);
    check("atom.add.f32", 32, false, &values, flushed);
    check("atom.shared.add.f32", 32, true, &values, |a, b| sum(F32, a, b));
    check("atom.add.f32", 32, true, &values, |a, b| sum(F32, a, b));
}

#[test]
pub(super) fn sums_of_other_floats_keep_denormals() {
    let doubles = [0, 1 << 63, 1, 0x800f_ffff_ffff_ffff, 0x0010_0000_0000_0000, 0x3ff0_0000_0000_0000, 0x7ff0 << 48];
    check("atom.global.add.f64", 64, false, &doubles, |a, b| sum(F64, a, b));
    check("atom.shared.add.f64", 64, true, &doubles, |a, b| sum(F64, a, b));
    let halves = [0, 0x8000, 1, 0x83ff, 0x0400, 0x3c00, 0x7bff, 0x7c00, 0xfc00, 0x7e55, 0xfd01];
    check("atom.global.add.noftz.f16", 16, false, &halves, |a, b| sum(F16, a, b));
    let brains = [0, 0x8000, 1, 0x807f, 0x0080, 0x3f80, 0x7f7f, 0x7f80, 0xff80, 0x7fd5, 0xff81];
    check("atom.global.add.noftz.bf16", 16, false, &brains, |a, b| sum(BF16, a, b));
}

/// Each thread has a cell, a summand and room for what was in the cell, 16 bytes each, as vectors.
fn vector_kernel(form: &str, bits: u32, count: usize) -> String {
    let list = |name: &str| (0..count).map(|k| format!("%{name}{k}")).collect::<Vec<_>>().join(", ");
    let each =
        |text: &dyn Fn(usize, usize) -> String| (0..count).map(|k| text(k, k * bits as usize / 8)).collect::<String>();
    let operation = match form.starts_with("red.") {
        true => format!("{form} [%mine], {{{}}};", list("b")),
        false => format!("{form} {{{}}}, [%mine], {{{}}};", list("old"), list("b")),
    };
    format!(
        ".version 8.6\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 p)\n{{
        .reg .b32 %t; .reg .b{bits} %b<{count}>, %old<{count}>; .reg .b64 %mine;
        ld.param.u64 %mine, [p]; mov.u32 %t, %tid.x; mad.wide.u32 %mine, %t, 48, %mine;
        {}{}
        {operation}
        {}
        ret;\n}}\n",
        each(&|k, at| format!("ld.global.b{bits} %b{k}, [%mine+{}];", 16 + at)),
        each(&|k, at| format!("ld.global.b{bits} %old{k}, [%mine+{}];", 32 + at)),
        each(&|k, at| format!("st.global.b{bits} [%mine+{}], %old{k};", 32 + at)),
    )
}

fn check_vector(form: &str, bits: u32, count: usize, values: &[u64], model: impl Fn(u64, u64) -> u64) {
    if !case(form) {
        return;
    }
    let element_bytes = bits as usize / 8;
    let pairs = tuples(&[values.to_vec(), values.to_vec()]);
    for engine in engines() {
        let program = compile(&vector_kernel(form, bits, count), engine);
        for pairs in pairs.chunks(64 * count) {
            let (mut data, mut expected) = (Vec::new(), Vec::new());
            for row in pairs.chunks(count) {
                let put = |to: &mut Vec<u8>, value: &dyn Fn(&[u64]) -> u64| {
                    let mut bytes = [0; 16];
                    for (bytes, pair) in bytes.chunks_mut(element_bytes).zip(row) {
                        bytes.copy_from_slice(&value(pair).to_le_bytes()[..element_bytes]);
                    }
                    to.extend(bytes);
                };
                put(&mut data, &|pair| pair[0]);
                put(&mut data, &|pair| pair[1]);
                data.extend([0; 16]);
                // Elements for which there are no values are zeroes, to which zeroes are added.
                put(&mut expected, &|pair| model(pair[0], pair[1]));
                put(&mut expected, &|pair| pair[1]);
                put(&mut expected, &|pair| if form.starts_with("red.") { 0 } else { pair[0] });
            }
            let threads = (data.len() / 48) as u32;
            let words = |bytes: &[u8]| -> Vec<u32> {
                bytes.chunks(4).map(|word| u32::from_le_bytes(word.try_into().expect("4 bytes"))).collect()
            };
            // Aligned as vectors are.
            let mut data: Vec<u128> =
                data.chunks(16).map(|row| u128::from_le_bytes(row.try_into().expect("16 bytes"))).collect();
            launch(&program, 1, threads, &mut data);
            let got: Vec<u8> = data.iter().flat_map(|row| row.to_le_bytes()).collect();
            differences::note_words(form, &[], &words(&got), &words(&expected), engine);
        }
    }
}

/// The smaller or the larger one, by the reference's `min` and `max`: of a number and a NaN the number, and -0 below 0.
fn extreme(is_brain: bool, is_max: bool, a: u64, b: u64) -> u64 {
    let value = |bits: u64| match is_brain {
        true => f64::from(half::bf16::from_bits(bits as u16)),
        false => f64::from(half::f16::from_bits(bits as u16)),
    };
    let (x, y) = (value(a), value(b));
    match (x.is_nan(), y.is_nan()) {
        (true, true) => 0x7fff,
        (true, false) => b,
        (false, true) => a,
        _ if x == y => {
            if (a >> 15 == 1) == is_max {
                b
            } else {
                a
            }
        }
        _ => {
            if (x < y) == is_max {
                b
            } else {
                a
            }
        }
    }
}

#[test]
pub(super) fn vectors_are_combined_element_by_element() {
    let singles =
        [0, 0x8000_0000, 1, 0x807f_ffff, 0x0080_0000, 0x3f80_0000, 0xbf80_0001, 0x7f80_0000, 0xff80_0000, 0x7fc1_2345];
    let flushed = |a, b| flush(sum(F32, flush(a), flush(b)));
    for (count, operation) in [2, 4].into_iter().flat_map(|count| ["atom", "red"].map(|operation| (count, operation))) {
        check_vector(&format!("{operation}.global.v{count}.add.f32"), 32, count, &singles, flushed);
    }
    let halves = [0, 0x8000, 1, 0x83ff, 0x0400, 0x3c00, 0xbc01, 0x7bff, 0x7c00, 0xfc00, 0x7e55, 0xfd01];
    let brains = [0, 0x8000, 1, 0x807f, 0x0080, 0x3f80, 0xbf81, 0x7f7f, 0x7f80, 0xff80, 0x7fd5, 0xff81];
    for (ty, format, values) in [("f16", F16, halves), ("bf16", BF16, brains)] {
        let is_brain = ty == "bf16";
        let models: [(&str, Box<dyn Fn(u64, u64) -> u64>); 3] = [
            ("add", Box::new(move |a, b| sum(format, a, b))),
            ("min", Box::new(move |a, b| extreme(is_brain, false, a, b))),
            ("max", Box::new(move |a, b| extreme(is_brain, true, a, b))),
        ];
        for (operation, model) in &models {
            for count in [2, 4, 8] {
                check_vector(&format!("atom.global.v{count}.{operation}.noftz.{ty}"), 16, count, &values, model);
            }
            check_vector(&format!("red.global.v8.{operation}.noftz.{ty}"), 16, 8, &values, model);
            // Both halves of a word.
            let packed: Vec<u64> = values.iter().zip(values.iter().rev()).map(|(low, high)| high << 16 | low).collect();
            let both = |a: u64, b: u64| model(a >> 16, b >> 16) << 16 | model(a & 0xffff, b & 0xffff);
            for count in [2, 4] {
                check_vector(&format!("atom.global.v{count}.{operation}.noftz.{ty}x2"), 32, count, &packed, both);
            }
        }
    }
}
