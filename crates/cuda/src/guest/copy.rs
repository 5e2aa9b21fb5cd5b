//! Linear copies and fills. What is pageable, pinned or on the device is found by address, as unified addressing has it.

use vgpu_core::guest::INLINE_MAX_BYTES;
use vgpu_core::wire::messages::{Copy, CopyIn, CopyOut, Fill};
use vgpu_core::{CuError, CuResult};

use super::allocation::Kind;
use super::gate::Arm;
use super::host_order;
use super::pageable_box::PageableBox;
use super::place::{Memory, Place, Return};
use super::process::Process;
use super::stream::Stream;
use super::work::{CopyWork, Work};

/// Of pinned memory so much is taken at once, where nobody can tell: that is done sooner than the device has fetched it, and
/// whoever waits for it need not.
const TAKEN_MAX_BYTES: usize = 64 << 10;

/// Whether host code may have something there.
fn is_host(process: &Process, address: *const u8) -> bool {
    !address.is_null() && !process.allocations.is_device_address(address.addr() as u64)
}

/// A host address as device work names it: a place in the window.
fn pinned_span(process: &Process, address: u64, len: usize) -> Option<vgpu_core::wire::Span> {
    process.link.pinned().span(address, len)
}

/// Whether the device reaches the program's own memory there.
fn is_mapped(process: &Process, address: *const u8, len: usize) -> CuResult<bool> {
    if !process.link.is_in_process() {
        return Ok(false);
    }
    let kind = process.allocations.kind_of(address.addr() as u64, len as u64)?;
    Ok(matches!(kind, Some(Kind::Mapped(_))))
}

/// Copies host memory to the device.
///
/// # Errors
/// `INVALID_VALUE` when the target is no device memory of that length, else those of capture and link.
///
/// # Safety
/// `source` is readable for `len` bytes; pinned memory stays so until the copy is done, and any memory for as long as a graph
/// that is captured here runs.
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
    if !is_host(process, source) {
        return Err(CuError::INVALID_VALUE);
    }
    if is_mapped(process, source, len)? {
        return on_device(process, stream, target, source.addr() as u64, len, done);
    }
    let span = pinned_span(process, source.addr() as u64, len);
    let live = match stream.enter(process)? {
        Arm::Live(live) => live,
        Arm::Captured(captured) => {
            let work = match span {
                Some(source) => CopyWork::In(CopyIn { stream: 0, flags: 0, target, source }),
                None => {
                    let source = Place::pageable(source.expose_provenance() as u64);
                    CopyWork::Pageable(PageableBox::row(Place::device(target), source, len))
                }
            };
            return captured.add(Work::Copy(work));
        }
    };
    let to = Place::find(process, target, len as u64)?;
    let target = to.reached()?;
    // A short copy that would be waited for travels in its record instead: then its source may change at once.
    let is_inline = done == Return::WhenDone && len <= INLINE_MAX_BYTES;
    let is_unseen = || to.memory == Memory::Device && len <= TAKEN_MAX_BYTES;
    let is_taken = is_inline || span.is_some() && is_unseen() && host_order::is_quiet(process, stream)?;
    let (seq, from) = match span.filter(|_| !is_taken) {
        Some(source) => (live.post(&CopyIn { stream: 0, flags: 0, target, source }, &[])?, Memory::Pinned),
        None => {
            // SAFETY: the caller's promise.
            let bytes = unsafe { std::slice::from_raw_parts(source, len) };
            let seq = match to.memory {
                Memory::Device => live.copy_in_unseen(target, bytes)?,
                _ => live.copy_in(target, bytes)?,
            };
            (seq, Memory::Pageable)
        }
    };
    live.end(seq, done.end_of_copy(to.memory, from))
}

