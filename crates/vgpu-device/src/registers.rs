//! BAR0: what its registers read as, and what writing to them asks for.

use vgpu_core::pci::regs::{BAR0_BYTES, MAGIC, PAGE_OFFSET, RESET_KEY, Register};
use vgpu_core::version::RELEASE;
use vgpu_core::window::layout::ABI_HASH;
use vgpu_core::wire::PROTOCOL_VERSION;

use crate::bounds::{OutOfRange, end_of};

const WORD_BYTES: u64 = 4;

/// What a write to a register asks of the function's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Wake this channel's executor.
    Doorbell(u32),
    /// Look at this channel.
    Attention(u32),
    /// End all channels, wipe the memory, count up the generation.
    Reset,
}

/// The registers' state.
#[derive(Clone, Copy, Debug)]
pub struct Registers {
    /// How often the function has been reset.
    pub generation: u32,
    /// Channels that there are; doorbells of others do nothing.
    pub channels: u32,
}

impl Registers {
    fn value(&self, register: Register) -> u32 {
        match register {
            Register::Magic => MAGIC,
            Register::Protocol => PROTOCOL_VERSION,
            Register::AbiHashLow => ABI_HASH as u32,
            Register::AbiHashHigh => (ABI_HASH >> 32) as u32,
            Register::Generation => self.generation,
            Register::Channels => self.channels,
            Register::Release => RELEASE,
            Register::Reset | Register::Doorbell(_) | Register::Attention(_) => 0,
        }
    }

    /// Reads any bytes of BAR0. What is no register reads as 0.
    ///
    /// # Errors
    /// When the bytes are not all in BAR0.
    pub fn read(&self, offset: u64, target: &mut [u8]) -> Result<(), OutOfRange> {
        let end = end_of(offset, target.len(), BAR0_BYTES)?;
        target.fill(0);
        for word in words(offset, end) {
            let Some(register) = Register::at(word) else {
                continue;
            };
            for (at, byte) in (word..).zip(self.value(register).to_le_bytes()) {
                if let Some(place) = at.checked_sub(offset).and_then(|place| target.get_mut(place as usize)) {
                    *place = byte;
                }
            }
        }
        Ok(())
    }

    /// Takes a write of any bytes to BAR0 and says what it asks for, in order of address. A doorbell rings when any byte of
    /// it is written; the reset key counts only when it is written whole.
    ///
    /// # Errors
    /// When the bytes are not all in BAR0.
    pub fn write<'a>(
        &self,
        offset: u64,
        source: &'a [u8],
    ) -> Result<impl Iterator<Item = Effect> + use<'a>, OutOfRange> {
        let end = end_of(offset, source.len(), BAR0_BYTES)?;
        let channels = self.channels;
        Ok(words(offset, end).filter_map(move |word| match Register::at(word)? {
            Register::Doorbell(channel) => (channel < channels).then_some(Effect::Doorbell(channel)),
            Register::Attention(channel) => (channel < channels).then_some(Effect::Attention(channel)),
            Register::Reset => {
                let start = word.checked_sub(offset)? as usize;
                let written = source.get(start..start + WORD_BYTES as usize)?;
                (written == RESET_KEY.to_le_bytes()).then_some(Effect::Reset)
            }
            // These are only read.
            Register::Magic
            | Register::Protocol
            | Register::AbiHashLow
            | Register::AbiHashHigh
            | Register::Generation
            | Register::Channels
            | Register::Release => None,
        }))
    }
}

