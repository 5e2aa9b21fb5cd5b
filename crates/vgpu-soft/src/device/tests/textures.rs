//! Textures and surfaces in kernels.
//!
//! **Source** of what is expected: "Texture Fetching" in the CUDA C++ Programming Guide, and the texture and surface instructions of
//! the PTX ISA. Values are computed here by a model of its own, in f64 and by index.

use vgpu_core::abi::CUarray_format_enum as Format;

use super::*;

const INTEGERS: u32 = 1;
const NORMALIZED: u32 = 2;
const SRGB: u32 = 16;
const FOR_SURFACES: u32 = 2;
const LAYERED: u32 = 1;
const GATHERED: u32 = 8;
const WRAP: u32 = 0;
const CLAMP: u32 = 1;
const POINT: u32 = 0;
const LINEAR: u32 = 1;

fn shape(format: Format, channels: u32, [width, height, depth]: [u64; 3], flags: u32) -> ArrayShape {
    ArrayShape { width, height, depth, format: format.0, channels, flags, reserved: 0 }
}

fn sampling(mode: u32, filter: u32, flags: u32) -> Sampling {
    Sampling {
        address_modes: [mode; 3],
        filter,
        flags,
        max_anisotropy: 0,
        level_filter: 0,
        level_bias: 0,
        level_min: 0,
        level_max: 0,
        border: [0; 4],
    }
}

const NO_VIEW: TextureView = TextureView {
    is_there: 0,
    format: 0,
    width: 0,
    height: 0,
    depth: 0,
    first_level: 0,
    last_level: 0,
    first_layer: 0,
    last_layer: 0,
};

fn of_array(place: u64) -> Resource {
    Resource { kind: 0, format: 0, channels: 0, reserved: 0, place, width: 0, height: 0, pitch: 0 }
}

/// An array with those bytes, row by row.
fn array(rig: &mut Rig, shape: ArrayShape, bytes: &[u8]) -> u64 {
    let message = ArrayCreate { context: CONTEXT, levels: 0, shape };
    let array = rig.run(|device, seq| device.array_create(seq, &message, &[])).unwrap().reply.array;
    let memory = rig.alloc(bytes.len() as u64);
    rig.write(FREE, memory, bytes).unwrap();
    let row = shape.row_bytes();
    let target = BoxEnd { place: array, pitch: 0, slice_pitch: 0, at: [0; 3] };
    let source = BoxEnd { place: memory, pitch: row, slice_pitch: row * shape.rows(), at: [0; 3] };
    let message = CopyArray {
        stream: FREE,
        ends: TARGET_IN_ARRAY,
        target,
        source,
        width_bytes: row,
        height: shape.rows(),
        depth: shape.slices(),
    };
    rig.run(|device, seq| device.copy_array(seq, &message, &[])).unwrap();
    array
}

fn texture(rig: &mut Rig, resource: Resource, sampling: Sampling) -> CuResult<u64> {
    let message = TextureCreate { context: CONTEXT, reserved: 0, resource, sampling, view: NO_VIEW };
    rig.run(|device, seq| device.texture_create(seq, &message, &[])).map(|answer| answer.reply.texture)
}

