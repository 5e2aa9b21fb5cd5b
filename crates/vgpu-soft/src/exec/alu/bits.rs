//! Bits: `and`, `or`, `xor`, `not`, `cnot`, `lop3`, shifts, bit fields, counts, `prmt`.

use super::super::op::{Isa, Op, OpFns};
use super::super::warp::Warp;
use super::Form;
use super::lanes::{
    Body, Cold, Hot, LANES, Level, Warm, extended, map1, map2, map3, map4, mask_of, masked_only, masked_only_cold,
    read, read_predicate, write_masked, write_predicate,
};
use super::modifiers::{Modifiers, Type, flag};
use crate::ptx::ast::{Opcode, Width};
use crate::ptx::opcodes::Bits::{
    self, And, Bfe, Bfi, Bfind, Bmsk, Brev, Clz, Cnot, Fns, Lop3, Not, Or, Popc, Shf, Shl, Shr, Szext, Xor,
};

pub(super) fn select(operation: Bits, modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    match operation {
        And | Or | Xor | Not | Cnot => logic(operation, modifiers, isa),
        Lop3 => lop3(modifiers, isa),
        Shl | Shr => shift(operation, modifiers, isa),
        Shf => funnel_shift(modifiers, isa),
        Bfe => Some(match modifiers.plain(0)? {
            Type::U32 => map3(Hot(isa), |a: u32, b: u32, c: u32| extract_u64(a.into(), b & 255, c & 255) as u32),
            Type::S32 => map3(Hot(isa), extract_i32),
            Type::U64 => map3(Warm(isa), extract_u64),
            Type::S64 => map3(Warm(isa), extract_i64),
            _ => return None,
        }),
        Bfi => Some(match modifiers.plain(0)? {
            Type::B32 => {
                map4(isa, |a: u32, b: u32, c: u32, d: u32| insert(a.into(), b.into(), c & 255, d & 255) as u32)
            }
            Type::B64 => map4(isa, insert),
            _ => return None,
        }),
        Bfind => find_msb(modifiers),
        Popc => Some(match modifiers.plain(0)? {
            Type::B32 => map1(Warm(isa), |a: u32| a.count_ones()),
            Type::B64 => map1(Warm(isa), |a: u64| a.count_ones()),
            _ => return None,
        }),
        Clz => Some(match modifiers.plain(0)? {
            Type::B32 => map1(Warm(isa), |a: u32| a.leading_zeros()),
            Type::B64 => map1(Warm(isa), |a: u64| a.leading_zeros()),
            _ => return None,
        }),
        Brev => Some(match modifiers.plain(0)? {
            Type::B32 => map1(Warm(isa), |a: u32| a.reverse_bits()),
            Type::B64 => map1(Warm(isa), |a: u64| a.reverse_bits()),
            _ => return None,
        }),
        Fns => (modifiers.plain(0)? == Type::B32).then(|| map3(Cold, nth_set)),
        Bmsk => match (modifiers.plain(flag::CLAMP | flag::WRAP)?, modifiers.flags) {
            (Type::B32, flag::CLAMP) => Some(map2(Warm(isa), field)),
            (Type::B32, flag::WRAP) => Some(map2(Warm(isa), |a: u32, b: u32| field(a & 31, b & 31))),
            _ => None,
        },
        Szext => match (modifiers.plain(flag::CLAMP | flag::WRAP)?, modifiers.flags) {
            (Type::U32, flag::CLAMP) => Some(map2(Cold, |a: u32, b: u32| a & field(0, b))),
            (Type::U32, flag::WRAP) => Some(map2(Cold, |a: u32, b: u32| a & field(0, b & 31))),
            (Type::S32, flag::CLAMP) => Some(map2(Cold, |a: i32, b: u32| extract_i32(a, 0, b.min(32)))),
            (Type::S32, flag::WRAP) => Some(map2(Cold, |a: i32, b: u32| extract_i32(a, 0, b & 31))),
            _ => None,
        },
    }
}

