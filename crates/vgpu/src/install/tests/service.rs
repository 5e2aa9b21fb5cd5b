//! The drop-in of a systemd service.

use std::fs;

use vgpu_core::pci::regs::MAGIC;

use super::SYSTEM;
use super::machine::{Dist, Machine};

const DROP_IN: &str = "etc/systemd/system/ollama.service.d/50-vgpu.conf";
const UNIT: &str = "etc/systemd/system/ollama.service";

/// The lines of a unit file that count.
pub(super) fn settings(machine: &Machine, path: &str) -> Vec<String> {
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
    machine.plug("0000:00:05.0", MAGIC, 0o660);
    machine.install(&Dist::new("0.1.0"), &["--system", "--device", "pci:0000:00:05.0"]).expect("an installation");
    let mut expected = vec![
        "[Service]".to_owned(),
        "Environment=VGPU=pci:0000:00:05.0".to_owned(),
        // Not its slot's folder, which it may leave.
        "ReadWritePaths=-/sys/devices".to_owned(),
    ];
    let gid = rustix::process::getegid().as_raw();
    expected.extend((gid != 0).then(|| format!("SupplementaryGroups={gid}")));
    assert_eq!(settings(&machine, DROP_IN), expected);
}

#[test]
fn every_way_of_making_sys_read_only_is_seen() {
    let dist = Dist::new("0.1.0");
    for (setting, is_read_only) in [
        ("ProtectKernelTunables=yes", true),
        ("ReadOnlyPaths=/", true),
        ("ReadOnlyPaths=/etc -/sys", true),
        ("ReadOnlyPaths=/sys/fs", false),
        ("ProtectKernelTunables=no", false),
        ("ProtectSystem=strict", false),
    ] {
        let machine = Machine::new();
        machine.plug("0000:00:05.0", MAGIC, 0o660);
        machine.write(UNIT, &format!("[Service]\n{setting}\n"));
        let said = machine.install(&dist, SYSTEM).expect("an installation");
        let is_given = machine.exists(DROP_IN) && machine.read(DROP_IN).contains("ReadWritePaths=-/sys/devices\n");
        assert_eq!(is_given, is_read_only, "{setting}: {said}");
    }
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
        (&["--device", "pci:"][..], "it must be embedded"),
        (&["--device", "unix:/run/x y"][..], "without spaces"),
        (&["--service", "../../x"][..], "a service's name has"),
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

#[test]
fn the_device_of_all_programs_is_a_line_in_the_prefix() {
    let (machine, dist) = (Machine::new(), Dist::new("0.1.0"));
    let before = machine.snapshot();
    for device in ["embedded", "unix:/run/gpu.sock", "pci", "pci:00:05.0"] {
        machine.install(&dist, &["--device", device]).expect("an installation");
        assert_eq!(machine.read("opt/vgpu/device"), format!("{device}\n"));
    }
    machine.install(&dist, &[]).expect("an upgrade");
    assert_eq!(machine.read("opt/vgpu/device"), "pci:00:05.0\n", "nobody has asked for another");
    machine.install(&dist, &["--service", "llama", "--device", "embedded"]).expect("an installation");
    assert_eq!(machine.read("opt/vgpu/device"), "pci:00:05.0\n", "the service's own is not everybody's");
    machine.uninstall(&[]).expect("everything back");
    assert_eq!(machine.snapshot(), before);
}

#[test]
fn a_service_follows_the_device_of_all_and_keeps_one_of_its_own() {
    let (machine, dist) = (Machine::new(), Dist::new("0.1.0"));
    machine.install(&dist, &["--system", "--device", "unix:/run/gpu.sock"]).expect("an installation");
    machine.install(&dist, &["--service", "llama", "--device", "unix:/run/llama.sock"]).expect("an installation");
    machine.install(&dist, &["--device", "unix:/run/other.sock"]).expect("an installation");
    let device = |path: &str| settings(&machine, path).into_iter().find(|line| line.starts_with("Environment=VGPU="));
    assert_eq!(device(DROP_IN), None, "{}", machine.read(DROP_IN));
    let llama = device("etc/systemd/system/llama.service.d/50-vgpu.conf");
    assert_eq!(llama.as_deref(), Some("Environment=VGPU=unix:/run/llama.sock"));
}

#[test]
fn an_upgrade_renews_the_drop_ins_of_an_older_version() {
    let (machine, dist) = (Machine::new(), Dist::new("0.1.0"));
    machine.plug("0000:00:05.0", MAGIC, 0o660);
    machine.install(&dist, SYSTEM).expect("an installation");
    let pinned = "ReadWritePaths=-/sys/devices/pci0000:00/0000:00:05.0";
    for path in [DROP_IN, "opt/vgpu/install.json"] {
        machine.write(path, &machine.read(path).replace("ReadWritePaths=-/sys/devices", pinned));
    }
    assert!(settings(&machine, DROP_IN).iter().any(|line| line == pinned));
    machine.install(&dist, &[]).expect("an upgrade");
    assert!(settings(&machine, DROP_IN).iter().any(|line| line == "ReadWritePaths=-/sys/devices"));
}

#[test]
fn a_function_that_the_services_user_cannot_open_is_told_with_the_cure() {
    let dist = Dist::new("0.1.0");
    let cure = "ollama.service runs as ollama, who may not open PCI function 0000:00:05.0: `vgpu install --vm`";
    let gid = rustix::process::getegid().as_raw();
    let members = format!("root:x:0:\nours:x:{gid}:");
    for (unit, mode, group, is_told) in [
        ("User=ollama", 0o600, members.as_str(), true),
        ("User=ollama", 0o660, members.as_str(), true),
        ("User=ollama", 0o660, &format!("{members}ollama,alice"), false),
        ("User=ollama\nSupplementaryGroups=ours", 0o660, members.as_str(), false),
        ("User=ollama", 0o666, members.as_str(), false),
        ("User=root", 0o600, members.as_str(), false),
        ("Environment=X=1", 0o600, members.as_str(), false),
    ] {
        let machine = Machine::new();
        machine.plug("0000:00:05.0", MAGIC, mode);
        machine.write(UNIT, &format!("[Service]\n{unit}\n"));
        machine.write("etc/group", &format!("{group}\n"));
        let said = machine.install(&dist, &[]).expect("an installation");
        assert_eq!(said.contains(cure), is_told, "{unit}, mode {mode:o}: {said}");
        let said = machine.install(&dist, &["--device", "embedded"]).expect("an installation");
        assert!(!said.contains(cure), "it uses another device: {said}");
    }
}