fn surface(rig: &mut Rig, array: u64) -> u64 {
    let message = SurfaceCreate { context: CONTEXT, reserved: 0, array };
    rig.run(|device, seq| device.surface_create(seq, &message, &[])).unwrap().reply.surface
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Runs statements with a texture or a surface in `%d`; they set `%r0` to `%r3`.
fn run(rig: &mut Rig, statements: &str, object: u64) -> [u32; 4] {
    let text = format!(
        ".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry k(.param .u64 out, .param .u64 object)\n{{\n\
         .reg .b64 %o, %d; .reg .b32 %r<12>; .reg .f32 %f<12>; .reg .b16 %h<4>;\n\
         ld.param.u64 %o, [out]; ld.param.u64 %d, [object];\n{statements}\n\
         st.global.v4.u32 [%o], {{%r0, %r1, %r2, %r3}}; ret;\n}}\n"
    );
    let module = rig.load(&text).unwrap();
    let function = rig.function_of(module, "k").map_err(|error| (error, rig.error_text())).unwrap().function;
    let out = rig.alloc(16);
    let mut params = out.to_le_bytes().to_vec();
    params.extend(object.to_le_bytes());
    rig.launch(FREE, function, 1, 1, &params).unwrap();
    let bytes = rig.read(FREE, out, 16);
    std::array::from_fn(|k| u32::from_le_bytes(bytes[4 * k..][..4].try_into().unwrap()))
}

/// A float as PTX writes it.
fn literal(value: f32) -> String {
    format!("0f{:08X}", value.to_bits())
}

fn fetch_2d(rig: &mut Rig, texture: u64, x: f32, y: f32) -> [f32; 4] {
    let statement = format!("tex.2d.v4.f32.f32 {{%r0, %r1, %r2, %r3}}, [%d, {{{}, {}}}];", literal(x), literal(y));
    run(rig, &statement, texture).map(f32::from_bits)
}

#[test]
fn texels_of_every_format_are_read() {
    let parts = |texels: [f64; 4]| texels.map(|part| part as f32);
    let cases: [(Format, &[u8], u32, [f32; 4]); 6] = [
        (Format::CU_AD_FORMAT_UNSIGNED_INT8, &[255, 0, 51, 128], 0, parts([1.0, 0.0, 51.0 / 255.0, 128.0 / 255.0])),
        (Format::CU_AD_FORMAT_SIGNED_INT8, &[127, 0x80, 0x81, 0xc0], 0, parts([1.0, -1.0, -1.0, -64.0 / 127.0])),
        (
            Format::CU_AD_FORMAT_UNSIGNED_INT16,
            &[0xff, 0xff, 0, 0, 1, 0, 0, 0x80],
            0,
            parts([1.0, 0.0, 1.0 / 65535.0, 32768.0 / 65535.0]),
        ),
        (
            Format::CU_AD_FORMAT_SIGNED_INT16,
            &[0xff, 0x7f, 0, 0x80, 1, 0x80, 0xff, 0xff],
            0,
            parts([1.0, -1.0, -1.0, -1.0 / 32767.0]),
        ),
        // 1, -2, the smallest normal one and a half.
        (
            Format::CU_AD_FORMAT_HALF,
            &[0, 0x3c, 0, 0xc0, 0, 0x04, 0, 0x38],
            0,
            parts([1.0, -2.0, 6.103_515_625e-05, 0.5]),
        ),
        // By IEC 61966-2-1: 255, 0 and 51 of 255; alpha is as it is.
        (
            Format::CU_AD_FORMAT_UNSIGNED_INT8,
            &[255, 0, 51, 128],
            SRGB,
            parts([1.0, 0.0, ((51.0 / 255.0 + 0.055_f64) / 1.055).powf(2.4), 128.0 / 255.0]),
        ),
    ];
    let mut rig = Rig::new();
    for (format, bytes, flags, expected) in cases {
        let array = array(&mut rig, shape(format, 4, [1, 1, 0], 0), bytes);
        let texture = texture(&mut rig, of_array(array), sampling(CLAMP, POINT, flags)).unwrap();
        let got = fetch_2d(&mut rig, texture, 0.5, 0.5);
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() <= 1e-6 * expected.abs(), "{format:?} {flags}: {got} and {expected}");
        }
    }
}

#[test]
fn integers_are_read_as_they_are_and_missing_channels_are_0_and_1() {
    let mut rig = Rig::new();
    let read = "tex.2d.v4.s32.s32 {%r0, %r1, %r2, %r3}, [%d, {1, 0}];";
    for (format, bytes, expected) in [
        (Format::CU_AD_FORMAT_SIGNED_INT8, vec![1, 2, 0xff, 0x80], [0xffff_ffff, 0xffff_ff80, 0, 1]),
        (Format::CU_AD_FORMAT_UNSIGNED_INT16, vec![1, 0, 2, 0, 0xff, 0xff, 3, 0], [0xffff, 3, 0, 1]),
        (Format::CU_AD_FORMAT_SIGNED_INT32, [1_i32, 2, -3, 4].map(i32::to_le_bytes).concat(), [-3_i32 as u32, 4, 0, 1]),
    ] {
        let array = array(&mut rig, shape(format, 2, [2, 1, 0], 0), &bytes);
        let texture = texture(&mut rig, of_array(array), sampling(CLAMP, POINT, INTEGERS)).unwrap();
        assert_eq!(run(&mut rig, read, texture), expected, "{format:?}");
    }
}

