//! Matrix products of whole warps: which forms there are. `mma`, `movmatrix` and `wmma.mma`.
//!
//! The bodies are in `tensor` (floating point), `tensor_integer`, `tensor_words` (eight-bit floats, and sparse factors) and
//! `wmma`. All lanes take part, so they run once with every live lane; sums are exact products accumulated in f32 (or i32) one
//! after the other, along the depth and from c on, while hardware sums in blocks with a few bits less. Those of f16 are rounded
//! once, at the end. Those of f64 are chains of `fma` in the direction that is asked for.

use super::super::op::{Isa, Op, OpFns};
use super::super::warp::Warp;
use super::Form;
use super::factor::{Factor, Float, Integer};
use super::half::{Brain, Ieee};
use super::lanes::{Body, LANES, Level, masked_only, masked_only_cold, read, write_masked};
use super::modifiers::Rounding;
use super::rounding::InDirection;
use super::tensor::{self, F64Product, HalfProduct, QuadProduct, Tf32Product};
use super::tensor_integer::{self, BITS_AND, BITS_XOR, BYTES, IntegerProduct, NIBBLES};
use super::tensor_words::{Floats, Integers, Sums, Variant, WordProduct};
use super::wmma_layout::{Fragment, Matrix};
use super::{Layout, sparsity, wmma as wmma_body};
use crate::ptx::ast::{Opcode, Width};

/// The form of an op on lists of registers: so many of each of d, a, b and c.
fn form<B: Body>(isa: Isa, registers: [usize; 4], width: Width) -> Form {
    form_of(masked_only::<B>(isa), registers, width)
}

fn form_of(fns: OpFns, [d, a, b, c]: [usize; 4], width: Width) -> Form {
    let form = Form::new(fns, &vec![width; d + a + b + c]);
    Form { layout: Layout::Extended, ..form.destinations(d).collective(None).ftz(false) }
}

/// The form of an op of f64 that is rounded in a direction.
fn rounded_form<B: Body>(isa: Isa, registers: [usize; 4], rounding: Rounding) -> Form {
    match rounding {
        Rounding::Nearest => form::<B>(isa, registers, Width::B64),
        direction => form_of(masked_only_cold::<InDirection<B>>(), registers, Width::B64).imm(direction.code().into()),
    }
}

/// `mma.sync.aligned.shape.alayout.blayout{.satfinite or .rnd}.dtype.atype.btype.ctype d, a, b, c`, and `mma.sp.sync...` with
/// metadata and a selector.
pub(super) fn mma(opcode: Opcode<'_>, operand_count: usize, isa: Isa) -> Option<Form> {
    let words: Vec<&str> = opcode.modifiers().collect();
    let form = match words[..] {
        ["sync", "aligned", shape, a_layout, b_layout, ref rest @ ..] => dense(shape, (a_layout, b_layout), rest, isa),
        _ => sparse(&Sparse::parse(opcode)?, isa),
    }?;
    (form.operands.len() == operand_count).then_some(form)
}

fn dense(shape: &str, layouts: (&str, &str), rest: &[&str], isa: Isa) -> Option<Form> {
    let (rounding, rest) = at_an_end(rest, rounding);
    let (saturation, types) = at_an_end(rest, saturation);
    let is_saturating = saturation.is_some();
    if let &["s32", "b1", "b1", "s32", operation, "popc"] = types {
        return if is_saturating || rounding.is_some() { None } else { bits(shape, operation, isa) };
    }
    let &[d, a, b, c] = types else { return None };
    if (d, a, b, c) == ("f64", "f64", "f64", "f64") && layouts == ("row", "col") && !is_saturating {
        return double(shape, rounding.unwrap_or(Rounding::Nearest), isa);
    }
    if rounding.is_some() {
        return None;
    }
    if shape == "m8n8k4" && a == "f16" {
        return volta(layouts, (d, c), isa).filter(|_| b == "f16" && !is_saturating);
    }
    if layouts != ("row", "col") {
        return None;
    }
    if d == "s32" && c == "s32" {
        integer(shape, (a, b), is_saturating, isa)
    } else if is_saturating {
        None
    } else if let (Some(a), Some(b)) = (Float::named(a), Float::named(b))
        && (a.bits(), b.bits()) == (8, 8)
    {
        let words = match shape {
            "m16n8k16" => 4,
            "m16n8k32" => 8,
            _ => return None,
        };
        of_floats(Variant { a, b, words, is_sparse: false, is_saturating }, (d, c), isa)
    } else if a == b {
        floating(shape, a, (d, c), isa)
    } else {
        None
    }
}

