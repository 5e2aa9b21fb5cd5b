//! A function in a folder like sysfs's, with a thread for the host.

use std::fs;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::error::{CuError, CuResult};
use crate::host::tests::mock::Mock;
use crate::host::{self, HostWindow};
use crate::pci::directory::{self, Directory};
use crate::pci::regs::{BAR0_BYTES, MAGIC, NOBODY, PAGE_OFFSET, Register};
use crate::transport::handshake::{self, ConnectionKind};
use crate::transport::monitor::{self, Observed, ProcessUse};
use crate::transport::pci::Places;
use crate::version::RELEASE;
use crate::window::control::Control;
use crate::window::layout::{ABI_HASH, PAGE_BYTES};
use crate::window::{AddressRange, Mapping, mapping};
use crate::wire::messages::{DEVICE_ATTRIBUTE_COUNT, DeviceInfoReply, MemInfoReply};
use crate::wire::{Completions, PROTOCOL_VERSION, Pod};

pub(super) const CHANNELS: u32 = 2;
const BAR1_BYTES: u64 = 64 << 20;
pub(super) const ADDRESS: &str = "0000:00:05.0";

/// How the host answers a greeting.
#[derive(Clone, Debug)]
pub(super) enum Greeting {
    /// As it should.
    Honest,
    /// With this packet.
    Packet(Vec<u8>),
    /// Honestly, but the window's header is spoiled first.
    LyingWindow,
}

/// What the host's thread and the test share.
struct Shared {
    bar: Mapping,
    object: OwnedFd,
    registers: Mapping,
    greeting: Greeting,
    stopping: AtomicBool,
    is_beating: AtomicBool,
    is_answering: AtomicBool,
    is_ending: AtomicBool,
    doorbells: AtomicU32,
}

/// The function; its folder and its host end when it is dropped.
pub(super) struct FakeFunction {
    root: PathBuf,
    registers: OwnedFd,
    pub(super) directory: Directory,
    shared: Arc<Shared>,
    host: Option<JoinHandle<()>>,
}

impl FakeFunction {
    pub(super) fn new() -> Self {
        Self::greeting(Greeting::Honest)
    }

