//! Copies of rows and boxes.

use vgpu_core::CuResult;
use vgpu_core::abi::{CUDA_MEMCPY2D, CUDA_MEMCPY3D, CUDA_MEMCPY3D_PEER, CUcontext, CUstream};
use vgpu_core::ffi::In;

use super::super::id;
use crate::guest::box3::Box3;
use crate::guest::context::Context;
use crate::guest::place::Return;
use crate::guest::stream::NULL;
use crate::guest::{Process, current, output};

pub(super) fn check_contexts(process: &Process, contexts: [CUcontext; 2]) -> CuResult {
    contexts.iter().try_for_each(|context| Context::find_alive(process, id(*context)).map(drop))
}

pub(super) fn copy_box(copy: &Box3, hStream: u64, done: Return) -> CuResult {
    let (process, context) = current::healthy()?;
    let stream = context.stream(process, hStream)?;
    // SAFETY: a C caller describes host memory that is valid for the box, pinned memory until the stream got there.
    let result = unsafe { copy.run(process, &stream, done) };
    if done == Return::WhenDone { output::after(process, result) } else { result }
}

/// Copies rows with pitches.
pub(crate) fn cuMemcpy2D_v2(pCopy: In<'_, CUDA_MEMCPY2D>) -> CuResult {
    copy_box(&Box3::from_2d(pCopy.get())?, NULL, Return::WhenDone)
}

/// Copies rows with any pitches.
pub(crate) fn cuMemcpy2DUnaligned_v2(pCopy: In<'_, CUDA_MEMCPY2D>) -> CuResult {
    cuMemcpy2D_v2(pCopy)
}

/// Queues a copy of rows with pitches; of pageable memory it is done on return.
pub(crate) fn cuMemcpy2DAsync_v2(pCopy: In<'_, CUDA_MEMCPY2D>, hStream: CUstream) -> CuResult {
    copy_box(&Box3::from_2d(pCopy.get())?, id(hStream), Return::WhenQueued)
}

/// Copies a box of rows.
pub(crate) fn cuMemcpy3D_v2(pCopy: In<'_, CUDA_MEMCPY3D>) -> CuResult {
    copy_box(&Box3::from_3d(pCopy.get())?, NULL, Return::WhenDone)
}

/// Queues a copy of a box of rows; of pageable memory it is done on return.
pub(crate) fn cuMemcpy3DAsync_v2(pCopy: In<'_, CUDA_MEMCPY3D>, hStream: CUstream) -> CuResult {
    copy_box(&Box3::from_3d(pCopy.get())?, id(hStream), Return::WhenQueued)
}

fn box_of_peers(copy: &CUDA_MEMCPY3D_PEER) -> CuResult<Box3> {
    let (process, _) = current::context()?;
    check_contexts(process, [copy.dstContext, copy.srcContext])?;
    Box3::from_3d(&CUDA_MEMCPY3D {
        srcXInBytes: copy.srcXInBytes,
        srcY: copy.srcY,
        srcZ: copy.srcZ,
        srcLOD: copy.srcLOD,
        srcMemoryType: copy.srcMemoryType,
        srcHost: copy.srcHost,
        srcDevice: copy.srcDevice,
        srcArray: copy.srcArray,
        reserved0: std::ptr::null_mut(),
        srcPitch: copy.srcPitch,
        srcHeight: copy.srcHeight,
        dstXInBytes: copy.dstXInBytes,
        dstY: copy.dstY,
        dstZ: copy.dstZ,
        dstLOD: copy.dstLOD,
        dstMemoryType: copy.dstMemoryType,
        dstHost: copy.dstHost,
        dstDevice: copy.dstDevice,
        dstArray: copy.dstArray,
        reserved1: std::ptr::null_mut(),
        dstPitch: copy.dstPitch,
        dstHeight: copy.dstHeight,
        WidthInBytes: copy.WidthInBytes,
        Height: copy.Height,
        Depth: copy.Depth,
    })
}

/// Copies a box of rows between contexts.
pub(crate) fn cuMemcpy3DPeer(pCopy: In<'_, CUDA_MEMCPY3D_PEER>) -> CuResult {
    copy_box(&box_of_peers(pCopy.get())?, NULL, Return::WhenDone)
}

/// Queues a copy of a box of rows between contexts.
pub(crate) fn cuMemcpy3DPeerAsync(pCopy: In<'_, CUDA_MEMCPY3D_PEER>, hStream: CUstream) -> CuResult {
    copy_box(&box_of_peers(pCopy.get())?, id(hStream), Return::WhenQueued)
}
