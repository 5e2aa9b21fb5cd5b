//! vfio-user's messages as they come from a VMM: a header, then a body whose every length is checked.
//!
//! **Source:** the vfio-user specification 0.1 and the structures of Linux's `vfio.h`; all integers are little-endian.

use std::fmt;

use rustix::io::Errno;

/// Length of a header.
pub const HEADER_BYTES: usize = 16;
/// The most that one access may read or write.
pub const DATA_MAX_BYTES: usize = 1 << 20;
/// Length of the fixed part of an access, in both directions.
pub(crate) const ACCESS_BYTES: usize = 16;
/// The longest body that is read.
pub const BODY_MAX_BYTES: usize = ACCESS_BYTES + DATA_MAX_BYTES;

/// Length of `struct vfio_device_info`'s first four fields.
const DEVICE_INFO_BYTES: usize = 16;
const REGION_INFO_BYTES: usize = 32;
const IRQ_INFO_BYTES: usize = 16;

const TYPE_MASK: u32 = 0xf;
const TYPE_COMMAND: u32 = 0;
const TYPE_REPLY: u32 = 1;
const NO_REPLY: u32 = 1 << 4;
const ERROR: u32 = 1 << 5;

/// After this, where the stream's next message begins is not known any more: the connection must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// A message that says it is this long, header included.
    Length(u32),
    /// No command; these are its flags.
    Flags(u32),
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(bytes) => write!(f, "a message of {bytes} bytes"),
            Self::Flags(flags) => write!(f, "a message that is no command (flags {flags:#x})"),
        }
    }
}

impl std::error::Error for Malformed {}

/// A command's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The VMM's number for it.
    pub(crate) id: u16,
    /// What it asks for.
    pub command: u16,
    /// How much follows the header.
    pub body_bytes: usize,
    /// The VMM does not want to hear how it went.
    pub(crate) no_reply: bool,
}

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn parse(bytes: &[u8; HEADER_BYTES]) -> Result<Self, Malformed> {
        let [i0, i1, c0, c1, s0, s1, s2, s3, f0, f1, f2, f3, ..] = *bytes;
        let (message_bytes, flags) = (u32::from_le_bytes([s0, s1, s2, s3]), u32::from_le_bytes([f0, f1, f2, f3]));
        if flags & TYPE_MASK != TYPE_COMMAND {
            return Err(Malformed::Flags(flags));
        }
        let body_bytes = (message_bytes as usize).checked_sub(HEADER_BYTES).filter(|bytes| *bytes <= BODY_MAX_BYTES);
        Ok(Self {
            id: u16::from_le_bytes([i0, i1]),
            command: u16::from_le_bytes([c0, c1]),
            body_bytes: body_bytes.ok_or(Malformed::Length(message_bytes))?,
            no_reply: flags & NO_REPLY != 0,
        })
    }

    /// The answer to this command.
    pub fn reply(&self, body: &[u8]) -> Vec<u8> {
        self.answer(TYPE_REPLY, 0, body)
    }

    /// The answer that this command failed.
    pub fn failure(&self, error: Errno) -> Vec<u8> {
        self.answer(TYPE_REPLY | ERROR, error.raw_os_error().cast_unsigned(), &[])
    }

    fn answer(&self, flags: u32, error: u32, body: &[u8]) -> Vec<u8> {
        let mut message = Vec::with_capacity(HEADER_BYTES + body.len());
        message.extend(self.id.to_le_bytes());
        message.extend(self.command.to_le_bytes());
        message.extend(((HEADER_BYTES + body.len()) as u32).to_le_bytes());
        message.extend(flags.to_le_bytes());
        message.extend(error.to_le_bytes());
        message.extend(body);
        message
    }
}

/// What a command asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Agree on a version. The VMM's limits are not read: it asks for no more than it can take.
    Version {
        /// Must be ours.
        major: u16,
        /// The smaller of both is spoken.
        minor: u16,
    },
    /// Take note of guest memory.
    DmaMap,
    /// Forget guest memory.
    DmaUnmap {
        /// The request's fixed part, which the answer repeats.
        echo: &'a [u8],
    },
    /// What kind of device this is.
    DeviceInfo,
    /// A region's length and flags.
    RegionInfo {
        /// Which.
        index: u32,
    },
    /// An interrupt's kind and number of vectors.
    IrqInfo {
        /// Which.
        index: u32,
    },
    /// Set up an interrupt's vectors.
    SetIrqs {
        /// Which.
        index: u32,
        /// How many vectors; 0 turns the interrupt off.
        count: u32,
    },
    /// Read from a region.
    RegionRead {
        /// Where and how much.
        access: Access,
    },
    /// Write to a region.
    RegionWrite {
        /// Where and how much.
        access: Access,
        /// As many bytes.
        data: &'a [u8],
    },
    /// As after power-on.
    Reset,
}

