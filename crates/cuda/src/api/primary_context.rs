//! Primary contexts: one per device, alive while anyone retains it. Its handle never changes.

use std::ffi::{c_int, c_uint};
use std::sync::atomic::Ordering;

use vgpu_core::abi::{CUcontext, CUdevice};
use vgpu_core::ffi::Out;
use vgpu_core::{CuError, CuResult};

use super::context::check_flags;
use crate::guest::context::Context;
use crate::guest::primary::Primary;
use crate::guest::process;

/// Retains a device's primary context, making it if it is not alive; it does not become current.
pub(crate) fn cuDevicePrimaryCtxRetain(pctx: Out<'_, CUcontext>, dev: CUdevice) -> CuResult {
    let process = process()?;
    let device = process.device(dev)?;
    let primary = Primary::of(device);
    let mut state = primary.state.lock();
    let context = *primary.context.get_or_init(|| Context::create(process, device, true, state.flags, 3020));
    if context.number() == 0 {
        context.flags.store(state.flags, Ordering::Relaxed);
        context.revive(process)?;
    }
    state.retained += 1;
    pctx.write(super::handle(context.handle));
    Ok(())
}

/// Releases a device's primary context; the last release ends it.
pub(crate) fn cuDevicePrimaryCtxRelease_v2(dev: CUdevice) -> CuResult {
    let process = process()?;
    let primary = Primary::of(process.device(dev)?);
    let mut state = primary.state.lock();
    state.retained = state.retained.checked_sub(1).ok_or(CuError::INVALID_CONTEXT)?;
    match primary.context.get() {
        Some(context) if state.retained == 0 => context.kill(process),
        _ => Ok(()),
    }
}

/// Releases a device's primary context; the last release ends it.
pub(crate) fn cuDevicePrimaryCtxRelease(dev: CUdevice) -> CuResult {
    cuDevicePrimaryCtxRelease_v2(dev)
}

/// Ends all that a device's primary context holds. Who retained it still has to release it.
pub(crate) fn cuDevicePrimaryCtxReset_v2(dev: CUdevice) -> CuResult {
    let process = process()?;
    let primary = Primary::of(process.device(dev)?);
    let _state = primary.state.lock();
    primary.context.get().map_or(Ok(()), |context| context.kill(process))
}

/// Ends all that a device's primary context holds. Who retained it still has to release it.
pub(crate) fn cuDevicePrimaryCtxReset(dev: CUdevice) -> CuResult {
    cuDevicePrimaryCtxReset_v2(dev)
}

/// Sets the flags of a device's primary context.
pub(crate) fn cuDevicePrimaryCtxSetFlags_v2(dev: CUdevice, flags: c_uint) -> CuResult {
    let primary = Primary::of(process()?.device(dev)?);
    check_flags(flags)?;
    let mut state = primary.state.lock();
    state.flags = flags;
    if let Some(context) = primary.context.get() {
        context.flags.store(flags, Ordering::Relaxed);
    }
    Ok(())
}

/// Sets the flags of a device's primary context.
pub(crate) fn cuDevicePrimaryCtxSetFlags(dev: CUdevice, flags: c_uint) -> CuResult {
    cuDevicePrimaryCtxSetFlags_v2(dev, flags)
}

/// Gives the flags of a device's primary context and whether it is alive.
pub(crate) fn cuDevicePrimaryCtxGetState(dev: CUdevice, flags: Out<'_, c_uint>, active: Out<'_, c_int>) -> CuResult {
    let primary = Primary::of(process()?.device(dev)?);
    flags.write(primary.state.lock().flags);
    active.write(primary.context.get().is_some_and(|context| context.number() != 0).into());
    Ok(())
}
