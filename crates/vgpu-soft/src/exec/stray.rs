//! Accesses that go astray, each told of while the kernel goes on.
//!
//! Where a launch checks memory, a lane whose address it may not touch does not end the launch: it is noted, and sent to memory of
//! nobody's, where it reads 0 and what it writes is lost. The launch fails when it is over.

use super::fault::{Fault, FaultKind};

/// What one lane may access there: the widest access, aligned for it.
const REFUGE_BYTES: usize = 64;
/// A launch tells of so many accesses, and counts the others.
const TOLD_MAX: usize = 100;

/// An access that went astray, as the op saw it; the launch adds names.
pub(crate) struct Stray {
    pub(crate) kind: FaultKind,
    /// The address of the op whose it was, among the kernel's.
    pub(crate) op: usize,
    /// The warp, within its block, and the lane.
    pub(crate) warp: u32,
    pub(crate) lane: u32,
    /// The address, and what is there.
    pub(crate) text: String,
}

/// Where the lanes of one block's warps go when they may not go where they want, and who has been there.
pub(crate) struct Refuge {
    lanes: Box<[[u128; REFUGE_BYTES / size_of::<u128>()]; 32]>,
    pub(super) found: Vec<Stray>,
    /// Accesses that are not among those found.
    pub(super) others: u64,
}

impl Default for Refuge {
    fn default() -> Self {
        Self { lanes: Box::new([[0; REFUGE_BYTES / size_of::<u128>()]; 32]), found: Vec::new(), others: 0 }
    }
}

impl Refuge {
    /// Notes an access, and says where it goes instead: to so many zeros that no access is longer.
    pub(crate) fn take_in(&mut self, stray: Stray) -> u64 {
        let place = &mut self.lanes[stray.lane as usize & 31];
        *place = Default::default();
        let start = place.as_mut_ptr().expose_provenance() as u64;
        if self.found.len() < TOLD_MAX {
            self.found.push(stray);
        } else {
            self.others += 1;
        }
        start
    }
}

/// What a launch knows of all its blocks' accesses that went astray.
#[derive(Default)]
pub(super) struct Strays {
    first: Option<Fault>,
    count: u64,
}

impl Strays {
    /// Tells of one, unless many have been told of.
    pub(super) fn tell(&mut self, fault: Fault) {
        self.count += 1;
        if self.count <= TOLD_MAX as u64 {
            log::error!("memcheck: {}", fault.detail);
        }
        self.first.get_or_insert(fault);
    }

    /// Counts some that nobody is told of.
    pub(super) fn count(&mut self, others: u64) {
        self.count += others;
    }

    /// How the launch fails for them.
    pub(super) fn fault(&self) -> Option<Fault> {
        let Fault { kind, detail } = self.first.as_ref()?;
        Some(Fault { kind: *kind, detail: format!("{} invalid accesses; the first: {detail}", self.count) })
    }
}
