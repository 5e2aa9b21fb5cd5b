//! A machine stands still while programs in it compute, as when its host is suspended.

use std::{thread, time::Duration};

use serde_json::json;
use vgpu_tests::vm::Host;

use super::{BOOT_MAX, SAXPY};

#[test]
#[ignore = "needs a virtual machine: cargo xtask test"]
fn a_pause_longer_than_the_guest_timeout_is_not_noticed() {
    // Guests show life once a second, and later where many compute.
    const TIMEOUT: Duration = Duration::from_secs(5);
    let host = Host::start(1, &["--bar-size=256MiB", "--channels=4", "--guest-timeout=5"]);
    // It compares each round's results itself.
    let mut vm = host.vm(0).controlled().programs([SAXPY]).start(&format!("{SAXPY} 50 && echo all rounds are right"));
    vm.expect_line("ready");
    let mut qmp = vm.qmp();

    qmp.pause();
    // Nothing happens that could be waited for.
    thread::sleep(2 * TIMEOUT);
    assert_eq!(host.daemon.executors(), 1, "the program has lost its executor");
    qmp.execute("cont", &json!({}));

    vm.expect_line("all rounds are right");
    assert_eq!(vm.end(BOOT_MAX).1, Some(0));
}
