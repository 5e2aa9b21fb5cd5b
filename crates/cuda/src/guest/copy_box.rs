//! Two- and three-dimensional copies: on a stream, or as a node; between any two kinds of memory.

use vgpu_core::CuResult;
use vgpu_core::wire::Seq;
use vgpu_core::wire::messages::{SOURCE_IN_WINDOW, TARGET_IN_WINDOW};

use super::box3::{Box3, BoxMessage, Piece, Side};
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
            _ => self.message(target, source).post(live)?,
        };
        live.end(seq, done.end_of_copy(to.memory, from.memory))
    }

    /// Groups of rows of one slice that fit a staged chunk. `None` when not even one fits and rows need not be cut.
    fn pieces(&self, process: &Process) -> Option<impl Iterator<Item = Piece> + '_> {
        let limit = process.link.stage_limit() as u64;
        let fitting = limit.checked_div(self.width)?;
        if fitting == 0 && !self.has_array() {
            return None;
        }
        let (width, rows) = (self.width.min(limit), fitting.max(1));
        let step = |len: u64| usize::try_from(len).unwrap_or(usize::MAX);
        Some((0..self.depth).flat_map(move |z| {
            (0..self.height).step_by(step(rows)).flat_map(move |y| {
                let rows = rows.min(self.height - y);
                let starts = (0..self.width).step_by(step(width));
                starts.map(move |x| Piece { x, width: width.min(self.width - x), y, rows, z })
            })
        }))
    }

    /// Pageable rows to the device, packed through staging. Returns the last record's number.
    ///
    /// # Safety
    /// `source` is readable for the box's extent.
    unsafe fn gather(&self, process: &Process, live: Live<'_>, target: u64, source: u64) -> CuResult<Seq> {
        let mut last = 0;
        let Some(pieces) = self.pieces(process) else {
            let width = len(self.width);
            self.each_row(|_, to, from| {
                // SAFETY: the row lies within the box's extent.
                let row = unsafe { std::slice::from_raw_parts(host(source + from), width) };
                last = live.copy_in(target + to, row)?;
                Ok(())
            })?;
            return Ok(last);
        };
        for piece in pieces {
            let width = len(piece.width);
            let mut staged = process.link.stage(width * len(piece.rows))?;
            for (row, packed) in (0..piece.rows).zip(staged.bytes_mut().chunks_exact_mut(width)) {
                let from = self.source.piece_start(source, &piece) + row * self.source.pitch;
                // SAFETY: the row lies within the box's extent.
                packed.copy_from_slice(unsafe { std::slice::from_raw_parts(host(from), width) });
            }
            let to = self.target.piece_start(target, &piece);
            last = self.piece(SOURCE_IN_WINDOW, to, staged.span().offset, &piece).post(live)?;
            staged.commit(live.slot(), last);
        }
        Ok(last)
    }

    /// Device rows to pageable memory, packed through staging.
    ///
    /// # Safety
    /// `target` is writable for the box's extent.
    unsafe fn scatter(&self, process: &Process, live: Live<'_>, target: u64, source: u64) -> CuResult {
        let Some(pieces) = self.pieces(process) else {
            let width = len(self.width);
            return self.each_row(|_, to, from| {
                // SAFETY: the row lies within the box's extent.
                let row = unsafe { std::slice::from_raw_parts_mut(host(target + to), width) };
                live.copy_out(source + from, row)
            });
        };
        for piece in pieces {
            let width = len(piece.width);
            let staged = process.link.stage(width * len(piece.rows))?;
            let from = self.source.piece_start(source, &piece);
            let seq = self.piece(TARGET_IN_WINDOW, staged.span().offset, from, &piece).post(live)?;
            live.wait(seq)?;
            for (row, packed) in (0..piece.rows).zip(staged.bytes().chunks_exact(width)) {
                let to = self.target.piece_start(target, &piece) + row * self.target.pitch;
                // SAFETY: the row lies within the box's extent.
                unsafe { std::slice::from_raw_parts_mut(host(to), width) }.copy_from_slice(packed);
            }
            staged.commit(live.slot(), seq);
        }
        process.link.report()
    }
}

impl BoxMessage {
    /// Queues it; returns the record's number.
    fn post(&self, live: Live<'_>) -> CuResult<Seq> {
        match self {
            Self::Rows(copy) => live.post(copy, &[]),
            Self::Arrays(copy) => live.post(copy, &[]),
        }
    }
}

fn host(address: u64) -> *mut u8 {
    std::ptr::with_exposed_provenance_mut(len(address))
}

/// A host length or address: they fit, as they came from host pointers and lengths.
fn len(bytes: u64) -> usize {
    usize::try_from(bytes).expect("host lengths fit the address space")
}
