//! How a guest finds its executor, and what is said before the window takes over. A file uses others of those above it only:
//!
//! - `exchange`: what carries one packet and its answer. `connect_error`: why there is no link; `window_error`: why a
//!   window is of no use.
//! - [`socket`]: message sockets that carry file descriptors.
//! - [`handshake`]: hello, welcome or refusal.
//! - `embedded`: an executor of one's own, as a child process or in this one.
//! - `selection`: which GPU a process asks for, and where that is said.
//! - `pci`: a function of this VM's PCI bus, whose daemon is outside. `unix`: a daemon's socket.
//! - `lifeline`: waking, sleeping, and noticing the other end's end.
//! - `connection`: from a selection to a host that has let this guest in.
//! - `window`: from there to the mapped window. [`monitor`]: the read-only connection that libnvidia-ml uses.
//! - [`in_process`]: both ends in one process, for tests.

mod connect_error;
mod connection;
mod embedded;
mod exchange;
pub mod handshake;
pub mod in_process;
mod lifeline;
pub mod monitor;
mod pci;
mod selection;
pub mod socket;
mod unix;
mod window;
mod window_error;

pub use connect_error::ConnectError;
pub use embedded::execute_here;
pub use exchange::Exchange;
pub(crate) use lifeline::Lifeline;
pub use monitor::{MonitorLink, ProcessUse};
pub use selection::{RECORD, Request, SELECTION_VARIABLE, Selection};
pub use unix::DEFAULT_SOCKET;
pub(crate) use window::open_window;
