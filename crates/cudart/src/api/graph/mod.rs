//! Graphs: handles are the driver's, node parameters are translated.
//!
//! - [`whole`]: graphs as such; [`node`], [`event_node`], [`host_node`]: their nodes; [`edge`]: what comes after what; [`exec`]: executable graphs.

mod edge;
mod event_node;
mod exec;
mod host_node;
mod node;
mod whole;

pub(crate) use self::{edge::*, event_node::*, exec::*, host_node::*, node::*, whole::*};
