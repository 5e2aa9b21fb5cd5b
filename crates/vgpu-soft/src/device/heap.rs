//! Device memory: one reserved address range, within the arena that the guest keeps free, cut into 512-byte aligned allocations.
//!
//! Freed memory goes back to the system at once and reads as zero when it is given out again.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;

use vgpu_core::host::{FreeRanges, MemoryLedger};
use vgpu_core::wire::ALLOCATION_ALIGN_BYTES;
use vgpu_core::{CuError, CuResult};

use crate::allocations::{Allocation, Allocations};
use crate::memory::MemoryMap;
use crate::textures::Textures;

/// Memory becomes accessible in steps of this size, so that allocations cost few system calls and mappings.
const COMMIT_BYTES: u64 = 2 << 20;
/// Allocations from this size on ask for huge pages.
const HUGE_BYTES: u64 = 4 << 20;
/// Where there is no arena to say how many addresses there are.
const ADDRESSES_PER_BYTE: u64 = 16;
const PAGE_BYTES: u64 = 4096;
/// Allocations from this size on begin at a page.
const LARGE_BYTES: u64 = 1 << 20;

/// An allocation that programs may use.
#[derive(Clone, Copy, Debug)]
struct Live {
    len_bytes: u64,
    device: usize,
    /// The context that takes it with it; `None` for modules' variables.
    context: Option<u32>,
    /// An array lies in it: no address leads there.
    is_hidden: bool,
}

/// The allocator. All addresses are this process's own.
pub(super) struct Heap {
    reservation: Reservation,
    /// Who grants memory of each device.
    ledgers: Vec<Arc<dyn MemoryLedger>>,
    /// Bytes from the range's start that are accessible.
    committed_bytes: u64,
    live: BTreeMap<u64, Live>,
    /// Given back by the program, but maybe still in use by queued work.
    dying: HashMap<u64, Live>,
    free: FreeRanges,
    /// Ranges outside the heap that kernels may touch as well.
    foreign: Vec<Range<u64>>,
    /// Kernels reach an allocation up to the next multiple of it.
    granule_bytes: u64,
    textures: Arc<Textures>,
    /// What is known of what each device reaches.
    maps: Vec<Option<Arc<MemoryMap>>>,
}

impl Heap {
    /// Takes addresses for `capacity_bytes` of memory, of a device for each ledger, from `arena`, which is reserved, or anywhere
    /// if that is empty. `foreign` ranges become part of every [`Heap::map`].
    ///
    /// # Errors
    /// What the system says about the reservation.
    pub(super) fn new(
        capacity_bytes: u64,
        arena: Range<u64>,
        ledgers: Vec<Arc<dyn MemoryLedger>>,
        foreign: Vec<Range<u64>>,
    ) -> std::io::Result<Self> {
        // Addresses cost nothing: with many more of them than bytes, what the ledger calls free is there in one piece, however
        // the memory in use is scattered, as it is on a GPU with page tables of its own.
        let len_bytes = match arena.is_empty() {
            true => capacity_bytes.saturating_mul(ADDRESSES_PER_BYTE).next_multiple_of(COMMIT_BYTES).max(COMMIT_BYTES),
            false => arena.end - arena.start,
        };
        let reservation = Reservation::new(arena, len_bytes)?;
        let (start, len_bytes) = (reservation.start(), reservation.len_bytes());
        if len_bytes < capacity_bytes {
            log::warn!("the guest has addresses for {len_bytes} of the device's {capacity_bytes} bytes only");
        }
        Ok(Self {
            reservation,
            maps: vec![None; ledgers.len()],
            ledgers,
            committed_bytes: 0,
            live: BTreeMap::new(),
            dying: HashMap::new(),
            free: FreeRanges::of(start..start + len_bytes),
            foreign,
            granule_bytes: ALLOCATION_ALIGN_BYTES,
            textures: Arc::default(),
        })
    }

    /// Keeps kernels to the bytes that were asked for, instead of to the memory that was given for them as on a GPU.
    pub(super) fn with_exact_bounds(mut self, are_exact: bool) -> Self {
        self.granule_bytes = if are_exact { 1 } else { ALLOCATION_ALIGN_BYTES };
        self
    }

