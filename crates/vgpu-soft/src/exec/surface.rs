//! Reads and writes of surfaces: `d` the surface's number, `imm` the form, `ext` list as [`Form`] says.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::fault::FaultKind;
use super::op::{Op, OpFns};
use super::texture::{lanes, put};
use super::warp::Warp;
use crate::textures::coordinates::Geometry;
use crate::textures::surface::{Outside, Query, Spot, Surface};

/// What is done there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Load,
    /// Bytes as they are.
    Store,
    /// Values of 32 bits, converted to the surface's format.
    StoreTexel,
    Add,
    Min,
    Max,
    And,
    Or,
}

const ACTIONS: [Action; 8] =
    [Action::Load, Action::Store, Action::StoreTexel, Action::Add, Action::Min, Action::Max, Action::And, Action::Or];
const OUTSIDE: [Outside; 3] = [Outside::Trap, Outside::Clamp, Outside::Zero];

/// What an instruction asks for. Its list of slots has the values, then the layer if there is one, and the coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) action: Action,
    pub(crate) geometry: Geometry,
    pub(crate) outside: Outside,
    /// Bytes of each value in the surface.
    pub(crate) element_bytes: u32,
    /// 1, 2 or 4 values.
    pub(crate) count: usize,
    pub(crate) is_signed: bool,
    /// The first coordinate counts texels, not bytes.
    pub(crate) is_in_texels: bool,
}

impl Form {
    /// As an op holds it.
    pub(crate) fn packed(self) -> i64 {
        let at = |found: Option<usize>| found.unwrap_or(0) as i64;
        let geometry = at(Geometry::ALL.iter().position(|geometry| *geometry == self.geometry));
        let action = at(ACTIONS.iter().position(|action| *action == self.action));
        let outside = at(OUTSIDE.iter().position(|outside| *outside == self.outside));
        geometry
            | action << 4
            | outside << 8
            | i64::from(self.element_bytes) << 12
            | (self.count as i64) << 16
            | i64::from(self.is_signed) << 20
            | i64::from(self.is_in_texels) << 21
    }

    fn unpacked(packed: i64) -> Self {
        let field = |shift: u32, mask: i64| (packed >> shift & mask) as usize;
        Self {
            geometry: Geometry::ALL[field(0, 7)],
            action: ACTIONS[field(4, 7)],
            outside: OUTSIDE[field(8, 3)],
            element_bytes: field(12, 15) as u32,
            count: field(16, 7),
            is_signed: field(20, 1) != 0,
            is_in_texels: field(21, 1) != 0,
        }
    }
}

/// # Safety
/// As an op's function; the op is one of a [`Form`].
unsafe fn access(warp: &mut Warp, op: &Op, mask: u32) {
    let form = Form::unpacked(op.imm);
    // SAFETY: `d` is a register of 64 bits.
    let numbers = unsafe { warp.lanes::<u64>(op.d) };
    // SAFETY: the list has the values, a layer if there is one, and the coordinates, of 32 bits each.
    let word = |warp: &Warp, k: usize| unsafe { warp.lanes::<u32>(op.operand(warp, form.count + k)) };
    let is_layered = form.geometry.is_layered();
    let layer = if is_layered { word(warp, 0) } else { [0; 32] };
    let mut at = [[0_u32; 32]; 3];
    for (axis, at) in at.iter_mut().enumerate().take(form.geometry.dimensions()) {
        *at = word(warp, usize::from(is_layered) + axis);
    }
    let mut values = [[0_u64; 32]; 4];
    if form.action != Action::Load {
        for (k, values) in values.iter_mut().enumerate().take(form.count) {
            // SAFETY: the list begins with the values, in registers of their width.
            *values = unsafe { read(warp, op.operand(warp, k), form.element_bytes) };
        }
    }
    for lane in lanes(mask) {
        let spot = Spot {
            geometry: form.geometry,
            at: std::array::from_fn(|axis| at[axis][lane].cast_signed()),
            layer: layer[lane],
            is_in_texels: form.is_in_texels,
        };
        let surface = warp.view.map().and_then(|map| map.textures().surface(numbers[lane]));
        let Some(surface) = surface else {
            return op.raise(
                warp,
                FaultKind::IllegalAddress,
                lane as u32,
                format!("{:#x} is no surface", numbers[lane]),
            );
        };
        let lane_values = std::array::from_fn(|k| values[k][lane]);
        match act(surface, &spot, form, lane_values) {
            Ok(loaded) => (0..4).for_each(|k| values[k][lane] = loaded[k]),
            Err(text) => {
                let text = format!("surface {:#x}: {text}", numbers[lane]);
                return op.raise(warp, FaultKind::Trap, lane as u32, text);
            }
        }
    }
    if form.action == Action::Load {
        for (k, values) in values.iter().enumerate().take(form.count) {
            // SAFETY: the list begins with the destinations, of the values' width.
            unsafe {
                let slot = op.operand(warp, k);
                match form.element_bytes {
                    1 | 2 => put(warp, slot, mask, |lane| values[lane] as u16),
                    4 => put(warp, slot, mask, |lane| values[lane] as u32),
                    _ => put(warp, slot, mask, |lane| values[lane]),
                }
            }
        }
    }
}

