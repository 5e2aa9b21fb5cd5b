//! Handles that programs hold: never addresses, so a stale or invented one is an error and not a crash.
//!
//! A handle is `mark | tag | generation | index`, shaped so that it is no canonical address of any process.
//! Looking one up takes a read lock of a few nanoseconds and an index; there is no hashing.

use parking_lot::RwLock;

/// Top byte of every handle. With it set, the number is no valid user address.
const MARK: u64 = 0x76;
const INDEX_BITS: u32 = 24;
const GENERATION_BITS: u32 = 24;
const INDEX_MASK: u64 = (1 << INDEX_BITS) - 1;
const GENERATION_MASK: u64 = (1 << GENERATION_BITS) - 1;

/// What a handle names; part of the handle, so that a stream is never taken for an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Tag {
    Context = 1,
    Stream = 2,
    Event = 3,
    Module = 4,
    Function = 5,
    Library = 6,
    Kernel = 7,
    Graph = 8,
    GraphExec = 9,
    GraphNode = 10,
    LinkState = 11,
    Array = 12,
    MipmappedArray = 13,
}

/// The tag of a handle, for places that accept several kinds.
pub(crate) fn has_tag(handle: u64, tag: Tag) -> bool {
    handle >> 48 == (MARK << 8 | tag as u64)
}

fn encode(tag: Tag, generation: u64, index: u64) -> u64 {
    MARK << 56 | (tag as u64) << 48 | (generation & GENERATION_MASK) << INDEX_BITS | (index & INDEX_MASK)
}

/// A node's handle: its graph's slot and generation (shortened), and its place in the graph.
///
/// Nodes need no slab: capturing a large graph makes no handle until a program asks for one.
pub(crate) fn node_handle(graph: u64, node: u32) -> u64 {
    let index = graph & 0xffff;
    let generation = (graph >> INDEX_BITS) & 0xff;
    MARK << 56 | (Tag::GraphNode as u64) << 48 | generation << 40 | index << 24 | (u64::from(node) & INDEX_MASK)
}

/// A node's handle, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeRef {
    graph_index: u64,
    graph_generation: u64,
    /// The node's place in its graph.
    pub(crate) node: u32,
}

/// Takes a node's handle apart.
pub(crate) fn split_node(handle: u64) -> Option<NodeRef> {
    has_tag(handle, Tag::GraphNode).then_some(NodeRef {
        graph_index: handle >> 24 & 0xffff,
        graph_generation: handle >> 40 & 0xff,
        node: (handle & INDEX_MASK) as u32,
    })
}

/// Whether nodes of that graph can have handles: there is room for 65,536 graphs at a time.
pub(crate) fn can_name_nodes(graph: u64) -> bool {
    graph & INDEX_MASK <= 0xffff
}

struct Entry<T> {
    generation: u64,
    object: Option<T>,
}

struct Entries<T> {
    entries: Vec<Entry<T>>,
    free: Vec<usize>,
}

/// The live objects of one kind.
pub(crate) struct Slab<T> {
    tag: Tag,
    inner: RwLock<Entries<T>>,
}

impl<T: Clone> Slab<T> {
    pub(crate) const fn new(tag: Tag) -> Self {
        Self { tag, inner: RwLock::new(Entries { entries: Vec::new(), free: Vec::new() }) }
    }

    /// Makes an object that knows its own handle.
    pub(crate) fn insert_with(&self, make: impl FnOnce(u64) -> T) -> T {
        let mut inner = self.inner.write();
        let index = inner.free.pop().unwrap_or_else(|| {
            inner.entries.push(Entry { generation: 0, object: None });
            inner.entries.len() - 1
        });
        let entry = &mut inner.entries[index];
        entry.generation = (entry.generation + 1) & GENERATION_MASK;
        let object = make(encode(self.tag, entry.generation, index as u64));
        entry.object = Some(object.clone());
        object
    }

    fn index_of(&self, handle: u64) -> Option<(usize, u64)> {
        has_tag(handle, self.tag).then_some(((handle & INDEX_MASK) as usize, (handle >> INDEX_BITS) & GENERATION_MASK))
    }

