//! Programs in a virtual machine, under a stock kernel and an unpatched QEMU, use its PCI function.
//!
//! `cargo xtask test` fetches what this needs and runs it; by itself `cargo test` leaves it out. Without hardware
//! virtualisation the machines are emulated: what takes long belongs into `pci_function.rs`, which needs none.

mod boots;
mod pauses;
mod plugging;
mod restarts;
mod service;

use std::{process::Stdio, thread, time::Duration};

use serde_json::json;
use vgpu_tests::{
    daemon::{start_and_wait_for_line, wait_until},
    vm::Host,
};

const SAXPY: &str = env!("CARGO_BIN_EXE_guest-saxpy");
const POKE: &str = env!("CARGO_BIN_EXE_guest-poke");

/// Small functions: wiping them is quick.
const FLAGS: &[&str] = &["--bar-size=256MiB", "--channels=4"];
/// A booting machine may take as long when others compute beside it.
const BOOT_MAX: Duration = Duration::from_secs(120);

#[test]
#[ignore = "needs a virtual machine: cargo xtask test"]
fn programs_of_an_ordinary_user_compute_in_a_vm() {
    let host = Host::start(1, FLAGS);

    let output = host
        .vm(0)
        .programs([SAXPY])
        .run(&format!("id -u; lspci -nn -s 05.0; {SAXPY} 2 & {SAXPY} 2; wait $! && echo both are right"))
        .succeeded();

    assert!(output.contains("1000\n"), "{output}");
    assert!(output.contains("00:05.0") && output.contains("[0302]") && output.contains("[10de:2331]"), "{output}");
    assert_eq!(output.matches("ready").count(), 2, "{output}");
    assert!(output.contains("both are right"), "{output}");
    wait_until(Duration::from_secs(5), "the executors to end", || host.daemon.executors() == 0);
}

#[test]
#[ignore = "needs a virtual machine: cargo xtask test"]
fn where_no_firmware_has_switched_the_memory_on_guest_setup_does() {
    let host = Host::start(1, FLAGS);
    let script = format!("echo vgpu:x:2000: >> /etc/group; {SAXPY} 1 && exit 1; vgpu guest-setup && {SAXPY} 1");
    let options = ["--machine", "microvm", "--no-guest-setup", "--user", "0"];
    let output = host.vm(0).options(options).programs([SAXPY]).run(&script).succeeded();
    let parts: Vec<&str> = output.split("ready").collect();
    assert!(parts.len() == 2 && parts[0].contains("its memory is switched off"), "{output}");
}

#[test]
#[ignore = "needs a virtual machine: cargo xtask test"]
fn a_missing_permission_is_named() {
    let host = Host::start(1, FLAGS);
    let outcome = host.vm(0).options(["--no-guest-setup"]).programs([SAXPY]).run(&format!("{SAXPY} 1"));
    assert_ne!(outcome.code, Some(0));
    assert!(outcome.output.contains("guest-setup") && outcome.output.contains("resource"), "{}", outcome.output);
}

#[test]
#[ignore = "needs a virtual machine: cargo xtask test"]
fn switched_off_memory_and_another_version_are_named() {
    let host = Host::start(1, FLAGS);
    let config = "/sys/bus/pci/devices/0000:00:05.0/config";
    let script = format!(
        "printf '\\000\\000' | dd of={config} bs=1 seek=4 conv=notrunc 2> /dev/null
         {SAXPY} 1 && exit 1; echo --
         printf '\\003\\001' | dd of={config} bs=1 seek=4 conv=notrunc 2> /dev/null
         {SAXPY} 1 || exit 2; echo --
         {POKE} protocol && {SAXPY} 1 && exit 3; echo --"
    );

    let output = host.vm(0).options(["--user", "0"]).programs([SAXPY, POKE]).run(&script).succeeded();

    let parts: Vec<&str> = output.split("--\n").collect();
    assert!(parts[0].contains("memory") && parts[0].contains("enable"), "{output}");
    assert!(parts[1].contains("ready"), "{output}");
    assert!(parts[2].contains("version"), "{output}");
}

#[test]
#[ignore = "needs a virtual machine: cargo xtask test"]
fn a_locked_down_kernel_is_named() {
    let host = Host::start(1, FLAGS);
    let outcome =
        host.vm(0).options(["--kernel-arg", "lockdown=integrity"]).programs([SAXPY]).run(&format!("{SAXPY} 1"));
    assert_ne!(outcome.code, Some(0));
    assert!(outcome.output.contains("lockdown") || outcome.output.contains("locked down"), "{}", outcome.output);
}

