//! Linear copies and fills. What is pageable, pinned or on the device is found by address, as unified addressing has it.

use std::sync::Arc;

use vgpu_core::wire::messages::{Copy, CopyIn, CopyOut, Fill};
use vgpu_core::{CuError, CuResult};

use super::gate::Arm;
use super::graph::{CopyWork, Work};
use super::process::Process;
use super::stream::Stream;

/// Up to this length, `Link::copy_in` takes the bytes at once wherever they are.
const INLINE_BYTES: usize = 4096;

/// Whether a call returns before its work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Return {
    /// When the copy is done, where CUDA says so for the kinds of memory involved.
    WhenDone,
    /// When it is queued, where the memory involved allows it.
    WhenQueued,
}

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Device memory, at this device address.
    Device(u64),
    /// Pinned or managed memory, which the device reaches at this address.
    Pinned(u64),
    /// Any other host memory.
    Pageable(u64),
}

impl Place {
    /// The address that device work uses, if the device reaches the place.
    pub(crate) fn device_address(self) -> Option<u64> {
        match self {
            Self::Device(address) | Self::Pinned(address) => Some(address),
            Self::Pageable(_) => None,
        }
    }
}

/// Finds out where `len_bytes` at `address` lie.
///
/// # Errors
/// `INVALID_VALUE` when they start in a known range and end outside it.
pub(crate) fn place(process: &Process, address: u64, len_bytes: u64) -> CuResult<Place> {
    use super::allocation::Kind;
    let Some(range) = process.allocations.find(address) else {
        return Ok(Place::Pageable(address));
    };
    if !range.covers(address, len_bytes) {
        return Err(CuError::INVALID_VALUE);
    }
    Ok(match range.kind {
        Kind::Device | Kind::Variable => Place::Device(address),
        Kind::Pinned(_) | Kind::Managed => Place::Pinned(process.link.pinned().device_address(address)),
        Kind::Registered(_) => Place::Pageable(address),
    })
}

/// A host address as device work names it: a place in the window.
fn pinned_span(process: &Process, address: u64, len: usize) -> Option<vgpu_core::wire::Span> {
    process.link.pinned().span(address, len)
}

/// Copies host memory to the device.
///
/// # Errors
/// `INVALID_VALUE` when the target is no device memory of that length, else those of capture and link.
///
/// # Safety
/// `source` is readable for `len` bytes; pinned memory stays so until the copy is done.
pub(crate) unsafe fn to_device(
    process: &Process,
    stream: &Stream,
    target: u64,
    source: *const u8,
    len: usize,
    done: Return,
) -> CuResult {
    if len == 0 {
        return Ok(());
    }
    if source.is_null() {
        return Err(CuError::INVALID_VALUE);
    }
    let span = pinned_span(process, source.addr() as u64, len);
    let live = match stream.enter(process)? {
        Arm::Live(live) => live,
        Arm::Captured(captured) => {
            let work = match span {
                Some(source) => CopyWork::In(CopyIn { stream: 0, flags: 0, target, source }),
                None => {
                    // SAFETY: the caller's promise. The bytes are taken now: at launch they may be gone.
                    let bytes: Arc<[u8]> = unsafe { std::slice::from_raw_parts(source, len) }.into();
                    CopyWork::Inline { target, bytes }
                }
            };
            return captured.add(Work::Copy(work));
        }
    };
    process.allocations.check_device(target, len as u64)?;
    // A short copy that is to be waited for travels in its record instead.
    let inline = done == Return::WhenDone && len <= INLINE_BYTES;
    if let Some(source) = span.filter(|_| !inline) {
        let seq = live.post(&CopyIn { stream: 0, flags: 0, target, source }, &[])?;
        return match done {
            Return::WhenQueued => Ok(()),
            Return::WhenDone => live.wait(seq),
        };
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts(source, len) };
    live.copy_in(target, bytes).map(drop)
}

/// Copies device memory to the host. Into pageable memory it returns when done, whatever `done` says.
///
/// # Errors
/// `INVALID_VALUE` when the source is no device memory of that length; `NOT_SUPPORTED` into pageable memory during
/// capture; else those of capture and link.
///
/// # Safety
/// `target` is writable for `len` bytes; pinned memory stays so until the copy is done.
pub(crate) unsafe fn to_host(
    process: &Process,
    stream: &Stream,
    target: *mut u8,
    source: u64,
    len: usize,
    done: Return,
) -> CuResult {
    if len == 0 {
        return Ok(());
    }
    if target.is_null() {
        return Err(CuError::INVALID_VALUE);
    }
    let span = pinned_span(process, target.addr() as u64, len);
    let live = match stream.enter(process)? {
        Arm::Live(live) => live,
        Arm::Captured(captured) => {
            let target = span.ok_or_else(|| captured.broken_by(CuError::NOT_SUPPORTED))?;
            let copy = CopyOut { stream: 0, reserved: 0, source, target };
            return captured.add(Work::Copy(CopyWork::Out(copy)));
        }
    };
    process.allocations.check_device(source, len as u64)?;
    if let Some(target) = span {
        let seq = live.post(&CopyOut { stream: 0, reserved: 0, source, target }, &[])?;
        return match done {
            Return::WhenQueued => Ok(()),
            Return::WhenDone => live.wait(seq).and_then(|()| process.link.sticky()),
        };
    }
    // SAFETY: the caller's promise; the bytes are only written.
    let bytes = unsafe { std::slice::from_raw_parts_mut(target, len) };
    live.copy_out(source, bytes)?;
    process.link.sticky()
}

