//! Two- and three-dimensional copies: rows with pitches, between any two kinds of memory.

use vgpu_core::abi::{CUDA_MEMCPY2D, CUDA_MEMCPY3D, CUmemorytype};
use vgpu_core::wire::Seq;
use vgpu_core::wire::messages::CopyBox;
use vgpu_core::{CuError, CuResult};

use super::gate::{Arm, Live};
use super::graph::{CopyWork, Work};
use super::graph_wire::Encoder;
use super::host_call::Action;
use super::host_copy::{Bounce, Rows, RowsCopy};
use super::place::{Memory, Place, Return};
use super::process::{Process, process};
use super::stream::Stream;

/// `CopyBox::window`: the target is a window offset.
const TARGET_IN_WINDOW: u32 = 1;
/// `CopyBox::window`: the source is one.
const SOURCE_IN_WINDOW: u32 = 2;

/// One side of a box: where its first byte is and how far rows and slices are apart, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Side {
    address: u64,
    /// Known to be host or device memory; else found by address.
    kind: Option<bool>,
    pitch: u64,
    slice: u64,
}

/// A box of rows to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Box3 {
    source: Side,
    target: Side,
    width: u64,
    height: u64,
    depth: u64,
}

/// A side as a program describes it.
struct Described {
    kind: CUmemorytype,
    host: u64,
    device: u64,
    x_bytes: usize,
    y: usize,
    z: usize,
    pitch: usize,
    /// Rows per slice.
    rows: usize,
}

impl Described {
    fn side(&self, width: u64, height: u64, depth: u64) -> CuResult<Side> {
        let (base, kind) = match self.kind {
            CUmemorytype::CU_MEMORYTYPE_HOST => (self.host, Some(false)),
            CUmemorytype::CU_MEMORYTYPE_DEVICE => (self.device, Some(true)),
            CUmemorytype::CU_MEMORYTYPE_UNIFIED => (self.device, None),
            CUmemorytype::CU_MEMORYTYPE_ARRAY => return Err(CuError::NOT_SUPPORTED),
            _ => return Err(CuError::INVALID_VALUE),
        };
        let side = || {
            let (x, y, z) = (self.x_bytes as u64, self.y as u64, self.z as u64);
            let row_end = x.checked_add(width)?;
            let pitch = if self.pitch == 0 { row_end } else { self.pitch as u64 };
            let rows = if self.rows == 0 { y.checked_add(height)? } else { self.rows as u64 };
            let slice = pitch.checked_mul(rows)?;
            let fits =
                (height <= 1 && depth <= 1 || row_end <= pitch) && (depth <= 1 || y.checked_add(height)? <= rows);
            if !fits || base == 0 {
                return None;
            }
            let first = slice.checked_mul(z)?.checked_add(pitch.checked_mul(y)?)?.checked_add(x)?;
            Some(Side { address: base.checked_add(first)?, kind, pitch, slice })
        };
        side().ok_or(CuError::INVALID_VALUE)
    }
}

impl Side {
    /// Bytes from the first to past the last.
    fn extent(&self, copy: &Box3) -> Option<u64> {
        let rows = self.pitch.checked_mul(copy.height.checked_sub(1)?)?;
        let slices = self.slice.checked_mul(copy.depth.checked_sub(1)?)?;
        slices.checked_add(rows)?.checked_add(copy.width)
    }

    fn place(&self, process: &Process, copy: &Box3) -> CuResult<Place> {
        let extent = self.extent(copy).ok_or(CuError::INVALID_VALUE)?;
        let place = Place::find(process, self.address, extent)?;
        match (self.kind, place.memory) {
            (Some(true), Memory::Pageable) | (Some(false), Memory::Device) => Err(CuError::INVALID_VALUE),
            _ => Ok(place),
        }
    }
}

impl Box3 {
    /// The box that a 2D description means.
    ///
    /// # Errors
    /// `INVALID_VALUE` for rows wider than their pitch or null sides, `NOT_SUPPORTED` for arrays.
    pub(crate) fn from_2d(copy: &CUDA_MEMCPY2D) -> CuResult<Self> {
        let (width, height) = (copy.WidthInBytes as u64, copy.Height as u64);
        let source = Described {
            kind: copy.srcMemoryType,
            host: copy.srcHost.expose_provenance() as u64,
            device: copy.srcDevice,
            x_bytes: copy.srcXInBytes,
            y: copy.srcY,
            z: 0,
            pitch: copy.srcPitch,
            rows: 0,
        };
        let target = Described {
            kind: copy.dstMemoryType,
            host: copy.dstHost.expose_provenance() as u64,
            device: copy.dstDevice,
            x_bytes: copy.dstXInBytes,
            y: copy.dstY,
            z: 0,
            pitch: copy.dstPitch,
            rows: 0,
        };
        Self::new(&source, &target, width, height, 1)
    }

