//! What an executor refuses is the caller's error, whatever the record: nothing of it stays.

use vgpu_core::guest::{Link, StreamEnd};
use vgpu_core::wire::Op;

use crate::harness::{Daemon, free_bytes, round_trip};

/// Every post of the table, with as many bytes as it has. A call is known by its reply, which is never empty.
fn posts() -> impl Iterator<Item = (Op, usize)> {
    let post = |&(code, fixed_bytes, reply_bytes): &(u16, usize, usize)| {
        (reply_bytes == 0).then(|| (Op::from_code(code).expect("a row of the table"), fixed_bytes))
    };
    Op::SIZES.iter().filter_map(post)
}

/// Posts a record whose every number is absurd, and waits until it was handled.
fn post_nonsense(link: &Link, op: Op, fixed_bytes: usize) {
    link.post_raw(&StreamEnd::new(2), op as u16, &vec![0xff; fixed_bytes], &[]).expect("a post");
    free_bytes(link);
}

#[test]
fn no_refused_post_becomes_a_sticky_error() {
    let daemon = Daemon::start("refusals", &[]);
    let link = daemon.connect();
    for (op, fixed_bytes) in posts() {
        post_nonsense(&link, op, fixed_bytes);
        assert_eq!(link.sticky(), Ok(()), "{op:?}");
        let refusal = link.report().expect_err("nonsense is refused");
        assert!(!refusal.is_fatal(), "{op:?}: {refusal}");
        assert_eq!(link.report(), Ok(()), "{op:?}: a refusal is forgotten once it is reported");
    }
    round_trip(&link);
}
