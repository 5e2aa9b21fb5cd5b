//! What silent guests of VMs hold. Their VM may only be paused, so they keep it until somebody else needs it.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Weak};
use std::time::Instant;

use parking_lot::Mutex;

/// What somebody is short of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// A guest's place.
    Place,
    /// Device memory.
    Memory,
}

/// What the silent guests of one VM hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holding {
    /// Since when the longest silent of those is silent that have a place.
    pub(crate) place_since: Option<Instant>,
    /// The same for those that have device memory.
    pub(crate) memory_since: Option<Instant>,
    /// How much of each device they have.
    pub(crate) memory_bytes: Vec<u64>,
}

impl Holding {
    fn since(&self, need: Need) -> Option<Instant> {
        match need {
            Need::Place => self.place_since,
            Need::Memory => self.memory_since,
        }
    }
}

/// A VM's silent guests, as others see them.
#[derive(Debug)]
pub(crate) struct Dormant {
    holding: Mutex<Holding>,
    wish: Mutex<Option<Need>>,
    wake: OwnedFd,
}

impl Dormant {
    /// `wake` is an event counter that whoever looks after the VM sleeps on.
    pub(crate) fn new(wake: OwnedFd) -> Self {
        Self { holding: Mutex::default(), wish: Mutex::default(), wake }
    }

    /// Says what there is.
    pub(crate) fn report(&self, holding: Holding) {
        *self.holding.lock() = holding;
    }

    /// What the longest silent guest shall give up, until [`fulfil`](Self::fulfil).
    pub(crate) fn wish(&self) -> Option<Need> {
        *self.wish.lock()
    }

    /// It is given up, or there is none.
    pub(crate) fn fulfil(&self) {
        *self.wish.lock() = None;
    }
}

/// All VMs' silent guests.
#[derive(Debug, Default)]
pub(crate) struct Dormants {
    vms: Mutex<Vec<Weak<Dormant>>>,
}

impl Dormants {
    /// A VM has come.
    pub(crate) fn join(&self, vm: &Arc<Dormant>) {
        let mut vms = self.vms.lock();
        vms.retain(|vm| vm.strong_count() != 0);
        vms.push(Arc::downgrade(vm));
    }

    /// Has the longest silent guest give up what it holds, one guest at a time. False when there is none: then nothing will
    /// become free.
    pub(crate) fn reclaim(&self, need: Need) -> bool {
        let vms = self.vms.lock();
        let vms: Vec<_> = vms.iter().filter_map(Weak::upgrade).collect();
        if vms.iter().any(|vm| vm.wish().is_some()) {
            return true;
        }
        let since = |vm: &Arc<Dormant>| vm.holding.lock().since(need);
        let Some((_, vm)) = vms.iter().filter_map(|vm| Some((since(vm)?, vm))).min_by_key(|(since, _)| *since) else {
            return false;
        };
        *vm.wish.lock() = Some(need);
        // A counter that is full wakes as well.
        let _ = rustix::io::write(&vm.wake, &1_u64.to_ne_bytes());
        true
    }

    /// Memory of each device that could be had.
    pub(crate) fn memory_bytes(&self) -> Vec<u64> {
        let vms = self.vms.lock();
        sums(vms.iter().filter_map(Weak::upgrade).map(|vm| vm.holding.lock().memory_bytes.clone()))
    }
}

/// What several have of each device together.
pub(crate) fn sums(all: impl IntoIterator<Item = Vec<u64>>) -> Vec<u64> {
    all.into_iter().fold(Vec::new(), |mut sums, bytes| {
        sums.resize(sums.len().max(bytes.len()), 0);
        sums.iter_mut().zip(bytes).for_each(|(sum, bytes)| *sum += bytes);
        sums
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{EventfdFlags, eventfd};
    use std::time::Duration;

    fn vm(holding: Holding) -> Arc<Dormant> {
        let vm = Dormant::new(eventfd(0, EventfdFlags::CLOEXEC).expect("a counter"));
        vm.report(holding);
        Arc::new(vm)
    }

    #[test]
    fn the_longest_silent_guest_gives_up_first_and_one_at_a_time() {
        let now = Instant::now();
        let since = |s| Some(now - Duration::from_secs(s));
        let short = vm(Holding { place_since: since(1), memory_since: since(1), memory_bytes: vec![5, 7] });
        let long = vm(Holding { place_since: since(9), ..Holding::default() });
        let dormants = Dormants::default();
        assert!(!dormants.reclaim(Need::Place));
        [&short, &long].into_iter().for_each(|vm| dormants.join(vm));
        assert_eq!(dormants.memory_bytes(), [5, 7]);

        assert!(dormants.reclaim(Need::Place));
        assert_eq!((short.wish(), long.wish()), (None, Some(Need::Place)));
        assert!(dormants.reclaim(Need::Memory), "it waits for the first");
        assert_eq!(short.wish(), None);
        long.fulfil();
        assert!(dormants.reclaim(Need::Memory));
        assert_eq!(short.wish(), Some(Need::Memory));
    }

    #[test]
    fn a_vm_that_has_left_gives_up_nothing() {
        let dormants = Dormants::default();
        dormants.join(&vm(Holding { place_since: Some(Instant::now()), memory_since: None, memory_bytes: vec![5] }));
        assert!(!dormants.reclaim(Need::Place));
        assert_eq!(dormants.memory_bytes(), [0; 0]);
    }
}
