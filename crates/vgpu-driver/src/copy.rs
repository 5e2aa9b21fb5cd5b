//! Copies: checked against what is the guest's, then said in the driver's words, for streams and for graphs.

use std::ffi::c_void;

use vgpu_core::CuResult;
use vgpu_core::abi::{CUDA_MEMCPY2D, CUDA_MEMCPY3D, CUmemorytype};
use vgpu_core::host::Refusal;
use vgpu_core::host::extent::Extent;
use vgpu_core::wire::messages::{Copy, CopyBox, CopyIn, CopyOut, SOURCE_IN_WINDOW, TARGET_IN_WINDOW};
use vgpu_core::wire::{Completions, Span};

use crate::api::{Address, Api, Stream};
use crate::memory::{Memory, Place};

/// What a copy's addresses are held against.
#[derive(Clone, std::marker::Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) memory: &'a Memory,
    pub(crate) completions: &'a dyn Completions,
}

impl Ground<'_> {
    /// A stretch of the window.
    ///
    /// # Errors
    /// `INVALID_VALUE` when it is none.
    pub(crate) fn window(&self, offset: u64, len_bytes: u64) -> Result<Place, Refusal> {
        let start = self.completions.span(Span { offset, len_bytes });
        let start = start.map_err(|error| (error, "the part of the window is not valid".to_owned()))?;
        let address = start.expose_provenance() as u64;
        if self.memory.is_pinned(address) { self.memory.place(address, len_bytes) } else { Ok(Place::Host(address)) }
    }
}

/// One end of a copy: where it starts, and how far its rows and slices are apart.
#[derive(Clone, std::marker::Copy, Debug, PartialEq, Eq)]
struct Side {
    place: Place,
    pitch: u64,
    slice_pitch: u64,
}

impl Side {
    /// The same side further on.
    fn after(self, bytes: u64) -> Self {
        let place = match self.place {
            Place::Device(address) => Place::Device(address + bytes),
            Place::Host(address) => Place::Host(address + bytes),
        };
        Self { place, ..self }
    }
}

/// A copy of rows whose every byte has been checked.
#[derive(Clone, std::marker::Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    target: Side,
    source: Side,
    extent: Extent,
}

impl Rows {
    /// A copy of a box; `None` when it moves nothing.
    ///
    /// # Errors
    /// `INVALID_VALUE` for rows that overlap, or that are not the guest's.
    pub(crate) fn of_box(message: &CopyBox, ground: Ground<'_>) -> Result<Option<Self>, Refusal> {
        let extent = Extent { width_bytes: message.width_bytes, height: message.height, depth: message.depth };
        if extent.is_empty() {
            return Ok(None);
        }
        let side = |flag: u32, start: u64, pitch: u64, slice_pitch: u64| -> Result<Side, Refusal> {
            let span_bytes = extent.span_bytes(pitch, slice_pitch);
            let span_bytes = span_bytes.map_err(|error| (error, "the extent is not valid".to_owned()))?;
            let place = match message.window & flag != 0 {
                true => ground.window(start, span_bytes)?,
                false => ground.memory.place(start, span_bytes)?,
            };
            Ok(Side { place, pitch, slice_pitch })
        };
        let target = side(TARGET_IN_WINDOW, message.target, message.target_pitch, message.target_slice_pitch)?;
        let source = side(SOURCE_IN_WINDOW, message.source, message.source_pitch, message.source_slice_pitch)?;
        Ok(Some(Self { target, source, extent }.simplified()))
    }

    /// A copy from the window.
    ///
    /// # Errors
    /// `INVALID_VALUE` when either end is not the guest's.
    pub(crate) fn of_copy_in(message: &CopyIn, ground: Ground<'_>) -> Result<Option<Self>, Refusal> {
        let len_bytes = message.source.len_bytes;
        let ends =
            || Ok((ground.memory.place(message.target, len_bytes)?, ground.window(message.source.offset, len_bytes)?));
        Self::line(len_bytes, ends)
    }

    /// A copy to the window.
    ///
    /// # Errors
    /// `INVALID_VALUE` when either end is not the guest's.
    pub(crate) fn of_copy_out(message: &CopyOut, ground: Ground<'_>) -> Result<Option<Self>, Refusal> {
        let len_bytes = message.target.len_bytes;
        let ends =
            || Ok((ground.window(message.target.offset, len_bytes)?, ground.memory.place(message.source, len_bytes)?));
        Self::line(len_bytes, ends)
    }

