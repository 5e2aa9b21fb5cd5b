//! The executor's end of the window.
//!
//! - `window`: making it, publishing completions. `calls`: functions of the guest that the executor calls.
//! - `serve`: the loop that takes records out of a window and hands them to an executor.
//!
//! Nothing that the guest can write is believed: areas come from this side's own copy of the layout.
//!
//! What every executor needs, whatever executes for it: [`table`] of handles, [`blob`]s and kept images, [`ledger`] of
//! device memory and its [`free_ranges`], a graph's [`nodes`], the [`extent`] of rows, the [`output`] of kernels, [`refusal`]s.

pub mod blob;
mod calls;
pub mod extent;
pub(crate) mod free_ranges;
pub mod ledger;
pub mod nodes;
pub mod output;
pub mod refusal;
mod serve;
pub mod table;
mod window;

pub use blob::{Blobs, ImageStore};
pub use free_ranges::FreeRanges;
pub use ledger::{MemoryLedger, Quota};
pub use refusal::{LastRefusal, Refusal};
pub use serve::{ServeError, serve};
pub use table::Table;
pub use window::{CreateError, HostWindow};

#[cfg(test)]
pub(crate) mod tests;
