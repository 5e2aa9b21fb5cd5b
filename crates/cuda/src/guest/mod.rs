//! The guest's side of CUDA: everything that the API means and the executor need not know.
//!
//! Bodies in `api/` check arguments and call what is here. A file uses others of its own layer and of those below:
//!
//! 1. The process: [`mod@process`] has the link, the [`device`]s as far as they are [`visible`], and the [`allocation`]s, device
//!    memory's in [`device_space`]; [`fork`] and [`absence`] say why there is none. [`handle`] is what tables are made of.
//! 2. Words: what memory is ([`place`], [`mod@array`]), what a launch or a copy looks like ([`shape`], [`box3`], [`pageable_box`]), code ([`image`],
//!    [`function`]) and how it is compiled ([`jit_options`]), an [`event`], what this process does for the executor ([`host_call`], [`host_copy`], [`output`]), [`work`] of
//!    all kinds with its wire form ([`graph_wire`]), and a [`graph`] of it.
//! 3. Whose work it is: [`context`], [`stream`] with its [`Tail`](gate::Tail) and what it has [`copied`], and [`capture`].
//! 4. Their lives and order: what a [`thread`] has, what is [`current`], each device's [`primary`] context, [`opening`] and
//!    [`closing`], the order of copies from the program's memory ([`host_order`]), what is [`reached`], what must not be done
//!    meanwhile ([`capture_mode`]), and memory of the [`pinned`] heap. Device work leaves through the [`gate`] only, where a stream
//!    is live and takes records, or is captured and takes graph nodes.
//! 5. What programs ask for: [`module`], [`library`], [`link_state`], [`texture`], [`launch`], [`copy`], [`copy_box`], [`event_order`], [`waiting`],
//!    [`graph_exec`], and a context's [`teardown`].
//!
//! Within a layer there is one circle, and CUDA has it: a context and a capture hold their streams, which know their context and
//! their part in the capture. Each kind of object keeps its table in its own file.

pub(crate) mod absence;
pub(crate) mod allocation;
pub(crate) mod array;
pub(crate) mod box3;
pub(crate) mod capture;
pub(crate) mod capture_mode;
mod closing;
pub(crate) mod context;
mod copied;
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
pub(crate) mod jit_options;
pub(crate) mod launch;
pub(crate) mod library;
pub(crate) mod link_state;
pub(crate) mod module;
mod opening;
pub(crate) mod output;
mod pageable_box;
pub(crate) mod pinned;
pub(crate) mod place;
pub(crate) mod primary;
pub(crate) mod process;
mod reached;
pub(crate) mod shape;
pub(crate) mod stream;
mod teardown;
pub(crate) mod texture;
pub(crate) mod thread;
pub(crate) mod visible;
mod waiting;
pub(crate) mod work;

pub(crate) use process::{Process, process};
