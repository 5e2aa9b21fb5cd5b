//! Reads of textures: `d` the texture's number, `imm` the form, `ext` list as [`Form`] says.
//!
//! Each lane may read another texture. What is asked of it stands in its number's entry of the launch's table.

use half::f16;

use super::fault::FaultKind;
use super::op::{Op, OpFns};
use super::warp::Warp;
use crate::ir::Slot;
use crate::memory::MemoryMap;
use crate::textures::coordinates::{At, Geometry};
use crate::textures::texture::{Detail, Fetch, Query, Texture};

/// How a level is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Levels {
    Base,
    Given,
    Gradients,
}

/// What a value becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Result {
    /// Four registers of 32 bits.
    Words,
    /// Four of 16.
    Halves,
    /// Two of 32, with two values each.
    Pairs,
}

/// What an instruction asks for. Its list of slots has the destinations, then the layer if there is one, the coordinates, the level
/// or both gradients, and the offsets if there are such.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) geometry: Geometry,
    /// Coordinates are integers.
    pub(crate) is_in_texels: bool,
    pub(crate) levels: Levels,
    pub(crate) has_offset: bool,
    /// The channel that is gathered.
    pub(crate) gathers: Option<u8>,
    pub(crate) result: Result,
}

impl Form {
    /// How many destinations it has.
    pub(crate) fn destinations(self) -> usize {
        if self.result == Result::Pairs { 2 } else { 4 }
    }

    /// As an op holds it.
    pub(crate) fn packed(self) -> i64 {
        let geometry = Geometry::ALL.iter().position(|geometry| *geometry == self.geometry).unwrap_or(0) as i64;
        let gathers = self.gathers.map_or(0, |channel| i64::from(channel) + 1);
        geometry
            | i64::from(self.is_in_texels) << 3
            | (self.levels as i64) << 4
            | i64::from(self.has_offset) << 6
            | gathers << 8
            | (self.result as i64) << 12
    }

    fn unpacked(packed: i64) -> Self {
        let field = |shift: u32, mask: i64| (packed >> shift & mask) as usize;
        Self {
            geometry: Geometry::ALL[field(0, 7)],
            is_in_texels: field(3, 1) != 0,
            levels: [Levels::Base, Levels::Given, Levels::Gradients][field(4, 3)],
            has_offset: field(6, 1) != 0,
            gathers: field(8, 7).checked_sub(1).map(|channel| channel as u8),
            result: [Result::Words, Result::Halves, Result::Pairs][field(12, 3)],
        }
    }
}

/// The lanes' numbers, looked up.
struct Finder<'m> {
    map: Option<&'m MemoryMap>,
    last: Option<(u64, &'m Texture)>,
}

impl<'m> Finder<'m> {
    fn of(warp: &Warp) -> Self {
        Self { map: warp.view.map(), last: None }
    }

    fn find(&mut self, number: u64) -> std::result::Result<(&'m Texture, &'m MemoryMap), String> {
        let gone = || format!("{number:#x} is no texture");
        let map = self.map.ok_or_else(gone)?;
        if let Some((last, texture)) = self.last
            && last == number
        {
            return Ok((texture, map));
        }
        let texture = map.textures().texture(number).ok_or_else(gone)?;
        self.last = Some((number, texture));
        Ok((texture, map))
    }
}

/// The slots of an op's list, one after another.
struct List {
    next: usize,
}

impl List {
    /// # Safety
    /// The op belongs to the kernel that the warp runs, and its list has so many slots more.
    unsafe fn slots<const N: usize>(&mut self, warp: &Warp, op: &Op, count: usize) -> [Slot; N] {
        // SAFETY: the caller's promise.
        let slots = std::array::from_fn(|k| if k < count { unsafe { op.operand(warp, self.next + k) } } else { 0 });
        self.next += count;
        slots
    }

    /// The values of so many registers of 32 bits; zeros behind them.
    ///
    /// # Safety
    /// As [`slots`](Self::slots); the registers are that wide.
    unsafe fn words<const N: usize>(&mut self, warp: &Warp, op: &Op, count: usize) -> [[u32; 32]; N] {
        // SAFETY: the caller's promise.
        let slots: [Slot; N] = unsafe { self.slots(warp, op, count) };
        // SAFETY: the caller's promise.
        std::array::from_fn(|k| if k < count { unsafe { warp.lanes::<u32>(slots[k]) } } else { [0; 32] })
    }
}

