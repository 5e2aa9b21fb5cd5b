//! What goes to a function and comes back: arguments, results, and the variables that they lie in.

use super::super::ast::{Instruction, Kernel, Operand, Param, Reg, Space, Variable, Width};
use super::super::cursor::Result;
use super::super::opcodes::Access;
use super::call::Site;
use super::emit::{at, move_of, ours, param_accesses};
use super::pieces::{Piece, pieces};
use super::{Inliner, callee, lists};

impl<'s> Inliner<'_, 's> {
    /// Gives a function what a call passes to it.
    pub(super) fn pass(&mut self, site: Site<'_, 's>, function: &Kernel<'s>, first_register: u32) -> Result<()> {
        let line = site.line();
        let Some((_, arguments)) = lists(site.call()) else { return Ok(()) };
        // What the caller has stored for this call: everything since the call before.
        let before = &site.caller.instructions[..site.index];
        let start = before.iter().rposition(|instruction| callee(instruction).is_some()).map_or(0, |call| call + 1);
        let registers = registers_of(function, first_register).skip(function.returns.len());
        let mut moves = Vec::new();
        for ((argument, param), register) in arguments.iter().zip(&function.params).zip(registers) {
            if let (Operand::Symbol { name: argument, offset: 0 }, None) = (argument, register) {
                let stored = pieces(&before[start..], Access::St, argument);
                self.keep(param);
                self.lay(param.name, &stored, &pieces(&function.instructions, Access::Ld, param.name));
                self.copy(argument, param.name, &stored, line)?;
                continue;
            }
            let mut value = argument.clone();
            site.place.operand(&mut value);
            let is_value = matches!(value, Operand::Register(_) | Operand::Immediate(_) | Operand::Special(_));
            if !is_value || register.is_none() && !is_piece(param.len_bytes) {
                return Err(self.error(line, "an argument that does not fit the function's parameter"));
            }
            match register {
                Some((register, width)) => moves.push((register, width, value)),
                None => {
                    self.lay(
                        param.name,
                        &[Piece::whole(param)],
                        &pieces(&function.instructions, Access::Ld, param.name),
                    );
                    self.keep(param);
                    let (_, store, _) = param_accesses(i64::from(param.len_bytes));
                    self.emit(line, store, vec![at(param.name, 0), value])?;
                }
            }
        }
        self.move_all(moves, line)
    }

    /// Takes what a function gives back to a call.
    pub(super) fn take(&mut self, site: Site<'_, 's>, function: &Kernel<'s>, first_register: u32) -> Result<()> {
        let line = site.line();
        let Some((results, _)) = lists(site.call()) else { return Ok(()) };
        let behind = &site.caller.instructions[site.index + 1..];
        let end = behind.iter().position(|instruction| callee(instruction).is_some()).unwrap_or(behind.len());
        let mut moves = Vec::new();
        for ((result, returned), register) in
            results.iter().zip(&function.returns).zip(registers_of(function, first_register))
        {
            let stored = || pieces(&function.instructions, Access::St, returned.name);
            match (result, register) {
                (Operand::Sink, _) => {}
                (Operand::Symbol { name: result, offset: 0 }, None) => {
                    self.keep(returned);
                    self.lay(result, &stored(), &pieces(&behind[..end], Access::Ld, result));
                    self.copy(returned.name, result, &stored(), line)?;
                }
                (Operand::Register(result), Some((register, width))) => {
                    moves.push((site.place.register(*result), width, Operand::Register(register)));
                }
                (Operand::Register(result), None) if is_piece(returned.len_bytes) => {
                    self.lay(returned.name, &stored(), &[Piece::whole(returned)]);
                    self.keep(returned);
                    let (load, ..) = param_accesses(i64::from(returned.len_bytes));
                    let result = Operand::Register(site.place.register(*result));
                    self.emit(line, load, vec![result, at(returned.name, 0)])?;
                }
                _ => return Err(self.error(line, "a result that does not fit the function's")),
            }
        }
        self.move_all(moves, line)
    }

    /// Moves values to registers at once: a function that calls itself may give its parameters to each other.
    fn move_all(&mut self, moves: Vec<(Reg, Width, Operand<'s>)>, line: u32) -> Result<()> {
        if let [(to, width, from)] = moves.as_slice() {
            return self.emit(line, move_of(*width), vec![Operand::Register(*to), from.clone()]);
        }
        let mut last = Vec::with_capacity(moves.len());
        for (to, width, from) in moves {
            let between = Operand::Register(self.register(width, line)?);
            self.emit(line, move_of(width), vec![between.clone(), from])?;
            last.push((width, vec![Operand::Register(to), between]));
        }
        last.into_iter().try_for_each(|(width, operands)| self.emit(line, move_of(width), operands))
    }

    /// Saves the parameters and results of functions around a call that have the names of the called one's, but for those that the
    /// call itself sets. Gives what restores them.
    pub(super) fn put_aside(&mut self, site: Site<'_, 's>, function: &Kernel<'s>) -> Result<Vec<Instruction<'s>>> {
        let line = site.line();
        let results = lists(site.call()).map_or(&[][..], |(results, _)| results);
        let mut restoring = Vec::new();
        for own in function.params.iter().chain(&function.returns).filter(|own| own.register.is_none()) {
            let is_set =
                results.iter().any(|result| matches!(result, Operand::Symbol { name, .. } if *name == own.name));
            // What others further out have of that name has been put aside by the nearest one's call.
            let pieces = self.activations.iter().rev().find_map(|around| {
                let around = &around.function;
                let of = |params: &[Param<'s>], access| {
                    let is_of = params.iter().any(|param| param.name == own.name);
                    is_of.then(|| pieces(&around.instructions, access, own.name))
                };
                of(&around.params, Access::Ld).or_else(|| of(&around.returns, Access::St))
            });
            for piece in pieces.filter(|_| !is_set).unwrap_or_default() {
                let (load, store, width) = param_accesses(piece.bytes);
                let register = Operand::Register(self.register(width, line)?);
                self.emit(line, load, vec![register.clone(), at(own.name, piece.offset)])?;
                let operands = vec![at(own.name, piece.offset), register];
                restoring.push(Instruction { line, guard: None, opcode: ours(store), operands });
            }
        }
        Ok(restoring)
    }

    fn copy(&mut self, from: &'s str, to: &'s str, pieces: &[Piece], line: u32) -> Result<()> {
        for piece in pieces {
            let (load, store, width) = param_accesses(piece.bytes);
            let register = Operand::Register(self.register(width, line)?);
            self.emit(line, load, vec![register.clone(), at(from, piece.offset)])?;
            self.emit(line, store, vec![at(to, piece.offset), register])?;
        }
        Ok(())
    }

    /// Lays a variable into memory if it is read in other pieces than it is written in, where these are written at all (padding is
    /// not).
    fn lay(&mut self, variable: &'s str, written: &[Piece], read: &[Piece]) {
        let fits = |read: &Piece| written.contains(read) || !written.iter().any(|written| written.overlaps(*read));
        if !read.iter().all(fits) && !self.out.memory_params.contains(&variable) {
            self.out.memory_params.push(variable);
        }
    }

    /// Makes a function's parameter or result a variable of the kernel.
    fn keep(&mut self, param: &Param<'s>) {
        let Param { name, align_bytes, .. } = *param;
        let len_bytes = u64::from(param.len_bytes);
        match self.out.variables.iter_mut().find(|variable| variable.name == name) {
            Some(known) => {
                known.len_bytes = known.len_bytes.max(len_bytes);
                known.align_bytes = known.align_bytes.max(align_bytes);
            }
            None => self.out.variables.push(Variable {
                name,
                space: Space::Param,
                align_bytes,
                len_bytes,
                init: Vec::new(),
                relocations: Vec::new(),
                is_extern: false,
                is_managed: false,
            }),
        }
    }

    /// Makes the variables of a function ones of the kernel, but for those that lie in the frame. Inlined again they are the same
    /// ones, for a thread is in one place at a time.
    pub(super) fn adopt(&mut self, function: &Kernel<'s>, line: u32) -> Result<()> {
        let own = function.variables.iter();
        for variable in own.filter(|variable| self.frame.is_kernel || variable.space != Space::Local) {
            // One of a function around it is in use meanwhile, and another one. Around a function that is gone to may be any.
            let is_it = |other: &Variable<'s>| other.name == variable.name && other.space != Space::Param;
            let mut around = self.activations.iter().flat_map(|around| &around.function.variables);
            let is_others =
                !self.frame.is_kernel && self.owners.get(variable.name).is_some_and(|owner| *owner != function.name);
            let is_in_use = variable.space != Space::Param
                && (is_others || around.any(is_it) || self.own_variables.iter().any(is_it));
            let known = self.out.variables.iter_mut().find(|known| known.name == variable.name);
            match known {
                None => {
                    self.owners.insert(variable.name, function.name);
                    self.out.variables.push(variable.clone());
                }
                Some(known) if known == variable && !is_in_use => {}
                Some(known) if known.space == Space::Param && variable.space == Space::Param => {
                    known.len_bytes = known.len_bytes.max(variable.len_bytes);
                    known.align_bytes = known.align_bytes.max(variable.align_bytes);
                }
                Some(_) => {
                    return Err(self.error(line, format!("`{}` is declared in two functions", variable.name)));
                }
            }
        }
        Ok(())
    }
}

/// The registers that are a function's results, and then its parameters; none for those that are variables.
fn registers_of<'f>(
    function: &'f Kernel<'_>,
    first_register: u32,
) -> impl Iterator<Item = Option<(Reg, Width)>> + use<'f> {
    let mut registers = function.param_registers.iter().map(move |register| Reg(first_register + register.0));
    let of = move |param: &Param<'_>| param.register.and_then(|width| Some((registers.next()?, width)));
    function.returns.iter().chain(&function.params).map(of)
}

/// Whether a register holds so many bytes.
fn is_piece(len_bytes: u32) -> bool {
    matches!(len_bytes, 1 | 2 | 4 | 8)
}
