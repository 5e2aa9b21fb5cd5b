//! Graphs, built by hand. Executable ones are in `graph_exec`.
//!
//! - [`shape`]: graphs, and which node waits for which. [`nodes`], [`host`], [`attributes`]: what nodes do.
//! - [`lookup`]: what the handles of all of them name.

mod attributes;
mod host;
mod lookup;
mod nodes;
mod shape;

pub(crate) use attributes::*;
pub(crate) use host::*;
pub(super) use lookup::{find, nodes_of};
pub(crate) use nodes::*;
pub(crate) use shape::*;