fn logic(operation: Bits, modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    Some(match (operation, modifiers.plain(0)?) {
        (And, Type::Pred) => predicate_form(masked_only_cold::<PredicateLogic<AND>>(), 2),
        (Or, Type::Pred) => predicate_form(masked_only_cold::<PredicateLogic<OR>>(), 2),
        (Xor, Type::Pred) => predicate_form(masked_only_cold::<PredicateLogic<XOR>>(), 2),
        (Not, Type::Pred) => predicate_form(masked_only_cold::<PredicateLogic<NOT>>(), 1),
        (And, Type::B16) => map2(Hot(isa), |a: u16, b: u16| a & b),
        (And, Type::B32) => map2(Hot(isa), |a: u32, b: u32| a & b),
        (And, Type::B64) => map2(Hot(isa), |a: u64, b: u64| a & b),
        (Or, Type::B16) => map2(Hot(isa), |a: u16, b: u16| a | b),
        (Or, Type::B32) => map2(Hot(isa), |a: u32, b: u32| a | b),
        (Or, Type::B64) => map2(Hot(isa), |a: u64, b: u64| a | b),
        (Xor, Type::B16) => map2(Warm(isa), |a: u16, b: u16| a ^ b),
        (Xor, Type::B32) => map2(Hot(isa), |a: u32, b: u32| a ^ b),
        (Xor, Type::B64) => map2(Warm(isa), |a: u64, b: u64| a ^ b),
        (Not, Type::B16) => map1(Warm(isa), |a: u16| !a),
        (Not, Type::B32) => map1(Hot(isa), |a: u32| !a),
        (Not, Type::B64) => map1(Warm(isa), |a: u64| !a),
        (Cnot, Type::B16) => map1(Cold, |a: u16| u16::from(a == 0)),
        (Cnot, Type::B32) => map1(Cold, |a: u32| u32::from(a == 0)),
        (Cnot, Type::B64) => map1(Cold, |a: u64| u64::from(a == 0)),
        _ => return None,
    })
}

fn predicate_form(fns: OpFns, sources: usize) -> Form {
    Form::new(fns, &[Width::Pred; 3][..1 + sources])
}

const AND: u8 = 0;
const OR: u8 = 1;
const XOR: u8 = 2;
const NOT: u8 = 3;
/// `mov.pred`
pub(super) const MOVE: u8 = 4;

/// All lanes at once: a predicate is one mask.
pub(super) struct PredicateLogic<const OPERATION: u8>;

impl<const OPERATION: u8> Body for PredicateLogic<OPERATION> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        // SAFETY: as the caller: `a` is a predicate slot.
        let a = unsafe { read_predicate(warp, op.a) };
        let bits = match OPERATION {
            NOT => !a,
            MOVE => a,
            _ => {
                // SAFETY: as the caller: with two sources, `b` is a predicate slot too.
                let b = unsafe { read_predicate(warp, op.b) };
                match OPERATION {
                    AND => a & b,
                    OR => a | b,
                    _ => a ^ b,
                }
            }
        };
        // SAFETY: as the caller: `d` is a predicate slot.
        unsafe { write_predicate(warp, op.d, mask, bits) }
    }
}

/// `lop3`, and with `.and` or `.or` a predicate too: whether the result has a bit, combined with another predicate.
fn lop3(modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    const OPERANDS: [Width; 7] = [Width::B32, Width::Pred, Width::B32, Width::B32, Width::B32, Width::B32, Width::Pred];
    let fns = match (modifiers.plain(flag::AND | flag::OR)?, modifiers.flags) {
        (Type::B32, 0) => return Some(map4(isa, lookup)),
        (Type::B32, flag::AND) => masked_only::<LookupAndTest<AND>>(isa),
        (Type::B32, flag::OR) => masked_only::<LookupAndTest<OR>>(isa),
        _ => return None,
    };
    Some(Form::new(fns, &OPERANDS).destinations(2))
}

