//! Graphs: built by hand, instantiated, updated, launched.
//!
//! - [`shape`]: graphs, and which node waits for which. [`nodes`], [`host`], [`attributes`]: what nodes do. [`exec`]: running graphs.
//! - [`lookup`]: what the handles of all of them name.

mod attributes;
mod exec;
mod host;
mod lookup;
mod nodes;
mod shape;

pub(crate) use attributes::*;
pub(crate) use exec::*;
pub(crate) use host::*;
pub(super) use lookup::{find, nodes_of};
pub(crate) use nodes::*;
pub(crate) use shape::*;