    /// The box that a 3D description means.
    ///
    /// # Errors
    /// As [`Box3::from_2d`].
    pub(crate) fn from_3d(copy: &CUDA_MEMCPY3D) -> CuResult<Self> {
        if copy.srcLOD != 0 || copy.dstLOD != 0 {
            return Err(CuError::INVALID_VALUE);
        }
        let source = Described {
            kind: copy.srcMemoryType,
            host: copy.srcHost.expose_provenance() as u64,
            device: copy.srcDevice,
            x_bytes: copy.srcXInBytes,
            y: copy.srcY,
            z: copy.srcZ,
            pitch: copy.srcPitch,
            rows: copy.srcHeight,
        };
        let target = Described {
            kind: copy.dstMemoryType,
            host: copy.dstHost.expose_provenance() as u64,
            device: copy.dstDevice,
            x_bytes: copy.dstXInBytes,
            y: copy.dstY,
            z: copy.dstZ,
            pitch: copy.dstPitch,
            rows: copy.dstHeight,
        };
        Self::new(&source, &target, copy.WidthInBytes as u64, copy.Height as u64, copy.Depth as u64)
    }

    fn new(source: &Described, target: &Described, width: u64, height: u64, depth: u64) -> CuResult<Self> {
        Ok(Self {
            source: source.side(width, height, depth)?,
            target: target.side(width, height, depth)?,
            width,
            height,
            depth,
        })
    }

    fn is_empty(&self) -> bool {
        self.width == 0 || self.height == 0 || self.depth == 0
    }

    fn message(&self, target: u64, source: u64) -> CopyBox {
        CopyBox {
            stream: 0,
            window: 0,
            target,
            target_pitch: self.target.pitch,
            target_slice_pitch: self.target.slice,
            source,
            source_pitch: self.source.pitch,
            source_slice_pitch: self.source.slice,
            width_bytes: self.width,
            height: self.height,
            depth: self.depth,
        }
    }

    /// A row of `len_bytes` bytes.
    fn row(target: u64, source: u64, len_bytes: u64) -> Self {
        let side = |address| Side { address, kind: None, pitch: len_bytes, slice: len_bytes };
        Self { source: side(source), target: side(target), width: len_bytes, height: 1, depth: 1 }
    }

    /// The copy as a graph node.
    ///
    /// # Errors
    /// `INVALID_VALUE` when a side does not lie in memory of its kind.
    pub(crate) fn work(&self, process: &Process) -> CuResult<Work> {
        if self.is_empty() {
            return Ok(Work::Empty);
        }
        // Addresses of a captured copy may lead nowhere; only a graph that is launched needs them.
        let reach = |side: &Side| match side.kind {
            Some(true) => Ok(Place::device(side.address)),
            _ => side.place(process, self),
        };
        let (target, source) = (reach(&self.target)?, reach(&self.source)?);
        Ok(Work::Copy(if target.memory == Memory::Pageable || source.memory == Memory::Pageable {
            CopyWork::Pageable(PageableBox { copy: *self, target, source })
        } else {
            CopyWork::Box(self.message(target.address, source.address))
        }))
    }

    /// Runs the copy on a stream.
    ///
    /// # Errors
    /// `INVALID_VALUE` when a side does not lie in memory of its kind, else those of capture and link.
    ///
    /// # Safety
    /// Host sides are readable or writable for the box's extent; pinned ones until the copy is done.
    pub(crate) unsafe fn run(&self, process: &Process, stream: &Stream, done: Return) -> CuResult {
        if self.is_empty() {
            return Ok(());
        }
        let live = match stream.enter(process)? {
            Arm::Live(live) => live,
            Arm::Captured(captured) => return captured.add(self.work(process)?),
        };
        let (to, from) = (self.target.place(process, self)?, self.source.place(process, self)?);
        let (target, source) = (to.address, from.address);
        let seq = match (to.memory, from.memory) {
            (Memory::Pageable, Memory::Pageable) => {
                stream.wait_all(process)?;
                self.each_row(|_, to, from| {
                    // SAFETY: both rows lie in host memory of the box's extent; `copy` allows overlap.
                    unsafe { std::ptr::copy(host(source + from), host(target + to), len(self.width)) };
                    Ok(())
                })?;
                return process.link.report();
            }
            // SAFETY: the source is host memory of the box's extent.
            (_, Memory::Pageable) => unsafe { self.gather(process, live, target, source) }?,
            (Memory::Pageable, _) => {
                // SAFETY: the target is host memory of the box's extent.
                return unsafe { self.scatter(process, live, target, source) };
            }
            _ => live.post(&self.message(target, source), &[])?,
        };
        live.end(seq, done.end_of_copy(to.memory, from.memory))
    }

