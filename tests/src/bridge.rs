//! A VM without a VM: connects to a daemon's PCI function as QEMU would, and shows it as a folder of sysfs, so that programs
//! of this machine reach it as programs in a VM do, at full speed.
//!
//! Registers cannot trap here: BAR0 is plain memory in which doorbells are watched, and in which what registers read as is
//! kept fresh.

use std::{
    fs, io,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd, RawFd},
        unix::fs::symlink,
    },
    path::{Path, PathBuf},
    process,
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use vfio_user::Client;
use vgpu_core::{
    pci::regs::{BAR0_BYTES, CHANNELS_MAX, NOBODY, PAGE_OFFSET, Register},
    window::{Mapping, mapping},
};

/// Where the function appears.
pub const ADDRESS: &str = "0000:00:05.0";

const BAR0: u32 = 0;
const BAR1: u32 = 1;
const CONFIG: u32 = 7;
const CONFIG_BYTES: usize = 256;
/// In config space: the command register, and its bit that makes a function answer to memory accesses.
const COMMAND: usize = 4;
const COMMAND_MEMORY: u8 = 1 << 1;

/// What a doorbell holds until somebody writes to it; nobody writes just this.
const QUIET: u32 = 0x7175_6965;
/// How often registers that can be read are copied from the function.
const REFRESH_PERIOD: Duration = Duration::from_millis(20);
const NAP_MIN: Duration = Duration::from_micros(20);
const NAP_MAX: Duration = Duration::from_millis(1);

/// Any failure, for it ends the bridge.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A connected function and its folder.
pub struct Bridge {
    client: Client,
    registers: Mapping,
    _registers_object: OwnedFd,
    folder: PathBuf,
}

impl Bridge {
    /// Connects to the function at `socket` and lays out its folder in `devices`. Programs that have
    /// `VGPU_SYSFS=devices` find it there for as long as this process lives.
    ///
    /// # Errors
    /// When there is no function, or no folder can be made.
    pub fn open(socket: &Path, devices: &Path) -> Result<Self, Failure> {
        let mut client = Client::new(socket)?;
        let registers_object = mapping::create_object(BAR0_BYTES)?;
        let registers = Mapping::near(registers_object.as_fd(), BAR0_BYTES, 0)?;
        let folder = devices.join(ADDRESS);
        let memory = client.region(BAR1).and_then(|region| Some((region.size, region.file_offset.as_ref()?)));
        let (memory_bytes, memory) = memory.ok_or("BAR1 cannot be mapped")?;
        lay_out(&folder, registers_object.as_raw_fd(), memory.file().as_raw_fd(), memory_bytes)?;
        fs::write(folder.join("config"), read_config(&mut client)?)?;
        let mut bridge = Self { client, registers, _registers_object: registers_object, folder };
        for doorbell in doorbells() {
            bridge.registers.word32(doorbell.offset()).store(QUIET, Ordering::Relaxed);
        }
        bridge.refresh()?;
        Ok(bridge)
    }

    /// The function's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Carries what programs write to registers to the function, until that is gone; registers then read as all ones.
    pub fn run(&mut self) -> Failure {
        let error = loop {
            if let Err(error) = self.carry() {
                break error;
            }
        };
        for offset in (PAGE_OFFSET..BAR0_BYTES).step_by(4) {
            self.registers.word32(offset).store(NOBODY, Ordering::Release);
        }
        error
    }

    /// Carries for one period.
    fn carry(&mut self) -> Result<(), Failure> {
        self.refresh()?;
        let start = Instant::now();
        let mut nap = NAP_MIN;
        while start.elapsed() < REFRESH_PERIOD {
            match self.carry_writes()? {
                true => nap = NAP_MIN,
                false => {
                    thread::sleep(nap);
                    nap = (nap * 2).min(NAP_MAX);
                }
            }
        }
        Ok(())
    }

    /// Carries what has been written; whether there was anything.
    fn carry_writes(&mut self) -> Result<bool, Failure> {
        let mut carried = false;
        for (register, quiet) in doorbells().map(|doorbell| (doorbell, QUIET)).chain([(Register::Reset, 0)]) {
            let word = self.registers.word32(register.offset());
            if word.load(Ordering::Acquire) == quiet {
                continue;
            }
            let value = word.swap(quiet, Ordering::AcqRel);
            self.client.region_write(BAR0, register.offset(), &value.to_le_bytes())?;
            carried = true;
        }
        Ok(carried)
    }

    fn refresh(&mut self) -> Result<(), Failure> {
        let readable = [
            Register::Magic,
            Register::Protocol,
            Register::AbiHashLow,
            Register::AbiHashHigh,
            Register::Generation,
            Register::Channels,
        ];
        for register in readable {
            let mut bytes = [0; 4];
            self.client.region_read(BAR0, register.offset(), &mut bytes)?;
            self.registers.word32(register.offset()).store(u32::from_le_bytes(bytes), Ordering::Release);
        }
        Ok(())
    }
}

fn doorbells() -> impl Iterator<Item = Register> {
    (0..CHANNELS_MAX).flat_map(|channel| [Register::Doorbell(channel), Register::Attention(channel)])
}

/// Config space as firmware leaves it: memory decoding is on.
fn read_config(client: &mut Client) -> Result<[u8; CONFIG_BYTES], Failure> {
    let mut config = [0; CONFIG_BYTES];
    client.region_read(CONFIG, 0, &mut config)?;
    config[COMMAND] |= COMMAND_MEMORY;
    client.region_write(CONFIG, COMMAND as u64, &config[COMMAND..COMMAND + 2])?;
    let number = |at: usize| u16::from_le_bytes([config[at], config[at + 1]]);
    if (number(0), number(2)) != (vgpu_core::pci::VENDOR_ID, vgpu_core::pci::DEVICE_ID) {
        return Err(format!("the function is {:04x}:{:04x}", number(0), number(2)).into());
    }
    Ok(config)
}

fn lay_out(folder: &Path, registers: RawFd, memory: RawFd, memory_bytes: u64) -> io::Result<()> {
    let text = |name: &str, text: String| fs::write(folder.join(name), text + "\n");
    let resource = |name: &str, fd: RawFd| symlink(format!("/proc/{}/fd/{fd}", process::id()), folder.join(name));
    fs::create_dir_all(folder)?;
    text("vendor", format!("0x{:04x}", vgpu_core::pci::VENDOR_ID))?;
    text("device", format!("0x{:04x}", vgpu_core::pci::DEVICE_ID))?;
    text("class", format!("0x{:06x}", vgpu_core::pci::CLASS))?;
    text("enable", "1".to_owned())?;
    // Start, end and flags of each BAR, as if firmware had put them there.
    let line =
        |start: u64, len_bytes: u64, flags: u64| format!("{start:#018x} {:#018x} {flags:#018x}", start + len_bytes - 1);
    let none = "0x0000000000000000 0x0000000000000000 0x0000000000000000";
    let bars = [line(0xfd00_0000, BAR0_BYTES, 0x40200), line(0x38_0000_0000, memory_bytes, 0x14_220c)];
    text("resource", bars.into_iter().chain((0..11).map(|_| none.to_owned())).collect::<Vec<_>>().join("\n"))?;
    resource("resource0", registers)?;
    resource("resource1", memory)?;
    resource("resource1_wc", memory)
}
