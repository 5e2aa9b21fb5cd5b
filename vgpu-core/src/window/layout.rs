//! The window's header page: what it promises, and the checks that make it safe to believe.

pub use super::address_range::PAGE_BYTES;

use std::fmt;

use super::address_range::AddressRange;
use crate::wire::{Op, PROTOCOL_VERSION, Pod, SLOTS_END, Span};

/// First bytes of every window: "vGPUwin" and a format digit.
pub(crate) const WINDOW_MAGIC: u64 = u64::from_le_bytes(*b"vGPUwin1");

/// The control words' page follows the header page.
pub(crate) const CONTROL_OFFSET: u64 = PAGE_BYTES;
/// The first area follows the control page.
pub(crate) const AREAS_OFFSET: u64 = 2 * PAGE_BYTES;
/// One cache line per stream: several workers retire at once.
pub(crate) const STREAM_SLOT_BYTES: u64 = 64;
/// One word per event.
pub(crate) const EVENT_SLOT_BYTES: u64 = 8;

/// A guest opens its pinned heap in parts of this length, counted from the heap's start.
pub(crate) const PINNED_SLAB_BYTES: u64 = 64 << 20;

const STREAM_SLOTS: u32 = 4096;
const EVENT_SLOTS: u32 = 65_536;
const _: () = assert!(STREAM_SLOTS <= SLOTS_END && EVENT_SLOTS <= SLOTS_END, "executors take no such slots");
const REPLY_SLOTS: u32 = 64;
const REPLY_SLOT_BYTES: u32 = 8192;
/// No window is longer: a length over this is a lie or a mistake.
const TOTAL_MAX_BYTES: u64 = 1 << 42;

/// A number that changes when any message's opcode, name or size does: both ends must have been built alike.
pub const ABI_HASH: u64 = {
    let mut hash = Fnv::new();
    let mut index = 0;
    while index < Op::ALL.len() {
        let (code, name) = Op::ALL[index];
        hash = hash.add(&code.to_le_bytes()).add(name.as_bytes());
        index += 1;
    }
    index = 0;
    while index < Op::SIZES.len() {
        let (code, message_bytes, reply_bytes) = Op::SIZES[index];
        hash = hash.add(&code.to_le_bytes());
        hash = hash.add(&(message_bytes as u64).to_le_bytes()).add(&(reply_bytes as u64).to_le_bytes());
        index += 1;
    }
    hash.add(&(size_of::<Layout>() as u64).to_le_bytes()).0
};

struct Fnv(u64);

impl Fnv {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    const fn add(mut self, bytes: &[u8]) -> Self {
        let mut index = 0;
        while index < bytes.len() {
            self.0 = (self.0 ^ bytes[index] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            index += 1;
        }
        self
    }
}

/// How long the areas shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowConfig {
    /// Command ring: a power of two, at least four of the longest records.
    pub ring_bytes: u64,
    /// Staging area: whole pages.
    pub staging_bytes: u64,
    /// Pinned heap: whole pages. It costs address space only until it is touched.
    pub pinned_bytes: u64,
}

impl Default for WindowConfig {
    fn default() -> Self {
        Self { ring_bytes: 1 << 20, staging_bytes: 64 << 20, pinned_bytes: 16 << 30 }
    }
}

impl WindowConfig {
    /// A window that fills `total_bytes`, whole pages, exactly: a quarter for staging (64 MiB at most), and what is left for
    /// the pinned heap. [`Layout::new`] refuses the result when that is too little.
    pub(crate) fn fitting(total_bytes: u64) -> Self {
        let ring_bytes = 1 << 20;
        let slots_bytes = u64::from(STREAM_SLOTS) * STREAM_SLOT_BYTES
            + u64::from(EVENT_SLOTS) * EVENT_SLOT_BYTES
            + u64::from(REPLY_SLOTS) * u64::from(REPLY_SLOT_BYTES);
        let staging_bytes = (total_bytes / 4 / PAGE_BYTES * PAGE_BYTES).min(64 << 20);
        let pinned_bytes = total_bytes.saturating_sub(AREAS_OFFSET + ring_bytes + slots_bytes + staging_bytes);
        Self { ring_bytes, staging_bytes, pinned_bytes }
    }
}

