//! Contexts and each thread's stack of them.

use std::ffi::{c_int, c_uint, c_ulonglong};
use std::sync::atomic::Ordering;

use vgpu_core::abi::{
    CUcontext, CUctx_flags, CUctxCreateParams, CUdevice, CUevent, CUexecAffinityParam, CUfunc_cache, CUlimit,
    CUsharedconfig,
};
use vgpu_core::ffi::{InOpt, Out, OutOpt};
use vgpu_core::{CuError, CuResult};

use crate::guest::context::{Context, Live};
use crate::guest::current;
use crate::guest::event::{Event, Point};
use crate::guest::gate::Arm;
use crate::guest::{Process, capture, capture_mode, output, process, thread};

/// The scheduling modes that `CU_CTX_SCHED_*` has.
const SCHED_MODES: [c_uint; 4] = [
    CUctx_flags::CU_CTX_SCHED_AUTO.0,
    CUctx_flags::CU_CTX_SCHED_SPIN.0,
    CUctx_flags::CU_CTX_SCHED_YIELD.0,
    CUctx_flags::CU_CTX_SCHED_BLOCKING_SYNC.0,
];
const SCHED_MASK: c_uint = CUctx_flags::CU_CTX_SCHED_MASK.0;
const ALL_FLAGS: c_uint = CUctx_flags::CU_CTX_FLAGS_MASK.0;

/// Checks `CU_CTX_*` flags.
pub(super) fn check_flags(flags: c_uint) -> CuResult {
    if flags & !ALL_FLAGS == 0 && SCHED_MODES.contains(&(flags & SCHED_MASK)) {
        Ok(())
    } else {
        Err(CuError::INVALID_VALUE)
    }
}

fn create(pctx: Out<'_, CUcontext>, flags: c_uint, dev: CUdevice, api_version: u32) -> CuResult {
    let process = process()?;
    let device = process.device(dev)?;
    check_flags(flags)?;
    let context = Context::create(process, device, false, flags, api_version);
    let alive = context.revive(process).and_then(|()| thread::push(context));
    if let Err(error) = alive {
        context.forget();
        return Err(error);
    }
    pctx.write(super::handle(context.handle));
    Ok(())
}

/// Makes a context and puts it on the thread's stack.
pub(crate) fn cuCtxCreate(pctx: Out<'_, CUcontext>, flags: c_uint, dev: CUdevice) -> CuResult {
    create(pctx, flags, dev, 3010)
}

/// Makes a context and puts it on the thread's stack.
pub(crate) fn cuCtxCreate_v2(pctx: Out<'_, CUcontext>, flags: c_uint, dev: CUdevice) -> CuResult {
    create(pctx, flags, dev, 3020)
}

/// Makes a context and puts it on the thread's stack; without execution affinity, which no device here has.
pub(crate) fn cuCtxCreate_v3(
    pctx: Out<'_, CUcontext>,
    paramsArray: InOpt<'_, CUexecAffinityParam>,
    numParams: c_int,
    flags: c_uint,
    dev: CUdevice,
) -> CuResult {
    match (paramsArray.get(), numParams) {
        (_, 0) => create(pctx, flags, dev, 3020),
        (None, _) | (_, ..0) => Err(CuError::INVALID_VALUE),
        _ => Err(CuError::UNSUPPORTED_EXEC_AFFINITY),
    }
}

/// Makes a context and puts it on the thread's stack; without execution affinity and graphics sharing.
pub(crate) fn cuCtxCreate_v4(
    pctx: Out<'_, CUcontext>,
    ctxCreateParams: InOpt<'_, CUctxCreateParams>,
    flags: c_uint,
    dev: CUdevice,
) -> CuResult {
    match ctxCreateParams.get() {
        Some(params) if params.numExecAffinityParams != 0 => Err(CuError::UNSUPPORTED_EXEC_AFFINITY),
        Some(params) if !params.cigParams.is_null() => Err(CuError::NOT_SUPPORTED),
        _ => create(pctx, flags, dev, 3020),
    }
}

fn find(process: &Process, ctx: CUcontext) -> CuResult<&'static Context> {
    Context::find(process, super::id(ctx))
}

/// A context by handle, or the current one for null; alive.
fn named_or_current(ctx: CUcontext) -> CuResult<(&'static Process, &'static Context)> {
    if ctx.is_null() {
        return current::context();
    }
    let process = process()?;
    let context = find(process, ctx)?;
    if context.number() == 0 { Err(CuError::CONTEXT_IS_DESTROYED) } else { Ok((process, context)) }
}