/// # Safety
/// As an op's function; the op is one of a [`Form`].
unsafe fn fetch(warp: &mut Warp, op: &Op, mask: u32) {
    let form = Form::unpacked(op.imm);
    let dimensions = form.geometry.dimensions();
    let mut list = List { next: form.destinations() };
    // SAFETY: `d` is a register of 64 bits.
    let numbers = unsafe { warp.lanes::<u64>(op.d) };
    // SAFETY: the list is as its form says.
    let layer: [[u32; 32]; 1] = unsafe { list.words(warp, op, form.geometry.is_layered().into()) };
    // SAFETY: as above.
    let places: [[u32; 32]; 3] = unsafe { list.words(warp, op, dimensions) };
    let detail_words = match form.levels {
        Levels::Base => 0,
        Levels::Given => 1,
        Levels::Gradients => 2 * dimensions,
    };
    // SAFETY: as above.
    let details: [[u32; 32]; 6] = unsafe { list.words(warp, op, detail_words) };
    // SAFETY: as above.
    let offsets: [[u32; 32]; 3] = unsafe { list.words(warp, op, if form.has_offset { dimensions } else { 0 }) };

    let mut finder = Finder::of(warp);
    let mut results = [[0_u32; 32]; 4];
    for lane in lanes(mask) {
        let float = |word: &[u32; 32]| f32::from_bits(word[lane]);
        let at = match form.is_in_texels {
            true => At::Texels(std::array::from_fn(|axis| places[axis][lane].cast_signed())),
            false => At::Point(std::array::from_fn(|axis| float(&places[axis]))),
        };
        let fetch = Fetch {
            geometry: form.geometry,
            at,
            layer: layer[0][lane],
            offset: std::array::from_fn(|axis| offsets[axis][lane].cast_signed()),
        };
        let detail = match form.levels {
            Levels::Base => Detail::Base,
            // Its type is the coordinates'.
            Levels::Given if form.is_in_texels => Detail::Level(details[0][lane].cast_signed() as f32),
            Levels::Given => Detail::Level(float(&details[0])),
            Levels::Gradients => Detail::Gradients(std::array::from_fn(|which| {
                std::array::from_fn(
                    |axis| if axis < dimensions { float(&details[which * dimensions + axis]) } else { 0.0 },
                )
            })),
        };
        let found = finder.find(numbers[lane]);
        let read = found.and_then(|(texture, map)| {
            let value = match form.gathers {
                Some(channel) => texture.gather(&fetch, channel.into(), map),
                None => texture.fetch(&fetch, detail, map),
            };
            let value = value.map_err(|why| format!("texture {:#x}: {why}", numbers[lane]))?;
            Ok(if form.result == Result::Words { value } else { value.map(|word| narrowed(word, texture)) })
        });
        match read {
            Ok(value) => (0..4).for_each(|k| results[k][lane] = value[k]),
            Err(text) => return op.raise(warp, FaultKind::IllegalAddress, lane as u32, text),
        }
    }
    for k in 0..form.destinations() {
        // SAFETY: the list begins with the destinations, whose width is their form's.
        unsafe {
            let slot = op.operand(warp, k);
            match form.result {
                Result::Words => put(warp, slot, mask, |lane| results[k][lane]),
                Result::Halves => put(warp, slot, mask, |lane| results[k][lane] as u16),
                Result::Pairs => put(warp, slot, mask, |lane| results[2 * k][lane] | results[2 * k + 1][lane] << 16),
            }
        }
    }
}

/// A value in 16 bits: floats are rounded, integers cut.
fn narrowed(word: u32, texture: &Texture) -> u32 {
    if texture.gives_floats() { f16::from_f32(f32::from_bits(word)).to_bits().into() } else { word & 0xffff }
}

/// # Safety
/// As an op's function; `a` is a register of 32 bits with the level, `b` the destination, `imm` a number of [`QUERIES`].
unsafe fn query(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: `d` is a register of 64 bits.
    let numbers = unsafe { warp.lanes::<u64>(op.d) };
    // SAFETY: `a` is a register of 32 bits.
    let levels = unsafe { warp.lanes::<u32>(op.a) };
    let query = QUERIES[op.imm as usize].1;
    let mut finder = Finder::of(warp);
    let mut results = [0; 32];
    for lane in lanes(mask) {
        let found = finder.find(numbers[lane]);
        let answer = found.and_then(|(texture, _)| {
            let answer = texture.query(query, levels[lane] as usize);
            answer.map_err(|why| format!("texture {:#x}: {why}", numbers[lane]))
        });
        match answer {
            Ok(answer) => results[lane] = answer,
            Err(text) => return op.raise(warp, FaultKind::IllegalAddress, lane as u32, text),
        }
    }
    // SAFETY: `b` is a register of 32 bits.
    unsafe { put(warp, op.b, mask, |lane| results[lane]) }
}

/// What `txq` may ask for, by its word. Whether that takes a level is the lowering's to know.
pub(crate) const QUERIES: [(&str, Query); 7] = [
    ("width", Query::Width),
    ("height", Query::Height),
    ("depth", Query::Depth),
    ("array_size", Query::Layers),
    ("num_mipmap_levels", Query::Levels),
    ("num_samples", Query::Samples),
    ("normalized_coords", Query::IsNormalized),
];

/// The lanes of a mask.
pub(super) fn lanes(mask: u32) -> impl Iterator<Item = usize> {
    (0..32).filter(move |lane| mask >> lane & 1 != 0)
}

/// Sets a register's lanes.
///
/// # Safety
/// The slot is a register of `T`'s width.
pub(super) unsafe fn put<T>(warp: &mut Warp, slot: Slot, mask: u32, value: impl Fn(usize) -> T) {
    // SAFETY: the caller's promise.
    let register = unsafe { &mut *warp.place::<[T; 32]>(slot) };
    for lane in lanes(mask) {
        register[lane] = value(lane);
    }
}

/// A read or a gather.
pub(crate) const FETCH: OpFns = OpFns { full: fetch, masked: fetch };
/// A question.
pub(crate) const QUERY: OpFns = OpFns { full: query, masked: query };
