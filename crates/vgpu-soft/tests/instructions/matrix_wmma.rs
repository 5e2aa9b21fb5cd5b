//! `wmma`: matrices go from memory to fragments, are multiplied, and go back. Where a fragment has which element is its own affair.

use vgpu_soft::exec::{FaultKind, Isa};

use super::differences;
use super::harness::{Engine, Random, case, compile, engines, launch_in_turns, launch_with};
use super::products::{Matrix, Type, matrix};

/// Shapes of halves and bytes.
const SHAPES: [[usize; 3]; 3] = [[16, 16, 16], [8, 32, 16], [32, 8, 16]];
const LAYOUTS: [&str; 2] = ["row", "col"];
const SPACES: [&str; 3] = ["", ".global", ".shared"];

/// A product with its ways to memory.
struct Form {
    /// Rows, columns, and the depth.
    shape: [usize; 3],
    /// Of d, a, b and c.
    types: [&'static str; 4],
    layouts: [&'static str; 4],
    space: &'static str,
    /// What stands behind the shape, or behind the types: a rounding, or `.satfinite`.
    rounding: &'static str,
    cut: &'static str,
    /// Whether lines lie behind each other, and nothing says how long they are.
    is_packed: bool,
}

impl Form {
    fn new(shape: [usize; 3], types: [&'static str; 4], layouts: [&'static str; 4]) -> Self {
        Self { shape, types, layouts, space: "", rounding: "", cut: "", is_packed: false }
    }

    fn shape_name(&self) -> String {
        let [m, n, k] = self.shape;
        format!("m{m}n{n}k{k}")
    }

    /// Rows and columns of d, a, b or c.
    fn size(&self, operand: usize) -> (usize, usize) {
        let [m, n, k] = self.shape;
        [(m, n), (m, k), (k, n), (m, n)][operand]
    }

    fn bits(&self, operand: usize) -> usize {
        if self.types[operand] == "b1" { 1 } else { Type(self.types[operand]).bits() }
    }

    /// Elements from a line to the next.
    fn stride(&self, operand: usize) -> usize {
        let (rows, columns) = self.size(operand);
        let line = if self.layouts[operand] == "row" { columns } else { rows };
        if self.is_packed { line } else { line + 256 / self.bits(operand) }
    }

    fn words(&self, operand: usize) -> usize {
        let (rows, columns) = self.size(operand);
        let lines = if self.layouts[operand] == "row" { rows } else { columns };
        lines * self.stride(operand) * self.bits(operand) / 32
    }

    /// The bit at which an element begins.
    fn bit(&self, operand: usize, row: usize, column: usize) -> usize {
        let (line, along) = if self.layouts[operand] == "row" { (row, column) } else { (column, row) };
        (line * self.stride(operand) + along) * self.bits(operand)
    }

    /// Registers that a lane gives to d, a, b or c.
    fn registers(&self, operand: usize) -> usize {
        let (rows, columns) = self.size(operand);
        match (self.types[operand], operand) {
            // Room for the largest of the shapes.
            ("f16", 1 | 2) => 8,
            ("f64", _) => rows * columns / 32,
            _ => rows * columns * self.bits(operand) / 1024,
        }
    }

    fn mma(&self, operation: &str) -> String {
        let [d, a, b, c] = self.types;
        let types = if a == "f16" { format!("{d}.{c}") } else { format!("{d}.{a}.{b}.{c}") };
        let (shape, rounding, cut) = (self.shape_name(), self.rounding, self.cut);
        format!(
            "wmma.mma{operation}.sync.aligned.{}.{}.{shape}{rounding}.{types}{cut}",
            self.layouts[1], self.layouts[2]
        )
    }

    fn access(&self, operand: usize) -> String {
        let name = ["store.d", "load.a", "load.b", "load.c"][operand];
        let (layout, shape) = (self.layouts[operand], self.shape_name());
        format!("wmma.{name}.sync.aligned.{layout}.{shape}{}.{}", self.space, self.types[operand])
    }

    fn kernel(&self, operation: &str, starts: [usize; 4], len_words: usize) -> String {
        let is_shared = self.space == ".shared";
        let width = if self.types[0] == "f64" { 64 } else { 32 };
        let list = |operand: usize| {
            let name = ["d", "a", "b", "c"][operand];
            let names: Vec<String> = (0..self.registers(operand)).map(|i| format!("%{name}{i}")).collect();
            format!("{{{}}}", names.join(", "))
        };
        let line = |operand: usize| {
            let address = format!("[{}+{}]", if is_shared { "tile" } else { "%p" }, 4 * starts[operand]);
            let stride = if self.is_packed { String::new() } else { format!(", {}", self.stride(operand)) };
            let (first, second) = if operand == 0 { (address, list(0)) } else { (list(operand), address) };
            format!("{} {first}, {second}{stride};\n", self.access(operand))
        };
        // The warp takes everything to shared memory and back.
        let copy = |label: &str, from: &str, to: &str| {
            if !is_shared {
                return String::new();
            }
            format!(
                "mov.u32 %i, %tid.x;\n{label}: mul.wide.u32 %q, %i, 4; add.u64 %g, %p, %q; cvt.u32.u64 %s, %q;
mov.u32 %u, tile; add.u32 %s, %s, %u;
ld.{from}; st.{to}; add.u32 %i, %i, 32; setp.lt.u32 %more, %i, {len_words}; @%more bra {label};\nbar.warp.sync -1;\n"
            )
        };
        format!(
            ".version 8.7\n.target sm_90\n.address_size 64\n.shared .align 32 .b8 tile[{}];\n.visible .entry k(.param .u64 p)\n{{
.reg .b64 %p, %q, %g; .reg .b32 %i, %s, %u, %x; .reg .pred %more;
.reg .b{width} %a<8>, %b<8>, %c<8>, %d<8>;
ld.param.u64 %p, [p];
{}{}{}{}{} {}, {}, {}, {};\n{}bar.warp.sync -1;\n{}ret;\n}}\n",
            4 * len_words,
            copy("IN", "global.b32 %x, [%g]", "shared.b32 [%s], %x"),
            line(1),
            line(2),
            line(3),
            self.mma(operation),
            list(0),
            list(1),
            list(2),
            list(3),
            line(0),
            copy("OUT", "shared.b32 %x, [%s]", "global.b32 [%g], %x"),
        )
    }

