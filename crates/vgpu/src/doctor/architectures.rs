//! The architectures that a backend was compiled for, held against the device's.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use vgpu_core::fatbin;

use super::backend::Backend;
use super::check::Check;
use crate::elf::Object;

/// An entry's header up to what is read of it.
const ENTRY_BYTES: usize = 32;
/// Compilers put one entry for each architecture and kind into a container.
const ENTRIES_MAX: usize = 256;
const PTX: u16 = 1;
pub(super) const FIX: &str = "set VGPU_COMPUTE_CAPABILITY, or the daemon's, to one of the architectures that have PTX";

/// Architectures, 10 × major + minor.
#[derive(Debug, Default, PartialEq, Eq)]
struct Architectures {
    ptx: BTreeSet<u32>,
    all: BTreeSet<u32>,
}

/// Whether the device, of capability (major, minor), can run what the backend holds.
pub(super) fn check(backend: &Backend, is_ollamas: bool, capability: (i32, i32)) -> Check {
    let (major, minor) = capability;
    let title = format!("{}: kernels for a device of capability {major}.{minor}", backend.name);
    let check = Check::ok(format!("{}.architectures", backend.name), title);
    let found = match read(&backend.path) {
        Ok(found) => found,
        Err(why) => return check.skipped(why),
    };
    let check = check.saw(format!("PTX for {:?}, kernels of any kind for {:?}", found.ptx, found.all));
    let device = u32::try_from(major.saturating_mul(10).saturating_add(minor)).unwrap_or(0);
    if !found.ptx.iter().any(|architecture| *architecture <= device) {
        return check.failed(format!("it has no PTX for capability {major}.{minor} or less"), FIX);
    }
    if is_ollamas && !found.all.contains(&device) {
        let cause = format!(
            "Ollama uses a device of capability {major}.{minor} only if its backend was compiled for just that"
        );
        return check.failed(cause, FIX);
    }
    check
}

/// The architectures of any kind that a backend holds, where its file can be read.
pub(super) fn compiled(path: &Path) -> Option<BTreeSet<u32>> {
    read(path).ok().map(|found| found.all)
}

/// What the first container holds; a library's containers are all made for the same architectures.
fn read(path: &Path) -> Result<Architectures, String> {
    let object = Object::read(path).map_err(|error| error.to_string())?;
    let (start, len) = object.kernels.ok_or("it has no section of kernels")?;
    let file = File::open(path).map_err(|error| error.to_string())?;
    let bytes_at = |place: u64, buffer: &mut [u8]| {
        let place = start.checked_add(place).ok_or("its kernels are damaged")?;
        file.read_exact_at(buffer, place).map_err(|_| "its kernels are cut off")
    };
    let mut header = [0; fatbin::HEADER_BYTES];
    bytes_at(0, &mut header)?;
    let total = fatbin::total_len(&header).ok_or("its section of kernels begins with something else")? as u64;
    let mut place = u64::from(u16::from_le_bytes([header[6], header[7]]));
    let mut found = Architectures::default();
    for _ in 0..ENTRIES_MAX {
        if place >= total.min(len) {
            break;
        }
        let mut entry = [0; ENTRY_BYTES];
        bytes_at(place, &mut entry)?;
        let word = |at: usize| u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]);
        let payload_bytes = u64::from(word(8)) | u64::from(word(12)) << 32;
        let architecture = word(28);
        if u16::from_le_bytes([entry[0], entry[1]]) == PTX {
            found.ptx.insert(architecture);
        }
        found.all.insert(architecture);
        let next = place.checked_add(u64::from(word(4))).and_then(|next| next.checked_add(payload_bytes));
        place = next.filter(|next| *next > place).ok_or("its kernels are damaged")?;
    }
    Ok(found)
}
