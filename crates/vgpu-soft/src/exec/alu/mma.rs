//! Matrix products of whole warps: which forms there are. `mma`, `movmatrix` and `wmma.mma`.
//!
//! The bodies are in `tensor` (floating point), `tensor_integer` and `wmma`. All lanes take part, so they run once with
//! every live lane; sums are exact products accumulated in f32 (or i32) one after the other, while hardware sums in
//! blocks with a few bits less.

use super::super::op::{Isa, Op};
use super::super::warp::Warp;
use super::Form;
use super::half::{Brain, Ieee};
use super::lanes::{Body, LANES, Level, masked_only, masked_only_cold, read, write_masked};
use super::tensor::{self, F64Product, HalfProduct, QuadProduct, Tf32Product};
use super::tensor_integer::{self, BITS_AND, BITS_XOR, BYTES, IntegerProduct, NIBBLES};
use super::wmma_layout::{Fragment, Matrix};
use super::{Layout, wmma as wmma_body};
use crate::ptx::ast::{Opcode, Width};

/// The form of an op on lists of registers: so many of each of d, a, b and c.
fn form<B: Body>(isa: Isa, [d, a, b, c]: [usize; 4], width: Width) -> Form {
    let form = Form::new(masked_only::<B>(isa), &vec![width; d + a + b + c]);
    Form { layout: Layout::Extended, ..form.destinations(d).collective(None).ftz(false) }
}

/// `mma.sync.aligned.shape.alayout.blayout{.satfinite}.dtype.atype.btype.ctype d, a, b, c`
pub(super) fn mma(opcode: Opcode<'_>, operand_count: usize, isa: Isa) -> Option<Form> {
    let words: Vec<&str> = opcode.modifiers().collect();
    let ["sync", "aligned", shape, a_layout, b_layout, ref rest @ ..] = words[..] else { return None };
    let (is_saturating, types) = match rest {
        ["satfinite", types @ ..] => (true, types),
        // How it is rounded without saying so.
        ["rn", types @ ..] if types.contains(&"f64") => (false, types),
        types => (false, types),
    };
    if let &["s32", "b1", "b1", "s32", operation, "popc"] = types {
        let form = bits(shape, operation, isa)?;
        return (!is_saturating && form.operands.len() == operand_count).then_some(form);
    }
    let &[d, a, b, c] = types else { return None };
    if shape == "m8n8k4" && a == "f16" {
        return volta(a_layout, b_layout, (d, c), isa).filter(|_| b == "f16" && !is_saturating);
    }
    if (a_layout, b_layout) != ("row", "col") {
        return None;
    }
    let form = if d == "s32" && c == "s32" {
        integer(shape, (a, b), is_saturating, isa)
    } else if is_saturating || a != b {
        None
    } else {
        floating(shape, a, (d, c), isa)
    }?;
    (form.operands.len() == operand_count).then_some(form)
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
        ("m8n8k4", "f64") if sums == ("f64", "f64") => form::<F64Product<8, 4>>(isa, [2, 1, 1, 2], Width::B64),
        ("m16n8k4", "f64") if sums == ("f64", "f64") => form::<F64Product<16, 4>>(isa, [4, 2, 1, 4], Width::B64),
        ("m16n8k8", "f64") if sums == ("f64", "f64") => form::<F64Product<16, 8>>(isa, [4, 4, 2, 4], Width::B64),
        ("m16n8k16", "f64") if sums == ("f64", "f64") => form::<F64Product<16, 16>>(isa, [4, 8, 4, 4], Width::B64),
        _ => return None,
    })
}

fn integer(shape: &str, factors: (&str, &str), is_saturating: bool, isa: Isa) -> Option<Form> {
    let factor = |name: &str| match name {
        "s8" => Some((8, true)),
        "u8" => Some((8, false)),
        "s4" => Some((4, true)),
        "u4" => Some((4, false)),
        _ => None,
    };
    let ((bits, is_a_signed), (b_bits, is_b_signed)) = (factor(factors.0)?, factor(factors.1)?);
    let form = match (shape, bits) {
        ("m8n8k16", 8) => form::<IntegerProduct<8, 16, BYTES>>(isa, [2, 1, 1, 2], Width::B32),
        ("m16n8k16", 8) => form::<IntegerProduct<16, 16, BYTES>>(isa, [4, 2, 1, 4], Width::B32),
        ("m16n8k32", 8) => form::<IntegerProduct<16, 32, BYTES>>(isa, [4, 4, 2, 4], Width::B32),
        ("m8n8k32", 4) => form::<IntegerProduct<8, 16, NIBBLES>>(isa, [2, 1, 1, 2], Width::B32),
        ("m16n8k32", 4) => form::<IntegerProduct<16, 16, NIBBLES>>(isa, [4, 2, 1, 4], Width::B32),
        ("m16n8k64", 4) => form::<IntegerProduct<16, 32, NIBBLES>>(isa, [4, 4, 2, 4], Width::B32),
        _ => return None,
    };
    (bits == b_bits).then(|| form.imm(tensor_integer::variant(is_a_signed, is_b_signed, is_saturating)))
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
fn volta(a_layout: &str, b_layout: &str, sums: (&str, &str), isa: Isa) -> Option<Form> {
    let is_columns = |layout: &str| match layout {
        "row" => Some(false),
        "col" => Some(true),
        _ => None,
    };
    let variant = tensor::quad_variant(is_columns(a_layout)?, is_columns(b_layout)?);
    let form = match sums {
        ("f32", "f32") => form::<QuadProduct<false, false>>(isa, [8, 2, 2, 8], Width::B32),
        ("f32", "f16") => form::<QuadProduct<false, true>>(isa, [8, 2, 2, 4], Width::B32),
        ("f16", "f16") => form::<QuadProduct<true, true>>(isa, [4, 2, 2, 4], Width::B32),
        _ => return None,
    };
    Some(form.imm(variant))
}

/// `wmma.mma.sync.aligned.alayout.blayout.shape{.dtype.atype.btype.ctype or .dtype.ctype}{.satfinite} d, a, b, c`
pub(super) fn wmma(opcode: Opcode<'_>, isa: Isa) -> Option<Form> {
    let words: Vec<&str> = opcode.modifiers().collect();
    let ["mma", "sync", "aligned", "row" | "col", "row" | "col", shape, ref types @ ..] = words[..] else {
        return None;
    };
    let ((d, a, b, c), is_saturating) = match *types {
        [d, c] => ((d, "f16", "f16", c), false),
        [d, a, b, c] => ((d, a, b, c), false),
        [d, a, b, c, "satfinite"] => ((d, a, b, c), true),
        _ => return None,
    };
    let body = wmma_body::body((d, a, b, c), is_saturating, isa)?;
    let fragments = [
        Fragment::new(Matrix::C, shape, d)?,
        Fragment::new(Matrix::A, shape, a)?,
        Fragment::new(Matrix::B, shape, b)?,
        Fragment::new(Matrix::C, shape, c)?,
    ];
    let widths: Vec<Width> = fragments.iter().flat_map(|f| vec![f.register; f.registers as usize]).collect();
    let form = Form::new(body, &widths).destinations(fragments[0].registers as usize);
    let form = form.imm(wmma_body::shape_variant(fragments[1].rows, fragments[2].columns, fragments[1].columns));
    Some(Form { layout: Layout::Extended, ..form.collective(None).ftz(false) })
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