/// The header page's contents.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// [`WINDOW_MAGIC`].
    pub magic: u64,
    /// [`PROTOCOL_VERSION`].
    pub protocol: u32,
    /// Size of this header.
    pub header_bytes: u32,
    /// [`ABI_HASH`] of the side that made the window.
    pub abi_hash: u64,
    /// Length of the whole object.
    pub total_bytes: u64,
    /// Where the executor has mapped the window.
    pub host_address: u64,
    /// The executor's process, in its own namespace: for messages only.
    pub executor_pid: u32,
    /// Number of completion words.
    pub stream_slots: u32,
    /// Number of timestamp words.
    pub event_slots: u32,
    /// Number of reply slots.
    pub reply_slots: u32,
    /// Length of each reply slot.
    pub reply_slot_bytes: u32,
    /// Zero.
    pub reserved: u32,
    /// Command ring.
    pub ring: Span,
    /// Completion words.
    pub streams: Span,
    /// Timestamp words.
    pub events: Span,
    /// Reply slots.
    pub replies: Span,
    /// Staging area.
    pub staging: Span,
    /// Pinned heap.
    pub pinned: Span,
    /// Where all device memory lies, in the executor's process: one of the ranges that the guest has proposed. Empty where
    /// there is none.
    pub device_arena: AddressRange,
}

// SAFETY: integers only; u64, u32 × 2, u64 × 3, u32 × 6 and fourteen u64 leave no gap.
unsafe impl Pod for Layout {}
const _: () = assert!(size_of::<Layout>() == 176, "padding in the header");

/// Why a header is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutError(String);

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the window's header is not usable: {}", self.0)
    }
}

impl std::error::Error for LayoutError {}

fn refuse<T>(reason: impl Into<String>) -> Result<T, LayoutError> {
    Err(LayoutError(reason.into()))
}

impl Layout {
    /// Lays out a window of those areas.
    ///
    /// # Errors
    /// When an area's length breaks its rule, or all of them together are too long.
    pub fn new(config: &WindowConfig) -> Result<Self, LayoutError> {
        let mut end = AREAS_OFFSET;
        let mut area = |len_bytes: u64| {
            let span = Span { offset: end, len_bytes };
            end = end.saturating_add(len_bytes);
            span
        };
        let mut layout = Self {
            magic: WINDOW_MAGIC,
            protocol: PROTOCOL_VERSION,
            header_bytes: size_of::<Self>() as u32,
            abi_hash: ABI_HASH,
            executor_pid: std::process::id(),
            stream_slots: STREAM_SLOTS,
            event_slots: EVENT_SLOTS,
            reply_slots: REPLY_SLOTS,
            reply_slot_bytes: REPLY_SLOT_BYTES,
            ring: area(config.ring_bytes),
            streams: area(u64::from(STREAM_SLOTS) * STREAM_SLOT_BYTES),
            events: area(u64::from(EVENT_SLOTS) * EVENT_SLOT_BYTES),
            replies: area(u64::from(REPLY_SLOTS) * u64::from(REPLY_SLOT_BYTES)),
            staging: area(config.staging_bytes),
            pinned: area(config.pinned_bytes),
            ..Self::default()
        };
        layout.total_bytes = end;
        layout.check(end)?;
        Ok(layout)
    }

    /// Checks every field against the object's real length. Nothing of a header is used before this has passed.
    ///
    /// # Errors
    /// The first field that does not hold, in words.
    pub fn check(&self, object_bytes: u64) -> Result<(), LayoutError> {
        if self.magic != WINDOW_MAGIC {
            return refuse(format!("it starts with {:#x}, not with a window's mark", self.magic));
        }
        if self.protocol != PROTOCOL_VERSION {
            return refuse(format!("protocol {} where this side speaks {PROTOCOL_VERSION}", self.protocol));
        }
        if self.header_bytes as usize != size_of::<Self>() || self.abi_hash != ABI_HASH {
            return refuse("the two sides were built from different message tables");
        }
        if self.total_bytes != object_bytes || object_bytes > TOTAL_MAX_BYTES {
            return refuse(format!("it says {} bytes, the object has {object_bytes}", self.total_bytes));
        }
        if self.device_arena != AddressRange::default() && !self.device_arena.is_sound() {
            return refuse(format!("device memory in {:x?}", self.device_arena));
        }
        self.check_areas()?;
        self.check_slots()
    }

    fn check_areas(&self) -> Result<(), LayoutError> {
        let areas = [
            ("ring", self.ring),
            ("stream words", self.streams),
            ("event words", self.events),
            ("reply slots", self.replies),
            ("staging area", self.staging),
            ("pinned heap", self.pinned),
        ];
        let mut free_from = AREAS_OFFSET;
        for (name, Span { offset, len_bytes }) in areas {
            let Some(end) = offset.checked_add(len_bytes).filter(|end| *end <= self.total_bytes) else {
                return refuse(format!("the {name} ends outside the object"));
            };
            if offset < free_from || offset % PAGE_BYTES != 0 || len_bytes % PAGE_BYTES != 0 || len_bytes == 0 {
                return refuse(format!("the {name} overlaps another area, is empty or is not page-aligned"));
            }
            free_from = end;
        }
        Ok(())
    }