/// Aligned words of our page that an access touches.
fn words(offset: u64, end: u64) -> impl Iterator<Item = u64> {
    let first = offset.max(PAGE_OFFSET) / WORD_BYTES * WORD_BYTES;
    (first..end).step_by(WORD_BYTES as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use vgpu_core::pci::regs::CHANNELS_MAX;

    const REGISTERS: Registers = Registers { generation: 0x0403_0201, channels: 8 };

    fn read<const LEN: usize>(offset: u64) -> [u8; LEN] {
        let mut bytes = [0xaa; LEN];
        REGISTERS.read(offset, &mut bytes).expect("within BAR0");
        bytes
    }

    fn effects(offset: u64, source: &[u8]) -> Vec<Effect> {
        REGISTERS.write(offset, source).expect("within BAR0").collect()
    }

    #[test]
    fn registers_read_as_agreed() {
        let read = |register: Register| u32::from_le_bytes(read(register.offset()));
        assert_eq!(read(Register::Magic), MAGIC);
        assert_eq!(read(Register::Protocol), PROTOCOL_VERSION);
        let hash = u64::from(read(Register::AbiHashLow)) | u64::from(read(Register::AbiHashHigh)) << 32;
        assert_eq!(hash, ABI_HASH);
        assert_eq!(read(Register::Generation), 0x0403_0201);
        assert_eq!(read(Register::Channels), 8);
        assert_eq!(read(Register::Release), RELEASE);
        assert_eq!(read(Register::Doorbell(0)), 0);
    }

    #[test]
    fn a_driver_for_real_gpus_finds_chipset_0() {
        assert_eq!(read::<8>(0), [0; 8]);
        assert_eq!(read::<4>(0x8_8000), [0; 4]);
        assert_eq!(read::<4>(0x10_1000), [0; 4], "the straps, which nouveau reads first: they must be in BAR0");
        let mut all = vec![1; PAGE_OFFSET as usize];
        REGISTERS.read(0, &mut all).expect("within BAR0");
        assert!(all.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn reads_of_any_width_and_place_see_the_registers_bytes() {
        let generation = Register::Generation.offset();
        assert_eq!(read::<1>(generation + 2), [3]);
        assert_eq!(read::<2>(generation + 3), [4, 8], "the next register follows");
        assert_eq!(read::<8>(generation), [1, 2, 3, 4, 8, 0, 0, 0]);
        assert_eq!(read::<4>(PAGE_OFFSET - 2), [0, 0, b'V', b'G'], "into our page");
    }

    #[test]
    fn a_doorbell_rings_whatever_is_written_and_however_wide() {
        let at = Register::Doorbell(3).offset();
        for (offset, source) in [(at, &[0_u8; 4][..]), (at + 3, &[9]), (at, &[1]), (at - 2, &[0; 3])] {
            assert!(effects(offset, source).contains(&Effect::Doorbell(3)), "{offset:#x}");
        }
        assert_eq!(effects(at, &[1; 8]), [Effect::Doorbell(3), Effect::Attention(3)]);
        assert_eq!(effects(Register::Attention(7).offset(), &[1; 4]), [Effect::Attention(7)]);
    }

    #[test]
    fn writes_that_mean_nothing_ask_for_nothing() {
        assert_eq!(effects(0, &[0xff; 64]), []);
        assert_eq!(effects(Register::Magic.offset(), &[0xff; 24]), []);
        assert_eq!(effects(Register::Doorbell(8).offset(), &[1; 4]), [], "there is no such channel");
        assert_eq!(effects(Register::Doorbell(CHANNELS_MAX - 1).offset(), &[1; 8]), []);
        assert_eq!(effects(BAR0_BYTES, &[]), []);
    }

    #[test]
    fn only_the_whole_key_resets() {
        let at = Register::Reset.offset();
        assert_eq!(effects(at, &RESET_KEY.to_le_bytes()), [Effect::Reset]);
        assert_eq!(effects(at, &[0xff; 4]), []);
        assert_eq!(effects(at, &RESET_KEY.to_le_bytes()[..2]), []);
        assert_eq!(effects(at + 2, &RESET_KEY.to_le_bytes()), []);
        let mut around = [0; 12];
        around[4..8].copy_from_slice(&RESET_KEY.to_le_bytes());
        assert_eq!(effects(at - 4, &around), [Effect::Reset]);
    }

    #[test]
    fn accesses_beyond_the_end_are_refused() {
        for (offset, len) in [(BAR0_BYTES, 1), (BAR0_BYTES - 1, 2), (u64::MAX, 4), (u64::MAX - 3, 8)] {
            assert_eq!(REGISTERS.read(offset, &mut vec![0; len]), Err(OutOfRange));
            assert!(REGISTERS.write(offset, &vec![0; len]).is_err());
        }
    }
}