/// What the word at one of the ends says, and the others. The reference has roundings and `.satfinite` here or there; the assembler
/// takes them before the types and behind them.
fn at_an_end<'w, 's, T>(words: &'w [&'s str], says: fn(&str) -> Option<T>) -> (Option<T>, &'w [&'s str]) {
    let ends = [words.split_first(), words.split_last()];
    let found = ends.into_iter().flatten().find_map(|(word, others)| says(word).map(|value| (Some(value), others)));
    found.unwrap_or((None, words))
}

fn rounding(word: &str) -> Option<Rounding> {
    Some(match word {
        "rn" => Rounding::Nearest,
        "rz" => Rounding::Zero,
        "rm" => Rounding::Down,
        "rp" => Rounding::Up,
        _ => return None,
    })
}

/// That sums are cut.
fn saturation(word: &str) -> Option<()> {
    (word == "satfinite").then_some(())
}

fn floating(shape: &str, factors: &str, sums: (&str, &str), isa: Isa) -> Option<Form> {
    let (single, packed) = (("f32", "f32"), ("f16", "f16"));
    Some(match (shape, factors) {
        ("m16n8k8", "f16") if sums == single => {
            form::<HalfProduct<Ieee, 8, false, false>>(isa, [4, 2, 1, 4], Width::B32)
        }
        ("m16n8k8", "f16") if sums == packed => form::<HalfProduct<Ieee, 8, true, true>>(isa, [2, 2, 1, 2], Width::B32),
        ("m16n8k16", "f16") if sums == single => {
            form::<HalfProduct<Ieee, 16, false, false>>(isa, [4, 4, 2, 4], Width::B32)
        }
        ("m16n8k16", "f16") if sums == packed => {
            form::<HalfProduct<Ieee, 16, true, true>>(isa, [2, 4, 2, 2], Width::B32)
        }
        ("m16n8k8", "bf16") if sums == single => {
            form::<HalfProduct<Brain, 8, false, false>>(isa, [4, 2, 1, 4], Width::B32)
        }
        ("m16n8k16", "bf16") if sums == single => {
            form::<HalfProduct<Brain, 16, false, false>>(isa, [4, 4, 2, 4], Width::B32)
        }
        ("m16n8k4", "tf32") if sums == single => form::<Tf32Product<4>>(isa, [4, 2, 1, 4], Width::B32),
        ("m16n8k8", "tf32") if sums == single => form::<Tf32Product<8>>(isa, [4, 4, 2, 4], Width::B32),
        _ => return None,
    })
}

fn double(shape: &str, rounding: Rounding, isa: Isa) -> Option<Form> {
    Some(match shape {
        "m8n8k4" => rounded_form::<F64Product<8, 4>>(isa, [2, 1, 1, 2], rounding),
        "m16n8k4" => rounded_form::<F64Product<16, 4>>(isa, [4, 2, 1, 4], rounding),
        "m16n8k8" => rounded_form::<F64Product<16, 8>>(isa, [4, 4, 2, 4], rounding),
        "m16n8k16" => rounded_form::<F64Product<16, 16>>(isa, [4, 8, 4, 4], rounding),
        _ => return None,
    })
}

fn integer(shape: &str, factors: (&str, &str), is_saturating: bool, isa: Isa) -> Option<Form> {
    let (a, b) = (Integer::named(factors.0)?, Integer::named(factors.1)?);
    let form = match (shape, a.bits()) {
        ("m8n8k16", 8) => form::<IntegerProduct<8, 16, BYTES>>(isa, [2, 1, 1, 2], Width::B32),
        ("m16n8k16", 8) => form::<IntegerProduct<16, 16, BYTES>>(isa, [4, 2, 1, 4], Width::B32),
        ("m16n8k32", 8) => form::<IntegerProduct<16, 32, BYTES>>(isa, [4, 4, 2, 4], Width::B32),
        ("m8n8k32", 4) => form::<IntegerProduct<8, 16, NIBBLES>>(isa, [2, 1, 1, 2], Width::B32),
        ("m16n8k32", 4) => form::<IntegerProduct<16, 16, NIBBLES>>(isa, [4, 2, 1, 4], Width::B32),
        ("m16n8k64", 4) => form::<IntegerProduct<16, 32, NIBBLES>>(isa, [4, 4, 2, 4], Width::B32),
        _ => return None,
    };
    let variant = tensor_integer::variant(a.is_signed(), b.is_signed(), is_saturating);
    (a.bits() == b.bits()).then(|| form.imm(variant))
}

