//! Slabs: the parts of the pinned heap that the executor has opened.
//!
//! They are opened as allocations grow into them, and kept. Only one that nobody uses any more is closed, where its pages
//! could not be given back otherwise.

use std::ops::Range;

use super::channel::{Channel, posted};
use super::stream_end::Order;
use crate::error::CuResult;
use crate::window::layout::PINNED_SLAB_BYTES;
use crate::wire::messages::{PinnedClose, PinnedOpen, PinnedOpenReply};
use crate::wire::{Message, Pod, Span};

/// All of the heap. Offsets are from its start, in bytes.
pub(super) struct Slabs {
    area: Span,
    /// What was said of each open one.
    open: Vec<Option<PinnedOpenReply>>,
}

impl Slabs {
    pub(super) fn new(area: Span) -> Self {
        let count = area.len_bytes.div_ceil(PINNED_SLAB_BYTES);
        Self { area, open: (0..count).map(|_| None).collect() }
    }

    /// The numbers of the slabs that a stretch, which is not empty, touches.
    pub(super) fn touched(stretch: &Range<u64>) -> Range<usize> {
        let number = |offset: u64| (offset / PINNED_SLAB_BYTES) as usize;
        number(stretch.start)..number(stretch.end - 1) + 1
    }

    /// Where a slab lies; the last one may be shorter than others.
    pub(super) fn stretch(&self, number: usize) -> Range<u64> {
        let start = number as u64 * PINNED_SLAB_BYTES;
        start..(start + PINNED_SLAB_BYTES).min(self.area.len_bytes)
    }

    fn span(&self, number: usize) -> Span {
        let stretch = self.stretch(number);
        Span { offset: self.area.offset + stretch.start, len_bytes: stretch.end - stretch.start }
    }

    /// Opens what of a stretch is not open.
    ///
    /// # Errors
    /// Why the executor does not, and those of the channel.
    pub(super) fn open(&mut self, channel: &Channel, stretch: &Range<u64>) -> CuResult {
        for number in Self::touched(stretch) {
            if self.open[number].is_none() {
                let message = PinnedOpen { span: self.span(number) };
                self.open[number] = Some(channel.call(&message, &[])?.reply);
            }
        }
        Ok(())
    }

    /// Closes a slab that no work uses any more.
    ///
    /// # Errors
    /// Those of the channel.
    pub(super) fn close(&mut self, channel: &Channel, number: usize) -> CuResult {
        self.open[number] = None;
        let message = PinnedClose { span: self.span(number) };
        channel.push(posted(PinnedClose::OP as u16, message.as_bytes(), &[]), Order::Unordered).map(drop)
    }

    /// Whether the device holds a slab's pages, so that none can be given back while it is open.
    pub(super) fn holds_pages(&self, number: usize) -> bool {
        self.open[number].is_some_and(|reply| reply.holds_pages != 0)
    }

    /// Where kernels find a stretch; `None` where they do not, or not in one piece.
    pub(super) fn device_address(&self, stretch: &Range<u64>) -> Option<u64> {
        let start_of_heap = |number: usize| {
            let reply = self.open[number].filter(|reply| reply.device_address != 0)?;
            Some(reply.device_address.wrapping_sub(self.stretch(number).start))
        };
        let mut numbers = Self::touched(stretch);
        let first = start_of_heap(numbers.next()?)?;
        numbers.all(|number| start_of_heap(number) == Some(first)).then(|| first.wrapping_add(stretch.start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slabs(replies: &[Option<u64>]) -> Slabs {
        let mut slabs = Slabs::new(Span { offset: 4096, len_bytes: 2 * PINNED_SLAB_BYTES + 4096 });
        let reply = |address: &u64| PinnedOpenReply { device_address: *address, holds_pages: 0 };
        slabs.open.iter_mut().zip(replies).for_each(|(open, address)| *open = address.as_ref().map(reply));
        slabs
    }

    #[test]
    fn the_last_slab_is_as_long_as_the_heap_goes() {
        let slabs = slabs(&[]);
        assert_eq!(slabs.open.len(), 3);
        assert_eq!(slabs.stretch(2), 2 * PINNED_SLAB_BYTES..2 * PINNED_SLAB_BYTES + 4096);
        assert_eq!(slabs.span(1), Span { offset: 4096 + PINNED_SLAB_BYTES, len_bytes: PINNED_SLAB_BYTES });
        assert_eq!(Slabs::touched(&(0..PINNED_SLAB_BYTES)), 0..1);
        assert_eq!(Slabs::touched(&(PINNED_SLAB_BYTES - 1..PINNED_SLAB_BYTES + 1)), 0..2);
    }

    #[test]
    fn kernels_find_a_stretch_where_its_slabs_follow_each_other() {
        const BOTH: Range<u64> = 8..PINNED_SLAB_BYTES + 8;
        let far = 1 << 40;
        assert_eq!(slabs(&[Some(far), Some(far + PINNED_SLAB_BYTES)]).device_address(&BOTH), Some(far + 8));
        assert_eq!(slabs(&[Some(far), Some(far)]).device_address(&BOTH), None);
        assert_eq!(slabs(&[Some(far), Some(0)]).device_address(&BOTH), None);
        assert_eq!(slabs(&[Some(far), None]).device_address(&BOTH), None);
        assert_eq!(slabs(&[Some(far), None]).device_address(&(8..16)), Some(far + 8));
    }
}