/// The guide's formula for two dimensions, by index: weights have 8 bits of fraction.
fn mixed(texels: &[f32], width: i64, height: i64, x: f64, y: f64, at: impl Fn(i64, i64) -> i64) -> f64 {
    let part = |along: f64| ((along - along.floor()) * 256.0).round() / 256.0;
    let (x, y) = (x - 0.5, y - 0.5);
    let (i, j) = (x.floor() as i64, y.floor() as i64);
    let texel = |i: i64, j: i64| f64::from(texels[(at(j, height) * width + at(i, width)) as usize]);
    let (a, b) = (part(x), part(y));
    (1.0 - a) * (1.0 - b) * texel(i, j)
        + a * (1.0 - b) * texel(i + 1, j)
        + (1.0 - a) * b * texel(i, j + 1)
        + a * b * texel(i + 1, j + 1)
}

#[test]
fn the_four_texels_around_a_point_are_mixed() {
    let mut rig = Rig::new();
    let texels: Vec<f32> = (0..15).map(|i| ((i * 7 + 3) % 11) as f32).collect();
    let array = array(&mut rig, shape(Format::CU_AD_FORMAT_FLOAT, 1, [5, 3, 0], 0), &floats(&texels));
    let clamped = texture(&mut rig, of_array(array), sampling(CLAMP, LINEAR, 0)).unwrap();
    let wrapped = texture(&mut rig, of_array(array), sampling(WRAP, LINEAR, NORMALIZED)).unwrap();
    let clamp = |index: i64, len: i64| index.clamp(0, len - 1);
    let wrap = |index: i64, len: i64| index.rem_euclid(len);
    for (x, y) in [(0.0, 0.0), (1.3, 2.2), (2.501, 0.37), (4.9, 2.9), (-7.2, 1.1), (100.0, -3.0)] {
        let got = fetch_2d(&mut rig, clamped, x, y)[0];
        let expected = mixed(&texels, 5, 3, f64::from(x), f64::from(y), clamp);
        assert!((f64::from(got) - expected).abs() < 1e-5, "{x} {y}: {got} and {expected}");
    }
    for (x, y) in [(0.0_f32, 0.0_f32), (0.33, 0.9), (1.21, -0.4), (-2.7, 3.3)] {
        let got = fetch_2d(&mut rig, wrapped, x, y)[0];
        let expected = mixed(&texels, 5, 3, f64::from(x) * 5.0, f64::from(y) * 3.0, wrap);
        assert!((f64::from(got) - expected).abs() < 1e-4, "{x} {y}: {got} and {expected}");
    }
}

#[test]
fn four_texels_are_gathered_from_the_lower_left_one_on() {
    let mut rig = Rig::new();
    let texels: Vec<f32> = (0..12).map(|i| i as f32).collect();
    let gathered = array(&mut rig, shape(Format::CU_AD_FORMAT_FLOAT, 1, [4, 3, 0], GATHERED), &floats(&texels));
    let texture = texture(&mut rig, of_array(gathered), sampling(CLAMP, POINT, 0)).unwrap();
    // Around (2, 1): columns 1 and 2, rows 0 and 1.
    let at = format!("{{{}, {}}}", literal(2.0), literal(1.0));
    let read = format!("tld4.r.2d.v4.f32.f32 {{%r0, %r1, %r2, %r3}}, [%d, {at}];");
    assert_eq!(run(&mut rig, &read, texture).map(f32::from_bits), [5.0, 6.0, 2.0, 1.0]);
    // One column to the right, one row down.
    let read = format!("tld4.r.2d.v4.f32.f32 {{%r0, %r1, %r2, %r3}}, [%d, {at}], {{1, 1}};");
    assert_eq!(run(&mut rig, &read, texture).map(f32::from_bits), [10.0, 11.0, 7.0, 6.0]);
}

/// Why statements do not compile; nothing when they do.
fn run_or_refusal(rig: &mut Rig, statements: &str) -> String {
    let text = format!(
        ".version 7.0\n.target sm_70\n.address_size 64\n.global .texref some;\n.visible .entry k(.param .u64 object)\n{{\n\
         .reg .b64 %d; .reg .pred %p; .reg .b32 %r<12>; ld.param.u64 %d, [object];\n{statements}\nret;\n}}\n"
    );
    let found = rig.load(&text).and_then(|module| rig.function_of(module, "k"));
    if found.is_ok() { String::new() } else { rig.error_text() }
}