    /// Puts a matrix where it begins in memory.
    fn put(&self, operand: usize, words: &mut [u32], matrix: &Matrix) {
        for (row, elements) in matrix.iter().enumerate() {
            for (column, element) in elements.iter().enumerate() {
                let first = self.bit(operand, row, column);
                for bit in 0..self.bits(operand) {
                    let (word, at) = ((first + bit) / 32, (first + bit) % 32);
                    words[word] = words[word] & !(1 << at) | ((element >> bit & 1) as u32) << at;
                }
            }
        }
    }

    /// Runs it on the matrices, and looks for d, and for everything else as it was.
    fn check(&self, operation: &str, [a, b, c]: [Matrix; 3], expected: impl Fn(usize, usize) -> u64) {
        let named = [self.mma(operation), self.access(0), self.access(1), self.access(2), self.access(3)];
        if !named.iter().fold(true, |_, form| case(form)) {
            return;
        }
        let (mut starts, mut len) = ([0; 4], 0);
        for (operand, start) in starts.iter_mut().enumerate() {
            *start = len;
            len = (len + self.words(operand)).next_multiple_of(8);
        }
        let mut before = vec![0x5a5a_5a5au32; len];
        for (operand, matrix) in (1..4).zip([&a, &b, &c]) {
            self.put(operand, &mut before[starts[operand]..], matrix);
        }
        let mut after = before.clone();
        let (rows, columns) = self.size(0);
        self.put(0, &mut after[starts[0]..], &matrix(rows, columns, expected));
        let text = self.kernel(operation, starts, len);
        for engine in engines() {
            let mut data = before.clone();
            launch_in_turns(&compile(&text, engine), 1, 32, &mut data);
            let what = format!("{} with {} and {}", self.mma(operation), self.access(3), self.access(0));
            differences::note_words(&what, &[], &data, &after, engine);
        }
    }

