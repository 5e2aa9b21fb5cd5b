//! The guest's side of CUDA: everything that the API means and the executor need not know.
//!
//! [`process()`] is the root: one link to the executor, the visible devices, and tables of live objects. Bodies in
//! `api/` check arguments and call what is here. Device work leaves through the [`gate`] only, where a stream is live and
//! takes records, or is captured and takes graph nodes.

pub(crate) mod absence;
pub(crate) mod allocation;
pub(crate) mod box3;
pub(crate) mod capture;
pub(crate) mod capture_mode;
mod closing;
pub(crate) mod context;
pub(crate) mod copy;
pub(crate) mod copy_box;
pub(crate) mod current;
pub(crate) mod device;
mod device_space;
pub(crate) mod event;
mod event_order;
pub(crate) mod fork;
pub(crate) mod function;
pub(crate) mod gate;
pub(crate) mod graph;
pub(crate) mod graph_exec;
pub(crate) mod graph_wire;
pub(crate) mod handle;
pub(crate) mod host_call;
pub(crate) mod host_copy;
mod host_order;
pub(crate) mod image;
pub(crate) mod launch;
pub(crate) mod library;
pub(crate) mod module;
mod opening;
pub(crate) mod output;
mod pageable_box;
pub(crate) mod place;
pub(crate) mod primary;
pub(crate) mod process;
pub(crate) mod shape;
pub(crate) mod stream;
mod teardown;
pub(crate) mod thread;
pub(crate) mod visible;
mod waiting;
pub(crate) mod work;

pub(crate) use process::{Process, process};
