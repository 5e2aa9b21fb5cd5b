//! Copies that leave the caches to others.
//!
//! An ordinary store first reads the line that it will overwrite. For the long end of a staged copy, memory that nobody has
//! touched lately, that is a third of all traffic for nothing.

/// From here on, what a copy has written does not stay in the caches anyway.
pub const LONG_COPY_BYTES: usize = 8 << 20;

/// Copies `len_bytes` that do not overlap, past the caches where the processor can.
///
/// Worth it for [`LONG_COPY_BYTES`], in whatever pieces, to memory that is not read again at once.
///
/// # Safety
/// Both stretches are valid for the length, one for reads, one for writes, and they do not overlap.
pub unsafe fn copy_past_caches(source: *const u8, target: *mut u8, len_bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the caller's promise.
    unsafe {
        x86_64::copy(source, target, len_bytes);
    }
    #[cfg(not(target_arch = "x86_64"))]
    // SAFETY: the caller's promise.
    unsafe {
        std::ptr::copy_nonoverlapping(source, target, len_bytes);
    }
}

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_sfence, _mm_stream_si128};

    const LINE_BYTES: usize = 64;

    /// # Safety
    /// As the module's copy.
    pub(super) unsafe fn copy(source: *const u8, target: *mut u8, len_bytes: usize) {
        // Whole lines are streamed; what lies before and after them is stored as usual.
        let head = target.align_offset(LINE_BYTES).min(len_bytes);
        let lines = (len_bytes - head) / LINE_BYTES;
        let tail = head + lines * LINE_BYTES;
        // SAFETY: the three parts make up the length; the middle one starts on a line of the target.
        unsafe {
            std::ptr::copy_nonoverlapping(source, target, head);
            for line in 0..lines {
                let at = head + line * LINE_BYTES;
                let (from, to) = (source.add(at).cast::<__m128i>(), target.add(at).cast::<__m128i>());
                let parts = [
                    _mm_loadu_si128(from),
                    _mm_loadu_si128(from.add(1)),
                    _mm_loadu_si128(from.add(2)),
                    _mm_loadu_si128(from.add(3)),
                ];
                for (index, part) in parts.into_iter().enumerate() {
                    _mm_stream_si128(to.add(index), part);
                }
            }
            std::ptr::copy_nonoverlapping(source.add(tail), target.add(tail), len_bytes - tail);
            // Streamed stores are weakly ordered; whoever learns of the copy by a flag must see them.
            _mm_sfence();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_arrives_and_no_other_changes() {
        let source: Vec<u8> = (0..1000_u32).map(|index| (index * 7 % 251) as u8).collect();
        for (start, offset, len) in [(0, 0, 1000), (1, 3, 500), (5, 64, 63), (0, 10, 64), (3, 1, 0), (63, 65, 129)] {
            let mut target = vec![0xEE_u8; 1200];
            // SAFETY: both stretches lie in their vectors.
            unsafe { copy_past_caches(source[start..].as_ptr(), target[offset..].as_mut_ptr(), len) };
            assert_eq!(target[offset..offset + len], source[start..start + len]);
            assert!(target[..offset].iter().chain(&target[offset + len..]).all(|&byte| byte == 0xEE));
        }
    }
}
