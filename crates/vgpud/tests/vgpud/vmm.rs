//! A VM without a VM: the client half of vfio-user, and what a guest in it would do with the function.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use vfio_user::Client;
use vgpu_core::pci::channel::ChannelBlock;
use vgpu_core::pci::directory::Directory;
use vgpu_core::pci::regs::Register;
use vgpu_core::ring::{Producer, Record, record_bytes};
use vgpu_core::transport::Exchange;
use vgpu_core::transport::handshake::{self, ConnectionKind, Greeting, HandshakeError};
use vgpu_core::window::{AddressRange, Layout, Mapping, Window};
use vgpu_core::wire::messages::{DeviceInfo, DeviceInfoReply};
use vgpu_core::wire::{Call, Message, NO_REPLY, Op, Pod, Seq};

use crate::harness::until;

pub(crate) const BAR0: u32 = 0;
pub(crate) const BAR1: u32 = 1;
pub(crate) const CONFIG: u32 = 7;

/// A connected VMM.
pub(crate) struct Vm {
    pub(crate) client: RefCell<Client>,
    pub(crate) bar: Mapping,
}

impl Vm {
    /// Connects, as soon as somebody listens, and maps BAR1.
    pub(crate) fn connect(path: &Path) -> Self {
        let mut client = None;
        until("the function's socket", || {
            client = Client::new(path).ok();
            client.is_some()
        });
        let client = client.expect("just seen");
        let region = client.region(BAR1).expect("BAR1");
        let object = region.file_offset.as_ref().expect("BAR1 can be mapped");
        assert_eq!(object.start(), 0);
        let bar = Mapping::near(object.file().as_fd(), region.size, 0).expect("BAR1 can be mapped");
        Self { client: RefCell::new(client), bar }
    }

    pub(crate) fn read<const LEN: usize>(&self, region: u32, offset: u64) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        self.client.borrow_mut().region_read(region, offset, &mut bytes).expect("an answer");
        bytes
    }

    pub(crate) fn write(&self, region: u32, offset: u64, bytes: &[u8]) {
        self.client.borrow_mut().region_write(region, offset, bytes).expect("an answer");
    }

    pub(crate) fn register(&self, register: Register) -> u32 {
        u32::from_le_bytes(self.read(BAR0, register.offset()))
    }

    pub(crate) fn set_register(&self, register: Register, value: u32) {
        self.write(BAR0, register.offset(), &value.to_le_bytes());
    }

    pub(crate) fn directory(&self) -> Directory {
        Directory::read(&self.bar).expect("a directory")
    }

    /// A channel's words and mailbox.
    pub(crate) fn block(&self, channel: u32) -> ChannelBlock<'_> {
        self.directory().channel(&self.bar, channel).expect("a channel of that number")
    }

    /// Takes a free channel and greets the host there.
    pub(crate) fn open(&self, channel: u32, token: u64, kind: ConnectionKind) -> Result<(), HandshakeError> {
        let block = self.block(channel);
        let taken = block.owner().compare_exchange(0, token, Ordering::AcqRel, Ordering::Acquire);
        assert_eq!(taken, Ok(0), "the channel is free");
        let mailbox = Mailbox { vm: self, channel, token, was_opened: Cell::new(false) };
        handshake::greet(&mailbox, &greeting(kind)).map(drop)
    }

    pub(crate) fn close(&self, channel: u32, token: u64) {
        self.block(channel).closing().store(token, Ordering::Release);
        self.set_register(Register::Attention(channel), 1);
    }

    pub(crate) fn is_free(&self, channel: u32) -> bool {
        self.block(channel).owner().load(Ordering::Acquire) == 0
    }

    /// Whether every byte of a channel's arena is zero.
    pub(crate) fn arena_is_zero(&self, channel: u32) -> bool {
        let span = self.directory().arena(channel);
        let mut bytes = vec![0; span.len_bytes as usize];
        self.bar.read(span.offset, &mut bytes);
        bytes.iter().all(|byte| *byte == 0)
    }

    /// The guest's end of an open channel's window, before its first record.
    pub(crate) fn queue(&self, channel: u32) -> Queue<'_> {
        let span = self.directory().arena(channel);
        let client = RefCell::borrow(&self.client);
        let object = client.region(BAR1).and_then(|region| region.file_offset.as_ref()).expect("BAR1 can be mapped");
        let mapping = Mapping::near_part(object.file().as_fd(), span.offset, span.len_bytes, 0).expect("shared memory");
        let mut header = [0; size_of::<Layout>()];
        mapping.read(0, &mut header);
        let window = Window::new(mapping, Layout::from_bytes(&header).expect("a header")).expect("a window");
        Queue { vm: self, channel, window, producer: Producer::default() }
    }

    /// Asks an open channel's executor about its device, as the first call of a guest.
    pub(crate) fn ask_device(&self, channel: u32) -> Option<DeviceInfoReply> {
        self.queue(channel).call(&DeviceInfo { device: 0, reserved: 0 })?.ok()
    }
}

