//! The memory that one thread runs blocks in: registers, shared and local memory, and the warps that use them.

use std::sync::Arc;

use super::arena::Arena;
use super::block::Block;
use super::fault::{Fault, FaultKind};
use super::launch::Launch;
use super::memory::Range;
use super::shadow::Shadow;
use super::specials;
use super::stray::Refuge;
use super::warp::Warp;

/// A thread's reusable memory for running blocks. Blocks that are set aside keep it, and the thread gets another.
#[derive(Default)]
pub struct Worker {
    registers: Arena,
    shared: Arena,
    local: Arena,
    pub(crate) warps: Vec<Warp>,
    pub(crate) blocks: Vec<Block>,
    /// By resident block; empty unless races are looked for.
    pub(crate) shadows: Vec<Shadow>,
    /// By resident block; empty unless memory is checked.
    pub(crate) refuges: Vec<Refuge>,
    /// When the blocks last had a turn, they did nothing but wait.
    pub(crate) only_waits: bool,
    /// The launch that the warps are laid out for.
    prepared: Option<u64>,
}

// SAFETY: the warps' pointers lead into the worker's own arenas, and into a launch that outlives every use of them.
unsafe impl Send for Worker {}

impl Default for Arena {
    fn default() -> Self {
        Self::new()
    }
}

impl Worker {
    /// Owns nothing until its first block.
    pub fn new() -> Self {
        Self::default()
    }

    #[cfg(test)]
    pub(crate) fn reserve_registers(&mut self, len_bytes: usize) {
        self.registers.reserve(len_bytes).expect("a little memory");
    }

    /// The memory that its blocks run in.
    pub(crate) fn len_bytes(&self) -> u64 {
        self.registers.len_bytes() + self.shared.len_bytes() + self.local.len_bytes()
    }

    /// Lays out memory for `resident` blocks of a launch and fills what stays the same in all of them.
    ///
    /// # Errors
    /// There is not so much memory.
    pub(crate) fn prepare(&mut self, launch: &Launch, resident: u64) -> Result<(), Fault> {
        let resident = usize::try_from(resident).unwrap_or(usize::MAX);
        if self.prepared == Some(launch.id) && self.blocks.len() == resident {
            return Ok(());
        }
        self.prepared = None;
        self.lay_out(launch, resident).ok_or_else(|| Fault {
            kind: FaultKind::HardwareStackError,
            detail: format!("kernel {}: no memory for {resident} resident blocks", launch.kernel.name),
        })?;
        self.prepared = Some(launch.id);
        Ok(())
    }

    fn lay_out(&mut self, launch: &Launch, resident: usize) -> Option<()> {
        let kernel = &*launch.kernel;
        let block_warps = usize::try_from(launch.shape.block_threads().div_ceil(32)).ok()?;
        let warps = block_warps.checked_mul(resident)?;
        let register_bytes = kernel.code.register_bytes as usize;
        let lane_bytes = launch.local_bytes() as usize;
        let shared_bytes = launch.shared_bytes as usize;
        let registers = self.registers.reserve(register_bytes.checked_mul(warps)?)?;
        let local = self.local.reserve(lane_bytes.checked_mul(32)?.checked_mul(warps)?)?;
        let shared = self.shared.reserve(shared_bytes.checked_mul(resident)?)?;
        self.warps.clear();
        self.blocks.clear();
        self.shadows.clear();
        self.refuges.clear();
        if let Some(grid) = &launch.grid_shadow {
            self.shadows.resize_with(resident, || Shadow::new(Arc::clone(grid), shared_bytes));
        }
        if launch.options.memory_check {
            self.refuges.resize_with(resident, Refuge::default);
        }
        for block in 0..resident {
            let first = self.warps.len();
            self.blocks.push(Block::new(first..first + block_warps));
            for index in 0..block_warps {
                let place = first + index;
                let mut warp =
                    Warp::bare(registers.wrapping_add(place * register_bytes), kernel.code.operands.as_ptr());
                let stretch = |base: *mut u8, len: usize, number: usize| {
                    let start = base.addr() as u64 + (len * number) as u64;
                    Range { start, end: start + len as u64 }
                };
                warp.view.shared = stretch(shared, shared_bytes, block);
                warp.view.shared.end = warp.view.shared.start + u64::from(launch.shared_reach_bytes);
                warp.view.local = stretch(local, 32 * lane_bytes, place);
                warp.view.local_lane_bytes = launch.local_bytes();
                warp.view.params = launch.params();
                warp.view.workspace = launch.workspace();
                warp.view.map = &raw const *launch.memory;
                warp.allocator = launch.options.allocator.as_deref().map_or(std::ptr::null(), std::ptr::from_ref);
                warp.output = &raw const *launch.options.output;
                if let Some(shadow) = self.shadows.get_mut(block) {
                    warp.shadow = std::ptr::from_mut(shadow);
                }
                if let Some(refuge) = self.refuges.get_mut(block) {
                    warp.refuge = std::ptr::from_mut(refuge);
                }
                warp.index = u32::try_from(index).ok()?;
                // SAFETY: the warp's register block has the kernel's length, and nobody else uses it.
                unsafe { specials::fill_constant(&mut warp, launch) };
                self.warps.push(warp);
            }
        }
        Some(())
    }

    /// Readies the resident blocks to run blocks from `first` on.
    pub(crate) fn start(&mut self, launch: &Launch, first: u64) {
        for (number, shadow) in (first..).zip(&mut self.shadows) {
            shadow.start(number);
        }
        self.only_waits = false;
        let threads = u32::try_from(launch.shape.block_threads()).expect("at most 1024");
        for (number, block) in (first..).zip(&mut self.blocks) {
            block.start(&mut self.warps, number, threads);
            for warp in &mut self.warps[block.warps()] {
                // SAFETY: as in `lay_out`.
                unsafe { specials::fill_block(warp, launch, number) };
            }
        }
    }
}
