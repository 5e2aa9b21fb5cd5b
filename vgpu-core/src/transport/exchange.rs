//! What a handshake and a monitor's questions need of whatever carries them.

use std::io;
use std::os::fd::OwnedFd;

/// Something that carries one packet to the host and its answer back, with a descriptor where the carrier can.
pub trait Exchange {
    /// Sends `request` and waits for the answer: its length (0 when the host has closed) and a descriptor.
    ///
    /// # Errors
    /// When the host is gone, or does not answer in time.
    fn exchange(&self, request: &[u8], answer: &mut [u8]) -> io::Result<(usize, Option<OwnedFd>)>;
}
