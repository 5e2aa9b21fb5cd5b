//! Setting up and undoing it, in a folder that stands for a VM's root.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use tempfile::TempDir;
use vgpu_core::pci::regs::{BAR0_BYTES, MAGIC, NOBODY, PAGE_OFFSET};

use super::{Args, run_to};

const OURS: &str = "0000:00:05.0";
const RULES: &str = "etc/udev/rules.d/70-vgpu.rules";
const BLACKLIST: &str = "etc/modprobe.d/vgpu.conf";

/// A VM: users may have been given a group, and a function is plugged.
struct Vm(TempDir);

impl Vm {
    fn new() -> Self {
        let vm = Self(tempfile::tempdir().expect("a temporary folder"));
        vm.write("etc/passwd", "root:x:0:0::/root:/bin/sh\n");
        fs::create_dir_all(vm.path("var/lib")).expect("a folder");
        vm.plug(OURS, 256 << 20, MAGIC);
        vm
    }

    /// With a group of the caller's own number, so that no test needs to be root to give files to it.
    fn with_group() -> Self {
        let vm = Self::new();
        let gid = fs::metadata(vm.0.path()).expect("the folder").gid();
        vm.write("etc/group", &format!("root:x:0:\nvgpu:x:{gid}:\n"));
        vm
    }

    fn plug(&self, address: &str, bar1_bytes: u64, magic: u32) {
        let folder = format!("sys/bus/pci/devices/{address}");
        for (name, text) in [
            ("vendor", "0x10de\n"),
            ("device", "0x2331\n"),
            ("class", "0x030200\n"),
            ("enable", "0\n"),
            ("driver_override", "(null)\n"),
        ] {
            self.write(&format!("{folder}/{name}"), text);
        }
        for (name, len_bytes) in [("resource0", BAR0_BYTES), ("resource1", bar1_bytes), ("resource1_wc", bar1_bytes)] {
            self.write(&format!("{folder}/{name}"), "");
            let path = self.path(&format!("{folder}/{name}"));
            let file = fs::OpenOptions::new().write(true).open(&path).expect("a file");
            file.set_len(len_bytes).expect("a file with holes");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("our own file");
        }
        self.answer(address, magic);
        self.write_config(address, 0, 0x0c);
    }

    /// What its first register reads as.
    fn answer(&self, address: &str, magic: u32) {
        let path = self.path(&format!("sys/bus/pci/devices/{address}/resource0"));
        let file = fs::OpenOptions::new().write(true).open(&path).expect("a file");
        file.write_all_at(&magic.to_le_bytes(), PAGE_OFFSET).expect("a file");
    }

    /// Config space with so much of the first two BARs.
    fn write_config(&self, address: &str, bar0: u8, bar1: u8) {
        let mut config = [0; 64];
        (config[0x10], config[0x14]) = (bar0, bar1);
        fs::write(self.path(&format!("sys/bus/pci/devices/{address}/config")), config).expect("a file");
    }

    /// As the kernel shows a function that no memory was assigned to.
    fn take_memory(&self, address: &str) {
        for name in ["resource0", "resource1", "resource1_wc"] {
            fs::remove_file(self.path(&format!("sys/bus/pci/devices/{address}/{name}"))).expect("a file");
        }
    }

    fn bind(&self, address: &str, driver: &str) {
        self.write(&format!("sys/bus/pci/drivers/{driver}/unbind"), "");
        self.write(&format!("sys/bus/pci/drivers/{driver}/bind"), "");
        symlink(format!("../../drivers/{driver}"), self.path(&format!("sys/bus/pci/devices/{address}/driver")))
            .expect("a link");
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn of_function(&self, name: &str) -> String {
        self.read(&format!("sys/bus/pci/devices/{OURS}/{name}"))
    }

    /// Everything that is there: owner, mode and contents by path.
    fn snapshot(&self) -> BTreeMap<String, (u32, u32, u32, Vec<u8>)> {
        let mut all = BTreeMap::new();
        collect(self.0.path(), &mut all);
        all
    }

    fn run(&self, options: &[&str]) -> Result<String, String> {
        let line = ["guest-setup", "--root", self.0.path().to_str().expect("a path of ours")];
        let args = Parser::parse(line.iter().chain(options));
        let mut out = Vec::new();
        let result = run_to(&args, &mut out);
        let text = String::from_utf8(out).expect("text");
        result.map(|()| text.clone()).map_err(|error| format!("{text}{error:#}"))
    }
}

fn collect(folder: &Path, all: &mut BTreeMap<String, (u32, u32, u32, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let metadata = entry.metadata().expect("it is there");
        // Of sparse resources the first bytes will do.
        let contents = match metadata.is_file() && metadata.len() < 1 << 20 {
            true => fs::read(entry.path()).expect("a file"),
            false => Vec::new(),
        };
        let name = entry.path().display().to_string();
        all.insert(name, (metadata.mode(), metadata.uid(), metadata.gid(), contents));
        if metadata.is_dir() {
            collect(&entry.path(), all);
        }
    }
}

struct Parser;

impl Parser {
    fn parse<'a>(line: impl Iterator<Item = &'a &'a str>) -> Args {
        use clap::{Args as _, FromArgMatches};
        let matches = Args::augment_args(clap::Command::new("guest-setup")).get_matches_from(line);
        Args::from_arg_matches(&matches).expect("sound flags")
    }
}

