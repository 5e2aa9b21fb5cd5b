//! What a launch asks for besides its shape, in the bytes that both sides and CUDA's headers agree on.
//!
//! No handle is among them, and only one holds an address. That a launch is cooperative stands in its flags.

use super::Pod;
use super::messages::{ClusterOccupancy, Launch, LaunchEx};
use crate::abi::CUlaunchAttributeID as Id;
use crate::error::{CuError, CuResult};

/// One attribute, laid out as `CUlaunchAttribute`. Bytes that its value does not have are zero.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaunchAttribute {
    /// A `CUlaunchAttributeID`.
    pub id: u32,
    /// Zero.
    pub reserved: u32,
    /// A `CUlaunchAttributeValue`.
    pub value: [u8; 64],
}

// SAFETY: u32, u32 and 64 bytes leave no gap.
unsafe impl Pod for LaunchAttribute {}

/// How many bytes of a value say something; `None` for an attribute that does not travel.
const fn value_bytes(id: Id) -> Option<usize> {
    Some(match id {
        // A pointer, a length, and three words.
        Id::CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW => 28,
        Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION | Id::CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION => 12,
        Id::CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP => 2,
        Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE
        | Id::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION
        | Id::CU_LAUNCH_ATTRIBUTE_PRIORITY
        | Id::CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN
        | Id::CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT => 4,
        _ => return None,
    })
}

impl LaunchAttribute {
    /// The attribute of that number, if it travels, with what of `value` says something.
    ///
    /// # Errors
    /// `NOT_SUPPORTED` for any other, `INVALID_VALUE` for a cluster without blocks.
    pub fn new(id: Id, value: &[u8; 64]) -> CuResult<Self> {
        let len = value_bytes(id).ok_or(CuError::NOT_SUPPORTED)?;
        let mut attribute = Self { id: id.0, reserved: 0, value: [0; 64] };
        attribute.value[..len].copy_from_slice(&value[..len]);
        if attribute.cluster().is_some_and(|blocks| blocks.contains(&0)) {
            return Err(CuError::INVALID_VALUE);
        }
        Ok(attribute)
    }

    /// Blocks of a cluster, wanted or preferred.
    fn cluster(&self) -> Option<[u32; 3]> {
        let is_cluster = value_bytes(Id(self.id)) == Some(12);
        is_cluster.then(|| <[u32; 3]>::from_bytes(&self.value).expect("a value has 64 bytes"))
    }
}

/// The attributes of one launch, each at most once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaunchAttributes(Vec<LaunchAttribute>);

impl LaunchAttributes {
    /// None at all, without a place in memory.
    pub const NONE: Self = Self(Vec::new());

    /// Sets an attribute, in the place of an earlier value.
    pub fn set(&mut self, attribute: LaunchAttribute) {
        match self.0.iter_mut().find(|earlier| earlier.id == attribute.id) {
            Some(earlier) => *earlier = attribute,
            None => self.0.push(attribute),
        }
    }

    /// An attribute's value, if it is set.
    pub fn get(&self, id: Id) -> Option<&[u8; 64]> {
        self.0.iter().find(|attribute| attribute.id == id.0).map(|attribute| &attribute.value)
    }

    /// All of them.
    pub fn as_slice(&self) -> &[LaunchAttribute] {
        &self.0
    }

    /// How many there are, as messages say it.
    pub fn count(&self) -> u32 {
        u32::try_from(self.0.len()).expect("there are not more than kinds of them")
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes an attribute.
    pub fn remove(&mut self, id: Id) {
        self.0.retain(|attribute| attribute.id != id.0);
    }

    /// Blocks of a cluster in each direction; 1 where nothing is said.
    pub fn cluster(&self) -> [u32; 3] {
        self.given_cluster().unwrap_or([1; 3])
    }

    /// The same, if anything is said.
    pub fn given_cluster(&self) -> Option<[u32; 3]> {
        self.get(Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION).and_then(|value| <[u32; 3]>::from_bytes(value))
    }

    /// Where the memory starts whose accesses a policy is for, and its length; `None` without a policy, or for no bytes.
    pub fn access_policy_window(&self) -> Option<(u64, u64)> {
        let value = self.get(Id::CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW)?;
        let [start, len_bytes] = <[u64; 2]>::from_bytes(value)?;
        (len_bytes != 0).then_some((start, len_bytes))
    }

    /// Takes `count` attributes off the front of a message's tail. What is left follows them.
    ///
    /// # Errors
    /// As [`LaunchAttribute::new`]; `INVALID_VALUE` where the tail has not so many.
    pub fn split(count: u32, tail: &[u8]) -> CuResult<(Self, &[u8])> {
        let len = (count as usize).checked_mul(size_of::<LaunchAttribute>());
        let (list, rest) = len.and_then(|len| tail.split_at_checked(len)).ok_or(CuError::INVALID_VALUE)?;
        let mut attributes = Self::NONE;
        for bytes in list.chunks_exact(size_of::<LaunchAttribute>()) {
            let LaunchAttribute { id, value, .. } = Pod::from_bytes(bytes).expect("the chunk is as long");
            attributes.set(LaunchAttribute::new(Id(id), &value)?);
        }
        Ok((attributes, rest))
    }
}

impl LaunchEx {
    /// The launch without its attributes.
    pub fn plain(&self) -> Launch {
        let &Self { function, stream, flags, grid, block, dynamic_shared_bytes, attribute_count: _ } = self;
        Launch { function, stream, flags, grid, block, dynamic_shared_bytes, reserved: 0 }
    }

