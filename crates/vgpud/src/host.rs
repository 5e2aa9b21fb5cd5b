//! What this machine has: memory that a software GPU can promise, and signs of NVIDIA's GPUs.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// Physical memory and swap that processes of this one's control group can have.
///
/// Asked of the system once: an executor's start is what a program waits for.
pub(crate) fn memory_bytes() -> u64 {
    static MEMORY_BYTES: OnceLock<u64> = OnceLock::new();
    *MEMORY_BYTES.get_or_init(|| {
        // The same as /proc/meminfo, which the kernel takes far longer to write than all the rest of this.
        let machine = rustix::system::sysinfo();
        least(Path::new("/"), (machine.totalram + machine.totalswap).saturating_mul(machine.mem_unit.into()))
    })
}

/// What the groups around this process leave of a machine's memory.
fn least(root: &Path, machine_bytes: u64) -> u64 {
    let groups = std::fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    groups.lines().flat_map(|line| limits(root, line)).fold(machine_bytes, u64::min)
}

/// The limits on memory of a control group and of those around it.
///
/// **Source:** cgroups(7): `hierarchy:controllers:path`, and `0::path` in version 2.
fn limits(root: &Path, line: &str) -> Vec<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { return Vec::new() };
    let (folder, file) = match controllers {
        "" => ("sys/fs/cgroup", "memory.max"),
        _ if controllers.split(',').any(|name| name == "memory") => ("sys/fs/cgroup/memory", "memory.limit_in_bytes"),
        _ => return Vec::new(),
    };
    let within = Path::new(path.trim_start_matches('/'));
    let read = |group: &Path| std::fs::read_to_string(root.join(folder).join(group).join(file)).ok();
    // "max" is no number.
    within.ancestors().filter_map(|group| read(group)?.trim().parse().ok()).collect()
}

/// What shows that this machine may have a GPU that NVIDIA's driver serves: its kernel module, a GPU's device file where a
/// container hides that, or the one of WSL. `/dev/nvidiactl` alone shows nothing: whoever loads the driver's library as root,
/// makes it.
pub(crate) fn sign_of_gpu() -> Option<PathBuf> {
    sign_below(Path::new("/"))
}

/// NVIDIA's driver numbers its device files from 0. Where it has any there is the one that controls them all, so that machines
/// without a GPU are asked for that one only.
const GPUS_LOOKED_FOR: u32 = 32;

fn sign_below(root: &Path) -> Option<PathBuf> {
    let is_there = |path: &PathBuf| path.exists();
    let known = ["proc/driver/nvidia/version", "dev/dxg"].map(|path| root.join(path));
    known.into_iter().find(is_there).or_else(|| {
        let dev = root.join("dev");
        let has_control = dev.join("nvidiactl").exists();
        let mut gpus = (0..GPUS_LOOKED_FOR).map(|number| dev.join(format!("nvidia{number}")));
        has_control.then(|| gpus.find(is_there)).flatten()
    })
}

/// Memory of each of so many software GPUs, when nobody says: what GPUs have, but not more than this machine can give.
pub(crate) fn default_memory(devices: u32) -> u64 {
    share(memory_bytes(), devices)
}

/// Memory of a software GPU on a machine that has enough.
const SOFT_MEMORY_BYTES: u64 = 8 << 30;
/// Of what a machine has, an eighth is left to itself.
const OWN_PART: u64 = 8;

fn share(host_bytes: u64, devices: u32) -> u64 {
    let share = (host_bytes - host_bytes / OWN_PART) / u64::from(devices.max(1));
    (share >> 20 << 20).clamp(1 << 20, SOFT_MEMORY_BYTES)
}

/// What of `asked_bytes` for each of so many software GPUs this machine has.
pub(crate) fn at_most_there_is(asked_bytes: u64, devices: u32) -> u64 {
    let share = memory_bytes() / u64::from(devices.max(1));
    asked_bytes.min((share >> 20 << 20).max(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        root
    }

    #[test]
    fn memory_is_the_machines_or_the_smallest_limit_of_a_group_around() {
        let of = |files: &[(&str, &str)]| least(machine(files).path(), 1 << 20);
        assert_eq!(of(&[]), 1 << 20);
        let group = ("proc/self/cgroup", "1:cpu:/x\n0::/a/b\n");
        let (max, small) = (("sys/fs/cgroup/a/b/memory.max", "max\n"), ("sys/fs/cgroup/a/memory.max", "4096\n"));
        assert_eq!(of(&[group, max]), 1 << 20);
        assert_eq!(of(&[group, max, small]), 4096);
        let first = ("proc/self/cgroup", "5:cpu,memory:/a\n");
        assert_eq!(of(&[first, ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "8192\n")]), 8192);
    }

    #[test]
    fn the_machine_has_as_much_as_its_kernel_writes() {
        let meminfo = std::fs::read_to_string("/proc/meminfo").expect("Linux");
        let kib = |name: &str| {
            let line = meminfo.lines().find_map(|line| line.strip_prefix(name)).expect(name);
            line.trim().trim_end_matches("kB").trim_end().parse::<u64>().expect(name)
        };
        assert!(memory_bytes() <= (kib("MemTotal:") + kib("SwapTotal:")) << 10);
        assert!(memory_bytes() >= 1 << 20);
    }

    #[test]
    fn nobody_is_promised_what_the_machine_does_not_have() {
        assert_eq!(share(u64::MAX, 1), 8 << 30);
        assert_eq!(share(64 << 30, 1), 8 << 30);
        assert_eq!(share(64 << 30, 8), 7 << 30);
        assert_eq!(share(400 << 20, 1), 350 << 20);
        assert_eq!(share(1, 3), 1 << 20);
        assert_eq!(at_most_there_is(1 << 20, 1), 1 << 20);
        assert!(at_most_there_is(1 << 62, 1) < 1 << 62);
    }

    #[test]
    fn a_gpu_is_known_by_its_module_or_its_own_file() {
        let sign = |paths: &[&str]| {
            let files: Vec<_> = paths.iter().map(|path| (*path, "")).collect();
            sign_below(machine(&files).path()).is_some()
        };
        for path in ["proc/driver/nvidia/version", "dev/dxg"] {
            assert!(sign(&[path]), "{path}");
        }
        for path in ["dev/nvidia0", "dev/nvidia31"] {
            assert!(sign(&["dev/nvidiactl", path]), "{path}");
        }
        for path in ["dev/nvidia-uvm", "dev/nvidia", "dev/nvidia-caps", "dev/null"] {
            assert!(!sign(&["dev/nvidiactl", path]), "{path}");
        }
    }
}