/// The operands are the result, its predicate, the three words, the table and the other predicate.
struct LookupAndTest<const OPERATION: u8>;

impl<const OPERATION: u8> Body for LookupAndTest<OPERATION> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        // SAFETY: as the caller: operands 2 to 5 are 32-bit slots.
        let [a, b, c, table] = [2, 3, 4, 5].map(|index| unsafe { read::<u32>(warp, extended(warp, op, index)) });
        // SAFETY: as the caller: operand 6 is a predicate slot.
        let with = unsafe { read_predicate(warp, extended(warp, op, 6)) };
        let mut result = [0; LANES];
        let mut flags = [0; LANES];
        for lane in L::lanes() {
            result[lane] = lookup(a[lane], b[lane], c[lane], table[lane]);
            flags[lane] = if result[lane] != 0 { 0xff } else { 0 };
        }
        let bits = if OPERATION == AND { mask_of(flags) & with } else { mask_of(flags) | with };
        // SAFETY: as the caller: operand 0 is a 32-bit slot.
        unsafe { write_masked::<u32, true>(warp, extended(warp, op, 0), mask, result) }
        // SAFETY: as the caller: operand 1 is a predicate slot.
        unsafe { write_predicate(warp, extended(warp, op, 1), mask, bits) }
    }
}

/// `lop3`: bit `4a + 2b + c` of the table, for each bit of the operands.
#[inline(always)]
fn lookup(a: u32, b: u32, c: u32, table: u32) -> u32 {
    let mut result = 0;
    for minterm in 0..8 {
        let wanted = 0u32.wrapping_sub(table >> minterm & 1);
        let a = if minterm & 4 != 0 { a } else { !a };
        let b = if minterm & 2 != 0 { b } else { !b };
        let c = if minterm & 1 != 0 { c } else { !c };
        result |= wanted & a & b & c;
    }
    result
}

/// Shifts by the register's width or more give 0, or copies of the sign.
fn shift(operation: Bits, modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    Some(match (operation, modifiers.plain(0)?) {
        (Shl, Type::B16) => map2(Hot(isa), |a: u16, b: u32| if b > 15 { 0 } else { (u32::from(a) << (b & 15)) as u16 }),
        (Shl, Type::B32) => map2(Hot(isa), |a: u32, b: u32| if b > 31 { 0 } else { a << (b & 31) }),
        (Shl, Type::B64) => map2(Hot(isa), |a: u64, b: u32| if b > 63 { 0 } else { a << (b & 63) }),
        (Shr, Type::B16 | Type::U16) => {
            map2(Hot(isa), |a: u16, b: u32| if b > 15 { 0 } else { (u32::from(a) >> (b & 15)) as u16 })
        }
        (Shr, Type::B32 | Type::U32) => map2(Hot(isa), |a: u32, b: u32| if b > 31 { 0 } else { a >> (b & 31) }),
        (Shr, Type::B64 | Type::U64) => map2(Hot(isa), |a: u64, b: u32| if b > 63 { 0 } else { a >> (b & 63) }),
        (Shr, Type::S16) => map2(Hot(isa), |a: i16, b: u32| (i32::from(a) >> b.min(15)) as i16),
        (Shr, Type::S32) => map2(Hot(isa), |a: i32, b: u32| a >> b.min(31)),
        (Shr, Type::S64) => map2(Hot(isa), |a: i64, b: u32| a >> b.min(63)),
        _ => return None,
    })
}

