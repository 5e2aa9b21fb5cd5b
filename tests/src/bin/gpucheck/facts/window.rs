//! Shared memory as an executor and its guest have it: a sealed memfd, mapped at an address that both agree on.

use std::{
    ffi::c_void,
    os::fd::OwnedFd,
    ptr,
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::{
    fs::{FallocateFlags, MemfdFlags, SealFlags, fallocate, fcntl_add_seals, ftruncate, memfd_create},
    mm::{MapFlags, ProtFlags, mmap},
};

/// Where the window lies: where vgpu puts it, too.
const BASE: usize = 0x2000_0000_0000;

/// A window of this process. It stays mapped.
pub(super) struct Window {
    base: *mut u8,
    len: usize,
    file: OwnedFd,
}

impl Window {
    pub(super) fn new(len: usize) -> Result<Self, String> {
        let fail = |what: &str, error: rustix::io::Errno| format!("the window: {what}: {error}");
        let file = memfd_create("window", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)
            .map_err(|error| fail("memfd_create", error))?;
        ftruncate(&file, len as u64).map_err(|error| fail("ftruncate", error))?;
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)
            .map_err(|error| fail("seals", error))?;
        let flags = MapFlags::SHARED | MapFlags::NORESERVE | MapFlags::FIXED_NOREPLACE;
        let at = ptr::without_provenance_mut(BASE);
        // SAFETY: a new mapping that replaces none.
        let base = unsafe { mmap(at, len, ProtFlags::READ | ProtFlags::WRITE, flags, &file, 0) };
        let base: *mut c_void = base.map_err(|error| fail("mmap", error))?;
        Ok(Self { base: base.cast(), len, file })
    }

    /// An address in the window, as the CPU knows it; the device may know the same.
    pub(super) fn at(&self, offset: usize) -> *mut c_void {
        assert!(offset < self.len, "the window has {} bytes", self.len);
        self.base.wrapping_add(offset).cast()
    }

    /// The number of that address.
    pub(super) fn address(&self, offset: usize) -> u64 {
        self.at(offset).expose_provenance() as u64
    }

    /// Writes ones to every byte of a part, so that it has pages.
    pub(super) fn touch(&self, offset: usize, len: usize) {
        assert!(offset + len <= self.len, "the window has {} bytes", self.len);
        // SAFETY: the part lies in the mapping, and nothing else of this process has references into it.
        unsafe { ptr::write_bytes(self.base.add(offset), 1, len) };
    }

    /// A word that the device may write.
    pub(super) fn word(&self, offset: usize) -> &AtomicU64 {
        let place: *const AtomicU64 = self.at(offset).cast_const().cast();
        assert!(place.is_aligned() && offset + 8 <= self.len, "a word lies in the window and is aligned");
        // SAFETY: the mapping stays, and the place is aligned; what the device writes it writes whole.
        unsafe { &*place }
    }

    pub(super) fn load(&self, offset: usize) -> u64 {
        self.word(offset).load(Ordering::Acquire)
    }

    pub(super) fn store(&self, offset: usize, value: u64) {
        self.word(offset).store(value, Ordering::Release);
    }

    /// Takes the pages of a part away, as a heap does with what is free.
    pub(super) fn punch(&self, offset: usize, len: usize) -> Result<(), String> {
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        fallocate(&self.file, flags, offset as u64, len as u64).map_err(|error| format!("punching a hole: {error}"))
    }
}
