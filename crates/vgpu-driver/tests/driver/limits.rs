//! Limits of contexts and priorities of streams: the driver's, with its codes.

use vgpu_core::wire::messages::*;
use vgpu_core::{CuError, CuResult};

use crate::fake::Fake;
use crate::guest::{CONTEXT, Guest};

fn facts(guest: &mut Guest) -> ContextFactsReply {
    guest.call(ContextFacts { context: CONTEXT, reserved: 0 }, &[]).expect("an answer").reply
}

fn set(guest: &mut Guest, limit: u32, value: u64) -> CuResult {
    guest.call(ContextLimit { context: CONTEXT, limit, value }, &[]).map(drop)
}

#[test]
fn limits_are_told_with_what_they_are_or_why_not() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let facts = facts(&mut guest);
    assert_eq!(facts.limits[..8], [1000, 1001, 1002, 1003, 1004, 1005, 1006, 0]);
    let (unsupported, invalid) = (CuError::UNSUPPORTED_LIMIT.code(), CuError::INVALID_VALUE.code());
    let expected = [[0; 7].as_slice(), &[unsupported; 4], &[invalid; 5]].concat();
    assert_eq!(facts.limit_codes.as_slice(), expected);
    assert_eq!((facts.least_priority, facts.greatest_priority), (0, -5));
    guest.end();
}

#[test]
fn a_limit_that_is_set_is_what_the_driver_makes_of_it() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    set(&mut guest, 2, 4097).unwrap();
    assert_eq!(facts(&mut guest).limits[2], 4098);
    guest.end();
}

#[test]
fn limits_that_there_are_not_are_refused_as_the_driver_does() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    assert_eq!(set(&mut guest, 7, 1), Err(CuError::UNSUPPORTED_LIMIT));
    assert_eq!(set(&mut guest, 11, 1), Err(CuError::INVALID_VALUE));
    assert_eq!(set(&mut guest, u32::MAX, 1), Err(CuError::INVALID_VALUE));
    let nobodys = ContextLimit { context: 3, limit: 0, value: 1 };
    assert_eq!(guest.call(nobodys, &[]).map(drop), Err(CuError::INVALID_CONTEXT));
    assert_eq!(guest.failures(), []);
    guest.end();
}
