//! What instructions compute: opcode text to lane functions that touch registers only.
//!
//! Nothing here knows memory, control flow or scheduling. [`select`] is the one door: the lowering asks it for every
//! instruction that is not a load, store, atomic, branch or barrier.
//!
//! - `lanes`: a closure over one lane to an op of a warp, for each instruction set. `modifiers`: opcode text to flags.
//! - `integer`, `carry`, `bits`, `dot`, `video`: integers. `float`, `half`, `approx`, `rounding`: floating point.
//! - `convert`, `convert_fp8`, `pack`: `cvt`.
//! - `compare`, `compare_half` on `relation`: `setp`, `set`, `selp`, `slct`. `moves`: `mov`.
//! - `collective`: lanes that see each other. `mma`, `tensor`, `tensor_integer`, `tensor_words` on
//!   `factor` and `sparsity`, `wmma`, [`wmma_layout`]: matrices.

use super::op::{Isa, OpFns};
use crate::ptx::ast::{Opcode, Width};
use crate::ptx::opcodes::{Arithmetic, Carry, Compare, Exchange, Matrices, Mnemonic, Move};
use modifiers::{Modifiers, flag};

mod approx;
mod bits;
mod carry;
mod collective;
mod compare;
mod compare_half;
mod convert;
mod convert_fp8;
mod convert_packed;
mod dot;
mod factor;
mod float;
mod half;
mod integer;
mod lanes;
mod mma;
mod modifiers;
mod moves;
mod pack;
mod relation;
mod rounding;
mod sparsity;
mod tensor;
mod tensor_integer;
mod tensor_words;
mod video;
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
    let modifiers = || Modifiers::parse(opcode);
    let form = match opcode.mnemonic() {
        Mnemonic::Arithmetic(operation) => arithmetic(operation, &modifiers()?, operand_count, isa),
        Mnemonic::Carry(Carry::Addc) => carry::select(Arithmetic::Add, true, &modifiers()?, isa),
        Mnemonic::Carry(Carry::Subc) => carry::select(Arithmetic::Sub, true, &modifiers()?, isa),
        Mnemonic::Carry(Carry::Madc) => carry::select(Arithmetic::Mad, true, &modifiers()?, isa),
        Mnemonic::Move(Move::Mov) => moves::scalar(&modifiers()?, isa),
        Mnemonic::Move(Move::Cvt) if opcode.has("pack") => pack::select(opcode, operand_count, isa),
        Mnemonic::Move(Move::Cvt) => convert::select(&modifiers()?, operand_count, isa),
        Mnemonic::Move(Move::Prmt) => bits::prmt(opcode, isa),
        Mnemonic::Compare(Compare::Set) => compare::set(opcode, operand_count),
        Mnemonic::Compare(Compare::Setp) => compare::setp(opcode, operand_count, isa),
        Mnemonic::Compare(Compare::Selp) => compare::selp(&modifiers()?, isa),
        Mnemonic::Compare(Compare::Slct) => compare::slct(&modifiers()?, isa),
        Mnemonic::Compare(Compare::Testp) => compare::testp(opcode),
        Mnemonic::Bits(operation) => bits::select(operation, &modifiers()?, isa),
        Mnemonic::Dot(product) => dot::select(product, &modifiers()?, isa),
        Mnemonic::Approximation(function) => approx::select(function, &modifiers()?, isa),
        Mnemonic::Exchange(Exchange::Shfl) => collective::shfl(opcode, operand_count, isa),
        Mnemonic::Exchange(Exchange::Vote) => collective::vote(opcode, isa),
        Mnemonic::Exchange(Exchange::Match) => collective::matching(opcode, operand_count),
        Mnemonic::Exchange(Exchange::Redux) => collective::redux(opcode),
        Mnemonic::Exchange(Exchange::Elect) => collective::elect(opcode, operand_count),
        Mnemonic::Exchange(Exchange::Activemask) => collective::activemask(opcode),
        Mnemonic::Matrices(Matrices::Mma) => mma::mma(opcode, operand_count, isa),
        Mnemonic::Matrices(Matrices::Wmma) => mma::wmma(opcode, isa),
        Mnemonic::Matrices(Matrices::Movmatrix) => mma::movmatrix(opcode),
        Mnemonic::Video(video) => video::select(video, opcode, operand_count),
        // These touch more than registers, or are not done.
        Mnemonic::Access(_)
        | Mnemonic::Flow(_)
        | Mnemonic::Address(_)
        | Mnemonic::Policy(_)
        | Mnemonic::Texture(_)
        | Mnemonic::Surface(_)
        | Mnemonic::Stack(_)
        | Mnemonic::System(_)
        | Mnemonic::Undone(_) => None,
    }?;
    (form.operands.len() == operand_count).then_some(form)
}

/// How many values the last operand of a sparse product has, the sparsity selector. `None` for all other instructions.
pub(crate) fn sparsity_selectors(opcode: Opcode<'_>) -> Option<usize> {
    mma::selectors(opcode)
}

/// Finds the lane functions of `mov d, {a, b, ..}` (one destination) or `mov {d, e, ..}, a` (one source).
pub(crate) fn select_vector_mov(opcode: Opcode<'_>, destinations: usize, sources: usize, isa: Isa) -> Option<Form> {
    let is_mov = opcode.mnemonic() == Mnemonic::Move(Move::Mov);
    is_mov.then(|| moves::vector(&Modifiers::parse(opcode)?, destinations, sources, isa))?
}

/// Instructions that exist for integers and floats alike.
fn arithmetic(operation: Arithmetic, modifiers: &Modifiers, operand_count: usize, isa: Isa) -> Option<Form> {
    use modifiers::Type;
    if modifiers.has(flag::CC) {
        return match operation {
            Arithmetic::Add => carry::select(Arithmetic::Add, false, modifiers, isa),
            Arithmetic::Sub => carry::select(Arithmetic::Sub, false, modifiers, isa),
            Arithmetic::Mad => carry::select(Arithmetic::Mad, false, modifiers, isa),
            _ => None,
        };
    }
    match modifiers.types.first()? {
        Type::F32 | Type::F64 => float::select(operation, modifiers, operand_count, isa),
        Type::F16 | Type::F16x2 | Type::Bf16 | Type::Bf16x2 => half::select(operation, modifiers, operand_count, isa),
        _ => integer::select(operation, modifiers, isa),
    }
}
