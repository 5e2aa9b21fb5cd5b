//! Any bytes as a fatbin, and what is selected of it through decompression.
//!
//! `cargo xtask fuzz fatbin`
#![no_main]

use libfuzzer_sys::fuzz_target;
use vgpu_core::fatbin;
use vgpu_core::wire::messages::ImageKind;
use vgpu_soft::image;

fuzz_target!(|bytes: &[u8]| {
    let _ = image::ptx_text(ImageKind::FatbinEntry, bytes);
    if let Some(len) = fatbin::total_len(bytes) {
        assert!(len >= fatbin::HEADER_BYTES);
    }
    if let Ok(entry) = fatbin::select(bytes, 90) {
        assert_eq!(fatbin::Entry::parse(entry.bytes()), Ok(entry));
        let _ = image::ptx_text(ImageKind::FatbinEntry, entry.bytes());
    }
    if let Ok(reduced) = fatbin::reduced(bytes, 90) {
        let container = fatbin::Container::parse(&reduced).expect("what is made of sound entries is sound");
        assert_eq!(container.bytes(), reduced);
        for entry in container.entries() {
            let _ = vgpu_unpack::unpacked(&entry.expect("it was sound in the other one"));
        }
        assert_eq!(fatbin::reduced(&reduced, 90), Ok(reduced));
    }
});
