//! Tells blocks that only wait from blocks that compute: what waits comes back to the same place with the same registers, and does
//! nothing until memory changes. It is a guess in the other direction: loops that count while they wait are taken to compute.

use super::block::Block;
use super::launch::Launch;
use super::run::Turns;
use super::warp::{Fragment, State, Warp};

/// Ops of the longest loop that is recognised.
const LOOP_OPS_MAX: usize = 64;

/// A warp's state but for memory.
struct Snapshot {
    fragments: Vec<Fragment>,
    registers: Box<[u8]>,
}

impl Snapshot {
    /// # Safety
    /// The warp has a register block of that length.
    unsafe fn of(warp: &Warp, register_bytes: usize) -> Self {
        // SAFETY: the caller vouches for the register block; nobody writes to it meanwhile.
        let registers = unsafe { std::slice::from_raw_parts(warp.registers, register_bytes) };
        Self { fragments: warp.fragments.as_slice().to_vec(), registers: registers.into() }
    }

    /// Whether all lanes stand where they stood.
    fn has_place_of(&self, warp: &Warp) -> bool {
        let fragments = warp.fragments.as_slice();
        fragments.len() == self.fragments.len() && self.fragments.iter().all(|fragment| fragments.contains(fragment))
    }

    /// # Safety
    /// As for [`Snapshot::of`], and the length is that of the snapshot.
    unsafe fn has_registers_of(&self, warp: &Warp) -> bool {
        // SAFETY: as there.
        unsafe { std::slice::from_raw_parts(warp.registers, self.registers.len()) == &*self.registers }
    }
}

impl Launch {
    /// Whether every warp that could run only waits. Runs them for a while to see it: when blocks are done or fail meanwhile, they
    /// do not wait.
    #[cold]
    pub(super) fn is_at_standstill(&self, blocks: &mut [Block], warps: &mut [Warp]) -> bool {
        (0..blocks.len()).all(|index| {
            blocks[index].warps().all(|warp| !blocks[index].can_run(warp) || self.only_waits(blocks, warps, warp))
        })
    }

    /// Whether the next time that a warp is where it is now, its registers are what they are now. If its lanes could run at several
    /// places, those that have been passed over will be heard.
    fn only_waits(&self, blocks: &mut [Block], warps: &mut [Warp], warp: usize) -> bool {
        if warps[warp].fragments.as_slice().iter().filter(|fragment| fragment.state == State::Ready).count() > 1 {
            return false;
        }
        // SAFETY: the warps are laid out for this launch's kernel.
        let before = unsafe { Snapshot::of(&warps[warp], self.kernel.code.register_bytes as usize) };
        for _ in 0..LOOP_OPS_MAX {
            if !self.take_turns(blocks, warps, Turns { ops: 1, alone_ops: 1, all_ops: 1 }) {
                return false;
            }
            if before.has_place_of(&warps[warp]) {
                // SAFETY: as above.
                return unsafe { before.has_registers_of(&warps[warp]) };
            }
        }
        false
    }
}