/// `shf`: the upper or lower half of `{b, a}` shifted.
fn funnel_shift(modifiers: &Modifiers, isa: Isa) -> Option<Form> {
    #[inline(always)]
    fn left(low: u32, high: u32, by: u32) -> u32 {
        let pair = u64::from(high) << 32 | u64::from(low);
        ((pair << by) >> 32) as u32
    }
    #[inline(always)]
    fn right(low: u32, high: u32, by: u32) -> u32 {
        let pair = u64::from(high) << 32 | u64::from(low);
        (pair >> by) as u32
    }
    if modifiers.plain(flag::LEFT | flag::RIGHT | flag::CLAMP | flag::WRAP)? != Type::B32 {
        return None;
    }
    const LEFT_CLAMP: u32 = flag::LEFT | flag::CLAMP;
    const LEFT_WRAP: u32 = flag::LEFT | flag::WRAP;
    const RIGHT_CLAMP: u32 = flag::RIGHT | flag::CLAMP;
    const RIGHT_WRAP: u32 = flag::RIGHT | flag::WRAP;
    Some(match modifiers.flags {
        LEFT_CLAMP => map3(Warm(isa), |a: u32, b: u32, c: u32| left(a, b, c.min(32))),
        LEFT_WRAP => map3(Warm(isa), |a: u32, b: u32, c: u32| left(a, b, c & 31)),
        RIGHT_CLAMP => map3(Warm(isa), |a: u32, b: u32, c: u32| right(a, b, c.min(32))),
        RIGHT_WRAP => map3(Warm(isa), |a: u32, b: u32, c: u32| right(a, b, c & 31)),
        _ => return None,
    })
}

/// `length` ones from bit `start` up.
#[inline(always)]
fn field(start: u32, length: u32) -> u32 {
    let ones = if length > 31 { u32::MAX } else { (1 << (length & 31)) - 1 };
    if start > 31 { 0 } else { ones << (start & 31) }
}

/// Bits `start..start + length`, zeroes beyond bit 63.
///
/// PTX takes both modulo 256, in all bit field forms. An NVIDIA H100 with driver 580 does so in 32 bits, but in 64 bits 256 and
/// more are beyond the end: programs see the latter, so that only callers with 32 bits reduce them.
#[inline(always)]
fn extract_u64(a: u64, start: u32, length: u32) -> u64 {
    let ones = if length > 63 { u64::MAX } else { (1 << (length & 63)) - 1 };
    if start > 63 { 0 } else { (a >> (start & 63)) & ones }
}

/// Bits `start..start + length` with the sign of the topmost of them that there is.
#[inline(always)]
fn extract_i32(a: i32, start: u32, length: u32) -> i32 {
    let (start, length) = ((start & 255).min(31), (length & 255).min(32));
    let unused = 32 - length;
    let field = (i64::from(a) >> start) as i32;
    if length == 0 { 0 } else { field << (unused & 31) >> (unused & 31) }
}

#[inline(always)]
fn extract_i64(a: i64, start: u32, length: u32) -> i64 {
    let (start, length) = (start.min(63), length.min(64));
    let unused = 64 - length;
    let field = a >> start;
    if length == 0 { 0 } else { field << (unused & 63) >> (unused & 63) }
}

/// `bfi`: `b` with its bits `start..start + length` replaced by the low bits of `a`.
#[inline(always)]
fn insert(a: u64, b: u64, start: u32, length: u32) -> u64 {
    let ones = if length > 63 { u64::MAX } else { (1 << (length & 63)) - 1 };
    let place = if start > 63 { 0 } else { ones << (start & 63) };
    b & !place | (a << (start & 63)) & place
}

/// `fns`: where the bit is that is the `offset`-th set one from `base` up, or down if that is negative; 0 asks for `base`
/// itself. All ones when there is none, and for a `base` above 31, which PTX leaves open.
fn nth_set(mask: u32, base: u32, offset: i32) -> u32 {
    if base > 31 {
        return u32::MAX;
    }
    // Downwards is upwards in the mirror.
    let is_down = offset < 0;
    let (mask, start) = if is_down { (mask.reverse_bits(), 31 - base) } else { (mask, base) };
    let mut rest = if offset == 0 { mask & 1 << start } else { mask >> start << start };
    for _ in 1..offset.unsigned_abs().min(33) {
        rest &= rest.wrapping_sub(1);
    }
    match rest.trailing_zeros() {
        32 => u32::MAX,
        place if is_down => 31 - place,
        place => place,
    }
}

