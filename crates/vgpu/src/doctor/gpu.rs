//! The GPUs of this machine: what would execute here, and what keeps NVIDIA's driver from it.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::check::Check;
use crate::machine::Machine;

/// What the driver's kernel module says of itself.
const MODULE: &str = "/proc/driver/nvidia/version";
/// The oldest driver that `vgpud` executes on.
const OLDEST_DRIVER: u32 = 525;
/// Devices that a process needs besides the GPU's own.
const NODES: [&str; 2] = ["nvidiactl", "nvidia-uvm"];
/// Reading and writing for everybody.
const FOR_ALL: u32 = 0o006;
/// How `vgpud` begins when it lacks cuBLAS.
const NO_PRODUCTS: &str = "products are not supported: ";

/// Whether GPUs of this machine can be executed on, where it has any. The vgpud beside `program` is asked, if that is given.
pub(super) fn check(machine: &Machine, program: Option<&PathBuf>) -> Check {
    let check = Check::ok("host.gpu", "what executes on this machine");
    let Ok(Some(module)) = machine.read(Path::new(MODULE)) else {
        return check
            .saw("NVIDIA's driver is not loaded: a vgpud or an embedded device of this machine is a software GPU");
    };
    let check = check.saw_all(module.lines().next().map(str::to_owned));
    if let Some(version) = version(&module)
        && version < OLDEST_DRIVER
    {
        return check.warning(
            format!("driver {version} is too old to execute on: the software GPU does"),
            format!("install driver {OLDEST_DRIVER} or later"),
        );
    }
    let (check, trouble) = nodes(machine, check);
    match (trouble, program) {
        (Some((cause, fix)), _) => check.warning(cause, fix),
        (None, Some(program)) if machine.is_real() => probed(check, program),
        (None, _) => check,
    }
}

/// The driver's major version: of the words of the first line, the first that is one.
fn version(module: &str) -> Option<u32> {
    let line = module.lines().next()?;
    line.split_whitespace().find_map(|word| {
        let (major, minor) = word.split_once('.')?;
        minor.starts_with(|c: char| c.is_ascii_digit()).then(|| major.parse().ok())?
    })
}

