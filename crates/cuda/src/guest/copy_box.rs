//! Two- and three-dimensional copies: on a stream, or as a node; between any two kinds of memory.

use vgpu_core::CuResult;
use vgpu_core::wire::Seq;
use vgpu_core::wire::messages::{SOURCE_IN_WINDOW, TARGET_IN_WINDOW};

use super::box3::{Box3, Side};
use super::gate::{Arm, Live};
use super::pageable_box::PageableBox;
use super::place::{Memory, Place, Return};
use super::process::Process;
use super::stream::Stream;
use super::work::{CopyWork, Work};

impl Box3 {
    /// The copy as a graph node.
    ///
    /// # Errors
    /// `INVALID_VALUE` when a side does not lie in memory of its kind.
    pub(crate) fn work(&self, process: &Process) -> CuResult<Work> {
        if self.is_empty() {
            return Ok(Work::Empty);
        }
        // Addresses of a captured copy may lead nowhere; only a graph that is launched needs them.
        let reach = |side: &Side| match side.kind {
            Some(true) => Ok(Place::device(side.address)),
            _ => side.place(process, self),
        };
        let (target, source) = (reach(&self.target)?, reach(&self.source)?);
        Ok(Work::Copy(if target.memory == Memory::Pageable || source.memory == Memory::Pageable {
            CopyWork::Pageable(PageableBox::new(*self, target, source))
        } else {
            CopyWork::Box(self.message(target.address, source.address))
        }))
    }

    /// Runs the copy on a stream.
    ///
    /// # Errors
    /// `INVALID_VALUE` when a side does not lie in memory of its kind, else those of capture and link.
    ///
    /// # Safety
    /// Host sides are readable or writable for the box's extent; pinned ones until the copy is done.
    pub(crate) unsafe fn run(&self, process: &Process, stream: &Stream, done: Return) -> CuResult {
        if self.is_empty() {
            return Ok(());
        }
        let live = match stream.enter(process)? {
            Arm::Live(live) => live,
            Arm::Captured(captured) => return captured.add(self.work(process)?),
        };
        let (to, from) = (self.target.place(process, self)?, self.source.place(process, self)?);
        let (target, source) = (to.address, from.address);
        let seq = match (to.memory, from.memory) {
            (Memory::Pageable, Memory::Pageable) => {
                stream.wait_all(process)?;
                process.link.sticky()?;
                self.each_row(|_, to, from| {
                    // SAFETY: both rows lie in host memory of the box's extent; `copy` allows overlap.
                    unsafe { std::ptr::copy(host(source + from), host(target + to), len(self.width)) };
                    Ok(())
                })?;
                return process.link.report();
            }
            // SAFETY: the source is host memory of the box's extent.
            (_, Memory::Pageable) => unsafe { self.gather(process, live, target, source) }?,
            (Memory::Pageable, _) => {
                // SAFETY: the target is host memory of the box's extent.
                return unsafe { self.scatter(process, live, target, source) };
            }
            _ => live.post(&self.message(target, source), &[])?,
        };
        live.end(seq, done.end_of_copy(to.memory, from.memory))
    }

    /// Groups of rows of one slice that fit a staged chunk: (slice, first row, rows). `None` when not even one fits.
    fn pieces(&self, process: &Process) -> Option<impl Iterator<Item = (u64, u64, u64)> + '_> {
        let rows = (process.link.stage_limit() as u64).checked_div(self.width).filter(|rows| *rows > 0)?;
        Some((0..self.depth).flat_map(move |z| {
            let starts = (0..self.height).step_by(usize::try_from(rows).unwrap_or(usize::MAX));
            starts.map(move |y| (z, y, rows.min(self.height - y)))
        }))
    }

    /// Pageable rows to the device, packed through staging. Returns the last record's number.
    ///
    /// # Safety
    /// `source` is readable for the box's extent.
    unsafe fn gather(&self, process: &Process, live: Live<'_>, target: u64, source: u64) -> CuResult<Seq> {
        let width = len(self.width);
        let mut last = 0;
        let Some(pieces) = self.pieces(process) else {
            self.each_row(|_, to, from| {
                // SAFETY: the row lies within the box's extent.
                let row = unsafe { std::slice::from_raw_parts(host(source + from), width) };
                last = live.copy_in(target + to, row)?;
                Ok(())
            })?;
            return Ok(last);
        };
        for (z, y, rows) in pieces {
            let mut staged = process.link.stage(width * len(rows))?;
            for (row, packed) in (y..y + rows).zip(staged.bytes_mut().chunks_exact_mut(width)) {
                let from = source + z * self.source.slice + row * self.source.pitch;
                // SAFETY: the row lies within the box's extent.
                packed.copy_from_slice(unsafe { std::slice::from_raw_parts(host(from), width) });
            }
            let to = target + z * self.target.slice + y * self.target.pitch;
            let copy = self.piece(SOURCE_IN_WINDOW, to, staged.span().offset, rows);
            last = live.post(&copy, &[])?;
            staged.commit(live.slot(), last);
        }
        Ok(last)
    }

    /// Device rows to pageable memory, packed through staging.
    ///
    /// # Safety
    /// `target` is writable for the box's extent.
    unsafe fn scatter(&self, process: &Process, live: Live<'_>, target: u64, source: u64) -> CuResult {
        let width = len(self.width);
        let Some(pieces) = self.pieces(process) else {
            return self.each_row(|_, to, from| {
                // SAFETY: the row lies within the box's extent.
                let row = unsafe { std::slice::from_raw_parts_mut(host(target + to), width) };
                live.copy_out(source + from, row)
            });
        };
        for (z, y, rows) in pieces {
            let staged = process.link.stage(width * len(rows))?;
            let from = source + z * self.source.slice + y * self.source.pitch;
            let copy = self.piece(TARGET_IN_WINDOW, staged.span().offset, from, rows);
            let seq = live.post(&copy, &[])?;
            live.wait(seq)?;
            for (row, packed) in (y..y + rows).zip(staged.bytes().chunks_exact(width)) {
                let to = target + z * self.target.slice + row * self.target.pitch;
                // SAFETY: the row lies within the box's extent.
                unsafe { std::slice::from_raw_parts_mut(host(to), width) }.copy_from_slice(packed);
            }
            staged.commit(live.slot(), seq);
        }
        process.link.report()
    }
}

fn host(address: u64) -> *mut u8 {
    std::ptr::with_exposed_provenance_mut(len(address))
}

/// A host length or address: they fit, as they came from host pointers and lengths.
fn len(bytes: u64) -> usize {
    usize::try_from(bytes).expect("host lengths fit the address space")
}
