//! One VMM's conversation: a message is read, done and answered before the next one.
//!
//! The VMM's processors stand still while a register access waits for its answer, so nothing here waits for anything but
//! the VMM itself. The one exception is a reset of the whole device, during which they stand still anyway; it is bounded.
//!
//! Plain reads take a message's bytes and leave its descriptors, which the kernel then closes: guest memory, which we never
//! touch. So no descriptor can be taken for another message's, and none can be piled up here.

use std::io::{self, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use vgpu_core::pci::regs::BAR0_BYTES;
use vgpu_device::{CONFIG_BYTES, ConfigSpace, Identity, Registers};

use super::message::{self, ACCESS_BYTES, Access, HEADER_BYTES, Header, Malformed, Request};
use crate::settings::FunctionSettings;
use crate::tenant::Tenant;

/// What we speak.
const MAJOR: u16 = 0;
const MINOR: u16 = 1;
/// Whoever connects has this long to say which version it speaks.
const NEGOTIATION_LIMIT: Duration = Duration::from_secs(5);
/// QEMU gives up on an answer after 5 seconds and never speaks to us again.
const RESET_LIMIT: Duration = Duration::from_secs(2);

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
    body: Vec<u8>,
}

impl<'a> Connection<'a> {
    pub(super) fn new(stream: UnixStream, tenant: &'a Tenant, settings: &FunctionSettings) -> Self {
        Self {
            stream,
            tenant,
            config: ConfigSpace::new(Identity::default(), settings.bar_bytes),
            bar1_bytes: settings.bar_bytes,
            channels: settings.channels,
            body: Vec::new(),
        }
    }

    /// Reads one message, does what it asks for, and answers.
    pub(super) fn serve_one(&mut self) -> Result<(), Ending> {
        let mut body = std::mem::take(&mut self.body);
        let header = read_message(&mut self.stream, &mut body)?;
        let reply = Request::parse(header.command, &body).and_then(|request| self.answer(request));
        if let Err(error) = &reply {
            log::debug!("command {} of {} bytes failed: {error}", header.command, header.body_bytes);
        }
        self.body = body;
        if header.no_reply {
            return Ok(());
        }
        let sent = match reply {
            Ok(Reply::Body(body)) => self.stream.write_all(&header.reply(&body)),
            Ok(Reply::Object(body, object)) => send_with(&mut self.stream, &header.reply(&body), object),
            Err(error) => self.stream.write_all(&header.failure(error)),
        };
        Ok(sent?)
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
            CONFIG => self.config.write(access.offset, data).map_err(|_| Errno::INVAL)?,
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