    /// Reserves `len_bytes` on a device, to end with `context` if that is given. The memory is zero.
    ///
    /// # Errors
    /// `INVALID_VALUE` for no bytes, `OUT_OF_MEMORY` when the ledger or the address range has no room.
    pub(super) fn alloc(&mut self, len_bytes: u64, device: usize, context: Option<u32>) -> CuResult<u64> {
        if len_bytes == 0 {
            return Err(CuError::INVALID_VALUE);
        }
        let rounded = len_bytes.checked_next_multiple_of(ALLOCATION_ALIGN_BYTES).ok_or(CuError::OUT_OF_MEMORY)?;
        let start = self.place(rounded).ok_or(CuError::OUT_OF_MEMORY)?;
        if !self.ledgers[device].reserve(rounded) {
            return Err(CuError::OUT_OF_MEMORY);
        }
        if let Err(error) = self.commit(start + rounded) {
            log::error!("device memory: the system refuses {rounded} more bytes: {error}");
            self.ledgers[device].release(rounded);
            return Err(CuError::OUT_OF_MEMORY);
        }
        self.free.take_at(start, rounded);
        if rounded >= HUGE_BYTES {
            self.reservation.prefer_huge_pages(start, rounded);
        }
        self.live.insert(start, Live { len_bytes, device, context, is_hidden: false });
        self.maps.fill(None);
        Ok(start)
    }

    /// Where so many bytes are free. Large ones begin at a page where there is room for that, as a driver's do: programs lay out by
    /// pages what is in them.
    fn place(&self, len_bytes: u64) -> Option<u64> {
        let aligned = (len_bytes >= LARGE_BYTES).then(|| self.free.find(len_bytes.checked_add(PAGE_BYTES)?)).flatten();
        aligned.map(|start| start.next_multiple_of(PAGE_BYTES)).or_else(|| self.free.find(len_bytes))
    }

    /// Takes an allocation from the program. Its memory stays until [`Heap::reclaim`].
    ///
    /// # Errors
    /// `INVALID_VALUE` when `address` is not the start of a live allocation of a context.
    pub(super) fn retire(&mut self, address: u64) -> CuResult {
        match self.live.get(&address) {
            Some(Live { context: Some(_), is_hidden: false, .. }) => {
                self.set_dying(address);
                Ok(())
            }
            _ => Err(CuError::INVALID_VALUE),
        }
    }

    /// Gives back an allocation that belongs to no context.
    pub(super) fn release(&mut self, address: u64) {
        self.set_dying(address);
        self.reclaim(address);
    }

    /// Makes an allocation the memory of an array, which no address leads to.
    pub(super) fn hide(&mut self, address: u64) {
        if let Some(live) = self.live.get_mut(&address) {
            live.is_hidden = true;
            self.maps.fill(None);
        }
    }

    /// Takes an array's memory from the program. It stays until [`Heap::reclaim`].
    pub(super) fn retire_array(&mut self, address: u64) {
        self.set_dying(address);
    }

    /// The arrays, textures and surfaces that there are.
    pub(super) fn textures(&self) -> &Textures {
        &self.textures
    }

    /// Changes them for work that is queued from now on.
    pub(super) fn change_textures<R>(&mut self, change: impl FnOnce(&mut Textures) -> R) -> R {
        self.maps.fill(None);
        change(Arc::make_mut(&mut self.textures))
    }

    fn set_dying(&mut self, address: u64) {
        if let Some(live) = self.live.remove(&address) {
            self.dying.insert(address, live);
            self.maps.fill(None);
        }
    }

    /// Takes every allocation of a context from the program; the addresses are to be reclaimed.
    pub(super) fn retire_context(&mut self, context: u32) -> Vec<u64> {
        let addresses: Vec<u64> =
            self.live.iter().filter(|(_, live)| live.context == Some(context)).map(|(&address, _)| address).collect();
        for &address in &addresses {
            self.set_dying(address);
        }
        addresses
    }

    /// Gives a retired allocation's memory back to the system. Does nothing for other addresses.
    pub(super) fn reclaim(&mut self, address: u64) {
        let Some(Live { len_bytes, device, .. }) = self.dying.remove(&address) else {
            return;
        };
        let rounded = len_bytes.next_multiple_of(ALLOCATION_ALIGN_BYTES);
        self.reservation.clear(address, rounded);
        self.ledgers[device].release(rounded);
        self.free.give(address, rounded);
    }