#[test]
fn a_function_is_opened_to_the_group_and_kept_from_drivers() {
    let vm = Vm::with_group();
    let said = vm.run(&[]).expect("a set-up");
    assert!(said.contains("usermod -aG vgpu USER"), "{said}");
    assert_eq!(vm.of_function("enable"), "1\n");
    assert_eq!(vm.of_function("driver_override"), "vgpu\n");
    for name in ["resource0", "resource1", "resource1_wc"] {
        let path = vm.path(&format!("sys/bus/pci/devices/{OURS}/{name}"));
        assert_eq!(fs::metadata(path).expect("a file").mode() & 0o7777, 0o660, "{name}");
    }
    let rules = vm.read(RULES);
    for part in ["driver_override", "enable", "chgrp vgpu", "chmod 0660", "resource1_wc"] {
        assert!(rules.contains(part), "{part} is missing in {rules}");
    }
    assert!(vm.read(BLACKLIST).contains("blacklist nouveau"));
}

#[test]
fn undoing_puts_everything_back_bit_for_bit() {
    let vm = Vm::with_group();
    vm.write(RULES, "# somebody's own\n");
    fs::set_permissions(vm.path(RULES), fs::Permissions::from_mode(0o640)).expect("our own file");
    let before = vm.snapshot();
    vm.run(&[]).expect("a set-up");
    assert_ne!(vm.snapshot(), before);
    vm.run(&["--undo"]).expect("an undoing");
    // An attribute without a value reads "(null)" in sysfs whatever was written; a plain file keeps the empty line.
    assert_eq!(vm.of_function("driver_override"), "\n");
    vm.write(&format!("sys/bus/pci/devices/{OURS}/driver_override"), "(null)\n");
    assert_eq!(vm.snapshot(), before);
    assert!(vm.run(&["--undo"]).expect("nothing to do").contains("nothing to undo"));
}

#[test]
fn a_second_run_changes_nothing_and_still_undoes_the_first() {
    let vm = Vm::with_group();
    vm.run(&[]).expect("a set-up");
    let first = vm.snapshot();
    let said = vm.run(&[]).expect("a set-up");
    assert!(said.contains("nothing to do"), "{said}");
    assert_eq!(vm.snapshot(), first);
    vm.run(&["--undo"]).expect("an undoing");
    assert!(!vm.path(RULES).exists() && !vm.path(BLACKLIST).exists());
}

#[test]
fn a_dry_run_tells_all_and_does_nothing() {
    let vm = Vm::with_group();
    let before = vm.snapshot();
    let said = vm.run(&["--dry-run"]).expect("a plan");
    for part in [RULES, BLACKLIST, "would write 1 to", "driver_override", "mode 0660", "blacklist nouveau"] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
    assert_eq!(vm.snapshot(), before);
    vm.run(&[]).expect("a set-up");
    let set_up = vm.snapshot();
    assert!(vm.run(&["--undo", "--dry-run"]).expect("a plan").contains("would undo"));
    assert_eq!(vm.snapshot(), set_up);
}

#[test]
fn another_group_takes_over_and_undoing_goes_back_to_the_start() {
    let vm = Vm::with_group();
    let before = vm.of_function("vendor") + &vm.read("etc/group");
    vm.run(&[]).expect("a set-up");
    let gid = fs::metadata(vm.0.path()).expect("the folder").gid();
    vm.write("etc/group", &format!("{}cuda:x:{gid}:\n", vm.read("etc/group")));
    vm.run(&["--group", "cuda"]).expect("a set-up");
    assert!(vm.read(RULES).contains("chgrp cuda"));
    vm.run(&["--undo"]).expect("an undoing");
    assert!(!vm.path(RULES).exists());
    assert!((vm.of_function("vendor") + &vm.read("etc/group")).starts_with(&before));
}

