//! The shared-memory object itself: made and sealed by the host, mapped by both.

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64};

/// Windows are mapped at equal addresses on both sides if possible. This range is far from where Linux puts programs,
/// heaps, stacks and libraries, and from the shadow memory of the usual sanitizers.
const ADDRESS_FIRST: usize = 0x2000_0000_0000;
const ADDRESS_STEP: usize = 0x80_0000_0000;
const ADDRESS_CHOICES: usize = 32;

/// Why an object could not be made or mapped.
#[derive(Debug)]
pub struct MappingError {
    step: &'static str,
    error: io::Error,
}

impl MappingError {
    fn last(step: &'static str) -> Self {
        Self { step, error: io::Error::last_os_error() }
    }
}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.step, self.error)
    }
}

impl MappingError {
    /// What the kernel said.
    pub fn io(&self) -> &io::Error {
        &self.error
    }
}

impl std::error::Error for MappingError {}

/// Makes an anonymous object of fixed length: it can be neither shrunk under a reader's feet nor grown.
///
/// # Errors
/// When the kernel refuses a step.
pub fn create_object(len_bytes: u64) -> Result<OwnedFd, MappingError> {
    // SAFETY: the name is NUL-terminated and the flags are defined.
    let raw = unsafe { libc::memfd_create(c"vgpu-window".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING) };
    if raw < 0 {
        return Err(MappingError::last("memfd_create"));
    }
    // SAFETY: the kernel has just given us this descriptor, and nobody else has it.
    let object = unsafe { OwnedFd::from_raw_fd(raw) };
    let len = libc::off_t::try_from(len_bytes)
        .map_err(|_| MappingError { step: "window length", error: io::ErrorKind::InvalidInput.into() })?;
    // SAFETY: the descriptor is ours.
    if unsafe { libc::ftruncate(object.as_raw_fd(), len) } != 0 {
        return Err(MappingError::last("ftruncate of the window"));
    }
    let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
    // SAFETY: the descriptor is ours and the argument is a bit set.
    if unsafe { libc::fcntl(object.as_raw_fd(), libc::F_ADD_SEALS, seals) } != 0 {
        return Err(MappingError::last("sealing the window"));
    }
    Ok(object)
}

/// The object's length, once it is certain that it cannot change.
///
/// # Errors
/// When it can still be shrunk or grown, or is no such object.
pub fn sealed_len(object: BorrowedFd<'_>) -> Result<u64, MappingError> {
    // SAFETY: the descriptor is valid for as long as it is borrowed.
    let seals = unsafe { libc::fcntl(object.as_raw_fd(), libc::F_GET_SEALS) };
    if seals < 0 {
        return Err(MappingError::last("reading the window's seals"));
    }
    if seals & libc::F_SEAL_SHRINK == 0 {
        return Err(MappingError { step: "the window is not sealed", error: io::ErrorKind::PermissionDenied.into() });
    }
    // SAFETY: an all-zero stat is a valid value to be overwritten.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the descriptor is valid and `stat` is writable.
    if unsafe { libc::fstat(object.as_raw_fd(), &raw mut stat) } != 0 {
        return Err(MappingError::last("fstat of the window"));
    }
    Ok(stat.st_size.max(0).cast_unsigned())
}

/// Shared memory, mapped readable and writable until dropped.
#[derive(Debug)]
pub struct Mapping {
    base: NonNull<u8>,
    len_bytes: usize,
}

// SAFETY: the memory is only reached through atomics and through copies by raw pointer; no reference to plain data is made.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: base and length are those of one mapping that this value owns.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.len_bytes) };
    }
}

impl Mapping {
    /// Maps the whole object in the range that windows prefer, else anywhere.
    ///
    /// # Errors
    /// When it does not fit the address space.
    pub fn preferred(object: BorrowedFd<'_>, len_bytes: u64) -> Result<Self, MappingError> {
        Self::preferred_part(object, 0, len_bytes)
    }

    /// The same for the part of the object that starts at `offset`, a multiple of the page size.
    ///
    /// # Errors
    /// When it does not fit the address space, or does not lie in the object.
    pub(crate) fn preferred_part(object: BorrowedFd<'_>, offset: u64, len_bytes: u64) -> Result<Self, MappingError> {
        // Processes start at different places, so that a guest of several devices finds different addresses free.
        let first = std::process::id() as usize % ADDRESS_CHOICES;
        for choice in 0..ADDRESS_CHOICES {
            let address = ADDRESS_FIRST + (first + choice) % ADDRESS_CHOICES * ADDRESS_STEP;
            if let Ok(mapping) = Self::map(object, offset, len_bytes, address) {
                return Ok(mapping);
            }
        }
        Self::map(object, offset, len_bytes, 0)
    }

    /// Maps the whole object at `address` if that is free, else anywhere.
    ///
    /// # Errors
    /// When it does not fit the address space.
    pub fn near(object: BorrowedFd<'_>, len_bytes: u64, address: u64) -> Result<Self, MappingError> {
        Self::near_part(object, 0, len_bytes, address)
    }

    /// The same for the part of the object that starts at `offset`, a multiple of the page size.
    ///
    /// # Errors
    /// When it does not fit the address space, or does not lie in the object.
    pub fn near_part(object: BorrowedFd<'_>, offset: u64, len_bytes: u64, address: u64) -> Result<Self, MappingError> {
        let end = address.checked_add(len_bytes).and_then(|end| usize::try_from(end).ok());
        match usize::try_from(address) {
            Ok(address) if address >= ADDRESS_FIRST && end.is_some() => {
                Self::map(object, offset, len_bytes, address).or_else(|_| Self::map(object, offset, len_bytes, 0))
            }
            _ => Self::map(object, offset, len_bytes, 0),
        }
    }