/// The values of a register.
///
/// # Safety
/// It has as many bits as such a value, and at least 16.
unsafe fn read(warp: &Warp, slot: u32, element_bytes: u32) -> [u64; 32] {
    match element_bytes {
        // SAFETY: the caller's promise.
        1 | 2 => unsafe { warp.lanes::<u16>(slot) }.map(u64::from),
        // SAFETY: the caller's promise.
        4 => unsafe { warp.lanes::<u32>(slot) }.map(u64::from),
        // SAFETY: the caller's promise.
        _ => unsafe { warp.lanes::<u64>(slot) },
    }
}

/// Does it for one lane; what is loaded comes back.
fn act(surface: &Surface, spot: &Spot, form: Form, values: [u64; 4]) -> Result<[u64; 4], String> {
    let element = u64::from(form.element_bytes);
    let len_bytes = match form.action {
        Action::StoreTexel => surface.array.texel_bytes(),
        _ => element * form.count as u64,
    };
    let Some(address) = surface.place(spot, len_bytes, form.outside)? else {
        return Ok([0; 4]);
    };
    let place: *mut u8 = std::ptr::with_exposed_provenance_mut(address as usize);
    let len = len_bytes as usize;
    match form.action {
        Action::Load => {
            let mut bytes = [0; 32];
            // SAFETY: the bytes are within the surface's array, whose memory stays until the launch is done.
            unsafe { std::ptr::copy_nonoverlapping(place, bytes.as_mut_ptr(), len) };
            return Ok(std::array::from_fn(|k| {
                let mut value = [0; 8];
                if k < form.count {
                    value[..element as usize].copy_from_slice(&bytes[k * element as usize..][..element as usize]);
                }
                u64::from_le_bytes(value)
            }));
        }
        Action::Store => {
            let mut bytes = [0; 32];
            for (bytes, value) in bytes.chunks_exact_mut(element as usize).zip(values) {
                bytes.copy_from_slice(&value.to_le_bytes()[..element as usize]);
            }
            // SAFETY: as above.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), place, len) };
        }
        Action::StoreTexel => {
            let bytes = surface.encode(values.map(|value| value as u32));
            // SAFETY: as above.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), place, len) };
        }
        _ if element == 8 => {
            // SAFETY: as above; it is aligned to its length, as rows are.
            let word = unsafe { AtomicU64::from_ptr(place.cast()) };
            let next = |old: u64| reduced(form, old, values[0]);
            let _ = word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |old| Some(next(old)));
        }
        _ => {
            // SAFETY: as above.
            let word = unsafe { AtomicU32::from_ptr(place.cast()) };
            let widened = |value: u32| match form.is_signed {
                true => i64::from(value.cast_signed()).cast_unsigned(),
                false => value.into(),
            };
            let next = |old: u32| reduced(form, widened(old), widened(values[0] as u32)) as u32;
            let _ = word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |old| Some(next(old)));
        }
    }
    Ok([0; 4])
}

fn reduced(form: Form, old: u64, value: u64) -> u64 {
    let signed = (old.cast_signed(), value.cast_signed());
    match form.action {
        Action::Add => old.wrapping_add(value),
        Action::Min if form.is_signed => signed.0.min(signed.1).cast_unsigned(),
        Action::Max if form.is_signed => signed.0.max(signed.1).cast_unsigned(),
        Action::Min => old.min(value),
        Action::Max => old.max(value),
        Action::And => old & value,
        _ => old | value,
    }
}

/// # Safety
/// As an op's function; `b` is the destination, `imm` a number of [`QUERIES`].
unsafe fn query(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: `d` is a register of 64 bits.
    let numbers = unsafe { warp.lanes::<u64>(op.d) };
    let query = QUERIES[op.imm as usize].1;
    let mut results = [0; 32];
    for lane in lanes(mask) {
        let surface = warp.view.map().and_then(|map| map.textures().surface(numbers[lane]));
        let Some(surface) = surface else {
            return op.raise(
                warp,
                FaultKind::IllegalAddress,
                lane as u32,
                format!("{:#x} is no surface", numbers[lane]),
            );
        };
        results[lane] = surface.query(query);
    }
    // SAFETY: `b` is a register of 32 bits.
    unsafe { put(warp, op.b, mask, |lane| results[lane]) }
}

/// What `suq` may ask for, by its word.
pub(crate) const QUERIES: [(&str, Query); 4] =
    [("width", Query::Width), ("height", Query::Height), ("depth", Query::Depth), ("array_size", Query::Layers)];

/// A read, a write or a reduction.
pub(crate) const ACCESS: OpFns = OpFns { full: access, masked: access };
/// A question.
pub(crate) const QUERY: OpFns = OpFns { full: query, masked: query };
