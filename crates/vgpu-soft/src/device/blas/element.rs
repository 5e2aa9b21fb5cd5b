//! Number types in memory, and the types that are computed in.

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

use vgpu_core::abi::runtime::cudaDataType_t;
use vgpu_core::{CuError, CuResult};

/// A number type of a matrix in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    F16,
    Bf16,
    F32,
    F64,
    I8,
    I32,
}

impl Element {
    /// Reads a `cudaDataType_t`.
    ///
    /// # Errors
    /// `NOT_SUPPORTED` for complex numbers and other types that are not computed here.
    pub(super) fn from_code(code: u32) -> CuResult<Self> {
        const TYPES: [(cudaDataType_t, Element); 6] = [
            (cudaDataType_t::CUDA_R_16F, Element::F16),
            (cudaDataType_t::CUDA_R_16BF, Element::Bf16),
            (cudaDataType_t::CUDA_R_32F, Element::F32),
            (cudaDataType_t::CUDA_R_64F, Element::F64),
            (cudaDataType_t::CUDA_R_8I, Element::I8),
            (cudaDataType_t::CUDA_R_32I, Element::I32),
        ];
        TYPES.iter().find(|(number, _)| number.0 == code).map(|&(_, element)| element).ok_or(CuError::NOT_SUPPORTED)
    }

    /// Size in memory.
    pub(super) fn len_bytes(self) -> u64 {
        match self {
            Self::I8 => 1,
            Self::F16 | Self::Bf16 => 2,
            Self::F32 | Self::I32 => 4,
            Self::F64 => 8,
        }
    }

    /// Reads a value from the front of little-endian bytes.
    pub(super) fn decode(self, bytes: &[u8; 16]) -> f64 {
        let [b0, b1, b2, b3, b4, b5, b6, b7, ..] = *bytes;
        match self {
            Self::F16 => f16::from_le_bytes([b0, b1]).to_f64(),
            Self::Bf16 => bf16::from_le_bytes([b0, b1]).to_f64(),
            Self::F32 => f64::from(f32::from_le_bytes([b0, b1, b2, b3])),
            Self::F64 => f64::from_le_bytes([b0, b1, b2, b3, b4, b5, b6, b7]),
            Self::I8 => f64::from(i8::from_le_bytes([b0])),
            Self::I32 => f64::from(i32::from_le_bytes([b0, b1, b2, b3])),
        }
    }
}

/// A type that products are accumulated in.
pub(super) trait Real: Copy + Default + PartialEq + Send + Sync + 'static {
    /// The element that needs no conversion.
    const ELEMENT: Element;
    const ZERO: Self;
    const ONE: Self;

    fn from_f64(value: f64) -> Self;

    /// `alpha * product + beta * previous`, in this type.
    fn scale(alpha: Self, product: Self, beta: Self, previous: Self) -> Self;

    fn mul(self, other: Self) -> Self;

    /// Converts consecutive elements in memory.
    ///
    /// # Safety
    /// `source` is aligned and readable for `target.len()` elements of that type.
    unsafe fn load(element: Element, source: *const u8, target: &mut [Self]);

    /// Converts to consecutive elements in memory, rounding to nearest even once.
    ///
    /// # Safety
    /// `target` is aligned and writable for `source.len()` elements of that type.
    unsafe fn store(element: Element, source: &[Self], target: *mut u8);
}

/// Views memory as elements.
///
/// # Safety
/// `source` is aligned and readable for `len` values, whose type has no invalid bytes.
unsafe fn view<'a, T>(source: *const u8, len: usize) -> &'a [T] {
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(source.cast(), len) }
}

/// Views memory as elements to write.
///
/// # Safety
/// As [`view`], and writable.
unsafe fn view_mut<'a, T>(target: *mut u8, len: usize) -> &'a mut [T] {
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(target.cast(), len) }
}

macro_rules! real {
    ($real:ident, $element:expr, $from_half:ident, $store_half:ident) => {
        impl Real for $real {
            const ELEMENT: Element = $element;
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;

            fn from_f64(value: f64) -> Self {
                value as Self
            }

            fn scale(alpha: Self, product: Self, beta: Self, previous: Self) -> Self {
                alpha * product + beta * previous
            }

            fn mul(self, other: Self) -> Self {
                self * other
            }

            unsafe fn load(element: Element, source: *const u8, target: &mut [Self]) {
                let len = target.len();
                fn widen<S: Copy>(source: &[S], target: &mut [$real], convert: impl Fn(S) -> $real) {
                    target.iter_mut().zip(source).for_each(|(to, &from)| *to = convert(from));
                }
                // SAFETY: the caller promises `len` readable elements of the type that the arm views them as.
                unsafe {
                    match element {
                        Element::F16 => view::<f16>(source, len).$from_half(target),
                        Element::Bf16 => view::<bf16>(source, len).$from_half(target),
                        Element::F32 => widen(view::<f32>(source, len), target, |x| x as $real),
                        Element::F64 => widen(view::<f64>(source, len), target, |x| x as $real),
                        Element::I8 => widen(view::<i8>(source, len), target, |x| x as $real),
                        Element::I32 => widen(view::<i32>(source, len), target, |x| x as $real),
                    }
                }
            }

            unsafe fn store(element: Element, source: &[Self], target: *mut u8) {
                let len = source.len();
                fn narrow<T>(source: &[$real], target: &mut [T], convert: impl Fn($real) -> T) {
                    target.iter_mut().zip(source).for_each(|(to, &from)| *to = convert(from));
                }
                // Integer products are exact in f64; results wrap as a GPU's 32-bit accumulators do.
                let wrap = |x: $real| x as i64 as i32;
                // SAFETY: the caller promises `len` writable elements of the type that the arm views them as.
                unsafe {
                    match element {
                        Element::F16 => view_mut::<f16>(target, len).$store_half(source),
                        Element::Bf16 => view_mut::<bf16>(target, len).$store_half(source),
                        Element::F32 => narrow(source, view_mut::<f32>(target, len), |x| x as f32),
                        Element::F64 => narrow(source, view_mut::<f64>(target, len), |x| x as f64),
                        Element::I8 => narrow(source, view_mut::<i8>(target, len), |x| x as i8),
                        Element::I32 => narrow(source, view_mut::<i32>(target, len), wrap),
                    }
                }
            }
        }
    };
}

real!(f32, Element::F32, convert_to_f32_slice, convert_from_f32_slice);
real!(f64, Element::F64, convert_to_f64_slice, convert_from_f64_slice);
