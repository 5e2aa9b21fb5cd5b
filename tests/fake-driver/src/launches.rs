//! Launches with attributes, and what is told of such.

use std::ffi::{c_int, c_uint};

use vgpu_core::abi::{CUlaunchAttribute, CUlaunchAttributeValue, CUlaunchConfig};

use crate::call::{Function, In, Out, Shown, Stream, done, exports};
use crate::cuda::Params;
use crate::state::{INVALID_HANDLE, INVALID_VALUE, State};
use crate::work::{self, Work};

/// `CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW`, `CU_LAUNCH_ATTRIBUTE_COOPERATIVE`.
const ACCESS_POLICY_WINDOW: c_uint = 1;
const COOPERATIVE: c_uint = 2;

exports! {
    fn cuLaunchKernelEx(
        config: In<CUlaunchConfig>, function: Function, params: In<usize>, extra: In<usize>,
    ) shows(function, Config(config.get()), Params { function, one_by_one: params, extra }) [state] {
        let context = state.context()?;
        if state.object(Function::KIND, function.0)?.context != context {
            return Err(INVALID_HANDLE);
        }
        let config = config.get();
        let stream = config.hStream.addr();
        let attributes = In(config.attrs.cast_const()).first(config.numAttrs as usize);
        let is_cooperative = attributes.iter().any(|attribute| attribute.id.0 == COOPERATIVE);
        // As a driver of version 580 was seen to do.
        if is_cooperative && !extra.0.is_null() && state.stream(stream)?.capturing.is_some() {
            return Err(INVALID_VALUE);
        }
        work::queue(state, stream, Work::Kernel { function: function.0 })
    }
    fn cuOccupancyMaxActiveClusters(
        count: Out<c_int>, function: Function, config: In<CUlaunchConfig>,
    ) shows(function, Config(config.get())) [state] {
        state.context()?;
        state.object(Function::KIND, function.0)?;
        count.put(6);
        done()
    }
    fn cuOccupancyMaxPotentialClusterSize(
        blocks: Out<c_int>, function: Function, config: In<CUlaunchConfig>,
    ) shows(function, Config(config.get())) [state] {
        state.context()?;
        state.object(Function::KIND, function.0)?;
        blocks.put(8);
        done()
    }
}

/// A launch, as a note shows it: `2x1x1, 32x4x1, 16, stream1, {8: [5]}`.
struct Config(CUlaunchConfig);

impl Shown for Config {
    fn shown(&self, state: &State) -> Option<String> {
        let config = &self.0;
        let attributes = In(config.attrs.cast_const()).first(config.numAttrs as usize);
        let attributes: Vec<String> =
            attributes.iter().map(|CUlaunchAttribute { id, value, .. }| shown(id.0, value, state)).collect();
        Some(format!(
            "{}x{}x{}, {}x{}x{}, {}, {}, {{{}}}",
            config.gridDimX,
            config.gridDimY,
            config.gridDimZ,
            config.blockDimX,
            config.blockDimY,
            config.blockDimZ,
            config.sharedMemBytes,
            Stream(config.hStream.addr()).shown(state)?,
            attributes.join(", ")
        ))
    }
}

/// An attribute: its number, and the words of its value up to the last that is not 0. A window begins at a place.
fn shown(id: c_uint, value: &CUlaunchAttributeValue, state: &State) -> String {
    // SAFETY: any bytes of the union are bytes.
    let bytes = unsafe { value.pad }.map(|byte| byte as u8);
    let words: Vec<u32> = bytes.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().expect("4"))).collect();
    let len = words.iter().rposition(|word| *word != 0).map_or(0, |last| last + 1);
    if id == ACCESS_POLICY_WINDOW {
        let start = u64::from(words[1]) << 32 | u64::from(words[0]);
        return format!("{id}: {} {:?}", state.place(start), &words[2..len.max(2)]);
    }
    format!("{id}: {:?}", &words[..len])
}
