//! The stack of a thread: frames of functions that may call themselves, and what `alloca` takes.
//!
//! It is local memory with two ends. Frames grow up from its start: a frame has the number of the place to return to, the
//! function's `.local` variables and those of the functions inlined in it, and what these need after a call. `alloca` takes memory
//! from the other end down, and whoever uses it puts that end back when it returns. The kernel's own frame has no variables: it
//! runs once.

use std::collections::HashMap;

use super::super::ast::{AddressBase, Immediate, Instruction, Kernel, Operand, Reg, Space, Variable, Width};
use super::super::cursor::Result;
use super::super::opcodes::Stack;
use super::super::{CALL_STACK, CALL_STACK_END};
use super::emit::{at, local_accesses, ours, param_accesses};
use super::functions::uses_stack;
use super::live::Held;
use super::{Activation, Inliner};

/// Where frames begin, and their variables: no part of a thread's local memory is aligned for more.
const ALIGN_BYTES: u32 = 16;
/// What a frame begins with: the place to return to.
const LINK_BYTES: u32 = 4;
/// No thread's stack is larger.
const MAX_FRAME_BYTES: u32 = 512 << 10;
/// The largest alignment that `alloca` takes.
const MAX_ALLOCA_ALIGN: u64 = 1 << 23;

/// The registers that hold the stack's ends.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    /// Where the frame of the function that runs begins.
    pub(super) frame: Reg,
    /// Where the memory begins that `alloca` has taken.
    pub(super) taken: Reg,
}

/// The frame of the function that is being written.
#[derive(Default)]
pub(super) struct Frame {
    /// Whether the function is the kernel.
    pub(super) is_kernel: bool,
    /// The bytes that are in use at this point.
    pub(super) end: u32,
    /// The most that are in use anywhere, with what a call writes.
    most: u32,
    /// Operands that are that number, once it is known: instructions, and which of their operands.
    awaiting: Vec<(usize, usize)>,
}

impl Frame {
    pub(super) fn of_kernel() -> Self {
        Self { is_kernel: true, ..Self::default() }
    }

    pub(super) fn of_function() -> Self {
        Self { end: LINK_BYTES, most: LINK_BYTES, ..Self::default() }
    }

    /// Takes room; `None` when no stack has so much.
    fn take(&mut self, len_bytes: u64, align_bytes: u32) -> Option<u32> {
        let start = self.end.checked_next_multiple_of(align_bytes.clamp(1, ALIGN_BYTES))?;
        let end = u64::from(start).checked_add(len_bytes)?;
        self.end = u32::try_from(end).ok().filter(|end| *end <= MAX_FRAME_BYTES)?;
        self.most = self.most.max(self.end);
        Some(start)
    }
}