    fn map(object: BorrowedFd<'_>, offset: u64, len_bytes: u64, address: usize) -> Result<Self, MappingError> {
        let too_long = || MappingError { step: "window length", error: io::ErrorKind::InvalidInput.into() };
        let len_bytes = usize::try_from(len_bytes).map_err(|_| too_long())?;
        let offset = libc::off_t::try_from(offset).map_err(|_| too_long())?;
        let fixed = if address == 0 { 0 } else { libc::MAP_FIXED_NOREPLACE };
        let flags = libc::MAP_SHARED | libc::MAP_NORESERVE | fixed;
        let hint = std::ptr::without_provenance_mut(address);
        // SAFETY: a new shared mapping; MAP_FIXED_NOREPLACE never replaces one that exists.
        let base = unsafe {
            libc::mmap(hint, len_bytes, libc::PROT_READ | libc::PROT_WRITE, flags, object.as_raw_fd(), offset)
        };
        if base == libc::MAP_FAILED {
            return Err(MappingError::last("mapping the window"));
        }
        let Some(base) = NonNull::new(base.cast()) else {
            return Err(MappingError { step: "mapping the window", error: io::ErrorKind::Other.into() });
        };
        let mapping = Self { base, len_bytes };
        if address != 0 && mapping.address() != address as u64 {
            // A kernel older than 4.17 takes the address for a hint only.
            return Err(MappingError { step: "mapping the window", error: io::ErrorKind::AddrInUse.into() });
        }
        // SAFETY: the range is this mapping. A window of many GiB has no place in a core dump; failure changes nothing.
        unsafe { libc::madvise(mapping.base.as_ptr().cast(), len_bytes, libc::MADV_DONTDUMP) };
        Ok(mapping)
    }

    /// Address of the first byte.
    pub fn address(&self) -> u64 {
        self.base.as_ptr().addr() as u64
    }

    /// Length in bytes.
    pub fn len_bytes(&self) -> usize {
        self.len_bytes
    }

    fn at(&self, offset: u64, len_bytes: u64) -> *mut u8 {
        let end = offset.checked_add(len_bytes);
        assert!(end.is_some_and(|end| end <= self.len_bytes as u64), "offset {offset} + {len_bytes} leaves the window");
        // SAFETY: just checked to lie within the mapping.
        unsafe { self.base.as_ptr().add(offset as usize) }
    }

    /// The address of a stretch of the window. The other process may change its contents at any time.
    ///
    /// # Panics
    /// When it does not lie within the window: callers check what they were told first.
    pub fn bytes(&self, offset: u64, len_bytes: u64) -> NonNull<u8> {
        NonNull::new(self.at(offset, len_bytes)).expect("an offset from a non-null base")
    }

    /// The 32-bit word at `offset`.
    ///
    /// # Panics
    /// When it leaves the window or is not aligned.
    pub fn word32(&self, offset: u64) -> &AtomicU32 {
        assert!(offset.is_multiple_of(4), "a 32-bit word at {offset}");
        // SAFETY: in bounds, aligned, mapped for as long as self lives, and only used as an atomic.
        unsafe { AtomicU32::from_ptr(self.at(offset, 4).cast()) }
    }

    /// The 64-bit word at `offset`.
    ///
    /// # Panics
    /// When it leaves the window or is not aligned.
    pub fn word64(&self, offset: u64) -> &AtomicU64 {
        assert!(offset.is_multiple_of(8), "a 64-bit word at {offset}");
        // SAFETY: in bounds, aligned, mapped for as long as self lives, and only used as an atomic.
        unsafe { AtomicU64::from_ptr(self.at(offset, 8).cast()) }
    }

    /// Copies out of the window.
    ///
    /// # Panics
    /// When the stretch leaves the window.
    pub fn read(&self, offset: u64, target: &mut [u8]) {
        let source = self.at(offset, target.len() as u64);
        // SAFETY: the source lies in the window, and a private slice cannot overlap it. Bytes that the peer changes
        // meanwhile arrive old or new; both are values that the caller must check anyway.
        unsafe { std::ptr::copy_nonoverlapping(source, target.as_mut_ptr(), target.len()) }
    }

    /// Copies into the window.
    ///
    /// # Panics
    /// When the stretch leaves the window.
    pub fn write(&self, offset: u64, source: &[u8]) {
        let target = self.at(offset, source.len() as u64);
        // SAFETY: the target lies in the window, and a private slice cannot overlap it.
        unsafe { std::ptr::copy_nonoverlapping(source.as_ptr(), target, source.len()) }
    }

    /// Puts private memory, all zero, in the place of what is shared: for memory that will soon be somebody else's. Whoever
    /// still uses the window harms nobody then, and finds an executor that does not answer.
    ///
    /// # Errors
    /// When the kernel has no memory to describe the change; the memory is still shared then.
    pub fn abandon(&self) -> Result<(), MappingError> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED;
        // SAFETY: replaces exactly the pages of this mapping, which live as long as self; what points to them points to memory
        // before and after, and is only used as atomics and through copies.
        let base = unsafe {
            libc::mmap(self.base.as_ptr().cast(), self.len_bytes, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0)
        };
        if base == libc::MAP_FAILED { Err(MappingError::last("giving up the window")) } else { Ok(()) }
    }

    /// Gives the pages of a stretch back to the system; they read as zero afterwards.
    pub fn discard(&self, offset: u64, len_bytes: u64) {
        let start = self.at(offset, len_bytes);
        // SAFETY: the range lies in the mapping. Failure leaves the bytes as they are, which the caller allows for.
        unsafe { libc::madvise(start.cast(), len_bytes as usize, libc::MADV_REMOVE) };
    }
}
