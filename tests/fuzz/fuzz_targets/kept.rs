//! What an earlier daemon has left of a VM: a record that may be another version's, or damaged.
//!
//! `cargo xtask fuzz kept`
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use vgpu_core::pci::directory::Directory;
use vgpu_core::pci::regs::BAR0_BYTES;
use vgpud::vfio_user::record::{RECORD_BYTES, Saved};

fuzz_target!(|data: &[u8]| {
    let mut bytes = [0; RECORD_BYTES];
    let len = data.len().min(RECORD_BYTES);
    bytes[..len].copy_from_slice(&data[..len]);
    // Most inputs shall get past the first look.
    if len.is_multiple_of(8) {
        bytes[..8].copy_from_slice(b"vGPUvm01");
        bytes[8..16].copy_from_slice(&BAR0_BYTES.to_le_bytes());
    }
    if let Ok(saved) = Saved::parse(&bytes, Duration::from_secs(1)) {
        assert!(!saved.path.as_os_str().is_empty() && saved.absence <= Duration::from_secs(1));
        Directory::new(saved.bar1_bytes, saved.channels, saved.generation).expect("a function that can be");
    }
});
