//! The machine's hardware, as arguments for QEMU: type, processor, memory, and where each device sits.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileTypeExt,
    path::PathBuf,
};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde_json::json;

/// The slot of the line to us; disks follow.
const LINE_SLOT: usize = 2;
/// The slot of the first disk.
const FIRST_DISK_SLOT: usize = 3;
/// The slot of the first device, or of the port before it; the next ones follow.
const FIRST_DEVICE_SLOT: usize = 5;
/// The first slot that some machine has something of its own in.
const END_SLOT: usize = 0x1f;
/// Address space that a port keeps for a device that comes later: enough for the 1 GiB that a function has unless told.
const PORT_RESERVE: &str = "2G";

/// A kind of machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum MachineType {
    /// Of 1996, with PCI; devices sit on the bus itself, from 00:05.0 on.
    Pc,
    /// With PCI Express; each device sits behind a root port of its own, at 01:00.0, 02:00.0, ...
    Q35,
    /// Without firmware, which would switch a device's memory on.
    Microvm,
}

/// What is in the machine.
pub(super) struct Hardware<'a> {
    pub(super) machine: MachineType,
    /// QEMU's name for the processor; without it, the best there is.
    pub(super) cpu: Option<&'a str>,
    pub(super) memory_mib: u32,
    pub(super) processors: u32,
    /// Sockets of vfio-user devices.
    pub(super) devices: &'a [PathBuf],
    /// Root ports that stay empty at first.
    pub(super) empty_ports: usize,
}

impl Hardware<'_> {
    pub(super) fn arguments(&self) -> Result<Vec<String>> {
        let memory = self.memory_mib;
        let machine = match self.machine {
            MachineType::Pc => "pc",
            MachineType::Q35 => "q35",
            MachineType::Microvm => "microvm,pcie=on",
        };
        let (accelerator, best) = if has_kvm() { ("kvm", "host") } else { ("tcg", "max") };
        let mut arguments = vec!["-machine".to_owned(), machine.to_owned()];
        let mut add = |values: [&str; 2]| arguments.extend(values.map(str::to_owned));
        add(["-accel", accelerator]);
        add(["-cpu", self.cpu.unwrap_or(best)]);
        add(["-smp", &self.processors.to_string()]);
        // Of its own, not shared: the function needs nothing of it.
        add(["-m", &format!("{memory}M")]);
        add(["-device", &format!("virtio-serial-pci,addr={LINE_SLOT:02x}.0")]);
        for device in self.ports_and_devices()? {
            arguments.extend(["-device".to_owned(), device]);
        }
        Ok(arguments)
    }

    fn ports_and_devices(&self) -> Result<Vec<String>> {
        let places = self.devices.len() + self.empty_ports;
        ensure!(places <= END_SLOT - FIRST_DEVICE_SLOT, "{places} devices do not fit the bus");
        let has_ports = self.machine == MachineType::Q35;
        ensure!(has_ports || self.empty_ports == 0, "--empty-ports: only q35 has root ports, which --machine asks for");
        let mut arguments = Vec::new();
        for index in 0..places {
            let slot = format!("{:02x}.0", FIRST_DEVICE_SLOT + index);
            let (bus, addr) = if has_ports {
                arguments.push(format!(
                    "pcie-root-port,id=port{index},chassis={},addr={slot},pref64-reserve={PORT_RESERVE}",
                    index + 1
                ));
                (Some(format!("port{index}")), None)
            } else {
                (None, Some(slot))
            };
            let Some(socket) = self.devices.get(index) else { continue };
            let listens = fs::metadata(socket).is_ok_and(|metadata| metadata.file_type().is_socket());
            ensure!(listens, "--device {}: there is no socket", socket.display());
            let path = socket.to_str().with_context(|| format!("--device {}: not UTF-8", socket.display()))?;
            let mut device = json!({
                "driver": "vfio-user-pci",
                "id": format!("vgpu{index}"),
                "socket": { "type": "unix", "path": path },
            });
            for (key, value) in [("bus", bus), ("addr", addr)] {
                if let Some(value) = value {
                    device[key] = value.into();
                }
            }
            arguments.push(device.to_string());
        }
        Ok(arguments)
    }
}

