//! The drop-in of a systemd service.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};

use vgpu_core::pci::regs::{BAR0_BYTES, MAGIC, PAGE_OFFSET};

use super::machine::{Dist, Machine};

const DROP_IN: &str = "etc/systemd/system/ollama.service.d/50-vgpu.conf";
const UNIT: &str = "etc/systemd/system/ollama.service";

fn settings(machine: &Machine, path: &str) -> Vec<String> {
    let text = machine.read(path);
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn a_service_that_lists_its_address_families_is_given_ours() {
    let machine = Machine::new();
    machine.install(&Dist::new("0.1.0"), &["--system", "--device", "unix:/run/gpu.sock"]).expect("an installation");
    let expected = ["[Service]", "Environment=VGPU=unix:/run/gpu.sock", "RestrictAddressFamilies=AF_UNIX"];
    assert_eq!(settings(&machine, DROP_IN), expected);
}

#[test]
fn a_service_that_lacks_nothing_gets_no_drop_in() {
    let machine = Machine::new();
    for unit in ["[Service]\nUser=ollama\n", "[Service]\nRestrictAddressFamilies=AF_INET AF_UNIX\n"] {
        machine.write(UNIT, unit);
        let said = machine.install(&Dist::new("0.1.0"), &["--system"]).expect("an installation");
        assert!(said.contains("ollama.service can reach the device as it is"), "{said}");
        assert!(!machine.exists("etc/systemd/system/ollama.service.d"));
    }
}

#[test]
fn a_function_is_made_writable_for_a_service_that_sees_sys_read_only() {
    let machine = Machine::new();
    let folder = "sys/devices/pci0000:00/0000:00:05.0";
    for (name, text) in [("vendor", "0x10de\n"), ("device", "0x2331\n"), ("class", "0x030200\n")] {
        machine.write(&format!("{folder}/{name}"), text);
    }
    for (name, len_bytes) in [("resource0", BAR0_BYTES), ("resource1", 256 << 20)] {
        machine.write(&format!("{folder}/{name}"), "");
        let file = fs::OpenOptions::new().write(true).open(machine.path(&format!("{folder}/{name}"))).expect("a file");
        file.set_len(len_bytes).expect("a file with holes");
        if name == "resource0" {
            file.write_all_at(&MAGIC.to_le_bytes(), PAGE_OFFSET).expect("a file");
        }
        file.set_permissions(fs::Permissions::from_mode(0o660)).expect("our own file");
    }
    fs::create_dir_all(machine.path("sys/bus/pci/devices")).expect("a folder");
    machine.link("sys/bus/pci/devices/0000:00:05.0", "../../../devices/pci0000:00/0000:00:05.0");
    machine.install(&Dist::new("0.1.0"), &["--system", "--device", "pci:0000:00:05.0"]).expect("an installation");
    let mut expected = vec![
        "[Service]".to_owned(),
        "Environment=VGPU=pci:0000:00:05.0".to_owned(),
        "ReadWritePaths=-/sys/devices/pci0000:00/0000:00:05.0".to_owned(),
    ];
    let gid = rustix::process::getegid().as_raw();
    expected.extend((gid != 0).then(|| format!("SupplementaryGroups={gid}")));
    assert_eq!(settings(&machine, DROP_IN), expected);
}

#[test]
fn a_service_is_set_up_where_there_is_one_or_where_it_is_named() {
    let machine = Machine::new();
    fs::remove_file(machine.path(UNIT)).expect("the unit");
    let before = machine.snapshot();
    let dist = Dist::new("0.1.0");
    machine.install(&dist, &["--system"]).expect("an installation");
    assert!(!machine.exists("etc/systemd/system/ollama.service.d"));
    let said = machine.install(&dist, &["--service", "llama", "--device", "embedded"]).expect("an installation");
    assert!(said.contains("there is no llama.service yet"), "{said}");
    let path = "etc/systemd/system/llama.service.d/50-vgpu.conf";
    assert_eq!(settings(&machine, path), ["[Service]", "Environment=VGPU=embedded"]);
    machine.uninstall(&[]).expect("everything back");
    assert_eq!(machine.snapshot(), before);
}

#[test]
fn names_that_would_mean_more_in_a_unit_file_are_refused() {
    let machine = Machine::new();
    let before = machine.snapshot();
    for (options, why) in [
        (&["--system", "--device", "unix:/run/x\nExecStart=/bin/sh"][..], "without spaces"),
        (&["--system", "--device", "cuda"][..], "it must be embedded"),
        (&["--service", "../../x"][..], "a service's name has"),
        (&["--device", "embedded"][..], "name one with --service"),
    ] {
        let said = machine.install(&Dist::new("0.1.0"), options).expect_err("a refusal");
        assert!(said.contains(why), "{said}");
    }
    assert_eq!(machine.snapshot(), before);
}

#[test]
fn another_device_takes_the_place_of_the_first() {
    let (machine, dist) = (Machine::new(), Dist::new("0.1.0"));
    machine.write(DROP_IN, "# somebody's own\n");
    let before = machine.snapshot();
    for device in ["embedded", "unix:/run/gpu.sock"] {
        machine.install(&dist, &["--system", "--device", device]).expect("an installation");
        assert_eq!(settings(&machine, DROP_IN)[1], format!("Environment=VGPU={device}"));
    }
    machine.uninstall(&[]).expect("everything back");
    assert_eq!(machine.snapshot(), before);
}
