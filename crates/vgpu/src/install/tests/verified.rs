//! What systemd itself says about every unit and drop-in that is written.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::guest::vm;
use super::machine::{Dist, Machine};

const UNITS: &str = "etc/systemd/system";

/// Has systemd read units as a machine has them, and expects no word about them. Where there is no systemd, says so.
fn verify(machine: &Machine, names: &[&str]) {
    let folder = machine.path(UNITS);
    // Programs are looked for where the units say.
    let prefix = machine.path("opt/vgpu");
    rewrite(&folder, &|text| text.replace("/opt/vgpu", prefix.to_str().expect("a path of ours")));
    let mut command = Command::new("systemd-analyze");
    // The folders of the machine that this test runs on come after it, for the targets.
    command.env("SYSTEMD_UNIT_PATH", format!("{}:", folder.display())).env("SYSTEMD_COLORS", "0");
    command.args(["verify", "--man=no", "--recursive-errors=no"]).args(names.iter().map(|name| folder.join(name)));
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => return eprintln!("not verified: systemd-analyze cannot be run: {error}"),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("invalid option") || said.contains("unrecognized option") {
        return eprintln!("not verified: this systemd-analyze is too old: {said}");
    }
    assert!(output.status.success() && said.is_empty(), "{names:?}: {said}");
}

fn rewrite(folder: &Path, change: &dyn Fn(&str) -> String) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        match fs::symlink_metadata(entry.path()).expect("it is there") {
            is if is.is_dir() => rewrite(&entry.path(), change),
            is if is.is_file() => {
                let text = fs::read_to_string(entry.path()).expect("text");
                fs::write(entry.path(), change(&text)).expect("our own file");
            }
            _ => {}
        }
    }
}

/// A service in a sandbox that can be started here.
fn write_service(machine: &Machine) {
    let text =
        "[Service]\nExecStart=/bin/true\nDynamicUser=yes\nProtectKernelTunables=yes\nRestrictAddressFamilies=AF_INET\n";
    machine.write(&format!("{UNITS}/ollama.service"), text);
}

#[test]
fn systemd_takes_the_daemons_units() {
    let dist = Dist::new("0.1.0");
    for options in [&["--daemon"][..], &["--daemon", "--vfio-user=/run/vgpu/a.sock", "--socket-owner=root:root"][..]] {
        let machine = Machine::with_systemd();
        // As on a host with GPUs, where the unit has more to say.
        machine.write("proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.163.01\n");
        write_service(&machine);
        machine.install(&dist, options).expect("an installation");
        let mut names = vec!["vgpud.service", "vgpud.socket", "ollama.service"];
        names.extend((options.len() > 1).then_some("vgpud-vm.socket"));
        verify(&machine, &names);
    }
}

#[test]
fn systemd_takes_the_functions_unit_and_the_drop_in() {
    let machine = vm();
    write_service(&machine);
    machine.install(&Dist::new("0.1.0"), &["--vm"]).expect("an installation");
    verify(&machine, &["vgpu-function.service", "ollama.service"]);
}
