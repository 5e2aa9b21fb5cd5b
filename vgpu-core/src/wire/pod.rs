//! Values whose bytes travel as they are: what messages, replies and the window's own structs are made of.

/// A fixed-layout value: any bytes of the right length are one.
///
/// # Safety
/// Implementors are `#[repr(C)]`, hold only integers (or arrays or other `Pod`s of them) and have no padding.
pub unsafe trait Pod: Copy {
    /// The value's bytes.
    fn as_bytes(&self) -> &[u8] {
        // SAFETY: a Pod has no padding, so all its bytes are initialised.
        unsafe { std::slice::from_raw_parts((&raw const *self).cast(), size_of::<Self>()) }
    }

    /// Reads a value from the front of `bytes`; `None` when there are too few.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..size_of::<Self>())?;
        // SAFETY: the slice is long enough, and any bytes are a valid Pod.
        Some(unsafe { bytes.as_ptr().cast::<Self>().read_unaligned() })
    }
}

// SAFETY: integers have no padding and no invalid values.
unsafe impl Pod for u8 {}
// SAFETY: as above.
unsafe impl Pod for u32 {}
// SAFETY: as above.
unsafe impl Pod for u64 {}
// SAFETY: as above.
unsafe impl Pod for i32 {}
// SAFETY: as above.
unsafe impl Pod for i64 {}
// SAFETY: the unit type has no bytes.
unsafe impl Pod for () {}
// SAFETY: an array has no padding between its elements.
unsafe impl<T: Pod, const N: usize> Pod for [T; N] {}
