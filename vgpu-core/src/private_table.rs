//! The one private interface between our own libraries: libcublas reaches libcuda's streams through it, libnvidia-ml what its
//! process holds of an executor of its own, and who takes our libcuda for a driver gives it a device.
//!
//! `cuGetExportTable` of our libcuda answers [`PRIVATE_TABLE_UUID`] with a pointer to a [`PrivateTable`]. No other
//! library knows the UUID, and none of NVIDIA's tables has it.

use std::ffi::{c_int, c_void};

use crate::wire::messages::{MemInfoReply, StatisticsReply};

/// Raised whenever [`PrivateTable`] changes other than by growing at its end.
pub const PRIVATE_TABLE_VERSION: u32 = 1;

/// The table's name: a random UUID (version 4) of our own.
pub const PRIVATE_TABLE_UUID: [u8; 16] =
    [0xf8, 0x54, 0x31, 0x55, 0x4e, 0x92, 0x48, 0xe7, 0xa1, 0xbe, 0x8f, 0x3d, 0x9e, 0x57, 0xc2, 0x10];

/// What libcuda lends to its sister libraries. It lives as long as libcuda is loaded.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PrivateTable {
    /// [`PRIVATE_TABLE_VERSION`] of the libcuda that gave it.
    pub version: u32,
    /// Size of the table: fields past it are not there.
    pub size_bytes: u32,
    /// Queues a stream-ordered message on a `CUstream` of the calling thread's context; during capture it becomes a
    /// graph node. `op` is a [`crate::wire::Op`] of [`Ordered`](crate::wire::Ordered) work, whose stream libcuda fills in. Returns a
    /// `CUresult`.
    ///
    /// # Safety
    /// `fixed` and `tail` are readable for the lengths that follow them.
    pub post_on_stream: unsafe extern "C" fn(
        stream: *mut c_void,
        op: u16,
        fixed: *const u8,
        fixed_bytes: usize,
        tail: *const u8,
        tail_bytes: usize,
    ) -> u32,
    /// Fills in what this process has had executed. Returns a `CUresult`.
    ///
    /// # Safety
    /// `out` is writable.
    pub statistics: unsafe extern "C" fn(out: *mut StatisticsReply) -> u32,
    /// Has the executor that is embedded be one of this process: `serve` is called with `data` and the descriptor of a guest's
    /// connection, whose owner it becomes; it serves that on another thread. To be said before `cuInit`, and once.
    ///
    /// # Safety
    /// `serve` may be called with `data` at any time from now on, from any thread.
    pub execute_here: unsafe extern "C" fn(serve: Serve, data: *const c_void),
    /// Fills in free and total memory of the device of that UUID. Returns a `CUresult`: NOT_FOUND when this process has no
    /// context on it.
    ///
    /// # Safety
    /// `uuid` is readable, and `out` writable.
    pub memory: unsafe extern "C" fn(uuid: *const [u8; 16], out: *mut MemInfoReply) -> u32,
}

/// See [`PrivateTable::execute_here`].
pub type Serve = unsafe extern "C" fn(data: *const c_void, connection: c_int);

impl PrivateTable {
    /// Whether the table, as found in another library, can be used by this one.
    pub const fn is_usable(&self) -> bool {
        self.version == PRIVATE_TABLE_VERSION && self.size_bytes as usize >= size_of::<Self>()
    }
}
