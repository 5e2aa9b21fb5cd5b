//! Texels: as they lie in memory, and as values.

use half::f16;
use vgpu_core::abi::{CUarray_format_enum as ArrayFormat, CUresourceViewFormat_enum as ViewFormat};
use vgpu_core::wire::channel_bytes;

/// What a channel's bits mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Unsigned,
    Signed,
    Float,
}

/// What texels are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) number: Number,
    /// 1, 2 or 4.
    pub(super) channel_bytes: u32,
    /// 1, 2 or 4.
    pub(super) channels: u32,
}

/// The channels of a texel, each 32 bits: integers extended by their sign, floats of 16 bits converted to 32. Those that a format
/// does not have are zero.
pub(super) type Texel = [u32; 4];

impl Format {
    /// The format of those numbers, which have been checked.
    pub(super) fn of_array(format: u32, channels: u32) -> Option<Self> {
        let number = match ArrayFormat(format) {
            ArrayFormat::CU_AD_FORMAT_SIGNED_INT8
            | ArrayFormat::CU_AD_FORMAT_SIGNED_INT16
            | ArrayFormat::CU_AD_FORMAT_SIGNED_INT32 => Number::Signed,
            ArrayFormat::CU_AD_FORMAT_HALF | ArrayFormat::CU_AD_FORMAT_FLOAT => Number::Float,
            _ => Number::Unsigned,
        };
        Some(Self { number, channel_bytes: channel_bytes(format)?, channels })
    }

    /// The format that a view takes an array for; `None` for compressed blocks and for what is none.
    pub(super) fn of_view(format: u32) -> Option<Self> {
        // The header counts channels (1, 2, 4) within number and width.
        let first = |format: ViewFormat, number, channel_bytes| (format.0, number, channel_bytes);
        let groups = [
            first(ViewFormat::CU_RES_VIEW_FORMAT_UINT_1X8, Number::Unsigned, 1),
            first(ViewFormat::CU_RES_VIEW_FORMAT_SINT_1X8, Number::Signed, 1),
            first(ViewFormat::CU_RES_VIEW_FORMAT_UINT_1X16, Number::Unsigned, 2),
            first(ViewFormat::CU_RES_VIEW_FORMAT_SINT_1X16, Number::Signed, 2),
            first(ViewFormat::CU_RES_VIEW_FORMAT_UINT_1X32, Number::Unsigned, 4),
            first(ViewFormat::CU_RES_VIEW_FORMAT_SINT_1X32, Number::Signed, 4),
            first(ViewFormat::CU_RES_VIEW_FORMAT_FLOAT_1X16, Number::Float, 2),
            first(ViewFormat::CU_RES_VIEW_FORMAT_FLOAT_1X32, Number::Float, 4),
        ];
        groups.into_iter().find_map(|(first, number, channel_bytes)| {
            let channels = [1, 2, 4].get(format.checked_sub(first)? as usize).copied()?;
            Some(Self { number, channel_bytes, channels })
        })
    }

    /// Bytes of a texel.
    pub(super) fn texel_bytes(self) -> u64 {
        u64::from(self.channel_bytes) * u64::from(self.channels)
    }

    /// Takes a texel's bytes apart.
    pub(super) fn decode(self, bytes: &[u8; 16]) -> Texel {
        let mut texel = [0; 4];
        let width = self.channel_bytes as usize;
        for (value, bytes) in texel.iter_mut().zip(bytes.chunks_exact(width)).take(self.channels as usize) {
            let mut word = [0; 4];
            word[..width].copy_from_slice(bytes);
            let bits = u32::from_le_bytes(word);
            let unused = 32 - 8 * self.channel_bytes;
            *value = match (self.number, width) {
                (Number::Signed, _) => ((bits << unused).cast_signed() >> unused).cast_unsigned(),
                #[expect(clippy::cast_possible_truncation, reason = "two bytes were read")]
                (Number::Float, 2) => f16::from_bits(bits as u16).to_f32().to_bits(),
                _ => bits,
            };
        }
        texel
    }

    /// What one channel is as a float: integers are parts of the largest of their type.
    ///
    /// **Source:** "Texture Memory" in NVIDIA's CUDA C++ Programming Guide, of the read mode.
    #[expect(clippy::cast_precision_loss, reason = "integers that are promoted have 16 bits at most")]
    pub(super) fn promoted(self, value: u32) -> f32 {
        let largest = |bits: u32| ((1_u32 << bits) - 1) as f32;
        match self.number {
            Number::Float => f32::from_bits(value),
            Number::Unsigned => value as f32 / largest(8 * self.channel_bytes),
            Number::Signed => (value.cast_signed() as f32 / largest(8 * self.channel_bytes - 1)).max(-1.0),
        }
    }

    /// Whether integers of it become floats unless they are asked for.
    pub(super) fn may_be_promoted(self) -> bool {
        self.number != Number::Float && self.channel_bytes < 4
    }

    /// A texel's bytes of 32-bit channels: integers become the nearest that the format has, floats are rounded.
    ///
    /// **Source:** `sust.p` in the PTX ISA.
    pub(super) fn encode(self, texel: Texel) -> [u8; 16] {
        let mut bytes = [0; 16];
        let width = self.channel_bytes as usize;
        for (bytes, value) in bytes.chunks_exact_mut(width).zip(texel).take(self.channels as usize) {
            let value = match (self.number, width) {
                (Number::Float, 2) => u32::from(f16::from_f32(f32::from_bits(value)).to_bits()),
                (Number::Unsigned, 1) => value.min(0xff),
                (Number::Unsigned, 2) => value.min(0xffff),
                (Number::Signed, 1) => value.cast_signed().clamp(-0x80, 0x7f).cast_unsigned(),
                (Number::Signed, 2) => value.cast_signed().clamp(-0x8000, 0x7fff).cast_unsigned(),
                _ => value,
            };
            bytes.copy_from_slice(&value.to_le_bytes()[..width]);
        }
        bytes
    }
}
