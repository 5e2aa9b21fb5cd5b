//! Both ends of a window in one process: what tests of the layers above run on.
//!
//! The window is mapped twice at different addresses, so [`Link::same_addresses`] is false here. Device memory is there once.

use std::sync::Arc;
use std::thread::JoinHandle;

use super::connect_error::ConnectError;
use super::lifeline::Lifeline;
use super::window::{map_window, read_layout};
use crate::guest::Link;
use crate::host::{self, HostWindow, ServeError};
use crate::window::{Arena, WindowConfig};
use crate::wire::{Completions, Executor};

/// A link and the thread that serves it.
pub struct Loopback {
    /// The guest's end.
    pub link: Link,
    window: Arc<HostWindow>,
    server: Option<JoinHandle<Result<(), ServeError>>>,
    /// Dropped after all that uses it.
    _arena: Arena,
}

/// Device memory of a test never needs more addresses.
const ARENA_BYTES: u64 = 1 << 36;

impl Loopback {
    /// Starts a thread that makes an executor and serves a new window with it.
    ///
    /// # Errors
    /// When the window cannot be made.
    pub fn start<E: Executor>(
        config: &WindowConfig,
        make: impl FnOnce(Arc<dyn Completions>) -> E + Send + 'static,
    ) -> Result<Self, ConnectError> {
        let arena = Arena::anywhere(ARENA_BYTES).map_err(|error| ConnectError::new(error.to_string()))?;
        let window = HostWindow::create(config, arena.range()).map_err(|error| ConnectError::new(error.to_string()))?;
        let window = Arc::new(window);
        let layout = read_layout(window.object()).map_err(|error| ConnectError::new(error.to_string()))?;
        let guest = map_window(window.object(), layout).map_err(|error| ConnectError::new(error.to_string()))?;
        let host = Arc::clone(&window);
        let server = std::thread::spawn(move || {
            let mut executor = make(Arc::clone(&host) as Arc<dyn Completions>);
            host::serve(&host, &mut executor)
        });
        Ok(Self { link: Link::new(guest, Lifeline::InProcess), window, server: Some(server), _arena: arena })
    }

    /// The host's end.
    pub fn window(&self) -> &Arc<HostWindow> {
        &self.window
    }

    /// Ends the serving thread and returns what it ended with.
    ///
    /// # Errors
    /// What the guest did wrong, or the executor's panic.
    pub fn stop(&mut self) -> Result<(), ServeError> {
        self.window.stop();
        match self.server.take() {
            Some(server) => server.join().unwrap_or(Err(ServeError::Panicked)),
            None => Ok(()),
        }
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        // A test that cares for the outcome has asked already.
        let _ = self.stop();
    }
}