    pub(super) fn greeting(greeting: Greeting) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("vgpu-fake-pci-{}-{number}", std::process::id()));
        let folder = root.join("devices").join(ADDRESS);
        fs::create_dir_all(&folder).expect("a temporary folder");
        let registers = mapping::create_object(BAR0_BYTES).expect("shared memory");
        let object = mapping::create_object(BAR1_BYTES).expect("shared memory");
        let mut config = [0; 64];
        config[4] = 2;
        for (name, bytes) in [
            ("vendor", &b"0x10de\n"[..]),
            ("device", b"0x2331\n"),
            ("class", b"0x030200\n"),
            ("config", &config),
            ("../../lockdown", b"[none] integrity confidentiality\n"),
        ] {
            fs::write(folder.join(name), bytes).expect("a file");
        }
        for (name, file) in [("resource0", &registers), ("resource1", &object), ("resource1_wc", &object)] {
            let target = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd());
            symlink(target, folder.join(name)).expect("a link");
        }
        let bar = Mapping::near(object.as_fd(), BAR1_BYTES, 0).expect("shared memory");
        let page = Mapping::near_part(registers.as_fd(), PAGE_OFFSET, PAGE_BYTES, 0).expect("shared memory");
        let directory = Directory::new(BAR1_BYTES, CHANNELS, 0).expect("a sound size");
        directory.publish(&bar);
        let shared = Arc::new(Shared {
            bar,
            object,
            registers: page,
            greeting,
            stopping: AtomicBool::new(false),
            is_beating: AtomicBool::new(true),
            is_answering: AtomicBool::new(true),
            is_ending: AtomicBool::new(false),
            doorbells: AtomicU32::new(0),
        });
        let mut function = Self { root, registers, directory, shared: Arc::clone(&shared), host: None };
        for (register, value) in [
            (Register::Magic, MAGIC),
            (Register::Protocol, PROTOCOL_VERSION),
            (Register::AbiHashLow, ABI_HASH as u32),
            (Register::AbiHashHigh, (ABI_HASH >> 32) as u32),
            (Register::Channels, CHANNELS),
            (Register::Release, RELEASE),
        ] {
            function.set_register(register, value);
        }
        let host = std::thread::spawn(move || Host::new(&shared, directory).run());
        function.host = Some(host);
        function
    }

    /// Where the function is shown.
    pub(super) fn places(&self) -> Places {
        Places { devices: self.root.join("devices"), lockdown: self.root.join("lockdown") }
    }

    /// A file of the function.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join("devices").join(ADDRESS).join(name)
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect("a file");
    }

    /// Puts another link in a file's place.
    pub(super) fn relink(&self, name: &str, target: &Path) {
        // Absent before, for some.
        let _ = fs::remove_file(self.path(name));
        symlink(target, self.path(name)).expect("a link");
    }

    /// Another function beside it, behind which nobody is. It has registers for as long as they are kept.
    pub(super) fn add_dead_sibling(&self, address: &str) -> OwnedFd {
        let folder = self.root.join("devices").join(address);
        fs::create_dir(&folder).expect("a folder");
        for name in ["vendor", "device", "class", "config"] {
            fs::copy(self.path(name), folder.join(name)).expect("a file");
        }
        symlink(self.path("resource1"), folder.join("resource1")).expect("a link");
        let registers = mapping::create_object(BAR0_BYTES).expect("shared memory");
        let target = format!("/proc/{}/fd/{}", std::process::id(), registers.as_raw_fd());
        symlink(target, folder.join("resource0")).expect("a link");
        let page = Mapping::near_part(registers.as_fd(), PAGE_OFFSET, PAGE_BYTES, 0).expect("shared memory");
        page.word32(Register::Magic.offset() - PAGE_OFFSET).store(NOBODY, Ordering::SeqCst);
        registers
    }

    pub(super) fn bar(&self) -> &Mapping {
        &self.shared.bar
    }

    pub(super) fn set_register(&self, register: Register, value: u32) {
        self.shared.registers.word32(register.offset() - PAGE_OFFSET).store(value, Ordering::SeqCst);
    }

    pub(super) fn registers_len(&self) -> u64 {
        fs::metadata(format!("/proc/self/fd/{}", self.registers.as_raw_fd())).expect("shared memory").len()
    }

    pub(super) fn stop_beating(&self) {
        self.shared.is_beating.store(false, Ordering::SeqCst);
    }

    pub(super) fn stop_answering(&self) {
        self.shared.is_answering.store(false, Ordering::SeqCst);
    }

    /// Every executor ends, though nobody asked for it.
    pub(super) fn end_executors(&self) {
        self.shared.is_ending.store(true, Ordering::SeqCst);
    }

    pub(super) fn doorbells(&self) -> u32 {
        self.shared.doorbells.load(Ordering::SeqCst)
    }

    pub(super) fn owner(&self, channel: u32) -> u64 {
        self.directory.channel(self.bar(), channel).expect("a channel").owner().load(Ordering::SeqCst)
    }

    /// Channels that somebody owns.
    pub(super) fn owned(&self) -> usize {
        (0..CHANNELS).filter(|channel| self.owner(*channel) != 0).count()
    }
}

impl Drop for FakeFunction {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        if let Some(host) = self.host.take() {
            let ended = host.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the host panicked");
        }
        // A folder that stays behind in the system's place for such is no failure of a test.
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// What the host knows of a channel for itself.
enum Account {
    Idle,
    Serving { token: u64, executor: Option<Executor> },
}

struct Executor {
    window: Arc<HostWindow>,
    thread: JoinHandle<()>,
}

impl Executor {
    fn end(self) {
        self.window.stop();
        self.thread.join().expect("no panic");
    }
}

struct Host<'a> {
    shared: &'a Shared,
    directory: Directory,
    accounts: Vec<(Account, u64)>,
}

impl<'a> Host<'a> {
    fn new(shared: &'a Shared, directory: Directory) -> Self {
        let accounts = (0..directory.channels).map(|_| (Account::Idle, 0)).collect();
        Self { shared, directory, accounts }
    }

    fn run(&mut self) {
        while !self.shared.stopping.load(Ordering::SeqCst) {
            if self.shared.is_beating.load(Ordering::SeqCst) {
                directory::heartbeat(&self.shared.bar).fetch_add(1, Ordering::Relaxed);
            }
            for channel in 0..self.directory.channels {
                self.listen(channel);
                self.look_at(channel);
            }
            std::thread::sleep(Duration::from_micros(300));
        }
        for (account, _) in &mut self.accounts {
            if let Account::Serving { executor: Some(executor), .. } = std::mem::replace(account, Account::Idle) {
                executor.end();
            }
        }
    }

