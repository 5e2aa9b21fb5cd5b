//! Links: what the driver says of them, and how they end.

use vgpu_core::CuError;
use vgpu_core::wire::messages::{ContextDestroy, ErrorText, LinkAdd, LinkComplete, LinkDestroy};

use crate::fake::Fake;
use crate::guest::{CONTEXT, Guest};

fn said(guest: &mut Guest) -> String {
    let text = guest.call(ErrorText { reserved: 0 }, &[]).expect("a text").tail;
    String::from_utf8(text).expect("text")
}

#[test]
fn what_the_linker_says_reaches_the_guest() {
    let mut guest = Guest::ready(&Fake::new());
    guest.graph = guest.open_link(&[]).expect("a link");
    assert_eq!(guest.add_to_link(b"bad"), Err(CuError::INVALID_PTX));
    assert_eq!(said(&mut guest), "line 1: it is bad");
    assert_eq!(guest.add_to_link(b"bad, too"), Err(CuError::INVALID_PTX));
    assert_eq!(said(&mut guest), "line 2: it is bad", "what it has said before is known");
    guest.add_to_link(b"good").expect("an input");
    guest.call(LinkComplete { link: guest.graph, offset: 0 }, &[]).expect("an image");
    assert_eq!(said(&mut guest), "it was easy");
    guest.release();
    guest.end();
}

#[test]
fn a_container_that_lies_does_not_reach_the_driver() {
    let mut guest = Guest::ready(&Fake::new());
    guest.graph = guest.open_link(&[]).expect("a link");
    guest.fake.take_log();
    // CU_JIT_INPUT_FATBINARY, of which the header claims more bytes than there are.
    let add = LinkAdd { link: guest.graph, kind: 2, option_count: 0, name_bytes: 0, reserved: 0, blob: 0 };
    let lie = [&[0x50, 0xed, 0x55, 0xba, 1, 0, 16, 0][..], &[0xff; 8]].concat();
    assert_eq!(guest.call(add, &lie).map(drop), Err(CuError::INVALID_IMAGE));
    let pointer = [3, 0, 0, 0, 1, 0, 0, 0];
    assert_eq!(guest.open_link(&pointer), Err(CuError::INVALID_VALUE), "no buffer of the guest's");
    assert_eq!(guest.calls_of("ring"), [""; 0]);
    guest.release();
    guest.end();
}

#[test]
fn links_end_when_they_are_told_to_or_with_their_context() {
    let fake = Fake::new();
    let mut guest = Guest::ready(&fake);
    let (first, second) = (guest.open_link(&[]).expect("a link"), guest.open_link(&[]).expect("a link"));
    guest.post(LinkDestroy { link: first }).expect("it ends");
    assert_eq!(guest.post(LinkDestroy { link: first }), Err(CuError::INVALID_HANDLE));
    guest.post(ContextDestroy { context: CONTEXT, reserved: 0 }).expect("it ends");
    assert_eq!(guest.post(LinkDestroy { link: second }), Err(CuError::INVALID_HANDLE));
    guest.end();
    assert!(!fake.living().iter().any(|name| name.starts_with("link")), "{:?}", fake.living());
}