    /// The object of that handle, unless it is gone or never was.
    pub(crate) fn get(&self, handle: u64) -> Option<T> {
        let (index, generation) = self.index_of(handle)?;
        let inner = self.inner.read();
        let entry = inner.entries.get(index)?;
        (entry.generation == generation).then(|| entry.object.clone())?
    }

    /// The object that a node's handle belongs to.
    pub(crate) fn owner_of(&self, node: NodeRef) -> Option<T> {
        let inner = self.inner.read();
        let entry = inner.entries.get(usize::try_from(node.graph_index).ok()?)?;
        (entry.generation & 0xff == node.graph_generation).then(|| entry.object.clone())?
    }

    /// Ends a handle and returns what it named.
    pub(crate) fn remove(&self, handle: u64) -> Option<T> {
        let (index, generation) = self.index_of(handle)?;
        let mut inner = self.inner.write();
        let entry = inner.entries.get_mut(index)?;
        if entry.generation != generation {
            return None;
        }
        let object = entry.object.take()?;
        inner.free.push(index);
        Some(object)
    }

    /// Every live object that `keep` accepts.
    pub(crate) fn filtered(&self, keep: impl Fn(&T) -> bool) -> Vec<T> {
        let inner = self.inner.read();
        let live = inner.entries.iter().filter_map(|entry| entry.object.as_ref());
        live.filter(|object| keep(object)).cloned().collect()
    }
}

/// A pool of small numbers: the window's stream and event slots.
pub(crate) struct SlotPool {
    inner: parking_lot::Mutex<(u32, Vec<u32>)>,
}

impl SlotPool {
    pub(crate) const fn new() -> Self {
        Self { inner: parking_lot::Mutex::new((0, Vec::new())) }
    }

    /// A number below `limit` that nobody holds.
    pub(crate) fn take(&self, limit: u32) -> Option<u32> {
        let mut inner = self.inner.lock();
        inner.1.pop().or_else(|| {
            (inner.0 < limit).then(|| {
                inner.0 += 1;
                inner.0 - 1
            })
        })
    }

    /// Lets a number be taken again.
    pub(crate) fn give_back(&self, slot: u32) {
        self.inner.lock().1.push(slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_handle_stays_invalid_after_its_slot_is_used_again() {
        let slab = Slab::new(Tag::Event);
        let first = slab.insert_with(|handle| handle);
        assert_eq!(slab.remove(first), Some(first));
        let second = slab.insert_with(|handle| handle);
        assert_eq!(second & INDEX_MASK, first & INDEX_MASK);
        assert_eq!(slab.get(first), None);
        assert_eq!(slab.remove(first), None);
        assert_eq!(slab.get(second), Some(second));
    }

    #[test]
    fn a_handle_of_another_kind_is_refused() {
        let streams = Slab::new(Tag::Stream);
        let events: Slab<u64> = Slab::new(Tag::Event);
        let stream = streams.insert_with(|handle| handle);
        assert_eq!(events.get(stream), None);
        assert!(has_tag(stream, Tag::Stream));
    }

    #[test]
    fn invented_handles_are_refused() {
        let slab: Slab<u64> = Slab::new(Tag::Stream);
        for handle in [0, 1, 2, 0xdead_beef, u64::MAX, encode(Tag::Stream, 1, 0), encode(Tag::Stream, 0, 0xff_ffff)] {
            assert_eq!(slab.get(handle), None);
        }
    }

    #[test]
    fn node_handles_say_their_graph_and_place() {
        let slab = Slab::new(Tag::Graph);
        let _other = slab.insert_with(|handle| handle);
        let graph = slab.insert_with(|handle| handle);
        let node = split_node(node_handle(graph, 7)).expect("a node's handle");
        assert_eq!((slab.owner_of(node), node.node), (Some(graph), 7));
        assert_eq!(split_node(graph), None);
    }

    #[test]
    fn slots_are_reused_and_end() {
        let pool = SlotPool::new();
        assert_eq!((pool.take(2), pool.take(2), pool.take(2)), (Some(0), Some(1), None));
        pool.give_back(0);
        assert_eq!((pool.take(2), pool.take(2)), (Some(0), None));
    }
}
