//! Which device and context a thread uses: the driver's current context if there is one, else the primary context of
//! the thread's chosen device, opened at first need.

use std::cell::Cell;
use std::ffi::c_int;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;
use vgpu_core::abi::{CUcontext, CUdevice};

use crate::driver as cu;
use crate::error::{RtError, RtResult};
use crate::registry;

thread_local! {
    /// What `cudaSetDevice` chose on this thread.
    static CHOSEN: Cell<c_int> = const { Cell::new(0) };
    /// The resets that this thread has taken note of.
    static RESETS_SEEN: Cell<u32> = const { Cell::new(0) };
}

/// How often a device was reset: contexts that other threads still have current may be dead.
static RESETS: AtomicU32 = AtomicU32::new(0);
static PRIMARY: Mutex<Primaries> = Mutex::new(Primaries { live: Vec::new(), dead: Vec::new() });

/// The primary contexts that the runtime holds, as (device, context address), and those that resets ended.
struct Primaries {
    live: Vec<(CUdevice, usize)>,
    dead: Vec<usize>,
}

/// The driver's device of that ordinal.
///
/// # Errors
/// `INVALID_DEVICE`: there is no such device; or what initialising the driver came to.
pub(crate) fn device_of(ordinal: c_int) -> RtResult<CUdevice> {
    cu::init()?;
    let mut dev = 0;
    cu::cuDeviceGet(&mut dev, ordinal)?;
    Ok(dev)
}

/// The ordinal of a driver's device.
pub(crate) fn ordinal_of(dev: CUdevice) -> RtResult<c_int> {
    for ordinal in 0..count()? {
        if device_of(ordinal)? == dev {
            return Ok(ordinal);
        }
    }
    Err(RtError::INVALID_DEVICE)
}

/// How many devices the program sees.
///
/// # Errors
/// `NO_DEVICE` when there are none.
pub(crate) fn count() -> RtResult<c_int> {
    cu::init()?;
    let mut count = 0;
    cu::cuDeviceGetCount(&mut count)?;
    if count > 0 { Ok(count) } else { Err(RtError::NO_DEVICE) }
}

/// The ordinal of this thread's device.
pub(crate) fn ordinal() -> RtResult<c_int> {
    match current()? {
        Some(_) => {
            let mut dev = 0;
            cu::cuCtxGetDevice(&mut dev)?;
            // Ordinals and devices are the same numbers in every driver seen; the search is for one where they are not.
            if device_of(dev).is_ok_and(|same| same == dev) { Ok(dev) } else { ordinal_of(dev) }
        }
        None => Ok(CHOSEN.get()),
    }
}

/// This thread's device.
pub(crate) fn device() -> RtResult<CUdevice> {
    device_of(ordinal()?)
}

/// Makes `ordinal` this thread's device and opens its primary context.
pub(crate) fn choose(ordinal: c_int) -> RtResult {
    let dev = device_of(ordinal)?;
    cu::cuCtxSetCurrent(primary(dev)?)?;
    RESETS_SEEN.set(RESETS.load(Ordering::Acquire));
    CHOSEN.set(ordinal);
    Ok(())
}

/// The context that this thread's calls work in, made current if there was none.
pub(crate) fn context() -> RtResult<CUcontext> {
    let context = match current()? {
        Some(context) => context,
        None => {
            let context = primary(device_of(CHOSEN.get())?)?;
            cu::cuCtxSetCurrent(context)?;
            context
        }
    };
    if registry::has_orphans() {
        registry::unload_orphans();
    }
    Ok(context)
}

/// The primary context of `dev`, retained once per process.
pub(crate) fn primary(dev: CUdevice) -> RtResult<CUcontext> {
    let mut primaries = PRIMARY.lock();
    if let Some(&(_, context)) = primaries.live.iter().find(|(owner, _)| *owner == dev) {
        return Ok(context as CUcontext);
    }
    let mut context = null_mut();
    cu::cuDevicePrimaryCtxRetain(&mut context, dev)?;
    // A driver may give the new context the address of the one before the reset.
    primaries.dead.retain(|&dead| dead != context as usize);
    primaries.live.push((dev, context as usize));
    Ok(context)
}

/// Ends the primary context of this thread's device, with everything in it. The next call opens it anew.
pub(crate) fn reset() -> RtResult {
    let dev = device()?;
    let mut primaries = PRIMARY.lock();
    let Some(at) = primaries.live.iter().position(|(owner, _)| *owner == dev) else {
        drop(primaries);
        return cu::cuDevicePrimaryCtxReset_v2(dev);
    };
    let (_, context) = primaries.live.swap_remove(at);
    primaries.dead.push(context);
    RESETS.fetch_add(1, Ordering::Release);
    registry::forget_context(context as CUcontext);
    if raw_current()? as usize == context {
        cu::cuCtxSetCurrent(null_mut())?;
    }
    let reset = cu::cuDevicePrimaryCtxReset_v2(dev);
    cu::cuDevicePrimaryCtxRelease_v2(dev)?;
    reset
}

/// Runs `work` with the primary context of `dev` as the thread's current one.
pub(crate) fn on_device(dev: CUdevice, work: impl FnOnce(CUcontext) -> RtResult) -> RtResult {
    let (before, context) = (current()?.unwrap_or(null_mut()), primary(dev)?);
    cu::cuCtxSetCurrent(context)?;
    let done = work(context);
    cu::cuCtxSetCurrent(before)?;
    done
}

/// The thread's current context, unless a reset has ended it.
fn current() -> RtResult<Option<CUcontext>> {
    cu::init()?;
    let context = raw_current()?;
    let resets = RESETS.load(Ordering::Acquire);
    if RESETS_SEEN.get() != resets {
        if PRIMARY.lock().dead.contains(&(context as usize)) {
            return Ok(None);
        }
        RESETS_SEEN.set(resets);
    }
    Ok(if context.is_null() { None } else { Some(context) })
}

fn raw_current() -> RtResult<CUcontext> {
    let mut context = null_mut();
    cu::cuCtxGetCurrent(&mut context)?;
    Ok(context)
}

/// Makes `ordinal` the device that this thread will open a context on, should it need one.
pub(crate) fn prefer(ordinal: c_int) -> RtResult {
    device_of(ordinal)?;
    CHOSEN.set(ordinal);
    Ok(())
}
