//! How a texture is read.

use vgpu_core::CuError;
use vgpu_core::abi::{
    CU_TRSF_DISABLE_TRILINEAR_OPTIMIZATION, CU_TRSF_NORMALIZED_COORDINATES, CU_TRSF_READ_AS_INTEGER,
    CU_TRSF_SEAMLESS_CUBEMAP, CU_TRSF_SRGB, CUaddress_mode_enum as AddressMode, CUfilter_mode_enum as FilterMode,
};
use vgpu_core::host::Refusal;
use vgpu_core::wire::messages::Sampling;

use super::coordinates::{self, Mode};
use super::format::Format;

const FLAGS: u32 =
    CU_TRSF_READ_AS_INTEGER | CU_TRSF_NORMALIZED_COORDINATES | CU_TRSF_SRGB | CU_TRSF_DISABLE_TRILINEAR_OPTIMIZATION;

/// How texels become values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// The bits of integers.
    Integers,
    Floats,
    /// Of gamma-encoded colours.
    Colors,
}

/// A texture's settings, checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sampler {
    pub(super) is_normalized: bool,
    pub(super) modes: [Mode; 3],
    pub(super) is_linear: bool,
    pub(super) reading: Reading,
    pub(super) border: [u32; 4],
    between_levels: bool,
    level_bias: f32,
    level_min: f32,
    level_max: f32,
}

fn mode_of(mode: u32, is_normalized: bool) -> Result<Mode, Refusal> {
    Ok(match AddressMode(mode) {
        // Without normalised coordinates there are two modes. **Source:** `cuTexObjectCreate`.
        AddressMode::CU_TR_ADDRESS_MODE_WRAP if is_normalized => Mode::Wrap,
        AddressMode::CU_TR_ADDRESS_MODE_MIRROR if is_normalized => Mode::Mirror,
        AddressMode::CU_TR_ADDRESS_MODE_BORDER => Mode::Border,
        AddressMode::CU_TR_ADDRESS_MODE_WRAP
        | AddressMode::CU_TR_ADDRESS_MODE_MIRROR
        | AddressMode::CU_TR_ADDRESS_MODE_CLAMP => Mode::Clamp,
        _ => return Err((CuError::INVALID_VALUE, format!("there is no address mode {mode}"))),
    })
}

fn is_linear(filter: u32) -> Result<bool, Refusal> {
    match FilterMode(filter) {
        FilterMode::CU_TR_FILTER_MODE_POINT => Ok(false),
        FilterMode::CU_TR_FILTER_MODE_LINEAR => Ok(true),
        _ => Err((CuError::INVALID_VALUE, format!("there is no filter mode {filter}"))),
    }
}

impl Sampler {
    /// Of linear memory: texels as they are, and zeros outside.
    pub(super) fn plain(format: Format, sampling: &Sampling) -> Result<Self, Refusal> {
        let border = AddressMode::CU_TR_ADDRESS_MODE_BORDER.0;
        let flags = sampling.flags & !CU_TRSF_NORMALIZED_COORDINATES;
        Self::new(format, &Sampling { address_modes: [border; 3], filter: 0, border: [0; 4], flags, ..*sampling })
    }

    /// Checks a texture's settings.
    ///
    /// # Errors
    /// `INVALID_VALUE` for such as there are not, or that contradict each other; `NOT_SUPPORTED` for such as are not done.
    pub(super) fn new(format: Format, sampling: &Sampling) -> Result<Self, Refusal> {
        let refused = |error, text: &str| Err((error, text.to_owned()));
        let has = |flag| sampling.flags & flag != 0;
        if has(CU_TRSF_SEAMLESS_CUBEMAP) {
            return refused(CuError::NOT_SUPPORTED, "seamless cubes are not done");
        }
        if sampling.flags & !FLAGS != 0 {
            return refused(CuError::INVALID_VALUE, "there is no such flag of textures");
        }
        let is_promoted = format.may_be_promoted() && !has(CU_TRSF_READ_AS_INTEGER);
        let is_float = format.number == super::format::Number::Float || is_promoted;
        let reading = match (is_float, has(CU_TRSF_SRGB)) {
            (true, true) if format.number == super::format::Number::Unsigned && format.channel_bytes == 1 => {
                Reading::Colors
            }
            (_, true) => return refused(CuError::INVALID_VALUE, "only bytes that are read as floats can be sRGB"),
            (true, false) => Reading::Floats,
            (false, false) => Reading::Integers,
        };
        let is_linear_filter = is_linear(sampling.filter)?;
        if is_linear_filter && !is_float {
            return refused(CuError::INVALID_VALUE, "integers cannot be filtered");
        }
        let is_normalized = has(CU_TRSF_NORMALIZED_COORDINATES);
        let mut modes = [Mode::Clamp; 3];
        for (mode, number) in modes.iter_mut().zip(sampling.address_modes) {
            *mode = mode_of(number, is_normalized)?;
        }
        Ok(Self {
            is_normalized,
            modes,
            is_linear: is_linear_filter,
            reading,
            border: sampling.border,
            between_levels: is_linear(sampling.level_filter)?,
            level_bias: f32::from_bits(sampling.level_bias),
            level_min: f32::from_bits(sampling.level_min),
            level_max: f32::from_bits(sampling.level_max),
        })
    }

    /// The levels to read for a level of detail, and the second one's part.
    pub(super) fn levels(&self, detail: f32, count: usize) -> (usize, usize, f32) {
        let last = count - 1;
        if last == 0 {
            return (0, 0, 0.0);
        }
        // `max` and `min` take the other one for what is no number.
        let detail = (detail + self.level_bias).max(self.level_min).min(self.level_max);
        #[expect(clippy::cast_precision_loss, reason = "there are 17 levels at most")]
        let detail = f64::from(detail.max(0.0).min(last as f32));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between 0 and the last level"
        )]
        let whole = |level: f64| (level as usize).min(last);
        if self.between_levels {
            let first = whole(detail);
            (first, (first + 1).min(last), coordinates::fraction(detail))
        } else {
            let nearest = whole((detail + 0.5).floor());
            (nearest, nearest, 0.0)
        }
    }
}
