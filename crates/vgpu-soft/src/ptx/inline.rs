//! Calls of a module's own functions, replaced by their bodies: after this a kernel calls only what has no body here
//! (`vprintf`, `__assertfail`).
//!
//! A call passes its arguments through `.param` variables. The caller's variable is copied to the function's
//! parameter piece by piece, in the pieces that the caller has stored, and back for results, so that both sides keep
//! their names and nested calls that reuse a name do not disturb each other. Recursion and calls through pointers stay
//! as errors.

use std::collections::HashMap;
use std::rc::Rc;

use super::ast::{
    AddressBase, Guard, Instruction, Kernel, KernelText, Module, Opcode, Operand, Reg, Space, Variable, Width,
};
use super::cursor::Result;
use super::opcodes::{Access, Flow, Mnemonic};
use super::{Error, kernel};

/// Instructions of a kernel after inlining; real ones have some ten thousand.
const MAX_INSTRUCTIONS: usize = 1 << 20;
/// How deep calls may nest.
const MAX_DEPTH: usize = 64;

/// Inlines all calls of functions that the module defines.
pub(super) fn calls<'s>(module: &Module<'s>, kernel: Kernel<'s>) -> Result<Kernel<'s>> {
    let functions: HashMap<_, _> = module.functions.iter().map(|function| (function.name, function)).collect();
    let has_calls = kernel
        .instructions
        .iter()
        .any(|instruction| callee(instruction).is_some_and(|name| functions.contains_key(name)));
    if !has_calls {
        return Ok(kernel);
    }
    let empty = Kernel { labels: Vec::new(), instructions: Vec::new(), ..kernel.clone() };
    let mut inliner = Inliner { module, functions, parsed: HashMap::new(), stack: Vec::new(), out: empty };
    inliner.body(&kernel, 0, None)?;
    Ok(inliner.out)
}

struct Inliner<'m, 's> {
    module: &'m Module<'s>,
    functions: HashMap<&'s str, &'m KernelText<'s>>,
    parsed: HashMap<&'s str, Rc<Kernel<'s>>>,
    /// Functions that are being inlined, outermost first.
    stack: Vec<&'s str>,
    out: Kernel<'s>,
}

/// A part of a `.param` variable that one store wrote or one load reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    offset: i64,
    bytes: i64,
}

