//! A hostile guest: maps a PCI function from sysfs and writes what no honest guest writes.
//!
//! usage: `guest-poke protocol` (another protocol version stands in the directory), or `guest-poke random SECONDS` (random
//! bytes over all of the function's memory and registers)

use std::{
    env,
    error::Error,
    fs::{File, OpenOptions},
    os::fd::AsRawFd,
    path::{Path, PathBuf},
    ptr,
    time::{Duration, Instant},
};

const FUNCTION: &str = "/sys/bus/pci/devices/0000:00:05.0";
/// Where the directory has its protocol version.
const PROTOCOL_OFFSET: usize = 8;
/// The registers that mean something.
const REGISTER_PAGE_BYTES: usize = 4096;

fn main() -> Result<(), Box<dyn Error>> {
    let folder =
        env::var_os("VGPU_SYSFS").map_or_else(|| FUNCTION.into(), |folder| PathBuf::from(folder).join("0000:00:05.0"));
    let memory = Bar::map(&folder.join("resource1"))?;
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["protocol"] => memory.write(PROTOCOL_OFFSET, 0xffff),
        ["random", seconds] => {
            let registers = Bar::map(&folder.join("resource0"))?;
            scribble(&memory, &registers, Duration::from_secs(seconds.parse()?));
        }
        _ => return Err("usage: guest-poke protocol|random SECONDS".into()),
    }
    Ok(())
}

fn scribble(memory: &Bar, registers: &Bar, time: Duration) {
    let mut state = u64::from(std::process::id()) | 1;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let (started, mut writes) = (Instant::now(), 0_u64);
    while started.elapsed() < time {
        // The beginning, where directory and channels are, gets as much as all the rest; small values are the likelier lies.
        for _ in 0..4096 {
            let within = if random() & 1 == 0 { memory.len_bytes } else { memory.len_bytes.min(1 << 20) };
            let value = if random() & 1 == 0 { random() as u32 } else { random() as u32 & 0xff };
            memory.write((random() as usize % within) & !3, value);
            writes += 1;
        }
        for _ in 0..16 {
            let page = registers.len_bytes - REGISTER_PAGE_BYTES;
            let offset = random() as usize;
            let offset =
                if random() & 1 == 0 { offset % registers.len_bytes } else { page + offset % REGISTER_PAGE_BYTES };
            registers.write(offset & !3, random() as u32);
            writes += 1;
        }
    }
    println!("{writes} writes");
}

/// A mapped resource file.
struct Bar {
    base: *mut u32,
    len_bytes: usize,
}

impl Bar {
    fn map(path: &Path) -> Result<Self, Box<dyn Error>> {
        let name = |error: std::io::Error| format!("{}: {error}", path.display());
        let file: File = OpenOptions::new().read(true).write(true).open(path).map_err(name)?;
        let len_bytes = usize::try_from(file.metadata()?.len())?;
        // SAFETY: a new shared mapping of a file that stays; nobody holds references into it.
        let base = unsafe {
            libc::mmap(
                ptr::null_mut(),
                len_bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(name(std::io::Error::last_os_error()).into());
        }
        Ok(Self { base: base.cast(), len_bytes })
    }

    fn write(&self, offset: usize, value: u32) {
        assert!(offset.is_multiple_of(4) && offset + 4 <= self.len_bytes, "offset {offset}");
        // SAFETY: just checked to lie in the mapping, which lives as long as the process.
        unsafe { self.base.add(offset / 4).write_volatile(value) };
    }
}
