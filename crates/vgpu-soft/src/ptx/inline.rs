//! Calls of a module's own functions, replaced by their bodies: after this a kernel calls only what has no body here
//! (`vprintf`, `__assertfail`).
//!
//! A call passes its arguments through `.param` variables. The caller's variable is copied to the function's
//! parameter piece by piece, in the pieces that the caller has stored, and back for results, so that both sides keep
//! their names and nested calls that reuse a name do not disturb each other. Registers are moved. Where a function calls one whose
//! parameter has the name of its own, its own is put aside meanwhile.
//!
//! A call through a pointer becomes a choice among the functions whose address is taken. Recursion stays as an error: where a
//! pointer leads to a function that would call itself, that is a fault of the kernel once it happens.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::ast::{
    AddressBase, Guard, Immediate, Instruction, Kernel, KernelText, Module, Opcode, Operand, Param, Reg, Space,
    Variable, Width,
};
use super::cursor::Result;
use super::opcodes::{Access, Flow, Mnemonic};
use super::pieces::{Piece, pieces};
use super::{Error, kernel};

/// Instructions of a kernel after inlining; real ones have some ten thousand.
const MAX_INSTRUCTIONS: usize = 1 << 20;
/// How deep calls may nest.
const MAX_DEPTH: usize = 64;

/// Inlines all calls of functions that the module defines.
pub(super) fn calls<'s>(module: &Module<'s>, kernel: Kernel<'s>) -> Result<Kernel<'s>> {
    let functions: HashMap<_, _> = module.functions.iter().map(|function| (function.name, function)).collect();
    let has_calls = kernel.instructions.iter().filter_map(callee).any(|callee| match callee {
        Callee::Function(name) => functions.contains_key(name),
        Callee::Pointer(_) => true,
    });
    if !has_calls {
        return Ok(kernel);
    }
    let empty = Kernel { labels: Vec::new(), instructions: Vec::new(), ..kernel.clone() };
    let named = names(&kernel.instructions).collect();
    let (parsed, stack) = Default::default();
    let own_variables = kernel.variables.clone();
    let mut inliner = Inliner { module, functions, parsed, stack, named, addressed: None, own_variables, out: empty };
    inliner.body(&kernel, 0, None)?;
    Ok(inliner.out)
}

struct Inliner<'m, 's> {
    module: &'m Module<'s>,
    functions: HashMap<&'s str, &'m KernelText<'s>>,
    parsed: HashMap<&'s str, Rc<Kernel<'s>>>,
    /// Functions that are being inlined, outermost first.
    stack: Vec<&'s str>,
    /// What the kernel names besides what it calls.
    named: Vec<&'s str>,
    /// The functions whose address is taken, once somebody asks.
    addressed: Option<Rc<[&'s str]>>,
    /// The kernel's own.
    own_variables: Vec<Variable<'s>>,
    out: Kernel<'s>,
}

impl<'s> Inliner<'_, 's> {
    /// Appends a body: its registers begin at `first_register`, its `ret` goes to `after`.
    fn body(&mut self, body: &Kernel<'s>, first_register: u32, after: Option<u32>) -> Result<()> {
        let first_label = self.out.labels.len();
        self.out.labels.resize(first_label + body.labels.len(), 0);
        let mut labels = body.labels.iter().enumerate().peekable();
        let place = Place { first_register, first_label: self.count(first_label, 0)? };
        for (index, instruction) in body.instructions.iter().enumerate() {
            while let Some((label, _)) = labels.next_if(|(_, position)| **position as usize <= index) {
                self.out.labels[first_label + label] = self.count(self.out.instructions.len(), instruction.line)?;
            }
            match callee(instruction) {
                Some(Callee::Function(name)) if self.functions.contains_key(name) => {
                    self.call(body, index, name, place)?;
                    continue;
                }
                Some(Callee::Pointer(pointer)) => {
                    self.call_through(body, index, place.register(pointer), place)?;
                    continue;
                }
                _ => {}
            }
            let mut instruction = instruction.clone();
            place.apply(&mut instruction);
            if let (Mnemonic::Flow(Flow::Ret), Some(after)) = (instruction.opcode.mnemonic(), after) {
                instruction.opcode = ours("bra");
                instruction.operands = vec![Operand::Label(after)];
            }
            self.push(instruction)?;
        }
        for (label, _) in labels {
            self.out.labels[first_label + label] = self.count(self.out.instructions.len(), 0)?;
        }
        Ok(())
    }

