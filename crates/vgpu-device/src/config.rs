//! Config space: a conventional PCI function with two BARs, no capabilities and no interrupt pin.
//!
//! No interrupt pin, because a guest that binds its generic driver to one that is raised makes QEMU trap every access to
//! BAR1 from then on. Most VMMs keep command bits and BARs themselves and never ask us; we still behave as a card would.

use vgpu_core::pci::{self, regs};

use crate::bounds::{OutOfRange, end_of};

/// Length of a conventional function's config space.
pub const CONFIG_BYTES: usize = 256;

const VENDOR: usize = 0x00;
const DEVICE: usize = 0x02;
const COMMAND: usize = 0x04;
const REVISION: usize = 0x08;
const CLASS: usize = 0x09;
const CACHE_LINE: usize = 0x0c;
const BAR0: usize = 0x10;
const BAR1: usize = 0x14;
const SUBSYSTEM_VENDOR: usize = 0x2c;
const SUBSYSTEM: usize = 0x2e;
const INTERRUPT_LINE: usize = 0x3c;

/// Memory decoding, bus mastering, parity and system errors, interrupts off: what software may switch.
const COMMAND_WRITABLE: u16 = 0x0546;
/// BAR1's low bits: 64 bits wide, prefetchable.
const BAR1_KIND: u32 = 0b1100;

/// Who the function says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Vendor.
    pub vendor: u16,
    /// Device.
    pub device: u16,
    /// Base class, subclass and programming interface: 24 bits.
    pub class: u32,
    /// Revision.
    pub revision: u8,
    /// Vendor of the board.
    pub subsystem_vendor: u16,
    /// The board.
    pub subsystem: u16,
}

impl Default for Identity {
    /// An H100 for PCIe, with its usual revision and board.
    fn default() -> Self {
        Self {
            vendor: pci::VENDOR_ID,
            device: pci::DEVICE_ID,
            class: pci::CLASS,
            revision: 0xa1,
            subsystem_vendor: pci::VENDOR_ID,
            subsystem: 0x1626,
        }
    }
}

/// The bytes of config space, and which of their bits software may change.
#[derive(Clone, Debug)]
pub struct ConfigSpace {
    bytes: [u8; CONFIG_BYTES],
    writable: [u8; CONFIG_BYTES],
    at_reset: [u8; CONFIG_BYTES],
}

impl ConfigSpace {
    /// Config space of a function with a BAR1 of `bar1_bytes`.
    ///
    /// # Panics
    /// When that is no power of two of at least a page: the owner has checked it.
    pub fn new(identity: Identity, bar1_bytes: u64) -> Self {
        assert!(bar1_bytes.is_power_of_two() && bar1_bytes >= 4096, "a BAR of {bar1_bytes} bytes");
        let mut bytes = [0; CONFIG_BYTES];
        put(&mut bytes, VENDOR, &identity.vendor.to_le_bytes());
        put(&mut bytes, DEVICE, &identity.device.to_le_bytes());
        put(&mut bytes, REVISION, &[identity.revision]);
        put(&mut bytes, CLASS, &identity.class.to_le_bytes()[..3]);
        put(&mut bytes, BAR1, &BAR1_KIND.to_le_bytes());
        put(&mut bytes, SUBSYSTEM_VENDOR, &identity.subsystem_vendor.to_le_bytes());
        put(&mut bytes, SUBSYSTEM, &identity.subsystem.to_le_bytes());

        // A BAR's address bits below its length stay 0: that is how software finds out the length.
        let mut writable = [0; CONFIG_BYTES];
        put(&mut writable, COMMAND, &COMMAND_WRITABLE.to_le_bytes());
        put(&mut writable, CACHE_LINE, &[0xff]);
        put(&mut writable, BAR0, &(!(regs::BAR0_BYTES as u32 - 1)).to_le_bytes());
        put(&mut writable, BAR1, &(!(bar1_bytes - 1)).to_le_bytes());
        put(&mut writable, INTERRUPT_LINE, &[0xff]);
        Self { bytes, writable, at_reset: bytes }
    }

    /// Reads any bytes.
    ///
    /// # Errors
    /// When they are not all there.
    pub fn read(&self, offset: u64, target: &mut [u8]) -> Result<(), OutOfRange> {
        let end = end_of(offset, target.len(), CONFIG_BYTES as u64)?;
        target.copy_from_slice(&self.bytes[offset as usize..end as usize]);
        Ok(())
    }