    fn check_slots(&self) -> Result<(), LayoutError> {
        let ring_min_bytes = 4 * crate::wire::RECORD_MAX_BYTES as u64;
        if !self.ring.len_bytes.is_power_of_two() || self.ring.len_bytes < ring_min_bytes {
            return refuse(format!("a ring of {} bytes", self.ring.len_bytes));
        }
        if u64::from(self.stream_slots) * STREAM_SLOT_BYTES != self.streams.len_bytes
            || u64::from(self.event_slots) * EVENT_SLOT_BYTES != self.events.len_bytes
        {
            return refuse("stream or event slots do not fill their area");
        }
        let slot_bytes = u64::from(self.reply_slot_bytes);
        if slot_bytes < 2048
            || slot_bytes % 64 != 0
            || self.reply_slots == 0
            || u64::from(self.reply_slots).checked_mul(slot_bytes) != Some(self.replies.len_bytes)
        {
            return refuse("reply slots do not fill their area");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Layout {
        let config = WindowConfig { staging_bytes: 1 << 20, pinned_bytes: 1 << 20, ..Default::default() };
        Layout::new(&config).expect("a sound configuration")
    }

    #[test]
    fn a_fresh_layout_passes_its_own_check() {
        let layout = small();
        assert_eq!(layout.check(layout.total_bytes), Ok(()));
    }

    #[test]
    fn every_lie_in_a_header_is_found() {
        let honest = small();
        let total = honest.total_bytes;
        type Lie = (&'static str, Box<dyn Fn(&mut Layout)>);
        let lies: Vec<Lie> = vec![
            ("magic", Box::new(|l| l.magic ^= 1)),
            ("protocol", Box::new(|l| l.protocol += 1)),
            ("header size", Box::new(|l| l.header_bytes = 64)),
            ("abi hash", Box::new(|l| l.abi_hash ^= 1)),
            ("total", Box::new(|l| l.total_bytes += 4096)),
            ("area past the end", Box::new(|l| l.pinned.len_bytes += 4096)),
            ("area over the header", Box::new(|l| l.ring.offset = 0)),
            ("length overflow", Box::new(|l| l.staging.len_bytes = u64::MAX - 4095)),
            ("offset overflow", Box::new(|l| l.pinned.offset = u64::MAX - 4095)),
            ("overlap", Box::new(|l| l.events.offset = l.streams.offset)),
            ("odd offset", Box::new(|l| l.staging.offset += 8)),
            ("ring not a power of two", Box::new(|l| l.ring.len_bytes -= 4096)),
            ("too many streams", Box::new(|l| l.stream_slots = u32::MAX)),
            ("too many events", Box::new(|l| l.event_slots += 1)),
            ("reply slots", Box::new(|l| l.reply_slots = u32::MAX)),
            ("tiny reply slots", Box::new(|l| l.reply_slot_bytes = 64)),
            ("odd arena", Box::new(|l| l.device_arena = AddressRange { address: 4095, len_bytes: 4096 })),
            ("endless arena", Box::new(|l| l.device_arena = AddressRange { address: 4096, len_bytes: !4095 })),
        ];
        for (name, lie) in lies {
            let mut layout = honest;
            lie(&mut layout);
            assert!(layout.check(total).is_err(), "{name} went unnoticed");
        }
        assert!(honest.check(total - 4096).is_err());
    }

    #[test]
    fn a_fitting_window_fills_its_room() {
        for total_bytes in [8 << 20, 100 << 20, (255 << 20) + 4096, 16 << 30] {
            let layout = Layout::new(&WindowConfig::fitting(total_bytes)).expect("room enough");
            assert_eq!(layout.total_bytes, total_bytes);
        }
        assert!(Layout::new(&WindowConfig::fitting(1 << 20)).is_err());
        assert!(Layout::new(&WindowConfig::fitting(0)).is_err());
    }

    #[test]
    fn absurd_configurations_are_refused() {
        let config = WindowConfig { pinned_bytes: !4095, ..Default::default() };
        assert!(Layout::new(&config).is_err());
        assert!(Layout::new(&WindowConfig { ring_bytes: 3 << 20, ..Default::default() }).is_err());
    }
}
