//! Runs one instruction for many operand tuples, for every instruction set that this CPU has, on full warps and on
//! masked ones, and compares each result with a model.
//!
//! `VGPU_TEST_LIBCUDA` names a libcuda whose first device runs the kernels instead: the models hold for every GPU. Where they do
//! not, [`differences`] may collect what the device gives.
//!
//! Cases name the opcode forms that they check ([`case`], [`case_kernel`]), so that [`forms_of`] can ask them for the
//! names alone.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use vgpu_soft::exec::{CompileOptions, Fault, Isa, Kernel, Launch, LaunchOptions, Schedule, Shape, Worker};
use vgpu_soft::memory::MemoryMap;
use vgpu_soft::ptx;
use vgpu_tests::driver::Function;

use super::differences::{self, Difference, Expected};
use super::gpu::Gpu;

thread_local! {
    /// The names so far, while only names are asked for.
    static NAMED: RefCell<Option<BTreeSet<String>>> = const { RefCell::new(None) };
}

/// Says that what follows checks what `form` computes. Whether to go on: false while only names are asked for.
#[must_use]
pub(crate) fn case(form: &str) -> bool {
    NAMED.with_borrow_mut(|named| match named {
        Some(named) => {
            named.insert(form.to_owned());
            false
        }
        None => true,
    })
}

/// [`case`] for all instructions of a small kernel, none of which can be wrong without the result being wrong.
#[must_use]
pub(crate) fn case_kernel(text: &str) -> bool {
    let module = ptx::parse_module(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let bodies = module.kernels.iter().chain(&module.functions);
    bodies.fold(true, |_, body| {
        let body = ptx::parse_kernel(&module, body).unwrap_or_else(|error| panic!("{error}\n{text}"));
        body.instructions.iter().fold(true, |_, instruction| case(instruction.opcode.text()))
    })
}

/// The forms that these tests check.
pub(crate) fn forms_of(tests: &[fn()]) -> BTreeSet<String> {
    NAMED.set(Some(BTreeSet::new()));
    tests.iter().for_each(|test| test());
    NAMED.take().expect("set above")
}

/// What a register holds at an operand's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Pred,
    B16,
    B32,
    B64,
}

impl Kind {
    fn declaration(self) -> &'static str {
        match self {
            Self::Pred => ".pred",
            Self::B16 => ".b16",
            Self::B32 => ".b32",
            Self::B64 => ".b64",
        }
    }

    pub(crate) fn mask(self) -> u64 {
        match self {
            Self::Pred => 1,
            Self::B16 => 0xffff,
            Self::B32 => 0xffff_ffff,
            Self::B64 => u64::MAX,
        }
    }
}

/// The kinds that a type's values have.
pub(crate) fn kind(r#type: &str) -> Kind {
    match r#type {
        "pred" => Kind::Pred,
        "u64" | "s64" | "b64" | "f64" => Kind::B64,
        "u8" | "s8" | "u16" | "s16" | "b16" | "f16" | "bf16" => Kind::B16,
        _ => Kind::B32,
    }
}

/// What runs kernels.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Engine {
    /// The interpreter, with this instruction set.
    Interpreter(Isa),
    /// A device that is there.
    Gpu(&'static Gpu),
}

/// All that there are to try: the interpreter with every instruction set, or the GPU that somebody asks for.
pub(crate) fn engines() -> Vec<Engine> {
    match Gpu::asked_for() {
        Some(gpu) => vec![Engine::Gpu(gpu)],
        None => {
            let sets = [Isa::Baseline, Isa::Avx2, Isa::Avx512].into_iter();
            sets.filter(|isa| *isa <= Isa::detect()).map(Engine::Interpreter).collect()
        }
    }
}

/// A kernel that is ready to run.
pub(crate) enum Program {
    Interpreted(Arc<Kernel>),
    Loaded(&'static Gpu, Function),
}

/// What the destination holds before, and a lane that does not take part keeps.
const UNTOUCHED: u64 = 0x1234_5678_9abc_def0;

/// Which lanes take part, and what keeps the others out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lanes {
    All,
    /// The instruction's own predicate.
    OddByPredicate,
    /// A branch around it.
    OddByBranch,
}