/// Ends a context and all it holds; if it is current on this thread it is popped.
pub(crate) fn cuCtxDestroy_v2(ctx: CUcontext) -> CuResult {
    let process = process()?;
    let context = find(process, ctx)?;
    if context.is_primary {
        return Err(CuError::INVALID_CONTEXT);
    }
    context.forget();
    if thread::current().is_some_and(|top| std::ptr::eq(top, context)) {
        thread::pop();
    }
    context.kill(process)
}

/// Ends a context and all it holds; if it is current on this thread it is popped.
pub(crate) fn cuCtxDestroy(ctx: CUcontext) -> CuResult {
    cuCtxDestroy_v2(ctx)
}

/// Puts a context on the thread's stack.
pub(crate) fn cuCtxPushCurrent_v2(ctx: CUcontext) -> CuResult {
    thread::push(find(process()?, ctx)?)
}

/// Puts a context on the thread's stack.
pub(crate) fn cuCtxPushCurrent(ctx: CUcontext) -> CuResult {
    cuCtxPushCurrent_v2(ctx)
}

/// Takes the current context off the thread's stack.
pub(crate) fn cuCtxPopCurrent_v2(pctx: OutOpt<'_, CUcontext>) -> CuResult {
    process()?;
    let context = thread::pop().ok_or(CuError::INVALID_CONTEXT)?;
    pctx.write(super::handle(context.handle));
    Ok(())
}

/// Takes the current context off the thread's stack.
pub(crate) fn cuCtxPopCurrent(pctx: OutOpt<'_, CUcontext>) -> CuResult {
    cuCtxPopCurrent_v2(pctx)
}

/// Replaces the thread's current context; null pops it.
pub(crate) fn cuCtxSetCurrent(ctx: CUcontext) -> CuResult {
    let process = process()?;
    let context = if ctx.is_null() { None } else { Some(find(process, ctx)?) };
    thread::set_current(context);
    Ok(())
}

/// Gives the thread's current context; null when there is none.
pub(crate) fn cuCtxGetCurrent(pctx: Out<'_, CUcontext>) -> CuResult {
    process()?;
    pctx.write(thread::current().map_or(std::ptr::null_mut(), |context| super::handle(context.handle)));
    Ok(())
}

/// Gives the device of the current context.
pub(crate) fn cuCtxGetDevice(device: Out<'_, CUdevice>) -> CuResult {
    let process = process()?;
    let context = thread::current().ok_or(CuError::INVALID_CONTEXT)?;
    device.write(context.device(process).handle());
    Ok(())
}

/// Gives the device of a context, the current one for null.
pub(crate) fn cuCtxGetDevice_v2(device: Out<'_, CUdevice>, ctx: CUcontext) -> CuResult {
    let (process, context) = named_or_current(ctx)?;
    device.write(context.device(process).handle());
    Ok(())
}

/// Gives the flags of the current context.
pub(crate) fn cuCtxGetFlags(flags: Out<'_, c_uint>) -> CuResult {
    let (_, context) = current::context()?;
    flags.write(context.flags.load(Ordering::Relaxed));
    Ok(())
}

/// Sets the flags of the current context.
pub(crate) fn cuCtxSetFlags(flags: c_uint) -> CuResult {
    let (_, context) = current::context()?;
    check_flags(flags)?;
    context.flags.store(flags, Ordering::Relaxed);
    Ok(())
}

/// Gives a number that no other context of the process has or had.
pub(crate) fn cuCtxGetId(ctx: CUcontext, ctxId: Out<'_, c_ulonglong>) -> CuResult {
    let (_, context) = named_or_current(ctx)?;
    ctxId.write(context.id);
    Ok(())
}

/// Gives the API version that a context was made for.
pub(crate) fn cuCtxGetApiVersion(ctx: CUcontext, version: Out<'_, c_uint>) -> CuResult {
    let (_, context) = named_or_current(ctx)?;
    version.write(context.api_version);
    Ok(())
}

fn synchronize(process: &Process, context: &Context) -> CuResult {
    capture_mode::refuse_unsafe_call()?;
    output::after(process, context.live()?.synchronize(process))
}

/// Waits for all work of the current context.
pub(crate) fn cuCtxSynchronize() -> CuResult {
    let (process, context) = current::context()?;
    synchronize(process, context)
}

/// Waits for all work of a context, the current one for null.
pub(crate) fn cuCtxSynchronize_v2(ctx: CUcontext) -> CuResult {
    let (process, context) = named_or_current(ctx)?;
    synchronize(process, context)
}

/// Sets a limit, if the device lets it.
pub(crate) fn cuCtxSetLimit(limit: CUlimit, value: usize) -> CuResult {
    let (process, context) = current::context()?;
    context.live()?.set_limit(process, limit.0, value as u64)
}