    /// Lets kernels that are launched from now on touch memory that is not ours as well.
    ///
    /// # Errors
    /// `INVALID_VALUE` for no bytes, and where they may touch some of it already.
    pub(super) fn open_foreign(&mut self, range: Range<u64>) -> CuResult {
        let own = self.reservation.start()..self.reservation.start() + self.reservation.len_bytes();
        let overlaps = |known: &Range<u64>| known.start < range.end && range.start < known.end;
        if range.is_empty() || overlaps(&own) || self.foreign.iter().any(overlaps) {
            return Err(CuError::INVALID_VALUE);
        }
        self.foreign.push(range);
        self.maps.fill(None);
        Ok(())
    }

    /// Ends that, for a range that was opened.
    ///
    /// # Errors
    /// `INVALID_VALUE` when none starts at `address`.
    pub(super) fn close_foreign(&mut self, address: u64) -> CuResult {
        let found = self.foreign.iter().position(|range| range.start == address);
        self.foreign.swap_remove(found.ok_or(CuError::INVALID_VALUE)?);
        self.maps.fill(None);
        Ok(())
    }

    /// What work of a device that is queued now may touch.
    pub(super) fn map(&mut self, device: usize) -> Arc<MemoryMap> {
        if let Some(map) = &self.maps[device] {
            return map.clone();
        }
        let of = |is_own: bool| {
            let is_reached = move |live: &Live| (live.device == device) == is_own && !live.is_hidden;
            let live = self.live.iter().filter(move |(_, live)| is_reached(live));
            live.map(|(&start, live)| Allocation {
                start,
                end: start + live.len_bytes,
                reach: start + live.len_bytes.next_multiple_of(self.granule_bytes),
            })
        };
        let own = of(true).chain(self.foreign.iter().cloned().map(Allocation::from)).collect();
        let allocations = Allocations::new(own, of(false).collect());
        let map = Arc::new(MemoryMap::with_textures(allocations, self.textures.clone()));
        self.maps[device] = Some(map.clone());
        map
    }

    /// A device's free and total bytes. What is free can be had, in one piece.
    pub(super) fn free_and_total(&self, device: usize) -> (u64, u64) {
        let (free_bytes, total_bytes) = self.ledgers[device].free_and_total();
        (free_bytes.min(self.free.longest_bytes()), total_bytes)
    }

    /// Whether memory is waiting for queued work before it is free again.
    pub(super) fn has_dying(&self) -> bool {
        !self.dying.is_empty()
    }

    fn commit(&mut self, end: u64) -> std::io::Result<()> {
        let wanted = (end - self.reservation.start()).next_multiple_of(COMMIT_BYTES).min(self.reservation.len_bytes());
        if wanted > self.committed_bytes {
            self.reservation.make_accessible(self.committed_bytes, wanted - self.committed_bytes)?;
            self.committed_bytes = wanted;
        }
        Ok(())
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        for live in self.live.values().chain(self.dying.values()) {
            self.ledgers[live.device].release(live.len_bytes.next_multiple_of(ALLOCATION_ALIGN_BYTES));
        }
    }
}

/// Anonymous address space, inaccessible until asked for.
struct Reservation {
    start: NonNull<libc::c_void>,
    len_bytes: usize,
    /// It is part of an arena, which stays.
    is_lent: bool,
}

// SAFETY: the range belongs to no thread; all accesses to the struct go through `&mut Heap` or plain reads of its fields.
unsafe impl Send for Reservation {}

impl Reservation {
    /// The first `len_bytes` of `arena`, or as many as it has; anywhere if it is empty.
    fn new(arena: Range<u64>, len_bytes: u64) -> std::io::Result<Self> {
        let is_lent = !arena.is_empty();
        let len_bytes = if is_lent { len_bytes.min(arena.end - arena.start) } else { len_bytes };
        let number = |value: u64| usize::try_from(value).map_err(std::io::Error::other);
        let (len_bytes, address) = (number(len_bytes)?, number(arena.start)?);
        let fixed = if is_lent { libc::MAP_FIXED } else { 0 };
        let start =
            reserve(std::ptr::with_exposed_provenance_mut(if is_lent { address } else { 0 }), len_bytes, fixed)?;
        Ok(Self { start, len_bytes, is_lent })
    }

    fn start(&self) -> u64 {
        self.start.as_ptr().expose_provenance() as u64
    }

    fn len_bytes(&self) -> u64 {
        self.len_bytes as u64
    }

    fn at(&self, address: u64) -> *mut libc::c_void {
        self.start.as_ptr().wrapping_byte_add((address - self.start()) as usize)
    }