    /// Appends what the call of a function at `index` does.
    fn call(&mut self, caller: &Kernel<'s>, index: usize, name: &'s str, place: Place) -> Result<()> {
        let call = &caller.instructions[index];
        let done = self.label(call.line)?;
        self.skip_unless(call, place, done)?;
        self.inline(caller, index, name, place)?;
        self.put_label(done, call.line)
    }

    /// Appends what a call through a pointer does: one of the functions that it can lead to.
    fn call_through(&mut self, caller: &Kernel<'s>, index: usize, pointer: Reg, place: Place) -> Result<()> {
        let call = &caller.instructions[index];
        let line = call.line;
        let (results, arguments) = lists(call).ok_or_else(|| self.error(line, NO_CALL))?;
        let done = self.label(line)?;
        self.skip_unless(call, place, done)?;
        let is_other = Reg(self.count(self.out.registers.len(), line)?);
        self.out.registers.push(Width::Pred);
        for &name in &*self.addressed() {
            let fits = self.parsed(name).is_ok_and(|function| {
                (function.returns.len(), function.params.len()) == (results.len(), arguments.len())
            });
            let Some(address) = self.module.function_address(name).filter(|_| fits && !self.stack.contains(&name))
            else {
                continue;
            };
            let next = self.label(line)?;
            let address = Operand::Immediate(Immediate::Integer(address));
            let operands = vec![Operand::Register(is_other), Operand::Register(pointer), address];
            self.push(Instruction { line, guard: None, opcode: ours("setp.ne.u64"), operands })?;
            let guard = Some(Guard { register: is_other, negated: false });
            self.push(Instruction { line, guard, opcode: ours("bra"), operands: vec![Operand::Label(next)] })?;
            self.inline(caller, index, name, place)?;
            self.push(Instruction { line, guard: None, opcode: ours("bra"), operands: vec![Operand::Label(done)] })?;
            self.put_label(next, line)?;
        }
        // What is left leads nowhere.
        let mut lost = Instruction { guard: None, ..call.clone() };
        place.apply(&mut lost);
        self.push(lost)?;
        self.put_label(done, line)
    }

    /// Goes on at `done` where a call's guard does not hold.
    fn skip_unless(&mut self, call: &Instruction<'s>, place: Place, done: u32) -> Result<()> {
        let Some(guard) = call.guard else {
            return Ok(());
        };
        let guard = Guard { register: place.register(guard.register), negated: !guard.negated };
        let operands = vec![Operand::Label(done)];
        self.push(Instruction { line: call.line, guard: Some(guard), opcode: ours("bra"), operands })
    }

    /// Appends a function as the call at `index` calls it.
    fn inline(&mut self, caller: &Kernel<'s>, index: usize, name: &'s str, place: Place) -> Result<()> {
        let call = &caller.instructions[index];
        let line = call.line;
        let (results, arguments) = lists(call).ok_or_else(|| self.error(line, NO_CALL))?;
        let function = self.function(name, line)?;
        if arguments.len() != function.params.len() || results.len() != function.returns.len() {
            return Err(self.error(line, format!("the call and `{name}` differ in arguments or results")));
        }
        let after_body = self.label(line)?;
        let first_register = self.count(self.out.registers.len(), line)?;
        self.out.registers.extend_from_slice(&function.registers);
        let mut registers = function.param_registers.iter().map(|register| Reg(first_register + register.0));
        let mut of = |param: &Param<'s>| param.register.and_then(|width| Some((registers.next()?, width)));
        let of_results: Vec<_> = function.returns.iter().map(&mut of).collect();
        let of_params: Vec<_> = function.params.iter().map(of).collect();
        let aside = self.put_aside(&function, results, line)?;

        // What the caller has stored for this call: everything since the call before.
        let before = &caller.instructions[..index];
        let start = before.iter().rposition(|instruction| callee(instruction).is_some()).map_or(0, |call| call + 1);
        for ((argument, param), register) in arguments.iter().zip(&function.params).zip(of_params) {
            if let (Operand::Symbol { name: argument, offset: 0 }, None) = (argument, register) {
                let stored = pieces(&before[start..], Access::St, argument);
                self.keep(param);
                self.place(param.name, &stored, &pieces(&function.instructions, Access::Ld, param.name));
                self.copy(argument, param.name, &stored, line)?;
                continue;
            }
            if register.is_none() {
                let read = pieces(&function.instructions, Access::Ld, param.name);
                self.place(param.name, &[Piece::whole(param)], &read);
            }
            let mut value = argument.clone();
            place.operand(&mut value);
            self.pass(param, register, value, line)?;
        }

        for variable in &function.variables {
            self.adopt(variable, line)?;
        }
        self.stack.push(name);
        self.body(&function, first_register, Some(after_body))?;
        self.stack.pop();
        self.put_label(after_body, line)?;

        let behind = &caller.instructions[index + 1..];
        let end = behind.iter().position(|instruction| callee(instruction).is_some()).unwrap_or(behind.len());
        for ((result, returned), register) in results.iter().zip(&function.returns).zip(of_results) {
            match (result, register) {
                (Operand::Sink, _) => {}
                (Operand::Symbol { name: result, offset: 0 }, None) => {
                    let stored = pieces(&function.instructions, Access::St, returned.name);
                    self.keep(returned);
                    self.place(result, &stored, &pieces(&behind[..end], Access::Ld, result));
                    self.copy(returned.name, result, &stored, line)?;
                }
                (Operand::Register(result), _) => {
                    if register.is_none() {
                        let stored = pieces(&function.instructions, Access::St, returned.name);
                        self.place(returned.name, &stored, &[Piece::whole(returned)]);
                    }
                    self.take(place.register(*result), returned, register, line)?;
                }
                _ => return Err(self.error(line, "a result that does not fit the function's")),
            }
        }
        aside.into_iter().try_for_each(|instruction| self.push(instruction))
    }

