//! Video instructions: arithmetic of parts of words, or of two or four elements of a word at once, and then a second
//! operation with another word.
//!
//! They are seldom and have many forms, so that one body for whole words and one for elements look up what to do. The
//! selectors come as the last operand, packed by the parser.

use super::super::op::Op;
use super::super::warp::Warp;
use super::Form;
use super::lanes::{Body, LANES, Level, extended, masked_only_cold, read, write_masked};
use crate::ptx::ast::{Opcode, Width};
use crate::ptx::opcodes::Video;
use crate::ptx::video::{Parts, Picks};

/// What is done first, in the low bits of `Op::imm`.
const OPERATION: i64 = 15;
const ADD: i64 = 0;
const SUB: i64 = 1;
const DISTANCE: i64 = 2;
const MIN: i64 = 3;
const MAX: i64 = 4;
const AVERAGE: i64 = 5;
const SHIFT_LEFT: i64 = 6;
const SHIFT_RIGHT: i64 = 7;
const EQUAL: i64 = 8;
const NOT_EQUAL: i64 = 9;
const LESS: i64 = 10;
const LESS_EQUAL: i64 = 11;
const GREATER: i64 = 12;
const GREATER_EQUAL: i64 = 13;
const MULTIPLY: i64 = 14;

/// What is done with the result and `c`.
const THEN: i64 = 3 << 4;
const THEN_ADD: i64 = 1 << 4;
const THEN_MIN: i64 = 2 << 4;
const THEN_MAX: i64 = 3 << 4;

/// Which operands are signed.
const SIGNED_D: i64 = 1 << 6;
const SIGNED_A: i64 = 1 << 7;
const SIGNED_B: i64 = 1 << 8;
/// A result that is too large becomes the largest.
const SATURATE: i64 = 1 << 9;
/// Distances of shifts count modulo 32; without it, those above 32 are 32.
const WRAP: i64 = 1 << 10;
/// One more is added to a product and `c`.
const PLUS_ONE: i64 = 1 << 11;
/// There is a `c`.
const HAS_C: i64 = 1 << 12;
/// From here, by how many bits the sum of a product and `c` is shifted down.
const SCALE_SHIFT: u32 = 16;

pub(super) fn select(video: Video, opcode: Opcode<'_>, operand_count: usize) -> Option<Form> {
    let variant = variant(video, opcode)?;
    let is_whole = video.elements() == 1;
    let needs_c = !is_whole || variant & THEN != 0 || variant & OPERATION == MULTIPLY;
    let has_c = match operand_count {
        4 if !needs_c => 0,
        5 => HAS_C,
        _ => return None,
    };
    let fns = match video.elements() {
        1 => masked_only_cold::<Whole>(),
        2 => masked_only_cold::<Elements<2>>(),
        _ => masked_only_cold::<Elements<4>>(),
    };
    Some(Form::new(fns, &[Width::B32; 5][..operand_count]).imm(variant | has_c))
}