#[test]
fn reads_go_on_by_offsets_and_levels_follow_gradients() {
    let mut rig = Rig::new();
    let texels: Vec<f32> = (0..8).map(|i| i as f32).collect();
    let plane = array(&mut rig, shape(Format::CU_AD_FORMAT_FLOAT, 1, [4, 2, 0], 0), &floats(&texels));
    let plane = texture(&mut rig, of_array(plane), sampling(CLAMP, POINT, 0)).unwrap();
    let at = format!("{{{}, {}}}", literal(1.5), literal(0.5));
    let read = format!("tex.2d.v4.f32.f32 {{%r0, %r1, %r2, %r3}}, [%d, {at}], {{2, 1}};");
    assert_eq!(run(&mut rig, &read, plane)[0], 7_f32.to_bits());

    let levels = ArrayCreate { context: CONTEXT, levels: 3, shape: shape(Format::CU_AD_FORMAT_FLOAT, 1, [4, 4, 0], 0) };
    let mipmap = rig.run(|device, seq| device.array_create(seq, &levels, &[])).unwrap().reply.array;
    for level in 0..3_u32 {
        let message = ArrayLevel { array: mipmap, level, reserved: 0 };
        let place = rig.run(|device, seq| device.array_level(seq, &message, &[])).unwrap().reply.array;
        let row = 16 >> level;
        let memory = rig.alloc(64);
        rig.write(FREE, memory, &floats(&[level as f32; 16])).unwrap();
        let copy = CopyArray {
            stream: FREE,
            ends: TARGET_IN_ARRAY,
            target: BoxEnd { place, pitch: 0, slice_pitch: 0, at: [0; 3] },
            source: BoxEnd { place: memory, pitch: row, slice_pitch: 0, at: [0; 3] },
            width_bytes: row,
            height: 4 >> level,
            depth: 1,
        };
        rig.run(|device, seq| device.copy_array(seq, &copy, &[])).unwrap();
    }
    let between = Sampling { level_filter: LINEAR, level_max: 8_f32.to_bits(), ..sampling(CLAMP, LINEAR, NORMALIZED) };
    let texture = texture(&mut rig, Resource { kind: 1, ..of_array(mipmap) }, between).unwrap();
    // Neighbours two texels apart are for level 1; one and a half octaves lie between levels 0 and 2.
    for (step, expected) in [(0.25, 0.0), (0.5, 1.0), (0.25 * 2_f32.powf(1.5), 1.5), (8.0, 2.0), (0.0, 0.0)] {
        let read = format!(
            "tex.grad.2d.v4.f32.f32 {{%r0, %r1, %r2, %r3}}, [%d, {{{middle}, {middle}}}], {{{}, {zero}}}, {{{zero}, {zero}}};",
            literal(step),
            middle = literal(0.5),
            zero = literal(0.0),
        );
        let got = f32::from_bits(run(&mut rig, &read, texture)[0]);
        assert!((got - expected).abs() <= 1.0 / 256.0, "{step}: {got} and {expected}");
    }
}

#[test]
fn halves_are_given_apart_and_in_pairs() {
    let mut rig = Rig::new();
    let array =
        array(&mut rig, shape(Format::CU_AD_FORMAT_FLOAT, 4, [1, 1, 0], 0), &floats(&[1.0, -2.0, 0.5, 65504.0]));
    let texture = texture(&mut rig, of_array(array), sampling(CLAMP, POINT, 0)).unwrap();
    let halves = [0x3c00, 0xc000, 0x3800, 0x7bff];
    let at = format!("[%d, {{{}, {}}}]", literal(0.5), literal(0.5));
    let apart = format!(
        "tex.2d.v4.f16.f32 {{%h0, %h1, %h2, %h3}}, {at};\ncvt.u32.u16 %r0, %h0; cvt.u32.u16 %r1, %h1;\n\
         cvt.u32.u16 %r2, %h2; cvt.u32.u16 %r3, %h3;"
    );
    assert_eq!(run(&mut rig, &apart, texture), halves);
    let pairs = format!("tex.2d.v2.f16x2.f32 {{%r0, %r1}}, {at};\nmov.u32 %r2, 0; mov.u32 %r3, 0;");
    assert_eq!(run(&mut rig, &pairs, texture), [halves[0] | halves[1] << 16, halves[2] | halves[3] << 16, 0, 0]);
}