    /// Pinned memory that holds all rows without gaps.
    fn bounce(&self) -> CuResult<(Bounce, Rows)> {
        let slice = self.width.checked_mul(self.height).ok_or(CuError::OUT_OF_MEMORY)?;
        let len_bytes = slice.checked_mul(self.depth).and_then(|len_bytes| usize::try_from(len_bytes).ok());
        let bounce = Bounce::new(process()?, len_bytes.ok_or(CuError::OUT_OF_MEMORY)?)?;
        let rows = Rows { address: bounce.address(), pitch: self.width, slice };
        Ok((bounce, rows))
    }

    /// The copy with one side in the window, without gaps.
    fn packed(&self, window: u32, target: u64, source: u64) -> CopyBox {
        let side = |bit: u32, side: &Side| match window & bit {
            0 => (side.pitch, side.slice),
            _ => (self.width, self.width * self.height),
        };
        let (target_pitch, target_slice_pitch) = side(TARGET_IN_WINDOW, &self.target);
        let (source_pitch, source_slice_pitch) = side(SOURCE_IN_WINDOW, &self.source);
        CopyBox {
            window,
            target_pitch,
            target_slice_pitch,
            source_pitch,
            source_slice_pitch,
            ..self.message(target, source)
        }
    }

    /// Calls `row` with each row's number and its offsets in target and source.
    fn each_row(&self, mut row: impl FnMut(u64, u64, u64) -> CuResult) -> CuResult {
        for z in 0..self.depth {
            for y in 0..self.height {
                let to = z * self.target.slice + y * self.target.pitch;
                let from = z * self.source.slice + y * self.source.pitch;
                row(z * self.height + y, to, from)?;
            }
        }
        Ok(())
    }

    /// Groups of rows of one slice that fit a staged chunk: (slice, first row, rows). `None` when not even one fits.
    fn pieces(&self, process: &Process) -> Option<impl Iterator<Item = (u64, u64, u64)> + '_> {
        let rows = (process.link.stage_limit() as u64).checked_div(self.width).filter(|rows| *rows > 0)?;
        Some((0..self.depth).flat_map(move |z| {
            let starts = (0..self.height).step_by(usize::try_from(rows).unwrap_or(usize::MAX));
            starts.map(move |y| (z, y, rows.min(self.height - y)))
        }))
    }

    /// A copy of `rows` rows, tight on one side.
    fn piece(&self, window: u32, target: u64, source: u64, rows: u64) -> CopyBox {
        let tight = |bit: u32, pitch: u64| if window & bit != 0 { self.width } else { pitch };
        CopyBox {
            window,
            target_pitch: tight(TARGET_IN_WINDOW, self.target.pitch),
            source_pitch: tight(SOURCE_IN_WINDOW, self.source.pitch),
            target_slice_pitch: 0,
            source_slice_pitch: 0,
            height: rows,
            depth: 1,
            ..self.message(target, source)
        }
    }

    /// Pageable rows to the device, packed through staging. Returns the last record's number.
    ///
    /// # Safety
    /// `source` is readable for the box's extent.
    unsafe fn gather(&self, process: &Process, live: Live<'_>, target: u64, source: u64) -> CuResult<Seq> {
        let width = len(self.width);
        let mut last = 0;
        let Some(pieces) = self.pieces(process) else {
            self.each_row(|_, to, from| {
                // SAFETY: the row lies within the box's extent.
                let row = unsafe { std::slice::from_raw_parts(host(source + from), width) };
                last = live.copy_in(target + to, row)?;
                Ok(())
            })?;
            return Ok(last);
        };
        for (z, y, rows) in pieces {
            let mut staged = process.link.stage(width * len(rows))?;
            for (row, packed) in (y..y + rows).zip(staged.bytes_mut().chunks_exact_mut(width)) {
                let from = source + z * self.source.slice + row * self.source.pitch;
                // SAFETY: the row lies within the box's extent.
                packed.copy_from_slice(unsafe { std::slice::from_raw_parts(host(from), width) });
            }
            let to = target + z * self.target.slice + y * self.target.pitch;
            let copy = self.piece(SOURCE_IN_WINDOW, to, staged.span().offset, rows);
            last = live.post(&copy, &[])?;
            staged.commit(live.slot(), last);
        }
        Ok(last)
    }

    /// Device rows to pageable memory, packed through staging.
    ///
    /// # Safety
    /// `target` is writable for the box's extent.
    unsafe fn scatter(&self, process: &Process, live: Live<'_>, target: u64, source: u64) -> CuResult {
        let width = len(self.width);
        let Some(pieces) = self.pieces(process) else {
            return self.each_row(|_, to, from| {
                // SAFETY: the row lies within the box's extent.
                let row = unsafe { std::slice::from_raw_parts_mut(host(target + to), width) };
                live.copy_out(source + from, row)
            });
        };
        for (z, y, rows) in pieces {
            let staged = process.link.stage(width * len(rows))?;
            let from = source + z * self.source.slice + y * self.source.pitch;
            let copy = self.piece(TARGET_IN_WINDOW, staged.span().offset, from, rows);
            let seq = live.post(&copy, &[])?;
            live.wait(seq)?;
            for (row, packed) in (y..y + rows).zip(staged.bytes().chunks_exact(width)) {
                let to = target + z * self.target.slice + row * self.target.pitch;
                // SAFETY: the row lies within the box's extent.
                unsafe { std::slice::from_raw_parts_mut(host(to), width) }.copy_from_slice(packed);
            }
            staged.commit(live.slot(), seq);
        }
        process.link.report()
    }
}