    /// A copy between device addresses.
    ///
    /// # Errors
    /// `INVALID_VALUE` when either end is not the guest's.
    pub(crate) fn of_copy(message: &Copy, ground: Ground<'_>) -> Result<Option<Self>, Refusal> {
        let len_bytes = message.len_bytes;
        let ends =
            || Ok((ground.memory.place(message.target, len_bytes)?, ground.memory.place(message.source, len_bytes)?));
        Self::line(len_bytes, ends)
    }

    /// A copy of bytes of our own, which stay where they are until it is done.
    ///
    /// # Errors
    /// `INVALID_VALUE` when the target is not the guest's.
    pub(crate) fn of_bytes(target: Address, bytes: &[u8], ground: Ground<'_>) -> Result<Option<Self>, Refusal> {
        let len_bytes = bytes.len() as u64;
        let source = Place::Host(bytes.as_ptr().expose_provenance() as u64);
        Self::line(len_bytes, || Ok((ground.memory.place(target, len_bytes)?, source)))
    }

    /// The same copy from another place of our own.
    pub(crate) fn with_source(self, address: Address) -> Self {
        Self { source: Side { place: Place::Host(address), ..self.source }, ..self }
    }

    fn line(len_bytes: u64, ends: impl FnOnce() -> Result<(Place, Place), Refusal>) -> Result<Option<Self>, Refusal> {
        if len_bytes == 0 {
            return Ok(None);
        }
        let (target, source) = ends()?;
        let side = |place| Side { place, pitch: len_bytes, slice_pitch: len_bytes };
        let extent = Extent { width_bytes: len_bytes, height: 1, depth: 1 };
        Ok(Some(Self { target: side(target), source: side(source), extent }))
    }

    /// Slices of one row are rows.
    fn simplified(mut self) -> Self {
        if self.extent.height == 1 {
            (self.extent.height, self.extent.depth) = (self.extent.depth, 1);
            for side in [&mut self.target, &mut self.source] {
                side.pitch = side.slice_pitch;
            }
        }
        self
    }

    /// Bytes that are moved.
    pub(crate) fn total_bytes(&self) -> u64 {
        self.extent.total_bytes()
    }

    /// The stretches that are touched: first address and length.
    pub(crate) fn touched(&self) -> [(Place, u64); 2] {
        [self.target, self.source].map(|side| {
            let span_bytes = self.extent.span_bytes(side.pitch, side.slice_pitch);
            (side.place, span_bytes.expect("the extent was checked"))
        })
    }

    /// Hands `take` copies that together are this one, each from and to one registered part of the pinned heap at most: the
    /// driver takes no other.
    ///
    /// # Errors
    /// What `take` comes to.
    pub(crate) fn each_part(&self, memory: &Memory, take: &mut dyn FnMut(&Self) -> CuResult) -> CuResult {
        // Not by calling itself: a guest can have one row lie in very many parts.
        let (mut rows, mut ahead) = (*self, Vec::new());
        loop {
            while let Some(border) = rows.border(memory) {
                let (first, rest) = rows.parted(border);
                ahead.push(rest);
                rows = first;
            }
            take(&rows)?;
            match ahead.pop() {
                Some(rest) => rows = rest,
                None => return Ok(()),
            }
        }
    }

    /// After how many bytes the first registered part ends that one end does not wholly lie in.
    fn border(&self, memory: &Memory) -> Option<u64> {
        let rooms = self.touched().map(|(place, span_bytes)| (memory.room(place), span_bytes));
        rooms.into_iter().filter(|(room, span_bytes)| room < span_bytes).map(|(room, _)| room).min()
    }

    /// In two: half of the slices, or of the rows; one row at so many bytes.
    fn parted(&self, row_at: u64) -> (Self, Self) {
        let (mut first, mut rest) = (*self, *self);
        let Extent { width_bytes, height, depth } = self.extent;
        let skipped: [u64; 2] = if depth > 1 {
            let half = depth / 2;
            (first.extent.depth, rest.extent.depth) = (half, depth - half);
            [self.target, self.source].map(|side| side.slice_pitch * half)
        } else if height > 1 {
            let half = height / 2;
            (first.extent.height, rest.extent.height) = (half, height - half);
            [self.target, self.source].map(|side| side.pitch * half)
        } else {
            (first.extent.width_bytes, rest.extent.width_bytes) = (row_at, width_bytes - row_at);
            [row_at; 2]
        };
        (rest.target, rest.source) = (self.target.after(skipped[0]), self.source.after(skipped[1]));
        (first, rest)
    }

