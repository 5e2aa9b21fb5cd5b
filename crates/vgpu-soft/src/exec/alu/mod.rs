//! What instructions compute: opcode text to lane functions that touch registers only.
//!
//! Nothing here knows memory, control flow or scheduling. [`select`] is the one door: the lowering asks it for every
//! instruction that is not a load, store, atomic, branch or barrier.
//!
//! - `lanes`: a closure over one lane to an op of a warp, for each instruction set. `modifiers`: opcode text to flags.
//! - `integer`, `bits`, `dot`: integers. `float`, `half`, `approx`, `rounding`: floating point. `convert`: `cvt`.
//! - `compare`, `compare_half` on `relation`: `setp`, `set`, `selp`, `slct`. `moves`: `mov`.
//! - `collective`: lanes that see each other. `mma`, `tensor`, `tensor_integer`, `wmma`, [`wmma_layout`]: matrices.

use super::op::{Isa, OpFns};
use crate::ptx::ast::{Opcode, Width};
use modifiers::Modifiers;

mod approx;
mod bits;
mod collective;
mod compare;
mod compare_half;
mod convert;
mod dot;
mod float;
mod half;
mod integer;
mod lanes;
mod mma;
mod modifiers;
mod moves;
mod relation;
mod rounding;
mod tensor;
mod tensor_integer;
mod wmma;
pub(crate) mod wmma_layout;

/// Whether an op must run with denormals flushed to zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denormals {
    /// Makes no difference (integers, moves, half precision, ...).
    Any,
    /// `.ftz`
    Flush,
    /// No `.ftz`, or f64.
    Keep,
}

/// Where an op finds its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `d`, then `a`, `b`, `c` in PTX order; the widths are those of [`Form::operands`].
    Slots,
    /// All slots in `Warp::operands[op.ext..]`: operands in PTX order, vectors and pairs flattened, destinations first.
    Extended,
}

/// An instruction form that can be executed.
#[derive(Clone)]
pub(crate) struct Form {
    pub(crate) fns: OpFns,
    pub(crate) layout: Layout,
    /// The width that the function reads or writes at each flattened operand, destinations first. The lowering places
    /// immediates in slots of that width, and narrows or extends registers of another width around the op.
    pub(crate) operands: Vec<Width>,
    /// How many of `operands` are destinations.
    pub(crate) destinations: usize,
    /// Extend a narrower result with its sign when the destination register is wider.
    pub(crate) is_signed: bool,
    pub(crate) denormals: Denormals,
    /// A warp collective: index of the flattened operand that holds the member mask, or `Some(None)` when all lanes of the warp take part
    /// (`mma.sync` and the like). Lanes park until all members have arrived; the op then runs once with the members' mask.
    pub(crate) collective: Option<Option<usize>>,
    /// For [`Op::imm`](super::op::Op::imm): a variant that the functions look up when they run.
    pub(crate) imm: i64,
}

/// Finds the lane functions of an instruction. `operand_count` counts flattened operands; `None` when the form is unknown.
///
/// A negated predicate operand (`!p`) counts as the predicate: the lowering negates it into a slot of its own first
/// (`not.pred`). A `mov` with a vector on one side goes through [`select_vector_mov`], because its operand count does
/// not tell which side that is.
pub(crate) fn select(opcode: Opcode<'_>, operand_count: usize, isa: Isa) -> Option<Form> {
    let form = match opcode.base() {
        "setp" => compare::setp(opcode, operand_count, isa),
        "set" => compare::set(opcode, operand_count),
        "shfl" => collective::shfl(opcode, operand_count, isa),
        "vote" => collective::vote(opcode, isa),
        "match" => collective::matching(opcode, operand_count),
        "redux" => collective::redux(opcode),
        "activemask" => collective::activemask(opcode),
        "mma" => mma::mma(opcode, operand_count, isa),
        "wmma" => mma::wmma(opcode, isa),
        "movmatrix" => mma::movmatrix(opcode),
        "testp" => compare::testp(opcode),
        "prmt" => bits::prmt(opcode, isa),
        base => by_modifiers(base, &Modifiers::parse(opcode)?, operand_count, isa),
    }?;
    (form.operands.len() == operand_count).then_some(form)
}

/// Finds the lane functions of `mov d, {a, b, ..}` (one destination) or `mov {d, e, ..}, a` (one source).
pub(crate) fn select_vector_mov(opcode: Opcode<'_>, destinations: usize, sources: usize, isa: Isa) -> Option<Form> {
    (opcode.base() == "mov").then(|| moves::vector(&Modifiers::parse(opcode)?, destinations, sources, isa))?
}

fn by_modifiers(base: &str, modifiers: &Modifiers, operand_count: usize, isa: Isa) -> Option<Form> {
    match base {
        "add" | "sub" | "mul" | "mad" | "fma" | "div" | "min" | "max" | "abs" | "neg" | "rem" => {
            arithmetic(base, modifiers, operand_count, isa)
        }
        "mul24" | "mad24" | "sad" => integer::select(base, modifiers, isa),
        "rcp" | "sqrt" | "copysign" => float::select(base, modifiers, operand_count, isa),
        "rsqrt" | "sin" | "cos" | "ex2" | "lg2" | "tanh" => approx::select(base, modifiers, isa),
        "and" | "or" | "xor" | "not" | "cnot" | "lop3" | "shl" | "shr" | "shf" | "bfe" | "bfi" | "bfind" | "popc"
        | "clz" | "brev" | "bmsk" | "szext" => bits::select(base, modifiers, isa),
        "dp4a" | "dp2a" => dot::select(base, modifiers, isa),
        "selp" | "slct" => compare::select(base, modifiers, isa),
        "mov" => moves::scalar(modifiers, isa),
        "cvt" => convert::select(modifiers, operand_count, isa),
        _ => None,
    }
}

/// Instructions that exist for integers and floats alike.
fn arithmetic(base: &str, modifiers: &Modifiers, operand_count: usize, isa: Isa) -> Option<Form> {
    use modifiers::Type;
    match modifiers.types.first()? {
        Type::F32 | Type::F64 => float::select(base, modifiers, operand_count, isa),
        Type::F16 | Type::F16x2 | Type::Bf16 | Type::Bf16x2 => half::select(base, modifiers, operand_count, isa),
        _ => integer::select(base, modifiers, isa),
    }
}
