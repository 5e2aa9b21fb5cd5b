//! Many guests of one daemon: all get right results, and what dies leaves nothing.

use std::{
    env,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use vgpu_tests::daemon::{Daemon, start_and_wait_for_line, wait_until};

const SAXPY: &str = env!("CARGO_BIN_EXE_guest-saxpy");
const MEMORY: &str = env!("CARGO_BIN_EXE_guest-memory");
const CALLED: &str = env!("CARGO_BIN_EXE_guest-called");

/// How many guests are killed, where `VGPU_TEST_ROUNDS` does not say.
const KILLED: usize = 50;
/// Guests that are alive at a time.
const WAVE: usize = 5;

fn free_bytes(daemon: &Daemon) -> u64 {
    let output = daemon.guest(MEMORY).output().expect("the guest runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("the guest prints text");
    text.split_whitespace().next().and_then(|word| word.parse().ok()).expect("two numbers")
}

/// A small generator, seeded: the moments differ from guest to guest but not from run to run.
fn random_ms(state: &mut u64, below: u64) -> Duration {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    Duration::from_millis((*state >> 33) % below)
}

fn kill(child: &mut Child) {
    child.kill().expect("the guest can be killed");
    child.wait().expect("the guest can be reaped");
}

#[test]
fn eight_guests_at_once_all_get_right_results() {
    let daemon = Daemon::start(&["--threads", "2"]);

    let guests: Vec<Child> = (0..8)
        .map(|_| daemon.guest(SAXPY).args(["4", "2"]).stdout(Stdio::null()).spawn().expect("the guest starts"))
        .collect();

    for mut guest in guests {
        assert!(guest.wait().expect("the guest ends").success());
    }
}

#[test]
fn killed_guests_leave_no_memory_no_descriptor_and_no_executor() {
    let killed = env::var("VGPU_TEST_ROUNDS").map_or(KILLED, |rounds| rounds.parse().expect("a number of rounds"));
    let daemon = Daemon::start(&["--threads", "1"]);
    let free_before = free_bytes(&daemon);
    wait_until(Duration::from_secs(2), "the first guest's executor to end", || daemon.executors() == 0);
    let descriptors_before = daemon.descriptors();

    let mut state = 7;
    for wave in 0..killed.div_ceil(WAVE) {
        let mut guests: Vec<Child> = (0..WAVE)
            .map(|_| {
                daemon.guest(SAXPY).args(["forever", "4"]).stdout(Stdio::null()).spawn().expect("the guest starts")
            })
            .collect();
        for guest in &mut guests {
            thread::sleep(random_ms(&mut state, 20 + 10 * (wave as u64 % 10)));
            kill(guest);
        }
    }

    wait_until(Duration::from_secs(1), "the executors to end", || daemon.executors() == 0);
    // The daemon balances its books right after it has seen an executor end.
    wait_until(Duration::from_secs(5), "its descriptors to be closed", || daemon.descriptors() == descriptors_before);
    wait_until(Duration::from_secs(5), "all memory to be free again", || free_bytes(&daemon) == free_before);
}

#[test]
fn a_guest_that_dies_while_it_is_called_leaves_no_executor() {
    let daemon = Daemon::start(&["--threads", "1"]);
    let mut guest = start_and_wait_for_line(daemon.guest(CALLED).stderr(Stdio::null()));

    kill(&mut guest);

    wait_until(Duration::from_secs(5), "the executor to end", || daemon.executors() == 0);
}

#[test]
fn a_guest_whose_daemon_dies_while_it_is_called_does_not_hang() {
    let mut daemon = Daemon::start(&["--threads", "1"]);
    let mut guest = start_and_wait_for_line(daemon.guest(CALLED).stderr(Stdio::null()));

    daemon.kill();

    wait_until(Duration::from_secs(10), "the guest to end", || guest.try_wait().expect("a child").is_some());
    assert!(!guest.wait().expect("the guest can be reaped").success());
}

#[test]
fn a_guest_whose_daemon_dies_gets_an_error_and_does_not_hang() {
    let mut daemon = Daemon::start(&["--threads", "1"]);
    let mut guest = start_and_wait_for_line(daemon.guest(SAXPY).args(["forever", "1"]).stderr(Stdio::null()));

    daemon.kill();

    let killed = Instant::now();
    while guest.try_wait().expect("the guest can be asked").is_none() {
        assert!(killed.elapsed() < Duration::from_secs(10), "the guest hangs");
        thread::sleep(Duration::from_millis(10));
    }
    assert!(!guest.wait().expect("the guest can be reaped").success());
}

#[test]
fn an_absent_daemon_is_no_device_and_the_log_says_where_it_looked() {
    let output = Command::new(MEMORY)
        .env("VGPU", "unix:/nonexistent/vgpud.sock")
        .env("VGPU_LOG", "warn")
        .env("VGPU_DIST", vgpu_tests::dist())
        .output()
        .expect("the guest runs");

    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("CUDA_ERROR_NO_DEVICE"), "{said}");
    assert!(said.contains("/nonexistent/vgpud.sock"), "{said}");
}
