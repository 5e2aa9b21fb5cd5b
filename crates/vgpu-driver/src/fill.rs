//! Fills: as copies, for streams and for graphs.

use vgpu_core::abi::CUDA_MEMSET_NODE_PARAMS;
use vgpu_core::host::Refusal;
use vgpu_core::host::extent::Extent;
use vgpu_core::wire::messages::Fill;
use vgpu_core::{CuError, CuResult};

use crate::api::{Address, Api, Stream};
use crate::memory::{Memory, Place};

/// A fill whose every byte has been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Filled {
    place: Place,
    pitch: u64,
    value: u32,
    element_bytes: u32,
    width: u64,
    height: u64,
    span_bytes: u64,
}

impl Filled {
    /// A fill; `None` when it sets nothing.
    ///
    /// # Errors
    /// `INVALID_VALUE` for an element size other than 1, 2 and 4, rows that are not aligned to it, overlap, or are not the
    /// guest's.
    pub(crate) fn of(message: &Fill, memory: &Memory) -> Result<Option<Self>, Refusal> {
        let &Fill { element_bytes, target, pitch, value, width, height, .. } = message;
        let invalid = |error| (error, "the fill is not valid".to_owned());
        let size = u64::from(element_bytes);
        if !matches!(element_bytes, 1 | 2 | 4)
            || !target.is_multiple_of(size)
            || (height > 1 && !pitch.is_multiple_of(size))
        {
            return Err(invalid(CuError::INVALID_VALUE));
        }
        let width_bytes = width.checked_mul(size).ok_or_else(|| invalid(CuError::INVALID_VALUE))?;
        let extent = Extent { width_bytes, height, depth: 1 };
        let span_bytes = extent.span_bytes(pitch, 0).map_err(invalid)?;
        if extent.is_empty() {
            return Ok(None);
        }
        let place = memory.place(target, span_bytes)?;
        // The driver wants a pitch for a single row, too.
        let pitch = if height == 1 { width_bytes } else { pitch };
        Ok(Some(Self { place, pitch, value, element_bytes, width, height, span_bytes }))
    }

    /// The stretch that is touched: first address and length.
    pub(crate) fn touched(&self) -> (Place, u64) {
        (self.place, self.span_bytes)
    }

    /// Hands `take` fills that together are this one, each of one registered part of the pinned heap at most, and where the GPU
    /// finds it.
    ///
    /// # Errors
    /// `NOT_SUPPORTED` where the GPU does not reach it, or what `take` comes to.
    pub(crate) fn each_part(&self, memory: &Memory, take: &mut dyn FnMut(&Self, Address) -> CuResult) -> CuResult {
        // Not by calling itself: a guest can have one row lie in very many parts.
        let (mut fill, mut ahead) = (*self, Vec::new());
        loop {
            while let room = memory.room(fill.place)
                && room < fill.span_bytes
            {
                let (first, rest) = fill.parted(room);
                ahead.push(rest);
                fill = first;
            }
            take(&fill, memory.device_address(fill.place).ok_or(CuError::NOT_SUPPORTED)?)?;
            match ahead.pop() {
                Some(rest) => fill = rest,
                None => return Ok(()),
            }
        }
    }

    /// In two: half of the rows; one row at so many bytes.
    fn parted(&self, row_at: u64) -> (Self, Self) {
        let size = u64::from(self.element_bytes);
        let (mut first, mut rest) = (*self, *self);
        let skipped = if self.height > 1 {
            let half = self.height / 2;
            (first.height, rest.height) = (half, self.height - half);
            self.pitch * half
        } else {
            // Parts are whole pages, and elements lie at multiples of their size.
            (first.width, rest.width) = (row_at / size, self.width - row_at / size);
            row_at
        };
        for part in [&mut first, &mut rest] {
            part.span_bytes = part.pitch * (part.height - 1) + part.width * size;
        }
        let Place::Host(address) = self.place else { unreachable!("device memory is one part") };
        rest.place = Place::Host(address + skipped);
        (first, rest)
    }

