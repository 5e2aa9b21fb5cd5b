//! What is said when a guest connects: hello, then a welcome (with the window) or a refusal (with a reason).

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use super::exchange::Exchange;
use super::socket::Socket;
use crate::version::{Mismatch, Version};
use crate::window::AddressRange;
use crate::window::arena::PROPOSALS;
use crate::window::layout::ABI_HASH;
use crate::wire::{PROTOCOL_VERSION, Pod};

const HELLO_MAGIC: u64 = u64::from_le_bytes(*b"vGPUhelo");
const WELCOME_MAGIC: u64 = u64::from_le_bytes(*b"vGPUwelc");
const REFUSAL_MAGIC: u64 = u64::from_le_bytes(*b"vGPUnope");
/// A refusal's text is cut to this.
pub const REASON_MAX_BYTES: usize = 1024;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ConnectionKind {
    /// A window and an executor.
    Compute = 1,
    /// Questions about the devices, over the socket.
    Monitor = 2,
}

/// What a guest wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// What the connection is for.
    pub kind: ConnectionKind,
    /// Addresses that the guest keeps free for device memory, in order of preference; empty ranges are none.
    pub arenas: [AddressRange; PROPOSALS],
}

impl Greeting {
    /// Of a guest that wants to compute, and has reserved those ranges. More than [`PROPOSALS`] are of no use.
    pub fn compute(proposed: impl IntoIterator<Item = AddressRange>) -> Self {
        let mut arenas = [AddressRange::default(); PROPOSALS];
        for (place, range) in arenas.iter_mut().zip(proposed) {
            *place = range;
        }
        Self { kind: ConnectionKind::Compute, arenas }
    }

    /// Of a guest that only has questions.
    pub fn monitor() -> Self {
        Self { kind: ConnectionKind::Monitor, arenas: [AddressRange::default(); PROPOSALS] }
    }
}

/// What stays the same in every version, so that another one's guest can be told; the ranges follow.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct Hello {
    magic: u64,
    protocol: u32,
    kind: u32,
    abi_hash: u64,
    pid: u32,
    release: u32,
}

// SAFETY: u64, u32 × 2, u64, u32 × 2 leave no gap.
unsafe impl Pod for Hello {}

const HELLO_BYTES: usize = size_of::<Hello>() + size_of::<[AddressRange; PROPOSALS]>();

/// A guest's introduction, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Introduction {
    /// What it wants.
    pub kind: ConnectionKind,
    /// What it says its process number is, in its own namespace.
    pub pid: u32,
    /// Addresses that it keeps free for device memory.
    pub arenas: [AddressRange; PROPOSALS],
}

/// A host's consent.
#[derive(Debug)]
pub struct Welcome {
    /// The window's object, for computing.
    pub object: Option<OwnedFd>,
}

/// Why a handshake failed.
#[derive(Debug)]
pub enum HandshakeError {
    /// The socket failed, or time ran out.
    Socket(io::Error),
    /// The peer closed without a word.
    Closed,
    /// The peer does not speak this protocol.
    Garbage,
    /// The peer was built from other sources.
    Version(Mismatch),
    /// The host refused, for this reason.
    Refused(String),
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(error) if error.kind() == io::ErrorKind::WouldBlock => f.write_str("no answer in time"),
            Self::Socket(error) => write!(f, "the connection failed: {error}"),
            Self::Closed => f.write_str("the other side closed the connection without an answer"),
            Self::Garbage => f.write_str("the other side does not speak vgpu's protocol"),
            Self::Version(mismatch) => mismatch.fmt(f),
            Self::Refused(reason) => write!(f, "refused: {reason}"),
        }
    }
}

impl std::error::Error for HandshakeError {}

impl From<io::Error> for HandshakeError {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}

/// Guest: says hello and takes the answer.
///
/// # Errors
/// [`HandshakeError`]; nothing that the host says makes this panic or wait for ever.
pub fn greet(host: &dyn Exchange, greeting: &Greeting) -> Result<Welcome, HandshakeError> {
    let hello = Hello {
        magic: HELLO_MAGIC,
        protocol: PROTOCOL_VERSION,
        kind: greeting.kind as u32,
        abi_hash: ABI_HASH,
        pid: std::process::id(),
        release: Version::OWN.release,
    };
    let mut answer = [0; 8 + REASON_MAX_BYTES];
    let (len, object) = host.exchange(&[hello.as_bytes(), greeting.arenas.as_bytes()].concat(), &mut answer)?;
    if len == 0 {
        return Err(HandshakeError::Closed);
    }
    match u64::from_bytes(&answer[..len]) {
        Some(WELCOME_MAGIC) => Ok(Welcome { object }),
        Some(REFUSAL_MAGIC) => Err(HandshakeError::Refused(String::from_utf8_lossy(&answer[8..len]).into_owned())),
        _ => Err(HandshakeError::Garbage),
    }
}

/// Host: reads a guest's hello; with `peek` it stays to be read again by another process.
///
/// # Errors
/// [`HandshakeError`]; the guest gets a refusal if it can understand one.
pub fn receive_hello(socket: &Socket, peek: bool) -> Result<Introduction, HandshakeError> {
    let mut bytes = [0; HELLO_BYTES];
    let len = if peek { socket.peek(&mut bytes)? } else { socket.receive(&mut bytes)?.0 };
    if len == 0 {
        return Err(HandshakeError::Closed);
    }
    let read = read_hello(&bytes[..len]);
    if let Err(HandshakeError::Version(mismatch)) = &read {
        refuse(socket, &mismatch.to_string());
    }
    read
}

