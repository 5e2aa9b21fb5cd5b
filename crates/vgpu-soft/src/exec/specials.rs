//! Fills the slots of constants and special registers.

use super::code::{LaneMask, Special};
use super::launch::Launch;
use super::op::Slot;
use super::warp::Warp;
use crate::ptx::ast::Width;

/// Fills what is the same in all blocks that this warp will run.
///
/// # Safety
/// The warp's register block is laid out as the launch's kernel says.
pub(crate) unsafe fn fill_constant(warp: &mut Warp, launch: &Launch) {
    let code = &launch.kernel.code;
    for constant in &code.constants {
        #[expect(clippy::cast_possible_truncation, reason = "a constant's low bits are its value in a narrow register")]
        // SAFETY: the kernel's slots lie in the register block.
        unsafe {
            match constant.width {
                Width::Pred => *warp.place::<u32>(constant.slot) = if constant.value != 0 { !0 } else { 0 },
                Width::B16 => *warp.place::<[u16; 32]>(constant.slot) = [constant.value as u16; 32],
                Width::B32 => *warp.place::<[u32; 32]>(constant.slot) = [constant.value as u32; 32],
                Width::B64 => *warp.place::<[u64; 32]>(constant.slot) = [constant.value; 32],
            }
        }
    }
    for &(slot, special) in &code.specials {
        let values = constant_values(warp.index, launch, special);
        // SAFETY: as above.
        unsafe { put(warp, slot, values) };
    }
}

/// Fills what differs between blocks.
///
/// # Safety
/// As for [`fill_constant`].
pub(crate) unsafe fn fill_block(warp: &mut Warp, launch: &Launch, number: u64) {
    let code = &launch.kernel.code;
    let position = launch.block_position(number);
    for &(slot, special) in &code.specials {
        let value = match special {
            Special::Ctaid(axis) => position[usize::from(axis)],
            Special::ClusterId(axis) => launch.clusters.of_block(number).position[usize::from(axis)],
            Special::ClusterCtaid(axis) => launch.clusters.of_block(number).block[usize::from(axis)],
            Special::ClusterRank => launch.clusters.of_block(number).rank,
            Special::SmId => {
                u32::try_from(number % u64::from(launch.options.multiprocessors.max(1))).expect("less than a u32")
            }
            _ => continue,
        };
        // SAFETY: the kernel's slots lie in the register block.
        unsafe { put(warp, slot, [value; 32]) };
    }
}

/// # Safety
/// `slot` is a 32-bit register's in the warp's register block.
unsafe fn put(warp: &mut Warp, slot: Slot, values: [u32; 32]) {
    // SAFETY: the caller's slot lies in the block.
    unsafe { *warp.place::<[u32; 32]>(slot) = values };
}

fn constant_values(warp: u32, launch: &Launch, special: Special) -> [u32; 32] {
    let [width, height, _] = launch.shape.block;
    let lanes: [u32; 32] = std::array::from_fn(|lane| u32::try_from(lane).expect("below 32"));
    let thread = lanes.map(|lane| 32 * warp + lane);
    let all = |value: u32| [value; 32];
    match special {
        Special::Tid(0) => thread.map(|thread| thread % width),
        Special::Tid(1) => thread.map(|thread| thread / width % height),
        Special::Tid(_) => thread.map(|thread| thread / width / height),
        Special::Ntid(axis) => all(launch.shape.block[usize::from(axis)]),
        Special::Nctaid(axis) => all(launch.shape.grid[usize::from(axis)]),
        Special::LaneId => lanes,
        Special::WarpId => all(warp),
        Special::WarpCount => all(32),
        Special::SmCount => all(launch.options.multiprocessors),
        #[expect(clippy::cast_possible_truncation, reason = "a number that wraps is a number")]
        Special::GridId => all(launch.id as u32),
        Special::LaneMask(kind) => lanes.map(|lane| lane_mask(kind, lane)),
        Special::DynamicShared => all(launch.shape.dynamic_shared_bytes),
        Special::TotalShared => all(launch.shared_bytes),
        Special::LocalEnd => all(launch.local_bytes()),
        Special::Environment(number) => all(environment(launch, number)),
        Special::ClusterCount(axis) => all(launch.clusters.grid()[usize::from(axis)]),
        Special::ClusterNctaid(axis) => all(launch.clusters.blocks()[usize::from(axis)]),
        Special::ClusterSize => all(launch.clusters.size()),
        Special::ExplicitCluster => all(launch.clusters.is_explicit().into()),
        Special::Ctaid(_)
        | Special::SmId
        | Special::ClusterId(_)
        | Special::ClusterCtaid(_)
        | Special::ClusterRank
        | Special::Zero => all(0),
    }
}

fn lane_mask(kind: LaneMask, lane: u32) -> u32 {
    let equal = 1 << lane;
    match kind {
        LaneMask::Equal => equal,
        LaneMask::Less => equal - 1,
        LaneMask::LessEqual => equal | (equal - 1),
        LaneMask::Greater => !(equal | (equal - 1)),
        LaneMask::GreaterEqual => !(equal - 1),
    }
}

/// Registers 1 and 2 hold the address of the workspace for grid barriers (high and low half); cooperative launches
/// only, as on a GPU.
fn environment(launch: &Launch, number: u8) -> u32 {
    let address = if launch.options.cooperative { launch.workspace().start } else { 0 };
    #[expect(clippy::cast_possible_truncation, reason = "the halves are meant")]
    match number {
        1 => (address >> 32) as u32,
        2 => address as u32,
        _ => 0,
    }
}
