//! The functions that a kernel may come to: their bodies, whose addresses are taken, and which may call themselves.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::super::ast::{Instruction, Kernel, KernelText, Module, Operand};
use super::super::cursor::Result;
use super::super::kernel;
use super::super::opcodes::Mnemonic;
use super::{Callee, callee, lists};

/// A module's functions, as one kernel sees them.
pub(super) struct Functions<'m, 's> {
    module: &'m Module<'s>,
    texts: HashMap<&'s str, &'m KernelText<'s>>,
    parsed: HashMap<&'s str, Rc<Kernel<'s>>>,
    /// What the kernel names besides what it calls.
    named: Vec<&'s str>,
    /// The functions whose address is taken, once somebody asks.
    addressed: Option<Rc<[&'s str]>>,
    /// Those that may be called again before they return, and those that lie on the way from one to another.
    recursive: HashSet<&'s str>,
    /// Whether any of them, or the kernel, needs a stack.
    pub(super) need_stack: bool,
}

/// Whom a call may lead to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Node<'s> {
    Function(&'s str),
    /// Those with so many results and parameters whose address is taken.
    Pointer(usize, usize),
}

impl<'m, 's> Functions<'m, 's> {
    pub(super) fn of(module: &'m Module<'s>, kernel: &Kernel<'s>) -> Self {
        let mut functions = Self {
            module,
            texts: module.functions.iter().map(|function| (function.name, function)).collect(),
            parsed: HashMap::new(),
            named: names(&kernel.instructions).collect(),
            addressed: None,
            recursive: HashSet::new(),
            need_stack: uses_stack(kernel),
        };
        functions.follow(kernel);
        functions
    }

    /// Whether the module has the body of a function.
    pub(super) fn has(&self, name: &str) -> bool {
        self.texts.contains_key(name)
    }

    /// Whether a function may be called again before it returns.
    pub(super) fn is_recursive(&self, name: &str) -> bool {
        self.recursive.contains(name)
    }

    /// A function's body.
    pub(super) fn parsed(&mut self, name: &'s str) -> Result<Rc<Kernel<'s>>> {
        if let Some(function) = self.parsed.get(name) {
            return Ok(Rc::clone(function));
        }
        let function = Rc::new(kernel::parse_body(self.module, self.texts[name])?);
        self.parsed.insert(name, Rc::clone(&function));
        Ok(function)
    }

    /// The functions whose address is taken, by initial values or by instructions. One that cannot be read is never run.
    pub(super) fn addressed(&mut self) -> Rc<[&'s str]> {
        if let Some(addressed) = &self.addressed {
            return Rc::clone(addressed);
        }
        let module = self.module;
        let mut taken: HashSet<&'s str> = self.named.iter().copied().collect();
        taken
            .extend(module.variables.iter().flat_map(|variable| variable.relocations.iter().map(|place| place.symbol)));
        for function in &module.functions {
            if let Ok(function) = self.parsed(function.name) {
                taken.extend(names(&function.instructions));
            }
        }
        // Another kernel may have left it where this one finds it. Most kernels name no function, and need not be read.
        for other in &module.kernels {
            if words(other.text).any(|word| self.has(word))
                && let Ok(other) = kernel::parse_body(module, other)
            {
                taken.extend(names(&other.instructions));
            }
        }
        let functions = module.functions.iter().map(|function| function.name);
        let readable = functions.filter(|name| taken.contains(name) && self.parsed.contains_key(name));
        Rc::clone(self.addressed.insert(readable.collect()))
    }

    /// Finds out who may call whom, beginning with the kernel.
    fn follow(&mut self, kernel: &Kernel<'s>) {
        let mut nodes = calls(self, &kernel.instructions);
        let mut numbers: HashMap<_, _> = nodes.iter().copied().zip(0..).collect();
        let mut next: Vec<Vec<usize>> = Vec::new();
        while let Some(&node) = nodes.get(next.len()) {
            let called = match node {
                // What cannot be read is an error where it is called.
                Node::Function(name) => self.parsed(name).map_or(Vec::new(), |function| {
                    self.need_stack |= uses_stack(&function);
                    calls(self, &function.instructions)
                }),
                Node::Pointer(results, params) => {
                    let addressed = self.addressed();
                    let of_shape = |name: &&str| {
                        let function = &self.parsed[name];
                        (function.returns.len(), function.params.len()) == (results, params)
                    };
                    addressed.iter().copied().filter(of_shape).map(Node::Function).collect()
                }
            };
            let mut number = |node| {
                *numbers.entry(node).or_insert_with(|| {
                    nodes.push(node);
                    nodes.len() - 1
                })
            };
            next.push(called.into_iter().map(&mut number).collect());
        }
        let in_circles = in_circles(&next);
        let functions = nodes.iter().zip(in_circles).filter(|(_, is_in)| *is_in).filter_map(|(node, _)| match node {
            Node::Function(name) => Some(*name),
            Node::Pointer(..) => None,
        });
        self.recursive = functions.collect();
        self.need_stack |= !self.recursive.is_empty();
    }
}

/// Whom instructions call, each once.
fn calls<'s>(functions: &Functions<'_, 's>, instructions: &[Instruction<'s>]) -> Vec<Node<'s>> {
    let mut seen = HashSet::new();
    let called = instructions.iter().filter_map(|instruction| match callee(instruction)? {
        Callee::Function(name) => functions.has(name).then_some(Node::Function(name)),
        Callee::Pointer(_) => lists(instruction).map(|(results, params)| Node::Pointer(results.len(), params.len())),
    });
    called.filter(|node| seen.insert(*node)).collect()
}

