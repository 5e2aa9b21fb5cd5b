//! What a call does: the function's body stands in its place, or is gone to and come back from.

use std::rc::Rc;

use super::super::ast::{Guard, Immediate, Instruction, Kernel, Operand, Reg, Width};
use super::super::cursor::Result;
use super::emit::ours;
use super::frame::Frame;
use super::live::{Held, Live};
use super::place::Place;
use super::{Activation, Inliner, lists};

/// How deep calls may nest that are replaced by bodies.
const MAX_DEPTH: usize = 64;

const NO_CALL: &str = "a call needs results, a function and arguments";

/// Where a call stands.
#[derive(Clone, Copy)]
pub(super) struct Site<'a, 's> {
    pub(super) caller: &'a Kernel<'s>,
    /// The call among its instructions.
    pub(super) index: usize,
    pub(super) place: Place,
}

impl<'a, 's> Site<'a, 's> {
    pub(super) fn call(&self) -> &'a Instruction<'s> {
        &self.caller.instructions[self.index]
    }

    pub(super) fn line(&self) -> u32 {
        self.call().line
    }
}

/// A function with a body of its own.
pub(super) struct OutOfLine<'s> {
    function: Rc<Kernel<'s>>,
    first_register: u32,
    /// The label where it begins.
    entry: u32,
    /// The labels behind its calls, which each are left as a number.
    returns: Vec<Operand<'s>>,
    /// The instruction that goes to one of them, once it is written.
    exit: usize,
}

