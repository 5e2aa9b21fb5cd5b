//! The device's clock.

use std::sync::OnceLock;
use std::time::Instant;

/// Nanoseconds since the clock was first read, never 0.
pub(super) fn now_ns() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let elapsed = START.get_or_init(Instant::now).elapsed();
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX).saturating_add(1)
}
