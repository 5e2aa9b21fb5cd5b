//! Where a body's registers and labels begin in the kernel.

use super::super::ast::{AddressBase, Instruction, Operand, Reg};

/// What is added to a body's numbers.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) first_register: u32,
    pub(super) first_label: u32,
}

impl Place {
    pub(super) fn register(self, register: Reg) -> Reg {
        Reg(register.0 + self.first_register)
    }

    pub(super) fn apply(self, instruction: &mut Instruction<'_>) {
        if let Some(guard) = &mut instruction.guard {
            guard.register = self.register(guard.register);
        }
        instruction.operands.iter_mut().for_each(|operand| self.operand(operand));
    }

    pub(super) fn operand(self, operand: &mut Operand<'_>) {
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
