//! One VMM's conversation: a message is read, done and answered before the next one.
//!
//! The VMM's processors stand still while a register access waits for its answer, so nothing here waits for anything but
//! the VMM itself. The one exception is a reset of the whole device, during which they stand still anyway; it is bounded.
//!
//! Plain reads take a message's bytes and leave its descriptors, which the kernel then closes: guest memory, which we never
//! touch. So no descriptor can be taken for another message's, and none can be piled up here.
//!
//! A message stays in the socket until it is answered, so that a daemon that dies in between leaves it to the next one. Those
//! that do not fit the socket at once cannot be left there; VMMs that map the function's memory send none.

use std::io::{self, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, recv, sendmsg};
use vgpu_core::pci::regs::BAR0_BYTES;
use vgpu_device::{CONFIG_BYTES, ConfigSpace, Registers};

use super::message::{self, ACCESS_BYTES, Access, HEADER_BYTES, Header, Malformed, Request};
use super::record::{Record, Saved};
use crate::settings::FunctionSettings;
use crate::tenant::Tenant;

/// What we speak.
const MAJOR: u16 = 0;
const MINOR: u16 = 1;
/// Whoever connects has this long to say which version it speaks.
const NEGOTIATION_LIMIT: Duration = Duration::from_secs(5);
/// QEMU gives up on an answer after so long. One that comes later confuses it for good.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
const RESET_LIMIT: Duration = Duration::from_secs(2);
/// Messages up to this length are left in the socket until they are answered, and answers up to it are sent whole or not
/// at all.
const WHOLE_MAX_BYTES: usize = 4096;

/// Linux's numbers of a PCI device's regions: six BARs, ROM, config space, VGA.
const REGIONS: u32 = 9;
const BAR0: u32 = 0;
const BAR1: u32 = 1;
const CONFIG: u32 = 7;
/// INTx, MSI, MSI-X, errors, device request: we raise none of them.
const IRQS: u32 = 5;
/// Of errors, Linux says for a conventional PCI device that there is no such interrupt, and so do we: told of one without
/// vectors, QEMU prints a warning.
const ERROR_IRQ: u32 = 3;

/// Why a conversation is over.
#[derive(Debug)]
pub(super) enum Ending {
    /// The VMM has closed the connection between two messages.
    Left,
    /// The connection failed, or ended within a message.
    Failed(io::Error),
    /// The VMM does not speak vfio-user.
    Malformed(Malformed),
}

impl From<io::Error> for Ending {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // A VMM that was killed while a message or an answer was on its way.
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Self::Left,
            io::ErrorKind::UnexpectedEof => Self::Failed(io::Error::other("it ended within a message")),
            io::ErrorKind::WouldBlock => Self::Failed(io::Error::other("the peer said nothing for too long")),
            _ => Self::Failed(error),
        }
    }
}

/// Agrees on a version; `None` when the peer left without a word.
pub(super) fn negotiate(mut stream: UnixStream) -> io::Result<Option<UnixStream>> {
    stream.set_read_timeout(Some(NEGOTIATION_LIMIT))?;
    stream.set_write_timeout(Some(NEGOTIATION_LIMIT))?;
    let mut body = Vec::new();
    let header = match read_message(&mut stream, &mut body) {
        Ok(header) => header,
        Err(Ending::Left) => return Ok(None),
        Err(Ending::Failed(error)) => return Err(error),
        Err(Ending::Malformed(error)) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
    };
    let refused = |text: String| Err(io::Error::new(io::ErrorKind::InvalidData, text));
    match Request::parse(header.command, &body) {
        Ok(Request::Version { major: MAJOR, minor }) => {
            stream.write_all(&header.reply(&message::version(MAJOR, minor.min(MINOR))))?;
        }
        Ok(Request::Version { major, .. }) => {
            stream.write_all(&header.failure(Errno::NOTSUP))?;
            return refused(format!("it speaks version {major} of vfio-user, not {MAJOR}"));
        }
        _ => {
            stream.write_all(&header.failure(Errno::INVAL))?;
            return refused(format!(
                "its first message is no version (command {}, {} bytes)",
                header.command,
                body.len()
            ));
        }
    }
    stream.set_read_timeout(None)?;
    stream.set_write_timeout(None)?;
    Ok(Some(stream))
}

/// Reads one message and not a byte more.
fn read_message(stream: &mut UnixStream, body: &mut Vec<u8>) -> Result<Header, Ending> {
    let mut bytes = [0; HEADER_BYTES];
    let first = loop {
        match stream.read(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => break result?,
        }
    };
    if first == 0 {
        return Err(Ending::Left);
    }
    stream.read_exact(&mut bytes[first..])?;
    let header = Header::parse(&bytes).map_err(Ending::Malformed)?;
    body.resize(header.body_bytes, 0);
    stream.read_exact(body)?;
    Ok(header)
}