/// Copies device memory to the host. Into pageable memory it returns when done, whatever `done` says.
///
/// # Errors
/// `INVALID_VALUE` when the source is no device memory of that length, else those of capture and link.
///
/// # Safety
/// `target` is writable for `len` bytes; pinned memory stays so until the copy is done, and any memory for as long as a graph
/// that is captured here runs.
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
    if !is_host(process, target) {
        return Err(CuError::INVALID_VALUE);
    }
    if is_mapped(process, target, len)? {
        return on_device(process, stream, target.addr() as u64, source, len, done);
    }
    let span = pinned_span(process, target.addr() as u64, len);
    let live = match stream.enter(process)? {
        Arm::Live(live) => live,
        Arm::Captured(captured) => {
            let work = match span {
                Some(target) => CopyWork::Out(CopyOut { stream: 0, reserved: 0, source, target }),
                None => {
                    let target = Place::pageable(target.expose_provenance() as u64);
                    CopyWork::Pageable(PageableBox::row(target, Place::device(source), len))
                }
            };
            return captured.add(Work::Copy(work));
        }
    };
    let from = Place::find(process, source, len as u64)?;
    let source = from.reached()?;
    if let Some(target) = span {
        let seq = live.post(&CopyOut { stream: 0, reserved: 0, source, target }, &[])?;
        return live.end(seq, done.end_of_copy(Memory::Pinned, from.memory));
    }
    // SAFETY: the caller's promise; the bytes are only written.
    let bytes = unsafe { std::slice::from_raw_parts_mut(target, len) };
    live.copy_out(source, bytes)
}

/// Copies between addresses that the device reaches.
///
/// # Errors
/// `INVALID_VALUE` when a side is no device memory of that length, else those of capture and link.
pub(crate) fn on_device(
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
    let len_bytes = len as u64;
    let copy = |target, source| Copy { stream: 0, reserved: 0, target, source, len_bytes };
    let (to, from) = (Place::find(process, target, len_bytes), Place::find(process, source, len_bytes));
    match stream.enter(process)? {
        Arm::Live(live) => {
            let (to, from) = (to?, from?);
            let seq = live.post(&copy(to.reached()?, from.reached()?), &[])?;
            live.end(seq, done.end_of_copy(to.memory, from.memory))
        }
        Arm::Captured(captured) => {
            // Captured addresses may lead nowhere.
            let reach = |place: CuResult<Place>, address| place.and_then(Place::reached).unwrap_or(address);
            let copy = copy(reach(to, target), reach(from, source));
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
    let memory = |address| Place::find(process, address, len as u64).map(|place| place.memory);
    let host = |address: u64| std::ptr::with_exposed_provenance_mut::<u8>(usize::try_from(address).unwrap_or(0));
    match (memory(target)?, memory(source)?) {
        (Memory::Device, Memory::Device) => on_device(process, stream, target, source, len, done),
        (Memory::Device, _) => {
            // SAFETY: the source is host memory, by the caller's promise readable.
            unsafe { to_device(process, stream, target, host(source), len, done) }
        }
        (_, Memory::Device) => {
            // SAFETY: the target is host memory, by the caller's promise writable.
            unsafe { to_host(process, stream, host(target), source, len, done) }
        }
        (Memory::Pageable, _) | (_, Memory::Pageable) => {
            if target == 0 || source == 0 {
                return Err(CuError::INVALID_VALUE);
            }
            match stream.enter(process)? {
                Arm::Live(_) => stream.wait_all(process).and_then(|()| process.link.sticky())?,
                Arm::Captured(captured) => {
                    let copy = PageableBox::row(Place::pageable(target), Place::pageable(source), len);
                    return captured.add(Work::Copy(CopyWork::Pageable(copy)));
                }
            }
            // SAFETY: both sides are host memory, by the caller's promise of that length; `copy` allows overlap.
            unsafe { std::ptr::copy(host(source), host(target), len) };
            process.link.report()
        }
        _ => on_device(process, stream, target, source, len, done),
    }
}

/// Fills `height` rows of `width` elements; `pitch` in bytes.
///
/// # Errors
/// `INVALID_VALUE` for a misaligned target or pitch, or when the rows are no device memory; else those of capture and
/// link.
pub(crate) fn fill(process: &Process, stream: &Stream, fill: Fill, done: Return) -> CuResult {
    let len_bytes = check_fill(&fill)?;
    if len_bytes == 0 {
        return Ok(());
    }
    let place = Place::find(process, fill.target, len_bytes);
    match stream.enter(process)? {
        Arm::Live(live) => {
            let place = place?;
            let seq = live.post(&Fill { target: place.reached()?, ..fill }, &[])?;
            live.end(seq, done.end_of_fill(place.memory))
        }
        Arm::Captured(captured) => {
            // A captured address may lead nowhere.
            let target = place.and_then(Place::reached).unwrap_or(fill.target);
            captured.add(Work::Fill(Fill { target, ..fill }))
        }
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
