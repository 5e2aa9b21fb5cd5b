//! The words for what goes wrong in a launch: kernel, line and opcode, block and thread.

use super::fault::{Fault, FaultKind};
use super::grid_shadow::GridShadow;
use super::launch::Launch;
use super::memory::AccessKind;
use super::op::Op;
use super::print::Assertion;
use super::shadow::Race;
use super::stray::{Refuge, Stray};
use super::warp::Warp;

/// Races that one launch reports.
const RACES_MAX: usize = 64;

impl Launch {
    pub(super) fn fault_at(&self, kind: FaultKind, block: u64, text: &str) -> Fault {
        let [x, y, z] = self.block_position(block);
        Fault { kind, detail: format!("kernel {}, block ({x}, {y}, {z}): {text}", self.kernel.name) }
    }

    /// Puts names to what a warp has recorded.
    pub(super) fn explain(&self, warp: &mut Warp, block: u64) -> Fault {
        let Some(fault) = warp.fault.take() else {
            return self.fault_at(FaultKind::IllegalInstruction, block, "failed without a reason");
        };
        if let Some(Assertion { place, condition, mask }) = fault.assertion {
            let [x, y, z] = self.block_position(block);
            for lane in (0..32).filter(|lane| mask >> lane & 1 != 0) {
                let [tx, ty, tz] = self.thread_position(warp.index, lane);
                let line = format!(
                    "{place}: block: [{x},{y},{z}], thread: [{tx},{ty},{tz}] Assertion `{condition}` failed.\n"
                );
                self.options.output.print_assertion(line.as_bytes());
            }
        }
        let place = self.place_of(fault.op, block, warp.index, fault.lane);
        Fault { kind: fault.kind, detail: format!("{place}: {}", fault.text) }
    }

    /// The words for an op, by its address, that a lane of a block's warp has come to.
    fn place_of(&self, op: usize, block: u64, warp: u32, lane: u32) -> String {
        let (line, opcode) = self.source(op);
        let ([x, y, z], [tx, ty, tz]) = (self.block_position(block), self.thread_position(warp, lane));
        let name = &self.kernel.name;
        format!("kernel {name}, {line}, {opcode}, block ({x}, {y}, {z}), thread ({tx}, {ty}, {tz})")
    }

    /// The line and the opcode of an op, by its address.
    fn source(&self, op: usize) -> (String, &str) {
        let code = &self.kernel.code;
        code.source(op.saturating_sub(code.ops.as_ptr().addr()) / size_of::<Op>())
    }

    /// A thread's index in x, y, z.
    fn thread_position(&self, warp: u32, lane: u32) -> [u64; 3] {
        let thread = u64::from(warp) * 32 + u64::from(lane);
        let [width, height, _] = self.shape.block.map(u64::from);
        [thread % width, thread / width % height, thread / (width * height)]
    }

    /// Puts names to accesses that went astray.
    pub(super) fn report_strays(&self, refuge: &mut Refuge, block: u64) {
        if refuge.found.is_empty() {
            return;
        }
        let mut strays = self.strays.lock();
        for Stray { kind, op, warp, lane, text } in refuge.found.drain(..) {
            let place = self.place_of(op, block, warp, lane);
            strays.tell(Fault { kind, detail: format!("{place}: {text}") });
        }
        strays.count(std::mem::take(&mut refuge.others));
    }

    /// Puts names to races of a block's warps.
    pub(super) fn report_races(&self, found: &mut Vec<Race>, block: u64) {
        for race in found.drain(..) {
            // The same two instructions race in either order.
            let mut pair = [race.earlier, race.later];
            pair.sort_by_key(|access| access.op);
            let [upper, lower] = pair.map(|access| self.access(access.kind, access.op));
            let what = format!("one warp {upper}, another {lower}, without a barrier between");
            let [first, second] = pair.map(|access| access.warp);
            self.report_race(&what, || {
                let [x, y, z] = self.block_position(block);
                format!("shared offset {:#x}, warps {first} and {second}, block ({x}, {y}, {z})", race.offset_bytes)
            });
        }
    }

    /// The same for races between blocks.
    pub(super) fn report_grid_races(&self, shadow: &GridShadow) {
        for race in shadow.take_found() {
            let mut pair = race.accesses;
            pair.sort_by_key(|access| access.op);
            let [upper, lower] = pair.map(|access| self.access(access.kind, access.op));
            let what = format!("one block {upper}, another {lower}, and nothing puts an order on them");
            self.report_race(&what, || {
                let [[x, y, z], [u, v, w]] = pair.map(|access| self.block_position(u64::from(access.block)));
                format!("address {:#x}, blocks ({x}, {y}, {z}) and ({u}, {v}, {w})", race.address)
            });
        }
    }

    /// The words for an access by an op, by its address.
    fn access(&self, kind: AccessKind, op: usize) -> String {
        let (line, opcode) = self.source(op);
        format!("{kind} in {line} ({opcode})")
    }

    /// Tells of a race, each pair of instructions once.
    fn report_race(&self, what: &str, place: impl FnOnce() -> String) {
        let what = format!("kernel {}: {what}", self.kernel.name);
        let mut races = self.races.lock();
        if races.len() < RACES_MAX && !races.iter().any(|known| known.starts_with(&what)) {
            let text = format!("{what}: {}", place());
            log::warn!("race: {text}");
            races.push(text);
        }
    }
}