    /// Queues the copy on a stream, whose context is current.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) fn queue(&self, api: &Api, stream: Stream) -> CuResult {
        match self.extent {
            Extent { height: 1, depth: 1, width_bytes } => self.queue_line(api, stream, width_bytes),
            Extent { depth: 1, .. } => queue_2d(api, stream, &self.slice(0)),
            Extent { depth, .. } => match self.as_3d() {
                // SAFETY: the description is of checked places, and stays until the call is over.
                Some(copy) => unsafe { api.cuMemcpy3DAsync_v2(&raw const copy, stream) },
                None => (0..depth).try_for_each(|index| queue_2d(api, stream, &self.slice(index))),
            },
        }
    }

    fn queue_line(&self, api: &Api, stream: Stream, len_bytes: u64) -> CuResult {
        let len = len_bytes as usize;
        match (self.target.place, self.source.place) {
            (Place::Device(target), Place::Host(source)) => {
                // SAFETY: both places were checked; host memory is the window's, or ours until the record is retired.
                unsafe { api.cuMemcpyHtoDAsync_v2(target, pointer(source), len, stream) }
            }
            (Place::Host(target), Place::Device(source)) => {
                // SAFETY: both places were checked; the window stays mapped.
                unsafe { api.cuMemcpyDtoHAsync_v2(pointer(target), source, len, stream) }
            }
            (Place::Device(target), Place::Device(source)) => {
                // SAFETY: both places were checked.
                unsafe { api.cuMemcpyDtoDAsync_v2(target, source, len, stream) }
            }
            (Place::Host(target), Place::Host(source)) => {
                // SAFETY: both places were checked; the window stays mapped.
                unsafe { api.cuMemcpyAsync(target, source, len, stream) }
            }
        }
    }

    /// One slice, which must be there.
    fn slice(&self, index: u64) -> CUDA_MEMCPY2D {
        let address = |side: &Side| side.place.address() + index * side.slice_pitch;
        let mut copy = CUDA_MEMCPY2D {
            srcPitch: self.source.pitch as usize,
            dstPitch: self.target.pitch as usize,
            WidthInBytes: self.extent.width_bytes as usize,
            Height: self.extent.height as usize,
            ..CUDA_MEMCPY2D::default()
        };
        match self.source.place {
            Place::Host(_) => (copy.srcMemoryType, copy.srcHost) = (HOST, pointer(address(&self.source))),
            Place::Device(_) => (copy.srcMemoryType, copy.srcDevice) = (DEVICE, address(&self.source)),
        }
        match self.target.place {
            Place::Host(_) => (copy.dstMemoryType, copy.dstHost) = (HOST, pointer(address(&self.target))),
            Place::Device(_) => (copy.dstMemoryType, copy.dstDevice) = (DEVICE, address(&self.target)),
        }
        copy
    }

    /// All of it as the driver has it: slices are whole rows apart. `None` where they are not.
    pub(crate) fn as_3d(&self) -> Option<CUDA_MEMCPY3D> {
        let rows = |side: &Side| match self.extent.depth {
            1 => Some(self.extent.height),
            _ => side.slice_pitch.is_multiple_of(side.pitch).then(|| side.slice_pitch / side.pitch),
        };
        let (source_rows, target_rows) = (rows(&self.source)?, rows(&self.target)?);
        let slice = self.slice(0);
        Some(CUDA_MEMCPY3D {
            srcMemoryType: slice.srcMemoryType,
            srcHost: slice.srcHost,
            srcDevice: slice.srcDevice,
            srcPitch: slice.srcPitch,
            srcHeight: source_rows as usize,
            dstMemoryType: slice.dstMemoryType,
            dstHost: slice.dstHost,
            dstDevice: slice.dstDevice,
            dstPitch: slice.dstPitch,
            dstHeight: target_rows as usize,
            WidthInBytes: slice.WidthInBytes,
            Height: slice.Height,
            Depth: self.extent.depth as usize,
            ..CUDA_MEMCPY3D::default()
        })
    }
}

