//! What is appended to the kernel: instructions, labels and registers, none of them without end.

use super::super::Error;
use super::super::ast::{AddressBase, Instruction, Opcode, Operand, Reg, Width};
use super::super::cursor::Result;
use super::Inliner;

/// Instructions of a kernel after inlining; real ones have some ten thousand.
const MAX_INSTRUCTIONS: usize = 1 << 20;

impl<'s> Inliner<'_, 's> {
    pub(super) fn push(&mut self, instruction: Instruction<'s>) -> Result<()> {
        if self.out.instructions.len() >= MAX_INSTRUCTIONS {
            return Err(
                self.error(instruction.line, format!("more than {MAX_INSTRUCTIONS} instructions with all calls"))
            );
        }
        self.out.instructions.push(instruction);
        Ok(())
    }

    /// Appends an instruction of ours.
    pub(super) fn emit(&mut self, line: u32, opcode: &'static str, operands: Vec<Operand<'s>>) -> Result<()> {
        self.push(Instruction { line, guard: None, opcode: ours(opcode), operands })
    }

    pub(super) fn register(&mut self, width: Width, line: u32) -> Result<Reg> {
        Ok(Reg(self.registers(&[width], line)?))
    }

    /// Adds registers; gives the number of the first.
    pub(super) fn registers(&mut self, widths: &[Width], line: u32) -> Result<u32> {
        let first = self.count(self.out.registers.len(), line)?;
        self.count(self.out.registers.len() + widths.len(), line)?;
        self.out.registers.extend_from_slice(widths);
        Ok(first)
    }

    pub(super) fn label(&mut self, line: u32) -> Result<u32> {
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
    pub(super) fn put_label(&mut self, label: u32, line: u32) -> Result<()> {
        self.out.labels[label as usize] = self.count(self.out.instructions.len(), line)?;
        Ok(())
    }

    pub(super) fn count(&self, count: usize, line: u32) -> Result<u32> {
        u32::try_from(count).map_err(|_| self.error(line, "more registers or labels than 32 bits can count"))
    }

    pub(super) fn error(&self, line: u32, message: impl Into<String>) -> Error {
        let source = self.module.source;
        let source_line = source.lines().nth((line as usize).saturating_sub(1)).unwrap_or("");
        let source_line = source_line.chars().take(160).collect();
        Error { line, column: 1, message: message.into(), source_line, opcode: String::new() }
    }
}

/// `[name+offset]`
pub(super) fn at(name: &str, offset: i64) -> Operand<'_> {
    Operand::Address { base: AddressBase::Symbol(name), offset }
}

/// A load and a store of so many bytes of a `.param` variable, and the register between them.
pub(super) fn param_accesses(len_bytes: i64) -> (&'static str, &'static str, Width) {
    match len_bytes {
        1 => ("ld.param.b8", "st.param.b8", Width::B16),
        2 => ("ld.param.b16", "st.param.b16", Width::B16),
        4 => ("ld.param.b32", "st.param.b32", Width::B32),
        _ => ("ld.param.b64", "st.param.b64", Width::B64),
    }
}

/// A load and a store of a register in local memory.
pub(super) fn local_accesses(width: Width) -> (&'static str, &'static str) {
    match width {
        Width::Pred | Width::B16 => ("ld.local.b16", "st.local.b16"),
        Width::B32 => ("ld.local.b32", "st.local.b32"),
        Width::B64 => ("ld.local.b64", "st.local.b64"),
    }
}

pub(super) fn move_of(width: Width) -> &'static str {
    match width {
        Width::Pred => "mov.pred",
        Width::B16 => "mov.b16",
        Width::B32 => "mov.b32",
        Width::B64 => "mov.b64",
    }
}

/// An opcode that is written here.
pub(super) fn ours(text: &'static str) -> Opcode<'static> {
    Opcode::parse(text).expect("branches, loads and stores are in the table")
}
