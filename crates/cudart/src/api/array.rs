//! Arrays and mip maps: their lives, and copies of rows of them. Boxes are with the other copies.

use std::ffi::{c_uint, c_void};

use vgpu_core::abi::CUDA_MEMCPY2D;
use vgpu_core::abi::runtime::{
    cudaArray_const_t, cudaArray_t, cudaChannelFormatDesc, cudaExtent, cudaMemcpyKind, cudaMipmappedArray_const_t,
    cudaMipmappedArray_t, cudaStream_t,
};
use vgpu_core::ffi::{In, Out, OutOpt};

use crate::array::{self, End, Part, Rectangle, Stretch};
use crate::error::RtResult;
use crate::{current, driver as cu};

fn create(channels: &cudaChannelFormatDesc, extent: cudaExtent, flags: c_uint) -> RtResult<cudaArray_t> {
    current::context()?;
    let mut made = std::ptr::null_mut();
    cu::cuArray3DCreate_v2(&mut made, &array::describe(channels, extent, flags)?)?;
    Ok(made.cast())
}

pub(crate) fn cudaMallocArray(
    array: Out<cudaArray_t>,
    desc: In<cudaChannelFormatDesc>,
    width: usize,
    height: usize,
    flags: c_uint,
) -> RtResult {
    array.write(create(desc.get(), cudaExtent { width, height, depth: 0 }, flags)?);
    Ok(())
}

pub(crate) fn cudaMalloc3DArray(
    array: Out<cudaArray_t>,
    desc: In<cudaChannelFormatDesc>,
    extent: cudaExtent,
    flags: c_uint,
) -> RtResult {
    array.write(create(desc.get(), extent, flags)?);
    Ok(())
}

pub(crate) fn cudaFreeArray(array: cudaArray_t) -> RtResult {
    current::context()?;
    if array.is_null() { Ok(()) } else { cu::cuArrayDestroy(array.cast()) }
}

pub(crate) fn cudaArrayGetInfo(
    desc: OutOpt<cudaChannelFormatDesc>,
    extent: OutOpt<cudaExtent>,
    flags: OutOpt<c_uint>,
    array: cudaArray_t,
) -> RtResult {
    current::context()?;
    let found = array::description_of(array)?;
    desc.write(array::channels_of(found.Format, found.NumChannels));
    extent.write(cudaExtent { width: found.Width, height: found.Height, depth: found.Depth });
    flags.write(found.Flags);
    Ok(())
}

pub(crate) fn cudaMallocMipmappedArray(
    mipmappedArray: Out<cudaMipmappedArray_t>,
    desc: In<cudaChannelFormatDesc>,
    extent: cudaExtent,
    numLevels: c_uint,
    flags: c_uint,
) -> RtResult {
    current::context()?;
    let mut made = std::ptr::null_mut();
    cu::cuMipmappedArrayCreate(&mut made, &array::describe(desc.get(), extent, flags)?, numLevels)?;
    mipmappedArray.write(made.cast());
    Ok(())
}

pub(crate) fn cudaFreeMipmappedArray(mipmappedArray: cudaMipmappedArray_t) -> RtResult {
    current::context()?;
    if mipmappedArray.is_null() { Ok(()) } else { cu::cuMipmappedArrayDestroy(mipmappedArray.cast()) }
}

pub(crate) fn cudaGetMipmappedArrayLevel(
    levelArray: Out<cudaArray_t>,
    mipmappedArray: cudaMipmappedArray_const_t,
    level: c_uint,
) -> RtResult {
    current::context()?;
    let mut found = std::ptr::null_mut();
    cu::cuMipmappedArrayGetLevel(&mut found, mipmappedArray.cast_mut().cast(), level)?;
    levelArray.write(found.cast());
    Ok(())
}

// ---- rectangles ---------------------------------------------------------------------------------------------------

/// Copies at once, or queues on a stream.
///
/// # Safety
/// What lies on the host is valid for the copy, until it is done.
unsafe fn run(copy: &CUDA_MEMCPY2D, stream: Option<cudaStream_t>) -> RtResult {
    match stream {
        // SAFETY: the caller vouches for the host's side.
        None => unsafe { cu::cuMemcpy2DUnaligned_v2(copy) },
        // SAFETY: as above.
        Some(stream) => unsafe { cu::cuMemcpy2DAsync_v2(copy, stream) },
    }
}

/// # Safety
/// As [`run`].
unsafe fn copy(rectangle: Rectangle, kind: cudaMemcpyKind, stream: Option<cudaStream_t>) -> RtResult {
    current::context()?;
    match rectangle.describe(kind)? {
        // SAFETY: the caller vouches for the host's side.
        Some(copy) => unsafe { run(&copy, stream) },
        None => Ok(()),
    }
}

/// A copy of `count` bytes, that begins within a row and goes on in the next ones.
///
/// # Safety
/// As [`run`].
unsafe fn copy_stretch(
    (array, x, y): (cudaArray_const_t, usize, usize),
    (memory, is_source): (*mut c_void, bool),
    count: usize,
    kind: cudaMemcpyKind,
    stream: Option<cudaStream_t>,
) -> RtResult {
    current::context()?;
    for Part { before, end, width, height } in Stretch::new(array, (x, y), count)?.parts() {
        let memory = End::Memory(memory.wrapping_byte_add(before), width);
        let (target, source) = if is_source { (end, memory) } else { (memory, end) };
        // SAFETY: the caller vouches for the host's side, of which this is a part.
        unsafe { copy(Rectangle { target, source, width, height }, kind, stream) }?;
    }
    Ok(())
}

