//! Where a kernel's symbols lie in their state spaces.

use std::collections::{HashMap, HashSet};

use super::super::kernel::Symbols;
use super::refusal::Refusal;
use crate::ptx::ast::{self, AddressBase, Operand, Space};

/// What a symbol's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbol {
    /// An offset within the block's shared memory.
    Shared(u32),
    /// An offset within the thread's local memory.
    Local(u32),
    /// An offset within the kernel's parameters.
    Param(u32),
    /// An address in global or constant memory.
    Linear(u64),
    /// A parameter of a call, in registers.
    CallParam,
    /// The same at an offset within the thread's local memory.
    CallMemory(u32),
}

/// A kernel's symbols.
pub(super) struct Variables<'a, 's> {
    known: HashMap<&'s str, Symbol>,
    _module: &'a ast::Module<'s>,
    /// Static shared memory, up to where dynamic shared memory begins.
    pub(super) shared_bytes: u32,
    pub(super) local_bytes: u32,
}

/// Takes room in a space; `None` when it is full.
fn take(end: &mut u32, align_bytes: u32, len_bytes: u64) -> Option<u32> {
    let start = end.checked_next_multiple_of(align_bytes.max(1))?;
    *end = start.checked_add(u32::try_from(len_bytes).ok()?)?;
    Some(start)
}

impl<'a, 's> Variables<'a, 's> {
    pub(super) fn place(
        module: &'a ast::Module<'s>,
        kernel: &ast::Kernel<'s>,
        symbols: &dyn Symbols,
    ) -> Result<Self, Refusal> {
        let named = named_symbols(kernel);
        let mut known = HashMap::new();
        let (mut shared_end, mut local_end) = (0, 0);
        let mut dynamic = Vec::new();
        let mut dynamic_align_bytes = 16;
        let of_module = module.variables.iter().filter(|variable| named.contains(variable.name));
        for variable in of_module.chain(&kernel.variables) {
            let name = variable.name;
            let full = || format!("no room for {name} of {} bytes", variable.len_bytes);
            let symbol = match variable.space {
                Space::Shared if variable.is_extern || variable.len_bytes == 0 => {
                    dynamic.push(name);
                    dynamic_align_bytes = dynamic_align_bytes.max(variable.align_bytes);
                    continue;
                }
                Space::Shared => {
                    let offset = take(&mut shared_end, variable.align_bytes, variable.len_bytes).ok_or_else(full)?;
                    Symbol::Shared(offset)
                }
                Space::Local => {
                    Symbol::Local(take(&mut local_end, variable.align_bytes, variable.len_bytes).ok_or_else(full)?)
                }
                Space::Param if kernel.memory_params.contains(&name) => {
                    let offset = take(&mut local_end, variable.align_bytes, variable.len_bytes).ok_or_else(full)?;
                    Symbol::CallMemory(offset)
                }
                Space::Param => Symbol::CallParam,
                Space::Generic | Space::Global | Space::Const => {
                    let address = symbols.address(name).ok_or_else(|| format!("variable {name} has no address"))?;
                    Symbol::Linear(address)
                }
            };
            known.insert(name, symbol);
        }
        let shared_bytes = match dynamic.is_empty() {
            true => shared_end,
            false => {
                let too_much = || "too much shared memory".to_owned();
                shared_end.checked_next_multiple_of(dynamic_align_bytes).ok_or_else(too_much)?
            }
        };
        for name in dynamic {
            known.insert(name, Symbol::Shared(shared_bytes));
        }
        for name in named {
            if let Some(address) = module.function_address(name) {
                known.entry(name).or_insert(Symbol::Linear(address));
            }
        }
        for param in &kernel.params {
            if param.register.is_some() {
                return Err(format!("the parameter {} is a register", param.name));
            }
            known.insert(param.name, Symbol::Param(param.offset_bytes));
        }
        Ok(Self { known, _module: module, shared_bytes, local_bytes: local_end })
    }

    /// What a name stands for.
    pub(super) fn find(&self, name: &str) -> Result<Symbol, Refusal> {
        self.known.get(name).copied().ok_or_else(|| format!("{name} is not a variable that can be used here"))
    }
}

/// Names in the operands of a kernel.
fn named_symbols<'s>(kernel: &ast::Kernel<'s>) -> HashSet<&'s str> {
    fn collect<'s>(operand: &Operand<'s>, names: &mut HashSet<&'s str>) {
        match operand {
            Operand::Symbol { name, .. } | Operand::Address { base: AddressBase::Symbol(name), .. } => {
                names.insert(name);
            }
            Operand::Vector(operands) => operands.iter().for_each(|operand| collect(operand, names)),
            _ => {}
        }
    }
    let mut names = HashSet::new();
    for instruction in &kernel.instructions {
        instruction.operands.iter().for_each(|operand| collect(operand, &mut names));
    }
    names
}