impl Piece {
    fn overlaps(self, other: Self) -> bool {
        self.offset < other.offset.saturating_add(other.bytes) && other.offset < self.offset.saturating_add(self.bytes)
    }
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
            if callee(instruction).is_some_and(|name| self.functions.contains_key(name)) {
                self.call(body, index, place)?;
                continue;
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

    /// Appends what the call at `index` does.
    fn call(&mut self, caller: &Kernel<'s>, index: usize, place: Place) -> Result<()> {
        let call = &caller.instructions[index];
        let line = call.line;
        let (results, name, arguments) = match call.operands.as_slice() {
            [Operand::Vector(results), Operand::Symbol { name, .. }, Operand::Vector(arguments), ..] => {
                (results, *name, arguments)
            }
            _ => return Err(self.error(line, "a call needs results, a function and arguments")),
        };
        let function = self.function(name, line)?;
        if arguments.len() != function.params.len() || results.len() != function.returns.len() {
            return Err(self.error(line, format!("the call and `{name}` differ in arguments or results")));
        }
        let done = self.label(line)?;
        let after_body = self.label(line)?;
        if let Some(guard) = call.guard {
            let guard = Guard { register: place.register(guard.register), negated: !guard.negated };
            let operands = vec![Operand::Label(done)];
            self.push(Instruction { line, guard: Some(guard), opcode: ours("bra"), operands })?;
        }

        // What the caller has stored for this call: everything since the call before.
        let before = &caller.instructions[..index];
        let start = before.iter().rposition(|instruction| callee(instruction).is_some()).map_or(0, |call| call + 1);
        for (argument, param) in arguments.iter().zip(&function.params) {
            let Operand::Symbol { name: argument, offset: 0 } = argument else {
                return Err(self.error(line, "arguments that are no `.param` variables are not supported"));
            };
            let stored = pieces(&before[start..], Access::St, argument);
            self.place(param.name, &stored, &pieces(&function.instructions, Access::Ld, param.name));
            self.declare(param.name, param.len_bytes, param.align_bytes);
            self.copy(argument, param.name, &stored, line)?;
        }

        let first_register = self.count(self.out.registers.len(), line)?;
        self.out.registers.extend_from_slice(&function.registers);
        for variable in &function.variables {
            self.adopt(variable, line)?;
        }
        self.stack.push(name);
        self.body(&function, first_register, Some(after_body))?;
        self.stack.pop();
        self.out.labels[after_body as usize] = self.count(self.out.instructions.len(), line)?;

        let behind = &caller.instructions[index + 1..];
        let end = behind.iter().position(|instruction| callee(instruction).is_some()).unwrap_or(behind.len());
        for (result, returned) in results.iter().zip(&function.returns) {
            let result = match result {
                Operand::Symbol { name, offset: 0 } => name,
                Operand::Sink => continue,
                _ => {
                    return Err(self.error(line, "results that are no `.param` variables are not supported"));
                }
            };
            let stored = pieces(&function.instructions, Access::St, returned.name);
            self.place(result, &stored, &pieces(&behind[..end], Access::Ld, result));
            self.declare(returned.name, returned.len_bytes, returned.align_bytes);
            self.copy(returned.name, result, &stored, line)?;
        }
        self.out.labels[done as usize] = self.count(self.out.instructions.len(), line)?;
        Ok(())
    }

    fn function(&mut self, name: &'s str, line: u32) -> Result<Rc<Kernel<'s>>> {
        if self.stack.contains(&name) {
            return Err(self.error(line, format!("recursive calls (of `{name}`) are not supported")));
        }
        if self.stack.len() >= MAX_DEPTH {
            return Err(self.error(line, format!("calls nest deeper than {MAX_DEPTH}")));
        }
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
            let (load, store, width) = match piece.bytes {
                1 => ("ld.param.b8", "st.param.b8", Width::B16),
                2 => ("ld.param.b16", "st.param.b16", Width::B16),
                4 => ("ld.param.b32", "st.param.b32", Width::B32),
                _ => ("ld.param.b64", "st.param.b64", Width::B64),
            };
            let register = Operand::Register(Reg(self.count(self.out.registers.len(), line)?));
            self.out.registers.push(width);
            let at = |name| Operand::Address { base: AddressBase::Symbol(name), offset: piece.offset };
            let (source, target) = (vec![register.clone(), at(from)], vec![at(to), register]);
            self.push(Instruction { line, guard: None, opcode: ours(load), operands: source })?;
            self.push(Instruction { line, guard: None, opcode: ours(store), operands: target })?;
        }
        Ok(())
    }

    /// Makes a function's parameter or result a variable of the kernel.
    fn declare(&mut self, name: &'s str, len_bytes: u32, align_bytes: u32) {
        let len_bytes = u64::from(len_bytes);
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
        let known = self.out.variables.iter_mut().find(|known| known.name == variable.name);
        match known {
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

/// The function that an instruction calls by name.
fn callee<'s>(instruction: &Instruction<'s>) -> Option<&'s str> {
    match (instruction.opcode.mnemonic(), instruction.operands.as_slice()) {
        (Mnemonic::Flow(Flow::Call), [_, Operand::Symbol { name, .. }, ..]) => Some(*name),
        (Mnemonic::Flow(Flow::Call), _) => Some(""),
        _ => None,
    }
}

/// An opcode that is written here.
fn ours(text: &'static str) -> Opcode<'static> {
    Opcode::parse(text).expect("branches, loads and stores are in the table")
}

/// The pieces of a `.param` variable that instructions store or load, each once.
fn pieces(instructions: &[Instruction<'_>], access: Access, variable: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    for instruction in instructions {
        if instruction.opcode.mnemonic() != Mnemonic::Access(access) {
            continue;
        }
        let (address, values) = match (access, instruction.operands.as_slice()) {
            (Access::St, [address, value]) | (Access::Ld, [value, address]) => (address, value),
            _ => continue,
        };
        let Operand::Address { base: AddressBase::Symbol(name), offset } = address else {
            continue;
        };
        let bytes = match instruction.opcode.last().trim_start_matches(|letter: char| letter.is_ascii_alphabetic()) {
            "8" => 1,
            "16" => 2,
            "32" => 4,
            _ => 8,
        };
        let count = if let Operand::Vector(elements) = values { elements.len() } else { 1 };
        for element in (0..).take(count).filter(|_| *name == variable) {
            let piece = Piece { offset: offset.saturating_add(element * bytes), bytes };
            if !found.contains(&piece) {
                found.push(piece);
            }
        }
    }
    found
}