pub(crate) unsafe fn cudaMemcpy2DToArray(
    dst: cudaArray_t,
    wOffset: usize,
    hOffset: usize,
    src: *const c_void,
    spitch: usize,
    width: usize,
    height: usize,
    kind: cudaMemcpyKind,
) -> RtResult {
    let (target, source) = (End::into_array(dst, wOffset, hOffset), End::Memory(src.cast_mut(), spitch));
    // SAFETY: the caller's memory is passed through.
    unsafe { copy(Rectangle { target, source, width, height }, kind, None) }
}

pub(crate) unsafe fn cudaMemcpy2DToArrayAsync(
    dst: cudaArray_t,
    wOffset: usize,
    hOffset: usize,
    src: *const c_void,
    spitch: usize,
    width: usize,
    height: usize,
    kind: cudaMemcpyKind,
    stream: cudaStream_t,
) -> RtResult {
    let (target, source) = (End::into_array(dst, wOffset, hOffset), End::Memory(src.cast_mut(), spitch));
    // SAFETY: the caller's memory is passed through.
    unsafe { copy(Rectangle { target, source, width, height }, kind, Some(stream)) }
}

pub(crate) unsafe fn cudaMemcpy2DFromArray(
    dst: *mut c_void,
    dpitch: usize,
    src: cudaArray_const_t,
    wOffset: usize,
    hOffset: usize,
    width: usize,
    height: usize,
    kind: cudaMemcpyKind,
) -> RtResult {
    let (target, source) = (End::Memory(dst, dpitch), End::Array(src, wOffset, hOffset));
    // SAFETY: the caller's memory is passed through.
    unsafe { copy(Rectangle { target, source, width, height }, kind, None) }
}

pub(crate) unsafe fn cudaMemcpy2DFromArrayAsync(
    dst: *mut c_void,
    dpitch: usize,
    src: cudaArray_const_t,
    wOffset: usize,
    hOffset: usize,
    width: usize,
    height: usize,
    kind: cudaMemcpyKind,
    stream: cudaStream_t,
) -> RtResult {
    let (target, source) = (End::Memory(dst, dpitch), End::Array(src, wOffset, hOffset));
    // SAFETY: the caller's memory is passed through.
    unsafe { copy(Rectangle { target, source, width, height }, kind, Some(stream)) }
}

pub(crate) fn cudaMemcpy2DArrayToArray(
    dst: cudaArray_t,
    wOffsetDst: usize,
    hOffsetDst: usize,
    src: cudaArray_const_t,
    wOffsetSrc: usize,
    hOffsetSrc: usize,
    width: usize,
    height: usize,
    kind: cudaMemcpyKind,
) -> RtResult {
    let target = End::into_array(dst, wOffsetDst, hOffsetDst);
    let source = End::Array(src, wOffsetSrc, hOffsetSrc);
    // SAFETY: no side is memory.
    unsafe { copy(Rectangle { target, source, width, height }, kind, None) }
}

pub(crate) unsafe fn cudaMemcpyToArray(
    dst: cudaArray_t,
    wOffset: usize,
    hOffset: usize,
    src: *const c_void,
    count: usize,
    kind: cudaMemcpyKind,
) -> RtResult {
    // SAFETY: the caller's memory is passed through.
    unsafe { copy_stretch((dst, wOffset, hOffset), (src.cast_mut(), true), count, kind, None) }
}

pub(crate) unsafe fn cudaMemcpyToArrayAsync(
    dst: cudaArray_t,
    wOffset: usize,
    hOffset: usize,
    src: *const c_void,
    count: usize,
    kind: cudaMemcpyKind,
    stream: cudaStream_t,
) -> RtResult {
    // SAFETY: the caller's memory is passed through.
    unsafe { copy_stretch((dst, wOffset, hOffset), (src.cast_mut(), true), count, kind, Some(stream)) }
}

pub(crate) unsafe fn cudaMemcpyFromArray(
    dst: *mut c_void,
    src: cudaArray_const_t,
    wOffset: usize,
    hOffset: usize,
    count: usize,
    kind: cudaMemcpyKind,
) -> RtResult {
    // SAFETY: the caller's memory is passed through.
    unsafe { copy_stretch((src, wOffset, hOffset), (dst, false), count, kind, None) }
}

pub(crate) unsafe fn cudaMemcpyFromArrayAsync(
    dst: *mut c_void,
    src: cudaArray_const_t,
    wOffset: usize,
    hOffset: usize,
    count: usize,
    kind: cudaMemcpyKind,
    stream: cudaStream_t,
) -> RtResult {
    // SAFETY: the caller's memory is passed through.
    unsafe { copy_stretch((src, wOffset, hOffset), (dst, false), count, kind, Some(stream)) }
}

/// Copies as much of one array as another has room for in the same way: from a place within a row on, over the next ones.
pub(crate) fn cudaMemcpyArrayToArray(
    dst: cudaArray_t,
    wOffsetDst: usize,
    hOffsetDst: usize,
    src: cudaArray_const_t,
    wOffsetSrc: usize,
    hOffsetSrc: usize,
    count: usize,
    kind: cudaMemcpyKind,
) -> RtResult {
    current::context()?;
    let to = Stretch::new(dst, (wOffsetDst, hOffsetDst), count)?;
    let from = Stretch::new(src, (wOffsetSrc, hOffsetSrc), count)?;
    let mut done = 0;
    while done < count {
        let (target, source) = (to.row_part(done), from.row_part(done));
        let width = target.width.min(source.width);
        let rectangle = Rectangle { target: target.end, source: source.end, width, height: 1 };
        // SAFETY: no side is memory.
        unsafe { copy(rectangle, kind, None) }?;
        done += width;
    }
    Ok(())
}
