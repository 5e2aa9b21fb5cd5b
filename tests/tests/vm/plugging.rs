//! Functions come and go while the machine runs, behind root ports as VM.md says.

use serde_json::Value;
use vgpu_tests::vm::Host;

use super::{BOOT_MAX, FLAGS, SAXPY};

/// The kernel's messages say why a function got no memory.
const COMPUTE: &str = "compute() { echo 1 > /sys/bus/pci/devices/$1/enable; VGPU=pci:$1 $SAXPY 1 > /dev/null || { dmesg | tail -20; exit 1; }; }
    wait_for() { until [ -e /sys/bus/pci/devices/$1/resource1 ]; do usleep 50000; done; }";

/// What VM.md says to tell QEMU: the arguments of `device_del` and `device_add`.
fn documented() -> [Value; 2] {
    let commands = include_str!("../../../crates/vgpud/VM.md").lines().filter(|line| line.starts_with("{\"execute\""));
    let commands: Vec<Value> = commands.map(|line| serde_json::from_str(line).expect("JSON")).collect();
    ["device_del", "device_add"].map(|name| {
        let command = commands.iter().find(|command| command["execute"] == name);
        command.unwrap_or_else(|| panic!("VM.md has no {name}"))["arguments"].clone()
    })
}

#[test]
#[ignore = "needs a virtual machine: cargo xtask test"]
fn a_function_is_unplugged_and_plugged_again_and_another_comes_to_an_empty_port() {
    let host = Host::start(2, FLAGS);
    let (first, second) = ("0000:01:00.0", "0000:02:00.0");
    let script = format!(
        "SAXPY={SAXPY}; {COMPUTE}
         compute {first}; echo computed
         while [ -e /sys/bus/pci/devices/{first} ]; do usleep 50000; done
         {SAXPY} 1 > /dev/null 2>&1 && exit 2; echo unplugged
         wait_for {first}; compute {first}; echo plugged again
         wait_for {second}; compute {second}; echo both"
    );
    // Without the vendor's name, emulation takes AMD's, whose 40-bit processors reserve what firmware gives to port1.
    let options = ["--machine", "q35", "--cpu", "max,vendor=GenuineIntel", "--empty-ports", "1", "--user", "0"];
    let mut vm = host.vm(0).options(options).controlled().programs([SAXPY]).start(&script);
    vm.expect_line("computed");
    let mut qmp = vm.qmp();
    let [unplug, mut plug] = documented();
    let mut plug = |function: usize| {
        plug["id"] = format!("vgpu{function}").into();
        plug["bus"] = format!("port{function}").into();
        plug["socket"]["path"] = host.function(function).to_str().into();
        plug.clone()
    };

    qmp.execute("device_del", &unplug);
    qmp.wait_for_event("DEVICE_DELETED");
    vm.expect_line("unplugged");
    qmp.execute("device_add", &plug(0));
    vm.expect_line("plugged again");
    qmp.execute("device_add", &plug(1));

    vm.expect_line("both");
    assert_eq!(vm.end(BOOT_MAX).1, Some(0));
}
