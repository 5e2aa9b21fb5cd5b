//! The daemon that runs, and the program that would be started now.

use std::fs;
use std::path::Path;

use super::check::Check;
use super::running::Proc;
use crate::machine::Machine;

const PROGRAM: &str = "vgpud";
/// How the kernel marks the name of a file that has none any more.
const DELETED: &str = " (deleted)";

/// A check of each daemon whose files have gone or been replaced under it. It holds its program open, and goes on.
pub(super) fn replaced(machine: &Machine) -> Vec<Check> {
    let folder = Path::new("/proc");
    let proc = Proc::new(machine.host(folder));
    let pids = machine.list(folder).into_iter().filter_map(|name| name.parse::<u32>().ok());
    let is_old = |pid: &u32| {
        let path = fs::read_link(proc.path(*pid, "exe")).ok()?;
        let name = path.file_name()?.to_str()?.strip_suffix(DELETED)?;
        // Its executors are of its own kind, and end with their programs.
        let line = machine.read(&folder.join(pid.to_string()).join("cmdline")).ok()??;
        let is_executor = line.split('\0').nth(1) == Some("executor");
        (name == PROGRAM && !is_executor).then_some(())
    };
    let old = pids.filter(|pid| is_old(pid).is_some());
    old.map(|pid| {
        Check::ok(format!("daemon.{pid}"), format!("the daemon that runs: process {pid}")).warning(
            "vgpud runs from a file that has been replaced or removed since: it goes on with its own version",
            "restart vgpud to use the version that is installed (`systemctl restart vgpud.service`, where it is a service)",
        )
    })
    .collect()
}