/// The modifiers, which but for the types may come in any order, as bits of `Op::imm`.
fn variant(video: Video, opcode: Opcode<'_>) -> Option<i64> {
    use Video::{
        Vabsdiff, Vabsdiff2, Vabsdiff4, Vadd, Vadd2, Vadd4, Vavrg2, Vavrg4, Vmad, Vmax, Vmax2, Vmax4, Vmin, Vmin2,
        Vmin4, Vset, Vset2, Vset4, Vshl, Vshr, Vsub, Vsub2, Vsub4,
    };
    let is_whole = video.elements() == 1;
    let is_shift = matches!(video, Vshl | Vshr);
    let mut words = opcode.modifiers();
    let mut signed = || match words.next()? {
        "u32" => Some(false),
        "s32" => Some(true),
        _ => None,
    };
    let operation = match video {
        Vadd | Vadd2 | Vadd4 => ADD,
        Vsub | Vsub2 | Vsub4 => SUB,
        Vabsdiff | Vabsdiff2 | Vabsdiff4 => DISTANCE,
        Vmin | Vmin2 | Vmin4 => MIN,
        Vmax | Vmax2 | Vmax4 => MAX,
        Vavrg2 | Vavrg4 => AVERAGE,
        Vshl => SHIFT_LEFT,
        Vshr => SHIFT_RIGHT,
        Vmad => MULTIPLY,
        // Which comparison a word says.
        Vset | Vset2 | Vset4 => EQUAL,
    };
    let compares = operation == EQUAL;
    // Truth is unsigned.
    let mut found = operation | if !compares && signed()? { SIGNED_D } else { 0 };
    found |= if signed()? { SIGNED_A } else { 0 };
    found |= match signed()? {
        true if is_shift => return None,
        is_signed => i64::from(is_signed) * SIGNED_B,
    };
    let (mut has_relation, mut has_mode) = (false, false);
    for word in words {
        let (is_fitting, bits) = match word {
            "sat" => (!compares, SATURATE),
            "add" => (operation != MULTIPLY, THEN_ADD),
            "min" => (is_whole && operation != MULTIPLY, THEN_MIN),
            "max" => (is_whole && operation != MULTIPLY, THEN_MAX),
            "clamp" | "wrap" => {
                let is_first = !std::mem::replace(&mut has_mode, true);
                (is_shift && is_first, if word == "wrap" { WRAP } else { 0 })
            }
            "po" => (operation == MULTIPLY, PLUS_ONE),
            "shr7" => (operation == MULTIPLY, 7 << SCALE_SHIFT),
            "shr15" => (operation == MULTIPLY, 15 << SCALE_SHIFT),
            _ => {
                let is_first = !std::mem::replace(&mut has_relation, true);
                let relation = match word {
                    "eq" => EQUAL,
                    "ne" => NOT_EQUAL,
                    "lt" => LESS,
                    "le" => LESS_EQUAL,
                    "gt" => GREATER,
                    "ge" => GREATER_EQUAL,
                    _ => return None,
                };
                (compares && is_first, relation & !EQUAL)
            }
        };
        let is_new = bits == 0 || found & (if bits & THEN != 0 { THEN } else { bits }) == 0;
        if !is_fitting || !is_new {
            return None;
        }
        found |= bits;
    }
    // A sum of elements has no range to be cut to.
    let is_cut_sum = !is_whole && found & SATURATE != 0 && found & THEN != 0;
    (has_mode == is_shift && has_relation == compares && !is_cut_sum).then_some(found)
}

/// The lowest `bits` bits as a number.
fn number(word: u32, bits: u32, is_signed: bool) -> i128 {
    let top = word << (32 - bits);
    if is_signed { i128::from(top as i32 >> (32 - bits)) } else { i128::from(top >> (32 - bits)) }
}

fn clamp(value: i128, bits: u32, is_signed: bool) -> i128 {
    let (least, most) = if is_signed { (-1 << (bits - 1), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) };
    value.clamp(least, most)
}

/// The exact result of the first operation.
fn operate(variant: i64, a: i128, b: i128) -> i128 {
    match variant & OPERATION {
        ADD => a + b,
        SUB => a - b,
        DISTANCE => (a - b).abs(),
        MIN => a.min(b),
        MAX => a.max(b),
        // Halves are rounded away from zero.
        AVERAGE => (a + b + i128::from(a + b >= 0)) >> 1,
        SHIFT_LEFT => a << if variant & WRAP != 0 { b & 31 } else { b.min(32) },
        SHIFT_RIGHT => a >> if variant & WRAP != 0 { b & 31 } else { b.min(32) },
        EQUAL => (a == b).into(),
        NOT_EQUAL => (a != b).into(),
        LESS => (a < b).into(),
        LESS_EQUAL => (a <= b).into(),
        GREATER => (a > b).into(),
        GREATER_EQUAL => (a >= b).into(),
        _ => a * b,
    }
}

