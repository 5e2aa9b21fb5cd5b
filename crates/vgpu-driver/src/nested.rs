//! Our own libcuda in the driver's place, where there is no GPU: its guest is this process, and so is its executor.

use std::ffi::{c_int, c_void};
use std::fmt;
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::Arc;

use vgpu_core::private_table::PrivateTable;

/// Who serves the connections that our own libcuda makes.
#[derive(Clone)]
pub struct Nested(Arc<Serve>);

type Serve = dyn Fn(OwnedFd) + Send + Sync;

impl Nested {
    /// `serve` is given each connection, and serves it on another thread.
    pub fn new(serve: impl Fn(OwnedFd) + Send + Sync + 'static) -> Self {
        Self(Arc::new(serve))
    }

    /// Serves the libcuda that this is the private table of.
    ///
    /// # Safety
    /// It is, and this is the first time.
    pub(crate) unsafe fn serve(&self, table: *const c_void) {
        // SAFETY: the caller vouches for it; tables live as long as their library, which is never closed.
        let table = unsafe { table.cast::<PrivateTable>().as_ref() }.filter(|table| table.is_usable());
        let Some(table) = table else {
            return log::warn!("the libcuda in the driver's place is of another release of vgpu");
        };
        // It may be called for as long as the library is there.
        let data: *const Arc<Serve> = Box::leak(Box::new(Arc::clone(&self.0)));
        // SAFETY: `serve` takes this very data, from any thread.
        unsafe { (table.execute_here)(serve, data.cast()) };
    }
}

impl fmt::Debug for Nested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nested")
    }
}

/// # Safety
/// `data` is what [`Nested::serve`] has passed on, and the descriptor is the callee's.
unsafe extern "C" fn serve(data: *const c_void, connection: c_int) {
    // SAFETY: the caller vouches for both.
    let (serve, connection) = unsafe { (&*data.cast::<Arc<Serve>>(), OwnedFd::from_raw_fd(connection)) };
    serve(connection);
}
