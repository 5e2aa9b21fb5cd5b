//! The processor's clock, measured here so that an emulated guest need not: on a busy machine it would measure wrongly by
//! half or double, and then count its seconds so.

use std::{
    arch::x86_64::_rdtsc,
    thread,
    time::{Duration, Instant},
};

/// Between two looks at both clocks: the error of a look, a microsecond, is a fifty-thousandth of it.
const SPAN: Duration = Duration::from_millis(50);
/// Looks, of which the least disturbed one counts.
const LOOKS: usize = 20;

/// Ticks a millisecond of this machine's time stamp counter, which is an emulated guest's as well.
pub(super) fn tsc_khz() -> u64 {
    let (before, ticks_before) = look();
    thread::sleep(SPAN);
    let (after, ticks_after) = look();
    let span = after.duration_since(before).as_nanos().max(1);
    let khz = u128::from(ticks_after.wrapping_sub(ticks_before)) * 1_000_000 / span;
    u64::try_from(khz).unwrap_or(u64::MAX)
}

/// Both clocks at the same moment.
fn look() -> (Instant, u64) {
    let one = || {
        let before = ticks();
        let now = Instant::now();
        let after = ticks();
        (after.wrapping_sub(before), now, before)
    };
    let (width, now, ticks) = (0..LOOKS).map(|_| one()).min_by_key(|look| look.0).expect("there are some");
    (now, ticks.wrapping_add(width / 2))
}

fn ticks() -> u64 {
    // SAFETY: every x86-64 processor has the instruction, and it changes nothing.
    unsafe { _rdtsc() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_measurements_agree() {
        let (one, other) = (tsc_khz(), tsc_khz());
        assert!(one.abs_diff(other) * 1000 < one, "{one} and {other} kHz");
    }
}