/// Arguments for the disk of this number at `path`, which the guest finds by `serial`.
pub(super) fn disk(number: usize, path: &str, serial: &str, writable: bool) -> [String; 4] {
    // What is written goes to a file without a name that is gone with QEMU.
    let changes = if writable { "snapshot=on" } else { "readonly=on" };
    // A comma in a value is written twice.
    let path = path.replace(',', ",,");
    [
        "-drive".to_owned(),
        format!("if=none,id=disk{number},format=raw,{changes},file={path}"),
        "-device".to_owned(),
        format!("virtio-blk-pci,drive=disk{number},serial={serial},addr={:02x}.0", FIRST_DISK_SLOT + number),
    ]
}

/// Whether KVM runs stock kernels here. A KVM without the processor's help, which some clouds have, starts a machine and
/// then cannot run it.
pub(super) fn has_kvm() -> bool {
    let usable = OpenOptions::new().read(true).write(true).open("/dev/kvm").is_ok();
    usable && fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| has_virtualisation(&text))
}

fn has_virtualisation(cpuinfo: &str) -> bool {
    cpuinfo
        .lines()
        .filter(|line| line.starts_with("flags"))
        .any(|line| line.split_whitespace().any(|flag| flag == "vmx" || flag == "svm"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use serde_json::Value;

    use super::*;

    fn hardware(machine: MachineType, devices: &[PathBuf]) -> Hardware<'_> {
        Hardware { machine, cpu: None, memory_mib: 512, processors: 1, devices, empty_ports: 0 }
    }

    /// The devices that are given as JSON.
    fn as_json(arguments: &[String]) -> Vec<Value> {
        arguments.iter().filter_map(|text| serde_json::from_str(text).ok()).filter(Value::is_object).collect()
    }

    #[test]
    fn devices_take_the_slots_from_5_on() {
        let dir = tempfile::tempdir().expect("a folder");
        let socket = dir.path().join("a,\"b\".sock");
        let _listener = UnixListener::bind(&socket).expect("a socket");
        let devices = [socket.clone(), socket.clone()];
        for machine in [MachineType::Pc, MachineType::Microvm] {
            let json = as_json(&hardware(machine, &devices).arguments().expect("the socket is there"));
            let addresses: Vec<&str> = json.iter().filter_map(|device| device["addr"].as_str()).collect();
            assert_eq!(addresses, ["05.0", "06.0"]);
            assert_eq!(json[0]["socket"]["path"], socket.to_str().expect("UTF-8"));
        }
    }

    #[test]
    fn on_q35_each_device_has_a_port_and_further_ports_stay_empty() {
        let dir = tempfile::tempdir().expect("a folder");
        let socket = dir.path().join("vm.sock");
        let _listener = UnixListener::bind(&socket).expect("a socket");
        let devices = [socket];
        let with_port = Hardware { empty_ports: 1, ..hardware(MachineType::Q35, &devices) };
        let arguments = with_port.arguments().expect("the socket is there");
        let ports: Vec<&String> = arguments.iter().filter(|text| text.starts_with("pcie-root-port")).collect();
        assert!(ports.len() == 2 && ports[1].contains("id=port1"), "{ports:?}");
        let json = as_json(&arguments);
        assert_eq!((json.len(), &json[0]["bus"]), (1, &Value::from("port0")));
        assert_eq!(json[0]["addr"], Value::Null);
        let on_pc = Hardware { empty_ports: 1, ..hardware(MachineType::Pc, &[]) };
        assert!(on_pc.arguments().expect_err("it has none").to_string().contains("q35"));
    }

    #[test]
    fn a_device_that_does_not_listen_is_named() {
        let devices = [PathBuf::from("/nonexistent.sock")];
        let error = hardware(MachineType::Pc, &devices).arguments().expect_err("there is no socket");
        assert!(error.to_string().contains("/nonexistent.sock"));
    }

    #[test]
    fn only_a_processor_with_virtualisation_counts() {
        assert!(has_virtualisation("flags\t\t: fpu vmx sse\n"));
        assert!(!has_virtualisation("flags\t\t: fpu vmxx sse\nmodel name: svm\n"));
    }
}
