//! vfio-user's messages one by one: order, errors, and peers that break the rules.

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use vgpu_core::pci::regs::BAR0_BYTES;

use crate::harness::{Daemon, round_trip, until};
use crate::vmm::{CONFIG, Vm};

const VERSION: u16 = 1;
const DMA_MAP: u16 = 2;
const DMA_UNMAP: u16 = 3;
const REGION_INFO: u16 = 5;
const IRQ_INFO: u16 = 7;
const SET_IRQS: u16 = 8;
pub(crate) const REGION_READ: u16 = 9;
pub(crate) const REGION_WRITE: u16 = 10;
const NO_REPLY: u32 = 1 << 4;
const ENOTSUP: u32 = 95;
const EINVAL: u32 = 22;

pub(crate) fn message(id: u16, command: u16, flags: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(id.to_le_bytes());
    bytes.extend(command.to_le_bytes());
    bytes.extend((16 + body.len() as u32).to_le_bytes());
    bytes.extend(flags.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(body);
    bytes
}

pub(crate) fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A VMM that speaks in bytes.
pub(crate) struct Raw(pub(crate) UnixStream);

/// An answer: the number and command it is for, the error, the body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) id: u16,
    pub(crate) command: u16,
    pub(crate) error: u32,
    pub(crate) body: Vec<u8>,
}

impl Raw {
    /// Connects, as soon as somebody listens, and agrees on a version.
    fn connect(path: &Path) -> Self {
        let mut raw = Self::silent(path);
        raw.send(&message(0, VERSION, 0, b"\0\0\x01\0{\"capabilities\":{}}\0"));
        assert_eq!(raw.answer().error, 0);
        raw
    }

    fn silent(path: &Path) -> Self {
        let mut stream = None;
        until("the function's socket", || {
            stream = UnixStream::connect(path).ok();
            stream.is_some()
        });
        let stream = stream.expect("just seen");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket");
        Self(stream)
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("somebody listens");
    }