/// Which nodes lie on a circle or between two, by the nodes that follow each.
fn in_circles(next: &[Vec<usize>]) -> Vec<bool> {
    let mut before = vec![Vec::new(); next.len()];
    for (node, next) in next.iter().enumerate() {
        next.iter().for_each(|next| before[*next].push(node));
    }
    let mut left = vec![true; next.len()];
    take_ends(next, &before, &mut left);
    take_ends(&before, next, &mut left);
    left
}

/// Takes away all nodes from which no way leads to a circle.
fn take_ends(next: &[Vec<usize>], before: &[Vec<usize>], left: &mut [bool]) {
    let mut ways: Vec<_> = next.iter().map(|next| next.iter().filter(|next| left[**next]).count()).collect();
    let mut ends: Vec<_> = (0..next.len()).filter(|node| left[*node] && ways[*node] == 0).collect();
    while let Some(end) = ends.pop() {
        left[end] = false;
        for &before in before[end].iter().filter(|before| left[**before]) {
            ways[before] -= 1;
            if ways[before] == 0 {
                ends.push(before);
            }
        }
    }
}

/// Whether a body has instructions that move the stack's ends.
pub(super) fn uses_stack(body: &Kernel<'_>) -> bool {
    body.instructions.iter().any(|instruction| matches!(instruction.opcode.mnemonic(), Mnemonic::Stack(_)))
}

/// The symbols whose addresses instructions take.
fn names<'s>(instructions: &[Instruction<'s>]) -> impl Iterator<Item = &'s str> {
    let others = instructions.iter().filter(|instruction| callee(instruction).is_none());
    others.flat_map(|instruction| &instruction.operands).filter_map(|operand| match operand {
        Operand::Symbol { name, .. } => Some(*name),
        _ => None,
    })
}

/// What may be names in a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_ascii_alphanumeric() && !matches!(character, '_' | '$' | '%'))
}

#[cfg(test)]
mod tests {
    use super::in_circles;

    #[test]
    fn nodes_on_circles_and_between_them_are_found() {
        // 0 -> 1 <-> 2 -> 3 -> 4 -> 4, 4 -> 5; 0 -> 6.
        let next = [vec![1, 6], vec![2], vec![1, 3], vec![4], vec![4, 5], vec![], vec![]];
        assert_eq!(in_circles(&next), [false, true, true, true, true, false, false]);
    }

    #[test]
    fn a_long_chain_without_a_circle_has_none() {
        let next: Vec<_> = (1..=100_000).map(|node| if node < 100_000 { vec![node] } else { vec![] }).collect();
        assert!(!in_circles(&next).contains(&true));
    }
}