    /// Saves the parameters and results of functions around a call that have the names of the called one's, but for those that the
    /// call itself sets. Gives what restores them.
    fn put_aside(&mut self, function: &Kernel<'s>, results: &[Operand<'s>], line: u32) -> Result<Vec<Instruction<'s>>> {
        let mut restoring = Vec::new();
        for own in function.params.iter().chain(&function.returns).filter(|own| own.register.is_none()) {
            let is_set =
                results.iter().any(|result| matches!(result, Operand::Symbol { name, .. } if *name == own.name));
            // What others further out have of that name has been put aside by the nearest one's call.
            let around = self.stack.iter().rev().map(|name| Rc::clone(&self.parsed[name]));
            let pieces = around.into_iter().find_map(|around| {
                let of = |params: &[Param<'s>], access| {
                    let is_of = params.iter().any(|param| param.name == own.name);
                    is_of.then(|| pieces(&around.instructions, access, own.name))
                };
                of(&around.params, Access::Ld).or_else(|| of(&around.returns, Access::St))
            });
            for piece in pieces.filter(|_| !is_set).unwrap_or_default() {
                let (load, store, width) = accesses_of(piece.bytes);
                let register = Operand::Register(Reg(self.count(self.out.registers.len(), line)?));
                self.out.registers.push(width);
                let place = at(own.name, piece.offset);
                let operands = vec![register.clone(), place.clone()];
                self.push(Instruction { line, guard: None, opcode: ours(load), operands })?;
                let operands = vec![place, register];
                restoring.push(Instruction { line, guard: None, opcode: ours(store), operands });
            }
        }
        Ok(restoring)
    }

    /// Gives a function an argument that is a value.
    fn pass(&mut self, param: &Param<'s>, register: Option<(Reg, Width)>, value: Operand<'s>, line: u32) -> Result<()> {
        let is_value = matches!(value, Operand::Register(_) | Operand::Immediate(_) | Operand::Special(_));
        if !is_value || register.is_none() && !is_piece(param.len_bytes) {
            return Err(self.error(line, "an argument that does not fit the function's parameter"));
        }
        let (opcode, target) = match register {
            Some((register, width)) => (move_of(width), Operand::Register(register)),
            None => {
                self.keep(param);
                (accesses_of(i64::from(param.len_bytes)).1, at(param.name, 0))
            }
        };
        self.push(Instruction { line, guard: None, opcode: ours(opcode), operands: vec![target, value] })
    }

    /// Takes a function's result into a register.
    fn take(&mut self, to: Reg, returned: &Param<'s>, register: Option<(Reg, Width)>, line: u32) -> Result<()> {
        if register.is_none() && !is_piece(returned.len_bytes) {
            return Err(self.error(line, "a result that does not fit the function's"));
        }
        let (opcode, value) = match register {
            Some((register, width)) => (move_of(width), Operand::Register(register)),
            None => {
                self.keep(returned);
                (accesses_of(i64::from(returned.len_bytes)).0, at(returned.name, 0))
            }
        };
        let operands = vec![Operand::Register(to), value];
        self.push(Instruction { line, guard: None, opcode: ours(opcode), operands })
    }

    /// The functions whose address is taken, by initial values or by instructions.
    fn addressed(&mut self) -> Rc<[&'s str]> {
        if let Some(addressed) = &self.addressed {
            return Rc::clone(addressed);
        }
        let module = self.module;
        let mut taken: HashSet<&'s str> = self.named.iter().copied().collect();
        taken
            .extend(module.variables.iter().flat_map(|variable| variable.relocations.iter().map(|place| place.symbol)));
        for function in &module.functions {
            // One that cannot be read is never run.
            if let Ok(function) = self.parsed(function.name) {
                taken.extend(names(&function.instructions));
            }
        }
        let functions = module.functions.iter().map(|function| function.name).filter(|name| taken.contains(name));
        Rc::clone(self.addressed.insert(functions.collect()))
    }

    fn function(&mut self, name: &'s str, line: u32) -> Result<Rc<Kernel<'s>>> {
        if self.stack.contains(&name) {
            return Err(self.error(line, format!("recursive calls (of `{name}`) are not supported")));
        }
        if self.stack.len() >= MAX_DEPTH {
            return Err(self.error(line, format!("calls nest deeper than {MAX_DEPTH}")));
        }
        self.parsed(name)
    }

    fn parsed(&mut self, name: &'s str) -> Result<Rc<Kernel<'s>>> {
        if let Some(function) = self.parsed.get(name) {
            return Ok(function.clone());
        }
        let function = Rc::new(kernel::parse_body(self.module, self.functions[name])?);
        self.parsed.insert(name, function.clone());
        Ok(function)
    }

    /// Keeps a variable in memory if it is read in other pieces than it is written in, where these are written at all (padding is
    /// not).
    fn place(&mut self, variable: &'s str, written: &[Piece], read: &[Piece]) {
        let fits = |read: &Piece| written.contains(read) || !written.iter().any(|written| written.overlaps(*read));
        if !read.iter().all(fits) && !self.out.memory_params.contains(&variable) {
            self.out.memory_params.push(variable);
        }
    }

    fn copy(&mut self, from: &'s str, to: &'s str, pieces: &[Piece], line: u32) -> Result<()> {
        for piece in pieces {
            let (load, store, width) = accesses_of(piece.bytes);
            let register = Operand::Register(Reg(self.count(self.out.registers.len(), line)?));
            self.out.registers.push(width);
            let (source, target) =
                (vec![register.clone(), at(from, piece.offset)], vec![at(to, piece.offset), register]);
            self.push(Instruction { line, guard: None, opcode: ours(load), operands: source })?;
            self.push(Instruction { line, guard: None, opcode: ours(store), operands: target })?;
        }
        Ok(())
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

    /// Makes a function's variable one of the kernel. Inlined again it is the same one, for a thread is in one place
    /// at a time.
    fn adopt(&mut self, variable: &Variable<'s>, line: u32) -> Result<()> {
        // One of a function around it is in use meanwhile, and another one.
        let is_it = |other: &Variable<'s>| other.name == variable.name && other.space != Space::Param;
        let mut around = self.stack.iter().flat_map(|name| &self.parsed[name].variables).chain(&self.own_variables);
        let is_in_use = variable.space != Space::Param && around.any(is_it);
        let known = self.out.variables.iter_mut().find(|known| known.name == variable.name);
        match known {
            Some(_) if is_in_use => {
                return Err(self.error(line, format!("`{}` is declared in two functions", variable.name)));
            }
            None => self.out.variables.push(variable.clone()),
            Some(known) if known == variable => {}
            Some(known) if known.space == Space::Param && variable.space == Space::Param => {
                known.len_bytes = known.len_bytes.max(variable.len_bytes);
                known.align_bytes = known.align_bytes.max(variable.align_bytes);
            }
            Some(_) => {
                return Err(self.error(line, format!("`{}` is declared in two functions", variable.name)));
            }
        }
        Ok(())
    }

    fn label(&mut self, line: u32) -> Result<u32> {
        // Functions without instructions can call each other many times as well.
        if self.out.labels.len() >= MAX_INSTRUCTIONS {
            return Err(
                self.error(line, format!("more than {MAX_INSTRUCTIONS} instructions and labels with all calls"))
            );
        }
        self.out.labels.push(0);
        self.count(self.out.labels.len() - 1, line)
    }

    /// Has a label stand here.
    fn put_label(&mut self, label: u32, line: u32) -> Result<()> {
        self.out.labels[label as usize] = self.count(self.out.instructions.len(), line)?;
        Ok(())
    }

    fn push(&mut self, instruction: Instruction<'s>) -> Result<()> {
        if self.out.instructions.len() >= MAX_INSTRUCTIONS {
            return Err(
                self.error(instruction.line, format!("more than {MAX_INSTRUCTIONS} instructions with all calls"))
            );
        }
        self.out.instructions.push(instruction);
        Ok(())
    }

    fn count(&self, count: usize, line: u32) -> Result<u32> {
        u32::try_from(count).map_err(|_| self.error(line, "more registers or labels than 32 bits can count"))
    }

    fn error(&self, line: u32, message: impl Into<String>) -> Error {
        let source = self.module.source;
        let source_line = source.lines().nth((line as usize).saturating_sub(1)).unwrap_or("");
        let source_line = source_line.chars().take(160).collect();
        Error { line, column: 1, message: message.into(), source_line, opcode: String::new() }
    }
}

/// Where a body's registers and labels begin in the kernel.
#[derive(Clone, Copy)]
struct Place {
    first_register: u32,
    first_label: u32,
}

impl Place {
    fn register(self, register: Reg) -> Reg {
        Reg(register.0 + self.first_register)
    }

    fn apply(self, instruction: &mut Instruction<'_>) {
        if let Some(guard) = &mut instruction.guard {
            guard.register = self.register(guard.register);
        }
        instruction.operands.iter_mut().for_each(|operand| self.operand(operand));
    }

    fn operand(self, operand: &mut Operand<'_>) {
        match operand {
            Operand::Register(register) | Operand::Negated(register) => *register = self.register(*register),
            Operand::Address { base: AddressBase::Register(register), .. } => *register = self.register(*register),
            Operand::Label(label) => *label += self.first_label,
            Operand::Vector(elements) => elements.iter_mut().for_each(|element| self.operand(element)),
            Operand::Pair(first, second) => {
                self.operand(first);
                self.operand(second);
            }
            Operand::Address { .. }
            | Operand::Immediate(_)
            | Operand::Special(_)
            | Operand::Symbol { .. }
            | Operand::Sink => {}
        }
    }
}

/// What a call names.
enum Callee<'s> {
    Function(&'s str),
    Pointer(Reg),
}

/// What an instruction calls, if it is a call.
fn callee<'s>(instruction: &Instruction<'s>) -> Option<Callee<'s>> {
    match (instruction.opcode.mnemonic(), instruction.operands.as_slice()) {
        (Mnemonic::Flow(Flow::Call), [_, Operand::Register(pointer), ..]) => Some(Callee::Pointer(*pointer)),
        (Mnemonic::Flow(Flow::Call), [_, Operand::Symbol { name, .. }, ..]) => Some(Callee::Function(name)),
        (Mnemonic::Flow(Flow::Call), _) => Some(Callee::Function("")),
        _ => None,
    }
}

