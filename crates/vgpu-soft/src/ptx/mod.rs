//! Text to syntax tree.
//!
//! A module is scanned first ([`parse_module`]): its variables and where its kernels lie. The body of a kernel is
//! parsed when somebody needs it ([`parse_kernel`]), for programs bring thousands and use dozens. Nothing here knows
//! what instructions do, except which of them name labels; whatever it does not know is an error, never skipped.
//!
//! - `cursor`: characters to words. `number`: literals.
//! - `declare`: types, variables, parameters. `initial`: initial values.
//! - `module`: the scan. `kernel`: a body. `operand`: operands. `inline`: calls. `registers`, `special`: names of
//!   registers.

pub mod ast;
mod cursor;
mod declare;
mod error;
mod initial;
mod inline;
mod kernel;
mod module;
mod number;
mod operand;
mod registers;
mod special;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use kernel::parse_kernel;
pub use module::parse_module;
