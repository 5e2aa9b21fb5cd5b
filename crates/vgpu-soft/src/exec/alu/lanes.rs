//! How a function of one lane becomes an op of 32: register access, masks, and the three instruction sets.
//!
//! A PTX form is written once, as a closure over one lane's values; [`map1`], [`map2`] and so on turn it into a
//! [`Form`]. A closure's type names its code, so each is compiled on its own inside functions that have the CPU features
//! of one [`Isa`], and LLVM vectorises the loop over the lanes there. All sources are read before the destination is
//! written: a destination may overlap its sources in any way.

use std::marker::PhantomData;

use super::super::op::{Isa, Op, OpFn, OpFns, Slot};
use super::super::warp::Warp;
use super::{Denormals, Form, Layout};
use crate::ptx::ast::Width;

/// Lanes of a warp.
pub(super) const LANES: usize = 32;

/// A type that a register can be read as.
pub(super) trait Value: Copy {
    const WIDTH: Width;
    const SIGNED: bool;
    const ZERO: Self;

    /// What the lanes' results become together before they are written.
    #[inline(always)]
    fn settled(values: [Self; LANES]) -> [Self; LANES] {
        values
    }
}

macro_rules! values {
    ($($type:ty: $width:ident, $signed:expr, $zero:expr;)*) => {
        $(impl Value for $type {
            const WIDTH: Width = Width::$width;
            const SIGNED: bool = $signed;
            const ZERO: Self = $zero;
        })*
    };
}

values! {
    u16: B16, false, 0;
    i16: B16, true, 0;
    u32: B32, false, 0;
    i32: B32, true, 0;
    f32: B32, false, 0.0;
    u64: B64, false, 0;
    i64: B64, true, 0;
    f64: B64, false, 0.0;
}

/// The values of all lanes in a slot.
///
/// # Safety
/// The slot lies whole in the warp's register block and is aligned for `T`.
#[inline(always)]
pub(super) unsafe fn read<T: Copy>(warp: &Warp, slot: Slot) -> [T; LANES] {
    // SAFETY: the slot lies in the register block, whose bytes are initialised and valid as any integer or float.
    unsafe { warp.registers.add(slot as usize).cast::<[T; LANES]>().read() }
}

/// Replaces the values of all lanes in a slot.
///
/// # Safety
/// As [`read`].
#[inline(always)]
pub(super) unsafe fn write<T: Copy>(warp: &mut Warp, slot: Slot, values: [T; LANES]) {
    // SAFETY: the slot lies in the register block, which this warp alone uses.
    unsafe { warp.registers.add(slot as usize).cast::<[T; LANES]>().write(values) }
}

/// Replaces the values of the lanes in `mask`.
///
/// # Safety
/// As [`read`].
#[inline(always)]
pub(super) unsafe fn write_masked<T: Copy, const MASKED: bool>(
    warp: &mut Warp,
    slot: Slot,
    mask: u32,
    values: [T; LANES],
) {
    let mut merged = values;
    if MASKED {
        // SAFETY: as the caller.
        let old = unsafe { read::<T>(warp, slot) };
        for lane in 0..LANES {
            merged[lane] = if mask >> lane & 1 != 0 { values[lane] } else { old[lane] };
        }
    }
    // SAFETY: as the caller.
    unsafe { write(warp, slot, merged) }
}

/// A predicate slot's mask.
///
/// # Safety
/// The slot is a predicate's and lies in the warp's register block.
#[inline(always)]
pub(super) unsafe fn read_predicate(warp: &Warp, slot: Slot) -> u32 {
    // SAFETY: the slot lies in the register block, 4-byte aligned.
    unsafe { warp.registers.add(slot as usize).cast::<u32>().read() }
}

/// Sets the bits of `mask` in a predicate slot.
///
/// # Safety
/// As [`read_predicate`].
#[inline(always)]
pub(super) unsafe fn write_predicate(warp: &mut Warp, slot: Slot, mask: u32, bits: u32) {
    // SAFETY: as the caller.
    let old = unsafe { read_predicate(warp, slot) };
    // SAFETY: the slot lies in the register block, which this warp alone uses.
    unsafe { warp.registers.add(slot as usize).cast::<u32>().write(old & !mask | bits & mask) }
}

/// The slot of the `index`-th operand of an op with [`Layout::Extended`].
///
/// # Safety
/// `index` is below the op's operand count.
#[inline(always)]
pub(super) unsafe fn extended(warp: &Warp, op: &Op, index: usize) -> Slot {
    // SAFETY: `op.ext` starts a list in the kernel's operands that is as long as the form's operands.
    unsafe { warp.operands.add(op.ext as usize + index).read() }
}