#[test]
fn a_group_that_is_missing_is_made_and_removed_again() {
    let vm = Vm::new();
    vm.write("etc/group", "root:x:0:\n");
    vm.write("etc/gshadow", "root:*::\n");
    vm.run(&[]).expect("a set-up (with groupadd, as root)");
    assert!(vm.read("etc/group").contains("vgpu:x:"));
    vm.run(&["--undo"]).expect("an undoing");
    assert_eq!(vm.read("etc/group"), "root:x:0:\n");
}

#[test]
fn a_group_that_a_service_is_to_join_is_not_taken_away() {
    let vm = Vm::new();
    vm.write("etc/group", "root:x:0:\n");
    vm.write("etc/gshadow", "root:*::\n");
    vm.run(&[]).expect("a set-up (with groupadd, as root)");
    vm.write("etc/systemd/system/llm.service.d/50-vgpu.conf", "[Service]\nSupplementaryGroups=vgpu\n");
    let set_up = vm.snapshot();
    let said = vm.run(&["--undo"]).expect_err("a refusal");
    assert!(said.contains("llm.service.d/50-vgpu.conf") && said.contains("vgpu uninstall"), "{said}");
    assert_eq!(vm.snapshot(), set_up);
}

#[test]
fn a_real_gpu_is_left_alone_and_keeps_its_driver() {
    for (bar1_bytes, magic, driver) in
        [(128 << 30, 0, None), (8 << 30, 0x1800_00a1, None), (8 << 30, MAGIC, Some("nvidia"))]
    {
        let vm = Vm::with_group();
        let real = "0000:00:06.0";
        vm.plug(real, bar1_bytes, magic);
        if let Some(driver) = driver {
            vm.bind(real, driver);
        }
        let said = vm.run(&[]).expect("a set-up");
        assert!(said.contains("0000:00:06.0 is a real NVIDIA GPU"), "{said}");
        assert!(!vm.path(BLACKLIST).exists());
        assert_eq!(vm.read(&format!("sys/bus/pci/devices/{real}/driver_override")), "(null)\n");
        assert_eq!(vm.of_function("driver_override"), "vgpu\n");
    }
}

#[test]
fn a_driver_on_our_function_is_taken_off_and_put_back() {
    let vm = Vm::with_group();
    vm.bind(OURS, "nouveau");
    vm.run(&[]).expect("a set-up");
    assert_eq!(vm.read("sys/bus/pci/drivers/nouveau/unbind"), format!("{OURS}\n"));
    fs::remove_file(vm.path(&format!("sys/bus/pci/devices/{OURS}/driver"))).expect("what the kernel would do");
    vm.run(&["--undo"]).expect("an undoing");
    assert_eq!(vm.read("sys/bus/pci/drivers/nouveau/bind"), format!("{OURS}\n"));
}

#[test]
fn what_somebody_has_changed_since_is_left_and_told() {
    let vm = Vm::with_group();
    vm.run(&[]).expect("a set-up");
    vm.write(RULES, "# mine now\n");
    let said = vm.run(&["--undo"]).expect_err("one thing is left");
    assert!(said.contains("70-vgpu.rules: somebody else has changed it since"), "{said}");
    assert_eq!(vm.read(RULES), "# mine now\n");
    assert!(!vm.path(BLACKLIST).exists());
    fs::remove_file(vm.path(RULES)).expect("a file");
    vm.run(&["--undo"]).expect("the rest");
    assert!(!vm.path("var/lib/vgpu").exists());
}

#[test]
fn a_function_that_comes_later_is_prepared_for() {
    let vm = Vm::with_group();
    fs::remove_dir_all(vm.path("sys/bus")).expect("a folder");
    let said = vm.run(&[]).expect("a set-up");
    assert!(said.contains("no vgpu function in this VM now"), "{said}");
    assert!(vm.path(RULES).exists());
}

#[test]
fn at_boot_functions_are_opened_and_nothing_else_is_changed() {
    let vm = Vm::with_group();
    let said = vm.run(&["--wait"]).expect("it answers");
    assert!(said.contains("0000:00:05.0 answers, and group vgpu may use it"), "{said}");
    assert_eq!(vm.of_function("enable"), "1\n");
    assert_eq!(vm.of_function("driver_override"), "vgpu\n");
    let path = vm.path(&format!("sys/bus/pci/devices/{OURS}/resource1"));
    assert_eq!(fs::metadata(path).expect("a file").mode() & 0o7777, 0o660);
    assert!(!vm.path("etc/udev").exists() && !vm.path("var/lib/vgpu").exists());
}

#[test]
fn at_boot_a_vm_without_a_function_waits_for_nothing() {
    let vm = Vm::with_group();
    fs::remove_dir_all(vm.path("sys/bus")).expect("a folder");
    let before = vm.snapshot();
    // The test's own time limit is what fails it, if it waits.
    let said = vm.run(&["--wait=600"]).expect("nothing to wait for");
    assert!(said.contains("there is no vgpu function in this VM"), "{said}");
    assert_eq!(vm.snapshot(), before);
}