    fn send_with_object(&mut self, bytes: &[u8], object: impl AsFd) {
        let objects = [object.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(control.push(SendAncillaryMessage::ScmRights(&objects)));
        let sent = sendmsg(&self.0, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL);
        assert_eq!(sent, Ok(bytes.len()));
    }

    pub(crate) fn answer(&mut self) -> Answer {
        let mut header = [0; 16];
        self.0.read_exact(&mut header).expect("an answer");
        let word = |at: usize| u32::from_le_bytes(*header[at..].first_chunk().expect("four bytes"));
        assert_eq!(word(8) & 0xf, 1, "a reply");
        assert_eq!(word(8) & 0x20 != 0, word(12) != 0, "the flag says whether there is an error");
        let mut body = vec![0; word(4) as usize - 16];
        self.0.read_exact(&mut body).expect("an answer");
        Answer { id: word(0) as u16, command: (word(0) >> 16) as u16, error: word(12), body }
    }

    pub(crate) fn ask(&mut self, id: u16, command: u16, body: &[u8]) -> Answer {
        self.send(&message(id, command, 0, body));
        self.answer()
    }

    /// Whether the connection is closed, or reset because something was left unread.
    pub(crate) fn is_closed(&mut self) -> bool {
        match self.0.read(&mut [0; 64]) {
            Ok(len_bytes) => len_bytes == 0,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }

    /// Whether the conversation still makes sense.
    pub(crate) fn is_in_step(&mut self) -> bool {
        let answer = self.ask(77, REGION_READ, &words(&[0, 0, CONFIG, 4]));
        answer.id == 77 && answer.error == 0 && answer.body[16..] == [0xde, 0x10, 0x31, 0x23]
    }
}

#[test]
fn unknown_commands_are_refused_and_their_bodies_swallowed() {
    let daemon = Daemon::with_functions("unknown", 1, &[]);
    let mut raw = Raw::connect(&daemon.function(0));
    for (command, body_bytes) in [(0, 0), (6, 32), (11, 16), (14, 4000), (15, 1 << 20), (0xffff, 3)] {
        let answer = raw.ask(5, command, &vec![0xee; body_bytes]);
        assert_eq!(answer, Answer { id: 5, command, error: ENOTSUP, body: Vec::new() });
        assert!(raw.is_in_step());
    }
}

#[test]
fn requests_that_cannot_be_are_errors_and_nothing_worse() {
    let daemon = Daemon::with_functions("invalid", 1, &[]);
    let mut raw = Raw::connect(&daemon.function(0));
    let bad: &[(u16, Vec<u8>)] = &[
        (VERSION, words(&[0])),
        (REGION_INFO, words(&[32, 0, 9, 0, 0, 0, 0, 0])),
        (REGION_INFO, words(&[32, 0, u32::MAX, 0, 0, 0, 0, 0])),
        (REGION_INFO, words(&[32])),
        (IRQ_INFO, words(&[16, 0, 3, 0])),
        (IRQ_INFO, words(&[16, 0, 5, 0])),
        (SET_IRQS, words(&[20, 0x24, 2, 0, 4])),
        (SET_IRQS, words(&[20])),
        (REGION_READ, words(&[256, 0, CONFIG, 1])),
        (REGION_READ, words(&[253, 0, CONFIG, 4])),
        (REGION_READ, words(&[u32::MAX, u32::MAX, 0, 4])),
        (REGION_READ, words(&[0, 0, 2, 1])),
        (REGION_READ, words(&[0, 0, 9, 1])),
        (REGION_READ, words(&[0, 0, 1, (1 << 20) + 1])),
        (REGION_READ, words(&[0, 0, 1, u32::MAX])),
        (REGION_WRITE, words(&[0, 0, 1, 4])),
        (REGION_WRITE, words(&[(256 << 20) - 2, 0, 1, 4, 0])),
        (REGION_WRITE, words(&[0, 0, 1])),
    ];
    for (command, body) in bad {
        let answer = raw.ask(9, *command, body);
        assert_eq!((answer.id, answer.error), (9, EINVAL), "{command} {body:?}");
        assert!(raw.is_in_step());
    }
}

#[test]
fn accesses_of_any_width_are_served_up_to_a_mebibyte() {
    let daemon = Daemon::with_functions("widths", 1, &[]);
    let mut raw = Raw::connect(&daemon.function(0));
    let last_page = u32::try_from(BAR0_BYTES - 0x1000).expect("a small BAR");
    for (region, offset) in [(0, last_page), (1, 0x1_0001), (CONFIG, 3)] {
        for count in [0, 1, 2, 3, 4, 8, 100] {
            let answer = raw.ask(1, REGION_READ, &words(&[offset, 0, region, count]));
            assert_eq!((answer.error, answer.body.len()), (0, 16 + count as usize));
        }
    }
    let mut body = words(&[0x1_0000, 0, 1, 1 << 20]);
    body.extend((0..1 << 20).map(|at: u32| (at % 251) as u8));
    assert_eq!(raw.ask(2, REGION_WRITE, &body).body, body[..16]);
    assert_eq!(raw.ask(3, REGION_READ, &body[..16]).body, body);
}

#[test]
fn guest_memory_is_accepted_pipelined_and_its_descriptors_closed() {
    let daemon = Daemon::with_functions("dma", 1, &[]);
    let mut raw = Raw::connect(&daemon.function(0));
    assert!(raw.is_in_step());
    let before = daemon.descriptors();
    let file = std::fs::File::open("/dev/zero").expect("/dev/zero");
    // QEMU does not wait for one answer before it sends the next message, and not all of them carry a descriptor.
    for id in 0..64_u16 {
        let map = message(id, DMA_MAP, 0, &words(&[32, 3, 0, 0, u32::from(id) << 20, 0, 1 << 20, 0]));
        match id % 2 {
            0 => raw.send(&map),
            _ => raw.send_with_object(&map, &file),
        }
    }
    let unmap = words(&[24, 0, 0, 0, 1 << 20, 0]);
    raw.send(&message(64, DMA_UNMAP, 0, &unmap));
    for id in 0..64 {
        assert_eq!(raw.answer(), Answer { id, command: DMA_MAP, error: 0, body: Vec::new() });
    }
    assert_eq!(raw.answer(), Answer { id: 64, command: DMA_UNMAP, error: 0, body: unmap });
    // Descriptors on a message that has no use for any.
    for _ in 0..300 {
        raw.send_with_object(&message(1, REGION_READ, 0, &words(&[0, 0, CONFIG, 4])), &file);
        assert_eq!(raw.answer().error, 0);
    }
    // The connection that showed that the daemon had started may have been closed only meanwhile.
    assert!(daemon.descriptors() <= before, "{} descriptors, {before} before", daemon.descriptors());
}

#[test]
fn a_message_that_wants_no_answer_gets_none() {
    let daemon = Daemon::with_functions("no-reply", 1, &[]);
    let mut raw = Raw::connect(&daemon.function(0));
    let mut write = words(&[0x2_0000, 0, 1, 4]);
    write.extend([1, 2, 3, 4]);
    raw.send(&message(1, REGION_WRITE, NO_REPLY, &write));
    raw.send(&message(2, DMA_MAP, NO_REPLY, &words(&[32, 3, 0, 0, 0, 0, 4096, 0])));
    raw.send(&message(3, 99, NO_REPLY, &[0; 10]));
    raw.send(&message(4, REGION_READ, NO_REPLY, &words(&[0, 0, 9, 4])));
    let answer = raw.ask(5, REGION_READ, &write[..16]);
    assert_eq!((answer.id, &answer.body[16..]), (5, &[1, 2, 3, 4][..]));
}

#[test]
fn a_peer_that_breaks_the_stream_is_cut_off_and_the_next_one_served() {
    let daemon = Daemon::with_functions("malformed", 1, &[]);
    let path = daemon.function(0);
    let lengths = |bytes: u32| {
        let mut malformed = message(1, REGION_READ, 0, &[]);
        malformed[4..8].copy_from_slice(&bytes.to_le_bytes());
        malformed
    };
    let broken = [
        lengths(0),
        lengths(15),
        lengths((1 << 20) + 33),
        lengths(u32::MAX),
        message(1, REGION_READ, 1, &[]),
        vec![0xff; 64],
    ];
    for bytes in broken {
        let mut raw = Raw::connect(&path);
        raw.send(&bytes);
        assert!(raw.is_closed(), "{bytes:?}");
    }
    // Mid-message ends.
    for len in [1, 15, 16, 20] {
        let mut raw = Raw::connect(&path);
        raw.send(&message(1, REGION_READ, 0, &[0; 16])[..len]);
    }
    assert!(Raw::connect(&path).is_in_step());
}

#[test]
fn nobody_gets_past_the_version() {
    let daemon = Daemon::with_functions("negotiation", 1, &[]);
    let path = daemon.function(0);
    let first: [&[u8]; 5] = [
        &message(1, VERSION, 0, b"\x01\0\0\0{}\0"),
        &message(1, VERSION, 0, b"\0"),
        &message(1, REGION_READ, 0, &[0; 16]),
        b"GET / HTTP/1.1\r\n\r\n",
        &[0; 16],
    ];
    for bytes in first {
        let mut raw = Raw::silent(&path);
        raw.send(bytes);
        let mut rest = Vec::new();
        // Closed, or reset because something was left unread.
        let _ = raw.0.read_to_end(&mut rest);
        assert!(rest.is_empty() || rest[8] & 0x20 != 0, "an error at most: {rest:?}");
    }
    // Somebody who says nothing does not keep others out for long.
    let silent = Raw::silent(&path);
    assert!(Raw::connect(&path).is_in_step());
    drop(silent);
}

#[test]
fn a_second_vmm_is_turned_away_while_there_is_a_first() {
    let daemon = Daemon::with_functions("second-vmm", 1, &[]);
    let mut first = Raw::connect(&daemon.function(0));
    let mut second = Raw::silent(&daemon.function(0));
    assert!(second.is_closed());
    assert!(first.is_in_step());
    drop(first);
    assert!(Raw::connect(&daemon.function(0)).is_in_step());
}

#[test]
fn a_peer_that_stalls_holds_up_only_itself() {
    let daemon = Daemon::with_functions("stall", 2, &[]);
    let mut half = Raw::connect(&daemon.function(0));
    half.send(&message(1, REGION_READ, 0, &[0; 16])[..20]);
    assert!(Raw::connect(&daemon.function(1)).is_in_step());
    round_trip(&daemon.connect());
    half.send(&[0; 12]);
    assert_eq!(half.answer().id, 1);
    // It asks and asks, and never takes an answer.
    half.0.set_write_timeout(Some(Duration::from_millis(200))).expect("a socket");
    let request = message(1, REGION_READ, 0, &words(&[0, 0, 1, 1 << 20]));
    while half.0.write_all(&request).is_ok() {}
    assert!(Raw::connect(&daemon.function(1)).is_in_step());
    round_trip(&daemon.connect());
    drop(half);
    assert!(Raw::connect(&daemon.function(0)).is_in_step());
}

#[test]
fn a_daemon_that_ends_removes_its_sockets() {
    let mut daemon = Daemon::with_functions("sockets", 2, &[]);
    let vm = Vm::connect(&daemon.function(0));
    daemon.signal(libc::SIGTERM);
    assert!(daemon.child.wait().expect("the daemon is ours").success());
    assert!(!daemon.function(0).exists() && !daemon.function(1).exists());
    assert!(vm.client.borrow_mut().region_read(CONFIG, 0, &mut [0; 4]).is_err());
}
