//! Graphs as such.

use std::ffi::{c_char, c_uint};
use std::ptr::null_mut;

use vgpu_core::abi::runtime::cudaGraph_t;
use vgpu_core::ffi::{Out, Str};

use crate::error::{RtError, RtResult};
use crate::{current, driver as cu};

pub(crate) fn cudaGraphCreate(pGraph: Out<cudaGraph_t>, flags: c_uint) -> RtResult {
    current::context()?;
    let mut graph = null_mut();
    cu::cuGraphCreate(&mut graph, flags)?;
    pGraph.write(graph);
    Ok(())
}

pub(crate) fn cudaGraphDestroy(graph: cudaGraph_t) -> RtResult {
    cu::cuGraphDestroy(graph)
}

pub(crate) fn cudaGraphClone(pGraphClone: Out<cudaGraph_t>, originalGraph: cudaGraph_t) -> RtResult {
    current::context()?;
    let mut clone = null_mut();
    cu::cuGraphClone(&mut clone, originalGraph)?;
    pGraphClone.write(clone);
    Ok(())
}

pub(crate) fn cudaGraphDebugDotPrint(graph: cudaGraph_t, path: Str, flags: c_uint) -> RtResult {
    let path = std::ffi::CString::new(path.to_bytes()).map_err(|_| RtError::INVALID_VALUE)?;
    // SAFETY: the path is terminated.
    unsafe { cu::cuGraphDebugDotPrint(graph, path.as_ptr().cast::<c_char>(), flags) }
}