    fn make_accessible(&self, offset: u64, len_bytes: u64) -> std::io::Result<()> {
        let at = self.at(self.start() + offset);
        // SAFETY: the heap asks for offsets and lengths within the range, which this struct owns.
        let result = unsafe { libc::mprotect(at, len_bytes as usize, libc::PROT_READ | libc::PROT_WRITE) };
        if result == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
    }

    fn prefer_huge_pages(&self, address: u64, len_bytes: u64) {
        let pages = whole_pages(address, len_bytes);
        if !pages.is_empty() {
            // SAFETY: the pages lie within an allocation of this range; the call is advice and changes no contents.
            unsafe { libc::madvise(self.at(pages.start), (pages.end - pages.start) as usize, libc::MADV_HUGEPAGE) };
        }
    }

    /// Makes an accessible stretch read as zero and gives its whole pages back.
    fn clear(&self, address: u64, len_bytes: u64) {
        let end = address + len_bytes;
        let pages = whole_pages(address, len_bytes);
        let (head, tail) =
            if pages.is_empty() { (address..end, end..end) } else { (address..pages.start, pages.end..end) };
        for edge in [head, tail] {
            // SAFETY: the edge lies within an allocation that nobody uses any more, and is accessible.
            unsafe { std::ptr::write_bytes(self.at(edge.start).cast::<u8>(), 0, (edge.end - edge.start) as usize) };
        }
        if pages.is_empty() {
            return;
        }
        let (at, len) = (self.at(pages.start), (pages.end - pages.start) as usize);
        // SAFETY: the pages lie wholly within an allocation that nobody uses any more.
        let result = unsafe { libc::madvise(at, len, libc::MADV_DONTNEED) };
        if result != 0 {
            // SAFETY: as above; the pages are accessible.
            unsafe { std::ptr::write_bytes(at.cast::<u8>(), 0, len) };
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.is_lent {
            // Its pages go, its addresses stay the arena's. If that fails, so would everything else.
            let _ = reserve(self.start.as_ptr(), self.len_bytes, libc::MAP_FIXED);
        } else {
            // SAFETY: the range was mapped by `new` and nothing uses it any more once its heap is dropped.
            unsafe { libc::munmap(self.start.as_ptr(), self.len_bytes) };
        }
    }
}

/// Maps inaccessible addresses: a new range, or with `MAP_FIXED` over a reserved one that nobody uses.
fn reserve(at: *mut libc::c_void, len_bytes: usize, fixed: libc::c_int) -> std::io::Result<NonNull<libc::c_void>> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | fixed;
    // SAFETY: where an address is given it is that of a reserved range, which holds nothing that is still in use.
    let start = unsafe { libc::mmap(at, len_bytes, libc::PROT_NONE, flags, -1, 0) };
    match NonNull::new(start) {
        Some(start) if start.as_ptr() != libc::MAP_FAILED => Ok(start),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// The pages that lie wholly within a stretch; empty when there are none.
fn whole_pages(address: u64, len_bytes: u64) -> Range<u64> {
    let start = address.next_multiple_of(PAGE_BYTES);
    let end = (address + len_bytes) / PAGE_BYTES * PAGE_BYTES;
    if end > start { start..end } else { start..start }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vgpu_core::host::Quota;
    use vgpu_core::window::Arena;

    fn heap(total_bytes: u64) -> Heap {
        Heap::new(total_bytes, 0..0, vec![Arc::new(Quota::new(total_bytes))], Vec::new()).unwrap()
    }

    fn bytes(address: u64, len: usize) -> &'static mut [u8] {
        // SAFETY: the tests pass stretches of live allocations only, one view at a time.
        unsafe { std::slice::from_raw_parts_mut(std::ptr::with_exposed_provenance_mut(address as usize), len) }
    }

    #[test]
    fn allocating_zero_bytes_is_invalid() {
        assert_eq!(heap(1 << 20).alloc(0, 0, Some(1)), Err(CuError::INVALID_VALUE));
    }

    #[test]
    fn allocations_are_aligned_and_do_not_overlap() {
        let mut heap = heap(1 << 20);
        let first = heap.alloc(1, 0, Some(1)).unwrap();
        let second = heap.alloc(513, 0, Some(1)).unwrap();
        assert_eq!((first % 512, second % 512), (0, 0));
        assert!(second >= first + 512);
    }

    #[test]
    fn large_allocations_begin_at_pages_where_there_is_room() {
        let mut heap = heap(4 << 20);
        heap.alloc(1, 0, Some(1)).unwrap();
        let large = heap.alloc(1 << 20, 0, Some(1)).unwrap();
        assert_eq!(large % 4096, 0);
        let small = heap.alloc(512, 0, Some(1)).unwrap();
        assert!(small < large, "what was left out is given to others");
    }

    #[test]
    fn memory_over_the_total_is_refused_and_free_memory_can_be_used_again() {
        let mut heap = heap(1 << 20);
        let all = heap.alloc(1 << 20, 0, Some(1)).unwrap();
        assert_eq!(heap.alloc(1, 0, Some(1)), Err(CuError::OUT_OF_MEMORY));
        heap.retire(all).unwrap();
        assert_eq!(heap.alloc(1, 0, Some(1)), Err(CuError::OUT_OF_MEMORY), "queued work may still use it");
        heap.reclaim(all);
        assert_eq!(heap.free_and_total(0), (1 << 20, 1 << 20));
        heap.alloc(1 << 20, 0, Some(1)).unwrap();
    }

    #[test]
    fn an_absurd_size_is_out_of_memory() {
        assert_eq!(heap(1 << 20).alloc(u64::MAX, 0, Some(1)), Err(CuError::OUT_OF_MEMORY));
        assert_eq!(heap(1 << 20).alloc(u64::MAX - 1024, 0, Some(1)), Err(CuError::OUT_OF_MEMORY));
    }

    #[test]
    fn freeing_twice_or_in_the_middle_is_invalid() {
        let mut heap = heap(1 << 20);
        let address = heap.alloc(4096, 0, Some(1)).unwrap();
        assert_eq!(heap.retire(address + 512), Err(CuError::INVALID_VALUE));
        heap.retire(address).unwrap();
        assert_eq!(heap.retire(address), Err(CuError::INVALID_VALUE));
    }

    #[test]
    fn a_program_cannot_free_what_belongs_to_a_module() {
        let mut heap = heap(1 << 20);
        let address = heap.alloc(4096, 0, None).unwrap();
        assert_eq!(heap.retire(address), Err(CuError::INVALID_VALUE));
        heap.release(address);
        assert_eq!(heap.free_and_total(0).0, 1 << 20);
    }

    #[test]
    fn memory_that_comes_back_reads_as_zero() {
        let mut heap = heap(1 << 20);
        let address = heap.alloc(20_000, 0, Some(1)).unwrap();
        bytes(address, 20_000).fill(7);
        heap.retire(address).unwrap();
        heap.reclaim(address);
        let again = heap.alloc(20_000, 0, Some(1)).unwrap();
        assert_eq!(again, address);
        assert!(bytes(again, 20_000).iter().all(|&byte| byte == 0));
    }

    #[test]
    fn neighbours_join_when_they_are_free() {
        let mut heap = heap(1 << 20);
        let parts: Vec<u64> = (0..4).map(|_| heap.alloc(1 << 18, 0, Some(1)).unwrap()).collect();
        for index in [0, 2, 1, 3] {
            heap.retire(parts[index]).unwrap();
            heap.reclaim(parts[index]);
        }
        assert_eq!(heap.alloc(1 << 20, 0, Some(1)), Ok(parts[0]));
    }

    #[test]
    fn the_map_follows_allocations_and_holds_foreign_ranges() {
        let mut heap =
            Heap::new(1 << 20, 0..0, vec![Arc::new(Quota::new(1 << 20))], Vec::from([16..32, 64..96])).unwrap();
        let address = heap.alloc(100, 0, Some(1)).unwrap();
        let map = heap.map(0);
        assert!(map.admits(address, 100) && map.admits(16, 16) && !map.admits(16, 17));
        heap.retire(address).unwrap();
        assert!(!heap.map(0).admits(address, 1));
        assert!(map.admits(address, 1), "a snapshot does not change");
    }

    #[test]
    fn kernels_reach_whole_granules_unless_bounds_are_exact() {
        let address_and_map = |are_exact| {
            let mut heap = heap(1 << 20).with_exact_bounds(are_exact);
            (heap.alloc(40, 0, Some(1)).unwrap(), heap.map(0))
        };
        let (address, map) = address_and_map(false);
        assert!(map.admits(address, 512) && !map.admits(address, 513));
        assert!(map.admits_copy(address, 40) && !map.admits_copy(address, 41));
        let (address, map) = address_and_map(true);
        assert!(map.admits(address, 40) && !map.admits(address, 41));
    }

    #[test]
    fn foreign_ranges_come_and_go_and_never_overlap() {
        let mut heap =
            Heap::new(1 << 20, 0..0, vec![Arc::new(Quota::new(1 << 20))], Vec::from([16..32, 64..96])).unwrap();
        let own = heap.alloc(512, 0, Some(1)).unwrap();
        for wrong in [70..71, 0..65, 95..100, 60..200, 128..128, own..own + 1] {
            assert_eq!(heap.open_foreign(wrong.clone()), Err(CuError::INVALID_VALUE), "{wrong:?}");
        }
        assert_eq!(heap.open_foreign(96..128), Ok(()));
        assert!(heap.map(0).admits(96, 32) && !heap.map(0).admits(90, 10));
        assert_eq!(heap.close_foreign(97), Err(CuError::INVALID_VALUE));
        assert_eq!(heap.close_foreign(96), Ok(()));
        assert!(!heap.map(0).admits(96, 1) && heap.map(0).admits(64, 32));
    }

    #[test]
    fn all_memory_lies_in_the_arena_which_stays_reserved_after_it() {
        let arena = Arena::anywhere(4 << 20).unwrap();
        let within = arena.range().addresses();
        let ledger = Arc::new(Quota::new(8 << 20));
        let mut heap = Heap::new(8 << 20, within.clone(), vec![ledger.clone()], Vec::new()).unwrap();
        let parts: Vec<u64> = std::iter::from_fn(|| heap.alloc(1 << 20, 0, Some(1)).ok()).collect();
        assert_eq!(parts.len(), 4, "an arena shorter than the memory is all there is");
        assert!(parts.iter().all(|start| within.contains(start) && within.contains(&(start + (1 << 20) - 1))));
        bytes(parts[3], 1 << 20).fill(7);
        drop(heap);
        assert!(Arena::at(arena.range()).is_err(), "nobody else gets it");
        let mut heap = Heap::new(8 << 20, within, vec![ledger], Vec::new()).unwrap();
        let whole = heap.alloc(4 << 20, 0, Some(1)).unwrap();
        assert!(bytes(whole, 4 << 20).iter().all(|&byte| byte == 0));
    }

    #[test]
    fn a_context_takes_its_memory_with_it() {
        let mut heap = heap(1 << 20);
        let mine = heap.alloc(512, 0, Some(1)).unwrap();
        let other = heap.alloc(512, 0, Some(2)).unwrap();
        assert_eq!(heap.retire_context(1), vec![mine]);
        assert!(heap.map(0).admits(other, 512));
    }

    #[test]
    fn devices_have_memory_of_their_own_which_copies_reach_from_the_other() {
        let quota = |bytes| Arc::new(Quota::new(bytes)) as Arc<dyn MemoryLedger>;
        let mut heap = Heap::new(3 << 20, 0..0, vec![quota(1 << 20), quota(2 << 20)], Vec::new()).unwrap();
        let first = heap.alloc(1 << 20, 0, Some(1)).unwrap();
        assert_eq!(heap.alloc(1, 0, Some(1)), Err(CuError::OUT_OF_MEMORY), "the other's memory is not this one's");
        let second = heap.alloc(1 << 20, 1, Some(2)).unwrap();
        assert_eq!((heap.free_and_total(0), heap.free_and_total(1)), ((0, 1 << 20), (1 << 20, 2 << 20)));
        let (of_first, of_second) = (heap.map(0), heap.map(1));
        assert!(of_first.admits(first, 1) && !of_first.admits(second, 1) && of_first.admits_copy(second, 1 << 20));
        assert!(of_second.admits(second, 1) && !of_second.admits(first, 1) && of_second.admits_copy(first, 1));
        heap.retire(second).unwrap();
        heap.reclaim(second);
        assert_eq!((heap.free_and_total(0).0, heap.free_and_total(1).0), (0, 2 << 20));
    }

    #[test]
    fn what_is_free_can_be_had_however_scattered_the_rest_is() {
        let mut heap = heap(1 << 20);
        let parts: Vec<u64> = (0..16).map(|_| heap.alloc(1 << 16, 0, Some(1)).unwrap()).collect();
        for part in parts.iter().step_by(2) {
            heap.retire(*part).unwrap();
            heap.reclaim(*part);
        }
        let (free_bytes, _) = heap.free_and_total(0);
        assert_eq!(free_bytes, 1 << 19);
        assert!(heap.alloc(free_bytes, 0, Some(1)).is_ok());
        assert_eq!(heap.free_and_total(0).0, 0);
    }
}
