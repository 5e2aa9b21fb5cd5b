//! Where an address leads, and when a call that copies or fills there may return.

use vgpu_core::{CuError, CuResult};

use super::allocation::Kind;
use super::process::Process;

/// Kinds of memory, as far as copies and fills tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Memory {
    Device,
    /// Reached by host and device alike.
    Managed,
    /// Host memory that the device reaches.
    Pinned,
    /// Any other host memory.
    Pageable,
}

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) memory: Memory,
    /// What device work calls it; for pageable memory, what the host does.
    pub(crate) address: u64,
}

impl Place {
    /// Device memory, known to be that.
    pub(crate) const fn device(address: u64) -> Self {
        Self { memory: Memory::Device, address }
    }

    /// Memory of the program's own, known to be that.
    pub(crate) const fn pageable(address: u64) -> Self {
        Self { memory: Memory::Pageable, address }
    }

    /// Finds out where `len_bytes` at `address` lie.
    ///
    /// # Errors
    /// `INVALID_VALUE` when they start in a known range and end outside it, or where device memory could be but is none.
    pub(crate) fn find(process: &Process, address: u64, len_bytes: u64) -> CuResult<Self> {
        let in_window = || process.link.pinned().host_address(address);
        let (memory, address) = match process.allocations.kind_of(address, len_bytes)? {
            Some(Kind::Device | Kind::Variable) => (Memory::Device, address),
            Some(Kind::Managed) => (Memory::Managed, in_window()),
            Some(Kind::Pinned(_)) => (Memory::Pinned, in_window()),
            Some(Kind::Mapped(_)) => (Memory::Pinned, address),
            None if process.allocations.is_device_address(address) => return Err(CuError::INVALID_VALUE),
            Some(Kind::Registered(_)) | None => (Memory::Pageable, address),
        };
        Ok(Self { memory, address })
    }

    /// The address for device work.
    ///
    /// # Errors
    /// `INVALID_VALUE` when the device does not reach the place.
    pub(crate) fn reached(self) -> CuResult<u64> {
        if self.memory == Memory::Pageable { Err(CuError::INVALID_VALUE) } else { Ok(self.address) }
    }
}

/// Which form of a function was called. Neither name is the whole truth: it depends on the memory involved.
///
/// **Source:** "API synchronization behavior" in NVIDIA's driver API reference; for managed memory its edition 11.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Return {
    /// The synchronous form.
    WhenDone,
    /// The form whose name ends in Async.
    WhenQueued,
}

/// When a call that has queued a copy or a fill may return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    AtOnce,
    /// As soon as whatever any stream is given later comes after it.
    BeforeAll,
    /// When it is done.
    Waited,
}

impl Return {
    /// How a queued copy ends. What is pageable the host has read or written itself by then; to the program a synchronous form is
    /// done then, although NVIDIA's leaves open whether bytes from there have arrived: programs rely on it.
    pub(crate) fn end_of_copy(self, target: Memory, source: Memory) -> End {
        let is_shared = |memory| matches!(memory, Memory::Managed | Memory::Pinned);
        let is_host = |memory| matches!(memory, Memory::Pinned | Memory::Pageable);
        match self {
            Self::WhenDone if is_shared(target) || is_shared(source) => End::Waited,
            Self::WhenDone if source == Memory::Pageable => End::BeforeAll,
            Self::WhenQueued if is_host(target) && is_host(source) => End::Waited,
            _ => End::AtOnce,
        }
    }

    /// How a queued fill ends: it is waited for when the host could look at it.
    pub(crate) fn end_of_fill(self, target: Memory) -> End {
        match (self, target) {
            (Self::WhenDone, Memory::Managed | Memory::Pinned) => End::Waited,
            _ => End::AtOnce,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::End::{AtOnce, BeforeAll, Waited};
    use super::Memory::{Device, Managed, Pageable, Pinned};
    use super::Return::{WhenDone, WhenQueued};

    #[test]
    fn a_synchronous_copy_is_waited_for_where_the_host_can_see_a_side() {
        for (target, source) in [(Pinned, Device), (Device, Pinned), (Managed, Device), (Device, Managed)] {
            assert_eq!(WhenDone.end_of_copy(target, source), Waited, "{target:?} from {source:?}");
        }
        assert_eq!(WhenDone.end_of_copy(Managed, Pageable), Waited);
        assert_eq!(WhenDone.end_of_copy(Pinned, Pinned), Waited);
        assert_eq!(WhenDone.end_of_copy(Device, Device), AtOnce);
    }

    #[test]
    fn a_synchronous_copy_from_the_program_comes_before_all() {
        assert_eq!(WhenDone.end_of_copy(Device, Pageable), BeforeAll);
        assert_eq!(WhenQueued.end_of_copy(Device, Pageable), AtOnce);
    }

    #[test]
    fn an_asynchronous_copy_is_waited_for_between_host_memories_only() {
        assert_eq!(WhenQueued.end_of_copy(Pinned, Pinned), Waited);
        assert_eq!(WhenQueued.end_of_copy(Pinned, Pageable), Waited);
        for (target, source) in [(Pinned, Device), (Device, Pinned), (Managed, Managed), (Managed, Pinned)] {
            assert_eq!(WhenQueued.end_of_copy(target, source), AtOnce);
        }
    }

    #[test]
    fn a_synchronous_fill_is_waited_for_where_the_host_can_see_it() {
        assert_eq!((WhenDone.end_of_fill(Pinned), WhenDone.end_of_fill(Managed)), (Waited, Waited));
        assert_eq!(WhenDone.end_of_fill(Device), AtOnce);
        assert_eq!((WhenQueued.end_of_fill(Pinned), WhenQueued.end_of_fill(Managed)), (AtOnce, AtOnce));
    }
}