/// A box to copy in a graph, with pageable memory at one end or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageableBox {
    copy: Box3,
    target: Place,
    source: Place,
}

impl PageableBox {
    /// A row of `len` bytes.
    pub(crate) fn row(target: Place, source: Place, len: usize) -> Self {
        Self { copy: Box3::row(target.address, source.address, len as u64), target, source }
    }

    /// Appends what the guest does and what the executor does.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY` without pinned memory for the bytes, else those of the encoder.
    pub(crate) fn encode(&self, after: &[u32], out: &mut Encoder) -> CuResult {
        let Self { copy, target, source } = *self;
        let to = Rows { address: target.address, pitch: copy.target.pitch, slice: copy.target.slice };
        let from = Rows { address: source.address, pitch: copy.source.pitch, slice: copy.source.slice };
        let rows = |target, source, bounce| {
            let Box3 { width, height, depth, .. } = copy;
            Action::Copy(RowsCopy { target, source, width, height, depth, _bounce: bounce })
        };
        match (target.memory, source.memory) {
            (Memory::Pageable, Memory::Pageable) => out.call(rows(to, from, None), after),
            (_, Memory::Pageable) => {
                let (bounce, packed) = copy.bounce()?;
                let message = copy.packed(SOURCE_IN_WINDOW, target.address, bounce.offset());
                out.call(rows(packed, from, Some(bounce)), after)?;
                out.message(&message, &[], &[out.node_count() - 1])
            }
            (Memory::Pageable, _) => {
                let (bounce, packed) = copy.bounce()?;
                out.message(&copy.packed(TARGET_IN_WINDOW, bounce.offset(), source.address), &[], after)?;
                out.call(rows(to, packed, Some(bounce)), &[out.node_count() - 1])
            }
            _ => out.message(&copy.message(target.address, source.address), &[], after),
        }
    }
}

fn host(address: u64) -> *mut u8 {
    std::ptr::with_exposed_provenance_mut(len(address))
}

/// A host length or address: they fit, as they came from host pointers and lengths.
fn len(bytes: u64) -> usize {
    usize::try_from(bytes).expect("host lengths fit the address space")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(pitch: usize, rows: usize) -> Described {
        Described {
            kind: CUmemorytype::CU_MEMORYTYPE_DEVICE,
            host: 0,
            device: 0x1000,
            x_bytes: 4,
            y: 2,
            z: 1,
            pitch,
            rows,
        }
    }

    #[test]
    fn a_side_starts_at_its_corner() {
        let side = described(64, 8).side(16, 3, 2).expect("fits");
        assert_eq!((side.address, side.pitch, side.slice), (0x1000 + 64 * 8 + 2 * 64 + 4, 64, 512));
    }

    #[test]
    fn rows_wider_than_their_pitch_are_invalid() {
        assert_eq!(described(19, 8).side(16, 3, 1), Err(CuError::INVALID_VALUE));
        assert_eq!(described(64, 4).side(16, 3, 2), Err(CuError::INVALID_VALUE));
    }

    #[test]
    fn overflowing_boxes_are_invalid() {
        assert_eq!(described(usize::MAX, usize::MAX).side(16, 3, 2), Err(CuError::INVALID_VALUE));
        assert_eq!(described(64, 8).side(u64::MAX, 3, 2), Err(CuError::INVALID_VALUE));
    }

    #[test]
    fn arrays_are_not_supported() {
        let array = Described { kind: CUmemorytype::CU_MEMORYTYPE_ARRAY, ..described(64, 8) };
        assert_eq!(array.side(1, 1, 1), Err(CuError::NOT_SUPPORTED));
    }
}