    /// One of the two questions about its clusters.
    pub fn ask(&self, question: u32) -> ClusterOccupancy {
        let &Self { function, stream: _, flags, grid, block, dynamic_shared_bytes, attribute_count } = self;
        ClusterOccupancy { function, question, flags, grid, block, dynamic_shared_bytes, attribute_count }
    }
}

impl ClusterOccupancy {
    /// The launch that it asks about.
    pub fn launch(&self) -> LaunchEx {
        let &Self { function, question: _, flags, grid, block, dynamic_shared_bytes, attribute_count } = self;
        LaunchEx { function, stream: 0, flags, grid, block, dynamic_shared_bytes, attribute_count }
    }
}

impl Launch {
    /// The launch with so many attributes.
    pub fn with_attributes(&self, attribute_count: u32) -> LaunchEx {
        let &Self { function, stream, flags, grid, block, dynamic_shared_bytes, reserved: _ } = self;
        LaunchEx { function, stream, flags, grid, block, dynamic_shared_bytes, attribute_count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(words: &[u32]) -> [u8; 64] {
        let mut value = [0xee; 64];
        for (bytes, word) in value.chunks_exact_mut(4).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        value
    }

    fn attribute(id: Id, words: &[u32]) -> LaunchAttribute {
        LaunchAttribute::new(id, &value(words)).expect("it travels")
    }

    #[test]
    fn only_what_a_value_says_travels() {
        let priority = attribute(Id::CU_LAUNCH_ATTRIBUTE_PRIORITY, &[7]);
        assert_eq!(priority.value[..4], 7_u32.to_le_bytes());
        assert_eq!(priority.value[4..], [0; 60]);
    }

    #[test]
    fn handles_and_unknown_numbers_do_not_travel() {
        for id in [0, 2, 3, 7, 12, 13, 15, 16, 19, 1 << 31, u32::MAX] {
            assert_eq!(LaunchAttribute::new(Id(id), &[0; 64]), Err(CuError::NOT_SUPPORTED), "{id}");
        }
    }

    #[test]
    fn a_cluster_has_blocks_in_every_direction() {
        for id in [Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, Id::CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION] {
            assert_eq!(LaunchAttribute::new(id, &value(&[2, 0, 1])), Err(CuError::INVALID_VALUE));
        }
        let mut attributes = LaunchAttributes::NONE;
        assert_eq!(attributes.cluster(), [1, 1, 1]);
        attributes.set(attribute(Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, &[2, 3, 1]));
        assert_eq!(attributes.cluster(), [2, 3, 1]);
    }

    #[test]
    fn the_last_value_of_an_attribute_counts() {
        let of = |priority| attribute(Id::CU_LAUNCH_ATTRIBUTE_PRIORITY, &[priority]);
        let tail = [of(1).as_bytes(), of(2).as_bytes(), b"rest"].concat();
        let (attributes, rest) = LaunchAttributes::split(2, &tail).expect("two attributes");
        assert_eq!((attributes.as_slice(), rest), (&[of(2)][..], &b"rest"[..]));
    }

    #[test]
    fn more_attributes_than_the_tail_has_are_invalid() {
        let tail = attribute(Id::CU_LAUNCH_ATTRIBUTE_PRIORITY, &[1]).as_bytes().to_vec();
        assert!(LaunchAttributes::split(1, &tail).is_ok());
        for (count, tail) in [(1, &tail[1..]), (2, &tail), (u32::MAX, &tail)] {
            assert_eq!(LaunchAttributes::split(count, tail).err(), Some(CuError::INVALID_VALUE), "{count}");
        }
    }

    #[test]
    fn a_policy_for_no_bytes_names_no_memory() {
        let policy = |words| {
            let mut attributes = LaunchAttributes::NONE;
            attributes.set(attribute(Id::CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW, words));
            attributes.access_policy_window()
        };
        assert_eq!(policy(&[0x1000, 0, 64, 0, 0, 1, 2]), Some((0x1000, 64)));
        assert_eq!(policy(&[0x1000, 0, 0, 0, 0, 1, 2]), None);
    }
}
