//! The CPU's switch for denormals: flushed to zero or kept.

/// Sets the switch, and puts back what it was when dropped.
pub(crate) struct DenormalMode {
    before: Control,
}

impl DenormalMode {
    pub(crate) fn enter() -> Self {
        Self { before: read() }
    }
}

impl Drop for DenormalMode {
    fn drop(&mut self) {
        write(self.before);
    }
}

#[cfg(target_arch = "x86_64")]
type Control = u32;
#[cfg(target_arch = "aarch64")]
type Control = u64;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
type Control = ();

/// Flush to zero and denormals are zero.
#[cfg(target_arch = "x86_64")]
const FLUSH: Control = 1 << 15 | 1 << 6;
/// FZ: inputs and results.
#[cfg(target_arch = "aarch64")]
const FLUSH: Control = 1 << 24;

/// Flushes denormals from now on, or keeps them; everything else is as usual (round to nearest, no traps).
#[inline(always)]
pub(crate) fn set_flush(flush: bool) {
    #[cfg(target_arch = "x86_64")]
    {
        // All exceptions masked, round to nearest.
        const DEFAULT: Control = 0x1f80;
        write(if flush { DEFAULT | FLUSH } else { DEFAULT });
    }
    #[cfg(target_arch = "aarch64")]
    write(if flush { FLUSH } else { 0 });
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = flush;
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn read() -> Control {
    let mut value: u32 = 0;
    // SAFETY: stores the 4 bytes of MXCSR.
    unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut value, options(nostack, preserves_flags)) };
    value
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn write(value: Control) {
    // SAFETY: the value has all exceptions masked and no reserved bit.
    unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const value, options(nostack, preserves_flags)) };
}

#[cfg(target_arch = "aarch64")]
#[inline(always)]
fn read() -> Control {
    let value: u64;
    // SAFETY: reads a register that user code may read.
    unsafe { std::arch::asm!("mrs {}, fpcr", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}

#[cfg(target_arch = "aarch64")]
#[inline(always)]
fn write(value: Control) {
    // SAFETY: the value is a previous one or has only FZ set.
    unsafe { std::arch::asm!("msr fpcr, {}", in(reg) value, options(nostack, preserves_flags)) };
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn read() -> Control {}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn write((): Control) {}
