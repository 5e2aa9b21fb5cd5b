//! What a function still needs once a call that it makes has returned.

use std::collections::HashMap;

use super::super::ast::{Kernel, Operand, Param, Reg};
use super::super::opcodes::{Access, Flow, Mnemonic};
use super::callee;
use super::pieces::{Piece, pieces, pieces_of};
use crate::ir::{self, Control, DefUse, Liveness};

/// Something of a function that a call of the same function would overwrite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Held<'s> {
    Register(Reg),
    /// A part of one of its parameters, or of what it has of its result.
    Piece(&'s str, Piece),
}

/// A function's registers and pieces over its calls.
pub(super) struct Live<'s> {
    /// The first instruction behind each block; calls end theirs.
    ends: Vec<u32>,
    liveness: Liveness,
    def_uses: Vec<DefUse>,
    /// Pieces are numbered as registers from here on.
    first_piece: usize,
    pieces: Vec<(&'s str, Piece)>,
}

impl<'s> Live<'s> {
    /// `None` for a function that is too large to be looked through.
    pub(super) fn of(function: &Kernel<'s>) -> Option<Self> {
        let in_memory = |params: &[Param<'s>]| {
            let names = params.iter().filter(|param| param.register.is_none()).map(|param| param.name);
            names.collect::<Vec<_>>()
        };
        let (params, results) = (in_memory(&function.params), in_memory(&function.returns));
        let of = |names: &[&'s str], access| {
            let of_one = |name: &'s str| {
                let pieces = pieces(&function.instructions, access, name);
                pieces.into_iter().map(move |piece| (name, piece))
            };
            names.iter().copied().flat_map(of_one).collect::<Vec<_>>()
        };
        let (read, written) = (of(&params, Access::Ld), of(&results, Access::St));
        let first_piece = function.registers.len();
        let first_written = first_piece + read.len();
        let number = |index: usize| u32::try_from(index).ok().map(Reg);
        let pieces: Vec<_> = [read, written].concat();
        number(first_piece + pieces.len())?;
        let number_of: HashMap<_, _> = pieces.iter().copied().zip((first_piece..).filter_map(number)).collect();

        // What a function returns is needed at its end.
        let register_results = function.returns.iter().filter(|param| param.register.is_some()).count();
        let returned = (first_written..first_piece + pieces.len()).filter_map(number);
        let returned: Vec<_> = function.param_registers[..register_results].iter().copied().chain(returned).collect();

        let mut control = ir::control(function);
        let mut def_uses: Vec<_> = function.instructions.iter().map(ir::def_use).collect();
        for (index, instruction) in function.instructions.iter().enumerate() {
            let of_variable = |name: &str| {
                let numbered = pieces.iter().zip((first_piece..).filter_map(number));
                numbered.filter(|((of, _), _)| *of == name).map(|(_, number)| number).collect::<Vec<_>>()
            };
            let of_pieces = |access| {
                let named = pieces_of(instruction, access).into_iter();
                let named = named.flat_map(|(name, pieces)| pieces.map(move |piece| (name, piece)));
                named.filter_map(|piece| number_of.get(&piece).copied()).collect::<Vec<_>>()
            };
            let step = &mut def_uses[index];
            let mut set = of_pieces(Access::St);
            step.uses.extend(of_pieces(Access::Ld));
            if callee(instruction).is_some() {
                let [results, _, arguments, ..] = instruction.operands.as_slice() else { return None };
                symbols(results).for_each(|name| set.extend(of_variable(name)));
                symbols(arguments).for_each(|name| step.uses.extend(of_variable(name)));
                control[index] = Control::Branch { target: u32::try_from(index + 1).ok()?, conditional: false };
            }
            if instruction.guard.is_some() {
                step.uses.extend_from_slice(&set);
            }
            step.defs.extend(set);
            if instruction.opcode.mnemonic() == Mnemonic::Flow(Flow::Ret) {
                step.uses.extend_from_slice(&returned);
            }
        }
        // Whoever comes to the end returns.
        control.push(Control::Exit { conditional: false });
        def_uses.push(DefUse { uses: returned, ..DefUse::default() });

        let blocks = ir::blocks(&control);
        let liveness = Liveness::of(&blocks, &def_uses, first_piece + pieces.len())?;
        let ends = blocks.iter().map(|block| block.steps.end).collect();
        Some(Self { ends, liveness, def_uses, first_piece, pieces })
    }

    /// What the call at `index` must leave as it is: whatever is needed later and is not its result.
    pub(super) fn over(&self, index: usize) -> impl Iterator<Item = Held<'s>> {
        let block = self.ends.partition_point(|end| *end as usize <= index);
        let results = &self.def_uses[index].defs;
        self.liveness.live_out(block).filter(|register| !results.contains(register)).map(|register| {
            match (register.0 as usize).checked_sub(self.first_piece) {
                Some(piece) => {
                    let (name, piece) = self.pieces[piece];
                    Held::Piece(name, piece)
                }
                None => Held::Register(register),
            }
        })
    }
}

/// The variables that a call's results or arguments are.
fn symbols<'o, 's>(list: &'o Operand<'s>) -> impl Iterator<Item = &'s str> + use<'o, 's> {
    let elements = if let Operand::Vector(elements) = list { elements.as_slice() } else { &[] };
    elements.iter().filter_map(|element| match element {
        Operand::Symbol { name, .. } => Some(*name),
        _ => None,
    })
}