#[test]
fn what_is_no_coordinate_reads_a_texel_all_the_same() {
    let mut rig = Rig::new();
    for (mode, filter, flags) in
        [(CLAMP, POINT, 0), (CLAMP, LINEAR, 0), (WRAP, LINEAR, NORMALIZED), (2, POINT, NORMALIZED)]
    {
        let array = array(&mut rig, shape(Format::CU_AD_FORMAT_FLOAT, 1, [4, 2, 0], 0), &floats(&[3.0; 8]));
        let texture = texture(&mut rig, of_array(array), sampling(mode, filter, flags)).unwrap();
        for x in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, -1e30, 1e-40] {
            assert_eq!(fetch_2d(&mut rig, texture, x, x)[0], 3.0, "{mode} {filter} {x}");
        }
    }
    assert!(rig.failures().is_empty());
}

/// The code with which a kernel that does this fails, and what is said of it.
fn fault(rig: &mut Rig, statements: &str, object: u64) -> (CuError, String) {
    run(rig, &format!("mov.u32 %r0, 0; mov.u32 %r1, 0; mov.u32 %r2, 0; mov.u32 %r3, 0;\n{statements}"), object);
    rig.failures().pop().expect("it has failed")
}

const LOOK: &str = "tex.2d.v4.f32.f32 {%r0, %r1, %r2, %r3}, [%d, {0f3F000000, 0f3F000000}];";

#[test]
fn a_number_that_is_no_texture_is_a_fault() {
    let (error, text) = fault(&mut Rig::new(), LOOK, 0x7777);
    assert_eq!(error, CuError::ILLEGAL_ADDRESS);
    assert!(text.contains("0x7777 is no texture"), "{text}");
}

#[test]
fn an_array_that_has_ended_is_a_fault_also_where_another_has_its_memory() {
    let mut rig = Rig::new();
    let old = array(&mut rig, shape(Format::CU_AD_FORMAT_FLOAT, 1, [4, 2, 0], 0), &floats(&[1.0; 8]));
    let texture = texture(&mut rig, of_array(old), sampling(CLAMP, POINT, 0)).unwrap();
    assert_eq!(run(&mut rig, LOOK, texture)[0], 1_f32.to_bits());
    rig.run(|device, seq| device.array_destroy(seq, &ArrayDestroy { array: old }, &[])).unwrap();
    rig.sync(FREE);
    array(&mut rig, shape(Format::CU_AD_FORMAT_FLOAT, 1, [4, 2, 0], 0), &floats(&[2.0; 8]));
    let (error, text) = fault(&mut rig, LOOK, texture);
    assert_eq!(error, CuError::ILLEGAL_ADDRESS);
    assert!(text.contains("its array has ended"), "{text}");
}

#[test]
fn memory_that_has_been_freed_is_a_fault() {
    let mut rig = Rig::new();
    // Not its first bytes: what is allocated next may have them.
    let memory = rig.alloc(4096);
    let rows = Resource {
        kind: 3,
        format: Format::CU_AD_FORMAT_FLOAT.0,
        channels: 1,
        reserved: 0,
        place: memory + 2048,
        width: 8,
        height: 2,
        pitch: 32,
    };
    let texture = texture(&mut rig, rows, sampling(CLAMP, LINEAR, 0)).unwrap();
    rig.free(memory).unwrap();
    let (error, text) = fault(&mut rig, LOOK, texture);
    assert_eq!(error, CuError::ILLEGAL_ADDRESS);
    assert!(text.contains("is in no allocation"), "{text}");
}

#[test]
fn a_texture_is_read_as_what_it_is() {
    let mut rig = Rig::new();
    let layers = array(&mut rig, shape(Format::CU_AD_FORMAT_FLOAT, 1, [4, 2, 2], LAYERED), &floats(&[1.0; 16]));
    let texture = texture(&mut rig, of_array(layers), sampling(CLAMP, POINT, 0)).unwrap();
    let (error, text) = fault(&mut rig, LOOK, texture);
    assert_eq!(error, CuError::ILLEGAL_ADDRESS);
    assert!(text.contains("is read as Plane"), "{text}");
}

