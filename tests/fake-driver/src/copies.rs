//! Memory, copies and fills.

use std::alloc::{Layout, alloc_zeroed};
use std::ffi::c_uint;

use vgpu_core::abi::{CUDA_MEMCPY2D, CUDA_MEMCPY3D, CUmemorytype};

use crate::arrays::{ROW_BYTES, SLICE_ROWS};
use crate::call::{Address, Answer, Host, In, Out, Shown, Stream, done, exports};
use crate::state::{Guard, INVALID_VALUE, MEMORY_BYTES, OUT_OF_MEMORY, Reach, State, Stretch};
use crate::work::{self, Line, Work};

exports! {
    fn cuMemAlloc_v2(address: Out<u64>, len: usize) [state] {
        let context = state.context()?;
        check_room(state, len)?;
        let name = format!("memory{}", state.count("memory"));
        address.put(take(state, name.clone(), len, context));
        Ok(name)
    }
    fn cuMemFree_v2(address: Address) [state] {
        state.context()?;
        state.memory.remove(&address.0).filter(|stretch| stretch.reach == Reach::Device && stretch.context != 0).ok_or(INVALID_VALUE)?;
        done()
    }
    fn cuMemGetInfo_v2(free: Out<usize>, total: Out<usize>) [state] {
        state.context()?;
        free.put(MEMORY_BYTES / 2);
        total.put(MEMORY_BYTES);
        done()
    }
    fn cuMemcpyHtoDAsync_v2(target: Address, source: Host, len: usize, stream: Stream) [state] {
        must_be_device(state, &[target.0]);
        line(state, target.0, source.address(), len, stream)
    }
    fn cuMemcpyDtoHAsync_v2(target: Host, source: Address, len: usize, stream: Stream) [state] {
        must_be_device(state, &[source.0]);
        line(state, target.address(), source.0, len, stream)
    }
    fn cuMemcpyDtoDAsync_v2(target: Address, source: Address, len: usize, stream: Stream) [state] {
        must_be_device(state, &[target.0, source.0]);
        line(state, target.0, source.0, len, stream)
    }
    fn cuMemcpyAsync(target: Address, source: Address, len: usize, stream: Stream) [state] {
        line(state, target.0, source.0, len, stream)
    }
    fn cuMemcpy2DAsync_v2(copy: In<CUDA_MEMCPY2D>, stream: Stream) shows(Box(of_2d(&copy.get())), stream) [state] {
        let lines = of_2d(&copy.get()).lines(state);
        work::queue(state, stream.0, Work::Lines(lines))
    }
    fn cuMemcpy3DAsync_v2(copy: In<CUDA_MEMCPY3D>, stream: Stream) shows(Box(copy.get()), stream) [state] {
        let lines = copy.get().lines(state);
        work::queue(state, stream.0, Work::Lines(lines))
    }
    fn cuMemsetD2D8Async(target: Address, pitch: usize, value: u8, width: usize, height: usize, stream: Stream) [state] {
        fill(state, target, pitch, &value.to_le_bytes(), width, height, stream)
    }
    fn cuMemsetD2D16Async(target: Address, pitch: usize, value: u16, width: usize, height: usize, stream: Stream) [state] {
        fill(state, target, pitch, &value.to_le_bytes(), width, height, stream)
    }
    fn cuMemsetD2D32Async(
        target: Address, pitch: usize, value: c_uint, width: usize, height: usize, stream: Stream,
    ) [state] {
        fill(state, target, pitch, &value.to_le_bytes(), width, height, stream)
    }
}

/// Whether the device has so much memory left.
pub(crate) fn check_room(state: &State, len: usize) -> Result<(), c_uint> {
    // What is mapped has a context of its own: none.
    let allocated = state.memory.values().filter(|stretch| stretch.reach == Reach::Device && stretch.context != 0);
    let allocated: usize = allocated.map(|stretch| stretch.len).sum();
    let pieces: usize = state.pieces.values().map(|piece| piece.len).sum();
    if len > MEMORY_BYTES.saturating_sub(allocated + pieces) { Err(OUT_OF_MEMORY) } else { Ok(()) }
}

/// What allocations start at multiples of.
const ALIGN: usize = 512;

/// Takes memory of this process for the device's.
pub(crate) fn take(state: &mut State, name: String, len: usize, context: usize) -> u64 {
    // What is aligned to no more than this comes from the system without being touched.
    let layout = Layout::from_size_align(len + ALIGN, 16).expect("it is less than the device has");
    // SAFETY: the layout has a length. The memory is never given back, so that a copy that comes too late harms nobody.
    let start = unsafe { alloc_zeroed(layout) }.expose_provenance().next_multiple_of(ALIGN) as u64;
    state.memory.insert(start, Stretch { name, len, context, reach: Reach::Device });
    start
}

fn line(state: &mut Guard, target: u64, source: u64, len: usize, stream: Stream) -> Answer {
    let line = Line::copy(state, target, source, len);
    work::queue(state, stream.0, Work::Lines(vec![line]))
}

fn fill(
    state: &mut Guard,
    target: Address,
    pitch: usize,
    element: &[u8],
    width: usize,
    height: usize,
    stream: Stream,
) -> Answer {
    let work = fill_work(state, target.0, pitch, element, width, height)?;
    work::queue(state, stream.0, work)
}