/// One truth value per lane to a mask. `flags` are 0 or 0xff.
#[inline(always)]
pub(super) fn mask_of(flags: [u8; LANES]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_movemask_epi8};
        let halves = flags.as_ptr().cast::<__m128i>();
        // SAFETY: `flags` is 32 bytes, and SSE2 is part of x86-64.
        let low = unsafe { _mm_movemask_epi8(_mm_loadu_si128(halves)) };
        // SAFETY: as above.
        let high = unsafe { _mm_movemask_epi8(_mm_loadu_si128(halves.add(1))) };
        (low as u32) | (high as u32) << 16
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        (0..LANES).fold(0, |mask, lane| mask | u32::from(flags[lane] & 1) << lane)
    }
}

/// The instruction set that a body is being compiled for.
pub(super) trait Level {
    const ISA: Isa;
    /// Little code is worth more than fast code.
    const COMPACT: bool = false;
    /// All lanes, for a loop that becomes vector code, or little code.
    #[inline(always)]
    fn lanes() -> impl Iterator<Item = usize> {
        0..LANES
    }
}

/// [`Isa::Baseline`], in little code: a scalar loop.
pub(super) struct Compact;
pub(super) struct Baseline;
pub(super) struct Avx2;
pub(super) struct Avx512;

impl Level for Compact {
    const ISA: Isa = Isa::Baseline;
    const COMPACT: bool = true;
    #[inline(always)]
    fn lanes() -> impl Iterator<Item = usize> {
        // One by one, as far as the compiler knows.
        (0..rolled_lanes()).map(|lane| std::hint::black_box(lane) % LANES)
    }
}
impl Level for Baseline {
    const ISA: Isa = Isa::Baseline;
}
impl Level for Avx2 {
    const ISA: Isa = Isa::Avx2;
}
impl Level for Avx512 {
    const ISA: Isa = Isa::Avx512;
}

/// [`LANES`], in a way that the compiler cannot know, for loops that are better not unrolled.
#[inline(always)]
pub(super) fn rolled_lanes() -> usize {
    std::hint::black_box(LANES).min(LANES)
}

/// The body of an op.
pub(super) trait Body {
    /// Runs the op; without `MASKED` for all lanes, else for those in `mask`.
    ///
    /// # Safety
    /// As [`OpFn`], and it is inlined into a function that has the features of `L`.
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32);
}

unsafe fn on_baseline<B: Body, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: as the caller.
    unsafe { B::run::<Baseline, MASKED>(warp, op, mask) }
}

unsafe fn compactly<B: Body, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: as the caller.
    unsafe { B::run::<Compact, MASKED>(warp, op, mask) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn on_avx2<B: Body, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: as the caller.
    unsafe { B::run::<Avx2, MASKED>(warp, op, mask) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn on_avx512<B: Body, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: as the caller.
    unsafe { B::run::<Avx512, MASKED>(warp, op, mask) }
}

/// The version for the vector instruction sets, if it is one of them.
fn on_vectors<B: Body, const MASKED: bool>(isa: Isa) -> Option<OpFn> {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => Some(on_avx512::<B, MASKED>),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => Some(on_avx2::<B, MASKED>),
        _ => None,
    }
}

/// Where there are vector instruction sets, CPUs without them are old and few.
#[cfg(target_arch = "x86_64")]
fn now_and_then<B: Body>() -> OpFn {
    compactly::<B, false>
}

#[cfg(not(target_arch = "x86_64"))]
fn now_and_then<B: Body>() -> OpFn {
    on_baseline::<B, false>
}

/// How much code an op is worth. Compile time and binary size are what the colder tiers save.
pub(super) trait Tier: Copy {
    /// The functions of a body whose only effect is its destination of width `destination`.
    fn fns<B: Body>(self, destination: Width) -> OpFns;
}

/// Everywhere in real kernels: both versions for the vector instruction sets, the full one for the baseline.
#[derive(Clone, Copy)]
pub(super) struct Hot(pub(super) Isa);

/// Now and then: the full version for the vector instruction sets, little code for the baseline.
#[derive(Clone, Copy)]
pub(super) struct Warm(pub(super) Isa);

/// Seldom: one version that every CPU runs.
#[derive(Clone, Copy)]
pub(super) struct Cold;

impl Tier for Hot {
    fn fns<B: Body>(self, destination: Width) -> OpFns {
        OpFns {
            full: on_vectors::<B, false>(self.0).unwrap_or(on_baseline::<B, false>),
            masked: on_vectors::<B, true>(self.0).unwrap_or(merged(destination)),
        }
    }
}

impl Tier for Warm {
    fn fns<B: Body>(self, destination: Width) -> OpFns {
        OpFns { full: on_vectors::<B, false>(self.0).unwrap_or(now_and_then::<B>()), masked: merged(destination) }
    }
}