#[test]
fn no_address_leads_into_an_array() {
    let mut rig = Rig::new();
    let before = rig.alloc(512);
    array(&mut rig, shape(Format::CU_AD_FORMAT_FLOAT, 1, [128, 8, 0], 0), &floats(&[1.0; 1024]));
    // Wherever the array lies, only what was allocated is reached.
    let reached = (0..64).filter(|page| rig.write(FREE, before + 512 * page, &[0; 4]).is_ok()).count();
    assert_eq!(reached, 9, "its own 512 bytes, and the 4096 that the array's texels came from");
    assert_eq!(rig.free(before + 512), Err(CuError::INVALID_VALUE));
}

#[test]
fn descriptions_of_what_there_is_not_are_refused() {
    let mut rig = Rig::new();
    let integers = array(&mut rig, shape(Format::CU_AD_FORMAT_UNSIGNED_INT32, 1, [4, 2, 0], 0), &[0; 32]);
    let memory = rig.alloc(1024);
    let line = Resource {
        kind: 2,
        format: Format::CU_AD_FORMAT_FLOAT.0,
        channels: 1,
        reserved: 0,
        place: memory,
        width: 1024,
        height: 0,
        pitch: 0,
    };
    let plain = sampling(CLAMP, POINT, 0);
    let refused = [
        (of_array(integers), sampling(CLAMP, LINEAR, 0), CuError::INVALID_VALUE),
        (of_array(integers), sampling(9, POINT, 0), CuError::INVALID_VALUE),
        (of_array(integers), sampling(CLAMP, POINT, 1 << 20), CuError::INVALID_VALUE),
        (of_array(integers), sampling(CLAMP, POINT, 64), CuError::NOT_SUPPORTED),
        (of_array(0x1234), plain, CuError::INVALID_HANDLE),
        (Resource { kind: 77, ..line }, plain, CuError::INVALID_VALUE),
        (Resource { place: memory + 4, ..line }, plain, CuError::INVALID_VALUE),
        (Resource { channels: 3, ..line }, plain, CuError::INVALID_VALUE),
        (Resource { format: 99, ..line }, plain, CuError::NOT_SUPPORTED),
        (Resource { width: 3, ..line }, plain, CuError::INVALID_VALUE),
        (Resource { width: u64::MAX, ..line }, plain, CuError::INVALID_VALUE),
        (Resource { kind: 3, width: 8, height: 4, pitch: 33, ..line }, plain, CuError::INVALID_VALUE),
        (Resource { kind: 3, width: 1 << 40, height: 1, pitch: !31, ..line }, plain, CuError::INVALID_VALUE),
    ];
    for (resource, sampling, error) in refused {
        assert_eq!(texture(&mut rig, resource, sampling), Err(error), "{resource:?} {sampling:?}");
    }
}

#[test]
fn surfaces_clamp_or_trap_outside() {
    let mut rig = Rig::new();
    let texels: Vec<u8> = (0..8_u32).flat_map(u32::to_le_bytes).collect();
    let array = array(&mut rig, shape(Format::CU_AD_FORMAT_UNSIGNED_INT32, 1, [4, 2, 0], FOR_SURFACES), &texels);
    let surface = surface(&mut rig, array);
    let load = |outside: &str, x: i32, y: i32| {
        format!("suld.b.2d.b32.{outside} {{%r0}}, [%d, {{{x}, {y}}}]; mov.u32 %r1, 0; mov.u32 %r2, 0; mov.u32 %r3, 0;")
    };
    for (x, y, expected) in [(4, 1, 5), (-8, 0, 0), (400, 9, 7), (16, 0, 3)] {
        assert_eq!(run(&mut rig, &load("clamp", x, y), surface)[0], expected, "{x} {y}");
    }
    assert_eq!(run(&mut rig, &load("zero", 4, 2), surface)[0], 0);
    let (error, text) = fault(&mut rig, &load("trap", 16, 0), surface);
    assert_eq!(error, CuError::LAUNCH_FAILED);
    assert!(text.contains("is outside"), "{text}");
}

