//! For every message: which functions are called, with what and in which order.

use vgpu_core::wire::Op;

use crate::cases;
use crate::fake::Fake;
use crate::guest::Guest;

#[test]
fn every_message_comes_to_its_calls() {
    let fake = Fake::new();
    let wrong: Vec<String> = Op::ALL
        .iter()
        .filter_map(|(code, name)| {
            let case = cases::of(Op::from_code(*code).expect("it is in the table"));
            let mut guest = Guest::ready(&fake);
            (case.before)(&mut guest);
            guest.fake.take_log();
            (case.send)(&mut guest).unwrap_or_else(|error| panic!("{name} is refused: {error}"));
            let seq = guest.seq;
            guest.settle();
            let calls = guest.calls_of("ring");
            guest.release();
            case.slot.into_iter().for_each(|slot| guest.wait_for(slot, seq));
            guest.end();
            (calls != case.calls)
                .then(|| format!("{name}:\n  {}\ninstead of\n  {}", calls.join("\n  "), case.calls.join("\n  ")))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