/// One lane of an instruction of whole words.
fn whole(variant: i64, parts: Parts, a: u32, b: u32, c: u32) -> u32 {
    let source = |word: u32, operand: u32, sign: i64| {
        let (start, bits) = parts.part(operand);
        number(word >> start, bits, variant & sign != 0)
    };
    let result = operate(variant, source(a, 1, SIGNED_A), source(b, 2, SIGNED_B));
    if variant & OPERATION == MULTIPLY {
        // The types of the sources tell the sign, and what is taken off; that of the result says nothing.
        let is_signed = variant & (SIGNED_A | SIGNED_B) != 0 || parts.negates_product() || parts.negates_c();
        let c = number(c, 32, is_signed);
        let product = if parts.negates_product() { -result } else { result };
        let sum = product + if parts.negates_c() { -c } else { c } + i128::from(variant & PLUS_ONE != 0);
        let scaled = sum >> (variant >> SCALE_SHIFT);
        return if variant & SATURATE != 0 { clamp(scaled, 32, is_signed) as u32 } else { scaled as u32 };
    }
    let (start, bits) = parts.part(0);
    let is_signed = variant & SIGNED_D != 0;
    let result = if variant & SATURATE != 0 { clamp(result, bits, is_signed) } else { result };
    match variant & THEN {
        THEN_ADD => (result + number(c, 32, is_signed)) as u32,
        THEN_MIN => result.min(number(c, 32, is_signed)) as u32,
        THEN_MAX => result.max(number(c, 32, is_signed)) as u32,
        _ => merge(result, start, bits, c),
    }
}

/// `word` with the low bits of `value` in its place.
fn merge(value: i128, start: u32, bits: u32, word: u32) -> u32 {
    let place = u32::MAX >> (32 - bits) << start;
    word & !place | (value as u32) << start & place
}

/// One lane of an instruction of `COUNT` elements.
fn elements<const COUNT: u32>(variant: i64, picks: Picks, a: u32, b: u32, c: u32) -> u32 {
    let bits = 32 / COUNT;
    let both = u64::from(b) << 32 | u64::from(a);
    let mut result = c;
    for element in (0..COUNT).filter(|element| picks.keeps(*element)) {
        let source = |source: u32, sign: i64| {
            let word = (both >> (bits * picks.place(source, element))) as u32;
            number(word, bits, variant & sign != 0)
        };
        let value = operate(variant, source(0, SIGNED_A), source(1, SIGNED_B));
        let value = if variant & SATURATE != 0 { clamp(value, bits, variant & SIGNED_D != 0) } else { value };
        result = match variant & THEN {
            THEN_ADD => result.wrapping_add(value as u32),
            _ => merge(value, bits * element, bits, result),
        };
    }
    result
}

/// The operands are the result, `a`, `b`, `c` where there is one, and the selectors.
///
/// # Safety
/// The op's operands are so.
#[inline(always)]
unsafe fn each_lane(warp: &mut Warp, op: &Op, mask: u32, f: impl Fn(u32, u32, u32, u32) -> u32) {
    let mut slots = [op.d, op.a, op.b, op.c];
    // The selectors are the same in all lanes.
    let mut c = [0; LANES];
    if op.imm & HAS_C != 0 {
        // SAFETY: as the caller: with five operands, they all lie in the list.
        slots = [0, 1, 2, 4].map(|index| unsafe { extended(warp, op, index) });
        // SAFETY: as the caller: the fourth operand is a 32-bit slot.
        c = unsafe { read::<u32>(warp, extended(warp, op, 3)) };
    }
    let [d, a, b, selectors] = slots;
    // SAFETY: as the caller: these are 32-bit slots.
    let [a, b, selectors] = [a, b, selectors].map(|slot| unsafe { read::<u32>(warp, slot) });
    let mut result = [0; LANES];
    for lane in (0..LANES).filter(|lane| mask >> lane & 1 != 0) {
        result[lane] = f(selectors[lane], a[lane], b[lane], c[lane]);
    }
    // SAFETY: as the caller: and so is the result's.
    unsafe { write_masked::<u32, true>(warp, d, mask, result) }
}

struct Whole;

impl Body for Whole {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        // SAFETY: as the caller: `select` says which operands there are.
        unsafe { each_lane(warp, op, mask, |selectors, a, b, c| whole(op.imm, Parts(selectors), a, b, c)) }
    }
}

struct Elements<const COUNT: u32>;

impl<const COUNT: u32> Body for Elements<COUNT> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        // SAFETY: as the caller: `select` says which operands there are.
        unsafe { each_lane(warp, op, mask, |selectors, a, b, c| elements::<COUNT>(op.imm, Picks(selectors), a, b, c)) }
    }
}
