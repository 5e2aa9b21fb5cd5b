//! The guest's side against a host that a thread plays, over shared memory that stands for the function's.

mod errors;
mod fake;
mod life;

use std::time::{Duration, Instant};

use fake::FakeFunction;

use crate::guest::{Link, StreamEnd};
use crate::host::tests::mock::DEVICE_BASE;
use crate::transport::monitor::MonitorLink;
use crate::transport::window::open_window_among;
use crate::transport::{ConnectError, Selection};
use crate::wire::messages::MemInfo;

/// Connects for computing.
fn connect(function: &FakeFunction, selection: &Selection) -> Result<Link, ConnectError> {
    let (window, lifeline) = open_window_among(selection, &function.places())?;
    Ok(Link::new(window, lifeline))
}

fn connected(function: &FakeFunction) -> Link {
    connect(function, &Selection::Default).expect("a usable function")
}

/// The text of the error that connecting ends with.
fn refusal(function: &FakeFunction) -> String {
    connect(function, &Selection::Default).err().expect("a function that cannot be used").to_string()
}

/// Waits for something that must happen soon; how soon is no matter of these tests.
fn eventually(what: &str, mut happens: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happens() {
        assert!(start.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn is_alive(link: &Link) -> bool {
    link.call(&MemInfo { context: 5, reserved: 0 }, &[]).is_ok_and(|answer| answer.reply.free_bytes == 5)
}

#[test]
fn work_flows_over_a_function_that_is_found_by_looking() {
    let function = FakeFunction::new();
    let link = connected(&function);
    assert!(is_alive(&link));
    let bytes: Vec<u8> = (0..20 << 20).map(|at: usize| (at * 31 + at / 257) as u8).collect();
    let end = StreamEnd::new(3);
    link.copy_in(&end, DEVICE_BASE + 5, &bytes).expect("a copy");
    let mut back = vec![0; bytes.len()];
    link.copy_out(&end, DEVICE_BASE + 5, &mut back).expect("a copy");
    assert!(back == bytes);
}

#[test]
fn a_function_is_found_by_its_address_in_full_and_in_short() {
    let function = FakeFunction::new();
    for address in ["0000:00:05.0", "00:05.0"] {
        let link = connect(&function, &Selection::Pci(address.to_owned())).expect("a usable function");
        assert!(is_alive(&link), "{address}");
    }
}

#[test]
fn a_sleeping_executor_is_woken_by_the_doorbell() {
    let function = FakeFunction::new();
    let link = connected(&function);
    for _ in 0..20 {
        // Longer than the executor spins, shorter than it sleeps unasked.
        std::thread::sleep(Duration::from_millis(3));
        assert!(is_alive(&link));
    }
    assert!(function.doorbells() >= 10, "{} doorbells", function.doorbells());
}

#[test]
fn two_claims_have_two_channels() {
    let function = FakeFunction::new();
    let [a, b] = [connected(&function), connected(&function)];
    assert_eq!(function.owned(), 2);
    let (one, other) = (a.pinned().alloc(4096).expect("room"), b.pinned().alloc(4096).expect("room"));
    // SAFETY: the heaps have just given these bytes to this test alone.
    unsafe { one.write_bytes(1, 4096) };
    // SAFETY: as above.
    unsafe { other.write_bytes(2, 4096) };
    // SAFETY: as above.
    assert_eq!(unsafe { (one.read(), other.read()) }, (1, 2));
}

#[test]
fn a_monitor_asks_over_the_mailbox() {
    let function = FakeFunction::new();
    let link = MonitorLink::connect_among(&Selection::Default, &function.places()).expect("a usable function");
    assert_eq!(link.devices().map(|devices| devices.len()), Ok(1));
    assert_eq!(link.memory(0).map(|memory| memory.total_bytes), Ok(7));
    function.stop_answering();
    function.end_executors();
    assert!(link.memory(0).is_err());
}
