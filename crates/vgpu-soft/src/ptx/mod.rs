//! Text to syntax tree.
//!
//! A module is scanned first ([`parse_module`]): its variables and where its kernels lie. The body of a kernel is
//! parsed when somebody needs it ([`parse_kernel`]), for programs bring thousands and use dozens. Nothing here knows
//! what instructions do, except which of them name labels and what the table `opcodes` says; whatever it does not know
//! is an error, never skipped.
//!
//! - [`ast`]: the syntax tree. `opcodes`: the table of instructions, which the tree's opcodes come from.
//! - `cursor`: characters to words. `number`: literals. `expression`: constants of them.
//! - `types`: what a declaration says of them. `declare`: variables, parameters. `initial`: initial values.
//! - `module`: the scan. `kernel`: a body. `operand`, `video`: operands. `inline`: calls. `registers`, `special`: names of
//!   registers.
//! - [`link`]: several modules to one. `locations`: what a text says of the source that it was made from.

pub mod ast;
mod cursor;
mod declare;
mod error;
mod expression;
mod initial;
mod inline;
mod kernel;
pub mod link;
mod locations;
mod module;
mod number;
pub(crate) mod opcodes;
mod operand;
mod registers;
mod special;
#[cfg(test)]
mod tests;
mod types;
pub(crate) mod video;

pub use error::Error;
pub(crate) use locations::Locations;
pub use module::parse_module;

use ast::{Kernel, KernelText, Module};

/// The variable at the end of local memory where the stack begins, in kernels that have one: no text can name it.
pub(crate) const CALL_STACK: &str = "(call stack)";
/// The special register that holds where a thread's local memory ends.
pub(crate) const CALL_STACK_END: &str = "(local end)";

/// Reads a kernel (or a function) that [`parse_module`] has found. Calls of the module's functions are inlined.
///
/// # Errors
/// Where the text is not PTX: unknown directives and instructions, undeclared registers, undefined labels. Calls that nest too deep
/// or make too much of it.
pub fn parse_kernel<'s>(module: &Module<'s>, text: &KernelText<'s>) -> Result<Kernel<'s>, Error> {
    inline::calls(module, kernel::parse_body(module, text)?)
}

/// More bodies than that need not be looked at to see that a text is no PTX.
const CHECKED_BODIES: usize = 16;

/// Whether bodies can be read at all. One that cannot is its own callers' concern; a module none of whose first ones can be
/// read is none.
///
/// # Errors
/// Of the first body, where the others are no better.
pub(crate) fn check_bodies(module: &Module<'_>) -> Result<(), Error> {
    let mut first = Ok(());
    for text in module.kernels.iter().chain(&module.functions).take(CHECKED_BODIES) {
        match kernel::parse_body(module, text) {
            Ok(_) => return Ok(()),
            Err(error) => first = first.and(Err(error)),
        }
    }
    first
}