const HOST: CUmemorytype = CUmemorytype::CU_MEMORYTYPE_HOST;
const DEVICE: CUmemorytype = CUmemorytype::CU_MEMORYTYPE_DEVICE;

fn queue_2d(api: &Api, stream: Stream, copy: &CUDA_MEMCPY2D) -> CuResult {
    // SAFETY: the description is of checked places, and stays until the call is over.
    unsafe { api.cuMemcpy2DAsync_v2(copy, stream) }
}

/// A pointer of C's to such an address.
pub(crate) fn pointer(address: Address) -> *mut c_void {
    std::ptr::with_exposed_provenance_mut(address as usize)
}

#[cfg(test)]
mod tests {
    use vgpu_core::CuError;

    use super::*;
    use crate::memory::{Owner, Stretch};

    /// A window of one stretch at 0x9000 that offset 0 names.
    struct Window;

    impl Completions for Window {
        fn retire(&self, _: u32, _: u64) {}
        fn event_reached(&self, _: u32, _: u64) {}
        fn fail(&self, _: CuError, _: &str) {}
        fn refuse(&self, _: u64, _: CuError, _: &str) {}
        fn event_ns(&self, _: u32) -> u64 {
            0
        }
        fn call_host(&self, _: u64) -> u64 {
            0
        }
        fn host_calls_done(&self) -> u64 {
            0
        }
        fn output_waits(&self) {}
        fn span(&self, span: Span) -> CuResult<*mut u8> {
            let end = span.offset.checked_add(span.len_bytes).filter(|end| *end <= 0x1000);
            end.map(|_| pointer(0x9000 + span.offset).cast()).ok_or(CuError::INVALID_VALUE)
        }
        fn pinned_heap(&self) -> std::ops::Range<u64> {
            0..0
        }
        fn staging(&self) -> std::ops::Range<u64> {
            0..0
        }
        fn device_arena(&self) -> std::ops::Range<u64> {
            0..0
        }
    }

    fn memory() -> Memory {
        let mut memory = Memory::new(0x2_0000..0x4_0000);
        memory.insert(0x1000, Stretch { len_bytes: 0x1000, context: 1, owner: Owner::Guest });
        memory.open(&(0x2_0000..0x2_1000), Some(0x8_0000));
        memory.open(&(0x2_1000..0x2_2000), Some(0x9_0000));
        memory
    }

    const BOX: CopyBox = CopyBox {
        stream: 0,
        window: SOURCE_IN_WINDOW,
        target: 0x1000,
        target_pitch: 16,
        target_slice_pitch: 64,
        source: 8,
        source_pitch: 8,
        source_slice_pitch: 32,
        width_bytes: 8,
        height: 2,
        depth: 3,
    };

    fn rows(message: &CopyBox) -> Result<Option<Rows>, CuError> {
        Rows::of_box(message, Ground { memory: &memory(), completions: &Window }).map_err(|refusal| refusal.0)
    }

    #[test]
    fn a_box_is_described_in_whole_rows() {
        let copy = rows(&BOX).expect("sound").expect("something").as_3d().expect("regular");
        assert_eq!((copy.srcMemoryType, copy.srcHost.addr()), (HOST, 0x9008));
        assert_eq!((copy.dstMemoryType, copy.dstDevice), (DEVICE, 0x1000));
        assert_eq!((copy.srcPitch, copy.srcHeight, copy.dstPitch, copy.dstHeight), (8, 4, 16, 4));
        assert_eq!((copy.WidthInBytes, copy.Height, copy.Depth), (8, 2, 3));
    }

    #[test]
    fn slices_that_are_no_whole_rows_apart_go_one_by_one() {
        let copy = rows(&CopyBox { target_slice_pitch: 40, ..BOX }).expect("sound").expect("something");
        assert_eq!(copy.as_3d(), None);
        assert_eq!((copy.slice(2).dstDevice, copy.slice(2).srcHost.addr()), (0x1000 + 80, 0x9008 + 64));
    }