/// What a guest says that has never looked whether its addresses are free.
pub(crate) fn greeting(kind: ConnectionKind) -> Greeting {
    match kind {
        ConnectionKind::Compute => Greeting::compute([AddressRange { address: 0x4800_0000_0000, len_bytes: 1 << 36 }]),
        ConnectionKind::Monitor => Greeting::monitor(),
    }
}

/// A guest's end of a window, in the plainest way: one call at a time.
pub(crate) struct Queue<'a> {
    vm: &'a Vm,
    channel: u32,
    window: Window,
    producer: Producer,
}

impl Queue<'_> {
    fn push(&mut self, op: Op, reply_slot: u16, fixed: &[u8]) -> Seq {
        let record = Record { op: op as u16, reply_slot, fixed, tail: &[] };
        let len_bytes = record_bytes(fixed.len(), 0).expect("a short record");
        let seq = self.producer.push(self.window.ring(), len_bytes, record);
        if self.window.control().take_parked_host() {
            self.vm.set_register(Register::Doorbell(self.channel), 1);
        }
        seq
    }

    pub(crate) fn post<M: Message + Pod>(&mut self, message: &M) {
        self.push(M::OP, NO_REPLY, message.as_bytes());
    }

    /// The answer, or its error; `None` when nobody answers.
    pub(crate) fn call<C: Call + Pod>(&mut self, message: &C) -> Option<Result<C::Reply, u32>>
    where
        C::Reply: Pod,
    {
        let seq = self.push(C::OP, 0, message.as_bytes());
        let slot = self.window.reply_slot(0)?;
        let start = Instant::now();
        while slot.answered().load(Ordering::Acquire) != seq {
            if start.elapsed() > Duration::from_secs(10) {
                return None;
            }
            std::thread::sleep(Duration::from_micros(100));
        }
        let status = slot.head().status;
        let mut reply = vec![0; size_of::<C::Reply>()];
        if status != 0 || !slot.read_body(0, &mut reply) {
            return Some(Err(status));
        }
        C::Reply::from_bytes(&reply).map(Ok)
    }
}

/// A channel's mailbox as a carrier of packets.
pub(crate) struct Mailbox<'a> {
    pub(crate) vm: &'a Vm,
    pub(crate) channel: u32,
    pub(crate) token: u64,
    pub(crate) was_opened: Cell<bool>,
}

impl Exchange for Mailbox<'_> {
    fn exchange(&self, request: &[u8], answer: &mut [u8]) -> io::Result<(usize, Option<OwnedFd>)> {
        let block = self.vm.block(self.channel);
        let number = block.post_request(request);
        if !self.was_opened.replace(true) {
            block.opened().store(self.token, Ordering::Release);
        }
        self.vm.set_register(Register::Attention(self.channel), 1);
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            block.heartbeat().fetch_add(1, Ordering::Relaxed);
            if let Some(packet) = block.take_answer(number) {
                answer[..packet.len()].copy_from_slice(&packet);
                return Ok((packet.len(), None));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}

/// Keeps a channel's heart beating, as its guest's thread would.
pub(crate) fn beat(word: &AtomicU64) {
    word.fetch_add(1, Ordering::Relaxed);
}
