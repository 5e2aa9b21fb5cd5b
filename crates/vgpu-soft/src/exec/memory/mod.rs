//! What a warp may read and write, and the check that every access passes.
//!
//! Imports go one way, towards the top of this list; a warp has a view, and all but the first row is done on warps:
//!
//! - `range`: stretches of addresses. `cluster`: the shared memories of a cluster's blocks. `view`: [`View`] and admission.
//!   `space`: state spaces and kinds of access. `pattern`: what the addresses of an access have in common.
//! - `address`: the addresses of its lanes, checked. `cluster_address`: those of a cluster's window and generic ones.
//! - `load`, `store`: one value or a short vector per lane. `atomic`: read-modify-write; `atomic_vector`, `atomic_wide`: of short
//!   vectors, and of 128 bits. `mbarrier`: barriers in shared memory.
//! - `matrix`: `ldmatrix` and `stmatrix`. `wmma`: whole matrices. `copy`: `cp.async`. `bulk`, `bulk_reduction`, `multicast`: stretches
//!   of memory, what is made of two of them, and those that go to several blocks of a cluster.
//!
//! Generic addresses are this process's addresses. Shared and local memory and the parameters lie in the worker's
//! arena: their own spaces count from 0, and their generic windows are admitted beside the launch's allocations.

mod address;
pub(crate) mod atomic;
pub(crate) mod atomic_vector;
pub(crate) mod atomic_wide;
pub(crate) mod bulk;
pub(crate) mod bulk_reduction;
mod cluster;
pub(crate) mod cluster_address;
pub(crate) mod copy;
pub(crate) mod load;
pub(crate) mod matrix;
pub(crate) mod mbarrier;
pub(crate) mod multicast;
mod pattern;
mod range;
mod space;
pub(crate) mod store;
mod view;
pub(crate) mod wmma;

pub(crate) use address::resolve_each;
pub(crate) use cluster::{CLUSTER_BLOCKS_MAX, Cluster};
pub(crate) use range::Range;
pub(crate) use space::{AccessKind, NARROW, SPACE_SHIFT, Space};
pub(crate) use view::View;