const NO_CALL: &str = "a call needs results, a function and arguments";

/// A call's results and arguments.
fn lists<'a, 's>(call: &'a Instruction<'s>) -> Option<(&'a [Operand<'s>], &'a [Operand<'s>])> {
    match call.operands.as_slice() {
        [Operand::Vector(results), _, Operand::Vector(arguments), ..] => Some((results, arguments)),
        _ => None,
    }
}

/// The symbols whose addresses instructions take.
fn names<'s>(instructions: &[Instruction<'s>]) -> impl Iterator<Item = &'s str> {
    let others = instructions.iter().filter(|instruction| callee(instruction).is_none());
    others.flat_map(|instruction| &instruction.operands).filter_map(|operand| match operand {
        Operand::Symbol { name, .. } => Some(*name),
        _ => None,
    })
}

/// `[name+offset]`
fn at(name: &str, offset: i64) -> Operand<'_> {
    Operand::Address { base: AddressBase::Symbol(name), offset }
}

/// Whether a register holds so many bytes.
fn is_piece(len_bytes: u32) -> bool {
    matches!(len_bytes, 1 | 2 | 4 | 8)
}

/// A load and a store of so many bytes of a `.param` variable, and the register between them.
fn accesses_of(len_bytes: i64) -> (&'static str, &'static str, Width) {
    match len_bytes {
        1 => ("ld.param.b8", "st.param.b8", Width::B16),
        2 => ("ld.param.b16", "st.param.b16", Width::B16),
        4 => ("ld.param.b32", "st.param.b32", Width::B32),
        _ => ("ld.param.b64", "st.param.b64", Width::B64),
    }
}

fn move_of(width: Width) -> &'static str {
    match width {
        Width::Pred => "mov.pred",
        Width::B16 => "mov.b16",
        Width::B32 => "mov.b32",
        Width::B64 => "mov.b64",
    }
}

/// An opcode that is written here.
fn ours(text: &'static str) -> Opcode<'static> {
    Opcode::parse(text).expect("branches, loads and stores are in the table")
}