/// What the answer to a request consists of.
enum Reply<'a> {
    Body(Vec<u8>),
    /// With a descriptor.
    Object(Vec<u8>, BorrowedFd<'a>),
}

/// A conversation after its version has been agreed on.
pub(super) struct Connection<'a> {
    stream: UnixStream,
    tenant: &'a Tenant,
    config: ConfigSpace,
    bar1_bytes: u64,
    channels: u32,
    record: &'a Record,
    front: Vec<u8>,
    body: Vec<u8>,
}

/// A message, and how much of it is still in the socket: all or nothing.
struct Incoming {
    header: Header,
    held_bytes: usize,
}

impl<'a> Connection<'a> {
    pub(super) fn new(
        stream: UnixStream,
        tenant: &'a Tenant,
        config: ConfigSpace,
        record: &'a Record,
        settings: &FunctionSettings,
    ) -> Self {
        let (bar1_bytes, channels) = (settings.bar_size.0, settings.channels);
        let connection =
            Self { stream, tenant, config, bar1_bytes, channels, record, front: Vec::new(), body: Vec::new() };
        connection.note_config();
        connection
    }

    /// Finds the first message that an earlier daemon has left to be answered.
    pub(super) fn catch_up(&mut self, saved: &Saved) -> Result<(), Ending> {
        // The answer to this one was sent, or so nearly that it cannot be told.
        if let Some(incoming) = self.peek()?
            && saved.answered == Some(incoming.header.id)
        {
            self.take_off(incoming.held_bytes)?;
        }
        if saved.absence >= ANSWER_LIMIT {
            while let Some(incoming) = self.peek()? {
                log::warn!("the VM waits no more for an answer to its command {}", incoming.header.command);
                self.serve(incoming, false)?;
            }
        }
        Ok(())
    }

    /// Looks at the message that stands first in the socket, if it is there and whole.
    fn peek(&mut self) -> Result<Option<Incoming>, Ending> {
        self.front.resize(WHOLE_MAX_BYTES, 0);
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        let seen = match recv(&self.stream, self.front.as_mut_slice(), flags) {
            Ok((0, _)) => return Err(Ending::Left),
            Ok((seen, _)) => seen,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(None),
            Err(error) => return Err(io::Error::from(error).into()),
        };
        let Some((header, rest)) = self.front[..seen].split_first_chunk() else {
            return Ok(None);
        };
        let header = Header::parse(header).map_err(Ending::Malformed)?;
        let Some(body) = rest.get(..header.body_bytes) else {
            return Ok(None);
        };
        self.body.clear();
        self.body.extend(body);
        Ok(Some(Incoming { header, held_bytes: HEADER_BYTES + header.body_bytes }))
    }

    /// Takes a message off the socket that has been looked at.
    fn take_off(&mut self, len_bytes: usize) -> Result<(), Ending> {
        Ok(self.stream.read_exact(&mut self.front[..len_bytes])?)
    }

    fn receive(&mut self) -> Result<Incoming, Ending> {
        if let Some(incoming) = self.peek()? {
            return Ok(incoming);
        }
        self.record.set_within(true);
        let header = read_message(&mut self.stream, &mut self.body)?;
        Ok(Incoming { header, held_bytes: 0 })
    }

    /// Reads one message, does what it asks for, and answers.
    pub(super) fn serve_one(&mut self) -> Result<(), Ending> {
        let incoming = self.receive()?;
        self.serve(incoming, true)
    }

    fn serve(&mut self, Incoming { header, held_bytes }: Incoming, is_awaited: bool) -> Result<(), Ending> {
        let body = std::mem::take(&mut self.body);
        let reply = Request::parse(header.command, &body).and_then(|request| self.answer(request));
        if let Err(error) = &reply {
            log::debug!("command {} of {} bytes failed: {error}", header.command, header.body_bytes);
        }
        self.body = body;
        if is_awaited && !header.no_reply {
            let (bytes, object) = match reply {
                Ok(Reply::Body(body)) => (header.reply(&body), None),
                Ok(Reply::Object(body, object)) => (header.reply(&body), Some(object)),
                Err(error) => (header.failure(error), None),
            };
            self.send(header.id, &bytes, object)?;
        }
        if held_bytes != 0 {
            self.take_off(held_bytes)?;
        }
        self.record.set_within(false);
        Ok(())
    }