impl Tier for Cold {
    fn fns<B: Body>(self, destination: Width) -> OpFns {
        OpFns { full: compactly::<B, false>, masked: merged(destination) }
    }
}

/// The functions of a body that heeds its mask at no cost: one version for both, for each instruction set.
pub(super) fn masked_only<B: Body>(isa: Isa) -> OpFns {
    let masked = on_vectors::<B, true>(isa).unwrap_or(on_baseline::<B, true>);
    OpFns { full: masked, masked }
}

/// As [`masked_only`], but one version that every CPU runs.
pub(super) fn masked_only_cold<B: Body>() -> OpFns {
    let masked = compactly::<B, true>;
    OpFns { full: masked, masked }
}

fn merged(destination: Width) -> OpFn {
    match destination {
        Width::Pred => merged_predicate,
        Width::B16 => merged_values::<u16>,
        Width::B32 => merged_values::<u32>,
        Width::B64 => merged_values::<u64>,
    }
}

/// Runs the op for all lanes, then gives the lanes outside the mask their old values back.
unsafe fn merged_values<T: Value>(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: `op.d` is a slot of this width, by the choice of `merged`.
    let old = unsafe { read::<T>(warp, op.d) };
    // SAFETY: as the caller; no lane's computation can fault.
    unsafe { (op.fns.full)(warp, op, u32::MAX) };
    // SAFETY: as above.
    unsafe { write_masked::<T, true>(warp, op.d, !mask, old) }
}

unsafe fn merged_predicate(warp: &mut Warp, op: &Op, mask: u32) {
    // SAFETY: `op.d` is a predicate slot, by the choice of `merged`.
    let old = unsafe { read_predicate(warp, op.d) };
    // SAFETY: as the caller.
    unsafe { (op.fns.full)(warp, op, u32::MAX) };
    // SAFETY: as above.
    unsafe { write_predicate(warp, op.d, !mask, old) }
}

/// The one value of a closure type that captures nothing.
#[inline(always)]
pub(super) fn stateless<F: Copy>() -> F {
    const { assert!(size_of::<F>() == 0, "lane closures capture nothing") };
    // SAFETY: F has no bytes, so a dangling aligned pointer is valid to read, and every F is the same.
    unsafe { std::ptr::NonNull::<F>::dangling().read() }
}

struct Map1<A, R, F>(PhantomData<(A, R, F)>);

impl<A: Value, R: Value, F: Fn(A) -> R + Copy> Body for Map1<A, R, F> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        let f = stateless::<F>();
        // SAFETY: as the caller: the form's widths are those of A and R.
        let a = unsafe { read::<A>(warp, op.a) };
        let mut result = [R::ZERO; LANES];
        for lane in L::lanes() {
            result[lane] = f(a[lane]);
        }
        // SAFETY: as above.
        unsafe { write_masked::<R, MASKED>(warp, op.d, mask, R::settled(result)) }
    }
}

struct MapVariant<A, R, F>(PhantomData<(A, R, F)>);

impl<A: Value, R: Value, F: Fn(A, i64) -> R + Copy> Body for MapVariant<A, R, F> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        let f = stateless::<F>();
        // SAFETY: as the caller: the form's widths are those of A and R.
        let a = unsafe { read::<A>(warp, op.a) };
        let mut result = [R::ZERO; LANES];
        for lane in L::lanes() {
            result[lane] = f(a[lane], op.imm);
        }
        // SAFETY: as above.
        unsafe { write_masked::<R, MASKED>(warp, op.d, mask, result) }
    }
}

struct Map2<A, B, R, F>(PhantomData<(A, B, R, F)>);

impl<A: Value, B: Value, R: Value, F: Fn(A, B) -> R + Copy> Body for Map2<A, B, R, F> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        let f = stateless::<F>();
        // SAFETY: as the caller: the form's widths are those of A, B and R.
        let (a, b) = unsafe { (read::<A>(warp, op.a), read::<B>(warp, op.b)) };
        let mut result = [R::ZERO; LANES];
        for lane in L::lanes() {
            result[lane] = f(a[lane], b[lane]);
        }
        // SAFETY: as above.
        unsafe { write_masked::<R, MASKED>(warp, op.d, mask, R::settled(result)) }
    }
}

struct Map3<A, B, C, R, F>(PhantomData<(A, B, C, R, F)>);

impl<A: Value, B: Value, C: Value, R: Value, F: Fn(A, B, C) -> R + Copy> Body for Map3<A, B, C, R, F> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        let f = stateless::<F>();
        // SAFETY: as the caller: the form's widths are those of A, B, C and R.
        let (a, b, c) = unsafe { (read::<A>(warp, op.a), read::<B>(warp, op.b), read::<C>(warp, op.c)) };
        let mut result = [R::ZERO; LANES];
        for lane in L::lanes() {
            result[lane] = f(a[lane], b[lane], c[lane]);
        }
        // SAFETY: as above.
        unsafe { write_masked::<R, MASKED>(warp, op.d, mask, R::settled(result)) }
    }
}