#[test]
#[ignore = "needs a virtual machine: cargo xtask test"]
fn a_daemon_that_dies_is_an_error_in_the_vm_and_then_named() {
    let mut host = Host::start(1, FLAGS);
    let script = format!("{SAXPY} forever; echo first $?; {SAXPY} 1; echo second $?");
    let mut vm = host.vm(0).controlled().programs([SAXPY]).start(&script);
    vm.expect_line("ready");

    // QEMU aborts when an access to the function is under way as its server dies; in a paused machine there is none.
    let mut qmp = vm.qmp();
    qmp.pause();
    host.daemon.kill();
    // Nothing says when QEMU has noticed.
    thread::sleep(Duration::from_millis(500));
    qmp.execute("cont", &json!({}));

    let (rest, _) = vm.end(Duration::from_secs(60));
    assert!(rest.contains("first 1") && rest.contains("second 1"), "{rest}");
    assert!(rest.contains("vgpud"), "{rest}");
}

#[test]
#[ignore = "needs a virtual machine: cargo xtask test"]
fn a_killed_qemu_leaves_nothing_and_the_next_vm_computes() {
    let host = Host::start(1, FLAGS);
    let mut vm = host.vm(0).programs([SAXPY]).start(&format!("{SAXPY} forever"));
    vm.expect_line("ready");
    assert_eq!(host.daemon.executors(), 1);

    // SAFETY: a signal to a process that the test has started.
    assert_eq!(unsafe { libc::kill(vm.qemu(), libc::SIGKILL) }, 0);

    wait_until(Duration::from_secs(5), "the executor to end", || host.daemon.executors() == 0);
    vm.end(Duration::from_secs(10));
    host.vm(0).programs([SAXPY]).run(&format!("{SAXPY} 1")).succeeded();
}

#[test]
#[ignore = "needs a virtual machine: cargo xtask test"]
fn a_vm_computes_again_after_it_has_rebooted() {
    let host = Host::start(1, FLAGS);
    let script = format!(
        "{SAXPY} forever & sleep 3; if [ $VM_BOOT = 1 ]; then reboot -f; sleep 60; fi; {SAXPY} 1 && echo boot $VM_BOOT; kill %1"
    );
    let outcome = host.vm(0).options(["--keep-on-reboot", "--user", "0"]).programs([SAXPY]).run(&script);
    assert!(outcome.output.contains("boot 2"), "{}\n{}", outcome.output, outcome.remarks);
}

#[test]
#[ignore = "needs a virtual machine: cargo xtask test"]
fn a_killed_program_leaves_its_channel_to_the_next() {
    let host = Host::start(1, &["--bar-size=256MiB", "--channels=1"]);
    let script = format!("{SAXPY} forever & sleep 3; kill -9 $!; wait; {SAXPY} 1 && {SAXPY} 1 && echo taken back");
    let output = host.vm(0).programs([SAXPY]).run(&script).succeeded();
    assert!(output.contains("taken back"), "{output}");
    wait_until(Duration::from_secs(5), "the executors to end", || host.daemon.executors() == 0);
}

#[test]
#[ignore = "needs a virtual machine: cargo xtask test"]
fn a_hostile_vm_harms_only_itself() {
    let host = Host::start(2, FLAGS);
    let mut neighbour =
        start_and_wait_for_line(host.daemon.guest(SAXPY).args(["forever", "1"]).stderr(Stdio::inherit()));

    let script = format!("{SAXPY} forever > /dev/null 2>&1 & {POKE} random 10");
    let output = host.vm(0).programs([SAXPY, POKE]).run(&script).succeeded();

    assert!(output.contains("writes"), "{output}");
    assert!(neighbour.try_wait().expect("the neighbour can be asked").is_none(), "the neighbour has ended");
    neighbour.kill().expect("the neighbour can be killed");
    neighbour.wait().expect("the neighbour can be reaped");
    let others: Vec<_> =
        (0..2).map(|function| host.vm(function).programs([SAXPY]).start(&format!("{SAXPY} 1"))).collect();
    for other in others {
        assert_eq!(other.end(BOOT_MAX).1, Some(0));
    }
    wait_until(Duration::from_secs(5), "the executors to end", || host.daemon.executors() == 0);
}

#[test]
#[ignore = "needs a virtual machine: cargo xtask test"]
fn guest_setup_opens_the_function_to_a_group_and_its_undoing_closes_it() {
    let host = Host::start(1, FLAGS);
    let script = format!(
        "echo 'alice:x:1001:1001::/tmp:/bin/sh' >> /etc/passwd; printf 'alice:x:1001:\\nvgpu:x:2000:alice\\n' >> /etc/group
         su -m alice -c '{SAXPY} 1' && exit 1
         vgpu guest-setup || exit 2
         su -m alice -c '{SAXPY} 1' || exit 3
         vgpu guest-setup --undo || exit 4
         su -m alice -c '{SAXPY} 1' && exit 5
         echo closed again"
    );
    let output = host.vm(0).options(["--no-guest-setup", "--user", "0"]).programs([SAXPY]).run(&script).succeeded();
    assert_eq!(output.matches("ready").count(), 1, "{output}");
    assert!(output.contains("closed again"), "{output}");
}
