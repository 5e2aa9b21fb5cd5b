//! A program that is told to end ends, wherever it was.

use std::process::Command;

use vgpu_tests::{daemon::Daemon, dist};

const EXIT: &str = env!("CARGO_BIN_EXE_guest-exit");

fn tally(guest: &mut Command) -> String {
    let output = guest.output().expect("the guest runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the guest prints text")
}

#[test]
fn an_exit_in_the_middle_of_registering_or_unregistering_ends() {
    let said = tally(Command::new(EXIT).args(["registration", "100"]).env("VGPU_DIST", dist()));
    assert_eq!(said, "100 rounds: 100 ended, 0 hung, 0 other\n");
}

#[test]
fn an_exit_in_the_middle_of_a_call_ends() {
    let daemon = Daemon::start(&["--threads", "1"]);
    let said = tally(daemon.guest(EXIT).args(["calls", "25"]));
    assert_eq!(said, "25 rounds: 25 ended, 0 hung, 0 other\n");
}