/// An access to a region; at most [`DATA_MAX_BYTES`] long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Where in the region.
    pub offset: u64,
    /// Which region.
    pub region: u32,
    /// How many bytes.
    pub count: u32,
}

impl Access {
    /// As it stands in requests and answers.
    pub(crate) fn to_bytes(self) -> [u8; ACCESS_BYTES] {
        let mut bytes = [0; ACCESS_BYTES];
        bytes[..8].copy_from_slice(&self.offset.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.region.to_le_bytes());
        bytes[12..].copy_from_slice(&self.count.to_le_bytes());
        bytes
    }
}

impl<'a> Request<'a> {
    /// Reads the body of a command.
    ///
    /// # Errors
    /// `NOTSUP` for commands that we do not know, `INVAL` for those whose body is too short or says what cannot be.
    pub fn parse(command: u16, body: &'a [u8]) -> Result<Self, Errno> {
        let mut fields = Fields(body);
        match command {
            1 => Ok(Self::Version { major: fields.u16()?, minor: fields.u16()? }),
            2 => fields.skip(32).map(|_| Self::DmaMap),
            3 => Ok(Self::DmaUnmap { echo: fields.skip(24)? }),
            4 => fields.skip(DEVICE_INFO_BYTES).map(|_| Self::DeviceInfo),
            5 => {
                body.get(..REGION_INFO_BYTES).ok_or(Errno::INVAL)?;
                fields.skip(8)?;
                Ok(Self::RegionInfo { index: fields.u32()? })
            }
            7 => {
                body.get(..IRQ_INFO_BYTES).ok_or(Errno::INVAL)?;
                fields.skip(8)?;
                Ok(Self::IrqInfo { index: fields.u32()? })
            }
            8 => {
                fields.skip(8)?;
                let (index, _start, count) = (fields.u32()?, fields.u32()?, fields.u32()?);
                Ok(Self::SetIrqs { index, count })
            }
            9 => Ok(Self::RegionRead { access: fields.access()? }),
            10 => {
                let access = fields.access()?;
                Ok(Self::RegionWrite { access, data: fields.skip(access.count as usize)? })
            }
            13 => Ok(Self::Reset),
            _ => Err(Errno::NOTSUP),
        }
    }
}

/// What is left of a body.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn skip(&mut self, len_bytes: usize) -> Result<&'a [u8], Errno> {
        let (taken, rest) = self.0.split_at_checked(len_bytes).ok_or(Errno::INVAL)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const LEN: usize>(&mut self) -> Result<[u8; LEN], Errno> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Errno::INVAL)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u16(&mut self) -> Result<u16, Errno> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, Errno> {
        self.array().map(u32::from_le_bytes)
    }

    fn access(&mut self) -> Result<Access, Errno> {
        let offset = u64::from_le_bytes(self.array()?);
        let access = Access { offset, region: self.u32()?, count: self.u32()? };
        if access.count as usize > DATA_MAX_BYTES { Err(Errno::INVAL) } else { Ok(access) }
    }
}

/// Body of the answer to [`Request::DeviceInfo`].
pub(crate) fn device_info(regions: u32, irqs: u32) -> [u8; DEVICE_INFO_BYTES] {
    const RESET: u32 = 1;
    const PCI: u32 = 2;
    words([DEVICE_INFO_BYTES as u32, RESET | PCI, regions, irqs])
}

/// Body of the answer to [`Request::IrqInfo`].
pub(crate) fn irq_info(index: u32, count: u32) -> [u8; IRQ_INFO_BYTES] {
    words([IRQ_INFO_BYTES as u32, 0, index, count])
}

/// Body of the answer to [`Request::RegionInfo`]. A region that can be mapped begins at the start of its descriptor.
pub(crate) fn region_info(index: u32, size_bytes: u64, can_map: bool) -> [u8; REGION_INFO_BYTES] {
    const READ_WRITE: u32 = 3;
    const MMAP: u32 = 4;
    let flags = match (size_bytes, can_map) {
        (0, _) => 0,
        (_, false) => READ_WRITE,
        (_, true) => READ_WRITE | MMAP,
    };
    words([REGION_INFO_BYTES as u32, flags, index, 0, size_bytes as u32, (size_bytes >> 32) as u32, 0, 0])
}

/// Body of the answer to [`Request::Version`].
pub(crate) fn version(major: u16, minor: u16) -> Vec<u8> {
    let mut body = Vec::from(major.to_le_bytes());
    body.extend(minor.to_le_bytes());
    let limits = format!("{{\"capabilities\":{{\"max_msg_fds\":1,\"max_data_xfer_size\":{DATA_MAX_BYTES}}}}}\0");
    body.extend(limits.bytes());
    body
}