    /// Of small numbers, whose sums are exact.
    fn check_numbers(&self) {
        let mut random = Random(self.shape[0] as u64);
        let is_cut = !self.cut.is_empty();
        let mut number = |operand: usize| -> i64 {
            let bits = (random.next() >> 40) as i64;
            match (self.types[operand], operand) {
                ("u8", _) => bits % 256,
                ("s8", _) => bits % 256 - 128,
                ("u4", _) => bits % 16,
                ("s4", _) => bits % 16 - 8,
                // Some near the ends.
                ("s32", _) => [i64::from(i32::MAX) - bits % 9, i64::from(i32::MIN) + bits % 9, bits % 1000 - 500]
                    [bits as usize % 3],
                // Sums are odd: the sign of a zero would be the direction's.
                ("f64", 3) => bits % 100 * 2 - 99,
                ("f64", _) => bits % 9 * 2 - 8,
                (_, 3) => bits % 201 - 100,
                _ => bits % 9 - 4,
            }
        };
        let mut numbers = |operand: usize| -> Vec<Vec<i64>> {
            let (rows, columns) = self.size(operand);
            (0..rows).map(|_| (0..columns).map(|_| number(operand)).collect()).collect()
        };
        let [a, b, c] = [1, 2, 3].map(&mut numbers);
        let bits = |operand: usize, numbers: &[Vec<i64>]| {
            let (rows, columns) = self.size(operand);
            matrix(rows, columns, |row, column| Type(self.types[operand]).number(numbers[row][column]))
        };
        self.check("", [bits(1, &a), bits(2, &b), bits(3, &c)], |row, column| {
            let products: i64 = (0..self.shape[2]).map(|k| a[row][k] * b[k][column]).sum();
            let sum = products + c[row][column];
            match self.types[0] {
                "s32" if is_cut => sum.clamp(i32::MIN.into(), i32::MAX.into()) as u64 & 0xffff_ffff,
                of => Type(of).number(sum),
            }
        });
    }
}

/// Layouts of a and b; c has each with each, and d the other one.
fn layouts() -> Vec<[&'static str; 4]> {
    let mut all = Vec::new();
    for a in LAYOUTS {
        for b in LAYOUTS {
            all.extend([["col", a, b, "row"], ["row", a, b, "col"]]);
        }
    }
    all
}

#[test]
pub(super) fn halves_go_from_any_memory_in_any_layout() {
    for shape in SHAPES {
        for sums in [("f16", "f16"), ("f16", "f32"), ("f32", "f16"), ("f32", "f32")] {
            for layouts in layouts() {
                for (space, is_packed) in SPACES.into_iter().zip([false, true, false]) {
                    let types = [sums.0, "f16", "f16", sums.1];
                    Form { space, is_packed, ..Form::new(shape, types, layouts) }.check_numbers();
                }
            }
        }
    }
}

#[test]
pub(super) fn other_floats_have_their_shapes() {
    for layouts in layouts() {
        for (space, is_packed) in SPACES.into_iter().zip([true, false, true]) {
            for shape in SHAPES {
                Form { space, is_packed, ..Form::new(shape, ["f32", "bf16", "bf16", "f32"], layouts) }.check_numbers();
            }
            let words = Form::new([16, 16, 8], ["f32", "tf32", "tf32", "f32"], layouts);
            Form { space, is_packed, ..words }.check_numbers();
            for rounding in ["", ".rn", ".rz", ".rm", ".rp"] {
                let doubles = Form::new([8, 8, 4], ["f64"; 4], layouts);
                Form { space, is_packed, rounding, ..doubles }.check_numbers();
            }
        }
    }
}

