//! From a connection to the window that is behind it, mapped.

use std::os::fd::{AsFd, BorrowedFd};

use super::connect_error::ConnectError;
use super::connection::{self, Connection};
use super::handshake::{self, Greeting, Welcome};
use super::lifeline::Lifeline;
use super::pci::Places;
use super::selection::Selection;
use super::window_error::WindowError;
use crate::window::layout::Layout;
use crate::window::mapping;
use crate::window::{Arena, Mapping, Window};
use crate::wire::Pod;

/// Connects for computing: the mapped window, and the hold on its executor.
pub(crate) fn open_window(selection: &Selection) -> Result<(Window, Lifeline), ConnectError> {
    open_window_among(selection, &Places::from_env())
}

/// The same among the PCI functions that are shown in those places.
pub(super) fn open_window_among(selection: &Selection, places: &Places) -> Result<(Window, Lifeline), ConnectError> {
    let unusable = |error: WindowError| ConnectError::new(format!("the executor's window: {error}"));
    let keep = |proposed, taken| Arena::keep(proposed, taken).ok_or(WindowError::DeviceMemory(taken));
    // Before anything else, so that the program cannot have put something there in the meantime.
    let proposed = Arena::propose().map_err(|error| {
        ConnectError::new(format!("no addresses for device memory: {error}; see the limit that `ulimit -v` shows"))
    })?;
    let greeting = Greeting::compute(proposed.iter().map(Arena::range));
    let welcomed = |welcome: Welcome, proposed| {
        let object = welcome.object.ok_or_else(|| ConnectError::new("the executor sent no window"))?;
        let layout = read_layout(object.as_fd()).map_err(unusable)?;
        let arena = keep(proposed, layout.device_arena).map_err(unusable)?;
        let window = map_window(object.as_fd(), layout).map_err(unusable)?;
        Ok(window.with_arena(arena))
    };
    match connection::open(selection, &greeting, places)? {
        Connection::Socket(socket, welcome) => Ok((welcomed(welcome, proposed)?, Lifeline::Socket(socket.into()))),
        Connection::InProcess(_, welcome) => Ok((welcomed(welcome, proposed)?, Lifeline::InProcess)),
        Connection::Pci(claim) => {
            let layout = claim.layout().map_err(unusable)?;
            let arena = keep(proposed, layout.device_arena).map_err(unusable)?;
            let window = claim.window(layout).map_err(unusable)?;
            Ok((window.with_arena(arena), Lifeline::Pci(claim)))
        }
    }
}

/// Reads the header of a window that another process (or thread) made, and checks what it says.
pub(super) fn read_layout(object: BorrowedFd<'_>) -> Result<Layout, WindowError> {
    let object_bytes = mapping::sealed_len(object)?;
    let mut header = [0; size_of::<Layout>()];
    handshake::read_at_start(object, &mut header).map_err(WindowError::Unread)?;
    let layout = Layout::from_bytes(&header).ok_or(WindowError::ShortHeader)?;
    layout.check(object_bytes)?;
    Ok(layout)
}

/// Maps a window whose header has been read.
pub(super) fn map_window(object: BorrowedFd<'_>, layout: Layout) -> Result<Window, WindowError> {
    let mapping = Mapping::near(object, layout.total_bytes, layout.host_address)?;
    Ok(Window::new(mapping, layout)?)
}

#[cfg(test)]
mod tests {
    use super::super::unix::DEFAULT_SOCKET;
    use super::*;

    #[test]
    fn an_absent_daemon_is_named_with_its_path() {
        let selection = Selection::Unix("/nonexistent/vgpud.sock".into());
        let error = open_window(&selection).expect_err("nothing listens there").to_string();
        assert!(error.contains("/nonexistent/vgpud.sock") && error.contains("vgpud"), "{error}");
    }

    #[test]
    fn what_is_not_there_is_said_clearly() {
        let pci = open_window(&Selection::Pci("ffff:00:05.0".into())).expect_err("no such domain").to_string();
        assert!(pci.contains("pci:ffff:00:05.0"), "{pci}");
        let invalid = open_window(&Selection::Invalid("tcp:1".into())).expect_err("nonsense").to_string();
        assert!(invalid.contains("tcp:1") && invalid.contains(DEFAULT_SOCKET), "{invalid}");
    }

    #[test]
    fn a_window_whose_header_lies_is_not_mapped() {
        let object = mapping::create_object(1 << 20).expect("shared memory");
        assert!(read_layout(object.as_fd()).is_err(), "all zero");
        let config =
            crate::window::WindowConfig { pinned_bytes: 1 << 20, staging_bytes: 1 << 20, ..Default::default() };
        let layout = Layout::new(&config).expect("a sound configuration");
        let writer = Mapping::near(object.as_fd(), 1 << 20, 0).expect("shared memory");
        writer.write(0, layout.as_bytes());
        let error = read_layout(object.as_fd()).expect_err("longer than the object").to_string();
        assert!(error.contains("bytes"), "{error}");
        let tiny = mapping::create_object(64).expect("shared memory");
        assert!(read_layout(tiny.as_fd()).is_err(), "shorter than a header");
    }

    #[test]
    fn an_object_that_can_shrink_is_not_mapped() {
        let file = std::fs::File::open("/proc/self/exe").expect("this program");
        assert!(read_layout(file.as_fd()).is_err());
    }
}