fn source(opcode: &str, to: Kind, from: &[Kind], suffix: &str, lanes: Lanes) -> String {
    let mut declarations =
        format!(".reg {} %d; .reg .b64 %base; .reg .b32 %t<4>; .reg .pred %q<4>;\n", to.declaration());
    let mut body = String::new();
    let mut operands = vec!["%d".to_owned()];
    for (index, kind) in from.iter().enumerate() {
        declarations += &format!(".reg {} %s{index};\n", kind.declaration());
        let at = 8 * index;
        body += &match kind {
            Kind::Pred => format!("ld.global.u32 %t0, [%base+{at}]; setp.ne.u32 %s{index}, %t0, 0;\n"),
            Kind::B16 => format!("ld.global.u16 %s{index}, [%base+{at}];\n"),
            Kind::B32 => format!("ld.global.u32 %s{index}, [%base+{at}];\n"),
            Kind::B64 => format!("ld.global.u64 %s{index}, [%base+{at}];\n"),
        };
        operands.push(format!("%s{index}"));
    }
    operands.extend((!suffix.is_empty()).then(|| suffix.to_owned()));
    let at = 8 * from.len();
    let (load, store) = match to {
        Kind::Pred => (
            format!("ld.global.u32 %t0, [%base+{at}]; and.b32 %t0, %t0, 1; setp.ne.u32 %d, %t0, 0;"),
            format!("selp.u32 %t0, 1, 0, %d; st.global.u32 [%base+{at}], %t0;"),
        ),
        Kind::B16 => (format!("ld.global.u16 %d, [%base+{at}];"), format!("st.global.u16 [%base+{at}], %d;")),
        Kind::B32 => (format!("ld.global.u32 %d, [%base+{at}];"), format!("st.global.u32 [%base+{at}], %d;")),
        Kind::B64 => (format!("ld.global.u64 %d, [%base+{at}];"), format!("st.global.u64 [%base+{at}], %d;")),
    };
    let guard = match lanes {
        Lanes::All => "",
        Lanes::OddByPredicate => "@%q1 ",
        Lanes::OddByBranch => "@!%q1 bra PAST;\n",
    };
    let operands = operands.join(", ");
    let stride = at + 8;
    format!(
        ".version 8.4\n.target sm_90\n.address_size 64\n
.visible .entry k(.param .u64 p)\n{{\n{declarations}
ld.param.u64 %base, [p];
mov.u32 %t1, %ctaid.x; mov.u32 %t2, %ntid.x; mov.u32 %t3, %tid.x;
mad.lo.u32 %t1, %t1, %t2, %t3;
mad.wide.u32 %base, %t1, {stride}, %base;
and.b32 %t2, %t1, 1; setp.ne.u32 %q1, %t2, 0;
{body}{load}
{guard}{opcode} {operands};
PAST:
{store}
ret;\n}}\n"
    )
}

