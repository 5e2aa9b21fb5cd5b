//! The window: one shared-memory object per guest process, mapped by the guest and by its executor.
//!
//! - `address_range`: ranges of addresses in whole pages, as they are sent.
//! - [`arena`]: the addresses that device memory has, and nothing else.
//! - [`layout`]: the header page and where each area lies; checked before anything is believed.
//! - [`control`]: the words that both sides read and write, each on its own cache line.
//! - [`mapping`]: making, sealing and mapping the object.
//! - [`reply`]: how an answer lies in its slot.
//!
//! What travels through the ring is [`crate::ring`]'s business; who waits how is [`crate::wait`]'s.

mod address_range;
pub mod arena;
pub mod control;
pub mod layout;
pub mod mapping;
pub mod reply;

pub use address_range::AddressRange;
pub use arena::Arena;
pub use layout::{Layout, LayoutError, WindowConfig};
pub use mapping::{Mapping, MappingError};

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::ring::RingView;
use crate::wire::{EventSlot, Seq, Span, StreamSlot};

/// A mapped window whose layout has been checked: every area of `layout` lies within `mapping`.
#[derive(Debug)]
pub struct Window {
    mapping: Arc<Mapping>,
    layout: Layout,
    /// The guest's reservation of the addresses that device memory has.
    _arena: Option<Arena>,
}

impl Window {
    /// Joins a mapping and a layout. Who else holds the mapping can cut it off ([`Mapping::abandon`]).
    ///
    /// # Errors
    /// When the layout was made for an object of another length.
    pub fn new(mapping: impl Into<Arc<Mapping>>, layout: Layout) -> Result<Self, LayoutError> {
        let mapping = mapping.into();
        layout.check(mapping.len_bytes() as u64)?;
        Ok(Self { mapping, layout, _arena: None })
    }

    /// Guest: keeps the addresses of device memory for as long as the window is there.
    pub(crate) fn with_arena(self, arena: Arena) -> Self {
        Self { _arena: Some(arena), ..self }
    }

    /// Where everything lies.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The mapped memory.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// The shared words.
    pub fn control(&self) -> control::Control<'_> {
        control::Control::new(&self.mapping)
    }

    /// The command ring.
    pub fn ring(&self) -> RingView<'_> {
        let Span { offset, len_bytes } = self.layout.ring;
        let control = self.control();
        RingView::new(self.mapping.bytes(offset, len_bytes), len_bytes, control.ring_tail(), control.ring_head())
    }

    /// The completion word of a stream slot, if there is such a slot.
    pub(crate) fn stream_word(&self, stream: StreamSlot) -> Option<&AtomicU64> {
        let at = u64::from(stream) * layout::STREAM_SLOT_BYTES;
        (stream < self.layout.stream_slots).then(|| self.mapping.word64(self.layout.streams.offset + at))
    }

    /// The timestamp word of an event slot, if there is such a slot.
    pub(crate) fn event_word(&self, event: EventSlot) -> Option<&AtomicU64> {
        let at = u64::from(event) * layout::EVENT_SLOT_BYTES;
        (event < self.layout.event_slots).then(|| self.mapping.word64(self.layout.events.offset + at))
    }

    /// A reply slot, if there is one of that number.
    pub fn reply_slot(&self, slot: u16) -> Option<reply::ReplySlot<'_>> {
        let bytes = u64::from(self.layout.reply_slot_bytes);
        let offset = self.layout.replies.offset + u64::from(slot) * bytes;
        (u32::from(slot) < self.layout.reply_slots).then(|| reply::ReplySlot::new(&self.mapping, offset, bytes))
    }

    /// Last record retired on a stream; [`Seq::MAX`] for a slot that does not exist, so that nobody waits on it.
    pub fn completed(&self, stream: StreamSlot) -> Seq {
        self.stream_word(stream).map_or(Seq::MAX, |word| word.load(std::sync::atomic::Ordering::Acquire))
    }
}
