//! What this machine has: memory that a software GPU can promise, and signs of NVIDIA's GPUs.

use std::path::{Path, PathBuf};

/// Physical memory and swap that processes of this one's control group can have; `None` when the system does not tell.
pub fn memory_bytes() -> Option<u64> {
    memory_below(Path::new("/"))
}

fn memory_below(root: &Path) -> Option<u64> {
    let meminfo = std::fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let field = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib << 10)
    };
    let machine_bytes = field("MemTotal")? + field("SwapTotal").unwrap_or(0);
    let groups = std::fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    groups.lines().flat_map(|line| limits(root, line)).chain([machine_bytes]).min()
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
/// container hides that, or the one of WSL. `/dev/nvidiactl` shows nothing: whoever loads the driver's library as root, makes it.
pub fn sign_of_gpu() -> Option<PathBuf> {
    sign_below(Path::new("/"))
}

fn sign_below(root: &Path) -> Option<PathBuf> {
    let is_gpus = |name: &str| {
        let number = name.strip_prefix("nvidia").unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let nodes = std::fs::read_dir(root.join("dev")).into_iter().flatten().flatten();
    let gpus = nodes.filter(|node| is_gpus(&node.file_name().to_string_lossy())).map(|node| node.path());
    let known = ["proc/driver/nvidia/version", "dev/dxg"].map(|path| root.join(path));
    known.into_iter().filter(|path| path.exists()).chain(gpus).next()
}

/// Memory of each of so many software GPUs, when nobody says: what GPUs have, but not more than this machine can give.
pub fn default_memory(devices: u32) -> u64 {
    share(memory_bytes(), devices)
}

/// Memory of a software GPU on a machine that has enough.
const SOFT_MEMORY_BYTES: u64 = 8 << 30;
/// Of what a machine has, an eighth is left to itself.
const OWN_PART: u64 = 8;

fn share(host_bytes: Option<u64>, devices: u32) -> u64 {
    let share = host_bytes.map_or(u64::MAX, |bytes| (bytes - bytes / OWN_PART) / u64::from(devices.max(1)));
    (share >> 20 << 20).clamp(1 << 20, SOFT_MEMORY_BYTES)
}

/// What of `asked_bytes` for each of so many software GPUs this machine has.
pub fn at_most_there_is(asked_bytes: u64, devices: u32) -> u64 {
    let share = memory_bytes().map_or(u64::MAX, |bytes| bytes / u64::from(devices.max(1)));
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

    const MEMINFO: (&str, &str) = ("proc/meminfo", "MemTotal:  1000 kB\nMemFree: 1 kB\nSwapTotal:   24 kB\n");

    #[test]
    fn memory_is_the_machines_or_the_smallest_limit_of_a_group_around() {
        let of = |files: &[(&str, &str)]| memory_below(machine(files).path());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[MEMINFO]), Some(1 << 20));
        let group = ("proc/self/cgroup", "1:cpu:/x\n0::/a/b\n");
        let (max, small) = (("sys/fs/cgroup/a/b/memory.max", "max\n"), ("sys/fs/cgroup/a/memory.max", "4096\n"));
        assert_eq!(of(&[MEMINFO, group, max]), Some(1 << 20));
        assert_eq!(of(&[MEMINFO, group, max, small]), Some(4096));
        let first = ("proc/self/cgroup", "5:cpu,memory:/a\n");
        assert_eq!(of(&[MEMINFO, first, ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "8192\n")]), Some(8192));
    }

    #[test]
    fn nobody_is_promised_what_the_machine_does_not_have() {
        assert_eq!(share(None, 1), 8 << 30);
        assert_eq!(share(Some(64 << 30), 1), 8 << 30);
        assert_eq!(share(Some(64 << 30), 8), 7 << 30);
        assert_eq!(share(Some(400 << 20), 1), 350 << 20);
        assert_eq!(share(Some(1), 3), 1 << 20);
        assert_eq!(at_most_there_is(1 << 20, 1), 1 << 20);
        assert!(at_most_there_is(1 << 62, 1) < 1 << 62);
    }

    #[test]
    fn a_gpu_is_known_by_its_module_or_its_own_file() {
        let sign = |path: &str| sign_below(machine(&[(path, "")]).path()).is_some();
        for path in ["proc/driver/nvidia/version", "dev/nvidia0", "dev/nvidia12", "dev/dxg"] {
            assert!(sign(path), "{path}");
        }
        for path in ["dev/nvidiactl", "dev/nvidia-uvm", "dev/nvidia", "dev/nvidia-caps", "dev/null"] {
            assert!(!sign(path), "{path}");
        }
    }
}