/// Host: what a guest's first packet says.
///
/// # Errors
/// [`HandshakeError::Garbage`] and [`HandshakeError::Version`].
pub fn read_hello(packet: &[u8]) -> Result<Introduction, HandshakeError> {
    let hello = Hello::from_bytes(packet).filter(|hello| hello.magic == HELLO_MAGIC).ok_or(HandshakeError::Garbage)?;
    if hello.protocol != PROTOCOL_VERSION || hello.abi_hash != ABI_HASH {
        let guest = Version { release: hello.release, protocol: hello.protocol };
        return Err(HandshakeError::Version(Mismatch { guest, host: Version::OWN }));
    }
    let kind = match hello.kind {
        1 => ConnectionKind::Compute,
        2 => ConnectionKind::Monitor,
        _ => return Err(HandshakeError::Garbage),
    };
    let arenas = packet.get(size_of::<Hello>()..).and_then(Pod::from_bytes).ok_or(HandshakeError::Garbage)?;
    Ok(Introduction { kind, pid: hello.pid, arenas })
}

/// Host: lets the guest in, with the window's object if it came to compute.
///
/// # Errors
/// When the guest is gone.
pub fn welcome(socket: &Socket, object: Option<BorrowedFd<'_>>) -> Result<(), HandshakeError> {
    Ok(socket.send(&welcome_packet(), object)?)
}

/// Host: the packet that lets a guest in.
pub fn welcome_packet() -> Vec<u8> {
    WELCOME_MAGIC.as_bytes().to_vec()
}

/// Host: the packet that turns a guest away.
pub fn refusal_packet(reason: &str) -> Vec<u8> {
    let mut packet = REFUSAL_MAGIC.as_bytes().to_vec();
    packet.extend(reason.bytes().take(REASON_MAX_BYTES));
    packet
}

/// Host: turns the guest away. A guest that is gone is turned away already.
pub fn refuse(socket: &Socket, reason: &str) {
    socket.drain();
    if let Err(error) = socket.send(&refusal_packet(reason), None) {
        log::debug!("a refused guest did not wait for the reason: {error}");
    }
}

/// Reads the first bytes of a window's object without mapping it.
pub(super) fn read_at_start(object: BorrowedFd<'_>, target: &mut [u8]) -> io::Result<()> {
    // SAFETY: the target is writable for its length.
    let read = unsafe { libc::pread(object.as_raw_fd(), target.as_mut_ptr().cast(), target.len(), 0) };
    match usize::try_from(read) {
        Ok(read) if read == target.len() => Ok(()),
        Ok(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARENA: AddressRange = AddressRange { address: 0x4000_0000_0000, len_bytes: 1 << 40 };

    #[test]
    fn a_guest_is_recognised_and_let_in() {
        let (guest, host) = Socket::pair().expect("a socket pair");
        let thread = std::thread::spawn(move || greet(&guest, &Greeting::compute([ARENA])).map(|w| w.object.is_none()));
        let peeked = receive_hello(&host, true).expect("a hello");
        assert_eq!(receive_hello(&host, false).expect("the same hello"), peeked);
        let arenas = Greeting::compute([ARENA]).arenas;
        assert_eq!(arenas, [ARENA, AddressRange::default(), AddressRange::default()]);
        assert_eq!(peeked, Introduction { kind: ConnectionKind::Compute, pid: std::process::id(), arenas });
        welcome(&host, None).expect("a guest that waits");
        assert!(thread.join().expect("no panic").expect("a welcome"));
    }

    #[test]
    fn a_refusal_carries_its_reason() {
        let (guest, host) = Socket::pair().expect("a socket pair");
        refuse(&host, "no room");
        drop(host);
        let error = greet(&guest, &Greeting::compute([ARENA])).expect_err("refused").to_string();
        assert!(error.contains("no room"), "{error}");
    }

    #[test]
    fn a_refusal_is_heard_even_if_the_greeting_was_only_peeked_at() {
        let (guest, host) = Socket::pair().expect("a socket pair");
        let thread = std::thread::spawn(move || greet(&guest, &Greeting::compute([ARENA])));
        receive_hello(&host, true).expect("a hello");
        refuse(&host, "no room");
        drop(host);
        let error = thread.join().expect("no panic").expect_err("refused").to_string();
        assert!(error.contains("no room"), "{error}");
    }

    #[test]
    fn garbage_from_either_side_is_an_error() {
        for garbage in [&b"x"[..], b"GET / HTTP/1.1\r\n\r\n", &[0xff; 32], &[0; 32]] {
            let (guest, host) = Socket::pair().expect("a socket pair");
            guest.send(garbage, None).expect("a send");
            host.send(garbage, None).expect("a send");
            assert!(matches!(receive_hello(&host, false), Err(HandshakeError::Garbage)));
            assert!(matches!(greet(&guest, &Greeting::compute([ARENA])), Err(HandshakeError::Garbage)));
        }
        let (guest, host) = Socket::pair().expect("a socket pair");
        guest.send(&[1; 4000], None).expect("a send");
        assert!(matches!(receive_hello(&host, false), Err(HandshakeError::Socket(_))));
    }

    #[test]
    fn another_version_is_told_so() {
        let (guest, host) = Socket::pair().expect("a socket pair");
        let hello = Hello { magic: HELLO_MAGIC, protocol: 99, kind: 1, ..Hello::default() };
        guest.send(hello.as_bytes(), None).expect("a send");
        assert!(matches!(receive_hello(&host, false), Err(HandshakeError::Version(_))));
        let error = greet(&guest, &Greeting::compute([ARENA])).expect_err("refused").to_string();
        assert!(error.contains("guest unknown, protocol 99"), "{error}");
    }
}