/// What the opcode of a sparse product says.
struct Sparse<'s> {
    /// Along the depth.
    columns: usize,
    is_saturating: bool,
    types: [&'s str; 4],
}

impl<'s> Sparse<'s> {
    /// `mma.sp{::ordered_metadata}.sync.aligned.shape.row.col{.satfinite}.dtype.atype.btype.ctype`
    fn parse(opcode: Opcode<'s>) -> Option<Self> {
        let words: Vec<&str> = opcode.modifiers().collect();
        let ["sp" | "sp::ordered_metadata", "sync", "aligned", shape, "row", "col", ref rest @ ..] = words[..] else {
            return None;
        };
        let (saturation, types) = at_an_end(rest, saturation);
        let columns = shape.strip_prefix("m16n8k")?.parse().ok()?;
        Some(Self { columns, is_saturating: saturation.is_some(), types: types.try_into().ok()? })
    }

    /// The factors' types, of one width, and how many words of a row of a are stored. That shapes give four or eight of them is all
    /// that the reference's list of them says, but for one of eight-bit floats.
    fn factors<F: Factor>(&self) -> Option<Variant<F>> {
        let [_, a, b, _] = self.types;
        let (a, b) = (F::named(a)?, F::named(b)?);
        let words = [4, 8].into_iter().find(|words| words * 64 == self.columns * a.bits())?;
        let is_one_type = a == b || a.bits() <= 8;
        let variant = Variant { a, b, words, is_sparse: true, is_saturating: self.is_saturating };
        (a.bits() == b.bits() && is_one_type).then_some(variant)
    }
}

/// How many values the selector of a sparse product has, which is a constant. `None` for what is no such product.
pub(super) fn selectors(opcode: Opcode<'_>) -> Option<usize> {
    let sparse = Sparse::parse(opcode)?;
    let floats = sparse.factors::<Float>().map(|variant| (variant.a.bits(), variant.words));
    let (bits, words) =
        floats.or_else(|| sparse.factors::<Integer>().map(|variant| (variant.a.bits(), variant.words)))?;
    Some(sparsity::selectors(bits, words))
}

fn sparse(sparse: &Sparse<'_>, isa: Isa) -> Option<Form> {
    let [d, _, _, c] = sparse.types;
    if (d, c) == ("s32", "s32") {
        return Some(word_product::<Integers>(sparse.factors()?, isa));
    }
    let variant = sparse.factors::<Float>()?;
    let has_shape = variant.a.bits() != 8 || variant.words == 8;
    let has_sums = variant.a == Float::F16 || (d, c) == ("f32", "f32");
    if has_shape && has_sums && !sparse.is_saturating { of_floats(variant, (d, c), isa) } else { None }
}

fn of_floats(variant: Variant<Float>, sums: (&str, &str), isa: Isa) -> Option<Form> {
    Some(match sums {
        ("f32", "f32") => word_product::<Floats<false>>(variant, isa),
        ("f16", "f16") => word_product::<Floats<true>>(variant, isa),
        _ => return None,
    })
}

fn word_product<S: Sums>(variant: Variant<S::Factor>, isa: Isa) -> Form {
    form::<WordProduct<S>>(isa, variant.registers::<S>(), Width::B32).imm(variant.to_imm())
}

/// Products of single bits.
fn bits(shape: &str, operation: &str, isa: Isa) -> Option<Form> {
    Some(match (shape, operation) {
        ("m8n8k128", "xor") => form::<IntegerProduct<8, 16, BITS_XOR>>(isa, [2, 1, 1, 2], Width::B32),
        ("m16n8k128", "xor") => form::<IntegerProduct<16, 16, BITS_XOR>>(isa, [4, 2, 1, 4], Width::B32),
        ("m16n8k256", "xor") => form::<IntegerProduct<16, 32, BITS_XOR>>(isa, [4, 4, 2, 4], Width::B32),
        ("m8n8k128", "and") => form::<IntegerProduct<8, 16, BITS_AND>>(isa, [2, 1, 1, 2], Width::B32),
        ("m16n8k128", "and") => form::<IntegerProduct<16, 16, BITS_AND>>(isa, [4, 2, 1, 4], Width::B32),
        ("m16n8k256", "and") => form::<IntegerProduct<16, 32, BITS_AND>>(isa, [4, 4, 2, 4], Width::B32),
        _ => return None,
    })
}