#[test]
pub(super) fn sums_of_f64_are_rounded_in_the_direction() {
    // A sum that lies between two, of one product: less than a half above the lower one, or below the upper one.
    for (rounding, up, down) in
        [(".rn", false, false), (".rz", false, true), (".rm", false, true), (".rp", true, false)]
    {
        let form = Form { rounding, ..Form::new([8, 8, 4], ["f64"; 4], ["row", "row", "col", "row"]) };
        let one = 1f64.to_bits();
        let a = matrix(8, 4, |_, k| if k == 3 { 1f64 } else { 0.0 }.to_bits());
        let b = matrix(4, 8, |k, column| {
            match (k, column % 2) {
                (3, 0) => f64::EPSILON / 4.0,
                (3, _) => -f64::EPSILON / 8.0,
                _ => 0.0,
            }
            .to_bits()
        });
        form.check("", [a, b, matrix(8, 8, |_, _| one)], |_, column| {
            if column % 2 == 0 { one + u64::from(up) } else { one - u64::from(down) }
        });
    }
}

#[test]
pub(super) fn bytes_are_summed_exactly_and_cut_where_asked() {
    for shape in SHAPES {
        for layouts in layouts() {
            for (space, is_packed) in SPACES.into_iter().zip([false, false, true]) {
                for factor in ["s8", "u8"] {
                    for cut in ["", ".satfinite"] {
                        let form = Form::new(shape, ["s32", factor, factor, "s32"], layouts);
                        Form { space, is_packed, cut, ..form }.check_numbers();
                    }
                }
            }
        }
    }
}

#[test]
pub(super) fn nibbles_have_one_layout() {
    for (d, c) in [("row", "row"), ("row", "col"), ("col", "row"), ("col", "col")] {
        for (space, is_packed) in SPACES.into_iter().zip([false, true, false]) {
            for factor in ["s4", "u4"] {
                for cut in ["", ".satfinite"] {
                    let form = Form::new([8, 8, 32], ["s32", factor, factor, "s32"], [d, "row", "col", c]);
                    Form { space, is_packed, cut, ..form }.check_numbers();
                }
            }
        }
    }
}

#[test]
pub(super) fn single_bits_are_counted() {
    let operations: [(&str, fn(u64, u64) -> u64); 2] = [(".xor.popc", |a, b| a ^ b), (".and.popc", |a, b| a & b)];
    for (d, c) in [("row", "row"), ("row", "col"), ("col", "row"), ("col", "col")] {
        for (space, is_packed) in SPACES.into_iter().zip([true, false, true]) {
            for (operation, both) in operations {
                let mut random = Random(11);
                let mut bit = |_, _| random.next() >> 40 & 1;
                let (a, b) = (matrix(8, 128, &mut bit), matrix(128, 8, &mut bit));
                let addend = matrix(8, 8, |row, column| (row * 8 + column) as u64);
                let form = Form::new([8, 8, 128], ["s32", "b1", "b1", "s32"], [d, "row", "col", c]);
                let form = Form { space, is_packed, ..form };
                form.check(operation, [a.clone(), b.clone(), addend], |row, column| {
                    (row * 8 + column) as u64 + (0..128).map(|k| both(a[row][k], b[k][column])).sum::<u64>()
                });
            }
        }
    }
}

/// The reference leaves it open; here it is an error, and not another line.
#[test]
fn a_line_that_begins_within_a_word_of_nibbles_is_a_fault() {
    let form = Form::new([8, 8, 32], ["s32", "s4", "s4", "s32"], ["row", "row", "col", "row"]);
    let text = form.kernel("", [0; 4], 256);
    let torn = text.replace(&format!(", {};", form.stride(1)), ", 100;");
    assert_ne!(torn, text);
    let program = compile(&torn, Engine::Interpreter(Isa::Baseline));
    let fault = launch_with(&program, 1, 32, &mut [0u64; 128], &[]).expect("a fault");
    assert_eq!(fault.kind, FaultKind::MisalignedAddress, "{}", fault.detail);
}