    fn send(&mut self, message: u16, bytes: &[u8], object: Option<BorrowedFd<'_>>) -> io::Result<()> {
        if bytes.len() > WHOLE_MAX_BYTES {
            self.record.set_within(true);
        }
        self.record.set_answered(message);
        match object {
            Some(object) => send_with(&mut self.stream, bytes, object),
            None => self.stream.write_all(bytes),
        }
    }

    fn note_config(&self) {
        let mut bytes = [0; CONFIG_BYTES];
        self.config.read(0, &mut bytes).expect("all of config space");
        self.record.set_config(&bytes);
    }

    fn answer(&mut self, request: Request<'_>) -> Result<Reply<'a>, Errno> {
        let body = match request {
            Request::Version { .. } => return Err(Errno::INVAL),
            Request::DmaMap => Vec::new(),
            Request::DmaUnmap { echo } => echo.to_vec(),
            Request::DeviceInfo => message::device_info(REGIONS, IRQS).to_vec(),
            Request::RegionInfo { index } => {
                let size_bytes = self.region_bytes(index)?;
                let info = message::region_info(index, size_bytes, index == BAR1).to_vec();
                if index == BAR1 {
                    return Ok(Reply::Object(info, self.tenant.bar().object()));
                }
                info
            }
            Request::IrqInfo { index } if index < IRQS && index != ERROR_IRQ => message::irq_info(index, 0).to_vec(),
            Request::SetIrqs { index, count: 0 } if index < IRQS => Vec::new(),
            Request::IrqInfo { .. } | Request::SetIrqs { .. } => return Err(Errno::INVAL),
            Request::RegionRead { access } => self.read(access)?,
            Request::RegionWrite { access, data } => {
                self.write(access, data)?;
                access.to_bytes().to_vec()
            }
            Request::Reset => {
                self.config.reset();
                self.note_config();
                if !self.tenant.reset(RESET_LIMIT) {
                    log::warn!("a reset takes longer than {} seconds", RESET_LIMIT.as_secs());
                }
                Vec::new()
            }
        };
        Ok(Reply::Body(body))
    }

    fn region_bytes(&self, region: u32) -> Result<u64, Errno> {
        match region {
            BAR0 => Ok(BAR0_BYTES),
            BAR1 => Ok(self.bar1_bytes),
            CONFIG => Ok(CONFIG_BYTES as u64),
            _ if region < REGIONS => Ok(0),
            _ => Err(Errno::INVAL),
        }
    }

    fn registers(&self) -> Registers {
        Registers { generation: self.tenant.generation(), channels: self.channels }
    }

    /// Fails when an access leaves its region.
    fn check(&self, access: Access) -> Result<(), Errno> {
        let end = access.offset.checked_add(u64::from(access.count)).ok_or(Errno::INVAL)?;
        if end <= self.region_bytes(access.region)? { Ok(()) } else { Err(Errno::INVAL) }
    }

    /// Registers are the VM's own to use; the VMM may read the rest of a VM that is paused.
    fn note(&self, access: Access) {
        if access.region == BAR0 {
            self.tenant.note_access();
        }
    }

    fn read(&self, access: Access) -> Result<Vec<u8>, Errno> {
        self.check(access)?;
        self.note(access);
        let mut body = access.to_bytes().to_vec();
        body.resize(ACCESS_BYTES + access.count as usize, 0);
        let target = &mut body[ACCESS_BYTES..];
        match access.region {
            BAR0 => self.registers().read(access.offset, target).map_err(|_| Errno::INVAL)?,
            BAR1 => self.tenant.bar().read(access.offset, target),
            CONFIG => self.config.read(access.offset, target).map_err(|_| Errno::INVAL)?,
            _ => {}
        }
        Ok(body)
    }

    fn write(&mut self, access: Access, data: &[u8]) -> Result<(), Errno> {
        self.check(access)?;
        self.note(access);
        match access.region {
            BAR0 => {
                let effects = self.registers().write(access.offset, data).map_err(|_| Errno::INVAL)?;
                effects.for_each(|effect| self.tenant.apply(effect));
            }
            BAR1 => self.tenant.bar().write(access.offset, data),
            CONFIG => {
                self.config.write(access.offset, data).map_err(|_| Errno::INVAL)?;
                self.note_config();
            }
            _ => {}
        }
        Ok(())
    }
}

fn send_with(stream: &mut UnixStream, message: &[u8], object: BorrowedFd<'_>) -> io::Result<()> {
    let objects = [object];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(SendAncillaryMessage::ScmRights(&objects)), "there is room for one descriptor");
    let sent = loop {
        match sendmsg(&*stream, &[IoSlice::new(message)], &mut control, SendFlags::NOSIGNAL) {
            Err(Errno::INTR) => {}
            result => break result?,
        }
    };
    // The descriptor went with the first byte.
    stream.write_all(&message[sent..])
}
