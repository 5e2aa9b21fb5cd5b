//! Bodies of the driver API by chapter of the reference, under their C names. They check arguments and call `guest`.

#![allow(non_snake_case, clippy::too_many_arguments, reason = "names and signatures are C's")]

pub(crate) mod array;
pub(crate) mod capture;
pub(crate) mod context;
pub(crate) mod device;
pub(crate) mod entry_point;
pub(crate) mod error;
pub(crate) mod event;
pub(crate) mod execution;
pub(crate) mod graph;
pub(crate) mod graph_exec;
pub(crate) mod init;
mod launch_attribute;
pub(crate) mod library;
pub(crate) mod memory;
pub(crate) mod module;
pub(crate) mod occupancy;
pub(crate) mod peer;
pub(crate) mod primary_context;
pub(crate) mod stream;
pub(crate) mod surface;
pub(crate) mod texture;
pub(crate) mod unified;
pub(crate) mod version;

/// The number in a handle.
#[inline]
fn id<T>(handle: *mut T) -> u64 {
    handle.addr() as u64
}

/// A number as the handle that C programs hold.
#[inline]
fn handle<T>(id: u64) -> *mut T {
    std::ptr::without_provenance_mut(id as usize)
}

/// A count or size as C's `int` or `unsigned`; more than fits is the most that fits.
fn clamp<T: TryFrom<u64> + Bounded>(value: u64) -> T {
    T::try_from(value).unwrap_or(T::MOST)
}

/// Integers with a largest value.
trait Bounded {
    const MOST: Self;
}

impl Bounded for i32 {
    const MOST: Self = i32::MAX;
}

impl Bounded for u32 {
    const MOST: Self = u32::MAX;
}