    #[test]
    fn slices_of_one_row_are_rows() {
        let copy = rows(&CopyBox { height: 1, target_slice_pitch: 100, ..BOX }).expect("sound").expect("something");
        assert_eq!(copy.extent, Extent { width_bytes: 8, height: 3, depth: 1 });
        assert_eq!((copy.target.pitch, copy.source.pitch), (100, 32));
    }

    #[test]
    fn rows_that_are_not_the_guests_are_refused() {
        for wrong in [
            CopyBox { target: 0x1f80, ..BOX },
            CopyBox { target: 0x9000, ..BOX },
            CopyBox { source: 0xfff, ..BOX },
            CopyBox { source: u64::MAX, ..BOX },
            CopyBox { depth: u64::MAX, ..BOX },
            CopyBox { target_pitch: 7, ..BOX },
            CopyBox { window: 0, ..BOX },
        ] {
            assert_eq!(rows(&wrong), Err(CuError::INVALID_VALUE), "{wrong:?}");
        }
        assert_eq!(rows(&CopyBox { width_bytes: 0, depth: u64::MAX, ..BOX }), Ok(None));
    }

    /// The parts of a copy: each side's address, width, rows and slices.
    fn parts(rows: &Rows) -> Vec<(u64, u64, u64, u64, u64)> {
        let mut parts = Vec::new();
        let taken = rows.each_part(&memory(), &mut |part| {
            let Extent { width_bytes, height, depth } = part.extent;
            parts.push((part.target.place.address(), part.source.place.address(), width_bytes, height, depth));
            Ok(())
        });
        taken.map(|()| parts).expect("nothing fails")
    }

    #[test]
    fn a_copy_is_parted_where_registered_memory_ends() {
        let ground = (memory(), Window);
        let ground = Ground { memory: &ground.0, completions: &ground.1 };
        let line = Copy { stream: 0, reserved: 0, target: 0x1000, source: 0x2_0ff0, len_bytes: 32 };
        let rows = Rows::of_copy(&line, ground).expect("sound").expect("something");
        assert_eq!(parts(&rows), [(0x1000, 0x2_0ff0, 16, 1, 1), (0x1010, 0x2_1000, 16, 1, 1)]);
        let both = Rows::of_copy(&Copy { target: 0x2_0ff8, source: 0x2_0ff0, ..line }, ground);
        assert_eq!(
            parts(&both.expect("sound").expect("something")),
            [(0x2_0ff8, 0x2_0ff0, 8, 1, 1), (0x2_1000, 0x2_0ff8, 8, 1, 1), (0x2_1008, 0x2_1000, 16, 1, 1)]
        );
        let beyond = Rows::of_copy(&Copy { source: 0x2_1ff0, ..line }, ground);
        assert_eq!(beyond.map_err(|refusal| refusal.0), Err(CuError::INVALID_VALUE));
    }

    #[test]
    fn one_row_can_lie_in_very_many_parts() {
        const PARTS: u64 = 100_000;
        let mut memory = Memory::new(0..PARTS << 12);
        (0..PARTS).for_each(|number| memory.open(&(number << 12..(number + 1) << 12), None));
        let line = Copy { stream: 0, reserved: 0, target: 0, source: 0, len_bytes: PARTS << 12 };
        let ground = Ground { memory: &memory, completions: &Window };
        let rows = Rows::of_copy(&line, ground).expect("sound").expect("something");
        let mut next = 0;
        let taken = rows.each_part(&memory, &mut |part| {
            assert_eq!((part.source.place, part.total_bytes()), (Place::Host(next), 1 << 12));
            next += 1 << 12;
            Ok(())
        });
        assert_eq!((taken, next), (Ok(()), PARTS << 12));
    }

    #[test]
    fn a_box_is_parted_where_registered_memory_ends() {
        let rows = rows(&CopyBox { window: 0, source: 0x2_0fd4, ..BOX }).expect("sound").expect("something");
        // Slices of two rows at fd4, ff4 and 1014: the second slice's second row, at ffc, goes over the border.
        assert_eq!(
            parts(&rows),
            [
                (0x1000, 0x2_0fd4, 8, 2, 1),
                (0x1040, 0x2_0ff4, 8, 1, 1),
                (0x1050, 0x2_0ffc, 4, 1, 1),
                (0x1054, 0x2_1000, 4, 1, 1),
                (0x1080, 0x2_1014, 8, 2, 1),
            ]
        );
    }
}