/// Looks at the device files.
fn nodes(machine: &Machine, check: Check) -> (Check, Option<(String, String)>) {
    let is_gpus = |name: &String| {
        let number = name.strip_prefix("nvidia").unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let mut gpus: Vec<String> = machine.list(Path::new("/dev")).into_iter().filter(is_gpus).collect();
    gpus.sort();
    let check = check.saw_all((!gpus.is_empty()).then(|| format!("device files: {}", gpus.join(", "))));
    let missing = |name: &str| !machine.exists(&Path::new("/dev").join(name));
    if gpus.is_empty() || NODES.iter().any(|name| missing(name)) {
        let names = NODES.into_iter().filter(|name| missing(name)).chain(gpus.is_empty().then_some("nvidia0"));
        let names: Vec<_> = names.map(|name| format!("/dev/{name}")).collect();
        let cause = format!("the driver's device files are missing: {}", names.join(", "));
        return (
            check,
            Some((cause, "run `nvidia-modprobe -c 0 -u` as root, or nvidia-persistenced at boot".to_owned())),
        );
    }
    let is_closed = |name: &&str| {
        let metadata = machine.metadata(&Path::new("/dev").join(name));
        metadata.is_ok_and(|metadata| metadata.mode() & FOR_ALL != FOR_ALL)
    };
    let closed = gpus.iter().map(String::as_str).chain(NODES).find(is_closed);
    let trouble = closed.map(|name| {
        let cause = format!("/dev/{name} is not for every user: a vgpud of another user falls back to the software GPU");
        let fix = "give the service its group (`systemctl edit vgpud.service`: SupplementaryGroups=), or load the driver with \
                   NVreg_DeviceFileMode=0666";
        (cause, fix.to_owned())
    });
    (check, trouble)
}

/// Asks the vgpud beside this program.
fn probed(check: Check, program: &Path) -> Check {
    let vgpud = program.with_file_name("vgpud");
    let output = match Command::new(&vgpud).arg("probe").env("VGPU_LOG", "warn").output() {
        Ok(output) => output,
        Err(error) => return check.saw(format!("{}: {error}", vgpud.display())),
    };
    let (said, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let check = check.saw_all(said.lines().map(str::to_owned));
    judged(check, &said, &complaints)
}

/// What follows from a probe's words.
fn judged(check: Check, said: &str, complaints: &str) -> Check {
    let software = said.lines().next().and_then(|line| line.strip_prefix("the software GPU executes: "));
    if let Some(reason) = software {
        return check.warning(
            format!("NVIDIA's driver is loaded, but the software GPU executes: {reason}"),
            "mend the driver (`nvidia-smi` must work), or name its library: `vgpud --driver-library`",
        );
    }
    if let Some((_, reason)) = complaints.lines().find_map(|line| line.split_once(NO_PRODUCTS)) {
        return check.warning(
            format!("cuBLAS calls are not supported: {reason}"),
            "install cuBLAS 12 or 13 (the toolkit's, or PyPI's nvidia-cublas), or name it: `vgpud --cublas-library`",
        );
    }
    match complaints.lines().last() {
        Some(line) if said.is_empty() => check.warning(line, "look at what `vgpud probe` says"),
        _ => check,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::super::check::Verdict;
    use super::*;

    const VERSION: &str = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.163.01  Tue Apr  8\nGCC version: 12.2\n";

    /// A machine with that version and those device files.
    fn asked(module: Option<&str>, nodes: &[(&str, u32)]) -> Check {
        let root = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir_all(root.path().join("dev")).expect("a folder");
        fs::create_dir_all(root.path().join("proc/driver/nvidia")).expect("a folder");
        if let Some(module) = module {
            fs::write(root.path().join("proc/driver/nvidia/version"), module).expect("a file");
        }
        for (name, mode) in nodes {
            let path = root.path().join("dev").join(name);
            fs::write(&path, "").expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).expect("its mode");
        }
        check(&Machine::new(root.path()).expect("a folder"), None)
    }

    fn cause(check: &Check) -> &str {
        check.cause.as_deref().unwrap_or_default()
    }

    const ALL: [(&str, u32); 3] = [("nvidia0", 0o666), ("nvidiactl", 0o666), ("nvidia-uvm", 0o666)];

    #[test]
    fn without_a_driver_and_with_a_whole_one_all_is_well() {
        assert_eq!(asked(None, &[("nvidiactl", 0o666)]).verdict, Verdict::Ok);
        let check = asked(Some(VERSION), &ALL);
        assert_eq!((check.verdict, check.evidence.len()), (Verdict::Ok, 2), "{check:?}");
    }

    #[test]
    fn what_keeps_the_driver_from_executing_is_named() {
        let old = VERSION.replace("550.163.01", "470.256.02");
        assert!(cause(&asked(Some(&old), &ALL)).contains("driver 470 is too old"));
        assert!(cause(&asked(Some(VERSION), &ALL[..2])).ends_with("missing: /dev/nvidia-uvm"));
        assert!(cause(&asked(Some(VERSION), &ALL[1..])).ends_with("missing: /dev/nvidia0"));
        let closed = [("nvidia0", 0o660), ALL[1], ALL[2]];
        assert!(cause(&asked(Some(VERSION), &closed)).starts_with("/dev/nvidia0 is not for every user"));
    }

    #[test]
    fn a_probes_words_are_judged() {
        let judged = |said, complaints| judged(Check::ok("host.gpu", ""), said, complaints);
        assert_eq!(judged("the driver's GPUs execute: 1\n0: x\n", "").verdict, Verdict::Ok);
        let software = judged("the software GPU executes: the driver finds no GPU\n0: x\n", "");
        assert!(cause(&software).ends_with("the driver finds no GPU"));
        let without_blas =
            judged("the driver's GPUs execute: 1\n", "[WARN ] products are not supported: no libcublas.so.12\n");
        assert_eq!(cause(&without_blas), "cuBLAS calls are not supported: no libcublas.so.12");
        assert_eq!(cause(&judged("", "vgpud: no\n")), "vgpud: no");
        assert_eq!(judged("the software GPU executes, as was asked\n", "").verdict, Verdict::Ok);
    }
}
