//! A VM's function: open and found at every boot.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use vgpu_core::pci::regs::{MAGIC, NOBODY};

use super::machine::{Dist, Machine};
use super::service::settings;

const VM: &[&str] = &["--vm"];
const UNIT: &str = "etc/systemd/system/vgpu-function.service";
const DROP_IN: &str = "etc/systemd/system/ollama.service.d/50-vgpu.conf";
const FUNCTION: &str = "0000:00:05.0";
const RULES: &str = "etc/udev/rules.d/70-vgpu.rules";

/// A VM with a function that nobody but root may open.
pub(super) fn vm() -> Machine {
    let machine = Machine::with_systemd();
    machine.write("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu sse2 hypervisor lm\n");
    machine.plug(FUNCTION, MAGIC, 0o600);
    // As Debian has them.
    for folder in ["etc/udev/rules.d", "etc/modprobe.d", "var/lib"] {
        fs::create_dir_all(machine.path(folder)).expect("a folder");
        machine.age(&machine.path(folder));
    }
    machine
}

#[test]
fn one_command_opens_the_function_and_has_ollama_wait_for_it_at_every_boot() {
    let machine = vm();
    let before = machine.snapshot();
    machine.install(&Dist::new("0.1.0"), VM).expect("an installation");
    let unit = machine.read(UNIT);
    assert!(unit.contains("ExecStart=/opt/vgpu/current/bin/vgpu guest-setup --wait=10 --group=vgpu\n"), "{unit}");
    assert_eq!(
        machine.target("etc/systemd/system/multi-user.target.wants/vgpu-function.service"),
        "/etc/systemd/system/vgpu-function.service"
    );
    let expected = [
        "[Unit]",
        "Wants=vgpu-function.service",
        "After=vgpu-function.service",
        "[Service]",
        "ReadWritePaths=-/sys/devices",
        "SupplementaryGroups=vgpu",
    ];
    assert_eq!(settings(&machine, DROP_IN), expected);
    assert_eq!(machine.read("opt/vgpu/device"), "pci\n");
    assert_eq!(machine.read("etc/ld.so.conf.d/vgpu.conf"), "/opt/vgpu/current/lib\n", "--system is part of it");
    assert!(machine.read(RULES).contains("SYSTEMD_ALIAS"));
    let resource = machine.path(&format!("sys/bus/pci/devices/{FUNCTION}/resource0"));
    assert_eq!(fs::metadata(resource).expect("a file").permissions().mode() & 0o777, 0o660);

    let installed = machine.snapshot();
    let said = machine.install(&Dist::new("0.1.0"), VM).expect("another");
    assert!(said.contains("nothing to do: everything is set up for group vgpu"), "{said}");
    assert_eq!(machine.snapshot(), installed);
    machine.uninstall(&[]).expect("everything back");
    assert_eq!(machine.snapshot(), before);
}

#[test]
fn a_vm_without_a_function_now_is_prepared_for_one() {
    let machine = vm();
    fs::remove_dir_all(machine.path("sys")).expect("a folder");
    let said = machine.install(&Dist::new("0.1.0"), VM).expect("an installation");
    assert!(said.contains("one that comes later will be set up"), "{said}");
    assert!(machine.exists(UNIT) && machine.exists(RULES));
    let drop_in = machine.read(DROP_IN);
    assert!(drop_in.contains("ReadWritePaths=-/sys/devices\nSupplementaryGroups=vgpu\n"), "{drop_in}");
}

#[test]
fn a_host_without_a_function_is_refused_unless_one_is_named() {
    let machine = vm();
    fs::remove_dir_all(machine.path("sys")).expect("a folder");
    machine.write("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu sse2 lm\n");
    let before = machine.snapshot();
    let said = machine.install(&Dist::new("0.1.0"), VM).expect_err("a refusal");
    assert!(said.contains("is no VM and has no vgpu function") && said.contains("install --daemon"), "{said}");
    assert_eq!(machine.snapshot(), before);
    machine.install(&Dist::new("0.1.0"), &["--vm", "--device", "pci:00:05.0"]).expect("an image for a VM");
    assert_eq!(machine.read("opt/vgpu/device"), "pci:00:05.0\n");
}