    /// Writes any bytes; bits that software may not change stay.
    ///
    /// # Errors
    /// When they are not all there.
    pub fn write(&mut self, offset: u64, source: &[u8]) -> Result<(), OutOfRange> {
        let end = end_of(offset, source.len(), CONFIG_BYTES as u64)?;
        let range = offset as usize..end as usize;
        for ((byte, mask), new) in self.bytes[range.clone()].iter_mut().zip(&self.writable[range]).zip(source) {
            *byte = *byte & !mask | new & mask;
        }
        Ok(())
    }

    /// As after power-on.
    pub fn reset(&mut self) {
        self.bytes = self.at_reset;
    }
}

fn put(bytes: &mut [u8; CONFIG_BYTES], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAR1_BYTES: u64 = 8 << 30;

    fn read32(config: &ConfigSpace, offset: u64) -> u32 {
        let mut bytes = [0; 4];
        config.read(offset, &mut bytes).expect("within config space");
        u32::from_le_bytes(bytes)
    }

    #[test]
    fn it_is_an_h100_with_two_bars_and_no_interrupt_pin() {
        let config = ConfigSpace::new(Identity::default(), BAR1_BYTES);
        assert_eq!(read32(&config, 0x00), 0x2331_10de);
        assert_eq!(read32(&config, 0x08), 0x0302_00a1);
        assert_eq!(read32(&config, 0x10), 0, "32-bit memory");
        assert_eq!(read32(&config, 0x14), 0xc, "64-bit prefetchable memory");
        assert_eq!(read32(&config, 0x2c), 0x1626_10de);
        assert_eq!(read32(&config, 0x04) >> 16 & 0x10, 0, "no capability list");
        assert_eq!(read32(&config, 0x3c) >> 8 & 0xff, 0, "no interrupt pin");
    }

    #[test]
    fn writing_ones_to_the_bars_shows_their_lengths() {
        let mut config = ConfigSpace::new(Identity::default(), BAR1_BYTES);
        config.write(0x10, &[0xff; 24]).expect("within config space");
        assert_eq!(!read32(&config, 0x10) as u64 + 1, regs::BAR0_BYTES);
        let bar1 = u64::from(read32(&config, 0x14) & !0xf) | u64::from(read32(&config, 0x18)) << 32;
        assert_eq!(!bar1 + 1, BAR1_BYTES);
        assert_eq!(read32(&config, 0x14) & 0xf, 0xc);
        assert_eq!([0x1c, 0x20, 0x24].map(|bar| read32(&config, bar)), [0; 3]);
    }

    #[test]
    fn what_is_read_only_stays_and_a_reset_undoes_the_rest() {
        let mut config = ConfigSpace::new(Identity::default(), BAR1_BYTES);
        let before = config.bytes;
        config.write(0, &[0xff; CONFIG_BYTES]).expect("within config space");
        assert_eq!(read32(&config, 0x00), 0x2331_10de);
        assert_eq!(read32(&config, 0x04), u32::from(COMMAND_WRITABLE));
        config.reset();
        assert_eq!(config.bytes, before);
    }

    #[test]
    fn accesses_of_any_width_and_place_are_served_and_none_beyond_the_end() {
        let mut config = ConfigSpace::new(Identity::default(), BAR1_BYTES);
        let mut byte = [0];
        config.read(0x0b, &mut byte).expect("within config space");
        assert_eq!(byte, [0x03]);
        config.write(0x13, &[0xfe]).expect("within config space");
        assert_eq!(read32(&config, 0x10), 0xfe00_0000);
        let mut eight = [0; 8];
        config.read(0x0f, &mut eight).expect("within config space");
        assert_eq!(eight, [0, 0, 0, 0, 0xfe, 0xc, 0, 0]);
        for (offset, len) in [(256, 1), (255, 2), (u64::MAX, 1), (u64::MAX - 3, 8), (0, 257)] {
            assert_eq!(config.read(offset, &mut vec![0; len]), Err(OutOfRange));
            assert_eq!(config.write(offset, &vec![0; len]), Err(OutOfRange));
        }
    }
}
