//! BAR0: 2 MiB of registers, of which only the last page means anything.
//!
//! Everything else reads as 0, above all `BOOT_0` at offset 0: a driver for real GPUs that probes the function reads
//! "chipset 0" and lets go of it. Each access leaves the guest and costs microseconds; nothing that is done often is here.

/// Length of BAR0; the real card has 16 MiB.
///
/// - Not less: before nouveau judges `BOOT_0` it reads the straps at 0x101000, whatever the BAR's length; beyond the end,
///   the guest's kernel oopses.
/// - Not more: 2 MiB is what firmware and Linux keep free behind a hot-plug port for memory that is not prefetchable.
pub const BAR0_BYTES: u64 = 2 << 20;
/// Where our page begins.
pub const PAGE_OFFSET: u64 = BAR0_BYTES - 4096;
/// What [`Register::Magic`] reads as: "VGPU".
pub const MAGIC: u32 = u32::from_le_bytes(*b"VGPU");
/// What every register reads as when nobody answers: the daemon is gone, or memory decoding is off.
pub const NOBODY: u32 = u32::MAX;
/// What must be written to [`Register::Reset`].
pub const RESET_KEY: u32 = u32::from_le_bytes(*b"RSET");

/// The first doorbell; each channel has two words.
const DOORBELLS_OFFSET: u64 = PAGE_OFFSET + 0x400;
/// Doorbells that fit the page.
pub const CHANNELS_MAX: u32 = 128;

/// A row per register: what it is, its name, and where it lies in our page.
macro_rules! registers {
    ($($(#[doc = $doc:literal])+ $name:ident = $at:literal,)+) => {
        /// A register of 32 bits. Reads narrower or wider than it see its bytes, or its neighbours'.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Register {
            $($(#[doc = $doc])+ $name,)+
            /// Any write wakes the channel's executor.
            Doorbell(u32),
            /// Any write makes the daemon look at the channel: it was opened, has mail, or shall close.
            Attention(u32),
        }

        impl Register {
            /// Those that there is one of.
            const SINGLE: &[Self] = &[$(Self::$name),+];

            /// Where it lies in BAR0.
            pub const fn offset(self) -> u64 {
                match self {
                    $(Self::$name => PAGE_OFFSET + $at,)+
                    Self::Doorbell(channel) => DOORBELLS_OFFSET + channel as u64 * 8,
                    Self::Attention(channel) => DOORBELLS_OFFSET + channel as u64 * 8 + 4,
                }
            }
        }
    };
}

registers! {
    /// Reads as [`MAGIC`].
    Magic = 0x00,
    /// The daemon's [`crate::wire::PROTOCOL_VERSION`].
    Protocol = 0x04,
    /// Low half of [`crate::window::layout::ABI_HASH`].
    AbiHashLow = 0x08,
    /// High half of it.
    AbiHashHigh = 0x0c,
    /// How often the function has been reset; as in the directory.
    Generation = 0x10,
    /// Number of channels.
    Channels = 0x14,
    /// Ends every channel when [`RESET_KEY`] is written.
    Reset = 0x18,
    /// The daemon's [`crate::version::RELEASE`].
    Release = 0x1c,
}

impl Register {
    /// The register at `offset`, if there is one.
    pub fn at(offset: u64) -> Option<Self> {
        if let Some(register) = Self::SINGLE.iter().find(|register| register.offset() == offset) {
            return Some(*register);
        }
        let from_first = offset.checked_sub(DOORBELLS_OFFSET)?;
        let channel = u32::try_from(from_first / 8).ok().filter(|channel| *channel < CHANNELS_MAX)?;
        match from_first % 8 {
            0 => Some(Self::Doorbell(channel)),
            4 => Some(Self::Attention(channel)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_register_is_found_at_its_offset_and_nowhere_else() {
        let mut found = 0;
        for offset in 0..BAR0_BYTES {
            if let Some(register) = Register::at(offset) {
                assert_eq!(register.offset(), offset);
                found += 1;
            }
        }
        assert_eq!(found, Register::SINGLE.len() as u32 + 2 * CHANNELS_MAX);
        assert_eq!(Register::at(0), None);
        assert_eq!(Register::at(u64::MAX), None);
    }
}