impl<'s> Inliner<'_, 's> {
    /// Appends what the call of a function does.
    pub(super) fn call(&mut self, site: Site<'_, 's>, name: &'s str) -> Result<()> {
        let done = self.label(site.line())?;
        self.skip_unless(site, done)?;
        self.enter(site, name)?;
        self.put_label(done, site.line())
    }

    /// Appends what a call through a pointer does: one of the functions that it can lead to.
    pub(super) fn call_through(&mut self, site: Site<'_, 's>, pointer: Reg) -> Result<()> {
        let line = site.line();
        let (results, arguments) = lists(site.call()).ok_or_else(|| self.error(line, NO_CALL))?;
        let done = self.label(line)?;
        self.skip_unless(site, done)?;
        let is_other = self.register(Width::Pred, line)?;
        for &name in &*self.functions.addressed() {
            let function = self.functions.parsed(name)?;
            let fits = (function.returns.len(), function.params.len()) == (results.len(), arguments.len());
            let Some(address) = self.module.function_address(name).filter(|_| fits) else {
                continue;
            };
            let next = self.label(line)?;
            let address = Operand::Immediate(Immediate::Integer(address));
            let operands = vec![Operand::Register(is_other), Operand::Register(pointer), address];
            self.emit(line, "setp.ne.u64", operands)?;
            let guard = Some(Guard { register: is_other, negated: false });
            self.push(Instruction { line, guard, opcode: ours("bra"), operands: vec![Operand::Label(next)] })?;
            self.enter(site, name)?;
            self.emit(line, "bra", vec![Operand::Label(done)])?;
            self.put_label(next, line)?;
        }
        // What is left leads nowhere.
        let mut lost = Instruction { guard: None, ..site.call().clone() };
        site.place.apply(&mut lost);
        self.push(lost)?;
        self.put_label(done, line)
    }

    /// Goes on at `done` where a call's guard does not hold.
    fn skip_unless(&mut self, site: Site<'_, 's>, done: u32) -> Result<()> {
        let Some(guard) = site.call().guard else {
            return Ok(());
        };
        let guard = Guard { register: site.place.register(guard.register), negated: !guard.negated };
        let operands = vec![Operand::Label(done)];
        self.push(Instruction { line: site.line(), guard: Some(guard), opcode: ours("bra"), operands })
    }

    /// Appends a function as a call calls it.
    fn enter(&mut self, site: Site<'_, 's>, name: &'s str) -> Result<()> {
        let line = site.line();
        let (results, arguments) = lists(site.call()).ok_or_else(|| self.error(line, NO_CALL))?;
        let function = self.functions.parsed(name)?;
        if arguments.len() != function.params.len() || results.len() != function.returns.len() {
            return Err(self.error(line, format!("the call and `{name}` differ in arguments or results")));
        }
        if let Some(caller) = self.activations.last_mut() {
            caller.call = site.index;
        }
        if self.functions.is_recursive(name) { self.go_to(site, &function) } else { self.inline(site, function) }
    }

    /// Appends a function in place of a call.
    fn inline(&mut self, site: Site<'_, 's>, function: Rc<Kernel<'s>>) -> Result<()> {
        let line = site.line();
        if self.activations.len() >= MAX_DEPTH {
            return Err(self.error(line, format!("calls nest deeper than {MAX_DEPTH}")));
        }
        let after = self.label(line)?;
        let first_register = self.registers(&function.registers, line)?;
        let aside = self.put_aside(site, &function)?;
        self.pass(site, &function, first_register)?;
        let end = self.frame.end;
        self.write(Rc::clone(&function), first_register, after, line)?;
        self.frame.end = end;
        self.take(site, &function, first_register)?;
        aside.into_iter().try_for_each(|instruction| self.push(instruction))
    }

    /// Appends a function's body with what stands around it wherever it is.
    fn write(&mut self, function: Rc<Kernel<'s>>, first_register: u32, after: u32, line: u32) -> Result<()> {
        let locals = self.frame_variables(&function, line)?;
        self.adopt(&function, line)?;
        let noted = self.note_taken(&function, line)?;
        let place = self.place(first_register, &function)?;
        let activation = Activation { function: Rc::clone(&function), place, call: 0, locals };
        self.activations.push(activation);
        self.body(&function, place, Some(after))?;
        self.activations.pop();
        self.put_label(after, line)?;
        self.give_back(noted, line)
    }

    /// Appends the way to a function that has a body of its own, and back.
    fn go_to(&mut self, site: Site<'_, 's>, function: &Rc<Kernel<'s>>) -> Result<()> {
        let line = site.line();
        let number = self.out_of_line(function, line)?;
        let back = self.label(line)?;
        let OutOfLine { first_register, entry, ref mut returns, .. } = self.out_of_line[number];
        let link = Operand::Immediate(Immediate::Integer(returns.len() as u64));
        returns.push(Operand::Label(back));

        let end = self.frame.end;
        let held = self.held(line)?;
        let places = self.save(&held, line)?;
        self.pass(site, function, first_register)?;
        let next = self.next_frame(line)?;
        let address = self.in_frame(next);
        self.emit(line, "st.local.b32", vec![address, link])?;
        self.move_frame("add.u64", next, line)?;
        self.emit(line, "bra", vec![Operand::Label(entry)])?;
        self.put_label(back, line)?;
        self.move_frame("sub.u64", next, line)?;
        self.take(site, function, first_register)?;
        self.restore(&held, &places, line)?;
        self.frame.end = end;
        Ok(())
    }

    /// What the functions around the call that is being written need after it, and a function may overwrite that is gone to. In such
    /// functions there is but one around it: what leads to another call of them is inlined in none.
    fn held(&mut self, line: u32) -> Result<Vec<Held<'s>>> {
        let mut all: Vec<Held<'s>> = Vec::new();
        for index in 0..self.activations.len() {
            let function = Rc::clone(&self.activations[index].function);
            let live = self.live(&function, line)?;
            let Activation { place, call, .. } = self.activations[index];
            for held in live.over(call) {
                match held {
                    // The kernel's own, and those of functions inlined in it, are not written again before it goes on.
                    Held::Register(_) if self.frame.is_kernel => {}
                    Held::Register(register) => all.push(Held::Register(place.register(register))),
                    // Its variable is that of all parameters of its name.
                    Held::Piece(..) if all.contains(&held) => {}
                    Held::Piece(..) => all.push(held),
                }
            }
        }
        Ok(all)
    }

    fn live(&mut self, function: &Kernel<'s>, line: u32) -> Result<Rc<Live<'s>>> {
        if let Some(live) = self.live.get(function.name) {
            return Ok(Rc::clone(live));
        }
        let live = Live::of(function);
        let live = live.ok_or_else(|| self.error(line, format!("`{}` is too large to call itself", function.name)))?;
        Ok(Rc::clone(self.live.entry(function.name).insert_entry(Rc::new(live)).get()))
    }

    /// The number of a function that has a body of its own, or gets one.
    fn out_of_line(&mut self, function: &Rc<Kernel<'s>>, line: u32) -> Result<usize> {
        if let Some(known) = self.number_of.get(function.name) {
            return Ok(*known);
        }
        let first_register = self.registers(&function.registers, line)?;
        let entry = self.label(line)?;
        let function = Rc::clone(function);
        let number = self.out_of_line.len();
        self.number_of.insert(function.name, number);
        self.out_of_line.push(OutOfLine { function, first_register, entry, returns: Vec::new(), exit: 0 });
        Ok(number)
    }

    /// Appends the body of a function that has one of its own.
    pub(super) fn write_out_of_line(&mut self, number: usize) -> Result<()> {
        let OutOfLine { ref function, first_register, entry, .. } = self.out_of_line[number];
        let function = Rc::clone(function);
        let line = function.instructions.first().map_or(0, |first| first.line);
        self.frame = Frame::of_function();
        self.put_label(entry, line)?;
        self.check_room(line)?;
        let after = self.label(line)?;
        self.write(function, first_register, after, line)?;
        let link = Operand::Register(self.register(Width::B32, line)?);
        let address = self.in_frame(0);
        self.emit(line, "ld.local.b32", vec![link.clone(), address])?;
        self.out_of_line[number].exit = self.out.instructions.len();
        self.emit(line, "brx.idx", vec![link, Operand::Vector(Vec::new())])?;
        self.end_frame();
        Ok(())
    }

    /// Tells the functions that have a body of their own whence they have been called.
    pub(super) fn end_out_of_line(&mut self) {
        for OutOfLine { returns, exit, .. } in std::mem::take(&mut self.out_of_line) {
            self.out.instructions[exit].operands[1] = Operand::Vector(returns);
        }
    }
}