fn words<const WORDS: usize, const BYTES: usize>(words: [u32; WORDS]) -> [u8; BYTES] {
    const { assert!(4 * WORDS == BYTES) };
    let mut bytes = [0; BYTES];
    for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(command: u16, message_bytes: u32, flags: u32) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..2].copy_from_slice(&7_u16.to_le_bytes());
        bytes[2..4].copy_from_slice(&command.to_le_bytes());
        bytes[4..8].copy_from_slice(&message_bytes.to_le_bytes());
        bytes[8..12].copy_from_slice(&flags.to_le_bytes());
        bytes
    }

    fn access(offset: u64, region: u32, count: u32) -> Access {
        Access { offset, region, count }
    }

    #[test]
    fn headers_are_read_and_answered() {
        let parsed = Header::parse(&header(9, 32, NO_REPLY)).expect("a sound header");
        assert_eq!(parsed, Header { id: 7, command: 9, body_bytes: 16, no_reply: true });
        assert_eq!(parsed.reply(&[1, 2]), [7, 0, 9, 0, 18, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(parsed.failure(Errno::INVAL), [7, 0, 9, 0, 16, 0, 0, 0, 0x21, 0, 0, 0, 22, 0, 0, 0]);
    }

    #[test]
    fn impossible_headers_are_malformed() {
        let longest = (HEADER_BYTES + BODY_MAX_BYTES) as u32;
        assert!(Header::parse(&header(10, longest, 0)).is_ok());
        for bytes in [0, 15, longest + 1, u32::MAX] {
            assert_eq!(Header::parse(&header(10, bytes, 0)), Err(Malformed::Length(bytes)));
        }
        assert_eq!(Header::parse(&header(10, 16, TYPE_REPLY)), Err(Malformed::Flags(1)));
    }

    #[test]
    fn every_command_is_read() {
        let body: Vec<u8> = (0..=255).collect();
        let index = 0x0b0a_0908;
        let echo = &body[..24];
        let cases = [
            (1, 4, Request::Version { major: 0x0100, minor: 0x0302 }),
            (2, 32, Request::DmaMap),
            (3, 24, Request::DmaUnmap { echo }),
            (4, 16, Request::DeviceInfo),
            (5, 32, Request::RegionInfo { index }),
            (7, 16, Request::IrqInfo { index }),
            (8, 20, Request::SetIrqs { index, count: 0x1312_1110 }),
            (13, 0, Request::Reset),
        ];
        for (command, len_bytes, request) in cases {
            assert_eq!(Request::parse(command, &body[..len_bytes]), Ok(request));
            assert_eq!(Request::parse(command, &body), Ok(request), "more than is needed is allowed");
            for shorter in 0..len_bytes {
                assert_eq!(Request::parse(command, &body[..shorter]), Err(Errno::INVAL), "{command}: {shorter}");
            }
        }
    }

    #[test]
    fn accesses_are_read_with_their_data() {
        let sound = access(0x1234_5678_9abc, 1, 3);
        let mut body = sound.to_bytes().to_vec();
        assert_eq!(Request::parse(9, &body), Ok(Request::RegionRead { access: sound }));
        body.extend([1, 2]);
        assert_eq!(Request::parse(10, &body), Err(Errno::INVAL), "less data than was said");
        body.push(3);
        assert_eq!(Request::parse(10, &body), Ok(Request::RegionWrite { access: sound, data: &[1, 2, 3] }));
        for count in [DATA_MAX_BYTES as u32 + 1, u32::MAX] {
            let body = access(0, 1, count).to_bytes();
            assert_eq!(Request::parse(9, &body), Err(Errno::INVAL));
            assert_eq!(Request::parse(10, &body), Err(Errno::INVAL));
        }
    }

    #[test]
    fn unknown_commands_are_not_supported() {
        for command in [0, 6, 11, 12, 14, 15, 0xffff] {
            assert_eq!(Request::parse(command, &[0; 64]), Err(Errno::NOTSUP));
        }
    }

    #[test]
    fn answers_lie_as_the_kernels_structures_do() {
        assert_eq!(device_info(9, 5), [16, 0, 0, 0, 3, 0, 0, 0, 9, 0, 0, 0, 5, 0, 0, 0]);
        let info = region_info(1, 0x12_0000_0000, true);
        assert_eq!(&info[..16], [32, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(&info[16..], [0, 0, 0, 0, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(region_info(3, 0, false)[4], 0, "a region that is not there has no flags");
        assert_eq!(version(0, 0).last(), Some(&0), "the text ends with a NUL");
    }
}