/// Gives a limit, if the device has it.
pub(crate) fn cuCtxGetLimit(pvalue: Out<'_, usize>, limit: CUlimit) -> CuResult {
    let (process, context) = current::context()?;
    let facts = context.live()?.facts(process)?;
    let index = limit.0 as usize;
    let code = facts.limit_codes.get(index).ok_or(CuError::INVALID_VALUE)?;
    CuError::check(*code)?;
    pvalue.write(usize::try_from(facts.limits[index]).unwrap_or(usize::MAX));
    Ok(())
}

/// Gives the preferred split between cache and shared memory: a preference without effect here.
pub(crate) fn cuCtxGetCacheConfig(pconfig: Out<'_, CUfunc_cache>) -> CuResult {
    let (_, context) = current::context()?;
    pconfig.write(CUfunc_cache(context.cache_config.load(Ordering::Relaxed)));
    Ok(())
}

/// Keeps the preferred split between cache and shared memory: a preference without effect here.
pub(crate) fn cuCtxSetCacheConfig(config: CUfunc_cache) -> CuResult {
    let (_, context) = current::context()?;
    if config.0 > CUfunc_cache::CU_FUNC_CACHE_PREFER_EQUAL.0 {
        return Err(CuError::INVALID_VALUE);
    }
    context.cache_config.store(config.0, Ordering::Relaxed);
    Ok(())
}

/// Gives the width of shared memory banks: four bytes, as on every current device.
pub(crate) fn cuCtxGetSharedMemConfig(pConfig: Out<'_, CUsharedconfig>) -> CuResult {
    current::context()?;
    pConfig.write(CUsharedconfig::CU_SHARED_MEM_CONFIG_FOUR_BYTE_BANK_SIZE);
    Ok(())
}

/// Accepts a width of shared memory banks: without effect, as on every current device.
pub(crate) fn cuCtxSetSharedMemConfig(config: CUsharedconfig) -> CuResult {
    current::context()?;
    if config.0 > CUsharedconfig::CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE.0 {
        return Err(CuError::INVALID_VALUE);
    }
    Ok(())
}

/// A stream's priority, moved into the range that the device has.
pub(super) fn clamped_priority(process: &Process, context: &Context, priority: c_int) -> CuResult<c_int> {
    if priority == 0 {
        // Every range has it.
        return Ok(0);
    }
    let facts = context.live()?.facts(process)?;
    Ok(priority.min(facts.least_priority).max(facts.greatest_priority))
}

/// Gives the range of stream priorities; lower numbers go first.
pub(crate) fn cuCtxGetStreamPriorityRange(
    leastPriority: OutOpt<'_, c_int>,
    greatestPriority: OutOpt<'_, c_int>,
) -> CuResult {
    let (process, context) = current::context()?;
    let facts = context.live()?.facts(process)?;
    leastPriority.write(facts.least_priority);
    greatestPriority.write(facts.greatest_priority);
    Ok(())
}

/// Refuses a call that is about all streams of a context while one of them is captured; the captures are broken by it.
fn refuse_captures(process: &Process, live: &Live) -> CuResult {
    let mut result = Ok(());
    for stream in live.streams().iter().filter(|stream| stream.is_capturing()) {
        if let Arm::Captured(captured) = stream.enter(process)? {
            result = Err(captured.broken_by(CuError::STREAM_CAPTURE_UNSUPPORTED));
        }
    }
    result
}

/// Records an event after all work of a context so far.
pub(crate) fn cuCtxRecordEvent(hCtx: CUcontext, hEvent: CUevent) -> CuResult {
    let (process, context) = named_or_current(hCtx)?;
    let event = Event::find(process, super::id(hEvent))?;
    let live = context.live()?;
    refuse_captures(process, &live)?;
    let Arm::Live(legacy) = live.legacy.enter(process)? else {
        return Err(CuError::STREAM_CAPTURE_UNSUPPORTED);
    };
    for stream in live.streams() {
        legacy.wait_for(stream.slot(), stream.last())?;
    }
    event.record(process, &live.legacy, false)
}

/// Has all later work of a context wait for an event.
pub(crate) fn cuCtxWaitEvent(hCtx: CUcontext, hEvent: CUevent) -> CuResult {
    let (process, context) = named_or_current(hCtx)?;
    let event = Event::find(process, super::id(hEvent))?;
    let live = context.live()?;
    refuse_captures(process, &live)?;
    if let Point::Captured { capture, .. } = event.point() {
        return Err(capture::broken_by(capture, CuError::STREAM_CAPTURE_UNSUPPORTED));
    }
    let mut streams = live.streams();
    streams.push(live.legacy.clone());
    streams.iter().try_for_each(|stream| event.hold_back(process, stream, false))
}
