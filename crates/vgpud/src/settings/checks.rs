//! Which values make sense. A check says what does and what came instead; whoever applies it names the option.

use std::fmt::Display;

use super::values::{Bytes, Seconds};

/// Guests show once a second that they live, and a beat may be late.
const GUEST_TIMEOUT_MIN_S: u64 = 3;
const DAY_S: u64 = 86_400;

/// From `min` to `max`, both of them included.
pub(super) fn between<T: PartialOrd + Display>(min: T, max: T) -> impl Fn(&T) -> Result<(), String> {
    move |value| match (&min..=&max).contains(&value) {
        true => Ok(()),
        false => Err(format!("between {min} and {max}, not {value:#}")),
    }
}

/// The same, and a power of two.
pub(super) fn power_of_two_between(min: Bytes, max: Bytes) -> impl Fn(&Bytes) -> Result<(), String> {
    move |value| match value.0.is_power_of_two() && (min..=max).contains(value) {
        true => Ok(()),
        false => Err(format!("a power of two between {min} and {max}, not {value:#}")),
    }
}

/// A silence that a living guest does not keep.
pub(super) fn several_beats(value: &Seconds) -> Result<(), String> {
    match (GUEST_TIMEOUT_MIN_S..=DAY_S).contains(&value.0) {
        true => Ok(()),
        false => Err(format!(
            "between {GUEST_TIMEOUT_MIN_S} (guests show once a second that they live) and {DAY_S} seconds, not {value}"
        )),
    }
}