/// `m8n8k4` of f16: four products at once, one for each group of eight lanes.
fn volta(layouts: (&str, &str), sums: (&str, &str), isa: Isa) -> Option<Form> {
    let is_columns = |layout: &str| match layout {
        "row" => Some(false),
        "col" => Some(true),
        _ => None,
    };
    let variant = tensor::quad_variant(is_columns(layouts.0)?, is_columns(layouts.1)?);
    let form = match sums {
        ("f32", "f32") => form::<QuadProduct<false, false>>(isa, [8, 2, 2, 8], Width::B32),
        ("f32", "f16") => form::<QuadProduct<false, true>>(isa, [8, 2, 2, 4], Width::B32),
        ("f16", "f16") => form::<QuadProduct<true, true>>(isa, [4, 2, 2, 4], Width::B32),
        _ => return None,
    };
    Some(form.imm(variant))
}

/// `wmma.mma.sync.aligned.alayout.blayout.shape{.rnd}{.dtype.atype.btype.ctype or .dtype.ctype}{.satfinite} d, a, b, c`, and for
/// single bits `wmma.mma.op.popc.sync...`
pub(super) fn wmma(opcode: Opcode<'_>, isa: Isa) -> Option<Form> {
    let words: Vec<&str> = opcode.modifiers().collect();
    // Where elements are smaller than a byte, fragments are those of `mma`, and there is one layout: see `wmma_layout`.
    if let ["mma", operation, "popc", "sync", "aligned", "row", "col", "m8n8k128", "s32", "b1", "b1", "s32"] = words[..]
    {
        return bits("m8n8k128", operation, isa);
    }
    let ["mma", "sync", "aligned", a_layout @ ("row" | "col"), b_layout @ ("row" | "col"), shape, ref rest @ ..] =
        words[..]
    else {
        return None;
    };
    let (rounding, rest) = at_an_end(rest, rounding);
    let (saturation, types) = at_an_end(rest, saturation);
    let is_saturating = saturation.is_some();
    let (d, a, b, c) = match *types {
        [d, c] => (d, "f16", "f16", c),
        [d, a, b, c] => (d, a, b, c),
        _ => return None,
    };
    if shape == "m8n8k32" {
        let has_form = (a_layout, b_layout, d, c) == ("row", "col", "s32", "s32") && a == b && rounding.is_none();
        return if has_form { integer(shape, (a, b), is_saturating, isa) } else { None };
    }
    let body = match rounding {
        None => wmma_body::body((d, a, b, c), is_saturating, isa)?,
        Some(rounding) if (d, a, b, c, is_saturating) == ("f64", "f64", "f64", "f64", false) => {
            wmma_body::rounded_body(rounding, isa)
        }
        Some(_) => return None,
    };
    let fragments = [
        Fragment::new(Matrix::C, shape, d)?,
        Fragment::new(Matrix::A, shape, a)?,
        Fragment::new(Matrix::B, shape, b)?,
        Fragment::new(Matrix::C, shape, c)?,
    ];
    let widths: Vec<Width> = fragments.iter().flat_map(|f| vec![f.register; f.registers as usize]).collect();
    let form = Form::new(body, &widths).destinations(fragments[0].registers as usize);
    let shape = wmma_body::shape_variant(fragments[1].rows, fragments[2].columns, fragments[1].columns);
    let direction = rounding.map_or(0, |rounding| rounding.code().into());
    Some(Form { layout: Layout::Extended, ..form.imm(shape | direction).collective(None).ftz(false) })
}

/// `movmatrix.sync.aligned.m8n8.trans.b16 d, a`
pub(super) fn movmatrix(opcode: Opcode<'_>) -> Option<Form> {
    (opcode.text() == "movmatrix.sync.aligned.m8n8.trans.b16")
        .then(|| Form::new(masked_only_cold::<Transpose>(), &[Width::B32; 2]).collective(None))
}

/// An 8 by 8 matrix of 16-bit elements, two neighbours of a row in each lane.
struct Transpose;

impl Body for Transpose {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        // SAFETY: as the caller: a is a 32-bit slot, two elements a lane.
        let pairs = unsafe { read::<[u16; 2]>(warp, op.a) };
        let elements = pairs.as_flattened();
        let mut result = [[0u16; 2]; LANES];
        for (index, to) in result.as_flattened_mut().iter_mut().enumerate() {
            *to = elements[index % 8 * 8 + index / 8];
        }
        // SAFETY: as the caller: so is d.
        unsafe { write_masked::<[u16; 2], true>(warp, op.d, mask, result) }
    }
}