/// `bfind`: where the topmost bit is that differs from the sign; all ones when there is none.
fn find_msb(modifiers: &Modifiers) -> Option<Form> {
    #[inline(always)]
    fn top_bit(a: u64) -> u32 {
        63u32.wrapping_sub(a.leading_zeros())
    }
    /// The distance to the top instead.
    #[inline(always)]
    fn distance(bit: u32, top: u32) -> u32 {
        if bit == u32::MAX { bit } else { top - bit }
    }
    #[inline(always)]
    fn magnitude(a: i64) -> u64 {
        (a ^ a >> 63) as u64
    }
    let r#type = modifiers.plain(flag::SHIFTAMT)?;
    Some(match (r#type, modifiers.has(flag::SHIFTAMT)) {
        (Type::U32, false) => map1(Cold, |a: u32| top_bit(a.into())),
        (Type::S32, false) => map1(Cold, |a: i32| top_bit(magnitude(a.into()))),
        (Type::U64, false) => map1(Cold, top_bit),
        (Type::S64, false) => map1(Cold, |a: i64| top_bit(magnitude(a))),
        (Type::U32, true) => map1(Cold, |a: u32| distance(top_bit(a.into()), 31)),
        (Type::S32, true) => map1(Cold, |a: i32| distance(top_bit(magnitude(a.into())), 31)),
        (Type::U64, true) => map1(Cold, |a: u64| distance(top_bit(a), 63)),
        (Type::S64, true) => map1(Cold, |a: i64| distance(top_bit(magnitude(a)), 63)),
        _ => return None,
    })
}

pub(super) fn prmt(opcode: Opcode<'_>, isa: Isa) -> Option<Form> {
    let mut words = opcode.modifiers();
    if words.next()? != "b32" {
        return None;
    }
    let form = match words.next() {
        None => map3(Hot(isa), permute),
        Some("f4e") => map3(Cold, |a: u32, b: u32, c: u32| permute(a, b, MODES[0][c as usize & 3])),
        Some("b4e") => map3(Cold, |a: u32, b: u32, c: u32| permute(a, b, MODES[1][c as usize & 3])),
        Some("rc8") => map3(Cold, |a: u32, b: u32, c: u32| permute(a, b, MODES[2][c as usize & 3])),
        Some("ecl") => map3(Cold, |a: u32, b: u32, c: u32| permute(a, b, MODES[3][c as usize & 3])),
        Some("ecr") => map3(Cold, |a: u32, b: u32, c: u32| permute(a, b, MODES[4][c as usize & 3])),
        Some("rc16") => map3(Cold, |a: u32, b: u32, c: u32| permute(a, b, MODES[5][c as usize & 3])),
        Some(_) => return None,
    };
    words.next().is_none().then_some(form)
}

/// The selectors that `prmt`'s named modes stand for, by the low bits of `c`: f4e, b4e, rc8, ecl, ecr, rc16.
const MODES: [[u32; 4]; 6] = [
    [0x3210, 0x4321, 0x5432, 0x6543],
    [0x5670, 0x6701, 0x7012, 0x0123],
    [0x0000, 0x1111, 0x2222, 0x3333],
    [0x3210, 0x3211, 0x3222, 0x3333],
    [0x0000, 0x1110, 0x2210, 0x3210],
    [0x1010, 0x3232, 0x1010, 0x3232],
];

/// Each nibble of the selector takes one of the eight bytes of `{b, a}`, or copies of its sign.
#[inline(always)]
fn permute(a: u32, b: u32, selector: u32) -> u32 {
    let mut result = 0;
    for byte in 0..4 {
        let nibble = selector >> (4 * byte);
        let source = if nibble & 4 != 0 { b } else { a };
        let value = source >> (8 * (nibble & 3)) & 0xff;
        let sign = 0u32.wrapping_sub(value >> 7) & 0xff;
        result |= (if nibble & 8 != 0 { sign } else { value }) << (8 * byte);
    }
    result
}