    fn listen(&self, channel: u32) {
        let offset = |register: Register| register.offset() - PAGE_OFFSET;
        self.shared.registers.word32(offset(Register::Attention(channel))).store(0, Ordering::SeqCst);
        if self.shared.registers.word32(offset(Register::Doorbell(channel))).swap(0, Ordering::SeqCst) != 0 {
            self.shared.doorbells.fetch_add(1, Ordering::SeqCst);
            Control::wake_host_at(&self.shared.bar, self.directory.arena(channel).offset);
        }
    }

    fn look_at(&mut self, channel: u32) {
        let block = self.directory.channel(&self.shared.bar, channel).expect("a channel");
        let owner = block.owner().load(Ordering::SeqCst);
        let number = block.request_number();
        let (account, answered) = &mut self.accounts[channel as usize];
        let is_answering = self.shared.is_answering.load(Ordering::SeqCst);
        if owner != 0 && block.closing().load(Ordering::SeqCst) == owner {
            if let Account::Serving { executor: Some(executor), .. } = std::mem::replace(account, Account::Idle) {
                executor.end();
            }
            *answered = 0;
            let (arena, place) = (self.directory.arena(channel), self.directory.block(channel));
            self.shared.bar.discard(arena.offset, arena.len_bytes);
            // The owner's word goes last: it is on the first page.
            self.shared.bar.discard(place.offset + PAGE_BYTES, place.len_bytes - PAGE_BYTES);
            self.shared.bar.discard(place.offset, PAGE_BYTES);
            return;
        }
        match account {
            Account::Idle if owner != 0 && block.opened().load(Ordering::SeqCst) == owner && is_answering => {
                let greeted = block.take_request().map(|packet| handshake::read_hello(&packet));
                let Some(Ok(introduction)) = greeted else {
                    panic!("a guest that cannot greet");
                };
                // The guest is this process: what it proposes is reserved already.
                let arena = introduction.arenas[0];
                let executor = (introduction.kind == ConnectionKind::Compute)
                    .then(|| start(self.shared, self.directory, channel, arena));
                *account = Account::Serving { token: owner, executor };
                *answered = number;
                let packet = match &self.shared.greeting {
                    Greeting::Packet(packet) => packet.clone(),
                    Greeting::LyingWindow => {
                        let arena = self.directory.arena(channel);
                        self.shared.bar.write(arena.offset + 24, u64::MAX.as_bytes());
                        handshake::welcome_packet()
                    }
                    Greeting::Honest => handshake::welcome_packet(),
                };
                block.post_answer(number, &packet);
            }
            Account::Serving { token, executor } => {
                if self.shared.is_ending.load(Ordering::SeqCst) && block.ended().load(Ordering::SeqCst) != *token {
                    if let Some(executor) = executor.take() {
                        executor.end();
                    }
                    block.ended().store(*token, Ordering::SeqCst);
                }
                if number != *answered && executor.is_none() && is_answering {
                    *answered = number;
                    let question = block.take_request().expect("a possible length");
                    block.post_answer(number, &monitor::answer(&question, &OneDevice).expect("a question"));
                }
            }
            Account::Idle => {}
        }
    }
}

fn start(shared: &Shared, directory: Directory, channel: u32, arena: AddressRange) -> Executor {
    let object = shared.object.try_clone().expect("a descriptor");
    let window = HostWindow::create_within(object, directory.arena(channel), arena).expect("an arena with room");
    let window = Arc::new(window);
    let served = Arc::clone(&window);
    let thread = std::thread::spawn(move || {
        let mut executor = Mock::new(Arc::clone(&served) as Arc<dyn Completions>, 64 << 20);
        // A guest whose channel was taken from it may break its ring; that ends its executor, as it should.
        let _ = host::serve(&served, &mut executor);
    });
    Executor { window, thread }
}

struct OneDevice;

impl Observed for OneDevice {
    fn device(&self, _: u32) -> CuResult<DeviceInfoReply> {
        Ok(DeviceInfoReply {
            device_count: 1,
            driver_version: 12_040,
            uuid: [1; 16],
            name: [0; 256],
            total_mem_bytes: 7,
            pci_domain: 0,
            pci_bus: 0,
            pci_device: 5,
            wants: 0,
            attributes: [0; DEVICE_ATTRIBUTE_COUNT],
        })
    }

    fn memory(&self, device: u32) -> CuResult<MemInfoReply> {
        if device == 0 { Ok(MemInfoReply { free_bytes: 5, total_bytes: 7 }) } else { Err(CuError::INVALID_DEVICE) }
    }

    fn processes(&self, _: u32) -> CuResult<Vec<ProcessUse>> {
        Ok(Vec::new())
    }
}