impl<'s> Inliner<'_, 's> {
    /// Where the stack's ends are; whoever asks for them has been found to need a stack before.
    pub(super) fn ends(&self) -> Ends {
        self.ends.expect("functions that need a stack were looked for first")
    }

    /// Begins the kernel with an empty stack.
    pub(super) fn begin_stack(&mut self, line: u32) -> Result<()> {
        let ends = Ends { frame: self.register(Width::B64, line)?, taken: self.register(Width::B64, line)? };
        self.ends = Some(ends);
        let start = Operand::Symbol { name: CALL_STACK, offset: 0 };
        self.emit(line, "mov.u64", vec![Operand::Register(ends.frame), start])?;
        self.emit(line, "mov.u64", vec![Operand::Register(ends.taken), Operand::Special(CALL_STACK_END)])
    }

    /// Makes the stack the last of the kernel's variables. It has what a launch adds to them.
    pub(super) fn end_stack(&mut self) {
        self.out.variables.push(Variable {
            name: CALL_STACK,
            space: Space::Local,
            align_bytes: ALIGN_BYTES,
            len_bytes: 0,
            init: Vec::new(),
            relocations: Vec::new(),
            is_extern: false,
            is_managed: false,
        });
    }

    /// Takes room in the frame.
    pub(super) fn take_room(&mut self, len_bytes: u64, align_bytes: u32, line: u32) -> Result<u32> {
        let start = self.frame.take(len_bytes, align_bytes);
        start.ok_or_else(|| self.error(line, format!("a frame of more than {MAX_FRAME_BYTES} bytes")))
    }

    /// Where the frame of a function begins that is called here.
    pub(super) fn next_frame(&mut self, line: u32) -> Result<u32> {
        let end = self.frame.end;
        let start = self.take_room(0, ALIGN_BYTES, line)?;
        self.take_room(u64::from(LINK_BYTES), LINK_BYTES, line)?;
        self.frame.end = end;
        Ok(start)
    }

    /// `[frame+offset]`
    pub(super) fn in_frame(&self, offset: u32) -> Operand<'s> {
        Operand::Address { base: AddressBase::Register(self.ends().frame), offset: i64::from(offset) }
    }

    /// Moves the frame's start.
    pub(super) fn move_frame(&mut self, opcode: &'static str, by: u32, line: u32) -> Result<()> {
        let frame = Operand::Register(self.ends().frame);
        let by = Operand::Immediate(Immediate::Integer(u64::from(by)));
        self.emit(line, opcode, vec![frame.clone(), frame, by])
    }

    /// Faults where the stack has no room for the frame that begins: memory of its length is asked for, aligned to nothing, and not
    /// taken.
    pub(super) fn check_room(&mut self, line: u32) -> Result<()> {
        let Ends { frame, taken } = self.ends();
        let align = Operand::Immediate(Immediate::Integer(1));
        self.frame.awaiting.push((self.out.instructions.len(), 1));
        let operands = vec![Operand::Sink, Operand::Sink, align, Operand::Register(taken), Operand::Register(frame)];
        self.emit(line, "alloca.u64", operands)
    }

    /// Tells those who wait for it how long the frame has become.
    pub(super) fn end_frame(&mut self) {
        for (instruction, operand) in std::mem::take(&mut self.frame.awaiting) {
            let most = Operand::Immediate(Immediate::Integer(u64::from(self.frame.most)));
            self.out.instructions[instruction].operands[operand] = most;
        }
    }

    /// Takes a function's `.local` variables into the frame, but for those of functions that are inlined in the kernel alone.
    pub(super) fn frame_variables(&mut self, function: &Kernel<'s>, line: u32) -> Result<HashMap<&'s str, u32>> {
        let mut places = HashMap::new();
        let locals = function.variables.iter().filter(|variable| variable.space == Space::Local);
        let is_kernel = self.frame.is_kernel;
        for variable in locals.filter(|_| !is_kernel) {
            places.insert(variable.name, self.take_room(variable.len_bytes, variable.align_bytes, line)?);
        }
        Ok(places)
    }

    /// Has an instruction find the variables that lie in the frame.
    pub(super) fn find_in_frame(&mut self, instruction: &mut Instruction<'s>) -> Result<()> {
        let Some(Activation { locals, .. }) = self.activations.last().filter(|last| !last.locals.is_empty()) else {
            return Ok(());
        };
        let mut found = Vec::new();
        for (index, operand) in instruction.operands.iter().enumerate() {
            let elements = if let Operand::Vector(elements) = operand {
                elements.as_slice()
            } else {
                std::slice::from_ref(operand)
            };
            for (element, operand) in elements.iter().enumerate() {
                let (Operand::Symbol { name, offset } | Operand::Address { base: AddressBase::Symbol(name), offset }) =
                    operand
                else {
                    continue;
                };
                if let Some(start) = locals.get(name) {
                    let is_address = matches!(operand, Operand::Address { .. });
                    found.push((index, element, is_address, i64::from(*start).wrapping_add(*offset)));
                }
            }
        }
        for (index, element, is_address, offset) in found {
            let new = self.frame_operand(instruction, is_address, offset)?;
            match &mut instruction.operands[index] {
                Operand::Vector(elements) => elements[element] = new,
                operand => *operand = new,
            }
        }
        Ok(())
    }

    fn frame_operand(&mut self, instruction: &Instruction<'s>, is_address: bool, offset: i64) -> Result<Operand<'s>> {
        let (line, frame) = (instruction.line, self.ends().frame);
        let space = instruction.opcode.modifiers().find_map(|modifier| match modifier.split("::").next() {
            Some(space @ ("local" | "global" | "const" | "shared" | "param")) => Some(space),
            _ => None,
        });
        match space.filter(|_| is_address) {
            Some("local") => return Ok(Operand::Address { base: AddressBase::Register(frame), offset }),
            Some(space) => return Err(self.error(line, format!("a local variable is not in the space `{space}`"))),
            None => {}
        }
        let address = self.register(Width::B64, line)?;
        let by = Operand::Immediate(Immediate::Integer(offset.cast_unsigned()));
        self.emit(line, "add.u64", vec![Operand::Register(address), Operand::Register(frame), by])?;
        if !is_address {
            return Ok(Operand::Register(address));
        }
        self.emit(line, "cvta.local.u64", vec![Operand::Register(address); 2])?;
        Ok(Operand::Address { base: AddressBase::Register(address), offset: 0 })
    }

    /// Keeps what is held in the frame, and gives where.
    pub(super) fn save(&mut self, held: &[Held<'s>], line: u32) -> Result<Vec<u32>> {
        let mut places = Vec::with_capacity(held.len());
        for held in held {
            let (value, width, len_bytes) = match *held {
                Held::Register(register) => match self.out.registers[register.0 as usize] {
                    Width::Pred => {
                        let number = self.register(Width::B32, line)?;
                        let [one, none] = [1, 0].map(|value| Operand::Immediate(Immediate::Integer(value)));
                        let operands = vec![Operand::Register(number), one, none, Operand::Register(register)];
                        self.emit(line, "selp.b32", operands)?;
                        (number, Width::B32, 4)
                    }
                    width => (register, width, width.lane_bytes()),
                },
                Held::Piece(name, piece) => {
                    let (load, _, width) = param_accesses(piece.bytes);
                    let value = self.register(width, line)?;
                    self.emit(line, load, vec![Operand::Register(value), at(name, piece.offset)])?;
                    (value, width, width.lane_bytes())
                }
            };
            let offset = self.take_room(u64::from(len_bytes), len_bytes, line)?;
            places.push(offset);
            let address = self.in_frame(offset);
            self.emit(line, local_accesses(width).1, vec![address, Operand::Register(value)])?;
        }
        Ok(places)
    }

    /// Puts back what [`Self::save`] has kept.
    pub(super) fn restore(&mut self, held: &[Held<'s>], places: &[u32], line: u32) -> Result<()> {
        for (held, offset) in held.iter().zip(places) {
            let address = self.in_frame(*offset);
            match *held {
                Held::Register(register) => match self.out.registers[register.0 as usize] {
                    Width::Pred => {
                        let number = Operand::Register(self.register(Width::B32, line)?);
                        self.emit(line, "ld.local.b32", vec![number.clone(), address])?;
                        let none = Operand::Immediate(Immediate::Integer(0));
                        self.emit(line, "setp.ne.u32", vec![Operand::Register(register), number, none])?;
                    }
                    width => self.emit(line, local_accesses(width).0, vec![Operand::Register(register), address])?,
                },
                Held::Piece(name, piece) => {
                    let (_, store, width) = param_accesses(piece.bytes);
                    let value = Operand::Register(self.register(width, line)?);
                    self.emit(line, local_accesses(width).0, vec![value.clone(), address])?;
                    self.emit(line, store, vec![at(name, piece.offset), value])?;
                }
            }
        }
        Ok(())
    }

    /// Notes where the memory begins that `alloca` has taken before a function that takes more; gives where that stands.
    pub(super) fn note_taken(&mut self, function: &Kernel<'s>, line: u32) -> Result<Option<u32>> {
        if !uses_stack(function) {
            return Ok(None);
        }
        let offset = self.take_room(8, 8, line)?;
        let (address, taken) = (self.in_frame(offset), Operand::Register(self.ends().taken));
        self.emit(line, "st.local.b64", vec![address, taken])?;
        Ok(Some(offset))
    }

    /// Gives back what a function has taken.
    pub(super) fn give_back(&mut self, noted: Option<u32>, line: u32) -> Result<()> {
        let Some(offset) = noted else { return Ok(()) };
        let (address, taken) = (self.in_frame(offset), Operand::Register(self.ends().taken));
        self.emit(line, "ld.local.b64", vec![taken, address])
    }

    /// Appends `alloca` with the stack's ends as operands, and the others as copies of them.
    pub(super) fn move_stack(&mut self, stack: Stack, instruction: &Instruction<'s>) -> Result<()> {
        let Instruction { line, guard, opcode, .. } = *instruction;
        let Ends { frame, taken } = self.ends();
        let copy = match opcode.last() {
            "u64" => ours("mov.b64"),
            "u32" => ours("mov.b32"),
            _ => return Err(self.error(line, "a stack is moved by `.u32` or `.u64`")),
        };
        let [taken, frame] = [taken, frame].map(Operand::Register);
        match (stack, instruction.operands.as_slice()) {
            (Stack::Stacksave, [to]) => {
                self.push(Instruction { line, guard, opcode: copy, operands: vec![to.clone(), taken] })
            }
            (Stack::Stackrestore, [from]) => {
                // All of the register is set, and not what a narrower one leaves of it.
                let operands = vec![taken, from.clone()];
                self.push(Instruction { line, guard, opcode: ours("mov.b64"), operands })
            }
            (Stack::Alloca, [to, len, align @ ..]) => {
                let align = match align {
                    [] => ALIGN_BYTES.into(),
                    [Operand::Immediate(Immediate::Integer(align))]
                        if align.is_power_of_two() && *align <= MAX_ALLOCA_ALIGN =>
                    {
                        (*align).max(ALIGN_BYTES.into())
                    }
                    _ => return Err(self.error(line, "an alignment is a power of two up to 2^23")),
                };
                let bottom = Operand::Register(self.register(Width::B64, line)?);
                self.frame.awaiting.push((self.out.instructions.len(), 2));
                self.emit(line, "add.u64", vec![bottom.clone(), frame, Operand::Sink])?;
                let align = Operand::Immediate(Immediate::Integer(align));
                let operands = vec![taken.clone(), len.clone(), align, taken.clone(), bottom];
                self.push(Instruction { line, guard, opcode, operands })?;
                self.push(Instruction { line, guard, opcode: copy, operands: vec![to.clone(), taken] })
            }
            _ => Err(self.error(line, format!("operands that `{}` does not have", opcode.text()))),
        }
    }
}