#[test]
fn of_two_functions_the_dead_one_is_named() {
    let machine = vm();
    machine.plug("0000:00:06.0", NOBODY, 0o600);
    let said = machine.install(&Dist::new("0.1.0"), VM).expect("an installation");
    assert!(said.contains("nobody answers behind PCI function 0000:00:06.0"), "{said}");
    assert!(!said.contains(&format!("behind PCI function {FUNCTION}")), "{said}");
}

#[test]
fn a_service_under_another_name_waits_as_well() {
    let machine = vm();
    machine.write("etc/systemd/system/llm@.service", "[Service]\nDynamicUser=yes\n");
    machine.install(&Dist::new("0.1.0"), &["--vm", "--service", "llm@"]).expect("an installation");
    let drop_in = settings(&machine, "etc/systemd/system/llm@.service.d/50-vgpu.conf");
    let expected = [
        "[Unit]",
        "Wants=vgpu-function.service",
        "After=vgpu-function.service",
        "[Service]",
        "SupplementaryGroups=vgpu",
    ];
    assert_eq!(drop_in, expected);
    assert!(!machine.exists(DROP_IN), "only the one that was named");
    let said = machine.install(&Dist::new("0.1.0"), &["--vm", "--service", "llm@", "--restart", "--dry-run"]);
    assert!(said.expect("a plan").contains("would run `systemctl try-restart llm@*.service`"), "its instances");
    let said = machine.uninstall(&[]).expect("all of ours gone");
    assert!(said.contains("restart what has used it: `systemctl try-restart 'llm@*.service'`"), "{said}");
}

#[test]
fn a_guest_setup_of_ones_own_stays() {
    let machine = vm();
    machine.write("var/lib/vgpu/guest-setup.json", "{\"format\": 1, \"changes\": []}");
    let said = machine.install(&Dist::new("0.1.0"), &["--vm", "--group", "vgpu"]).expect("an installation");
    assert!(said.contains("`vgpu guest-setup` was run before"), "{said}");
    machine.uninstall(&[]).expect("all of ours gone");
    assert!(machine.exists("var/lib/vgpu/guest-setup.json") && machine.exists(RULES));
    assert!(!machine.exists(UNIT));
}

#[test]
fn a_dry_run_in_a_vm_tells_all_and_changes_nothing() {
    let machine = vm();
    let before = machine.snapshot();
    let said = machine.install(&Dist::new("0.1.0"), &["--vm", "--restart", "--dry-run"]).expect("a plan");
    for part in [
        "vgpu-function.service",
        "would write /etc/udev/rules.d/70-vgpu.rules",
        "would give /sys/bus/pci/devices/0000:00:05.0/resource0 to group vgpu",
        "would run `systemctl daemon-reload`",
        "would run `systemctl try-restart ollama.service`",
    ] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
    assert_eq!(machine.snapshot(), before);
    machine.install(&Dist::new("0.1.0"), VM).expect("an installation");
    let installed = machine.snapshot();
    let said = machine.uninstall(&["--dry-run"]).expect("a plan");
    assert!(said.contains("would undo: write /etc/udev/rules.d/70-vgpu.rules"), "{said}");
    assert_eq!(machine.snapshot(), installed);
}

#[test]
fn only_a_function_is_a_vms_device() {
    let machine = vm();
    let before = machine.snapshot();
    for (options, why) in [
        (&["--vm", "--device", "embedded"][..], "the device of a VM is a PCI function"),
        (&["--vm", "--group", "a b"][..], "a group's name"),
    ] {
        let said = machine.install(&Dist::new("0.1.0"), options).expect_err("a refusal");
        assert!(said.contains(why), "{said}");
        assert_eq!(machine.snapshot(), before);
    }
}
