//! The daemon's units on a host.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::machine::{Dist, Machine};
use super::service::settings;

const UNITS: &str = "etc/systemd/system";
const DAEMON: &[&str] = &["--daemon"];
const WITH_VMS: &[&str] = &[
    "--daemon",
    "--vfio-user",
    "/run/vgpu/vm1.sock",
    "--vfio-user=/run/vgpu/vm2.sock",
    "--vfio-user-mode=0660",
    "--vfio-user-owner=libvirt-qemu:kvm",
];

fn has(machine: &Machine, unit: &str, line: &str) -> bool {
    settings(machine, &format!("{UNITS}/{unit}")).iter().any(|is| is == line)
}

#[test]
fn a_socket_waits_for_programs_and_ollama_starts_after_it() {
    let machine = Machine::with_systemd();
    let before = machine.snapshot();
    machine.install(&Dist::new("0.1.0"), DAEMON).expect("an installation");
    for line in ["ListenSequentialPacket=/run/vgpu/vgpud.sock", "SocketMode=0666", "WantedBy=sockets.target"] {
        assert!(has(&machine, "vgpud.socket", line), "{line}");
    }
    for line in ["Type=notify", "Restart=on-failure", "ExecStart=/opt/vgpu/current/bin/vgpud", "Sockets=vgpud.socket"] {
        assert!(has(&machine, "vgpud.service", line), "{line}");
    }
    assert!(!machine.read(&format!("{UNITS}/vgpud.service")).contains("Before="), "there are no VMs");
    assert_eq!(
        machine.target(&format!("{UNITS}/sockets.target.wants/vgpud.socket")),
        "/etc/systemd/system/vgpud.socket"
    );
    assert_eq!(machine.read("opt/vgpu/device"), "unix:/run/vgpu/vgpud.sock\n");
    let expected =
        ["[Unit]", "Wants=vgpud.socket", "After=vgpud.socket", "[Service]", "RestrictAddressFamilies=AF_UNIX"];
    assert_eq!(settings(&machine, &format!("{UNITS}/ollama.service.d/50-vgpu.conf")), expected);
    machine.uninstall(&[]).expect("everything back");
    assert_eq!(machine.snapshot(), before);
}

#[test]
fn where_there_are_gpus_the_daemon_may_use_them_and_no_other_device() {
    let service = |machine: &Machine| settings(machine, &format!("{UNITS}/vgpud.service"));
    let without = Machine::with_systemd();
    without.install(&Dist::new("0.1.0"), DAEMON).expect("an installation");
    let with = Machine::with_systemd();
    with.write("proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.163.01\n");
    with.install(&Dist::new("0.1.0"), DAEMON).expect("an installation");

    let (without, with) = (service(&without), service(&with));
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|line| !those.contains(line)).cloned().collect()
    };
    assert_eq!(only(&without, &with), ["PrivateDevices=yes", "MemoryDenyWriteExecute=yes"]);
    let expected = [
        "Wants=modprobe@nvidia_uvm.service",
        "After=modprobe@nvidia_uvm.service nvidia-persistenced.service",
        "DevicePolicy=closed",
        "DeviceAllow=char-nvidia* rw",
    ];
    assert_eq!(only(&with, &without), expected);
}

#[test]
fn vms_have_sockets_of_their_own_with_an_owner_and_come_after_the_daemon() {
    let machine = Machine::with_systemd();
    let before = machine.snapshot();
    machine.install(&Dist::new("0.1.0"), WITH_VMS).expect("an installation");
    for line in [
        "ListenStream=/run/vgpu/vm1.sock",
        "ListenStream=/run/vgpu/vm2.sock",
        "Service=vgpud.service",
        "SocketMode=0660",
        "SocketUser=libvirt-qemu",
        "SocketGroup=kvm",
    ] {
        assert!(has(&machine, "vgpud-vm.socket", line), "{line}");
    }
    let order = "Before=libvirtd.service virtqemud.service libvirt-guests.service pve-guests.service";
    for unit in ["vgpud.service", "vgpud-vm.socket"] {
        assert!(has(&machine, unit, order), "{unit}");
    }
    assert!(has(&machine, "vgpud.service", "Sockets=vgpud.socket vgpud-vm.socket"));
    assert!(!has(&machine, "vgpud.socket", "SocketUser=libvirt-qemu"), "programs of this machine are others");

    let said = machine.install(&Dist::new("0.1.0"), DAEMON).expect("another installation");
    assert!(said.contains("vgpud-vm.socket stays as it is"), "{said}");
    assert!(has(&machine, "vgpud-vm.socket", "ListenStream=/run/vgpu/vm1.sock"));
    assert!(has(&machine, "vgpud.service", order));
    machine.uninstall(&[]).expect("everything back");
    assert_eq!(machine.snapshot(), before);
}