/// Copies between addresses that the device reaches.
///
/// # Errors
/// `INVALID_VALUE` when a side is no device memory of that length, else those of capture and link.
pub(crate) fn on_device(process: &Process, stream: &Stream, target: u64, source: u64, len: usize) -> CuResult {
    if len == 0 {
        return Ok(());
    }
    let len_bytes = len as u64;
    let copy = |target, source| Copy { stream: 0, reserved: 0, target, source, len_bytes };
    let reach = |address| place(process, address, len_bytes)?.device_address().ok_or(CuError::INVALID_VALUE);
    match stream.enter(process)? {
        Arm::Live(live) => live.post(&copy(reach(target)?, reach(source)?), &[]).map(drop),
        Arm::Captured(captured) => {
            // Captured addresses may lead nowhere.
            let copy = copy(reach(target).unwrap_or(target), reach(source).unwrap_or(source));
            captured.add(Work::Copy(CopyWork::Device(copy)))
        }
    }
}

/// Copies between any two addresses, as their places require.
///
/// # Errors
/// As the copies of each direction.
///
/// # Safety
/// What is host memory is readable or writable for `len` bytes, as in the copies of each direction.
pub(crate) unsafe fn unified(
    process: &Process,
    stream: &Stream,
    target: u64,
    source: u64,
    len: usize,
    done: Return,
) -> CuResult {
    if len == 0 {
        return Ok(());
    }
    let target_place = place(process, target, len as u64)?;
    let source_place = place(process, source, len as u64)?;
    let host = |address: u64| std::ptr::with_exposed_provenance_mut::<u8>(usize::try_from(address).unwrap_or(0));
    match (target_place, source_place) {
        (Place::Device(target), Place::Pinned(_) | Place::Pageable(_)) => {
            // SAFETY: the source is host memory, by the caller's promise readable.
            unsafe { to_device(process, stream, target, host(source), len, done) }
        }
        (Place::Pinned(_) | Place::Pageable(_), Place::Device(source)) => {
            // SAFETY: the target is host memory, by the caller's promise writable.
            unsafe { to_host(process, stream, host(target), source, len, done) }
        }
        (Place::Pageable(_), _) | (_, Place::Pageable(_)) => {
            if target == 0 || source == 0 {
                return Err(CuError::INVALID_VALUE);
            }
            match stream.enter(process)? {
                Arm::Live(_) => stream.wait_all(process)?,
                Arm::Captured(_) => return Err(CuError::NOT_SUPPORTED),
            }
            // SAFETY: both sides are host memory, by the caller's promise of that length; `copy` allows overlap.
            unsafe { std::ptr::copy(host(source), host(target), len) };
            Ok(())
        }
        (Place::Device(_), Place::Device(_)) => on_device(process, stream, target, source, len),
        (Place::Pinned(_), Place::Pinned(_)) => {
            on_device(process, stream, target, source, len)?;
            let wait = done == Return::WhenDone && !stream.is_capturing();
            if wait { stream.synchronize(process) } else { Ok(()) }
        }
    }
}

/// Fills `height` rows of `width` elements; `pitch` in bytes.
///
/// # Errors
/// `INVALID_VALUE` for a misaligned target or pitch, or when the rows are no device memory; else those of capture and
/// link.
pub(crate) fn fill(process: &Process, stream: &Stream, fill: Fill) -> CuResult {
    let len_bytes = check_fill(&fill)?;
    if len_bytes == 0 {
        return Ok(());
    }
    let place = place(process, fill.target, len_bytes);
    let reached = place.and_then(|place| place.device_address().ok_or(CuError::INVALID_VALUE));
    match stream.enter(process)? {
        Arm::Live(live) => live.post(&Fill { target: reached?, ..fill }, &[]).map(drop),
        // A captured address may lead nowhere.
        Arm::Captured(captured) => captured.add(Work::Fill(Fill { target: reached.unwrap_or(fill.target), ..fill })),
    }
}

/// Checks a fill's shape; returns its extent in bytes.
pub(crate) fn check_fill(fill: &Fill) -> CuResult<u64> {
    let element = u64::from(fill.element_bytes);
    if !matches!(element, 1 | 2 | 4) || !fill.target.is_multiple_of(element) {
        return Err(CuError::INVALID_VALUE);
    }
    if fill.width == 0 || fill.height == 0 {
        return Ok(0);
    }
    let row = fill.width.checked_mul(element).ok_or(CuError::INVALID_VALUE)?;
    if fill.height > 1 && (fill.pitch < row || !fill.pitch.is_multiple_of(element)) {
        return Err(CuError::INVALID_VALUE);
    }
    let rows = fill.pitch.checked_mul(fill.height - 1).ok_or(CuError::INVALID_VALUE)?;
    rows.checked_add(row).ok_or(CuError::INVALID_VALUE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(element_bytes: u32, target: u64, pitch: u64, width: u64, height: u64) -> CuResult<u64> {
        check_fill(&Fill { stream: 0, element_bytes, target, pitch, value: 0, reserved: 0, width, height })
    }

    #[test]
    fn a_fills_extent_ends_with_its_last_row() {
        assert_eq!(extent(4, 0x100, 64, 3, 5), Ok(4 * 64 + 12));
        assert_eq!(extent(1, 0x101, 0, 7, 1), Ok(7));
        assert_eq!(extent(1, 0x101, 0, 0, 9), Ok(0));
    }

    #[test]
    fn misaligned_or_overlapping_rows_are_invalid() {
        let bad = [
            (4, 0x102, 64, 1, 1),
            (2, 0x100, 3, 1, 2),
            (1, 0x100, 6, 7, 2),
            (3, 0, 0, 1, 1),
            (4, 0, u64::MAX - 3, 1, 9),
            (4, 0, 0, u64::MAX, 1),
        ];
        for (element, target, pitch, width, height) in bad {
            assert_eq!(extent(element, target, pitch, width, height), Err(CuError::INVALID_VALUE));
        }
    }
}
