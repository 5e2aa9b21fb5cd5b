//! Calls of a module's own functions, replaced by their bodies: after this a kernel calls only what has no body here
//! (`vprintf`, `__assertfail`).
//!
//! A call passes its arguments through `.param` variables. The caller's variable is copied to the function's
//! parameter piece by piece, in the pieces that the caller has stored, and back for results, so that both sides keep
//! their names and nested calls that reuse a name do not disturb each other. Registers are moved. Where a function calls one whose
//! parameter has the name of its own, its own is put aside meanwhile.
//!
//! A call through a pointer becomes a choice among the functions whose address is taken.
//!
//! A function that may call itself, by whatever way, has one body behind the kernel's, and a stack. Whoever calls it leaves a number
//! there, goes to the body, and comes back by a branch to the number's label. Only calls within such bodies need save anything:
//! what the functions around them need afterwards.
//!
//! - this file: the walk over bodies. `functions`: which functions there are, and which of them may call themselves.
//! - `call`: what a call does. `pass`: arguments and results, in `pieces`. `place`: a body's numbers. `emit`: instructions of ours.
//! - `frame`: the stack, for such functions and `alloca`. `live`: what must be saved.
//!
//! These name each other, for it is one recursion: a body has calls, a call is a body, and both take room in its frame.

mod call;
mod emit;
mod frame;
mod functions;
mod live;
mod pass;
mod pieces;
mod place;

use std::collections::HashMap;
use std::rc::Rc;

use super::ast::{Instruction, Kernel, Module, Operand, Reg, Variable};
use super::cursor::Result;
use super::opcodes::{Flow, Mnemonic};
use call::{OutOfLine, Site};
use emit::ours;
use frame::{Ends, Frame};
use functions::{Functions, uses_stack};
use live::Live;
use place::Place;

/// Inlines all calls of functions that the module defines.
pub(super) fn calls<'s>(module: &Module<'s>, kernel: Kernel<'s>) -> Result<Kernel<'s>> {
    let is_called = |name: &str| module.functions.iter().any(|function| function.name == name);
    let has_calls = kernel.instructions.iter().filter_map(callee).any(|callee| match callee {
        Callee::Function(name) => is_called(name),
        Callee::Pointer(_) => true,
    });
    if !has_calls && !uses_stack(&kernel) {
        return Ok(kernel);
    }
    let functions = Functions::of(module, &kernel);
    let mut inliner = Inliner {
        module,
        activations: Vec::new(),
        own_variables: kernel.variables.clone(),
        owners: HashMap::new(),
        live: HashMap::new(),
        out_of_line: Vec::new(),
        number_of: HashMap::new(),
        frame: Frame::of_kernel(),
        ends: None,
        out: Kernel { labels: Vec::new(), instructions: Vec::new(), ..kernel.clone() },
        functions,
    };
    inliner.kernel(&kernel)?;
    Ok(inliner.out)
}

struct Inliner<'m, 's> {
    module: &'m Module<'s>,
    functions: Functions<'m, 's>,
    /// Functions whose bodies are being written, outermost first.
    activations: Vec<Activation<'s>>,
    /// The kernel's own.
    own_variables: Vec<Variable<'s>>,
    /// The functions that the kernel's other variables were declared in first.
    owners: HashMap<&'s str, &'s str>,
    live: HashMap<&'s str, Rc<Live<'s>>>,
    /// The functions that have a body of their own, in their order.
    out_of_line: Vec<OutOfLine<'s>>,
    /// Their indices by name.
    number_of: HashMap<&'s str, usize>,
    frame: Frame,
    /// The stack's, in kernels that need one.
    ends: Option<Ends>,
    out: Kernel<'s>,
}

/// A function whose body is being written.
struct Activation<'s> {
    function: Rc<Kernel<'s>>,
    place: Place,
    /// The call that is being written.
    call: usize,
    /// The variables that lie in the frame.
    locals: HashMap<&'s str, u32>,
}

impl<'s> Inliner<'_, 's> {
    /// Appends the kernel, and behind it the functions that have bodies of their own.
    fn kernel(&mut self, kernel: &Kernel<'s>) -> Result<()> {
        let line = kernel.instructions.first().map_or(0, |first| first.line);
        if self.functions.need_stack {
            self.begin_stack(line)?;
        }
        let place = self.place(0, kernel)?;
        self.body(kernel, place, None)?;
        if !self.functions.need_stack {
            return Ok(());
        }
        self.end_frame();
        self.emit(line, "exit", Vec::new())?;
        let mut written = 0;
        while written < self.out_of_line.len() {
            self.write_out_of_line(written)?;
            written += 1;
        }
        self.end_out_of_line();
        self.end_stack();
        Ok(())
    }

    /// Where a body's numbers are to begin.
    fn place(&mut self, first_register: u32, body: &Kernel<'s>) -> Result<Place> {
        let first_label = self.out.labels.len();
        self.out.labels.resize(first_label + body.labels.len(), 0);
        Ok(Place { first_register, first_label: self.count(first_label, 0)? })
    }

    /// Appends a body. Its `ret` goes to `after`.
    fn body(&mut self, body: &Kernel<'s>, place: Place, after: Option<u32>) -> Result<()> {
        let mut labels = (place.first_label..).zip(&body.labels).peekable();
        for (index, instruction) in body.instructions.iter().enumerate() {
            while let Some((label, _)) = labels.next_if(|(_, position)| **position as usize <= index) {
                self.put_label(label, instruction.line)?;
            }
            let site = Site { caller: body, index, place };
            match callee(instruction) {
                Some(Callee::Function(name)) if self.functions.has(name) => {
                    self.call(site, name)?;
                    continue;
                }
                Some(Callee::Pointer(pointer)) => {
                    self.call_through(site, place.register(pointer))?;
                    continue;
                }
                _ => {}
            }
            let mut instruction = instruction.clone();
            place.apply(&mut instruction);
            self.find_in_frame(&mut instruction)?;
            match (instruction.opcode.mnemonic(), after) {
                (Mnemonic::Stack(stack), _) => {
                    self.move_stack(stack, &instruction)?;
                    continue;
                }
                (Mnemonic::Flow(Flow::Ret), Some(after)) => {
                    instruction.opcode = ours("bra");
                    instruction.operands = vec![Operand::Label(after)];
                }
                _ => {}
            }
            self.push(instruction)?;
        }
        for (label, _) in labels {
            self.put_label(label, 0)?;
        }
        Ok(())
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

/// A call's results and arguments.
fn lists<'a, 's>(call: &'a Instruction<'s>) -> Option<(&'a [Operand<'s>], &'a [Operand<'s>])> {
    match call.operands.as_slice() {
        [Operand::Vector(results), _, Operand::Vector(arguments), ..] => Some((results, arguments)),
        _ => None,
    }
}