#[test]
fn the_sockets_owner_and_the_daemons_configuration_can_be_given() {
    let machine = Machine::with_systemd();
    machine.write("etc/vgpu/vgpud.toml", "device-memory = \"24GiB\"\n");
    fs::set_permissions(machine.path("etc/vgpu/vgpud.toml"), fs::Permissions::from_mode(0o644)).expect("our own file");
    let options =
        ["--daemon", "--socket-mode", "0660", "--socket-owner", "root:vgpu", "--config", "/etc/vgpu/vgpud.toml"];
    machine.install(&Dist::new("0.1.0"), &options).expect("an installation");
    for line in ["SocketMode=0660", "SocketUser=root", "SocketGroup=vgpu"] {
        assert!(has(&machine, "vgpud.socket", line), "{line}");
    }
    assert!(has(&machine, "vgpud.service", "ExecStart=/opt/vgpu/current/bin/vgpud --config /etc/vgpu/vgpud.toml"));
    assert!(has(&machine, "ollama.service.d/50-vgpu.conf", "SupplementaryGroups=vgpu"), "or it would be shut out");
    let said = machine.install(&Dist::new("0.1.0"), &["--daemon", "--socket-mode=0600"]).expect("an installation");
    assert!(said.contains("/run/vgpu/vgpud.sock is its owner's alone"), "{said}");
}