/// Compiles the only kernel of a module.
pub(crate) fn compile(text: &str, engine: Engine) -> Program {
    let module = ptx::parse_module(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    match engine {
        Engine::Interpreter(isa) => {
            let options = CompileOptions { isa, capability: 90, ..CompileOptions::default() };
            let kernel = Kernel::compile(&module, &module.kernels[0], &|_: &str| None, &options);
            Program::Interpreted(Arc::new(kernel.unwrap_or_else(|error| panic!("{error}\n{text}"))))
        }
        Engine::Gpu(gpu) => Program::Loaded(gpu, gpu.load(text, module.kernels[0].name)),
    }
}

/// Why the interpreter refuses the only kernel of a module.
pub(crate) fn compile_error(text: &str) -> String {
    let module = ptx::parse_module(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let options = CompileOptions { capability: 90, ..CompileOptions::default() };
    match Kernel::compile(&module, &module.kernels[0], &|_: &str| None, &options) {
        Ok(_) => panic!("not refused: {text}"),
        Err(error) => error.to_string(),
    }
}

/// Runs a kernel with the data's address as its only parameter.
pub(crate) fn launch<T: Copy>(program: &Program, blocks: u32, threads: u32, data: &mut [T]) {
    assert_eq!(launch_with(program, blocks, threads, data, &[]), None);
}

/// [`launch`] in every order of the warps' turns. What the data is then must be the same. A GPU takes its own turns.
pub(crate) fn launch_in_turns(program: &Program, blocks: u32, threads: u32, data: &mut [u32]) {
    if matches!(program, Program::Loaded(..)) {
        return launch(program, blocks, threads, data);
    }
    let run = |schedule: Schedule| {
        let mut data = data.to_vec();
        assert_eq!(launch_as(program, blocks, threads, &mut data, &[], schedule), None);
        data
    };
    let after = run(Schedule::ToBarrier);
    for ops in [1, 4] {
        assert_eq!(run(Schedule::Interleaved { ops }), after, "by turns of {ops}");
    }
    data.copy_from_slice(&after);
}

/// Runs a kernel with the data's address as its first parameter, and `more` behind it.
pub(crate) fn launch_with<T: Copy>(
    program: &Program,
    blocks: u32,
    threads: u32,
    data: &mut [T],
    more: &[u8],
) -> Option<Fault> {
    launch_as(program, blocks, threads, data, more, LaunchOptions::default().schedule)
}

fn launch_as<T: Copy>(
    program: &Program,
    blocks: u32,
    threads: u32,
    data: &mut [T],
    more: &[u8],
    schedule: Schedule,
) -> Option<Fault> {
    let kernel = match program {
        Program::Interpreted(kernel) => kernel,
        Program::Loaded(gpu, function) => return gpu.launch(*function, blocks, threads, data, more),
    };
    let start = data.as_mut_ptr().expose_provenance() as u64;
    let map = MemoryMap::new(std::iter::once(start..start + size_of_val(data) as u64).collect());
    let shape = Shape { grid: [blocks, 1, 1], block: [threads, 1, 1], dynamic_shared_bytes: 0 };
    let params = [&start.to_le_bytes(), more].concat().into_boxed_slice();
    let options = LaunchOptions { schedule, ..LaunchOptions::default() };
    let launch = Launch::new(Arc::clone(kernel), shape, params, Arc::new(map), options);
    let launch = launch.expect("a valid launch");
    launch.run(&mut Worker::new());
    launch.fault()
}

/// Whether a result is as good as the expected one.
pub(crate) type Agree<'a> = &'a dyn Fn(Kind, u64, u64) -> bool;

pub(crate) fn exactly(_kind: Kind, got: u64, expected: u64) -> bool {
    got == expected
}

/// Checks `opcode d, s0, s1, ..{, suffix}` for all tuples. The model gets the sources' bits.
pub(crate) fn check_with(
    opcode: &str,
    to: Kind,
    from: &[Kind],
    suffix: &str,
    tuples: &[Vec<u64>],
    agree: Agree<'_>,
    model: impl Fn(&[u64]) -> u64,
) {
    if !case(opcode) {
        return;
    }
    let run = |engine: Engine, lanes: Lanes| {
        let rows = run_rows(&compile(&source(opcode, to, from, suffix, lanes), engine), from.len(), tuples);
        let results = rows.chunks(from.len() + 1).enumerate();
        let wrong = results.filter_map(|(index, row)| {
            let (operands, mask) = (&row[..from.len()], if to == Kind::Pred { 0xffff_ffff } else { to.mask() });
            let got = row[from.len()] & mask;
            let (is_right, expected) = if lanes == Lanes::All || index % 2 == 1 {
                let expected = model(operands) & to.mask();
                (agree(to, got, expected), Expected::Result(expected))
            } else {
                let kept = if to == Kind::Pred { UNTOUCHED & 1 } else { UNTOUCHED & mask };
                (got == kept, Expected::Kept(kept))
            };
            (!is_right).then(|| Difference {
                form: format!("{opcode} {suffix}"),
                operands: operands.to_vec(),
                got,
                expected,
            })
        });
        wrong.collect::<Vec<_>>()
    };
    for engine in engines() {
        for lanes in [Lanes::All, Lanes::OddByPredicate] {
            let wrong = run(engine, lanes);
            differences::note(&wrong, engine, lanes);
            if wrong.iter().any(|difference| matches!(difference.expected, Expected::Kept(_))) {
                // Whether that is the predicate's doing.
                differences::note(&run(engine, Lanes::OddByBranch), engine, Lanes::OddByBranch);
            }
        }
    }
}

/// Runs a kernel with a thread for each tuple; returns the tuples, each with what its thread left in the destination.
fn run_rows(kernel: &Program, sources: usize, tuples: &[Vec<u64>]) -> Vec<u64> {
    const THREADS: usize = 64;
    let stride = sources + 1;
    let blocks = tuples.len().div_ceil(THREADS);
    let mut data = vec![0u64; blocks * THREADS * stride];
    for (index, row) in data.chunks_mut(stride).enumerate() {
        row[..sources].copy_from_slice(&tuples[index % tuples.len()]);
        row[sources] = UNTOUCHED;
    }
    launch(kernel, blocks as u32, THREADS as u32, &mut data);
    data
}

/// [`check_with`] for opcodes without anything special.
pub(crate) fn check(opcode: &str, to: &str, from: &[&str], model: impl Fn(&[u64]) -> u64) {
    let kinds: Vec<Kind> = from.iter().map(|r#type| kind(r#type)).collect();
    let lists: Vec<Vec<u64>> = from.iter().map(|r#type| values(r#type, from.len())).collect();
    check_with(opcode, kind(to), &kinds, "", &tuples(&lists), &exactly, model);
}

/// All combinations of one value from each list.
pub(crate) fn tuples(lists: &[Vec<u64>]) -> Vec<Vec<u64>> {
    lists.iter().fold(vec![Vec::new()], |tuples, list| {
        tuples.iter().flat_map(|tuple| list.iter().map(|value| [&tuple[..], &[*value]].concat())).collect()
    })
}

/// Small deterministic random numbers.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 ^ self.0 >> 29
    }
}

/// Edge values of a type, and a few random ones; fewer where many operands are combined.
pub(crate) fn values(r#type: &str, operands: usize) -> Vec<u64> {
    let f32s = [
        0.0f32,
        -0.0,
        1.0,
        -1.0,
        1.5,
        2.5,
        -2.5,
        0.499_999_97,
        16_777_217.0,
        -3.000_000_2,
        65519.0,
        65520.0,
        1e-7,
        3e-8,
        2_147_483_648.0,
        -2_147_483_648.0,
        4_294_967_296.0,
        1e20,
        -1e20,
        300.0,
        -200.0,
        1.000_976_6,
        1.001_464_8,
    ];
    let specials = [0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0x0000_0001, 0x807f_ffff, 0x0080_0000, 0x7f7f_ffff];
    let mut list: Vec<u64> = match r#type {
        "pred" => return vec![0, 1],
        "f32" => f32s.iter().map(|v| u64::from(v.to_bits())).chain(specials).collect(),
        "f64" => f32s
            .iter()
            .map(|v| f64::from(*v).to_bits())
            .chain([f64::NAN, 1e300, -1e300, 0.1, 1e-310].map(f64::to_bits))
            .collect(),
        "f16" => vec![
            0, 0x8000, 0x3c00, 0xbc00, 0x3c01, 0x0001, 0x03ff, 0x0400, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0x4248, 0xc500,
            0x1400,
        ],
        "bf16" => {
            vec![0, 0x8000, 0x3f80, 0xbf80, 0x3f81, 0x0001, 0x0080, 0x7f7f, 0x7f80, 0xff80, 0x7fc0, 0x4049, 0x3a83]
        }
        "shift" => vec![0, 1, 15, 16, 31, 32, 33, 63, 64, 255, 256, 257, 0xffff_ffff],
        _ => {
            let bits = match r#type {
                "u8" | "s8" => 8,
                other => other[1..].parse::<u32>().expect("an integer type"),
            };
            let top = 1u64 << (bits - 1);
            vec![0, 1, 2, 3, 7, top - 1, top, top + 1, u64::MAX, u64::MAX - 1, 0x5555_5555_5555_5555, 100]
        }
    };
    let mask = kind(r#type).mask();
    let mut random = Random(operands as u64 + 17);
    let few = if operands > 2 { 2 } else { 6 };
    if !matches!(r#type, "f32" | "f64" | "shift") {
        list.extend((0..few).map(|_| random.next()));
    }
    if operands > 2 {
        list.truncate(if operands > 3 { 6 } else { 14 });
        list.push(random.next());
    }
    list.iter().map(|value| value & mask).collect()
}
