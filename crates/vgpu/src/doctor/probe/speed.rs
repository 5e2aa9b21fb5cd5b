//! How fast the device answers: a blocking call's round trip, and a copy to it.

use std::ffi::{OsStr, c_int, c_void};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::device::DRIVER;
use super::library::{self, function};
use super::refusal::Refusal;

const WARMING_CALLS: usize = 8;
/// Odd, so that there is one in the middle.
const CALLS: usize = 101;
/// A device that takes this long gets no more calls.
const CALLS_MAX: Duration = Duration::from_secs(2);
const COPY_BYTES: usize = 64 << 20;
/// The first copy touches pages that the others find.
const COPIES: usize = 3;

/// What was measured.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct SpeedAnswer {
    /// Median time of one call, and how many there were.
    pub(crate) round_trip_ns: u64,
    pub(crate) calls: usize,
    /// Bytes of one copy, and the best time; none without memory for it.
    pub(crate) copy: Option<(u64, u64)>,
}

/// Measures the first device.
pub(super) fn measure() -> Result<SpeedAnswer, Refusal> {
    type Init = unsafe extern "C" fn(u32) -> u32;
    type Retain = unsafe extern "C" fn(*mut *mut c_void, c_int) -> u32;
    type Take = unsafe extern "C" fn(*mut c_void) -> u32;
    type MemInfo = unsafe extern "C" fn(*mut usize, *mut usize) -> u32;
    type Alloc = unsafe extern "C" fn(*mut u64, usize) -> u32;
    type Copy = unsafe extern "C" fn(u64, *const c_void, usize) -> u32;
    type Plain = unsafe extern "C" fn() -> u32;
    type Free = unsafe extern "C" fn(u64) -> u32;

    let driver = library::open(OsStr::new(DRIVER))?;
    let init = function!(driver, b"cuInit", Init)?;
    let retain = function!(driver, b"cuDevicePrimaryCtxRetain", Retain)?;
    let set_current = function!(driver, b"cuCtxSetCurrent", Take)?;
    let mem_info = function!(driver, b"cuMemGetInfo_v2", MemInfo)?;
    let alloc = function!(driver, b"cuMemAlloc_v2", Alloc)?;
    let copy = function!(driver, b"cuMemcpyHtoD_v2", Copy)?;
    let synchronize = function!(driver, b"cuCtxSynchronize", Plain)?;
    let free = function!(driver, b"cuMemFree_v2", Free)?;

    // SAFETY: cuInit takes flags, of which none is set.
    Refusal::check("cuInit", unsafe { init(0) })?;
    let mut context = std::ptr::null_mut();
    // SAFETY: the pointer is to a handle of this frame.
    Refusal::check("cuDevicePrimaryCtxRetain", unsafe { retain(&raw mut context, 0) })?;
    // SAFETY: the context was given by the library just now.
    Refusal::check("cuCtxSetCurrent", unsafe { set_current(context) })?;

    let (mut free_bytes, mut total_bytes) = (0, 0);
    let mut times = Vec::new();
    let start = Instant::now();
    for call in 0..WARMING_CALLS + CALLS {
        let before = Instant::now();
        // SAFETY: the pointers are to numbers of this frame.
        Refusal::check("cuMemGetInfo_v2", unsafe { mem_info(&raw mut free_bytes, &raw mut total_bytes) })?;
        let is_over = start.elapsed() > CALLS_MAX;
        if call >= WARMING_CALLS || is_over {
            times.push(nanoseconds(before.elapsed()));
        }
        if is_over {
            break;
        }
    }
    times.sort_unstable();
    let mut answer =
        SpeedAnswer { round_trip_ns: times[times.len() / 2], calls: times.len(), ..SpeedAnswer::default() };

    // Others' models stay undisturbed.
    let bytes = COPY_BYTES.min(free_bytes / 4);
    if bytes == 0 {
        return Ok(answer);
    }
    let source = vec![1u8; bytes];
    let mut address = 0;
    // SAFETY: the pointer is to an address of this frame.
    if unsafe { alloc(&raw mut address, bytes) } != 0 {
        return Ok(answer);
    }
    let mut best = u64::MAX;
    for _ in 0..COPIES {
        let before = Instant::now();
        // SAFETY: source and allocation have this many bytes.
        Refusal::check("cuMemcpyHtoD_v2", unsafe { copy(address, source.as_ptr().cast(), bytes) })?;
        // SAFETY: cuCtxSynchronize takes nothing.
        Refusal::check("cuCtxSynchronize", unsafe { synchronize() })?;
        best = best.min(nanoseconds(before.elapsed()));
    }
    answer.copy = Some((bytes as u64, best));
    // SAFETY: nothing uses the allocation any more.
    Refusal::check("cuMemFree_v2", unsafe { free(address) })?;
    Ok(answer)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