/// A fill, whose pitch must be sound even for a single row.
pub(crate) fn fill_work(
    state: &mut State,
    target: u64,
    pitch: usize,
    element: &[u8],
    width: usize,
    height: usize,
) -> Result<Work, c_uint> {
    if pitch < width * element.len() {
        return Err(INVALID_VALUE);
    }
    if state.stretch(target).is_none_or(|(_, stretch)| stretch.reach == Reach::Copies) {
        state.offence("memory is filled that the device does not reach");
    }
    let row = |row: usize| Line::fill(state, target + (row * pitch) as u64, element, width);
    Ok(Work::Lines((0..height).map(row).collect()))
}

/// With unified addressing a host's address would be taken for what it is.
fn must_be_device(state: &mut State, addresses: &[u64]) {
    for address in addresses {
        if state.stretch(*address).is_none_or(|(_, stretch)| stretch.reach != Reach::Device) {
            state.offence("a host's address is given for a device's");
        }
    }
}

fn of_2d(copy: &CUDA_MEMCPY2D) -> CUDA_MEMCPY3D {
    CUDA_MEMCPY3D {
        srcXInBytes: copy.srcXInBytes,
        srcY: copy.srcY,
        srcMemoryType: copy.srcMemoryType,
        srcHost: copy.srcHost,
        srcDevice: copy.srcDevice,
        srcPitch: copy.srcPitch,
        dstXInBytes: copy.dstXInBytes,
        dstY: copy.dstY,
        dstMemoryType: copy.dstMemoryType,
        dstHost: copy.dstHost,
        dstDevice: copy.dstDevice,
        dstPitch: copy.dstPitch,
        WidthInBytes: copy.WidthInBytes,
        Height: copy.Height,
        Depth: 1,
        ..CUDA_MEMCPY3D::default()
    }
}

/// A copy of rows, as a note shows it: `8x2x3 memory1 16/4 <- registered1+8 8/4`, pitches and heights behind the places.
pub(crate) struct Box(pub(crate) CUDA_MEMCPY3D);

impl Shown for Box {
    fn shown(&self, state: &State) -> Option<String> {
        let copy = &self.0;
        let [target, source] =
            copy.ends().map(|(address, pitch, height)| format!("{} {pitch}/{height}", state.place(address)));
        Some(format!("{}x{}x{} {target} <- {source}", copy.WidthInBytes, copy.Height, copy.Depth))
    }
}

/// What a copy of rows comes to.
pub(crate) trait Rows {
    /// Target and source: where the first row starts, the pitch, and the rows of a slice.
    fn ends(&self) -> [(u64, usize, usize); 2];
    /// Each row by itself.
    fn lines(&self, state: &mut State) -> Vec<Line>;
}

impl Rows for CUDA_MEMCPY3D {
    fn ends(&self) -> [(u64, usize, usize); 2] {
        let address = |kind: CUmemorytype, host: usize, device: u64, array: usize| match kind {
            CUmemorytype::CU_MEMORYTYPE_HOST => host as u64,
            CUmemorytype::CU_MEMORYTYPE_ARRAY => array as u64,
            _ => device,
        };
        let rows = |kind: CUmemorytype, pitch: usize, height: usize| match kind {
            CUmemorytype::CU_MEMORYTYPE_ARRAY => (ROW_BYTES, SLICE_ROWS),
            _ => (pitch, height),
        };
        let within = |start: u64, x: usize, y: usize, z: usize, pitch: usize, height: usize| {
            start + (x + pitch * (y + height * z)) as u64
        };
        let target =
            address(self.dstMemoryType, self.dstHost.expose_provenance(), self.dstDevice, self.dstArray.addr());
        let source =
            address(self.srcMemoryType, self.srcHost.expose_provenance(), self.srcDevice, self.srcArray.addr());
        let (target_pitch, target_height) = rows(self.dstMemoryType, self.dstPitch, self.dstHeight);
        let (source_pitch, source_height) = rows(self.srcMemoryType, self.srcPitch, self.srcHeight);
        [
            (
                within(target, self.dstXInBytes, self.dstY, self.dstZ, target_pitch, target_height),
                target_pitch,
                target_height,
            ),
            (
                within(source, self.srcXInBytes, self.srcY, self.srcZ, source_pitch, source_height),
                source_pitch,
                source_height,
            ),
        ]
    }

    fn lines(&self, state: &mut State) -> Vec<Line> {
        let [(target, target_pitch, target_height), (source, source_pitch, source_height)] = self.ends();
        if self.dstMemoryType == CUmemorytype::CU_MEMORYTYPE_DEVICE {
            must_be_device(state, &[target]);
        }
        if self.srcMemoryType == CUmemorytype::CU_MEMORYTYPE_DEVICE {
            must_be_device(state, &[source]);
        }
        let rows = (0..self.Depth).flat_map(|slice| (0..self.Height).map(move |row| (slice, row)));
        rows.map(|(slice, row)| {
            let target = target + (target_pitch * (slice * target_height + row)) as u64;
            let source = source + (source_pitch * (slice * source_height + row)) as u64;
            Line::copy(state, target, source, self.WidthInBytes)
        })
        .collect()
    }
}