    /// Queues the fill, of what the GPU finds at `target`, on a stream, whose context is current.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) fn queue(&self, api: &Api, target: Address, stream: Stream) -> CuResult {
        let (pitch, value) = (self.pitch as usize, self.value);
        let (width, height) = (self.width as usize, self.height as usize);
        match self.element_bytes {
            // SAFETY: the rows were checked.
            1 => unsafe { api.cuMemsetD2D8Async(target, pitch, value as u8, width, height, stream) },
            // SAFETY: the rows were checked.
            2 => unsafe { api.cuMemsetD2D16Async(target, pitch, value as u16, width, height, stream) },
            // SAFETY: the rows were checked.
            _ => unsafe { api.cuMemsetD2D32Async(target, pitch, value, width, height, stream) },
        }
    }

    /// The fill, of what the GPU finds at `target`, as a node.
    pub(crate) fn as_node(&self, target: Address) -> CUDA_MEMSET_NODE_PARAMS {
        CUDA_MEMSET_NODE_PARAMS {
            dst: target,
            pitch: self.pitch as usize,
            value: self.value,
            elementSize: self.element_bytes,
            width: self.width as usize,
            height: self.height as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{Owner, Stretch};

    fn memory() -> Memory {
        let mut memory = Memory::new(0x2_0000..0x4_0000);
        memory.insert(0x1000, Stretch { len_bytes: 0x1000, context: 1, owner: Owner::Guest });
        memory.open(&(0x2_0000..0x2_1000), Some(0x8_0000));
        memory.open(&(0x2_1000..0x2_2000), Some(0x9_0000));
        memory.open(&(0x3_0000..0x3_1000), None);
        memory
    }

    #[test]
    fn rows_that_are_not_the_guests_are_refused() {
        let fill =
            Fill { stream: 0, element_bytes: 4, target: 0x1000, pitch: 0, value: 7, reserved: 0, width: 4, height: 1 };
        let of = |fill: Fill| Filled::of(&fill, &memory()).map_err(|refusal| refusal.0);
        assert_eq!(of(fill).map(|fill| fill.map(|fill| fill.pitch)), Ok(Some(16)));
        assert_eq!(of(Fill { width: 0, ..fill }), Ok(None));
        for wrong in [
            Fill { element_bytes: 3, ..fill },
            Fill { element_bytes: 0, ..fill },
            Fill { target: 0x1002, ..fill },
            Fill { width: 0x401, ..fill },
            Fill { target: 0x2_2000, ..fill },
            Fill { width: u64::MAX, ..fill },
            Fill { height: 2, pitch: 12, ..fill },
            Fill { height: u64::MAX, pitch: 16, ..fill },
        ] {
            assert_eq!(of(wrong), Err(CuError::INVALID_VALUE), "{wrong:?}");
        }
    }

    #[test]
    fn a_fill_is_parted_and_done_where_the_gpu_finds_it() {
        let fill = Fill {
            stream: 0,
            element_bytes: 2,
            target: 0x2_0ff0,
            pitch: 12,
            value: 7,
            reserved: 0,
            width: 4,
            height: 3,
        };
        let parts = |fill: Fill| {
            let mut parts = Vec::new();
            let filled = Filled::of(&fill, &memory()).expect("sound").expect("something");
            let taken = filled.each_part(&memory(), &mut |part, target| {
                parts.push((target, part.width, part.height));
                Ok(())
            });
            taken.map(|()| parts)
        };
        // Rows at ff0, ffc and 1008.
        assert_eq!(parts(fill), Ok(vec![(0x8_0ff0, 4, 1), (0x8_0ffc, 2, 1), (0x9_0000, 2, 1), (0x9_0008, 4, 1)]));
        assert_eq!(parts(Fill { height: 1, ..fill }), Ok(vec![(0x8_0ff0, 4, 1)]));
        assert_eq!(parts(Fill { target: 0x3_0000, ..fill }), Err(CuError::NOT_SUPPORTED));
        assert_eq!(parts(Fill { target: 0x1000, ..fill }), Ok(vec![(0x1000, 4, 3)]));
    }

    #[test]
    fn one_row_can_lie_in_very_many_parts() {
        const PARTS: u64 = 100_000;
        let mut memory = Memory::new(0..PARTS << 12);
        (0..PARTS).for_each(|number| memory.open(&(number << 12..(number + 1) << 12), Some(number << 13)));
        let fill = Fill {
            stream: 0,
            element_bytes: 1,
            target: 0,
            pitch: 0,
            value: 7,
            reserved: 0,
            width: PARTS << 12,
            height: 1,
        };
        let filled = Filled::of(&fill, &memory).expect("sound").expect("something");
        let mut next = 0;
        let taken = filled.each_part(&memory, &mut |part, target| {
            assert_eq!((target, part.width), (next << 13, 1 << 12));
            next += 1;
            Ok(())
        });
        assert_eq!((taken, next), (Ok(()), PARTS));
    }
}