#[test]
fn surfaces_are_reduced_and_stored_in_their_format() {
    let mut rig = Rig::new();
    let words = |words: [i32; 4]| words.map(i32::to_le_bytes).concat();
    let array_of = |rig: &mut Rig, format, bytes: &[u8]| {
        let array = array(rig, shape(format, 4, [1, 1, 0], FOR_SURFACES), bytes);
        surface(rig, array)
    };
    let integers = array_of(&mut rig, Format::CU_AD_FORMAT_SIGNED_INT32, &words([10, -5, 0x0f0f, 7]));
    let all = "suld.b.2d.v4.b32.trap {%r0, %r1, %r2, %r3}, [%d, {0, 0}];";
    let reduce = format!(
        "sured.b.add.2d.u32.trap [%d, {{0, 0}}], 5;\nsured.b.min.2d.s32.trap [%d, {{4, 0}}], -9;\n\
         sured.b.and.2d.b32.trap [%d, {{8, 0}}], 255;\nsured.b.max.2d.u32.trap [%d, {{12, 0}}], 6;\n{all}"
    );
    assert_eq!(run(&mut rig, &reduce, integers), [15, -9_i32 as u32, 0x0f, 7]);
    let halves = array_of(&mut rig, Format::CU_AD_FORMAT_HALF, &[0; 8]);
    let store = "mov.b32 %r4, 0f3F800000; mov.b32 %r5, 0fC0000000; mov.u32 %r6, 0; mov.u32 %r7, 0;\n\
                 sust.p.2d.v4.b32.trap [%d, {0, 0}], {%r4, %r5, %r6, %r7};\n\
                 suld.b.2d.v2.b32.trap {%r0, %r1}, [%d, {0, 0}]; mov.u32 %r2, 0; mov.u32 %r3, 0;";
    assert_eq!(run(&mut rig, store, halves), [0xc000_3c00, 0, 0, 0]);
}

#[test]
fn a_copy_that_its_array_does_not_hold_is_refused() {
    let mut rig = Rig::new();
    let array = array(&mut rig, shape(Format::CU_AD_FORMAT_FLOAT, 1, [4, 2, 0], 0), &floats(&[1.0; 8]));
    let memory = rig.alloc(4096);
    let end = |place, at| BoxEnd { place, pitch: 64, slice_pitch: 64, at };
    let copy = |place: u64, at: [u64; 3], ends: u32| CopyArray {
        stream: FREE,
        ends,
        target: end(place, at),
        source: end(memory, [0; 3]),
        width_bytes: 16,
        height: 2,
        depth: 1,
    };
    for (copy, error) in [
        (copy(array, [4, 0, 0], TARGET_IN_ARRAY), CuError::INVALID_VALUE),
        (copy(array, [0, u64::MAX, 0], TARGET_IN_ARRAY), CuError::INVALID_VALUE),
        (copy(array, [0, 0, 1], TARGET_IN_ARRAY), CuError::INVALID_VALUE),
        (copy(array, [0; 3], TARGET_IN_ARRAY | TARGET_IN_WINDOW), CuError::INVALID_VALUE),
        (copy(array, [0; 3], TARGET_IN_ARRAY | 1 << 9), CuError::INVALID_VALUE),
        (copy(array + 99, [0; 3], TARGET_IN_ARRAY), CuError::INVALID_HANDLE),
    ] {
        assert_eq!(rig.run(|device, seq| device.copy_array(seq, &copy, &[])), Err(error), "{copy:?}");
    }
}

#[test]
fn forms_that_are_not_done_are_refused_by_what_they_ask_for() {
    let mut rig = Rig::new();
    for (statement, reason) in [
        ("tex.2d.v4.f32.f32 {%r0, %r1, %r2, %r3}|%p, [%d, {%r4, %r5}];", "resident"),
        ("tex.2dms.v4.f32.s32 {%r0, %r1, %r2, %r3}, [%d, {%r4, %r5, %r6, %r7}];", "2dms"),
        ("tex.2d.v4.f32.f32 {%r0, %r1, %r2, %r3}, [some, {%r4, %r5}];", "references"),
        ("tex.2d.v4.f32.f32 {%r0, %r1, %r2, %r3}, [%d, some, {%r4, %r5}];", "samplers"),
        ("txq.channel_order.b32 %r0, [%d];", "channel_order"),
        ("sured.p.add.2d.b32.trap [%d, {%r0, %r1}], %r2;", "formatted"),
    ] {
        let text = run_or_refusal(&mut rig, statement);
        assert!(text.contains(reason), "{statement}: {text}");
    }
}