#[test]
fn what_systemd_is_told_depends_on_what_changes() {
    let (machine, dist) = (Machine::with_systemd(), Dist::new("0.1.0"));
    let told = |options: &[&str]| {
        let said = machine.install(&dist, &[options, &["--dry-run"]].concat()).expect("a plan");
        let lines = said.lines().filter_map(|line| line.strip_prefix("would run `")?.strip_suffix('`'));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let reload = "systemctl daemon-reload";
    assert_eq!(told(DAEMON), [reload, "systemctl start vgpud.socket"]);
    assert_eq!(told(WITH_VMS), [reload, "systemctl start vgpud.socket vgpud-vm.socket"]);
    machine.install(&dist, DAEMON).expect("an installation");
    let restarts = ["systemctl try-restart vgpud.service", "systemctl try-restart ollama.service"];
    let expected = [&[reload, "systemctl start vgpud.socket"][..], &restarts].concat();
    assert_eq!(told(&["--daemon", "--restart"]), expected);
    let changed = ["--daemon", "--restart", "--socket-mode=0600"];
    let anew = ["systemctl stop vgpud.service", "systemctl restart vgpud.socket"];
    assert_eq!(told(&changed), [&[reload][..], &anew, &restarts].concat());
    let said = machine.install(&dist, &["--daemon", "--socket-mode=0600"]).expect("an installation");
    assert!(said.contains("the sockets have changed") && said.contains("try-restart vgpud.service ollama"), "{said}");
    let said = machine.uninstall(&["--dry-run"]).expect("a plan");
    assert!(said.contains("would run `systemctl stop vgpud.socket vgpud.service`"), "{said}");

    fs::remove_dir_all(machine.path("run/systemd")).expect("a folder");
    assert_eq!(told(DAEMON), [""; 0], "systemd is installed and does not run: an image is being prepared");
}

#[test]
fn without_systemd_nothing_is_changed_and_the_way_without_is_told() {
    let (machine, dist) = (Machine::new(), Dist::new("0.1.0"));
    machine.plug("0000:00:05.0", vgpu_core::pci::regs::MAGIC, 0o600);
    let before = machine.snapshot();
    for (options, way) in
        [(DAEMON, "/opt/vgpu/current/bin/vgpud started at boot"), (&["--vm"], "vgpu guest-setup --wait")]
    {
        let said = machine.install(&dist, options).expect_err("a refusal");
        assert!(said.contains("there is no systemd here") && said.contains(way), "{said}");
        assert_eq!(machine.snapshot(), before);
    }
}

#[test]
fn a_socket_of_the_daemons_name_without_its_service_is_not_waited_for() {
    let (machine, dist) = (Machine::with_systemd(), Dist::new("0.1.0"));
    machine.write(&format!("{UNITS}/vgpud.socket"), "[Socket]\nListenSequentialPacket=/run/vgpu/vgpud.sock\n");
    let before = machine.snapshot();
    let said = machine.install(&dist, super::SYSTEM).expect("an installation");
    assert!(said.contains("a unit vgpud.socket and no vgpud.service"), "{said}");
    assert!(!machine.read(&format!("{UNITS}/ollama.service.d/50-vgpu.conf")).contains("After="));
    machine.install(&dist, DAEMON).expect("an installation");
    assert!(machine.read(&format!("{UNITS}/ollama.service.d/50-vgpu.conf")).contains("After=vgpud.socket"));
    machine.uninstall(&[]).expect("everything back");
    assert_eq!(machine.snapshot(), before);
}

#[test]
fn a_daemon_by_hand_or_of_a_package_is_waited_for_as_well() {
    let machine = Machine::with_systemd();
    machine.write("usr/lib/systemd/system/vgpud.socket", "[Socket]\nListenSequentialPacket=/run/vgpu/vgpud.sock\n");
    machine.write("usr/lib/systemd/system/vgpud.service", "[Service]\nExecStart=/usr/bin/vgpud\n");
    machine.install(&Dist::new("0.1.0"), &["--service", "llama"]).expect("an installation");
    assert!(has(&machine, "llama.service.d/50-vgpu.conf", "After=vgpud.socket"));
    machine.install(&Dist::new("0.1.0"), &["--service", "llama", "--device", "embedded"]).expect("an installation");
    assert!(!has(&machine, "llama.service.d/50-vgpu.conf", "After=vgpud.socket"), "its device is another");
}

#[test]
fn options_that_systemd_would_not_take_are_refused() {
    let machine = Machine::with_systemd();
    machine.write("srv/closed/vgpud.toml", "");
    fs::set_permissions(machine.path("srv/closed"), fs::Permissions::from_mode(0o700)).expect("our own folder");
    let before = machine.snapshot();
    for (options, why) in [
        (&["--vfio-user", "vm1.sock"][..], "it must start with /"),
        (&["--vfio-user", "/run/vgpu/%i.sock"][..], "it goes into a unit file"),
        (&["--vfio-user", "/run/vgpu/vgpud.sock"][..], "a socket of its own"),
        (&["--vfio-user", "/run/a", "--vfio-user", "/run/a"][..], "a socket of its own"),
        (&["--socket-owner", "nobody-of-that-name"][..], "there is no user nobody-of-that-name"),
        (&["--socket-owner", "root:nothing"][..], "there is no group nothing"),
        (&["--config", "/etc/vgpu/none.toml"][..], "there is no such file"),
        (&["--config", "/srv/closed/vgpud.toml"][..], "who may not read it"),
        (&["--prefix", "/srv/closed/vgpu"][..], "srv/closed: use another --prefix"),
        (&["--prefix", "/srv/%h"][..], "it goes into a unit file"),
        (&["--device", "embedded"][..], "its device is unix:/run/vgpu/vgpud.sock"),
    ] {
        let said = machine.install(&Dist::new("0.1.0"), &[DAEMON, options].concat()).expect_err("a refusal");
        assert!(said.contains(why), "{options:?}: {said}");
        assert_eq!(machine.snapshot(), before);
    }
}
