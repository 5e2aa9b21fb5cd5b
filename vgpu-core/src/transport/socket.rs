//! Message sockets between processes of one machine: packets arrive whole, one file descriptor may ride along.

use std::ffi::c_void;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use super::exchange::Exchange;

/// How long either side waits for the other, once both are there.
pub const TIMEOUT: Duration = Duration::from_secs(5);
/// How long a guest waits for a daemon's first word. Where systemd listens, its connection is what starts the daemon, on a
/// machine that may be busy booting. Ollama gives each look for GPUs 30 seconds.
pub(crate) const START_TIMEOUT: Duration = Duration::from_secs(20);

/// A connected socket of type `SOCK_SEQPACKET`.
#[derive(Debug)]
pub struct Socket(OwnedFd);

impl From<OwnedFd> for Socket {
    fn from(fd: OwnedFd) -> Self {
        Self(fd)
    }
}

impl From<Socket> for OwnedFd {
    fn from(socket: Socket) -> Self {
        socket.0
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Who is at the other end, as the kernel saw it when the connection was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Process, in this process's namespace; 0 when it is not visible here.
    pub pid: u32,
    /// User.
    pub uid: u32,
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Writes `path` into a socket address.
///
/// # Errors
/// `InvalidInput` when it is too long (over 107 bytes) or holds a NUL.
pub(crate) fn address_of(path: &Path) -> io::Result<(libc::sockaddr_un, libc::socklen_t)> {
    // SAFETY: all-zero is a valid address to be filled in.
    let mut address: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    let bytes = path.as_os_str().as_bytes();
    if bytes.len() >= address.sun_path.len() || bytes.contains(&0) || bytes.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a socket's path has 1 to 107 bytes"));
    }
    for (to, from) in address.sun_path.iter_mut().zip(bytes) {
        *to = from.cast_signed();
    }
    let len = std::mem::offset_of!(libc::sockaddr_un, sun_path) + bytes.len() + 1;
    Ok((address, len as libc::socklen_t))
}

/// A fresh, unconnected socket.
///
/// # Errors
/// When the kernel gives none.
pub(crate) fn new_socket() -> io::Result<OwnedFd> {
    // SAFETY: constants only.
    let raw = check(unsafe { libc::socket(libc::AF_UNIX, libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC, 0) })?;
    // SAFETY: the kernel has just given us this descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

impl Socket {
    /// Connects to the listener at `path`.
    ///
    /// # Errors
    /// When nobody listens there, or does not answer in time.
    pub fn connect(path: &Path) -> io::Result<Self> {
        let (address, len) = address_of(path)?;
        let socket = Self(new_socket()?);
        socket.set_timeout(Some(START_TIMEOUT))?;
        // SAFETY: the address is valid for the call, and its length is given.
        check(unsafe { libc::connect(socket.0.as_raw_fd(), (&raw const address).cast(), len) })?;
        Ok(socket)
    }

    /// Two sockets, connected to each other.
    ///
    /// # Errors
    /// When the kernel gives none.
    pub fn pair() -> io::Result<(Self, Self)> {
        let mut raw: [RawFd; 2] = [-1; 2];
        // SAFETY: room for two descriptors.
        check(unsafe {
            libc::socketpair(libc::AF_UNIX, libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC, 0, raw.as_mut_ptr())
        })?;
        // SAFETY: the kernel has just given us these descriptors.
        let ends = unsafe { raw.map(|fd| OwnedFd::from_raw_fd(fd)) };
        let [ours, theirs] = ends.map(Self);
        ours.set_timeout(Some(TIMEOUT))?;
        theirs.set_timeout(Some(TIMEOUT))?;
        Ok((ours, theirs))
    }

    /// How long to wait in each direction; `None` for ever.
    ///
    /// # Errors
    /// When the descriptor is no socket.
    pub fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = timeout.unwrap_or_default();
        let value = libc::timeval {
            tv_sec: libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_usec: timeout.subsec_micros().into(),
        };
        for option in [libc::SO_RCVTIMEO, libc::SO_SNDTIMEO] {
            // SAFETY: the value is a timeval, as both options take, and its size is given.
            check(unsafe {
                libc::setsockopt(
                    self.0.as_raw_fd(),
                    libc::SOL_SOCKET,
                    option,
                    (&raw const value).cast(),
                    size_of::<libc::timeval>() as libc::socklen_t,
                )
            })?;
        }
        Ok(())
    }

    /// The process at the other end.
    ///
    /// # Errors
    /// When the descriptor is no connected unix socket.
    pub fn peer(&self) -> io::Result<Peer> {
        let mut credentials = libc::ucred { pid: 0, uid: 0, gid: 0 };
        let mut len = size_of::<libc::ucred>() as libc::socklen_t;
        // SAFETY: room for a ucred, and its size is given.
        check(unsafe {
            libc::getsockopt(
                self.0.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERCRED,
                (&raw mut credentials).cast(),
                &raw mut len,
            )
        })?;
        Ok(Peer { pid: credentials.pid.max(0).cast_unsigned(), uid: credentials.uid })
    }

    /// Sends one packet, with a descriptor if one is given.
    ///
    /// # Errors
    /// When the peer is gone or takes nothing in time.
    pub fn send(&self, bytes: &[u8], fd: Option<BorrowedFd<'_>>) -> io::Result<()> {
        let mut control = ControlBuffer::default();
        let mut part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        let mut message = control.message(&mut part, fd.is_some());
        if let Some(fd) = fd {
            // SAFETY: the message's control buffer has room for one header and one descriptor.
            let header = unsafe { &mut *libc::CMSG_FIRSTHDR(&raw const message) };
            header.cmsg_level = libc::SOL_SOCKET;
            header.cmsg_type = libc::SCM_RIGHTS;
            // SAFETY: arithmetic on a size.
            header.cmsg_len = unsafe { libc::CMSG_LEN(size_of::<RawFd>() as u32) } as _;
            // SAFETY: the data follows the header within the buffer.
            unsafe { libc::CMSG_DATA(header).cast::<RawFd>().write_unaligned(fd.as_raw_fd()) };
            message.msg_controllen = header.cmsg_len;
        }
        loop {
            // SAFETY: the message points to live buffers; MSG_NOSIGNAL keeps a dead peer from killing the process.
            let sent = unsafe { libc::sendmsg(self.0.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) };
            if sent >= 0 {
                return Ok(());
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }

    /// Receives one packet: its length (0 when the peer closed) and the descriptor that came with it.
    ///
    /// # Errors
    /// When nothing comes in time, or the packet is longer than `bytes`.
    pub fn receive(&self, bytes: &mut [u8]) -> io::Result<(usize, Option<OwnedFd>)> {
        self.receive_with(bytes, 0)
    }

    /// As [`receive`](Self::receive), but the packet stays to be received again.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub fn peek(&self, bytes: &mut [u8]) -> io::Result<usize> {
        self.receive_with(bytes, libc::MSG_PEEK).map(|(len, _)| len)
    }

    /// Throws away what waits to be received. A socket that is closed with something unread resets its peer, which then
    /// cannot read the last words that were sent to it.
    pub fn drain(&self) {
        for _ in 0..16 {
            match self.receive_with(&mut [0; 64], libc::MSG_DONTWAIT) {
                Ok((0, _)) => return,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                _ => {}
            }
        }
    }

    fn receive_with(&self, bytes: &mut [u8], flags: libc::c_int) -> io::Result<(usize, Option<OwnedFd>)> {
        let mut control = ControlBuffer::default();
        let mut part = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
        let mut message = control.message(&mut part, true);
        let len = loop {
            // SAFETY: the message points to live buffers of the lengths that it names.
            let len = unsafe { libc::recvmsg(self.0.as_raw_fd(), &raw mut message, flags | libc::MSG_CMSG_CLOEXEC) };
            if let Ok(len) = usize::try_from(len) {
                break len;
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        };
        let fd = first_descriptor(&message);
        if message.msg_flags & (libc::MSG_TRUNC | libc::MSG_CTRUNC) != 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a packet longer than any that is expected"));
        }
        Ok((len, fd))
    }
}

impl Exchange for Socket {
    fn exchange(&self, request: &[u8], answer: &mut [u8]) -> io::Result<(usize, Option<OwnedFd>)> {
        // A host that refuses before it has read may already have closed: its reason still waits to be read.
        let sent = self.send(request, None);
        match (self.receive(answer), sent) {
            (Ok(received), _) => Ok(received),
            (Err(_), Err(error)) | (Err(error), Ok(())) => Err(error),
        }
    }
}

/// The first descriptor of a received message; the kernel was given room for no more than one.
fn first_descriptor(message: &libc::msghdr) -> Option<OwnedFd> {
    // SAFETY: the kernel filled in the control buffer and its length.
    let header = unsafe { libc::CMSG_FIRSTHDR(message).as_ref() }?;
    // SAFETY: arithmetic on a size.
    let needed = unsafe { libc::CMSG_LEN(size_of::<RawFd>() as u32) } as usize;
    if header.cmsg_level != libc::SOL_SOCKET || header.cmsg_type != libc::SCM_RIGHTS || header.cmsg_len < needed as _ {
        return None;
    }
    // SAFETY: the header says that a descriptor follows it.
    let raw = unsafe { libc::CMSG_DATA(header).cast::<RawFd>().read_unaligned() };
    // SAFETY: the kernel installed this descriptor for us with the message.
    (raw >= 0).then(|| unsafe { OwnedFd::from_raw_fd(raw) })
}

/// Room for one control message that carries one descriptor.
#[repr(align(8))]
struct ControlBuffer([MaybeUninit<u8>; 24]);

impl Default for ControlBuffer {
    fn default() -> Self {
        Self([MaybeUninit::zeroed(); 24])
    }
}

impl ControlBuffer {
    fn message(&mut self, part: &mut libc::iovec, with_control: bool) -> libc::msghdr {
        // SAFETY: all-zero is an empty message.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_iov = part;
        message.msg_iovlen = 1;
        if with_control {
            message.msg_control = self.0.as_mut_ptr().cast::<c_void>();
            // Not the whole buffer: its padding has room for a second descriptor, which nobody would close.
            // SAFETY: arithmetic on a size.
            message.msg_controllen = unsafe { libc::CMSG_LEN(size_of::<RawFd>() as u32) } as _;
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn packets_arrive_whole_and_with_their_descriptor() {
        let (a, b) = Socket::pair().expect("a socket pair");
        let file = std::fs::File::open("/dev/null").expect("/dev/null");
        a.send(b"with", Some(file.as_fd())).expect("a send");
        a.send(b"without", None).expect("a send");
        let mut bytes = [0; 64];
        let (len, fd) = b.receive(&mut bytes).expect("a packet");
        assert_eq!((&bytes[..len], fd.is_some()), (&b"with"[..], true));
        let (len, fd) = b.receive(&mut bytes).expect("a packet");
        assert_eq!((&bytes[..len], fd.is_some()), (&b"without"[..], false));
    }

    #[test]
    fn descriptors_that_nobody_asked_for_do_not_stay_open() {
        let (a, b) = Socket::pair().expect("a socket pair");
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        let writers = [writer.try_clone().expect("a descriptor"), writer];
        let mut bytes = [0_u8; 8];
        let mut part = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
        // SAFETY: all-zero is an empty message.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        (message.msg_iov, message.msg_iovlen) = (&raw mut part, 1);
        let mut rights = [0_u64; 3];
        (message.msg_control, message.msg_controllen) = (rights.as_mut_ptr().cast(), 24);
        // SAFETY: the control buffer has room for a header and two descriptors.
        let header = unsafe { &mut *libc::CMSG_FIRSTHDR(&raw const message) };
        (header.cmsg_level, header.cmsg_type, header.cmsg_len) = (libc::SOL_SOCKET, libc::SCM_RIGHTS, 24);
        let raw: [RawFd; 2] = std::array::from_fn(|index| writers[index].as_raw_fd());
        // SAFETY: the data follows the header within the buffer.
        unsafe { libc::CMSG_DATA(header).cast::<[RawFd; 2]>().write_unaligned(raw) };
        // SAFETY: the message points to live buffers.
        assert_eq!(unsafe { libc::sendmsg(a.0.as_raw_fd(), &raw const message, 0) }, 8);
        drop(writers);
        assert!(b.peek(&mut [0; 8]).is_err());
        assert!(b.receive(&mut [0; 8]).is_err());
        assert_eq!(std::io::Read::read(&mut reader, &mut [0]).expect("a pipe"), 0, "nobody can write any more");
    }

    #[test]
    fn an_overlong_packet_is_an_error() {
        let (a, b) = Socket::pair().expect("a socket pair");
        a.send(&[1; 100], None).expect("a send");
        assert_eq!(b.receive(&mut [0; 10]).expect_err("too long").kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_closed_peer_reads_as_empty_and_a_silent_one_times_out() {
        let (a, b) = Socket::pair().expect("a socket pair");
        b.set_timeout(Some(Duration::from_millis(20))).expect("a socket");
        assert_eq!(b.receive(&mut [0; 10]).expect_err("silence").kind(), io::ErrorKind::WouldBlock);
        drop(a);
        assert_eq!(b.receive(&mut [0; 10]).expect("end of stream").0, 0);
    }

    #[test]
    fn the_peer_is_known() {
        let (a, _b) = Socket::pair().expect("a socket pair");
        assert_eq!(a.peer().expect("credentials").pid, std::process::id());
    }
}