#[test]
fn at_boot_one_living_function_is_enough_and_the_others_are_named() {
    let vm = Vm::with_group();
    vm.plug("0000:00:06.0", 256 << 20, NOBODY);
    vm.plug("0000:00:07.0", 256 << 20, MAGIC);
    vm.take_memory("0000:00:07.0");
    let said = vm.run(&["--wait=600"]).expect("one answers");
    for part in
        ["0000:00:05.0 answers", "nobody answers behind PCI function 0000:00:06.0", "0000:00:07.0 has no address"]
    {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
}

#[test]
fn at_boot_functions_that_nobody_can_use_are_an_error_that_names_each() {
    let vm = Vm::with_group();
    vm.plug(OURS, 256 << 20, NOBODY);
    vm.plug("0000:00:07.0", 256 << 20, MAGIC);
    vm.take_memory("0000:00:07.0");
    let said = vm.run(&["--wait=0"]).expect_err("none answers");
    for part in [
        "nobody answers behind PCI function 0000:00:05.0",
        "start it there",
        "0000:00:07.0 has no address",
        "--bar-size",
    ] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
    let vm = Vm::new();
    let said = vm.run(&["--wait=0"]).expect_err("no group");
    assert!(said.contains("0000:00:05.0: there is no group vgpu"), "{said}");
}

#[test]
fn at_boot_a_function_that_answers_late_is_waited_for() {
    let vm = Vm::with_group();
    vm.plug(OURS, 256 << 20, NOBODY);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| vm.run(&["--wait=600"]));
        // It has been opened, and not been found to answer.
        let path = vm.path(&format!("sys/bus/pci/devices/{OURS}/resource1_wc"));
        while fs::metadata(&path).expect("a file").mode() & 0o7777 != 0o660 {
            std::thread::yield_now();
        }
        vm.answer(OURS, MAGIC);
        let said = waiting.join().expect("no panic").expect("it answers now");
        assert!(said.contains("0000:00:05.0 answers"), "{said}");
    });
}

#[test]
fn a_function_without_memory_is_named_and_is_no_real_gpu() {
    let vm = Vm::with_group();
    vm.take_memory(OURS);
    let said = vm.run(&[]).expect("a set-up");
    assert!(said.contains("the memory of PCI function 0000:00:05.0 has no address"), "{said}");
    assert!(vm.read(BLACKLIST).contains("blacklist nouveau"));
    let real = "0000:00:06.0";
    vm.plug(real, 256 << 20, MAGIC);
    vm.take_memory(real);
    vm.write_config(real, 0x0c, 0);
    let said = vm.run(&[]).expect("a set-up");
    assert!(said.contains("0000:00:06.0 is a real NVIDIA GPU"), "its BAR0 is 64 bits wide: {said}");
}

#[test]
fn every_function_is_a_device_of_systemds_by_its_address() {
    let vm = Vm::with_group();
    vm.run(&[]).expect("a set-up");
    let rules = vm.read(RULES);
    let tag = rules.find("TAG+=\"systemd\", ENV{SYSTEMD_ALIAS}+=\"/dev/vgpu/%k\"").expect("it is tagged");
    assert!(rules.find("RUN+=").is_some_and(|opened| opened < tag), "{rules}");
    assert!(rules[tag..].contains("LABEL=\"vgpu_end\""), "{rules}");
}

#[test]
fn errors_name_the_file() {
    let vm = Vm::with_group();
    vm.write("etc/udev", "a file where a folder should be");
    let said = vm.run(&[]).expect_err("no folder");
    assert!(said.contains("etc/udev"), "{said}");
    let vm = Vm::with_group();
    fs::create_dir_all(vm.path(RULES)).expect("a folder");
    let said = vm.run(&[]).expect_err("no file");
    assert!(said.contains("70-vgpu.rules is no plain file"), "{said}");
    let vm = Vm::with_group();
    vm.write("var/lib/vgpu/guest-setup.json", "{");
    let said = vm.run(&["--undo"]).expect_err("no record");
    assert!(said.contains("guest-setup.json is damaged"), "{said}");
}

#[test]
fn names_that_are_no_groups_are_refused() {
    let vm = Vm::with_group();
    for name in ["", "a b", "vgpu'; reboot #", "-x", "Ü", "GPU", &"a".repeat(33)] {
        let said = vm.run(&[&format!("--group={name}"), "--dry-run"]).expect_err("no name");
        assert!(said.contains("a group's name"), "{said}");
    }
}
