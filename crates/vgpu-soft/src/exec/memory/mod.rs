//! What a warp may read and write, and the check that every access passes.
//!
//! Imports go one way, towards the top of this list; a warp has a view, and all but the first row is done on warps:
//!
//! - `view`: [`View`] and admission. `space`: state spaces and kinds of access. `pattern`: what the addresses of an
//!   access have in common.
//! - `address`: the addresses of its lanes, checked.
//! - `load`, `store`: one value or a short vector per lane. `atomic`: read-modify-write. `mbarrier`: barriers in
//!   shared memory.
//! - `matrix`: `ldmatrix` and `stmatrix`. `wmma`: whole matrices. `copy`: `cp.async`.
//!
//! Generic addresses are this process's addresses. Shared and local memory and the parameters lie in the worker's
//! arena: their own spaces count from 0, and their generic windows are admitted beside the launch's allocations.

mod address;
pub(crate) mod atomic;
pub(crate) mod bulk;
pub(crate) mod copy;
pub(crate) mod load;
pub(crate) mod matrix;
pub(crate) mod mbarrier;
mod pattern;
mod space;
pub(crate) mod store;
mod view;
pub(crate) mod wmma;

pub(crate) use address::resolve_each;
pub(crate) use space::{AccessKind, NARROW, SPACE_SHIFT, Space};
pub(crate) use view::{Range, View};
