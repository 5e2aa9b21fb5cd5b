//! Graphs, built by hand: handles are the driver's, node parameters are translated. Executable ones are in `graph_exec`.
//!
//! - [`whole`]: graphs as such; [`node`], [`event_node`], [`host_node`]: their nodes; [`edge`]: what comes after what.

mod edge;
mod event_node;
mod host_node;
mod node;
mod whole;

pub(crate) use self::{edge::*, event_node::*, host_node::*, node::*, whole::*};
