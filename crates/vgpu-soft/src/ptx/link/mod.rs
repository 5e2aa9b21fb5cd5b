//! Several modules become one: the linker.
//!
//! It works on text, and its result is text: one unit that needs no other, which a program may keep in a file and load in
//! another process. The inputs' statements go into it as they are, but for names that two units have for themselves, of
//! which the later unit's are changed. What bodies do is not looked at.
//!
//! - `unit`: an input's symbols. `words`: names in a text.
//! - `resolve`: which definition a name means. `write`: the result. `error`: why there is none.
//!
//! **Source:** PTX ISA 9.0, "Linking Directives" (`.extern`, `.visible`, `.weak`, `.common`); CUDA C++ Programming Guide and
//! nvcc's documentation, "Using Separate Compilation in CUDA".

mod error;
mod resolve;
#[cfg(test)]
mod tests;
mod unit;
mod words;
mod write;

pub use error::LinkError;

use std::collections::HashMap;

use super::ast::Module;
use resolve::{Globals, wanted};
use unit::Unit;

/// A module to be linked.
#[derive(Clone, Copy, Debug)]
pub struct Input<'s> {
    /// What errors call it.
    pub name: &'s str,
    /// What [`parse_module`](super::parse_module) has read.
    pub module: &'s Module<'s>,
    /// Whether it is a library's: it is taken only if another needs something of it.
    pub is_optional: bool,
}

/// Links modules into one.
///
/// # Errors
/// Every symbol that is undefined, defined more than once, or not the same everywhere.
pub fn link(inputs: &[Input<'_>]) -> Result<String, Vec<LinkError>> {
    let units = needed(inputs);
    let globals = Globals::choose(&units)?;
    write::write(&units, &globals)
}

/// The inputs that are no library's, and those that they need, and those need.
fn needed<'s>(inputs: &[Input<'s>]) -> Vec<Unit<'s>> {
    let read = |input: &Input<'s>| Unit::read(input.name, input.module);
    let (libraries, others): (Vec<_>, Vec<_>) = inputs.iter().partition(|input| input.is_optional);
    let mut units: Vec<_> = others.into_iter().map(read).collect();
    let mut libraries: Vec<_> = libraries.into_iter().map(|input| Some(read(input))).collect();
    let mut offered = HashMap::new();
    for (index, unit) in libraries.iter().flatten().enumerate() {
        for symbol in unit.symbols.iter().filter(|symbol| symbol.is_global()) {
            offered.entry(symbol.name).or_insert(index);
        }
    }
    // What is defined without a library is not taken from one.
    for symbol in units.iter().flat_map(|unit| &unit.symbols).filter(|symbol| symbol.is_global()) {
        offered.remove(symbol.name);
    }
    let mut next = 0;
    while next < units.len() && !offered.is_empty() {
        let found: Vec<usize> = wanted(&units[next]).filter_map(|name| offered.remove(name)).collect();
        units.extend(found.into_iter().filter_map(|index| libraries[index].take()));
        next += 1;
    }
    units
}
