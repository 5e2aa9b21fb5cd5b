//! What PTX instructions do to registers and to control flow.

use super::step::{Control, DefUse};
use crate::ptx::ast::{AddressBase, Instruction, Kernel, Operand, Reg};
use crate::ptx::opcodes::{Flow, Lanes, Mnemonic, System};

/// Where threads go after each of a kernel's instructions.
pub fn control(kernel: &Kernel<'_>) -> Vec<Control> {
    let end = kernel.instructions.len();
    let position = |label: u32| match kernel.labels.get(label as usize) {
        Some(position) => *position,
        None => u32::try_from(end).expect("instructions are counted in 32 bits"),
    };
    let control = |instruction: &Instruction<'_>| {
        let conditional = instruction.guard.is_some();
        let flow = match instruction.opcode.mnemonic() {
            Mnemonic::Flow(flow) => flow,
            Mnemonic::System(System::Trap) => return Control::Exit { conditional },
            _ => return Control::Fallthrough,
        };
        match (flow, instruction.operands.as_slice()) {
            (Flow::Bra, [Operand::Label(label)]) => Control::Branch { target: position(*label), conditional },
            (Flow::Brx, [_, Operand::Vector(labels)]) => {
                let targets = labels.iter().filter_map(|label| match label {
                    Operand::Label(label) => Some(position(*label)),
                    _ => None,
                });
                Control::Table { targets: targets.collect(), conditional }
            }
            (Flow::Exit | Flow::Ret, _) => Control::Exit { conditional },
            // Other operands than a branch has are the lowering's to refuse.
            (Flow::Bra | Flow::Brx | Flow::Call | Flow::Bar | Flow::Barrier, _) => Control::Fallthrough,
        }
    };
    kernel.instructions.iter().map(control).collect()
}

/// The registers that an instruction sets and needs.
pub fn def_use(instruction: &Instruction<'_>) -> DefUse {
    let mut result = DefUse::default();
    let facts = instruction.opcode.mnemonic().facts();
    let destinations = instruction.opcode.destination_count();
    for (index, operand) in instruction.operands.iter().enumerate() {
        if index < destinations {
            collect_destination(operand, &mut result);
        } else {
            collect(operand, &mut result.uses);
        }
    }
    if let Some(guard) = instruction.guard {
        result.uses.extend_from_slice(&result.defs);
        result.uses.push(guard.register);
    }
    result.early_clobber = result.defs.len() > 1 || facts.lanes == Lanes::Together;
    result
}

fn collect_destination(operand: &Operand<'_>, result: &mut DefUse) {
    match operand {
        // A destination in memory, or in a state that has no registers.
        Operand::Address { .. } => collect(operand, &mut result.uses),
        other => collect(other, &mut result.defs),
    }
}

/// All registers of an operand. Vectors and pairs hold no further ones, so this ends.
fn collect(operand: &Operand<'_>, registers: &mut Vec<Reg>) {
    match operand {
        Operand::Register(register) | Operand::Negated(register) => registers.push(*register),
        Operand::Address { base: AddressBase::Register(register), .. } => registers.push(*register),
        Operand::Vector(operands) => operands.iter().for_each(|operand| collect(operand, registers)),
        Operand::Pair(first, second) => {
            collect(first, registers);
            collect(second, registers);
        }
        Operand::Address { .. }
        | Operand::Immediate(_)
        | Operand::Special(_)
        | Operand::Symbol { .. }
        | Operand::Label(_)
        | Operand::Sink => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ptx::ast::{Guard, Opcode};

    fn register(number: u32) -> Operand<'static> {
        Operand::Register(Reg(number))
    }

    fn address(number: u32) -> Operand<'static> {
        Operand::Address { base: AddressBase::Register(Reg(number)), offset: 0 }
    }

    fn instruction<'s>(opcode: &'s str, operands: Vec<Operand<'s>>) -> Instruction<'s> {
        let opcode = Opcode::parse(opcode).expect("an instruction of the table");
        Instruction { line: 1, guard: None, opcode, operands }
    }

    fn numbers(opcode: &str, operands: Vec<Operand<'_>>) -> (Vec<u32>, Vec<u32>) {
        let found = def_use(&instruction(opcode, operands));
        let numbers = |registers: Vec<Reg>| registers.into_iter().map(|register| register.0).collect();
        (numbers(found.defs), numbers(found.uses))
    }

    #[test]
    fn the_first_operand_is_set_and_the_others_are_needed() {
        assert_eq!(numbers("add.f32", vec![register(0), register(1), register(2)]), (vec![0], vec![1, 2]));
    }

    #[test]
    fn stores_and_reductions_in_memory_set_nothing() {
        assert_eq!(numbers("st.global.f32", vec![address(0), register(1)]), (vec![], vec![0, 1]));
        assert_eq!(numbers("red.global.add.u32", vec![address(0), register(1)]), (vec![], vec![0, 1]));
        assert_eq!(numbers("cp.async.cg.shared.global", vec![address(0), address(1)]), (vec![], vec![0, 1]));
    }

    #[test]
    fn vectors_and_pairs_of_destinations_are_all_set() {
        let vector = Operand::Vector(vec![register(0), register(1)]);
        assert_eq!(numbers("ld.global.v2.f32", vec![vector, address(2)]), (vec![0, 1], vec![2]));
        let pair = Operand::Pair(Box::new(register(0)), Box::new(register(1)));
        let setp = vec![pair, register(2), register(3)];
        assert_eq!(numbers("setp.lt.and.f32", setp), (vec![0, 1], vec![2, 3]));
    }

    #[test]
    fn a_sink_is_not_set() {
        assert_eq!(numbers("atom.global.add.u32", vec![Operand::Sink, address(0), register(1)]), (vec![], vec![0, 1]));
    }

    #[test]
    fn barriers_set_a_register_only_when_they_reduce() {
        assert_eq!(numbers("bar.sync", vec![register(0)]), (vec![], vec![0]));
        let reduction = vec![register(0), register(1), Operand::Negated(Reg(2))];
        assert_eq!(numbers("bar.red.popc.u32", reduction), (vec![0], vec![1, 2]));
    }

    #[test]
    fn a_guarded_instruction_needs_its_destination_too() {
        let mut guarded = instruction("mov.u32", vec![register(0), register(1)]);
        guarded.guard = Some(Guard { register: Reg(9), negated: true });
        assert_eq!(def_use(&guarded).uses, [Reg(1), Reg(0), Reg(9)]);
    }

    #[test]
    fn shuffles_and_loads_of_vectors_clobber_early_and_arithmetic_does_not() {
        let three = || vec![register(0), register(1), register(2)];
        assert!(def_use(&instruction("shfl.sync.bfly.b32", three())).early_clobber);
        assert!(!def_use(&instruction("add.u32", three())).early_clobber);
        let vector = Operand::Vector(vec![register(0), register(1)]);
        assert!(def_use(&instruction("ld.shared.v2.u32", vec![vector, address(2)])).early_clobber);
    }
}