struct Map4<A, B, C, D, R, F>(PhantomData<(A, B, C, D, R, F)>);

impl<A: Value, B: Value, C: Value, D: Value, R: Value, F: Fn(A, B, C, D) -> R + Copy> Body for Map4<A, B, C, D, R, F> {
    #[inline(always)]
    unsafe fn run<L: Level, const MASKED: bool>(warp: &mut Warp, op: &Op, mask: u32) {
        let f = stateless::<F>();
        // SAFETY: as the caller: the form has five operands, of the widths of R, A, B, C and D.
        let (a, b) = unsafe { (read::<A>(warp, extended(warp, op, 1)), read::<B>(warp, extended(warp, op, 2))) };
        // SAFETY: as above.
        let (c, d) = unsafe { (read::<C>(warp, extended(warp, op, 3)), read::<D>(warp, extended(warp, op, 4))) };
        let mut result = [R::ZERO; LANES];
        for lane in L::lanes() {
            result[lane] = f(a[lane], b[lane], c[lane], d[lane]);
        }
        // SAFETY: as above.
        unsafe { write_masked::<R, true>(warp, extended(warp, op, 0), mask, result) }
    }
}

/// `d = f(a)`
pub(super) fn map1<A: Value, R: Value, F: Fn(A) -> R + Copy>(tier: impl Tier, _f: F) -> Form {
    Form::new(tier.fns::<Map1<A, R, F>>(R::WIDTH), &[R::WIDTH, A::WIDTH]).signed(R::SIGNED)
}

/// `d = f(a, variant)`, in one version for all variants and CPUs.
pub(super) fn map_variant<A: Value, R: Value, F: Fn(A, i64) -> R + Copy>(variant: i64, _f: F) -> Form {
    let fns = Cold.fns::<MapVariant<A, R, F>>(R::WIDTH);
    Form::new(fns, &[R::WIDTH, A::WIDTH]).signed(R::SIGNED).imm(variant)
}

/// `d = f(a, b)`
pub(super) fn map2<A: Value, B: Value, R: Value, F: Fn(A, B) -> R + Copy>(tier: impl Tier, _f: F) -> Form {
    Form::new(tier.fns::<Map2<A, B, R, F>>(R::WIDTH), &[R::WIDTH, A::WIDTH, B::WIDTH]).signed(R::SIGNED)
}

/// `d = f(a, b, c)`
pub(super) fn map3<A: Value, B: Value, C: Value, R: Value, F: Fn(A, B, C) -> R + Copy>(tier: impl Tier, _f: F) -> Form {
    let widths = [R::WIDTH, A::WIDTH, B::WIDTH, C::WIDTH];
    Form::new(tier.fns::<Map3<A, B, C, R, F>>(R::WIDTH), &widths).signed(R::SIGNED)
}

/// `d = f(a, b, c, e)`, the slots in the operand list.
pub(super) fn map4<A: Value, B: Value, C: Value, D: Value, R: Value, F: Fn(A, B, C, D) -> R + Copy>(
    isa: Isa,
    _f: F,
) -> Form {
    let fns = masked_only::<Map4<A, B, C, D, R, F>>(isa);
    Form::new(fns, &[R::WIDTH, A::WIDTH, B::WIDTH, C::WIDTH, D::WIDTH]).signed(R::SIGNED)
}

impl Form {
    /// A form with one destination that no rounding or denormal mode touches.
    pub(super) fn new(fns: OpFns, operands: &[Width]) -> Self {
        Self {
            fns,
            layout: if operands.len() > 4 { Layout::Extended } else { Layout::Slots },
            operands: operands.to_vec(),
            destinations: 1,
            is_signed: false,
            denormals: Denormals::Any,
            collective: None,
            imm: 0,
        }
    }

    pub(super) fn signed(mut self, is_signed: bool) -> Self {
        self.is_signed = is_signed;
        self
    }

    /// Denormals are flushed when `ftz`, else kept.
    pub(super) fn ftz(mut self, ftz: bool) -> Self {
        self.denormals = if ftz { Denormals::Flush } else { Denormals::Keep };
        self
    }

    pub(super) fn destinations(mut self, count: usize) -> Self {
        self.destinations = count;
        self
    }

    /// Sets what the functions find in `Op::imm`.
    pub(super) fn imm(mut self, imm: i64) -> Self {
        self.imm = imm;
        self
    }

    /// Lanes wait for each other before this op: those of the member mask at operand `members`, or all.
    pub(super) fn collective(mut self, members: Option<usize>) -> Self {
        self.collective = Some(members);
        self
    }
}
